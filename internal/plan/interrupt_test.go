package plan_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/provider"
)

// recorded is an object of the project as an engine shows it.
func recorded(kind provider.Kind, address string, deps ...string) provider.Object {
	return provider.Object{
		ID: "id-" + address, Kind: kind, Name: project + "-" + strings.ReplaceAll(address, ".", "-"),
		Owner:     provider.Ownership{Project: project, Address: address, Kind: kind, Spec: []byte("{}"), Deps: deps, Schema: 1},
		Condition: provider.Condition{State: provider.StateRunning},
		Actual:    cty.EmptyObjectVal,
	}
}

// loop is an input that makes one loop of the planner go round often.
type loop struct {
	in plan.Input
	// rounds is how often the loop goes round at least.
	rounds int
}

// circles are objects that all say that they need all others: the removals give way
// to each other one by one.
func circles() loop {
	const n = 24
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("container.c%02d", i))
	}
	in := plan.Input{Project: project, Destroy: true, DataLoss: true}
	for _, address := range all {
		in.Observed.Root.Objects = append(in.Observed.Root.Objects, recorded(provider.Container, address, all...))
	}
	return loop{in, n * (n - 1) / 2} // one of each pair of edges gives way
}

// chain are objects that each need the one before.
func chain(n int) []provider.Object {
	var out []provider.Object
	for i := range n {
		o := recorded(provider.Container, fmt.Sprintf("container.c%04d", i))
		if i > 0 {
			o.Owner.Deps = []string{fmt.Sprintf("container.c%04d", i-1)}
		}
		out = append(out, o)
	}
	return out
}

// following is a plan for a part that grows by one with each look: what is asked for
// goes last, and what it needs to be gone before goes before.
func following() loop {
	const n = 200
	in := plan.Input{Project: project, Destroy: true, DataLoss: true}
	in.Observed.Root.Objects = chain(n)
	asked := 0
	in.Interrupted = func() error { asked++; return nil }
	plan.Make(in)
	in.Target = []string{"container.c0000"}
	return loop{in, asked + n - 1} // beside what the whole plan asks
}

// replacing is a configuration in which every look finds one more object that has to
// be made anew.
func replacing() loop {
	const n = 40
	in := plan.Input{Project: project, DataLoss: true}
	in.Observed.Root = plan.Snapshot{Readable: true, Objects: chain(n)}
	expanded := &config.Expanded{Config: &config.Config{}}
	for _, o := range in.Observed.Root.Objects {
		expanded.Instances = append(expanded.Instances, config.Instance{
			Address: o.Owner.Address, Kind: o.Kind, Name: o.Name, Declared: cty.EmptyObjectVal, RangeOf: func(string) diag.Range { return diag.Range{} },
		})
	}
	in.Expand = func(config.Known) (*config.Expanded, diag.List) { return expanded, nil }
	round := 0
	in.Diff = func(items []provider.DiffItem) ([]provider.Difference, error) {
		round++
		out := make([]provider.Difference, len(items))
		for i := range min(round, n) {
			out[i].Changes = []provider.Change{{Path: "image", Effect: provider.Replace, Cause: provider.Configured}}
		}
		return out, nil
	}
	return loop{in, n * n}
}

// Every loop of the planner whose length is given by what was observed asks each time
// around whether the run is to end, and does end then: with no plan, and with that
// as the only problem.
func TestEveryLoopOfThePlannerEndsOnRequest(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func() loop{"circles": circles, "following": following, "replacing": replacing} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := 0
			whole := make()
			whole.in.Interrupted = func() error { asked++; return nil }
			if _, problems := plan.Make(whole.in); problems.HasErrors() {
				t.Fatalf("without an interruption: %v", problems)
			}
			if asked < whole.rounds {
				t.Fatalf("it was asked %d times, and the loop goes round %d times at least", asked, whole.rounds)
			}
			for _, at := range []int{1, 2, asked / 4, asked / 2, asked * 3 / 4, asked - 1, asked} {
				again, calls := make(), 0
				again.in.Interrupted = func() error {
					if calls++; calls >= at {
						return context.Canceled
					}
					return nil
				}
				p, problems := plan.Make(again.in)
				if p != nil || len(problems) != 1 || problems[0].Code != "interrupted" {
					t.Errorf("asked to end at %d of %d: plan %v, problems %v", at, asked, p != nil, problems)
				}
				if calls > at+10 {
					t.Errorf("asked to end at %d, it went on for %d more", at, calls-at)
				}
			}
		})
	}
}

// What would take longer than anybody lives ends as soon as it is asked to.
func TestAPlanWithoutEndEndsOnRequest(t *testing.T) {
	t.Parallel()
	const n = 300
	var all []string
	for i := range n {
		all = append(all, fmt.Sprintf("container.c%03d", i))
	}
	in := plan.Input{Project: project, Destroy: true, DataLoss: true}
	for _, address := range all {
		in.Observed.Root.Objects = append(in.Observed.Root.Objects, recorded(provider.Container, address, all...))
	}
	calls := 0
	in.Interrupted = func() error {
		if calls++; calls > 3*n { // in the loop that loosens the circles, 44,850 times around a graph of 89,700 edges
			return context.Canceled
		}
		return nil
	}
	if _, problems := plan.Make(in); len(problems) != 1 || problems[0].Code != "interrupted" {
		t.Errorf("problems %v", problems)
	}
}

// What is inside a daemon and says that it is that daemon leads nowhere: every
// command that climbs from a place to the places around it ends by itself.
func TestWhatSaysThatItIsItsOwnDaemonLeadsNowhere(t *testing.T) {
	t.Parallel()
	outer, inner := recorded(provider.Daemon, "daemon.dind"), recorded(provider.Container, "daemon.dind")
	inner.ID, inner.Name, inner.Condition.Started = "forged", "forged", "2030-01-01T00:00:00Z" // the younger one counts first
	web := recorded(provider.Container, "container.web")
	in := plan.Input{Project: project, DataLoss: true, Observed: plan.Observed{
		Root:   plan.Snapshot{Readable: true, Objects: []provider.Object{outer}},
		Inside: map[string]plan.Snapshot{"daemon.dind": {Readable: true, Objects: []provider.Object{inner, web}}},
	}}
	t.Run("destroy", func(t *testing.T) {
		t.Parallel()
		in := in
		in.Destroy = true
		p, problems := plan.Make(in)
		if problems.HasErrors() {
			return // an error about the forged one is as good an end
		}
		if !slices.ContainsFunc(p.Steps, func(s plan.Step) bool { return s.Object == outer.ID }) {
			t.Errorf("the daemon does not go:\n%s", p)
		}
	})
	t.Run("plan", func(t *testing.T) {
		t.Parallel()
		in := in
		in.Expand = func(config.Known) (*config.Expanded, diag.List) {
			return &config.Expanded{Config: &config.Config{}, Instances: []config.Instance{
				{Address: "daemon.dind", Kind: provider.Daemon, Name: outer.Name, Declared: cty.EmptyObjectVal, RangeOf: func(string) diag.Range { return diag.Range{} }},
			}}, nil
		}
		in.Diff = func(items []provider.DiffItem) ([]provider.Difference, error) {
			return make([]provider.Difference, len(items)), nil
		}
		if p, problems := plan.Make(in); p == nil && !problems.HasErrors() {
			t.Errorf("neither a plan nor an error")
		}
	})
}
