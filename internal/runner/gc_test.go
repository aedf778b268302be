package runner_test

import (
	"context"
	"slices"
	"testing"

	"github.com/dindctl/dindctl/internal/runner"
	"github.com/dindctl/dindctl/provider"
)

// mirrored is an engine in which a daemon leads back to the engine itself, as with its
// own socket mounted; and the places in which somebody asked what is stored.
type mirrored struct {
	*engine
	stocked []provider.Place
}

func (m *mirrored) Describe(context.Context) (provider.Description, error) {
	return provider.Description{Name: "fake", Powers: []provider.Power{provider.PowerStock}}, nil
}

func (m *mirrored) Open(ctx context.Context, req provider.OpenRequest) (provider.OpenResponse, error) {
	resp, err := m.engine.Open(ctx, req)
	resp.Facts.ID = "the root engine"
	return resp, err
}

func (m *mirrored) Observe(_ context.Context, req provider.ObserveRequest, emit func(provider.Object) error) (provider.ObserveResponse, error) {
	for _, o := range m.objects {
		if o.Place == req.Place {
			if err := emit(o); err != nil {
				return provider.ObserveResponse{}, err
			}
		}
	}
	return provider.ObserveResponse{}, nil
}

func (m *mirrored) Stock(_ context.Context, place provider.Place) (provider.StockResponse, error) {
	m.stocked = append(m.stocked, place)
	return provider.StockResponse{}, nil
}

func (m *mirrored) Sweep(context.Context, provider.Place, provider.Stored, provider.Sink) error {
	return nil
}

// What leads back to the root engine is not gathered from a second time, as if what is
// on that were inside a daemon.
func TestTheRootEngineIsNotGatheredTwice(t *testing.T) {
	t.Parallel()
	m := &mirrored{engine: newEngine()}
	d := lasting(provider.Daemon, "daemon.d", "d", provider.StateRunning)
	d.Place = provider.Root
	m.objects["d"] = d
	_, problems := runner.Gather(t.Context(), runner.GatherRequest{
		Provider: m, EngineID: "the root engine", Dead: func(string, provider.Holder) string { return "" },
	})
	if problems.HasErrors() || !slices.Equal(m.stocked, []provider.Place{provider.Root}) {
		t.Errorf("gathered in %q: %v", m.stocked, problems)
	}
}
