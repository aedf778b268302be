package mount

import (
	"cmp"
	"slices"
	"strings"
)

// pointKind says who put a point into a view.
type pointKind int

const (
	declaredPoint pointKind = iota // a declared or implied mount
	imagePoint                     // a volume that the image declares
	entryPoint                     // mounted by the entrypoint, over everything
	builtinPoint                   // made by engine or kernel in every container
)

// point is one place of a view at which something else than the own root begins.
type point struct {
	target string // resolved
	kind   pointKind
	object Object // behind the target, not yet canonical
	// named is the target as declared; it differs where a link leads elsewhere.
	named    string
	readOnly bool
	private  bool // to the container, as its own root is
	mount    Mount
	// source is the path in the file system of the container's engine that stands
	// behind the point; empty where there is none.
	source string
	// outer is the file system that source is a path of.
	outer space
	// recursive says that what is mounted below the source comes along.
	recursive bool
	unknown   string // why the object is not known
	doubt     string // why links of the source could not be read
}

// view is a container's mount table.
type view struct {
	container Container
	points    map[string]*point // by target; entry mounts are kept apart
	entries   map[string]*point
	// targets are the paths at which another object begins, but for what engine and
	// kernel make in every container, sorted. They include what comes along with
	// a recursive mount.
	targets  []string
	places   []place // at the targets; nil until they are asked for
	clashes  []Clash
	moved    bool   // some target is another path than it was declared as
	unknown  string // why nothing is known of the whole view
	building bool
}

// builtins are the places that engine and kernel make in every container; the
// value says whether the place is private to the container.
func builtins() map[string]bool {
	return map[string]bool{
		"/proc": false, "/sys": false, "/dev": false,
		"/dev/shm": true, "/dev/mqueue": true,
		"/etc/hosts": true, "/etc/hostname": true, "/etc/resolv.conf": true,
	}
}

// at returns what is mounted at or above a path; nil is the container's own root.
func (v *view) at(p string) *point {
	if e := longest(v.entries, p); e != nil {
		return e
	}
	return longest(v.points, p)
}

// covered returns the declared mount that would hold p if no entry mount
// covered it; nil where none does.
func (v *view) covered(p string) *point {
	if longest(v.entries, p) == nil {
		return nil
	}
	under := longest(v.points, p)
	if under == nil || under.kind == builtinPoint || under.private {
		return nil
	}
	return under
}

// exactly tells whether something is mounted at the very path: then no link is there.
func (v *view) exactly(p string) bool {
	return v.points[p] != nil || v.entries[p] != nil
}

// below returns the targets that lie below a path, sorted, each once.
func (v *view) below(p string) []string {
	prefix := strings.TrimSuffix(p, "/") + "/"
	from, _ := slices.BinarySearch(v.targets, prefix)
	to := from
	for to < len(v.targets) && strings.HasPrefix(v.targets[to], prefix) {
		to++
	}
	return v.targets[from:to]
}

// unknownAt says why nothing is known of a path of the view; empty where it is known.
func (v *view) unknownAt(p string) string {
	if v.unknown != "" {
		return v.unknown
	}
	for _, dir := range v.container.UnknownBelow {
		if within(p, clean(dir)) {
			return "the entrypoint of " + v.container.Address + " rebuilds " + clean(dir) + " at its start"
		}
	}
	return ""
}

func longest(points map[string]*point, p string) *point {
	if len(points) == 0 {
		return nil
	}
	var found *point
	upwards(p, func(dir string) bool {
		found = points[dir]
		return found != nil
	})
	return found
}

// view returns the mount table of a container, made at its first use.
func (r *resolver) view(address string) *view {
	if v, ok := r.views[address]; ok {
		return v
	}
	v := &view{points: map[string]*point{}, entries: map[string]*point{}}
	r.views[address] = v
	container, known := r.container(address)
	if !known {
		v.container.Address = address
		v.unknown = "nothing is known of " + address
		return v
	}
	v.container = container
	v.building = true
	for target, private := range builtins() {
		kind := KernelFiles
		if private {
			kind = EngineFiles
		}
		v.points[target] = &point{
			target: target, named: target, kind: builtinPoint, private: private,
			object: Object{Kind: kind, In: address, Name: target, Rest: "/"},
		}
	}
	for _, p := range r.declared(container) {
		at := r.walkView(v, p.named)
		v.add(p, at.path)
		if v.moved {
			// Where links lead from what is not known is not known either.
			p.unknown = cmp.Or(p.unknown, at.unknown)
		}
	}
	r.addEntries(v)
	v.targets = r.boundaries(v)
	v.building = false
	return v
}

// declared returns the points of a container's mounts and image volumes with
// their sources resolved, parents first, as Docker mounts them.
func (r *resolver) declared(c Container) []*point {
	points := make([]*point, 0, len(c.Mounts)+len(c.ImageVolumes))
	written := make(map[string]bool, len(c.Mounts))
	for _, m := range c.Mounts {
		written[clean(m.Target)] = true
		points = append(points, r.declaredPoint(c, m))
	}
	for _, target := range c.ImageVolumes {
		if target = clean(target); !written[target] {
			written[target] = true
			points = append(points, &point{
				named: target, kind: imagePoint, private: true,
				object: Object{Kind: AnonymousVolume, In: c.Address, Name: target, Rest: "/"},
			})
		}
	}
	slices.SortStableFunc(points, func(a, b *point) int {
		return cmp.Or(cmp.Compare(len(split(a.named)), len(split(b.named))), strings.Compare(a.named, b.named))
	})
	return points
}

// declaredPoint resolves one mount on the container's engine.
func (r *resolver) declaredPoint(c Container, m Mount) *point {
	p := &point{named: clean(m.Target), kind: declaredPoint, mount: m, readOnly: m.ReadOnly}
	switch m.Type {
	case Tmpfs:
		p.private = true
		p.object = Object{Kind: TmpfsFiles, In: c.Address, Name: p.named, Rest: "/"}
	case Volume:
		r.volumePoint(c, p)
	case Bind:
		p.recursive = true
		r.sourcePoint(p, c.Engine, m.Source)
	default:
		p.unknown = "mounts of type " + string(m.Type) + " are not known"
	}
	return p
}

func (r *resolver) volumePoint(c Container, p *point) {
	if p.mount.Volume == "" {
		p.private = true
		p.object = Object{Kind: AnonymousVolume, In: c.Address, Name: p.named, Rest: clean(p.mount.Subpath)}
		return
	}
	if volume, ok := r.volume(c.Engine, p.mount.Volume); ok && volume.Device != "" {
		r.sourcePoint(p, c.Engine, join(volume.Device, p.mount.Subpath))
		return
	}
	p.object = Object{
		Kind: VolumeFiles, In: r.engineName(c.Engine), Name: p.mount.Volume, Rest: clean(p.mount.Subpath),
	}
}

// sourcePoint resolves a path in the file system of an engine.
func (r *resolver) sourcePoint(p *point, engine, source string) {
	s, why := r.engineSpace(engine)
	if why == "" {
		source, why = r.pathOn(engine, HostDoor, source)
	}
	if why != "" {
		p.unknown = why
		return
	}
	found := r.walkRaw(s, source)
	p.object, p.source, p.outer = found.raw, found.path, s
	p.readOnly = p.readOnly || found.readOnly
	p.unknown, p.doubt = found.unknown, found.doubt
}

// add puts a point into the view at its resolved target. Points come in the
// order in which they are mounted.
func (v *view) add(p *point, target string) {
	p.target = target
	if v.moved = v.moved || target != p.named; v.moved {
		v.cover(p)
	} else if other := v.points[target]; other != nil && other.kind != builtinPoint {
		v.clash(other, p)
	}
	if other := v.points[target]; other == nil || other.kind == builtinPoint {
		v.points[target] = p
	}
	if target == "/dev" {
		delete(v.points, "/dev/mqueue")
	}
}

// cover looks for points at or below the target of a new one. Parents come
// first, so that there are none below unless a link leads there.
func (v *view) cover(p *point) {
	for _, below := range sortedKeys(v.points) {
		other := v.points[below]
		switch {
		case other.kind == builtinPoint || !within(below, p.target):
		case below == p.target || len(split(other.named)) == len(split(p.named)):
			v.clash(other, p)
		default:
			delete(v.points, below)
		}
	}
}

// clash notes that which of two mounts wins is decided anew at each start.
func (v *view) clash(a, b *point) {
	v.clashes = append(v.clashes, Clash{Container: v.container.Address, Targets: [2]string{a.named, b.named}, At: a.target})
	a.unknown = "two mounts of " + v.container.Address + " meet at " + a.target
}

// boundaries are the targets of a finished view, sorted, each once.
func (r *resolver) boundaries(v *view) []string {
	var targets []string
	for _, p := range v.points {
		if p.kind == builtinPoint {
			continue
		}
		targets = append(targets, p.target)
		if p.recursive && p.unknown == "" && p.outer.container != "" {
			for _, below := range r.view(p.outer.container).below(p.source) {
				targets = append(targets, join(p.target, remainder(below, p.source)))
			}
		}
	}
	for target := range v.entries {
		targets = append(targets, target)
	}
	slices.Sort(targets)
	return slices.Compact(targets)
}

// addEntries puts in what the entrypoint mounts after everything else.
func (r *resolver) addEntries(v *view) {
	type entry struct{ named, target string }
	entries := make([]entry, 0, len(v.container.EntryMounts))
	for _, named := range v.container.EntryMounts {
		entries = append(entries, entry{clean(named), r.walkView(v, named).path})
	}
	for _, e := range entries {
		if p := v.points[e.target]; v.container.EntryYields && p != nil && p.kind != builtinPoint {
			continue
		}
		v.entries[e.target] = &point{
			target: e.target, named: e.named, kind: entryPoint, private: true,
			object: Object{Kind: TmpfsFiles, In: v.container.Address, Name: e.target, Rest: "/"},
		}
	}
}
