package plan

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// hindered are the errors that each stop one address of a plan, and what needs it: its
// name is taken, it asks for what cannot be given, it is external and not there, its
// engine is too old for an argument of it or refuses one, it cannot be replaced because
// others use it, or is to have what another one keeps. What the plan does nothing about is
// hindered by nothing, and of what needs
// something that several objects pass for, nothing is known.
func (m *maker) hindered(p *Plan) diag.List {
	acts, unclear := p.acts(), addressesOf(p.Stopped)
	m.spreadStop(unclear)
	always := slices.DeleteFunc(slices.Concat(m.checkExternal(), m.checkAge(), m.expanded.Withheld), func(problem diag.Problem) bool { return p.Partial && !m.concerns(acts, problem.Address) })
	return slices.DeleteFunc(slices.Concat(always, m.checkNames(acts), m.checkUsers(acts), m.checkBesides(acts), m.checkSharedData(acts), m.checkParameters(acts)), func(problem diag.Problem) bool { return unclear[problem.Address] })
}

// checkAge finds what asks for an argument that its engine is too old for, or does not
// heed, and would ignore without a word.
func (m *maker) checkAge() diag.List {
	return m.expanded.TooOld(func(inside string) provider.Facts { return m.in.Observed.snapshot(inside).Facts })
}

// checkParameters finds what is to be made with kernel parameters that its engine refuses.
func (m *maker) checkParameters(acts map[string]bool) diag.List {
	var problems diag.List
	for _, address := range sortedKeys(m.resources) {
		r := m.resources[address]
		if !acts[address] || r.After == nil || r.Action != Create && r.Action != Replace && r.Action != Run {
			continue
		}
		names := r.After.RefusedParameters(m.in.Observed.snapshot(r.Inside).Facts.API)
		if len(names) == 0 {
			continue
		}
		parts := strings.SplitN(names[0], ".", 5) //nolint:mnd // net.ipv4.conf.eth1.forwarding
		parts[3] = "IFNAME"
		problems = append(problems, diag.Problem{
			Severity: diag.Error, Code: "endpoint-parameter", Address: address, Subject: r.After.RangeOf("sysctls"), Context: r.After.Header,
			Summary: "The engine takes this parameter at a network alone",
			Detail: fmt.Sprintf("%s: of a container's own kernel parameters this engine knows the interface for eth0 alone. Take it out of sysctls, and write it in the attach block "+
				"of the network that is meant: attach { network = network.…, sysctls = { %q = … } }.", strings.Join(names, ", "), strings.Join(parts, ".")),
		})
	}
	return problems
}

// concerns tells whether an address was asked for, or something that acts needs it.
func (m *maker) concerns(acts map[string]bool, address string) bool {
	needs := map[string]bool{address: true}
	m.spreadStop(needs)
	for one := range needs {
		if acts[one] {
			return true
		}
	}
	return selects(m.in.Target, address) && !selects(m.in.Exclude, address)
}

// stopsOf are the errors that stop addresses, as far as they are known: without a plan,
// those of what was seen.
func (m *maker) stopsOf(p *Plan) diag.List {
	if p == nil {
		return m.in.Observed.Stopped()
	}
	return p.Stopped
}

func addressesOf(problems diag.List) map[string]bool {
	out := map[string]bool{}
	for _, problem := range problems {
		out[problem.Address] = true
	}
	return out
}

// leaveStopped takes out of a plan what nothing can be done about, because an error
// stops an address: that address, what needs it, and the removal of what their objects
// use. It returns the addresses that are stopped, with what needs them; the plan's
// Left are those, and what waits for them.
func (m *maker) leaveStopped(p *Plan) map[string]bool {
	stopped := addressesOf(p.Stopped)
	for _, address := range p.Left { // what a circle keeps waiting
		stopped[address] = true
	}
	if len(stopped) == 0 {
		return stopped
	}
	m.spreadStop(stopped)
	held := m.heldBy(stopped)
	goes := make([]bool, len(p.Steps)+1) // by id
	for _, s := range p.Steps {
		goes[s.ID] = stopped[s.Address] || s.Action == Delete && held[s.Address]
	}
	p.spread(m.in, goes, func(s Step, need int) { goes[s.ID] = goes[s.ID] || goes[need] })
	left := maps.Clone(stopped)
	for _, s := range p.Steps {
		if goes[s.ID] {
			left[s.Address] = true
		}
	}
	p.cut(func(s Step) bool { return !goes[s.ID] })
	p.Left = sortedKeys(left)
	p.Unread = slices.DeleteFunc(p.Unread, func(u Unread) bool { // it was to get other data
		return stopped[u.Address] && m.in.Observed.snapshot(u.Address).Readable
	})
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
