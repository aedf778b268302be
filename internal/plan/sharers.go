package plan

import (
	"github.com/dindctl/dindctl/internal/graph"
	"github.com/dindctl/dindctl/provider"
)

// owner is an object in whose namespaces another one is.
type owner struct{ address, id string }

// owners are the objects in whose namespaces another one is, as far as they are the
// project's. What it was made with decides, and not what is declared: that may be ignored.
func (m *maker) owners(r *Resource) []owner {
	if r.Before == nil || len(r.Before.LivesIn) == 0 {
		return nil
	}
	if m.addresses == nil {
		m.addresses = map[at]string{}
		for address, list := range m.ours {
			for _, o := range list {
				m.addresses[at{o.inside, o.ID}] = address
			}
		}
	}
	var out []owner
	for _, id := range r.Before.LivesIn {
		if address, ours := m.addresses[at{r.Inside, id}]; ours {
			out = append(out, owner{address, id})
		}
	}
	return out
}

// losesOwner is the address of something that is replaced, and in whose namespaces an
// object is; empty where there is none. It cannot be started again without that one.
func (m *maker) losesOwner(r *Resource) string {
	for _, o := range m.owners(r) {
		if m.replaced(o.address) {
			return o.address
		}
	}
	return ""
}

// restartSharers plans a restart of what runs in the namespaces of something that was
// started again since, or is to be: it holds those of a run that is over. A job that runs
// so runs once more, but one that runs on request is waited for; one that has ended holds
// none.
func (m *maker) restartSharers() {
	for again := true; again && !m.in.over(); { // what shares them with a sharer follows that one
		again = false
		for _, in := range m.expanded.Instances {
			r, found := m.resources[in.Address]
			if !found || !keepsRunning(r) && !waitedFor(r) || onRequest(r) && !m.asked(r) {
				continue
			}
			because := m.restarted(r)
			if because == (why{}) {
				continue
			}
			if r.Kind == provider.Job {
				r.decide(Run, because.reason, because.cause+", while it runs")
				continue
			}
			if r.Action == Start { // it was frozen, or is a daemon that does not answer: that is still so
				because = why{r.Reason, r.Cause + "; " + because.cause}
			}
			r.follow(Restart, because)
			again = true
		}
	}
}

// keepsRunning tells of an object that runs, and that would hold its namespaces through
// this plan. What is frozen holds them, too.
func keepsRunning(r *Resource) bool {
	if r.Before == nil || r.Kind == provider.Job || r.Action != None && r.Action != Update && r.Action != Start {
		return false
	}
	return r.Before.Condition.State == provider.StateRunning || r.Before.Condition.State == provider.StatePaused
}

// waitedFor tells of a job that runs, and that would hold its namespaces through this plan.
func waitedFor(r *Resource) bool {
	return r.Kind == provider.Job && r.Before != nil && r.Action == Start && r.Reason == FromRunning
}

// restarted says which owner an object has to follow, and why; nothing where there is none.
func (m *maker) restarted(r *Resource) why {
	for _, o := range m.owners(r) {
		owner, found := m.resources[o.address]
		switch {
		case !found || owner.Before == nil || owner.Before.ID != o.id:
		case owner.Action == Restart:
			return why{FromAnother, o.address + ", whose namespaces it shares, is started again"}
		case owner.Action == Start && !keepsRunning(owner):
			return why{FromAnother, o.address + ", whose namespaces it shares, is started"}
		case keepsRunning(owner) && r.Before.Condition.Precedes(owner.Before.Condition):
			return why{FromAnother, o.address + ", whose namespaces it shares, was started again since"}
		}
	}
	return why{}
}

// sharersLast makes what is started wait for the start of those whose namespaces it
// joins. Where the configuration names them that is so already.
func (b *builder) sharersLast() {
	for _, address := range sortedKeys(b.makes) {
		r := b.m.resources[address]
		if action := b.steps[b.makes[address]].Action; r == nil || action != Start && action != Restart {
			continue
		}
		for _, o := range b.m.owners(r) {
			if at, started := b.makes[o.address]; started {
				b.soft = append(b.soft, graph.Edge{From: at, To: b.makes[address]})
			}
		}
	}
}
