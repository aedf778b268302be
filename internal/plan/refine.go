package plan

import (
	"fmt"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// Refine plans again what is inside a daemon that could be looked into at last.
// In holds the new observation. The steps, numbered on their own, are at most
// what the prior plan showed for their addresses; a removal, replacement or loss
// of data that it did not show is an error that says so.
func Refine(in Input, prior *Plan, daemon string) ([]Step, diag.List) {
	p, problems := Make(in)
	if problems.HasErrors() {
		return nil, problems
	}
	shown := map[string]Resource{}
	for _, r := range prior.Resources {
		shown[r.Address] = r
	}
	var steps []Step
	var more diag.List
	number := map[int]int{}
	for _, s := range p.Steps {
		if s.Inside != daemon {
			continue
		}
		if problem, ok := exceeds(s, shown[s.Address], p); ok {
			more = append(more, problem)
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
	return steps, more
}

// exceeds tells whether a step is more than what was shown for its address.
func exceeds(s Step, shown Resource, p *Plan) (diag.Problem, bool) {
	var what string
	switch {
	case s.DataLoss != "" && shown.DataLoss == "":
		what = "would lose " + s.DataLoss
	case s.Action == Delete && shown.Action != Delete && shown.Action != Replace && !jobRecord(s):
		what = "would be removed"
		if r, found := p.resource(s.Address); found && r.Action == Replace {
			what = "would be replaced"
		}
	case shown.Address == "" && s.Action != Delete:
		what = "would be changed"
	default:
		return diag.Problem{}, false
	}
	return diag.Problem{
		Severity: diag.Error, Code: "not-shown", Address: s.Address, Summary: "A step was not shown in the plan",
		Detail: fmt.Sprintf("What is inside %s could not be seen when the plan was made. Now that it can, %s %s (%s), which the plan "+
			"did not show. Nothing was done about it. Run the command again: the next plan shows it.", s.Inside, s.Address, what, s.Cause),
	}, true
}

// jobRecord tells whether a deletion is only that of a job's old record.
func jobRecord(s Step) bool { return s.Kind == provider.Job }

func (p *Plan) resource(address string) (Resource, bool) {
	for _, r := range p.Resources {
		if r.Address == address {
			return r, true
		}
	}
	return Resource{}, false
}
