package hcl

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	hcl2 "github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/diag"
)

func position(p hcl2.Pos) diag.Pos { return diag.Pos{Line: p.Line, Column: p.Column, Byte: p.Byte} }

func rangeOf(r hcl2.Range) diag.Range {
	if r.End.Line == 0 || r.End.Byte < r.Start.Byte {
		r.End = r.Start // the parser leaves ends out where a bracket is missing
	}
	return diag.Range{File: r.Filename, Start: position(r.Start), End: position(r.End)}
}

func problem(code, summary string, subject hcl2.Range, format string, args ...any) diag.Problem {
	return diag.Problem{
		Severity: diag.Error, Code: code, Summary: summary, Detail: fmt.Sprintf(format, args...), Subject: rangeOf(subject),
	}
}

// convertAll turns the parser's diagnostics into problems.
func convertAll(diags hcl2.Diagnostics) diag.List {
	var out diag.List
	for _, d := range diags {
		out = append(out, convertOne(d))
	}
	return out
}

func convertOne(d *hcl2.Diagnostic) diag.Problem {
	p := diag.Problem{Severity: diag.Error, Code: codeOf(d.Summary), Summary: d.Summary, Detail: d.Detail}
	if d.Severity == hcl2.DiagWarning {
		p.Severity = diag.Warning
	}
	if d.Subject != nil {
		p.Subject = rangeOf(*d.Subject)
	}
	if d.Context != nil {
		p.Context = rangeOf(*d.Context)
	}
	if q := rephrase(p); q.Detail != p.Detail {
		p = q
	} else if h := hint(p); h != "" && p.Summary == "Call to unknown function" {
		said, _, _ := strings.Cut(p.Detail, " Did you mean")
		p.Detail = said + " " + h
	} else if h != "" && !strings.Contains(p.Detail, "Did you mean") {
		p.Detail += " " + h
	}
	if p.Summary == "Unsupported attribute" && strings.HasPrefix(p.Detail, "This object does not have") {
		p.Detail += attributeHint(d)
	}
	p.Values = valuesOf(d)
	if usesSecret(d) {
		// Functions put what they were given into their errors.
		p.Detail = "The expression fails with a sensitive value, so that no more can be shown."
	}
	return p
}

// usesSecret tells whether a failing expression was evaluated with a sensitive value.
func usesSecret(d *hcl2.Diagnostic) bool {
	if d.Expression == nil || d.EvalContext == nil {
		return false
	}
	return slices.ContainsFunc(d.Expression.Variables(), func(t hcl2.Traversal) bool {
		value, diags := t.TraverseAbs(d.EvalContext)
		return !diags.HasErrors() && value.ContainsMarked()
	})
}

func codeOf(summary string) string {
	switch summary {
	case "Unsupported block type":
		return "unknown-block"
	case "Unsupported argument", "Extraneous JSON object property":
		return "unknown-argument"
	case "Missing required argument":
		return "missing-argument"
	case "Attribute redefined", "Duplicate argument":
		return "duplicate-argument"
	case "Expression that makes too much":
		return "too-large"
	case "Variables not allowed":
		return "constant-needed"
	case "Unknown variable":
		return "syntax" // what is said of the reference itself says more
	}
	return cmp.Or(diag.CodeOf(summary), "syntax")
}

// maxShown is the longest text that is shown of a value.
const maxShown = 60

// valuesOf shows what the names in a failing expression stand for.
func valuesOf(d *hcl2.Diagnostic) []diag.Value {
	if d.Expression == nil || d.EvalContext == nil {
		return nil
	}
	var out []diag.Value
	for _, traversal := range d.Expression.Variables() {
		value, diags := traversal.TraverseAbs(d.EvalContext)
		shown := show(value)
		v := diag.Value{Traversal: traversalText(traversal), Is: shown}
		if !diags.HasErrors() && shown != "" && !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}

// show is a value in few words; empty where they would say nothing.
func show(v cty.Value) string {
	if v.ContainsMarked() {
		return "a sensitive value"
	}
	switch {
	case !v.IsKnown():
		return "known after apply"
	case v.IsNull():
		return "null"
	case v.Type() == cty.String:
		text := v.AsString()
		if len(text) > maxShown {
			text = text[:maxShown] + "..."
		}
		return fmt.Sprintf("%q", text)
	case v.Type() == cty.Number:
		return v.AsBigFloat().Text('f', -1)
	case v.Type() == cty.Bool:
		return fmt.Sprint(v.True())
	}
	return v.Type().FriendlyName()
}

func traversalText(t hcl2.Traversal) string {
	var b strings.Builder
	for _, step := range t {
		switch step := step.(type) {
		case hcl2.TraverseRoot:
			b.WriteString(step.Name)
		case hcl2.TraverseAttr:
			b.WriteString("." + step.Name)
		case hcl2.TraverseIndex:
			b.WriteString("[" + show(step.Key) + "]")
		}
	}
	return b.String()
}
