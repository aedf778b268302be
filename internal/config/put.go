package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/mount"
	"github.com/dindctl/dindctl/provider"
)

// daemonJSONTarget is where a daemon's settings are put.
const daemonJSONTarget = "/etc/docker/daemon.json"

// put is a file that is put into a container before its start.
type put struct {
	argument string // of the block that leads to it
	target   string
}

// putsOf are the files that a block leads to: its file blocks, a daemon's
// daemon.json, the credentials for registries.
func putsOf(n *noun) []put {
	var out []put
	for i, block := range elements(attribute(n.value, "file")) {
		if target := clean(text(block, "path")); strings.HasPrefix(target, "/") && target != "/" {
			out = append(out, put{fmt.Sprintf("file[%d].path", i), target})
		}
	}
	if n.kind == provider.Daemon {
		settings := []string{"config", "registry_mirrors", "insecure_registries", "storage_driver", "mtu", "address_pools"}
		if i := slices.IndexFunc(settings, func(name string) bool { return given(n.value, name) }); i >= 0 {
			out = append(out, put{settings[i], daemonJSONTarget})
		}
	}
	if given(n.value, "registry_auth") {
		directory, _ := textOf(member(attribute(n.value, "environment"), "DOCKER_CONFIG"))
		if !strings.HasPrefix(directory, "/") {
			directory = provider.RegistryAuthTarget
		}
		out = append(out, put{"registry_auth", clean(directory) + "/config.json"})
	}
	return out
}

// checkPuts refuses files that would be written through a mount into something
// that is not the container's and not the project's: what lies there would be
// replaced, on this machine, too. A volume of the project's own is no such thing:
// the same configuration that makes it says what is in it.
func (s *state) checkPuts(n *noun, mounts []effective) diag.List {
	var problems diag.List
	for _, p := range putsOf(n) {
		m, covered := coveredBy(mounts, p.target)
		if !covered {
			continue
		}
		if whose := s.foreignGround(n, m); whose != "" {
			problems = append(problems, n.problem("file-elsewhere", p.argument, "File that would be written through a mount",
				fmt.Sprintf("%s would be put at %s of %s, which lies below the mount on %s: it would replace what is there in %s. "+
					"Put it there yourself, or choose a path that no mount covers.", puttingOf(p), p.target, n.address, m.target, whose)))
			continue
		}
		if m.readOnly {
			problems = append(problems, n.problem("conflicting-arguments", p.argument, "Arguments that exclude each other",
				fmt.Sprintf("%s would be put at %s of %s, but the mount on %s is read_only. Take read_only away, or choose another path.",
					puttingOf(p), p.target, n.address, m.target)))
		}
	}
	return problems
}

// puttingOf names what is put in, for people.
func puttingOf(p put) string {
	switch {
	case strings.HasPrefix(p.argument, "file["):
		return "The file"
	case p.argument == "registry_auth":
		return "The file with the credentials"
	}
	return "The daemon's settings (" + p.argument + ")"
}

// coveredBy is the mount behind a path: the one with the longest target above it.
func coveredBy(mounts []effective, target string) (effective, bool) {
	var found effective
	for _, m := range mounts {
		if _, inside := below(m.target, target); inside && len(m.target) > len(found.target) {
			found = m
		}
	}
	return found, found.target != ""
}

// foreignGround says whose the files behind a mount are; empty where they are the
// project's own, and in memory.
func (s *state) foreignGround(n *noun, m effective) string {
	switch m.kind {
	case mount.Bind:
		if n.placed != "" && n.inside != "" {
			return m.source + ", in the files of " + n.placed
		}
		return m.source + ", on the engine's host"
	case mount.Volume:
		v := s.nouns[m.volume]
		if v == nil {
			if m.source == "" {
				return ""
			}
			return fmt.Sprintf("the volume %q, which this configuration does not declare", m.source)
		}
		if v.external {
			return v.address + ", which is external"
		}
		options := attribute(v.value, "options")
		kind, _ := textOf(member(options, "o"))
		if slices.Contains(strings.Split(kind, ","), "bind") || slices.Contains(strings.Split(kind, ","), "rbind") {
			device, _ := textOf(member(options, "device"))
			return fmt.Sprintf("%s, which %s is bound to", device, v.address)
		}
	case mount.Tmpfs:
	}
	return ""
}
