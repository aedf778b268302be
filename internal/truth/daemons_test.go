package truth_test

import (
	"testing"

	"github.com/dindctl/dindctl/provider"
)

// What lives inside a daemon is made there, told of, and planned without a difference;
// it is there when the daemon was made anew over its data, and so is an image that was
// carried in, beside its users.
func TestWhatIsInsideOutlastsItsDaemon(t *testing.T) {
	t.Parallel()
	for _, api := range []string{api2010, api285} {
		m, end, err := newMemory(api)
		if err != nil {
			t.Fatal(err)
		}
		defer end()
		u, err := newUser(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		defer u.close()
		r := &run{u: u, out: outcome{tally: tally{}}, tell: true, c: configuration{Blocks: []block{
			{ID: 1, Kind: provider.Daemon, Label: "d", Args: map[string]chosen{}},
			{ID: 2, Kind: provider.Container, Label: "c", Inside: 1, Image: 7},
			{ID: 3, Kind: provider.Network, Label: "n", Inside: 1},
			{ID: 4, Kind: provider.Container, Label: "e", Inside: 1, Networks: []int{3}},
			{ID: 5, Kind: provider.Controller, Label: "f", Daemon: 1},
			{ID: 6, Kind: provider.Job, Label: "j", Inside: 1},
			{ID: 7, Kind: provider.Image, Label: "i"},
		}}}
		for _, change := range []func(){
			func() {},
			func() { r.c.Blocks[0].Args["labels"] = chosen{} },
			func() { r.c.Blocks[0].Args["config"] = chosen{} },
		} {
			change()
			if !r.converge(t.Context(), "daemons", nil) {
				t.Errorf("API %s: %s: %s", api, r.out.broken, r.out.how)
				break
			}
		}
		if n := len(m.inner); n != 1 {
			t.Errorf("API %s: there are %d engines inside", api, n)
		}
		for _, line := range r.out.story {
			t.Log(line)
		}
	}
}
