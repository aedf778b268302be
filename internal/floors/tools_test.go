package floors_test

import (
	"os/exec"
	"strings"
	"testing"
)

// What only tests may import is in no program: engines that replay, that are hostile,
// that stand between, and the provider in memory.
func TestToolsOfTestsAreInNoProgram(t *testing.T) {
	t.Parallel()
	out, err := exec.Command("go", "list", "-deps", module+"/cmd/...").Output()
	if err != nil {
		t.Fatalf("listing what the programs import: %v", err)
	}
	linked := strings.Fields(string(out))
	if len(linked) < 100 {
		t.Fatalf("only %d packages are linked", len(linked))
	}
	tools := []string{"/internal/replay", "/internal/hostile", "/internal/engineproxy", "/provider/providertest"}
	for _, pkg := range linked {
		for _, tool := range tools {
			if pkg == module+tool {
				t.Errorf("the program has %s, which is of tests", pkg)
			}
		}
	}
}
