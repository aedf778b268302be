package hcl

import (
	"slices"
	"strings"

	hcl2 "github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/config"
)

// maxListed is how many attributes of an object are listed.
const maxListed = 20

// attributeHint says which attributes an object has that lacks the one that is
// asked for; empty where that cannot be found out.
func attributeHint(d *hcl2.Diagnostic) string {
	_, rest, _ := strings.Cut(d.Detail, `"`)
	word, _, _ := strings.Cut(rest, `"`)
	object := withoutAttribute(d, word)
	if object == cty.NilVal || object.ContainsMarked() || !object.Type().IsObjectType() {
		return ""
	}
	var names []string
	for name := range object.Type().AttributeTypes() {
		names = append(names, name)
	}
	if len(names) == 0 {
		return " It has none."
	}
	slices.Sort(names)
	hint := config.Suggest(word, names)
	if len(names) > maxListed {
		return hint
	}
	return hint + " It has " + strings.Join(names, ", ") + "."
}

// withoutAttribute is the object of an expression that lacks the attribute word.
func withoutAttribute(d *hcl2.Diagnostic, word string) cty.Value {
	var base cty.Value
	var steps hcl2.Traversal
	var diags hcl2.Diagnostics
	switch e := d.Expression.(type) {
	case *hclsyntax.ScopeTraversalExpr:
		if len(e.Traversal) == 0 {
			return cty.NilVal
		}
		base, diags = e.Traversal[:1].TraverseAbs(d.EvalContext)
		steps = e.Traversal[1:]
	case *hclsyntax.RelativeTraversalExpr:
		base, diags = e.Source.Value(d.EvalContext)
		steps = e.Traversal
	default:
		return cty.NilVal
	}
	for i, step := range steps {
		if attribute, is := step.(hcl2.TraverseAttr); is && !diags.HasErrors() && attribute.Name == word {
			base, diags = steps[:i].TraverseRel(base)
			break
		}
	}
	if diags.HasErrors() {
		return cty.NilVal
	}
	return base
}
