package runner

import (
	"context"
	"errors"
	"slices"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// problemsOf turns an error into diagnostics. Summary is for errors that are not
// made for people; address is used where the problem names none.
func problemsOf(err error, summary, address string) diag.List {
	if several := joined(err); len(several) > 0 {
		var out diag.List
		for _, one := range several {
			for _, problem := range problemsOf(one, summary, address) {
				if !slices.ContainsFunc(out, func(p diag.Problem) bool { return p.Summary == problem.Summary && p.Detail == problem.Detail }) {
					out = append(out, problem)
				}
			}
		}
		return out
	}
	var p *provider.Problem
	switch {
	case err == nil:
		return nil
	case errors.As(err, &p):
		return diag.List{{
			Severity: diag.Error, Code: string(p.Code), Summary: p.Summary, Detail: p.Detail,
			Address: firstOf(p.Address, address), Log: p.Log,
		}}
	case errors.Is(err, context.Canceled):
		return diag.List{{
			Severity: diag.Error, Code: string(provider.Interrupted), Summary: summary,
			Detail: "It was interrupted.", Address: address,
		}}
	}
	return diag.List{{Severity: diag.Error, Summary: summary, Detail: err.Error() + ".", Address: address}}
}

// joined are the errors that stand side by side in one; nil where there is one alone. That
// it was interrupted is left out beside what says more.
func joined(err error) []error {
	list, are := err.(interface{ Unwrap() []error })
	if !are {
		return nil
	}
	all := list.Unwrap()
	if errors.Join(all...).Error() != err.Error() {
		return nil
	}
	says := slices.DeleteFunc(slices.Clone(all), func(one error) bool { return errors.Is(one, context.Canceled) })
	if len(says) == 0 {
		return all[:1]
	}
	return says
}

// hiding takes secrets out of all that is said in problems.
func hiding(list diag.List, hide func(string) string) diag.List {
	out := slices.Clone(list)
	for i, p := range out {
		out[i].Summary, out[i].Detail = hide(p.Summary), hide(p.Detail)
		out[i].Log, out[i].Chain = slices.Clone(p.Log), slices.Clone(p.Chain)
		for _, lines := range [][]string{out[i].Log, out[i].Chain} {
			for j := range lines {
				lines[j] = hide(lines[j])
			}
		}
	}
	return out
}

// placed adds the lines of the configuration to problems of an instance.
func placed(list diag.List, err error, find func(address string) (config.Instance, bool)) diag.List {
	var p *provider.Problem
	path := ""
	if errors.As(err, &p) {
		path = p.Path
	}
	for i, problem := range list {
		instance, found := find(problem.Address)
		if !found || !problem.Subject.Empty() {
			continue
		}
		list[i].Subject = instance.Header
		if path != "" && instance.RangeOf != nil {
			list[i].Subject = instance.RangeOf(path)
		}
		list[i].Context = list[i].Subject
	}
	return list
}

func firstOf(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

// Problems turns an error of a provider into diagnostics. Summary is for errors
// that are not made for people. A nil error gives nil.
func Problems(err error, summary string) diag.List { return problemsOf(err, summary, "") }
