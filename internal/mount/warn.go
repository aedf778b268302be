package mount

// Revisions of the engine's interface, 1.x, from which a feature is there.
const (
	apiReadOnlyBelow = 44 // read_only reaches the mounts below
	apiSubpath       = 45 // a volume's sub-directory can be mounted
)

// warnings are sentences about a mount that is visible but may still surprise.
func (r *resolver) warnings(q question, d side, compare bool) []string {
	var out []string
	if r.empty != nil && d.space.container == "" && !d.volume && d.raw.Kind == HostPath && r.empty(d.raw, d.raw.Rest) {
		out = append(out, d.object.String()+" is an empty directory that belongs to root: "+
			"Docker makes such a one where a source is missing, so it may be left over from an earlier failure.")
	}
	if d.readOnly && r.wantsToWrite(q) {
		out = append(out, "It is writable as declared, but "+q.n.Daemon+" has it read-only: writing will fail.")
	}
	if compare && q.n.Resolve != ResolveTranslate && q.hasController && !r.ownSocket(q, d.place) && !r.holds(q, d) {
		out = append(out, "No mount of "+q.n.Controller+" holds "+d.object.String()+`; write resolve = "daemon" if the daemon's own path is meant.`)
	}
	if q.n.ReadOnly && apiBelow(q.engine.API, apiReadOnlyBelow) && r.writableBelow(d) {
		out = append(out, "Engines before API 1.44, such as "+q.n.Daemon+", leave what is mounted below "+d.path+" writable.")
	}
	return append(out, r.kindWarnings(q, d)...)
}

// wantsToWrite tells whether the nested container expects to write.
func (r *resolver) wantsToWrite(q question) bool {
	if q.n.Kind == nestedPath && q.hasController {
		return q.controller.mounted() && !q.controller.readOnly
	}
	return !q.n.ReadOnly
}

// holds tells whether some mount of the controller holds the daemon's object.
// What kernel and engines make is everybody's.
func (r *resolver) holds(q question, d side) bool {
	if d.object.Kind == KernelFiles {
		return true
	}
	if q.controller.mounted() && q.controller.object == d.object {
		return true
	}
	for _, p := range r.mounts(q.n.Controller) {
		if p.unknown == "" && p.object.holds(d.object) {
			return true
		}
	}
	return false
}

func (r *resolver) writableBelow(d side) bool {
	if d.volume || d.space.container == "" {
		return false
	}
	for _, target := range r.view(d.space.container).below(d.path) {
		if !r.here(d.space, target).readOnly {
			return true
		}
	}
	return false
}
