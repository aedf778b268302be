package mount

// At tells tests what stands at a path of a container and why it is not known.
func At(t Topology, look Look) func(container, path string) (o Object, unknown string) {
	r := newResolver(t, look)
	return func(container, path string) (Object, string) {
		p := r.walk(space{container: container}, path)
		return p.raw, p.unknown
	}
}
