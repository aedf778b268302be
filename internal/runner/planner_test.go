package runner_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sort"
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

// evaluated makes an evaluated configuration of wishes, in which every daemon
// keeps its data in a volume of its own.
func evaluated(all []wish) *config.Expanded {
	schema := providertest.MemorySchema()
	out := &config.Expanded{Config: &config.Config{Project: project}}
	none := func(string) diag.Range { return diag.Range{} }
	add := func(address, inside string, deps []string, given map[string]cty.Value) {
		kind, label, _ := strings.Cut(address, ".")
		if strings.HasSuffix(address, ".data") {
			kind = string(provider.Volume)
		}
		in := config.Instance{
			Address: address, Kind: provider.Kind(kind), Label: label, Name: name(address), Inside: inside, Deps: deps, RangeOf: none,
		}
		if in.Kind.Runs() {
			in.ImageRef = "bash"
			given["image"] = cty.StringVal("bash")
		}
		in.Declared = providertest.Declare(schema, in.Kind, given)
		if in.Kind == provider.Job {
			out.WantsOutput = append(out.WantsOutput, address)
		}
		out.Instances = append(out.Instances, in)
	}
	for _, w := range all {
		given, deps := map[string]cty.Value{}, w.deps
		switch kind, _, _ := strings.Cut(w.address, "."); provider.Kind(kind) {
		case provider.Daemon:
			data := w.address + ".data"
			volume := providertest.Ref(data, provider.Volume, name(data))
			var inside []string
			if w.inside != "" {
				inside = []string{w.inside}
			}
			add(data, w.inside, inside, map[string]cty.Value{})
			deps = append(append([]string{}, deps...), data)
			given["data"] = volume
			given["mount"] = cty.ListVal([]cty.Value{providertest.Mount(map[string]cty.Value{
				"type": cty.StringVal("volume"), "source": cty.StringVal(name(data)), "volume": volume, "target": cty.StringVal("/var/lib/docker"),
			})})
		case provider.Job:
			given["command"] = cty.ListVal([]cty.Value{cty.StringVal("echo"), cty.StringVal(w.address)})
		case provider.Container, provider.Controller:
			given["command"] = cty.ListVal([]cty.Value{cty.StringVal("sleep"), cty.StringVal("1d")})
		default:
		}
		sort.Strings(deps)
		add(w.address, w.inside, deps, given)
	}
	return out
}

// world is an engine in memory with a configuration that is applied to it, each
// time over a new connection, as new processes do.
type world struct {
	m *providertest.Memory
	x *config.Expanded
}

// made is a plan with what it was made from.
type made struct {
	p        *providertest.Memory
	in       plan.Input
	observe  runner.ObserveRequest
	observed plan.Observed
	plan     *plan.Plan
}

func (w world) plan(t *testing.T, change ...func(*plan.Input)) made {
	t.Helper()
	p := w.m.Connect()
	facts, err := p.Configure(t.Context(), provider.ConfigureRequest{})
	if err != nil {
		t.Fatal(err)
	}
	out := made{p: p, observe: runner.Wanted(project, w.x)}
	var problems diag.List
	out.observed, problems = runner.Observe(t.Context(), p, facts.Facts, out.observe)
	want(t, "observing", text(problems), "")
	out.in = plan.Input{
		Project: project, Origin: "machine:/ci.hcl", Observed: out.observed, Diff: runner.Differ(t.Context(), p),
		Expand: func(config.Known) (*config.Expanded, diag.List) { return w.x, nil },
	}
	for _, f := range change {
		f(&out.in)
	}
	out.plan, problems = plan.Make(out.in)
	if problems.HasErrors() {
		t.Fatalf("planning: %s", text(problems))
	}
	return out
}

func (w world) apply(ctx context.Context, m made, stop <-chan struct{}) (runner.Result, diag.List) {
	return runner.Apply(ctx, runner.ApplyRequest{
		Plan: m.plan, Provider: m.p, Observed: m.observed, Observe: m.observe, Expanded: w.x, Differ: m.in.Diff,
		Refine: runner.Refiner(m.in, m.plan), Stop: stop, Parallelism: 4,
	})
}

// listing shows the project's objects at every depth.
func (w world) listing(t *testing.T) string {
	t.Helper()
	m := w.plan(t)
	var lines []string
	add := func(inside string, s plan.Snapshot) {
		for _, o := range s.Objects {
			lines = append(lines, fmt.Sprintf("%s/%s %s", inside, o.Owner.Address, o.Condition.State))
		}
	}
	add("", m.observed.Root)
	for address, s := range m.observed.Inside {
		add(address, s)
	}
	sort.Strings(lines)
	return strings.Join(lines, "\n")
}

// trouble is what disturbs a run at one effect on the engine: nothing, an
// error, a request to stop, or the end of the context.
type trouble struct {
	mu     sync.Mutex
	at, n  int
	before func() error
}

func (d *trouble) fault(string, int) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.before == nil {
		return nil
	}
	if d.n++; d.n != d.at {
		return nil
	}
	return d.before()
}

func (d *trouble) set(at int, before func() error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.at, d.n, d.before = at, 0, before
}

// With the real planner: however often a run is disturbed, and whatever is stopped
// or removed by hand between two runs, the next undisturbed one makes what a run
// from nothing makes, and then there is nothing left to do; destroy leaves only volumes.
func TestPlansAreFinishedWhateverHappens(t *testing.T) {
	t.Parallel()
	for seed := range 200 {
		random := rand.New(rand.NewPCG(uint64(seed), 11))
		x := evaluated(wishes(random))
		calm := world{m: providertest.NewMemory(providertest.Options{}), x: x}
		if _, problems := calm.apply(t.Context(), calm.plan(t), nil); len(problems) > 0 {
			t.Fatalf("seed %d: %s", seed, text(problems))
		}
		d := &trouble{}
		w := world{m: providertest.NewMemory(providertest.Options{Fault: d.fault}), x: x}
		for range random.IntN(4) {
			w.disturbed(t, random, d)
			if random.IntN(2) == 0 {
				w.byHand(t, random)
			}
		}
		d.set(0, nil)
		m := w.plan(t)
		if _, problems := w.apply(t.Context(), m, nil); len(problems) > 0 {
			t.Fatalf("seed %d: %s\nplan:\n%s", seed, text(problems), m.plan)
		}
		if again := w.plan(t); !again.plan.Clean {
			t.Errorf("seed %d: the plan afterwards is not empty:\n%s", seed, again.plan)
		}
		want(t, fmt.Sprintf("seed %d", seed), w.listing(t), calm.listing(t))
		w.destroyed(t, seed)
		if t.Failed() {
			return
		}
	}
}

func (w world) disturbed(t *testing.T, random *rand.Rand, d *trouble) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	stop := make(chan struct{})
	what := []func() error{
		func() error { return errFault },
		func() error { close(stop); return nil },
		func() error { cancel(); return ctx.Err() },
	}
	m := w.plan(t)
	d.set(1+random.IntN(4*len(w.x.Instances)), what[random.IntN(len(what))])
	result, problems := w.apply(ctx, m, stop)
	d.set(0, nil)
	if len(result.Failed)+len(result.Skipped) > 0 && !problems.HasErrors() {
		t.Errorf("something was not done, and no problem says so:\n%s", account(result))
	}
}

// byHand stops or removes one object of the root engine, as somebody might.
func (w world) byHand(t *testing.T, random *rand.Rand) {
	t.Helper()
	objects := w.plan(t).observed.Root.Objects
	if len(objects) == 0 {
		return
	}
	o := objects[random.IntN(len(objects))]
	outside := w.m.Outside(provider.Root)
	switch {
	case !o.Kind.Runs():
	case random.IntN(2) == 0 && o.Condition.State == provider.StateRunning:
		outside.Stop(o.ID)
	default:
		outside.Remove(o.ID)
	}
}

// destroyed removes everything, and checks that only volumes are left.
func (w world) destroyed(t *testing.T, seed int) {
	t.Helper()
	m := w.plan(t, func(in *plan.Input) { in.Destroy = true })
	if _, problems := w.apply(t.Context(), m, nil); len(problems) > 0 {
		t.Errorf("seed %d: destroying: %s", seed, text(problems))
	}
	for _, line := range strings.Split(w.listing(t), "\n") {
		if line != "" && !strings.Contains(line, "volume.") && !strings.Contains(line, ".data") {
			t.Errorf("seed %d: after destroy there is %s", seed, line)
		}
	}
}
