package plan_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/provider"
)

// What was asked for and left out for good is said once of an object that stays, and is
// no change; of one that is replaced, for whatever else, there is nothing to say.
func TestWhatWasLeftOutIsAWarning(t *testing.T) {
	t.Parallel()
	left := []provider.Change{
		{Path: "blkio_config.weight", Effect: provider.Live, Cause: provider.LeftOut}, {Path: "memswap_limit", Effect: provider.Live, Cause: provider.LeftOut},
	}
	const said = "warning: Something is not supported here, and was left out: container.c: blkio_config.weight, memswap_limit of container.c: it was asked for when the object was made, " +
		"and left out, as where the kernel has no such thing. Nothing changes by itself. Take it out of the configuration; or, once it is supported, replace the object: -replace=container.c."
	for _, row := range []struct {
		name   string
		beside []provider.Change
		want   string
		action plan.Action
	}{
		{"nothing else", nil, said, plan.None},
		{"a live change", []provider.Change{{Path: "cpus", Effect: provider.Live, Cause: provider.Configured}}, said, plan.Update},
		{"a replacement", []provider.Change{{Path: "user", Effect: provider.Replace, Cause: provider.Configured}}, "", plan.Replace},
	} {
		w := applied(t, noun{address: "container.c", name: "c"})
		in := w.input(configuration(noun{address: "container.c", name: "c"}))
		in.Diff = func([]provider.DiffItem) ([]provider.Difference, error) {
			return []provider.Difference{{Changes: append(left[:len(left):len(left)], row.beside...)}}, nil
		}
		p, problems := plan.Make(in)
		got := ""
		for _, problem := range problems {
			got += fmt.Sprintf("%s: %s: %s: %s", problem.Severity, problem.Summary, problem.Address, problem.Detail)
		}
		if d := cmp.Diff(row.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", row.name, d)
		}
		r := p.Resources[0]
		if r.Action != row.action || !cmp.Equal(row.beside, r.Changes, cmp.Comparer(func(a, b provider.Change) bool { return a.Path == b.Path })) {
			t.Errorf("%s: %s %v", row.name, r.Action, r.Changes)
		}
		if p.Clean != (row.action == plan.None) {
			t.Errorf("%s: the plan is clean: %t", row.name, p.Clean)
		}
	}
}
