package docker

import (
	"cmp"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"

	"github.com/dindctl/dindctl/provider"
)

// Exec runs a command in a container that runs.
func (p *Provider) Exec(ctx context.Context, req provider.ExecRequest) (provider.ExecResponse, error) {
	e, err := p.at(req.Place)
	if err != nil {
		return provider.ExecResponse{}, err
	}
	code, err := e.exec(ctx, req)
	if errdefs.IsConflict(err) { // it was seen running a moment ago
		if c, readErr := e.read.ContainerInspect(ctx, req.ID); readErr == nil && c.State.Paused {
			return provider.ExecResponse{}, &provider.Problem{
				Code: provider.NotReady, Summary: "It is paused", Detail: "All its processes are frozen. `dindctl start` has them go on.",
			}
		}
		return provider.ExecResponse{}, &provider.Problem{
			Code: provider.NotReady, Summary: "It does not run", Detail: "The command could not be run: " + engineWords(err) + ".",
		}
	}
	if err != nil {
		return provider.ExecResponse{}, e.problem(err, "running a command in", "", req.ID)
	}
	return provider.ExecResponse{ExitCode: code}, nil
}

// exec runs a command with its streams and returns its exit code.
// When ctx is done the command is ended.
func (e *engine) exec(ctx context.Context, req provider.ExecRequest) (int, error) {
	e.execs.Add(1)
	defer e.execs.Done()
	mark := newExecMark()
	options := container.ExecOptions{
		User: req.User, Tty: req.TTY, Env: append(slices.Clone(req.Environment), mark), WorkingDir: req.WorkingDir, Cmd: req.Command,
		AttachStdin: req.Stdin != nil, AttachStdout: true, AttachStderr: true,
	}
	var size *[2]uint
	if req.TTY {
		options.DetachKeys = noDetach
		if req.Width > 0 && req.Height > 0 {
			size = &[2]uint{uint(req.Height), uint(req.Width)} //nolint:gosec // positive
		}
		options.ConsoleSize = size // from API 1.42 on; before, the command may look before it is told
	}
	created, err := e.write.ContainerExecCreate(ctx, req.ID, options)
	if err != nil {
		return 0, err
	}
	attaching, watch := e.attaching(ctx, "POST /exec/"+created.ID[:min(12, len(created.ID))]+"/start")
	defer watch.cancel(nil)
	stream, err := e.write.ContainerExecAttach(attaching, created.ID, container.ExecAttachOptions{Tty: req.TTY, ConsoleSize: size})
	watch.opened()
	if err != nil {
		if ctx.Err() != nil { // the engine may start it all the same
			e.awaitBegin(ctx, created.ID)
			e.endExec(ctx, created.ID, req, mark)
		}
		return 0, watch.instead(err)
	}
	defer stream.Close()
	ended := make(chan struct{})
	defer close(ended)
	go e.resize(ctx, created.ID, req, ended)
	go feed(stream, req.Stdin)
	go func() {
		select {
		case <-ctx.Done():
			stream.Close()
		case <-ended:
		}
	}()
	err = demultiplex(e.hear(stream.Reader, watch), req.TTY, orDiscard(req.Stdout), orDiscard(req.Stderr))
	if ctx.Err() != nil || err != nil {
		e.endExec(ctx, created.ID, req, mark)
		return 0, cmp.Or(ctx.Err(), err)
	}
	return e.exitCode(ctx, created.ID)
}

// noDetach stands for the engine's default, ctrl-p and ctrl-q: nobody could come
// back to the command, and the first of them would be held back from it.
const noDetach = "ctrl-^,ctrl-^,ctrl-^,ctrl-^"

// feed copies the input; its end is handed on.
func feed(stream types.HijackedResponse, stdin io.Reader) {
	if stdin == nil {
		return
	}
	_, _ = io.Copy(stream.Conn, stdin) // a command that reads no more ends the copy
	_ = stream.CloseWrite()
}

// resize tells the engine the terminal's size, at first and as it changes.
// Signals are taken and dropped: the API has no way to send one to an exec, and
// a terminal sends them as bytes.
func (e *engine) resize(ctx context.Context, id string, req provider.ExecRequest, ended <-chan struct{}) {
	set := func(s provider.Size) {
		if req.TTY && s.Width > 0 && s.Height > 0 {
			e.resizeExec(ctx, id, s, ended)
		}
	}
	set(provider.Size{Width: req.Width, Height: req.Height})
	sizes, signals := req.Resize, req.Signals
	for {
		select {
		case <-ended:
			return
		case s, ok := <-sizes:
			if !ok {
				sizes = nil
			}
			set(s)
		case _, ok := <-signals:
			if !ok {
				signals = nil
			}
		}
	}
}

// resizeTries is how often an exec that has only just been started is told its size,
// after ever longer pauses: an engine refuses until the process is there.
const (
	resizeTries = 40
	resizePause = 10 * time.Millisecond // at first
	resizeLater = time.Second           // at most
)

func (e *engine) resizeExec(ctx context.Context, id string, s provider.Size, ended <-chan struct{}) {
	pause := resizePause
	again := time.NewTimer(pause)
	defer again.Stop()
	for range resizeTries {
		err := e.write.ContainerExecResize(ctx, id, container.ResizeOptions{Width: uint(s.Width), Height: uint(s.Height)}) //nolint:gosec // positive
		if err == nil {
			return
		}
		select {
		case <-ended:
			return
		case <-again.C:
		}
		pause = min(pause*3/2, resizeLater)
		again.Reset(pause)
	}
}

// exitCode waits the moment that an engine may need to note an exec's end.
func (e *engine) exitCode(ctx context.Context, id string) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for {
		state, err := e.write.ContainerExecInspect(ctx, id)
		if err != nil {
			return 0, err
		}
		if !state.Running {
			return state.ExitCode, nil
		}
		select {
		case <-ctx.Done():
			return 0, errors.New("the command's output ended, and the command did not")
		case <-look.C:
		}
	}
}

func orDiscard(w io.Writer) io.Writer {
	if w == nil {
		return io.Discard
	}
	return w
}

// ran is a command's end and what it wrote.
type ran struct {
	code   int
	output string
}

// run runs a command without input and keeps the end of its output.
func (e *engine) run(ctx context.Context, id string, command, env []string) (ran, error) {
	out := tailBuffer{limit: stderrKept}
	code, err := e.exec(ctx, provider.ExecRequest{ID: id, Command: command, Environment: env, Stdout: &out, Stderr: &out})
	return ran{code: code, output: out.text()}, err
}

// Logs reads the output of a container.
func (p *Provider) Logs(ctx context.Context, req provider.LogsRequest) error {
	e, err := p.at(req.Place)
	if err != nil {
		return err
	}
	c, err := e.read.ContainerInspect(ctx, req.ID)
	if err != nil {
		return e.problem(err, "reading the container", "", req.ID)
	}
	options := container.LogsOptions{ShowStdout: true, ShowStderr: true, Follow: req.Follow, Since: req.Since, Timestamps: req.Timestamps}
	if req.Tail != 0 {
		options.Tail = decimal(max(req.Tail, 0))
	}
	logs, err := e.write.ContainerLogs(byName(ctx), c.ID, options)
	if err != nil {
		return e.problem(err, "reading the log of", "", req.ID)
	}
	defer func() { _ = logs.Close() }()
	stdout, stderr := orDiscard(req.Stdout), orDiscard(req.Stderr)
	if req.Timestamps {
		out, errs := &stamped{to: stdout, tty: c.Config.Tty}, &stamped{to: stderr}
		err = demultiplex(logs, c.Config.Tty, out, errs)
		err = errors.Join(err, out.end(), errs.end())
	} else {
		err = demultiplex(logs, c.Config.Tty, stdout, stderr)
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return e.problem(err, "reading the log of", "", req.ID)
}

// tailKept bounds what is kept of a container's last lines.
const tailKept = 256 << 10

// tail returns a container's last lines, which explain a failure, or none where they
// cannot be read.
func (e *engine) tail(ctx context.Context, c container.InspectResponse) []string {
	logs, err := e.read.ContainerLogs(ctx, c.ID, container.LogsOptions{ShowStdout: true, ShowStderr: true, Tail: decimal(jobLogKept)})
	if err != nil {
		return nil
	}
	defer func() { _ = logs.Close() }()
	all := tailBuffer{limit: tailKept}
	_ = demultiplex(logs, c.Config.Tty, &all, &all) // what came before an error explains, too
	text := strings.TrimRight(all.text(), "\r\n")
	if text == "" {
		return nil
	}
	lines := strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n")
	return lines[max(0, len(lines)-jobLogKept):]
}
