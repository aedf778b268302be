package truth_test

import (
	"strings"
	"testing"

	"github.com/dindctl/dindctl/provider"
)

// What keeps restarting gets other networks and names in them like everything else: it
// is told of it that it keeps restarting, and not that the engine refuses.
func TestLoopingContainersChangeNetworks(t *testing.T) {
	t.Parallel()
	for _, api := range []string{api2010, api285} {
		m, end, err := newMemory(api)
		if err != nil {
			t.Fatal(err)
		}
		defer end()
		loopsIntoNetworks(t, m)
	}
}

func TestRealLoopingContainersChangeNetworks(t *testing.T) { //nolint:paralleltest // there is one engine
	loopsIntoNetworks(t, needEngine(t))
}

func loopsIntoNetworks(t *testing.T, w world) {
	t.Helper()
	u, err := newUser(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	defer u.close()
	c := configuration{Blocks: []block{
		{ID: 1, Kind: provider.Network, Label: "n"},
		{ID: 2, Kind: provider.Network, Label: "o"},
		{ID: 3, Kind: provider.Container, Label: "c", Networks: []int{1}},
	}}
	r := &run{u: u, c: c, out: outcome{tally: tally{}}}
	if !r.converge(t.Context(), "at first", nil) {
		t.Fatal(r.out.broken, r.out.how)
	}
	for _, change := range []func(){
		func() { r.c.Blocks[2].Networks = []int{1, 2} },
		func() { r.c.Blocks[2].Label, r.c.Moved = "d", [][2]string{{"container.c", "container.d"}} },
	} {
		change()
		is, err := u.hand.ContainerInspect(t.Context(), "truth-c")
		if err != nil || !u.put(is.ID, "restarting") {
			t.Fatalf("it does not keep restarting: %v", err)
		}
		r.looping = []string{is.ID}
		if !r.converge(t.Context(), "while it restarts", nil) {
			t.Fatal(r.out.broken, r.out.how)
		}
		if after, err := u.hand.ContainerInspect(t.Context(), is.ID); err != nil || strings.Trim(after.Name, "/") != "truth-"+r.c.Blocks[2].Label {
			t.Errorf("it was replaced: %v", err)
		}
	}
}
