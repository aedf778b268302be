package plan

import (
	"slices"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/provider"
)

// keepHeld keeps what was to be removed, and what stays goes on using, because its block
// ignores the changes that would end that.
func (m *maker) keepHeld() {
	keep := func(o placed) bool {
		holder := m.holder(o)
		if holder != "" {
			m.kept = append(m.kept, Kept{Address: o.Owner.Address, Name: o.Name, Kind: o.Kind, Inside: o.inside, Why: heldBy(holder)})
		}
		return holder != ""
	}
	for _, address := range sortedKeys(m.resources) {
		if m.in.over() {
			return
		}
		if r := m.resources[address]; r.Action == Delete && keep(placed{*r.Before, r.Inside}) {
			delete(m.resources, address)
		}
	}
	m.extra = slices.DeleteFunc(m.extra, func(s surplus) bool { return keep(s.placed) })
}

// heldBy is a clause about what a holder keeps.
func heldBy(holder string) string {
	return holder + " uses it, and ignores the change (ignore_changes)"
}

// holder is the address of something that exists, stays as it stands and goes on using an
// object, because its block ignores changes; empty where there is none.
func (m *maker) holder(o placed) string {
	if m.holding == nil {
		m.holding = []string{}
		for _, address := range sortedKeys(m.resources) {
			if r := m.resources[address]; r.Before != nil && r.After != nil && ignores(r.After.Lifecycle) {
				m.holding = append(m.holding, address)
			}
		}
	}
	for _, address := range m.holding {
		r := m.resources[address]
		goes := r.Action == Replace || r.Action == Run || r.Action == Delete
		if !goes && r.Inside == o.inside && address != o.Owner.Address && uses(*r.Before, o) && !leavesNetworks(r, o) {
			return address
		}
	}
	return ""
}

func ignores(l config.Lifecycle) bool { return l.IgnoreAll || len(l.IgnoreChanges) > 0 }

// uses tells whether an object was seen to use another, or, where that cannot be seen,
// was made with it: an image, or the networks of what does not run.
func uses(user provider.Object, used placed) bool {
	if slices.Contains(usedBy(user, used.inside), nameOf(used.inside, used.Object)) {
		return true
	}
	switch used.Kind {
	case provider.Image:
		return slices.Contains(user.Owner.Deps, used.Owner.Address)
	case provider.Network:
		return user.Condition.State != provider.StateRunning && slices.Contains(recordOf(user.Owner).networks(), used.Owner.Address)
	case provider.Volume, provider.Container, provider.Daemon, provider.Controller, provider.Job, provider.Guard:
	}
	return false
}

// leavesNetworks tells whether a live change takes something out of the networks that it
// should not be in.
func leavesNetworks(r *Resource, used placed) bool {
	return used.Kind == provider.Network && slices.ContainsFunc(r.Changes, func(c provider.Change) bool { return c.Path == "networks" })
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
