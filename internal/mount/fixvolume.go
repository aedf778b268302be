package mount

import (
	"strconv"
	"strings"
)

// proposeVolume declares the volume on the daemon that lacks it.
func (r *resolver) proposeVolume(q question, f finding) []proposal {
	if q.n.Type != Volume || f.verdict != Hidden && f.verdict != Aliased || q.n.Subpath != "" && f.side.volume {
		return nil
	}
	site := q.n.Site
	for _, address := range []string{q.engine.Container, q.n.Controller} {
		if c, ok := r.container(address); ok && c.Site.File != "" {
			site = Site{File: c.Site.File, Line: c.Site.Line + 1}
			break
		}
	}
	if site.Indent != "" {
		// There is no place outside of all blocks that is known.
		return nil
	}
	as := []assignment{{"name", quote(q.n.Source)}}
	if q.engine.Container != "" {
		as = append(as, assignment{"inside", q.n.Daemon})
	}
	return []proposal{{
		fix: Fix{
			Title: "Declare a volume of that name on " + q.n.Daemon + ", empty at first",
			File:  site.File, Line: site.Line, HCL: block("", "volume "+quote(r.freeLabel(q.n.Source)), as),
		},
		volume: q.n.Source,
	}}
}

// freeLabel is a label for a volume's block that no other has.
func (r *resolver) freeLabel(name string) string {
	used := map[string]bool{}
	for _, e := range r.t.Engines {
		for _, v := range e.Volumes {
			used[v.Address] = true
		}
	}
	stem := strings.Map(func(c rune) rune {
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_':
			return c
		}
		return '_'
	}, name)
	label := stem
	for i := 2; used["volume."+label]; i++ {
		label = stem + "-" + strconv.Itoa(i)
	}
	return label
}
