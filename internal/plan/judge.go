package plan

import (
	"fmt"
	"slices"
	"strings"

	"github.com/dindctl/dindctl/provider"
)

// judge decides on an object that exists, from its changes and its condition.
func (m *maker) judge(r *Resource) {
	replace := slices.ContainsFunc(r.Changes, func(c provider.Change) bool { return c.Effect == provider.Replace })
	switch {
	case r.Before.Owner.Schema > provider.OwnershipSchema:
		r.Action = None
	case r.Kind == provider.Job:
		m.judgeJob(r)
	case replace:
		r.Action, r.Cause = Replace, m.because(r)
	case m.losesGround(r) != "":
		r.Action, r.Cause = Replace, "because "+m.losesGround(r)+" is replaced"
	case r.Kind.Runs() && !runs(r.Before.Condition.State):
		r.Action, r.Cause = Start, stoppedCause(r.Before.Condition)
	case len(r.Changes) > 0:
		r.Action, r.Cause = Update, m.because(r)
	case r.Kind == provider.Daemon && m.silent(r.Address):
		r.Action, r.Cause = Start, "its container runs, but its API does not answer: it is waited for"
	}
	if r.Action == Replace || r.Action == Run {
		m.pending[r.Address] = true
	}
	if r.Action == Replace && r.Kind == provider.Volume {
		r.DataLoss = fmt.Sprintf("everything in the volume %s", r.Before.Name)
	}
}

// losesGround is the address of a network or volume that an object uses and that
// is replaced; empty where there is none. Neither can go while it is used.
func (m *maker) losesGround(r *Resource) string {
	for _, dep := range r.After.Deps {
		list := m.ours[dep]
		if m.pending[dep] && len(list) > 0 && (list[0].Kind == provider.Network || list[0].Kind == provider.Volume) {
			return dep
		}
	}
	return ""
}

// silent tells whether a daemon was there and could not be looked into.
func (m *maker) silent(daemon string) bool {
	s, seen := m.in.Observed.Inside[daemon]
	return seen && !s.Readable && !s.Absent
}

// judgeJob decides by the record of the last run.
func (m *maker) judgeJob(r *Resource) {
	condition := r.Before.Condition
	switch condition.State {
	case provider.StateRunning, provider.StatePaused, provider.StateRestarting:
		r.Action, r.Cause = Start, "it is running: it is waited for"
		return
	case provider.StateCreated:
		r.Action, r.Cause = Start, "created and never started, by an earlier run that was interrupted"
		if len(r.Changes) > 0 {
			r.Action, r.Cause = Run, m.because(r)
		}
		return
	case provider.StateExited, provider.StateDead, provider.StateNone, provider.StateRemoving:
	}
	switch {
	case condition.Interrupted:
		r.Action, r.Cause = Run, "its last run was ended by the engine"+ended(condition)
	case condition.ExitCode != 0:
		r.Action, r.Cause = Run, fmt.Sprintf("its last run ended with exit code %d%s", condition.ExitCode, ended(condition))
	case len(r.Changes) > 0:
		r.Action, r.Cause = Run, m.because(r)
	}
}

func ended(c provider.Condition) string {
	if c.Ended == "" {
		return ""
	}
	return " at " + c.Ended
}

func runs(s provider.State) bool {
	return s == provider.StateRunning || s == provider.StateRestarting
}

func stoppedCause(c provider.Condition) string {
	switch c.State {
	case provider.StateCreated:
		return "created and never started, by an earlier run that was interrupted"
	case provider.StatePaused:
		return "paused outside"
	case provider.StateExited:
		return fmt.Sprintf("stopped outside (exit code %d)", c.ExitCode)
	case provider.StateNone, provider.StateRunning, provider.StateRestarting, provider.StateRemoving, provider.StateDead:
	}
	return "it does not run"
}

// because is a clause about why something changes: what it needs is replaced, or
// what differs.
func (m *maker) because(r *Resource) string {
	var causes, attributes []string
	for _, c := range r.Changes {
		attributes = append(attributes, c.Path)
		if !slices.Contains(causes, string(c.Cause)) {
			causes = append(causes, string(c.Cause))
		}
	}
	slices.Sort(causes)
	for _, dep := range r.After.Deps {
		if d, found := m.resources[dep]; found && d.Action == Replace && dependsOn(r.Changes) {
			return "because " + dep + " is replaced"
		}
	}
	text := strings.Join(attributes, ", ")
	if len(attributes) > 3 {
		text = fmt.Sprintf("%s and %d more", strings.Join(attributes[:3], ", "), len(attributes)-3)
	}
	return text + ": " + strings.Join(causes, " and ")
}

// dependsOn tells whether a change comes from something that is not known yet.
func dependsOn(changes []provider.Change) bool {
	return slices.ContainsFunc(changes, func(c provider.Change) bool { return !c.To.IsWhollyKnown() })
}
