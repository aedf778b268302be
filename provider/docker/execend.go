package docker

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/dindctl/dindctl/provider"
)

// execVariable marks the processes of a command that is run in a container. The
// API can start such a command, and cannot end it: whoever hangs up leaves it
// running (https://github.com/moby/moby/issues/9098). Its processes are found by
// the variable, which those inherit that it starts.
const execVariable = "DINDCTL_EXEC"

// How long a command may take to heed that it shall end; how long all of it may take
// on a busy machine, which is less than a provider that is closed is given; and how
// long an engine may take to say whether a command runs: one that does not answer
// then keeps nobody from leaving.
const (
	execHeeds   = 800 * time.Millisecond
	execEnds    = 30 * time.Second
	execAnswers = 3 * time.Second
)

func newExecMark() string {
	var nonce [8]byte
	_, _ = rand.Read(nonce[:]) // never fails, by contract
	return execVariable + "=" + hex.EncodeToString(nonce[:])
}

// endExec ends a command whose caller has gone, first as `docker stop` does, then
// for good. It needs a shell in the container; a command in one without a shell
// goes on until it ends by itself.
func (e *engine) endExec(ctx context.Context, exec string, req provider.ExecRequest, mark string) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), execEnds)
	defer cancel()
	for _, signal := range []string{"TERM", "KILL"} {
		if !e.execRuns(ctx, exec) {
			return
		}
		if err := e.signalExec(ctx, req, mark, signal); err != nil {
			return
		}
		e.awaitExec(ctx, exec)
	}
}

// signalExec sends a signal to every process with the mark, as the user of the
// command: that one may look at its processes, which root without the capability
// to trace may not.
func (e *engine) signalExec(ctx context.Context, req provider.ExecRequest, mark, signal string) error {
	const script = `for p in /proc/[0-9]*; do grep -qs -- "$0" "$p/environ" && kill -s "$1" "${p#/proc/}"; done; :`
	created, err := e.write.ContainerExecCreate(ctx, req.ID, container.ExecOptions{User: req.User, Cmd: []string{"sh", "-c", script, mark, signal}})
	if err != nil {
		return err
	}
	return e.write.ContainerExecStart(ctx, created.ID, container.ExecStartOptions{Detach: true})
}

// awaitBegin waits a moment for the beginning of a command whose start was cut off:
// the engine may have it still before it.
func (e *engine) awaitBegin(ctx context.Context, exec string) {
	limited, cancel := context.WithTimeout(context.WithoutCancel(ctx), execAnswers)
	defer cancel()
	look := time.NewTicker(100 * time.Millisecond)
	defer look.Stop()
	for !e.execRuns(limited, exec) {
		select {
		case <-limited.Done():
			return
		case <-look.C:
		}
	}
}

func (e *engine) execRuns(ctx context.Context, exec string) bool {
	ctx, cancel := context.WithTimeout(ctx, execAnswers)
	defer cancel()
	state, err := e.write.ContainerExecInspect(ctx, exec)
	return err == nil && state.Running
}

// awaitExec waits a moment for a command's end.
func (e *engine) awaitExec(ctx context.Context, exec string) {
	limited, cancel := context.WithTimeout(ctx, execHeeds)
	defer cancel()
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for e.execRuns(limited, exec) {
		select {
		case <-limited.Done():
			return
		case <-look.C:
		}
	}
}

// awaitExecs waits, but not for ever, until every command has ended or was given up,
// and every stop signal of a job has been handed on.
func (e *engine) awaitExecs() {
	ended := make(chan struct{})
	go func() {
		e.execs.Wait()
		close(ended)
	}()
	timer := time.NewTimer(execEnds)
	defer timer.Stop()
	select {
	case <-ended:
	case <-timer.C:
	}
}
