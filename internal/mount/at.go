package mount

// Spot is a path in a container.
type Spot struct{ Container, Path string }

// At are the objects that stand behind spots, in canonical form and with links followed,
// one for each; the zero Object where nothing can be said.
func (k Checker) At(t Topology, spots []Spot) []Object {
	r := newResolver(t, k.Look)
	out := make([]Object, len(spots))
	for i, s := range spots {
		if k.Interrupted != nil && k.Interrupted() != nil {
			break
		}
		if _, known := t.Containers[s.Container]; known && absolute(s.Path) {
			out[i] = r.walk(space{container: s.Container}, s.Path).object
		}
	}
	return out
}

// Lasting tells of files that several containers can have: those of a host or a volume.
func (o Object) Lasting() bool { return o.Kind == HostPath || o.Kind == VolumeFiles }

// Overlaps tells whether two objects are one, or one lies in the other.
func (o Object) Overlaps(p Object) bool { return o.holds(p) || p.holds(o) }

// Holds tells whether p is o or lies below it.
func (o Object) Holds(p Object) bool { return o.holds(p) }
