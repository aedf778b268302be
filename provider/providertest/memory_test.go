package providertest_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/zclconf/go-cty/cty"

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

// A connection's hook sees each effect of that connection before and after it, and
// can fail it on either side; what it kept back can still be done.
func TestAConnectionAsksItsHook(t *testing.T) {
	t.Parallel()
	m := providertest.NewMemory(providertest.Options{})
	var seen []string
	var late func() error
	fail := errors.New("connection reset")
	p := m.Through(func(_ context.Context, e providertest.Effect) error {
		seen = append(seen, fmt.Sprintf("%s %s after=%t", e.Op, e.Address, e.After))
		late = e.Do
		if e.After {
			return nil
		}
		return fail
	})
	request := provider.CreateRequest{
		Declaration: provider.Declaration{
			Address: "network.n", Kind: provider.Network, Name: "n", Declared: providertest.Declare(providertest.MemorySchema(), provider.Network, nil),
		},
		Owner: provider.Ownership{Project: "p", Address: "network.n", Kind: provider.Network, Origin: "here:/x.hcl", Run: "1", Spec: []byte("{}"), Schema: provider.OwnershipSchema},
	}
	if _, err := p.Create(t.Context(), request, nil); !errors.Is(err, fail) {
		t.Fatalf("created in spite of the hook: %v", err)
	}
	if n := len(m.Things()); n != 0 {
		t.Fatalf("%d objects are there before the effect", n)
	}
	if err := late(); err != nil {
		t.Fatal(err)
	}
	again, err := m.Connect().Create(t.Context(), request, nil)
	if err != nil || !again.Adopted || len(m.Things()) != 1 {
		t.Errorf("the late object was not adopted: %+v, %v", again, err)
	}
	if want := []string{"create network.n after=false"}; !slices.Equal(seen, want) {
		t.Errorf("the hook saw %q", seen)
	}
}

// An image of an equal record is adopted by a call that goes on with an interrupted one,
// and never by one that replaces it: that one's takes its place.
func TestAnImageThatIsReplacedIsNotAdopted(t *testing.T) {
	t.Parallel()
	m := providertest.NewMemory(providertest.Options{Registry: []string{"bash"}})
	create := func(run, replaces string) provider.CreateResponse {
		t.Helper()
		resp, err := m.Create(t.Context(), provider.CreateRequest{
			Declaration: provider.Declaration{
				Address: "image.i", Kind: provider.Image, Name: "p-i",
				Declared: providertest.Declare(providertest.MemorySchema(), provider.Image, map[string]cty.Value{"from": cty.StringVal("bash")}),
			},
			Owner:    provider.Ownership{Project: "p", Address: "image.i", Kind: provider.Image, Origin: "here:/x.hcl", Run: run, Spec: []byte("{}"), Schema: provider.OwnershipSchema},
			Replaces: replaces,
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return resp
	}
	first := create("1", "")
	if again := create("2", ""); !again.Adopted || again.ID != first.ID {
		t.Errorf("what goes on made %s, adopted is %t, want %s", again.ID, again.Adopted, first.ID)
	}
	if other := create("3", first.ID); other.Adopted || other.ID == first.ID || len(m.Things()) != 1 {
		t.Errorf("what replaces %s made %s, adopted is %t, and left %d", first.ID, other.ID, other.Adopted, len(m.Things()))
	}
}

// An engine that is restarted interrupts what runs, and starts again what is to
// run until it is stopped; a copy of the world does not change with it.
func TestAnEngineIsRestarted(t *testing.T) {
	t.Parallel()
	m := providertest.NewMemory(providertest.Options{})
	id := m.Outside(provider.Root).AddForeign(provider.Container, "web")
	before := m.Clone()
	m.Outside(provider.Root).Restart()
	o := m.Things()[id]
	if o.Condition.State != provider.StateExited || !o.Condition.Interrupted {
		t.Errorf("without a policy it is %+v", o.Condition)
	}
	if o := before.Things()[id]; o.Condition.State != provider.StateRunning || o.Starts != 1 {
		t.Errorf("the copy changed: %+v", o)
	}
	m.Outside(provider.Root).Change(id, "restart", cty.StringVal("unless-stopped"))
	m.Outside(provider.Root).Start(id)
	m.Outside(provider.Root).Restart()
	if o := m.Things()[id]; o.Condition.State != provider.StateRunning || o.Starts != 3 {
		t.Errorf("with a policy it is %+v after %d starts", o.Condition, o.Starts)
	}
}
