package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	ucli "github.com/urfave/cli/v3"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/internal/runner"
	"github.com/dindctl/dindctl/internal/ui"
	"github.com/dindctl/dindctl/provider"
)

func (a *app) runJob() *ucli.Command {
	return &ucli.Command{
		Name: "run", Usage: "run a job now, whatever its record says", ArgsUsage: "[PATH] ADDRESS [-- ARGUMENT...]",
		Description: `Example: dindctl run job.migrate -- --dry-run

The job's output and exit code are those of the command. Arguments stand in place of
the job's command for this one run, as those of docker run do; its entrypoint stays.
What the job needs and is not there is planned, shown and asked about first.
A job with run = "on_request" runs in no other way.`,
		Flags: append(addressFlags(), filesFlag(),
			&ucli.BoolFlag{Name: "auto-approve", Usage: "do not ask about what the job needs"},
			&ucli.DurationFlag{Name: "lock-timeout", Usage: "wait this `LONG` for another run, such as 30s"}),
		Action: func(ctx context.Context, c *ucli.Command) error {
			where, address, arguments, err := a.runArguments(c)
			if err != nil {
				return err
			}
			s := a.session(c)
			defer s.close()
			return s.runJob(ctx, where, address, arguments)
		},
	}
}

func (a *app) runArguments(c *ucli.Command) (where, address string, arguments []string, err error) {
	args := c.Args().Slice()
	if i := slices.Index(args, "--"); i >= 0 {
		args, arguments = args[:i], args[i+1:]
	}
	if path, _ := a.configurationFirst(args); path != "" && len(args) == 1 {
		args = nil
	}
	switch len(args) {
	case 1:
		return "", args[0], arguments, nil
	case 2:
		return args[0], args[1], arguments, nil
	case 0:
		return "", "", nil, errors.New("run takes the address of a job: dindctl run ADDRESS")
	}
	return "", "", nil, fmt.Errorf("%s is one argument too many: write the job's own behind --: dindctl run ADDRESS -- %[1]s", args[2])
}

func (s *session) runJob(ctx context.Context, where, address string, arguments []string) error {
	s.startEarly(ctx)
	problems := s.loadWhole(ctx, where)
	if problems.HasErrors() {
		return s.app.fail(problems, s.snippets())
	}
	if more := s.connect(ctx); more.HasErrors() {
		return s.app.fail(append(problems, more...), s.snippets())
	}
	job, problems := s.jobAt(address)
	if problems.HasErrors() {
		return s.app.fail(problems, s.snippets())
	}
	if len(arguments) > 0 {
		s.cfg.Commands = map[string][]string{job: arguments}
		s.expanding = nil
	}
	held, notes := s.lock(ctx, s.cfg.Project)
	if notes.HasErrors() {
		return s.app.fail(notes, s.snippets())
	}
	defer func() { s.app.show(held.Release(), nil) }()
	s.app.show(notes, nil)
	s.asked.Target, s.asked.Run = []string{job}, []string{job}
	p, in, problems := s.planAgain(ctx)
	if problems.HasErrors() {
		return s.app.fail(problems, s.snippets())
	}
	if len(p.Stopped) > 0 && !slices.ContainsFunc(p.Steps, func(step plan.Step) bool { return step.Address == job }) {
		return s.app.fail(p.Stopped, s.snippets())
	}
	s.app.show(p.Stopped, s.snippets())
	if needed := slices.ContainsFunc(p.Steps, func(step plan.Step) bool { return step.Address != job && step.Action != plan.Wait }); needed {
		s.app.tell(ui.Plan(p, s.app.errorOptions()))
		if err := s.confirm(ctx, s.command.Bool("auto-approve"), "yes", "Run",
			"The job needs this first. Do you want dindctl to do it?\n  Only \"yes\" is accepted.\n\n  Enter a value: "); err != nil {
			return err
		}
		if problems := s.held.Still(ctx); problems.HasErrors() {
			return s.app.fail(problems, nil)
		}
	}
	return s.runNow(ctx, p, in, job)
}

// jobAt is the address of a job of the configuration, as it is written there.
func (s *session) jobAt(address string) (string, diag.List) {
	expanded, problems := s.expand()
	if problems.HasErrors() {
		return "", problems
	}
	var jobs []string
	for _, in := range expanded.Instances {
		switch {
		case !runner.SameAddress(in.Address, address):
			if in.Kind == provider.Job {
				jobs = append(jobs, in.Address)
			}
		case in.Kind != provider.Job:
			return "", noJob(address, fmt.Sprintf("%s is a %s, which does not end. `dindctl exec` runs a command in it.", in.Address, in.Kind))
		default:
			return in.Address, nil
		}
	}
	return "", noJob(address, noJobText(address, jobs))
}

func noJobText(address string, jobs []string) string {
	text := fmt.Sprintf("The configuration has no %s.", address)
	if like := diag.Nearest(address, jobs); like != "" {
		return text + fmt.Sprintf(" Did you mean %s?", like)
	}
	if len(jobs) == 0 {
		return text + " It has no job."
	}
	return text + " Its jobs are " + strings.Join(jobs, ", ") + "."
}

func noJob(address, detail string) diag.List {
	list := diag.Errorf("There is no such job", "%s", detail)
	list[0].Address = address
	return list
}

// runNow runs the job and what it needs. The output of the job alone goes to
// standard output, and its exit code is this command's.
func (s *session) runNow(ctx context.Context, p *plan.Plan, in plan.Input, job string) error {
	progress, shown := s.lines()
	s.app.acting.Store(true)
	result, problems := runner.Apply(ctx, runner.ApplyRequest{
		Plan: p, Provider: s.provider, Observed: s.observed, Expanded: p.Expanded, Observe: s.wanted, Differ: in.Diff,
		Stop: s.app.env.Stop, Now: s.now, Hide: s.hiding(p),
		Sink: func(e runner.Event) {
			if e.Address != job {
				progress(e)
			}
		},
		Output: func(e runner.Event) {
			switch {
			case e.Address != job: // its lines are shown
			case e.Stream == "stderr":
				_, _ = s.app.env.Stderr.Write(e.Data)
			default:
				_, _ = s.app.env.Stdout.Write(e.Data)
			}
		},
		Refine: s.refine(ctx, p, in),
	})
	shown()
	code, quiet := s.exitCode(ctx, result, job)
	if code == 0 || !quiet {
		err := s.app.fail(problems, s.snippets())
		if code == 0 {
			return err
		}
	}
	return exit(code)
}

// exitCode is that of a job which ended by itself with another than 0, whatever that is,
// or was killed by somebody else than this run; else 0. Quiet says that there is nothing
// to add to what the job itself has said.
func (s *session) exitCode(ctx context.Context, result runner.Result, job string) (code int, quiet bool) {
	own := func(f runner.Failure) bool {
		return f.Step.Address == job && len(f.Problems) > 0 && f.Problems[0].PageCode() == "job-failed"
	}
	if result.Interrupted || !slices.ContainsFunc(result.Failed, own) {
		return 0, false
	}
	if problems := s.look(ctx, s.cfg.Project, nil); problems.HasErrors() {
		return 0, false
	}
	object, problems := runner.Find(s.observed, s.cfg.Project, job)
	if problems.HasErrors() {
		return 0, false
	}
	is := object.Condition
	// That it was interrupted is concluded from the code alone.
	return is.ExitCode, is.Reason == "" || is.Interrupted
}
