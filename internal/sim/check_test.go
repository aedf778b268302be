package sim_test

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/internal/runner"
	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/providertest"
)

// The promises, as they are named where one is broken. Beside each is a defect that
// was put into the code once to see it broken, and how soon that was found.
const (
	oneHolder   = "one holder of the lock"                                          // every holder counts as dead: schedule 14
	notOurs     = "nothing is touched that is not ours"                             // unlabelled objects count as orphans: 785
	noLoss      = "no data is lost without consent"                                 // volumes go with their blocks: 2; replacing one is not asked about: 8
	notTwice    = "nothing is done twice"                                           // what came late is not adopted: 79; an ended job is started: 1
	noSecondJob = "no job runs again that has succeeded"                            // a job runs although its record is good: 5
	inOrder     = "nothing is begun before what it needs"                           // a failure does not skip what needs it: 5
	notGivenUp  = "nothing is given up for what cannot be made"                     // removals do not wait for what a successor needs: among the first 60
	converges   = "once the faults stop an apply makes what the configuration says" // what was created is not started: 22
	empty       = "then nothing is left to do"                                      // a live change is accepted and not made: 9
	noOrphan    = "no orphan is left"                                               // networks without a block stay: 5
	anEnd       = "a run comes to an end"                                           // an answer with an error is waited for: 5
)

// checkHolder fails where something is changed by a run that does not have the lock.
func (w *world) checkHolder(c *call) {
	if c.Op == "lock" || c.Op == "unlock" || c.actor.killed {
		return
	}
	holder, held := w.m.Outside(provider.Root).Lock(project)
	if !held || holder.Nonce != c.actor.nonce {
		w.violate(oneHolder, "%s does %s %s while %q has it", c.actor, c.Op, c.Address, holder.Nonce)
	}
}

// checkEffect compares the world before and after one effect of a run.
func (w *world) checkEffect(a *actor, e effect, before, after map[string]providertest.Thing, late bool) {
	changed := changedEngines(before, after)
	for _, o := range sorted(before) {
		now, stays := after[o.ID]
		_, hosted := after[o.Engine]
		hosted = hosted || o.Engine == "root" // else it went with the data that it was on
		foreign := o.Owner.Project != project
		switch {
		case !stays && foreign && hosted:
			w.violate(notOurs, "%s removes the foreign %s %s", a, o.Kind, o.Name)
		case !stays && o.Kind == provider.Volume && !a.consent:
			w.violate(noLoss, "%s removes the volume %s (%s)", a, o.Name, o.Owner.Address)
		case !stays && o.Kind == provider.Volume && hosted && !a.removes[o.ID] && !late:
			w.violate(noLoss, "%s removes the volume %s (%s), which the plan did not show", a, o.Name, o.Owner.Address)
		case stays && foreign && now.Revision != o.Revision && !changed[o.Engine]:
			w.violate(notOurs, "%s changes the foreign %s %s", a, o.Kind, o.Name)
		case stays && o.Kind == provider.Job && now.Starts > 1 && now.Starts > o.Starts:
			w.violate(notTwice, "%s starts the job %s again", a, o.Owner.Address)
		case !stays && o.Kind == provider.Job && e.Op == "delete" && hosted:
			w.checkJob(a, o, before)
		}
		if !stays && o.Kind == provider.Volume && a.consent {
			w.count("data consented")
		}
	}
	for _, o := range sorted(after) {
		if _, known := before[o.ID]; known {
			continue
		}
		made := a.nonce + " " + o.Owner.Address + " " + o.Engine
		if w.made[made]++; w.made[made] > 1 {
			w.violate(notTwice, "%s creates %s twice", a, o.Owner.Address)
		}
		for _, other := range after {
			if other.ID != o.ID && other.Engine == o.Engine && other.Name == o.Name && space(other.Kind) == space(o.Kind) && o.Kind != provider.Image {
				w.violate(notTwice, "there are two %s with the name %s", space(o.Kind), o.Name)
			}
		}
	}
}

// changedEngines are those whose daemon began or ended, and those within them.
func changedEngines(before, after map[string]providertest.Thing) map[string]bool {
	out := map[string]bool{}
	for again := true; again; {
		again = false
		for id, o := range before {
			now, stays := after[id]
			if o.Kind == provider.Daemon && !out[o.Data] && (!stays || now.Condition.State != o.Condition.State || out[o.Engine]) {
				out[o.Data], again = true, true
			}
		}
	}
	return out
}

// checkJob fails where the record of a job that has succeeded is given up although
// the configuration still says the same of it.
func (w *world) checkJob(a *actor, o providertest.Thing, things map[string]providertest.Thing) {
	if a.destroy || o.Condition.State != provider.StateExited || o.Condition.ExitCode != 0 || o.Condition.Interrupted {
		return
	}
	i := slices.IndexFunc(a.blocks, func(b block) bool { return b.Address == o.Owner.Address })
	if i < 0 || engineOf(things, a.blocks[i].Inside) != o.Engine || a.groundChanges(a.blocks[i]) {
		return
	}
	for _, in := range expanded(a.blocks, nil).Instances {
		if in.Address != o.Owner.Address {
			continue
		}
		if spec, err := provider.Spec(in.Declared); err == nil && string(spec) == string(o.Owner.Spec) {
			w.violate(noSecondJob, "%s removes the record of %s, which is as it is wanted", a, in.Address)
		}
	}
}

// groundChanges tells whether the image of a job is another one by now, or what is
// in a volume that it mounts.
func (a *actor) groundChanges(b block) bool {
	return slices.ContainsFunc(slices.Concat(a.plan.Resources, a.added), func(r plan.Resource) bool {
		switch {
		case r.Address == b.Address:
			return slices.ContainsFunc(r.Changes, func(c provider.Change) bool { return c.Path == "image" })
		case r.Address == b.Image, slices.Contains(b.Volumes, r.Address):
			return r.Action == plan.Replace
		}
		return false
	})
}

// engineOf is the engine inside a daemon, by its address; what is on data that no
// daemon has is nowhere.
func engineOf(things map[string]providertest.Thing, daemon string) string {
	if daemon == "" {
		return "root"
	}
	for _, o := range sorted(things) {
		if o.Kind == provider.Daemon && o.Owner.Project == project && o.Owner.Address == daemon && live(things, o.Engine) {
			return o.Data
		}
	}
	return "no engine"
}

// calm is what comes when the faults have stopped: what hangs in the engine is
// done, others get out of the way, and one run makes everything good.
func (w *world) calm() {
	w.round, w.events, w.actors = len(w.s.Rounds), 0, nil
	for len(w.late) > 0 {
		w.comesLate()
	}
	last := w.s.Rounds[len(w.s.Rounds)-1]
	blocks := slices.Clone(last.Blocks)
	for i := range blocks {
		blocks[i].Fails = false
	}
	w.makeWay(blocks)
	w.chooseVolumes(blocks)
	if w.retagged {
		// No plan can know what a registry has; an image that is there is known.
		w.m.Outside(provider.Root).AddImage("bash", "sha256:again")
	}
	r := round{Blocks: blocks, Parallelism: last.Parallelism, Machine: int(w.hash("machine") % 2)}
	w.unlock(r.Machine)
	if !w.settle(&r) {
		return
	}
	w.checkThere(blocks, r.Consent)
	if w.out.broken() {
		return
	}
	w.count("applied")
	if w.hash("destroy")%2 == 0 {
		r.Destroy, r.Consent = true, w.hash("volumes")%2 == 0
		w.destroy(r)
	}
}

// makeWay removes the foreign objects whose names are wanted, as their owners do.
func (w *world) makeWay(blocks []block) {
	for _, o := range sorted(w.m.Things()) {
		if o.Owner.Project != project && slices.ContainsFunc(blocks, func(b block) bool {
			return b.Name == o.Name && space(b.kind()) == space(o.Kind)
		}) {
			w.m.Outside(provider.Root).Remove(o.ID)
		}
	}
}

// chooseVolumes removes volumes until no two pass for one address, as a person does whom
// dindctl asks to: a volume whose creation came late stands beside the one that was made
// since, under another name, and both are data. What is in use stays, then what is wanted.
func (w *world) chooseVolumes(blocks []block) {
	type at struct{ engine, address string }
	var places []at // in the order of their objects, so that a seed replays
	volumes := map[at][]providertest.Thing{}
	for _, o := range sorted(w.m.Things()) {
		if o.Kind == provider.Volume && o.Owner.Project == project {
			where := at{o.Engine, o.Owner.Address}
			if volumes[where] == nil {
				places = append(places, where)
			}
			volumes[where] = append(volumes[where], o)
		}
	}
	hand := w.m.Outside(provider.Root)
	for _, where := range places {
		several := volumes[where]
		slices.SortStableFunc(several, func(a, b providertest.Thing) int {
			wanted := func(o providertest.Thing) int {
				switch {
				case !hand.Free(o.ID):
					return 0
				case slices.ContainsFunc(blocks, func(one block) bool { return one.Address == where.address && one.Name == o.Name }):
					return 1
				}
				return 2
			}
			return wanted(a) - wanted(b)
		})
		for _, o := range several[1:] {
			w.note("a person removes %s, one of two for %s", o.Name, where.address)
			w.count("one of two volumes chosen")
			hand.Remove(o.ID)
		}
	}
}

// unlock removes the lock of a run that died on another machine, as a person does.
func (w *world) unlock(machine int) {
	p := w.m.Connect()
	ctx := w.t.Context()
	holder, held, _ := runner.Holding(ctx, p, project)
	if !held || strings.HasPrefix(holder.Boot, machineName(machine)+" ") {
		return
	}
	w.note("a person removes the lock of %s", holder.Nonce)
	a := &actor{w: w, machine: machine, nonce: "person"}
	if problems := runner.Unlock(ctx, a.lockRequest(p), holder); problems.HasErrors() {
		w.violate(oneHolder, "the lock of a dead run cannot be removed: %s", problems[0].Detail)
	}
}

// alone plays a round in which nothing goes wrong.
func (w *world) alone(r round) *actor {
	w.play(r)
	return w.actors[0]
}

// settle applies until nothing is left to do. One run is enough where everything
// could be seen; a person agrees where the plan asks for it.
func (w *world) settle(r *round) bool {
	var before *plan.Plan
	for range 8 {
		a := w.alone(*r)
		w.note("%s: %s", a, a.tale())
		switch {
		case w.out.broken():
			return false
		case !r.Consent && (asks(a.refused) || a.plan != nil && asks(a.plan.Stopped)): // what is kept has a name that another wants
			r.Consent, before = true, nil
			continue
		case len(a.refused) > 0 || len(a.plan.Stopped) > 0:
			w.violate(converges, "%s", a.tale())
			return false
		case a.plan.Clean:
			return true
		case before != nil && len(before.Unread) == 0 && !waits(before):
			w.violate(empty, "the plan after a run is\n%s", a.plan)
			return false
		case a.problems.HasErrors() && len(a.plan.Unread) == 0:
			w.violate(converges, "%s\nplan:\n%s", a.tale(), a.plan)
			return false
		}
		before = a.plan
		for _, resource := range a.plan.Resources {
			if resource.Action == plan.Replace {
				w.count("replaced")
			}
		}
	}
	w.violate(empty, "the plans do not come to an end; the last is\n%s", before)
	return false
}

// waits tells of a plan that waits for a job which runs already: whether it is to
// run again with what is wanted now is planned when it has ended.
func waits(p *plan.Plan) bool {
	return slices.ContainsFunc(p.Steps, func(s plan.Step) bool { return s.Kind == provider.Job && s.Action == plan.Start })
}

// checkThere compares what is there with what the configuration says: everything
// once, where it belongs, as it is wanted, and nothing else of the project's.
func (w *world) checkThere(blocks []block, consent bool) {
	things := w.m.Things()
	wanted := map[string]bool{}
	specs := map[string]string{}
	for _, in := range expanded(blocks, nil).Instances {
		spec, err := provider.Spec(in.Declared)
		if err != nil {
			w.violate(converges, "%s has no spec: %v", in.Address, err)
		}
		specs[in.Address] = string(spec)
	}
	for _, b := range blocks {
		n := 0
		for _, o := range sorted(things) {
			if o.Owner.Project != project || o.Owner.Address != b.Address || o.Engine != engineOf(things, b.Inside) {
				continue
			}
			wanted[o.ID] = true
			if o.Name != b.Name && kept(o, consent) {
				continue
			}
			n++
			w.checkThing(b, o, specs[b.Address], things)
		}
		if n != 1 {
			w.violate(converges, "%s is there %d times", b.Address, n)
		}
	}
	for _, o := range sorted(things) {
		for _, id := range o.LivesIn {
			if owner, there := things[id]; wanted[o.ID] && (!there || o.Condition.Precedes(owner.Condition)) {
				w.violate(converges, "%s has the network of a run of %s that is over", o.Owner.Address, id)
			}
		}
		if o.Owner.Project != project || wanted[o.ID] || kept(o, consent) {
			continue
		}
		if live(things, o.Engine) {
			w.violate(noOrphan, "%s %s (%s) is there", o.Kind, o.Owner.Address, o.Name)
		}
	}
}

// lasting is what of a spec changes only with a new object.
func lasting(spec string) string {
	var all map[string]json.RawMessage
	if err := json.Unmarshal([]byte(spec), &all); err != nil {
		return err.Error()
	}
	delete(all, "name")
	delete(all, "cpus")
	text, _ := json.Marshal(all) // what was read can be written
	return string(text)
}

// kept tells of what stays although nothing wants it, unless somebody says otherwise.
func kept(o providertest.Thing, consent bool) bool {
	return !consent && (o.Kind == provider.Volume || o.Kind == provider.Image)
}

func (w *world) checkThing(b block, o providertest.Thing, spec string, things map[string]providertest.Thing) {
	state := provider.StateNone
	switch {
	case b.kind() == provider.Job:
		state = provider.StateExited
	case b.kind().Runs():
		state = provider.StateRunning
	}
	c := o.Condition
	switch {
	case o.Name != b.Name || c.State != state || b.kind() == provider.Job && c.ExitCode != 0:
		w.violate(converges, "%s is %q, %s (%d)", b.Address, o.Name, c.State, c.ExitCode)
	case b.Data != "" && things[o.Data].Owner.Address != b.Data:
		w.violate(converges, "%s has its data on %s", b.Address, things[o.Data].Owner.Address)
	case lasting(string(o.Owner.Spec)) != lasting(spec):
		w.violate(converges, "%s was made as %s and is wanted as %s", b.Address, o.Owner.Spec, spec)
	}
}

// destroy removes everything, and checks that nothing but what is kept is left.
func (w *world) destroy(r round) {
	before := w.m.Things()
	a := w.alone(r)
	w.note("%s: %s", a, a.tale())
	if w.out.broken() {
		return
	}
	if len(a.refused) > 0 || a.problems.HasErrors() {
		w.violate(converges, "destroy: %s", a.tale())
		return
	}
	w.checkGone(before, r.Consent)
	w.count("destroyed")
}

// checkGone fails where something is left of what could be seen before a destroy.
func (w *world) checkGone(before map[string]providertest.Thing, consent bool) {
	for _, o := range sorted(w.m.Things()) {
		if o.Owner.Project == project && live(before, o.Engine) && !kept(o, consent) {
			w.violate(noOrphan, "after destroy there is %s (%s)", o.Owner.Address, o.Name)
		}
	}
}
