package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	ucli "github.com/urfave/cli/v3"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/mount"
	"github.com/dindctl/dindctl/internal/ui"
)

func (a *app) mounts() *ucli.Command {
	return &ucli.Command{
		Name: "mounts", Usage: "every nested mount, its verdict, chain and fix; needs no engine", ArgsUsage: "[PATH] [ADDRESS PATH]",
		Description: "Example: dindctl mounts examples/case2.hcl daemon.dind /repo",
		Flags: append(append(engineFlags()[2:], configFlags()...), jsonFlag(),
			&ucli.StringFlag{Name: "files", Aliases: []string{"host"}, Value: "this", Usage: "`WHOSE` files the host's paths name: this (the process's), unknown, or container=ID"}),
		Action: func(ctx context.Context, c *ucli.Command) error {
			args, err := positional(c, 3, "[PATH] [ADDRESS PATH]")
			if err != nil {
				return err
			}
			host := c.String("files")
			if err := checkHost("files", host); err != nil {
				return err
			}
			if !c.IsSet("files") {
				host = ""
			}
			where, about := "", args
			if len(args)%2 == 1 {
				where, about = args[0], args[1:]
			}
			s := a.session(c)
			if len(about) == 2 {
				if !strings.HasPrefix(about[1], "/") && !strings.Contains(about[1], `:\`) {
					return fmt.Errorf("%q is no path of a container: it begins with /, such as /repo", about[1])
				}
				return s.stand(ctx, where, host, about[0], about[1])
			}
			return s.listMounts(ctx, where, host)
		},
	}
}

// listMounts lists whatever else is wrong, and fails for error verdicts alone.
func (s *session) listMounts(ctx context.Context, where, host string) error {
	entries, problems := s.checked(ctx, where, host)
	if entries == nil && problems.HasErrors() && !s.command.Bool("json") {
		return s.app.fail(problems, s.snippets())
	}
	if s.command.Bool("json") {
		s.printMounts(entries, problems)
	} else {
		s.app.print(ui.Mounts(entries, s.app.options()))
		s.app.show(others(problems), s.snippets())
	}
	for _, e := range entries {
		if e.Severity == mount.Failure {
			return exit(exitError)
		}
	}
	if entries == nil && problems.HasErrors() {
		return exit(exitError)
	}
	return nil
}

// others are the problems that are not about mounts: those are in the table.
func others(problems diag.List) diag.List {
	var out diag.List
	for _, p := range problems {
		if !strings.HasPrefix(p.Code, "mount-") {
			out = append(out, p)
		}
	}
	return out
}

func (s *session) printMounts(entries []mount.Entry, problems diag.List) {
	if entries == nil {
		entries = []mount.Entry{}
	}
	document := struct {
		FormatVersion string         `json:"format_version"`
		Mounts        []mount.Entry  `json:"mounts"`
		Diagnostics   []ui.JSONValue `json:"diagnostics"`
	}{"1.0", entries, ui.DiagnosticsJSON(others(problems), s.snippets())}
	text, err := json.MarshalIndent(document, "", "  ")
	if err == nil {
		s.app.document(string(text) + "\n")
	}
}

// noContainer names those that there are.
func noContainer(topology mount.Topology, address string) diag.List {
	there := slices.Sorted(maps.Keys(topology.Containers))
	text := fmt.Sprintf("The configuration has no container, daemon, controller or job %s.%s", address, didYouMean(address, there))
	if len(there) > 0 {
		text += " It has " + strings.Join(there, ", ") + "."
	}
	return diag.Errorf("There is no such container", "%s", text)
}

// stand shows what stands behind one path in every view.
func (s *session) stand(ctx context.Context, where, host, address, path string) error {
	if _, problems := s.checked(ctx, where, host); s.cfg == nil || others(problems).HasErrors() {
		return s.app.fail(problems, s.snippets())
	}
	expanded, problems := s.expand()
	if problems.HasErrors() {
		return s.app.fail(problems, s.snippets())
	}
	platform, _ := s.platform() // checked before
	host, why := s.offlineHost(host)
	topology := expanded.Topology(config.TopologyOptions{Host: host, HostWhy: why, Platform: platform})
	if _, found := topology.Containers[address]; !found {
		return s.app.fail(noContainer(topology, address), nil)
	}
	s.app.print(ui.Chain(mount.Stand(topology, look, address, path)))
	return nil
}
