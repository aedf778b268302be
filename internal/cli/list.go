package cli

import (
	"context"

	ucli "github.com/urfave/cli/v3"

	"github.com/dindctl/dindctl/internal/ui"
)

func (a *app) list() *ucli.Command {
	return &ucli.Command{
		Name: "ls", Usage: "the objects of a project, over all its daemons", ArgsUsage: "[PATH]",
		Description: "Example: dindctl ls -project ci",
		Flags:       append(append(engineFlags(), configFlags()...), jsonFlag()),
		Action: func(ctx context.Context, c *ucli.Command) error {
			where, err := path(c)
			if err != nil {
				return err
			}
			s := a.session(c)
			defer s.close()
			t, problems := s.target(ctx, where)
			if problems.HasErrors() {
				return a.fail(problems, s.snippets())
			}
			if problems := s.look(ctx, t.project, nil); problems.HasErrors() {
				return a.fail(problems, nil)
			}
			if c.Bool("json") {
				a.print(ui.ShowJSON(s.facts, t.project, ui.ProjectObjects(s.observed, t.project), false))
				return nil
			}
			a.print(ui.Engine(s.facts, t.project, a.options()) + ui.List(s.observed, t.project))
			return nil
		},
	}
}
