package diag_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/diag/summaries"
)

// Every summary that the source writes out is in the catalogue, under the code
// that stands beside it where one does; and no code is in it twice, no summary twice.
func TestEverySummaryHasItsCode(t *testing.T) {
	t.Parallel()
	inSource := map[string]bool{}
	found, err := summaries.Find("../..")
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range found {
		inSource[s.Summary] = true
		code := diag.CodeOf(s.Summary)
		if code == "" {
			t.Errorf("%s: %q (%s) is in no kind: add it to internal/diag/catalogue.go, and to its page in docs/errors", s.At, s.Summary, s.Code)
		}
		if s.Code != "" && s.Code != code && code != "" {
			t.Errorf("%s: %q has the code %q here, and %q in the catalogue", s.At, s.Summary, s.Code, code)
		}
	}
	codes, all := map[string]bool{}, map[string]bool{}
	for _, kind := range diag.Catalogue() {
		if codes[kind.Code] {
			t.Errorf("the code %s is in the catalogue twice", kind.Code)
		}
		codes[kind.Code] = true
		for _, s := range kind.Summaries {
			if all[s] {
				t.Errorf("the summary %q is in the catalogue twice", s)
			}
			all[s] = true
			if !inSource[s] && !parsers(s) {
				t.Errorf("nothing in the source says %q any more: take it out of %s", s, kind.Code)
			}
		}
	}
}

// parsers tells whether a summary is the HCL parser's.
func parsers(summary string) bool {
	return slices.Contains([]string{"Missing required argument", "Unknown variable"}, summary) ||
		slices.ContainsFunc(diag.ParserKinds(), func(k diag.Kind) bool { return slices.Contains(k.Summaries, summary) })
}

// Every code has a page that names its summaries, shows an example and says what
// to do; every page belongs to a code; and the index lists them all.
func TestEveryCodeHasItsPage(t *testing.T) {
	t.Parallel()
	const dir = "../../docs/errors"
	index, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	var codes []string
	for _, kind := range diag.Catalogue() {
		codes = append(codes, kind.Code)
		page, err := os.ReadFile(filepath.Join(dir, kind.Code+".md"))
		if err != nil {
			t.Errorf("the code %s has no page: %v", kind.Code, err)
			continue
		}
		checkPage(t, kind, string(page))
		if !regexp.MustCompile(`(?m)^\| \[` + kind.Code + `\]\(` + kind.Code + `\.md\) \| .+ \|$`).Match(index) {
			t.Errorf("docs/errors/README.md does not list %s", kind.Code)
		}
	}
	pages, err := filepath.Glob(dir + "/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range pages {
		if code := strings.TrimSuffix(filepath.Base(page), ".md"); code != "README" && !slices.Contains(codes, code) {
			t.Errorf("%s belongs to no code of the catalogue", page)
		}
	}
}

func checkPage(t *testing.T, kind diag.Kind, page string) {
	t.Helper()
	if !strings.HasPrefix(page, "# "+kind.Code+"\n") {
		t.Errorf("the page of %s does not begin with its name", kind.Code)
	}
	for _, s := range kind.Summaries {
		if !strings.Contains(page, "> "+strings.TrimSuffix(s, "*")) {
			t.Errorf("the page of %s does not show %q", kind.Code, s)
		}
	}
	for _, part := range []string{"\n## Example\n", "\n## What to do\n", "```"} {
		if !strings.Contains(page, part) {
			t.Errorf("the page of %s lacks %q", kind.Code, strings.TrimSpace(part))
		}
	}
}

// A problem is known by its summary; else by its code, if that has a page.
func TestPageCode(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		p    diag.Problem
		want string
	}{
		{diag.Problem{Summary: "The job failed", Code: "job_failed"}, "job-failed"},
		{diag.Problem{Summary: "Extraneous label for job", Code: "syntax"}, "block-labels"},
		{diag.Problem{Summary: "Words of the parser that nobody knows", Code: "syntax"}, "syntax"},
		{diag.Problem{Summary: "Another people's", Code: "not_found"}, ""},
	} {
		if got := c.p.PageCode(); got != c.want {
			t.Errorf("%q has the code %q, want %q", c.p.Summary, got, c.want)
		}
	}
}
