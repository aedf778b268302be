package runner

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"slices"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/provider"
)

// DefaultParallelism is how many steps run at once where nothing else is said.
const DefaultParallelism = 10

// Evaluator is an evaluated configuration as Apply needs it; [*config.Expanded] is one.
type Evaluator interface {
	// Declaration evaluates one object again with what is known by now.
	Declaration(address string, known config.Known) (provider.Declaration, diag.List)
	// Instance finds an object of the configuration.
	Instance(address string) (config.Instance, bool)
	// EvalOutputs evaluates the outputs with what is known by now.
	EvalOutputs(known config.Known) ([]config.OutputValue, diag.List)
	// Sensitive are the values that the configuration keeps secret, with their marks.
	Sensitive() []cty.Value
}

var _ Evaluator = (*config.Expanded)(nil)

// ApplyRequest is a plan and what it takes to carry it out.
type ApplyRequest struct {
	Plan     *plan.Plan
	Provider provider.Provider
	// Observed is what the plan was made from.
	Observed plan.Observed
	// Expanded is the configuration; nil for a destroy without one.
	Expanded Evaluator
	// Observe is how Observed was asked for: the insides of daemons that become
	// ready are looked at in the same way.
	Observe ObserveRequest
	Differ  plan.Differ
	// Refine plans what is inside a daemon again, once it could be looked into. It
	// may be nil for a plan without tentative steps.
	Refine func(observed plan.Observed, daemon string) (plan.Refinement, diag.List)
	// Parallelism is how many steps run at once; DefaultParallelism if not above 0.
	Parallelism int
	// Sink takes events; it may be nil.
	Sink Sink
	// Hide takes out of a text what the host of the run keeps secret, before the secrets
	// of the plan are: whoever knows all secrets has to be the first who looks. It may be nil.
	Hide func(string) string
	// Output takes what jobs write, byte for byte and with the secrets in it: each event's
	// Data is a piece of what its Address wrote to its Stream. Sink gets the same in lines,
	// without secrets. It is called as Sink is, and may be nil.
	Output Sink
	// Nonce makes the mark of one step, by which a repeated call is known; random if nil.
	Nonce func() string
	// Stop ends the run gracefully, by a value or by being closed: what runs may
	// finish, jobs get their stop signal, nothing new is begun. It may be nil. The
	// end of the context ends calls that run, too.
	Stop <-chan struct{}
	// Now is the clock of events; time.Now if nil.
	Now func() time.Time
}

// Result is what became of a plan. Every step that was planned, and was not
// dropped when its daemon could be looked into, is in exactly one of Done,
// Failed and Skipped.
type Result struct {
	Done    []plan.Step
	Failed  []Failure
	Skipped []Skip
	// Dropped are the steps that were not needed after all.
	Dropped []plan.Step
	// Left are objects that exist although the step that made them failed.
	Left []Left
	// Known is what is known of every object at the end.
	Known config.Known
	// Outputs are evaluated with it; unknown where a step that they need did not succeed.
	Outputs []config.OutputValue
	// Interrupted says that the run was asked to end before it was through.
	Interrupted bool
}

// Failure is a step that did not succeed.
type Failure struct {
	Step     plan.Step
	Problems diag.List
}

// Skip is a step that was not begun.
type Skip struct {
	Step plan.Step
	// Because is a clause: "daemon.dind failed".
	Because string
}

// Left is an object whose step failed after the engine had it.
type Left struct {
	Address, ID string
	Place       provider.Place
}

// Apply carries out a plan. Steps run in parallel along their needs; one whose
// need did not succeed is skipped. The diagnostics are those of all steps that
// failed, in the order of the plan, and the Result is complete beside them.
func Apply(ctx context.Context, req ApplyRequest) (Result, diag.List) {
	if req.Parallelism <= 0 {
		req.Parallelism = DefaultParallelism
	}
	if req.Nonce == nil {
		req.Nonce = randomNonce
	}
	if req.Now == nil {
		req.Now = time.Now
	}
	r := newRun(ctx, req)
	if problems := r.build(); problems.HasErrors() {
		return Result{Known: r.known}, problems
	}
	r.loop()
	return r.result()
}

func randomNonce() string {
	var bytes [16]byte
	_, _ = rand.Read(bytes[:]) // never fails, by contract
	return hex.EncodeToString(bytes[:])
}

// result closes the run.
func (r *run) result() (Result, diag.List) {
	out := Result{
		Known: r.known, Left: r.left,
		Interrupted: (r.stopping || r.ctx.Err() != nil) && r.unfinished(),
	}
	var problems diag.List
	for _, n := range r.nodes {
		if n.gate != "" {
			problems = append(problems, n.problems...)
			continue
		}
		switch n.state {
		case succeeded:
			out.Done = append(out.Done, n.step)
		case failed:
			out.Failed = append(out.Failed, Failure{Step: n.step, Problems: n.problems})
			problems = append(problems, n.problems...)
		case skipped:
			out.Skipped = append(out.Skipped, Skip{Step: n.step, Because: n.because})
		case dropped, waiting, running:
			out.Dropped = append(out.Dropped, n.step)
		}
	}
	if r.req.Expanded != nil {
		outputs, list := r.req.Expanded.EvalOutputs(r.known)
		out.Outputs = outputs
		problems = append(problems, list...)
	}
	problems = append(problems, r.stopped...)
	if out.Interrupted && !problems.HasErrors() {
		problems = append(problems, diag.Problem{
			Severity: diag.Error, Code: string(provider.Interrupted), Summary: "The run was interrupted",
			Detail: "What was begun is finished, and the rest was not begun. Run the command again to go on from here.",
		})
	}
	return out, distinct(problems)
}

// distinct leaves out what was told before: a controller's path that does not
// work fails every job of it.
func distinct(list diag.List) diag.List {
	type key struct{ address, summary, detail string }
	seen := map[key]bool{}
	return slices.DeleteFunc(list, func(p diag.Problem) bool {
		k := key{p.Address, p.Summary, p.Detail}
		again := seen[k]
		seen[k] = true
		return again
	})
}

// unfinished tells whether something of the plan was not done.
func (r *run) unfinished() bool {
	for _, n := range r.nodes {
		if n.state == failed || n.state == skipped {
			return true
		}
	}
	return false
}
