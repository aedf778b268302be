package truth_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/provider"
)

// outcome is what became of a schedule.
type outcome struct {
	// broken is the promise that was broken, how the facts; empty for none.
	broken, how string
	tally       tally
	story       []string
	spent       spent
}

// spent is how long what took, so that it can be told what a slow engine is slow at.
type spent map[string]time.Duration

// on begins to count; what it returns ends that.
func (s spent) on(what string) func() {
	began := time.Now()
	return func() {
		if s != nil {
			s[what] += time.Since(began)
		}
	}
}

func (s spent) String() string {
	var out []string
	for _, what := range sortedKeys(s) {
		out = append(out, fmt.Sprintf("%s %.1f s", what, s[what].Seconds()))
	}
	return strings.Join(out, ", ")
}

// run is one schedule that is gone through.
type run struct {
	s       schedule
	u       *user
	c       configuration
	out     outcome
	tell    bool
	names   map[string]string // of objects, by address
	looping []string          // ids of what keeps restarting
	kept    keeps
	// cannot are the arguments that no engine can do here, by why.
	cannot map[string]string
}

// The promises.
const (
	applies   = "what a plan announces can be done"
	settles   = "after an apply the plan is empty"
	announces = "what is done is what was announced"
	spells    = "another spelling of a value is no difference"
	sees      = "what somebody else changed is in the plan, with its cause"
	leaves    = "what is ignored is left as it is"
	mends     = "after an apply everything is as it was before somebody else changed it"
	same      = "what became of edits is what is made from nothing"
	lasts     = "what a plan called right runs after a restart of the engine, or the plan says what does not"
	joins     = "after an apply nothing runs in the namespaces of a run that is over"
	harness   = "the generator works"
)

func (r *run) violate(promise, format string, args ...any) bool {
	if r.out.broken == "" {
		r.out.broken, r.out.how = promise, fmt.Sprintf(format, args...)
	}
	return false
}

func (r *run) note(format string, args ...any) {
	if r.tell {
		r.out.story = append(r.out.story, fmt.Sprintf(format, args...))
	}
}

func (r *run) count(what string) { r.out.tally[what]++ }

// trial goes through a schedule, in a world that it has.
type trial func(ctx context.Context, s schedule, tell bool) outcome

// simulate goes through a schedule on an engine in memory.
func simulate(ctx context.Context, s schedule, tell bool) outcome {
	r := &run{s: s, tell: tell, out: outcome{tally: tally{}}}
	m, end, err := newMemory(s.API)
	if err != nil {
		return outcome{broken: harness, how: err.Error()}
	}
	defer end()
	r.through(ctx, m)
	return r.out
}

// through goes through the schedule in a world.
func (r *run) through(ctx context.Context, w world) {
	u, err := newUser(ctx, w)
	if err != nil {
		r.violate(harness, "%v", err)
		return
	}
	defer u.close()
	r.u = u
	if r.cannot == nil {
		r.cannot = map[string]string{}
	}
	maps.Copy(r.cannot, tooEarly(u.facts.API))
	r.c = configuration{Blocks: []block{{ID: 1, Kind: provider.Container, Label: "a", Args: map[string]chosen{}}}}
	for _, e := range r.s.Begin {
		if did := r.edit(ctx, e, "at first"); did != "" {
			r.count(did)
		}
	}
	if !r.converge(ctx, "at first", nil) {
		return
	}
	for i, round := range r.s.Rounds {
		if !r.round(ctx, i, round) {
			return
		}
	}
	r.fromNothing(ctx)
}

// edit does one edit, if its outcome is a configuration that is valid.
func (r *run) edit(ctx context.Context, e edit, at string) string {
	next := r.c.clone()
	did := edits()[e.What](&next, e)
	if did == "" {
		return ""
	}
	if what := next.has(r.cannot); what != "" {
		r.count("not here: " + what)
		return ""
	}
	if next.misplaced(r.u.facts.API) {
		r.count("not here: hardware addresses of several networks")
		return ""
	}
	if problems := r.u.valid(next); problems.HasErrors() {
		r.count("refused")
		r.note("%s refused: %s: %s", at, did, problems[0].Summary)
		return ""
	}
	r.note("%s edit: %s", at, did)
	r.c = next
	return did
}

func (r *run) round(ctx context.Context, i int, round round) bool {
	at := fmt.Sprintf("round %d:", i)
	if !r.restarts(ctx, round, at) {
		return false
	}
	var before map[string][]string
	if len(round.Outside) > 0 {
		before = r.snapshot(ctx)
	}
	r.states(ctx, round, at)
	changes := r.outside(ctx, round, at)
	meant := r.meant(ctx, before, changes)
	var did []string
	for _, e := range round.Edits {
		if what := r.edit(ctx, e, at); what != "" {
			did = append(did, what)
		}
	}
	for i := 0; len(did) == 0 && len(round.Edits) > 0 && i < 10; i++ { // so that every round is a case
		e := edit{What: "set", Pick: round.Edits[0].Pick + uint64(i), Turn: choose(round.Edits[0].Pick, i+1, 1000)}
		if what := r.edit(ctx, e, at); what != "" {
			did = append(did, what)
		}
	}
	r.u.happened()
	respelled := len(did) > 0 && !slices.ContainsFunc(did, func(what string) bool { return !strings.HasPrefix(what, "respell") })
	p, ok := r.plan(ctx, at)
	if !ok {
		return false
	}
	if respelled && len(round.States) == 0 && !p.Clean {
		return r.violate(spells, "%s\n%s", strings.Join(did, ", "), r.explain(p))
	}
	for _, c := range changes {
		if !r.seen(p, c) {
			return false
		}
	}
	if len(changes) > 0 || len(did) > 0 {
		r.count("cases")
	}
	for _, what := range did {
		r.count(what)
		for _, other := range did {
			if strings.HasPrefix(what, "moved") && other != what {
				r.count("moved beside another change")
			}
		}
	}
	names, made := r.names, r.kept.made
	if !r.converge(ctx, at, &p) {
		return false
	}
	if len(changes) > 0 {
		now := r.snapshot(ctx)
		for _, b := range r.c.Blocks { // what is made anew is so as it is declared, and not as it was ignored
			if len(b.Ignores) > 0 && r.kept.made[b.ID].id != made[b.ID].id {
				delete(meant, string(b.Kind)+" "+names[b.address()])
				delete(now, string(b.Kind)+" "+r.names[b.address()])
			}
		}
		if d := difference(meant, now); d != "" {
			return r.violate(mends, "%+v\n%s", changes, d)
		}
	}
	return true
}

// restarts restarts the engine, where the round says so, and looks at what came of it.
func (r *run) restarts(ctx context.Context, round round, at string) bool {
	if !round.Restart {
		return true
	}
	r.note("%s the engine is restarted", at)
	r.count("restart of the engine")
	restarted := r.out.spent.on("restarting the engine")
	r.u.restart()
	restarted()
	if err := r.u.connect(ctx); err != nil {
		return r.violate(harness, "%v", err)
	}
	p, ok := r.plan(ctx, at)
	if !ok {
		return false
	}
	for _, res := range p.Resources {
		if res.Before == nil || res.Kind == provider.Job || !res.Kind.Runs() {
			continue
		}
		runs := res.Before.Condition.State == provider.StateRunning
		if runs != (res.Action == plan.None) {
			return r.violate(lasts, "%s is %s, and the plan says %s (%s)", res.Address, res.Before.Condition.State, res.Action, res.Cause)
		}
	}
	r.u.happened()
	if p.Clean {
		return true
	}
	return r.converge(ctx, at+" after the restart", &p)
}

// states brings containers into states.
func (r *run) states(ctx context.Context, round round, at string) {
	defer r.out.spent.on("states")()
	for _, s := range round.States {
		of := r.target(ctx, s.Pick)
		o, ok := of.container()
		if !ok {
			continue
		}
		began := r.out.spent.on("state " + s.What)
		var err error
		switch s.What {
		case "stopped":
			err = r.u.hand.ContainerStop(ctx, o.ID, container.StopOptions{})
		case "killed":
			err = r.u.hand.ContainerKill(ctx, o.ID, "KILL")
		case "paused":
			err = r.u.hand.ContainerPause(ctx, o.ID)
		default:
			ok = r.u.put(o.ID, s.What)
		}
		began()
		if err == nil && ok {
			if s.What == "restarting" {
				r.looping = append(r.looping, o.ID)
			}
			r.count("state " + s.What)
			r.note("%s %s is %s", at, o.Owner.Address, s.What)
		}
	}
}

// target is what there is to choose from.
func (r *run) target(ctx context.Context, pick uint64) target {
	out := target{pick: pick, config: r.c}
	_, _ = r.u.p.Observe(ctx, provider.ObserveRequest{Place: provider.Root, Project: project}, func(o provider.Object) error {
		out.all = append(out.all, o)
		return nil
	})
	slices.SortFunc(out.all, func(a, b provider.Object) int { return strings.Compare(a.Owner.Address, b.Owner.Address) })
	for _, o := range out.all {
		// What a moved block names is left out: hands know addresses alone.
		if o.Kind == provider.Container && o.Condition.State == provider.StateRunning && out.block(o.Owner.Address) != nil {
			out.containers = append(out.containers, o)
		}
	}
	return out
}

// outside lets somebody else change things, each object once.
func (r *run) outside(ctx context.Context, round round, at string) []change {
	defer r.out.spent.on("changes outside")()
	var out []change
	for _, e := range round.Outside {
		of := r.target(ctx, e.Pick)
		of.turn = e.Turn
		of.containers = slices.DeleteFunc(of.containers, func(o provider.Object) bool {
			return slices.ContainsFunc(out, func(c change) bool { return c.address == o.Owner.Address })
		})
		if len(out) > 0 && slices.Contains([]string{"network", "volume", "image", "foreign"}, e.What) {
			continue
		}
		c, err := outsiders()[e.What](ctx, r.u, of)
		switch {
		case err != nil:
			r.note("%s somebody: %s refused: %v", at, e.What, err)
			r.count("outside refused")
		case r.cannot[strings.Split(c.path, ".")[0]] != "":
			r.count("not here: " + c.path)
		case c.what != "":
			r.note("%s somebody: %s %s", at, c.what, c.address)
			r.count("outside " + c.what)
			out = append(out, c)
		}
	}
	if len(out) == 0 && len(round.Outside) > 0 { // so that every round is a case
		of := r.target(ctx, round.Outside[0].Pick)
		if c, err := outsideStop(ctx, r.u, of); err == nil && c.what != "" {
			r.count("outside " + c.what)
			out = append(out, c)
		}
	}
	return out
}

// seen tells whether the plan says of a change outside what it has to.
func (r *run) seen(p planned, c change) bool {
	if c.address == "" {
		return true
	}
	for _, res := range p.Resources {
		if res.Address != c.address {
			continue
		}
		if c.path == "" {
			absent := c.reason == plan.FromAbsence && res.Reason == plan.FromRemoval
			// What stands still may have to be made anew because of something else.
			anew := c.reason != plan.FromAbsence && res.Action == plan.Replace
			if res.Reason != c.reason && !absent && !anew {
				return r.violate(sees, "%s of %s: the plan says %s (%s)\n%s", c.what, c.address, res.Action, res.Cause, r.explain(p))
			}
			return true
		}
		told := slices.IndexFunc(res.Changes, func(one provider.Change) bool {
			return strings.HasPrefix(one.Path, c.path) && one.Cause == provider.Outside
		}) >= 0
		switch ignored := r.ignores(c); {
		case told && ignored:
			return r.violate(leaves, "%s of %s: the plan says %s (%s) %s\n%s", c.what, c.address, res.Action, res.Cause, changesText(res.Changes), r.explain(p))
		case told || ignored:
			return true
		}
		return r.violate(sees, "%s of %s: the plan says %s (%s) %s\n%s", c.what, c.address, res.Action, res.Cause, changesText(res.Changes), r.explain(p))
	}
	return r.violate(sees, "%s of %s: the plan has no such address", c.what, c.address)
}

func (r *run) plan(ctx context.Context, at string) (planned, bool) {
	ended := r.out.spent.on("plans")
	p, problems := r.u.plan(ctx, r.c)
	ended()
	if problems.HasErrors() || p.Plan != nil && len(p.Stopped) > 0 {
		if p.Plan != nil {
			problems = append(problems, p.Stopped...)
		}
		return p, r.violate(applies, "%s there is no plan: %s", at, problemsText(problems))
	}
	r.note("%s plan: %s", at, r.explain(p))
	return p, true
}

// explain tells what a plan does.
func (r *run) explain(p planned) string {
	var out []string
	for _, res := range p.Resources {
		if res.Action != plan.None {
			out = append(out, strings.TrimSpace(fmt.Sprintf("%s %s (%s: %s) %s", res.Action, res.Address, res.Reason, res.Cause, changesText(res.Changes))))
		}
	}
	if len(out) == 0 {
		return "nothing"
	}
	return strings.Join(out, "; ")
}

func changesText(changes []provider.Change) string {
	var out []string
	for _, c := range changes {
		out = append(out, fmt.Sprintf("%s: %#v to %#v, %s, %s", c.Path, c.From, c.To, c.Effect, c.Cause))
	}
	return strings.Join(out, "; ")
}

func problemsText(problems diag.List) string {
	var out []string
	for _, p := range problems {
		out = append(out, fmt.Sprintf("%s %s: %s", p.Code, p.Summary, p.Detail))
	}
	return strings.Join(out, "\n")
}

// converge applies, compares what happened with what was announced, and plans again.
func (r *run) converge(ctx context.Context, at string, p *planned) bool {
	if p == nil {
		first, ok := r.plan(ctx, at)
		if !ok {
			return false
		}
		p = &first
		r.u.happened()
	}
	ended := r.out.spent.on("applies")
	problems := r.u.apply(ctx, *p)
	ended()
	events := r.u.happened()
	r.note("%s events: %v", at, events)
	if r.heals(problems) {
		return r.converge(ctx, at+" once nothing restarts any more", nil)
	}
	if problems.HasErrors() {
		return r.violate(applies, "%s\n%s", problemsText(problems), r.explain(*p))
	}
	if wrong := unannounced(p.Plan, events); wrong != "" {
		return r.violate(announces, "%s\n%s\nplanned: %s\nevents: %v", at, wrong, r.explain(*p), events)
	}
	after, ok := r.plan(ctx, at+" after the apply")
	if !ok {
		return false
	}
	r.names = map[string]string{}
	for _, res := range after.Resources {
		if res.Before != nil {
			r.names[res.Address] = res.Before.Name
		}
	}
	if !after.Clean {
		return r.violate(settles, "%s\nplanned: %s\nand then: %s", at, r.explain(*p), r.explain(after))
	}
	r.kept.note(r.c, after)
	if bereft := r.u.bereft(); len(bereft) > 0 {
		return r.violate(joins, "%s %v\nplanned: %s", at, bereft, r.explain(*p))
	}
	for _, s := range p.Steps {
		if s.Action == plan.Restart {
			r.count("a sharer is restarted")
		}
	}
	return true
}

// heals ends the restarts of what kept restarting, where an apply failed for nothing
// else: that it does is what the apply has to say.
func (r *run) heals(problems diag.List) bool {
	defer r.out.spent.on("healing")()
	looping := r.looping
	r.looping = nil
	if len(looping) == 0 || !problems.HasErrors() {
		return false
	}
	for _, p := range problems {
		if p.Code != "not-ready" && p.Code != "not_ready" {
			return false
		}
	}
	for _, id := range looping {
		r.u.put(id, "running")
	}
	r.count("said that it keeps restarting")
	return true
}

// unannounced tells what happened that the plan did not say, or did not happen that it did.
func unannounced(p *plan.Plan, events []happening) string {
	made, gone, touched, did := map[string]int{}, map[string]int{}, map[string]bool{}, map[string]int{}
	leaves, givesUp := map[string]bool{}, false // the daemons that go, and whether data of one does
	for _, s := range p.Steps {
		leaves[s.Address] = leaves[s.Address] || s.Action == plan.Delete
		givesUp = givesUp || s.Action == plan.Delete && s.Kind == provider.Volume && strings.HasPrefix(s.Address, "daemon.")
		if s.Kind == provider.Image {
			continue // engines tell of an image that is named, not of one that is made
		}
		switch s.Action {
		case plan.Create:
			made[s.Address]++
		case plan.Run:
			made[s.Address]++
			if s.Object != "" {
				gone[s.Object]++
			}
		case plan.Delete:
			gone[s.Object]++
		default:
			touched[s.Object] = true
		}
	}
	var wrong []string
	own := map[string]bool{} // what was made in this apply
	for _, e := range events {
		if e.Type == "image" || strings.HasPrefix(e.Name, "dindctl.") {
			continue
		}
		switch e.Action {
		case "create":
			made[e.Address]--
			own[e.ID] = true
		case "destroy":
			gone[e.ID]--
			did[e.ID]++
		default:
			did[e.ID]++
		}
	}
	for _, f := range p.Foreign { // what is named as not the project's goes with a daemon's data, without a step
		if givesUp && leaves[f.Inside] && gone[f.ID] < 0 {
			gone[f.ID]++
		}
	}
	for _, address := range sortedKeys(made) {
		if n := made[address]; n != 0 {
			wrong = append(wrong, fmt.Sprintf("%q was made %d times more often than announced", address, -n))
		}
	}
	for _, id := range sortedKeys(gone) {
		if n := gone[id]; n != 0 {
			wrong = append(wrong, fmt.Sprintf("%.12s went %d times more often than announced", id, -n))
		}
	}
	for _, id := range sortedKeys(did) {
		_, goes := gone[id]
		if !touched[id] && !goes && !own[id] {
			wrong = append(wrong, fmt.Sprintf("something happened to %.12s, which was not announced", id))
		}
	}
	for id := range maps.Keys(touched) {
		if did[id] == 0 {
			wrong = append(wrong, fmt.Sprintf("nothing happened to %.12s, which was announced", id))
		}
	}
	return strings.Join(wrong, "\n")
}
