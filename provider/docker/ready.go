package docker

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"

	"github.com/dindctl/dindctl/provider"
)

const (
	readyDefault = 2 * time.Minute
	readyLook    = 50 * time.Millisecond // between two looks at first
	readyPause   = time.Second           // and later
	readySoon    = 2 * readyPause        // for what is nearly known
)

// startAndWait starts a container and waits until it is ready.
func (p *Provider) startAndWait(ctx context.Context, e *engine, decl provider.Declaration, c container.InspectResponse, say events) error {
	r := newReadiness(p, e, decl, c, say)
	if err := r.declare(); err != nil {
		return err
	}
	if err := e.start(ctx, decl, c, say); err != nil {
		return err
	}
	return r.wait(ctx)
}

// await waits until a container that runs is ready, and starts nothing.
func (p *Provider) await(ctx context.Context, e *engine, decl provider.Declaration, c container.InspectResponse, say events) (provider.Object, error) {
	r := newReadiness(p, e, decl, c, say)
	err := r.declare()
	switch {
	case err != nil:
	case !c.State.Running || c.State.Restarting || c.State.Paused:
		err = &provider.Problem{
			Code: provider.NotReady, Address: decl.Address, Summary: "It does not run",
			Detail: fmt.Sprintf("Container %s ran when the plan was made, and is %s now. Run apply again: it starts it.", decl.Name, c.State.Status),
			Log:    e.tail(ctx, c),
		}
	default:
		err = r.wait(ctx)
	}
	if err != nil {
		return provider.Object{}, err
	}
	object, err := e.object(ctx, c.ID)
	return object, e.problem(err, "reading the container", decl.Address, decl.Name)
}

// readiness waits for one container. All that is declared has to hold in one run of it:
// what held in an earlier one says nothing.
type readiness struct {
	p        *Provider
	e        *engine
	decl     provider.Declaration
	d        values
	ready    values
	id       string
	say      events
	limit    time.Duration
	told     string // what is missing
	more     string // what the command of ready.exec says to that
	output   string // what that command says in the present look
	restarts int
	found    bool   // it ran already
	run      string // the run that is looked at, by the engine's time of its start

	pattern *regexp.Regexp // of ready.log; nil for none
	watch   *logWatch      // of this run
	wake    chan struct{}  // there is something to look at

	toldBeyond bool        // that its log no longer reaches back
	noTable    bool        // no command in it shows what it listens on
	table      *tableWatch // that does instead; of this run
}

// newReadiness is for a container as it was before its start.
func newReadiness(p *Provider, e *engine, decl provider.Declaration, c container.InspectResponse, say events) *readiness {
	r := &readiness{
		p: p, e: e, decl: decl, d: valuesOf(decl.Declared), id: c.ID, say: say, limit: readyDefault,
		found: c.State.Running, wake: make(chan struct{}, 1),
	}
	if r.found {
		r.restarts = c.RestartCount // of earlier times
	}
	return r
}

// declare reads what has to hold.
func (r *readiness) declare() error {
	r.ready, _ = r.d.block("ready")
	if text := r.ready.text("timeout"); text != "" {
		limit, err := durationOf(text)
		if err != nil {
			return r.never("timeout", err.Error()+".")
		}
		r.limit = limit
	}
	if text := r.ready.text("log"); text != "" {
		pattern, err := regexp.Compile("(?m)" + text)
		if err != nil {
			return r.never("log", fmt.Sprintf("It is no regular expression: %v.", err))
		}
		r.pattern = pattern
	}
	return nil
}

// asks tells whether a ready block says what has to hold, beyond that it runs.
func (r *readiness) asks() bool {
	_, port := r.ready.number("port")
	_, http := r.ready.block("http")
	return port || http || r.pattern != nil || r.ready.flag("healthy", false) || len(r.ready.list("exec")) > 0
}

// never is the problem of a condition that no time makes true.
func (r *readiness) never(name, why string) error {
	return &provider.Problem{
		Code: provider.Invalid, Address: r.decl.Address, Path: "ready." + name, Summary: "The declaration cannot be realised", Detail: why,
	}
}

// errEnded and errGone say that waiting is pointless.
var (
	errEnded = errors.New("it ended")
	errGone  = errors.New("it was removed")
)

// wait looks at ever longer intervals until everything holds, the container
// ends, or the time is over.
func (r *readiness) wait(ctx context.Context) error {
	limited, cancel := context.WithTimeout(ctx, r.limit)
	defer cancel()
	defer r.p.whenStopping(cancel)() // a look may take long: a command of the user's is run
	defer func() { r.watch.end(); r.table.end() }()
	pause := readyLook
	timer := time.NewTimer(0)
	defer timer.Stop()
	<-timer.C
	for {
		missing, err := r.look(limited)
		var problem *provider.Problem
		switch {
		case errors.As(err, &problem):
			return problem
		case errors.Is(err, errEnded):
			return r.ended(ctx)
		case errors.Is(err, errGone):
			return r.gone()
		case err != nil && ctx.Err() != nil:
			return ctx.Err()
		case err == nil && missing == "":
			return nil
		case limited.Err() != nil:
			if r.told == "" { // else this look was cut off, and the one before it was not
				r.told, r.more = missing, r.output
			}
			return r.unready(ctx)
		default:
			r.tell(missing)
		}
		timer.Reset(pause)
		pause = min(pause*3/2, readyPause)
		select {
		case <-limited.Done():
			return r.unready(ctx)
		case <-r.wake:
		case <-timer.C:
		}
	}
}

// tell says what is missing, once. What the command of ready.exec writes may be another
// thing each time, and is kept for the error alone.
func (r *readiness) tell(missing string) {
	if missing == "" { // this look failed, and the next one tells
		return
	}
	r.more = r.output
	if missing != r.told {
		r.told = missing
		r.say.phase(provider.PhaseWait, missing)
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
	r.output = ""
	c, missing, err := r.inspect(ctx)
	if err != nil {
		return missing, err
	}
	r.begin(c)
	checks := []func(context.Context, container.InspectResponse) (string, error){r.health, r.log, r.port, r.http, r.exec}
	if r.decl.Kind == provider.Daemon {
		checks = append(checks, r.daemon)
	}
	for _, check := range checks {
		if missing, err := check(ctx, c); missing != "" || err != nil {
			return missing, err
		}
	}
	return r.settled(ctx)
}

// inspect reads a container that has to run, and says what is missing where that fails.
func (r *readiness) inspect(ctx context.Context) (container.InspectResponse, string, error) {
	c, err := r.e.read.ContainerInspect(ctx, r.id)
	switch {
	case errdefs.IsNotFound(err):
		return c, "", errGone
	case err != nil:
		return c, "its container cannot be read", err
	case r.hasEnded(c):
		return c, "", errEnded
	}
	return c, "", nil
}

// begin forgets what was seen of an earlier run.
func (r *readiness) begin(c container.InspectResponse) {
	if r.run == c.State.StartedAt {
		return
	}
	if r.run != "" {
		r.found = false // its beginning is seen
	}
	r.watch.end()
	r.table.end()
	r.run, r.watch, r.table = c.State.StartedAt, nil, nil
}

// settled looks once more: what ends at once was running a moment ago, and what holds has
// to hold in the run that is there by now.
func (r *readiness) settled(ctx context.Context) (string, error) {
	fresh := r.told == "" && r.decl.Kind != provider.Daemon
	if !fresh && !r.asks() {
		return "", nil
	}
	if fresh && (!r.found || !r.asks()) {
		timer := time.NewTimer(readyLook)
		defer timer.Stop()
		select {
		case <-ctx.Done():
			return "it has only just started", nil
		case <-timer.C:
		}
	}
	c, missing, err := r.inspect(ctx)
	if err != nil {
		return missing, err
	}
	if c.State.StartedAt != r.run {
		return "it was started again meanwhile", nil
	}
	return "", nil
}

func (r *readiness) hasEnded(c container.InspectResponse) bool {
	return !c.State.Running || c.State.Restarting || c.RestartCount > r.restarts
}

func (r *readiness) health(_ context.Context, c container.InspectResponse) (string, error) {
	if !r.ready.flag("healthy", false) {
		return "", nil
	}
	if c.State.Health == nil && !hasHealthCheck(c.Config) {
		return "", r.never("healthy", fmt.Sprintf("Container %s has no health check that could say that it is healthy: neither its image nor the configuration declares one. "+
			"Add a `healthcheck` block, or wait for something else: `port`, `log`, `http` or `exec`.", r.decl.Name))
	}
	if c.State.Health == nil {
		return "its health check has not begun", nil
	}
	if c.State.Health.Status == container.Healthy {
		return "", nil
	}
	missing := "its health check says " + c.State.Health.Status
	if last := len(c.State.Health.Log) - 1; last >= 0 && c.State.Health.Log[last].ExitCode != 0 {
		missing += fmt.Sprintf(" (exit code %d%s)", c.State.Health.Log[last].ExitCode, said(c.State.Health.Log[last].Output))
	}
	return missing, nil
}

// hasHealthCheck tells whether a container has a health check, of its own or of its image.
func hasHealthCheck(c *container.Config) bool {
	return c != nil && c.Healthcheck != nil && len(c.Healthcheck.Test) > 0 && c.Healthcheck.Test[0] != "NONE"
}

// said is the end of what a command wrote, after a colon; empty for nothing.
func said(output string) string {
	const most = 200
	text := []rune(oneLine(output))
	switch {
	case len(text) == 0:
		return ""
	case len(text) > most:
		return ": …" + string(text[len(text)-most:])
	}
	return ": " + string(text)
}

func (r *readiness) exec(ctx context.Context, _ container.InspectResponse) (string, error) {
	command := r.ready.list("exec")
	if len(command) == 0 {
		return "", nil
	}
	result, err := r.e.run(ctx, r.id, command, nil)
	switch {
	case ctx.Err() != nil: // it is why the waiting ends, which its caller says
		return "the command of ready.exec has not ended", nil //nolint:nilerr // as it is said
	case err != nil:
		return "the command of ready.exec cannot be run: " + engineWords(err), nil
	case result.code != 0:
		r.output = said(result.output)
		return fmt.Sprintf("the command of ready.exec exits with code %d", result.code), nil
	}
	return "", nil
}

// ended explains a container that does not run any more.
func (r *readiness) ended(ctx context.Context) error {
	c, err := r.atEnd(ctx)
	switch {
	case errdefs.IsNotFound(err) || err == nil && isLeaving(c.State):
		return r.gone()
	case err != nil:
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
		Detail: fmt.Sprintf("Container %s: %s", r.decl.Name, detail), Log: r.e.tail(ctx, c),
	}
}

// isLeaving tells whether a container is being removed, or what an engine could not remove whole.
func isLeaving(s *container.State) bool {
	return !s.Running && (s.Status == "removing" || s.Dead || s.Status == "dead")
}

// gone is the problem of a container that somebody removed meanwhile.
func (r *readiness) gone() error {
	return &provider.Problem{
		Code: provider.NotReady, Address: r.decl.Address, Summary: "It ended instead of getting ready",
		Detail: fmt.Sprintf("Container %s was removed from the engine %s while it was waited for. Run apply again: it makes it anew.", r.decl.Name, r.e.facts.Name),
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
		Detail: fmt.Sprintf("Container %s, after %s: %s%s. Give it more with `ready { timeout = ... }`, or see its log.", r.decl.Name, r.limit, r.told, r.more),
	}
	if c, err := r.e.read.ContainerInspect(ctx, r.id); err == nil {
		problem.Log = r.e.tail(ctx, c)
	}
	return problem
}
