package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// judge decides on an object that exists, from its changes and its condition.
func (m *maker) judge(r *Resource) {
	r.MovedFrom = m.movedFrom(r)
	if change, renamed := nameChange(r); renamed {
		if m.renames(r) {
			change.Effect = provider.Live
		}
		r.Changes = append(slices.Clone(r.Changes), change)
	}
	r.Changes = m.following(r, heeded(r.Changes, r.After.Lifecycle)) // the name, too
	if r.Kind == provider.Job {
		m.judgeJob(r)
	} else {
		m.judgeLasting(r)
	}
	if r.Action == Replace {
		r.DataLoss = m.dataOf(placed{*r.Before, r.Inside})
	}
	if r.Action == Replace || r.Kind == provider.Job && r.Action != None && r.Action != Update {
		m.pending[r.Address] = true
	}
}

func (m *maker) judgeLasting(r *Resource) {
	ground, trigger := cmp.Or(m.losesGround(r, provider.Network, provider.Volume, provider.Image), m.losesOwner(r)), m.triggered(r)
	state := r.Before.Condition.State
	switch {
	case needsReplacement(r.Changes):
		r.follow(Replace, m.because(r))
	case ground != "":
		r.decide(Replace, FromAnother, m.lostGround(ground))
	case trigger != "":
		r.decide(Replace, FromAnother, trigger)
	case m.forced[r.Address] != (why{}):
		r.follow(Replace, m.forced[r.Address])
	case state == provider.StateDead:
		r.decide(Replace, FromEarlierRun, "an earlier removal did not succeed")
	case r.Kind.Runs() && state != provider.StateRunning:
		r.follow(Start, stoppedCause(r.Before.Condition))
	case r.Kind == provider.Daemon && m.silent(r.Address):
		r.decide(Start, FromStop, "its container runs, but its API does not answer: it is waited for")
	case len(r.Changes) > 0:
		r.follow(Update, m.because(r))
	}
}

// following settles what a provider cannot tell of a network that will be another one:
// that this plan replaces it, and nobody outside made it anew. What lasts is replaced
// with its network, and has that cause; of a job it is the change for which it runs.
func (m *maker) following(r *Resource, changes []provider.Change) []provider.Change {
	if m.losesGround(r, provider.Network) == "" {
		return changes
	}
	var out []provider.Change
	for _, c := range changes {
		if c.Path == "networks" && c.Cause == provider.Outside && m.renamed(m.losesGround(r, provider.Network)) {
			c.Cause = provider.Configured
		}
		if strings.HasPrefix(c.Path, "networks[") && c.To != cty.NilVal && !c.To.IsKnown() {
			if r.Kind != provider.Job {
				continue
			}
			c.Cause = provider.Configured
		}
		out = append(out, c)
	}
	return out
}

// renamed tells whether an address is to have another name than what is there.
func (m *maker) renamed(address string) bool {
	in, found := m.expanded.Instance(address)
	return found && len(m.ours[address]) > 0 && m.ours[address][0].Name != in.Name
}

func needsReplacement(changes []provider.Change) bool {
	return slices.ContainsFunc(changes, func(c provider.Change) bool { return c.Effect == provider.Replace })
}

// nameChange is the change of an object's name, which is the core's to see.
func nameChange(r *Resource) (provider.Change, bool) {
	if r.Before.Name == r.Name || r.Before.Name == "" {
		return provider.Change{}, false
	}
	change := provider.Change{
		Path: "name", From: cty.StringVal(r.Before.Name), To: cty.StringVal(r.Name), Created: cty.NullVal(cty.String),
		Effect: provider.Replace, Cause: provider.Configured,
	}
	created := recordOf(r.Before.Owner).text("name")
	if created != "" {
		change.Created = cty.StringVal(created)
	}
	switch {
	case created == r.Name, created == "" && textOf(r.After.Declared, "name") == "" && r.MovedFrom == "":
		change.Cause = provider.Outside
	case created != "" && created != r.Before.Name:
		change.Cause = provider.Both
	}
	return change, true
}

// losesGround is the address of something of the given kinds (networks, volumes,
// images) that an object uses and that is replaced; empty where there is none. None
// can go while it is used, a network by what runs, a volume by what exists; but an image
// can be built anew beside one that ignores that.
func (m *maker) losesGround(r *Resource, kinds ...provider.Kind) string {
	uses := r.After.Uses
	if uses == nil {
		uses = r.After.Deps
	}
	for _, dep := range uses {
		if slices.Contains(kinds, provider.Volume) && m.supplants(dep) != "" {
			return dep
		}
		if !m.replaced(dep) || !slices.Contains(kinds, m.ours[dep][0].Kind) || doesWithout(r, m.ours[dep][0]) {
			continue
		}
		switch m.ours[dep][0].Kind {
		case provider.Network, provider.Volume:
			return dep
		case provider.Image:
			if dep == r.After.ImageAddress {
				return dep
			}
		case provider.Container, provider.Daemon, provider.Controller, provider.Job, provider.Guard:
		}
	}
	return ""
}

// lostGround is the cause where something that an object uses is another one then.
func (m *maker) lostGround(address string) string {
	if was := m.supplants(address); was != "" {
		return fmt.Sprintf("because %s takes the place of %s, under the same name", address, was)
	}
	return "because " + address + " is replaced"
}

// supplants is the address of the volume that goes, for the configuration lacks it, and
// whose name an address takes; empty where there is none, or where it is kept. What has
// the one has the other, as far as names tell, and holds it all the same.
func (m *maker) supplants(address string) string {
	in, found := m.expanded.Instance(address)
	if !found || in.Kind != provider.Volume || !m.pending[address] || len(m.ours[address]) > 0 || m.keeps(provider.Volume) != "" {
		return ""
	}
	return m.orphanNamed(name{in.Inside, nameSpace(in.Kind), in.Name})
}

// silent tells whether a daemon was there and could not be looked into.
func (m *maker) silent(daemon string) bool {
	s, seen := m.in.Observed.Inside[daemon]
	return seen && !s.Readable && !s.Absent
}

// judgeJob decides by the record of the last run.
func (m *maker) judgeJob(r *Resource) {
	condition := r.Before.Condition
	running := condition.State == provider.StateRunning || condition.State == provider.StatePaused || condition.State == provider.StateRestarting
	if m.asked(r) && !running {
		r.decide(Run, FromRequest, "run by request")
		r.Changes = nil
		return
	}
	if running {
		m.judgeRunning(r)
		return
	}
	if volume := m.losesGround(r, provider.Volume); volume != "" && !onRequest(r) {
		// Its record keeps the volume from being removed.
		r.decide(Run, FromAnother, m.lostGround(volume))
		return
	}
	switch condition.State {
	case provider.StateCreated:
		if onRequest(r) {
			r.Changes = nil
			return
		}
		r.decide(Start, FromEarlierRun, neverStarted)
		if len(r.Changes) > 0 {
			r.follow(Run, m.because(r))
		}
		return
	case provider.StateExited, provider.StateDead, provider.StateNone, provider.StateRemoving,
		provider.StateRunning, provider.StatePaused, provider.StateRestarting: // see above
	}
	switch {
	case onRequest(r):
		r.Changes = nil
	case condition.State == provider.StateDead:
		r.decide(Run, FromEarlierRun, "an earlier removal of its record did not succeed")
	case condition.Interrupted:
		r.decide(Run, FromFailure, "its last run was ended by the engine"+ended(condition))
	case condition.ExitCode != 0:
		r.decide(Run, FromFailure, fmt.Sprintf("its last run ended with exit code %d%s", condition.ExitCode, ended(condition)))
	case m.forced[r.Address] != (why{}):
		r.follow(Run, m.forced[r.Address])
	case len(r.Changes) == 1 && r.Changes[0].Path == "name" && r.Changes[0].Effect == provider.Live:
		r.follow(Update, m.because(r)) // a record is renamed, not made again
	case len(r.Changes) > 0:
		r.follow(Run, m.because(r))
	case m.losesGround(r, provider.Image) != "":
		r.decide(Run, FromAnother, "because "+r.After.ImageAddress+" is replaced")
	case m.triggered(r) != "":
		r.decide(Run, FromAnother, m.triggered(r))
	}
}

// judgeRunning decides on a job that runs: it is waited for, unless this plan takes away what
// it runs on, or -replace names it. What differs from its declaration makes it run again
// later, which is said; of what only a plan that does it can see, it is said how to run it
// again. One that runs on request is never begun again without one.
func (m *maker) judgeRunning(r *Resource) {
	ground, forced, trigger := cmp.Or(m.losesGround(r, provider.Network, provider.Volume), m.losesOwner(r)), m.forced[r.Address], m.triggered(r)
	unasked := onRequest(r) && !m.asked(r)
	cause := "it is running: it is waited for"
	switch {
	case ground != "" && unasked:
		r.decide(Delete, FromAnother, m.lostGround(ground)+", while it runs; it runs again on request only")
		r.Changes = nil
		return
	case ground != "":
		r.decide(Run, FromAnother, m.lostGround(ground)+", while it runs")
		return
	case forced != (why{}) && !unasked:
		r.decide(Run, forced.reason, forced.cause+", while it runs")
		return
	case forced != (why{}):
		cause += ", and runs again on request only"
	case onRequest(r): // nothing else makes it run
	case len(r.Changes) > 0:
		cause += ", and runs again with the next apply (" + m.because(r).cause + ")"
	case trigger != "":
		cause += ", and does not run again " + trigger + ": with -replace=" + r.Address + " it does"
	}
	r.decide(Start, FromRunning, cause)
	r.Changes = nil
}

func ended(c provider.Condition) string {
	if c.Ended == "" {
		return ""
	}
	return " at " + c.Ended
}

// neverStarted is the cause where a run was interrupted between making and starting.
const neverStarted = "created and never started, by an earlier run that was interrupted"

func stoppedCause(c provider.Condition) why {
	if c.State == provider.StateExited && c.Requested {
		return why{FromStop, "stopped by request"}
	}
	switch c.State {
	case provider.StateCreated:
		return why{FromEarlierRun, neverStarted}
	case provider.StatePaused:
		return why{FromOutside, "paused outside"}
	case provider.StateExited:
		if c.Interrupted && c.Reason != "" {
			return why{FromStop, fmt.Sprintf("%s (exit code %d)", c.Reason, c.ExitCode)}
		}
		return why{FromStop, fmt.Sprintf("stopped outside (exit code %d)", c.ExitCode)}
	case provider.StateRestarting:
		if c.Reason != "" {
			return why{FromStop, "it keeps restarting: " + c.Reason}
		}
		return why{FromStop, fmt.Sprintf("it keeps restarting (exit code %d)", c.ExitCode)}
	case provider.StateNone, provider.StateRunning, provider.StateRemoving, provider.StateDead:
	}
	return why{FromStop, "it does not run"}
}

// because is a clause about why something changes: what it needs is replaced, or
// what differs.
func (m *maker) because(r *Resource) why {
	var causes, attributes []string
	for _, c := range r.Changes {
		attributes = append(attributes, r.Secrets.Path(c.Path))
		if !slices.Contains(causes, string(c.Cause)) {
			causes = append(causes, string(c.Cause))
		}
	}
	slices.Sort(causes)
	for _, dep := range r.After.Deps {
		d, found := m.resources[dep]
		switch {
		case !found || !dependsOn(r.Changes):
		case d.Action == Replace:
			return why{FromAnother, "because " + dep + " is replaced"}
		case d.Action == Create && d.Reason == FromRemoval:
			return why{FromAnother, "because " + dep + " is no longer there"}
		}
	}
	text := strings.Join(attributes, ", ")
	if len(attributes) > 3 {
		text = fmt.Sprintf("%s and %d more", strings.Join(attributes[:3], ", "), len(attributes)-3)
	}
	return why{reasonOf(r.Changes), text + ": " + strings.Join(causes, " and ")}
}

// dependsOn tells whether a change comes from something that is not known yet.
func dependsOn(changes []provider.Change) bool {
	return slices.ContainsFunc(changes, func(c provider.Change) bool { return c.To != cty.NilVal && !c.To.IsWhollyKnown() })
}
