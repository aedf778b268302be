package plan

import (
	"cmp"
	"slices"
	"strings"

	"github.com/dindctl/dindctl/internal/graph"
	"github.com/dindctl/dindctl/provider"
)

// assemble makes the plan's steps, with their edges, in topological order.
func (m *maker) assemble() *Plan {
	p := &Plan{
		Project: m.in.Project, Origin: m.in.Origin, Engine: m.in.Observed.Root.Facts, Destroy: m.in.Destroy || m.in.Expand == nil,
		Kept: m.kept, Unread: m.unread(),
	}
	m.restartInside()
	b := &builder{m: m, ends: map[string]int{}, begins: map[string]int{}}
	for _, address := range sortedKeys(m.resources) {
		p.Resources = append(p.Resources, *m.resources[address])
		b.stepsOf(m.resources[address])
	}
	for _, o := range m.extra {
		b.add(Step{
			Action: Delete, Address: o.Owner.Address, Kind: o.Kind, Name: o.Name, Inside: o.inside, Object: o.ID,
			Cause: "left by an earlier run that was interrupted",
		})
	}
	b.connect()
	p.Steps = b.ordered()
	p.Clean = len(p.Steps) == 0
	return p
}

// unread are the daemons that exist, or may, and could not be looked into.
func (m *maker) unread() []Unread {
	var out []Unread
	for _, inside := range m.in.Observed.places() {
		s := m.in.Observed.snapshot(inside)
		if inside != "" && !s.Readable && !s.Absent {
			out = append(out, Unread{Address: inside, Why: s.Why})
		}
	}
	return out
}

// restartInside plans a start for what runs inside a daemon that is started or
// replaced: it stopped with it.
func (m *maker) restartInside() {
	if m.expanded == nil {
		return
	}
	for _, in := range m.expanded.Instances { // hosts come before what is inside them
		r, found := m.resources[in.Address]
		if !found || r.Inside == "" || r.Action != None || !r.Kind.Runs() || r.Kind == provider.Job {
			continue
		}
		if host, found := m.resources[r.Inside]; found && (host.Action == Start || host.Action == Replace) {
			r.Action, r.Cause, r.Tentative = Start, r.Inside+" is "+verbOf(host.Action), true
		}
	}
}

func verbOf(a Action) string {
	if a == Start {
		return "started"
	}
	return "replaced"
}

// builder gathers steps and their edges.
type builder struct {
	m     *maker
	steps []Step
	edges []graph.Edge // between indices into steps
	// begins and ends are the first and the last step of an address: the deletion
	// and what makes it.
	begins, ends map[string]int
}

func (b *builder) add(s Step) int {
	b.steps = append(b.steps, s)
	return len(b.steps) - 1
}

func (b *builder) need(from, to int) {
	b.edges = append(b.edges, graph.Edge{From: from, To: to})
}

// stepsOf adds the steps of one address.
func (b *builder) stepsOf(r *Resource) {
	s := Step{
		Action: r.Action, Address: r.Address, Kind: r.Kind, Name: r.Name, Inside: r.Inside,
		Cause: r.Cause, Changes: r.Changes, Tentative: r.Tentative, DataLoss: r.DataLoss,
	}
	if r.Before != nil {
		s.Object = r.Before.ID
	}
	switch r.Action {
	case None:
	case Replace:
		gone := s
		gone.Action = Delete
		s.Action, s.Object, s.DataLoss = Create, "", ""
		first, last := b.add(gone), b.add(s)
		b.begins[r.Address], b.ends[r.Address] = first, last
		b.need(first, last)
	case Delete:
		b.begins[r.Address] = b.add(s)
	case Create, Update, Start, Run:
		b.ends[r.Address] = b.add(s)
	}
}

// connect adds the edges between addresses.
func (b *builder) connect() {
	for address, r := range b.m.resources {
		deps := b.depsOf(r)
		for _, dep := range deps {
			b.after(address, dep)
		}
	}
	for i, s := range b.steps {
		if s.Action != Delete {
			continue
		}
		// What is inside goes before its host, users before what they use.
		for _, dep := range b.recorded(s) {
			if first, found := b.begins[dep]; found && first != i {
				b.need(i, first)
			}
		}
	}
}

// after makes the making of address wait for the making of dep.
func (b *builder) after(address, dep string) {
	to, wanted := b.ends[address]
	if !wanted {
		return
	}
	if from, found := b.ends[dep]; found {
		b.need(from, to)
	}
}

func (b *builder) depsOf(r *Resource) []string {
	if r.After != nil {
		return r.After.Deps
	}
	return nil
}

// recorded are the addresses that a deleted object needs, as recorded at its creation.
func (b *builder) recorded(s Step) []string {
	var out []string
	for _, o := range b.m.ours[s.Address] {
		if o.ID == s.Object {
			out = append(out, o.Owner.Deps...)
		}
	}
	if s.Inside != "" {
		out = append(out, s.Inside)
	}
	return out
}

// ordered sorts the steps topologically, and numbers them from 1. Among those
// that can come, deletions come first, then by address.
func (b *builder) ordered() []Step {
	g := graph.New(len(b.steps), b.edges)
	needs := g.Needs()
	number := make([]int, len(b.steps))
	out := make([]Step, 0, len(b.steps))
	for _, i := range g.Order(b.compare) {
		s := b.steps[i]
		s.ID = len(out) + 1
		number[i] = s.ID
		for _, need := range needs[i] {
			s.Needs = append(s.Needs, number[need])
		}
		slices.Sort(s.Needs)
		out = append(out, s)
	}
	return out
}

func (b *builder) compare(i, j int) int {
	a, c := b.steps[i], b.steps[j]
	return cmp.Or(
		cmp.Compare(deleteFirst(a), deleteFirst(c)),
		strings.Compare(a.Address, c.Address),
		strings.Compare(a.Object, c.Object),
	)
}

func deleteFirst(s Step) int {
	if s.Action == Delete {
		return 0
	}
	return 1
}
