package hcl

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"strings"

	hcl2 "github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
)

// templateFunction evaluates a file as a template, with the variables that it is
// given and no others, and with all functions but itself.
func templateFunction(dir string, others map[string]function.Function, b *budget) function.Function {
	others = maps.Clone(others)
	others["templatefile"] = function.New(&function.Spec{
		VarParam: &function.Parameter{Name: "any", Type: cty.DynamicPseudoType, AllowNull: true, AllowUnknown: true, AllowDynamicType: true, AllowMarked: true},
		Type: func([]cty.Value) (cty.Type, error) {
			return cty.String, errors.New("a template cannot contain another, because it could contain itself")
		},
	})
	return function.New(&function.Spec{
		Params: []function.Parameter{{Name: "path", Type: cty.String}, {Name: "vars", Type: cty.DynamicPseudoType, AllowMarked: true}},
		Type: func(args []cty.Value) (cty.Type, error) {
			vars, _ := args[1].Unmark()
			if t := vars.Type(); !t.IsObjectType() && !t.IsMapType() {
				return cty.DynamicPseudoType, function.NewArgErrorf(1, "the variables of the template are an object, such as { name = \"web\" }, and this is a %s", t.FriendlyName())
			}
			return cty.DynamicPseudoType, nil
		},
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			name := args[0].AsString()
			src, err := readText(inside(dir, name))
			if errors.Is(err, fs.ErrNotExist) {
				err = fmt.Errorf("there is no file %s", inside(dir, name))
			}
			if err != nil {
				return cty.DynamicVal, function.NewArgError(0, err)
			}
			return evaluateTemplate(name, src, args[1], others, b)
		},
	})
}

func evaluateTemplate(name, src string, vars cty.Value, functions map[string]function.Function, b *budget) (cty.Value, error) {
	if problems := checkTemplateFile(name, src); problems != nil {
		return cty.DynamicVal, problems
	}
	expression, diags := hclsyntax.ParseTemplate([]byte(src), name, hcl2.InitialPos)
	if diags.HasErrors() {
		return cty.DynamicVal, templateError(diags)
	}
	if diags := b.count(expression); diags.HasErrors() {
		return cty.DynamicVal, templateError(diags)
	}
	plain, marks := vars.Unmark()
	scope := map[string]cty.Value{}
	for it := plain.ElementIterator(); it.Next(); {
		key, value := it.Element()
		key, _ = key.Unmark()
		scope[key.AsString()] = value
	}
	for _, t := range expression.Variables() {
		if _, found := scope[t.RootName()]; !found {
			at := t.SourceRange()
			return cty.DynamicVal, fmt.Errorf("%s:%d uses %s, which is not among the variables that it is given", name, at.Start.Line, t.RootName())
		}
	}
	value, diags := expression.Value(&hcl2.EvalContext{Variables: scope, Functions: functions})
	if diags.HasErrors() {
		return cty.DynamicVal, templateError(diags)
	}
	return value.WithMarks(marks), nil
}

func checkTemplateFile(name, src string) error {
	if n, digits := countWords([]byte(src)); n > maxWordsWhole || digits >= 0 {
		return fmt.Errorf("%s is too long for a template: it may have %d words and signs", name, maxWordsWhole)
	}
	tokens, _ := hclsyntax.LexTemplate([]byte(src), name, hcl2.InitialPos)
	if problems := checkTokens(tokens); problems.HasErrors() {
		return fmt.Errorf("%s:%d: %s", name, problems[0].Subject.Start.Line, problems[0].Detail)
	}
	return nil
}

// templateError is the first of the problems of a template, with its place.
func templateError(diags hcl2.Diagnostics) error {
	for _, d := range diags {
		if d.Severity != hcl2.DiagError {
			continue
		}
		p := convertOne(d)
		p.Detail = strings.TrimSuffix(p.Detail, ".")
		if p.Subject.Empty() {
			return errors.New(p.Detail)
		}
		return fmt.Errorf("%s:%d: %s", p.Subject.File, p.Subject.Start.Line, p.Detail)
	}
	return nil
}
