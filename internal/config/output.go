package config

import (
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// EvalOutputs evaluates the outputs with what is known now, in the order of
// their names. The problems are warnings, too: checks that do not hold.
func (x *Expanded) EvalOutputs(known Known) ([]OutputValue, diag.List) {
	if x.state == nil {
		return x.Outputs, nil
	}
	e := x.state.evaluation(known)
	x.Withheld = nil
	outputs, problems := x.outputs(e)
	problems = append(append(problems, x.Withheld...), e.checks()...)
	return outputs, x.state.distinct(append(problems, e.problems...))
}

func (x *Expanded) outputs(e *evaluation) ([]OutputValue, diag.List) {
	var out []OutputValue
	var problems diag.List
	f := x.state.top
	for _, o := range x.Config.Outputs {
		if o.Value == nil {
			continue
		}
		e.withheld = nil
		value, list := o.Value.Value(e.scope(f, o.Value.References(), each{}))
		x.Withheld = append(x.Withheld, of(e.withheld, "output."+o.Name)...)
		if n := f.module.outputs[o.Name]; n != nil {
			list = x.state.explain(n, list)
		}
		problems = append(problems, within(list, "output."+o.Name)...)
		x.state.cfg.Secrets.Add(value)
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
	for _, n := range s.nodes {
		if n.names != nil {
			s.wantFrom(wanted, n.names, n.refs, n.kind != nounNode)
		}
	}
	for _, m := range s.modules {
		for _, c := range m.content.Checks {
			for _, a := range c.Asserts {
				s.wantFrom(wanted, m, append(a.Condition.References(), a.Message.References()...), true)
			}
		}
	}
	return keys(wanted)
}

// wantFrom adds the jobs whose output references in a module may mean. Whole says
// that a job without a word behind it may be meant with its output.
func (s *state) wantFrom(wanted map[string]bool, m *module, refs []Reference, whole bool) {
	for _, ref := range refs {
		if ref.Root != string(provider.Job) || ref.Attr != "stdout" && ref.Attr != "stderr" && ref.Attr != "" {
			continue
		}
		for _, n := range s.named(m, ref) {
			if ref.Attr == "" && !whole && n.repeat == single {
				continue
			}
			for _, o := range n.instances {
				wanted[o.address] = true
			}
		}
	}
}
