package plugin

import (
	"context"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/plugin/pb"
)

type (
	connClient = grpc.BidiStreamingClient[pb.StreamInput, pb.StreamOutput]
	connServer = grpc.BidiStreamingServer[pb.StreamInput, pb.StreamOutput]
)

// errNoStart says that the other side does not keep to the protocol.
var errNoStart = errors.New("the first message of a stream is not its start")

// conn is a byte stream that the other side opened, as a net.Conn. It can be
// closed for writing alone, which hijacked connections need.
type conn struct {
	net.Conn // what arrives; only its reading half is used
	stream   connClient
	cancel   context.CancelFunc
	send     *serial
	failure  atomic.Pointer[error]
}

// newConn opens a byte stream. As with a dialer, ctx bounds the opening and not
// the connection's life.
func newConn(
	ctx context.Context, start *pb.StreamStart, open func(context.Context) (connClient, error),
) (net.Conn, error) {
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stopWatching := context.AfterFunc(ctx, cancel)
	stream, err := openConn(life, start, open)
	if err == nil && !stopWatching() {
		err = context.Cause(ctx)
	}
	if err != nil {
		cancel()
		return nil, err
	}
	near, far := net.Pipe()
	c := &conn{Conn: near, stream: stream, cancel: cancel, send: &serial{}}
	go c.receive(far)
	return c, nil
}

func openConn(
	ctx context.Context, start *pb.StreamStart, open func(context.Context) (connClient, error),
) (connClient, error) {
	stream, err := open(ctx)
	if err != nil {
		return nil, err
	}
	if err := stream.Send(&pb.StreamInput{Input: &pb.StreamInput_Start{Start: start}}); err != nil {
		return nil, err
	}
	first, err := stream.Recv()
	if err != nil {
		return nil, err
	}
	if err := readFailure(first.GetFailure()); err != nil {
		return nil, err
	}
	return stream, nil
}

// receive hands on what arrives. It goes on after the end of what can be read, so
// that it sees the end of the stream, which may come much later.
func (c *conn) receive(far net.Conn) {
	defer c.cancel()
	defer far.Close() //nolint:errcheck // a pipe
	for {
		m, err := c.stream.Recv()
		if err == nil {
			err = readFailure(m.GetFailure())
		}
		if err != nil {
			if !errors.Is(err, io.EOF) {
				c.failure.Store(&err)
			}
			return
		}
		if m.GetEnd() {
			_ = far.Close()
			continue
		}
		// Nobody reads any more once this end is closed; the rest is dropped.
		_, _ = far.Write(m.GetData())
	}
}

func (c *conn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if failure := c.failure.Load(); errors.Is(err, io.EOF) && failure != nil {
		return n, *failure
	}
	return n, err
}

func (c *conn) Write(p []byte) (int, error) {
	return c.send.writer(func(b []byte) error {
		return c.stream.Send(&pb.StreamInput{Input: &pb.StreamInput_Data{Data: b}})
	}).Write(p)
}

// CloseWrite tells the other side that nothing more will be written.
func (c *conn) CloseWrite() error {
	return c.send.do(func() error {
		return c.stream.Send(&pb.StreamInput{Input: &pb.StreamInput_End{End: true}})
	})
}

// closeGrace is how long a closed connection may take to deliver what was written:
// nobody waits for it, and on a busy machine a second is soon over.
const closeGrace = 30 * time.Second

// Close lets what was written arrive: the stream is only ended at once when the
// other side does not take it.
func (c *conn) Close() error {
	time.AfterFunc(closeGrace, c.cancel)
	go func() {
		_ = c.send.do(c.stream.CloseSend)
		c.send.close()
	}()
	return c.Conn.Close()
}

// serveConn answers a byte stream with the connection that open makes.
func serveConn(stream connServer, open func(context.Context, *pb.StreamStart) (net.Conn, error)) error {
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	if first.GetStart() == nil {
		return stream.Send(&pb.StreamOutput{Failure: failure(errNoStart)})
	}
	c, err := open(stream.Context(), first.GetStart())
	if err != nil {
		return stream.Send(&pb.StreamOutput{Failure: failure(err)})
	}
	defer c.Close() //nolint:errcheck // both ends are done with it
	if err := stream.Send(&pb.StreamOutput{Output: &pb.StreamOutput_Opened{Opened: true}}); err != nil {
		return err
	}
	sent := make(chan error, 1)
	go func() { sent <- sendConn(stream, c) }()
	received := make(chan error, 1)
	go func() { received <- receiveConn(stream, c) }()
	select {
	case err := <-received: // the other side is gone; closing c ends the sender
		_ = c.Close()
		<-sent
		return err
	case err := <-sent:
		if err != nil {
			return err
		}
		return <-received // it may still have something to say
	}
}

func sendConn(stream connServer, c net.Conn) error {
	buffer := make([]byte, chunk)
	for {
		n, err := c.Read(buffer)
		if n > 0 {
			if err := stream.Send(&pb.StreamOutput{Output: &pb.StreamOutput_Data{Data: buffer[:n]}}); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return stream.Send(&pb.StreamOutput{Output: &pb.StreamOutput_End{End: true}})
		case err != nil:
			return stream.Send(&pb.StreamOutput{Failure: failure(err)})
		}
	}
}

func receiveConn(stream connServer, c net.Conn) error {
	for {
		m, err := stream.Recv()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case m.GetEnd():
			if half, ok := c.(interface{ CloseWrite() error }); ok {
				if err := half.CloseWrite(); err != nil {
					return err
				}
			}
			continue
		}
		if _, err := c.Write(m.GetData()); err != nil {
			return err
		}
	}
}

func (s *server) Dial(stream connServer) error {
	dialer, ok := s.provider.(provider.Dialer)
	if !ok {
		return stream.Send(&pb.StreamOutput{Failure: failure(refused(provider.PowerDial))})
	}
	return serveConn(stream, func(ctx context.Context, start *pb.StreamStart) (net.Conn, error) {
		return dialer.Dial(ctx, provider.Place(start.GetParent()), start.GetId())
	})
}

// Dial implements [provider.Dialer].
func (r *Remote) Dial(ctx context.Context, parent provider.Place, id string) (net.Conn, error) {
	c, err := newConn(ctx, &pb.StreamStart{Parent: string(parent), Id: id}, func(ctx context.Context) (connClient, error) {
		return r.client.Dial(ctx)
	})
	return c, r.wrap(ctx, err)
}
