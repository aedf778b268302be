package e2e_test

import (
	"path/filepath"
	"strings"
	"testing"
)

// Whoever looks for an example finds each in the list of examples/README.md.
func TestEveryExampleIsListed(t *testing.T) {
	t.Parallel()
	readme := readFile(t, "../../examples/README.md")
	files, err := filepath.Glob("../../examples/*.hcl")
	if err != nil || len(files) == 0 {
		t.Fatalf("examples: %q, %v", files, err)
	}
	for _, file := range files {
		if name := filepath.Base(file); !strings.Contains(readme, "[`"+name+"`]("+name+")") {
			t.Errorf("examples/README.md does not list %s", name)
		}
	}
}
