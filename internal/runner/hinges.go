package runner

import (
	"cmp"
	"slices"
	"strings"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/provider"
)

// holds tells of a step that is there only because images are made anew whether all of
// them came out as what they were, and nothing else of its object differs from the
// configuration: what stands is right then. All steps of an address get one answer.
func (r *run) holds(step plan.Step) bool {
	if len(step.Hinges) == 0 {
		return false
	}
	held, asked := r.held[step.Address]
	if !asked {
		held = !slices.ContainsFunc(step.Hinges, func(image string) bool { return !r.same[image] }) && r.stands(step)
		r.held[step.Address] = held
	}
	return held
}

// stands compares the object of a step with its declaration, as the plan did before the
// images were known. What cannot be compared is made as planned.
func (r *run) stands(step plan.Step) bool {
	before, found := r.objects[step.Address]
	if !found || r.req.Expanded == nil {
		return false
	}
	declaration, problems := r.req.Expanded.Declaration(step.Address, r.known)
	if problems.HasErrors() || !declaration.Declared.IsWhollyKnown() {
		return false
	}
	instance, _ := r.instance(step.Address)
	id, content := r.imageNow(instance)
	differences, err := r.req.Differ([]provider.DiffItem{{
		Declaration: declaration, Created: before.object.Owner.Spec, Actual: before.object.Actual,
		Condition: before.object.Condition, Facts: r.snapshotOf(step.Inside).Facts, ImageID: id, ImageContent: content,
	}})
	return err == nil && len(told(differences[0].Changes, instance.Lifecycle)) == 0
}

// imageNow is the id of the image that an object is to run on, as it is known by now, and,
// where that is in another place, its content.
func (r *run) imageNow(instance config.Instance) (id, content string) {
	image, inside := r.objects[instance.ImageAddress], instance.Inside
	if block, found := r.instance(instance.ImageAddress); found {
		id, inside = cmp.Or(image.object.Values.ID, image.object.ID), block.Inside
	}
	for _, outer := range append([]string{instance.Inside}, append(r.around(instance.Inside), "")...) {
		if id == "" {
			id, inside = r.snapshotOf(outer).Images[instance.ImageRef], outer
		}
	}
	if inside != instance.Inside {
		content = r.snapshotOf(inside).Contents[id]
	}
	return id, content
}

// waitInstead makes a step that would have made an object anew, and is not needed, one that
// waits for what stands, where that has to be ready.
func (r *run) waitInstead(n *node) bool {
	stands, found := r.objects[n.step.Address]
	instance, _ := r.instance(n.step.Address)
	if n.step.Action == plan.Delete || !found || !plan.Awaited(instance) {
		return false
	}
	r.know(n.step.Address, stands.place, stands.object)
	n.step.Action, n.step.Object, n.step.Replaces, n.step.Hinges = plan.Wait, stands.object.ID, "", nil
	n.step.Cause = "it has to be ready"
	return true
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
