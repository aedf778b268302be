package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// compare decides on every instance, asking the provider once.
func (m *maker) compare() diag.List {
	items, compared, problems := m.compared()
	if problems.HasErrors() {
		return problems
	}
	differences, err := m.in.Diff(items)
	if err == nil && len(differences) != len(items) {
		err = fmt.Errorf("%d objects were compared, and %d answers came back", len(items), len(differences))
	}
	if err != nil {
		return diag.Errorf("The provider could not compare", "%v. This is a defect of the provider.", err)
	}
	m.leftOut = map[string][]provider.Change{}
	m.declaredData = map[string]provider.Difference{}
	for i, r := range compared {
		m.differ(r, items[i], differences[i])
	}
	m.foretell()
	return nil
}

// compared are the objects that the provider compares with their declarations, and what
// is planned for each, in one order. What is not there is judged at once.
func (m *maker) compared() (items []provider.DiffItem, compared []*Resource, problems diag.List) {
	for i := range m.expanded.Instances { // hosts come before what is inside them
		in := &m.expanded.Instances[i]
		if m.in.over() {
			return nil, nil, interrupted()
		}
		if in.Logical || isExternal(*in) {
			continue
		}
		r := &Resource{Address: in.Address, Kind: in.Kind, Name: in.Name, Inside: in.Inside, After: in, Action: None}
		m.resources[in.Address] = r
		candidates := m.candidates(*in)
		if len(candidates) == 0 && in.Kind != provider.Daemon {
			m.absent(r)
			continue
		}
		declaration, problems := m.expanded.Declaration(in.Address, nil) // as it was expanded just now
		if problems.HasErrors() {
			return nil, nil, problems
		}
		if len(candidates) == 0 { // a daemon, whose data may be there
			m.absent(r)
			items = append(items, provider.DiffItem{Declaration: declaration, Absent: true, Actual: cty.EmptyObjectVal, Facts: m.in.Observed.snapshot(in.Inside).Facts})
			compared = append(compared, r)
			continue
		}
		existing := m.choose(candidates, declaration)
		r.Before = &existing.Object
		image, content := m.imageID(*in)
		items = append(items, provider.DiffItem{
			Declaration: declaration, Created: existing.Owner.Spec, Actual: existing.Actual,
			Condition: existing.Condition, Facts: m.in.Observed.snapshot(in.Inside).Facts, ImageID: image, ImageContent: content,
			Inside: m.in.Observed.Inside[in.Address].Facts,
		})
		compared = append(compared, r)
	}
	return items, compared, nil
}

// differ decides on an object by what the provider found.
func (m *maker) differ(r *Resource, item provider.DiffItem, found provider.Difference) {
	if r.Kind == provider.Daemon {
		m.declaredData[r.Address] = provider.Difference{Data: found.Data, Hides: found.Hides}
	}
	if item.Absent {
		return
	}
	for _, c := range heeded(found.Changes, r.After.Lifecycle) {
		if c.Cause == provider.LeftOut {
			m.leftOut[r.Address] = append(m.leftOut[r.Address], c)
			continue
		}
		r.Changes = append(r.Changes, c)
	}
	r.NotCompared, r.Secrets = found.NotCompared, secretsOf(item, found, m.expanded.Sensitive())
	m.judge(r)
}

// candidates are the project's objects for an instance, in the place where it is
// wanted. Those elsewhere go, but for images: they were carried there.
func (m *maker) candidates(in config.Instance) []placed {
	for _, o := range m.astray[in.Address] {
		if in.Kind != provider.Image && !m.vanishes(o.inside) {
			m.elsewhere(o)
		}
	}
	if m.vanishes(in.Inside) {
		return nil
	}
	return m.ours[in.Address]
}

// choose returns the best of several objects of one address that
// [Snapshot.Settle] left: one that runs, a network with members, of those one that
// was created as it is declared now. The others go.
func (m *maker) choose(candidates []placed, d provider.Declaration) placed {
	if len(candidates) > 1 {
		spec, err := provider.Spec(d.Declared)
		candidates = slices.Clone(candidates)
		slices.SortStableFunc(candidates, func(a, b placed) int {
			return cmp.Or(cmp.Compare(rank(a), rank(b)), older(a, b), cmp.Compare(differs(a, spec, err), differs(b, spec, err)))
		})
		for _, o := range candidates[1:] {
			if o.Kind == provider.Volume {
				continue // two volumes of one address stop it
			}
			m.extra = append(m.extra, surplus{placed: o, why: why{FromEarlierRun, "left by an earlier, interrupted run"}, dataLoss: m.dataOf(o)})
		}
	}
	// References mean the object that stays.
	list := m.ours[d.Address]
	if i := slices.IndexFunc(list, func(o placed) bool { return o.ID == candidates[0].ID && o.inside == candidates[0].inside }); i > 0 {
		m.ours[d.Address] = append([]placed{list[i]}, slices.Delete(slices.Clone(list), i, i+1)...)
	}
	return candidates[0]
}

// better orders objects of one address: what runs first, networks that have members,
// the older of those; then what was started last, then by id.
func better(a, b placed) int {
	return cmp.Or(cmp.Compare(rank(a), rank(b)), older(a, b), strings.Compare(b.Condition.Started, a.Condition.Started), strings.Compare(a.ID, b.ID))
}

// older puts networks with members first, and then the older ones.
func older(a, b placed) int {
	if a.Kind != provider.Network || b.Kind != provider.Network {
		return 0
	}
	return cmp.Or(cmp.Compare(min(b.Members, 1), min(a.Members, 1)), strings.Compare(a.Created, b.Created))
}

func rank(o placed) int {
	switch o.Condition.State {
	case provider.StateRunning, provider.StatePaused, provider.StateRestarting:
		return 0
	case provider.StateExited:
		return 1
	case provider.StateNone, provider.StateCreated:
		return 2
	case provider.StateRemoving, provider.StateDead:
	}
	return 3
}

// differs is 1 where an object was created otherwise than it is declared now, or
// that is not known.
func differs(o placed, spec []byte, err error) int {
	if err == nil && string(o.Owner.Spec) == string(spec) {
		return 0
	}
	return 1
}

// elsewhere removes an object that is wanted in another place now, or that bears the
// address of an engine that is not made here. A volume stays like one that nothing wants.
func (m *maker) elsewhere(o placed) {
	wanted := "and is wanted elsewhere"
	if m.in.Observed.Sites[o.Owner.Address].Inside == provider.NoPlace {
		wanted = "and " + o.Owner.Address + " is an engine that dindctl does not make"
	}
	if why := m.keeps(o.Kind); why != "" {
		m.kept = append(m.kept, Kept{Address: o.Owner.Address, Name: o.Name, Kind: o.Kind, Inside: o.inside, Why: "it is " + engineWord(o.inside) + "; " + why})
		return
	}
	m.extra = append(m.extra, surplus{placed: o, why: why{FromConfiguration, "it is " + engineWord(o.inside) + ", " + wanted}, dataLoss: m.dataOf(o)})
}

func engineWord(inside string) string {
	if inside == "" {
		return "on the root engine"
	}
	return "inside " + inside
}

// absent decides on what was not seen.
func (m *maker) absent(r *Resource) {
	m.pending[r.Address] = true
	user := m.madeWith(r)
	formerly := m.formerly(r, user)
	switch {
	case m.asked(r):
		r.decide(Run, FromRequest, "run by request")
	case onRequest(r):
		r.decide(None, "", "it runs on request only")
		return
	case r.Kind == provider.Job:
		r.decide(Run, FromNoRecord, "no record of a run")
	case formerly != "":
		r.decide(Create, FromAbsence, fmt.Sprintf("not there yet: what %s was made with is %s again, without a moved block", user, formerly))
	case user != "":
		r.decide(Create, FromRemoval, "it is no longer there: "+user+" was made with it")
	default:
		r.decide(Create, FromAbsence, "not there yet")
	}
	if s := m.seen(r.Inside); !s.Readable && !s.Absent {
		r.Tentative = true
		r.decide(r.Action, FromUnread, "whether it is there is not known: "+r.Inside+" cannot be looked into")
		if r.Kind == provider.Job {
			r.Cause = "whether it has run is not known: " + r.Inside + " cannot be looked into"
		}
	}
}

// madeWith is the address of something that stands beside what is absent and was
// made with it, so that it must have been there; empty where there is nothing.
func (m *maker) madeWith(r *Resource) string {
	if m.users == nil {
		m.users = map[string]string{}
		for _, address := range sortedKeys(m.ours) {
			for _, o := range m.ours[address] {
				for _, dep := range o.Owner.Deps {
					if at := o.inside + "\x00" + dep; m.users[at] == "" {
						m.users[at] = address
					}
				}
			}
		}
	}
	if m.vanishes(r.Inside) {
		return ""
	}
	return m.users[r.Inside+"\x00"+r.Address]
}

// formerly is the address under which the volume or network is recorded that a user,
// which was made with the absent one, has in its place: it was made before the address
// was moved, and the moved block that said so is gone. Empty where there is none, or
// where several may be it.
func (m *maker) formerly(r *Resource, user string) string {
	if user == "" {
		return ""
	}
	var all, alike []string
	for _, address := range m.orphansOf(r.Kind, m.ours[user][0]) {
		all = append(all, address)
		if lastPart(address) == lastPart(r.Address) { // such as the data of a daemon beside its certificates
			alike = append(alike, address)
		}
	}
	switch {
	case len(alike) == 1:
		return alike[0]
	case len(all) == 1:
		return all[0]
	}
	return ""
}

// orphansOf are the addresses of volumes, or networks, that an object uses, was not
// recorded with, and the configuration lacks.
func (m *maker) orphansOf(kind provider.Kind, user placed) []string {
	var out []string
	for _, used := range usedBy(user.Object, user.inside) {
		address := m.orphanNamed(used)
		if address != "" && used.space == nameSpace(kind) && !slices.Contains(user.Owner.Deps, address) && !slices.Contains(out, address) {
			out = append(out, address)
		}
	}
	return out
}

// orphanNamed is the address of the project's object of that name that the
// configuration lacks; empty where there is none.
func (m *maker) orphanNamed(n name) string {
	if m.orphaned == nil {
		m.orphaned = map[name]string{}
		for _, address := range sortedKeys(m.ours) {
			if _, configured := m.expanded.Instance(address); configured {
				continue
			}
			for _, o := range m.ours[address] {
				m.orphaned[nameOf(o.inside, o.Object)] = address
			}
		}
	}
	return m.orphaned[n]
}

func lastPart(address string) string { return address[strings.LastIndexByte(address, '.')+1:] }

// imageID is the id of the image that an instance wants, as its place or the nearest
// place around it has it. Where that is another place, whose ids may be of another kind,
// content says what the image is, if that is known.
func (m *maker) imageID(in config.Instance) (id, content string) {
	contentIn := func(inside, id string) string {
		if inside == in.Inside {
			return ""
		}
		return m.in.Observed.snapshot(inside).Contents[id]
	}
	if in.ImageAddress != "" {
		if m.pending[in.ImageAddress] {
			return "", ""
		}
		if list := m.ours[in.ImageAddress]; len(list) > 0 {
			id := cmp.Or(list[0].Values.ID, list[0].ID)
			return id, contentIn(list[0].inside, id)
		}
	}
	for _, inside := range append(m.expanded.Around(in.Inside), "") {
		if id := m.in.Observed.snapshot(inside).Images[in.ImageRef]; id != "" {
			return id, contentIn(inside, id)
		}
	}
	return "", ""
}
