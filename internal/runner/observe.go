package runner

import (
	"context"
	"errors"
	"maps"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/provider"
)

// whyNoContainer is why a daemon cannot be looked into that has no container.
const whyNoContainer = "its container is not there, and its data may be"

// Observe looks at the root place, and inside every daemon of the project that
// exists, at every depth, in parallel. It changes nothing. A daemon that cannot
// be looked into is no problem: its snapshot is not Readable and says why. A
// daemon that is wanted and has neither container nor data is Absent.
func Observe(ctx context.Context, p provider.Provider, root provider.Facts, req ObserveRequest) (plan.Observed, diag.List) {
	o := &observer{p: p, req: req, inside: map[string]plan.Snapshot{}}
	group, inner := errgroup.WithContext(ctx)
	for _, engine := range req.Elsewhere {
		group.Go(func() error { return o.elsewhere(inner, engine) })
	}
	var snapshot plan.Snapshot
	group.Go(func() (err error) {
		snapshot, err = o.place(inner, provider.Root, root, "")
		return err
	})
	if err := group.Wait(); err != nil {
		problems := problemsOf(err, "The engine could not be looked at", "")
		for _, engine := range req.Elsewhere {
			if problems[0].Address == engine.Address {
				problems[0].Subject, problems[0].Context = engine.Range, engine.Range
			}
		}
		return plan.Observed{}, problems
	}
	observed := plan.Observed{Root: snapshot, Inside: o.inside}
	addAbsent(&observed, req.Daemons)
	return observed, nil
}

// observer gathers the snapshots of one observation.
type observer struct {
	p   provider.Provider
	req ObserveRequest

	mu     sync.Mutex
	inside map[string]plan.Snapshot
}

// place looks at one place and at everything below it. The returned snapshot is
// that of the place; those below are kept in o.inside.
func (o *observer) place(ctx context.Context, place provider.Place, facts provider.Facts, daemon string) (plan.Snapshot, error) {
	snapshot := plan.Snapshot{Place: place, Facts: facts, Readable: true}
	resp, err := o.p.Observe(ctx, provider.ObserveRequest{
		Place: place, Project: o.req.Project, Images: o.req.Images,
		Names: maps.Clone(o.req.Names[daemon]), Output: o.req.Output,
	}, func(object provider.Object) error {
		object.Place = place
		snapshot.Objects = append(snapshot.Objects, object)
		return nil
	})
	if err != nil {
		return plan.Snapshot{}, err
	}
	snapshot.Images, snapshot.Projects = resp.Images, resp.Projects
	snapshot.Move(o.req.Moves, o.req.Project)
	if o.req.Project == "" {
		return snapshot, nil
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, object := range snapshot.Objects {
		if object.Kind == provider.Daemon && object.Owner.Project == o.req.Project {
			group.Go(func() error { return o.into(ctx, object) })
		}
	}
	return snapshot, group.Wait()
}

// elsewhere looks at an engine with an endpoint. Nothing can be said of what is to
// be there without it, so that its silence is an error.
func (o *observer) elsewhere(ctx context.Context, engine config.Elsewhere) error {
	resp, err := o.p.Open(ctx, provider.OpenRequest{ID: engine.Address, Endpoint: engine.Endpoint, Certificates: engine.Certificates})
	if err != nil {
		var problem *provider.Problem
		if errors.As(err, &problem) {
			problem.Address = engine.Address
		}
		return err
	}
	snapshot, err := o.place(ctx, resp.Place, resp.Facts, engine.Address)
	if err == nil {
		o.keep(engine.Address, snapshot)
	}
	return err
}

// into looks inside a daemon. What goes wrong inside makes it unreadable; only
// the end of ctx is an error.
func (o *observer) into(ctx context.Context, daemon provider.Object) error {
	address := daemon.Owner.Address
	resp, err := o.p.Open(ctx, provider.OpenRequest{Parent: daemon.Place, ID: daemon.ID})
	if err == nil && resp.Readable {
		var snapshot plan.Snapshot
		if snapshot, err = o.place(ctx, resp.Place, resp.Facts, address); err == nil {
			o.keep(address, snapshot)
			return nil
		}
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		resp.Why = err.Error()
	}
	o.keep(address, plan.Snapshot{Why: resp.Why})
	return nil
}

// keep records a snapshot. Of two daemons with one address (the trace of a run
// that was killed while it replaced one) the readable one counts.
func (o *observer) keep(address string, snapshot plan.Snapshot) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if before, found := o.inside[address]; found && before.Readable {
		return
	}
	o.inside[address] = snapshot
}

// addAbsent adds the daemons that are wanted and not there. They come in
// topological order, so that the place that a daemon is inside comes first.
func addAbsent(observed *plan.Observed, daemons []WantedDaemon) {
	for _, d := range daemons {
		if _, found := observed.Inside[d.Address]; found {
			continue
		}
		parent := observed.Root
		if d.Inside != "" {
			parent = observed.Inside[d.Inside]
		}
		switch {
		case parent.Absent:
			observed.Inside[d.Address] = plan.Snapshot{Absent: true}
		case !parent.Readable:
			observed.Inside[d.Address] = plan.Snapshot{Why: "it is inside " + d.Inside + ", which cannot be looked into"}
		case d.Foreign || hasVolume(parent, d.Data):
			observed.Inside[d.Address] = plan.Snapshot{Why: whyNoContainer}
		default:
			observed.Inside[d.Address] = plan.Snapshot{Absent: true}
		}
	}
}

func hasVolume(snapshot plan.Snapshot, address string) bool {
	for _, object := range snapshot.Objects {
		if object.Kind == provider.Volume && object.Owner.Address == address {
			return true
		}
	}
	return false
}
