package plan

import "github.com/dindctl/dindctl/provider"

// leaveStopped takes out of a plan what nothing can be done about, because several
// objects pass for an address: that address, what needs it, and the removal of what
// those objects use. It returns the addresses that are stopped, with what needs them.
func (m *maker) leaveStopped(p *Plan) map[string]bool {
	stopped := map[string]bool{}
	for _, problem := range p.Stopped {
		stopped[problem.Address] = true
	}
	if len(stopped) == 0 {
		return stopped
	}
	held := m.heldBy(stopped)
	m.spreadStop(stopped)
	goes := make([]bool, len(p.Steps)+1) // by id
	for _, s := range p.Steps {
		goes[s.ID] = stopped[s.Address] || s.Action == Delete && held[s.Address]
	}
	p.spread(m.in, goes, func(s Step, need int) { goes[s.ID] = goes[s.ID] || goes[need] })
	p.cut(func(s Step) bool { return !goes[s.ID] })
	return stopped
}

// heldBy are the addresses that stopped objects use, or are inside.
func (m *maker) heldBy(stopped map[string]bool) map[string]bool {
	held := map[string]bool{}
	for address := range stopped {
		for _, o := range m.ours[address] {
			for _, dep := range o.Owner.Deps {
				held[dep] = true
			}
			for _, daemon := range m.around(o.inside) {
				held[daemon] = true
			}
		}
	}
	return held
}

// spreadStop adds the instances that need what is stopped.
func (m *maker) spreadStop(stopped map[string]bool) {
	if m.expanded == nil {
		return
	}
	for before := -1; before != len(stopped) && !m.in.over(); {
		before = len(stopped)
		for _, in := range m.expanded.Instances {
			needs := stopped[in.Inside] && in.Inside != "" || stopped[in.ImageAddress] && in.ImageAddress != ""
			for _, dep := range in.Deps {
				needs = needs || stopped[dep]
			}
			if needs && in.Kind != provider.Image {
				stopped[in.Address] = true
			}
		}
	}
}
