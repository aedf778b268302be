package plugin

import (
	"context"

	"google.golang.org/grpc"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/plugin/pb"
)

// Halt implements [provider.Halter].
func (r *Remote) Halt(ctx context.Context, req provider.HaltRequest, sink provider.Sink) (provider.HaltResponse, error) {
	m, err := follow(ctx, r, sink, func(ctx context.Context) (grpc.ServerStreamingClient[pb.HaltReply], error) {
		return r.client.Halt(ctx, &pb.HaltRequest{Place: string(req.Place), Id: req.ID, Project: req.Project})
	})
	object, decoding := r.codec.readObject(m.GetResult())
	return provider.HaltResponse{Object: object}, firstError(err, decoding)
}

// Wake implements [provider.Halter].
func (r *Remote) Wake(ctx context.Context, req provider.WakeRequest, sink provider.Sink) (provider.WakeResponse, error) {
	m, err := follow(ctx, r, sink, func(ctx context.Context) (grpc.ServerStreamingClient[pb.WakeReply], error) {
		return r.client.Wake(ctx, &pb.WakeRequest{Place: string(req.Place), Id: req.ID, Project: req.Project})
	})
	object, decoding := r.codec.readObject(m.GetResult())
	return provider.WakeResponse{Object: object}, firstError(err, decoding)
}

func (s *server) Halt(m *pb.HaltRequest, out grpc.ServerStreamingServer[pb.HaltReply]) error {
	halter, ok := s.provider.(provider.Halter)
	if !ok {
		return out.Send(&pb.HaltReply{Failure: failure(refused(provider.PowerHalt))})
	}
	ctx, done := s.calls.enter(out.Context())
	defer done()
	events := &eventSink{send: func(e *pb.Event) error { return out.Send(&pb.HaltReply{Event: e}) }}
	resp, err := halter.Halt(ctx, provider.HaltRequest{
		Place: provider.Place(m.GetPlace()), ID: m.GetId(), Project: m.GetProject(),
	}, events.sink)
	events.close()
	object, encoding := s.codec.object(resp.Object)
	return out.Send(&pb.HaltReply{Result: object, Failure: failure(firstError(err, encoding))})
}

func (s *server) Wake(m *pb.WakeRequest, out grpc.ServerStreamingServer[pb.WakeReply]) error {
	halter, ok := s.provider.(provider.Halter)
	if !ok {
		return out.Send(&pb.WakeReply{Failure: failure(refused(provider.PowerHalt))})
	}
	ctx, done := s.calls.enter(out.Context())
	defer done()
	events := &eventSink{send: func(e *pb.Event) error { return out.Send(&pb.WakeReply{Event: e}) }}
	resp, err := halter.Wake(ctx, provider.WakeRequest{
		Place: provider.Place(m.GetPlace()), ID: m.GetId(), Project: m.GetProject(),
	}, events.sink)
	events.close()
	object, encoding := s.codec.object(resp.Object)
	return out.Send(&pb.WakeReply{Result: object, Failure: failure(firstError(err, encoding))})
}
