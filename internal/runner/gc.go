package runner

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/plan"
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
	// EngineID is the id of the root engine, which nothing inside it is.
	EngineID string
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
	err := g.place(ctx, provider.Root, nil)
	slices.SortStableFunc(g.found, func(a, b Leftover) int {
		return strings.Compare(a.Inside+"\x00"+a.Owner.Project+"\x00"+a.Name, b.Inside+"\x00"+b.Owner.Project+"\x00"+b.Name)
	})
	return g.found, problemsOf(err, "The engine could not be looked at", "")
}

type gathering struct {
	req     GatherRequest
	stocker provider.Stocker
	found   []Leftover
	opened  int // daemons that were looked into
}

// place looks at a place, and at everything below it. Around are the daemons that it
// is inside, outermost first, with the engines in them.
func (g *gathering) place(ctx context.Context, place provider.Place, around []enclosing) error {
	where, inside := provider.Whereabouts{Daemons: map[string]bool{}}, ""
	for _, e := range around {
		where.Place, inside, where.Daemons[e.address] = e.address, e.name, true
	}
	var objects []provider.Object
	seen, err := g.req.Provider.Observe(ctx, provider.ObserveRequest{Place: place, Where: where}, func(o provider.Object) error {
		objects = append(objects, o)
		return nil
	})
	if err == nil {
		err = mayUse(seen.Unread)
	}
	if err != nil {
		return err
	}
	stock, err := g.stocker.Stock(ctx, place)
	if err != nil {
		return err
	}
	g.keepLeft(stock, objects, where, place, inside)
	for _, o := range daemonsIn(objects, where) {
		if len(around) == Depth || g.opened == mostDaemons {
			break
		}
		if err := g.into(ctx, place, o, around); err != nil {
			return err
		}
	}
	return nil
}

// daemonsIn are the daemons that run in a place and count there, of all projects. A
// record that names another place may be a copy: what it leads to is found there.
func daemonsIn(objects []provider.Object, where provider.Whereabouts) []provider.Object {
	projects := map[string]bool{}
	for _, o := range objects {
		if o.Owner.Project != "" {
			projects[o.Owner.Project] = true
		}
	}
	var out []provider.Object
	for _, project := range slices.Sorted(maps.Keys(projects)) {
		snapshot := plan.Snapshot{Objects: slices.Clone(objects)}
		snapshot.Settle(plan.Belongings{Project: project})
		for _, o := range snapshot.Counting(project) {
			if o.Kind == provider.Daemon && o.Condition.State == provider.StateRunning && o.Owner.RecordedIn(where) {
				out = append(out, o)
			}
		}
	}
	return out
}

// keepLeft takes in what nothing uses any more.
func (g *gathering) keepLeft(stock provider.StockResponse, objects []provider.Object, where provider.Whereabouts, place provider.Place, inside string) {
	records := make([]provider.Ownership, len(objects))
	for i, o := range objects {
		records[i] = o.Owner
	}
	where = where.Found("", records)
	for _, stored := range stock.Stored {
		if standing, _ := stored.Owner.In(where); standing != provider.Own && !stored.Record && stored.Kind != provider.Image {
			continue // somebody made it there
		}
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
}

// into looks into a daemon. What cannot be looked into, or leads back to an engine
// that it is inside, stays.
func (g *gathering) into(ctx context.Context, place provider.Place, daemon provider.Object, around []enclosing) error {
	g.opened++
	opened, err := g.req.Provider.Open(ctx, provider.OpenRequest{Parent: place, ID: daemon.ID})
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil || !opened.Readable {
		return nil //nolint:nilerr // it stays
	}
	sites := []*site{{facts: provider.Facts{ID: g.req.EngineID}}}
	for _, e := range around {
		sites = append(sites, &site{address: e.address, facts: provider.Facts{ID: e.engine}})
	}
	if leadsBack(opened.Facts, sites) != "" {
		return nil
	}
	inner := append(slices.Clip(slices.Clone(around)), enclosing{address: daemon.Owner.Address, name: daemon.Name, engine: opened.Facts.ID})
	if err := g.place(ctx, opened.Place, inner); err != nil && ctx.Err() != nil {
		return err
	}
	return nil
}

// enclosing is a daemon that a place is inside, and the id of the engine in it.
type enclosing struct{ address, name, engine string }

// mayUse is an error where something could not be read that may use the rest.
func mayUse(list []provider.Unread) error {
	for _, unread := range list {
		if !unread.Foreign {
			return unread.Problem
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
			// What only bears the project's labels may use it all the same.
			return o.Kind.Runs() && (o.Owner.Project == stored.Owner.Project || o.Claim.Project == stored.Owner.Project) && match(o)
		})
	}
	owner, of, _ := cutLast(stored.Owner.Address)
	gone := !runs(func(o provider.Object) bool { return o.Owner.Address == owner || o.Claim.Address == owner })
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
