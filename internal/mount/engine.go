package mount

import "cmp"

// space is a file system in which paths are resolved: a container's view, or a
// host (then container is empty), where every path is itself.
type space struct{ container, host string }

// engineSpace returns the file system of an engine, or why it is not known.
func (r *resolver) engineSpace(address string) (space, string) {
	e, ok := r.t.Engines[address]
	if !ok {
		return space{}, "nothing is known of the engine " + address
	}
	if e.Container != "" {
		return space{container: e.Container}, ""
	}
	return space{host: hostOf(address, e)}, ""
}

func hostOf(address string, e Engine) string { return cmp.Or(e.Host, address) }

// engineName returns one address for all the addresses of an engine: the root
// engine may be there a second time, as a daemon with a socket.
func (r *resolver) engineName(address string) string {
	if name, ok := r.names[address]; ok {
		return name
	}
	name := address
	if e, ok := r.t.Engines[address]; ok && e.Container == "" && e.Host != "" {
		for other, o := range r.t.Engines {
			if sameEngine(e, o) && rank(other) < rank(name) {
				name = other
			}
		}
	}
	r.names[address] = name
	return name
}

// rank puts the root engine's own address before all others.
func rank(address string) string {
	if address == "daemon.root" {
		return ""
	}
	return address
}

func sameEngine(a, b Engine) bool {
	if a.Container != "" || b.Container != "" || a.Host != b.Host {
		return false
	}
	if a.Socket == "" || b.Socket == "" {
		return true
	}
	as, bs := clean(a.Socket), clean(b.Socket)
	return as == bs || otherName(as) == bs
}

// volume finds a named volume of an engine, under any of the engine's addresses.
func (r *resolver) volume(engine, name string) (NamedVolume, bool) {
	if v, ok := r.t.Engines[engine].Volumes[name]; ok {
		return v, true
	}
	e, ok := r.t.Engines[engine]
	if !ok || e.Container != "" || e.Host == "" {
		return NamedVolume{}, false
	}
	for _, address := range sortedKeys(r.t.Engines) {
		if o := r.t.Engines[address]; sameEngine(e, o) {
			if v, ok := o.Volumes[name]; ok {
				return v, true
			}
		}
	}
	return NamedVolume{}, false
}
