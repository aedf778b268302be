package plugin

import (
	"encoding/json"
	"fmt"

	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/plugin/pb"
)

func description(d provider.Description) (*pb.DescribeReply, error) {
	out := &pb.DescribeReply{Name: d.Name, Version: d.Version, Powers: textsOf(d.Powers)}
	out.Nouns = make(map[string]*pb.Body, len(d.Schema.Nouns))
	for kind, body := range d.Schema.Nouns {
		m, err := schemaBody(body)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", kind, err)
		}
		out.Nouns[string(kind)] = m
	}
	return out, nil
}

func (c *codec) readDescription(m *pb.DescribeReply) (provider.Description, error) {
	out := provider.Description{Name: m.GetName(), Version: m.GetVersion(), Powers: readTexts[provider.Power](m.GetPowers())}
	out.Schema.Nouns = make(map[provider.Kind]provider.Body, len(m.GetNouns()))
	for kind, body := range m.GetNouns() {
		b, err := c.readBody(body)
		if err != nil {
			return provider.Description{}, fmt.Errorf("%s: %w", kind, err)
		}
		out.Schema.Nouns[provider.Kind(kind)] = b
	}
	return out, nil
}

func schemaBody(b provider.Body) (*pb.Body, error) {
	out := &pb.Body{}
	for _, a := range b.Attributes {
		t, err := ctyjson.MarshalType(a.Type)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", a.Name, err)
		}
		form, err := json.Marshal(a.Form)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", a.Name, err)
		}
		out.Attributes = append(out.Attributes, &pb.Attribute{
			Name: a.Name, Type: t, Required: a.Required, Sensitive: a.Sensitive, Refs: textsOf(a.Refs),
			Effect: string(a.Effect), MinApi: a.MinAPI, Default: a.Default, Doc: a.Doc, Form: form,
		})
	}
	for _, block := range b.Blocks {
		body, err := schemaBody(block.Body)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", block.Name, err)
		}
		out.Blocks = append(out.Blocks, &pb.Block{Name: block.Name, Single: block.Single, Key: block.Key, Doc: block.Doc, Body: body})
	}
	return out, nil
}

func (c *codec) readBody(m *pb.Body) (provider.Body, error) {
	var out provider.Body
	for _, a := range m.GetAttributes() {
		t, err := c.readType(a.GetType())
		if err != nil {
			return provider.Body{}, fmt.Errorf("%s: %w", a.GetName(), err)
		}
		var form provider.Form
		if len(a.GetForm()) > 0 { // another version may have none
			if err := json.Unmarshal(a.GetForm(), &form); err != nil {
				return provider.Body{}, fmt.Errorf("%s: %w", a.GetName(), err)
			}
		}
		out.Attributes = append(out.Attributes, provider.Attribute{
			Name: a.GetName(), Type: t, Required: a.GetRequired(), Sensitive: a.GetSensitive(),
			Refs: readTexts[provider.Kind](a.GetRefs()), Effect: provider.Effect(a.GetEffect()),
			MinAPI: a.GetMinApi(), Default: a.GetDefault(), Doc: a.GetDoc(), Form: form,
		})
	}
	for _, block := range m.GetBlocks() {
		body, err := c.readBody(block.GetBody())
		if err != nil {
			return provider.Body{}, fmt.Errorf("%s: %w", block.GetName(), err)
		}
		out.Blocks = append(out.Blocks, provider.Block{
			Name: block.GetName(), Single: block.GetSingle(), Key: block.GetKey(), Doc: block.GetDoc(), Body: body,
		})
	}
	return out, nil
}

func textsOf[T ~string](in []T) []string {
	var out []string
	for _, v := range in {
		out = append(out, string(v))
	}
	return out
}

func readTexts[T ~string](in []string) []T {
	var out []T
	for _, v := range in {
		out = append(out, T(v))
	}
	return out
}

func names(in map[provider.Kind][]string) map[string]*pb.Names {
	if in == nil {
		return nil
	}
	out := make(map[string]*pb.Names, len(in))
	for kind, list := range in {
		out[string(kind)] = &pb.Names{Names: list}
	}
	return out
}

func readNames(in map[string]*pb.Names) map[provider.Kind][]string {
	if in == nil {
		return nil
	}
	out := make(map[provider.Kind][]string, len(in))
	for kind, list := range in {
		out[provider.Kind(kind)] = list.GetNames()
	}
	return out
}

func counts(in map[string]int) map[string]int64 {
	out := make(map[string]int64, len(in))
	for k, v := range in {
		out[k] = int64(v)
	}
	return out
}

func readCounts(in map[string]int64) map[string]int {
	out := make(map[string]int, len(in))
	for k, v := range in {
		out[k] = int(v)
	}
	return out
}
