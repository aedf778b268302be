package docker

import (
	"bytes"
	"io"
	"math"
	"strings"
	"time"
)

// An engine keeps a long line in several records, and puts the time in front of each of
// them. What divides the records is a frame; where a container has a terminal there are
// none, and a line goes on after as many bytes as a record holds: those of most drivers,
// and those of the driver local.
const (
	logPiece   = 16 << 10
	localPiece = 1_000_000
)

// stampMost is how long a time can be, in bytes.
const stampMost = len("2006-01-02T15:04:05.000000000-07:00")

// stamped takes the times off the records that go on with a line, so that each line has
// one time, in front. It is used by one goroutine.
type stamped struct {
	to     io.Writer
	tty    bool
	within bool   // a line has begun and not ended; with a terminal: its time has come
	length int    // with a terminal: what came since the last time
	asking bool   // what comes next is a time, or else belongs to the line
	held   []byte // of what may be one
}

// frame says that another record begins.
func (s *stamped) frame() { s.asking = s.within }

// Write takes in what has arrived.
func (s *stamped) Write(b []byte) (int, error) {
	for rest := b; len(rest) > 0; {
		n, err := 0, error(nil)
		if s.asking {
			n, err = s.ask(rest)
		} else {
			n = s.taken(rest)
			_, err = s.to.Write(rest[:n])
		}
		if err != nil {
			return 0, err
		}
		rest = rest[n:]
	}
	return len(b), nil
}

// end hands on what was held back.
func (s *stamped) end() error {
	s.asking = false
	held := s.held
	s.held = nil
	if len(held) == 0 {
		return nil
	}
	_, err := s.to.Write(held)
	return err
}

// ask takes in what may be a time, and drops it if it is one.
func (s *stamped) ask(b []byte) (taken int, err error) {
	for taken < len(b) && len(s.held) < stampMost && strings.IndexByte("0123456789-T:.Z+", b[taken]) >= 0 {
		s.held = append(s.held, b[taken])
		taken++
	}
	if taken == len(b) {
		return taken, nil // it takes more to decide
	}
	if _, err := time.Parse(time.RFC3339Nano, string(s.held)); err == nil && b[taken] == ' ' {
		s.held, s.asking, s.length = nil, false, 0
		return taken + 1, nil
	}
	s.length += len(s.held)
	return taken, s.end()
}

// taken is how much of b is handed on before it has to be asked what comes next.
func (s *stamped) taken(b []byte) int {
	if !s.tty {
		s.within = b[len(b)-1] != '\n'
		return len(b)
	}
	if !s.within {
		space := bytes.IndexByte(b, ' ')
		if space < 0 {
			return len(b)
		}
		s.within, s.length = true, 0
		return space + 1
	}
	most := math.MaxInt
	switch {
	case s.length < logPiece:
		most = logPiece - s.length
	case s.length < localPiece:
		most = localPiece - s.length
	}
	b = b[:min(len(b), most)]
	if end := bytes.IndexByte(b, '\n'); end >= 0 {
		s.within = false
		return end + 1
	}
	s.length += len(b)
	s.asking = len(b) == most
	return len(b)
}
