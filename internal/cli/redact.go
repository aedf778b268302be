package cli

import (
	"context"
	"io"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/mask"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/internal/runner"
	"github.com/dindctl/dindctl/provider"
)

// masked puts what takes secrets out of a stream in front of standard output and standard
// error: also out of what came back from outside, such as a job's output. What the secrets
// are comes up while the configuration is read and evaluated.
func (a *app) masked() {
	stdout, stderr := a.secrets.Writer(a.env.Stdout), a.secrets.Writer(a.env.Stderr)
	a.env.Stdout, a.env.Stderr = stdout, stderr
	a.flush = append(a.flush, stdout.Flush, stderr.Flush)
}

// flushed writes what was held back in front of a possible secret.
func (a *app) flushed() {
	for _, flush := range a.flush {
		flush()
	}
}

// hideSecrets makes everything that is written from now on free of the values of the
// configuration's sensitive variables, also where nothing refers to them. What else is
// sensitive is told by whoever evaluates it. Those that have no value are remembered.
func (s *session) hideSecrets() {
	s.valueless = nil
	for _, v := range s.cfg.Variables {
		if !v.Sensitive {
			continue
		}
		value, given := s.cfg.Inputs[v.Name]
		if !given && !v.HasDefault {
			s.valueless = append(s.valueless, "var."+v.Name)
		} else if !given {
			value = v.Default
		}
		s.app.secrets.AddAll(value)
	}
}

// hiding learns the secrets that a plan found, such as those that objects still have from
// before a change, and is what takes all secrets out of a text: one search for all of them
// hides what they overlap in.
func (s *session) hiding(p *plan.Plan) func(string) string {
	s.learn(p.Secrets)
	return s.app.secrets.Text
}

func (s *session) learn(secrets provider.Secrets) {
	for _, text := range secrets.Texts() {
		s.app.secrets.AddAll(cty.StringVal(text))
	}
}

// refine plans again what is inside a daemon that could be looked into at last. What that
// finds of secrets is hidden before anything is told of it.
func (s *session) refine(ctx context.Context, p *plan.Plan, in plan.Input) func(plan.Observed, string) (plan.Refinement, diag.List) {
	return func(observed plan.Observed, daemon string) (plan.Refinement, diag.List) {
		again := in
		again.Observed, again.Interrupted = observed, s.app.asked(ctx)
		refined, problems := plan.Refine(again, p, daemon)
		s.learn(refined.Secrets)
		return refined, problems
	}
}

// documents takes secrets out of JSON that is written by whole documents. They are taken
// out of its values, so that it stays JSON: it goes past what looks through bytes.
type documents struct {
	secrets *mask.Secrets
	to      io.Writer
	flush   func()
}

func (d documents) Write(document []byte) (int, error) {
	d.flush()
	if _, err := d.to.Write(d.secrets.Document(document)); err != nil {
		return 0, err
	}
	return len(document), nil
}

// jsonTo are the documents that go to standard output, or to standard error.
func (a *app) jsonTo(stderr bool) io.Writer {
	if stderr {
		return documents{a.secrets, a.stderr, a.flushed}
	}
	return documents{a.secrets, a.stdout, a.flushed}
}

// document prints a JSON document, or several.
func (a *app) document(text string) { _, _ = io.WriteString(a.jsonTo(false), text) }

// withoutSecrets are problems without secrets: they are taken out before a text is broken
// into lines, and cut.
func (a *app) withoutSecrets(list diag.List) diag.List {
	text := a.secrets.Text
	list = slices.Clone(list)
	for i, p := range list {
		list[i].Detail = text(p.Detail)
		list[i].Values, list[i].Fixes = slices.Clone(p.Values), slices.Clone(p.Fixes)
		for j, v := range list[i].Values {
			list[i].Values[j].Is = text(v.Is)
		}
		for j, f := range list[i].Fixes {
			list[i].Fixes[j].HCL = text(f.HCL)
		}
		list[i].Log, list[i].Chain = a.texts(p.Log), a.texts(p.Chain)
	}
	return list
}

func (a *app) texts(list []string) []string {
	out := slices.Clone(list)
	for i, text := range out {
		out[i] = a.secrets.Text(text)
	}
	return out
}

// hiding is a sink that gets events without secrets, which it may break and cut.
func (a *app) hiding(sink runner.Sink) runner.Sink {
	return func(e runner.Event) {
		e.Text, e.Problems = a.secrets.Text(e.Text), a.withoutSecrets(e.Problems)
		sink(e)
	}
}

// outputs are outputs without the secrets in what programs said.
func (a *app) outputs(list []config.OutputValue) []config.OutputValue {
	list = slices.Clone(list)
	for i, o := range list {
		if !o.Sensitive && o.Value != cty.NilVal {
			list[i].Value = a.secrets.Value(o.Value)
		}
	}
	return list
}
