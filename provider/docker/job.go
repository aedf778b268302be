package docker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
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
		attached, err := e.attach(reading, c.ID)
		if err != nil {
			return output{}, e.problem(err, "listening to the job", decl.Address, decl.Name)
		}
		defer attached.close()
		follow = func(ctx context.Context) error { return w.followAttached(ctx, attached.output) }
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

	stdout, stderr *hearing
	said           *output // what the record says, where that was read
}

// hearing is what is heard of one of a job's streams.
type hearing struct {
	kept
	count int64 // of the bytes
	skip  int64 // of the bytes that were heard before
	say   func(piece []byte)
	lines *lines.Splitter // for the last lines
}

func newWatch(e *engine, decl provider.Declaration, c container.InspectResponse, say events) *watch {
	w := &watch{e: e, decl: decl, container: c, id: c.ID, stopTimeout: c.Config.StopTimeout, last: &lastLines{n: jobLogKept}}
	hear := func(stream string) *hearing {
		return &hearing{lines: eachLine(w.last.add), say: func(piece []byte) {
			say.send(provider.Event{Phase: provider.PhaseOutput, Stream: stream, Data: piece})
		}}
	}
	w.stdout, w.stderr = hear("stdout"), hear("stderr")
	return w
}

// Write takes in what the job has written.
func (h *hearing) Write(b []byte) (int, error) {
	known := min(h.skip, int64(len(b)))
	h.skip -= known
	news := b[known:]
	h.count += int64(len(news))
	_, _ = h.kept.Write(news) // never refuses
	if len(news) > 0 {
		h.say(slices.Clone(news))
	}
	if _, err := h.lines.Write(news); err != nil {
		return 0, err
	}
	return len(b), nil
}

// follow hands the output on until the job has ended.
func (w *watch) follow(ctx context.Context, listen func(context.Context) error) error {
	err := listen(ctx)
	return errors.Join(err, w.stdout.lines.Flush(), w.stderr.lines.Flush())
}

// followAttached hands on what comes over the stream of a job that was attached to before
// its start: every byte of its output, as it was written.
func (w *watch) followAttached(ctx context.Context, from io.Reader) error {
	copyErr := demultiplex(from, w.tty(), w.stdout, w.stderr)
	otherwise := w.stdout.recordedOtherwise() || w.stderr.recordedOtherwise() || rotationOf(w.container).size > 0
	if err := w.ended(ctx, copyErr); err != nil || !otherwise {
		return err
	}
	// What the next run reads is the record: it shall find the same values.
	recorded, err := w.e.recorded(ctx, w.container)
	if err == nil {
		w.said = &recorded
		w.stdout.comparedTo(&recorded, "stdout", recorded.stdout)
		w.stderr.comparedTo(&recorded, "stderr", recorded.stderr)
	}
	return err
}

// followLog hands on the output of a job that runs already, from its beginning. Engines
// that follow a log may leave out the end of a last line that has none: what was not
// heard by the job's end is read then.
func (w *watch) followLog(ctx context.Context) error {
	options := container.LogsOptions{ShowStdout: true, ShowStderr: true, Follow: true}
	if err := w.ended(ctx, w.readLog(ctx, options)); err != nil {
		return err
	}
	w.stdout.skip, w.stderr.skip = w.stdout.count, w.stderr.count
	options.Follow = false
	return w.readLog(byName(ctx), options)
}

func (w *watch) readLog(ctx context.Context, options container.LogsOptions) error {
	logs, err := w.e.write.ContainerLogs(ctx, w.id, options)
	if err != nil {
		return err
	}
	defer func() { _ = logs.Close() }()
	return demultiplex(logs, w.tty(), w.stdout, w.stderr)
}

func (w *watch) tty() bool { return w.container.Config.Tty }

// ended waits for the job's end. CopyErr is how its output ended. What it wrote is a part
// of what it did: where that did not come whole, it was not seen to succeed. The next run
// finds its end in the record.
func (w *watch) ended(ctx context.Context, copyErr error) error {
	ended, failed := w.e.write.ContainerWait(ctx, w.id, container.WaitConditionNotRunning)
	select {
	case <-ended:
		return copyErr
	case err := <-failed:
		return errors.Join(err, copyErr)
	}
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

// result turns the end into an answer. Why says that the job did not end by itself.
func (w *watch) result(ctx context.Context, err, why error) (output, error) {
	if err != nil && why == nil {
		return output{}, w.e.problem(err, "following the job", w.decl.Address, w.decl.Name)
	}
	out := outputFrom(w.container, &w.stdout.kept, &w.stderr.kept)
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
	c, err := w.e.read.ContainerInspect(ctx, w.id)
	if errdefs.IsNotFound(err) || err == nil && (c.State.Status == "removing" || c.State.Dead) {
		return out, &provider.Problem{
			Code: provider.JobFailed, Address: w.decl.Address, Summary: "The job failed",
			Detail: fmt.Sprintf("Its container %s was removed while it ran, by itself or by somebody else, so that nothing tells how it ended. The next apply runs it again.", w.decl.Name), Log: w.last.kept,
		}
	}
	if err != nil {
		return out, w.e.problem(err, "reading the job", w.decl.Address, w.decl.Name)
	}
	if c.State.ExitCode == 0 && c.State.Error == "" {
		return out, nil
	}
	return out, &provider.Problem{
		Code: provider.JobFailed, Address: w.decl.Address, Summary: "The job failed",
		Detail: fmt.Sprintf("%s%s Its container %s is kept.", ended(c.State), w.wantOfSpace(ctx), w.decl.Name), Log: w.last.kept,
	}
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
