package mount

// At tells tests what stands at a path of a container and why it is not known.
func At(t Topology, look Look) func(container, path string) (o Object, unknown string) {
	r := newResolver(t, look)
	return func(container, path string) (Object, string) {
		p := r.walk(space{container: container}, path)
		return p.raw, p.unknown
	}
}

// OnHost tells tests what a path of a host leads to and why it is not known.
func OnHost(t Topology, look Look) func(host, path string) (o Object, unknown string) {
	r := newResolver(t, look)
	return func(host, path string) (Object, string) {
		p := r.walk(space{host: host}, path)
		return p.raw, p.unknown
	}
}

// Clean is the lexical form of a path.
func Clean(p string) string { return clean(p) }

// Rejoin takes a path apart at each directory above it and joins it again.
func Rejoin(p string) []string {
	var out []string
	upwards(p, func(dir string) bool {
		if within(p, dir) {
			out = append(out, join(dir, remainder(p, dir)))
		}
		return false
	})
	return out
}
