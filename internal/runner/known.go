package runner

import (
	"maps"
	"slices"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/provider"
)

// located is an object that exists and where.
type located struct {
	place  provider.Place
	object provider.Object
}

// learn takes in what was observed. What the plan makes anew is pending.
func (r *run) learn() {
	if r.observed.Root.Facts.Endpoint != "" {
		r.known[rootDaemon] = config.Knowledge{Values: engineValues(r.observed.Root.Facts), Details: r.observed.Root.Facts.Details}
	}
	r.learnFrom("", r.observed.Root)
	for address, snapshot := range r.observed.Inside {
		if snapshot.Readable {
			r.places[address] = snapshot.Place
		}
		r.learnFrom(address, snapshot)
	}
	r.learnInside()
	for _, step := range r.req.Plan.Steps {
		r.expect(step)
	}
}

// learnInside adds to daemons what only the engines inside them tell.
func (r *run) learnInside() {
	for address, snapshot := range r.observed.Inside {
		known, found := r.known[address]
		if !found || !snapshot.Readable {
			continue
		}
		known.Version, known.StorageDriver = snapshot.Facts.Version, snapshot.Facts.Details["storage_driver"]
		r.known[address] = known
	}
}

// rootDaemon is the address of the root engine, which is always there.
const rootDaemon = "daemon.root"

func engineValues(facts provider.Facts) provider.Values {
	return provider.Values{
		ID: facts.ID, Endpoint: facts.Endpoint, Version: facts.Version,
		StorageDriver: facts.Details["storage_driver"],
	}
}

// learnFrom takes in the project's objects of one place (inside a daemon; the root for
// ""), and what is external there. Of two with one address the one that the plan
// leaves counts.
func (r *run) learnFrom(inside string, snapshot plan.Snapshot) {
	leaving := map[string]bool{}
	for _, step := range r.req.Plan.Steps {
		if step.Action == plan.Delete {
			leaving[step.Object] = true
		}
	}
	for _, object := range snapshot.Objects {
		address := object.Owner.Address
		if object.Owner.Project != r.req.Plan.Project || address == "" || object.Stray {
			continue
		}
		if _, found := r.objects[address]; found && leaving[object.ID] {
			continue
		}
		r.know(address, snapshot.Place, object)
	}
	for _, problem := range snapshot.Stops { // nothing tells whose values they are
		r.known[problem.Address] = config.Knowledge{Pending: true}
	}
	for address, object := range snapshot.Externals(inside, r.req.Observed.Sites) {
		r.known[address] = config.Knowledge{Values: object.Values}
	}
}

// expect marks what a step will make as not known yet.
func (r *run) expect(step plan.Step) {
	switch step.Action {
	case plan.Create, plan.Replace, plan.Run:
		r.known[step.Address] = config.Knowledge{Pending: true}
	case plan.None, plan.Update, plan.Start, plan.Restart, plan.Delete, plan.Wait, plan.Stop:
	}
}

// know records an object as it is.
func (r *run) know(address string, place provider.Place, object provider.Object) {
	r.known[address] = config.Knowledge{Values: object.Values}
	r.objects[address] = located{place: place, object: object}
}

// own copies the parts of a snapshot that change while a plan is carried out.
func own(s plan.Snapshot) plan.Snapshot {
	s.Objects, s.Images = slices.Clone(s.Objects), maps.Clone(s.Images)
	return s
}

// see puts an object into what is observed, so that whatever is planned again
// meanwhile is planned with things as they are now. An object without kind is gone.
func (r *run) see(inside, id string, object provider.Object) {
	snapshot := r.snapshotOf(inside)
	snapshot.Objects = slices.DeleteFunc(snapshot.Objects, func(o provider.Object) bool { return o.ID == id })
	if object.Kind != "" {
		snapshot.Objects = append(snapshot.Objects, object)
	}
	if object.Kind == provider.Image {
		if snapshot.Images == nil {
			snapshot.Images = map[string]string{}
		}
		snapshot.Images[object.Name] = object.ID
	}
	if inside == "" {
		r.observed.Root = snapshot
		return
	}
	r.observed.Inside[inside] = snapshot
}

// forget records that an object is gone.
func (r *run) forget(address, id string) {
	if at, found := r.objects[address]; found && at.object.ID == id {
		delete(r.objects, address)
		delete(r.places, address)
		if !r.known[address].Pending {
			delete(r.known, address)
		}
	}
}

// instance finds an object of the configuration.
func (r *run) instance(address string) (config.Instance, bool) {
	if r.req.Expanded == nil || address == "" {
		return config.Instance{}, false
	}
	return r.req.Expanded.Instance(address)
}
