package docker

import (
	"sync"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/lines"
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

// eachLine hands on lines; those that are too long in parts.
func eachLine(do func(string)) *lines.Splitter {
	return lines.New(func(text string, _ bool) error {
		do(text)
		return nil
	})
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
