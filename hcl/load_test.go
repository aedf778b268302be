package hcl_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dindctl/dindctl/hcl"
	"github.com/dindctl/dindctl/internal/diag"
)

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func summaries(problems diag.List) string {
	var lines []string
	for _, p := range problems {
		lines = append(lines, fmt.Sprintf("%s [%s] %s: %s", p.Subject, p.Code, p.Summary, p.Detail))
	}
	return strings.Join(lines, "\n")
}

// A directory is all its *.hcl and *.hcl.json files; the rest, and hidden ones, are not read.
func TestDirectoryIsMerged(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "My Shop!")
	write(t, dir, map[string]string{
		"a.hcl": `network "ci" {}`, "b.hcl.json": `{"container":{"c":{"image":"bash","networks":["${network.ci}"]}}}`,
		"c.txt": "{", ".hidden.hcl": "{", "values.auto.hclvars": "x = 1", "sub/d.hcl": "{",
	})
	cfg, sources, problems := hcl.Load(hcl.LoadRequest{Cwd: dir, MachineID: "m"})
	if len(problems) > 0 {
		t.Fatal(summaries(problems))
	}
	got := []string{cfg.Project, fmt.Sprint(cfg.Derived), cfg.Dir, cfg.Path, cfg.Origin}
	for _, b := range cfg.Blocks {
		got = append(got, b.Address())
	}
	got = append(got, sources.Files()...)
	want := []string{"my-shop", "true", dir, dir, "m:" + dir, "network.ci", "container.c", "a.hcl", "b.hcl.json", "values.auto.hclvars"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	line, ok := sources.Line("a.hcl", 1)
	if _, more := sources.Line("a.hcl", 2); line != `network "ci" {}` || !ok || more {
		t.Errorf("line 1 is %q, %v; line 2 is there: %v", line, ok, more)
	}
}

// Where there is nothing to load, the problem says so under a code of its own.
func TestNoConfiguration(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, path := range []string{"", "missing.hcl"} {
		_, _, problems := hcl.Load(hcl.LoadRequest{Cwd: dir, Path: path})
		if len(problems) != 1 || problems[0].Code != hcl.NoConfiguration {
			t.Errorf("%q: %s", path, summaries(problems))
		}
	}
}

// Values of variables come from defaults, files, the environment and the command
// line, each winning over those before.
func TestPrecedenceOfVariables(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"main.hcl": `
variable "a" { default = "default" }
variable "b" { default = "default" }
variable "c" { default = "default" }
variable "d" { default = "default" }
variable "e" { default = "default" }
variable "l" { type = list(number) }
output "all" { value = "${var.a} ${var.b} ${var.c} ${var.d} ${var.e} ${join(",", var.l)}" }`,
		"x.auto.hclvars": "b = \"auto\"\nc = \"auto\"\nd = \"auto\"\ne = \"auto\"",
		"given.hclvars":  "c = \"file\"\nd = \"file\"\ne = \"file\"",
	})
	got := render(t, hcl.LoadRequest{
		Cwd: dir, Path: "main.hcl", Project: "p", VarFiles: []string{"given.hclvars"},
		Environment: map[string]string{"DINDCTL_VAR_d": "environment", "DINDCTL_VAR_e": "environment"},
		Vars:        []string{"e=line", "l=[1, 2]"},
	}, nil)
	if want := "project p\noutput all = \"default auto file environment line 1,2\"\n"; got != want {
		t.Errorf("got\n%s", got)
	}
}

// What is wrong on the command line is said without showing sensitive values.
func TestBadValues(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"main.hcl": `
variable "count_" { type = number }
variable "secret" {
  type      = list(number)
  sensitive = true
}`,
		"given.hclvars": "cuont_ = 1\n",
	})
	_, _, problems := hcl.Load(hcl.LoadRequest{
		Cwd: dir, VarFiles: []string{"given.hclvars"}, Vars: []string{"count_=many", "secret=[s3cret", "nothing=1", "s3cret"}, Project: "No",
	})
	text := summaries(problems)
	for _, want := range []string{`no variable "cuont_". Did you mean count_?`, "In -var count_:", "In -var secret:", `-var names "nothing"`, "form name=value", `-project says "No"`} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not said in\n%s", want, text)
		}
	}
	if strings.Contains(text, "[s3cret") {
		t.Errorf("a sensitive value is shown:\n%s", text)
	}
}

// Input on which a parser would recurse without end is refused.
func TestBounds(t *testing.T) {
	t.Parallel()
	const many = 200_000
	for name, text := range map[string]string{
		"brackets.hcl":      "a = " + strings.Repeat("[", many),
		"blocks.hcl":        strings.Repeat("a {\n", many),
		"unary.hcl":         "a = " + strings.Repeat("!", many) + "true",
		"conditional.hcl":   "a = (" + strings.Repeat("a ? b :\n", many) + "c)",
		"binary.hcl":        "a = 1" + strings.Repeat("+1", many),
		"index.hcl":         "a = f()" + strings.Repeat("[0]", many),
		"template.hcl":      `a = "` + strings.Repeat(`${"`, many),
		"control.hcl":       `a = "` + strings.Repeat(`%{ if a }`, many),
		"large.hcl":         strings.Repeat("# comment\n", 500_000),
		"array.hcl.json":    strings.Repeat("[", 9_000),
		"template.hcl.json": `{"output":{"o":{"value":"${` + strings.Repeat("(", 9_000) + `"}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, dir, map[string]string{name: text})
			_, _, problems := hcl.Load(hcl.LoadRequest{Cwd: dir, Path: name})
			if len(problems) != 1 || problems[0].Code != "too-deep" && problems[0].Code != "too-large" {
				t.Errorf("%.500s", summaries(problems))
			}
		})
	}
}

// The order of blocks means nothing: shuffled, a configuration becomes the same.
func TestOrderOfBlocksMeansNothing(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"case2", "order", "whole-kind", "reach-inside", "conditional", "cycle"} {
		text, err := os.ReadFile("testdata/spec/" + name + ".hcl")
		if err != nil {
			t.Fatal(err)
		}
		blocks := strings.SplitAfter(string(text), "\n}\n")
		dir := t.TempDir()
		write(t, dir, map[string]string{"context/Dockerfile": "FROM scratch\n"})
		want := ""
		for round := range 12 {
			write(t, dir, map[string]string{name + ".hcl": strings.Join(blocks, "\n")})
			got := withoutLines(render(t, hcl.LoadRequest{Cwd: dir, Path: name + ".hcl"}, nil))
			if round == 0 {
				want = got
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%s, round %d (-first +this):\n%s", name, round, diff)
			}
			rand.Shuffle(len(blocks), func(i, j int) { blocks[i], blocks[j] = blocks[j], blocks[i] })
		}
	}
}

// withoutLines takes away what says where a block stands, and sorts problems.
func withoutLines(text string) string {
	var out []string
	for line := range strings.Lines(text) {
		if before, _, found := strings.Cut(line, " @"); found {
			line = before + "\n"
		}
		if strings.Contains(line, ".hcl:") {
			continue
		}
		out = append(out, line)
	}
	return strings.Join(out, "")
}

// The hash of a build context follows what a build can see, and nothing else.
func TestHashOfBuildContext(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	files := map[string]string{"Dockerfile": "FROM scratch\n", ".dockerignore": "ignored\n# comment\n*.log\n", "src/a": "1", "ignored/b": "1", "x.log": "1", "main.hcl": ""}
	write(t, dir, files)
	hash := func(dockerfile string) string {
		cfg, _, _ := hcl.Load(hcl.LoadRequest{Cwd: dir, Path: "main.hcl"})
		got, err := cfg.HashContext(dir, dockerfile)
		if err != nil {
			return "error: " + strings.ReplaceAll(err.Error(), dir, "DIR")
		}
		return got
	}
	before := hash("")
	write(t, dir, map[string]string{"ignored/b": "2", "x.log": "2", "ignored/c": "new"})
	if after := hash(""); after != before {
		t.Error("what .dockerignore leaves out changes the hash")
	}
	write(t, dir, map[string]string{"src/a": "2"})
	if after := hash(""); after == before {
		t.Error("a changed file does not change the hash")
	}
	write(t, dir, map[string]string{"src/a": "1", ".dockerignore": "ignored\nDockerfile\n*.log\n", "Dockerfile": "FROM debian\n"})
	first := hash("")
	write(t, dir, map[string]string{"Dockerfile": "FROM bash\n"})
	if after := hash(""); after == first {
		t.Error("a Dockerfile that is ignored does not count")
	}
	if got := hash("none"); !strings.Contains(got, "error: reading the Dockerfile") {
		t.Errorf("a missing Dockerfile: %s", got)
	}
}

// An engine that is named by an empty text is none: it is refused, and no other is taken.
func TestAnEmptyNameOfAnEngineIsRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`project { context = "" }`:                 "context is empty",
		`provider "docker" { host = " " }`:         "host is empty",
		`provider "docker" { context = "" }`:       "context is empty",
		`project { context = null }`:               "",
		`provider "docker" { host = "unix:///x" }`: "",
	} {
		dir := t.TempDir()
		write(t, dir, map[string]string{"main.hcl": strings.NewReplacer("{ ", "{\n", " }", "\n}\n").Replace(text)})
		_, _, problems := hcl.Load(hcl.LoadRequest{Cwd: dir})
		got := summaries(problems)
		if problems.HasErrors() != (want != "") || !strings.Contains(got, want) {
			t.Errorf("%s: %q; want %q", text, got, want)
		}
	}
}
