package hcl_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/hcl"
	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/mount"
	"github.com/dindctl/dindctl/provider"
)

// asking counts how often it is asked, and says that the run is to end from the
// given time on; never for 0.
type asking struct{ calls, from int }

func (a *asking) interrupted() error {
	if a.calls++; a.from > 0 && a.calls >= a.from {
		return context.Canceled
	}
	return nil
}

// evaluate loads and expands a directory.
func evaluate(dir string, a *asking) (codes []string) {
	cfg, _, problems := hcl.Load(hcl.LoadRequest{Cwd: dir, Path: ".", Project: "p", Interrupted: a.interrupted})
	if !problems.HasErrors() {
		_, more := config.Expand(cfg, schema(), config.Known{})
		problems = append(problems, more...)
	}
	for _, p := range problems {
		codes = append(codes, p.Code)
	}
	return codes
}

func writeFiles(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Every loop of the loader whose length is given by what is configured asks each time
// around whether the run is to end, and ends then, with that as the only problem.
func TestEveryLoopOfTheLoaderEndsOnRequest(t *testing.T) {
	t.Parallel()
	const n = 50
	blocks, modules, circles, context := map[string]string{}, map[string]string{}, map[string]string{}, map[string]string{}
	var calls, locals strings.Builder
	for i := range n {
		blocks[fmt.Sprintf("f%02d.hcl", i)] = fmt.Sprintf("container \"c%d\" {\n  image = \"x\"\n}\n", i)
		modules[fmt.Sprintf("m%d/main.hcl", i)] = "container \"c\" {\n  image = \"x\"\n}\n"
		fmt.Fprintf(&calls, "module \"m%d\" {\n  source = \"./m%d\"\n}\n", i, i)
		fmt.Fprintf(&locals, "  a%d = local.b%d\n  b%d = local.a%d\n", i, i, i, i)
		context[fmt.Sprintf("context/f%02d", i)] = "text"
	}
	modules["main.hcl"] = calls.String()
	circles["main.hcl"] = "locals {\n" + locals.String() + "}\n"
	context["context/Dockerfile"] = "FROM scratch\n"
	context["main.hcl"] = "image \"i\" {\n  build {\n    context = \"./context\"\n  }\n}\n"
	for name, files := range map[string]map[string]string{
		"files": blocks, "modules": modules, "circles of references": circles, "files of a build context": context,
		"instances": {"main.hcl": fmt.Sprintf("container \"c\" {\n  count = %d\n  image = \"x\"\n}\n", n)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := writeFiles(t, files)
			whole := &asking{}
			evaluate(dir, whole)
			if whole.calls < n {
				t.Fatalf("it was asked %d times, and the loop goes round %d times at least", whole.calls, n)
			}
			for at := 1; at <= whole.calls; at += max(1, whole.calls/40) {
				a := &asking{from: at}
				codes := evaluate(dir, a)
				if len(codes) != 1 || codes[0] != "interrupted" {
					t.Errorf("asked to end at %d of %d: problems %v", at, whole.calls, codes)
				}
				if a.calls > at+10 {
					t.Errorf("asked to end at %d, it went on for %d more", at, a.calls-at)
				}
			}
		})
	}
}

// A file that is larger than any disk is not read to its end by whoever is asked to end.
func TestReadingALargeFileEndsOnRequest(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"filesha256":    "output \"sum\" {\n  value = filesha256(\"context/large\")\n}\n",
		"build context": "image \"i\" {\n  build {\n    context = \"./context\"\n  }\n}\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := writeFiles(t, map[string]string{"main.hcl": text, "context/Dockerfile": "FROM scratch\n", "context/large": ""})
			if err := os.Truncate(filepath.Join(dir, "context/large"), 1<<42); err != nil {
				t.Fatalf("a sparse file: %v", err)
			}
			if codes := evaluate(dir, &asking{from: 1000}); len(codes) != 1 || codes[0] != "interrupted" {
				t.Errorf("problems %v", codes)
			}
		})
	}
}

// Mounts that are taken over from two, which take them over from two, and so on, are
// found without going each way.
func TestMountsAreTakenOverInTimeThatGrowsWithTheBlocks(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	text.WriteString("container \"a0\" {\n  image = \"x\"\n  mount {\n    source = \"/srv\"\n    target = \"/srv\"\n  }\n}\ncontainer \"b0\" {\n  image = \"x\"\n}\n")
	for i := 1; i <= 60; i++ { // 2 to the 60th ways
		for _, side := range []string{"a", "b"} {
			fmt.Fprintf(&text, "container \"%s%d\" {\n  image        = \"x\"\n  volumes_from = [container.a%d, container.b%d]\n}\n", side, i, i-1, i-1)
		}
	}
	dir := writeFiles(t, map[string]string{"main.hcl": text.String()})
	cfg, _, problems := hcl.Load(hcl.LoadRequest{Cwd: dir, Path: "."})
	s := schema()
	body := s.Nouns[provider.Container]
	body.Attributes = append(slices.Clone(body.Attributes), provider.Attribute{Name: "volumes_from", Type: cty.List(provider.RefType())})
	s.Nouns[provider.Container] = body
	x, more := config.Expand(cfg, s, config.Known{})
	if problems = append(problems, more...); problems.HasErrors() {
		t.Errorf("problems %v", problems)
	}
	last := x.Topology(config.TopologyOptions{}).Containers["container.a60"]
	if !slices.ContainsFunc(last.Mounts, func(m mount.Mount) bool { return m.Target == "/srv" }) {
		t.Errorf("the last one has the mounts %v, and the first one's reaches it", last.Mounts)
	}
}
