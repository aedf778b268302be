package mount

// kept is the place where an engine keeps a volume's files, if it is known.
func (r *resolver) kept(o Object) (Object, bool) {
	if o.Kind != VolumeFiles {
		return Object{}, false
	}
	v, ok := r.volume(o.In, o.Name)
	if !ok || v.Device != "" || !absolute(v.Mountpoint) {
		return Object{}, false
	}
	s, why := r.engineSpace(o.In)
	if why != "" {
		return Object{}, false
	}
	if s.container == "" {
		return Object{Kind: HostPath, In: s.host, Rest: join(clean(v.Mountpoint), o.Rest)}, true
	}
	if r.view(s.container).building {
		return Object{}, false
	}
	found := r.hereRaw(s, clean(v.Mountpoint))
	return found.raw.join(o.Rest), found.unknown == ""
}

// canonical gives an object its one form: what lies where an engine keeps a
// volume is that volume, and an engine's socket is the socket.
func (r *resolver) canonical(raw Object) Object {
	if r.located == nil {
		r.locate()
	}
	for range len(r.t.Engines) + 1 {
		next := r.canonicalOnce(raw)
		if next == raw {
			break
		}
		raw = next
	}
	return raw
}

func (r *resolver) canonicalOnce(raw Object) Object {
	found := raw
	upwards(raw.Rest, func(dir string) bool {
		at := raw
		at.Rest = dir
		known, ok := r.located[at]
		if !ok || known.Kind == EngineSocket && dir != raw.Rest || known.base() == raw.base() {
			return false
		}
		found = known.join(remainder(raw.Rest, dir))
		return true
	})
	return found
}

// locate finds where engines keep their volumes and sockets.
func (r *resolver) locate() {
	located := map[Object]Object{}
	for _, address := range sortedKeys(r.t.Engines) {
		e := r.t.Engines[address]
		for _, name := range sortedKeys(e.Volumes) {
			volume := Object{Kind: VolumeFiles, In: r.engineName(address), Name: name, Rest: "/"}
			if kept, ok := r.kept(volume); ok {
				located[kept] = volume
			}
		}
		r.locateSocket(address, e, located)
	}
	r.located = located
}

func (r *resolver) locateSocket(address string, e Engine, located map[Object]Object) {
	s, why := r.engineSpace(address)
	if why != "" || !absolute(e.Socket) {
		return
	}
	socket := Object{Kind: EngineSocket, In: r.engineName(address), Rest: "/"}
	names := []string{clean(e.Socket)}
	if other := otherName(names[0]); other != "" {
		names = append(names, other)
	}
	for _, name := range names {
		if found := r.hereRaw(s, name); found.unknown == "" {
			located[found.raw] = socket
		}
	}
	if found := r.walkRaw(s, names[0]); found.unknown == "" {
		located[found.raw] = socket
	}
}
