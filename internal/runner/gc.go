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

// Gathered is what was found to be left over, and where nobody could look.
type Gathered struct {
	Left []Leftover
	// Unseen are the daemons that were not looked into: nothing inside them is judged.
	Unseen []Unseen
	// LeftOut are projects of which something may be left over, and whose lock could not be taken.
	LeftOut []string
	// Broken is set where not everything could be looked at, which the problems tell:
	// what is here says nothing about the rest, and nothing is to be said of it.
	Broken bool
}

// Unseen is a daemon that was not looked into.
type Unseen struct {
	Project, Address string
	// Inside is the daemon that it is inside of; empty for the root.
	Inside string
	// Why is a clause: "it does not run".
	Why string
}

// Of is the part of it that projects have of which wanted is true.
func (g Gathered) Of(wanted func(project string) bool) Gathered {
	return Gathered{
		Left:   slices.DeleteFunc(slices.Clone(g.Left), func(l Leftover) bool { return !wanted(l.Owner.Project) }),
		Unseen: slices.DeleteFunc(slices.Clone(g.Unseen), func(u Unseen) bool { return !wanted(u.Project) }),
		Broken: g.Broken,
	}
}

// Projects are those that something is left over of, sorted.
func (g Gathered) Projects() []string {
	projects := map[string]bool{}
	for _, l := range g.Left {
		projects[l.Owner.Project] = true
	}
	return slices.Sorted(maps.Keys(projects))
}

// Gather looks at the root engine and into every daemon of dindctl's that runs, at
// every depth, and changes nothing. What it finds comes by place, project and name. Leftovers
// are judged when everything was seen: what uses them may be at another depth.
func Gather(ctx context.Context, req GatherRequest) (Gathered, diag.List) {
	stocker, able := power[provider.Stocker](ctx, req.Provider, provider.PowerStock)
	if !able {
		return Gathered{Broken: true}, diag.Errorf("Disk use cannot be listed here", "The provider cannot tell what is stored.")
	}
	g := &gathering{req: req, stocker: stocker, present: map[string]bool{}}
	err := g.place(ctx, provider.Root, nil)
	found := Gathered{Unseen: g.unseen, Broken: err != nil}
	for _, s := range g.seen {
		found.Left = append(found.Left, g.leftIn(s)...)
	}
	slices.SortStableFunc(found.Left, func(a, b Leftover) int {
		return strings.Compare(a.Inside+"\x00"+a.Owner.Project+"\x00"+a.Name, b.Inside+"\x00"+b.Owner.Project+"\x00"+b.Name)
	})
	slices.SortStableFunc(found.Unseen, func(a, b Unseen) int {
		return strings.Compare(a.Inside+"\x00"+a.Project+"\x00"+a.Address, b.Inside+"\x00"+b.Project+"\x00"+b.Address)
	})
	return found, problemsOf(err, "The engine could not be looked at", "")
}

type gathering struct {
	req     GatherRequest
	stocker provider.Stocker
	seen    []sighting
	unseen  []Unseen
	present map[string]bool // projects that have a container, at any depth, running or not
	opened  int             // daemons that were looked into
}

// sighting is what was found in a place.
type sighting struct {
	place   provider.Place
	inside  string // the daemon that it is, by name
	where   provider.Whereabouts
	objects []provider.Object
	stock   provider.StockResponse
}

// place looks at a place, and at everything below it. Around are the daemons that it
// is inside, outermost first, with the engines in them.
func (g *gathering) place(ctx context.Context, place provider.Place, around []enclosing) error {
	s := sighting{place: place, where: provider.Whereabouts{Daemons: map[string]bool{}}}
	for _, e := range around {
		s.where.Place, s.inside, s.where.Daemons[e.address] = e.address, e.name, true
	}
	seen, err := g.req.Provider.Observe(ctx, provider.ObserveRequest{Place: place, Where: s.where}, func(o provider.Object) error {
		s.objects = append(s.objects, o)
		return nil
	})
	if err == nil {
		err = mayUse(seen.Unread)
	}
	if err != nil {
		return err
	}
	for _, o := range s.objects {
		if o.Kind.Runs() { // what only bears the project's labels may use it all the same
			g.present[o.Owner.Project], g.present[o.Claim.Project] = true, true
		}
	}
	if s.stock, err = g.stocker.Stock(ctx, place); err != nil {
		return err
	}
	g.seen = append(g.seen, s)
	for _, o := range daemonsIn(s.objects, s.where) {
		why := "it does not run"
		switch {
		case o.Condition.State == provider.StateRunning && (len(around) == Depth || g.opened == mostDaemons):
			why = "it is too deep, or one of too many"
		case o.Condition.State == provider.StateRunning:
			if why, err = g.into(ctx, place, o, around); err != nil {
				return err
			}
		}
		if why != "" {
			g.unseen = append(g.unseen, Unseen{Project: o.Owner.Project, Address: o.Owner.Address, Inside: s.inside, Why: why})
		}
	}
	return nil
}

// daemonsIn are the daemons that are in a place and count there, of all projects. A
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
			if o.Kind == provider.Daemon && o.Owner.RecordedIn(where) {
				out = append(out, o)
			}
		}
	}
	return out
}

// leftIn is what nothing uses any more, of what was found in a place.
func (g *gathering) leftIn(s sighting) []Leftover {
	records := make([]provider.Ownership, len(s.objects))
	for i, o := range s.objects {
		records[i] = o.Owner
	}
	where := s.where.Found("", records)
	var left []Leftover
	for _, stored := range s.stock.Stored {
		if standing, _ := stored.Owner.In(where); standing != provider.Own && !stored.Record && stored.Kind != provider.Image {
			continue // somebody made it there
		}
		if why := g.leftBecause(stored, s.objects); why != "" {
			left = append(left, Leftover{Stored: stored, Place: s.place, Inside: s.inside, Why: why})
		}
	}
	for _, lock := range s.stock.Locks {
		if why := g.req.Dead(lock.Project, lock.Holder); why != "" {
			left = append(left, Leftover{
				Stored: provider.Stored{Name: "lock of " + lock.Project, Created: lock.Holder.Since, Owner: provider.Ownership{Project: lock.Project}},
				Lock:   &lock.Holder, Why: Describe(lock.Holder) + ": " + strings.TrimSuffix(strings.ToLower(why[:1])+why[1:], "."),
			})
		}
	}
	return left
}

// into looks into a daemon. What cannot be looked into, or leads back to an engine
// that it is inside, stays, and it says why.
func (g *gathering) into(ctx context.Context, place provider.Place, daemon provider.Object, around []enclosing) (why string, err error) {
	g.opened++
	opened, err := g.req.Provider.Open(ctx, provider.OpenRequest{Parent: place, ID: daemon.ID})
	switch {
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case err != nil:
		return clauseOf(err), nil
	case !opened.Readable:
		return firstOf(opened.Why, "it cannot be read"), nil
	}
	sites := []*site{{facts: provider.Facts{ID: g.req.EngineID}}}
	for _, e := range around {
		sites = append(sites, &site{address: e.address, facts: provider.Facts{ID: e.engine}})
	}
	if leadsBack(opened.Facts, sites) != "" {
		return "it leads back to an engine around it", nil
	}
	inner := append(slices.Clip(slices.Clone(around)), enclosing{address: daemon.Owner.Address, name: daemon.Name, engine: opened.Facts.ID})
	switch err := g.place(ctx, opened.Place, inner); {
	case err == nil:
		return "", nil
	case ctx.Err() != nil:
		return "", err
	default:
		return clauseOf(err), nil
	}
}

// clauseOf is what an error says, as a clause.
func clauseOf(err error) string {
	problems := problemsOf(err, "", "")
	return firstOf(strings.TrimSuffix(problems[0].Detail, "."), problems[0].Summary)
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
// something does, or may. Objects are what is in its place.
func (g *gathering) leftBecause(stored provider.Stored, objects []provider.Object) string {
	if stored.Record {
		return "a note on " + stored.Owner.Address + ", which is gone"
	}
	if len(stored.Users) > 0 {
		return ""
	}
	project := stored.Owner.Project
	owner, of, _ := cutLast(stored.Owner.Address)
	gone := !slices.ContainsFunc(objects, func(o provider.Object) bool {
		// What only bears the project's labels may use it all the same.
		return o.Kind.Runs() && (o.Owner.Project == project && o.Owner.Address == owner || o.Claim.Project == project && o.Claim.Address == owner)
	})
	switch {
	case stored.Kind == provider.Image && stored.Name == "":
		return "no name leads to it"
	case stored.Kind == provider.Volume && (of == "data" || of == "certs") && strings.Contains("."+owner, ".daemon.") && gone:
		return owner + " is gone"
	case !g.present[project]:
		return fmt.Sprintf("project %s has no container left", project)
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

// GatherLocked gathers, takes the lock of each project of which something is left over,
// and gathers again, so that nobody else works on what is to be removed. What is left over
// of a project whose lock could not be taken is left out; that it was is a warning where
// another run holds the lock, and else an error. Whoever calls releases the locks.
func GatherLocked(ctx context.Context, req GatherRequest, of func(project string) bool, lock func(project string) LockRequest) (Gathered, Locks, diag.List) {
	found, problems := Gather(ctx, req)
	found = found.Of(of)
	if found.Broken || len(found.Left) == 0 {
		return found, nil, problems
	}
	locks := Locks{}
	for _, project := range found.Projects() { // sorted, so that two who wait for each other cannot be
		one := lock(project)
		one.KeepDead = true
		held, notes := Lock(ctx, one)
		if held != nil {
			locks[project] = held
		} else {
			found.LeftOut = append(found.LeftOut, project)
		}
		if ctx.Err() != nil {
			return Gathered{}, locks, notes
		}
		problems = append(problems, leftOut(project, notes)...)
	}
	req.Dead = func(project string, holder provider.Holder) string {
		if held := locks[project]; held != nil {
			return held.Dead(holder)
		}
		return ""
	}
	again, more := Gather(ctx, req)
	return Gathered{
		Left:    again.Of(func(project string) bool { return locks[project] != nil }).Left,
		Unseen:  again.Of(of).Unseen,
		LeftOut: found.LeftOut,
		Broken:  again.Broken,
	}, locks, append(problems, more...)
}

// Locks are those of several projects.
type Locks map[string]*Held

// Still makes sure of all of them; see [Held.Still]. A project whose lock is gone is
// no longer among them.
func (l Locks) Still(ctx context.Context) diag.List {
	var problems diag.List
	for _, project := range slices.Sorted(maps.Keys(l)) {
		lost := l[project].Still(ctx)
		if problems = append(problems, lost...); lost.HasErrors() {
			problems = append(problems, l[project].Release()...)
			delete(l, project)
		}
	}
	return problems
}

// Release gives all of them back.
func (l Locks) Release() diag.List {
	var problems diag.List
	for _, project := range slices.Sorted(maps.Keys(l)) {
		problems = append(problems, l[project].Release()...)
	}
	return problems
}

// leftOut says of what hindered a lock that the project is left out.
func leftOut(project string, problems diag.List) diag.List {
	out := slices.Clone(problems)
	for i := range out {
		if out[i].Code == "locked" {
			out[i].Severity = diag.Warning
		}
		if problems.HasErrors() {
			out[i].Detail += fmt.Sprintf("\nWhat is left over of project %q is left out.", project)
		}
	}
	return out
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
