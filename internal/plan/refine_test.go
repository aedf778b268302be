package plan_test

import (
	"fmt"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/provider"
)

// What is found inside a daemon at last may make a step smaller, never bigger.
func TestPlanningAgain(t *testing.T) {
	t.Parallel()
	base := []noun{
		{address: "volume.v", name: "v"}, {address: "daemon.d", name: "d", data: "volume.v"},
	}
	inside := func(rev, cpus int) noun {
		return noun{address: "container.c", name: "c", inside: "daemon.d", rev: rev, cpus: cpus}
	}
	with := func(n ...noun) *config.Expanded { return configuration(append(base[:len(base):len(base)], n...)...) }
	rows := []struct {
		name string
		then func(w *world) // before the daemon is looked into again
		now  *config.Expanded
		want string
	}{
		{"it is there", nil, with(inside(0, 0)), ""},
		{"it is not there", func(w *world) { w.erase(w.object("container.c")) }, with(inside(0, 0)), "1 create container.c"},
		{"it does not run", func(w *world) { w.halt(w.object("container.c")) }, with(inside(0, 0)), "1 start container.c"},
		{"it is to be changed as it stands", nil, with(inside(0, 2)), "1 update container.c"},
		{
			"it would be replaced", nil, with(inside(1, 0)),
			"What is inside daemon.d could not be seen when the plan was made. Now that it can, container.c would be replaced (command: configuration), which was not shown in the plan. Nothing was done about it; run plan again: it shows it.",
		},
		{
			"it is not wanted", nil, with(noun{address: "job.j", name: "j", inside: "daemon.d"}),
			"1 run job.j\nWhat is inside daemon.d could not be seen when the plan was made. Now that it can, container.c would be removed (no longer in the configuration), which was not shown in the plan. Nothing was done about it; run plan again: it shows it.",
		},
		{
			"there are two of it", func(w *world) {
				other := *w.object("container.c")
				other.ID, other.Condition.State = "o9", provider.StateCreated
				w.objects["o9"] = &other
			}, with(inside(0, 0)),
			"What is inside daemon.d could not be seen when the plan was made. Now that it can, container.c would have its second object removed (left by an earlier, interrupted run), which was not shown in the plan. Nothing was done about it; run plan again: it shows it.",
		},
	}
	for _, row := range rows {
		w := applied(t, append(base[:len(base):len(base)], inside(0, 0))...)
		w.halt(w.object("daemon.d"))
		in := w.input(row.now)
		prior, problems := plan.Make(in)
		if problems.HasErrors() || len(prior.Unread) != 1 {
			t.Fatalf("%s: %v\n%s", row.name, problems, prior)
		}
		w.start(w.object("daemon.d"))
		w.start(w.object("container.c"))
		if row.then != nil {
			row.then(w)
		}
		in.Observed = w.observe(row.now)
		refined, problems := plan.Refine(in, prior, "daemon.d")
		got := ""
		for _, s := range refined.Steps {
			got += fmt.Sprintf("%d %s %s\n", s.ID, s.Action, s.Address)
		}
		for _, p := range problems {
			got += p.Detail + "\n"
		}
		check(t, row.name, got, row.want)
	}
}

// An id tells nothing of the place: that of a volume is its name. What bears the id of an
// address's own object inside a daemon, where that address is not wanted, is another
// object, whose removal has to have been shown.
func TestAnIdElsewhereIsAnotherObject(t *testing.T) {
	t.Parallel()
	nouns := []noun{
		{address: "volume.v", name: "v"},
		{address: "daemon.d", name: "d", data: "volume.v"},
		{address: "volume.w", name: "w"},
		{address: "container.c", name: "c", inside: "daemon.d"},
	}
	w := applied(t, nouns...)
	w.halt(w.object("daemon.d"))
	now := configuration(nouns...)
	in := w.input(now)
	in.Volumes = true
	prior, problems := plan.Make(in)
	if problems.HasErrors() || len(prior.Unread) != 1 {
		t.Fatalf("%v\n%s", problems, prior)
	}
	other := *w.object("volume.w")
	other.home = w.object("volume.v").ID
	w.objects["inside "+other.ID] = &other
	w.start(w.object("daemon.d"))
	w.start(w.object("container.c"))
	in.Observed = w.observe(now)
	refined, problems := plan.Refine(in, prior, "daemon.d")
	got := ""
	for _, s := range refined.Steps {
		got += fmt.Sprintf("%d %s %s inside %s\n", s.ID, s.Action, s.Address, s.Inside)
	}
	for _, p := range problems {
		got += p.Detail + "\n"
	}
	check(t, "a volume of the same name inside", got, "What is inside daemon.d could not be seen when the plan was made. Now that it can, volume.w would have its second object removed "+
		"(it is inside daemon.d, and is wanted elsewhere), which was not shown in the plan. Nothing was done about it; run plan again: it shows it.")
}

// What is secret inside a daemon is told together with what is to be done there.
func TestPlanningAgainTellsSecrets(t *testing.T) {
	t.Parallel()
	nouns := []noun{
		{address: "volume.v", name: "v"},
		{address: "daemon.d", name: "d", data: "volume.v"},
		{address: "container.c", name: "c", inside: "daemon.d"},
	}
	w := applied(t, nouns...)
	w.halt(w.object("daemon.d"))
	x := configuration(nouns...)
	in := w.input(x)
	prior, problems := plan.Make(in)
	if problems.HasErrors() || prior.Secrets.Text("hunter2") != "hunter2" {
		t.Fatal(problems, prior.Secrets.Texts())
	}
	for i, instance := range x.Instances { // its value came with the daemon
		if instance.Address == "container.c" {
			declared := instance.Declared.AsValueMap()
			declared["environment"] = cty.MapVal(map[string]cty.Value{"TOKEN": cty.StringVal("hunter2")}).Mark(provider.Sensitive)
			x.Instances[i].Declared = cty.ObjectVal(declared)
		}
	}
	w.start(w.object("daemon.d"))
	in = w.input(x)
	refined, _ := plan.Refine(in, prior, "daemon.d")
	if got := refined.Secrets.Text("it is hunter2"); got != "it is (sensitive)" {
		t.Errorf("what is said of it: %q", got)
	}
}
