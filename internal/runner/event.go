package runner

import (
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/lines"
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

// written is a piece of what a job wrote, as Data, with its secrets: the lines in it are told as Progress.
// It goes to [ApplyRequest.Output] instead of the sink.
const written EventKind = "written"

// Event is one thing that happened while a plan was carried out.
type Event struct {
	Kind EventKind
	Step plan.Step
	// Address is the step's, or that of the object that the provider speaks of:
	// the controller whose path is proved before a job.
	Address string
	Phase   provider.Phase
	Text    string
	// Stream is "stdout" or "stderr" for a line of output, which is Text, and for a piece
	// of it, which is Data.
	Stream      string
	Data        []byte
	Done, Total int64 // bytes; Total is 0 where it is not known
	At          time.Time
	Took        time.Duration
	Problems    diag.List
}

// Sink takes events one at a time, never two at once; those of one step in
// their order. It must not block for long: steps wait for it.
type Sink func(Event)

// told is where the events of a run go.
func (r ApplyRequest) told(e Event) {
	to := r.Sink
	if e.Kind == written {
		to = r.Output
	}
	if to != nil {
		to(e)
	}
}

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

// hide takes secrets out of a text: at first all that the request knows of, then what the
// plan alone does. The other way round, what is hidden of one secret would leave the rest of
// another one that it begins, or overlaps.
func (r *run) hide(text string) string {
	if r.req.Hide != nil {
		text = r.req.Hide(text)
	}
	return r.req.Plan.Secrets.Text(text)
}

// asItIs hides nothing.
func asItIs(text string) string { return text }

// forStep is a provider's sink for one step. What a job writes comes in pieces, which
// are handed on as they are, secrets and all, and as lines: flush hands on the one that has
// no end, and ends the step, of which nothing is told any longer. Hide takes the secrets out
// of texts.
func forStep(sink Sink, step plan.Step, hide func(string) string) (to provider.Sink, flush func()) {
	var mu sync.Mutex // a call that was given up may still speak
	over := false
	cut := map[string]*lines.Splitter{}
	line := func(e Event) *lines.Splitter {
		of := e.Address + "\x00" + e.Stream
		if cut[of] == nil {
			e.Data = nil
			cut[of] = lines.New(func(text string, _ bool) error {
				e.Text = hide(text)
				sink(e)
				return nil
			})
		}
		return cut[of]
	}
	to = func(e provider.Event) {
		mu.Lock()
		defer mu.Unlock()
		if over {
			return
		}
		told := Event{
			Kind: Progress, Step: step, Address: e.Address, Phase: e.Phase, Text: hide(e.Text),
			Stream: e.Stream, Data: e.Data, Done: e.Done, Total: e.Total,
		}
		if e.Phase != provider.PhaseOutput {
			sink(told)
			return
		}
		if told.Kind = written; len(e.Data) > 0 {
			sink(told)
		}
		told.Kind = Progress
		_, _ = line(told).Write(e.Data) // no line is refused
	}
	return to, func() {
		mu.Lock()
		defer mu.Unlock()
		over = true
		for _, of := range slices.Sorted(maps.Keys(cut)) {
			_ = cut[of].Flush()
		}
	}
}
