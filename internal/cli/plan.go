package cli

import (
	"context"
	"slices"

	ucli "github.com/urfave/cli/v3"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/internal/ui"
)

func (a *app) plan() *ucli.Command {
	return &ucli.Command{
		Name: "plan", Usage: "show what would change", ArgsUsage: "[PATH]",
		Description: "Example: dindctl plan examples/case2.hcl -detailed-exitcode",
		Flags: append(slices.Concat(engineFlags(), configFlags(), partFlags()), jsonFlag(), replaceFlag(), filesFlag(),
			&ucli.StringFlag{Name: "out", Usage: "write the plan to `FILE`, for apply FILE"},
			&ucli.BoolFlag{Name: "detailed-exitcode", Usage: "end with 0 for no changes, 1 for an error, 2 for changes"},
			&ucli.BoolFlag{Name: "destroy", Usage: "plan the removal of everything"},
			&ucli.BoolFlag{Name: "volumes", Usage: "with volumes and their data, for removals and replacements"},
			&ucli.BoolFlag{Name: "images", Usage: "with images that dindctl built, for removals"},
		),
		Action: func(ctx context.Context, c *ucli.Command) error {
			where, err := path(c)
			if err != nil {
				return err
			}
			s := a.session(c)
			defer s.close()
			if where == "" && !hasConfiguration(a.env.Cwd) {
				return s.nothingHere(ctx)
			}
			p, problems := s.planned(ctx, where)
			if out := c.String("out"); out != "" && !problems.HasErrors() && len(p.Stopped) == 0 {
				problems = append(problems, s.writePlan(out, p)...)
			}
			return s.showPlan(p, problems)
		},
	}
}

func (s *session) showPlan(p *plan.Plan, problems diag.List) error {
	if err := s.app.fail(problems, s.snippets()); err != nil {
		return err
	}
	if s.command.Bool("json") {
		text, err := p.JSON()
		if err != nil {
			return err
		}
		s.app.document(string(text) + "\n")
	} else {
		s.app.print(ui.Plan(p, s.app.options()))
	}
	if !s.asked.Volumes {
		s.app.show(p.Losses(), s.snippets())
	}
	if err := s.app.fail(p.Stopped, s.snippets()); err != nil {
		return err
	}
	if s.command.Bool("detailed-exitcode") && !p.Clean {
		return exit(exitChanges)
	}
	return nil
}
