package plugin

import (
	"context"
	"sync"

	"google.golang.org/grpc/metadata"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/plugin/pb"
)

// callKey is the metadata that names a call for Cancel.
const callKey = "dindctl-call"

// calls are the running calls of a server that can be cancelled by name. A call
// is not cancelled by ending its stream: its answer, and with it the id of what
// was made half, would be lost.
type calls struct {
	mu      sync.Mutex
	cancels map[string]context.CancelFunc
}

// enter registers the call of ctx. The second result must be called at its end.
func (c *calls) enter(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	md, _ := metadata.FromIncomingContext(ctx)
	values := md.Get(callKey)
	if len(values) == 0 {
		return ctx, cancel
	}
	name := values[0]
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.cancels == nil {
		c.cancels = map[string]context.CancelFunc{}
	}
	c.cancels[name] = cancel
	return ctx, func() {
		c.mu.Lock()
		delete(c.cancels, name)
		c.mu.Unlock()
		cancel()
	}
}

func (c *calls) cancel(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if cancel, ok := c.cancels[name]; ok {
		cancel()
	}
}

// eventSink sends events one at a time, and none after it was closed: a provider
// may still have a goroutine that reports when its call has returned.
type eventSink struct {
	mu     sync.Mutex
	closed bool
	send   func(*pb.Event) error
}

func (s *eventSink) sink(e provider.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	// The call's own end reports a connection that is gone.
	_ = s.send(&pb.Event{
		Address: e.Address, Phase: string(e.Phase), Text: sendable(e.Text), Stream: e.Stream, Data: e.Data, Done: e.Done, Total: e.Total,
	})
}

func (s *eventSink) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
}

func readEvent(m *pb.Event) provider.Event {
	return provider.Event{
		Address: m.GetAddress(), Phase: provider.Phase(m.GetPhase()), Text: m.GetText(),
		Stream: m.GetStream(), Data: m.GetData(), Done: m.GetDone(), Total: m.GetTotal(),
	}
}
