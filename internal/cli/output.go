package cli

import (
	"context"
	"fmt"

	ucli "github.com/urfave/cli/v3"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/ui"
)

func (a *app) output() *ucli.Command {
	return &ucli.Command{
		Name: "output", Usage: "the outputs of what runs", ArgsUsage: "[PATH]",
		Description: "Example: dindctl output examples/case2.hcl -json",
		Flags:       append(append(engineFlags(), configFlags()...), jsonFlag()),
		Action: func(ctx context.Context, c *ucli.Command) error {
			where, err := path(c)
			if err != nil {
				return err
			}
			s := a.session(c)
			defer s.close()
			p, problems := s.planned(ctx, where)
			if err := a.fail(problems, s.snippets()); err != nil {
				return err
			}
			if c.Bool("json") {
				a.print(ui.OutputsJSON(p.Outputs))
				return nil
			}
			if len(p.Outputs) == 0 {
				return a.fail(diag.Errorf("There are no outputs", "%s has no output block.", s.cfg.Path), nil)
			}
			a.print(ui.Outputs(p.Outputs, a.options()))
			return nil
		},
	}
}

func (a *app) version() *ucli.Command {
	return &ucli.Command{
		Name: "version", Usage: "the version of dindctl", Flags: []ucli.Flag{jsonFlag()},
		Action: func(_ context.Context, c *ucli.Command) error {
			if c.Bool("json") {
				a.print(fmt.Sprintf("{\"version\":%q}\n", a.env.Version))
				return nil
			}
			a.print("dindctl " + a.env.Version + "\n")
			return nil
		},
	}
}
