package cli

import (
	"context"
	"fmt"
	"slices"

	ucli "github.com/urfave/cli/v3"

	"github.com/dindctl/dindctl/internal/config"
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
	s.tellBeside(target)
	if problems := append(s.jsonNeedsConsent(), s.checkProgress()...); problems.HasErrors() {
		return s.app.fail(problems, nil)
	}
	held, notes := s.lock(ctx, target.project)
	if notes.HasErrors() {
		return s.app.fail(notes, nil)
	}
	defer func() { s.app.show(held.Release(), nil) }()
	s.app.show(notes, nil)
	p, in, problems := s.destruction(ctx, target)
	if problems.HasErrors() {
		return s.app.fail(problems, s.snippets())
	}
	return s.destroyAll(ctx, target, p, in)
}

// destruction observes a project and plans the removal of all of it: for `destroy` and
// for `plan -destroy`, which do and show the same. A configuration says which addresses
// are meant now, and what is kept; without one the records say all that is known.
func (s *session) destruction(ctx context.Context, t target) (*plan.Plan, plan.Input, diag.List) {
	in := plan.Input{
		Project: t.project, Origin: t.origin, Derived: t.derived, Diff: runner.Differ(ctx, s.provider), Destroy: true,
		Volumes: s.asked.Volumes, Images: s.asked.Images, DataLoss: true, // which is asked about: confirmDestroy, confirmPlan
		Target: s.asked.Target, Exclude: s.asked.Exclude, Interrupted: ctx.Err,
	}
	if s.cfg != nil {
		expanded, problems := s.expand()
		if problems.HasErrors() {
			return nil, in, problems
		}
		in.Declared, in.Prevented = expanded.Instances, s.cfg.Prevented
	}
	problems := s.look(ctx, t.project, nil)
	if problems.HasErrors() {
		return nil, in, problems
	}
	in.Observed = s.observed
	p, more := plan.Make(in)
	return p, in, append(problems, more...)
}

// destroyAll shows what is removed, asks, and does it.
func (s *session) destroyAll(ctx context.Context, target target, p *plan.Plan, in plan.Input) error {
	if !s.command.Bool("json") {
		s.app.print(ui.Plan(p, s.app.options()))
		if p.Clean && s.cfg == nil {
			s.app.print("What the project has on an engine elsewhere (`endpoint`) is found with its configuration only: dindctl destroy PATH.\n")
		}
	}
	s.app.show(p.Stopped, s.snippets())
	if p.Clean && len(p.Stopped) > 0 {
		return stoppedExit(p)
	}
	if p.Clean && !p.Partial && !target.guessed {
		if len(target.unread) == 0 {
			forget(s.app.env, s.facts.ID, target.project)
		}
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

// tellBeside says of a configuration in the current directory that it is not read, why,
// and what that means.
func (s *session) tellBeside(t target) {
	switch {
	case t.another != "":
		s.app.tell(fmt.Sprintf("The configuration in this directory is that of project %q, and is not read: the records alone say what goes.\n", t.another))
	case len(t.unread) > 0:
		s.app.show(t.unread, s.snippets())
		s.app.tell("The configuration in this directory has these errors, and is not read. Which addresses have moved, and what " +
			"prevent_destroy keeps, is not known: the records alone say what goes.\n")
	}
}

// confirmDestroy asks. -auto-approve alone is no consent to the loss of data, and none
// where what the configuration keeps is not known.
func (s *session) confirmDestroy(ctx context.Context, t target, p *plan.Plan) error {
	name := "\n  Type its name to destroy it.\n\n  Enter a value: "
	switch {
	case t.guessed:
		return s.confirm(ctx, false, t.project, "Destroy", fmt.Sprintf(
			"The project %q was not named: it is the one that was applied last here.%s", t.project, name))
	case len(t.unread) > 0 && t.protects:
		return s.confirm(ctx, false, t.project, "Destroy",
			"The configuration that cannot be read says prevent_destroy, or may say it, and what that keeps is not kept now."+name)
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
	// another is the project that the configuration beside says that it is of.
	another string
	// unread is why the configuration beside cannot be evaluated; protects says that it
	// keeps something by prevent_destroy, or may.
	unread   diag.List
	protects bool
}

// target finds the project: that of PATH, -project, the configuration in the
// current directory, or the one that was applied last. It connects on the way.
func (s *session) target(ctx context.Context, where string) (target, diag.List) {
	named, beside := s.asked.Project, hasConfiguration(s.app.env.Cwd)
	switch {
	case where != "" || named == "" && beside:
		if problems := s.load(ctx, where); problems.HasErrors() {
			return target{}, problems
		}
		return s.loaded(), s.connect(ctx)
	case named != "" && beside:
		return s.besides(ctx)
	}
	if problems := s.connect(ctx); problems.HasErrors() {
		return target{}, problems
	}
	if named != "" {
		return target{project: named}, nil
	}
	return s.lastApplied(ctx)
}

// loaded is the project of the configuration.
func (s *session) loaded() target {
	return target{project: s.cfg.Project, origin: s.cfg.Origin, derived: s.cfg.Derived}
}

// besides is the project that -project names, where there is a configuration in the
// current directory. That is the project's, as for plan and apply, unless it says that
// it is another's.
func (s *session) besides(ctx context.Context) (target, diag.List) {
	named := s.asked.Project
	s.asked.Project = ""
	problems := s.load(ctx, "") // under its own name
	s.asked.Project = named
	if own := s.cfg.Project; own != named && own != "" && !s.cfg.Derived {
		s.cfg, s.sources = nil, nil // it says nothing of the engine, either
		return target{project: named, another: own}, s.connect(ctx)
	}
	if s.cfg.Project != named {
		problems = s.load(ctx, "")
	}
	beside := s.cfg
	if problems.HasErrors() {
		s.ofEngine(beside)
		s.cfg = nil
	}
	if more := s.connect(ctx); more.HasErrors() {
		return target{}, more
	}
	if s.cfg != nil {
		_, problems = s.expand()
	}
	if problems.HasErrors() {
		s.cfg, s.expanding = nil, nil
		return target{project: named, unread: problems, protects: beside.Protects()}, nil
	}
	t := s.loaded()
	t.derived = false // it was named
	return t, nil
}

// ofEngine keeps which engine a configuration means that says nothing else.
func (s *session) ofEngine(cfg *config.Config) {
	if s.asked.Context == "" && s.asked.Endpoint == "" {
		s.asked.Context, s.asked.Endpoint, s.namedBy = cfg.Context, cfg.Host, byProviderBlock
	}
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
