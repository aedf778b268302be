package plan

import (
	"slices"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/graph"
	"github.com/dindctl/dindctl/provider"
)

// anew tells whether a replacement was asked for although nothing differs, by -replace
// or by replace_triggered_by: what comes out has to be made from its beginnings. The
// trigger may have been an earlier run's, which ended before, or did only a part: then
// what shows is that another image was there when this one was made.
func (m *maker) anew(r *Resource) bool {
	return r.Action == Replace && (m.triggered(r) != "" || m.forced[r.Address].reason == FromRequest || m.wasTriggered(r))
}

// wasTriggered tells whether an image was made before one that replace_triggered_by names.
func (m *maker) wasTriggered(r *Resource) bool {
	return r.Kind == provider.Image && slices.ContainsFunc(r.After.Lifecycle.ReplacedBy, func(w config.Watched) bool {
		other := m.resources[w.Address]
		if other == nil || other.Kind != provider.Image || w.Attribute != "" && declares(other, w.Attribute) {
			return false
		}
		return slices.ContainsFunc(r.Changes, func(c provider.Change) bool {
			return c.To != cty.NilVal && c.To.IsWhollyKnown() && strings.HasSuffix(c.Path, "["+strconv.Quote(w.Address)+"]")
		})
	})
}

// hinge notes of the steps that are there only because images are made anew which
// images these are. Whether an image comes out as another one shows only once it is
// made: a step that knows what it hinges on is left out then where none does.
func (b *builder) hinge() {
	found := map[string][]string{}
	for _, address := range sortedKeys(b.makes) {
		b.hingesOf(address, found)
	}
	for _, address := range sortedKeys(b.makes) {
		for _, i := range append(slices.Clone(b.removes[address]), b.makes[address]) {
			b.steps[i].Hinges = found[address]
			for _, image := range found[address] {
				b.wishes = append(b.wishes, graph.Edge{From: b.makes[image], To: i})
			}
		}
	}
}

// hingesOf are the images that an address hinges on; none where it has steps all the same.
func (b *builder) hingesOf(address string, found map[string][]string) []string {
	if out, done := found[address]; done {
		return out
	}
	found[address] = nil // a circle hinges on nothing
	r := b.m.resources[address]
	if !b.hangsTogether(r) {
		return nil
	}
	var out []string
	for _, dep := range r.After.Deps {
		d := b.m.resources[dep]
		if d == nil || d.Action == None || d.Action == Start || d.Action == Restart {
			continue
		}
		further := b.hingesOf(dep, found)
		switch {
		case d.Kind == provider.Image && d.Action == Replace && d.Before.Name == d.Name:
			out = append(out, dep)
		case len(further) > 0:
			out = append(out, further...)
		default:
			return nil
		}
	}
	slices.Sort(out)
	found[address] = slices.Compact(out)
	return found[address]
}

// hangsTogether tells whether an object would stay as it stands if everything that it
// needs stayed what it is: no change of it is known, and nobody asked for another one.
// What is inside a daemon would have to be looked for anew, so that daemons are made.
func (b *builder) hangsTogether(r *Resource) bool {
	switch {
	case r == nil || r.Before == nil || r.After == nil || r.Tentative || r.Kind == provider.Daemon:
		return false
	case r.Action != Replace && r.Action != Run || r.Reason != FromAnother || b.m.anew(r) || b.m.forced[r.Address] != (why{}) || b.m.triggered(r) != "":
		return false
	}
	return !slices.ContainsFunc(r.Changes, func(c provider.Change) bool { return c.To == cty.NilVal || c.To.IsWhollyKnown() })
}

// settleHinges leaves only those hinges of ordered steps that are known in time: the
// images are made before every step of the address, and so they are for what it needs.
func settleHinges(steps []Step) {
	makes, loose := map[string]int{}, map[string]bool{}
	for _, s := range steps {
		if s.Action != Delete {
			makes[s.Address] = s.ID
		}
	}
	for again := true; again; {
		again = false
		for _, s := range steps {
			if len(s.Hinges) == 0 || loose[s.Address] {
				continue
			}
			late := func(image string) bool { return !slices.Contains(s.Needs, makes[image]) }
			dangling := func(id int) bool { return loose[steps[id-1].Address] }
			if slices.ContainsFunc(s.Hinges, late) || slices.ContainsFunc(s.Needs, dangling) {
				loose[s.Address], again = true, true
			}
		}
	}
	for i := range steps {
		if loose[steps[i].Address] {
			steps[i].Hinges = nil
		}
	}
}
