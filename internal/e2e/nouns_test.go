package e2e_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// nouns is a scenario with one file of its own, nouns.hcl.
type nouns struct{ *scenario }

func newNouns(t *testing.T) nouns {
	t.Helper()
	s := nouns{newScenario(t)}
	return s
}

// as writes the configuration.
func (s nouns) as(text string) {
	s.t.Helper()
	if err := os.MkdirAll(filepath.Join(s.dir, "nouns"), 0o755); err != nil {
		s.t.Fatal(err)
	}
	s.write("nouns/main.hcl", text)
}

func (s nouns) do(command string, more ...string) result {
	s.t.Helper()
	return s.dindctl(append([]string{command, "nouns", "-project", s.project}, more...)...)
}

// applied applies and demands that nothing is left to do.
func (s nouns) applied() result {
	s.t.Helper()
	r := s.do("apply", "-auto-approve").wants(s.t, 0)
	s.do("plan", "-detailed-exitcode").wants(s.t, 0).says(s.t, "No changes")
	return r
}

// changes are the attributes that a plan changes, in its order, each as
// "address path live|replace cause".
func (s nouns) changes() []string {
	s.t.Helper()
	r := s.do("plan", "-json").wants(s.t, 0)
	var document struct {
		Changes []struct {
			Address string
			Cause   []struct {
				Path, Cause string
				Live        bool
			}
		} `json:"resource_changes"`
	}
	if err := json.Unmarshal([]byte(r.stdout), &document); err != nil {
		s.t.Fatalf("plan -json: %v\n%s", err, r.stdout)
	}
	var out []string
	for _, c := range document.Changes {
		for _, a := range c.Cause {
			effect := "replace"
			if a.Live {
				effect = "live"
			}
			out = append(out, strings.Join([]string{c.Address, strings.ReplaceAll(a.Path, s.project, "P"), effect, a.Cause}, " | "))
		}
	}
	return out
}

func (s nouns) wantChanges(what string, want ...string) {
	s.t.Helper()
	if d := cmp.Diff(want, s.changes()); d != "" {
		s.t.Errorf("%s: %s", what, d)
	}
}

// inspect formats one object.
func (s nouns) inspect(kind, label, format string) string {
	s.t.Helper()
	return strings.Join(s.docker(kind, "inspect", "-f", format, s.project+"-"+label), "\n")
}

// wantInspect compares what the engine says of objects with what was declared.
func (s nouns) wantInspect(kind, label, format, want string) {
	s.t.Helper()
	if got := s.inspect(kind, label, format); got != want {
		s.t.Errorf("%s %s: %s is %q, want %q", kind, label, format, got, want)
	}
}
