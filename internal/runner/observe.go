package runner

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/provider"
)

// whyNoContainer is why a daemon cannot be looked into that has no container.
const whyNoContainer = "its container is not there, and its data may be"

// Depth is how many daemons can be inside each other.
const Depth = 8

// mostDaemons bounds the daemons that one observation looks into: what is inside
// one is said by whoever owns it.
const mostDaemons = 256

// Observe looks at the root place, and inside every daemon of the project that
// exists, level by level, at most [Depth] deep, in parallel. It changes nothing. A
// daemon that cannot be looked into is no problem: its snapshot is not Readable and
// says why. A daemon that is wanted and has neither container nor data is Absent. Objects
// that could not be read are errors beside all the others.
func Observe(ctx context.Context, p provider.Provider, root provider.Facts, req ObserveRequest) (plan.Observed, diag.List) {
	o := newObserver(p, req)
	level := []*site{{place: provider.Root, facts: root}}
	for _, engine := range req.Elsewhere {
		level = append(level, &site{address: engine.Address, elsewhere: &engine})
	}
	rootSite := level[0]
	for _, engine := range req.Elsewhere {
		o.inside[engine.Address] = plan.Snapshot{} // an old container does not take its place
	}
	if err := o.levels(ctx, level); err != nil {
		problems := problemsOf(err, "The engine could not be looked at", "")
		for _, engine := range req.Elsewhere {
			if problems[0].Address == engine.Address {
				problems[0].Subject, problems[0].Context = engine.Range, engine.Range
			}
		}
		return plan.Observed{}, problems
	}
	for _, s := range append([]*site{rootSite}, o.sites...) {
		s.snapshot.Disown(req.Project, o.belongings.At(s.address, nil, nil), o.found)
	}
	o.tellTwins()
	observed := plan.Observed{Root: rootSite.snapshot, Inside: o.inside, Sites: req.Sites}
	addAbsent(&observed, req.Daemons)
	return observed, o.told()
}

// site is a place that is looked at, with the engines that it is inside.
type site struct {
	address   string // of the daemon; empty for the root
	elsewhere *config.Elsewhere
	daemon    provider.Object // the container to open; zero for the root and what is elsewhere
	place     provider.Place
	facts     provider.Facts
	around    []*site // outermost first
	snapshot  plan.Snapshot
}

// observer gathers the snapshots of one observation.
type observer struct {
	p          provider.Provider
	req        ObserveRequest
	belongings plan.Belongings
	// outer are, without a configuration, the places where addresses were found.
	outer map[string]string
	found []string // the daemons that were found so far
	// adrift are objects whose records name a daemon that was not found yet.
	adrift []drifter
	inside map[string]plan.Snapshot
	sites  []*site // the daemons that were looked into

	mu       sync.Mutex
	problems diag.List // see unread
}

func newObserver(p provider.Provider, req ObserveRequest) *observer {
	return &observer{p: p, req: req, belongings: req.belongings(), outer: map[string]string{}, inside: map[string]plan.Snapshot{}}
}

// levels looks at places that are equally deep, and at everything below them. What
// is adrift comes last: a copy further out must not stand for what is found inside.
func (o *observer) levels(ctx context.Context, level []*site) error {
	for len(level) > 0 {
		if err := o.look(ctx, level); err != nil {
			return err
		}
		if level = o.below(level); len(level) == 0 {
			level = o.settleAdrift()
		}
	}
	return nil
}

// look looks at the places of one level. What goes wrong inside a daemon makes it
// unreadable; at the root, or on an engine elsewhere, it is an error.
func (o *observer) look(ctx context.Context, level []*site) error {
	group, inner := errgroup.WithContext(ctx)
	for _, s := range level {
		where := o.belongings.At(s.address, o.outer, o.found)
		group.Go(func() error {
			err := o.open(inner, s)
			if err == nil && s.snapshot.Why == "" {
				err = o.observe(inner, s, where)
			}
			switch {
			case ctx.Err() != nil:
				return context.Cause(ctx)
			case err != nil && s.daemon.ID != "":
				s.snapshot = plan.Snapshot{Why: err.Error()}
				return nil
			}
			return err
		})
	}
	return group.Wait() //nolint:wrapcheck // they are the provider's, for problemsOf
}

// open leads into a place, unless it is the root. A snapshot with a Why cannot be looked into.
func (o *observer) open(ctx context.Context, s *site) error {
	request := provider.OpenRequest{Parent: s.daemon.Place, ID: s.daemon.ID}
	switch {
	case s.elsewhere != nil:
		request = provider.OpenRequest{ID: s.address, Endpoint: s.elsewhere.Endpoint, Certificates: s.elsewhere.Certificates}
	case s.daemon.ID == "":
		return nil
	}
	resp, err := o.p.Open(ctx, request)
	if err != nil {
		var problem *provider.Problem
		if s.elsewhere != nil && errors.As(err, &problem) {
			problem.Address = s.address
		}
		return err //nolint:wrapcheck // it is the provider's, for problemsOf
	}
	if s.daemon.ID != "" && !resp.Readable {
		s.snapshot.Why = cmp.Or(resp.Why, "it cannot be looked into")
		return nil
	}
	s.place, s.facts = resp.Place, resp.Facts
	if s.daemon.ID == "" {
		return nil
	}
	s.snapshot.Why = leadsBack(s.facts, s.around)
	return nil
}

// leadsBack says that an engine is one of those that it is inside; empty where it is not.
func leadsBack(facts provider.Facts, sites []*site) string {
	for _, engine := range sites {
		if engine.facts.ID != "" && engine.facts.ID == facts.ID {
			return "it leads back to the engine that " + around(engine.address) + ": nothing can be inside itself"
		}
	}
	return ""
}

func around(daemon string) string {
	if daemon == "" {
		return "it is on"
	}
	return "is " + daemon
}

// observe takes the snapshot of one place.
func (o *observer) observe(ctx context.Context, s *site, where provider.Whereabouts) error {
	snapshot := plan.Snapshot{Place: s.place, Facts: s.facts, Readable: true}
	resp, err := o.p.Observe(ctx, provider.ObserveRequest{
		Place: s.place, Project: o.req.Project, Images: o.req.Images,
		Names: maps.Clone(o.req.Names[s.address]), Output: o.req.Output, Where: where,
	}, func(object provider.Object) error {
		object.Place = s.place
		snapshot.Objects = append(snapshot.Objects, object)
		return nil
	})
	if err != nil {
		return err //nolint:wrapcheck // it is the provider's, for problemsOf
	}
	if err := o.unread(resp.Unread, s.address); err != nil {
		return err
	}
	snapshot.Images, snapshot.Contents, snapshot.Projects, snapshot.Others = resp.Images, resp.Contents, resp.Projects, resp.Others
	snapshot.Move(o.req.Moves, o.req.Project)
	snapshot.Settle(o.belongings)
	s.snapshot = snapshot
	return nil
}

// below keeps the snapshots of a level, and returns the daemons of the project that
// were found in it.
func (o *observer) below(level []*site) []*site {
	var next []*site
	for _, s := range level {
		if s.address != "" {
			o.inside[s.address] = s.snapshot
		}
		if o.req.Project == "" {
			continue
		}
		where := o.belongings.At(s.address, o.outer, nil)
		for _, object := range s.snapshot.Counting(o.req.Project) {
			_, known := where.Addresses[object.Owner.Address]
			switch {
			case object.Kind == provider.Image:
			case !known && !object.Owner.RecordedIn(where):
				o.adrift = append(o.adrift, drifter{s, object})
			default:
				next = o.into(next, s, object)
			}
		}
	}
	return next
}

// drifter is an object whose record names a daemon that was not found when the object was.
type drifter struct {
	site   *site
	object provider.Object
}

// settleAdrift takes in what is adrift, when everything else was looked at: where the
// daemon that the record names was found nowhere, the object counts where it is, the
// outermost of an address. It returns the daemons among them that are next.
func (o *observer) settleAdrift() []*site {
	var next []*site
	for len(next) == 0 && len(o.adrift) > 0 {
		d := o.adrift[0]
		o.adrift = o.adrift[1:]
		if slices.Contains(o.found, d.object.Owner.Place) {
			continue // Disown takes it back
		}
		if at, known := o.outer[d.object.Owner.Address]; known && at != d.site.address && !o.belongings.Configured() {
			d.site.snapshot.Leave(d.object.ID, d.object.Owner.Address+" is "+placeOfAddress(at))
			continue
		}
		next = o.into(next, d.site, d.object)
	}
	return next
}

func placeOfAddress(daemon string) string {
	if daemon == "" {
		return "on the root engine"
	}
	return "inside " + daemon
}

// into takes in an object of a place, and appends it to next where it is a daemon to
// be looked into.
func (o *observer) into(next []*site, s *site, object provider.Object) []*site {
	address := object.Owner.Address
	if _, known := o.outer[address]; !known {
		o.outer[address] = s.address
	}
	if _, twice := o.inside[address]; twice || object.Kind != provider.Daemon || o.outer[address] != s.address {
		return next
	}
	o.found = append(o.found, address)
	inner := &site{address: address, daemon: object, around: append(slices.Clip(slices.Clone(s.around)), s)}
	o.inside[address] = plan.Snapshot{} // once
	switch {
	case len(inner.around) > Depth:
		o.inside[address] = plan.Snapshot{Why: fmt.Sprintf("it is more than %d daemons deep", Depth)}
	case len(o.found) > mostDaemons:
		o.inside[address] = plan.Snapshot{Why: fmt.Sprintf("there are more than %d daemons", mostDaemons)}
	default:
		o.sites = append(o.sites, inner)
		next = append(next, inner)
	}
	return next
}

// tellTwins says of daemons whose engines have one id, as with data that was copied,
// that they are two.
func (o *observer) tellTwins() {
	first := map[string]string{}
	for _, s := range o.sites {
		snapshot := o.inside[s.address]
		if !snapshot.Readable || snapshot.Facts.ID == "" {
			continue
		}
		twin, found := first[snapshot.Facts.ID]
		if !found {
			first[snapshot.Facts.ID] = s.address
			continue
		}
		for i, object := range s.around[len(s.around)-1].snapshot.Objects {
			if object.ID == s.daemon.ID {
				s.around[len(s.around)-1].snapshot.Objects[i].Warnings = append(slices.Clone(object.Warnings), fmt.Sprintf(
					"The engines in %s and %s have one id, as if the data of one was copied to the other. They are taken for two; nothing else tells them apart.", twin, s.address))
			}
		}
	}
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
