package plugin

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/plugin/pb"
)

// CopyOut implements [provider.Copier].
func (r *Remote) CopyOut(ctx context.Context, req provider.CopyOutRequest) error {
	life, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := r.client.CopyOut(life, &pb.CopyOutRequest{Place: string(req.Place), Id: req.ID, Path: req.Path})
	if err != nil {
		return r.wrap(ctx, err)
	}
	for {
		m, err := stream.Recv()
		switch {
		case err != nil:
			return r.wrap(ctx, err)
		case m.GetEnded():
			return told(ctx, m.GetFailure())
		}
		if _, err := req.To.Write(m.GetData()); err != nil {
			return err
		}
	}
}

// CopyIn implements [provider.Copier].
func (r *Remote) CopyIn(ctx context.Context, req provider.CopyInRequest) error {
	life, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := r.client.CopyIn(life)
	if err != nil {
		return r.wrap(ctx, err)
	}
	var broken sourceError
	if errors.As(sendArchive(stream, req), &broken) {
		return broken.err // without its end the provider gives up
	}
	m, err := stream.CloseAndRecv()
	return r.answer(ctx, m, err)
}

// sourceError is an error of the archive's reader, as opposed to one of the stream.
type sourceError struct{ err error }

func (e sourceError) Error() string { return e.err.Error() }

// sendArchive sends the start, the archive and its end. What goes wrong with the
// stream is told by its answer.
func sendArchive(stream grpc.ClientStreamingClient[pb.CopyInput, pb.CopyInReply], req provider.CopyInRequest) error {
	err := stream.Send(&pb.CopyInput{Input: &pb.CopyInput_Start{Start: &pb.CopyInStart{
		Place: string(req.Place), Id: req.ID, Path: req.Path, Owners: req.Owners,
	}}})
	if err != nil {
		return err
	}
	buffer := make([]byte, chunk)
	for {
		n, reading := req.From.Read(buffer)
		if n > 0 {
			// The stream may keep what it is given until it is sent.
			data := append([]byte(nil), buffer[:n]...)
			if err := stream.Send(&pb.CopyInput{Input: &pb.CopyInput_Data{Data: data}}); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(reading, io.EOF):
			return stream.Send(&pb.CopyInput{Input: &pb.CopyInput_End{End: true}})
		case reading != nil:
			return sourceError{reading}
		}
	}
}

func (s *server) CopyOut(m *pb.CopyOutRequest, out grpc.ServerStreamingServer[pb.CopyOutReply]) error {
	copier, ok := s.provider.(provider.Copier)
	if !ok {
		return out.Send(&pb.CopyOutReply{Ended: true, Failure: failure(refused(provider.PowerCopy))})
	}
	send := &serial{}
	err := copier.CopyOut(out.Context(), provider.CopyOutRequest{
		Place: provider.Place(m.GetPlace()), ID: m.GetId(), Path: m.GetPath(),
		To: send.writer(func(p []byte) error { return out.Send(&pb.CopyOutReply{Data: p}) }),
	})
	send.close()
	return out.Send(&pb.CopyOutReply{Ended: true, Failure: failure(err)})
}

func (s *server) CopyIn(stream grpc.ClientStreamingServer[pb.CopyInput, pb.CopyInReply]) error {
	copier, ok := s.provider.(provider.Copier)
	if !ok {
		return stream.SendAndClose(&pb.CopyInReply{Failure: failure(refused(provider.PowerCopy))})
	}
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	start := first.GetStart()
	if start == nil {
		return stream.SendAndClose(&pb.CopyInReply{Failure: failure(errNoStart)})
	}
	err = copier.CopyIn(stream.Context(), provider.CopyInRequest{
		Place: provider.Place(start.GetPlace()), ID: start.GetId(), Path: start.GetPath(),
		From: &archiveReader{stream: stream}, Owners: start.GetOwners(),
	})
	return stream.SendAndClose(&pb.CopyInReply{Failure: failure(err)})
}

// archiveReader reads the archive of a CopyIn as it arrives.
type archiveReader struct {
	stream grpc.ClientStreamingServer[pb.CopyInput, pb.CopyInReply]
	rest   []byte
	ended  bool
}

func (a *archiveReader) Read(p []byte) (int, error) {
	for len(a.rest) == 0 {
		if a.ended {
			return 0, io.EOF
		}
		m, err := a.stream.Recv()
		switch {
		case errors.Is(err, io.EOF):
			return 0, io.ErrUnexpectedEOF // it ended without saying so
		case err != nil:
			return 0, err
		}
		a.rest, a.ended = m.GetData(), m.GetEnd()
	}
	n := copy(p, a.rest)
	a.rest = a.rest[n:]
	return n, nil
}
