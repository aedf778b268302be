package providertest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

func runObligations() []obligation {
	return []obligation{
		{name: "a job that succeeds returns its output and exit code", test: jobSucceeds, configured: true},
		{name: "a job that fails is a problem with its last lines, and is kept", test: jobFails, configured: true},
		{name: "events come one at a time and output in its order", test: outputInOrder, configured: true},
		{name: "a cancelled call returns promptly and keeps the id of what was made", test: cancelled, configured: true},
		{name: "a job that runs already is waited for", test: waitsForRunning, configured: true},
		{name: "what was stopped is seen and resumed", test: resumes, configured: true},
		{name: "what shares a namespace is seen to hold an old one, and is restarted", test: restartsOnce, configured: true},
	}
}

func jobSucceeds(h *harness) {
	d := h.job("list", "echo one; echo two >&2; echo three")
	resp := h.create(d)
	check := func(what string, v provider.Values) {
		h.Helper()
		if v.Stdout == nil || v.Stderr == nil || v.ExitCode == nil {
			h.Errorf("%s: stdout, stderr or exit code is missing: %+v", what, v)
			return
		}
		got := fmt.Sprintf("%q %q %d", *v.Stdout, *v.Stderr, *v.ExitCode)
		if want := `"one\nthree\n" "two\n" 0`; got != want {
			h.Errorf("%s: %s, want %s", what, got, want)
		}
	}
	check("created", resp.Object.Values)
	check("observed", h.observe(provider.Root, d.Address)[d.Address].Values)
	silent := h.observe(provider.Root)[d.Address]
	if silent.Values.Stdout != nil {
		h.Error("the output was read without being asked for")
	}
	if c := silent.Condition; c.State != provider.StateExited || c.ExitCode != 0 {
		h.Errorf("the condition is %+v", c)
	}
}

func jobFails(h *harness) {
	d := h.job("fail", "echo lost; echo why >&2; exit 3")
	resp, err := h.p.Create(h.ctx, provider.CreateRequest{Declaration: d, Owner: h.owner(d)}, h.sink())
	h.wantCode(err, provider.JobFailed, "a job that exits with 3")
	log := slices.Sorted(slices.Values(problemLog(err)))
	if diff := cmp.Diff([]string{"lost", "why"}, log); diff != "" {
		h.Errorf("the last lines (-want +got):\n%s", diff)
	}
	o := h.observe(provider.Root)[d.Address]
	if resp.ID == "" || o.ID != resp.ID || o.Condition.State != provider.StateExited || o.Condition.ExitCode != 3 {
		h.Errorf("the error came with the id %q; kept is %q, %+v", resp.ID, o.ID, o.Condition)
	}
}

func outputInOrder(h *harness) {
	const lines = 200
	var script []string
	want := ""
	for i := range lines {
		script = append(script, fmt.Sprintf("echo %d", i))
		want += fmt.Sprintln(i)
	}
	d := h.job("count", strings.Join(script, "; "))
	got := ""
	one := h.sink()
	_, err := h.p.Create(h.ctx, provider.CreateRequest{Declaration: d, Owner: h.owner(d)}, func(e provider.Event) {
		one(e)
		if e.Address != d.Address {
			h.Errorf("an event of %q", e.Address)
		}
		if e.Phase == provider.PhaseOutput && e.Stream == "stdout" {
			got += string(e.Data)
		}
	})
	if err != nil {
		h.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		h.Errorf("the output (-want +got):\n%s", diff)
	}
}

// The job would outlast the test: a provider that does not notice that its context is
// done fails by the end of the test's own.
func cancelled(h *harness) {
	ctx, cancel := context.WithCancel(h.ctx)
	defer cancel()
	d := h.job("endless", "sleep 86400")
	begun := false
	resp, err := h.p.Create(ctx, provider.CreateRequest{Declaration: d, Owner: h.owner(d)}, func(e provider.Event) {
		if e.Phase == provider.PhaseStart {
			begun = true
			cancel()
		}
	})
	if !begun {
		h.Fatalf("it was never started: %v", err)
	}
	if h.ctx.Err() != nil {
		h.Errorf("it does not notice that its context is done")
	}
	if !errors.Is(err, context.Canceled) && provider.CodeOf(err) != provider.Interrupted {
		h.Errorf("the error is %v", err)
	}
	if o, there := h.observe(provider.Root)[d.Address]; there && o.ID != resp.ID {
		h.Errorf("%s was made, and the answer says %q", o.ID, resp.ID)
	}
}

func waitsForRunning(h *harness) {
	if h.factory.Stop == nil {
		h.Skip("the factory cannot stop objects")
	}
	ctx, cancel := context.WithCancel(h.ctx)
	defer cancel()
	d := h.job("long", "echo begun; sleep 86400")
	owner := h.owner(d)
	// What it prints says that it runs, and in the second call that it is waited for.
	_, _ = h.p.Create(ctx, provider.CreateRequest{Declaration: d, Owner: owner}, func(e provider.Event) {
		if e.Phase == provider.PhaseOutput {
			cancel()
		}
	})
	before := h.observe(provider.Root)[d.Address]
	if before.Condition.State != provider.StateRunning {
		h.Skipf("the job is %q after its creation was cut off", before.Condition.State)
	}
	stop := sync.OnceFunc(func() { go h.factory.Stop(h.T, provider.Root, before.ID) })
	resp, err := h.p.Resume(h.ctx, provider.ResumeRequest{ID: before.ID, Declaration: d, Project: h.project}, func(e provider.Event) {
		if e.Phase == provider.PhaseOutput {
			stop()
		}
	})
	h.wantCode(err, provider.JobFailed, "a job that was killed while it was waited for")
	after := h.observe(provider.Root)[d.Address]
	if after.Condition.Started != before.Condition.Started || resp.Object.ID != before.ID {
		h.Errorf("it was started a second time: first %s, then %s", before.Condition.Started, after.Condition.Started)
	}
}

func resumes(h *harness) {
	if h.factory.Stop == nil {
		h.Skip("the factory cannot stop objects")
	}
	d := h.sleeper("a", nil)
	id := h.create(d).ID
	h.factory.Stop(h.T, provider.Root, id)
	if state := h.observe(provider.Root)[d.Address].Condition.State; state != provider.StateExited {
		h.Fatalf("after it was stopped it is %q", state)
	}
	resp, err := h.p.Resume(h.ctx, provider.ResumeRequest{ID: id, Declaration: d, Project: h.project}, h.sink())
	if err != nil {
		h.Fatal(err)
	}
	if resp.Object.ID != id || resp.Object.Condition.State != provider.StateRunning {
		h.Errorf("resumed is %s, %+v", resp.Object.ID, resp.Object.Condition)
	}
}

// sharer declares a container that has the network of another one.
func (h *harness) sharer(label string, of provider.Declaration, id string) provider.Declaration {
	if _, shares := h.schema.Nouns[provider.Container].Attribute("network_mode"); !shares {
		h.Skip("the provider shares no namespaces")
	}
	return h.sleeper(label, map[string]cty.Value{"network_mode": Made(Ref(of.Address, of.Kind, of.Name), id)})
}

func restartsOnce(h *harness) {
	if h.factory.Stop == nil {
		h.Skip("the factory cannot stop objects")
	}
	owner := h.sleeper("a", nil)
	id := h.create(owner).ID
	d := h.sharer("b", owner, id)
	before := h.create(d).Object
	resume := func(d provider.Declaration, id string, ends bool) provider.Object {
		h.Helper()
		resp, err := h.p.Resume(h.ctx, provider.ResumeRequest{ID: id, Declaration: d, Project: h.project, Ends: ends}, h.sink())
		if err != nil {
			h.Fatalf("resuming %s: %v", d.Address, err)
		}
		return resp.Object
	}
	holdsOld := func(when string, answered provider.Object, want bool) {
		h.Helper()
		seen := h.observe(provider.Root)
		for where, o := range map[string]provider.Object{"answered": answered, "observed": seen[d.Address]} {
			if o.ID != before.ID || o.Condition.State != provider.StateRunning || !slices.Equal(o.LivesIn, []string{id}) {
				h.Errorf("%s, as %s, it is %s, %+v, and lives in %v; want %s, running, in %s", when, where, o.ID, o.Condition, o.LivesIn, before.ID, id)
			}
			if got := o.Condition.Precedes(seen[owner.Address].Condition); got != want {
				h.Errorf("%s, as %s, it began before its owner: %t", when, where, got)
			}
		}
	}
	holdsOld("created", before, false)
	h.factory.Stop(h.T, provider.Root, id)
	resume(owner, id, false)
	holdsOld("with its owner started again", h.observe(provider.Root)[d.Address], true)
	after := resume(d, before.ID, true)
	holdsOld("restarted", after, false)
	if again := resume(d, before.ID, false); again.Condition.Started != after.Condition.Started {
		h.Errorf("it was started at %s, and then again at %s, although it ran", after.Condition.Started, again.Condition.Started)
	}
	job := h.job("j", "true")
	ended := h.create(job)
	_, err := h.p.Resume(h.ctx, provider.ResumeRequest{ID: ended.ID, Declaration: job, Project: h.project, Ends: true}, h.sink())
	h.wantCode(err, provider.Invalid, "restarting a job")
}
