package plugin

import (
	"fmt"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/plugin/pb"
)

func (c *codec) declaration(d provider.Declaration) (*pb.Declaration, error) {
	declared, err := c.value(d.Declared)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", d.Address, err)
	}
	out := &pb.Declaration{Address: d.Address, Kind: string(d.Kind), Name: d.Name, Declared: declared}
	if d.Related != nil {
		out.Related = make(map[string]*pb.Related, len(d.Related))
	}
	for key, r := range d.Related {
		value, err := c.value(r.Declared)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.Address, err)
		}
		out.Related[key] = &pb.Related{
			Address: r.Address, Kind: string(r.Kind), Name: r.Name, Id: r.ID, Inside: r.Inside, Declared: value,
		}
	}
	return out, nil
}

func (c *codec) readDeclaration(m *pb.Declaration) (provider.Declaration, error) {
	declared, err := c.readValue(m.GetDeclared())
	if err != nil {
		return provider.Declaration{}, fmt.Errorf("%s: %w", m.GetAddress(), err)
	}
	out := provider.Declaration{
		Address: m.GetAddress(), Kind: provider.Kind(m.GetKind()), Name: m.GetName(), Declared: declared,
	}
	if m.GetRelated() != nil {
		out.Related = make(map[string]provider.Related, len(m.GetRelated()))
	}
	for key, r := range m.GetRelated() {
		value, err := c.readValue(r.GetDeclared())
		if err != nil {
			return provider.Declaration{}, fmt.Errorf("%s: %w", r.GetAddress(), err)
		}
		out.Related[key] = provider.Related{
			Address: r.GetAddress(), Kind: provider.Kind(r.GetKind()), Name: r.GetName(),
			ID: r.GetId(), Inside: r.GetInside(), Declared: value,
		}
	}
	return out, nil
}

func (c *codec) diffItem(item provider.DiffItem) (*pb.DiffItem, error) {
	declaration, err := c.declaration(item.Declaration)
	if err != nil {
		return nil, err
	}
	actual, err := c.value(item.Actual)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", item.Declaration.Address, err)
	}
	return &pb.DiffItem{
		Declaration: declaration, Created: item.Created, Actual: actual,
		Condition: condition(item.Condition), Facts: facts(item.Facts), ImageId: item.ImageID, ImageContent: item.ImageContent,
		Inside: facts(item.Inside), Absent: item.Absent,
	}, nil
}

func (c *codec) readDiffItem(m *pb.DiffItem) (provider.DiffItem, error) {
	declaration, err := c.readDeclaration(m.GetDeclaration())
	if err != nil {
		return provider.DiffItem{}, err
	}
	actual, err := c.readValue(m.GetActual())
	if err != nil {
		return provider.DiffItem{}, fmt.Errorf("%s: %w", declaration.Address, err)
	}
	return provider.DiffItem{
		Declaration: declaration, Created: m.GetCreated(), Actual: actual,
		Condition: readCondition(m.GetCondition()), Facts: readFacts(m.GetFacts()), ImageID: m.GetImageId(), ImageContent: m.GetImageContent(),
		Inside: readFacts(m.GetInside()), Absent: m.GetAbsent(),
	}, nil
}

func (c *codec) changes(changes []provider.Change) ([]*pb.Change, error) {
	out := make([]*pb.Change, 0, len(changes))
	for _, change := range changes {
		m := &pb.Change{
			Path: change.Path, Effect: string(change.Effect), Cause: string(change.Cause),
			Default: change.Default, Sensitive: change.Sensitive,
		}
		var err error
		if m.From, err = c.value(change.From); err != nil {
			return nil, fmt.Errorf("%s: %w", change.Path, err)
		}
		if m.To, err = c.value(change.To); err != nil {
			return nil, fmt.Errorf("%s: %w", change.Path, err)
		}
		if m.Created, err = c.value(change.Created); err != nil {
			return nil, fmt.Errorf("%s: %w", change.Path, err)
		}
		out = append(out, m)
	}
	return out, nil
}

func (c *codec) readChanges(list []*pb.Change) ([]provider.Change, error) {
	var out []provider.Change
	for _, m := range list {
		change := provider.Change{
			Path: m.GetPath(), Effect: provider.Effect(m.GetEffect()), Cause: provider.Cause(m.GetCause()),
			Default: m.GetDefault(), Sensitive: m.GetSensitive(),
		}
		var err error
		if change.From, err = c.readValue(m.GetFrom()); err != nil {
			return nil, fmt.Errorf("%s: %w", change.Path, err)
		}
		if change.To, err = c.readValue(m.GetTo()); err != nil {
			return nil, fmt.Errorf("%s: %w", change.Path, err)
		}
		if change.Created, err = c.readValue(m.GetCreated()); err != nil {
			return nil, fmt.Errorf("%s: %w", change.Path, err)
		}
		out = append(out, change)
	}
	return out, nil
}

func notCompared(list []provider.NotCompared) []*pb.NotCompared {
	var out []*pb.NotCompared
	for _, n := range list {
		out = append(out, &pb.NotCompared{Path: n.Path, Why: n.Why})
	}
	return out
}

func readNotCompared(list []*pb.NotCompared) []provider.NotCompared {
	var out []provider.NotCompared
	for _, m := range list {
		out = append(out, provider.NotCompared{Path: m.GetPath(), Why: m.GetWhy()})
	}
	return out
}
