package cli

import (
	"context"
	"fmt"

	ucli "github.com/urfave/cli/v3"

	"github.com/dindctl/dindctl/internal/mount"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/internal/runner"
	"github.com/dindctl/dindctl/internal/ui"
)

func (a *app) list() *ucli.Command {
	return &ucli.Command{
		Name: "ls", Usage: "a tree of a project's objects, over all its daemons: state, age, ports, mounts", ArgsUsage: "[PATH]",
		Description: `Example: dindctl ls -project ci

What is inside a daemon hangs below it. PORTS are where ports can be reached: at the
engine's host, or else at a daemon, from its networks. MOUNTS is the verdict of nested
mounts, where the configuration is at hand; "dindctl mounts" says why.`,
		Flags: append(append(engineFlags(), configFlags()...), jsonFlag()),
		Action: func(ctx context.Context, c *ucli.Command) error {
			where, err := path(c)
			if err != nil {
				return err
			}
			s := a.session(c)
			defer s.close()
			project, problems := s.reach(ctx, where)
			whole := a.fail(problems, s.snippets())
			if whole != nil && len(s.observed.Root.Objects) == 0 {
				return whole
			}
			a.show(s.observed.Stopped(), s.snippets())
			entries := s.verdicts(ctx)
			if c.Bool("json") {
				a.show(runner.Unreadable(s.observed, project), s.snippets()) // the tree says it where it stands
				a.document(ui.ListJSON(s.facts, project, ui.ProjectObjects(s.observed, project), ui.ForeignObjects(s.observed, project), entries))
				return whole
			}
			if len(ui.ProjectObjects(s.observed, project))+len(s.observed.Foreign(project)) == 0 {
				a.print(ui.Engine(s.facts, project, a.options()))
				a.print(fmt.Sprintf("Nothing of project %s is here. `dindctl apply` makes it.%s\n", project, runner.Elsewhere(s.observed, project)))
				return whole
			}
			listing := ui.Listing{Observed: s.observed, Project: project, Entries: entries, Now: a.env.Now()}
			a.print(ui.Engine(s.facts, project, a.options()) + ui.List(listing, a.options()))
			return whole
		},
	}
}

// verdicts are those of the configuration's nested mounts, as what runs has them;
// nil without a configuration, or one that cannot be evaluated.
func (s *session) verdicts(ctx context.Context) []mount.Entry {
	if s.cfg == nil {
		return nil
	}
	_, entries, _ := plan.Mounts(s.input(ctx))
	return entries
}
