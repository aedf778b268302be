package runner

import (
	"context"
	"errors"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// problemsOf turns an error into diagnostics. Summary is for errors that are not
// made for people; address is used where the problem names none.
func problemsOf(err error, summary, address string) diag.List {
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
