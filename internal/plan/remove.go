package plan

import (
	"slices"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// orphans decides on the project's objects that the configuration does not have.
func (m *maker) orphans() {
	for _, address := range sortedKeys(m.astray) {
		if _, decided := m.resources[address]; !decided { // what something external took the address of
			for _, o := range m.astray[address] {
				if o.Kind != provider.Image && !m.vanishes(o.inside) {
					m.elsewhere(o)
				}
			}
		}
	}
	for _, address := range sortedKeys(m.ours) {
		if m.in.over() {
			return
		}
		if _, wanted := m.resources[address]; wanted {
			continue
		}
		if in, found := m.expanded.Instance(address); found && isExternal(in) && in.Name == m.ours[address][0].Name {
			continue // it was handed over
		}
		m.remove(address, m.ours[address], why{FromOrphan, "no longer in the configuration"})
	}
}

// remove plans the removal of an address, or keeps it where it holds data.
func (m *maker) remove(address string, list []placed, because why) {
	for _, o := range list {
		switch kept := m.keeps(o.Kind); {
		case m.goesWith(o):
		case kept != "":
			if m.isMemory(o) {
				kept += "; it is memory, and empty when nothing mounts it"
			}
			m.kept = append(m.kept, Kept{Address: address, Name: o.Name, Kind: o.Kind, Inside: o.inside, Why: kept})
		case m.resources[address] == nil:
			m.resources[address] = &Resource{
				Address: address, Kind: o.Kind, Name: o.Name, Inside: o.inside, Action: Delete, Cause: because.cause, Reason: because.reason, Before: &o.Object, DataLoss: m.dataOf(o),
			}
		default:
			m.extra = append(m.extra, surplus{placed: o, why: because, dataLoss: m.dataOf(o)})
		}
	}
}

// goesWith tells of an object that needs no step of its own: it is kept nowhere
// else than in what goes.
func (m *maker) goesWith(o placed) bool {
	if m.vanishes(o.inside) {
		return true
	}
	if o.inside != "" && m.keeps(o.Kind) != "" && m.dataGoes(o.inside) {
		return true
	}
	if o.inside == "" || m.keeps(o.Kind) == "" || m.keeps(provider.Volume) != "" {
		return false
	}
	host, wanted := m.resources[o.inside]
	return m.expanded == nil || wanted && host.Action == Delete
}

// keeps says why objects of a kind are not removed; empty where they are.
func (m *maker) keeps(k provider.Kind) string {
	switch {
	case k == provider.Volume && !m.in.Volumes:
		return "volumes are kept without -volumes"
	case k == provider.Image && !m.in.Images:
		return "images are kept without -images"
	}
	return ""
}

// destroy plans the removal of everything, from what is recorded on the objects.
func (m *maker) destroy() (*Plan, diag.List) {
	m.in.Destroy = true
	if problems := m.checkWords(); problems.HasErrors() {
		return nil, problems
	}
	for _, all := range []map[string][]placed{m.ours, m.astray} {
		for _, address := range sortedKeys(all) {
			if m.in.over() {
				return nil, interrupted()
			}
			handedOver := func(o placed) bool {
				site := m.in.Observed.Sites[address]
				return site.External && site.Name == o.Name && site.Inside == o.inside
			}
			m.remove(address, slices.DeleteFunc(slices.Clone(all[address]), handedOver), why{FromRequest, "destroyed by request"})
		}
	}
	m.tellInner()
	p, _ := m.assemble()
	p.part(m.in, nil, nil)
	m.leaveCircles(p)
	m.leaveStopped(p)
	if problems := m.checkPrevented(p); problems.HasErrors() {
		return nil, problems
	}
	m.conceal(p)
	return p, nil
}
