package providertest

import (
	"context"
	"fmt"

	"github.com/dindctl/dindctl/provider"
)

// lasting returns an object of the project that keeps running, and refuses others.
func (s *state) lasting(place provider.Place, id, project string) (*record, error) {
	r, err := s.ours(place, id, project)
	if err != nil {
		return nil, err
	}
	if !r.Kind.Runs() || r.Kind == provider.Job {
		return nil, &provider.Problem{
			Code: provider.Invalid, Address: r.Owner.Address, Summary: "It cannot be stopped and started",
			Detail: fmt.Sprintf("%s is a %s: it does not keep running.", r.Owner.Address, r.Kind),
		}
	}
	return r, nil
}

// Halt implements [provider.Halter].
func (m *Memory) Halt(ctx context.Context, req provider.HaltRequest, sink provider.Sink) (provider.HaltResponse, error) {
	var out provider.Object
	err := m.effect(ctx, "halt", "halted", m.addressOf(req.ID), func(s *state) error {
		r, err := s.lasting(req.Place, req.ID, req.Project)
		if err != nil {
			return err
		}
		emit(sink, provider.Event{Address: r.Owner.Address, Phase: provider.PhaseStop})
		s.stop(r, 143)
		r.Condition.Requested = r.Condition.State == provider.StateExited
		out = s.object(r, req.Place, false)
		return nil
	})
	return provider.HaltResponse{Object: out}, err
}

// Wake implements [provider.Halter].
func (m *Memory) Wake(ctx context.Context, req provider.WakeRequest, sink provider.Sink) (provider.WakeResponse, error) {
	var failed error
	err := m.world.look(func(s *state) { _, failed = s.lasting(req.Place, req.ID, req.Project) })
	if err := firstError(failed, err); err != nil {
		return provider.WakeResponse{}, err
	}
	object, err := m.finish(ctx, req.Place, req.ID, sink)
	return provider.WakeResponse{Object: object}, err
}
