package hcl

import (
	"strconv"
	"strings"

	hcl2 "github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/config"
)

// metaSchema is what a block may hold beside the arguments of its noun.
func metaSchema() *hcl2.BodySchema {
	return &hcl2.BodySchema{
		Attributes: []hcl2.AttributeSchema{{Name: "for_each"}, {Name: "count"}, {Name: "enabled"}, {Name: "depends_on"}},
		Blocks:     []hcl2.BlockHeaderSchema{{Type: "lifecycle"}},
	}
}

// meta takes the arguments of the language out of a body and returns the rest.
func (l *loader) meta(of hcl2.Body, withLifecycle bool) (config.Meta, hcl2.Body) {
	schema := metaSchema()
	if !withLifecycle {
		schema.Blocks = nil
	}
	content, rest, diags := of.PartialContent(schema)
	l.report(convertAll(diags)...)
	var m config.Meta
	for name, into := range map[string]*config.Expr{"for_each": &m.ForEach, "count": &m.Count, "enabled": &m.Enabled} {
		if a := content.Attributes[name]; a != nil {
			*into = expr{a.Expr, l.functions}
		}
	}
	if a := content.Attributes["depends_on"]; a != nil {
		m.DependsOn = l.dependsOn(a)
	}
	for i, block := range content.Blocks {
		if i > 0 {
			l.report(problem("duplicate-block", "Duplicate block", block.DefRange, "There can be one lifecycle block here, and one stands at %s.", at(content.Blocks[0].DefRange)))
			break
		}
		l.lifecycle(block, &m)
	}
	return m, rest
}

// dependsOn are the references of a list that is not evaluated.
func (l *loader) dependsOn(a *hcl2.Attribute) []config.Reference {
	var out []config.Reference
	for _, element := range l.elements(a, "depends_on takes a list of references, such as [container.web, module.x].") {
		t, ok := l.traversal(element, "depends_on takes references, such as container.web or module.x, without quotes.")
		if !ok {
			continue
		}
		ref := reference(t)
		ref.Whole = ref.Root == "module"
		ref.Key, ref.Attr = cty.NilVal, "" // edges run between blocks
		out = append(out, ref)
	}
	return out
}

// elements are the expressions of a list.
func (l *loader) elements(a *hcl2.Attribute, rule string) []hcl2.Expression {
	list, diags := hcl2.ExprList(a.Expr)
	if diags.HasErrors() {
		l.report(problem("wrong-type", "Wrong type of value", a.Expr.Range(), "%s", rule))
	}
	return list
}

// traversal is the name that an expression is. In JSON it may stand in a template.
func (l *loader) traversal(e hcl2.Expression, rule string) (hcl2.Traversal, bool) {
	if t, diags := hcl2.AbsTraversalForExpr(e); !diags.HasErrors() {
		return t, true
	}
	if _, native := e.(hclsyntax.Expression); !native {
		if names := e.Variables(); len(names) == 1 {
			return names[0], true
		}
	}
	l.report(problem("wrong-type", "Wrong type of value", e.Range(), "%s", rule))
	return nil, false
}

func (l *loader) lifecycle(block *hcl2.Block, m *config.Meta) {
	content, diags := block.Body.Content(&hcl2.BodySchema{Attributes: []hcl2.AttributeSchema{
		{Name: "prevent_destroy"}, {Name: "ignore_changes"}, {Name: "replace_triggered_by"},
	}})
	l.report(convertAll(diags)...)
	if a := content.Attributes["prevent_destroy"]; a != nil {
		m.Lifecycle.PreventDestroy, m.Lifecycle.PreventRange = l.constantFlag(a, false), rangeOf(a.Range)
	}
	if a := content.Attributes["ignore_changes"]; a != nil {
		l.ignoreChanges(a, m)
	}
	if a := content.Attributes["replace_triggered_by"]; a != nil {
		for _, element := range l.elements(a, "replace_triggered_by takes a list of references, such as [image.app, volume.data.id].") {
			if t, ok := l.trigger(element); ok {
				m.Triggers = append(m.Triggers, t)
			}
		}
	}
}

func (l *loader) ignoreChanges(a *hcl2.Attribute, m *config.Meta) {
	if hcl2.ExprAsKeyword(a.Expr) == "all" {
		m.Lifecycle.IgnoreAll = true
		return
	}
	for _, element := range l.elements(a, "ignore_changes takes a list of the names of arguments, such as [cpus, environment.LANG], or the word all.") {
		t, ok := l.traversal(element, "ignore_changes takes the names of arguments of this block, such as cpus or environment.LANG, without quotes.")
		if !ok {
			continue
		}
		ignored := config.Ignored{Steps: stepsOf(t), Range: rangeOf(element.Range())}
		m.Ignored = append(m.Ignored, ignored)
		m.Lifecycle.IgnoreChanges = append(m.Lifecycle.IgnoreChanges, ignored.Paths()...)
	}
}

// stepsOf is a traversal as the steps of a path.
func stepsOf(t hcl2.Traversal) []config.Step {
	var out []config.Step
	for i, step := range t {
		switch step := step.(type) {
		case hcl2.TraverseRoot:
			out = append(out, config.Step{Name: step.Name})
		case hcl2.TraverseAttr:
			out = append(out, config.Step{Name: step.Name})
		case hcl2.TraverseIndex:
			name, text := stepName(t[i]), true
			if name == "" {
				name, text = show(step.Key), false
			}
			out = append(out, config.Step{Name: name, Key: true, Number: !text})
		}
	}
	return out
}

// trigger is an element of replace_triggered_by: a name, perhaps with a key that
// is evaluated, perhaps with an attribute.
func (l *loader) trigger(e hcl2.Expression) (config.Trigger, bool) {
	attr := ""
	inner := e
	if relative, is := inner.(*hclsyntax.RelativeTraversalExpr); is && len(relative.Traversal) == 1 {
		attr, inner = stepName(relative.Traversal[0]), relative.Source
	}
	if index, is := inner.(*hclsyntax.IndexExpr); is {
		t, ok := l.traversal(index.Collection, "replace_triggered_by takes references, such as image.app or volume.data[each.key].")
		if !ok {
			return config.Trigger{}, false
		}
		out := config.Trigger{Reference: reference(t), Index: expr{index.Key, l.functions}}
		out.Attr = attr
		return out, true
	}
	t, ok := l.traversal(e, "replace_triggered_by takes references, such as image.app or volume.data.id, without quotes.")
	if !ok {
		return config.Trigger{}, false
	}
	return config.Trigger{Reference: reference(t)}, true
}

// addressOf is a traversal as an address: `module.x["a"].container.web[0]`.
func addressOf(t hcl2.Traversal) string {
	var b strings.Builder
	for _, step := range t {
		switch step := step.(type) {
		case hcl2.TraverseRoot:
			b.WriteString(step.Name)
		case hcl2.TraverseAttr:
			b.WriteString("." + step.Name)
		case hcl2.TraverseIndex:
			if step.Key.Type() == cty.String {
				b.WriteString("[" + strconv.Quote(step.Key.AsString()) + "]")
				continue
			}
			b.WriteString("[" + show(step.Key) + "]")
		}
	}
	return b.String()
}
