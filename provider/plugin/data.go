package plugin

import (
	"slices"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/plugin/pb"
)

func data(d provider.Data) *pb.Data {
	if d == (provider.Data{}) {
		return nil
	}
	return &pb.Data{On: string(d.On), At: d.At, Source: d.Source, Rest: d.Rest}
}

func readData(m *pb.Data) provider.Data {
	return provider.Data{On: provider.DataOn(m.GetOn()), At: m.GetAt(), Source: m.GetSource(), Rest: m.GetRest()}
}

func views(list []provider.View) []*pb.View {
	out := make([]*pb.View, 0, len(list))
	for _, v := range list {
		out = append(out, &pb.View{Type: v.Type, Source: v.Source, Target: v.Target, Subpath: v.Subpath, ReadOnly: v.ReadOnly})
	}
	return out
}

func readViews(list []*pb.View) []provider.View {
	var out []provider.View
	for _, v := range list {
		out = append(out, provider.View{
			Type: v.GetType(), Source: v.GetSource(), Target: v.GetTarget(), Subpath: v.GetSubpath(), ReadOnly: v.GetReadOnly(),
		})
	}
	return out
}

// batchOthers are how many of what is not the project's go in one message.
const batchOthers = 500

// others sends what is not the project's, in messages that fit.
func others(list []provider.Other, send func(*pb.ObserveReply) error) error {
	for chunk := range slices.Chunk(list, batchOthers) {
		reply := &pb.ObserveReply{}
		for _, o := range chunk {
			reply.Others = append(reply.Others, &pb.Other{
				Kind: string(o.Kind), Name: o.Name, Whose: o.Whose, Running: o.Running, Views: views(o.Views), Data: data(o.Data),
			})
		}
		if err := send(reply); err != nil {
			return err
		}
	}
	return nil
}

func readOthers(list []*pb.Other) []provider.Other {
	var out []provider.Other
	for _, o := range list {
		out = append(out, provider.Other{
			Kind: provider.Kind(o.GetKind()), Name: o.GetName(), Whose: o.GetWhose(), Running: o.GetRunning(), Views: readViews(o.GetViews()), Data: readData(o.GetData()),
		})
	}
	return out
}
