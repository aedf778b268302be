package runner

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/provider"
)

// call is one step with everything that it needs, apart from the run's state.
type call struct {
	p           provider.Provider
	step        plan.Step
	place       provider.Place
	project     string
	declaration provider.Declaration
	owner       provider.Ownership
	imageFrom   []provider.Place
	former      []string // addresses that it was moved from
	before      provider.Object
	facts       provider.Facts
	imageID     string
	differ      plan.Differ
	prove       func() error // nil where there is nothing to prove
	preparer    provider.Preparer
	next        *provider.PrepareRequest // what is made in the place of the object that goes; nil for nothing
	lifecycle   config.Lifecycle
	sensitive   []cty.Value // what the configuration keeps secret
	sink        provider.Sink
	flush       func() // hands on what of a line came last
}

// done is what a step leaves.
type done struct {
	id     string
	object provider.Object
}

// prepare reads all that a step needs from the run's state and returns the
// function that takes the step.
func (r *run) prepare(step plan.Step) (func() outcome, diag.List) {
	place, found := r.placeOf(step.Inside)
	if !found {
		return nil, diag.List{{
			Severity: diag.Error, Code: string(provider.NotReady), Summary: "A daemon cannot be looked into", Address: step.Address,
			Detail: fmt.Sprintf("%s is inside %s, and nothing leads into that one. Run the command again.", step.Address, step.Inside),
		}}
	}
	c := call{
		p: r.req.Provider, step: step, place: place, project: r.req.Plan.Project,
		differ: r.req.Differ,
	}
	c.sink, c.flush = forStep(r.sink, step, r.hide)
	c.preparer = r.preparer
	if r.req.Expanded != nil {
		c.sensitive = r.req.Expanded.Sensitive()
	}
	if step.Action == plan.Delete {
		c.before = r.objects[step.Address].object // what goes
		var problems diag.List
		if c.next, problems = r.successor(step, place); problems.HasErrors() {
			return nil, problems // what takes its place cannot be made
		}
		return r.perform(c), nil
	}
	problems := r.declare(&c)
	if problems.HasErrors() {
		return nil, problems
	}
	return r.perform(c), problems
}

// declare evaluates the step's object with what is known by now.
func (r *run) declare(c *call) diag.List {
	address := c.step.Address
	if r.req.Expanded == nil {
		return diag.Errorf("A step needs a configuration", "%s is to be %sd, and there is no configuration that describes it.", address, c.step.Action)
	}
	declaration, problems := r.req.Expanded.Declaration(address, r.known)
	if problems.HasErrors() {
		return problems
	}
	c.declaration = declaration
	instance, _ := r.instance(address)
	spec, err := provider.Spec(declaration.Declared)
	if err != nil {
		return append(problems, placed(diag.List{{
			Severity: diag.Error, Code: string(provider.Invalid), Summary: "Something about an object is not known", Address: address,
			Detail: fmt.Sprintf("%s cannot be made: %s.", address, err),
		}}, nil, r.instance)...)
	}
	c.owner = provider.Ownership{
		Project: r.req.Plan.Project, Address: address, Kind: c.step.Kind, Origin: r.req.Plan.Origin,
		Spec: spec, Deps: instance.Deps, Run: r.req.Nonce(), Schema: provider.OwnershipSchema,
		Name: declaration.Name, Place: c.step.Inside,
	}
	c.imageFrom = r.imageFrom(c.step.Inside, imagesFor(instance, declaration)...)
	if recorded := config.Recorded(r.req.Observe.Moves, address); len(recorded) > 1 {
		c.former = recorded[1:]
	}
	c.lifecycle = instance.Lifecycle
	snapshot := r.snapshotOf(c.step.Inside)
	c.before, c.facts = r.objects[address].object, snapshot.Facts
	c.imageID = r.imageID(instance.ImageRef, instance.ImageAddress, snapshot)
	if c.step.Kind == provider.Job && c.step.Action != plan.Update {
		c.prove = r.proofFor(declaration, c.step)
	}
	return problems
}

// perform returns the function that takes a step and reports what it left.
func (r *run) perform(c call) func() outcome {
	ctx := r.ctx
	return func() outcome {
		left, err := c.take(ctx)
		c.flush()
		out := outcome{err: err, apply: func() { r.record(c, left, err) }}
		if err != nil {
			out.secrets = func() provider.Secrets {
				return provider.Together([]provider.Secrets{r.secretsOf(c), r.req.Plan.Secrets})
			}
		}
		return out
	}
}

// secretsOf decides what of a step's object may be said. A removal declares nothing: what
// takes the place of the object says what of it is secret by now.
func (r *run) secretsOf(c call) provider.Secrets {
	if c.step.Action == plan.Delete && r.req.Expanded != nil {
		if declaration, problems := r.req.Expanded.Declaration(c.step.Address, r.known); !problems.HasErrors() {
			c.declaration = declaration
		}
	}
	return c.secrets()
}

// record takes in what a step left.
func (r *run) record(c call, left done, err error) {
	address := c.step.Address
	if err == nil && c.step.Action == plan.Delete {
		r.forget(address, c.step.Object)
		r.see(c.step.Inside, c.step.Object, provider.Object{})
		return
	}
	if err != nil && left.id == "" {
		return
	}
	object := left.object
	object.ID, object.Kind, object.Name, object.Place = firstOf(object.ID, left.id, c.step.Object), c.step.Kind, c.step.Name, c.place
	if object.Owner.Address == "" {
		object.Owner = c.owner
	}
	object.Owner.Address = address // what was moved is recorded under another one
	r.see(c.step.Inside, object.ID, object)
	r.same[address] = err == nil && c.step.Replaces != "" && object.ID == c.step.Replaces
	if err != nil {
		r.left = append(r.left, Left{Address: address, ID: object.ID, Place: c.place})
		r.objects[address] = located{place: c.place, object: object}
		return
	}
	r.know(address, c.place, object)
}

// take does what the step says.
func (c call) take(ctx context.Context) (done, error) {
	if c.prove != nil {
		if err := c.prove(); err != nil {
			return done{}, err
		}
	}
	switch c.step.Action {
	case plan.Create, plan.Replace, plan.Run:
		return c.create(ctx)
	case plan.Update:
		return c.update(ctx)
	case plan.Start, plan.Restart, plan.Wait:
		resp, err := c.p.Resume(ctx, provider.ResumeRequest{
			Place: c.place, ID: c.step.Object, Declaration: c.declaration, Project: c.project, Ends: c.step.Action == plan.Restart,
			Waits: c.step.Action == plan.Wait,
		}, c.sink)
		return done{object: resp.Object}, err
	case plan.Delete:
		return done{}, c.remove(ctx)
	case plan.None, plan.Stop:
	}
	return done{}, fmt.Errorf("the plan has a step with the action %q", c.step.Action)
}

// create makes the object. What a step without a good record leaves behind is
// removed first.
func (c call) create(ctx context.Context) (done, error) {
	if c.step.Object != "" {
		if c.preparer != nil {
			c.next = &provider.PrepareRequest{Place: c.place, Declaration: c.declaration, ImageFrom: c.imageFrom}
		}
		if err := c.remove(ctx); err != nil {
			return done{}, err
		}
	}
	resp, err := c.p.Create(ctx, provider.CreateRequest{
		Place: c.place, Declaration: c.declaration, Owner: c.owner, ImageFrom: c.imageFrom, Former: c.former,
		Replaces: c.step.Replaces, Anew: c.step.Anew,
	}, c.sink)
	return done{id: resp.ID, object: resp.Object}, err
}

// remove takes an object away. What takes its place is prepared before: an object
// that works is not given up for one that cannot be made.
func (c call) remove(ctx context.Context) error {
	if c.next != nil {
		if err := c.preparer.Prepare(ctx, *c.next, c.sink); err != nil {
			return err
		}
	}
	_, err := c.p.Delete(ctx, provider.DeleteRequest{
		Place: c.place, Kind: c.step.Kind, ID: c.step.Object, Project: c.project,
	}, c.sink)
	if errors.Is(err, &provider.Problem{Code: provider.NotFound}) {
		return nil
	}
	return err
}

// update changes the object as it stands. Where the plan did not know everything
// yet, the object is compared again.
func (c call) update(ctx context.Context) (done, error) {
	changes := c.step.Changes
	if !allKnown(changes) {
		var err error
		if changes, err = c.compare(); err != nil {
			return done{}, err
		}
		if len(changes) == 0 {
			return done{object: c.before}, nil
		}
	}
	changes = plainly(changes)
	resp, err := c.p.Update(ctx, provider.UpdateRequest{
		Place: c.place, ID: c.step.Object, Declaration: c.declaration, Changes: changes, Project: c.project,
	}, c.sink)
	return done{object: resp.Object}, err
}

// plainly are changes without the marks that say what of them may be shown: they are
// carried out.
func plainly(changes []provider.Change) []provider.Change {
	out := slices.Clone(changes)
	for i := range out {
		for _, v := range []*cty.Value{&out[i].From, &out[i].To, &out[i].Created} {
			if provider.HasMarks(*v) {
				*v, _ = v.UnmarkDeep()
				out[i].Sensitive = true
			}
		}
	}
	return out
}

// secrets decides what of the step's object may be shown.
func (c call) secrets() provider.Secrets {
	beside := slices.Clone(c.sensitive)
	for _, related := range c.declaration.Related {
		beside = append(beside, related.Declared)
	}
	if c.next != nil {
		beside = append(beside, c.next.Declaration.Declared)
	}
	return provider.SecretsOf(provider.SecretsRequest{
		Declared: c.declaration.Declared, Created: c.before.Owner.Spec, Actual: c.before.Actual, Beside: beside,
	})
}

// compare finds the changes anew, now that everything is known. What would take
// a replacement was not shown, and is not done.
func (c call) compare() ([]provider.Change, error) {
	differences, err := c.differ([]provider.DiffItem{{
		Declaration: c.declaration, Created: c.before.Owner.Spec, Actual: c.before.Actual,
		Condition: c.before.Condition, Facts: c.facts, ImageID: c.imageID,
	}})
	if err != nil {
		return nil, err
	}
	changes := told(differences[0].Changes, c.lifecycle)
	for _, change := range changes {
		if change.Effect == provider.Replace {
			path := c.secrets().Path(change.Path)
			return nil, &provider.Problem{
				Code: provider.Invalid, Address: c.step.Address, Path: path, Summary: "A replacement was not shown in the plan",
				Detail: fmt.Sprintf("Now that everything is known, %s of %s differs in a way that takes a replacement. Run plan again.", path, c.step.Address),
			}
		}
	}
	return changes, nil
}

// told are the changes that a plan tells.
func told(changes []provider.Change, lifecycle config.Lifecycle) []provider.Change {
	return slices.DeleteFunc(changes, func(change provider.Change) bool {
		return change.Cause == provider.LeftOut || plan.Ignored(lifecycle, change.Path)
	})
}

func allKnown(changes []provider.Change) bool {
	for _, change := range changes {
		if change.To != cty.NilVal && !change.To.IsWhollyKnown() {
			return false
		}
	}
	return true
}
