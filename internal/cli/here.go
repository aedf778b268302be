package cli

import (
	"cmp"
	"context"
	"fmt"
	"os"
	gopath "path"
	"strconv"
	"strings"

	ucli "github.com/urfave/cli/v3"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/mount"
	"github.com/dindctl/dindctl/internal/runner"
	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/docker"
)

// containerPrefix stands before the id of the container whose files are meant.
const containerPrefix = "container="

func filesFlag() ucli.Flag {
	return &ucli.StringFlag{Name: "files", Usage: "`WHOSE` files this process sees: this (the engine's host's), unknown, or container=ID; found out where it is left out"}
}

// checkHost refuses what is none of the three words.
func checkHost(flag, host string) error {
	if host == "" || host == "this" || host == "unknown" || strings.HasPrefix(host, containerPrefix) && host != containerPrefix {
		return nil
	}
	return fmt.Errorf("-%s takes this, unknown or container=ID, not %q", flag, host)
}

// findSelf finds the container that this process runs in among the engine's, and
// its mounts, through which paths of the configuration are translated. A flag that
// says whose files these are wins.
func (s *session) findSelf(ctx context.Context) diag.List {
	word := s.asked.Files
	if err := checkHost("files", word); err != nil {
		return diag.Errorf("The command line was not understood", "%s.", err)
	}
	switch {
	case word == "this":
		s.facts.Files, s.facts.Self, s.facts.FilesWhy = provider.FilesShared, "", ""
	case word == "unknown":
		s.facts.Files, s.facts.Self, s.facts.FilesWhy = provider.FilesUnknown, "", "-files unknown was given"
	case word != "":
		s.facts.Files, s.facts.Self = provider.FilesContainer, strings.TrimPrefix(word, containerPrefix)
	}
	if s.facts.Files != provider.FilesContainer || s.cfg == nil {
		return nil
	}
	surveyor, able := s.provider.(provider.Surveyor)
	if !able {
		return nil
	}
	seen, err := surveyor.Survey(ctx, provider.Root)
	if err != nil {
		return runner.Problems(err, "The container of dindctl could not be looked at")
	}
	for _, o := range seen.Objects {
		if o.Kind.Runs() && (strings.HasPrefix(o.ID, s.facts.Self) || o.Name == s.facts.Self) {
			s.cfg.Self = &config.Self{Container: o.Name, Mounts: mountsOf(o.Views), Inspected: true, Parts: mountsParts(s.facts.API)}
			return nil
		}
	}
	if len(seen.Unread) > 0 { // it may be that one
		return runner.Problems(seen.Unread[0].Problem, "The container of dindctl could not be looked at")
	}
	return diag.Errorf("The container of dindctl is not there", "The engine has no container %s. Give the id of the one that dindctl runs in, or leave -files out.", s.facts.Self)
}

// mountsParts tells whether an engine of that API mounts a part of a volume.
func mountsParts(api string) bool {
	minor, err := strconv.Atoi(strings.TrimPrefix(api, "1."))
	return err == nil && minor >= 45
}

func mountsOf(views []provider.View) []mount.Mount {
	var out []mount.Mount
	for _, v := range views {
		m := mount.Mount{Type: mount.Type(v.Type), Target: gopath.Clean(v.Target), Subpath: v.Subpath, ReadOnly: v.ReadOnly}
		switch m.Type {
		case mount.Bind:
			m.Source = v.Source
		case mount.Volume:
			m.Volume = v.Source
		case mount.Tmpfs:
		}
		out = append(out, m)
	}
	return out
}

// offlineHost says whose files a command sees that asks no engine: where nobody
// said so, a container that has the engine's socket mounted is one of that engine.
func (s *session) offlineHost(host string) (word, why string) {
	if host == "this" || host == "unknown" {
		return host, "it was said to be unknown"
	}
	info, err := os.ReadFile("/proc/self/mountinfo")
	ids := docker.ContainersIn(string(info))
	if err != nil || len(ids) == 0 {
		return cmp.Or(host, "this"), "dindctl was said to run in another container of that engine"
	}
	targets := mountTargets(string(info))
	given := strings.TrimPrefix(host, containerPrefix)
	if given == "" && !hasSocket(targets) || given != "" && !strings.HasPrefix(ids[0], given) {
		return cmp.Or(host, "this"), "dindctl was said to run in another container of that engine"
	}
	if s.cfg != nil && s.cfg.Self == nil {
		s.cfg.Self = &config.Self{Container: ids[0], Mounts: targets}
	}
	return containerPrefix + ids[0], fmt.Sprintf("dindctl runs in container %.12s, and sees other files than the engine's host", ids[0])
}

func hasSocket(targets []mount.Mount) bool {
	for _, socket := range []string{"/var/run/docker.sock", "/run/docker.sock"} {
		for _, m := range targets {
			if m.Target == socket {
				return true
			}
		}
	}
	return false
}

// mountTargets are the mounts in a container that somebody asked for, as
// /proc/self/mountinfo (proc(5)) shows them: where, and whether in memory. Their
// sources are not in there.
func mountTargets(mountinfo string) []mount.Mount {
	var out []mount.Mount
	for _, line := range strings.Split(mountinfo, "\n") {
		fields := strings.Fields(line)
		if len(fields) < 5 {
			continue
		}
		target := strings.NewReplacer(`\040`, " ", `\011`, "\t", `\134`, `\`).Replace(fields[4])
		if target == "/" || engineMade(target) {
			continue
		}
		m := mount.Mount{Type: mount.Bind, Target: target}
		if _, rest, found := strings.Cut(line, " - "); found && strings.HasPrefix(rest, "tmpfs ") && fields[3] == "/" {
			m.Type = mount.Tmpfs
		}
		out = append(out, m)
	}
	return out
}

// engineMade tells whether every container has a mount there.
func engineMade(target string) bool {
	switch target {
	case "/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/proc", "/sys", "/dev":
		return true
	}
	return strings.HasPrefix(target, "/proc/") || strings.HasPrefix(target, "/sys/") || strings.HasPrefix(target, "/dev/")
}
