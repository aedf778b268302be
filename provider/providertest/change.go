package providertest

import (
	"context"
	"fmt"
	"strings"

	"github.com/dindctl/dindctl/provider"
)

// ours returns an object that the project may change.
func (s *state) ours(place provider.Place, id, project string) (*record, error) {
	engine, err := s.engine(place)
	if err != nil {
		return nil, err
	}
	r := s.Objects[id]
	if r == nil || r.Engine != engine {
		return nil, gone(id)
	}
	if owner := r.owner(); owner.Project == "" || owner.Project != project || owner.Schema > provider.OwnershipSchema {
		return nil, &provider.Problem{
			Code: provider.NotOurs, Summary: "The object is not this project's",
			Detail: fmt.Sprintf("The %s %s does not belong to the project %s and is left alone.", r.Kind, r.Name, project),
			Holder: fmt.Sprintf("%s %s", r.Kind, r.Name),
		}
	}
	return r, nil
}

// Update implements [provider.Provider].
func (m *Memory) Update(
	ctx context.Context, req provider.UpdateRequest, sink provider.Sink,
) (provider.UpdateResponse, error) {
	var out provider.UpdateResponse
	err := m.effect(ctx, "update", "updated", req.Declaration.Address, func(s *state) error {
		r, err := s.ours(req.Place, req.ID, req.Project)
		if err != nil {
			return err
		}
		for _, change := range req.Changes {
			if change.Effect != provider.Live {
				return &provider.Problem{
					Code: provider.Refused, Address: r.Owner.Address, Path: change.Path,
					Summary: "The attribute cannot be changed", Detail: "It changes only with a new object.",
				}
			}
			to, err := settled(change.To)
			if err != nil {
				return err
			}
			if change.Path == "name" {
				r.Name = req.Declaration.Name
				continue
			}
			r.Actual.Value = with(r.Actual.Value, change.Path, to)
			emit(sink, provider.Event{Address: r.Owner.Address, Phase: provider.PhaseMessage, Text: change.Path})
		}
		r.Revision++
		return nil
	})
	if err != nil {
		return out, err
	}
	err = m.world.look(func(s *state) {
		if r := s.Objects[req.ID]; r != nil {
			out.Object = s.object(r, req.Place, true)
		}
	})
	return out, err
}

// Resume implements [provider.Provider].
func (m *Memory) Resume(
	ctx context.Context, req provider.ResumeRequest, sink provider.Sink,
) (provider.ResumeResponse, error) {
	var failed error
	err := m.world.look(func(s *state) { _, failed = s.ours(req.Place, req.ID, req.Project) })
	if err := firstError(failed, err); err != nil {
		return provider.ResumeResponse{}, err
	}
	if req.Ends {
		if err := m.end(ctx, req, sink); err != nil {
			return provider.ResumeResponse{}, err
		}
	}
	if req.Waits {
		return m.wait(ctx, req, sink)
	}
	object, err := m.finish(ctx, req.Place, req.ID, sink)
	return provider.ResumeResponse{Object: object}, err
}

// wait waits for what runs, and starts nothing.
func (m *Memory) wait(ctx context.Context, req provider.ResumeRequest, sink provider.Sink) (out provider.ResumeResponse, err error) {
	look := func(s *state) {
		if r := s.Objects[req.ID]; r != nil {
			out.Object = s.object(r, req.Place, true)
		}
	}
	if err := m.world.look(look); err != nil {
		return out, err
	}
	if address := out.Object.Owner.Address; out.Object.Condition.State != provider.StateRunning {
		return out, &provider.Problem{Code: provider.NotReady, Address: address, Summary: "It does not run", Detail: "It is waited for, and is not started by that."}
	}
	err = m.ready(ctx, out.Object.Owner.Address, sink)
	return out, firstError(err, m.world.look(look))
}

// ready waits until what runs is ready.
func (m *Memory) ready(ctx context.Context, address string, sink provider.Sink) error {
	emit(sink, provider.Event{Address: address, Phase: provider.PhaseWait, Text: "for it to be ready"})
	return m.ask(ctx, "ready", Effect{Op: "ready", Address: address})
}

// end ends what runs, before it is started again.
func (m *Memory) end(ctx context.Context, req provider.ResumeRequest, sink provider.Sink) error {
	return m.effect(ctx, "halt", "halted", m.addressOf(req.ID), func(s *state) error {
		r, err := s.lasting(req.Place, req.ID, req.Project)
		if err != nil {
			return err
		}
		emit(sink, provider.Event{Address: r.Owner.Address, Phase: provider.PhaseStop})
		s.stop(r, 143)
		return nil
	})
}

// Delete implements [provider.Provider].
func (m *Memory) Delete(
	ctx context.Context, req provider.DeleteRequest, sink provider.Sink,
) (provider.DeleteResponse, error) {
	absent, address := false, ""
	var failed error
	err := m.world.look(func(s *state) {
		engine, err := s.engine(req.Place)
		r := s.Objects[req.ID]
		failed, absent = err, err == nil && (r == nil || r.Engine != engine)
		if r != nil {
			address = r.Owner.Address
		}
	})
	if err := firstError(failed, err); err != nil || absent {
		return provider.DeleteResponse{}, err
	}
	return provider.DeleteResponse{}, m.effect(ctx, "delete", "deleted", address, func(s *state) error {
		r, err := s.ours(req.Place, req.ID, req.Project)
		if provider.CodeOf(err) == provider.NotFound {
			return nil
		}
		if err != nil {
			return err
		}
		if users := s.users(r, false); len(users) > 0 {
			return &provider.Problem{
				Code: provider.InUse, Address: r.Owner.Address, Summary: "The object is in use",
				Detail: fmt.Sprintf("The %s %s is used by: %s.", r.Kind, r.Name, strings.Join(users, ", ")),
				Holder: users[0],
			}
		}
		if r.Condition.State == provider.StateRunning {
			emit(sink, provider.Event{Address: r.Owner.Address, Phase: provider.PhaseStop})
		}
		emit(sink, provider.Event{Address: r.Owner.Address, Phase: provider.PhaseRemove})
		s.remove(r)
		return nil
	})
}
