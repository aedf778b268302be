package runner

import (
	"strings"

	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/provider"
)

// holds tells of a step that is there only because images are made anew whether all of
// them came out as what they were: what stands is right then.
func (r *run) holds(step plan.Step) bool {
	for _, image := range step.Hinges {
		if !r.same[image] {
			return false
		}
	}
	return len(step.Hinges) > 0
}

// keep leaves a step out, and what stands as it is.
func (r *run) keep(n *node) {
	address := n.step.Address
	if stands, found := r.objects[address]; found {
		r.know(address, stands.place, stands.object)
	}
	r.same[address] = n.step.Kind == provider.Image
	n.because = strings.Join(n.step.Hinges, ", ") + " came out as before"
	r.settle(n, dropped)
}
