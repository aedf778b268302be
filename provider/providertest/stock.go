package providertest

import (
	"context"
	"maps"
	"slices"

	"github.com/dindctl/dindctl/provider"
)

// storedBytes is the size of everything in memory.
const storedBytes = 1 << 20

// Stock implements [provider.Stocker].
func (m *Memory) Stock(_ context.Context, place provider.Place) (provider.StockResponse, error) {
	var out provider.StockResponse
	var failed error
	err := m.world.look(func(s *state) {
		var engine string
		if engine, failed = s.engine(place); failed != nil {
			return
		}
		for _, r := range s.all(engine) {
			if r.owner().Project == "" || r.Kind != provider.Volume && r.Kind != provider.Image {
				continue
			}
			out.Stored = append(out.Stored, provider.Stored{
				Kind: r.Kind, ID: r.ID, Name: r.Name, Owner: r.Owner, Bytes: storedBytes, Users: s.users(r, false),
			})
		}
		if place != provider.Root {
			return
		}
		for _, project := range slices.Sorted(maps.Keys(s.Locks)) {
			out.Locks = append(out.Locks, provider.HeldLock{Project: project, Holder: s.Locks[project]})
		}
	})
	return out, firstError(failed, err)
}

// Sweep implements [provider.Stocker].
func (m *Memory) Sweep(ctx context.Context, place provider.Place, stored provider.Stored, sink provider.Sink) error {
	_, err := m.Delete(ctx, provider.DeleteRequest{Place: place, Kind: stored.Kind, ID: stored.ID, Project: stored.Owner.Project}, sink)
	return err
}
