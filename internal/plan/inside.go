package plan

import (
	"slices"

	"github.com/dindctl/dindctl/provider"
)

// fate says what becomes of everything inside a daemon.
type fate int

const (
	stays   fate = iota // what was seen will be there
	emptied             // the daemon's data goes, and everything inside with it
	another             // the daemon gets other data: what is inside is not known
)

// foretell finds the daemons in which other things will be than were seen. What
// is inside them is decided on in the next round.
func (m *maker) foretell() {
	for _, in := range m.expanded.Instances {
		r, found := m.resources[in.Address]
		if !found || r.Kind != provider.Daemon || in.Address == m.settled {
			continue
		}
		if f := m.fateOf(r); f != stays {
			m.fates[r.Address] = f
		}
	}
}

func (m *maker) fateOf(r *Resource) fate {
	if f := m.fates[r.Address]; f != stays {
		return f
	}
	if f, why := m.becomesOf(r); f != stays {
		m.hiding[r.Address] = why
		return f
	}
	if r.Action != Replace && r.Action != Create {
		return stays
	}
	data := refOf(r.After.Declared, "data")
	switch {
	case data == "": // its directory is mounted in another way, or lost: that is shown as data loss
		return stays
	case m.replaced(data):
		return emptied
	case r.Action == Create && len(m.ours[r.Address]) == 0:
		return stays // what was observed says what is known
	case m.named(data) == "": // it will be made, whatever the daemon has its data on now
		return emptied
	case r.Action == Replace && r.Before.Data.Same(m.declaredData[r.Address].Data):
		return stays
	case r.Action == Replace && recordOf(r.Before.Owner).ref("data") == data && mountsVolume(*r.Before, m.named(data)):
		return stays
	}
	return another
}

// named is the name of what there is under an address; empty where nothing is.
func (m *maker) named(address string) string {
	if list := m.ours[address]; len(list) > 0 {
		return list[0].Name
	}
	return m.externals[address].Name
}

// mountsVolume tells whether an object has a volume of that name now. The one that it was
// made with may be recorded under another address again, whose moved block is gone.
func mountsVolume(o provider.Object, volume string) bool {
	return slices.ContainsFunc(o.Views, func(v provider.View) bool { return v.Type == "volume" && v.Source == volume })
}

// replaced tells whether an object that exists is made anew.
func (m *maker) replaced(address string) bool { return m.pending[address] && len(m.ours[address]) > 0 }

// vanishes tells whether what was seen inside a daemon will not be there, at any depth.
func (m *maker) vanishes(inside string) bool {
	return slices.ContainsFunc(m.around(inside), func(daemon string) bool { return m.fates[daemon] != stays })
}

// around are a daemon, as it was seen, and those that it is inside, at every depth,
// each once: what is inside a daemon may say that it is that daemon.
func (m *maker) around(inside string) []string {
	var out []string
	for inside != "" && !slices.Contains(out, inside) {
		out = append(out, inside)
		list := m.ours[inside]
		if len(list) == 0 {
			break
		}
		inside = list[0].inside
	}
	return out
}

// seen is what is known of the inside of a daemon when its turn comes.
func (m *maker) seen(inside string) Snapshot {
	for _, daemon := range m.expanded.Around(inside) {
		switch m.fates[daemon] {
		case emptied:
			return Snapshot{Absent: true}
		case another:
			return Snapshot{Why: m.whyAnother(daemon)}
		case stays:
		}
	}
	return m.in.Observed.snapshot(inside)
}

const whyOtherData = "its data will be on another volume"

// restartInside plans a start for what runs inside a daemon that is started, once more
// or not, or replaced: it stops with it.
func (m *maker) restartInside() {
	for _, in := range m.expanded.Instances { // hosts come before what is inside them
		r, found := m.resources[in.Address]
		if !found || r.Inside == "" || r.Inside == m.settled || r.Before == nil || !r.Kind.Runs() {
			continue
		}
		host, found := m.resources[r.Inside]
		if !found {
			continue
		}
		var cause string
		switch host.Action {
		case Start:
			cause = r.Inside + " is started"
		case Restart:
			cause = r.Inside + " is started again"
		case Replace:
			cause = r.Inside + " is replaced"
		case None, Create, Update, Run, Delete, Wait, Stop:
			continue
		}
		switch {
		case r.Kind == provider.Job && r.Action == Start && onRequest(r) && !m.asked(r):
			r.decide(None, "", "") // it ends with its daemon, and nobody asks for it again
		case r.Kind == provider.Job && r.Action == Start:
			r.decide(Run, FromAnother, cause+" while it runs")
			r.Tentative = true
		case r.Kind == provider.Job:
		case r.Action == None || r.Action == Update || r.Action == Start || r.Action == Restart:
			r.decide(Start, FromAnother, cause)
			r.Tentative = true
		}
	}
}

// unread are the daemons that exist, or may, and could not be looked into, and
// those that get other data.
func (m *maker) unread() []Unread {
	var out []Unread
	for _, inside := range m.in.Observed.places() {
		if inside == "" {
			continue
		}
		s := m.in.Observed.snapshot(inside)
		if m.expanded != nil {
			s = m.seen(inside)
		}
		if !s.Readable && !s.Absent {
			out = append(out, Unread{Address: inside, Why: s.Why, Goes: m.dataGoes(inside)})
		}
	}
	return out
}
