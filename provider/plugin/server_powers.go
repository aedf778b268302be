package plugin

import (
	"context"

	"google.golang.org/grpc"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/plugin/pb"
)

func (s *server) Survey(m *pb.SurveyRequest, out grpc.ServerStreamingServer[pb.ObserveReply]) error {
	surveyor, ok := s.provider.(provider.Surveyor)
	if !ok {
		return out.Send(&pb.ObserveReply{Failure: failure(refused(provider.PowerSurvey))})
	}
	resp, err := surveyor.Survey(out.Context(), provider.Place(m.GetPlace()))
	batch := &objectBatch{codec: &s.codec, send: out.Send}
	for _, o := range resp.Objects {
		if err == nil {
			err = batch.add(o)
		}
	}
	return batch.end(&pb.ObserveResult{Unread: unread(resp.Unread)}, err)
}

func (s *server) Stat(ctx context.Context, m *pb.StatRequest) (*pb.StatReply, error) {
	stater, ok := s.provider.(provider.Stater)
	if !ok {
		return &pb.StatReply{Failure: failure(refused(provider.PowerStat))}, nil
	}
	resp, err := stater.Stat(ctx, provider.StatRequest{
		Place: provider.Place(m.GetPlace()), ID: m.GetId(), Path: m.GetPath(),
	})
	return &pb.StatReply{
		Exists: resp.Exists, Mode: resp.Mode, Size: resp.Size, Link: resp.Link, Failure: failure(err),
	}, nil
}

func (s *server) Lock(ctx context.Context, m *pb.LockRequest) (*pb.LockReply, error) {
	locker, ok := s.provider.(provider.Locker)
	if !ok {
		return &pb.LockReply{Failure: failure(refused(provider.PowerLock))}, nil
	}
	present, taken, err := locker.Lock(ctx, m.GetProject(), readHolder(m.GetHolder()))
	return &pb.LockReply{Holder: holder(present), Taken: taken, Failure: failure(err)}, nil
}

func (s *server) Unlock(ctx context.Context, m *pb.UnlockRequest) (*pb.UnlockReply, error) {
	locker, ok := s.provider.(provider.Locker)
	if !ok {
		return &pb.UnlockReply{Failure: failure(refused(provider.PowerLock))}, nil
	}
	return &pb.UnlockReply{Failure: failure(locker.Unlock(ctx, m.GetProject(), m.GetNonce()))}, nil
}

func (s *server) Logs(m *pb.LogsRequest, out grpc.ServerStreamingServer[pb.LogsReply]) error {
	logger, ok := s.provider.(provider.Logger)
	if !ok {
		return out.Send(&pb.LogsReply{Ended: true, Failure: failure(refused(provider.PowerLogs))})
	}
	send := &serial{}
	err := logger.Logs(out.Context(), provider.LogsRequest{
		Place: provider.Place(m.GetPlace()), ID: m.GetId(), Follow: m.GetFollow(),
		Tail: int(m.GetTail()), Since: m.GetSince(), Timestamps: m.GetTimestamps(),
		Stdout: send.writer(func(p []byte) error { return out.Send(&pb.LogsReply{Stdout: p}) }),
		Stderr: send.writer(func(p []byte) error { return out.Send(&pb.LogsReply{Stderr: p}) }),
	})
	send.close()
	return out.Send(&pb.LogsReply{Ended: true, Failure: failure(err)})
}

func holder(h provider.Holder) *pb.Holder {
	return &pb.Holder{
		Nonce: h.Nonce, Who: h.Who, Boot: h.Boot, Pid: int64(h.PID), Since: h.Since, Command: h.Command,
	}
}

func readHolder(m *pb.Holder) provider.Holder {
	return provider.Holder{
		Nonce: m.GetNonce(), Who: m.GetWho(), Boot: m.GetBoot(), PID: int(m.GetPid()), Since: m.GetSince(), Command: m.GetCommand(),
	}
}
