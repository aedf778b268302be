package cli

import (
	"context"

	ucli "github.com/urfave/cli/v3"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/mount"
	"github.com/dindctl/dindctl/internal/ui"
)

func (a *app) validate() *ucli.Command {
	return &ucli.Command{
		Name: "validate", Usage: "check everything that can be checked without an engine", ArgsUsage: "[PATH]",
		Description: "Example: dindctl validate examples/case2.hcl",
		Flags:       append(append(engineFlags(), configFlags()...), jsonFlag(), filesFlag()),
		Action: func(ctx context.Context, c *ucli.Command) error {
			where, err := path(c)
			if err != nil {
				return err
			}
			s := a.session(c)
			_, problems := s.checked(ctx, where, c.String("files"))
			if c.Bool("json") {
				a.document(ui.ValidateJSON(problems, s.snippets()))
				if problems.HasErrors() {
					return exit(exitError)
				}
				return nil
			}
			if err := a.fail(problems, s.snippets()); err != nil {
				return err
			}
			a.print("Success! The configuration is valid.\n")
			return nil
		},
	}
}

// checked loads and evaluates a configuration and applies the rule, offline. The
// entries are there whatever else is wrong, as long as it could be evaluated.
func (s *session) checked(ctx context.Context, where, host string) ([]mount.Entry, diag.List) {
	problems := s.loadWhole(ctx, where)
	if s.cfg == nil || problems.HasErrors() {
		return nil, problems
	}
	platform, wrong := s.platform()
	if wrong.HasErrors() {
		return nil, append(problems, wrong...)
	}
	asked := host
	host, why := s.offlineHost(host)
	if asked == "" && host == "this" {
		host = "" // nobody said so
	}
	if more := s.offline(ctx); more.HasErrors() {
		return nil, append(problems, more...)
	}
	expanded, more := s.expand()
	problems = append(problems, more...)
	if expanded == nil {
		return nil, problems
	}
	entries, more := expanded.CheckMounts(config.TopologyOptions{Host: host, HostWhy: why, Platform: platform}, hostFiles())
	return entries, append(problems, more...)
}
