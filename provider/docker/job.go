package docker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/lines"
)

// jobLogKept is how many last lines explain a failure.
const jobLogKept = 20

// runJob starts a job unless it runs or has ended, hands its output on while it
// runs, and waits for its end. A job that runs is never started a second time.
func (p *Provider) runJob(ctx context.Context, e *engine, decl provider.Declaration, c container.InspectResponse, say events) (output, error) {
	limit, err := jobLimit(decl)
	if err != nil {
		return output{}, err
	}
	w := newWatch(e, decl, c, say)
	result := make(chan error, 1)
	reading, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	follow := w.followLog
	if c.State.Status == "created" {
		attached, err := p.listen(ctx, reading, e, c.ID, decl)
		if err != nil {
			return output{}, e.problem(err, "listening to the job", decl.Address, decl.Name)
		}
		defer attached.close()
		w.fromStart = true
		follow = func(ctx context.Context) error {
			defer context.AfterFunc(ctx, attached.close)()
			return w.followAttached(attached.output)
		}
	}
	if c.State.Status == "created" || c.State.Paused {
		if err := e.start(ctx, decl, c, say); err != nil {
			return output{}, err
		}
	}
	followed := make(chan struct{})
	go func() {
		defer close(followed)
		result <- w.follow(reading, follow)
	}()

	var late <-chan time.Time
	if limit > 0 {
		timer := time.NewTimer(limit)
		defer timer.Stop()
		late = timer.C
	}
	var why error
	select {
	case err = <-result:
	case <-p.stopping:
		why = &provider.Problem{Code: provider.Interrupted, Address: decl.Address, Summary: "The job was stopped", Detail: "It got its stop signal because the run was interrupted."}
		err = w.stop(ctx, say, result)
	case <-ctx.Done():
		why = ctx.Err()
		w.signal(ctx, c.Config.StopSignal, say, result)
	case <-late:
		why = &provider.Problem{Code: provider.JobFailed, Address: decl.Address, Path: "timeout", Summary: "The job took too long", Detail: fmt.Sprintf("It did not end within %s and was stopped.", limit)}
		err = w.stop(ctx, say, result)
	}
	if why != nil { // nothing is heard any more, and what was heard is read now
		cancel()
		select {
		case <-followed:
		case <-time.After(parting):
			return output{}, why
		}
	}
	return w.result(ctx, err, why)
}

// listen attaches to a job for as long as reading goes on. Until the engine has answered
// nothing has begun, and it is given up when the run is asked to end.
func (p *Provider) listen(ctx, reading context.Context, e *engine, id string, decl provider.Declaration) (attached, error) {
	var out attached
	return out, p.untilStopping(ctx, decl.Address, "Starting "+decl.Name, func(limited context.Context) error {
		begun, cancel := context.WithCancel(reading)
		given := context.AfterFunc(limited, cancel)
		var err error
		out, err = e.attach(begun, id)
		if !given() && err == nil { // it came too late
			out.close()
			return limited.Err()
		}
		return err
	})
}

func jobLimit(decl provider.Declaration) (time.Duration, error) {
	text := valuesOf(decl.Declared).text("timeout")
	if text == "" {
		return 0, nil
	}
	d, err := durationOf(text)
	if err != nil {
		return 0, &provider.Problem{Code: provider.Invalid, Address: decl.Address, Path: "timeout", Summary: "The declaration cannot be realised", Detail: err.Error() + "."}
	}
	return d, nil
}

// watch follows one job.
type watch struct {
	e           *engine
	decl        provider.Declaration
	container   container.InspectResponse
	id          string
	stopTimeout *int
	last        *lastLines

	fromStart      bool // it is heard from its start on
	stdout, stderr *hearing
	pieces         *atomic.Int64 // that were heard
	said           *output       // what its log says, where that was read
}

// hearing is what is heard of one of a job's streams.
type hearing struct {
	kept  kept
	told  told
	say   func(piece []byte)
	lines *lines.Splitter // for the last lines
}

func newWatch(e *engine, decl provider.Declaration, c container.InspectResponse, say events) *watch {
	w := &watch{e: e, decl: decl, container: c, id: c.ID, stopTimeout: c.Config.StopTimeout, last: &lastLines{n: jobLogKept}, pieces: new(atomic.Int64)}
	hear := func(stream string) *hearing {
		return &hearing{told: told{texts: w.driver() == "json-file"}, lines: eachLine(w.last.add), say: func(piece []byte) {
			w.pieces.Add(1)
			say.send(provider.Event{Phase: provider.PhaseOutput, Stream: stream, Data: piece})
		}}
	}
	w.stdout, w.stderr = hear("stdout"), hear("stderr")
	return w
}

// Write takes in what the job has written.
func (h *hearing) Write(b []byte) (int, error) {
	h.told.hear(b)
	return len(b), h.handOn(b)
}

// fromLog takes in what the job has written, from its log.
func (h *hearing) fromLog(b []byte) error {
	h.told.read(b)
	return h.handOn(b)
}

func (h *hearing) handOn(b []byte) error {
	_, _ = h.kept.Write(b) // never refuses
	if len(b) > 0 {
		h.say(slices.Clone(b))
	}
	_, err := h.lines.Write(b)
	return err
}

// followAttached hands on what comes over the stream of a job that was attached to before
// its start: every byte of its output, as it was written.
func (w *watch) followAttached(from io.Reader) error {
	return demultiplex(from, w.container.Config.Tty, w.stdout, w.stderr)
}

// followLog hands on the output of a job that runs already, from its beginning. Engines
// that follow a log may leave out the end of a last line that has none.
func (w *watch) followLog(ctx context.Context) error {
	return w.readLog(ctx, true, w.stdout.record(), w.stderr.record())
}

// attached is the output of a container that is being listened to.
type attached struct {
	output io.Reader
	close  func()
}

// attach listens to a container from before its start on.
func (e *engine) attach(ctx context.Context, id string) (attached, error) {
	attaching, watch := e.attaching(ctx, "POST /containers/"+id[:min(12, len(id))]+"/attach")
	stream, err := e.write.ContainerAttach(attaching, id, container.AttachOptions{Stream: true, Stdout: true, Stderr: true})
	watch.opened()
	if err != nil {
		err = watch.instead(err)
		watch.cancel(nil)
		return attached{}, err
	}
	return attached{e.hear(stream.Reader, watch), func() {
		stream.Close()
		watch.cancel(nil)
	}}, nil
}

// stop sends the stop signal, and kills after the grace period.
func (w *watch) stop(ctx context.Context, say events, result <-chan error) error {
	say.phase(provider.PhaseStop, "")
	// The job is stopped although, or because, the call was cancelled.
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Minute)
	defer cancel()
	if err := w.e.write.ContainerStop(withGrace(stopping, time.Minute), w.id, container.StopOptions{Timeout: w.stopTimeout}); err != nil {
		return err
	}
	select {
	case err := <-result:
		return err
	case <-stopping.Done():
		return stopping.Err()
	}
}

// How long a job may take to heed its stop signal when nobody waits any more, and
// how long a busy engine may take to hand the signal on.
const (
	parting = 2 * time.Second
	handing = 10 * time.Second
)

// signal sends the stop signal for a call that was cancelled, which has to
// return at once, whatever the job does.
func (w *watch) signal(ctx context.Context, name string, say events, result <-chan error) {
	w.e.execs.Add(1) // a provider that is closed waits for it
	defer w.e.execs.Done()
	say.phase(provider.PhaseStop, "")
	handed, cancel := context.WithTimeout(context.WithoutCancel(ctx), handing)
	defer cancel()
	if err := w.e.write.ContainerKill(handed, w.id, signalName(name)); err != nil {
		return // it has ended, or the engine does not answer: the next run sees which
	}
	timer := time.NewTimer(parting)
	defer timer.Stop()
	select {
	case <-result:
	case <-timer.C:
	}
}

// result turns the end into an answer. Why says that the job did not end by itself. An
// error of following it is not how it ended: of a job that was removed no log can be read.
func (w *watch) result(ctx context.Context, err, why error) (output, error) {
	out := outputFrom(w.container, &w.stdout.kept, &w.stderr.kept, false)
	if w.said != nil {
		out = *w.said
	}
	if why != nil {
		var problem *provider.Problem
		if errors.As(why, &problem) {
			problem.Log = w.last.kept
		}
		return out, why
	}
	c, readErr := w.e.read.ContainerInspect(ctx, w.id)
	if errdefs.IsNotFound(readErr) || readErr == nil && (c.State.Status == "removing" || c.State.Dead) {
		return out, &provider.Problem{
			Code: provider.JobFailed, Address: w.decl.Address, Summary: "The job failed",
			Detail: fmt.Sprintf("Its container %s was removed while it ran, by itself or by somebody else, so that nothing tells how it ended. The next apply runs it again.", w.decl.Name), Log: w.last.kept,
		}
	}
	switch {
	case readErr != nil && err == nil:
		return out, w.e.problem(readErr, "reading the job", w.decl.Address, w.decl.Name)
	case readErr != nil || c.State.Running || c.State.ExitCode == 0 && c.State.Error == "":
		if err != nil {
			return output{}, w.e.problem(err, "following the job", w.decl.Address, w.decl.Name)
		}
		return out, nil
	}
	detail := fmt.Sprintf("%s%s Its container %s is kept.", ended(c.State), w.wantOfSpace(ctx), w.decl.Name)
	if err != nil { // how it ended says more, and comes first
		out = output{}
		detail += " What it wrote could not be followed to its end, either: " + engineWords(err) + "."
	}
	return out, &provider.Problem{Code: provider.JobFailed, Address: w.decl.Address, Summary: "The job failed", Detail: detail, Log: w.last.kept}
}

// whenStopping calls do when Stop is called, until the function that it returns is called.
func (p *Provider) whenStopping(do func()) func() {
	over := make(chan struct{})
	go func() {
		select {
		case <-p.stopping:
			do()
		case <-over:
		}
	}()
	return func() { close(over) }
}

// untilStopping does what may take long and can be given up without a loss: Stop
// ends it. Doing says what it is ("Pulling bash").
func (p *Provider) untilStopping(ctx context.Context, address, doing string, do func(context.Context) error) error {
	limited, cancel := context.WithCancel(ctx)
	defer cancel()
	defer p.whenStopping(cancel)()
	err := do(limited)
	if err != nil && p.isStopping() && ctx.Err() == nil {
		return &provider.Problem{
			Code: provider.Interrupted, Address: address, Summary: "Waiting was interrupted",
			Detail: doing + " was given up, because the run was asked to end. The next apply does it again.",
		}
	}
	return err
}

// isStopping tells whether Stop was called.
func (p *Provider) isStopping() bool {
	select {
	case <-p.stopping:
		return true
	default:
		return false
	}
}
