package mount

import (
	"cmp"
	"maps"
	"path"
	"slices"
	"strings"
)

// maxLinks is how many symbolic links are followed in one path, as in the kernel.
const maxLinks = 40

// resolver answers questions about one topology and keeps what it found.
type resolver struct {
	t        Topology
	look     Look
	empty    Empty
	file     File
	nested   map[string][]Nested  // by address; nil until asked for
	override map[string]Container // stands in the place of the topology's
	views    map[string]*view
	looks    map[Object]looked
	hostings map[Object]place   // what paths of hosts lead to, before canonical form
	names    map[string]string  // engine -> canonical engine
	hosts    map[string]string  // host -> why its files are not known
	limits   map[string][]limit // host -> what of its files is not known
	// located maps the place where a volume or socket is kept to that volume or socket.
	located map[Object]Object
}

type looked struct {
	link   string
	exists bool
	why    string
}

func newResolver(t Topology, look Look) *resolver {
	hosts := map[string]string{}
	for _, address := range sortedKeys(t.Engines) {
		if e := t.Engines[address]; e.Container == "" {
			host := hostOf(address, e)
			hosts[host] = cmp.Or(hosts[host], e.Unknown)
		}
	}
	return &resolver{
		t: t, look: look, hosts: hosts, limits: limitsOf(t),
		views: map[string]*view{}, looks: map[Object]looked{}, hostings: map[Object]place{}, names: map[string]string{},
	}
}

// with returns a resolver of the same topology with one container changed. What
// was read of file systems is kept, and so are the views which the change cannot reach.
func (r *resolver) with(c Container) *resolver {
	views := make(map[string]*view, len(r.views))
	for address, v := range r.views {
		if !v.building && !r.reaches(address, c.Address) {
			views[address] = v
		}
	}
	return &resolver{
		t: r.t, look: r.look, looks: r.looks, hostings: r.hostings, names: r.names, hosts: r.hosts, limits: r.limits,
		views: views, override: map[string]Container{c.Address: c},
	}
}

// reaches tells whether a container is another or lies, at any depth, inside it.
func (r *resolver) reaches(address, outer string) bool {
	for range len(r.t.Containers) + 1 {
		if address == outer {
			return true
		}
		c, ok := r.t.Containers[address]
		if !ok || r.t.Engines[c.Engine].Container == "" {
			return false
		}
		address = r.t.Engines[c.Engine].Container
	}
	return true
}

// withVolume returns a resolver of the same topology with one volume more.
func (r *resolver) withVolume(engine, name string) *resolver {
	t := r.t
	t.Engines = maps.Clone(t.Engines)
	e := t.Engines[engine]
	e.Volumes = maps.Clone(e.Volumes)
	if e.Volumes == nil {
		e.Volumes = map[string]NamedVolume{}
	}
	e.Volumes[name] = NamedVolume{}
	t.Engines[engine] = e
	return newResolver(t, r.look)
}

func (r *resolver) container(address string) (Container, bool) {
	if c, ok := r.override[address]; ok {
		return c, true
	}
	c, ok := r.t.Containers[address]
	c.Address = address
	return c, ok
}

// mounts are the places at which another object begins in a container, in the
// order of their paths.
func (r *resolver) mounts(container string) []place {
	v := r.view(container)
	if v.places == nil {
		v.places = make([]place, len(v.targets))
		for i, target := range v.targets {
			v.places[i] = r.here(space{container: container}, target)
		}
	}
	return v.places
}

// place is what a path leads to in one space.
type place struct {
	space    space
	path     string // after links
	raw      Object // before canonical form
	object   Object // in canonical form; none where nothing can be said
	point    *point // nil in a container's own root and on a host
	readOnly bool
	unknown  string // why nothing can be said
	doubt    string // why links were not read on the way
	exists   *bool  // nil where it is not known
}

// mounted tells whether the place lies in a mount, not in the container's own
// root or in what engine and kernel make.
func (p place) mounted() bool { return p.point != nil && p.point.kind != builtinPoint }

// walk resolves a path: cleaned lexically, then link by link, each read in the
// object's file system and followed in the space in which it was met.
func (r *resolver) walk(s space, p string) place {
	return r.canonicalPlace(r.walkRaw(s, p))
}

// here is what stands at a path, no links followed.
func (r *resolver) here(s space, p string) place {
	return r.canonicalPlace(r.hereRaw(s, p))
}

func (r *resolver) canonicalPlace(p place) place {
	if p.unknown == "" {
		p.object = r.canonical(p.raw)
	}
	return p
}

func (r *resolver) walkRaw(s space, p string) place {
	if s.container == "" {
		key := Object{Kind: HostPath, In: s.host, Rest: p}
		found, known := r.hostings[key]
		if !known {
			found = r.follow(s, nil, p)
			r.hostings[key] = found
		}
		return found
	}
	v := r.view(s.container)
	if v.building {
		return place{space: s, path: clean(p), unknown: s.container + " lies inside itself"}
	}
	return r.follow(s, v, p)
}

// walkView resolves a path in a view that may still be in the making.
func (r *resolver) walkView(v *view, p string) place {
	return r.follow(space{container: v.container.Address}, v, p)
}

func (r *resolver) follow(s space, v *view, p string) place {
	p = clean(p)
	rest := split(p)
	at, links, doubt := "/", 0, ""
	for len(rest) > 0 {
		name := rest[0]
		rest = rest[1:]
		if name == ".." || name == "." {
			at = path.Join(at, name)
			continue
		}
		next := ""
		switch end := len(at) + 1 + len(name); {
		case links > 0:
			next = join(at, "/"+name)
		case at == "/":
			next = p[:end-1]
		default:
			next = p[:end]
		}
		link, why := r.link(s, v, next)
		doubt = cmp.Or(doubt, why)
		if link == "" {
			at = next
			continue
		}
		if links++; links > maxLinks {
			return place{space: s, path: p, unknown: "there are more than 40 symbolic links on the way to " + p}
		}
		if strings.HasPrefix(link, "/") {
			at = "/"
		}
		rest = append(split(link), rest...)
	}
	found := r.stand(s, v, at)
	found.doubt = cmp.Or(found.doubt, doubt)
	if l, asked := r.lookAt(found.raw); asked && l.why == "" {
		found.exists = &l.exists
	}
	return found
}

func (r *resolver) hereRaw(s space, p string) place {
	if s.container == "" {
		return r.stand(s, nil, p)
	}
	return r.stand(s, r.view(s.container), p)
}

func (r *resolver) stand(s space, v *view, p string) place {
	found := place{space: s, path: p}
	if v == nil {
		found.raw = Object{Kind: HostPath, In: s.host, Rest: p}
		found.unknown = r.unknownOn(s.host, p)
	} else {
		found.unknown = v.unknownAt(p)
		found.point = v.at(p)
		found.raw = Object{Kind: OwnRoot, In: s.container, Rest: p}
	}
	if at := found.point; at != nil {
		found.readOnly = at.readOnly
		found.unknown = cmp.Or(found.unknown, at.unknown)
		found.doubt = at.doubt
		r.behind(&found, at, remainder(p, at.target))
	}
	return found
}

// behind sets what stands behind a path below a point. What is mounted below the
// source of a bind in the engine's own view comes along.
func (r *resolver) behind(found *place, at *point, rest string) {
	if !at.recursive || at.unknown != "" || at.outer.container == "" {
		found.raw = at.object.join(rest)
		return
	}
	outer := r.hereRaw(at.outer, join(at.source, rest))
	found.raw = outer.raw
	found.readOnly = found.readOnly || outer.readOnly
	found.unknown = cmp.Or(found.unknown, outer.unknown)
}

// link reads the symbolic link at a path of a space; empty where there is none.
// The second result says why it cannot be known.
func (r *resolver) link(s space, v *view, p string) (link, why string) {
	if v != nil && v.exactly(p) {
		return "", ""
	}
	found := r.stand(s, v, p)
	if found.unknown != "" {
		return "", ""
	}
	raw := found.raw
	if raw.Kind == OwnRoot {
		c, _ := r.container(raw.In)
		return c.ImageLinks[raw.Rest], ""
	}
	l, _ := r.lookAt(raw)
	if raw.Kind != HostPath {
		// Nobody looks into volumes; what is in them is taken to be no link.
		return l.link, ""
	}
	return l.link, l.why
}

// lookAt asks for an object; asked is false for what cannot be looked at at all.
func (r *resolver) lookAt(raw Object) (l looked, asked bool) {
	host, ok := r.onHost(raw)
	if !ok {
		return looked{}, false
	}
	if l, ok := r.looks[host]; ok {
		return l, true
	}
	l = r.ask(host)
	r.looks[host] = l
	return l, true
}

func (r *resolver) ask(o Object) looked {
	if why := r.hosts[o.In]; why != "" {
		return looked{why: why}
	}
	if r.look == nil {
		return looked{why: "the files of the " + hostView(o.In) + " are not looked at"}
	}
	link, exists, err := r.look(o, o.Rest)
	if err != nil {
		return looked{why: o.String() + " cannot be looked at: " + err.Error()}
	}
	return looked{link: link, exists: exists}
}

// onHost is the path of an object on a host, where it has one that is known.
func (r *resolver) onHost(raw Object) (Object, bool) {
	if raw.Kind == HostPath {
		return raw, true
	}
	kept, ok := r.kept(raw)
	return kept, ok && kept.Kind == HostPath
}

func notPosix(p string) string {
	return `"` + p + `" is not an absolute path in POSIX form`
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
