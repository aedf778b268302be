package plugin

import (
	"context"
	"errors"
	"net"
	"sync/atomic"

	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/plugin/pb"
)

// brokered is a byte stream that the host offers to the provider.
type brokered struct {
	pb.UnimplementedStreamsServer
	number uint32
	stream atomic.Pointer[provider.StreamFunc]
}

// Connect opens the stream once more.
func (b *brokered) Connect(stream connServer) error {
	return serveConn(stream, func(ctx context.Context, _ *pb.StreamStart) (net.Conn, error) {
		return (*b.stream.Load())(ctx)
	})
}

// offerStream serves the request's stream over the broker and returns its
// number. One object keeps one number, whatever stream it is opened with next.
func (r *Remote) offerStream(req provider.OpenRequest) (uint32, error) {
	if r.broker == nil {
		return 0, errors.New("this connection cannot relay streams")
	}
	key := string(req.Parent) + "\x00" + req.ID
	r.mu.Lock()
	defer r.mu.Unlock()
	b, ok := r.streams[key]
	if !ok {
		b = &brokered{number: r.broker.NextId()}
		if r.streams == nil {
			r.streams = map[string]*brokered{}
		}
		r.streams[key] = b
	}
	b.stream.Store(&req.Stream)
	if !ok {
		go r.broker.AcceptAndServe(b.number, func(opts []grpc.ServerOption) *grpc.Server {
			s := grpc.NewServer(append(opts, grpc.MaxRecvMsgSize(maxMessage), grpc.MaxSendMsgSize(maxMessage))...)
			pb.RegisterStreamsServer(s, b)
			return s
		})
	}
	return b.number, nil
}

// hostStream returns the function that opens the host's stream of that number.
func (s *server) hostStream(number uint32) (provider.StreamFunc, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c, ok := s.streams[number]
	if !ok {
		var err error
		if c, err = s.broker.Dial(number); err != nil {
			return nil, err
		}
		if s.streams == nil {
			s.streams = map[uint32]*grpc.ClientConn{}
		}
		s.streams[number] = c
	}
	client := pb.NewStreamsClient(c)
	return func(ctx context.Context) (net.Conn, error) {
		return newConn(ctx, &pb.StreamStart{}, func(ctx context.Context) (connClient, error) {
			return client.Connect(ctx)
		})
	}, nil
}

// maxMessage caps every message, in bytes.
const maxMessage = 64 << 20

// wire is go-plugin's view of a provider.
type wire struct {
	goplugin.NetRPCUnsupportedPlugin
	provider provider.Provider // nil in the host
}

// GRPCServer registers the provider in its process.
func (w *wire) GRPCServer(broker *goplugin.GRPCBroker, s *grpc.Server) error {
	pb.RegisterProviderServer(s, &server{provider: w.provider, broker: broker})
	return nil
}

// GRPCClient makes the provider's stand-in in the host.
func (w *wire) GRPCClient(_ context.Context, broker *goplugin.GRPCBroker, c *grpc.ClientConn) (any, error) {
	return &Remote{client: pb.NewProviderClient(c), broker: broker, grace: cancelGrace}, nil
}
