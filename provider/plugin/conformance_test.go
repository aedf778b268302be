package plugin_test

import (
	"path/filepath"
	"testing"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/plugin"
	"github.com/dindctl/dindctl/provider/providertest"
)

func factory(m *providertest.Memory, connect func(*testing.T) provider.Provider) providertest.Factory {
	return providertest.Factory{
		New: connect, Project: "conformance", Image: "bash", DaemonImage: "docker:28-dind",
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

// A provider behind gRPC keeps the promises that it keeps without.
func TestWireConforms(t *testing.T) {
	t.Parallel()
	m := providertest.NewMemory(providertest.Options{})
	providertest.Run(t, factory(m, func(t *testing.T) provider.Provider {
		t.Helper()
		return plugin.InProcess(t, m.Connect())
	}))
}

// A provider in a process of its own keeps them, too. The test changes the world
// behind its back through a file that both have.
func TestProcessConforms(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "state.json")
	m := providertest.NewMemory(providertest.Options{File: file})
	providertest.Run(t, factory(m, func(t *testing.T) provider.Provider {
		t.Helper()
		return start(t, "file", "STATE="+file).Provider()
	}))
}
