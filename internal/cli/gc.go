package cli

import (
	"context"
	"fmt"
	"strings"

	ucli "github.com/urfave/cli/v3"

	"github.com/dindctl/dindctl/internal/runner"
	"github.com/dindctl/dindctl/internal/ui"
	"github.com/dindctl/dindctl/provider"
)

func (a *app) gc() *ucli.Command {
	return &ucli.Command{
		Name: "gc", Usage: "list what dindctl left and nothing uses, and remove it", ArgsUsage: " ",
		Description: `Example: dindctl gc -project ci

Volumes that were kept for daemons which are gone, or for projects of which nothing
is left that runs; built images that nothing names; locks of dead runs. It looks at
the engine and into every daemon of dindctl's that runs, and asks before it removes
anything: -auto-approve alone is no consent to the loss of data, -volumes is.`,
		Flags: append(engineFlags(), jsonFlag(),
			&ucli.BoolFlag{Name: "auto-approve", Usage: "do not ask about images and locks; volumes need -volumes as well"},
			&ucli.BoolFlag{Name: "volumes", Usage: "with -auto-approve: volumes and their data, too"}),
		Action: func(ctx context.Context, c *ucli.Command) error {
			if _, err := positional(c, 0, ""); err != nil {
				return err
			}
			s := a.session(c)
			defer s.close()
			return s.gc(ctx)
		},
	}
}

func (s *session) gc(ctx context.Context) error {
	if problems := s.connect(ctx); problems.HasErrors() {
		return s.app.fail(problems, nil)
	}
	found, problems := runner.Gather(ctx, runner.GatherRequest{
		Provider: s.provider, EngineID: s.facts.ID,
		Dead: func(project string, holder provider.Holder) string {
			return runner.DeadHolder(ctx, runner.LockRequest{
				Dir: runner.LockDir(environment(s.app.env.Environ)), EngineID: s.facts.ID, Project: project, Command: "gc",
				EngineHere: strings.HasPrefix(s.facts.Endpoint, "unix://"),
			}, holder)
		},
	})
	if problems.HasErrors() {
		return s.app.fail(problems, nil)
	}
	var left []runner.Leftover
	for _, l := range found {
		if s.asked.Project == "" || l.Owner.Project == s.asked.Project {
			left = append(left, l)
		}
	}
	if s.command.Bool("json") {
		s.app.document(ui.LeftoversJSON(s.facts, left))
	} else {
		s.app.print(ui.Leftovers(s.facts, left, s.now(), s.app.options()))
	}
	if len(left) == 0 || s.command.Bool("json") && !s.command.Bool("auto-approve") {
		return nil
	}
	return s.discard(ctx, left)
}

func (s *session) discard(ctx context.Context, left []runner.Leftover) error {
	data := 0
	for _, l := range left {
		if l.Kind == provider.Volume {
			data++
		}
	}
	question := "Do you want dindctl to remove all of this?"
	if data > 0 {
		question = fmt.Sprintf("Do you want dindctl to remove all of this? The data in %d of them is lost.", data)
	}
	approved := s.command.Bool("auto-approve") && (data == 0 || s.command.Bool("volumes"))
	if err := s.confirm(ctx, approved, "yes", "Removal", question+"\n  Only \"yes\" is accepted.\n\n  Enter a value: "); err != nil {
		return err
	}
	s.app.acting.Store(true)
	removed := 0
	problems := runner.Discard(ctx, s.provider, left, func(l runner.Leftover) {
		removed++
		s.app.tell(ui.LeftoverName(l) + ": removed\n")
	})
	if err := s.app.fail(problems, nil); err != nil {
		return err
	}
	s.app.tell(fmt.Sprintf("\n%d removed.\n", removed))
	return nil
}
