package mount

import "cmp"

// limit is what of a host's files is not known to others than one of its engines.
type limit struct {
	engine  string
	below   []string // nothing is known below these
	home    string   // nothing is known outside of this, if it is not empty
	sockets []string // are what they are nevertheless
}

// limitsOf gathers the limits of all hosts.
func limitsOf(t Topology) map[string][]limit {
	limits := map[string][]limit{}
	for _, address := range sortedKeys(t.Engines) {
		e := t.Engines[address]
		if e.Container != "" || len(e.UnknownBelow) == 0 && e.KnownBelow == "" {
			continue
		}
		l := limit{engine: address, below: e.UnknownBelow, home: e.KnownBelow}
		if absolute(e.Socket) {
			socket := clean(e.Socket)
			l.sockets = []string{socket, otherName(socket)}
		}
		host := hostOf(address, e)
		limits[host] = append(limits[host], l)
	}
	return limits
}

// unknownOn says why nothing is known of a path of a host; empty where it is known.
func (r *resolver) unknownOn(host, p string) string {
	for _, l := range r.limits[host] {
		if l.holdsSocket(p) {
			continue
		}
		for _, dir := range l.below {
			if dir = clean(dir); within(p, dir) {
				return l.engine + " has files of its own below " + dir + " (it is rootless)"
			}
		}
		if l.home != "" && !within(p, clean(l.home)) && !within(clean(l.home), p) {
			return l.engine + " sees only what lies below " + clean(l.home) + " as others do (it is Docker from snap)"
		}
	}
	return ""
}

func (l limit) holdsSocket(p string) bool {
	for _, socket := range l.sockets {
		if p == socket {
			return true
		}
	}
	return false
}

// pathOn gives a source its canonical form in the file system of an engine.
func (r *resolver) pathOn(engine string, door Door, written string) (canonical, why string) {
	e := r.t.Engines[engine]
	if e.Container != "" {
		if !absolute(written) {
			return "", notPosix(written)
		}
		return clean(written), ""
	}
	if e.Door == RawDoor {
		door = RawDoor
	}
	return e.Platform.Canonical(cmp.Or(door, HostDoor), written)
}

// asked is the source of a nested mount as its daemon has it, or why it is not known.
// What a controller starts by itself goes through the socket that it has mounted.
func (r *resolver) asked(q question) (canonical, why string) {
	door := HostDoor
	if q.n.Kind == nestedPath {
		door = RawDoor
	}
	if q.n.Resolve == ResolveTranslate && q.hasController {
		// It is a path of the controller.
		if !absolute(q.n.Source) {
			return "", notPosix(q.n.Source)
		}
		return clean(q.n.Source), ""
	}
	return r.pathOn(q.n.Daemon, door, q.n.Source)
}

// spelled writes a canonical path of an engine on a host as dindctl sends it.
func (r *resolver) spelled(engine, canonical string) (string, bool) {
	e := r.t.Engines[engine]
	return e.Platform.Spell(cmp.Or(e.Door, HostDoor), canonical)
}
