package plugin

import (
	"google.golang.org/grpc"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/plugin/pb"
)

func (s *server) Create(m *pb.CreateRequest, out grpc.ServerStreamingServer[pb.CreateReply]) error {
	ctx, done := s.calls.enter(out.Context())
	defer done()
	declaration, err := s.codec.readDeclaration(m.GetDeclaration())
	if err != nil {
		return out.Send(&pb.CreateReply{Failure: failure(err)})
	}
	events := &eventSink{send: func(e *pb.Event) error { return out.Send(&pb.CreateReply{Event: e}) }}
	resp, err := s.provider.Create(ctx, provider.CreateRequest{
		Place: provider.Place(m.GetPlace()), Declaration: declaration,
		Owner: readOwnership(m.GetOwner()), ImageFrom: readTexts[provider.Place](m.GetImageFrom()), Former: m.GetFormer(),
		Replaces: m.GetReplaces(), Anew: m.GetAnew(),
	}, events.sink)
	events.close()
	object, encoding := s.codec.object(resp.Object)
	return out.Send(&pb.CreateReply{
		Result:  &pb.CreateResult{Id: resp.ID, Adopted: resp.Adopted, Object: object},
		Failure: failure(firstError(err, encoding)),
	})
}

func (s *server) Update(m *pb.UpdateRequest, out grpc.ServerStreamingServer[pb.UpdateReply]) error {
	ctx, done := s.calls.enter(out.Context())
	defer done()
	declaration, err := s.codec.readDeclaration(m.GetDeclaration())
	if err != nil {
		return out.Send(&pb.UpdateReply{Failure: failure(err)})
	}
	changes, err := s.codec.readChanges(m.GetChanges())
	if err != nil {
		return out.Send(&pb.UpdateReply{Failure: failure(err)})
	}
	events := &eventSink{send: func(e *pb.Event) error { return out.Send(&pb.UpdateReply{Event: e}) }}
	resp, err := s.provider.Update(ctx, provider.UpdateRequest{
		Place: provider.Place(m.GetPlace()), ID: m.GetId(), Declaration: declaration,
		Changes: changes, Project: m.GetProject(),
	}, events.sink)
	events.close()
	object, encoding := s.codec.object(resp.Object)
	return out.Send(&pb.UpdateReply{Result: object, Failure: failure(firstError(err, encoding))})
}

func (s *server) Resume(m *pb.ResumeRequest, out grpc.ServerStreamingServer[pb.ResumeReply]) error {
	ctx, done := s.calls.enter(out.Context())
	defer done()
	declaration, err := s.codec.readDeclaration(m.GetDeclaration())
	if err != nil {
		return out.Send(&pb.ResumeReply{Failure: failure(err)})
	}
	events := &eventSink{send: func(e *pb.Event) error { return out.Send(&pb.ResumeReply{Event: e}) }}
	resp, err := s.provider.Resume(ctx, provider.ResumeRequest{
		Place: provider.Place(m.GetPlace()), ID: m.GetId(), Declaration: declaration, Project: m.GetProject(), Ends: m.GetEnds(), Waits: m.GetWaits(),
	}, events.sink)
	events.close()
	object, encoding := s.codec.object(resp.Object)
	return out.Send(&pb.ResumeReply{Result: object, Failure: failure(firstError(err, encoding))})
}

func (s *server) Delete(m *pb.DeleteRequest, out grpc.ServerStreamingServer[pb.DeleteReply]) error {
	ctx, done := s.calls.enter(out.Context())
	defer done()
	events := &eventSink{send: func(e *pb.Event) error { return out.Send(&pb.DeleteReply{Event: e}) }}
	_, err := s.provider.Delete(ctx, provider.DeleteRequest{
		Place: provider.Place(m.GetPlace()), Kind: provider.Kind(m.GetKind()), ID: m.GetId(), Project: m.GetProject(),
	}, events.sink)
	events.close()
	return out.Send(&pb.DeleteReply{Result: &pb.DeleteResult{}, Failure: failure(err)})
}

func (s *server) Carry(m *pb.CarryRequest, out grpc.ServerStreamingServer[pb.CarryReply]) error {
	carrier, ok := s.provider.(provider.Carrier)
	if !ok {
		return out.Send(&pb.CarryReply{Failure: failure(refused(provider.PowerCarry))})
	}
	ctx, done := s.calls.enter(out.Context())
	defer done()
	events := &eventSink{send: func(e *pb.Event) error { return out.Send(&pb.CarryReply{Event: e}) }}
	resp, err := carrier.Carry(ctx, provider.CarryRequest{
		From: provider.Place(m.GetFrom()), To: provider.Place(m.GetTo()), Reference: m.GetReference(),
	}, events.sink)
	events.close()
	return out.Send(&pb.CarryReply{Result: &pb.CarryResult{Id: resp.ID}, Failure: failure(err)})
}

func (s *server) Probe(m *pb.ProbeRequest, out grpc.ServerStreamingServer[pb.ProbeReply]) error {
	prober, ok := s.provider.(provider.Prober)
	if !ok {
		return out.Send(&pb.ProbeReply{Failure: failure(refused(provider.PowerProbe))})
	}
	ctx, done := s.calls.enter(out.Context())
	defer done()
	declaration, err := s.codec.readDeclaration(m.GetDeclaration())
	if err != nil {
		return out.Send(&pb.ProbeReply{Failure: failure(err)})
	}
	events := &eventSink{send: func(e *pb.Event) error { return out.Send(&pb.ProbeReply{Event: e}) }}
	resp, err := prober.Probe(ctx, provider.ProbeRequest{
		Place: provider.Place(m.GetPlace()), ID: m.GetId(), Declaration: declaration,
	}, events.sink)
	events.close()
	return out.Send(&pb.ProbeReply{
		Result: &pb.ProbeResult{How: resp.How, Answer: resp.Answer}, Failure: failure(err),
	})
}

func (s *server) Prepare(m *pb.PrepareRequest, out grpc.ServerStreamingServer[pb.PrepareReply]) error {
	preparer, ok := s.provider.(provider.Preparer)
	if !ok {
		return out.Send(&pb.PrepareReply{Ended: true, Failure: failure(refused(provider.PowerPrepare))})
	}
	ctx, done := s.calls.enter(out.Context())
	defer done()
	declaration, err := s.codec.readDeclaration(m.GetDeclaration())
	if err != nil {
		return out.Send(&pb.PrepareReply{Ended: true, Failure: failure(err)})
	}
	events := &eventSink{send: func(e *pb.Event) error { return out.Send(&pb.PrepareReply{Event: e}) }}
	err = preparer.Prepare(ctx, provider.PrepareRequest{
		Place: provider.Place(m.GetPlace()), Declaration: declaration, ImageFrom: readTexts[provider.Place](m.GetImageFrom()),
	}, events.sink)
	events.close()
	return out.Send(&pb.PrepareReply{Ended: true, Failure: failure(err)})
}

// firstError keeps the provider's own error before one of encoding its answer.
func firstError(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
