package runner_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/internal/runner"
	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/providertest"
)

// caseTwo is a network, a daemon with its data, a controller, and a job on it.
func caseTwo() conf {
	schema := providertest.MemorySchema()
	c := conf{}
	add := func(address, inside string, deps []string, given map[string]cty.Value) {
		kind, label, _ := strings.Cut(address, ".")
		in := config.Instance{Address: address, Kind: provider.Kind(kind), Label: label, Name: name(address), Inside: inside, Deps: deps}
		in.Declared = providertest.Declare(schema, in.Kind, given)
		if image, found := given["image"]; found {
			in.ImageRef = image.AsString()
		}
		c[address] = in
	}
	ref := func(address string) cty.Value {
		kind, _, _ := strings.Cut(address, ".")
		return providertest.Ref(address, provider.Kind(kind), name(address))
	}
	words := func(texts ...string) cty.Value {
		var out []cty.Value
		for _, text := range texts {
			out = append(out, cty.StringVal(text))
		}
		return cty.ListVal(out)
	}
	data := providertest.Mount(map[string]cty.Value{
		"type": cty.StringVal("volume"), "source": cty.StringVal(name("volume.data")), "volume": ref("volume.data"),
		"target": cty.StringVal("/var/lib/docker"),
	})
	add("network.ci", "", nil, nil)
	add("volume.data", "", nil, nil)
	add("daemon.d", "", []string{"network.ci", "volume.data"}, map[string]cty.Value{
		"image": cty.StringVal("docker:28-dind"), "networks": cty.ListVal([]cty.Value{ref("network.ci")}), "data": ref("volume.data"),
		"mount": cty.ListVal([]cty.Value{data}), "tls": cty.True, "alias": cty.StringVal("docker"),
	})
	add("controller.c", "", []string{"daemon.d", "network.ci"}, map[string]cty.Value{
		"image": cty.StringVal("docker:28-cli"), "networks": cty.ListVal([]cty.Value{ref("network.ci")}), "daemon": ref("daemon.d"),
		"command": words("sleep", "1d"),
	})
	add("job.list", "daemon.d", []string{"controller.c", "daemon.d"}, map[string]cty.Value{
		"image": cty.StringVal("bash"), "controller": ref("controller.c"), "command": words("echo", "the listing"),
	})
	return c
}

// caseTwoWishes is the same for the small planner of the tests.
func caseTwoWishes() []wish {
	c := caseTwo()
	var out []wish
	for _, address := range []string{"network.ci", "volume.data", "daemon.d", "controller.c", "job.list"} {
		out = append(out, wish{address: address, inside: c[address].Inside, deps: c[address].Deps})
	}
	return out
}

// applyCaseTwo plans and applies over a connection of its own, and returns the
// steps of the plan beside the result.
func applyCaseTwo(t *testing.T, m *providertest.Memory, told *[]string) (*plan.Plan, runner.Result, diag.List) {
	t.Helper()
	p := m.Connect()
	facts, err := p.Configure(t.Context(), provider.ConfigureRequest{})
	if err != nil {
		t.Fatal(err)
	}
	look := runner.ObserveRequest{
		Project: project, Output: []string{"job.list"}, Images: []string{"bash", "docker:28-dind", "docker:28-cli"},
		Daemons: []runner.WantedDaemon{{Address: "daemon.d", Data: "volume.data"}},
	}
	o, problems := runner.Observe(t.Context(), p, facts.Facts, look)
	want(t, "observing", text(problems), "")
	made := planned(caseTwoWishes(), o, "")
	result, problems := runner.Apply(t.Context(), runner.ApplyRequest{
		Plan: made, Provider: p, Observed: o, Observe: look, Expanded: caseTwo(), Differ: runner.Differ(t.Context(), p),
		Refine: func(o plan.Observed, daemon string) (plan.Refinement, diag.List) {
			return plan.Refinement{Steps: planned(caseTwoWishes(), o, daemon).Steps}, nil
		},
		Sink: func(e runner.Event) {
			if e.Phase == provider.PhaseOutput || e.Phase == provider.PhaseProve {
				*told = append(*told, fmt.Sprintf("%s %s %s", e.Address, e.Phase, e.Text))
			}
		},
	})
	return made, result, problems
}

// From nothing to a nested job and its output; then nothing is left to do; and
// when the daemon was removed by hand and its data kept, the job that is still
// there inside is found again instead of being created a second time.
func TestCaseTwoOnTheProviderInMemory(t *testing.T) {
	t.Parallel()
	m := providertest.NewMemory(providertest.Options{Images: []string{"bash"}, Registry: []string{"docker:28-dind", "docker:28-cli"}})
	var told []string
	_, result, problems := applyCaseTwo(t, m, &told)
	want(t, "problems", text(problems), "")
	if got := result.Outputs[0].Value; !got.IsKnown() || !strings.Contains(got.AsString(), "the listing") {
		t.Errorf("output %#v", got)
	}
	if !slices.Contains(told, "job.list output the listing") || !strings.HasPrefix(told[0], "controller.c prove") {
		t.Errorf("told %q", told)
	}

	again, _, _ := applyCaseTwo(t, m, &told)
	if len(again.Steps) > 0 {
		t.Errorf("the plan afterwards is not empty: %v", again.Steps)
	}

	outside := m.Outside(provider.Root)
	outside.Remove(outside.ID(project, "daemon.d"))
	_, result, problems = applyCaseTwo(t, m, &told)
	want(t, "problems after the daemon was removed", text(problems), "")
	want(t, "result", account(result), "done create daemon.d\ndropped create job.list")
	if got := result.Outputs[0].Value; !got.IsKnown() {
		t.Errorf("output of the job that was found again: %#v", got)
	}
}

// Whichever effect on the engine fails, before or after it, the next run finishes
// what the disturbed one began.
func TestCaseTwoConvergesAfterAnyFault(t *testing.T) {
	t.Parallel()
	for at := 1; ; at++ {
		var mu sync.Mutex
		asked := 0
		broken := true
		m := providertest.NewMemory(providertest.Options{Fault: func(op string, _ int) error {
			mu.Lock()
			defer mu.Unlock()
			if strings.HasPrefix(op, "lock") || strings.HasPrefix(op, "unlock") || !broken {
				return nil
			}
			if asked++; asked == at {
				return fmt.Errorf("the engine hung up at %q", op)
			}
			return nil
		}})
		var told []string
		_, first, problems := applyCaseTwo(t, m, &told)
		if asked < at {
			break // every one has had its turn
		}
		if len(first.Failed) > 0 != problems.HasErrors() {
			t.Errorf("fault %d: %s\n%s", at, account(first), text(problems))
		}
		broken = false
		_, _, problems = applyCaseTwo(t, m, &told)
		want(t, fmt.Sprintf("problems of the run after fault %d", at), text(problems), "")
		if again, _, _ := applyCaseTwo(t, m, &told); len(again.Steps) > 0 {
			t.Errorf("fault %d: the plan afterwards is not empty: %+v", at, again.Steps)
		}
	}
}

// Twenty processes that want the lock of the provider in memory: one has it.
func TestTheLockOfTheProviderInMemory(t *testing.T) {
	t.Parallel()
	m, temp := providertest.NewMemory(providertest.Options{}), t.TempDir()
	race(t, "memory", func(i int) runner.LockRequest {
		return runner.LockRequest{Dir: fmt.Sprintf("%s/%d", temp, i), EngineID: "memory", Project: project, Locker: m.Connect()}
	})
	if _, held, _ := runner.Holding(context.Background(), m, project); held {
		t.Error("the lock is still held")
	}
}
