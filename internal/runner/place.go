package runner

import (
	"fmt"
	"maps"
	"slices"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/provider"
)

// addGates makes a gate for every daemon that has steps inside which cannot be
// taken in the place that was observed: because the daemon is made, started or
// replaced first, or because it could not be looked into.
func (r *run) addGates() {
	var daemons []string
	for _, n := range r.nodes {
		if n.step.Inside != "" && !slices.Contains(daemons, n.step.Inside) {
			daemons = append(daemons, n.step.Inside)
		}
	}
	steps := slices.Clone(r.nodes)
	for _, daemon := range daemons {
		openers := openersOf(daemon, steps)
		if len(openers) == 0 && r.observed.Inside[daemon].Readable && !tentativeIn(daemon, steps) {
			continue
		}
		after := reachedFrom(openers)
		gate := &node{index: len(r.nodes), gate: daemon}
		r.nodes = append(r.nodes, gate)
		for _, opener := range openers {
			link(opener, gate)
		}
		for _, n := range steps {
			early := n.step.Action == plan.Delete && !n.step.Tentative && !after[n] && r.observed.Inside[daemon].Readable
			if n.step.Inside == daemon && !early {
				link(gate, n)
			}
		}
	}
}

// openersOf are the steps after which a daemon can be looked into.
func openersOf(daemon string, nodes []*node) []*node {
	var out []*node
	for _, n := range nodes {
		if n.gate == "" && n.step.Address == daemon && n.step.Action != plan.Delete && n.step.Action != plan.Update {
			out = append(out, n)
		}
	}
	return out
}

func tentativeIn(daemon string, nodes []*node) bool {
	return slices.ContainsFunc(nodes, func(n *node) bool { return n.step.Inside == daemon && n.step.Tentative })
}

// reachedFrom are the nodes that come after one of the given ones.
func reachedFrom(from []*node) map[*node]bool {
	reached := map[*node]bool{}
	for queue := slices.Clone(from); len(queue) > 0; queue = queue[1:] {
		for _, d := range queue[0].dependents {
			if !reached[d] {
				reached[d] = true
				queue = append(queue, d)
			}
		}
	}
	return reached
}

// open returns the function that leads into a daemon and looks around there.
func (r *run) open(daemon string) func() outcome {
	ctx := r.ctx
	at, found := r.objects[daemon]
	if !found {
		return func() outcome {
			return outcome{problems: diag.List{{
				Severity: diag.Error, Code: string(provider.NotFound), Summary: "A daemon is not there", Address: daemon,
				Detail: fmt.Sprintf("Something is to be done inside %s, which does not exist. Run the command again.", daemon),
			}}}
		}
	}
	look := tentativeIn(daemon, r.nodes)
	o := &observer{p: r.req.Provider, req: r.req.Observe, inside: map[string]plan.Snapshot{}}
	o.req.Project = r.req.Plan.Project
	return func() outcome {
		resp, err := o.p.Open(ctx, provider.OpenRequest{Parent: at.place, ID: at.object.ID})
		if err == nil && !resp.Readable {
			err = &provider.Problem{
				Code: provider.NotReady, Address: daemon, Summary: "A daemon does not answer",
				Detail: fmt.Sprintf("Something is to be done inside %s, and it cannot be looked into: %s. Run the command again.", daemon, resp.Why),
			}
		}
		if err != nil {
			return outcome{err: err}
		}
		snapshot := plan.Snapshot{Place: resp.Place, Facts: resp.Facts, Readable: true}
		if look {
			if snapshot, err = o.place(ctx, resp.Place, resp.Facts, daemon); err != nil {
				return outcome{err: err}
			}
		}
		return outcome{apply: func() { r.enter(daemon, snapshot, o.inside, look) }}
	}
}

// enter takes in what was seen inside a daemon. Where nothing was looked at, what
// was known of the objects still holds, in the place that is there now.
func (r *run) enter(daemon string, seen plan.Snapshot, below map[string]plan.Snapshot, looked bool) {
	r.places[daemon] = seen.Place
	if !looked {
		before := r.observed.Inside[daemon]
		seen.Objects, seen.Images, seen.Projects = before.Objects, before.Images, before.Projects
		r.observed.Inside[daemon] = seen
		return
	}
	r.observed.Inside[daemon] = seen
	r.learnFrom(seen)
	maps.Copy(r.observed.Inside, below)
	for address, inner := range below {
		if inner.Readable {
			r.places[address] = inner.Place
		}
		r.learnFrom(inner)
	}
}

// placeOf is where the objects inside a daemon live.
func (r *run) placeOf(daemon string) (provider.Place, bool) {
	if daemon == "" {
		return provider.Root, true
	}
	place, found := r.places[daemon]
	return place, found
}

func (r *run) snapshotOf(daemon string) plan.Snapshot {
	if daemon == "" {
		return r.observed.Root
	}
	return r.observed.Inside[daemon]
}

// imageFrom are the places that may hold an image for something inside a daemon:
// the one that the daemon is inside, and so on up to the root; then the place of
// the image's own block, where that is another.
func (r *run) imageFrom(daemon, image string) []provider.Place {
	var out []provider.Place
	own, _ := r.placeOf(daemon)
	for daemon != "" {
		daemon = r.parentOf(daemon)
		if place, found := r.placeOf(daemon); found {
			out = append(out, place)
		}
	}
	if instance, found := r.instance(image); found {
		if place, known := r.placeOf(instance.Inside); known && place != own && !slices.Contains(out, place) {
			out = append(out, place)
		}
	}
	return out
}

// parentOf is the address of the daemon that a daemon is inside; empty for the root.
func (r *run) parentOf(daemon string) string {
	if instance, found := r.instance(daemon); found {
		return instance.Inside
	}
	for address, place := range r.places {
		if place == r.objects[daemon].place {
			return address
		}
	}
	return ""
}

// imageID is the id of the wanted image in a place, empty where it is not there.
func (r *run) imageID(reference, address string, snapshot plan.Snapshot) string {
	if instance, found := r.instance(address); found {
		for _, name := range imagesOf(instance) {
			if id := snapshot.Images[name]; id != "" {
				return id
			}
		}
	}
	return snapshot.Images[reference]
}
