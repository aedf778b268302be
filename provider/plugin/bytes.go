package plugin

import (
	"io"
	"sync"
)

// chunk is how many bytes go in one message of a byte stream.
const chunk = 32 << 10

// serial lets several writers send on one stream, which takes one message at a
// time. After close nothing is sent any more.
type serial struct {
	mu     sync.Mutex
	closed bool
}

func (s *serial) do(send func() error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return io.ErrClosedPipe
	}
	return send()
}

func (s *serial) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
}

// writer returns a writer that sends what it is given in chunks.
func (s *serial) writer(send func([]byte) error) io.Writer {
	return writerFunc(func(p []byte) (int, error) {
		done := 0
		for len(p) > 0 {
			n := min(len(p), chunk)
			if err := s.do(func() error { return send(p[:n]) }); err != nil {
				return done, err
			}
			p = p[n:]
			done += n
		}
		return done, nil
	})
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }
