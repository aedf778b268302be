package cli

import (
	"context"

	ucli "github.com/urfave/cli/v3"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/internal/runner"
	"github.com/dindctl/dindctl/internal/ui"
)

func (a *app) verify() *ucli.Command {
	return &ucli.Command{
		Name: "verify", Usage: "prove on what runs that every nested mount shows what is meant", ArgsUsage: "[PATH]",
		Description: "Example: dindctl verify examples/case2.hcl -write",
		Flags: append(append(engineFlags(), configFlags()...), jsonFlag(), filesFlag(),
			&ucli.BoolFlag{Name: "write", Usage: "send a file through every writable mount, and take it away again"},
			&ucli.DurationFlag{Name: "lock-timeout", Usage: "wait this `LONG` for another run, such as 30s"}),
		Action: func(ctx context.Context, c *ucli.Command) error {
			where, err := path(c)
			if err != nil {
				return err
			}
			s := a.session(c)
			defer s.close()
			return s.verify(ctx, where)
		},
	}
}

// verify holds the lock: an apply at the same time would take its helpers for leftovers.
func (s *session) verify(ctx context.Context, where string) error {
	problems := s.loadWhole(ctx, where)
	if problems.HasErrors() {
		return s.app.fail(problems, s.snippets())
	}
	if more := s.connect(ctx); more.HasErrors() {
		return s.app.fail(append(problems, more...), s.snippets())
	}
	held, notes := s.lock(ctx, s.cfg.Project)
	if notes.HasErrors() {
		return s.app.fail(append(problems, notes...), s.snippets())
	}
	defer func() { s.app.show(held.Release(), nil) }()
	expanded, more := s.expand()
	if more.HasErrors() {
		return s.app.fail(append(problems, more...), s.snippets())
	}
	if more := s.look(ctx, s.cfg.Project, expanded); more.HasErrors() {
		return s.app.fail(append(problems, more...), s.snippets())
	}
	if stopped := s.observed.Stopped(); len(stopped) > 0 {
		return s.app.fail(append(problems, stopped...), s.snippets())
	}
	expanded, entries, more := plan.Mounts(s.input(ctx))
	if expanded == nil {
		return s.app.fail(append(problems, more...), s.snippets())
	}
	problems = append(problems, others(more)...)
	proofs, found := runner.Verify(ctx, runner.VerifyRequest{
		Provider: s.provider, Observed: s.observed, Expanded: expanded, Entries: entries,
		Project: s.cfg.Project, Origin: s.cfg.Origin, Write: s.command.Bool("write"), Self: s.app.env.Self,
	})
	return s.showProofs(proofs, append(problems, found...))
}

func (s *session) showProofs(proofs []runner.Proof, problems diag.List) error {
	if s.command.Bool("json") {
		s.app.document(ui.ProofsJSON(proofs, problems, s.snippets()))
		if problems.HasErrors() {
			return exit(exitError)
		}
		return nil
	}
	if proofs != nil {
		s.app.print(ui.Proofs(proofs, s.app.options()))
	}
	return s.app.fail(problems, s.snippets())
}
