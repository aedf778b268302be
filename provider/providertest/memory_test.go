package providertest_test

import (
	"path/filepath"
	"testing"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/providertest"
)

func factory(m *providertest.Memory) providertest.Factory {
	return providertest.Factory{
		New:     func(*testing.T) provider.Provider { return m.Connect() },
		Project: "conformance", Image: "bash", DaemonImage: "docker:28-dind",
		Stop: func(_ *testing.T, place provider.Place, id string) { m.Outside(place).Stop(id) },
		Foreign: func(t *testing.T, name string) string {
			t.Helper()
			id := m.Outside(provider.Root).AddForeign(provider.Volume, name)
			t.Cleanup(func() { m.Outside(provider.Root).Remove(id) })
			return id
		},
		Mutations: func(*testing.T) int {
			total := 0
			for _, n := range m.Mutations() {
				total += n
			}
			return total
		},
	}
}

// The in-memory provider keeps its promises.
func TestMemoryConforms(t *testing.T) {
	t.Parallel()
	providertest.Run(t, factory(providertest.NewMemory(providertest.Options{})))
}

// It keeps them with its state in a file, too.
func TestMemoryInAFileConforms(t *testing.T) {
	t.Parallel()
	providertest.Run(t, factory(providertest.NewMemory(providertest.Options{File: filepath.Join(t.TempDir(), "state.json")})))
}
