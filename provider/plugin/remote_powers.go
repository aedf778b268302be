package plugin

import (
	"context"
	"errors"
	"io"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/plugin/pb"
)

// Survey implements [provider.Surveyor].
func (r *Remote) Survey(ctx context.Context, place provider.Place) (provider.SurveyResponse, error) {
	life, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := r.client.Survey(life, &pb.SurveyRequest{Place: string(place)})
	if err != nil {
		return provider.SurveyResponse{}, r.wrap(ctx, err)
	}
	var out provider.SurveyResponse
	result, _, err := r.objects(ctx, stream, func(o provider.Object) error {
		out.Objects = append(out.Objects, o)
		return nil
	})
	out.Unread = readUnread(result.GetUnread())
	return out, err
}

// Stat implements [provider.Stater].
func (r *Remote) Stat(ctx context.Context, req provider.StatRequest) (provider.StatResponse, error) {
	m, err := r.client.Stat(ctx, &pb.StatRequest{Place: string(req.Place), Id: req.ID, Path: req.Path})
	return provider.StatResponse{
		Exists: m.GetExists(), Mode: m.GetMode(), Size: m.GetSize(), Link: m.GetLink(),
	}, r.answer(ctx, m, err)
}

// Lock implements [provider.Locker].
func (r *Remote) Lock(ctx context.Context, project string, h provider.Holder) (provider.Holder, bool, error) {
	m, err := r.client.Lock(ctx, &pb.LockRequest{Project: project, Holder: holder(h)})
	return readHolder(m.GetHolder()), m.GetTaken(), r.answer(ctx, m, err)
}

// Unlock implements [provider.Locker].
func (r *Remote) Unlock(ctx context.Context, project, nonce string) error {
	m, err := r.client.Unlock(ctx, &pb.UnlockRequest{Project: project, Nonce: nonce})
	return r.answer(ctx, m, err)
}

// Logs implements [provider.Logger].
func (r *Remote) Logs(ctx context.Context, req provider.LogsRequest) error {
	life, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := r.client.Logs(life, &pb.LogsRequest{
		Place: string(req.Place), Id: req.ID, Follow: req.Follow, Tail: int64(req.Tail), Since: req.Since, Timestamps: req.Timestamps,
	})
	if err != nil {
		return r.wrap(ctx, err)
	}
	for {
		m, err := stream.Recv()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return r.wrap(ctx, err)
		case m.GetEnded():
			return told(ctx, m.GetFailure())
		}
		if err := writeBoth(req.Stdout, m.GetStdout(), req.Stderr, m.GetStderr()); err != nil {
			return err
		}
	}
}

// writeBoth writes what there is to two writers, either of which may be nil.
func writeBoth(stdout io.Writer, out []byte, stderr io.Writer, errOut []byte) error {
	if len(out) > 0 && stdout != nil {
		if _, err := stdout.Write(out); err != nil {
			return err
		}
	}
	if len(errOut) > 0 && stderr != nil {
		if _, err := stderr.Write(errOut); err != nil {
			return err
		}
	}
	return nil
}
