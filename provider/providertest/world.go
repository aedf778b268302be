package providertest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"

	"github.com/dindctl/dindctl/provider"
)

// world is what all connections share.
type world struct {
	opts   Options
	schema provider.Schema

	mu      sync.Mutex
	state   *state
	calls   int           // of the fault hook
	changed chan struct{} // closed and made anew at every change
}

// do changes the state. Changes are kept even when f fails: an effect is
// an effect.
func (w *world) do(f func(*state) error) error {
	release, err := w.hold()
	if err != nil {
		return err
	}
	defer release()
	err = f(w.state)
	close(w.changed)
	w.changed = make(chan struct{})
	return errors.Join(err, w.save())
}

func (w *world) load() error {
	data, err := os.ReadFile(w.opts.File)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	fresh := newState()
	if err := json.Unmarshal(data, fresh); err != nil {
		return fmt.Errorf("reading %s: %w", w.opts.File, err)
	}
	w.state = fresh
	return nil
}

func (w *world) save() error {
	if w.opts.File == "" {
		return nil
	}
	data, err := json.MarshalIndent(w.state, "", "\t")
	if err != nil {
		return err
	}
	fresh := w.opts.File + ".new"
	if err := os.WriteFile(fresh, data, 0o600); err != nil {
		return err
	}
	return os.Rename(fresh, w.opts.File)
}

// filePoll is how often a state that other processes change is looked at.
const filePoll = 20 * time.Millisecond

// until waits until f says so, ctx is done or stop is closed.
func (w *world) until(ctx context.Context, stop <-chan struct{}, f func(*state) bool) error {
	for {
		w.mu.Lock()
		changed := w.changed
		w.mu.Unlock()
		done := false
		if err := w.look(func(s *state) { done = f(s) }); err != nil || done {
			return err
		}
		var poll <-chan time.Time
		if w.opts.File != "" {
			poll = time.After(filePoll)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-stop:
			return nil
		case <-changed:
		case <-poll:
		}
	}
}

// look reads the state and wakes nobody.
func (w *world) look(f func(*state)) error {
	release, err := w.hold()
	if err != nil {
		return err
	}
	defer release()
	f(w.state)
	return nil
}

// hold takes the state for the caller alone, until release is called.
func (w *world) hold() (release func(), err error) {
	w.mu.Lock()
	if w.opts.File == "" {
		return w.mu.Unlock, nil
	}
	unlock, err := lockFile(w.opts.File + ".lock")
	if err != nil {
		w.mu.Unlock()
		return nil, err
	}
	release = func() {
		unlock()
		w.mu.Unlock()
	}
	if err := w.load(); err != nil {
		release()
		return nil, err
	}
	return release, nil
}

// fault asks the hook, outside the lock, so that it may wait or change things.
func (w *world) fault(ctx context.Context, op string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	w.mu.Lock()
	w.calls++
	n := w.calls
	w.mu.Unlock()
	if w.opts.Fault == nil {
		return nil
	}
	return w.opts.Fault(op, n)
}
