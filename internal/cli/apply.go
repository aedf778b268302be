package cli

import (
	"context"
	"os"
	"slices"
	"strings"
	"time"

	ucli "github.com/urfave/cli/v3"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/internal/runner"
	"github.com/dindctl/dindctl/internal/ui"
	"github.com/dindctl/dindctl/provider"
)

func applyFlags() []ucli.Flag {
	return []ucli.Flag{
		&ucli.BoolFlag{Name: "auto-approve", Usage: "do not ask"},
		parallelismFlag("how many steps run at once, `N`"),
		&ucli.DurationFlag{Name: "lock-timeout", Usage: "wait this `LONG` for another run, such as 30s"},
		&ucli.BoolFlag{Name: "volumes", Usage: "with volumes and their data, for removals and replacements"},
		&ucli.BoolFlag{Name: "images", Usage: "with built images, for removals"},
		progressFlag(),
	}
}

func (a *app) apply() *ucli.Command {
	return &ucli.Command{
		Name: "apply", Usage: "plan, ask, and do", ArgsUsage: "[PATH|PLANFILE]",
		Description: "Example: dindctl apply examples/case2.hcl",
		Flags:       append(slices.Concat(engineFlags(), configFlags(), applyFlags(), partFlags()), jsonFlag(), replaceFlag(), filesFlag()),
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
			return s.apply(ctx, where)
		},
	}
}

// apply plans and asks while it holds the lock, so that what was shown is what is done.
func (s *session) apply(ctx context.Context, where string) error {
	s.startEarly(ctx)
	file, problems := s.readPlan(where)
	if file != nil && !problems.HasErrors() {
		problems = s.adopt(file)
		where = file.Path
	}
	if problems.HasErrors() {
		return s.app.fail(problems, nil)
	}
	problems = s.loadWhole(ctx, where)
	if !problems.HasErrors() {
		problems = append(problems, s.leftOut()...)
	}
	if problems.HasErrors() {
		return s.app.fail(problems, s.snippets())
	}
	if more := s.connect(ctx); more.HasErrors() {
		return s.app.fail(append(problems, more...), s.snippets())
	}
	if problems := append(s.jsonNeedsConsent(), s.checkProgress()...); problems.HasErrors() {
		return s.app.fail(problems, nil)
	}
	held, notes := s.lock(ctx, s.cfg.Project)
	if notes.HasErrors() {
		return s.app.fail(append(problems, notes...), s.snippets())
	}
	defer func() { s.app.show(held.Release(), nil) }()
	s.app.show(notes, nil)
	p, in, more := s.planAgain(ctx)
	problems = append(problems, more...)
	if s.file != nil && !problems.HasErrors() {
		problems = append(problems, s.stale(p)...)
	}
	if problems.HasErrors() {
		return s.app.fail(problems, s.snippets())
	}
	s.app.show(problems, s.snippets())
	if !s.command.Bool("json") {
		s.app.print(ui.Plan(p, s.app.options()))
	}
	s.app.show(p.Stopped, s.snippets())
	if err := s.confirmPlan(ctx, p); err != nil {
		return err
	}
	remember(s.app.env, s.facts.ID, s.cfg.Project)
	return s.carryOut(ctx, p, in)
}

// confirmPlan asks. Neither -auto-approve nor a plan file alone is consent to the
// loss of data: that takes -volumes, there or in the plan file, or a typed yes.
func (s *session) confirmPlan(ctx context.Context, p *plan.Plan) error {
	if p.Clean {
		return nil
	}
	loses := p.LosesData() && !s.asked.Volumes
	if loses && s.command.Bool("json") { // the plan was not shown
		return s.app.fail(p.RefusedLosses(), s.snippets())
	}
	question := "Do you want dindctl to do this?\n"
	if loses {
		s.app.show(p.Losses(), s.snippets())
		question = "Do you want dindctl to do this, and to lose that data?\n"
	}
	return s.confirm(ctx, !loses && (s.command.Bool("auto-approve") || s.file != nil), "yes", "Apply",
		question+"  Only \"yes\" is accepted.\n\n  Enter a value: ")
}

// lock takes the project's lock.
func (s *session) lock(ctx context.Context, project string) (*runner.Held, diag.List) {
	held, problems := runner.Lock(ctx, s.lockRequest(project))
	s.held = held
	return held, problems
}

func (s *session) lockRequest(project string) runner.LockRequest {
	locker, _ := s.provider.(provider.Locker)
	var hold func(*os.File) error
	if s.client != nil {
		hold = s.client.Hold
	}
	return runner.LockRequest{
		Dir: runner.LockDir(environment(s.app.env.Environ)), EngineID: s.facts.ID, Project: project, Command: s.command.Name,
		Timeout: s.command.Duration("lock-timeout"), Locker: locker, Hold: hold,
		EngineHere: strings.HasPrefix(s.facts.Endpoint, "unix://"),
		Waiting: func(h provider.Holder) {
			s.app.tell("Waiting for " + runner.Describe(h) + ", who holds the lock of this project.\n")
		},
	}
}

// carryOut does what a plan says and shows what became of it.
func (s *session) carryOut(ctx context.Context, p *plan.Plan, in plan.Input) error {
	o := s.app.errorOptions()
	request := runner.ApplyRequest{
		Plan: p, Provider: s.provider, Observed: s.observed, Observe: s.wanted, Differ: in.Diff,
		Parallelism: s.command.Int("parallelism"), Stop: s.app.env.Stop, Now: s.now, Hide: s.hiding(p),
		Refine: s.refine(ctx, p, in),
	}
	if p.Expanded != nil {
		request.Expanded = p.Expanded
	} else if in.Expand != nil {
		expanded, problems := s.expand()
		if problems.HasErrors() {
			return s.app.fail(problems, s.snippets())
		}
		request.Expanded = expanded
	}
	if !p.Clean {
		if problems := s.held.Still(ctx); problems.HasErrors() {
			return s.app.fail(problems, nil)
		}
	}
	sink, shown := s.progress(p)
	request.Sink = sink
	s.app.acting.Store(true)
	result, problems := runner.Apply(ctx, request)
	shown()
	if err := s.app.fail(problems, s.snippets()); err != nil {
		return err
	}
	result.Outputs = s.app.outputs(result.Outputs)
	if s.command.Bool("json") {
		s.app.document(ui.OutcomeJSON(result, p.Destroy))
		return stoppedExit(p)
	}
	if mode := s.progressMode(); !p.Clean && mode != progressQuiet && mode != progressJSON {
		s.app.tell("\n" + ui.Applied(result, p.Destroy, o))
	}
	if len(result.Outputs) > 0 && !p.Destroy {
		s.app.print("\n" + ui.Outputs(result.Outputs, s.app.options()))
	}
	return stoppedExit(p)
}

// stoppedExit is how a command ends that did what it could: errors that were shown
// before stopped a part of it.
func stoppedExit(p *plan.Plan) error {
	if len(p.Stopped) > 0 {
		return exit(exitError)
	}
	return nil
}

func (s *session) now() time.Time { return s.app.env.Now() }
