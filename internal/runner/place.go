package runner

import (
	"fmt"
	"maps"
	"slices"

	"github.com/dindctl/dindctl/internal/config"
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
		if n.gate == "" && n.step.Address == daemon && n.step.Action != plan.Delete && n.step.Action != plan.Update && n.step.Action != plan.Wait {
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
	req := r.req.Observe
	req.Project = r.req.Plan.Project
	o, around := newObserver(r.req.Provider, req), r.sitesAround(daemon)
	apart := r.apart(daemon)
	return func() outcome {
		resp, err := o.p.Open(ctx, provider.OpenRequest{Parent: at.place, ID: at.object.ID})
		if why := leadsBack(resp.Facts, around); err == nil && resp.Readable && why != "" {
			resp.Readable, resp.Why = false, why
		}
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
			maps.Copy(o.inside, apart)
			s := &site{address: daemon, place: resp.Place, facts: resp.Facts, around: around}
			if err := o.levels(ctx, []*site{s}); err != nil {
				return outcome{err: err}
			}
			snapshot = s.snapshot
			delete(o.inside, daemon)
			for address := range apart {
				delete(o.inside, address)
			}
		}
		return outcome{apply: func() { r.enter(daemon, snapshot, o.inside, look) }}
	}
}

// apart are the engines elsewhere, and the daemons outside of a daemon that no
// configuration places: nothing that is inside it speaks of them.
func (r *run) apart(daemon string) map[string]plan.Snapshot {
	out := map[string]plan.Snapshot{}
	for _, engine := range r.req.Observe.Elsewhere {
		out[engine.Address] = r.observed.Inside[engine.Address]
	}
	here, opened := r.places[daemon]
	for address, other := range r.objects {
		_, configured := r.req.Observe.Sites[address]
		if !configured && other.object.Kind == provider.Daemon && (!opened || other.place != here) {
			out[address] = r.observed.Inside[address]
		}
	}
	return out
}

// sitesAround are the places that a daemon is inside, outermost first.
func (r *run) sitesAround(daemon string) []*site {
	var out []*site
	for seen := map[string]bool{}; daemon != "" && !seen[daemon]; {
		seen[daemon] = true
		daemon = r.parentOf(daemon)
		out = append(out, &site{address: daemon, facts: r.snapshotOf(daemon).Facts})
	}
	slices.Reverse(out)
	return out
}

// enter takes in what was seen inside a daemon. Where nothing was looked at, what
// was known of the objects still holds, in the place that is there now.
func (r *run) enter(daemon string, seen plan.Snapshot, below map[string]plan.Snapshot, looked bool) {
	r.places[daemon] = seen.Place
	if !looked {
		before := r.observed.Inside[daemon]
		seen.Objects, seen.Images, seen.Contents, seen.Projects = before.Objects, before.Images, before.Contents, before.Projects
		r.observed.Inside[daemon] = seen
		return
	}
	r.observed.Inside[daemon] = seen
	r.learnFrom(daemon, seen)
	maps.Copy(r.observed.Inside, below)
	for address, inner := range below {
		if inner.Readable {
			r.places[address] = inner.Place
		}
		r.learnFrom(address, inner)
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

// around are the daemons that a daemon is inside, nearest first, each once: what is
// inside a daemon may say that it is that daemon.
func (r *run) around(daemon string) []string {
	var out []string
	for parent := r.parentOf(daemon); parent != "" && parent != daemon && !slices.Contains(out, parent); parent = r.parentOf(parent) {
		out = append(out, parent)
	}
	return out
}

// imageFrom are the places that may hold an image for something inside a daemon:
// the one that the daemon is inside, and so on up to the root; then the places of
// the images' own blocks, where those are others.
func (r *run) imageFrom(daemon string, images ...string) []provider.Place {
	var out []provider.Place
	own, _ := r.placeOf(daemon)
	if daemon != "" {
		for _, outer := range append(r.around(daemon), "") {
			if place, found := r.placeOf(outer); found {
				out = append(out, place)
			}
		}
	}
	for _, image := range images {
		if instance, found := r.instance(image); found {
			if place, known := r.placeOf(instance.Inside); known && place != own && !slices.Contains(out, place) {
				out = append(out, place)
			}
		}
	}
	return out
}

// imagesFor are the addresses of the images that an object is made from: that which it
// runs on, and those that an image is built with.
func imagesFor(instance config.Instance, declaration provider.Declaration) []string {
	out := []string{instance.ImageAddress}
	for _, address := range slices.Sorted(maps.Keys(declaration.Related)) {
		if instance.Kind == provider.Image && declaration.Related[address].Kind == provider.Image {
			out = append(out, address)
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
