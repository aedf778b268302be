package hcl

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	hcl2 "github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/diag"
)

// variablePrefix begins the names of environment variables that give values.
const variablePrefix = "DINDCTL_VAR_"

// inputs reads the values of variables in rising order of precedence, and says
// which are missing.
func (l *loader) inputs() {
	automatic := func(name string) bool {
		return strings.HasSuffix(name, ".auto.hclvars") || strings.HasSuffix(name, ".auto.hclvars.json")
	}
	for _, f := range l.list(l.cfg.Dir, l.shownDir(), automatic) {
		l.readValues(f, false)
	}
	for _, name := range l.req.VarFiles {
		l.readValues(file{name, inside(l.req.Cwd, name)}, true)
	}
	for _, v := range l.unit.variables {
		if text, given := l.req.Environment[variablePrefix+v.Name]; given {
			l.setText(v, text, "the environment variable "+variablePrefix+v.Name)
		}
	}
	for _, assignment := range l.req.Vars {
		l.assign(assignment)
	}
	for _, v := range l.unit.variables {
		if _, given := l.cfg.Inputs[v.Name]; !given && !v.HasDefault {
			p := problem("missing-variable", "Variable without a value", v.at,
				"var.%s has no default, and nothing gives it a value. Use -var %s=..., a *.auto.hclvars file, or %s%s.", v.Name, v.Name, variablePrefix, v.Name)
			l.report(p)
		}
	}
	l.validate()
}

// plain is a variable with the type that its values have.
func plain(v config.Variable) config.Variable {
	v.Type = v.Type.WithoutOptionalAttributesDeep()
	return v
}

func (l *loader) variable(name string) *variable {
	for _, v := range l.unit.variables {
		if v.Name == name {
			return v
		}
	}
	return nil
}

// readValues reads a file of values. Strict says that every name has to be declared.
func (l *loader) readValues(f file, strict bool) {
	parsed := l.parse(f)
	if len(parsed) == 0 {
		return
	}
	attributes, diags := parsed[0].JustAttributes()
	l.report(convertAll(diags)...)
	for _, a := range sortedAttributes(attributes) {
		v := l.variable(a.Name)
		if v == nil {
			if strict {
				l.report(problem("undeclared-name", "Value for a variable that is not declared", a.NameRange,
					"There is no variable %q.%s", a.Name, l.suggestVariable(a.Name)))
			}
			continue
		}
		value, diags := a.Expr.Value(nil)
		l.report(convertAll(diags)...)
		if diags.HasErrors() {
			l.cfg.Inputs[v.Name] = cty.UnknownVal(plain(v.Variable).Type)
			continue
		}
		l.set(v, value, func(detail string) diag.Problem {
			return problem("invalid-value", "Invalid value of a variable", a.Expr.Range(), "%s", detail)
		})
	}
}

func sortedAttributes(attributes hcl2.Attributes) []*hcl2.Attribute {
	out := make([]*hcl2.Attribute, 0, len(attributes))
	for _, a := range attributes {
		out = append(out, a)
	}
	slices.SortFunc(out, func(a, b *hcl2.Attribute) int { return a.Range.Start.Byte - b.Range.Start.Byte })
	return out
}

// assign takes "name=value" from the command line.
func (l *loader) assign(assignment string) {
	name, text, found := strings.Cut(assignment, "=")
	name = strings.TrimSpace(name)
	if !found || name == "" {
		l.report(diag.Problem{
			Severity: diag.Error, Code: "invalid-value", Summary: "Invalid -var",
			Detail: fmt.Sprintf("%q is not of the form name=value.", name),
		})
		return
	}
	v := l.variable(name)
	if v == nil {
		l.report(diag.Problem{
			Severity: diag.Error, Code: "undeclared-name", Summary: "Value for a variable that is not declared",
			Detail: fmt.Sprintf("-var names %q, and there is no such variable.%s", name, l.suggestVariable(name)),
		})
		return
	}
	l.setText(v, text, "-var "+name)
}

// suggestVariable asks for the variable that was meant, or says which there are;
// empty where there are none, or too many to read.
func (l *loader) suggestVariable(name string) string {
	const readable = 8
	names := make([]string, len(l.unit.variables))
	for i, v := range l.unit.variables {
		names[i] = v.Name
	}
	if near := config.Suggest(name, names); near != "" || len(names) == 0 || len(names) > readable {
		return near
	}
	slices.Sort(names)
	return " Declared are: " + strings.Join(names, ", ") + "."
}

// setText takes a value written as text: as it is for texts, numbers and truth
// values, else as an expression.
func (l *loader) setText(v *variable, text, origin string) {
	wrong := func(detail string) diag.Problem {
		return diag.Problem{
			Severity: diag.Error, Code: "invalid-value", Summary: "Invalid value of a variable",
			Detail: fmt.Sprintf("In %s: %s", origin, detail), Subject: v.Range,
		}
	}
	value, err := v.read(text)
	if err != nil {
		detail := err.Error()
		if v.Sensitive {
			detail = "the value, which is sensitive, is no expression."
		}
		l.cfg.Inputs[v.Name] = cty.UnknownVal(plain(v.Variable).Type)
		l.report(wrong(detail))
		return
	}
	l.set(v, value, wrong)
}

func (v *variable) read(text string) (cty.Value, error) {
	if !v.typed || v.Type.IsPrimitiveType() {
		return cty.StringVal(text), nil
	}
	if err := checkExpression(v.Name, text); err != nil {
		return cty.NilVal, err
	}
	expression, diags := hclsyntax.ParseExpression([]byte(text), v.Name, hcl2.InitialPos)
	if diags.HasErrors() {
		return cty.NilVal, describe(diags)
	}
	value, diags := expression.Value(nil)
	if diags.HasErrors() {
		return cty.NilVal, describe(diags)
	}
	return value, nil
}

func describe(diags hcl2.Diagnostics) error {
	return errors.New(strings.TrimSuffix(diags[0].Summary, ".") + ". " + diags[0].Detail)
}

func (l *loader) set(v *variable, value cty.Value, wrong func(detail string) diag.Problem) {
	converted, err := v.fit(value)
	if err != nil {
		l.cfg.Inputs[v.Name] = cty.UnknownVal(plain(v.Variable).Type)
		l.report(wrong(fmt.Sprintf("var.%s takes %s: %s.", v.Name, v.Type.FriendlyNameForConstraint(), err)))
		return
	}
	if converted.IsNull() && !v.Nullable {
		if v.HasDefault {
			delete(l.cfg.Inputs, v.Name)
			return
		}
		l.cfg.Inputs[v.Name] = cty.UnknownVal(plain(v.Variable).Type)
		l.report(wrong(fmt.Sprintf("var.%s cannot be null.", v.Name)))
		return
	}
	l.cfg.Inputs[v.Name] = converted
}
