package plan

import (
	"slices"
	"strings"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/provider"
)

// Inner is what a step does to what is inside a daemon.
type Inner struct {
	// Stays says on what it stays, where the daemon is made anew or goes: "volume
	// ci-dind-data". Empty where it does not stay, or that is not known.
	Stays string
	// Hidden says why it cannot be seen afterwards, although it stays: a clause. Empty
	// where it can.
	Hidden string
	// Own are the addresses of the project's own that are hidden; Others name what is not
	// the project's and is inside, at any depth: containers that run end with the daemon.
	Own    []string
	Others []Inhabitant
	// Goes says that what is inside is lost with what is done to the daemon.
	Goes bool
}

// Inhabitant is something inside a daemon that is not the project's.
type Inhabitant struct {
	provider.Other
	Inside string // address of the daemon that it is in
}

// Words name it, for people, as seen from a daemon around it.
func (i Inhabitant) Words(daemon string) string {
	if i.Inside == daemon {
		return i.Other.Words()
	}
	return i.Other.Words() + " inside " + i.Inside
}

// goesDown tells whether a step takes everything down that runs inside a daemon.
func goesDown(r *Resource) bool {
	return r.Before != nil && (r.Action == Replace || r.Action == Delete || r.Action == Restart || stoppedByAnother(r))
}

// stoppedByAnother tells of something that runs, and that is started because what it is
// inside was stopped.
func stoppedByAnother(r *Resource) bool {
	return r.Action == Start && r.Reason == FromAnother && r.Inside != "" && keepsRunning(r)
}

// becomesOf is the one place that says what a step does to what is inside a daemon: fate
// is what will be there, why a clause that says why what is there now is not seen then.
// What loses data is said by [maker.innerLoss], from the same facts.
func (m *maker) becomesOf(r *Resource) (f fate, why string) {
	if r.Before == nil || r.After == nil || !goesDown(r) {
		return stays, ""
	}
	was, now := r.Before.Data, m.declaredData[r.Address]
	switch {
	case r.Action == Replace && (was.On == provider.DataUnknown || now.Data.On == provider.DataUnknown) && now.Hides != "":
		return another, now.Hides
	case was.On == provider.DataUnknown || now.Data.On == provider.DataUnknown:
		return stays, ""
	case r.Action != Replace && was.GoWithRun():
		return emptied, ""
	case r.Action != Replace:
		return stays, ""
	case now.Data.GoWithObject() || m.unmade(r.Inside, now.Data):
		return emptied, ""
	case was.GoWithObject() || !was.Same(now.Data):
		return another, otherData(now.Data)
	case now.Hides != "":
		return another, now.Hides
	}
	return stays, ""
}

func otherData(d provider.Data) string {
	if d.On == provider.DataVolume {
		return whyOtherData
	}
	return "its data will be " + d.Words()
}

// unmade tells whether data lie on a volume that is still to be made, or is made anew.
func (m *maker) unmade(inside string, d provider.Data) bool {
	return d.On == provider.DataVolume && slices.ContainsFunc(m.expanded.Instances, func(in config.Instance) bool {
		return in.Kind == provider.Volume && in.Inside == inside && in.Name == d.Source && !isExternal(in) &&
			(len(m.ours[in.Address]) == 0 || m.replaced(in.Address))
	})
}

// dataAsSaid says where the data of a daemon lie: where it was looked into, by its own
// word, which counts before what was read from how it is started.
func dataAsSaid(o placed, inside Snapshot) provider.Data {
	root := inside.Facts.Details[provider.DetailDataRoot]
	if o.Kind != provider.Daemon || !inside.Readable || root == "" || root == o.Data.At {
		return o.Data
	}
	data, view := provider.DataAt(root, o.Views)
	if data.On == provider.DataVolume && !recordOf(o.Owner).named(view.Target) {
		return provider.Data{On: provider.DataAnonymous, At: root}
	}
	return data
}

// innerLoss describes what is lost of the inside of a daemon when it is removed; empty
// where nothing is.
func (m *maker) innerLoss(o placed) string {
	if o.Kind != provider.Daemon || !o.Data.GoWithObject() || o.Condition.State == provider.StateCreated { // never started
		return ""
	}
	text := "all that is inside " + o.Owner.Address + ", which lies " + o.Data.Words()
	if list := m.ours[o.Owner.Address]; len(list) > 0 && (list[0].ID != o.ID || list[0].inside != o.inside) {
		return text + ": what that is cannot be seen" // it is another one that was looked into
	}
	own, others := m.inhabitants(o.Owner.Address)
	names := own
	for _, other := range others {
		names = append(names, other.Words(o.Owner.Address)+" (not the project's)")
	}
	if s, seen := m.in.Observed.Inside[o.Owner.Address]; seen && !s.Readable {
		names = append(names, "what that is cannot be seen")
	}
	if len(names) == 0 {
		return text
	}
	return text + ": " + strings.Join(names, ", ")
}

// inhabitants are what was seen inside a daemon, at any depth: the addresses of what is
// the project's, and what is not.
func (m *maker) inhabitants(daemon string) (own []string, others []Inhabitant) {
	for _, address := range sortedKeys(m.ours) {
		if slices.ContainsFunc(m.ours[address], func(o placed) bool { return slices.Contains(m.around(o.inside), daemon) }) {
			own = append(own, address)
		}
	}
	for _, inside := range m.in.Observed.places() {
		if inside == "" || !slices.Contains(m.around(inside), daemon) {
			continue
		}
		for _, other := range m.in.Observed.snapshot(inside).Others {
			others = append(others, Inhabitant{other, inside})
		}
	}
	return own, others
}

// emptyStopped finds the daemons whose data are gone because they are stopped, and says
// so of them. It returns true where something has to be decided again: what was inside
// will not be there.
func (m *maker) emptyStopped() (again bool) {
	for _, address := range sortedKeys(m.resources) {
		r := m.resources[address]
		if r.Kind != provider.Daemon || r.Action == Replace || r.Action == Delete || !goesDown(r) || !r.Before.Data.GoWithRun() {
			continue
		}
		r.DataLoss = m.innerLoss(placed{*r.Before, r.Inside}) // its volumes without a name stay with it
		if m.fates[address] == stays {
			m.fates[address], again = emptied, true
		}
	}
	return again
}

// tellInner notes of every daemon what becomes of what is inside it.
func (m *maker) tellInner() {
	for _, r := range m.resources {
		if r.Kind != provider.Daemon || !goesDown(r) {
			continue
		}
		own, others := m.inhabitants(r.Address)
		was, now := r.Before.Data, m.declaredData[r.Address].Data
		r.Inner.Others = others
		r.Inner.Goes = (r.Action == Replace || r.Action == Delete || was.GoWithRun()) && m.innerLoss(placed{*r.Before, r.Inside}) != ""
		f := m.fates[r.Address]
		switch {
		case f == another && !was.GoWithObject():
			r.Inner.Hidden, r.Inner.Own = m.whyAnother(r.Address), own
		case r.Action == Replace && m.leavesBehind(r, was, now):
			r.Inner.Hidden, r.Inner.Own = otherData(now), own
		case f == stays && !r.Inner.Goes && (r.Action != Replace || r.After == nil || was.Same(now)):
			r.Inner.Stays = staysOn(was)
		}
	}
}

// leavesBehind tells of a daemon that is replaced whether its data stay where they are,
// and it gets others.
func (m *maker) leavesBehind(r *Resource, was, now provider.Data) bool {
	if was.On == provider.DataUnknown || was.GoWithObject() || now.On == provider.DataUnknown || was.Same(now) {
		return false
	}
	for _, v := range m.resources {
		if v.Kind == provider.Volume && v.Before != nil && v.Before.Name == was.Source && v.Inside == r.Inside && (v.Action == Delete || v.Action == Replace) {
			return false // they go
		}
	}
	return true
}

func staysOn(d provider.Data) string {
	switch d.On {
	case provider.DataVolume:
		return "volume " + d.Source
	case provider.DataPath:
		return strings.TrimSuffix(d.Source+"/"+d.Rest, "/") + " of the host"
	case provider.DataUnknown, provider.DataAnonymous, provider.DataOwn, provider.DataMemory:
	}
	return ""
}

// whyAnother says why what was inside a daemon is not seen then.
func (m *maker) whyAnother(daemon string) string {
	if why := m.hiding[daemon]; why != "" {
		return why
	}
	return whyOtherData
}

// dataGoes tells whether everything inside a daemon is lost with it.
func (m *maker) dataGoes(daemon string) bool {
	for _, d := range m.around(daemon) {
		if slices.ContainsFunc(m.ours[d], func(o placed) bool { return o.Data.GoWithObject() && m.removed(d) }) {
			return true
		}
	}
	return false
}

// removed tells whether an address that exists goes, as far as that was asked for.
func (m *maker) removed(address string) bool {
	if len(m.in.Target) > 0 && !selects(m.in.Target, address) || selects(m.in.Exclude, address) {
		return false
	}
	if m.expanded == nil {
		return true
	}
	_, wanted := m.expanded.Instance(address)
	return !wanted
}

// isMemory tells of a volume that a daemon's data lie on and that is memory: it is
// emptied, whether it is kept or not.
func (m *maker) isMemory(o placed) bool {
	if o.Kind != provider.Volume {
		return false
	}
	for _, list := range m.ours {
		if slices.ContainsFunc(list, func(d placed) bool {
			return d.inside == o.inside && d.Data.On == provider.DataMemory && d.Data.Source == o.Name
		}) {
			return true
		}
	}
	return false
}
