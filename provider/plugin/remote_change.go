package plugin

import (
	"context"

	"google.golang.org/grpc"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/plugin/pb"
)

// Create implements [provider.Provider].
func (r *Remote) Create(
	ctx context.Context, req provider.CreateRequest, sink provider.Sink,
) (provider.CreateResponse, error) {
	declaration, err := r.codec.declaration(req.Declaration)
	if err != nil {
		return provider.CreateResponse{}, err
	}
	m, err := follow(ctx, r, sink, func(ctx context.Context) (grpc.ServerStreamingClient[pb.CreateReply], error) {
		return r.client.Create(ctx, &pb.CreateRequest{
			Place: string(req.Place), Declaration: declaration,
			Owner: ownership(req.Owner), ImageFrom: textsOf(req.ImageFrom), Former: req.Former,
			Replaces: req.Replaces, Anew: req.Anew,
		})
	})
	object, decoding := r.codec.readObject(m.GetResult().GetObject())
	return provider.CreateResponse{
		ID: m.GetResult().GetId(), Adopted: m.GetResult().GetAdopted(), Object: object,
	}, firstError(err, decoding)
}

// Update implements [provider.Provider].
func (r *Remote) Update(
	ctx context.Context, req provider.UpdateRequest, sink provider.Sink,
) (provider.UpdateResponse, error) {
	declaration, err := r.codec.declaration(req.Declaration)
	if err != nil {
		return provider.UpdateResponse{}, err
	}
	changes, err := r.codec.changes(req.Changes)
	if err != nil {
		return provider.UpdateResponse{}, err
	}
	m, err := follow(ctx, r, sink, func(ctx context.Context) (grpc.ServerStreamingClient[pb.UpdateReply], error) {
		return r.client.Update(ctx, &pb.UpdateRequest{
			Place: string(req.Place), Id: req.ID, Declaration: declaration, Changes: changes, Project: req.Project,
		})
	})
	object, decoding := r.codec.readObject(m.GetResult())
	return provider.UpdateResponse{Object: object}, firstError(err, decoding)
}

// Resume implements [provider.Provider].
func (r *Remote) Resume(
	ctx context.Context, req provider.ResumeRequest, sink provider.Sink,
) (provider.ResumeResponse, error) {
	declaration, err := r.codec.declaration(req.Declaration)
	if err != nil {
		return provider.ResumeResponse{}, err
	}
	m, err := follow(ctx, r, sink, func(ctx context.Context) (grpc.ServerStreamingClient[pb.ResumeReply], error) {
		return r.client.Resume(ctx, &pb.ResumeRequest{
			Place: string(req.Place), Id: req.ID, Declaration: declaration, Project: req.Project, Ends: req.Ends, Waits: req.Waits,
		})
	})
	object, decoding := r.codec.readObject(m.GetResult())
	return provider.ResumeResponse{Object: object}, firstError(err, decoding)
}

// Delete implements [provider.Provider].
func (r *Remote) Delete(
	ctx context.Context, req provider.DeleteRequest, sink provider.Sink,
) (provider.DeleteResponse, error) {
	_, err := follow(ctx, r, sink, func(ctx context.Context) (grpc.ServerStreamingClient[pb.DeleteReply], error) {
		return r.client.Delete(ctx, &pb.DeleteRequest{
			Place: string(req.Place), Kind: string(req.Kind), Id: req.ID, Project: req.Project,
		})
	})
	return provider.DeleteResponse{}, err
}

// Carry implements [provider.Carrier].
func (r *Remote) Carry(
	ctx context.Context, req provider.CarryRequest, sink provider.Sink,
) (provider.CarryResponse, error) {
	m, err := follow(ctx, r, sink, func(ctx context.Context) (grpc.ServerStreamingClient[pb.CarryReply], error) {
		return r.client.Carry(ctx, &pb.CarryRequest{
			From: string(req.From), To: string(req.To), Reference: req.Reference,
		})
	})
	return provider.CarryResponse{ID: m.GetResult().GetId()}, err
}

// Probe implements [provider.Prober].
func (r *Remote) Probe(
	ctx context.Context, req provider.ProbeRequest, sink provider.Sink,
) (provider.ProbeResponse, error) {
	declaration, err := r.codec.declaration(req.Declaration)
	if err != nil {
		return provider.ProbeResponse{}, err
	}
	m, err := follow(ctx, r, sink, func(ctx context.Context) (grpc.ServerStreamingClient[pb.ProbeReply], error) {
		return r.client.Probe(ctx, &pb.ProbeRequest{Place: string(req.Place), Id: req.ID, Declaration: declaration})
	})
	return provider.ProbeResponse{How: m.GetResult().GetHow(), Answer: m.GetResult().GetAnswer()}, err
}

// Prepare implements [provider.Preparer].
func (r *Remote) Prepare(ctx context.Context, req provider.PrepareRequest, sink provider.Sink) error {
	declaration, err := r.codec.declaration(req.Declaration)
	if err != nil {
		return err
	}
	_, err = follow(ctx, r, sink, func(ctx context.Context) (grpc.ServerStreamingClient[pb.PrepareReply], error) {
		return r.client.Prepare(ctx, &pb.PrepareRequest{
			Place: string(req.Place), Declaration: declaration, ImageFrom: textsOf(req.ImageFrom),
		})
	})
	return err
}
