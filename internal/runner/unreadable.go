package runner

import (
	"maps"
	"slices"
	"strings"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/provider"
)

// Unreadable are warnings about the project's daemons that run and could not be looked
// into: what is inside them is missing from what was observed.
func Unreadable(observed plan.Observed, project string) diag.List {
	runs := map[string]bool{}
	for _, object := range Objects(observed, project) {
		if object.Kind == provider.Daemon && object.Condition.State == provider.StateRunning {
			runs[object.Owner.Address] = true
		}
	}
	var out diag.List
	for _, address := range slices.Sorted(maps.Keys(observed.Inside)) {
		if s := observed.Inside[address]; runs[address] && !s.Readable && s.Why != "" {
			out = append(out, diag.Problem{
				Severity: diag.Warning, Address: address, Summary: "A daemon could not be looked into",
				Detail: "What is inside " + address + " is not shown: " + strings.TrimSuffix(s.Why, ".") + ".",
			})
		}
	}
	return out
}
