package plan_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/internal/ui"
	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/providertest"
)

// differing is the plan after an apply of a configuration with one container, container.c,
// of which the provider finds a difference.
func differing(t *testing.T, text string, d provider.Difference) *plan.Plan {
	t.Helper()
	s := &story{t: t, sections: map[string]string{"main.hcl": text, "script": "apply"}, memory: providertest.NewMemory(providertest.Options{})}
	s.use("main.hcl")
	s.tell()
	in := s.in
	in.Observed = s.observed()
	in.Diff = func(items []provider.DiffItem) ([]provider.Difference, error) {
		out := make([]provider.Difference, len(items))
		for i, item := range items {
			if item.Declaration.Address == "container.c" {
				out[i] = d
			}
		}
		return out, nil
	}
	p, problems := plan.Make(in)
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	return p
}

// A sensitive variable that an object holds only within a larger text is hidden by itself:
// in the plan's text and in its document.
func TestSecretsWithinLargerTextsAreHidden(t *testing.T) {
	t.Parallel()
	p := differing(t, `
variable "password" {
  sensitive = true
  default   = "s3cr3tpw"
}
container "c" {
  image       = "bash"
  environment = { URL = "postgres://app:${var.password}@db/x" }
}
`, provider.Difference{Changes: []provider.Change{
		{Path: "note", From: cty.StringVal("password s3cr3tpw rejected"), To: cty.StringVal("other"), Created: cty.StringVal(""), Effect: provider.Live, Cause: provider.Outside},
	}})
	document, err := p.JSON()
	if err != nil {
		t.Fatal(err)
	}
	for where, text := range map[string]string{"the plan": ui.Plan(p, ui.Options{Width: 1000}), "the document": string(document)} {
		if !strings.Contains(text, "note") || strings.Contains(text, "s3cr3tpw") {
			t.Errorf("%s shows the secret, or not the change:\n%s", where, text)
		}
	}
}

// Of a volume whose record holds a secret openly, the plan says that its data is lost by
// making it anew, and gives no flag for that.
func TestNoAdviceLosesData(t *testing.T) {
	t.Parallel()
	s := &story{t: t, sections: map[string]string{"script": "apply\nuse later.hcl\nplan"}, memory: providertest.NewMemory(providertest.Options{})}
	for name, sensitive := range map[string]string{"main.hcl": "false", "later.hcl": "true"} {
		s.sections[name] = `
variable "key" {
  sensitive = ` + sensitive + `
  default   = "hunter2"
}
volume "db" {
  options = { key = var.key }
}
container "c" {
  image       = "bash"
  environment = { KEY = var.key }
}
`
	}
	s.use("main.hcl")
	s.tell()
	p, problems := plan.Make(s.in)
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	got := map[string][]string{}
	for _, r := range p.Resources {
		if len(r.Exposed) > 0 {
			got[r.Address] = []string{r.Anew(), r.Loses}
		}
	}
	want := map[string][]string{"volume.db": {"", "everything in the volume story-db"}, "container.c": {"-replace=container.c", ""}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// Of what is secret together, one thing is said for all its keys, and none of them.
func TestWhatIsNotComparedHidesKeys(t *testing.T) {
	t.Parallel()
	p := differing(t, `
container "c" {
  image       = "bash"
  environment = sensitive({ hunter2 = "x" })
}
`, provider.Difference{NotCompared: []provider.NotCompared{{Path: "environment.hunter2", Why: "unread"}, {Path: "environment.other", Why: "unread"}, {Path: "user", Why: "unread"}}})
	want := []provider.NotCompared{{Path: "environment.(sensitive)", Why: "unread"}, {Path: "user", Why: "unread"}}
	for _, r := range p.Resources {
		if r.Address != "container.c" {
			continue
		}
		if d := cmp.Diff(want, r.NotCompared); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
		return
	}
	t.Error("the container is not in the plan")
}

// What goes, and what is made, hides the secrets of all: also one that was none when it was
// recorded, and whose object nothing declares any longer.
func TestWhatGoesHidesTheSecretsOfAll(t *testing.T) {
	t.Parallel()
	s := &story{t: t, sections: map[string]string{"script": "apply\nuse later.hcl\nplan"}, memory: providertest.NewMemory(providertest.Options{})}
	s.sections["main.hcl"] = `
container "old" {
  image       = "bash"
  environment = { KEY = "hunter2", URL = "x://a:l1teral-s3cret@b" }
}
`
	s.sections["later.hcl"] = `
variable "key" {
  sensitive = true
  default   = "hunter2"
}
container "c" {
  image       = "bash"
  environment = { KEY = var.key, OTHER = sensitive("l1teral-s3cret") }
}
container "d" {
  image       = "bash"
  environment = { NOTE = "as l1teral-s3cret" }
}
`
	s.use("main.hcl")
	s.tell()
	p, problems := plan.Make(s.in)
	if problems.HasErrors() {
		t.Fatal(problems)
	}
	document, err := p.JSON()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(p.String(), "delete container.old") || !strings.Contains(string(document), "URL") {
		t.Fatalf("it does not go, or its record is not in the document:\n%s\n%s", p, document)
	}
	for where, text := range map[string]string{"the plan": ui.Plan(p, ui.Options{Width: 1000}), "the document": string(document), "what is said": p.Secrets.Text("hunter2 or l1teral-s3cret")} {
		if strings.Contains(text, "hunter2") || strings.Contains(text, "l1teral-s3cret") {
			t.Errorf("%s shows a secret:\n%s", where, text)
		}
	}
}
