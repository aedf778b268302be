package plan

import (
	"fmt"
	"maps"
	"slices"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// Refinement is what was found to do inside a daemon.
type Refinement struct {
	// Steps are numbered on their own.
	Steps []Step
	// Stopped are errors that each stop one address there, and what needs it.
	Stopped diag.List
	// Left are the addresses that nothing may be done about any longer because of
	// Stopped: those, and what needs them, wherever it is; sorted.
	Left []string
	// Secrets knows the texts of the secrets of what was planned, among them those that
	// were not known before. They have to be hidden before anything of this is told.
	Secrets provider.Secrets
}

// Refine plans again what is inside a daemon that could be looked into at last.
// In holds the new observation. The steps are at most what the prior plan showed for
// their addresses: a change, a removal, a replacement or a loss of data that it did
// not show is an error that says so, and no step. What is stopped there has no steps
// either.
func Refine(in Input, prior *Plan, daemon string) (Refinement, diag.List) {
	r, problems := refine(in, prior, daemon)
	if in.over() {
		return Refinement{}, diag.Interrupted("What is inside " + daemon + " was not planned again, and nothing was done there. Run the command again to go on from here.")
	}
	return r, problems
}

func refine(in Input, prior *Plan, daemon string) (Refinement, diag.List) {
	m := newMaker(in)
	m.settled = daemon
	if problems := m.checkOwners(); problems.HasErrors() {
		return Refinement{}, problems
	}
	p, problems := m.make()
	if problems.HasErrors() {
		return Refinement{}, problems
	}
	refused := prior.exceeded(p, daemon)
	number := map[int]int{}
	var steps []Step
	for _, s := range p.Steps {
		if s.Inside != daemon {
			continue
		}
		if _, not := refused[key{s.Address, s.Object}]; not {
			continue
		}
		if _, not := refused[key{s.Address, ""}]; not {
			continue
		}
		number[s.ID] = len(steps) + 1
		s.ID, s.Tentative = len(steps)+1, false
		steps = append(steps, s)
	}
	for i := range steps {
		var needs []int
		for _, id := range steps[i].Needs {
			if n, kept := number[id]; kept {
				needs = append(needs, n)
			}
		}
		steps[i].Needs = needs
	}
	var more diag.List
	for _, k := range sortedRefusals(refused) {
		more = append(more, refused[k])
	}
	stopped := m.stoppedIn(p, daemon)
	left := addressesOf(stopped)
	for _, c := range m.circles {
		if left[c.problem().Address] {
			maps.Copy(left, c.left)
		}
	}
	m.spreadStop(left)
	return Refinement{Steps: steps, Stopped: stopped, Left: sortedKeys(left), Secrets: p.Secrets}, more
}

// stoppedIn are the errors of a plan that stop addresses inside a daemon.
func (m *maker) stoppedIn(p *Plan, daemon string) diag.List {
	seen := addressesOf(m.in.Observed.snapshot(daemon).Stops)
	return slices.DeleteFunc(slices.Clone(p.Stopped), func(problem diag.Problem) bool {
		in, configured := m.expanded.Instance(problem.Address)
		return !seen[problem.Address] && (!configured || in.Inside != daemon)
	})
}

// key names what is refused: all of an address, or one object of it.
type key struct{ address, object string }

func sortedRefusals(refused map[key]diag.Problem) []key {
	byText := map[string]key{}
	for k := range refused {
		byText[k.address+"\x00"+k.object] = k
	}
	out := make([]key, 0, len(refused))
	for _, text := range sortedKeys(byText) {
		out = append(out, byText[text])
	}
	return out
}

// exceeded finds what a new plan does inside a daemon beyond what was shown.
func (p *Plan) exceeded(now *Plan, daemon string) map[key]diag.Problem {
	refused := map[key]diag.Problem{}
	refuse := func(k key, what, cause string) {
		refused[k] = diag.Problem{
			Severity: diag.Error, Code: "not-shown", Address: k.address, Summary: "A step was not shown in the plan",
			Detail: fmt.Sprintf("What is inside %s could not be seen when the plan was made. Now that it can, %s %s (%s), which was not "+
				"shown in the plan. Nothing was done about it; run plan again: it shows it.", daemon, k.address, what, cause),
		}
	}
	before, after := p.byAddress(), now.byAddress()
	for _, r := range now.Resources {
		if r.Inside != daemon {
			continue
		}
		shown := before[r.Address]
		switch {
		case !covers(shown, r):
			refuse(key{address: r.Address}, "would be "+doneBy(r.Action), r.Cause)
		case r.DataLoss != "" && r.DataLoss != shown.DataLoss:
			refuse(key{address: r.Address}, "would lose "+r.DataLoss, r.Cause)
		}
	}
	// A volume's id is its name: the place is part of what was shown.
	removed := map[at]bool{}
	for _, s := range p.Steps {
		if s.Action == Delete {
			removed[at{s.Inside, s.Object}] = true
		}
	}
	for _, s := range now.Steps {
		if s.Action != Delete || s.Inside != daemon || removed[at{s.Inside, s.Object}] {
			continue
		}
		if r := after[s.Address]; r.Before == nil || r.Inside != s.Inside || r.Before.ID != s.Object {
			refuse(key{s.Address, s.Object}, "would have its second object removed", s.Cause)
		}
	}
	return refused
}

// covers tells whether what was shown of an address is at least what is to be
// done now. An address that was not shown has the zero Resource.
func covers(shown, now Resource) bool {
	switch now.Action {
	case None, Wait, Stop:
		return true
	case Start, Restart: // of what was to be started, it is the start
		return shown.Action != None && shown.Action != "" && shown.Action != Delete
	case Update:
		return shown.Action == Create || shown.Action == Run || shown.Action == Replace || shown.Action == Update || len(shown.Changes) > 0
	case Create, Run:
		return shown.Action == Create || shown.Action == Run || shown.Action == Replace
	case Replace, Delete:
	}
	return shown.Action == now.Action
}

func doneBy(a Action) string {
	words := map[Action]string{
		Start: "started", Restart: "started again", Update: "changed", Create: "created", Run: "run", Replace: "replaced", Delete: "removed",
	}
	return words[a]
}

func (p *Plan) byAddress() map[string]Resource {
	out := make(map[string]Resource, len(p.Resources))
	for _, r := range p.Resources {
		out[r.Address] = r
	}
	return out
}
