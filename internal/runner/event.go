package runner

import (
	"sync"
	"time"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/provider"
)

// EventKind says what happened to a step.
type EventKind string

// What happens to steps. Of every step of the plan, and of every Added one,
// exactly one of Finished, Failed, Skipped and Dropped is told, as its last event.
const (
	Started  EventKind = "started"  // its call begins
	Progress EventKind = "progress" // Phase, Text, Stream, Done and Total say what the provider does
	Finished EventKind = "finished" // it succeeded, after Took
	Failed   EventKind = "failed"   // it did not, after Took; Problems say why
	Skipped  EventKind = "skipped"  // it was never begun; Text says why, as a clause
	Dropped  EventKind = "dropped"  // looked at again, it is not needed; or an Added step takes its place
	Added    EventKind = "added"    // planned only now, inside a daemon that could not be looked into before
)

// Event is one thing that happened while a plan was carried out.
type Event struct {
	Kind EventKind
	Step plan.Step
	// Address is the step's, or that of the object that the provider speaks of:
	// the controller whose path is proved before a job.
	Address string
	Phase   provider.Phase
	Text    string
	// Stream is "stdout" or "stderr" for a line of output.
	Stream      string
	Done, Total int64 // bytes; Total is 0 where it is not known
	At          time.Time
	Took        time.Duration
	Problems    diag.List
}

// Sink takes events one at a time, never two at once; those of one step in
// their order. It must not block for long: steps wait for it.
type Sink func(Event)

// serial makes a sink safe for all steps at once and puts the time on events.
func serial(sink Sink, now func() time.Time) Sink {
	if sink == nil {
		return func(Event) {}
	}
	var mu sync.Mutex
	return func(e Event) {
		mu.Lock()
		defer mu.Unlock()
		if e.Address == "" {
			e.Address = e.Step.Address
		}
		e.At = now()
		sink(e)
	}
}

// forStep is a provider's sink for one step; what it tells shows none of the secrets.
func forStep(sink Sink, step plan.Step, secrets provider.Secrets) provider.Sink {
	return func(e provider.Event) {
		sink(Event{
			Kind: Progress, Step: step, Address: e.Address, Phase: e.Phase, Text: secrets.Text(e.Text),
			Stream: e.Stream, Done: e.Done, Total: e.Total,
		})
	}
}
