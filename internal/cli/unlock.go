package cli

import (
	"context"
	"fmt"

	ucli "github.com/urfave/cli/v3"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/runner"
	"github.com/dindctl/dindctl/provider"
)

func (a *app) unlock() *ucli.Command {
	return &ucli.Command{
		Name: "unlock", Usage: "release the engine's lock of a project whose holder is gone", ArgsUsage: "[PATH]",
		Description: "Example: dindctl unlock -project ci",
		Flags:       append(append(engineFlags(), configFlags()...), &ucli.BoolFlag{Name: "auto-approve", Usage: "do not ask"}),
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
			return s.unlock(ctx, t)
		},
	}
}

// unlock asks, and releases the lock of a run that is not known to be alive.
func (s *session) unlock(ctx context.Context, t target) error {
	project := t.project
	locker, able := s.provider.(provider.Locker)
	if !able {
		return s.app.fail(diag.Errorf("There is no lock to release", "The provider has no lock."), nil)
	}
	holder, locked, problems := runner.Holding(ctx, locker, project)
	if problems.HasErrors() {
		return s.app.fail(problems, nil)
	}
	if !locked {
		s.app.print(fmt.Sprintf("The project %q is not locked.\n", project))
		return nil
	}
	s.app.print(fmt.Sprintf("The project %q is locked by %s.\n", project, runner.Describe(holder)))
	want, approved, how := "yes", s.command.Bool("auto-approve"), "Only \"yes\" is accepted."
	if t.guessed {
		want, approved, how = project, false, "The project was not named: type its name."
	}
	if err := s.confirm(ctx, approved, want, "Unlock",
		"Release it only if that run is gone: two at once can harm each other's work.\n  "+how+"\n\n  Enter a value: "); err != nil {
		return err
	}
	if problems := runner.Unlock(ctx, s.lockRequest(project), holder); problems.HasErrors() {
		return s.app.fail(problems, nil)
	}
	s.app.print("The lock is released.\n")
	return nil
}
