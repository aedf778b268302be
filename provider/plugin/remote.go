package plugin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	goplugin "github.com/hashicorp/go-plugin"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/plugin/pb"
)

// Remote is a provider in another process. It implements [provider.Provider]
// and the interface of every power; a power that the provider at the other end
// does not have answers a [*provider.Problem] with code Refused, so
// [provider.Description.Powers] is what tells them apart.
type Remote struct {
	client pb.ProviderClient
	broker *goplugin.GRPCBroker
	codec  codec
	call   atomic.Uint64
	// grace is how long a cancelled call may take to answer before it is cut off.
	grace time.Duration
	// ended explains an error of the connection by the end of the process; it may be nil.
	ended func(context.Context, error) error

	mu      sync.Mutex
	streams map[string]*brokered
}

var (
	_ provider.Provider = (*Remote)(nil)
	_ provider.Dialer   = (*Remote)(nil)
	_ provider.Execer   = (*Remote)(nil)
	_ provider.Logger   = (*Remote)(nil)
	_ provider.Stater   = (*Remote)(nil)
	_ provider.Carrier  = (*Remote)(nil)
	_ provider.Surveyor = (*Remote)(nil)
	_ provider.Prober   = (*Remote)(nil)
	_ provider.Locker   = (*Remote)(nil)
	_ provider.Halter   = (*Remote)(nil)
	_ provider.Copier   = (*Remote)(nil)
	_ provider.Stocker  = (*Remote)(nil)
	_ provider.Preparer = (*Remote)(nil)
)

// wrap says what an error of the connection means: the caller's context is done,
// the process ended, or a message did not fit.
func (r *Remote) wrap(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	if cause := ctx.Err(); cause != nil {
		return cause
	}
	if errors.Is(err, io.EOF) {
		return errors.New("speaking with the provider: its answer has no end")
	}
	s, ok := status.FromError(err)
	if !ok {
		return err
	}
	switch s.Code() {
	case codes.Unavailable, codes.Canceled, codes.Unknown, codes.Internal:
		if r.ended != nil {
			return r.ended(ctx, err)
		}
	case codes.ResourceExhausted:
		return &provider.Problem{
			Code: provider.EngineFailed, Summary: "The engine's answer is too large",
			Detail: fmt.Sprintf("What the provider was asked, or what it answered, does not fit a message of %d MiB: %s.", maxMessage>>20, s.Message()),
		}
	default:
	}
	return fmt.Errorf("speaking with the provider: %w", err)
}

// answer returns the error of a reply, or of the call that should have brought it.
func (r *Remote) answer(ctx context.Context, m interface{ GetFailure() *pb.Failure }, err error) error {
	if err != nil {
		return r.wrap(ctx, err)
	}
	return told(ctx, m.GetFailure())
}

// told returns the error that the provider answered. Where the caller's own
// context is done it is in the chain, whichever way the provider put it.
func told(ctx context.Context, m *pb.Failure) error {
	err := readFailure(m)
	if cause := ctx.Err(); err != nil && cause != nil && !errors.Is(err, cause) {
		return &remoteError{text: err.Error(), cause: errors.Join(err, cause)}
	}
	return err
}

// Describe implements [provider.Provider].
func (r *Remote) Describe(ctx context.Context) (provider.Description, error) {
	m, err := r.client.Describe(ctx, &pb.DescribeRequest{})
	if err := r.answer(ctx, m, err); err != nil {
		return provider.Description{}, err
	}
	return r.codec.readDescription(m)
}

// Configure implements [provider.Provider].
func (r *Remote) Configure(ctx context.Context, req provider.ConfigureRequest) (provider.ConfigureResponse, error) {
	m, err := r.client.Configure(ctx, &pb.ConfigureRequest{
		Endpoint: req.Endpoint, Context: req.Context, Environment: req.Environment, NamedBy: req.NamedBy,
	})
	return provider.ConfigureResponse{Facts: readFacts(m.GetFacts())}, r.answer(ctx, m, err)
}

// Open implements [provider.Provider]. A stream is relayed to the provider for as
// long as the connection to it lives.
func (r *Remote) Open(ctx context.Context, req provider.OpenRequest) (provider.OpenResponse, error) {
	m := &pb.OpenRequest{Parent: string(req.Parent), Id: req.ID, Endpoint: req.Endpoint, Certificates: req.Certificates}
	if req.Stream != nil {
		number, err := r.offerStream(req)
		if err != nil {
			return provider.OpenResponse{}, err
		}
		m.HasStream, m.Stream = true, number
	}
	reply, err := r.client.Open(ctx, m)
	return provider.OpenResponse{
		Readable: reply.GetReadable(), Why: reply.GetWhy(),
		Place: provider.Place(reply.GetPlace()), Facts: readFacts(reply.GetFacts()),
	}, r.answer(ctx, reply, err)
}

// Observe implements [provider.Provider].
func (r *Remote) Observe(
	ctx context.Context, req provider.ObserveRequest, each func(provider.Object) error,
) (provider.ObserveResponse, error) {
	life, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := r.client.Observe(life, &pb.ObserveRequest{
		Place: string(req.Place), Project: req.Project, Images: req.Images,
		Names: names(req.Names), Output: req.Output, Where: whereabouts(req.Where),
	})
	if err != nil {
		return provider.ObserveResponse{}, r.wrap(ctx, err)
	}
	result, others, err := r.objects(ctx, stream, each)
	return provider.ObserveResponse{Others: others, Images: result.GetImages(), Contents: result.GetContents(), Projects: readCounts(result.GetProjects()), Unread: readUnread(result.GetUnread())}, err
}

// objects reads a stream of objects, and of what is not the project's, to its result.
func (r *Remote) objects(
	ctx context.Context, stream grpc.ServerStreamingClient[pb.ObserveReply], each func(provider.Object) error,
) (*pb.ObserveResult, []provider.Other, error) {
	var others []provider.Other
	for {
		m, err := stream.Recv()
		if err != nil {
			return nil, nil, r.wrap(ctx, err)
		}
		others = append(others, readOthers(m.GetOthers())...)
		for _, object := range m.GetObjects() {
			o, err := r.codec.readObject(object)
			if err != nil {
				return nil, nil, err
			}
			if err := each(o); err != nil {
				return nil, nil, err
			}
		}
		if m.GetResult() != nil || m.GetFailure() != nil {
			return m.GetResult(), others, told(ctx, m.GetFailure())
		}
	}
}

// A batch is split, which changes nothing because every item is compared on its
// own: into parts that the provider compares while others are encoded, and into
// messages that are smaller than gRPC's own limit, which a provider in another
// language may have.
const (
	diffItems    = 16
	diffBytes    = 2 << 20
	diffParallel = 4
)

// Diff implements [provider.Provider].
func (r *Remote) Diff(ctx context.Context, req provider.DiffRequest) (provider.DiffResponse, error) {
	out := provider.DiffResponse{Differences: make([]provider.Difference, len(req.Items))}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(diffParallel)
	for start := 0; start < len(req.Items); start += diffItems {
		end := min(start+diffItems, len(req.Items))
		group.Go(func() error { return r.diffPart(ctx, req.Items[start:end], out.Differences[start:end]) })
	}
	if err := group.Wait(); err != nil {
		return provider.DiffResponse{}, err
	}
	return out, nil
}

// diffPart compares items and writes the differences to out, which is as long.
func (r *Remote) diffPart(ctx context.Context, items []provider.DiffItem, out []provider.Difference) error {
	batch, size, done := &pb.DiffRequest{}, 0, 0
	flush := func() error {
		if len(batch.GetItems()) == 0 {
			return nil
		}
		differences, err := r.diff(ctx, batch)
		done += copy(out[done:], differences)
		batch, size = &pb.DiffRequest{}, 0
		return err
	}
	for _, item := range items {
		m, err := r.codec.diffItem(item)
		if err != nil {
			return err
		}
		bytes := proto.Size(m)
		if bytes > objectBytes {
			return tooLarge(provider.Object{
				Kind: item.Declaration.Kind, Name: item.Declaration.Name, Owner: provider.Ownership{Address: item.Declaration.Address},
			}, bytes)
		}
		if size+bytes > diffBytes {
			if err := flush(); err != nil {
				return err
			}
		}
		batch.Items = append(batch.Items, m)
		size += bytes
	}
	return flush()
}

func (r *Remote) diff(ctx context.Context, batch *pb.DiffRequest) ([]provider.Difference, error) {
	m, err := r.client.Diff(ctx, batch)
	if err := r.answer(ctx, m, err); err != nil {
		return nil, err
	}
	if got, want := len(m.GetDifferences()), len(batch.GetItems()); got != want {
		return nil, fmt.Errorf("the provider compared %d objects and answered for %d", want, got)
	}
	out := make([]provider.Difference, 0, len(m.GetDifferences()))
	for _, d := range m.GetDifferences() {
		changes, err := r.codec.readChanges(d.GetChanges())
		if err != nil {
			return nil, err
		}
		out = append(out, provider.Difference{Changes: changes, NotCompared: readNotCompared(d.GetNotCompared()), Data: readData(d.GetData()), Hides: d.GetHides()})
	}
	return out, nil
}

// Stop implements [provider.Provider].
func (r *Remote) Stop(ctx context.Context) error {
	m, err := r.client.Stop(ctx, &pb.StopRequest{})
	return r.answer(ctx, m, err)
}

// closeLimit is how long a provider may take to end what it began, such as commands
// that it runs in containers. One that has nothing to end returns at once.
const closeLimit = 40 * time.Second

// Close implements [provider.Provider]. The process ends with [Client.Close].
func (r *Remote) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeLimit)
	defer cancel()
	m, err := r.client.Close(ctx, &pb.CloseRequest{})
	return r.answer(ctx, m, err)
}

// cancelGrace is the grace of a [Remote].
const cancelGrace = 2 * time.Second

// cancellable returns the context for a call that changes something: when ctx is
// done the provider is told, and may still answer within the grace.
func (r *Remote) cancellable(ctx context.Context) (context.Context, context.CancelFunc) {
	name := strconv.FormatUint(r.call.Add(1), 10)
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stopWatching := context.AfterFunc(ctx, func() {
		time.AfterFunc(r.grace, cancel)
		if _, err := r.client.Cancel(life, &pb.CancelRequest{Call: name}); err != nil {
			cancel() // a provider that does not know Cancel, or is gone
		}
	})
	return metadata.AppendToOutgoingContext(life, callKey, name), func() {
		stopWatching()
		cancel()
	}
}

// change is one message of a call that changes something.
type change[M any] interface {
	*M
	GetEvent() *pb.Event
	GetFailure() *pb.Failure
}

// follow makes a call that changes something: its events go to the sink, and its
// last message, nil where none came, is returned beside its failure.
func follow[M any, P change[M]](
	ctx context.Context, r *Remote, sink provider.Sink,
	open func(context.Context) (grpc.ServerStreamingClient[M], error),
) (P, error) {
	if err := ctx.Err(); err != nil {
		return nil, err // cancelling takes a moment, in which the call could be done
	}
	life, done := r.cancellable(ctx)
	defer done()
	stream, err := open(life)
	if err != nil {
		return nil, r.wrap(ctx, err)
	}
	for {
		m, err := stream.Recv()
		if err != nil {
			return nil, r.wrap(ctx, err)
		}
		if event := P(m).GetEvent(); event != nil {
			if sink != nil {
				sink(readEvent(event))
			}
			continue
		}
		return m, told(ctx, P(m).GetFailure())
	}
}
