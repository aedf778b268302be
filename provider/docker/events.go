package docker

import (
	"bytes"
	"strings"
	"sync"

	"github.com/dindctl/dindctl/provider"
)

// events reports what happens while one object is changed. The zero sink is none.
type events struct {
	sink    provider.Sink
	address string
	lock    *sync.Mutex
}

func newEvents(sink provider.Sink, address string) events {
	return events{sink: sink, address: address, lock: &sync.Mutex{}}
}

func (s events) send(event provider.Event) {
	if s.sink == nil {
		return
	}
	event.Address = s.address
	s.lock.Lock()
	defer s.lock.Unlock()
	s.sink(event)
}

func (s events) phase(phase provider.Phase, text string) {
	s.send(provider.Event{Phase: phase, Text: text})
}

func (s events) bytes(phase provider.Phase, text string, done, total int64) {
	s.send(provider.Event{Phase: phase, Text: text, Done: done, Total: total})
}

// lineWriter hands complete lines on; flush hands on what is left.
type lineWriter struct {
	line func(string)
	rest bytes.Buffer
}

// lineLimit is where a line without end is cut.
const lineLimit = 64 << 10

func (w *lineWriter) Write(b []byte) (int, error) {
	w.rest.Write(b)
	for {
		text := w.rest.Bytes()
		i := bytes.IndexByte(text, '\n')
		switch {
		case i >= 0:
			w.line(strings.TrimSuffix(string(text[:i]), "\r"))
			w.rest.Next(i + 1)
		case len(text) >= lineLimit:
			w.line(string(text))
			w.rest.Reset()
		default:
			return len(b), nil
		}
	}
}

func (w *lineWriter) flush() {
	if w.rest.Len() > 0 {
		w.line(strings.TrimSuffix(w.rest.String(), "\r"))
		w.rest.Reset()
	}
}

// lastLines keeps the last n lines.
type lastLines struct {
	n    int
	kept []string
}

func (l *lastLines) add(line string) {
	l.kept = append(l.kept, line)
	if len(l.kept) > l.n {
		l.kept = l.kept[1:]
	}
}
