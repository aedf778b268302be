package sim_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/internal/runner"
	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/providertest"
)

// pointFaults are what goes wrong at a point.
func pointFaults() []string {
	return []string{"kill", "provider", "error", "reset", "timeout", "restart"}
}

// At every call that changes an engine, before the engine has it and after it has
// done it, everything goes wrong once that can: the process or its provider is
// killed, the engine answers with an error or not at all, or it is restarted. Then
// one more run, without help, makes what the configuration says, and the next plan
// is empty: nothing is there twice, no orphan is left, no volume is lost, and no job
// runs again that has succeeded. So for an apply from nothing, for one that changes
// what is there, and for a destroy.
func TestEveryFaultAtEveryPoint(t *testing.T) {
	t.Parallel()
	count := orElse(*pointCount, 100, 10)
	var next atomic.Uint64
	var failed atomic.Bool
	var mu sync.Mutex
	total := tally{}
	began := time.Now()
	var group sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		group.Go(func() {
			for !failed.Load() {
				i := next.Add(1) - 1
				if i >= uint64(count) {
					return
				}
				e := &exhaustion{ctx: t.Context(), seed: *firstSeed + i, tally: tally{}}
				broken := e.all()
				mu.Lock()
				total.add(e.tally)
				mu.Unlock()
				if broken != "" && !failed.Swap(true) {
					t.Errorf("configuration %d: %s\nReplay it with: go test ./internal/sim -run TestEveryFaultAtEveryPoint -seed %d -points 1", e.seed, broken, e.seed)
				}
			}
		})
	}
	group.Wait()
	t.Logf("%d configurations in %.1f s: %d points (%d of apply, %d of changes, %d of destroy), each on both sides with %d faults: %d runs disturbed, "+
		"%d different states left, each made good by one run", count, time.Since(began).Seconds(),
		total["apply"]+total["change"]+total["destroy"], total["apply"], total["change"], total["destroy"], len(pointFaults()), total["disturbed"], total["states"])
	if want := 2 * len(pointFaults()) * (total["apply"] + total["change"] + total["destroy"]); total["disturbed"] != want && !failed.Load() {
		t.Errorf("%d runs were disturbed, not %d", total["disturbed"], want)
	}
	for _, what := range []string{"apply", "change", "destroy"} {
		if total[what] < count {
			t.Errorf("%d configurations have only %d points of %s", count, total[what], what)
		}
	}
}

// exhaustion is one configuration with everything that can happen to it.
type exhaustion struct {
	ctx   context.Context //nolint:containedctx // it is that of the test
	seed  uint64
	tally tally
}

// task is one command on what is there.
type task struct {
	what             string
	blocks           []block
	destroy, consent bool
}

// pass is one run of a task.
type pass struct {
	plan     *plan.Plan
	refused  diag.List
	problems diag.List
}

func (p pass) failed() bool { return p.refused.HasErrors() || p.problems.HasErrors() }

func (p pass) String() string {
	var out strings.Builder
	for _, problem := range append(p.refused, p.problems...) {
		fmt.Fprintf(&out, "%s %s: %s\n", problem.Address, problem.Summary, problem.Detail)
	}
	if p.plan != nil {
		out.WriteString(p.plan.String())
	}
	return out.String()
}

// all goes through an apply, a change and a destroy, and says what is broken.
func (e *exhaustion) all() string {
	random := rand.New(rand.NewPCG(e.seed, 41))
	first := steady(draw(random, 2+random.IntN(5), false))
	second := steady(edit(random, first))
	if random.IntN(3) == 0 {
		second = steady(draw(random, 2+random.IntN(5), false))
	}
	m := providertest.NewMemory(providertest.Options{})
	for _, k := range []task{
		{what: "apply", blocks: first},
		{what: "change", blocks: second, consent: true},
		{what: "destroy", blocks: second, destroy: true, consent: random.IntN(2) == 0},
	} {
		after, broken := e.points(m, k)
		if broken != "" {
			return fmt.Sprintf("%s\n%s", broken, describe(first, second))
		}
		m = after
	}
	return ""
}

func describe(first, second []block) string {
	var out strings.Builder
	for _, b := range first {
		fmt.Fprintf(&out, "  first %s\n", b)
	}
	for _, b := range second {
		fmt.Fprintf(&out, "  second %s\n", b)
	}
	return out.String()
}

// steady are blocks whose jobs all succeed.
func steady(blocks []block) []block {
	for i := range blocks {
		blocks[i].Fails = false
	}
	return blocks
}

// points disturbs a task at each of its points, and returns the world after an
// undisturbed one.
func (e *exhaustion) points(m *providertest.Memory, k task) (after *providertest.Memory, broken string) {
	made := e.prepare(m, k)
	if made.refused.HasErrors() {
		return nil, fmt.Sprintf("%s: undisturbed: %s", k.what, made.pass)
	}
	after = m.Clone()
	calm := &striker{}
	if p := e.carryOut(after, made, calm); p.failed() {
		return nil, fmt.Sprintf("%s: undisturbed: %s", k.what, p)
	}
	e.tally[k.what] += calm.points
	states := map[string]bool{}
	for at := range calm.points {
		for _, kind := range pointFaults() {
			for _, done := range []bool{false, true} {
				world := m.Clone()
				s := &striker{at: at + 1, kind: kind, done: done, world: world}
				e.carryOut(world, made, s)
				e.tally["disturbed"]++
				if state := print(world); !states[state] {
					states[state] = true
					e.tally["states"]++
					if broken := e.recover(world, k); broken != "" {
						return nil, fmt.Sprintf("%s, %s at point %d, done=%t: %s", k.what, kind, at+1, done, broken)
					}
				}
			}
		}
	}
	return after, ""
}

// prepared is a plan with what it takes to carry it out.
type prepared struct {
	pass
	in      plan.Input
	observe runner.ObserveRequest
	blocks  []block
}

func (e *exhaustion) prepare(m *providertest.Memory, k task) prepared {
	p := m.Connect()
	facts, err := p.Configure(e.ctx, provider.ConfigureRequest{})
	if err != nil {
		return prepared{pass: pass{refused: diag.Errorf("The engine could not be reached", "%s.", err)}}
	}
	x := expanded(k.blocks, nil)
	built := false
	for _, b := range k.blocks {
		built = built || b.Image+b.Shares != ""
	}
	out := prepared{observe: runner.Wanted(project, x), blocks: k.blocks}
	out.in = plan.Input{
		Project: project, Origin: "machine:/ci.hcl", Diff: runner.Differ(e.ctx, p), Destroy: k.destroy, Volumes: k.consent, DataLoss: k.consent, Images: k.consent,
		Expand: func(known config.Known) (*config.Expanded, diag.List) {
			if built {
				return expanded(k.blocks, known), nil
			}
			return x, nil
		},
	}
	out.in.Observed, out.refused = runner.Observe(e.ctx, p, facts.Facts, out.observe)
	if !out.refused.HasErrors() {
		out.plan, out.refused = plan.Make(out.in)
	}
	return out
}

// carryOut applies a plan while something strikes; nil for nothing.
func (e *exhaustion) carryOut(m *providertest.Memory, made prepared, s *striker) pass {
	ctx, cancel := context.WithCancel(e.ctx)
	defer cancel()
	p := m.Connect()
	if s != nil {
		s.cancel = cancel
		p = m.Through(s.hook)
	}
	request := runner.ApplyRequest{
		Plan: made.plan, Provider: p, Observed: made.in.Observed, Observe: made.observe, Differ: made.in.Diff,
		Refine: runner.Refiner(made.in, made.plan), Parallelism: 1, Now: func() time.Time { return time.Time{} },
	}
	if made.plan.Expanded != nil {
		request.Expanded = evaluator{made.plan.Expanded, made.blocks}
	}
	out := made.pass
	_, out.problems = runner.Apply(ctx, request)
	return out
}

// striker lets something go wrong at one effect.
type striker struct {
	at     int // the effect's number, from 1; 0 never
	kind   string
	done   bool // after the effect
	world  *providertest.Memory
	cancel context.CancelFunc

	mu     sync.Mutex
	points int
	dead   error
}

func (s *striker) hook(_ context.Context, e effect) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.dead != nil {
		return s.dead
	}
	if e.Do != nil {
		s.points++
	}
	if s.points != s.at || e.Do == nil && !e.After || e.After != s.done {
		return nil
	}
	switch s.kind {
	case "kill":
		s.dead = errDead
		s.cancel()
		return s.dead
	case "provider":
		s.dead = errors.New("the provider's process has ended")
		return s.dead
	case "error":
		return &provider.Problem{Code: provider.EngineFailed, Summary: "The engine reports an error", Detail: "500 Internal Server Error."}
	case "restart":
		s.world.Outside(provider.Root).Restart()
	case "timeout":
		return fmt.Errorf("waiting for the answer: %w", context.DeadlineExceeded)
	}
	return fmt.Errorf("reading the answer: connection reset by peer: %w", io.ErrUnexpectedEOF)
}

// print tells worlds apart: two with one print go on in the same way.
func print(m *providertest.Memory) string {
	var out strings.Builder
	for _, o := range sorted(m.Things()) {
		c := o.Condition
		fmt.Fprintf(&out, "%s %s %s %s %s %s %d %t %s %s\n", o.ID, o.Engine, o.Owner.Address, o.Name, o.Owner.Spec, c.State, c.ExitCode, c.Interrupted, o.Data, o.Image)
	}
	n := m.Mutations()
	fmt.Fprint(&out, n["pull"], n["carry"])
	return out.String()
}

// recover runs again, without help, and says what is not as it should be then.
func (e *exhaustion) recover(m *providertest.Memory, k task) string {
	before := m.Things()
	made := e.prepare(m, k)
	if made.refused.HasErrors() {
		return "the next plan is refused: " + made.String()
	}
	if p := e.carryOut(m, made, nil); p.failed() {
		return "the next run fails: " + p.String()
	}
	again := e.prepare(m, k)
	if again.refused.HasErrors() || !again.plan.Clean {
		return "then something is left to do: " + again.String() + "after:\n" + made.String()
	}
	w := &world{m: m, out: outcome{tally: tally{}}}
	if k.destroy {
		w.checkGone(before, k.consent)
	} else {
		w.checkThere(k.blocks, k.consent)
	}
	after := m.Things()
	a := &actor{blocks: k.blocks, destroy: k.destroy, plan: made.plan}
	for _, o := range sorted(before) {
		now, stays := after[o.ID]
		_, hosted := after[o.Engine]
		hosted = hosted || o.Engine == "root" // else it went with the data that it was on
		switch {
		case !stays && o.Kind == provider.Volume && !k.consent:
			w.violate(noLoss, "the volume %s", o.Owner.Address)
		case !stays && o.Kind == provider.Job && hosted && live(before, o.Engine):
			w.checkJob(a, o, before)
		case stays && o.Kind == provider.Job && now.Starts > 1:
			w.violate(notTwice, "the job %s was started %d times", o.Owner.Address, now.Starts)
		}
	}
	if w.out.broken() {
		return w.out.first() + "\nplan:\n" + made.String()
	}
	return ""
}
