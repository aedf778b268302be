package plugin

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/plugin/pb"
)

type (
	execClient = grpc.BidiStreamingClient[pb.ExecInput, pb.ExecOutput]
	execServer = grpc.BidiStreamingServer[pb.ExecInput, pb.ExecOutput]
)

// Exec implements [provider.Execer]. A Read of req.Stdin that is waiting when the
// command ends is left waiting; what it reads is lost.
func (r *Remote) Exec(ctx context.Context, req provider.ExecRequest) (provider.ExecResponse, error) {
	life, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := r.client.Exec(life)
	if err != nil {
		return provider.ExecResponse{}, r.wrap(ctx, err)
	}
	err = stream.Send(&pb.ExecInput{Input: &pb.ExecInput_Start{Start: &pb.ExecStart{
		Place: string(req.Place), Id: req.ID, Command: req.Command, Environment: req.Environment,
		WorkingDir: req.WorkingDir, User: req.User, Tty: req.TTY, HasStdin: req.Stdin != nil,
		Size: &pb.Size{Width: int64(req.Width), Height: int64(req.Height)},
	}}})
	if err != nil && !errors.Is(err, io.EOF) { // the reason for io.EOF is what Recv returns
		return provider.ExecResponse{}, r.wrap(ctx, err)
	}
	send := &serial{}
	defer send.close()
	if req.Stdin != nil {
		go sendStdin(stream, send, req.Stdin)
	}
	go sendControl(life, stream, send, req)
	return r.execOutput(ctx, stream, req)
}

func sendStdin(stream execClient, send *serial, stdin io.Reader) {
	to := send.writer(func(p []byte) error {
		return stream.Send(&pb.ExecInput{Input: &pb.ExecInput_Stdin{Stdin: p}})
	})
	// An error of stdin ends it like its end does; one of the stream is what Recv returns.
	_, _ = io.Copy(to, struct{ io.Reader }{stdin})
	_ = send.do(func() error {
		return stream.Send(&pb.ExecInput{Input: &pb.ExecInput_StdinEnd{StdinEnd: true}})
	})
}

// sendControl passes on the terminal's size and signals until the call ends.
func sendControl(ctx context.Context, stream execClient, send *serial, req provider.ExecRequest) {
	resize, signals := req.Resize, req.Signals
	for resize != nil || signals != nil {
		var m *pb.ExecInput
		select {
		case <-ctx.Done():
			return
		case size, ok := <-resize:
			if !ok {
				resize = nil
				continue
			}
			m = &pb.ExecInput{Input: &pb.ExecInput_Resize{
				Resize: &pb.Size{Width: int64(size.Width), Height: int64(size.Height)},
			}}
		case name, ok := <-signals:
			if !ok {
				signals = nil
				continue
			}
			m = &pb.ExecInput{Input: &pb.ExecInput_Signal{Signal: name}}
		}
		if send.do(func() error { return stream.Send(m) }) != nil {
			return
		}
	}
}

func (r *Remote) execOutput(
	ctx context.Context, stream execClient, req provider.ExecRequest,
) (provider.ExecResponse, error) {
	for {
		m, err := stream.Recv()
		if err != nil {
			return provider.ExecResponse{}, r.wrap(ctx, err)
		}
		if m.GetResult() != nil || m.GetFailure() != nil {
			return provider.ExecResponse{ExitCode: int(m.GetResult().GetExitCode())},
				told(ctx, m.GetFailure())
		}
		if err := writeBoth(req.Stdout, m.GetStdout(), req.Stderr, m.GetStderr()); err != nil {
			return provider.ExecResponse{}, err
		}
	}
}

// stdinChunks is how many pieces of input wait for a command that does not read
// them; more hold up the resizes and signals behind them.
const stdinChunks = 64

func (s *server) Exec(stream execServer) error {
	execer, ok := s.provider.(provider.Execer)
	if !ok {
		return stream.Send(&pb.ExecOutput{Failure: failure(refused(provider.PowerExec))})
	}
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	start := first.GetStart()
	if start == nil {
		return stream.Send(&pb.ExecOutput{Failure: failure(errNoStart)})
	}
	ctx, cancel := context.WithCancel(stream.Context())
	defer cancel()
	in := newExecInput(ctx)
	go in.receive(ctx, stream)
	send := &serial{}
	req := provider.ExecRequest{
		Place: provider.Place(start.GetPlace()), ID: start.GetId(), Command: start.GetCommand(),
		Environment: start.GetEnvironment(), WorkingDir: start.GetWorkingDir(), User: start.GetUser(),
		TTY: start.GetTty(), Width: int(start.GetSize().GetWidth()), Height: int(start.GetSize().GetHeight()),
		Stdout: send.writer(func(p []byte) error {
			return stream.Send(&pb.ExecOutput{Output: &pb.ExecOutput_Stdout{Stdout: p}})
		}),
		Stderr: send.writer(func(p []byte) error {
			return stream.Send(&pb.ExecOutput{Output: &pb.ExecOutput_Stderr{Stderr: p}})
		}),
		Resize: in.resize, Signals: in.signals,
	}
	if start.GetHasStdin() {
		req.Stdin = in
	}
	resp, err := execer.Exec(ctx, req)
	send.close()
	return stream.Send(&pb.ExecOutput{
		Output:  &pb.ExecOutput_Result{Result: &pb.ExecResult{ExitCode: int64(resp.ExitCode)}},
		Failure: failure(err),
	})
}

// execInput sorts what arrives for a command. It is the command's standard input.
type execInput struct {
	ctx     context.Context //nolint:containedctx // a Reader has no other way to learn of the end
	stdin   chan []byte
	rest    []byte
	resize  chan provider.Size
	signals chan string
}

func newExecInput(ctx context.Context) *execInput {
	return &execInput{
		ctx: ctx, stdin: make(chan []byte, stdinChunks),
		resize: make(chan provider.Size, 1), signals: make(chan string, 1),
	}
}

func (in *execInput) receive(ctx context.Context, stream execServer) {
	open := true
	end := func() {
		if open {
			close(in.stdin)
			open = false
		}
	}
	defer end()
	for {
		m, err := stream.Recv()
		if err != nil {
			return
		}
		switch i := m.GetInput().(type) {
		case *pb.ExecInput_Stdin:
			if open && !deliver(ctx, in.stdin, i.Stdin) {
				return
			}
		case *pb.ExecInput_StdinEnd:
			end()
		case *pb.ExecInput_Resize:
			size := provider.Size{Width: int(i.Resize.GetWidth()), Height: int(i.Resize.GetHeight())}
			if !deliver(ctx, in.resize, size) {
				return
			}
		case *pb.ExecInput_Signal:
			if !deliver(ctx, in.signals, i.Signal) {
				return
			}
		}
	}
}

func deliver[T any](ctx context.Context, to chan<- T, v T) bool {
	select {
	case to <- v:
		return true
	case <-ctx.Done():
		return false
	}
}

func (in *execInput) Read(p []byte) (int, error) {
	if len(in.rest) == 0 {
		select {
		case data, ok := <-in.stdin:
			if !ok {
				return 0, io.EOF
			}
			in.rest = data
		case <-in.ctx.Done():
			return 0, in.ctx.Err()
		}
	}
	n := copy(p, in.rest)
	in.rest = in.rest[n:]
	return n, nil
}
