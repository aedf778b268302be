package plan_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/provider"
)

// applied is a world in which a configuration was applied, and that configuration.
func applied(t *testing.T, nouns ...noun) *world {
	t.Helper()
	w, x := newWorld(), configuration(nouns...)
	p, problems := plan.Make(w.input(x))
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	if err := w.apply(x, w.input(x), p, first); err != nil {
		t.Fatal(err)
	}
	return w
}

func first(int) int { return 0 }

// told is the plan of a configuration, or its problems, as text.
func (w *world) told(x *config.Expanded, change ...func(*plan.Input)) string {
	in := w.input(x)
	for _, f := range change {
		f(&in)
	}
	p, problems := plan.Make(in)
	var out strings.Builder
	for _, problem := range problems {
		fmt.Fprintf(&out, "%s: %s (%s): %s\n", problem.Severity, problem.Summary, problem.Address, problem.Detail)
	}
	if p != nil {
		for _, problem := range p.Stopped {
			fmt.Fprintf(&out, "stopped: %s (%s): %s\n", problem.Summary, problem.Address, problem.Detail)
		}
		out.WriteString(p.String())
	}
	return out.String()
}

func check(t *testing.T, what, got, want string) {
	t.Helper()
	if diff := cmp.Diff(strings.TrimSpace(want), strings.TrimSpace(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

func (w *world) object(address string) *thing {
	for _, o := range w.sorted() {
		if o.Owner.Address == address {
			return o
		}
	}
	return nil
}

// A network goes after the change of what leaves it, not before.
func TestWhatIsLeftGoesAfterTheChange(t *testing.T) {
	t.Parallel()
	w := applied(t, noun{address: "network.old", name: "old"}, noun{address: "container.web", name: "web", networks: []string{"network.old"}})
	check(t, "plan", w.told(configuration(
		noun{address: "network.new", name: "new"}, noun{address: "container.web", name: "web", networks: []string{"network.new"}},
	)), `
1 create network.new <-   not there yet
2 update container.web <- 1  networks: configuration
3 delete network.old <- 2  no longer in the configuration`)
}

// Where the new network takes the old one's name, the container cannot be in one
// of them all the time: it is made anew.
func TestACircleOfChangesIsBrokenUp(t *testing.T) {
	t.Parallel()
	w := applied(t, noun{address: "network.old", name: "n"}, noun{address: "container.web", name: "web", networks: []string{"network.old"}})
	check(t, "plan", w.told(configuration(
		noun{address: "network.new", name: "n"}, noun{address: "container.web", name: "web", networks: []string{"network.new"}},
	)), `
1 delete container.web <-   what it uses gives way to something that takes its place
2 delete network.old <- 1  no longer in the configuration
3 create network.new <- 2  not there yet
4 create container.web <- 1,3  what it uses gives way to something that takes its place`)
}

// What an object needs is waited for also through objects that stay as they are.
func TestNeedsReachThroughWhatStays(t *testing.T) {
	t.Parallel()
	base := []noun{
		{address: "container.db", name: "db"},
		{address: "container.app", name: "app", deps: []string{"container.db"}},
	}
	w := applied(t, base...)
	w.halt(w.object("container.db"))
	check(t, "plan", w.told(configuration(append(base, noun{address: "job.test", name: "test", deps: []string{"container.app"}})...)), `
1 start container.db <-   stopped outside (exit code 137)
2 run job.test <- 1  no record of a run`)
}

// What does not run is started, and the plan says how it came to that: by request,
// with its engine, or by somebody else.
func TestTheCauseOfAStartSaysWhoStoppedIt(t *testing.T) {
	t.Parallel()
	base := []noun{{address: "container.engine", name: "a"}, {address: "container.other", name: "b"}, {address: "container.request", name: "c"}}
	w := applied(t, base...)
	for _, n := range base {
		w.halt(w.object(n.address))
	}
	w.object("container.engine").Condition.Interrupted = true
	w.object("container.engine").Condition.Reason = "it ended with its engine"
	w.object("container.request").Condition.Requested = true
	check(t, "plan", w.told(configuration(base...)), `
1 start container.engine <-   it ended with its engine (exit code 137)
2 start container.other <-   stopped outside (exit code 137)
3 start container.request <-   stopped by request`)
}

// Records of long ago may contradict each other; what is seen counts more.
func TestRecordsInACircleGiveWay(t *testing.T) {
	t.Parallel()
	w := applied(t, noun{address: "network.n", name: "n"}, noun{address: "container.web", name: "web", networks: []string{"network.n"}})
	w.object("network.n").Owner.Deps = []string{"container.web"}
	check(t, "destroy", w.told(nil, func(in *plan.Input) { in.Destroy = true }), `
1 delete container.web <-   destroyed by request
2 delete network.n <- 1  destroyed by request`)
}

// Of two objects that pass for one address one counts: of what runs, that which ran
// once, or else has its own name; of networks, that with members, or else the older
// one. Nothing tells among volumes. An address without an answer is stopped with what
// needs it, and the rest is planned.
func TestTwoThatPassForOneAddress(t *testing.T) {
	t.Parallel()
	web := noun{address: "container.web", name: "web", networks: []string{"network.n"}, volumes: []string{"volume.v"}}
	nouns := []noun{{address: "network.n", name: "n"}, {address: "volume.v", name: "v"}, web, {address: "container.apart", name: "apart"}}
	apart := noun{address: "container.apart", name: "apart", cpus: 1}
	x := configuration(nouns[0], nouns[1], web, apart)
	const rest = "1 update container.apart <-   cpus: configuration"
	rows := []struct {
		name, address string
		other         func(own, other *thing)
		want          string
	}{
		{"one never ran", "container.web", func(_, other *thing) {
			other.Condition = provider.Condition{State: provider.StateCreated}
		}, "1 delete container.web <-   left by an earlier, interrupted run\n2 update container.apart <-   cpus: configuration"},
		{"one never ran, and has the name", "container.web", func(own, _ *thing) {
			own.Name, own.Condition = "mine", provider.Condition{State: provider.StateCreated}
		}, "1 delete container.web <-   left by an earlier, interrupted run\n2 update container.apart <-   cpus: configuration"},
		{"a copy under a name of its own", "container.web", func(_, other *thing) { other.Name = "web_copy" }, rest + "\nforeign web_copy (container.web): web passes for container.web already, under its own name"},
		{"the original was renamed", "container.web", func(own, _ *thing) { own.Name = "old" }, rest + "\nforeign old (container.web): web passes for container.web already, under its own name"},
		{
			"none has the name", "container.web", func(own, other *thing) { own.Name, other.Name = "a", "b" },
			"stopped: container.web: a (o0004) and b (o9) pass for container.web: each bears its whole record, and nothing tells which is meant. Neither is touched. Remove the one that is not meant, or give it back its name.\n" + rest + "\nleft container.web",
		},
		{"a network without members", "network.n", func(own, _ *thing) { own.Members = 1 }, "1 delete network.n <-   left by an earlier, interrupted run\n2 update container.apart <-   cpus: configuration"},
		{"two networks without members", "network.n", func(own, other *thing) { own.Created, other.Created = "2", "1" }, "1 delete network.n <-   left by an earlier, interrupted run\n2 update container.apart <-   cpus: configuration"},
		{
			"two networks with members", "network.n", func(own, other *thing) { own.Members, other.Members = 1, 2 },
			"stopped: network.n: n (o0002) and n (o9) pass for network.n: each bears its whole record, and nothing tells which is meant. Neither is touched. Disconnect the members of the one that is not meant; it goes then.\n" + rest + "\nleft container.web\nleft network.n",
		},
		{
			"two volumes", "volume.v", func(_, _ *thing) {},
			"stopped: volume.v: v (o0003) and v (o9) pass for volume.v: each bears its whole record, and nothing tells which is meant. Neither is touched. Remove or rename the one that is not meant; dindctl chooses none where data is at stake.\n" + rest + "\nleft container.web\nleft volume.v",
		},
	}
	for _, row := range rows {
		w := applied(t, nouns...)
		own := w.object(row.address)
		other := *own
		other.ID = "o9"
		row.other(own, &other)
		w.objects["o9"] = &other
		p, problems := plan.Make(w.input(x))
		if problems.HasErrors() {
			t.Fatalf("%s: %v", row.name, problems)
		}
		var got []string
		for _, problem := range p.Stopped {
			got = append(got, fmt.Sprintf("stopped: %s: %s", problem.Address, problem.Detail))
		}
		got = append(got, strings.TrimSpace(p.String()))
		check(t, row.name, strings.Join(got, "\n"), row.want)
	}
}

// Where nothing tells which of two is meant, neither goes, nor what they use, and
// what needs them is left as it is; also when everything is destroyed.
func TestAStoppedAddressKeepsWhatItUses(t *testing.T) {
	t.Parallel()
	nouns := []noun{
		{address: "network.n", name: "n"},
		{address: "network.m", name: "m"},
		{address: "container.web", name: "web", networks: []string{"network.n"}},
		{address: "container.apart", name: "apart", networks: []string{"network.m"}},
	}
	w := applied(t, nouns...)
	other := *w.object("container.web")
	other.ID = "o9"
	w.objects["o9"] = &other
	const stopped = "stopped: Several objects pass for one address (container.web): web (o0004) and web (o9) pass for container.web: each bears its whole record, and nothing tells which is meant. Neither is touched. Remove the one that is not meant, or give it back its name."
	check(t, "destroy", w.told(nil, func(in *plan.Input) { in.Destroy = true }), stopped+`
1 delete container.apart <-   destroyed by request
2 delete network.m <- 1  destroyed by request
left container.web
left network.n`)
	check(t, "taken out of the configuration", w.told(configuration(nouns[1], nouns[3])), stopped+"\nleft container.web\nleft network.n")
}

// A project's name that was only derived holds for objects of one place; records
// of a later version are not understood, and nothing that bears them is touched.
func TestOwners(t *testing.T) {
	t.Parallel()
	nouns := noun{address: "container.web", name: "web"}
	w := applied(t, nouns)
	w.object("container.web").Owner.Origin = "machine:/a/ci.hcl"
	check(t, "derived", w.told(configuration(nouns), func(in *plan.Input) { in.Derived, in.Origin = true, "machine:/b/ci.hcl" }),
		`error: Another configuration has a project of this name (): The project "p" belongs to machine:/a/ci.hcl, and this configuration is machine:/b/ci.hcl. Both names were only derived from the file's name. Give this one a name of its own: project { name = "…" }, or -project.`)
	check(t, "given", w.told(configuration(nouns), func(in *plan.Input) { in.Origin = "machine:/b/ci.hcl" }), "")
	w.object("container.web").Owner.Schema = 3
	later := `stopped: An object was made by a later dindctl (container.web): web (container.web) bears records of version 3; this dindctl knows up to version 2 and does not touch it. Use the later one; or, if somebody copied the labels, make it anew without the labels dev.dindctl.*.
left container.web`
	check(t, "later", w.told(configuration(nouns)), later)
	check(t, "destroy of later", w.told(nil, func(in *plan.Input) { in.Destroy = true }), later)
}

// Jobs are runs: the container of the last one is the record.
func TestJobsAreRuns(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name      string
		condition provider.Condition
		changed   bool
		want      string
	}{
		{"created", provider.Condition{State: provider.StateCreated}, false, "1 start job.j <-   created and never started, by an earlier run that was interrupted"},
		{"created otherwise", provider.Condition{State: provider.StateCreated}, true, "1 run job.j <-   command: configuration"},
		{"running", provider.Condition{State: provider.StateRunning}, false, "1 start job.j <-   it is running: it is waited for"},
		{"running, and changed", provider.Condition{State: provider.StateRunning}, true, "1 start job.j <-   it is running: it is waited for, and runs again with the next apply (command: configuration)"},
		{"good", provider.Condition{State: provider.StateExited}, false, ""},
		{"good, and changed", provider.Condition{State: provider.StateExited}, true, "1 run job.j <-   command: configuration"},
		{"failed", provider.Condition{State: provider.StateExited, ExitCode: 3, Ended: "2000-01-01T00:00:00Z"}, false, "1 run job.j <-   its last run ended with exit code 3 at 2000-01-01T00:00:00Z"},
		{"ended by the engine", provider.Condition{State: provider.StateExited, Interrupted: true}, false, "1 run job.j <-   its last run was ended by the engine"},
		{"dead", provider.Condition{State: provider.StateDead}, false, "1 run job.j <-   an earlier removal of its record did not succeed"},
		{"on its way out", provider.Condition{State: provider.StateRemoving}, false, "1 run job.j <-   no record of a run"},
	}
	for _, row := range rows {
		w := applied(t, noun{address: "job.j", name: "j"})
		w.object("job.j").Condition = row.condition
		n := noun{address: "job.j", name: "j"}
		if row.changed {
			n.rev = 1
		}
		check(t, row.name, w.told(configuration(n)), row.want)
	}
}

// What runs is started where it does not, whatever stopped it.
func TestWhatDoesNotRunIsStarted(t *testing.T) {
	t.Parallel()
	rows := []struct {
		state provider.State
		want  string
	}{
		{provider.StateRunning, ""},
		{provider.StateRestarting, "1 start container.c <-   it keeps restarting (exit code 1)"},
		{provider.StatePaused, "1 start container.c <-   paused outside"},
		{provider.StateCreated, "1 start container.c <-   created and never started, by an earlier run that was interrupted"},
		{provider.StateExited, "1 start container.c <-   stopped outside (exit code 1)"},
		{provider.StateDead, "1 delete container.c <-   an earlier removal did not succeed\n2 create container.c <- 1  an earlier removal did not succeed"},
		{provider.StateRemoving, "1 create container.c <-   not there yet"},
	}
	for _, row := range rows {
		n := noun{address: "container.c", name: "c"}
		w := applied(t, n)
		w.object("container.c").Condition = provider.Condition{State: row.state, ExitCode: 1}
		check(t, string(row.state), w.told(configuration(n)), row.want)
	}
}

// Data in volumes that nobody named goes with its container; that takes consent.
func TestDataWithoutANameIsData(t *testing.T) {
	t.Parallel()
	w := applied(t, noun{address: "container.db", name: "db"})
	o := w.object("container.db")
	in := w.input(configuration(noun{address: "container.db", name: "db", rev: 1}))
	in.Observed.Root.Objects[0].Views = []provider.View{{Type: "volume", Source: "0123", Target: "/data"}, {Type: "bind", Source: "/x", Target: "/x"}}
	_, problems := plan.Make(in)
	if len(problems) != 1 || problems[0].Detail != "container.db is to be replaced (command: configuration): the data in its volumes without a name at /data would be lost. If that is meant, give -volumes." {
		t.Errorf("%s: %v", o.ID, problems)
	}
	in.DataLoss = true
	p, _ := plan.Make(in)
	check(t, "with consent", p.String(), `
1 delete container.db <-   command: configuration (loses the data in its volumes without a name at /data)
2 create container.db <- 1  command: configuration`)
}

// A daemon that takes over another one's data waits until that one is gone: two
// on one volume destroy it.
func TestOneVolumeServesOneDaemonAtATime(t *testing.T) {
	t.Parallel()
	w := applied(t, noun{address: "volume.v", name: "v"}, noun{address: "daemon.a", name: "a", data: "volume.v"})
	check(t, "plan", w.told(configuration(noun{address: "volume.v", name: "v"}, noun{address: "daemon.b", name: "b", data: "volume.v"})), `
1 delete daemon.a <-   no longer in the configuration
2 create daemon.b <- 1  not there yet
unread daemon.b: its container is not there, and its data may be`)
}

// A daemon that comes back to where it was finds its old data there, and nobody
// knows what is on it, whatever is seen in the daemon where it is now.
func TestADaemonComesBackToItsOldData(t *testing.T) {
	t.Parallel()
	outer := []noun{{address: "volume.o", name: "o"}, {address: "daemon.o", name: "o", data: "volume.o"}}
	at := func(inside string) *config.Expanded {
		return configuration(append(outer[:2:2],
			noun{address: "volume.d", name: "d", inside: inside}, noun{address: "daemon.d", name: "d", inside: inside, data: "volume.d"},
			noun{address: "container.c", name: "c", inside: "daemon.d"})...)
	}
	w := newWorld()
	for _, inside := range []string{"", "daemon.o"} {
		x := at(inside)
		p, problems := plan.Make(w.input(x))
		if problems.HasErrors() {
			t.Fatal(problems)
		}
		if err := w.apply(x, w.input(x), p, first); err != nil {
			t.Fatal(err)
		}
	}
	check(t, "plan", w.told(at("")), `
1 delete daemon.d <-   it is inside daemon.o, and is wanted elsewhere
2 create daemon.d <- 1  not there yet
3 create container.c <- 2  whether it is there is not known: daemon.d cannot be looked into (unless already there)
keep volume.d: it is inside daemon.o; volumes are kept without -volumes
unread daemon.d: its container is not there, and its data may be`)
}

// What is destroyed is known from records alone. What is inside a daemon that
// cannot be looked into stays on its data volume, and that is said.
func TestDestroyNeedsNoConfiguration(t *testing.T) {
	t.Parallel()
	w := applied(t,
		noun{address: "network.n", name: "n"},
		noun{address: "volume.v", name: "v"}, noun{address: "daemon.d", name: "d", data: "volume.v", networks: []string{"network.n"}},
		noun{address: "network.inner", name: "n", inside: "daemon.d"},
		noun{address: "container.c", name: "c", inside: "daemon.d", networks: []string{"network.inner"}},
		noun{address: "image.i", name: "i"})
	for _, o := range w.objects {
		o.Owner.Deps = nil // what was seen is enough
	}
	destroy := func(in *plan.Input) { in.Destroy = true }
	check(t, "destroy", w.told(nil, destroy), `
1 delete container.c <-   destroyed by request
2 delete network.inner <- 1  destroyed by request
3 delete daemon.d <- 1,2  destroyed by request
4 delete network.n <- 3  destroyed by request
keep image.i: images are kept without -images
keep volume.v: volumes are kept without -volumes`)
	check(t, "everything", w.told(nil, destroy, func(in *plan.Input) { in.Volumes, in.Images = true, true }), `
1 delete container.c <-   destroyed by request
2 delete image.i <-   destroyed by request
3 delete network.inner <- 1  destroyed by request
4 delete daemon.d <- 1,3  destroyed by request
5 delete network.n <- 4  destroyed by request
6 delete volume.v <- 4  destroyed by request (loses everything in the volume v (all that is inside daemon.d))`)
	w.halt(w.object("daemon.d"))
	check(t, "stopped", w.told(nil, destroy), `
1 delete daemon.d <-   destroyed by request
2 delete network.n <- 1  destroyed by request
keep image.i: images are kept without -images
keep volume.v: volumes are kept without -volumes
unread daemon.d: its container is stopped`)
}

// A provider that does not answer for each object is not trusted.
func TestAWrongComparisonIsRefused(t *testing.T) {
	t.Parallel()
	w := applied(t, noun{address: "container.c", name: "c"})
	for name, differ := range map[string]plan.Differ{
		"short":  func([]provider.DiffItem) ([]provider.Difference, error) { return nil, nil },
		"broken": func([]provider.DiffItem) ([]provider.Difference, error) { return nil, fmt.Errorf("broken") },
	} {
		p, problems := plan.Make(plan.Input{
			Project: project, Observed: w.observe(nil), Diff: differ,
			Expand: func(config.Known) (*config.Expanded, diag.List) {
				return configuration(noun{address: "container.c", name: "c"}), nil
			},
		})
		if p != nil || !problems.HasErrors() {
			t.Errorf("%s: %v %v", name, p, problems)
		}
	}
}

// The document of a plan says what changes and why, and holds no secret.
func TestJSON(t *testing.T) {
	t.Parallel()
	n := noun{address: "container.c", name: "c"}
	w := applied(t, n, noun{address: "volume.v", name: "v"})
	n.cpus = 2
	x := configuration(n, noun{address: "job.j", name: "j"})
	secret := x.Instances[1].Declared.AsValueMap()
	secret["environment"] = cty.MapVal(map[string]cty.Value{"TOKEN": cty.StringVal("hunter2")}).Mark(provider.Sensitive)
	x.Instances[1].Declared = cty.ObjectVal(secret)
	x.Outputs = []config.OutputValue{{Name: "o", Value: cty.StringVal("hunter2"), Sensitive: true}, {Name: "u", Value: cty.UnknownVal(cty.String)}}
	p, problems := plan.Make(w.input(x))
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	text, err := p.JSON()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(text), "hunter2") {
		t.Errorf("a secret is in\n%s", text)
	}
	file := filepath.Join("testdata", "document.json")
	if *update {
		if err := os.WriteFile(file, append(text, '\n'), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	check(t, "document", string(text), string(want))
}
