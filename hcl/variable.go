package hcl

import (
	"strings"

	hcl2 "github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/provider"
)

// variable is a variable block, with what is needed to take a value for it.
type variable struct {
	config.Variable
	typed    bool // the block has a type
	defaults *typeexpr.Defaults
	rules    []rule
	at       hcl2.Range
}

// rule is a validation block.
type rule struct {
	condition, message hcl2.Expression
}

func (l *loader) addVariable(block *hcl2.Block) {
	content, diags := block.Body.Content(&hcl2.BodySchema{
		Attributes: []hcl2.AttributeSchema{
			{Name: "type"}, {Name: "default"}, {Name: "description"}, {Name: "sensitive"}, {Name: "nullable"},
		},
		Blocks: []hcl2.BlockHeaderSchema{{Type: "validation"}},
	})
	l.report(convertAll(diags)...)
	name := block.Labels[0]
	if !l.checkIdentifier(block) || l.declared("variable", name, block.DefRange) {
		return
	}
	v := &variable{at: block.DefRange, Variable: config.Variable{Name: name, Type: cty.DynamicPseudoType, Range: rangeOf(block.DefRange)}}
	v.Description = l.constantText(content.Attributes["description"])
	v.Sensitive = l.constantFlag(content.Attributes["sensitive"], false)
	v.Nullable = l.constantFlag(content.Attributes["nullable"], true)
	if a := content.Attributes["type"]; a != nil {
		t, defaults, diags := typeexpr.TypeConstraintWithDefaults(a.Expr)
		l.report(convertAll(diags)...)
		v.Type, v.defaults, v.typed = t, defaults, true
	}
	if a := content.Attributes["default"]; a != nil {
		l.setDefault(v, a)
	}
	for _, b := range content.Blocks {
		l.addRule(v, b)
	}
	l.unit.variables = append(l.unit.variables, v)
	public := plain(v.Variable)
	public.Fit = v.fit
	for _, r := range v.rules {
		public.Rules = append(public.Rules, config.Rule{Condition: expr{r.condition, l.functions}, Message: expr{r.message, l.functions}})
	}
	l.unit.module.Variables = append(l.unit.module.Variables, public)
}

func (l *loader) setDefault(v *variable, a *hcl2.Attribute) {
	v.HasDefault, v.Default = true, cty.UnknownVal(v.Type.WithoutOptionalAttributesDeep())
	value, diags := a.Expr.Value(nil)
	l.report(convertAll(diags)...)
	if diags.HasErrors() {
		return
	}
	converted, err := v.fit(value)
	if err != nil {
		l.report(wrongType(a, provider.Attribute{Name: "default", Type: v.Type}, value, err))
		return
	}
	if converted.IsNull() && !v.Nullable {
		l.report(problem("invalid-value", "Invalid default", a.Expr.Range(), "The default is null, but nullable = false. Write another default, or none."))
		return
	}
	v.Default = converted
}

// fit converts a value to the variable's type.
func (v *variable) fit(value cty.Value) (cty.Value, error) {
	if v.defaults != nil && !value.IsNull() {
		value = v.defaults.Apply(value)
	}
	return convert.Convert(value, v.Type)
}

func (l *loader) addRule(v *variable, block *hcl2.Block) {
	if r, ok := l.rule(block); ok {
		v.rules = append(v.rules, r)
	}
}

// rule reads a block with a condition and its message.
func (l *loader) rule(block *hcl2.Block) (rule, bool) {
	content, diags := block.Body.Content(&hcl2.BodySchema{Attributes: []hcl2.AttributeSchema{
		{Name: "condition", Required: true}, {Name: "error_message", Required: true},
	}})
	l.report(convertAll(diags)...)
	condition, message := content.Attributes["condition"], content.Attributes["error_message"]
	if condition == nil || message == nil {
		return rule{}, false
	}
	return rule{condition.Expr, message.Expr}, true
}

// validate evaluates the rules of all variables.
func (l *loader) validate() {
	values := map[string]cty.Value{}
	for _, v := range l.unit.variables {
		value, given := l.cfg.Inputs[v.Name]
		if !given {
			value = v.Default
		}
		if value == cty.NilVal {
			value = cty.UnknownVal(v.Type)
		}
		if v.Sensitive {
			value = value.Mark(provider.Sensitive)
		}
		values[v.Name] = value
	}
	context := &hcl2.EvalContext{Variables: map[string]cty.Value{"var": cty.ObjectVal(values)}, Functions: l.functions}
	for _, v := range l.unit.variables {
		for _, r := range v.rules {
			l.apply(v, r, context)
		}
	}
}

func (l *loader) apply(v *variable, r rule, context *hcl2.EvalContext) {
	condition, message := l.onlyVariables(r.condition, v), l.onlyVariables(r.message, v)
	if !condition || !message {
		return
	}
	result, diags := r.condition.Value(context)
	l.report(convertAll(diags)...)
	if diags.HasErrors() {
		return
	}
	result, _ = result.Unmark()
	result, err := convert.Convert(result, cty.Bool)
	if err != nil || result.IsNull() {
		l.report(problem("wrong-type", "Wrong type of value", r.condition.Range(), "The condition of a validation has to be true or false."))
		return
	}
	holds := !result.IsKnown() || result.True()
	text, diags := r.message.Value(context)
	if holds && diags.HasErrors() {
		return // what it would say may have a sense only where the condition does not hold
	}
	l.report(convertAll(diags)...)
	words, ok := messageOf(text)
	if !ok && !diags.HasErrors() {
		l.report(problem("wrong-type", "Wrong type of value", r.message.Range(), "The error_message of a validation is a text that says what is wrong, not %s.", kindOf(text)))
	}
	if holds {
		return
	}
	p := problem("invalid-value", "Invalid value of a variable", r.condition.Range(), "var.%s: %s", v.Name, words)
	p.Context = v.Range
	l.report(p)
}

// kindOf says in a word what a value is.
func kindOf(v cty.Value) string {
	if v, _ = v.Unmark(); v.IsNull() {
		return "null"
	}
	if v.Type() == cty.String {
		return "an empty one"
	}
	return v.Type().FriendlyName()
}

// messageOf is the text that an error_message stands for; another one where it is
// not to be shown, or is none: then ok is false.
func messageOf(v cty.Value) (message string, ok bool) {
	message = "The value is not allowed."
	plain, marks := v.Unmark()
	text, err := convert.Convert(plain, cty.String)
	switch {
	case err != nil, text.IsNull():
		return message, false
	case len(marks) > 0 || !text.IsKnown():
		return message, true
	case strings.TrimSpace(text.AsString()) == "":
		return message, false
	}
	return text.AsString(), true
}

// onlyVariables refuses names in a validation that have no value there.
func (l *loader) onlyVariables(e hcl2.Expression, v *variable) bool {
	ok := true
	for _, t := range e.Variables() {
		ref := reference(t)
		switch {
		case ref.Root != "var":
			ok = false
			l.report(problem("unknown-name", "Unknown variable", t.SourceRange(), "A validation of a variable is about variables alone: write var.%s. %s has no value there.", v.Name, traversalText(t)))
		case ref.Name != "" && l.variable(ref.Name) == nil:
			ok = false
			l.report(problem("undeclared-name", "Reference to something that is not declared", t.SourceRange(), "There is no variable %q.%s", ref.Name, l.suggestVariable(ref.Name)))
		}
	}
	return ok
}
