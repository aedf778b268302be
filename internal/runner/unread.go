package runner

import (
	"slices"
	"strings"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// unread takes note of objects of which an engine says what makes no sense; daemon is
// that whose engine it is, empty for the root. What is not known to be there can
// neither be made nor removed: an error names it, and a warning what certainly is
// foreign. Inside a daemon it is as if that could not be looked into, which is the returned error.
func (o *observer) unread(list []provider.Unread, daemon string) error {
	elsewhere := slices.ContainsFunc(o.req.Elsewhere, func(e config.Elsewhere) bool { return e.Address == daemon })
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, one := range list {
		problem := *one.Problem
		if daemon != "" {
			problem.Detail = "In the engine of " + daemon + ": " + lowered(problem.Detail)
		}
		if !one.Foreign && daemon != "" && !elsewhere {
			return &problem
		}
		told := problemsOf(&problem, problem.Summary, "")
		if one.Foreign {
			told[0].Severity = diag.Warning
		}
		o.problems = append(o.problems, told...)
	}
	return nil
}

// lowered is a sentence that stands after others' words.
func lowered(text string) string {
	if rest, begins := strings.CutPrefix(text, "The "); begins {
		return "the " + rest
	}
	return text
}

// told are the notes, in an order that does not hang on who answered first.
func (o *observer) told() diag.List {
	slices.SortFunc(o.problems, func(a, b diag.Problem) int { return strings.Compare(a.Detail, b.Detail) })
	return o.problems
}
