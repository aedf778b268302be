package diag_test

import (
	"strings"
	"testing"

	"github.com/dindctl/dindctl/internal/diag"
)

// Problems are shown in the order of their places; those without one come last.
func TestSortedByPlace(t *testing.T) {
	t.Parallel()
	at := func(file string, b int) diag.Range {
		return diag.Range{File: file, Start: diag.Pos{Line: 1, Column: 1 + b, Byte: b}, End: diag.Pos{Line: 1, Column: 2 + b, Byte: b + 1}}
	}
	list := diag.List{
		{Summary: "nowhere"},
		{Summary: "b2", Subject: at("b.hcl", 2)},
		{Summary: "a9", Subject: at("a.hcl", 9)},
		{Summary: "b1", Subject: at("b.hcl", 1)},
	}
	var got []string
	for _, p := range list.Sorted() {
		got = append(got, p.Summary)
	}
	if text := strings.Join(got, " "); text != "a9 b1 b2 nowhere" {
		t.Errorf("order: %s", text)
	}
	if list[0].Summary != "nowhere" {
		t.Error("Sorted changed the list that it was given")
	}
}

// Warnings alone stop nothing.
func TestHasErrors(t *testing.T) {
	t.Parallel()
	warnings := diag.List{{Severity: diag.Warning}}
	if warnings.HasErrors() || !append(warnings, diag.Errorf("x", "y")...).HasErrors() {
		t.Error("HasErrors counts warnings, or misses an error")
	}
	if got := len(append(warnings, diag.Errorf("x", "y")...).Errors()); got != 1 {
		t.Errorf("%d errors, want 1", got)
	}
}

// A range is written as editors understand it.
func TestRangeString(t *testing.T) {
	t.Parallel()
	one := diag.Range{File: "a.hcl", Start: diag.Pos{Line: 2, Column: 3}, End: diag.Pos{Line: 2, Column: 9}}
	two := diag.Range{File: "a.hcl", Start: diag.Pos{Line: 2, Column: 3}, End: diag.Pos{Line: 4, Column: 1}}
	if one.String() != "a.hcl:2,3-9" || two.String() != "a.hcl:2,3-4,1" || (diag.Range{}).String() != "" {
		t.Errorf("%q, %q, %q", one, two, diag.Range{})
	}
}

// Only what is near is suggested; two letters that changed places are one slip.
func TestNearest(t *testing.T) {
	t.Parallel()
	names := []string{"name", "networks", "image", "key", "detailed-exitcode", "each"}
	for given, want := range map[string]string{
		"netwroks": "networks", "imgae": "image", "kye": "key", "detailed-exitcod": "detailed-exitcode", "bash": "", "foo": "", "": "", "networkss": "networks",
	} {
		if got := diag.Nearest(given, names); got != want {
			t.Errorf("near %q is %q, want %q", given, got, want)
		}
	}
}
