package plugin

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/plugin/pb"
)

// Objects go in messages of at most so many, and so many bytes; one that is larger
// than that goes alone, and one that is larger than objectBytes is not sent: it is
// named as one that could not be read. A container of ours takes some 20 KiB.
const (
	batchObjects = 32
	batchBytes   = 2 << 20
	objectBytes  = 16 << 20
)

// objectBatch gathers objects on their way to the host.
type objectBatch struct {
	codec   *codec
	send    func(*pb.ObserveReply) error
	objects []*pb.Object
	bytes   int
	unread  []*pb.Unread
}

func (b *objectBatch) add(o provider.Object) error {
	object, err := b.codec.object(o)
	if err != nil {
		return err
	}
	size := proto.Size(object)
	if size > objectBytes {
		b.unread = append(b.unread, &pb.Unread{Foreign: o.Owner.Project == "", Problem: problem(tooLarge(o, size))})
		return nil
	}
	if b.bytes+size > batchBytes {
		if err := b.flush(); err != nil {
			return err
		}
	}
	b.objects = append(b.objects, object)
	b.bytes += size
	if len(b.objects) < batchObjects {
		return nil
	}
	return b.flush()
}

func (b *objectBatch) flush() error {
	if len(b.objects) == 0 {
		return nil
	}
	full := b.objects
	b.objects, b.bytes = nil, 0
	return b.send(&pb.ObserveReply{Objects: full})
}

// end sends what is left, and then the result.
func (b *objectBatch) end(result *pb.ObserveResult, err error) error {
	if err := b.flush(); err != nil {
		return err
	}
	result.Unread = append(result.Unread, b.unread...)
	return b.send(&pb.ObserveReply{Result: result, Failure: failure(err)})
}

func tooLarge(o provider.Object, size int) *provider.Problem {
	return &provider.Problem{
		Code: provider.EngineFailed, Address: o.Owner.Address, Summary: "The engine's answer is too large",
		Detail: fmt.Sprintf("The engine says %d MiB of the %s %.80s, which cannot be handed on: it may be %d MiB. Is it a Docker engine that answers there?",
			size>>20, o.Kind, o.Name, objectBytes>>20),
	}
}

func unread(list []provider.Unread) []*pb.Unread {
	out := make([]*pb.Unread, 0, len(list))
	for _, one := range list {
		out = append(out, &pb.Unread{Problem: problem(one.Problem), Foreign: one.Foreign})
	}
	return out
}

func readUnread(list []*pb.Unread) []provider.Unread {
	var out []provider.Unread
	for _, one := range list {
		if p := readProblem(one.GetProblem()); p != nil {
			out = append(out, provider.Unread{Problem: p, Foreign: one.GetForeign()})
		}
	}
	return out
}
