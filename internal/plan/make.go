package plan

import (
	"maps"
	"slices"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// Make plans. The plan is nil where the problems have errors; that the run was
// interrupted is one, and then the only one.
func Make(in Input) (*Plan, diag.List) {
	p, problems := makePlan(in)
	if in.over() { // what was left out on the way says nothing
		return nil, interrupted()
	}
	return p, problems
}

func interrupted() diag.List { return diag.Interrupted("There is no plan, and nothing was changed.") }

func makePlan(in Input) (*Plan, diag.List) {
	m := newMaker(in)
	if problems := m.checkOwners(); problems.HasErrors() {
		return nil, problems
	}
	if in.Destroy || in.Expand == nil {
		return m.destroy()
	}
	return m.make()
}

// make plans what the configuration wants.
func (m *maker) make() (*Plan, diag.List) {
	for {
		problems := m.decide()
		if problems.HasErrors() {
			return nil, problems
		}
		if m.in.over() {
			return nil, interrupted()
		}
		m.restartSharers()
		m.restartInside()
		if m.emptyStopped() {
			continue
		}
		m.orphans()
		m.tellInner()
		m.keepHeld()
		problems = append(problems, m.warnings()...)
		entries, more := m.expanded.CheckMounts(m.places(), m.files())
		problems = append(problems, more...)
		p, again := m.assemble()
		if !again {
			p.part(m.in, m.excluded(), m.needed())
			m.leaveCircles(p)
			p.Stopped = append(p.Stopped, m.hindered(p)...)
			stopped := m.leaveStopped(p)
			problems = slices.DeleteFunc(problems, func(problem diag.Problem) bool { return stopped[problem.Address] })
			problems = append(problems, m.checkPrevented(p)...)
			problems = append(problems, m.checkDataLoss(p)...)
		}
		if problems.HasErrors() {
			return nil, append(problems, m.stopsOf(p)...)
		}
		if !again {
			p.Mounts, p.Outputs, p.Expanded = entries, m.expanded.Outputs, m.expanded
			m.conceal(p)
			return p, problems
		}
	}
}

// maker holds what one planning works on.
type maker struct {
	in       Input
	expanded *config.Expanded
	// ours are the project's objects by address, the best of each first.
	ours map[string][]placed
	// astray are those that are not where their addresses belong: they may be removed,
	// and images, which are carried, stay; they serve for nothing else.
	astray map[string][]placed
	// externals are what is used as it was found, by address.
	externals map[string]provider.Object
	// pending are the addresses that are made anew, or whose values will be others.
	pending map[string]bool
	// fates say of daemons that what is inside them will not be what was seen.
	fates map[string]fate
	// hiding says of daemons why what was inside is not seen then, if it is known.
	hiding map[string]string
	// declaredData says where the data of declared daemons will lie.
	declaredData map[string]provider.Difference
	// forced are objects that cannot be changed as they stand, and why.
	forced map[string]why
	// parted are objects that let go of their addresses before they take others.
	parted map[string]bool
	// users are, by place and address, something that was made with what is there; nil
	// until asked for.
	users map[string]string
	// addresses are those of the project's objects, by place and id; nil until asked for.
	addresses map[at]string
	// settled is the daemon that is looked into again; see Refine.
	settled string

	// circles are those of the steps that were assembled last; see [maker.leaveCircles].
	circles []circle

	// What follows is made anew in each round of decide.
	// holding is what goes on using what bears which name, see holder; nil until asked for.
	holding   map[name]holder
	resources map[string]*Resource
	kept      []Kept
	// leftOut is what was asked for of objects and left out for good, by address.
	leftOut map[string][]provider.Change
	// extra are objects that go although their address stays.
	extra []surplus
	// wanted are the names that the configuration wants, and borne what bears which;
	// nil until asked for.
	wanted map[name]bool
	borne  map[name][]provider.Object
	// orphaned are the addresses that the configuration lacks, by what bears which name; nil
	// until asked for.
	orphaned map[name]string
}

// placed is an object and the daemon that it is inside.
type placed struct {
	provider.Object
	inside string
}

// at is where an object is: the daemon that it is inside, and its id.
type at struct{ inside, id string }

// surplus is an object that goes although its address stays.
type surplus struct {
	placed
	why
	dataLoss string
}

func newMaker(in Input) *maker {
	m := &maker{
		in: in, ours: map[string][]placed{}, astray: map[string][]placed{}, pending: map[string]bool{}, fates: map[string]fate{}, hiding: map[string]string{},
		forced: map[string]why{}, parted: map[string]bool{}, resources: map[string]*Resource{}, externals: in.Observed.externals(),
	}
	for _, inside := range in.Observed.places() {
		if in.over() {
			break
		}
		for _, o := range in.Observed.snapshot(inside).Objects {
			if o.Owner.Project != in.Project || o.Owner.Address == "" || o.Condition.State == provider.StateRemoving {
				continue
			}
			into := m.ours
			if site, configured := in.Observed.Sites[o.Owner.Address]; configured && site.Inside != inside || o.Stray {
				into = m.astray
			}
			into[o.Owner.Address] = append(into[o.Owner.Address], placed{o, inside})
		}
	}
	for address, list := range m.ours {
		slices.SortFunc(list, better)
		list[0].Data = dataAsSaid(list[0], in.Observed.Inside[address])
	}
	for _, list := range m.astray {
		slices.SortFunc(list, better)
	}
	return m
}

// places are the root ("") and the daemons that were observed, sorted.
func (o Observed) places() []string {
	out := []string{""}
	for address := range o.Inside {
		out = append(out, address)
	}
	slices.Sort(out)
	return out
}

// snapshot is what was seen inside a daemon; of the root for "".
func (o Observed) snapshot(inside string) Snapshot {
	if inside == "" {
		return o.Root
	}
	return o.Inside[inside]
}

// Unread are the daemons that exist, or may, and could not be looked into, by address.
func (o Observed) Unread() []Unread {
	var out []Unread
	for _, inside := range o.places() {
		if s := o.snapshot(inside); inside != "" && !s.Readable && !s.Absent {
			out = append(out, Unread{Address: inside, Why: s.Why})
		}
	}
	return out
}

// Externals are what is external in one place (inside a daemon; the root for ""),
// by address, as it was found there: the values of what is not made here.
func (s Snapshot) Externals(inside string, sites map[string]Site) map[string]provider.Object {
	var out map[string]provider.Object
	var found map[name]provider.Object // nil until something external is met
	for address, site := range sites {
		if !site.External || site.Inside != inside {
			continue
		}
		if found == nil {
			out, found = map[string]provider.Object{}, map[name]provider.Object{}
			for _, o := range s.Objects {
				found[nameOf(inside, o)] = o
			}
		}
		if o, there := found[name{inside, nameSpace(site.Kind), site.Name}]; there {
			out[address] = o
		}
	}
	return out
}

// externals are what is external in all places, by address.
func (o Observed) externals() map[string]provider.Object {
	out := map[string]provider.Object{}
	for _, inside := range o.places() {
		maps.Copy(out, o.snapshot(inside).Externals(inside, o.Sites))
	}
	return out
}

// known is what references evaluate to: what exists, but for what is made anew.
func (m *maker) known() config.Known {
	known := config.Known{}
	facts := m.in.Observed.Root.Facts
	known[rootDaemon] = config.Knowledge{Details: facts.Details, Values: provider.Values{
		ID: facts.ID, Endpoint: facts.Endpoint, Version: facts.Version, StorageDriver: facts.Details["storage_driver"],
	}}
	for address, list := range m.ours {
		values := list[0].Values
		if inside, found := m.in.Observed.Inside[address]; found && inside.Readable {
			values.Version, values.StorageDriver = inside.Facts.Version, inside.Facts.Details["storage_driver"]
		}
		known[address] = config.Knowledge{Values: values, Pending: m.pending[address]}
	}
	for address := range m.pending {
		if _, found := known[address]; !found {
			known[address] = config.Knowledge{Pending: true}
		}
	}
	for address, o := range m.externals { // also where something of ours bears the address still
		known[address] = config.Knowledge{Values: o.Values}
	}
	return known
}

// decide compares until nothing more has to be made anew: what is replaced
// changes what refers to it, and what is inside it.
func (m *maker) decide() diag.List {
	for {
		if m.in.over() {
			return interrupted()
		}
		expanded, problems := m.in.Expand(m.known())
		if problems.HasErrors() {
			return problems
		}
		m.expanded = expanded
		if problems := m.checkWords(); problems.HasErrors() {
			return problems
		}
		m.replaceByRequest()
		m.resources = map[string]*Resource{}
		m.extra, m.kept, m.wanted, m.borne, m.holding, m.orphaned = nil, nil, nil, nil, nil, nil
		before := m.rounds()
		if problem := m.compare(); problem.HasErrors() {
			return problem
		}
		if m.rounds() == before {
			return problems
		}
	}
}

// rounds counts what only grows from round to round. What does not exist yet is
// not known, whether it is pending or not, and needs no further round.
func (m *maker) rounds() int {
	n := len(m.fates)
	for address := range m.pending {
		if len(m.ours[address]) > 0 {
			n++
		}
	}
	return n
}

// rootDaemon is the address of the root engine.
const rootDaemon = "daemon.root"
