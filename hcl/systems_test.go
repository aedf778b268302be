package hcl_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dindctl/dindctl/hcl"
	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/mount"
)

var systems = flag.Bool("systems", false, "write docs/systems.md and the verdicts of testdata/systems anew")

// ofTheHost is a host that has the directories which these systems mount, and the
// socket; nothing else exists, and there are no links.
func ofTheHost(_ mount.Object, p string) (string, bool, error) {
	for _, dir := range []string{
		"/home/dev", "/srv", "/opt/atlassian/pipelines/agent/build", "/var/run/docker.sock", "/run/docker.sock",
	} {
		if p == dir || strings.HasPrefix(p, dir+"/") || strings.HasPrefix(dir, p+"/") {
			return "", true, nil
		}
	}
	return "", false, nil
}

// judged is a file with the entries of its nested mounts.
func judged(t *testing.T, file string) []mount.Entry {
	t.Helper()
	cwd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	cfg, _, problems := hcl.Load(hcl.LoadRequest{Path: file, Cwd: cwd})
	if problems.HasErrors() {
		t.Fatalf("%s: %v", file, problems)
	}
	x, problems := config.Expand(cfg, schema(), config.Known{})
	if problems.HasErrors() {
		t.Fatalf("%s: %v", file, problems)
	}
	// A volume keeps its part on an engine that can mount parts.
	return mount.Check(x.Topology(config.TopologyOptions{API: map[string]string{"daemon.root": "1.45"}}), ofTheHost)
}

// Each system that people meet nested mounts in has a file that stands for it,
// whose verdict, message and fixes are those of the page about the systems.
func TestSystems(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/systems/*.hcl")
	if err != nil || len(files) < 25 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	slices.Sort(files)
	var page strings.Builder
	page.WriteString(systemsHead)
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		title, _, _ := strings.Cut(strings.TrimPrefix(string(source), "# "), "\n")
		fmt.Fprintf(&page, "\n## %s\n\n%s\n[The file](../hcl/%s).\n", strings.TrimSuffix(filepath.Base(file), ".hcl"), title, file)
		for _, e := range judged(t, file) {
			fmt.Fprintf(&page, "\n`%s`: **%s**. %s\n", e.Source, e.Verdict, e.Message)
			for _, f := range e.Fixes {
				fmt.Fprintf(&page, "\n%s:\n\n```hcl\n%s\n```\n", f.Title, f.HCL)
			}
		}
	}
	compareFile(t, "../docs/systems.md", page.String())
}

const systemsHead = `# Which system is yours?

Many tools start containers from a container. In each of them somebody writes a
path, and another engine resolves it. Below, each is a configuration, with what
dindctl says of the mount and what it offers instead.

This page is made from hcl/testdata/systems by a test, on an engine with API 1.45.
`

func compareFile(t *testing.T, file, got string) {
	t.Helper()
	if *systems {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; -systems writes it anew):\n%s", file, diff)
	}
}

// Every fix that is offered for an error, pasted as text into the file at the line
// that it names, makes the mount visible.
func TestFixesWork(t *testing.T) {
	t.Parallel()
	var files []string
	for _, pattern := range []string{"testdata/systems/*.hcl", "testdata/fixes/*.hcl"} {
		found, err := filepath.Glob(pattern)
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(found), err)
		}
		files = append(files, found...)
	}
	seen := map[mount.Verdict]int{}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i, e := range judged(t, file) {
			if e.Severity == mount.Failure && len(e.Fixes) == 0 {
				t.Errorf("%s: %s %s has no fix: %s", file, e.Verdict, e.Source, e.Message)
			}
			for _, f := range e.Fixes {
				seen[e.Verdict]++
				if filepath.Base(f.File) != filepath.Base(file) {
					t.Fatalf("%s: the fix %q is for %s", file, f.Title, f.File)
				}
				mended := filepath.Join(t.TempDir(), filepath.Base(file))
				if err := os.WriteFile(mended, []byte(paste(string(source), f)), 0o644); err != nil {
					t.Fatal(err)
				}
				after := judged(t, mended)
				if len(after) <= i || after[i].Verdict != mount.Visible {
					t.Errorf("%s: %s\n%s\nis still %s: %s", file, f.Title, f.HCL, after[i].Verdict, after[i].Message)
				}
			}
		}
	}
	for _, v := range []mount.Verdict{mount.Hidden, mount.Aliased, mount.Shadowed, mount.Partial} {
		if seen[v] == 0 {
			t.Errorf("no fix of a mount that is %s was tried", v)
		}
	}
}

// paste does what the fix says: before its line, or in the place of it. Where the
// source is replaced, a subpath and a path's type stay as they are.
func paste(source string, f mount.Fix) string {
	lines := strings.Split(source, "\n")
	at := f.Line - 1
	rest := lines[at:]
	if f.Replace {
		rest = rest[1:]
	}
	return strings.Join(slices.Concat(lines[:at], []string{f.HCL}, rest), "\n")
}
