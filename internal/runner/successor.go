package runner

import (
	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/provider"
)

// successor is what the plan makes in the place of an object that it removes, as
// far as it is known by now; nil where nothing is, or where the daemon that both
// are inside goes too. The problems are of what is made: what stands is not given up for it.
func (r *run) successor(step plan.Step, place provider.Place) (*provider.PrepareRequest, diag.List) {
	if r.preparer == nil || r.req.Expanded == nil {
		return nil, nil
	}
	var next *plan.Step
	for i, s := range r.req.Plan.Steps {
		if s.Action == plan.Delete && s.Address == step.Inside {
			return nil, nil
		}
		if s.Address == step.Address && s.Inside == step.Inside && (s.Action == plan.Create || s.Action == plan.Run) {
			next = &r.req.Plan.Steps[i]
		}
	}
	if next == nil {
		return nil, nil
	}
	declaration, problems := r.req.Expanded.Declaration(step.Address, r.known)
	if problems.HasErrors() {
		return nil, problems
	}
	instance, _ := r.instance(step.Address)
	return &provider.PrepareRequest{Place: place, Declaration: declaration, ImageFrom: r.imageFrom(step.Inside, instance.ImageAddress)}, nil
}
