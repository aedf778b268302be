package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/graph"
	"github.com/dindctl/dindctl/provider"
)

// assemble makes the plan's steps, with their edges, in topological order. Where they
// wait for each other, and an object can be made anew to end that, the plan is nil, and
// again says so; of what waits for itself all the same there are no steps.
func (m *maker) assemble() (p *Plan, again bool) {
	m.circles = nil
	p = &Plan{
		Project: m.in.Project, Origin: m.in.Origin, Engine: m.in.Observed.Root.Facts, Destroy: m.in.Destroy,
		Kept: m.kept, Unread: m.unread(), Foreign: m.in.Observed.Foreign(m.in.Project), Stopped: m.in.Observed.Stopped(),
	}
	b := newBuilder(m)
	for _, address := range sortedKeys(m.resources) {
		if m.in.over() {
			break
		}
		b.clear(m.resources[address])
		p.Resources = append(p.Resources, *m.resources[address])
		b.stepsOf(m.resources[address])
	}
	for _, o := range m.extra {
		b.remove(Step{
			Action: Delete, Address: o.Owner.Address, Kind: o.Kind, Name: o.Name, Inside: o.inside, Object: o.ID,
			Cause: o.cause, Reason: o.reason, DataLoss: o.dataLoss,
		}, o.placed)
	}
	b.connect()
	if p.Steps, again = b.ordered(); again {
		return nil, true
	}
	p.Clean = idle(p.Steps)
	return p, false
}

// breakUp makes an object of the circle anew that was to be changed as it stands:
// what it lets go of can then go first. It returns false where there is none.
func (m *maker) breakUp(circle []Step) bool {
	if m.part(circle) {
		return true
	}
	for _, s := range circle {
		if s.Action == Update && m.forced[s.Address] == (why{}) {
			m.forced[s.Address] = why{FromAnother, "what it uses gives way to something that takes its place"}
			return true
		}
	}
	return false
}

// part makes objects that exchange their addresses let go of them first, each in a
// step of its own. It returns false where the circle is another one. What is only waited
// for in between is one of them, or stays.
func (m *maker) part(circle []Step) bool {
	circle = slices.DeleteFunc(slices.Clone(circle), func(s Step) bool { return s.Action == Wait })
	for _, s := range circle {
		if r := m.resources[s.Address]; s.Action != Update || m.parted[s.Address] || r == nil || len(m.partings(r)) == 0 {
			return false
		}
	}
	for _, s := range circle {
		m.parted[s.Address] = true
	}
	return len(circle) > 0
}

// circle are steps each of which has to come after the one before it, and the first after
// the last.
type circle struct {
	steps []Step
	// left are their addresses, and those that have to wait for them.
	left map[string]bool
}

func (c circle) problem() diag.Problem {
	var hops, addresses []string
	for _, s := range c.steps {
		hops = append(hops, fmt.Sprintf("%s %s", s.Action, s.Address))
		addresses = append(addresses, s.Address)
	}
	return diag.Problem{
		Severity: diag.Error, Code: "defect", Address: slices.Min(addresses), Summary: "Steps wait for each other in a circle",
		Detail: fmt.Sprintf("Each of these has to come after the one before it: %s, and %s again. They stay as they are, with what needs them. "+
			"Make the change in two steps: apply without one of them first.", strings.Join(hops, ", "), hops[0]),
	}
}

// leaveCircles notes in a plan what steps that wait for each other keep from being done,
// as far as that was asked for.
func (m *maker) leaveCircles(p *Plan) {
	for _, c := range m.circles {
		left := sortedKeys(c.left)
		if !slices.ContainsFunc(left, func(address string) bool {
			return (len(m.in.Target) == 0 || selects(m.in.Target, address)) && !selects(m.in.Exclude, address)
		}) {
			continue
		}
		p.Stopped = append(p.Stopped, c.problem())
		p.Left = append(p.Left, left...)
	}
}

// builder gathers steps and their edges.
type builder struct {
	m     *maker
	steps []Step
	// edges are between indices into steps. Soft are those that only repeat what
	// was recorded long ago: in a circle they give way, after wishes, which only
	// make a failure cheaper.
	edges, soft, wishes []graph.Edge
	// makes is the step after which an address is there; removes are those that
	// take one of its objects away.
	makes   map[string]int
	removes map[string][]int
	// updates is the live change of an address, and parts the one before it that only
	// lets go of what others wait for.
	updates, parts map[string]int
	// objects are what the removing steps remove, by index.
	objects map[int]placed
	going   map[string]bool
	// goingAs are all names that what goes is known by.
	goingAs map[name]bool
}

func newBuilder(m *maker) *builder {
	return &builder{
		m: m, makes: map[string]int{}, removes: map[string][]int{}, updates: map[string]int{}, parts: map[string]int{}, objects: map[int]placed{}, going: m.going(), goingAs: m.goingAs(),
	}
}

func (b *builder) add(s Step) int {
	b.steps = append(b.steps, s)
	return len(b.steps) - 1
}

// remove adds a step that takes an object away.
func (b *builder) remove(s Step, o placed) {
	i := b.add(s)
	b.removes[s.Address] = append(b.removes[s.Address], i)
	b.objects[i] = o
}

// need makes a step wait for another.
func (b *builder) need(before, after int) {
	b.edges = append(b.edges, graph.Edge{From: before, To: after})
}

// stepsOf adds the steps of one address.
func (b *builder) stepsOf(r *Resource) {
	s := Step{
		Action: r.Action, Address: r.Address, Kind: r.Kind, Name: r.Name, Inside: r.Inside,
		Cause: r.Cause, Reason: r.Reason, Changes: r.Changes, Tentative: r.Tentative, DataLoss: r.DataLoss, Anew: b.m.anew(r),
	}
	var before placed
	if r.Before != nil {
		s.Object, before = r.Before.ID, placed{*r.Before, r.Inside}
	}
	gone := s
	gone.Action = Delete
	switch {
	case r.Action == None:
	case takesOver(r):
		// The new one takes the name over when it is there: a build that fails costs nothing.
		s.Replaces, s.Object, s.DataLoss, s.Action = s.Object, "", "", Create
		b.makes[r.Address] = b.add(s)
	case r.Action == Replace, r.Action == Run && b.givesWay(r, before):
		s.Object, s.DataLoss = "", ""
		if r.Action == Replace {
			s.Action = Create
		}
		if r.Kind == provider.Network {
			s.Replaces = gone.Object
		}
		b.remove(gone, before)
		b.makes[r.Address] = b.add(s)
	case r.Action == Delete:
		b.remove(s, before)
	case (r.Action == Start || r.Action == Restart) && len(r.Changes) > 0:
		change := s
		because := b.m.because(r)
		change.Action, change.Cause, change.Reason, change.DataLoss, s.Changes = Update, because.cause, because.reason, "", nil
		b.updates[r.Address] = b.add(change)
		b.makes[r.Address] = b.add(s)
		b.need(b.updates[r.Address], b.makes[r.Address])
	case b.keepsByRecord(r):
		b.makes[r.Address] = b.add(s)
		gone.Cause, gone.Reason = recordHolds, FromAnother
		b.remove(gone, before)
		b.need(b.makes[r.Address], len(b.steps)-1)
	default:
		b.makes[r.Address] = b.add(s)
		if r.Action == Update {
			b.updates[r.Address] = b.makes[r.Address]
			b.partFirst(r, s)
		}
	}
	b.wait(r)
}

// partFirst adds the step in which an object leaves its addresses: it is one of several
// that exchange them, so that none could begin.
func (b *builder) partFirst(r *Resource, s Step) {
	if !b.m.parted[r.Address] {
		return
	}
	s.Changes, s.Cause, s.Reason = b.m.partings(r), "something else is to have its address first", FromAnother
	b.parts[r.Address] = b.add(s)
	b.need(b.parts[r.Address], b.updates[r.Address])
}

// givesWay tells whether a job's old record has to go before the job runs again:
// because it bears another name, or holds something that is removed.
func (b *builder) givesWay(r *Resource, before placed) bool {
	if r.Before == nil || r.Tentative {
		return false
	}
	return r.Before.Name != r.Name || b.holds(r, before.Owner.Deps)
}

// holds tells whether a job's record holds something that is removed.
func (b *builder) holds(r *Resource, deps []string) bool {
	goes := func(address string) bool { return b.going[address] }
	return slices.ContainsFunc(deps, goes) || slices.ContainsFunc(r.After.Deps, goes)
}

// recordHolds is the cause where the record of a run would keep something from going.
const recordHolds = "its record holds what is removed"

// recordGoes is what the cause says then where the job still runs.
const recordGoes = "; its record goes then, with what it holds"

// takesOver tells of an image that is made anew beside the one whose name it takes:
// nothing is removed before.
func takesOver(r *Resource) bool {
	return r.Action == Replace && r.Kind == provider.Image && r.Before != nil && r.Before.Name == r.Name
}

// keepsByRecord tells of a job that runs, and is waited for, whether its record would hold
// something that goes then: a volume, or what it was made from, as long as it is there. It
// is declared otherwise, and runs again with the next apply, with or without a record.
func (b *builder) keepsByRecord(r *Resource) bool {
	if !b.running(r.Address) {
		return false
	}
	return slices.ContainsFunc(usesOf(placed{*r.Before, r.Inside}), func(u use) bool {
		return (u.kind == provider.Volume || u.kind == provider.Image) && b.goingAs[u.name]
	})
}

// clear plans the removal of the record of a job that runs on request, where it
// holds something that is removed, and says of one that runs that its record goes.
func (b *builder) clear(r *Resource) {
	if b.keepsByRecord(r) {
		r.Cause += recordGoes
	}
	if onRequest(r) && r.Action == None && r.Before != nil && b.holds(r, r.Before.Owner.Deps) {
		r.decide(Delete, FromAnother, recordHolds)
	}
}

// going are the addresses that lose an object.
func (m *maker) going() map[string]bool {
	out := map[string]bool{}
	for address, r := range m.resources {
		if r.Before != nil && (r.Action == Replace || r.Action == Delete) {
			out[address] = true
		}
	}
	for _, o := range m.extra {
		out[o.Owner.Address] = true
	}
	return out
}

// goingAs are all names by which the objects are known that are removed.
func (m *maker) goingAs() map[name]bool {
	out := map[name]bool{}
	note := func(o placed) {
		for _, n := range namesOf(o) {
			out[n] = true
		}
	}
	for _, r := range m.resources {
		if r.Before != nil && (r.Action == Replace || r.Action == Delete) && !takesOver(r) {
			note(placed{*r.Before, r.Inside})
		}
	}
	for _, o := range m.extra {
		note(o.placed)
	}
	return out
}

// ordered sorts the steps topologically, and numbers them from 1. Among those that can
// come, removals come first, then by address. Where that is not possible, it says that
// everything has to be decided again, or leaves out what waits for itself.
func (b *builder) ordered() (steps []Step, again bool) {
	g := graph.New(len(b.steps), slices.Concat(b.edges, b.soft, b.wishes))
	for cycle := g.Cycle(); cycle != nil; cycle = g.Cycle() {
		if b.m.in.over() {
			return nil, false
		}
		if !b.loosen(cycle) {
			var c circle
			for _, i := range cycle {
				c.steps = append(c.steps, b.steps[i])
			}
			if b.m.breakUp(c.steps) {
				return nil, true
			}
			b.leaveOut(&c)
			b.m.circles = append(b.m.circles, c)
		}
		g = graph.New(len(b.steps), slices.Concat(b.edges, b.soft, b.wishes))
	}
	needs := g.Needs()
	number := make([]int, len(b.steps))
	steps = make([]Step, 0, len(b.steps))
	for _, i := range g.Order(b.compare) {
		s := b.steps[i]
		s.ID = len(steps) + 1
		number[i] = s.ID
		for _, need := range needs[i] {
			s.Needs = append(s.Needs, number[need])
		}
		slices.Sort(s.Needs)
		steps = append(steps, s)
	}
	settleHinges(steps)
	return steps, false
}

// leaveOut takes the steps of a circle away, and those that have to wait for them. The
// steps of one address belong together: half a replacement would be a removal.
func (b *builder) leaveOut(c *circle) {
	c.left = map[string]bool{}
	for _, s := range c.steps {
		c.left[s.Address] = true
	}
	for before := -1; before != len(c.left) && !b.m.in.over(); {
		before = len(c.left)
		for _, e := range slices.Concat(b.edges, b.soft, b.wishes) {
			if c.left[b.steps[e.From].Address] {
				c.left[b.steps[e.To].Address] = true
			}
		}
	}
	at := make([]int, len(b.steps)) // where each step that stays is then
	var steps []Step
	for i, s := range b.steps {
		at[i] = len(steps)
		if !c.left[s.Address] {
			steps = append(steps, s)
		}
	}
	for _, list := range []*[]graph.Edge{&b.edges, &b.soft, &b.wishes} {
		var edges []graph.Edge
		for _, e := range *list {
			if !c.left[b.steps[e.From].Address] && !c.left[b.steps[e.To].Address] {
				edges = append(edges, graph.Edge{From: at[e.From], To: at[e.To]})
			}
		}
		*list = edges
	}
	b.steps = steps
}

// loosen takes one edge out of a circle that gives way, always the same one.
func (b *builder) loosen(cycle []int) bool {
	firm := map[graph.Edge]bool{}
	for _, e := range b.edges {
		firm[e] = true
	}
	for _, e := range b.soft {
		firm[e] = true
	}
	if yield(&b.wishes, cycle, firm) {
		return true
	}
	clear(firm)
	for _, e := range b.edges {
		firm[e] = true
	}
	return yield(&b.soft, cycle, firm)
}

// yield takes the first edge of a circle that is not firm out of a list.
func yield(list *[]graph.Edge, cycle []int, firm map[graph.Edge]bool) bool {
	for i, to := range cycle {
		e := graph.Edge{From: cycle[(i+len(cycle)-1)%len(cycle)], To: to}
		if !firm[e] {
			*list = slices.DeleteFunc(*list, func(s graph.Edge) bool { return s == e })
			return true
		}
	}
	return false
}

func (b *builder) compare(i, j int) int {
	x, y := b.steps[i], b.steps[j]
	return cmp.Or(
		cmp.Compare(turn(x), turn(y)), strings.Compare(x.Address, y.Address),
		strings.Compare(x.Inside, y.Inside), strings.Compare(x.Object, y.Object),
	)
}

func turn(s Step) int {
	if s.Action == Delete {
		return 0
	}
	return 1
}
