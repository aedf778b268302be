package config

import (
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// EvalOutputs evaluates the outputs with what is known now, in the order of
// their names.
func (x *Expanded) EvalOutputs(known Known) ([]OutputValue, diag.List) {
	if x.state == nil {
		return x.Outputs, nil
	}
	e := x.state.evaluation(known)
	outputs, problems := x.outputs(e)
	return outputs, x.state.distinct(append(problems, e.problems...)).Sorted()
}

func (x *Expanded) outputs(e *evaluation) ([]OutputValue, diag.List) {
	var out []OutputValue
	var problems diag.List
	for _, o := range x.Config.Outputs {
		if o.Value == nil {
			continue
		}
		value, list := o.Value.Value(e.scope(o.Value.References()))
		problems = append(problems, list...)
		value, secret := reveal(value)
		if secret && !o.Sensitive {
			problems = append(problems, diag.Problem{
				Severity: diag.Error, Code: "sensitive-value", Summary: "Sensitive value in an output", Address: "output." + o.Name,
				Detail:  "The value comes from something sensitive, and outputs are printed. Add sensitive = true to the output, or take the secret out of it.",
				Subject: o.Value.Range(), Context: o.Range,
			})
		}
		out = append(out, OutputValue{Name: o.Name, Value: value, Sensitive: o.Sensitive || secret})
	}
	slices.SortFunc(out, func(a, b OutputValue) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return out, problems
}

// reveal takes off all marks and says whether something in the value was sensitive.
func reveal(v cty.Value) (cty.Value, bool) {
	plain, paths := v.UnmarkDeepWithPaths()
	for _, p := range paths {
		if _, secret := p.Marks[provider.Sensitive]; secret {
			return plain, true
		}
	}
	return plain, false
}

// wantsOutput are the jobs whose output is referred to.
func (s *state) wantsOutput() []string {
	wanted := map[string]bool{}
	want := func(refs []Reference, whole bool) {
		for _, ref := range refs {
			if ref.Root != string(provider.Job) || ref.Attr != "stdout" && ref.Attr != "stderr" && (ref.Attr != "" || !whole) {
				continue
			}
			for _, address := range s.named(ref) {
				wanted[address] = true
			}
		}
	}
	for _, n := range s.nouns {
		want(n.refs, false)
	}
	for _, l := range s.locals {
		want(l.refs, true)
	}
	for _, o := range s.cfg.Outputs {
		if o.Value != nil {
			want(o.Value.References(), true)
		}
	}
	return keys(wanted)
}
