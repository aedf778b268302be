package plan_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dindctl/dindctl/hcl"
	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/internal/runner"
	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/providertest"
)

// Whatever stands in a file: loading, expanding and planning never panic, every
// problem that names a place names one in the file, and what is planned for an
// empty engine creates and runs, and nothing else.
func FuzzLoadAndPlan(f *testing.F) {
	files, err := filepath.Glob("../../hcl/testdata/spec/*.hcl*")
	if err != nil || len(files) < 100 {
		f.Fatalf("%d seeds: %v", len(files), err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text, filepath.Ext(name) == ".json")
	}
	f.Fuzz(func(t *testing.T, text []byte, isJSON bool) {
		name := "main.hcl"
		if isJSON {
			name = "main.hcl.json"
		}
		file := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(file, text, 0o600); err != nil {
			t.Fatal(err)
		}
		lines := strings.Count(string(text), "\n") + 2 // the end may be one line on
		p, problems := planAnew(t, file)
		for _, problem := range problems {
			r := problem.Subject
			if r.Empty() || r.File != file {
				continue
			}
			if r.Start.Line < 1 || r.End.Line > lines || r.Start.Byte > len(text) || r.End.Byte > len(text) || r.Start.Byte > r.End.Byte {
				t.Errorf("%s lies outside of the file: %+v", problem.Summary, r)
			}
		}
		if p == nil {
			return
		}
		for _, s := range p.Steps {
			if s.Action != plan.Create && s.Action != plan.Run {
				t.Errorf("on an empty engine, the plan would %s %s", s.Action, s.Address)
			}
		}
	})
}

// planAnew plans a file for an engine in memory that has nothing.
func planAnew(t *testing.T, file string) (*plan.Plan, diag.List) {
	t.Helper()
	ctx := t.Context()
	cfg, _, problems := hcl.Load(hcl.LoadRequest{Path: file, Cwd: filepath.Dir(file), MachineID: "machine"})
	if problems.HasErrors() {
		return nil, problems
	}
	memory := providertest.NewMemory(providertest.Options{})
	description, err := memory.Describe(ctx)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := memory.Configure(ctx, provider.ConfigureRequest{})
	if err != nil {
		t.Fatal(err)
	}
	expanded, more := config.Expand(cfg, description.Schema, config.Known{})
	if problems = append(problems, more...); problems.HasErrors() {
		return nil, problems
	}
	observed, more := runner.Observe(ctx, memory, resp.Facts, runner.Wanted(cfg.Project, expanded))
	if problems = append(problems, more...); problems.HasErrors() {
		return nil, problems
	}
	p, more := plan.Make(plan.Input{
		Project: cfg.Project, Origin: cfg.Origin, Derived: cfg.Derived, Observed: observed, Diff: runner.Differ(ctx, memory),
		Expand: func(k config.Known) (*config.Expanded, diag.List) { return config.Expand(cfg, description.Schema, k) },
	})
	return p, append(problems, more...)
}
