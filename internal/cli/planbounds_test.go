package cli

import (
	"os"
	"path/filepath"
	"testing"
)

// A path that has no end, or is larger than any plan, is not read whole.
func TestPlanFilesAreBounded(t *testing.T) {
	t.Parallel()
	s := &session{app: &app{}}
	if file, problems := s.readPlan("/dev/zero"); file != nil || len(problems) != 0 {
		t.Errorf("/dev/zero is a plan: %v, %v", file, problems)
	}
	name := filepath.Join(t.TempDir(), "plan")
	if err := os.WriteFile(name, []byte(`{"dindctl_plan":"1.0",`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(name, planLimit+1); err != nil { // sparse: it takes no space
		t.Fatal(err)
	}
	if _, problems := s.readPlan(name); len(problems) != 1 || problems[0].Summary != "The plan file cannot be read" {
		t.Errorf("a plan file of more than %d bytes: %v", planLimit, problems)
	}
}
