package cli

import (
	"errors"
	"io"
	"sync"
	"syscall"

	"github.com/dindctl/dindctl/internal/diag"
)

// Stream is standard output or standard error, watched: whoever reads may go away,
// and what is written may find no space. Its methods may be called from several
// goroutines at once.
type Stream struct {
	to   io.Writer
	gone func()

	mu  sync.Mutex
	err error
}

// Watch watches a stream. Gone is called at each write after the reader went away.
func Watch(to io.Writer, gone func()) *Stream { return &Stream{to: to, gone: gone} }

// Write writes to the stream, and remembers the first error.
func (s *Stream) Write(b []byte) (int, error) {
	n, err := s.to.Write(b)
	if err == nil {
		return n, nil
	}
	s.mu.Lock()
	if s.err == nil {
		s.err = err
	}
	s.mu.Unlock()
	if unread(err) {
		s.gone()
	}
	return n, err
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
