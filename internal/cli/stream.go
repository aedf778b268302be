package cli

import (
	"bytes"
	"errors"
	"io"
	"sync"
	"syscall"
	"time"

	"github.com/dindctl/dindctl/internal/diag"
)

// Stream is standard output or standard error, watched: whoever reads may go away,
// or may read no more and stay, and what is written may find no space. Its methods may
// be called from several goroutines at once.
type Stream struct {
	to   io.Writer
	gone func()
	left chan struct{} // closed by Leave
	once sync.Once

	writing sync.Mutex // held during a write
	stuck   bool       // a write was left behind

	mu  sync.Mutex
	err error
}

// lastWords is how long a reader has to take what is written after [Stream.Leave].
const lastWords = time.Second

// errNotTaken is the error of a write that was left behind.
var errNotTaken = errors.New("nobody took it before the end")

// Watch watches a stream. Gone is called at each write after the reader went away.
func Watch(to io.Writer, gone func()) *Stream {
	return &Stream{to: to, gone: gone, left: make(chan struct{})}
}

// Leave ends the waiting for a reader that does not read: a write that is not taken
// within a moment is left behind, and nothing is written after it. Without it a run
// that shall end would wait for whatever its output was handed to.
func (s *Stream) Leave() { s.once.Do(func() { close(s.left) }) }

// Write writes to the stream, and remembers the first error.
func (s *Stream) Write(b []byte) (int, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	if s.stuck {
		return 0, errNotTaken
	}
	type written struct {
		n   int
		err error
	}
	done, content := make(chan written, 1), bytes.Clone(b) // b is the caller's again once this returns
	go func() {
		n, err := s.to.Write(content)
		done <- written{n, err}
	}()
	select {
	case w := <-done:
		return w.n, s.note(w.err)
	case <-s.left:
	}
	timer := time.NewTimer(lastWords)
	defer timer.Stop()
	select {
	case w := <-done:
		return w.n, s.note(w.err)
	case <-timer.C:
		s.stuck = true
		return 0, errNotTaken
	}
}

// note remembers the first error of a write, and tells of a reader that went away.
func (s *Stream) note(err error) error {
	if err == nil {
		return nil
	}
	s.mu.Lock()
	if s.err == nil {
		s.err = err
	}
	s.mu.Unlock()
	if unread(err) {
		s.gone()
	}
	return err
}

// unread tells of an error that says that nobody reads any longer: a pipe without
// a reader, a terminal that is gone.
func unread(err error) bool { return errors.Is(err, syscall.EPIPE) || errors.Is(err, syscall.EIO) }

// Lost is the error of the first write that did not succeed though somebody
// reads; nil where all was written, and where nobody reads.
func (s *Stream) Lost() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if unread(s.err) {
		return nil
	}
	return s.err
}

// Unread tells whether the reader went away before everything was written.
func (s *Stream) Unread() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return unread(s.err)
}

// unread tells whether nobody reads standard output any longer. A command that did
// nothing else than write there then ends without a word, as other programs do.
func (a *app) unread() bool {
	stdout, watched := a.stdout.(*Stream)
	return watched && stdout.Unread()
}

// written is the exit code of a run whose output may not have been taken whole.
func (a *app) written(code int) int {
	stdout, watched := a.stdout.(*Stream)
	switch {
	case !watched:
	case stdout.Unread():
		return exitUnread
	case stdout.Lost() != nil:
		a.show(diag.Errorf("Standard output was not written whole", "What was printed is not complete: %s. Nothing else is affected.", reason(stdout.Lost())), nil)
		return exitError
	}
	return code
}
