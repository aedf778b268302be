package plugin

import (
	"context"

	"google.golang.org/grpc"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/plugin/pb"
)

// Stock implements [provider.Stocker].
func (r *Remote) Stock(ctx context.Context, place provider.Place) (provider.StockResponse, error) {
	m, err := r.client.Stock(ctx, &pb.StockRequest{Place: string(place)})
	var out provider.StockResponse
	for _, one := range m.GetStored() {
		out.Stored = append(out.Stored, readStored(one))
	}
	for _, lock := range m.GetLocks() {
		out.Locks = append(out.Locks, provider.HeldLock{Project: lock.GetProject(), Holder: readHolder(lock.GetHolder())})
	}
	return out, r.answer(ctx, m, err)
}

// Sweep implements [provider.Stocker].
func (r *Remote) Sweep(ctx context.Context, place provider.Place, one provider.Stored, sink provider.Sink) error {
	_, err := follow(ctx, r, sink, func(ctx context.Context) (grpc.ServerStreamingClient[pb.SweepReply], error) {
		return r.client.Sweep(ctx, &pb.SweepRequest{Place: string(place), Stored: stored(one)})
	})
	return err
}

func (s *server) Stock(ctx context.Context, m *pb.StockRequest) (*pb.StockReply, error) {
	stocker, ok := s.provider.(provider.Stocker)
	if !ok {
		return &pb.StockReply{Failure: failure(refused(provider.PowerStock))}, nil
	}
	resp, err := stocker.Stock(ctx, provider.Place(m.GetPlace()))
	out := &pb.StockReply{Failure: failure(err)}
	for _, one := range resp.Stored {
		out.Stored = append(out.Stored, stored(one))
	}
	for _, lock := range resp.Locks {
		out.Locks = append(out.Locks, &pb.HeldLock{Project: lock.Project, Holder: holder(lock.Holder)})
	}
	return out, nil
}

func (s *server) Sweep(m *pb.SweepRequest, out grpc.ServerStreamingServer[pb.SweepReply]) error {
	stocker, ok := s.provider.(provider.Stocker)
	if !ok {
		return out.Send(&pb.SweepReply{Ended: true, Failure: failure(refused(provider.PowerStock))})
	}
	ctx, done := s.calls.enter(out.Context())
	defer done()
	events := &eventSink{send: func(e *pb.Event) error { return out.Send(&pb.SweepReply{Event: e}) }}
	err := stocker.Sweep(ctx, provider.Place(m.GetPlace()), readStored(m.GetStored()), events.sink)
	events.close()
	return out.Send(&pb.SweepReply{Ended: true, Failure: failure(err)})
}

func stored(o provider.Stored) *pb.Stored {
	return &pb.Stored{
		Kind: string(o.Kind), Id: o.ID, Name: o.Name, Owner: ownership(o.Owner), Bytes: o.Bytes,
		Created: o.Created, Users: o.Users, Record: o.Record,
	}
}

func readStored(m *pb.Stored) provider.Stored {
	return provider.Stored{
		Kind: provider.Kind(m.GetKind()), ID: m.GetId(), Name: m.GetName(), Owner: readOwnership(m.GetOwner()), Bytes: m.GetBytes(),
		Created: m.GetCreated(), Users: m.GetUsers(), Record: m.GetRecord(),
	}
}
