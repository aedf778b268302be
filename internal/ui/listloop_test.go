package ui_test

import (
	"strings"
	"testing"

	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/internal/ui"
	"github.com/dindctl/dindctl/provider"
)

// What is inside a daemon and says that it is that daemon is listed there, and leads
// nowhere: neither the tree nor the way of its ports outwards goes round.
func TestAListingEnds(t *testing.T) {
	t.Parallel()
	daemon := func(id string) provider.Object {
		return provider.Object{
			ID: id, Kind: provider.Daemon, Name: id, Condition: provider.Condition{State: provider.StateRunning},
			Owner:  provider.Ownership{Project: "ci", Address: "daemon.dind", Kind: provider.Daemon},
			Values: provider.Values{Ports: map[string]string{"80/tcp": "0.0.0.0:80"}},
		}
	}
	inner := daemon("a-forged") // before the other, by its id
	got := ui.List(ui.Listing{Project: "ci", Observed: plan.Observed{
		Root:   plan.Snapshot{Readable: true, Objects: []provider.Object{daemon("real")}},
		Inside: map[string]plan.Snapshot{"daemon.dind": {Readable: true, Objects: []provider.Object{inner}}},
	}}, ui.Options{})
	if n := strings.Count(got, "daemon.dind"); n < 2 || strings.Count(got, "\n") != 3 {
		t.Errorf("the listing is\n%s", got)
	}
}
