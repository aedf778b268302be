package config

import (
	"fmt"
	"path"
	"strings"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/mount"
)

// Self is the container that dindctl itself runs in, where it is one of the root
// engine's: its files are then not the engine's, and what the configuration names
// relative to itself has to be found through the container's mounts.
type Self struct {
	// Container is its id, or a name for people.
	Container string
	// Mounts are its mounts. The source of a bind is empty where only the target is
	// known.
	Mounts []mount.Mount
	// Inspected says that the sources are known, and all mounts.
	Inspected bool
	// Parts says that the engine can mount a part of a volume (API 1.45).
	Parts bool
}

// Under finds the mount that holds a path, and the path below it.
func (c *Self) Under(p string) (m mount.Mount, rest string, found bool) {
	for _, candidate := range c.Mounts {
		if below, inside := below(candidate.Target, p); inside && (!found || len(candidate.Target) >= len(m.Target)) {
			m, rest, found = candidate, below, true
		}
	}
	return m, rest, found
}

// name is the container for people.
func (c *Self) name() string { return fmt.Sprintf("dindctl's own container (%.12s)", c.Container) }

// fromSelf turns a path of dindctl's own container into what the engine mounts.
func (s *state) fromSelf(n *noun, m *effective) diag.List {
	self := s.cfg.Self
	if self == nil {
		return nil
	}
	held, rest, found := self.Under(m.source)
	switch {
	case !found || held.Type == mount.Tmpfs:
		return diag.List{ownRoot(n, *m, self, found)}
	case held.Type == mount.Bind && held.Source != "":
		m.source = path.Join(held.Source, rest)
	case held.Type == mount.Volume && held.Volume != "":
		part := path.Join(held.Subpath, rest)
		if part != "" && !self.Parts {
			p := n.problem("own-volume", m.path("source"), "Part of a volume that the engine cannot mount",
				fmt.Sprintf("%s runs in a container, where %s is %s of the volume %s. This engine mounts whole volumes only (a part needs API 1.45, Engine 26). Start that container with a directory of the host instead of the volume.",
					"dindctl", m.source, part, held.Volume))
			p.Chain = []string{self.name() + "  " + m.source + "  is  " + part + " of the volume " + held.Volume}
			return diag.List{p}
		}
		m.kind, m.source, m.subpath = mount.Volume, held.Volume, part
	}
	return nil
}

func ownRoot(n *noun, m effective, self *Self, private bool) diag.Problem {
	what := "its own root, which no mount of it holds"
	if private {
		what = "a tmpfs of its own"
	}
	p := n.problem("own-root", m.path("source"), "Source that only dindctl's own container has",
		fmt.Sprintf("dindctl runs in a container, and %s lies in %s. The engine that makes %s resolves sources on its host, where that directory is not.", m.source, what, n.address))
	p.Chain = []string{
		self.name() + "  " + m.source + "  is  " + what,
		rootDaemon + "  " + m.source + "  is  a path of the engine's host, not that directory",
	}
	p.Fixes = []diag.Fix{
		{Title: fmt.Sprintf("Start that container with the directory mounted, such as docker run -v DIRECTORY:%s, where DIRECTORY is it on the engine's host", m.source)},
		{Title: "Write the path that the directory has on the engine's host, as an absolute one"},
	}
	return p
}

// foreignPath warns of an absolute path that dindctl's own container has as well,
// and as something else.
func (s *state) foreignPath(n *noun, m effective) diag.List {
	self := s.cfg.Self
	if self == nil || n.placed != "" {
		return nil
	}
	held, rest, found := self.Under(m.source)
	if !found || held.Type == mount.Bind && (held.Source == "" || path.Join(held.Source, rest) == m.source) {
		return nil
	}
	here := "a directory of its own"
	switch held.Type {
	case mount.Bind:
		here = "the host's " + path.Join(held.Source, rest)
	case mount.Volume:
		here = "a part of the volume " + held.Volume
	case mount.Tmpfs:
	}
	p := n.problem("own-path", m.path("source"), "Absolute path that is something else in dindctl's own container",
		fmt.Sprintf("The engine takes %s on its host. In the container that dindctl runs in, the same path is %s. Write a relative path if that is meant; dindctl then translates it.", m.source, here))
	p.Severity = diag.Warning
	p.Chain = []string{self.name() + "  " + m.source + "  is  " + here, rootDaemon + "  " + m.source + "  is  " + strings.TrimSuffix(m.source, "/") + " of its host"}
	return diag.List{p}
}

// onlyOwn tells whether a mount is wrong because of where dindctl runs alone. The
// rule goes on with it, so that what needs it is not called hidden as well.
func onlyOwn(problems diag.List) bool {
	for _, p := range problems.Errors() {
		if p.Code != "own-root" && p.Code != "own-volume" {
			return false
		}
	}
	return true
}
