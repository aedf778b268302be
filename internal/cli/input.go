package cli

import (
	"context"
	"io"
	"sync"
)

// input is standard input, which is waited for no longer than until its context is
// done. Of what is typed or sent it takes no more than was asked for; a read that was
// left behind takes what comes next with it.
type input struct {
	ctx  context.Context //nolint:containedctx // a Reader has no other way to learn of the end
	from io.Reader

	mu      sync.Mutex
	buffer  []byte
	pending chan arrived // of a read that goes on; else nil
	rest    []byte       // of what has arrived
	err     error        // behind rest
}

type arrived struct {
	n   int
	err error
}

func newInput(ctx context.Context, from io.Reader) io.Reader {
	return &input{ctx: ctx, from: from}
}

// Read reads what is there, waits for it, or returns the context's error.
func (in *input) Read(p []byte) (int, error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if err := in.ctx.Err(); err != nil {
		return 0, err
	}
	if len(in.rest) == 0 && in.err == nil && len(p) > 0 {
		if err := in.fill(len(p)); err != nil {
			return 0, err
		}
	}
	n := copy(p, in.rest)
	in.rest = in.rest[n:]
	if n > 0 || in.err == nil {
		return n, nil
	}
	err := in.err
	in.err = nil // the next read asks again: a terminal goes on behind an end
	return 0, err
}

// fill waits for something to arrive.
func (in *input) fill(most int) error {
	if in.pending == nil {
		if len(in.buffer) < most {
			in.buffer = make([]byte, most)
		}
		pending, buffer := make(chan arrived, 1), in.buffer[:most]
		in.pending = pending
		go func() {
			n, err := in.from.Read(buffer)
			pending <- arrived{n, err}
		}()
	}
	select {
	case a := <-in.pending:
		in.pending, in.rest, in.err = nil, in.buffer[:a.n], a.err
		return nil
	case <-in.ctx.Done():
		return in.ctx.Err()
	}
}

// unlessDone returns what do returns, which nothing can interrupt, such as the opening
// of a pipe that nobody writes to; false once ctx is done, and do is left behind. What
// do notices by itself within a moment is not cut off.
func unlessDone[T any](ctx context.Context, do func() T) (result T, ended bool) {
	done := make(chan T, 1)
	go func() { done <- do() }()
	select {
	case result = <-done:
		return result, true
	case <-ctx.Done():
	}
	late, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastWords)
	defer cancel()
	select {
	case result = <-done:
		return result, true
	case <-late.Done():
		return result, false
	}
}
