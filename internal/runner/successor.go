package runner

import (
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/provider"
)

// successor is what the plan makes in the place of an object that it removes, as
// far as it is known by now; nil where nothing is, or where the daemon that both
// are inside goes too.
func (r *run) successor(step plan.Step, place provider.Place) *provider.PrepareRequest {
	if r.preparer == nil || r.req.Expanded == nil {
		return nil
	}
	var next *plan.Step
	for i, s := range r.req.Plan.Steps {
		if s.Action == plan.Delete && s.Address == step.Inside {
			return nil
		}
		if s.Address == step.Address && s.Inside == step.Inside && (s.Action == plan.Create || s.Action == plan.Run) {
			next = &r.req.Plan.Steps[i]
		}
	}
	if next == nil {
		return nil
	}
	declaration, problems := r.req.Expanded.Declaration(step.Address, r.known)
	if problems.HasErrors() {
		return nil // the step that makes it tells them
	}
	instance, _ := r.instance(step.Address)
	return &provider.PrepareRequest{Place: place, Declaration: declaration, ImageFrom: r.imageFrom(step.Inside, instance.ImageAddress)}
}
