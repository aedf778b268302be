package mount

import (
	"slices"
)

// proposal is a change of the configuration and what the topology is with it.
type proposal struct {
	fix       Fix
	container *Container // changed; nil: none
	nested    *Nested    // changed; nil: as it is
	volume    string     // new on the daemon; empty: none
	last      bool       // only where nothing else helps
}

// fixes are the changes after which a finding is visible: each was tried on the
// topology. Never nil.
func (r *resolver) fixes(q question, f finding) []Fix {
	out := []Fix{}
	if f.verdict == Visible || f.gated {
		return out
	}
	var better []Fix
	for _, propose := range []func(question, finding) []proposal{
		r.proposeDaemonMounts,
		r.proposeSources,
		r.proposeTranslation,
		r.proposeDaemonSource,
		r.proposeTmpfs,
		r.proposeCreation,
		r.proposeVolume,
		r.proposeDaemonPath,
		r.proposeOtherSources,
		r.proposeNewDirectory,
	} {
		if p := propose(q, f); len(out) == 0 || !lastResort(p) {
			out, better = r.accepted(out, better, q, p)
		}
	}
	if len(out) == 0 && f.severity() == Failure {
		return append(out, better...)
	}
	return out
}

// lastResort tells whether proposals are for where nothing else helps.
func lastResort(proposals []proposal) bool {
	return len(proposals) > 0 && proposals[0].last
}

// accepted appends what makes the source visible and can be pasted somewhere;
// to better, what makes it no error at least.
func (r *resolver) accepted(out, better []Fix, q question, proposals []proposal) (visible, partial []Fix) {
	for _, p := range proposals {
		if p.fix.File == "" || p.fix.HCL == "" || slices.Contains(out, p.fix) {
			continue
		}
		switch f := r.try(q, p); {
		case f.gated:
			p.fix.Title += " (needs API 1.45, Engine 26)"
			out = append(out, p.fix)
		case f.verdict == Visible:
			out = append(out, p.fix)
		case f.verdict == Partial:
			better = append(better, p.fix)
		}
	}
	return out, better
}

// try applies the rule to the topology as a proposal changes it.
func (r *resolver) try(q question, p proposal) finding {
	n := q.n
	if p.nested != nil {
		n = *p.nested
	}
	if p.container != nil {
		r = r.with(*p.container)
	}
	if p.volume != "" {
		r = r.withVolume(n.Daemon, p.volume)
	}
	return r.find(r.question(n))
}

// replaceSource is the fix that writes something else as the source.
func (q question) replaceSource(title string, as []assignment) Fix {
	return Fix{
		Title: title, File: q.pasteFile(), Line: q.n.Site.Line, HCL: lines(q.n.Site.Indent, as), Replace: true,
	}
}

// addArgument is the fix that adds an argument beside the source.
func (q question) addArgument(title string, a assignment) Fix {
	return Fix{Title: title, File: q.pasteFile(), Line: q.n.Site.Line, HCL: lines(q.n.Site.Indent, []assignment{a})}
}

// pasteFile is empty for a nested path: it stands in a list and has no arguments.
func (q question) pasteFile() string {
	if q.n.Kind == nestedPath {
		return ""
	}
	return q.n.Site.File
}

// proposeSources writes the sources with which the daemon has the controller's object.
func (r *resolver) proposeSources(q question, _ finding) []proposal {
	want, ok := r.wanted(q)
	if !ok || q.n.Resolve == ResolveTranslate {
		return nil
	}
	var out []proposal
	for _, x := range r.candidates(q.n.Daemon, want) {
		as, ok := r.sourceOf(q.n.Daemon, x.mount)
		if !ok {
			continue
		}
		n := q.n
		n.Type, n.Source, n.Subpath = x.mount.Type, x.mount.word(), x.mount.Subpath
		if n.Type == Volume {
			n.Source = x.mount.Volume
		}
		title := "Write the path at which " + q.n.Daemon + " has " + want.object.String()
		if n.Type == Volume {
			title = "Mount the volume itself, of " + q.n.Daemon
		}
		out = append(out, proposal{fix: q.replaceSource(title, as), nested: &n})
	}
	return out
}

// wanted is the place whose object is meant: the controller's, or for a volume's
// name the volume that the controller mounts under it.
func (r *resolver) wanted(q question) (place, bool) {
	if !q.hasController {
		return place{}, false
	}
	if q.n.Type == Bind {
		return q.controller, q.controller.unknown == "" && q.controller.mounted()
	}
	v := r.view(q.n.Controller)
	for _, target := range v.targets {
		if p := v.at(target); p != nil && p.kind == declaredPoint && p.mount.Type == Volume && p.mount.Volume == q.n.Source {
			found := r.here(space{container: q.n.Controller}, target)
			return found, found.unknown == ""
		}
	}
	return place{}, false
}

func (r *resolver) proposeTranslation(q question, _ finding) []proposal {
	if !q.hasController || q.n.Type != Bind || q.n.Resolve == ResolveTranslate || q.n.Resolve == ResolveDaemon {
		return nil
	}
	n := q.n
	n.Resolve = ResolveTranslate
	return []proposal{{
		fix:    q.addArgument("Keep the path of "+q.n.Controller+" and let dindctl send the one of "+q.n.Daemon, assignment{"resolve", quote("translate")}),
		nested: &n,
	}}
}

func (r *resolver) proposeCreation(q question, f finding) []proposal {
	if q.n.Type != Bind || f.verdict != Hidden || q.n.CreateSource {
		return nil
	}
	n := q.n
	n.CreateSource = true
	return []proposal{{
		fix:    q.addArgument("Let "+q.n.Daemon+" make an empty directory, if that is meant", assignment{"create_source", "true"}),
		nested: &n,
	}}
}

func (r *resolver) proposeDaemonPath(q question, f finding) []proposal {
	if q.n.Type != Bind || q.n.Resolve == ResolveTranslate || f.verdict != Aliased && f.verdict != Partial {
		return nil
	}
	n := q.n
	n.Resolve = ResolveDaemon
	return []proposal{{
		fix:    q.addArgument("Say that what "+q.n.Daemon+" has there is meant", assignment{"resolve", quote("daemon")}),
		nested: &n,
	}}
}

// maxOtherSources is how many other sources are offered at most.
const maxOtherSources = 3

// proposeOtherSources offers what can be mounted, where nobody has what was
// written: the controller's mounts, or without a controller the daemon's.
func (r *resolver) proposeOtherSources(q question, f finding) []proposal {
	if f.severity() != Failure {
		// Nobody knows that what was written is wrong.
		return nil
	}
	address := q.n.Controller
	if !q.hasController {
		address = q.engine.Container
	}
	c, ok := r.container(address)
	if !ok || q.n.Type != Bind {
		return nil
	}
	var out []proposal
	for _, m := range slices.SortedFunc(slices.Values(c.Mounts), byTarget) {
		n := q.n
		n.Source = clean(m.Target)
		if m.Implied || m.Type == Tmpfs || len(out) == maxOtherSources {
			continue
		}
		p := proposal{
			fix:    q.replaceSource("Mount "+n.Source+", which "+address+" has", []assignment{{"source", quote(n.Source)}}),
			nested: &n, last: true,
		}
		if f := r.try(q, p); f.verdict == Visible && len(f.warnings) == 0 {
			out = append(out, p)
		}
	}
	return out
}
