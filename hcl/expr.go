package hcl

import (
	hcl2 "github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/diag"
)

// expr is a [config.Expr].
type expr struct {
	of        hcl2.Expression
	functions map[string]function.Function
}

func (e expr) References() []config.Reference { return references(e.of.Variables()) }

func (e expr) Range() diag.Range { return rangeOf(e.of.Range()) }

func (e expr) Value(scope map[string]cty.Value) (cty.Value, diag.List) {
	value, diags := e.of.Value(&hcl2.EvalContext{Variables: scope, Functions: e.functions})
	if !diags.HasErrors() && size(value, maxWeight) > maxWeight {
		return cty.DynamicVal, convertAll(hcl2.Diagnostics{tooMuch(e.of.Range())})
	}
	return value, convertAll(diags)
}

func references(traversals []hcl2.Traversal) []config.Reference {
	out := make([]config.Reference, 0, len(traversals))
	for _, t := range traversals {
		if !t.IsRelative() {
			out = append(out, reference(t))
		}
	}
	return out
}

// reference takes a traversal apart: root, name, key, attribute.
func reference(t hcl2.Traversal) config.Reference {
	ref := config.Reference{Root: t.RootName(), Range: rangeOf(t.SourceRange())}
	if len(t) > 1 {
		ref.Name = stepName(t[1])
	}
	if len(t) < 3 || ref.Name == "" {
		return ref
	}
	rest := t[2:]
	if index, is := rest[0].(hcl2.TraverseIndex); is {
		ref.Key, rest = index.Key, rest[1:]
	}
	if len(rest) > 0 {
		if attr, is := rest[0].(hcl2.TraverseAttr); is {
			ref.Attr = attr.Name
		}
	}
	return ref
}

// stepName is the word of ".word" and of ["word"]; empty for everything else.
func stepName(step hcl2.Traverser) string {
	switch step := step.(type) {
	case hcl2.TraverseAttr:
		return step.Name
	case hcl2.TraverseIndex:
		if step.Key.Type() == cty.String && step.Key.IsKnown() && !step.Key.IsNull() {
			return step.Key.AsString()
		}
	}
	return ""
}
