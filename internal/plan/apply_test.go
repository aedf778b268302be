package plan_test

import (
	"errors"
	"fmt"
	"slices"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/plan"
)

// applying carries out a plan in a world, one step at a time, in any order that
// the steps' needs allow: an edge that is missing is an error of the world.
type applying struct {
	w     *world
	x     *config.Expanded
	in    plan.Input
	prior *plan.Plan
	// choose picks one of n.
	choose func(n int) int

	nodes   []*node
	refined map[string]bool
}

var errNotShown = errors.New("planning again")

type node struct {
	step  plan.Step
	needs []*node
	done  bool
}

func (w *world) apply(x *config.Expanded, in plan.Input, p *plan.Plan, choose func(int) int) error {
	a := &applying{w: w, x: x, in: in, prior: p, choose: choose, refined: map[string]bool{}}
	byID := map[int]*node{}
	for _, s := range p.Steps {
		n := &node{step: s}
		for _, id := range s.Needs {
			n.needs = append(n.needs, byID[id])
		}
		byID[s.ID] = n
		a.nodes = append(a.nodes, n)
	}
	for {
		ready := a.ready()
		if len(ready) == 0 {
			break
		}
		if err := ready[choose(len(ready))](); err != nil {
			return err
		}
	}
	for _, n := range a.nodes {
		if !n.done {
			return fmt.Errorf("%s %s never becomes ready", n.step.Action, n.step.Address)
		}
	}
	return nil
}

// ready is what can be done now.
func (a *applying) ready() []func() error {
	var out []func() error
	gates := map[string]bool{}
	for _, n := range a.nodes {
		if n.done || slices.ContainsFunc(n.needs, func(need *node) bool { return !need.done }) && !n.step.Tentative {
			continue
		}
		if n.step.Tentative && !a.refined[n.step.Inside] {
			if !gates[n.step.Inside] && a.opened(n.step.Inside) {
				gates[n.step.Inside] = true
				out = append(out, func() error { return a.refine(n.step.Inside) })
			}
			continue
		}
		if slices.ContainsFunc(n.needs, func(need *node) bool { return !need.done }) {
			continue
		}
		out = append(out, func() error {
			n.done = true
			if err := a.w.take(n.step, a.x); err != nil {
				return fmt.Errorf("%s %s: %w", n.step.Action, n.step.Address, err)
			}
			return nil
		})
	}
	return out
}

// opened tells whether a daemon is there and ready.
func (a *applying) opened(daemon string) bool {
	for _, n := range a.nodes {
		if n.step.Address == daemon && n.step.Action != plan.Delete && !n.done {
			return false
		}
	}
	_, err := a.w.homeOf(daemon)
	return err == nil
}

// refine plans again what is inside a daemon, as package runner does.
func (a *applying) refine(daemon string) error {
	a.refined[daemon] = true
	in := a.in
	in.Observed = a.w.observe(a.x)
	refined, problems := plan.Refine(in, a.prior, daemon)
	steps := refined.Steps
	if problems.HasErrors() {
		return fmt.Errorf("%w: %s", errNotShown, problems.Errors()[0].Detail)
	}
	fresh, byID := map[string][]*node{}, map[int]*node{}
	for _, s := range steps {
		n := &node{step: s}
		if !slices.ContainsFunc(a.nodes, func(old *node) bool { return old.step.Address == s.Address && old.step.Tentative }) {
			continue // not tentative: the plan's own step does it
		}
		for _, id := range s.Needs {
			if byID[id] != nil {
				n.needs = append(n.needs, byID[id])
			}
		}
		byID[s.ID] = n
		fresh[s.Address] = append(fresh[s.Address], n)
	}
	var kept []*node
	for _, old := range a.nodes {
		if old.step.Inside != daemon || !old.step.Tentative {
			kept = append(kept, old)
			continue
		}
		for _, n := range fresh[old.step.Address] {
			for _, need := range old.needs {
				if need.step.Inside != daemon || !need.step.Tentative {
					n.needs = append(n.needs, need)
				}
			}
		}
		for _, other := range a.nodes {
			if i := slices.Index(other.needs, old); i >= 0 {
				other.needs = append(slices.Delete(other.needs, i, i+1), fresh[old.step.Address]...)
			}
		}
	}
	for _, s := range steps {
		if n := byID[s.ID]; n != nil {
			kept = append(kept, n)
		}
	}
	a.nodes = kept
	return nil
}
