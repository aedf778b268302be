package plugin

import (
	"context"
	"sync"

	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/plugin/pb"
)

// server serves a provider on the wire. Its methods decode, call, and encode;
// what the provider answers, errors included, is in the replies.
type server struct {
	pb.UnimplementedProviderServer
	codec    codec
	provider provider.Provider
	broker   *goplugin.GRPCBroker
	calls    calls

	mu      sync.Mutex
	streams map[uint32]*grpc.ClientConn // the host's Streams services, by the broker's number
}

func (s *server) Describe(ctx context.Context, _ *pb.DescribeRequest) (*pb.DescribeReply, error) {
	d, err := s.provider.Describe(ctx)
	if err != nil {
		return &pb.DescribeReply{Failure: failure(err)}, nil
	}
	out, err := description(d)
	if err != nil {
		return &pb.DescribeReply{Failure: failure(err)}, nil
	}
	return out, nil
}

func (s *server) Configure(ctx context.Context, m *pb.ConfigureRequest) (*pb.ConfigureReply, error) {
	resp, err := s.provider.Configure(ctx, provider.ConfigureRequest{
		Endpoint: m.GetEndpoint(), Context: m.GetContext(), Environment: m.GetEnvironment(), NamedBy: m.GetNamedBy(),
	})
	return &pb.ConfigureReply{Facts: facts(resp.Facts), Failure: failure(err)}, nil
}

func (s *server) Open(ctx context.Context, m *pb.OpenRequest) (*pb.OpenReply, error) {
	req := provider.OpenRequest{
		Parent: provider.Place(m.GetParent()), ID: m.GetId(), Endpoint: m.GetEndpoint(), Certificates: m.GetCertificates(),
	}
	if m.GetHasStream() {
		stream, err := s.hostStream(m.GetStream())
		if err != nil {
			return &pb.OpenReply{Failure: failure(err)}, nil
		}
		req.Stream = stream
	}
	resp, err := s.provider.Open(ctx, req)
	return &pb.OpenReply{
		Readable: resp.Readable, Why: resp.Why, Place: string(resp.Place),
		Facts: facts(resp.Facts), Failure: failure(err),
	}, nil
}

func (s *server) Observe(m *pb.ObserveRequest, out grpc.ServerStreamingServer[pb.ObserveReply]) error {
	batch := &objectBatch{codec: &s.codec, send: out.Send}
	resp, err := s.provider.Observe(out.Context(), provider.ObserveRequest{
		Place: provider.Place(m.GetPlace()), Project: m.GetProject(), Images: m.GetImages(),
		Names: readNames(m.GetNames()), Output: m.GetOutput(), Where: readWhereabouts(m.GetWhere()),
	}, batch.add)
	if sent := others(resp.Others, out.Send); sent != nil {
		return sent
	}
	return batch.end(&pb.ObserveResult{
		Images: resp.Images, Contents: resp.Contents, Projects: counts(resp.Projects), Unread: unread(resp.Unread),
	}, err)
}

func (s *server) Diff(ctx context.Context, m *pb.DiffRequest) (*pb.DiffReply, error) {
	var req provider.DiffRequest
	for _, item := range m.GetItems() {
		i, err := s.codec.readDiffItem(item)
		if err != nil {
			return &pb.DiffReply{Failure: failure(err)}, nil
		}
		req.Items = append(req.Items, i)
	}
	resp, err := s.provider.Diff(ctx, req)
	out := &pb.DiffReply{Failure: failure(err)}
	for _, d := range resp.Differences {
		changes, err := s.codec.changes(d.Changes)
		if err != nil {
			return &pb.DiffReply{Failure: failure(err)}, nil
		}
		out.Differences = append(out.Differences, &pb.Difference{Changes: changes, NotCompared: notCompared(d.NotCompared), Data: data(d.Data), Hides: d.Hides})
	}
	return out, nil
}

func (s *server) Cancel(_ context.Context, m *pb.CancelRequest) (*pb.CancelReply, error) {
	s.calls.cancel(m.GetCall())
	return &pb.CancelReply{}, nil
}

func (s *server) Stop(ctx context.Context, _ *pb.StopRequest) (*pb.StopReply, error) {
	return &pb.StopReply{Failure: failure(s.provider.Stop(ctx))}, nil
}

func (s *server) Close(context.Context, *pb.CloseRequest) (*pb.CloseReply, error) {
	return &pb.CloseReply{Failure: failure(s.provider.Close())}, nil
}
