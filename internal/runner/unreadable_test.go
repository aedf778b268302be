package runner_test

import (
	"testing"

	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/internal/runner"
	"github.com/dindctl/dindctl/provider"
)

// What is missing from what was observed is told of daemons that run: one that does
// not, and one that is another project's, is no news.
func TestUnreadableDaemonsAreTold(t *testing.T) {
	t.Parallel()
	daemon := func(address, project string, state provider.State) provider.Object {
		return provider.Object{
			Kind: provider.Daemon, Owner: provider.Ownership{Project: project, Address: address, Kind: provider.Daemon}, Condition: provider.Condition{State: state},
		}
	}
	observed := plan.Observed{
		Root: plan.Snapshot{Readable: true, Objects: []provider.Object{
			daemon("daemon.mute", "p", provider.StateRunning), daemon("daemon.off", "p", provider.StateExited),
			daemon("daemon.theirs", "q", provider.StateRunning), daemon("daemon.well", "p", provider.StateRunning),
		}},
		Inside: map[string]plan.Snapshot{
			"daemon.mute": {Why: "its engine talks nonsense."}, "daemon.off": {Why: "its container is stopped"},
			"daemon.theirs": {Why: "it is theirs"}, "daemon.well": {Readable: true},
		},
	}
	got := runner.Unreadable(observed, "p")
	if len(got) != 1 || got[0].Address != "daemon.mute" || got.HasErrors() || got[0].Detail != "What is inside daemon.mute is not shown: its engine talks nonsense." {
		t.Errorf("%+v", got)
	}
}
