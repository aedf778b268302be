package plugin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"regexp"

	"github.com/hashicorp/go-hclog"
)

// process is the provider's process, as go-plugin's Runner wants it.
type process struct {
	cmd      *exec.Cmd
	lifeline *lifeline
	logger   hclog.Logger
	stdout   io.ReadCloser
	stderr   io.ReadCloser
	exited   chan struct{} // closed when the process is gone and all it wrote was read
	waitErr  error         // valid after exited
}

func newProcess(logger hclog.Logger, cmd *exec.Cmd) (*process, error) {
	cmd.Stdin = nil // go-plugin sets the host's, which belongs to the questions it asks
	lifeline, err := newLifeline(cmd)
	if err != nil {
		return nil, err
	}
	p := &process{cmd: cmd, lifeline: lifeline, logger: logger, exited: make(chan struct{})}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.stdout = handshakeOnly(stdout, logger)
	p.stderr, err = cmd.StderrPipe()
	return p, err
}

// Start starts the process.
func (p *process) Start(context.Context) error {
	err := p.cmd.Start()
	p.lifeline.started()
	if err != nil {
		p.lifeline.close()
		close(p.exited)
		p.waitErr = err
	}
	return err
}

// Wait waits for the end of the process. It is called once, after all its output was read.
func (p *process) Wait(context.Context) error {
	p.waitErr = p.cmd.Wait()
	p.lifeline.close()
	close(p.exited)
	return p.waitErr
}

// Kill ends the process at once.
func (p *process) Kill(context.Context) error {
	if p.cmd.Process == nil {
		return nil
	}
	if err := p.cmd.Process.Kill(); !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return nil
}

// Stdout is the handshake.
func (p *process) Stdout() io.ReadCloser { return p.stdout }

// Stderr is what the process logs.
func (p *process) Stderr() io.ReadCloser { return p.stderr }

// Name is the program's path.
func (p *process) Name() string { return p.cmd.Path }

// ID is the process's number.
func (p *process) ID() string {
	if p.cmd.Process == nil {
		// An empty one would keep go-plugin from removing the directory of its sockets.
		return "none"
	}
	return fmt.Sprint(p.cmd.Process.Pid)
}

// how says how the process ended; a clause. It is valid after exited.
func (p *process) how() string {
	var exit *exec.ExitError
	switch {
	case p.waitErr == nil:
		return "ended"
	case errors.As(p.waitErr, &exit) && exit.String() == "signal: killed":
		return "was killed; if that was the kernel, for want of memory, dmesg says so"
	case errors.As(p.waitErr, &exit):
		return "ended with " + exit.String()
	}
	return "ended: " + p.waitErr.Error()
}

// Diagnose has nothing to add: the last lines of standard error say more.
func (p *process) Diagnose(context.Context) string { return "" }

// PluginToHost leaves addresses alone: both processes share a file system.
func (p *process) PluginToHost(network, address string) (string, string, error) {
	return network, address, nil
}

// HostToPlugin leaves addresses alone.
func (p *process) HostToPlugin(network, address string) (string, string, error) {
	return network, address, nil
}

// handshakeLine is "core version|wire version|network|address|protocol".
const handshakeLine = `^\d+\|\d+\|(unix|tcp)\|`

// handshakeOnly lets through the handshake and drops every other line, so that a
// stray print in a provider does no harm.
func handshakeOnly(stdout io.ReadCloser, logger hclog.Logger) io.ReadCloser {
	pattern := regexp.MustCompile(handshakeLine)
	out, in := io.Pipe()
	go func() {
		eachLine(stdout, func(line string) {
			switch {
			case pattern.MatchString(line):
				_, _ = io.WriteString(in, line+"\n") // a reader that went away takes no more
			case line != "":
				logger.Debug("the provider printed", "line", line)
			}
		})
		_ = in.CloseWithError(io.EOF)
	}()
	return out
}
