package runner

import (
	"fmt"
	"slices"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/provider"
)

// Refiner plans again what is inside daemons, with the planner and the input
// that the plan was made with; it is what [ApplyRequest.Refine] usually is.
func Refiner(in plan.Input, prior *plan.Plan) func(plan.Observed, string) (plan.Refinement, diag.List) {
	return func(observed plan.Observed, daemon string) (plan.Refinement, diag.List) {
		in.Observed = observed
		return plan.Refine(in, prior, daemon)
	}
}

// refine plans again what is inside a daemon that was just looked into. The
// tentative steps there are dropped, and what is to be done instead takes their
// place: whatever needed the one needs the other.
func (r *run) refine(daemon string) diag.List {
	old := r.tentative(daemon)
	if len(old) == 0 {
		return nil
	}
	if r.req.Refine == nil {
		return diag.List{{
			Severity: diag.Error, Code: string(provider.Invalid), Summary: "A plan cannot be made again", Address: daemon,
			Detail: fmt.Sprintf("What is inside %s was not known when the plan was made, and nothing is there to plan it again with. Run the command again.", daemon),
		}}
	}
	refined, problems := r.req.Refine(r.observed, daemon)
	if problems.HasErrors() {
		if r.halted() && problems[0].Code == string(provider.Interrupted) {
			return nil // its steps wait, and are told with all others that were not begun
		}
		return problems
	}
	r.stopped = append(r.stopped, refined.Stopped...)
	r.swap(daemon, old, refined)
	return problems
}

// tentative are the steps inside a daemon that were planned without looking.
func (r *run) tentative(daemon string) []*node {
	var out []*node
	for _, n := range r.nodes {
		if n.step.Inside == daemon && n.step.Tentative && n.state == waiting {
			out = append(out, n)
		}
	}
	return out
}

// swap puts refined steps in the place of tentative ones. What was planned with
// its eyes open stays as it is planned, and what is inside a daemon deeper still has
// a gate of its own and is planned again there.
func (r *run) swap(daemon string, old []*node, refined plan.Refinement) {
	given := map[int]*node{} // by the id that the planner gave
	fresh := map[string][]*node{}
	var added []*node
	settled := r.settledIn(daemon)
	lost := r.lost(daemon, refined.Steps, settled)
	for _, address := range refined.Left {
		lost[address] = true
	}
	for _, step := range refined.Steps {
		if n, planned := settled[workOf(step)]; planned {
			given[step.ID] = n
			continue
		}
		if step.Inside != daemon || lost[step.Address] {
			continue
		}
		id := step.ID
		step.ID, step.Tentative = r.lastID+1, false
		n := r.add(step)
		given[id] = n
		fresh[step.Address] = append(fresh[step.Address], n)
		added = append(added, n)
		r.expect(step)
		r.sink(Event{Kind: Added, Step: step, Text: step.Cause})
	}
	for _, n := range added {
		r.linkFresh(n, given)
	}
	for _, n := range old {
		r.linkOld(n, fresh)
	}
	r.leave(daemon, refined.Left, lost)
	for _, n := range old {
		if n.state == waiting {
			r.drop(n, fresh[n.step.Address])
		}
	}
	for _, n := range added {
		r.offer(n)
	}
}

// leave skips the tentative steps of what must not be touched any more inside a
// daemon, and the steps of what needs that, wherever they are.
func (r *run) leave(daemon string, left []string, lost map[string]bool) {
	for _, n := range r.nodes {
		if n.gate != "" || n.state != waiting {
			continue
		}
		switch inside := n.step.Inside == daemon && n.step.Tentative; {
		case slices.Contains(left, n.step.Address):
			r.skip(n, "an error stops it, or something that it needs")
		case inside && lost[n.step.Address]:
			r.skip(n, "something that it needs was not done")
		}
	}
}

// work is what a step does, whatever its id and its object: planned again it may
// mean another one.
type work struct {
	inside, address string
	removes         bool
}

func workOf(s plan.Step) work { return work{s.Inside, s.Address, s.Action == plan.Delete} }

// settledIn are the steps inside a daemon that were planned from what was seen there.
func (r *run) settledIn(daemon string) map[work]*node {
	out := map[work]*node{}
	for _, n := range r.nodes {
		if n.gate == "" && n.step.Inside == daemon && !n.step.Tentative {
			out[workOf(n.step)] = n
		}
	}
	return out
}

// lost are the addresses inside a daemon that must not be touched any more,
// because something that they need was not done before the daemon was ready.
func (r *run) lost(daemon string, steps []plan.Step, settled map[work]*node) map[string]bool {
	lost := map[string]bool{}
	for _, n := range r.nodes {
		if n.step.Inside == daemon && n.step.Tentative && n.state == skipped {
			lost[n.step.Address] = true
		}
	}
	gone := map[int]bool{}
	for _, step := range steps { // in topological order
		if n, planned := settled[workOf(step)]; planned {
			gone[step.ID] = n.state == failed || n.state == skipped
			continue
		}
		if lost[step.Address] || slices.ContainsFunc(step.Needs, func(id int) bool { return gone[id] }) {
			lost[step.Address], gone[step.ID] = true, true
		}
	}
	return lost
}

// linkFresh makes a refined step wait for the refined steps that it needs, and
// puts the ids that the run uses in the place of the planner's.
func (r *run) linkFresh(n *node, given map[int]*node) {
	var needs []int
	for _, id := range n.step.Needs {
		if need, found := given[id]; found && need != n {
			link(need, n)
			needs = append(needs, need.step.ID)
		}
	}
	n.step.Needs = needs
}

// linkOld makes refined steps wait for what the tentative one waited for outside
// of the daemon: that has not changed. Where nothing takes the tentative one's
// place, what else waits for it waits for that instead.
func (r *run) linkOld(old *node, fresh map[string][]*node) {
	heirs := fresh[old.step.Address]
	if len(heirs) == 0 {
		for _, d := range old.dependents {
			if d.state == waiting && !isBeside(old, d) {
				heirs = append(heirs, d)
			}
		}
	}
	for _, need := range r.outer(old, fresh) {
		for _, n := range heirs {
			n.waitFor(need)
		}
	}
}

// outer are the steps outside of a daemon that a tentative one needs, at once or
// through others inside that turned out not to be needed.
func (r *run) outer(old *node, fresh map[string][]*node) []*node {
	var out []*node
	for _, id := range old.step.Needs {
		need := r.byStep[id]
		switch {
		case !isBeside(old, need):
			out = append(out, need)
		case len(fresh[need.step.Address]) == 0: // else it is planned again itself
			out = append(out, r.outer(need, fresh)...)
		}
	}
	return out
}

// isBeside tells of a step that is planned again together with another.
func isBeside(old, n *node) bool {
	return n.gate == "" && n.step.Inside == old.step.Inside && n.step.Tentative
}

// waitFor makes a node wait for another, or for what took that one's place.
func (n *node) waitFor(need *node) {
	if need.state != dropped {
		link(need, n)
		n.step.Needs = append(n.step.Needs, need.step.ID)
		return
	}
	for _, instead := range need.instead {
		n.waitFor(instead)
	}
}

// drop ends a tentative step; those that need it need the fresh ones now.
func (r *run) drop(old *node, fresh []*node) {
	for _, d := range old.dependents {
		for _, n := range fresh {
			if d.state == waiting && !slices.Contains(n.dependents, d) {
				link(n, d)
			}
		}
	}
	old.instead = fresh
	old.because = "it is there already"
	if len(fresh) > 0 {
		old.because = "it is planned anew"
	}
	r.settle(old, dropped)
}
