package cli

import (
	"context"

	ucli "github.com/urfave/cli/v3"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/internal/ui"
)

func (a *app) plan() *ucli.Command {
	return &ucli.Command{
		Name: "plan", Usage: "show what would change", ArgsUsage: "[PATH]",
		Description: "Example: dindctl plan examples/case2.hcl -detailed-exitcode",
		Flags: append(append(engineFlags(), configFlags()...), jsonFlag(),
			&ucli.BoolFlag{Name: "detailed-exitcode", Usage: "end with 0 for no changes, 1 for an error, 2 for changes"},
			&ucli.BoolFlag{Name: "destroy", Usage: "plan the removal of everything"},
			&ucli.BoolFlag{Name: "volumes", Usage: "with volumes and their data, for removals and replacements"},
			&ucli.BoolFlag{Name: "images", Usage: "with built images, for removals"},
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
			p, _, problems := s.plannedAs(ctx, where)
			return s.showPlan(p, problems)
		},
	}
}

// plannedAs is planned with the command's flags about removal.
func (s *session) plannedAs(ctx context.Context, where string) (*plan.Plan, plan.Input, diag.List) {
	problems := s.load(where)
	if problems.HasErrors() {
		return nil, plan.Input{}, problems
	}
	if more := s.connect(ctx); more.HasErrors() {
		return nil, plan.Input{}, append(problems, more...)
	}
	p, in, more := s.planAgain(ctx)
	return p, in, append(problems, more...)
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
		s.app.print(string(text) + "\n")
	} else {
		s.app.print(ui.Plan(p, s.app.options(s.command)))
	}
	if s.command.Bool("detailed-exitcode") && !p.Clean {
		return exit(exitChanges)
	}
	return nil
}
