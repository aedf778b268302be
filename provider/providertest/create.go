package providertest

import (
	"context"
	"fmt"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// Create implements [provider.Provider].
func (m *Memory) Create(
	ctx context.Context, req provider.CreateRequest, sink provider.Sink,
) (provider.CreateResponse, error) {
	req.Owner.Name = req.Declaration.Name
	c := &creation{Memory: m, ctx: ctx, req: req, sink: sink}
	id, adopted, err := c.make()
	if err != nil {
		return provider.CreateResponse{ID: id}, err
	}
	object, err := m.finish(ctx, req.Place, id, sink)
	return provider.CreateResponse{ID: id, Adopted: adopted, Object: object}, err
}

// creation is one call of Create.
type creation struct {
	*Memory
	ctx    context.Context //nolint:containedctx // it is one call
	req    provider.CreateRequest
	sink   provider.Sink
	engine string
}

func (c *creation) event(phase provider.Phase, text string) {
	if c.sink != nil {
		c.sink(provider.Event{Address: c.req.Declaration.Address, Phase: phase, Text: text})
	}
}

// make returns the id of the object, made or adopted, not yet started.
func (c *creation) make() (id string, adopted bool, err error) {
	d := c.req.Declaration
	if _, err := provider.Spec(d.Declared); err != nil {
		return "", false, &provider.Problem{
			Code: provider.Invalid, Address: d.Address, Summary: "Not everything is known", Detail: err.Error() + ".",
		}
	}
	actual, err := settled(d.Declared)
	if err != nil {
		return "", false, err
	}
	var existing *record
	var failed error
	err = c.world.look(func(s *state) {
		if c.engine, failed = s.engine(c.req.Place); failed == nil {
			existing, failed = s.existing(c.engine, c.req)
		}
	})
	if err := firstError(failed, err); err != nil {
		return "", false, err
	}
	if existing != nil {
		return existing.ID, true, nil
	}
	if d.Kind == provider.Image {
		err = c.build()
	} else if d.Kind.Runs() {
		actual, err = c.withImage(actual)
	}
	if err != nil {
		return "", false, err
	}
	c.event(provider.PhaseCreate, "")
	r := &record{
		Engine: c.engine, Name: d.Name, Kind: d.Kind, Owner: c.req.Owner, Actual: stored{actual}, Revision: 1,
	}
	err = c.effect(c.ctx, "create", "created", d.Address, func(s *state) error { return s.insert(r, c.req) })
	return r.ID, false, err
}

// insert adds the object, unless another call was faster.
func (s *state) insert(r *record, req provider.CreateRequest) error {
	if _, err := s.engine(req.Place); err != nil {
		return err
	}
	existing, err := s.existing(r.Engine, req)
	if err != nil {
		return err
	}
	if existing != nil {
		r.ID = existing.ID
		return nil
	}
	data := refNames(r.Actual.Value, "data")
	if r.Kind.Runs() {
		r.Condition.State = provider.StateCreated
		r.Actual.Value = withDefaults(r.Actual.Value, r.Kind)
		if err := s.needs(r); err != nil {
			return err
		}
		r.Joined = s.joined(r)
	}
	s.add(r)
	if r.Kind == provider.Daemon {
		r.Data = r.ID
		if len(data) > 0 {
			r.Data = s.named(r.Engine, provider.Volume, data[0]).ID
		}
	}
	if r.Kind == provider.Image {
		for _, earlier := range s.all(r.Engine) {
			if earlier.Kind == provider.Image && earlier.Name == r.Name && earlier.ID != r.ID {
				delete(s.Objects, earlier.ID)
			}
		}
		s.image(r.Engine, r.Name, imageID(r.Name+string(r.Owner.Spec)))
	}
	return nil
}

// withDefaults fills in what holds where it is not declared.
func withDefaults(actual cty.Value, kind provider.Kind) cty.Value {
	if _, has := MemorySchema().Nouns[kind].Attribute("restart"); has && text(actual, "restart") == "" {
		return with(actual, "restart", defaultOf("restart", kind))
	}
	return actual
}

// needs finds what has to be there already.
func (s *state) needs(r *record) error {
	check := func(kind provider.Kind, names []string) error {
		for _, name := range names {
			if s.named(r.Engine, kind, name) == nil {
				return &provider.Problem{
					Code: provider.NotFound, Address: r.Owner.Address, Summary: "Something that it needs is not there",
					Detail: fmt.Sprintf("The %s %q is not there.", kind, name),
				}
			}
		}
		return nil
	}
	var shared []string
	for _, name := range sharing() {
		shared = append(shared, refNames(r.Actual.Value, name)...)
	}
	return firstError(
		check(provider.Container, shared),
		check(provider.Network, refNames(r.Actual.Value, "networks")),
		check(provider.Volume, refNames(r.Actual.Value, "data")),
	)
}

// existing finds the object that a creation is to adopt: by nonce, or by address
// with an equal spec. What stands in its way is a Conflict.
func (s *state) existing(engine string, req provider.CreateRequest) (*record, error) {
	d, owner := req.Declaration, req.Owner
	for _, r := range s.all(engine) {
		ours := r.owner().Project != "" && r.owner().Project == owner.Project
		mine := req.Means(r.owner())
		sameName := space(r.Kind) == space(d.Kind) && r.Name == d.Name
		switch {
		case ours && owner.Run != "" && r.Owner.Run == owner.Run && r.Owner.Address == owner.Address:
			return r, nil
		case mine && sameName && r.ID == req.Replaces:
			// It gives its name up.
		case mine && string(r.Owner.Spec) == string(owner.Spec) && sameName:
			return r, nil
		case mine && d.Kind == provider.Image && sameName:
			// An earlier build gives its name up.
		case mine && sameName:
			return nil, conflict(d, r, "It has another configuration than is wanted now; it has to be replaced.")
		case sameName:
			return nil, conflict(d, r, "Give one of them another name.")
		}
	}
	return nil, nil //nolint:nilnil // nothing is there, which is no error
}

func conflict(d provider.Declaration, r *record, advice string) error {
	holder := fmt.Sprintf("%s %s", r.Kind, r.Name)
	whose := "belongs to nobody that dindctl knows"
	if r.owner().Project != "" {
		whose = fmt.Sprintf("is %s of the project %s", r.Owner.Address, r.Owner.Project)
	}
	return &provider.Problem{
		Code: provider.Conflict, Address: d.Address, Summary: "The name is taken", Holder: holder,
		Detail: fmt.Sprintf("The %s %s. %s", holder, whose, advice),
	}
}

// build checks an image's source; its id follows from its spec.
func (c *creation) build() error {
	from := text(c.req.Declaration.Declared, "from")
	if from == "" {
		c.event(provider.PhaseBuild, "")
		return nil
	}
	_, err := c.fetch(from, "")
	return err
}

// withImage makes sure that the image is there and notes its id.
func (c *creation) withImage(actual cty.Value) (cty.Value, error) {
	name := imageOf(c.req.Declaration.Declared)
	if name == "" {
		return with(actual, "image_id", cty.NullVal(cty.String)), nil
	}
	id, err := c.fetch(name, builtAs(c.req.Declaration.Declared))
	return with(actual, "image_id", cty.StringVal(id)), err
}

// fetch finds an image in the place, carries it there, or pulls it. One that was
// built has to be the built one: the place may have an earlier of the same name,
// and a registry one of somebody else.
func (c *creation) fetch(name, built string) (id string, err error) {
	from, found, carried := provider.Root, false, false
	if err := c.world.look(func(s *state) {
		id = s.Images[c.engine][tagged(name)]
		if found = id != "" && (built == "" || id == built); found {
			return
		}
		for _, place := range c.req.ImageFrom {
			engine, err := s.engine(place)
			if err != nil {
				continue
			}
			if there := s.Images[engine][tagged(name)]; there != "" && (built == "" || there == built) {
				from, carried = place, true
				return
			}
		}
	}); err != nil || found {
		return id, err
	}
	if carried {
		resp, err := c.carry(c.ctx, c.req.Declaration.Address, provider.CarryRequest{From: from, To: c.req.Place, Reference: name}, func(e provider.Event) {
			c.event(e.Phase, e.Text)
		})
		return resp.ID, err
	}
	if built != "" || !slices.ContainsFunc(c.world.opts.Registry, func(n string) bool { return tagged(n) == tagged(name) }) {
		return "", &provider.Problem{
			Code: provider.NoImage, Address: c.req.Declaration.Address, Path: "image", Summary: "The image cannot be had",
			Detail: fmt.Sprintf("%s is not there, and no registry has it.", name),
		}
	}
	c.event(provider.PhasePull, name)
	id = imageID(name)
	return id, c.effect(c.ctx, "pull", "pulled", c.req.Declaration.Address, func(s *state) error {
		s.image(c.engine, name, id)
		return nil
	})
}
