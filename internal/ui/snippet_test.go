package ui_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/ui"
)

// text is a file in one block.
type text string

func (s text) Bytes(string) []byte          { return []byte(s) }
func (s text) Enclosing(string, int) string { return `job "list"` }
func (s text) Line(_ string, n int) (string, bool) {
	lines := strings.Split(string(s), "\n")
	if n < 1 || n > len(lines) {
		return "", false
	}
	return strings.TrimSuffix(lines[n-1], "\r"), true
}

// at is the range of the only place where part stands.
func (s text) at(part string) diag.Range {
	pos := func(b int) diag.Pos {
		before := string(s)[:b]
		start := strings.LastIndex(before, "\n") + 1
		return diag.Pos{Line: 1 + strings.Count(before, "\n"), Column: 1 + len([]rune(before[start:])), Byte: b}
	}
	b := strings.Index(string(s), part)
	return diag.Range{File: "a.hcl", Start: pos(b), End: pos(b + len(part))}
}

// A problem shows the block it is in and underlines its place, whatever is before
// it in the line, and says where a place ends that spans several lines.
func TestSnippets(t *testing.T) {
	t.Parallel()
	source := text("job \"list\" {\r\n  # größer\r\n  a = \"größe\" + nope\r\n  b = [\r\n    1\r\n  ]\r\n}\r\n")
	for part, want := range map[string]string{
		"nope":              "Error: X\n\n  on a.hcl line 3, in job \"list\":\n  3:   a = \"größe\" + nope\n                     ^^^^\n\n",
		"[\r\n    1\r\n  ]": "Error: X\n\n  on a.hcl line 4, in job \"list\":\n  4:   b = [\n           ^ to line 6\n\n",
	} {
		got := ui.Diagnostics(diag.List{{Severity: diag.Error, Summary: "X", Subject: source.at(part)}}, source, ui.Options{})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", part, diff)
		}
	}
}

// `validate -json` has Terraform's shape; its offsets are bytes of the code.
func TestSnippetJSON(t *testing.T) {
	t.Parallel()
	source := text("job \"list\" {\n  a = \"größe\" + nope\n}\n")
	list := diag.List{{
		Severity: diag.Error, Summary: "Unknown name", Code: "unknown-name", Detail: "D.", Subject: source.at("nope"),
		Values: []diag.Value{{Traversal: "var.x", Is: "1"}},
	}}
	var got any
	if err := json.Unmarshal([]byte(ui.ValidateJSON(list, source)), &got); err != nil {
		t.Fatal(err)
	}
	var want any
	if err := json.Unmarshal([]byte(`{
		"format_version": "1.0", "valid": false, "error_count": 1, "warning_count": 0,
		"diagnostics": [{
			"severity": "error", "summary": "Unknown name", "code": "unknown-name", "detail": "D.",
			"range": {"filename": "a.hcl", "start": {"line": 2, "column": 17, "byte": 31}, "end": {"line": 2, "column": 21, "byte": 35}},
			"snippet": {
				"context": "job \"list\"", "code": "  a = \"größe\" + nope", "start_line": 2,
				"highlight_start_offset": 18, "highlight_end_offset": 22,
				"values": [{"traversal": "var.x", "statement": "is 1"}]
			}
		}]
	}`), &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
