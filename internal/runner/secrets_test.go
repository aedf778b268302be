package runner_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/runner"
	"github.com/dindctl/dindctl/provider"
)

// keeping is a configuration that keeps something secret.
type keeping struct {
	conf
	secret string
}

func (k keeping) Sensitive() []cty.Value {
	return []cty.Value{cty.StringVal(k.secret).Mark(provider.Sensitive)}
}

// What the configuration keeps secret is taken out of an error and of the log beside it,
// also where the object holds it only within a larger text.
func TestErrorsHideWhatTheConfigurationKeepsSecret(t *testing.T) {
	t.Parallel()
	e := newEngine()
	e.before = func(context.Context, string, string) error {
		return &provider.Problem{Code: provider.Refused, Summary: "It failed", Detail: "No s3cr3tpw here.", Log: []string{"password s3cr3tpw rejected"}}
	}
	c := configured("container.web")
	in := c["container.web"]
	in.Declared = cty.ObjectVal(map[string]cty.Value{"url": cty.StringVal("postgres://app:s3cr3tpw@db/x").Mark(provider.Sensitive)})
	c["container.web"] = in
	p := steps(t, "create container.web")
	_, problems := runner.Apply(t.Context(), runner.ApplyRequest{
		Plan: p, Provider: e, Observed: observed(t, e), Expanded: keeping{c, "s3cr3tpw"}, Differ: runner.Differ(t.Context(), e),
	})
	if len(problems) != 1 {
		t.Fatal(problems)
	}
	got := append([]string{problems[0].Detail}, problems[0].Log...)
	if d := cmp.Diff([]string{"No (sensitive) here.", "password (sensitive) rejected"}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// What is told while a step is carried out, and why one fails, hides the secrets of all
// objects of the plan: also those of another one, and where something is only removed.
func TestStepsHideTheSecretsOfAll(t *testing.T) {
	t.Parallel()
	e := newEngine()
	e.before = func(_ context.Context, what, _ string) error {
		if what != "delete" {
			return nil
		}
		return &provider.Problem{Code: provider.Refused, Summary: "It failed", Detail: "With s3cr3tpw."}
	}
	p := steps(t, "create container.web", "delete container.old")
	p.Steps[1].Object = e.put(provider.Container, "container.old", provider.Root, provider.StateRunning)
	p.Secrets = provider.Secrets{}.Known(cty.StringVal("s3cr3tpw").Mark(provider.Sensitive), cty.StringVal("created").Mark(provider.Sensitive))
	var got []string
	_, problems := runner.Apply(t.Context(), runner.ApplyRequest{
		Plan: p, Provider: e, Observed: observed(t, e), Expanded: configured("container.web", "container.old"), Differ: runner.Differ(t.Context(), e), Parallelism: 1,
		Sink: func(event runner.Event) {
			if event.Kind == runner.Progress {
				got = append(got, event.Text)
			}
		},
	})
	for _, problem := range problems {
		got = append(got, problem.Detail)
	}
	if d := cmp.Diff([]string{"(sensitive)", "started", "With (sensitive)."}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
