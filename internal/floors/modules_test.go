package floors_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Every module of this repository is one of the Makefile's MODULES, which `make lint`
// and `make unit` go through: a pattern such as ./... ends at another module.
func TestEveryModuleIsTested(t *testing.T) {
	t.Parallel()
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	line := regexp.MustCompile(`(?m)^MODULES\s*:?=(.*)$`).FindSubmatch(makefile)
	if line == nil {
		t.Fatal("the Makefile does not say which MODULES there are")
	}
	named, there := strings.Fields(string(line[1])), modules(t)
	slices.Sort(named)
	if !slices.Equal(named, there) {
		t.Errorf("the Makefile's MODULES are %q; there are %q", named, there)
	}
	for _, target := range []string{"lint", "unit"} {
		recipe := regexp.MustCompile(`(?m)^` + target + `:.*\n(\t.*\n)+`).Find(makefile)
		if !strings.Contains(string(recipe), "$(MODULES)") {
			t.Errorf("make %s does not go through the MODULES", target)
		}
	}
}

// modules are the directories of this repository that have a go.mod, from its root.
func modules(t *testing.T) []string {
	t.Helper()
	const root = "../.."
	var found []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && path != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return fs.SkipDir // what is made there, and what is no code of ours
		case d.Name() != "go.mod":
			return nil
		}
		dir, err := filepath.Rel(root, filepath.Dir(path))
		found = append(found, filepath.ToSlash(dir))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(found)
	return found
}
