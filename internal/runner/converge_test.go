package runner_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/internal/runner"
	"github.com/dindctl/dindctl/provider"
)

// wish is one object of a random configuration.
type wish struct {
	address, inside string
	deps            []string
}

// wishes makes a random configuration, in topological order: everything needs
// some of what stands before it.
func wishes(random *rand.Rand) []wish {
	var out []wish
	var daemons []string
	kinds := []string{"network", "volume", "container", "daemon", "controller", "job"}
	for i := range 3 + random.IntN(9) {
		w := wish{address: fmt.Sprintf("%s.n%d", kinds[random.IntN(len(kinds))], i)}
		if len(daemons) > 0 && random.IntN(2) == 0 {
			w.inside = daemons[random.IntN(len(daemons))]
			w.deps = append(w.deps, w.inside)
		}
		for _, before := range out {
			if random.IntN(4) == 0 && before.address != w.inside {
				w.deps = append(w.deps, before.address)
			}
		}
		if strings.HasPrefix(w.address, "daemon.") {
			daemons = append(daemons, w.address)
		}
		out = append(out, w)
	}
	return out
}

// planned is a small planner: what is not there is created, what does not run is
// started. Only what is inside the daemon is planned where one is named.
func planned(all []wish, o plan.Observed, only string) *plan.Plan {
	p := &plan.Plan{Project: project, Origin: "machine:/ci.hcl"}
	ids := map[string]int{}
	for _, w := range all {
		if only != "" && w.inside != only {
			continue
		}
		kind, _, _ := strings.Cut(w.address, ".")
		step := plan.Step{ID: len(p.Steps) + 1, Address: w.address, Kind: provider.Kind(kind), Name: name(w.address), Inside: w.inside}
		step.Action = plan.Create
		there := o.Root
		if w.inside != "" {
			there = o.Inside[w.inside]
			step.Tentative = !there.Readable
		}
		for _, object := range there.Objects {
			if object.Owner.Address == w.address {
				step.Object = object.ID
				step.Action = wayOn(object)
			}
		}
		for _, dep := range w.deps {
			if id, found := ids[dep]; found {
				step.Needs = append(step.Needs, id)
			}
		}
		if step.Action != plan.None {
			ids[w.address] = step.ID
			p.Steps = append(p.Steps, step)
		}
	}
	return p
}

func wayOn(object provider.Object) plan.Action {
	state := object.Condition.State
	switch {
	case !object.Kind.Runs(), state == provider.StateRunning, object.Kind == provider.Job && state == provider.StateExited:
		return plan.None
	}
	return plan.Start
}

// schedule is one run against an engine with one fault in it.
type schedule struct {
	all []wish
	c   conf
	e   *engine
}

func (s schedule) run(t *testing.T, ctx context.Context, stop <-chan struct{}) (runner.Result, diag.List) {
	t.Helper()
	o := observed(t, s.e)
	return runner.Apply(ctx, runner.ApplyRequest{
		Plan: planned(s.all, o, ""), Provider: s.e, Observed: o, Expanded: s.c, Parallelism: 3, Stop: stop,
		Differ: runner.Differ(ctx, s.e),
		Refine: func(o plan.Observed, daemon string) (plan.Refinement, diag.List) {
			return plan.Refinement{Steps: planned(s.all, o, daemon).Steps}, nil
		},
	})
}

// order fails the test when an object was changed before something that it needs
// was there, as the calls of one run tell it.
func (s schedule) order(t *testing.T, seed int) {
	t.Helper()
	done := map[string]int{}
	for i, call := range s.e.called() {
		_, address, _ := strings.Cut(call, " ")
		done[address] = i
	}
	for _, w := range s.all {
		at, changed := done[w.address]
		for _, dep := range w.deps {
			if before, also := done[dep]; changed && also && before > at {
				t.Errorf("seed %d: %s was changed before %s, which it needs", seed, w.address, dep)
			}
		}
	}
}

// Whatever call fails, before or after its effect, and however the run is ended
// in the middle, the next run converges to what an undisturbed one makes.
func TestARunThatWasDisturbedIsFinishedByTheNext(t *testing.T) {
	t.Parallel()
	for seed := range 300 {
		random := rand.New(rand.NewPCG(uint64(seed), 7))
		all := wishes(random)
		var lines []string
		for _, w := range all {
			lines = append(lines, strings.TrimSpace(w.address+" "+prefixed("inside=", w.inside)))
		}
		calm := schedule{all: all, c: configured(lines...), e: newEngine()}
		if _, problems := calm.run(t, t.Context(), nil); len(problems) > 0 {
			t.Fatalf("seed %d: %s", seed, text(problems))
		}
		calm.order(t, seed)
		s := schedule{all: all, c: calm.c, e: newEngine()}
		for range random.IntN(3) { // several disturbed runs, one after the other
			s.disturbed(t, random, len(calm.e.called()))
		}
		s.e.before, s.e.after, s.e.calls = nil, nil, nil
		if random.IntN(3) == 0 {
			s.stopDaemons()
		}
		result, problems := s.run(t, t.Context(), nil)
		if len(problems) > 0 || len(result.Failed)+len(result.Skipped) > 0 {
			t.Fatalf("seed %d: %s\n%s", seed, text(problems), account(result))
		}
		s.order(t, seed)
		if left := planned(all, observed(t, s.e), "").Steps; len(left) > 0 {
			t.Errorf("seed %d: the plan afterwards is not empty: %v", seed, left)
		}
		want(t, fmt.Sprintf("seed %d", seed), s.e.listing(), calm.e.listing())
	}
}

// disturbed runs with a fault, a stop or the end of the context at one call.
func (s schedule) disturbed(t *testing.T, random *rand.Rand, calls int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stop := make(chan struct{})
	at, how := random.IntN(max(calls, 1)), random.IntN(4)
	var mu sync.Mutex
	count := 0
	s.e.before, s.e.after = nil, nil
	hook := func(effect bool) error {
		mu.Lock()
		defer mu.Unlock()
		if effect != (how == 1) {
			return nil
		}
		if count++; count != at+1 {
			return nil
		}
		switch how {
		case 2:
			close(stop)
			return nil
		case 3:
			cancel()
			return ctx.Err()
		}
		return errFault
	}
	s.e.before = func(context.Context, string, string) error { return hook(false) }
	s.e.after = func(string, string) error { return hook(true) }
	result, problems := s.run(t, ctx, stop)
	if len(result.Failed)+len(result.Skipped) > 0 && !problems.HasErrors() {
		t.Errorf("something was not done, and no problem says so:\n%s", account(result))
	}
	all := append(append([]runner.Skip{}, result.Skipped...), failures(result)...)
	if slices.ContainsFunc(all, func(s runner.Skip) bool { return s.Because == "" }) {
		t.Errorf("something was not done without a reason:\n%s", account(result))
	}
}

func failures(result runner.Result) []runner.Skip {
	var out []runner.Skip
	for _, f := range result.Failed {
		out = append(out, runner.Skip{Step: f.Step, Because: text(f.Problems)})
	}
	return out
}

// stopDaemons stops every daemon, as a reboot without restart policies would.
func (s schedule) stopDaemons() {
	s.e.mu.Lock()
	defer s.e.mu.Unlock()
	for id, object := range s.e.objects {
		if object.Kind == provider.Daemon {
			object.Condition.State = provider.StateExited
			s.e.objects[id] = object
		}
	}
}

func prefixed(prefix, text string) string {
	if text == "" {
		return ""
	}
	return prefix + text
}
