package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// variables are those of the root, as an object.
func (e *evaluation) variables(f *frame) cty.Value {
	if value, done := e.vars[f]; done {
		return value
	}
	values := map[string]cty.Value{}
	for name, n := range f.module.variables {
		values[name] = e.variable(f, n)
	}
	e.vars[f] = cty.ObjectVal(values)
	return e.vars[f]
}

// variable is the value of a variable: in the root what was given from outside,
// in a module what its block says.
func (e *evaluation) variable(f *frame, n *node) cty.Value {
	at := slot{f, n}
	if value, done := e.again(at); done {
		return value
	}
	defer e.first(at)()
	v := n.variable
	e.values[at] = cty.UnknownVal(v.Type)
	value := e.rootVariable(v)
	if f.parent != nil {
		value = e.input(f, n)
	}
	if v.Sensitive {
		value = value.Mark(provider.Sensitive)
	}
	e.s.cfg.Secrets.Add(value)
	e.values[at] = value
	return value
}

func (e *evaluation) rootVariable(v Variable) cty.Value {
	value, found := e.s.cfg.Inputs[v.Name]
	switch {
	case found:
		return value
	case v.HasDefault:
		return v.Default
	}
	return cty.UnknownVal(v.Type)
}

// input is what a module's block gives to a variable.
func (e *evaluation) input(f *frame, n *node) cty.Value {
	v, given := n.variable, f.module.call.Inputs[n.variable.Name]
	if given == nil {
		if v.HasDefault {
			return v.Default
		}
		return cty.UnknownVal(v.Type) // said of the block
	}
	value, problems := given.Value(e.scope(f.parent, n.refs, f.each))
	e.problems = append(e.problems, within(problems, f.path)...)
	if problems.HasErrors() {
		return cty.UnknownVal(v.Type)
	}
	if value.IsNull() && !v.Nullable && v.HasDefault {
		return v.Default
	}
	converted, err := fit(v, value)
	wrong := func(detail string) cty.Value {
		e.problems = append(e.problems, diag.Problem{
			Severity: diag.Error, Code: "invalid-value", Summary: "Invalid value of a variable", Detail: detail,
			Address: f.path, Subject: given.Range(), Context: f.module.call.Header,
		})
		return cty.UnknownVal(v.Type)
	}
	switch {
	case err != nil:
		return wrong(fmt.Sprintf("%s of %s takes %s: %s.", v.Name, f.path, v.Type.FriendlyNameForConstraint(), err))
	case converted.IsNull() && !v.Nullable:
		return wrong(fmt.Sprintf("%s of %s cannot be null.", v.Name, f.path))
	}
	return converted
}

func fit(v Variable, value cty.Value) (cty.Value, error) {
	if v.Fit != nil {
		return v.Fit(value)
	}
	return convert.Convert(value, v.Type)
}

// modules is what the word module stands for: of each module that is named, the
// outputs that are meant.
func (e *evaluation) modules(f *frame, refs []Reference) cty.Value {
	meant := map[string]map[string]*node{}
	for _, ref := range refs {
		if ref.Root != "module" {
			continue
		}
		for name, child := range f.module.children {
			if ref.Name != "" && ref.Name != name {
				continue
			}
			if meant[name] == nil {
				meant[name] = map[string]*node{}
			}
			for _, n := range pick(child.outputs, ref.Attr) {
				meant[name][n.output.Name] = n
			}
		}
	}
	values := map[string]cty.Value{}
	for name, outputs := range meant {
		values[name] = e.module(f, f.module.children[name], outputs)
	}
	return cty.ObjectVal(values)
}

func (e *evaluation) module(f *frame, child *module, outputs map[string]*node) cty.Value {
	call := child.node(e.s)
	frames := f.children[child.call.Name]
	switch {
	case call.repeat == failed:
		return cty.DynamicVal
	case call.repeat == single && len(frames) == 0:
		return cty.NullVal(cty.DynamicPseudoType)
	case call.repeat == single:
		return e.outputsOf(frames[0], outputs)
	case call.repeat == counted:
		list := make([]cty.Value, len(frames))
		for i, inner := range frames {
			list[i] = e.outputsOf(inner, outputs)
		}
		return cty.TupleVal(list)
	}
	byKey := make(map[string]cty.Value, len(frames))
	for _, inner := range frames {
		byKey[inner.each.key.AsString()] = e.outputsOf(inner, outputs)
	}
	return cty.ObjectVal(byKey)
}

func (e *evaluation) outputsOf(f *frame, outputs map[string]*node) cty.Value {
	values := make(map[string]cty.Value, len(outputs))
	for name, n := range outputs {
		values[name] = e.output(f, n)
	}
	return cty.ObjectVal(values)
}

// output is the value of a module's output, evaluated once.
func (e *evaluation) output(f *frame, n *node) cty.Value {
	at := slot{f, n}
	if value, done := e.again(at); done {
		return value
	}
	defer e.first(at)()
	e.values[at] = cty.DynamicVal
	if n.output.Value == nil {
		return cty.DynamicVal
	}
	value, problems := n.output.Value.Value(e.scope(f, n.refs, each{}))
	e.problems = append(e.problems, within(problems, join(f.path, "output."+n.output.Name))...)
	if n.output.Sensitive {
		value = value.Mark(provider.Sensitive)
	}
	e.s.cfg.Secrets.Add(value)
	e.values[at] = value
	return value
}

// checkInputs is what can be said of the arguments of a module's block.
func (s *state) checkInputs() diag.List {
	var problems diag.List
	for _, m := range s.modules {
		if m.call == nil {
			continue
		}
		var missing []string
		for _, name := range keys(m.variables) {
			if v := m.variables[name].variable; m.call.Inputs[name] == nil && !v.HasDefault {
				missing = append(missing, name)
			}
		}
		if len(missing) > 0 {
			problems = append(problems, diag.Problem{
				Severity: diag.Error, Code: "missing-argument", Summary: "Missing argument", Address: m.path, Subject: m.call.Header,
				Detail: fmt.Sprintf("%s needs %s.", m.path, strings.Join(missing, ", ")),
			})
		}
		for _, name := range keys(m.call.Inputs) {
			if m.variables[name] == nil {
				problems = append(problems, diag.Problem{
					Severity: diag.Error, Code: "unknown-argument", Summary: "Argument that a module does not take", Address: m.path,
					Subject: m.call.Inputs[name].Range(), Context: m.call.Header,
					Detail: fmt.Sprintf("%s has no variable %q.%s", m.path, name, suggest(name, keys(m.variables), "")),
				})
			}
		}
	}
	return problems
}

// validate applies the rules of the variables of modules. Those of the root were
// applied when the values were read.
func (e *evaluation) validate() diag.List {
	var problems diag.List
	for _, m := range e.s.modules[1:] {
		for _, name := range keys(m.variables) {
			n := m.variables[name]
			for _, f := range m.frames {
				e.variable(f, n)
				for _, r := range n.variable.Rules {
					problems = append(problems, e.rule(f, n, r)...)
				}
			}
		}
	}
	return problems
}

func (e *evaluation) rule(f *frame, n *node, r Rule) diag.List {
	holds, message, problems := e.assert(f, r, "validation")
	if holds || problems.HasErrors() {
		return within(problems, f.path)
	}
	at := f.module.call.Header
	if given := f.module.call.Inputs[n.variable.Name]; given != nil {
		at = given.Range()
	}
	return diag.List{{
		Severity: diag.Error, Code: "invalid-value", Summary: "Invalid value of a variable", Address: f.path,
		Detail:  fmt.Sprintf("%s of %s: %s The condition stands at %s.", n.variable.Name, f.path, sentence(message), line(r.Condition.Range())),
		Subject: at, Context: f.module.call.Header,
	}}
}

func sentence(text string) string {
	if text = strings.TrimSpace(text); text == "" || slices.Contains([]string{".", "!", "?"}, text[len(text)-1:]) {
		return text
	}
	return text + "."
}

// isText tells whether a value says something, or may do so later.
func isText(v cty.Value) bool {
	text, err := convert.Convert(v, cty.String)
	return err == nil && !text.IsNull() && (!text.IsKnown() || strings.TrimSpace(text.AsString()) != "")
}

// assert evaluates a condition. It holds as long as it is not known.
func (e *evaluation) assert(f *frame, r Rule, what string) (holds bool, message string, problems diag.List) {
	result, problems := r.Condition.Value(e.scope(f, r.Condition.References(), each{}))
	if problems.HasErrors() {
		return true, "", problems
	}
	result, _ = result.Unmark()
	result, err := convert.Convert(result, cty.Bool)
	if err != nil || result.IsNull() {
		return true, "", diag.List{{
			Severity: diag.Error, Code: "wrong-type", Summary: "Wrong type of value", Subject: r.Condition.Range(),
			Detail: fmt.Sprintf("The condition of a %s has to be true or false.", what),
		}}
	}
	if !result.IsKnown() || result.True() {
		return true, "", nil
	}
	text, problems := r.Message.Value(e.scope(f, r.Message.References(), each{}))
	message = "The condition does not hold."
	if plain, _ := text.Unmark(); !problems.HasErrors() && !isText(plain) {
		problems = append(problems, diag.Problem{
			Severity: diag.Warning, Code: "wrong-type", Summary: "Wrong type of value", Subject: r.Message.Range(),
			Detail: fmt.Sprintf("The error_message of a %s is a text that says what is wrong.", what),
		})
	}
	if text.ContainsMarked() {
		message = "The condition does not hold. Its message has a sensitive value in it and is not shown."
	} else if text, err := convert.Convert(text, cty.String); err == nil && text.IsKnown() && !text.IsNull() && strings.TrimSpace(text.AsString()) != "" {
		message = text.AsString()
	}
	return false, message, problems
}
