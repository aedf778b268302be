package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// part reduces a plan to what was asked for by Target and Exclude. What a
// target needs comes with it; what needs something excluded goes with it: the addresses
// of excluded, and what has to wait for them.
// With needed, the addresses that targets need, what of these is waited for comes along,
// too; the wait alone brings no change along, not even of its own address.
func (p *Plan) part(in Input, excluded, needed map[string]bool) {
	if len(in.Target)+len(in.Exclude) == 0 {
		return
	}
	stays := make([]bool, len(p.Steps)+1) // by id
	for _, s := range p.Steps {
		stays[s.ID] = len(in.Target) == 0 || selects(in.Target, s.Address)
	}
	p.spread(in, stays, func(s Step, need int) { // what is needed comes along
		stays[need] = stays[need] || stays[s.ID] && s.Action != Wait
	})
	for _, s := range slices.Backward(p.Steps) { // each after those that need it
		stays[s.ID] = stays[s.ID] || s.Action == Wait && needed[s.Address]
		for _, need := range s.Needs {
			stays[need] = stays[need] || stays[s.ID] && p.Steps[need-1].Action == Wait
		}
	}
	goes := make([]bool, len(stays))
	for _, s := range p.Steps {
		goes[s.ID] = excluded[s.Address] || selects(in.Exclude, s.Address)
	}
	p.spread(in, goes, func(s Step, need int) {
		goes[s.ID] = goes[s.ID] || goes[need]
	})
	p.cut(func(s Step) bool { return stays[s.ID] && !goes[s.ID] })
	p.Partial = true
}

// excluded are the instances that Exclude leaves out, with those that need them, also
// where the one that is named has no steps, as what is external.
func (m *maker) excluded() map[string]bool {
	out := map[string]bool{}
	if len(m.in.Exclude) == 0 {
		return out
	}
	for i := range m.expanded.Instances {
		if in := &m.expanded.Instances[i]; selects(m.in.Exclude, in.Address) {
			out[in.Address] = true
		}
	}
	m.spreadStop(out)
	return out
}

// spread repeats a rule over all edges until nothing changes any more. The steps
// of one address belong together: half a replacement would be a removal.
func (p *Plan) spread(in Input, marked []bool, rule func(s Step, need int)) {
	for before := -1; before != count(marked) && !in.over(); {
		before = count(marked)
		touched := map[string]bool{}
		for _, s := range p.Steps {
			for _, need := range s.Needs {
				rule(s, need)
			}
		}
		for _, s := range p.Steps {
			touched[s.Address] = touched[s.Address] || marked[s.ID]
		}
		for _, s := range p.Steps {
			marked[s.ID] = touched[s.Address]
		}
	}
}

func count(marked []bool) int {
	n := 0
	for _, m := range marked {
		if m {
			n++
		}
	}
	return n
}

// cut drops steps, numbers the others anew, and forgets what would have become of
// the addresses that have none left.
func (p *Plan) cut(keep func(Step) bool) {
	number, acts := map[int]int{}, map[string]bool{}
	var steps []Step
	unheld := p.unheld(keep)
	for _, s := range p.Steps {
		if !keep(s) || s.Action == Delete && unheld[s.Address] {
			continue
		}
		if unheld[s.Address] {
			s.Cause = strings.TrimSuffix(s.Cause, recordGoes)
		}
		number[s.ID] = len(steps) + 1
		s.ID = len(steps) + 1
		steps = append(steps, s)
		acts[s.Address] = acts[s.Address] || s.Action != Wait
	}
	for i := range steps {
		var needs []int
		for _, need := range steps[i].Needs {
			if n, kept := number[need]; kept {
				needs = append(needs, n)
			}
		}
		steps[i].Needs = needs
	}
	for i := range p.Resources {
		r := &p.Resources[i]
		if unheld[r.Address] {
			r.Cause = strings.TrimSuffix(r.Cause, recordGoes)
		}
		if !acts[r.Address] {
			r.decide(None, "", "")
			r.Changes, r.DataLoss, r.Tentative, r.Inner = nil, "", false, Inner{}
		}
	}
	p.Steps = steps
	p.Clean = idle(steps)
}

// unheld are the addresses of jobs whose records were to go only because they hold
// something that stays after all, where some steps are left out.
func (p *Plan) unheld(keep func(Step) bool) map[string]bool {
	goes, going := map[name]bool{}, map[at]bool{}
	for _, s := range p.Steps {
		if keep(s) && s.Cause != recordHolds && (s.Action == Delete || s.Replaces != "") {
			goes[name{s.Inside, nameSpace(s.Kind), s.Name}] = true
			going[at{s.Inside, s.Address}] = true
		}
	}
	out := map[string]bool{}
	for _, s := range p.Steps {
		if s.Action == Delete && s.Cause == recordHolds {
			out[s.Address] = true
		}
	}
	for i := range p.Resources {
		r := &p.Resources[i]
		if !out[r.Address] || r.Before == nil {
			continue
		}
		deps := slices.Clone(r.Before.Owner.Deps)
		if r.After != nil {
			deps = append(deps, r.After.Deps...)
		}
		if slices.ContainsFunc(deps, func(dep string) bool { return going[at{r.Inside, dep}] }) ||
			slices.ContainsFunc(usedBy(*r.Before, r.Inside), func(n name) bool { return goes[n] }) {
			delete(out, r.Address)
		}
	}
	return out
}

// selects tells whether one of the words names the address: the address itself,
// the block whose instance it is, the module that it is in, or the daemon's own
// volumes with the daemon.
func selects(words []string, address string) bool {
	return slices.ContainsFunc(words, func(word string) bool {
		rest, found := strings.CutPrefix(address, word)
		return found && (rest == "" || rest[0] == '[' || rest[0] == '.')
	})
}

// acts are the addresses that the plan does something about.
func (p *Plan) acts() map[string]bool {
	out := map[string]bool{}
	for _, s := range p.Steps {
		if s.Action != Wait {
			out[s.Address] = true
		}
	}
	return out
}

// checkWords refuses words of -target, -exclude and -replace that name nothing.
func (m *maker) checkWords() diag.List {
	var problems diag.List
	for _, list := range []struct {
		flag  string
		words []string
	}{{"target", m.in.Target}, {"exclude", m.in.Exclude}, {"replace", m.in.Replace}} {
		for _, word := range list.words {
			if m.names(word) {
				continue
			}
			problems = append(problems, diag.Problem{
				Severity: diag.Error, Summary: "An address names nothing",
				Detail: fmt.Sprintf("-%s=%s: neither the configuration nor the engine has an object of project %s with this address. Addresses look like "+
					"%s; `dindctl ls` lists those that exist.", list.flag, word, m.in.Project, m.example()),
			})
		}
	}
	return problems
}

func (m *maker) names(word string) bool {
	for address := range m.ours {
		if selects([]string{word}, address) {
			return true
		}
	}
	if m.expanded == nil {
		return false
	}
	for i := range m.expanded.Instances {
		if in := &m.expanded.Instances[i]; !in.Logical && selects([]string{word}, in.Address) {
			return true
		}
	}
	return false
}

// example is an address that exists, for messages.
func (m *maker) example() string {
	if m.expanded != nil {
		for i := range m.expanded.Instances {
			if in := &m.expanded.Instances[i]; !in.Logical {
				return in.Address
			}
		}
	}
	if known := sortedKeys(m.ours); len(known) > 0 {
		return known[0]
	}
	return "container.web"
}

// replaceByRequest forces what -replace names. A daemon is replaced without the
// data that it keeps, unless that is named itself.
func (m *maker) replaceByRequest() {
	for i := range m.expanded.Instances {
		in := &m.expanded.Instances[i]
		asked := selects(m.in.Replace, in.Address)
		if in.Kind == provider.Volume && m.ofDaemon(in.Address) {
			asked = slices.Contains(m.in.Replace, in.Address)
		}
		if asked {
			m.forced[in.Address] = why{FromRequest, "replaced by request"}
		}
	}
}

// ofDaemon tells whether a volume is a daemon's own.
func (m *maker) ofDaemon(address string) bool {
	daemon, found := m.expanded.Instance(address[:max(strings.LastIndexByte(address, '.'), 0)])
	return found && daemon.Kind == provider.Daemon
}
