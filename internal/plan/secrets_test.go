package plan_test

import (
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/internal/ui"
	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/providertest"
)

// A sensitive variable that an object holds only within a larger text is hidden by itself:
// in the plan's text and in its document.
func TestSecretsWithinLargerTextsAreHidden(t *testing.T) {
	t.Parallel()
	s := &story{t: t, sections: map[string]string{"main.hcl": `
variable "password" {
  sensitive = true
  default   = "s3cr3tpw"
}
container "c" {
  image       = "bash"
  environment = { URL = "postgres://app:${var.password}@db/x" }
}
`, "script": "apply"}, memory: providertest.NewMemory(providertest.Options{})}
	s.use("main.hcl")
	s.tell()
	in := s.in
	in.Observed = s.observed()
	in.Diff = func(items []provider.DiffItem) ([]provider.Difference, error) {
		out := make([]provider.Difference, len(items))
		for i := range items {
			out[i].Changes = []provider.Change{{Path: "note", From: cty.StringVal("password s3cr3tpw rejected"), To: cty.StringVal("other"), Created: cty.StringVal(""), Effect: provider.Live, Cause: provider.Outside}}
		}
		return out, nil
	}
	p, problems := plan.Make(in)
	if problems.HasErrors() {
		t.Fatal(problems)
	}
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
