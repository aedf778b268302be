package ui_test

import (
	"strings"
	"testing"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/internal/ui"
	"github.com/dindctl/dindctl/provider"
)

// What ends with a daemon is named as long as the inside stays, whatever else is lost
// with it; what goes is named with the loss, once.
func TestWhatEndsWithADaemonIsNamed(t *testing.T) {
	t.Parallel()
	const named = "ends with it: container web (not the project's)"
	for name, action := range map[string]plan.Action{"replaced": plan.Replace, "destroyed": plan.Delete, "started again": plan.Restart} {
		for _, goes := range []bool{false, true} {
			r := plan.Resource{
				Address: "daemon.dind", Kind: provider.Daemon, Name: "p-dind", Action: action, Before: &provider.Object{}, After: &config.Instance{},
				DataLoss: "the data in its volumes without a name at /cache",
				Inner: plan.Inner{Goes: goes, Others: []plan.Inhabitant{{
					Other: provider.Other{Kind: provider.Container, Name: "web", Running: true}, Inside: "daemon.dind",
				}}},
			}
			text := ui.Plan(&plan.Plan{Project: "p", Resources: []plan.Resource{r}}, ui.Options{Width: 200})
			if strings.Contains(text, named) == goes {
				t.Errorf("%s, and the inside goes (%v):\n%s", name, goes, text)
			}
		}
	}
}
