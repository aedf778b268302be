package mount

import (
	"cmp"
	"slices"
	"strings"
)

func byTarget(a, b Mount) int {
	return cmp.Or(strings.Compare(a.Target, b.Target), strings.Compare(a.Source, b.Source))
}

// proposeDaemonMounts adds to the daemon's container the mounts with which it
// has the controller's object where the controller has it.
func (r *resolver) proposeDaemonMounts(q question, f finding) []proposal {
	c, ok := r.daemonContainer(q)
	if !ok || q.n.Type != Bind {
		return nil
	}
	if f.verdict == Partial {
		return r.daemonMounts(q, c, nil, f.differences)
	}
	if !q.hasController {
		return r.proposeHostPath(q, c, false)
	}
	want, ok := r.wanted(q)
	if !ok {
		return nil
	}
	source := clean(q.n.Source)
	if want.path == source && want.point.target != source && want.point.target != "/" {
		// The whole mount of the controller serves other jobs as well.
		whole := difference{c: r.here(want.space, want.point.target), d: place{path: want.point.target}}
		if out := r.daemonMounts(q, c, []difference{whole}, nil); len(out) > 0 && r.try(q, out[0]).verdict == Visible {
			return out
		}
	}
	return r.daemonMounts(q, c, []difference{{c: want, d: place{path: source}}}, nil)
}

// daemonContainer is the container in which the daemon runs, if a block for it
// stands in a file.
func (r *resolver) daemonContainer(q question) (Container, bool) {
	if q.engine.Container == "" {
		return Container{}, false
	}
	c, ok := r.container(q.engine.Container)
	return c, ok && c.Site.File != ""
}

// daemonMounts makes one proposal of mounts for the differences, and for those
// that appear below once these are mounted.
func (r *resolver) daemonMounts(q question, c Container, first, more []difference) []proposal {
	p := proposal{container: &c}
	c.Mounts = slices.Clone(c.Mounts)
	blocks, titles := []string{}, []string{}
	add := func(d difference) bool {
		m, as, ok := r.mountFor(c.Engine, d.c)
		taken := slices.ContainsFunc(c.Mounts, func(m Mount) bool { return clean(m.Target) == d.d.path })
		if !ok || taken {
			return false
		}
		m.Target = d.d.path
		as = append(as, assignment{"target", quote(m.Target)})
		c.Mounts = append(c.Mounts, m)
		blocks = append(blocks, block(c.Site.Indent, "mount", as))
		titles = append(titles, d.c.object.String()+" at "+m.Target)
		return true
	}
	for _, d := range append(slices.Clone(first), more...) {
		if e := longest(r.view(c.Address).entries, d.d.path); e != nil && c.EntryYields && e.target != d.d.path && len(titles) == 0 {
			c.Mounts = append(c.Mounts, Mount{Type: Tmpfs, Target: e.target})
			blocks = append(blocks, tmpfsBlock(c.Site.Indent, e.target))
		}
		if !add(d) {
			return nil
		}
	}
	if len(first) > 0 {
		// What cannot be mounted stays a difference, which is a warning.
		for _, d := range r.try(q, p).differences {
			add(d)
		}
	}
	p.fix = Fix{
		Title: "Mount " + strings.Join(titles, " and ") + " into " + c.Address,
		File:  c.Site.File, Line: c.Site.Line, HCL: strings.Join(blocks, "\n"),
	}
	return []proposal{p}
}

// mountFor writes a mount of a place's object for a container of an engine.
func (r *resolver) mountFor(engine string, want place) (Mount, []assignment, bool) {
	if want.object.Kind == EngineSocket {
		// A socket of another daemon would stand where daemons make their own.
		return Mount{}, nil, false
	}
	for _, x := range r.candidates(engine, want) {
		if as, ok := r.sourceOf(engine, x.mount); ok {
			return x.mount, as, true
		}
	}
	return Mount{}, nil, false
}

// proposeDaemonSource writes the controller's object as the source of the very
// mount of the daemon that holds the path.
func (r *resolver) proposeDaemonSource(q question, f finding) []proposal {
	want, ok := r.wanted(q)
	at := f.side.point
	if !ok || f.verdict != Aliased || q.n.Type != Bind || f.side.volume || at == nil ||
		at.mount.Site.File == "" || want.path != f.side.path {
		return nil
	}
	c, ok := r.container(f.side.space.container)
	if !ok {
		return nil
	}
	m, as, ok := r.mountFor(c.Engine, r.here(want.space, at.target))
	if !ok {
		return nil
	}
	c.Mounts = slices.Clone(c.Mounts)
	for i, old := range c.Mounts {
		if clean(old.Target) == at.named {
			m.Target, m.ReadOnly = old.Target, old.ReadOnly
			c.Mounts[i] = m
		}
	}
	return []proposal{{container: &c, fix: Fix{
		Title: "Mount into " + c.Address + " what " + q.n.Controller + " has at " + at.target,
		File:  at.mount.Site.File, Line: at.mount.Site.Line, Replace: true, HCL: lines(at.mount.Site.Indent, as),
	}}}
}

// proposeTmpfs declares a tmpfs where the entrypoint would mount one, so that
// it leaves the place alone.
func (r *resolver) proposeTmpfs(q question, f finding) []proposal {
	c, ok := r.daemonContainer(q)
	if !ok || f.verdict != Shadowed || !c.EntryYields {
		return nil
	}
	target := f.side.point.target
	c.Mounts = append(slices.Clone(c.Mounts), Mount{Type: Tmpfs, Target: target})
	return []proposal{{container: &c, fix: Fix{
		Title: "Declare the tmpfs at " + target + " of " + c.Address + ", below which mounts stay visible",
		File:  c.Site.File, Line: c.Site.Line,
		HCL: tmpfsBlock(c.Site.Indent, target),
	}}}
}

func tmpfsBlock(indent, target string) string {
	return block(indent, "mount", []assignment{{"type", quote("tmpfs")}, {"target", quote(target)}})
}

// proposeHostPath mounts the host's directory of the same path into the daemon,
// where it exists; with create, wherever it can be made.
func (r *resolver) proposeHostPath(q question, c Container, create bool) []proposal {
	s, why := r.engineSpace(c.Engine)
	if why != "" || s.container != "" || !absolute(q.n.Source) || r.t.Engines[c.Engine].Platform.Machine() {
		return nil
	}
	found := r.walk(s, q.n.Source)
	if !create && (found.exists == nil || !*found.exists) {
		return nil
	}
	source := clean(q.n.Source)
	as := []assignment{{"source", quote(source)}, {"target", quote(source)}}
	title := "Mount the host's " + source + " into " + c.Address
	if create {
		as = append(as, assignment{"create_source", "true"})
		title = "Mount a directory of the host, made where it is missing, into " + c.Address
	}
	c.Mounts = append(slices.Clone(c.Mounts), Mount{Type: Bind, Source: source, Target: source})
	return []proposal{{container: &c, last: create, fix: Fix{
		Title: title, File: c.Site.File, Line: c.Site.Line, HCL: block(c.Site.Indent, "mount", as),
	}}}
}

// proposeNewDirectory is the last resort: a directory of the host for the daemon.
func (r *resolver) proposeNewDirectory(q question, f finding) []proposal {
	c, ok := r.daemonContainer(q)
	if !ok || f.verdict != Hidden || q.n.Type != Bind || q.n.Resolve == ResolveTranslate {
		return nil
	}
	return r.proposeHostPath(q, c, true)
}
