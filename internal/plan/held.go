package plan

import (
	"slices"
	"strings"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/provider"
)

// keepHeld keeps what was to be removed, and what stays goes on using, because its block
// ignores the changes that would end that. What is kept so needs what it uses itself.
func (m *maker) keepHeld() {
	for again := true; again && !m.in.over(); {
		again = false
		for _, address := range sortedKeys(m.resources) {
			if r := m.resources[address]; r.Action == Delete && m.keepIfHeld(placed{*r.Before, r.Inside}) {
				delete(m.resources, address)
				again = true
			}
		}
		m.extra = slices.DeleteFunc(m.extra, func(s surplus) bool {
			kept := m.keepIfHeld(s.placed)
			again = again || kept
			return kept
		})
	}
}

// keepIfHeld notes that an object stays where something holds it, and tells whether it does.
func (m *maker) keepIfHeld(o placed) bool {
	h := m.holder(o)
	if h == (holder{}) {
		return false
	}
	m.kept = append(m.kept, Kept{Address: o.Owner.Address, Name: o.Name, Kind: o.Kind, Inside: o.inside, Why: h.clause()})
	for _, u := range usesOf(o) {
		m.hold(u.name, holder{address: h.address, through: o.Owner.Address})
	}
	return true
}

// holder is something that exists, stays as it stands and goes on using an object, because
// its block ignores changes; the zero value is none.
type holder struct {
	address string
	// through is what is kept because of it, and uses the object; empty where the holder
	// itself does.
	through string
}

// clause is why a holder keeps something.
func (h holder) clause() string {
	return h.address + " uses it" + h.way() + ", and ignores the change (ignore_changes)"
}

func (h holder) way() string {
	if h.through == "" {
		return ""
	}
	return " through " + h.through
}

// holder is what holds an object, once everything is decided.
func (m *maker) holder(o placed) holder {
	if m.holding == nil {
		m.holding = map[name]holder{}
		for _, address := range sortedKeys(m.resources) {
			if m.in.over() {
				break
			}
			for _, used := range goesOnUsing(m.resources[address]) {
				m.hold(used, holder{address: address})
			}
		}
	}
	for _, n := range namesOf(o) {
		if h, found := m.holding[n]; found && h.address != o.Owner.Address {
			return h
		}
	}
	return holder{}
}

// hold notes what holds something; the first that does counts.
func (m *maker) hold(used name, by holder) {
	if _, found := m.holding[used]; !found {
		m.holding[used] = by
	}
}

// goesOnUsing is what an object goes on using because its block ignores changes. A job that runs
// on request only is not compared as long as nobody asks for it: its record uses nothing.
func goesOnUsing(r *Resource) []name {
	goes := r.Action == Replace || r.Action == Run || r.Action == Delete
	if r.Before == nil || r.After == nil || goes || onRequest(r) && r.Action == None {
		return nil
	}
	l := r.After.Lifecycle
	if !l.IgnoreAll && len(l.IgnoreChanges) == 0 {
		return nil
	}
	var out []name
	for _, u := range usesOf(placed{*r.Before, r.Inside}) {
		if ignoresAny(l, u.said) && (u.kind != provider.Network || !leavesNetworks(r)) {
			out = append(out, u.name)
		}
	}
	return out
}

// ignoresAny tells whether changes of an argument, or of a part of it, are ignored.
func ignoresAny(l config.Lifecycle, arguments []string) bool {
	return l.IgnoreAll || slices.ContainsFunc(l.IgnoreChanges, func(path string) bool {
		if end := strings.IndexAny(path, ".["); end >= 0 {
			path = path[:end]
		}
		return slices.Contains(arguments, path)
	})
}

// leavesNetworks tells whether a live change takes something out of the networks that it
// should not be in.
func leavesNetworks(r *Resource) bool {
	return slices.ContainsFunc(r.Changes, func(c provider.Change) bool { return c.Path == "networks" })
}

// use is that an object uses another.
type use struct {
	name
	kind provider.Kind // of what is used
	said []string      // the arguments that can say so
}

// usesOf are the objects that one was seen to use, or, where that cannot be seen, was made
// with: an image, or the networks of what does not run. See namesOf.
func usesOf(user placed) []use {
	var out []use
	for _, used := range usedBy(user.Object, user.inside) {
		if used.space == nameSpace(provider.Network) {
			out = append(out, useOfNetwork(used))
			continue
		}
		out = append(out, use{used, provider.Volume, []string{"mount", "data", "volumes_from"}})
	}
	if user.Condition.State != provider.StateRunning {
		for _, address := range recordOf(user.Owner).networks() {
			out = append(out, useOfNetwork(recorded(user.inside, provider.Network, address)))
		}
	}
	for _, dep := range user.Owner.Deps {
		out = append(out, use{recorded(user.inside, provider.Image, dep), provider.Image, []string{"image"}})
	}
	for _, id := range user.LivesIn {
		out = append(out, use{withID(user.inside, id), provider.Container, []string{"network_mode", "ipc", "pid"}})
	}
	return out
}

func useOfNetwork(used name) use {
	return use{used, provider.Network, []string{"networks", "network_mode"}}
}

// recorded stands for what a record calls by its address.
func recorded(inside string, kind provider.Kind, address string) name {
	return name{inside, "recorded " + nameSpace(kind), address}
}

// withID stands for what shares its namespaces, which is known by its id.
func withID(inside, id string) name { return name{inside, "ids", id} }

// namesOf are all names that usesOf can know an object by.
func namesOf(o placed) []name {
	return []name{nameOf(o.inside, o.Object), recorded(o.inside, o.Kind, o.Owner.Address), withID(o.inside, o.ID)}
}

// uses tells whether an object uses another of the same place.
func uses(user provider.Object, used placed) bool {
	names := namesOf(used)
	return slices.ContainsFunc(usesOf(placed{user, used.inside}), func(u use) bool { return slices.Contains(names, u.name) })
}

// doesWithout tells whether an object ignores that it should use another, and does not
// use it, or can go on with what that was: an image can be built anew beside it.
func doesWithout(r *Resource, other placed) bool {
	switch other.Kind {
	case provider.Image:
		return Ignored(r.After.Lifecycle, "image")
	case provider.Network:
		return Ignored(r.After.Lifecycle, "networks") && !uses(*r.Before, other)
	case provider.Volume:
		return Ignored(r.After.Lifecycle, "mount") && !uses(*r.Before, other)
	case provider.Container, provider.Daemon, provider.Controller, provider.Job, provider.Guard:
	}
	return false
}
