package runner

import (
	"errors"
	"sync"

	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/provider"
)

// proofFor returns the function that proves that the job's controller reaches
// its daemon, which is done once for each controller in a run; nil where there is
// nothing to prove or nobody who can. It belongs to the run's own goroutine; the
// returned function does not.
func (r *run) proofFor(job provider.Declaration, step plan.Step) func() error {
	address := refOf(job.Declared, "controller")
	at, found := r.objects[address]
	if r.prober == nil || !found {
		return nil
	}
	if proof, found := r.proofs[address]; found {
		return proof
	}
	declaration, problems := r.req.Expanded.Declaration(address, r.known)
	if problems.HasErrors() {
		return nil // the controller's own step has told it, or the plan
	}
	ctx, prober := r.ctx, r.prober
	tell, _ := forStep(r.sink, step, r.hide) // a proof writes nothing that has lines
	sink := func(e provider.Event) {
		e.Address = address
		tell(e)
	}
	proof := sync.OnceValue(func() error {
		sink(provider.Event{Phase: provider.PhaseProve, Text: "proving that it reaches its daemon"})
		resp, err := prober.Probe(ctx, provider.ProbeRequest{Place: at.place, ID: at.object.ID, Declaration: declaration}, sink)
		if err != nil {
			return about(address, err)
		}
		sink(provider.Event{Phase: provider.PhaseProve, Text: proofText(resp)})
		return nil
	})
	r.proofs[address] = proof
	return proof
}

// about gives a problem an address where it has none.
func about(address string, err error) error {
	var p *provider.Problem
	if !errors.As(err, &p) || p.Address != "" {
		return err
	}
	placed := *p
	placed.Address = address
	return &placed
}

func proofText(resp provider.ProbeResponse) string {
	if resp.Answer == "" {
		return resp.How
	}
	return resp.How + ": answered " + resp.Answer
}
