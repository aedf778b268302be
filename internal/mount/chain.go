package mount

import (
	"slices"
	"strings"
)

// chain shows level by level what the source leads to: from the host to the
// daemon, from the host to the controller, and what the nested container gets.
func (r *resolver) chain(q question, f finding) []Link {
	links := r.daemonChain(q, f)
	if q.hasController && q.n.Type == Bind && absolute(q.n.Source) {
		links = appendNew(links, r.levels(q.controller, clean(q.n.Source)))
	}
	for _, x := range f.differences {
		links = appendNew(links, []Link{
			{View: q.n.Daemon, Path: x.d.path, Object: r.text(x.d)},
			{View: q.n.Controller, Path: x.c.path, Object: r.text(x.c)},
		})
	}
	gets := f.gets
	if gets == "" {
		gets = r.text(f.side.place)
	}
	view := q.n.Address
	if q.n.Kind == nestedPath {
		view = "job"
	}
	return append(links, Link{View: view, Path: q.n.Target, Object: gets})
}

func (r *resolver) daemonChain(q question, f finding) []Link {
	d := f.side
	switch {
	case d.volume:
		return []Link{{View: q.n.Daemon, Path: f.send.word(), Object: r.text(d.place)}}
	case d.space == space{}:
		return []Link{}
	case f.send.Type == Bind && f.send.Source != "" && d.path != "":
		return r.levels(d.place, f.send.Source)
	}
	return r.levels(d.place, d.path)
}

// levels are the views that a place is seen through, the outermost first. Asked
// is the path as it was asked for in the innermost.
func (r *resolver) levels(p place, asked string) []Link {
	if p.space.container == "" {
		return []Link{{View: hostView(p.space.host), Path: asked, Object: r.text(p)}}
	}
	link := Link{View: p.space.container, Path: asked, Object: r.text(p)}
	if p.point == nil || p.point.source == "" || p.unknown != "" {
		return []Link{link}
	}
	outer, why := r.engineSpace(r.view(p.space.container).container.Engine)
	if why != "" {
		return []Link{link}
	}
	source := join(p.point.source, remainder(p.path, p.point.target))
	below := r.here(outer, source)
	below.exists = p.exists
	return append(r.levels(below, source), link)
}

// text names what stands at a place.
func (r *resolver) text(p place) string {
	switch {
	case p.unknown != "":
		return "not known: " + p.unknown
	case p.object == Object{}:
		return "not known"
	case p.missing() && p.object.Kind == HostPath:
		return p.object.String() + " (does not exist)"
	}
	if c, ok := r.container(p.object.In); p.object.Kind == OwnRoot && ok && !c.ImageKnown {
		return p.object.In + ":" + p.object.Rest + " (its own root; its image is taken to declare no volume)"
	}
	return p.object.String()
}

// appendNew appends the links that are not there yet.
func appendNew(links, more []Link) []Link {
	for _, l := range more {
		if !slices.Contains(links, l) {
			links = append(links, l)
		}
	}
	return links
}

// Stand tells what stands behind one path of a container in every view: first
// from the outermost level down to the container, then, for every other
// container in the order of addresses, the paths at which it has the same
// object or, where it has none, what it has at the same path.
func (k Checker) Stand(t Topology, container, path string) []Link {
	r := newResolver(t, k.Look)
	if !absolute(path) {
		return []Link{{View: container, Path: path, Object: "not known: " + notPosix(path)}}
	}
	p := r.walk(space{container: container}, path)
	links := r.levels(p, clean(path))
	for _, other := range sortedKeys(t.Containers) {
		if other == container || slices.ContainsFunc(links, func(l Link) bool { return l.View == other }) {
			continue
		}
		links = append(links, r.standIn(other, p, clean(path))...)
	}
	return links
}

// Stand is [Checker.Stand] with a [Look] alone.
func Stand(t Topology, look Look, container, path string) []Link {
	return Checker{Look: look}.Stand(t, container, path)
}

func (r *resolver) standIn(container string, want place, asked string) []Link {
	s := space{container: container}
	var links []Link
	if want.unknown == "" {
		for _, x := range r.viewCandidates(nil, "", s, want) {
			if !strings.HasPrefix(x.mount.Source, "/") {
				continue
			}
			links = appendNew(links, []Link{{View: container, Path: x.mount.Source, Object: r.text(x.side.place)}})
		}
	}
	if len(links) == 0 {
		links = []Link{{View: container, Path: asked, Object: r.text(r.walk(s, asked))}}
	}
	return links
}
