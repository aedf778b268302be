package plan

import (
	"slices"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/provider"
)

// Awaited tells whether others may rely on an instance only once what its ready block
// says holds in the present run of it. Nothing is remembered of an earlier time: each
// apply waits for each of these that it covers.
func Awaited(in config.Instance) bool {
	return in.Kind.Runs() && in.Kind != provider.Job && !attribute(in.Declared, "ready").IsNull()
}

// Waits are the addresses that are waited for without being made or started, sorted.
func (p *Plan) Waits() []string {
	var out []string
	for _, s := range p.Steps {
		if s.Action == Wait {
			out = append(out, s.Address)
		}
	}
	slices.Sort(out)
	return out
}

// idle tells of steps that they change nothing.
func idle(steps []Step) bool {
	return !slices.ContainsFunc(steps, func(s Step) bool { return s.Action != Wait })
}

// wait adds the step that waits for what runs, is not started, and has to be ready. What
// needs the address waits for it, and it waits for what it needs: an application is
// hardly ready before its database is.
func (b *builder) wait(r *Resource) {
	if r.Before == nil || r.After == nil || r.Action != None && r.Action != Update || !Awaited(*r.After) {
		return
	}
	at := b.add(Step{
		Action: Wait, Address: r.Address, Kind: r.Kind, Name: r.Name, Inside: r.Inside, Object: r.Before.ID, Cause: "it has to be ready",
	})
	if changed, found := b.makes[r.Address]; found {
		b.need(changed, at)
	}
	b.makes[r.Address] = at
}

// needed are the addresses that targets need, directly or through others.
func (m *maker) needed() map[string]bool {
	out := map[string]bool{}
	if len(m.in.Target) == 0 {
		return out
	}
	for _, in := range slices.Backward(m.expanded.Instances) { // what is needed comes before what needs it
		if !out[in.Address] && !selects(m.in.Target, in.Address) {
			continue
		}
		for _, dep := range append(slices.Clone(in.Deps), in.Inside, in.ImageAddress) {
			out[dep] = true
		}
	}
	return out
}
