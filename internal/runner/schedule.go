package runner

import (
	"container/heap"
	"context"
	"fmt"
	"slices"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/provider"
)

// run is one execution of a plan. Everything in it belongs to the goroutine that
// called Apply; workers get values and report an [outcome].
type run struct {
	ctx  context.Context // the run lives as long as the call that it belongs to
	req  ApplyRequest
	sink Sink

	nodes    []*node
	byStep   map[int]*node // by the step's id
	lastID   int
	ready    readyHeap
	outcomes chan outcome
	active   int
	stop     <-chan struct{} // nil once it was heard
	stopping bool

	known    config.Known
	observed plan.Observed
	objects  map[string]located
	places   map[string]provider.Place // of daemons that were looked into, by address
	prober   provider.Prober           // nil where the provider has none
	preparer provider.Preparer         // likewise
	proofs   map[string]func() error   // by the controller's address
	same     map[string]bool           // images that were to be made anew and are what they were, by address
	held     map[string]bool           // what hinges on images: whether it stays as it stands, by address
	left     []Left
	stopped  diag.List // errors about addresses inside daemons that stop those alone
}

func newRun(ctx context.Context, req ApplyRequest) *run {
	r := &run{
		ctx: ctx, req: req, sink: serial(req.told, req.Now), stop: req.Stop,
		byStep: map[int]*node{}, outcomes: make(chan outcome),
		known: config.Known{}, objects: map[string]located{}, places: map[string]provider.Place{},
		proofs: map[string]func() error{}, same: map[string]bool{}, held: map[string]bool{},
	}
	r.prober, _ = power[provider.Prober](ctx, req.Provider, provider.PowerProbe)
	r.preparer, _ = power[provider.Preparer](ctx, req.Provider, provider.PowerPrepare)
	return r
}

// build makes the nodes of the plan.
func (r *run) build() diag.List {
	r.observed = plan.Observed{Root: own(r.req.Observed.Root), Inside: map[string]plan.Snapshot{}, Sites: r.req.Observed.Sites}
	for address, snapshot := range r.req.Observed.Inside {
		r.observed.Inside[address] = own(snapshot)
	}
	r.learn()
	for _, step := range r.req.Plan.Steps {
		r.add(step)
	}
	for _, n := range slices.Clone(r.nodes) {
		for _, id := range n.step.Needs {
			need, found := r.byStep[id]
			if !found {
				return diag.Errorf("The plan cannot be carried out", "Step %d (%s) needs step %d, which is not in the plan.", n.step.ID, n.step.Address, id)
			}
			link(need, n)
		}
	}
	r.addGates()
	if cyclic := r.cyclic(); cyclic != nil {
		return diag.Errorf("The plan cannot be carried out", "Its steps wait for each other in a circle; one of them is %s.", cyclic)
	}
	for _, n := range r.nodes {
		r.offer(n)
	}
	return nil
}

// add appends a node for a step.
func (r *run) add(step plan.Step) *node {
	n := &node{index: len(r.nodes), step: step}
	r.nodes = append(r.nodes, n)
	r.byStep[step.ID] = n
	r.lastID = max(r.lastID, step.ID)
	return n
}

// offer puts a node among those that can begin, if it can.
func (r *run) offer(n *node) {
	if n.state == waiting && n.missing == 0 {
		heap.Push(&r.ready, n)
	}
}

// loop runs until nothing runs and nothing can begin.
func (r *run) loop() {
	for {
		r.begin()
		if r.active == 0 {
			break
		}
		select {
		case o := <-r.outcomes:
			r.active--
			r.finish(o)
		case <-r.stop:
			r.halt()
		}
	}
	for _, n := range r.nodes {
		if n.state == waiting {
			r.skip(n, "the run was interrupted")
		}
	}
}

// halted tells whether nothing new may begin.
func (r *run) halted() bool {
	select {
	case <-r.stop:
		r.halt()
	default:
	}
	return r.stopping || r.ctx.Err() != nil
}

// halt begins the end. The provider's answer is not waited for: what it ends is
// reported by the calls that it ends.
func (r *run) halt() {
	r.stopping, r.stop = true, nil
	go func() { _ = r.req.Provider.Stop(context.WithoutCancel(r.ctx)) }()
}

// begin starts what can begin, in the order of the plan.
func (r *run) begin() {
	for r.active < r.req.Parallelism && r.ready.Len() > 0 && !r.halted() {
		n, _ := heap.Pop(&r.ready).(*node)
		if n.state != waiting {
			continue // dropped or skipped meanwhile
		}
		if r.holds(n.step) && !r.waitInstead(n) {
			r.keep(n)
			continue
		}
		n.state, n.began = running, r.req.Now()
		work := r.work(n)
		r.active++
		go func() {
			o := work()
			o.node = n
			r.outcomes <- o
		}()
	}
}

// work prepares what a node does: everything that reads the run's state happens
// now, the returned function runs beside others.
func (r *run) work(n *node) func() outcome {
	if n.gate != "" {
		return r.open(n.gate)
	}
	r.sink(Event{Kind: Started, Step: n.step})
	call, problems := r.prepare(n.step)
	if problems.HasErrors() {
		return func() outcome { return outcome{problems: problems} }
	}
	return call // warnings were told with the plan
}

// finish takes in what a worker reports.
func (r *run) finish(o outcome) {
	n := o.node
	if o.apply != nil {
		o.apply()
	}
	if o.err == nil && len(o.problems) == 0 && n.gate != "" {
		o.problems = r.refine(n.gate)
		n.because = "what is inside " + n.gate + " cannot be done as planned"
	}
	if o.err == nil && !o.problems.HasErrors() {
		r.settle(n, succeeded)
		return
	}
	if !o.problems.HasErrors() {
		o.problems = problemsOf(o.err, sentenceOf(n), n.String())
	}
	n.state = failed
	n.problems = placed(o.problems, o.err, r.instance)
	if o.secrets != nil {
		own := o.secrets()
		n.problems = hiding(n.problems, func(text string) string { return own.Text(r.hide(text)) })
	}
	if n.gate == "" {
		r.sink(Event{Kind: Failed, Step: n.step, Took: r.req.Now().Sub(n.began), Problems: n.problems})
	}
	r.skipDependents(n)
}

// settle ends a node well and lets go what waits for it.
func (r *run) settle(n *node, to state) {
	n.state = to
	if n.gate == "" {
		kind := Finished
		if to == dropped {
			kind = Dropped
		}
		e := Event{Kind: kind, Step: n.step, Text: n.because}
		if to == succeeded {
			e.Took = r.req.Now().Sub(n.began)
		}
		r.sink(e)
	}
	for _, d := range n.dependents {
		d.missing--
		r.offer(d)
	}
	n.dependents = nil
}

// skipDependents skips everything that needs a node which did not succeed.
func (r *run) skipDependents(n *node) {
	because := fmt.Sprintf("%s failed", n)
	if n.gate != "" {
		because = firstOf(n.because, n.gate+" could not be looked into")
	}
	if n.state == skipped {
		because = fmt.Sprintf("%s was skipped", n)
	}
	for _, d := range n.dependents {
		if d.state == waiting {
			r.skip(d, because)
		}
	}
}

func (r *run) skip(n *node, because string) {
	n.state, n.because = skipped, because
	if n.gate == "" {
		r.sink(Event{Kind: Skipped, Step: n.step, Text: because})
	}
	r.skipDependents(n)
}
