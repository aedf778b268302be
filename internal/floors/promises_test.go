package floors_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every test and every make target that docs/promises.md names is there: the page
// is believed for what proves it. As long as figures are to be filled in, their
// targets may be missing.
func TestPromisesAreProved(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/promises.md")
	if err != nil {
		t.Fatal(err)
	}
	makefile, err := os.ReadFile("../../Makefile")
	if err != nil {
		t.Fatal(err)
	}
	complete := !strings.Contains(string(page), "to be filled in")
	tests, named := allTests(t), 0
	for line := range strings.Lines(string(page)) {
		for _, m := range regexp.MustCompile("`(Test[A-Za-z0-9]+)`").FindAllStringSubmatch(line, -1) {
			if named++; !tests[m[1]] {
				t.Errorf("docs/promises.md names the test %s, which does not exist", m[1])
			}
		}
		for _, m := range regexp.MustCompile("`make ([a-z-]+)`").FindAllStringSubmatch(line, -1) {
			if !strings.Contains(string(makefile), "\n"+m[1]+":") && complete {
				t.Errorf("docs/promises.md names the target %s, which the Makefile does not have", m[1])
			}
		}
	}
	if named < 20 {
		t.Errorf("docs/promises.md names %d tests", named)
	}
}

// allTests are the names of all tests of this module.
func allTests(t *testing.T) map[string]bool {
	t.Helper()
	tests := map[string]bool{}
	err := filepath.WalkDir("../..", func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && len(entry.Name()) > 2:
			return fs.SkipDir
		case !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		content, err := os.ReadFile(path)
		for _, m := range regexp.MustCompile(`(?m)^func (Test[A-Za-z0-9]+)\(`).FindAllSubmatch(content, -1) {
			tests[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return tests
}
