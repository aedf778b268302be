package ui

import (
	"encoding/json"
	"fmt"
	"io"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/runner"
)

// JSONValue is one object of a JSON document.
type JSONValue map[string]any

// ValidateJSON is the document of `validate -json`, with Terraform's names.
func ValidateJSON(list diag.List, sources Sources) string {
	errors := len(list.Errors())
	return line(JSONValue{
		"format_version": "1.0", "valid": errors == 0, "error_count": errors, "warning_count": len(list) - errors,
		"diagnostics": DiagnosticsJSON(list, sources),
	})
}

// DiagnosticsJSON are problems as Terraform writes them; never nil.
func DiagnosticsJSON(list diag.List, sources Sources) []JSONValue {
	out := []JSONValue{}
	shown, more := most(list)
	for _, p := range shown {
		v := JSONValue{"severity": p.Severity, "summary": p.Summary, "detail": bounded(p.Detail)}
		if code := p.PageCode(); code != "" {
			v["code"] = code
		}
		if p.Address != "" {
			v["address"] = p.Address
		}
		if !p.Subject.Empty() {
			v["range"] = JSONValue{"filename": p.Subject.File, "start": pos(p.Subject.Start), "end": pos(p.Subject.End)}
		}
		if snippet, found := snippetOf(p, sources); found {
			v["snippet"] = snippetJSON(snippet, p.Values)
		}
		out = append(out, v)
	}
	if more > 0 {
		out = append(out, JSONValue{"severity": diag.Error, "summary": "More problems", "detail": fmt.Sprintf("There are %d more. They are shown when these are mended.", more)})
	}
	return out
}

func snippetJSON(s snippet, shown []diag.Value) JSONValue {
	values := []JSONValue{}
	for _, value := range shown {
		values = append(values, JSONValue{"traversal": value.Traversal, "statement": "is " + value.Is})
	}
	v := JSONValue{
		"context": nil, "code": s.code, "start_line": s.line, "highlight_start_offset": s.from, "highlight_end_offset": s.to, "values": values,
	}
	if s.context != "" {
		v["context"] = s.context
	}
	return v
}

func pos(p diag.Pos) JSONValue { return JSONValue{"line": p.Line, "column": p.Column, "byte": p.Byte} }

// OutputsJSON is the document of `output -json`. Sensitive and unknown values are null.
func OutputsJSON(list []config.OutputValue) string { return line(outputsValue(list)) }

// OutputJSON is the value of one output.
func OutputJSON(o config.OutputValue) string { return line(plain(o)) }

func outputsValue(list []config.OutputValue) JSONValue {
	out := JSONValue{}
	for _, o := range list {
		out[o.Name] = JSONValue{"sensitive": o.Sensitive, "value": plain(o)}
	}
	return out
}

func plain(o config.OutputValue) any {
	v, _ := o.Value.UnmarkDeep()
	if o.Sensitive || v == cty.NilVal || !v.IsWhollyKnown() {
		return nil
	}
	text, err := ctyjson.Marshal(v, v.Type())
	if err != nil {
		return nil
	}
	return json.RawMessage(text)
}

// ProgressJSON returns a sink that writes one object a line, for machines.
func ProgressJSON(w io.Writer) runner.Sink {
	return func(e runner.Event) {
		v := JSONValue{"type": jsonType(e.Kind), "address": e.Address, "action": e.Step.Action, "@timestamp": e.At}
		if e.Phase != "" {
			v["phase"] = e.Phase
		}
		if e.Text != "" {
			v["text"] = e.Text
		}
		if e.Stream != "" {
			v["stream"] = e.Stream
		}
		if e.Done > 0 {
			v["done"], v["total"] = e.Done, e.Total
		}
		if len(e.Problems) > 0 {
			v["diagnostics"] = DiagnosticsJSON(e.Problems, nil)
		}
		_, _ = io.WriteString(w, line(v))
	}
}

func jsonType(k runner.EventKind) string {
	switch k {
	case runner.Started:
		return "apply_start"
	case runner.Progress:
		return "apply_progress"
	case runner.Finished:
		return "apply_complete"
	case runner.Failed:
		return "apply_errored"
	case runner.Skipped, runner.Dropped, runner.Added:
	}
	return "apply_" + string(k)
}

// OutcomeJSON are the closing lines of `apply -json`.
func OutcomeJSON(r runner.Result, destroyed bool) string {
	return line(JSONValue{
		"type": "change_summary", "destroy": destroyed, "done": len(r.Done), "failed": len(r.Failed), "skipped": len(r.Skipped),
	}) + line(JSONValue{"type": "outputs", "outputs": outputsValue(r.Outputs)})
}

func line(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(text) + "\n"
}
