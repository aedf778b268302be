package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	ucli "github.com/urfave/cli/v3"

	"github.com/dindctl/dindctl/internal/runner"
	"github.com/dindctl/dindctl/internal/ui"
	"github.com/dindctl/dindctl/provider"
)

func (a *app) gc() *ucli.Command {
	return &ucli.Command{
		Name: "gc", Usage: "list what dindctl left and nothing uses, and remove it", ArgsUsage: " ",
		Description: `Example: dindctl gc -project ci

Volumes that were kept for daemons which are gone, or for projects of which no
container is left; built images that nothing names; locks of dead runs. It looks at
the engine and into every daemon of dindctl's that runs; a daemon into which it cannot
look is named, and nothing inside it is judged. Before it removes anything it takes the
locks of the projects and asks: -auto-approve alone is no consent to the loss of data,
-volumes is. A project on which another run works is named and left out.`,
		Flags: append(engineFlags(), jsonFlag(),
			&ucli.BoolFlag{Name: "auto-approve", Usage: "do not ask about images and locks; volumes need -volumes as well"},
			&ucli.BoolFlag{Name: "volumes", Usage: "with -auto-approve: volumes and their data, too"},
			&ucli.DurationFlag{Name: "lock-timeout", Usage: "wait this `LONG` for another run, such as 30s"}),
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
	request := runner.GatherRequest{
		Provider: s.provider, EngineID: s.facts.ID,
		Dead: func(project string, holder provider.Holder) string {
			return runner.DeadHolder(ctx, s.lockRequest(project), holder)
		},
	}
	wanted := func(project string) bool { return s.asked.Project == "" || project == s.asked.Project }
	if s.command.Bool("json") && !s.command.Bool("auto-approve") { // it removes nothing
		found, problems := runner.Gather(ctx, request)
		if !found.Broken {
			s.app.document(ui.LeftoversJSON(s.facts, found.Of(wanted)))
		}
		return s.app.fail(problems, nil)
	}
	found, locks, problems := runner.GatherLocked(ctx, request, wanted, s.lockRequest)
	defer func() { s.app.show(locks.Release(), nil) }()
	if ctx.Err() != nil || found.Broken {
		return s.app.fail(problems, nil)
	}
	if s.command.Bool("json") {
		s.app.document(ui.LeftoversJSON(s.facts, found))
	} else {
		s.app.print(ui.Leftovers(s.facts, found, s.now(), s.app.options()))
	}
	failed := s.app.fail(problems, nil)
	if len(found.Left) == 0 {
		return failed
	}
	return cmp.Or(s.discard(ctx, found.Left, locks), failed)
}

func (s *session) discard(ctx context.Context, left []runner.Leftover, locks runner.Locks) error {
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
	problems := locks.Still(ctx)
	left = slices.DeleteFunc(left, func(l runner.Leftover) bool { return locks[l.Owner.Project] == nil })
	s.app.acting.Store(true)
	removed := 0
	problems = append(problems, runner.Discard(ctx, s.provider, left, func(l runner.Leftover) {
		removed++
		s.app.tell(ui.LeftoverName(l) + ": removed\n")
	})...)
	if err := s.app.fail(problems, nil); err != nil {
		return err
	}
	s.app.tell(fmt.Sprintf("\n%d removed.\n", removed))
	return nil
}
