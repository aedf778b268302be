package mount

import (
	"cmp"
	"slices"
	"strings"
)

// candidate is a way to say to an engine which object is meant.
type candidate struct {
	mount  Mount // Type, Source, Volume and Subpath
	side   side
	target string // of the engine's container that holds it; empty on a host and for a volume
}

// findTranslated replaces a controller's path by a source with the same object.
func (r *resolver) findTranslated(q question) finding {
	c := q.controller
	s, why := r.engineSpace(q.n.Daemon)
	if why = firstOf(why, c.unknown); why != "" {
		f := unknown(q, why)
		f.send = q.asWritten()
		return f
	}
	var best finding
	var chosen *candidate
	for _, x := range r.candidates(q.n.Daemon, c) {
		f := r.judgeTranslated(q, x)
		if chosen == nil || better(f, x, best, *chosen) {
			best, chosen = f, &x
		}
	}
	if chosen == nil && q.engine.Unknown != "" {
		best, chosen = unknown(q, q.engine.Unknown), &candidate{mount: q.asWritten()}
	}
	if chosen == nil {
		return r.untranslatable(q, s)
	}
	best.send = chosen.mount
	best.send.Target = q.n.Target
	best.send.ReadOnly = q.n.ReadOnly || c.readOnly
	return best
}

// judgeTranslated is the verdict of a replacement: without the question whether
// it is the controller's object, because it is.
func (r *resolver) judgeTranslated(q question, x candidate) finding {
	f, decided := r.judgeDaemon(q, x.side)
	if q.engine.Unknown != "" && !x.side.volume {
		f, decided = unknown(q, q.engine.Unknown), true
	}
	if !decided && q.controller.mounted() {
		f, decided = r.judgeBelow(q, x.side)
	}
	if !decided && x.mount.Subpath != "" && q.engine.API == "" {
		f, decided = gatedFinding(q, x.side), true
	}
	if !decided {
		q.n.ReadOnly = q.n.ReadOnly || q.controller.readOnly
		f = finding{
			verdict: Visible, warnings: r.warnings(q, x.side, false),
			message: q.who() + " sees " + x.side.object.String() + " at " + q.n.Target + q.unlessThere(x.side) + "; " + q.n.Daemon + " is sent " + x.mount.word() + ".",
		}
	}
	f.side = x.side
	return f
}

// word names the source of a mount as it is sent.
func (m Mount) word() string {
	if m.Type != Volume {
		return m.Source
	}
	if m.Subpath == "" {
		return "volume " + m.Volume
	}
	return "volume " + m.Volume + " with subpath " + m.Subpath
}

// better orders candidates: visible, writable, the longest target, the alphabet.
func better(f finding, x candidate, g finding, y candidate) bool {
	return cmp.Or(
		cmp.Compare(rankOf(f), rankOf(g)),
		compareBool(x.side.readOnly, y.side.readOnly),
		cmp.Compare(len(split(y.target)), len(split(x.target))),
		strings.Compare(x.mount.word(), y.mount.word()),
	) < 0
}

func rankOf(f finding) int {
	switch f.verdict {
	case Visible:
		return 0
	case Partial, Unknown:
		return 1
	case Hidden, Aliased, Shadowed:
	}
	return 2
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// candidates are the sources with which an engine shows the object of a place,
// ordered by their words.
func (r *resolver) candidates(engine string, want place) []candidate {
	s, why := r.engineSpace(engine)
	if why != "" || want.unknown != "" {
		return nil
	}
	e := r.t.Engines[engine]
	e.API = cmp.Or(e.API, r.t.Engines[r.engineName(engine)].API)
	var out []candidate
	if want.object.Kind == EngineSocket && want.object.In == r.engineName(engine) && absolute(e.Socket) {
		out = r.pathCandidate(out, engine, s, clean(e.Socket), want)
	}
	if want.object.Kind == VolumeFiles && want.object.In == r.engineName(engine) {
		out = r.volumeCandidate(out, engine, s, e, want)
	}
	if s.container == "" {
		if want.object.Kind == HostPath && want.object.In == s.host {
			out = r.pathCandidate(out, engine, s, want.object.Rest, want)
		}
	} else {
		out = r.viewCandidates(out, engine, s, want)
	}
	slices.SortStableFunc(out, func(a, b candidate) int { return strings.Compare(a.mount.word(), b.mount.word()) })
	return out
}

// pathCandidate adds a path if it really shows the object.
func (r *resolver) pathCandidate(out []candidate, engine string, s space, p string, want place) []candidate {
	found := r.walk(s, p)
	if found.unknown != "" || found.object != want.object {
		return out
	}
	target := ""
	if found.point != nil {
		target = found.point.target
	}
	source := p
	if s.container == "" {
		spelling, ok := r.spelled(engine, p)
		if !ok {
			return out
		}
		source = spelling
	}
	return append(out, candidate{mount: Mount{Type: Bind, Source: source}, side: side{place: found}, target: target})
}

// volumeCandidate adds the engine's own volume; where it cannot mount a
// sub-directory, the path at which it keeps the volume.
func (r *resolver) volumeCandidate(out []candidate, engine string, s space, e Engine, want place) []candidate {
	o := want.object
	if o.Rest != "/" && apiBelow(e.API, apiSubpath) {
		volume, ok := r.volume(o.In, o.Name)
		if !ok || volume.Options || !absolute(volume.Mountpoint) {
			return out
		}
		return r.pathCandidate(out, engine, s, join(clean(volume.Mountpoint), o.Rest), want)
	}
	return append(out, candidate{
		mount: Mount{Type: Volume, Volume: o.Name, Subpath: strings.TrimPrefix(o.Rest, "/")},
		side:  side{volume: true, place: place{raw: want.raw, object: o}},
	})
}

// viewCandidates adds the paths of a container's view at which it has the object.
func (r *resolver) viewCandidates(out []candidate, engine string, s space, want place) []candidate {
	if want.point != nil && want.point.kind == builtinPoint && !want.point.private {
		// What the kernel makes is the same in every container.
		found := r.here(s, want.path)
		return append(out, candidate{mount: Mount{Type: Bind, Source: want.path}, side: side{place: found}, target: want.path})
	}
	forms := []Object{want.object}
	if kept, ok := r.kept(want.object); ok {
		forms = append(forms, kept)
	}
	for _, p := range r.mounts(s.container) {
		if p.point == nil || p.point.private || p.unknown != "" {
			continue
		}
		for _, form := range forms {
			if p.object.holds(form) {
				out = r.pathCandidate(out, engine, s, join(p.path, remainder(form.Rest, p.object.Rest)), want)
			}
		}
	}
	return out
}

// untranslatable is the finding where the daemon has no source for the object.
func (r *resolver) untranslatable(q question, s space) finding {
	c := q.controller
	text := "Nothing that " + q.n.Daemon + " could be asked for is " + c.object.String() + ", which " +
		q.n.Controller + " has at " + clean(q.n.Source) + "."
	if !c.mounted() {
		text = clean(q.n.Source) + " lies in no mount of " + q.n.Controller + " (it is " + c.object.String() + "), so " +
			q.n.Daemon + " cannot be told of it."
	}
	if s.container != "" && c.mounted() {
		text += " " + s.container + " would have to mount it."
	}
	source, _ := r.asked(q)
	return finding{verdict: Hidden, message: text, gets: "nothing", side: side{place: r.walk(s, source)}}
}
