package plan_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/provider"
)

// Each reason is that of the step that it should be the reason of, and every step
// of every row has one with words beside it.
func TestReasons(t *testing.T) {
	t.Parallel()
	c, n, j := noun{address: "container.c", name: "c"}, noun{address: "network.n", name: "n"}, noun{address: "job.j", name: "j"}
	user := noun{address: "container.c", name: "c", networks: []string{"network.n"}}
	condition := func(address string, is provider.Condition) func(*world) {
		return func(w *world) { w.object(address).Condition = is }
	}
	changed := func(causes ...provider.Cause) func(*plan.Input) {
		return func(in *plan.Input) {
			in.Diff = func(items []provider.DiffItem) ([]provider.Difference, error) {
				out := make([]provider.Difference, len(items))
				for _, cause := range causes {
					out[0].Changes = append(out[0].Changes, provider.Change{Path: string(cause), Effect: provider.Live, Cause: cause})
				}
				return out, nil
			}
		}
	}
	asked := func(in *plan.Input) { in.Replace, in.Run = []string{"container"}, []string{"job"} }
	rows := []struct {
		name         string
		first        []noun
		happens      func(*world)
		then         []noun // nil: as first
		change       func(*plan.Input)
		address      string
		want         plan.Reason
		wantTheCause string
	}{
		{name: "declared otherwise", first: []noun{c}, change: changed(provider.Configured), want: plan.FromConfiguration, wantTheCause: "configuration: configuration"},
		{name: "changed outside", first: []noun{c}, change: changed(provider.Outside), want: plan.FromOutside, wantTheCause: "changed outside: changed outside"},
		{name: "one attribute on both sides", first: []noun{c}, change: changed(provider.Both), want: plan.FromBoth, wantTheCause: "both: both"},
		{name: "one on each side", first: []noun{c}, change: changed(provider.Configured, provider.Outside), want: plan.FromBoth, wantTheCause: "configuration, changed outside: changed outside and configuration"},
		{name: "certificates that end", first: []noun{c}, change: changed(provider.Expires), want: plan.FromExpiry, wantTheCause: "expires: expires"},
		{name: "never there", then: []noun{c}, want: plan.FromAbsence, wantTheCause: "not there yet"},
		{
			name: "there, and removed", first: []noun{n, user}, happens: func(w *world) { delete(w.objects, w.object("network.n").ID) },
			address: "network.n", want: plan.FromRemoval, wantTheCause: "it is no longer there: container.c was made with it",
		},
		{
			name: "inside what does not answer", first: []noun{{address: "volume.v", name: "v"}, {address: "daemon.d", name: "d", data: "volume.v"}}, happens: condition("daemon.d", provider.Condition{State: provider.StateExited}),
			then:    []noun{{address: "volume.v", name: "v"}, {address: "daemon.d", name: "d", data: "volume.v"}, {address: "container.c", name: "c", inside: "daemon.d"}},
			address: "container.c", want: plan.FromUnread, wantTheCause: "whether it is there is not known: daemon.d cannot be looked into",
		},
		{
			name: "what it uses is replaced", first: []noun{n, user}, then: []noun{{address: "network.n", name: "n", rev: 1}, user},
			address: "container.c", want: plan.FromAnother, wantTheCause: "because network.n is replaced",
		},
		{name: "declared no longer", first: []noun{c}, then: []noun{}, want: plan.FromOrphan, wantTheCause: "no longer in the configuration"},
		{name: "replaced by request", first: []noun{c, j}, change: asked, want: plan.FromRequest, wantTheCause: "replaced by request"},
		{name: "run by request", first: []noun{c, j}, change: asked, address: "job.j", want: plan.FromRequest, wantTheCause: "run by request"},
		{name: "destroyed by request", first: []noun{c}, change: func(in *plan.Input) { in.Destroy = true }, want: plan.FromRequest, wantTheCause: "destroyed by request"},
		{name: "never run", then: []noun{j}, address: "job.j", want: plan.FromNoRecord, wantTheCause: "no record of a run"},
		{name: "run without success", first: []noun{j}, happens: condition("job.j", provider.Condition{State: provider.StateExited, ExitCode: 2}), address: "job.j", want: plan.FromFailure, wantTheCause: "its last run ended with exit code 2"},
		{name: "stopped", first: []noun{c}, happens: condition("container.c", provider.Condition{State: provider.StateExited}), want: plan.FromStop, wantTheCause: "stopped outside (exit code 0)"},
		{name: "created and not started", first: []noun{c}, happens: condition("container.c", provider.Condition{State: provider.StateCreated}), want: plan.FromEarlierRun, wantTheCause: "created and never started, by an earlier run that was interrupted"},
		{name: "still running", first: []noun{j}, happens: condition("job.j", provider.Condition{State: provider.StateRunning}), address: "job.j", want: plan.FromRunning, wantTheCause: "it is running: it is waited for"},
	}
	met := map[plan.Reason]bool{}
	for _, row := range rows {
		w := applied(t, row.first...)
		if row.happens != nil {
			row.happens(w)
		}
		then := row.then
		if then == nil {
			then = row.first
		}
		in := w.input(configuration(then...))
		if row.change != nil {
			row.change(&in)
		}
		p, problems := plan.Make(in)
		if problems.HasErrors() {
			t.Fatalf("%s: %v", row.name, problems)
		}
		if row.address == "" {
			row.address = "container.c"
		}
		i := slices.IndexFunc(p.Steps, func(s plan.Step) bool { return s.Address == row.address })
		if i < 0 {
			t.Errorf("%s: no step of %s:\n%s", row.name, row.address, p)
			continue
		}
		if s := p.Steps[i]; s.Reason != row.want || s.Cause != row.wantTheCause {
			t.Errorf("%s: %q (%s), want %q (%s)", row.name, s.Reason, s.Cause, row.want, row.wantTheCause)
		}
		checkReasons(t, row.name, p)
		met[row.want] = true
	}
	for _, reason := range plan.Reasons() {
		if !met[reason] {
			t.Errorf("no row shows %q", reason)
		}
	}
}

// checkReasons expects that whatever happens has a reason of the closed set, and words.
func checkReasons(t *testing.T, at string, p *plan.Plan) {
	t.Helper()
	for _, s := range p.Steps {
		if !slices.Contains(plan.Reasons(), s.Reason) || s.Cause == "" {
			t.Fatalf("%s: step %d has the reason %q and the cause %q\n%s", at, s.ID, s.Reason, s.Cause, p)
		}
	}
	for _, r := range p.Shown() {
		if r.Action != plan.None && (!slices.Contains(plan.Reasons(), r.Reason) || r.Cause == "") {
			t.Fatalf("%s: %s has the reason %q and the cause %q\n%s", at, r.Address, r.Reason, r.Cause, p)
		}
	}
}

// A name that the configuration changed, somebody else changed, or both, is told
// apart by the name that was recorded.
func TestTheCauseOfAName(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ recorded, there, wanted, want string }{
		{"a", "a", "b", "name: configuration"},
		{"b", "a", "b", "name: changed outside"},
		{"a", "x", "b", "name: both"},
	} {
		w := applied(t, noun{address: "container.c", name: "a"})
		o := w.object("container.c")
		o.Name, o.Owner.Spec = row.there, []byte(strings.Replace(string(o.Owner.Spec), `"name":"a"`, `"name":"`+row.recorded+`"`, 1))
		check(t, row.want, w.told(configuration(noun{address: "container.c", name: row.wanted})), "1 update container.c <-   "+row.want)
	}
}
