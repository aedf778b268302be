package truth_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/volume"
	"github.com/google/go-cmp/cmp"

	"github.com/dindctl/dindctl/provider"
)

// Where the clock was set back, what shares a namespace is restarted at most once for one
// start of the owner, however often it is started itself, and by whomever: a record says
// what the times deny. With the container the record goes, too.
func TestASharerUnderAClockThatWasSetBack(t *testing.T) {
	t.Parallel()
	for _, api := range []string{api2010, api285} {
		m, end, err := newMemory(api)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(end)
		u, err := newUser(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(u.close)
		alone := configuration{Blocks: []block{{ID: 1, Kind: provider.Container, Label: "web"}}}
		both := configuration{Blocks: append(alone.clone().Blocks, block{ID: 2, Kind: provider.Container, Label: "log", Shares: 1})}
		steps := func(when string, c configuration, want ...string) {
			t.Helper()
			p, problems := u.plan(t.Context(), c)
			if !problems.HasErrors() {
				problems = u.apply(t.Context(), p)
			}
			if problems.HasErrors() {
				t.Fatalf("API %s: %s: %s", api, when, problemsText(problems))
			}
			var got []string
			for _, s := range p.Steps {
				got = append(got, fmt.Sprintf("%s %s", s.Action, s.Address))
			}
			if d := cmp.Diff(want, got); d != "" {
				t.Errorf("API %s: %s (-want +got):\n%s", api, when, d)
			}
			if bereft := u.bereft(); len(bereft) > 0 {
				t.Errorf("API %s: %s: %v run in namespaces of a run that is over", api, when, bereft)
			}
		}
		restart := func(name string) {
			t.Helper()
			if err := u.hand.ContainerRestart(t.Context(), name, container.StopOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		records := func(when string, want int) {
			t.Helper()
			list, err := u.hand.VolumeList(t.Context(), volume.ListOptions{})
			if err != nil {
				t.Fatal(err)
			}
			n := 0
			for _, v := range list.Volumes {
				if strings.HasPrefix(v.Name, "dindctl.follows.") {
					n++
				}
			}
			if n != want {
				t.Errorf("API %s: %s there are %d records of order, want %d", api, when, n, want)
			}
		}

		steps("from nothing", both, "create network.default", "create container.web", "create container.log")
		restart("truth-web")
		steps("after a start of the owner", both, "restart container.log")
		records("where the clock says it", 0)
		restart("truth-web")
		m.mu.Lock()
		m.back += time.Hour
		m.mu.Unlock()
		steps("after a start of the owner, and a clock that was set back", both, "restart container.log")
		steps("the second time", both)
		restart("truth-log")
		steps("after a start of the sharer", both)
		records("where the clock denies it", 1)
		m.mu.Lock()
		m.back += time.Hour
		m.mu.Unlock()
		if err := u.hand.ContainerStop(t.Context(), "truth-web", container.StopOptions{}); err != nil {
			t.Fatal(err)
		}
		steps("with the owner stopped", both, "start container.web", "restart container.log")
		steps("and once more", both)
		steps("without the sharer", alone, "delete container.log")
		records("without the sharer", 0)
	}
}
