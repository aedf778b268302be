package sim_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/internal/runner"
	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/providertest"
)

// actor is one process that applies or destroys.
type actor struct {
	w       *world
	number  int
	machine int
	blocks  []block
	destroy bool
	consent bool
	abreast int
	nonce   string
	ctx     context.Context //nolint:containedctx // it is one process
	cancel  context.CancelFunc

	stop     chan struct{}
	stopOnce sync.Once

	// Under the world's mu: the connection's end, whether the process is dead,
	// has the lock and works, and is through.
	dead                   error
	killed, working, ended bool

	expanded *config.Expanded // where it is always the same
	// What it planned and did, which is its own until it has ended.
	plan     *plan.Plan
	refused  diag.List // problems of the lock or the plan
	result   runner.Result
	problems diag.List
	needs    map[string][]string
	steps    map[string]map[int]runner.EventKind // by address, of what is not a removal
	added    []plan.Resource                     // what was planned only inside a daemon
	removes  map[string]bool                     // ids that the plan showed to go
	wrong    []violation
}

func (a *actor) String() string { return fmt.Sprintf("run %d", a.number) }

// begin starts a run.
func (w *world) begin(r round, machine int) *actor {
	w.serial++
	a := &actor{
		w: w, number: len(w.actors), machine: machine, blocks: r.Blocks, destroy: r.Destroy, consent: r.Consent, abreast: r.Parallelism,
		nonce: fmt.Sprintf("run%d", w.serial), stop: make(chan struct{}), needs: map[string][]string{},
		steps: map[string]map[int]runner.EventKind{}, removes: map[string]bool{},
	}
	a.ctx, a.cancel = context.WithCancel(context.Background())
	for _, b := range a.blocks {
		a.needs[b.Address] = b.refs()
	}
	w.actors = append(w.actors, a)
	w.note("%s begins on machine %d", a, machine)
	go func() {
		a.run()
		w.mu.Lock()
		a.ended, a.working = true, false
		w.out.violations = append(w.out.violations, a.wrong...)
		w.mu.Unlock()
		a.cancel()
	}()
	return a
}

// run is what `dindctl apply` and `dindctl destroy` do.
func (a *actor) run() {
	p := a.w.m.Through(func(ctx context.Context, e effect) error { return a.w.park(ctx, a, e) })
	facts, err := p.Configure(a.ctx, provider.ConfigureRequest{})
	if err != nil {
		a.refused = diag.Errorf("The engine could not be reached", "%s.", err)
		return
	}
	held, notes := runner.Lock(a.ctx, a.lockRequest(p))
	if notes.HasErrors() {
		a.refused = notes
		return
	}
	a.began(len(notes) > 0)
	defer func() {
		a.w.mu.Lock()
		a.working = false
		a.w.mu.Unlock()
		held.Release()
	}()
	in, observe, ok := a.prepare(p, facts.Facts)
	if !ok {
		return
	}
	request := runner.ApplyRequest{
		Plan: a.plan, Provider: p, Observed: in.Observed, Observe: observe, Differ: in.Diff, Refine: runner.Refiner(in, a.plan),
		Parallelism: a.abreast, Stop: a.stop, Sink: a.event, Nonce: a.nonces(), Now: func() time.Time { return time.Time{} },
	}
	if a.plan.Expanded != nil {
		request.Expanded = evaluator{a.plan.Expanded, a.blocks}
	}
	a.result, a.problems = runner.Apply(a.ctx, request)
}

// lockRequest asks for both locks: the machine's and the engine's.
func (a *actor) lockRequest(p provider.Locker) runner.LockRequest {
	return runner.LockRequest{
		Dir: a.w.dir + "/" + machineName(a.machine), EngineID: "memory", Project: project, Command: "apply",
		Timeout: 5 * time.Second, Locker: p, Waiting: func(provider.Holder) { a.w.tallied("waits") },
		Holder: provider.Holder{
			Nonce: a.nonce, Who: "jo@here", Boot: machineName(a.machine) + " boot dir", PID: 1, Since: "2026-01-01T00:00:00Z",
		},
	}
}

func machineName(machine int) string { return fmt.Sprintf("machine%d", machine) }

func (w *world) tallied(what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.count(what)
}

// began notes that the run has the lock: nobody else that lives may have it.
func (a *actor) began(takenOver bool) {
	a.w.mu.Lock()
	defer a.w.mu.Unlock()
	if takenOver {
		a.w.count("taken over")
	}
	a.working = !a.killed
	for _, other := range a.w.actors {
		if other != a && other.working && a.working {
			a.wrong = append(a.wrong, violation{oneHolder, fmt.Sprintf("%s and %s have it at once", other, a)})
		}
	}
}

// prepare observes and plans.
func (a *actor) prepare(p *providertest.Memory, facts provider.Facts) (plan.Input, runner.ObserveRequest, bool) {
	x, _ := a.expand(nil)
	observe := runner.Wanted(project, x)
	observed, problems := runner.Observe(a.ctx, p, facts, observe)
	if problems.HasErrors() {
		a.refused = problems
		return plan.Input{}, observe, false
	}
	in := plan.Input{
		Project: project, Origin: "machine:/ci.hcl", Observed: observed, Diff: runner.Differ(a.ctx, p), Destroy: a.destroy, Volumes: a.consent, DataLoss: a.consent, Images: a.consent,
		Expand: a.expand,
	}
	made, problems := plan.Make(in)
	if problems.HasErrors() {
		a.refused = problems
		a.w.tallied("refused")
		return in, observe, false
	}
	a.plan = made
	if a.w.tell {
		a.w.mu.Lock()
		a.w.note("%s plans\n%s", a, made)
		a.w.mu.Unlock()
	}
	for _, s := range made.Steps {
		a.expect(s)
	}
	return in, observe, true
}

// expand evaluates the configuration with what is known. Without images and sharers nothing
// that is known matters.
func (a *actor) expand(known config.Known) (*config.Expanded, diag.List) {
	if a.expanded != nil {
		return a.expanded, nil
	}
	x := expanded(a.blocks, known)
	if !slices.ContainsFunc(a.blocks, func(b block) bool { return b.Image+b.Shares != "" }) {
		a.expanded = x
	}
	return x, nil
}

// expect takes in a step of the plan.
func (a *actor) expect(s plan.Step) {
	if s.Object != "" && (s.Action == plan.Delete || s.Action == plan.Run) {
		a.removes[s.Object] = true
	}
	if s.Action == plan.Delete {
		return
	}
	if a.steps[s.Address] == nil {
		a.steps[s.Address] = map[int]runner.EventKind{}
	}
	a.steps[s.Address][s.ID] = ""
}

// event follows what becomes of steps. What is begun must have all it needs.
func (a *actor) event(e runner.Event) {
	if e.Kind == runner.Progress {
		return
	}
	if a.w.tell {
		a.w.mu.Lock()
		a.w.note("    %s: step %d %s %s (needs %v) %s %s", e.Kind, e.Step.ID, e.Step.Action, e.Step.Address, e.Step.Needs, e.Text, summary(e.Problems))
		a.w.mu.Unlock()
	}
	if e.Kind == runner.Added {
		a.w.tallied("refined")
		a.expect(e.Step)
		a.added = append(a.added, plan.Resource{Address: e.Step.Address, Changes: e.Step.Changes})
	}
	if e.Step.Action == plan.Delete {
		if e.Kind == runner.Started {
			a.checkGivenUp(e.Step)
		}
		return
	}
	if e.Kind == runner.Started {
		a.checkNeeds(e.Step.Address, e.Step.Address, map[string]bool{})
	}
	if e.Kind != runner.Added {
		a.steps[e.Step.Address][e.Step.ID] = e.Kind
	}
}

func summary(problems diag.List) string {
	if len(problems) == 0 {
		return ""
	}
	return problems[0].Summary + ": " + problems[0].Detail
}

func (a *actor) checkNeeds(address, of string, seen map[string]bool) {
	for _, need := range a.needs[of] {
		if seen[need] {
			continue
		}
		seen[need] = true
		for id, kind := range a.steps[need] {
			if kind == runner.Finished || kind == runner.Dropped {
				continue
			}
			a.wrong = append(a.wrong, violation{inOrder, fmt.Sprintf(
				"%s is begun, it needs %s, and step %d of that is %q", address, need, id, kind)})
		}
		a.checkNeeds(address, need, seen)
	}
}

// checkGivenUp fails where an object is removed, to be made anew, before all is done that
// its successor waits for and that could be done.
func (a *actor) checkGivenUp(removal plan.Step) {
	steps := map[int]plan.Step{}
	earlier := map[int]map[int]bool{} // what a step waits for
	for _, s := range a.plan.Steps {
		steps[s.ID], earlier[s.ID] = s, map[int]bool{}
		for _, need := range s.Needs {
			earlier[s.ID][need] = true
			for id := range earlier[need] {
				earlier[s.ID][id] = true
			}
		}
	}
	for _, s := range a.plan.Steps {
		if s.Address != removal.Address || s.Action == plan.Delete || !earlier[s.ID][removal.ID] {
			continue
		}
		for id := range earlier[s.ID] {
			kind := a.steps[steps[id].Address][id]
			if steps[id].Action != plan.Delete && kind != runner.Finished && kind != runner.Dropped && !earlier[id][removal.ID] {
				a.wrong = append(a.wrong, violation{notGivenUp, fmt.Sprintf(
					"%s is removed to be made anew, that waits for step %d (%s), and it is %q", removal.Address, id, steps[id].Address, kind)})
			}
		}
	}
}

// nonces marks steps so that they can be told from those of other runs.
func (a *actor) nonces() func() string {
	n := 0
	return func() string {
		n++
		return fmt.Sprintf("%s-%d", a.nonce, n)
	}
}

// asks tells whether a plan, or an address of one, was refused because a person has to
// decide.
func asks(problems diag.List) bool {
	return slices.ContainsFunc(problems, func(p diag.Problem) bool { return p.Code == "name-taken" || p.Code == "data-loss" })
}

// tale is how a run ended, in a line.
func (a *actor) tale() string {
	switch {
	case len(a.refused) > 0:
		return "refused: " + a.refused[0].Summary + ": " + a.refused[0].Detail
	case a.plan != nil && len(a.plan.Stopped) > 0:
		return "stopped: " + a.plan.Stopped[0].Address + " " + a.plan.Stopped[0].Detail
	case len(a.problems) > 0:
		var all []string
		for _, p := range a.problems {
			all = append(all, p.Address+" "+p.Summary+": "+p.Detail)
		}
		return "failed: " + strings.Join(all, "; ")
	}
	return fmt.Sprintf("%d steps done, %d dropped", len(a.result.Done), len(a.result.Dropped))
}
