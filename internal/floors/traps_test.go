package floors_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Each known trap of what Docker shows is met by a test that is there.
func TestEveryTrapIsMet(t *testing.T) {
	t.Parallel()
	const root = "../.."
	page, err := os.ReadFile(filepath.Join(root, "docs/traps.md"))
	if err != nil {
		t.Fatal(err)
	}
	var tests strings.Builder
	err = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && strings.HasPrefix(d.Name(), ".") && path != root:
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		content, err := os.ReadFile(path)
		tests.Write(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile(`(?m)^\| (\d+) \| .* \| (.*) \|$`).FindAllStringSubmatch(string(page), -1)
	proof := regexp.MustCompile("`(Test\\w+)`|\"([^\"]+)\"")
	for i, row := range rows {
		if row[1] != strconv.Itoa(i+1) {
			t.Fatalf("row %d is of trap %s", i+1, row[1])
		}
		proofs := proof.FindAllStringSubmatch(row[2], -1)
		if len(proofs) == 0 {
			t.Errorf("trap %s has no test", row[1])
		}
		for _, p := range proofs {
			text := "func " + p[1] + "(t *testing.T)"
			if p[1] == "" {
				text = `name: "` + p[2] + `"`
			}
			if !strings.Contains(tests.String(), text) {
				t.Errorf("trap %s: no test has %s", row[1], text)
			}
		}
	}
	if len(rows) != 59 {
		t.Errorf("%d traps, want 59", len(rows))
	}
}
