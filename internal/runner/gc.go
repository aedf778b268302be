package runner

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// Leftover is one thing that dindctl made and that nothing uses any more: something
// stored, or the lock of a dead run.
type Leftover struct {
	provider.Stored
	Place provider.Place
	// Inside is the daemon that it is inside of, with its project; empty for the root.
	Inside string
	// Lock is the holder's, where it is a lock; else nil.
	Lock *provider.Holder
	// Why is a clause: "daemon.dind is gone".
	Why string
}

// GatherRequest asks for what is left over on an engine, of all projects.
type GatherRequest struct {
	Provider provider.Provider
	// Dead says, in a sentence, why a lock's holder is known to be dead; empty where
	// it is not. See [DeadHolder].
	Dead func(project string, holder provider.Holder) string
}

// Gather looks at the root engine and into every daemon of dindctl's that runs, at
// every depth, and changes nothing. Leftovers come by place, project and name.
func Gather(ctx context.Context, req GatherRequest) ([]Leftover, diag.List) {
	stocker, able := power[provider.Stocker](ctx, req.Provider, provider.PowerStock)
	if !able {
		return nil, diag.Errorf("Disk use cannot be listed here", "The provider cannot tell what is stored.")
	}
	g := &gathering{req: req, stocker: stocker}
	err := g.place(ctx, provider.Root, "")
	slices.SortStableFunc(g.found, func(a, b Leftover) int {
		return strings.Compare(a.Inside+"\x00"+a.Owner.Project+"\x00"+a.Name, b.Inside+"\x00"+b.Owner.Project+"\x00"+b.Name)
	})
	return g.found, problemsOf(err, "The engine could not be looked at", "")
}

type gathering struct {
	req     GatherRequest
	stocker provider.Stocker
	found   []Leftover
}

func (g *gathering) place(ctx context.Context, place provider.Place, inside string) error {
	var objects []provider.Object
	if _, err := g.req.Provider.Observe(ctx, provider.ObserveRequest{Place: place}, func(o provider.Object) error {
		objects = append(objects, o)
		return nil
	}); err != nil {
		return err
	}
	stock, err := g.stocker.Stock(ctx, place)
	if err != nil {
		return err
	}
	for _, stored := range stock.Stored {
		if why := leftBecause(stored, objects); why != "" {
			g.found = append(g.found, Leftover{Stored: stored, Place: place, Inside: inside, Why: why})
		}
	}
	for _, lock := range stock.Locks {
		if why := g.req.Dead(lock.Project, lock.Holder); why != "" {
			g.found = append(g.found, Leftover{
				Stored: provider.Stored{Name: "lock of " + lock.Project, Created: lock.Holder.Since, Owner: provider.Ownership{Project: lock.Project}},
				Lock:   &lock.Holder, Why: Describe(lock.Holder) + ": " + strings.TrimSuffix(strings.ToLower(why[:1])+why[1:], "."),
			})
		}
	}
	for _, o := range objects {
		if o.Kind != provider.Daemon || o.Condition.State != provider.StateRunning {
			continue
		}
		opened, err := g.req.Provider.Open(ctx, provider.OpenRequest{Parent: place, ID: o.ID})
		if err != nil || !opened.Readable {
			continue // what cannot be looked into stays
		}
		if err := g.place(ctx, opened.Place, o.Name); err != nil && ctx.Err() != nil {
			return err
		}
	}
	return nil
}

// leftBecause says in a clause why nothing uses something any more; empty where
// something does, or may.
func leftBecause(stored provider.Stored, objects []provider.Object) string {
	if stored.Record {
		return "a note on " + stored.Owner.Address + ", which is gone"
	}
	if len(stored.Users) > 0 {
		return ""
	}
	runs := func(match func(provider.Object) bool) bool {
		return slices.ContainsFunc(objects, func(o provider.Object) bool {
			return o.Kind.Runs() && o.Owner.Project == stored.Owner.Project && match(o)
		})
	}
	owner, of, _ := cutLast(stored.Owner.Address)
	gone := !runs(func(o provider.Object) bool { return o.Owner.Address == owner })
	switch {
	case stored.Kind == provider.Image && stored.Name == "":
		return "no name leads to it"
	case stored.Kind == provider.Volume && (of == "data" || of == "certs") && strings.Contains("."+owner, ".daemon.") && gone:
		return owner + " is gone"
	case !runs(func(provider.Object) bool { return true }):
		return fmt.Sprintf("project %s has nothing here that runs", stored.Owner.Project)
	}
	return ""
}

func cutLast(address string) (before, after string, found bool) {
	i := strings.LastIndexByte(address, '.')
	if i < 0 {
		return address, "", false
	}
	return address[:i], address[i+1:], true
}

// Discard removes leftovers. What is used meanwhile stays, and is a problem.
func Discard(ctx context.Context, p provider.Provider, leftovers []Leftover, removed func(Leftover)) diag.List {
	stocker, able := power[provider.Stocker](ctx, p, provider.PowerStock)
	if !able {
		return diag.Errorf("Disk use cannot be listed here", "The provider cannot tell what is stored.")
	}
	locker, _ := power[provider.Locker](ctx, p, provider.PowerLock)
	var problems diag.List
	for _, l := range leftovers {
		var err error
		switch {
		case ctx.Err() != nil:
			return append(problems, problemsOf(context.Cause(ctx), "The run was interrupted", "")...)
		case l.Lock != nil && locker != nil:
			err = locker.Unlock(ctx, l.Owner.Project, l.Lock.Nonce)
		default:
			err = stocker.Sweep(ctx, l.Place, l.Stored, nil)
		}
		if err != nil {
			problems = append(problems, problemsOf(err, "An object could not be removed", l.Owner.Address)...)
			continue
		}
		removed(l)
	}
	return problems
}

// DeadHolder says, in a sentence, why a holder of the engine's lock is known to be
// dead; empty where it may live. It holds this machine's lock for a moment.
func DeadHolder(ctx context.Context, req LockRequest, present provider.Holder) string {
	req.Locker, req.Hold, req.Timeout = nil, nil, 0
	req.Holder = holderOf(req)
	req.Holder.Boot = bootOf(req.Dir)
	held, problems := Lock(ctx, req)
	if problems.HasErrors() {
		return ""
	}
	defer held.Release()
	return deadBecause(req, present)
}
