package config

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/diag"
)

// Evaluate is the value of an expression that stands in no file, as one at the
// top of the configuration would be evaluated with what is known now. The value
// keeps its marks.
func (x *Expanded) Evaluate(expr Expr, known Known) (cty.Value, diag.List) {
	if x.state == nil {
		return cty.DynamicVal, nil
	}
	s := x.state
	n := &node{kind: localNode, module: s.top.module, names: s.top.module, refs: expr.References()}
	var problems diag.List
	for _, ref := range n.refs {
		if p, wrong := s.checkReference(n, ref); wrong {
			p.Severity, p.Subject = diag.Error, ref.Range
			problems = append(problems, p)
		}
	}
	if problems.HasErrors() {
		return cty.DynamicVal, problems
	}
	e := s.evaluation(known)
	value, problems := expr.Value(e.scope(s.top, n.refs, each{}))
	s.cfg.Secrets.Add(value)
	return value, append(s.explain(n, problems), e.problems...)
}
