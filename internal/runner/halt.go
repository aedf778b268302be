package runner

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/provider"
)

// HaltRequest asks that objects of a project be stopped, started, or both. Jobs
// are never among them: they run and end.
type HaltRequest struct {
	Provider provider.Provider
	Observed plan.Observed
	Project  string
	// Addresses are what is meant, with what is inside it; none: the whole project.
	Addresses []string
	// Look observes the project again: what is inside a daemon can be seen only once it runs.
	Look func(context.Context) (plan.Observed, diag.List)
	// Parallelism is how many objects are stopped or started at once; DefaultParallelism if not above 0.
	Parallelism int
	Sink        Sink
	// Stop, by being closed, keeps anything new from beginning; what is under way may end.
	Stop <-chan struct{}
	// Now is the clock of events; time.Now if nil.
	Now func() time.Time
}

// HaltResult is what became of it, by address, in the order in which it happened.
type HaltResult struct {
	Stopped, Started []string
	// Ended had ended before anybody stopped them; that they were to stop is recorded.
	Ended []string
}

// Halt stops what runs: what is inside a daemon before it, and what needs
// something before that. The data of all of it stays.
func Halt(ctx context.Context, req HaltRequest) (HaltResult, diag.List) {
	h, problems := newHalting(ctx, req)
	if problems.HasErrors() {
		return HaltResult{}, problems
	}
	chosen, problems := h.chosen()
	if problems.HasErrors() {
		return HaltResult{}, problems
	}
	problems = append(problems, h.endingJobs(chosen)...)
	problems = append(problems, h.halt(ctx, chosen)...)
	return h.result, append(problems, h.stops...)
}

// Wake starts what does not run, after what it needs, which is started as well;
// then what is inside the daemons that were started. What runs in the namespaces of
// something that is started is restarted, with what is inside it.
func Wake(ctx context.Context, req HaltRequest) (HaltResult, diag.List) {
	h, problems := newHalting(ctx, req)
	if problems.HasErrors() {
		return HaltResult{}, problems
	}
	chosen, problems := h.chosen()
	if problems.HasErrors() {
		return HaltResult{}, problems
	}
	meant := map[string]bool{}
	for _, o := range chosen {
		meant[o.Owner.Address] = true
	}
	wanted := func(o provider.Object) bool {
		return len(req.Addresses) == 0 || meant[o.Owner.Address] || h.inAny(o, meant)
	}
	drawn := h.drawn(ctx, nil, wanted)
	problems = append(problems, h.endingJobs(drawn)...)
	problems = append(problems, h.again(ctx, drawn, wanted)...)
	return h.result, append(problems, h.stops...)
}

// Restart stops what runs and starts the same again, with what runs in its namespaces
// and what is inside that. What did not run stays so.
func Restart(ctx context.Context, req HaltRequest) (HaltResult, diag.List) {
	h, problems := newHalting(ctx, req)
	if problems.HasErrors() {
		return HaltResult{}, problems
	}
	chosen, problems := h.chosen()
	if problems.HasErrors() {
		return HaltResult{}, problems
	}
	nothing := func(provider.Object) bool { return false }
	running := slices.DeleteFunc(chosen, func(o provider.Object) bool { return o.Condition.State != provider.StateRunning })
	running = h.drawn(ctx, running, nothing)
	problems = append(problems, h.endingJobs(running)...)
	problems = append(problems, h.again(ctx, running, nothing)...)
	return h.result, append(problems, h.stops...)
}

// halting is one run of these.
type halting struct {
	req      HaltRequest
	halter   provider.Halter
	sink     Sink
	observed plan.Observed
	objects  []provider.Object
	// hosts are the daemons that addresses are inside; empty for the root.
	hosts map[string]string

	stops diag.List // of addresses of which nothing tells which object is meant

	mu       sync.Mutex
	result   HaltResult
	problems diag.List
	// What became of objects, by id alone: a daemon that runs again may give another place.
	down, up map[string]bool
	undone   map[string]bool // it was not started, and neither is what needs it
	told     map[string]bool // that it was not started
	blind    bool            // what was observed is older than what was stopped
	steps    int             // how many steps there were: no two have one number
}

func newHalting(ctx context.Context, req HaltRequest) (*halting, diag.List) {
	halter, able := power[provider.Halter](ctx, req.Provider, provider.PowerHalt)
	if !able {
		return nil, diag.Errorf("Objects cannot be stopped here", "The provider cannot stop and start objects.")
	}
	if req.Now == nil {
		req.Now = time.Now
	}
	if req.Parallelism <= 0 {
		req.Parallelism = DefaultParallelism
	}
	h := &halting{
		req: req, halter: halter, sink: serial(req.Sink, req.Now),
		down: map[string]bool{}, up: map[string]bool{}, undone: map[string]bool{}, told: map[string]bool{},
	}
	h.take(req.Observed)
	return h, nil
}

// lasts tells whether an object keeps running.
func lasts(o provider.Object) bool { return o.Kind.Runs() && o.Kind != provider.Job }

// chosen are the objects that are meant, with what is inside them.
func (h *halting) chosen() ([]provider.Object, diag.List) {
	if len(h.req.Addresses) == 0 {
		h.stops = h.observed.Stopped() // told at the end: the rest is done
		return slices.DeleteFunc(slices.Clone(h.objects), func(o provider.Object) bool { return !lasts(o) }), nil
	}
	named, problems := FindAll(h.observed, h.req.Project, h.req.Addresses)
	meant := map[string]bool{}
	for _, o := range named {
		if !lasts(o) {
			problems = append(problems, problemAt(o.Owner.Address, "It cannot be stopped and started",
				"%s is a %s: it does not keep running. Name a container, daemon or controller.", o.Owner.Address, o.Kind)...)
		}
		meant[o.Owner.Address] = true
	}
	return slices.DeleteFunc(slices.Clone(h.objects), func(o provider.Object) bool {
		return !lasts(o) || !meant[o.Owner.Address] && !h.inAny(o, meant)
	}), problems
}

// inAny tells whether an object is inside one of the daemons, at any depth.
func (h *halting) inAny(o provider.Object, daemons map[string]bool) bool {
	return slices.ContainsFunc(h.around(o), func(daemon string) bool { return daemons[daemon] })
}

// around are the daemons that an object is inside, the innermost first.
func (h *halting) around(o provider.Object) []string {
	var out []string // what is inside a daemon may say that it is that daemon
	for daemon := h.hostOf(o); daemon != "" && !slices.Contains(out, daemon); daemon = h.hosts[daemon] {
		out = append(out, daemon)
	}
	return out
}

// take takes in what was observed.
func (h *halting) take(observed plan.Observed) {
	h.observed, h.hosts, h.objects = observed, map[string]string{}, Objects(observed, h.req.Project)
	for _, o := range h.objects {
		if _, found := h.hosts[o.Owner.Address]; !found {
			h.hosts[o.Owner.Address] = h.hostOf(o)
		}
	}
}

// hostOf is the address of the daemon that an object is inside; empty for the root.
func (h *halting) hostOf(o provider.Object) string {
	for daemon, s := range h.observed.Inside {
		if s.Readable && s.Place == o.Place {
			return daemon
		}
	}
	return ""
}

// key is what an object is known by: two engines may give the same id.
type key struct {
	place provider.Place
	id    string
}

func keyOf(o provider.Object) key { return key{o.Place, o.ID} }

// drawn are the objects that run and have to be restarted where those given are, and
// what is wanted is started: the given ones, and what follows them or what is started.
// That may need something more that is asleep, and draw what follows it.
func (h *halting) drawn(ctx context.Context, given []provider.Object, wanted func(provider.Object) bool) []provider.Object {
	follow := h.followers()
	all, in := slices.Clone(given), map[key]bool{}
	for _, o := range all {
		in[keyOf(o)] = true
	}
	for begin := all; ; {
		asleep := h.sleeping(ctx, func(o provider.Object) bool { return wanted(o) || in[keyOf(o)] }, nil)
		// What is frozen goes on in the namespaces that it has.
		asleep = slices.DeleteFunc(asleep, func(o provider.Object) bool { return o.Condition.State != provider.StateExited })
		begin = follow(slices.Concat(begin, asleep), in)
		if len(begin) == 0 {
			return all
		}
		all = append(all, begin...)
	}
}

// followers returns what finds the objects that run and follow the given ones, or follow
// one another, and are not known yet, and makes them known: they have namespaces of one
// of those, or are inside it.
func (h *halting) followers() func(given []provider.Object, known map[key]bool) []provider.Object {
	sharers, inside := map[key][]provider.Object{}, map[provider.Place][]provider.Object{}
	for _, o := range h.objects {
		if !lasts(o) || o.Condition.State != provider.StateRunning {
			continue
		}
		inside[o.Place] = append(inside[o.Place], o)
		for _, id := range o.LivesIn {
			owner := key{o.Place, id}
			sharers[owner] = append(sharers[owner], o)
		}
	}
	return func(given []provider.Object, known map[key]bool) []provider.Object {
		all := slices.Clone(given)
		for i := 0; i < len(all); i++ { // all grows
			next := sharers[keyOf(all[i])]
			if s := h.observed.Inside[all[i].Owner.Address]; all[i].Kind == provider.Daemon && s.Readable {
				next = slices.Concat(next, inside[s.Place])
			}
			for _, o := range next {
				if !known[keyOf(o)] {
					known[keyOf(o)] = true
					all = append(all, o)
				}
			}
		}
		return all[len(given):]
	}
}

// livesIn tells whether an object has namespaces of another one.
func livesIn(o, owner provider.Object) bool {
	return o.Place == owner.Place && slices.Contains(o.LivesIn, owner.ID)
}

// needs tells whether a needs b: by its record, because it is inside it, or has its namespaces.
func (h *halting) needs(a, b provider.Object) bool {
	return slices.Contains(a.Owner.Deps, b.Owner.Address) || livesIn(a, b) || b.Kind == provider.Daemon && h.inAny(a, map[string]bool{b.Owner.Address: true})
}

// over tells whether the run was asked to end.
func (h *halting) over(ctx context.Context) bool { return (order{stop: h.req.Stop}).halted(ctx) }

// endingJobs warns of jobs that run inside what is stopped.
func (h *halting) endingJobs(stopped []provider.Object) diag.List {
	daemons := map[string]bool{}
	for _, o := range stopped {
		daemons[o.Owner.Address] = true
	}
	var out diag.List
	for _, o := range h.objects {
		if o.Kind == provider.Job && o.Condition.State == provider.StateRunning && h.inAny(o, daemons) {
			out = append(out, diag.Problem{
				Severity: diag.Warning, Summary: "A job ends with its daemon", Address: o.Owner.Address,
				Detail: fmt.Sprintf("%s runs inside a daemon that is stopped. The next apply runs it again.", o.Owner.Address),
			})
		}
	}
	return out
}

// halt stops objects, those that need others first.
func (h *halting) halt(ctx context.Context, chosen []provider.Object) diag.List {
	chosen = slices.DeleteFunc(slices.Clone(chosen), func(o provider.Object) bool {
		c := o.Condition
		return c.State == provider.StateCreated || c.State == provider.StateExited && c.Requested
	})
	h.carryOut(ctx, tasksOf(chosen, plan.Stop, func() bool { return h.over(ctx) }, h.needs), func(ctx context.Context, o provider.Object, sink provider.Sink) error {
		_, err := h.halter.Halt(ctx, provider.HaltRequest{Place: o.Place, ID: o.ID, Project: h.req.Project}, sink)
		return err
	})
	return h.problems
}

// again stops objects, and starts them, with what else is wanted. What could not be
// stopped is told, and goes on as it was; it keeps nothing else down. What was stopped
// and does not run again is named, and never passes for success.
func (h *halting) again(ctx context.Context, stop []provider.Object, wanted func(provider.Object) bool) diag.List {
	stopped := map[string]bool{} // by id alone: a daemon that runs again may give another place
	for _, o := range stop {
		stopped[o.ID] = true
	}
	around := map[string][]string{} // which daemons, while they can be seen
	for _, o := range stop {
		around[o.ID] = h.around(o)
	}
	if len(stop) > 0 {
		h.halt(ctx, stop)
		h.blind = true
	}
	var problems diag.List
	if len(stop) > 0 && !h.over(ctx) {
		problems = h.observe(ctx)
	}
	if problems.HasErrors() {
		problems = append(h.problems, problems...)
	} else {
		problems = h.wake(ctx, func(o provider.Object) bool { return wanted(o) || stopped[o.ID] })
	}
	left := h.leaveBehind(ctx, stop, around)
	if len(left) == 0 || problems.HasErrors() {
		return problems
	}
	return append(problems, diag.Errorf("Something stays stopped",
		"It was stopped, and does not run again: %s. Look with `dindctl ls`, and start it with `dindctl start`; what is not there any more is made by `dindctl apply`.",
		strings.Join(left, ", "))...)
}

// leaveBehind tells of what was stopped, and came to no start: it is inside a daemon that
// does not run again, or was not seen any more. Their addresses are returned. What runs
// was started all the same, by the engine that it is in.
func (h *halting) leaveBehind(ctx context.Context, stop []provider.Object, around map[string][]string) (left []string) {
	states := map[string]provider.State{}
	for _, o := range h.objects {
		if !h.blind {
			states[o.ID] = o.Condition.State
		}
	}
	for _, o := range stop {
		if !h.down[o.ID] || h.up[o.ID] || h.undone[o.ID] || h.told[o.ID] {
			continue
		}
		event := Event{Kind: Dropped, Step: h.numbered(plan.Step{
			Action: plan.Start, Address: o.Owner.Address, Kind: o.Kind, Name: o.Name, Object: o.ID,
		})}
		if states[o.ID] == provider.StateRunning {
			h.result.Started = append(h.result.Started, o.Owner.Address)
		} else {
			event.Kind, event.Text = Skipped, h.whyLeft(ctx, o, stop, around[o.ID], states[o.ID])
			left = append(left, o.Owner.Address)
		}
		h.sink(event)
	}
	return left
}

// whyLeft is a clause about an object that was stopped, was inside those daemons, and
// was not started. Its state is empty where it was not seen again.
func (h *halting) whyLeft(ctx context.Context, o provider.Object, stop []provider.Object, daemons []string, state provider.State) string {
	for _, other := range slices.Backward(stop) {
		if h.undone[other.ID] && (slices.Contains(daemons, other.Owner.Address) || h.needs(o, other)) {
			return other.Owner.Address + " failed"
		}
	}
	switch {
	case h.over(ctx):
		return "the run was interrupted"
	case state == provider.StateNone || state == provider.StateExited:
		return "it was not seen again"
	}
	return "it is " + string(state)
}

// numbered gives a step the next number.
func (h *halting) numbered(step plan.Step) plan.Step {
	h.steps++
	step.ID = h.steps
	return step
}

// wakeRounds bounds how often wake looks again. Each round leads one daemon deeper at
// least, and nobody nests so many; a daemon that always shows something else that is
// stopped would go on for ever.
const wakeRounds = 20

// wake starts what is wanted, and what that needs, as far as it can be seen; then
// it looks into the daemons that were started, and goes on there. What fails keeps down
// what needs it, and nothing else.
func (h *halting) wake(ctx context.Context, wanted func(provider.Object) bool) diag.List {
	tried := map[string]bool{}
	for round := 1; ; round++ {
		sleeping := h.sleeping(ctx, wanted, tried)
		if h.over(ctx) && !h.problems.HasErrors() {
			return append(h.problems, haltInterrupted()...)
		}
		if len(sleeping) == 0 {
			return h.problems
		}
		if round > wakeRounds {
			return append(h.problems, diag.Problem{
				Severity: diag.Error, Code: "engine-answer", Summary: "The engine's answer makes no sense",
				Detail: fmt.Sprintf("%d times something was started inside the daemons that had just been started, and there is still more that is stopped. "+
					"What was started runs. Look at it with `dindctl ls`, and start what is meant by its address.", wakeRounds),
			})
		}
		for _, o := range sleeping {
			tried[o.ID] = true
		}
		first := func(a, b provider.Object) bool { return h.needs(b, a) }
		tasks := tasksOf(sleeping, plan.Start, func() bool { return h.over(ctx) }, first)
		h.breakOff(tasks)
		h.carryOut(ctx, tasks, func(ctx context.Context, o provider.Object, sink provider.Sink) error {
			_, err := h.halter.Wake(ctx, provider.WakeRequest{Place: o.Place, ID: o.ID, Project: h.req.Project}, sink)
			return err
		})
		if !slices.ContainsFunc(sleeping, func(o provider.Object) bool { return o.Kind == provider.Daemon && h.up[o.ID] }) {
			return h.problems // nothing more can be seen
		}
		if problems := h.observe(ctx); problems.HasErrors() {
			return append(h.problems, problems...)
		}
	}
}

// sleeping are the objects that are wanted, or needed by those, and do not run.
func (h *halting) sleeping(ctx context.Context, wanted func(provider.Object) bool, tried map[string]bool) []provider.Object {
	needed := map[string]bool{}
	for again := true; again && !h.over(ctx); {
		again = false
		for _, o := range h.objects {
			if h.over(ctx) {
				break
			}
			if needed[o.ID] || !lasts(o) {
				continue
			}
			if wanted(o) || slices.ContainsFunc(h.objects, func(other provider.Object) bool { return needed[other.ID] && h.needs(other, o) }) {
				needed[o.ID], again = true, true
			}
		}
	}
	return slices.DeleteFunc(slices.Clone(h.objects), func(o provider.Object) bool {
		state := o.Condition.State
		return !needed[o.ID] || tried[o.ID] || state != provider.StateExited && state != provider.StatePaused
	})
}

// breakOff marks the tasks that need something which an earlier round did not start.
func (h *halting) breakOff(tasks []*task) {
	for _, o := range h.objects {
		if !h.undone[o.ID] {
			continue
		}
		for _, t := range tasks {
			if t.object.ID != o.ID && h.needs(t.object, o) {
				t.broken = o.Owner.Address
			}
		}
	}
}

func (h *halting) observe(ctx context.Context) diag.List {
	observed, problems := h.req.Look(ctx)
	if !problems.HasErrors() {
		h.take(observed)
		h.blind = false
	}
	return problems
}

// carryOut does one thing with each task and tells of it.
func (h *halting) carryOut(ctx context.Context, tasks []*task, do func(context.Context, provider.Object, provider.Sink) error) {
	for _, t := range tasks {
		t.step = h.numbered(t.step)
	}
	o := order{
		parallelism: h.req.Parallelism, stop: h.req.Stop,
		run: func(ctx context.Context, t *task) error {
			began := h.req.Now()
			if !hadEnded(t) {
				h.sink(Event{Kind: Started, Step: t.step})
			}
			tell, _ := forStep(h.sink, t.step, asItIs) // what is started here writes nothing that is followed
			err := do(ctx, t.object, tell)
			h.note(t, err, h.req.Now().Sub(began))
			return err
		},
		skip: func(t *task) {
			h.mu.Lock()
			h.undone[t.object.ID] = h.undone[t.object.ID] || t.step.Action == plan.Start
			h.mu.Unlock()
			h.sink(Event{Kind: Skipped, Step: t.step, Text: t.broken + " failed"})
		},
	}
	left := o.do(ctx, tasks)
	for _, t := range left {
		h.told[t.object.ID] = h.told[t.object.ID] || t.step.Action == plan.Start
		h.sink(Event{Kind: Skipped, Step: t.step, Text: "the run was interrupted"})
	}
	if len(left) > 0 && !h.problems.HasErrors() {
		h.problems = append(h.problems, haltInterrupted()...)
	}
}

func haltInterrupted() diag.List {
	return diag.Interrupted("What was begun is finished, and the rest was not begun. Run the command again to go on from here.")
}

// hadEnded tells whether a task only records that what ended is to stay so.
func hadEnded(t *task) bool {
	return t.step.Action == plan.Stop && t.object.Condition.State == provider.StateExited
}

// note takes in how a task ended.
func (h *halting) note(t *task, err error, took time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	address := t.object.Owner.Address
	if err != nil {
		problems := problemsOf(err, sentenceOf(&node{step: t.step}), address)
		if t.step.Action == plan.Start {
			h.undone[t.object.ID] = true
			if t.object.Kind == provider.Daemon { // what is inside cannot be seen, to be named one by one
				problems[0].Detail += "\nWhat is inside it was not started."
			}
		}
		h.problems = append(h.problems, problems...)
		h.sink(Event{Kind: Failed, Step: t.step, Took: took, Problems: problems})
		return
	}
	switch {
	case hadEnded(t):
		h.result.Ended = append(h.result.Ended, address)
		h.sink(Event{Kind: Dropped, Step: t.step, Took: took})
		return
	case t.step.Action == plan.Stop:
		h.down[t.object.ID] = true
		h.result.Stopped = append(h.result.Stopped, address)
	default:
		h.up[t.object.ID] = true
		h.result.Started = append(h.result.Started, address)
	}
	h.sink(Event{Kind: Finished, Step: t.step, Took: took})
}
