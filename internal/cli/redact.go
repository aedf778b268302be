package cli

import (
	"encoding/json"
	"io"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/config"
)

// leastSecret is the length in bytes from which a sensitive text is taken out of
// what is written. Shorter ones would take half of every screen with them.
const leastSecret = 4

// redactor takes sensitive texts out of whatever is written through it: also out
// of what came back from outside, such as a job's output. Writes are whole screens or lines.
type redactor struct {
	to       io.Writer
	replacer *strings.Replacer
}

func (r redactor) Write(text []byte) (int, error) {
	if _, err := io.WriteString(r.to, r.replacer.Replace(string(text))); err != nil {
		return 0, err
	}
	return len(text), nil
}

// hideSecrets makes everything that is written from now on free of the values of
// the configuration's sensitive variables.
func (s *session) hideSecrets() {
	var pairs []string
	for _, secret := range secrets(s.cfg) {
		pairs = append(pairs, secret, "(sensitive)")
		if escaped, err := json.Marshal(secret); err == nil {
			pairs = append(pairs, string(escaped[1:len(escaped)-1]), "(sensitive)")
		}
	}
	if len(pairs) == 0 {
		return
	}
	replacer := strings.NewReplacer(pairs...)
	s.app.env.Stdout = redactor{s.app.env.Stdout, replacer}
	s.app.env.Stderr = redactor{s.app.env.Stderr, replacer}
}

// secrets are the texts in the values of sensitive variables, the longest first.
func secrets(cfg *config.Config) []string {
	var out []string
	for _, v := range cfg.Variables {
		if !v.Sensitive {
			continue
		}
		value, given := cfg.Inputs[v.Name]
		if !given {
			value = v.Default
		}
		out = append(out, texts(value)...)
	}
	slices.SortFunc(out, func(a, b string) int { return len(b) - len(a) })
	return slices.Compact(out)
}

func texts(v cty.Value) []string {
	if v == cty.NilVal {
		return nil
	}
	var out []string
	v, _ = v.UnmarkDeep()
	_ = cty.Walk(v, func(_ cty.Path, part cty.Value) (bool, error) {
		if part.Type() == cty.String && part.IsKnown() && !part.IsNull() && len(part.AsString()) >= leastSecret {
			out = append(out, part.AsString())
		}
		return true, nil
	})
	return out
}
