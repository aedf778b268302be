package docker

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/dindctl/dindctl/provider"
)

const (
	readyDefault = 2 * time.Minute
	readyLook    = 50 * time.Millisecond // between two looks at first
	readyPause   = time.Second           // and later
)

// startAndWait starts a container and waits until it is ready.
func (p *Provider) startAndWait(ctx context.Context, e *engine, decl provider.Declaration, c container.InspectResponse, say events) error {
	if err := e.start(ctx, decl, c, say); err != nil {
		return err
	}
	r := newReadiness(p, e, decl, c, say)
	r.ready, _ = r.d.block("ready")
	if text := r.ready.text("timeout"); text != "" {
		limit, err := durationOf(text)
		if err != nil {
			return &provider.Problem{Code: provider.Invalid, Address: decl.Address, Path: "ready.timeout", Summary: "The declaration cannot be realised", Detail: err.Error() + "."}
		}
		r.limit = limit
	}
	return r.wait(ctx)
}

// readiness waits for one container.
type readiness struct {
	p        *Provider
	e        *engine
	decl     provider.Declaration
	d        values
	ready    values
	id       string
	say      events
	limit    time.Duration
	told     string
	restarts int
}

// newReadiness is for a container as it was before its start.
func newReadiness(p *Provider, e *engine, decl provider.Declaration, c container.InspectResponse, say events) *readiness {
	r := &readiness{p: p, e: e, decl: decl, d: valuesOf(decl.Declared), id: c.ID, say: say, limit: readyDefault}
	if c.State.Running {
		r.restarts = c.RestartCount // of earlier times
	}
	return r
}

// errEnded says that waiting is pointless.
var errEnded = errors.New("it ended")

// wait looks at ever longer intervals until everything holds, the container
// ends, or the time is over.
func (r *readiness) wait(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, r.limit)
	defer cancel()
	defer r.p.whenStopping(cancel)() // a look may take long: a command of the user's is run
	pause := readyLook
	timer := time.NewTimer(0)
	defer timer.Stop()
	<-timer.C
	for {
		missing, err := r.look(limited)
		switch {
		case errors.Is(err, errEnded):
			return r.ended(ctx)
		case err != nil && ctx.Err() != nil:
			return ctx.Err()
		case err == nil && missing == "":
			return nil
		case limited.Err() != nil:
			if err == nil || r.told == "" {
				r.told = missing
			}
			return r.unready(ctx)
		case missing != "" && missing != r.told:
			r.told = missing
			r.say.phase(provider.PhaseWait, missing)
		}
		timer.Reset(pause)
		pause = min(pause*3/2, readyPause)
		select {
		case <-limited.Done():
			return r.unready(ctx)
		case <-timer.C:
		}
	}
}

// unready says why the waiting ended.
func (r *readiness) unready(ctx context.Context) error {
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case r.p.isStopping():
		return &provider.Problem{Code: provider.Interrupted, Address: r.decl.Address, Summary: "Waiting was interrupted", Detail: fmt.Sprintf("Container %s runs, and was not ready yet: %s.", r.decl.Name, r.told)}
	}
	return r.late(ctx)
}

// look says what is still missing; empty is nothing.
func (r *readiness) look(ctx context.Context) (string, error) {
	c, err := r.e.read.ContainerInspect(ctx, r.id)
	if err != nil {
		return "its container cannot be read", err
	}
	if r.hasEnded(c) {
		return "", errEnded
	}
	checks := []func(context.Context, container.InspectResponse) string{r.health, r.log, r.port, r.http, r.exec}
	if r.decl.Kind == provider.Daemon {
		checks = append(checks, r.daemon)
	}
	for _, check := range checks {
		if missing := check(ctx, c); missing != "" {
			return missing, nil
		}
	}
	return r.settled(ctx)
}

// settled looks once more: what ends at once was running a moment ago.
func (r *readiness) settled(ctx context.Context) (string, error) {
	if r.told != "" || r.decl.Kind == provider.Daemon {
		return "", nil
	}
	timer := time.NewTimer(readyLook)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return "it has only just started", nil
	case <-timer.C:
	}
	c, err := r.e.read.ContainerInspect(ctx, r.id)
	if err != nil {
		return "its container cannot be read", err
	}
	if r.hasEnded(c) {
		return "", errEnded
	}
	return "", nil
}

func (r *readiness) hasEnded(c container.InspectResponse) bool {
	return !c.State.Running || c.State.Restarting || c.RestartCount > r.restarts
}

func (r *readiness) health(_ context.Context, c container.InspectResponse) string {
	if !r.ready.flag("healthy", false) {
		return ""
	}
	if c.State.Health == nil {
		return "it has no health check that could say that it is healthy"
	}
	if c.State.Health.Status == "healthy" {
		return ""
	}
	missing := "its health check says " + c.State.Health.Status
	if last := len(c.State.Health.Log) - 1; last >= 0 && c.State.Health.Log[last].ExitCode != 0 {
		said := strings.Join(strings.Fields(c.State.Health.Log[last].Output), " ")
		missing += fmt.Sprintf(" (exit code %d", c.State.Health.Log[last].ExitCode)
		if said != "" {
			missing += ": " + said[:min(len(said), 200)]
		}
		missing += ")"
	}
	return missing
}

func (r *readiness) log(ctx context.Context, c container.InspectResponse) string {
	pattern := r.ready.text("log")
	if pattern == "" {
		return ""
	}
	expression, err := regexp.Compile("(?m)" + pattern)
	if err != nil {
		return fmt.Sprintf("ready.log is no regular expression: %v", err)
	}
	stdout, stderr, err := r.e.outputOf(ctx, c)
	if err == nil && (expression.MatchString(*stdout) || expression.MatchString(*stderr)) {
		return ""
	}
	return fmt.Sprintf("no line of its log matches %q yet", pattern)
}

func (r *readiness) exec(ctx context.Context, _ container.InspectResponse) string {
	command := r.ready.list("exec")
	if len(command) == 0 {
		return ""
	}
	result, err := r.e.run(ctx, r.id, command, nil)
	switch {
	case ctx.Err() != nil:
		return "the command of ready.exec has not ended"
	case err != nil:
		return "the command of ready.exec cannot be run: " + engineWords(err)
	case result.code != 0:
		return fmt.Sprintf("the command of ready.exec exits with code %d", result.code)
	}
	return ""
}

// ended explains a container that does not run any more.
func (r *readiness) ended(ctx context.Context) error {
	c, err := r.atEnd(ctx)
	if err != nil {
		return r.e.problem(err, "reading the container", r.decl.Address, r.decl.Name)
	}
	detail := ended(c.State)
	if c.State.Running && !c.State.Restarting {
		detail = "It ended."
	}
	if c.RestartCount > r.restarts || c.State.Restarting {
		detail += " The engine keeps restarting it."
	}
	return &provider.Problem{
		Code: provider.NotReady, Address: r.decl.Address, Summary: "It ended instead of getting ready",
		Detail: fmt.Sprintf("Container %s: %s", r.decl.Name, detail), Log: r.e.tail(ctx, c, jobLogKept),
	}
}

// atEndLimit is how long a container that is restarted again and again is waited
// for to end once more: only then its exit code can be read.
const atEndLimit = 2 * time.Second

// atEnd reads a container between two of its runs, if that can be had soon.
func (r *readiness) atEnd(ctx context.Context) (container.InspectResponse, error) {
	limited, cancel := context.WithTimeout(ctx, atEndLimit)
	defer cancel()
	look := time.NewTicker(readyLook / 2)
	defer look.Stop()
	for {
		c, err := r.e.read.ContainerInspect(ctx, r.id)
		if err != nil || !c.State.Running || c.State.Restarting {
			return c, err
		}
		select {
		case <-limited.Done():
			return c, nil
		case <-look.C:
		}
	}
}

func (r *readiness) late(ctx context.Context) error {
	problem := &provider.Problem{
		Code: provider.NotReady, Address: r.decl.Address, Path: "ready", Summary: "It did not get ready in time",
		Detail: fmt.Sprintf("Container %s, after %s: %s. Give it more with `ready { timeout = ... }`, or see its log.", r.decl.Name, r.limit, r.told),
	}
	if c, err := r.e.read.ContainerInspect(ctx, r.id); err == nil {
		problem.Log = r.e.tail(ctx, c, jobLogKept)
	}
	return problem
}
