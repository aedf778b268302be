package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/mount"
	"github.com/dindctl/dindctl/provider"
)

// Make plans. The plan is nil where the problems have errors.
func Make(in Input) (*Plan, diag.List) {
	m := newMaker(in)
	if problems := m.checkOwners(); problems.HasErrors() {
		return nil, problems
	}
	if in.Destroy || in.Expand == nil {
		return m.destroy()
	}
	problems := m.decide()
	if problems.HasErrors() {
		return nil, problems
	}
	problems = append(problems, m.checkNames()...)
	m.orphans()
	problems = append(problems, m.checkDataLoss()...)
	entries, more := m.expanded.CheckMounts(m.places(), in.Look)
	problems = append(problems, more...)
	if problems.HasErrors() {
		return nil, problems
	}
	p := m.assemble()
	p.Mounts, p.Outputs = entries, m.expanded.Outputs
	return p, problems
}

// maker holds what one planning works on.
type maker struct {
	in       Input
	expanded *config.Expanded
	// ours are the project's objects by address, the best of each first.
	ours map[string][]placed
	// pending are the addresses that are made anew.
	pending   map[string]bool
	resources map[string]*Resource
	kept      []Kept
	// extra are objects that go although their address stays: the lesser of two.
	extra []placed
}

// placed is an object and the daemon that it is inside.
type placed struct {
	provider.Object
	inside string
}

func newMaker(in Input) *maker {
	m := &maker{in: in, ours: map[string][]placed{}, pending: map[string]bool{}, resources: map[string]*Resource{}}
	for _, inside := range in.Observed.places() {
		for _, o := range in.Observed.snapshot(inside).Objects {
			if o.Owner.Project == in.Project && o.Owner.Address != "" && o.Condition.State != provider.StateRemoving {
				m.ours[o.Owner.Address] = append(m.ours[o.Owner.Address], placed{o, inside})
			}
		}
	}
	for _, list := range m.ours {
		slices.SortFunc(list, better)
	}
	return m
}

// better orders objects of one address: what runs first, then the younger, then by id.
func better(a, b placed) int {
	return cmpOr(rank(a)-rank(b), strings.Compare(b.Condition.Started, a.Condition.Started), strings.Compare(a.ID, b.ID))
}

func cmpOr(values ...int) int {
	for _, v := range values {
		if v != 0 {
			return v
		}
	}
	return 0
}

func rank(o placed) int {
	switch o.Condition.State {
	case provider.StateRunning, provider.StatePaused, provider.StateRestarting:
		return 0
	case provider.StateExited:
		return 1
	case provider.StateNone, provider.StateCreated, provider.StateRemoving, provider.StateDead:
		return 2
	}
	return 3
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

// known is what references evaluate to: what exists, but for what is made anew.
func (m *maker) known() config.Known {
	known := config.Known{}
	facts := m.in.Observed.Root.Facts
	known["daemon.root"] = config.Knowledge{Values: provider.Values{
		ID: facts.ID, Endpoint: facts.Endpoint, Version: facts.Version, StorageDriver: facts.Details["storage_driver"],
	}}
	for address, list := range m.ours {
		known[address] = config.Knowledge{Values: list[0].Values, Pending: m.pending[address]}
	}
	for address := range m.pending {
		if _, found := known[address]; !found {
			known[address] = config.Knowledge{Pending: true}
		}
	}
	return known
}

// decide compares until nothing more has to be made anew: what is replaced
// changes what refers to it.
func (m *maker) decide() diag.List {
	for {
		expanded, problems := m.in.Expand(m.known())
		if problems.HasErrors() {
			return problems
		}
		m.expanded = expanded
		before := len(m.pending)
		m.resources = map[string]*Resource{}
		m.extra, m.kept = nil, nil
		if err := m.compare(); err != nil {
			return diag.Errorf("The provider could not compare", "%v. This is a defect of the provider.", err)
		}
		if len(m.pending) == before {
			return problems
		}
	}
}

// compare decides on every instance, asking the provider once.
func (m *maker) compare() error {
	var items []provider.DiffItem
	var compared []*Resource
	known := m.known()
	for i := range m.expanded.Instances {
		in := &m.expanded.Instances[i]
		if in.Logical || isExternal(*in) {
			continue
		}
		r := &Resource{Address: in.Address, Kind: in.Kind, Name: in.Name, Inside: in.Inside, After: in, Action: None}
		m.resources[in.Address] = r
		existing := m.existing(*in)
		if existing == nil {
			m.absent(r)
			continue
		}
		r.Before = existing
		declaration, problems := m.expanded.Declaration(in.Address, known)
		if problems.HasErrors() {
			return fmt.Errorf("evaluating %s: %s", in.Address, problems.Errors()[0].Detail)
		}
		snapshot := m.in.Observed.snapshot(in.Inside)
		items = append(items, provider.DiffItem{
			Declaration: declaration, Created: existing.Owner.Spec, Actual: existing.Actual,
			Condition: existing.Condition, Facts: snapshot.Facts, ImageID: m.imageID(*in),
		})
		compared = append(compared, r)
	}
	differences, err := m.in.Diff(items)
	if err != nil {
		return err
	}
	if len(differences) != len(items) {
		return fmt.Errorf("%d items were compared, and %d answers came back", len(items), len(differences))
	}
	for i, r := range compared {
		r.Changes = differences[i].Changes
		m.judge(r)
	}
	return nil
}

// existing is the project's object for an instance, in the place where it is wanted.
func (m *maker) existing(in config.Instance) *provider.Object {
	var found *provider.Object
	for _, o := range m.ours[in.Address] {
		switch {
		case o.inside != in.Inside, found != nil:
			m.extra = append(m.extra, o)
		default:
			found = &o.Object
		}
	}
	return found
}

// absent decides on what was not seen.
func (m *maker) absent(r *Resource) {
	r.Action, r.Cause = Create, "not there yet"
	m.pending[r.Address] = true
	if r.Kind == provider.Job {
		r.Action, r.Cause = Run, "no record of a run"
	}
	if r.Inside == "" {
		return
	}
	if s := m.in.Observed.snapshot(r.Inside); !s.Readable && !s.Absent {
		r.Tentative = true
	}
}

// imageID is the id of the image that an instance wants, as its place or the
// nearest place around it has it.
func (m *maker) imageID(in config.Instance) string {
	if in.ImageAddress != "" {
		if m.pending[in.ImageAddress] {
			return ""
		}
		if list := m.ours[in.ImageAddress]; len(list) > 0 {
			return list[0].ID
		}
	}
	for inside, more := in.Inside, true; more; {
		if id := m.in.Observed.snapshot(inside).Images[in.ImageRef]; id != "" {
			return id
		}
		more = inside != ""
		parent, _ := m.expanded.Instance(inside)
		inside = parent.Inside
	}
	return ""
}

func isExternal(in config.Instance) bool {
	declared, _ := in.Declared.Unmark()
	if declared.IsNull() || !declared.Type().IsObjectType() || !declared.Type().HasAttribute("external") {
		return false
	}
	external, _ := declared.GetAttr("external").Unmark()
	return external.IsKnown() && !external.IsNull() && external.True()
}

// places is what the observation adds to what the rule reads.
func (m *maker) places() config.TopologyOptions {
	options := config.TopologyOptions{
		Host: hostOf(m.in.Observed.Root.Facts), HostWhy: m.in.Observed.Root.Facts.FilesWhy,
		Socket: strings.TrimPrefix(m.socket(), "unix://"), API: map[string]string{}, Volumes: map[string]map[string]mount.NamedVolume{},
	}
	for _, inside := range m.in.Observed.places() {
		s := m.in.Observed.snapshot(inside)
		engine := inside
		if engine == "" {
			engine = "daemon.root"
		}
		if s.Facts.API != "" {
			options.API[engine] = s.Facts.API
		}
		for _, o := range s.Objects {
			if o.Kind != provider.Volume {
				continue
			}
			if options.Volumes[engine] == nil {
				options.Volumes[engine] = map[string]mount.NamedVolume{}
			}
			options.Volumes[engine][o.Name] = mount.NamedVolume{Address: o.Owner.Address}
		}
	}
	return options
}

// socket is the root engine's endpoint where that is a socket, else empty.
func (m *maker) socket() string {
	if endpoint := m.in.Observed.Root.Facts.Endpoint; strings.HasPrefix(endpoint, "unix://") {
		return endpoint
	}
	return ""
}

func hostOf(facts provider.Facts) string {
	switch facts.Files {
	case provider.FilesShared:
		return "this"
	case provider.FilesContainer:
		return "container=" + facts.Self
	case provider.FilesUnknown:
	}
	return "unknown"
}
