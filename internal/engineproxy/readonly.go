package engineproxy

import (
	"slices"
	"sync"
)

// ReadOnly is a [Hook] that refuses every call which could change something, and
// keeps the account.
type ReadOnly struct {
	mu      sync.Mutex
	calls   int
	inside  int
	tunnels int
	changes []string
}

// Before refuses what changes something.
func (r *ReadOnly) Before(c Call) Verdict {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls++
	if len(c.Inside) > 0 {
		r.inside++
	}
	if c.Tunnel {
		r.tunnels++
	}
	if c.ReadOnly() {
		return Pass
	}
	r.changes = append(r.changes, c.String())
	return Refuse
}

// Wants says no: what the engine answers is the client's.
func (r *ReadOnly) Wants(Call) bool { return false }

// After is never asked.
func (r *ReadOnly) After(Call, int) Verdict { return Pass }

// Changes are the calls that were refused, in their order.
func (r *ReadOnly) Changes() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.changes)
}

// Counts says how many calls there were, how many of them inside a tunnel, and how
// many opened one (two a tunnel).
func (r *ReadOnly) Counts() (calls, inside, tunnels int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.calls, r.inside, r.tunnels
}
