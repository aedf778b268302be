package runner

import (
	"time"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/provider"
)

// state is what became of a node.
type state int

const (
	waiting state = iota
	running
	succeeded
	failed
	skipped
	dropped // not needed after all; for those that need it as good as succeeded
)

// node is one thing to be done: a step of the plan, or a gate, which leads into
// a daemon once that is ready.
type node struct {
	index int
	step  plan.Step
	gate  string // address of the daemon; empty for a step

	state      state
	missing    int     // how many of what it needs have not succeeded yet
	dependents []*node // with one entry for each need
	instead    []*node // what took its place when it was dropped
	because    string
	problems   diag.List
	began      time.Time
}

func (n *node) String() string {
	if n.gate != "" {
		return n.gate
	}
	return n.step.Address
}

// outcome is what a worker reports.
type outcome struct {
	node *node
	// apply changes the run's state; it is called by the goroutine that owns it.
	apply func()
	err   error
	// problems are used instead of err where there are some.
	problems diag.List
	// secrets decides what of the step's object may be said, once it has failed; it is
	// called by the same goroutine, and may be nil.
	secrets func() provider.Secrets
}

// link makes n wait for need.
func link(need, n *node) {
	switch need.state {
	case succeeded, dropped:
	case waiting, running, failed, skipped:
		need.dependents = append(need.dependents, n)
		n.missing++
	}
}

// cyclic returns a node that can never be reached, or nil.
func (r *run) cyclic() *node {
	missing := make([]int, len(r.nodes))
	var queue []*node
	for i, n := range r.nodes {
		if missing[i] = n.missing; n.missing == 0 {
			queue = append(queue, n)
		}
	}
	for seen := 0; seen < len(queue); seen++ {
		for _, d := range queue[seen].dependents {
			if missing[d.index]--; missing[d.index] == 0 {
				queue = append(queue, d)
			}
		}
	}
	for i, n := range r.nodes {
		if missing[i] > 0 {
			return n
		}
	}
	return nil
}

// sentenceOf is the summary of a node's failure where the provider gives none.
func sentenceOf(n *node) string {
	if n.gate != "" {
		return "A daemon could not be looked into"
	}
	switch n.step.Action {
	case plan.Create, plan.Replace:
		return "An object could not be created"
	case plan.Update:
		return "An object could not be changed"
	case plan.Start:
		return "An object could not be started"
	case plan.Restart:
		return "An object could not be restarted"
	case plan.Run:
		return "A job could not be run"
	case plan.Delete:
		return "An object could not be removed"
	case plan.Stop:
		return "An object could not be stopped"
	case plan.None, plan.Wait:
	}
	return "A step did not succeed"
}

// readyHeap orders nodes that can begin by their place in the plan; gates come
// first, for much waits for them.
type readyHeap []*node

func (h readyHeap) Len() int { return len(h) }
func (h readyHeap) Less(i, j int) bool {
	if (h[i].gate != "") != (h[j].gate != "") {
		return h[i].gate != ""
	}
	return h[i].index < h[j].index
}
func (h readyHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }

// Push is for package heap.
func (h *readyHeap) Push(x any) {
	if n, ok := x.(*node); ok {
		*h = append(*h, n)
	}
}

// Pop is for package heap.
func (h *readyHeap) Pop() any {
	last := (*h)[len(*h)-1]
	*h = (*h)[:len(*h)-1]
	return last
}
