package reference_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dindctl/dindctl/hcl"
	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/mount"
	"github.com/dindctl/dindctl/provider/docker"
)

var update = flag.Bool("update", false, "write the expected files anew")

// Each file of testdata/arguments is refused, or not, in exactly these words and
// places, with the real schema and without an engine.
func TestArgumentsAreChecked(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/arguments/*.hcl")
	if err != nil || len(files) == 0 {
		t.Fatalf("no files: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			compare(t, strings.TrimSuffix(file, ".hcl")+".want", render(validate(t, file)))
		})
	}
}

// validate is what the command of that name finds, without looking at any file.
func validate(t *testing.T, file string) diag.List {
	t.Helper()
	x, problems := expand(t, file)
	if !problems.HasErrors() {
		_, more := x.CheckMounts(config.TopologyOptions{Host: "this"}, mount.Checker{})
		problems = append(problems, more...)
	}
	return problems.Sorted()
}

func expand(t *testing.T, file string) (*config.Expanded, diag.List) {
	t.Helper()
	dir, err := filepath.Abs(filepath.Dir(file))
	if err != nil {
		t.Fatal(err)
	}
	cfg, _, problems := hcl.Load(hcl.LoadRequest{
		Path: filepath.Base(file), Cwd: dir, MachineID: "machine",
		Environment: map[string]string{"DINDCTL_VAR_db_password": "a", "DINDCTL_VAR_queue_password": "b"},
	})
	if problems.HasErrors() {
		return nil, problems
	}
	x, more := config.Expand(cfg, docker.Schema(), config.Known{})
	return x, append(problems, more...)
}

func render(problems diag.List) string {
	var b strings.Builder
	for _, p := range problems {
		fmt.Fprintf(&b, "%s %s [%s] %s: %s\n", p.Subject, p.Severity, p.Code, p.Summary, p.Detail)
	}
	return b.String()
}

func compare(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got):\n%s", file, d)
	}
}
