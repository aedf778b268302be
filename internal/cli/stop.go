package cli

import (
	"context"
	"fmt"
	"strings"

	ucli "github.com/urfave/cli/v3"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/internal/runner"
)

func stopFlags() []ucli.Flag {
	return append(addressFlags(),
		parallelismFlag("how many objects at once, `N`"),
		&ucli.DurationFlag{Name: "lock-timeout", Usage: "wait this `LONG` for another run, such as 30s"})
}

func (a *app) stop() *ucli.Command {
	return &ucli.Command{
		Name: "stop", Usage: "stop objects, or the whole project, and keep their data", ArgsUsage: "[PATH] [ADDRESS...]",
		Description: `Example: dindctl stop -project ci

What is inside a daemon is stopped before it, and what needs something before that.
Jobs are left alone, but end with the daemon that they run in. The name of a project
that nobody named is asked for. The next plan says
"stopped by request"; start, and also apply, starts it again.`,
		Flags: stopFlags(),
		Action: func(ctx context.Context, c *ucli.Command) error {
			return a.halting(ctx, c, runner.Halt)
		},
	}
}

func (a *app) start() *ucli.Command {
	return &ucli.Command{
		Name: "start", Usage: "start objects that were stopped, or the whole project", ArgsUsage: "[PATH] [ADDRESS...]",
		Description: `Example: dindctl start daemon.dind

What an object needs is started before it, and what is inside a daemon after it. It
starts what exists, as it was made; what is not there, or differs, is apply's to do.
What runs and shares namespaces with what is started is restarted.`,
		Flags: stopFlags(),
		Action: func(ctx context.Context, c *ucli.Command) error {
			return a.halting(ctx, c, runner.Wake)
		},
	}
}

func (a *app) restart() *ucli.Command {
	return &ucli.Command{
		Name: "restart", Usage: "stop and start objects, or the whole project", ArgsUsage: "[PATH] [ADDRESS...]",
		Description: `Example: dindctl restart controller.control

What ran runs again, in order, with what shares its namespaces; what was stopped stays
stopped.`,
		Flags: stopFlags(),
		Action: func(ctx context.Context, c *ucli.Command) error {
			return a.halting(ctx, c, runner.Restart)
		},
	}
}

// halting stops or starts under the project's lock.
func (a *app) halting(ctx context.Context, c *ucli.Command, do func(context.Context, runner.HaltRequest) (runner.HaltResult, diag.List)) error {
	s := a.session(c)
	defer s.close()
	where, addresses := a.configurationFirst(c.Args().Slice())
	project, problems := s.reach(ctx, where)
	if problems.HasErrors() {
		return a.fail(problems, nil)
	}
	if s.asked.Project != "" && len(runner.Objects(s.observed, project)) == 0 { // a slip of the pen, mostly
		return a.fail(append(s.unread(), diag.Errorf("Nothing runs there", "The engine has nothing of project %q.%s", project, runner.Elsewhere(s.observed, project))...), nil)
	}
	if s.guessed && len(addresses) == 0 && c.Name != "start" {
		if err := s.confirm(ctx, false, project, strings.ToUpper(c.Name[:1])+c.Name[1:], fmt.Sprintf(
			"The project %q was not named: it is the one that was applied last here.\n  Type its name to %s all of it.\n\n  Enter a value: ", project, c.Name)); err != nil {
			return err
		}
	}
	held, notes := s.lock(ctx, project)
	if notes.HasErrors() {
		return a.fail(notes, nil)
	}
	defer func() { a.show(held.Release(), nil) }()
	a.show(notes, nil)
	look := func(ctx context.Context) (plan.Observed, diag.List) {
		problems := s.look(ctx, project, nil)
		return s.observed, problems
	}
	if _, problems := look(ctx); problems.HasErrors() { // again, under the lock
		return a.fail(problems, nil)
	}
	a.acting.Store(true)
	sink, shown := s.lines()
	result, problems := do(ctx, runner.HaltRequest{
		Provider: s.provider, Observed: s.observed, Project: project, Addresses: addresses, Look: look,
		Parallelism: c.Int("parallelism"), Sink: sink, Stop: a.env.Stop, Now: s.now,
	})
	shown()
	if err := a.fail(problems, nil); err != nil {
		return err
	}
	a.tell(haltText(c.Name, project, result))
	return nil
}

// haltText is the closing line.
func haltText(command, project string, r runner.HaltResult) string {
	var parts []string
	if n := len(r.Stopped); n > 0 {
		parts = append(parts, fmt.Sprintf("%d stopped", n))
	}
	if n := len(r.Started); n > 0 {
		parts = append(parts, fmt.Sprintf("%d started", n))
	}
	if n := len(r.Ended); n > 0 {
		parts = append(parts, fmt.Sprintf("%d had ended already", n))
	}
	switch {
	case len(parts) > 0:
		return "\nProject " + project + ": " + strings.Join(parts, ", ") + ".\n"
	case command == "start":
		return "Nothing to start: what exists runs.\n"
	}
	return "Nothing to " + command + ": nothing runs.\n"
}
