package cli

import (
	"context"
	"fmt"
	"slices"

	ucli "github.com/urfave/cli/v3"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/internal/runner"
	"github.com/dindctl/dindctl/internal/ui"
)

func (a *app) destroy() *ucli.Command {
	return &ucli.Command{
		Name: "destroy", Usage: "remove a project, by the records on its objects; keep volumes", ArgsUsage: "[PATH]",
		Description: "Example: dindctl destroy -project ci -volumes",
		Flags:       append(slices.Concat(engineFlags(), configFlags(), applyFlags(), partFlags()), jsonFlag()),
		Action: func(ctx context.Context, c *ucli.Command) error {
			where, err := path(c)
			if err != nil {
				return err
			}
			s := a.session(c)
			defer s.close()
			return s.destroy(ctx, where)
		},
	}
}

func (s *session) destroy(ctx context.Context, where string) error {
	target, problems := s.target(ctx, where)
	if problems.HasErrors() {
		return s.app.fail(problems, s.snippets())
	}
	if problems := append(s.jsonNeedsConsent(), s.checkProgress()...); problems.HasErrors() {
		return s.app.fail(problems, nil)
	}
	held, notes := s.lock(ctx, target.project)
	if notes.HasErrors() {
		return s.app.fail(notes, nil)
	}
	defer func() { s.app.show(held.Release(), nil) }()
	s.app.show(notes, nil)
	if problems := s.look(ctx, target.project, nil); problems.HasErrors() {
		return s.app.fail(problems, nil)
	}
	in := plan.Input{
		Project: target.project, Origin: target.origin, Derived: target.derived, Observed: s.observed,
		Diff: runner.Differ(ctx, s.provider), Destroy: true,
		Volumes: s.command.Bool("volumes"), Images: s.command.Bool("images"), DataLoss: true, // which is asked about: confirmDestroy
		Target: s.command.StringSlice("target"), Exclude: s.command.StringSlice("exclude"),
	}
	if s.cfg != nil {
		in.Prevented = s.cfg.Prevented
		if known, _ := s.expand(); known != nil {
			in.Declared = known.Instances
		}
	}
	p, problems := plan.Make(in)
	if problems.HasErrors() {
		return s.app.fail(problems, s.snippets())
	}
	if !s.command.Bool("json") {
		s.app.print(ui.Plan(p, s.app.options()))
		if p.Clean && s.cfg == nil {
			s.app.print("What the project has on an engine elsewhere (`endpoint`) is found with its configuration only: dindctl destroy PATH.\n")
		}
	}
	if p.Clean && !p.Partial && !target.guessed {
		forget(s.app.env, s.facts.ID, target.project)
		return nil
	}
	if s.command.Bool("json") && p.LosesData() && !s.command.Bool("volumes") { // the plan is not shown
		return s.app.fail(p.RefusedLosses(), nil)
	}
	if err := s.confirmDestroy(ctx, target, p); err != nil {
		return err
	}
	if err := s.carryOut(ctx, p, in); err != nil {
		return err
	}
	if !p.Partial {
		forget(s.app.env, s.facts.ID, target.project)
	}
	return nil
}

// confirmDestroy asks. -auto-approve alone is no consent to the loss of data.
func (s *session) confirmDestroy(ctx context.Context, t target, p *plan.Plan) error {
	if t.guessed {
		return s.confirm(ctx, false, t.project, "Destroy", fmt.Sprintf(
			"The project %q was not named: it is the one that was applied last here.\n  Type its name to destroy it.\n\n  Enter a value: ", t.project))
	}
	approved := s.command.Bool("auto-approve") && (s.command.Bool("volumes") || !p.LosesData())
	return s.confirm(ctx, approved, "yes", "Destroy",
		"Do you want dindctl to destroy all of this?\n  Only \"yes\" is accepted.\n\n  Enter a value: ")
}

// target is the project that a command without configuration is about.
type target struct {
	project string
	origin  string
	derived bool
	// guessed says that nobody named it.
	guessed bool
}

// target finds the project: that of PATH, -project, the configuration in the
// current directory, or the one that was applied last. It connects on the way.
func (s *session) target(ctx context.Context, where string) (target, diag.List) {
	named := s.command.String("project")
	if where != "" || named == "" && hasConfiguration(s.app.env.Cwd) {
		if problems := s.load(where); problems.HasErrors() {
			return target{}, problems
		}
		t := target{project: s.cfg.Project, origin: s.cfg.Origin, derived: s.cfg.Derived}
		return t, s.connect(ctx)
	}
	if problems := s.connect(ctx); problems.HasErrors() {
		return target{}, problems
	}
	if named != "" {
		return target{project: named}, nil
	}
	return s.lastApplied(ctx)
}

// lastApplied is the project that was applied last, if the engine still has it.
func (s *session) lastApplied(ctx context.Context) (target, diag.List) {
	projects, problems := s.projects(ctx)
	if problems.HasErrors() {
		return target{}, problems
	}
	last := recall(s.app.env, s.facts.ID)
	if _, there := projects[last]; there && last != "" {
		return target{project: last, guessed: true}, nil
	}
	return target{}, diag.Errorf("It is not said which project is meant",
		"There is no configuration in this directory, and no project of this engine was applied last from here. %s", listProjects(projects, "Name one by -project:"))
}
