package e2e_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const nestedListing = "marker.txt"

// applyCase2 brings case 2 up and returns what apply printed.
func (s *scenario) applyCase2(more ...string) result {
	s.t.Helper()
	return s.dindctl(s.case2("apply", append(more, "-auto-approve")...)...)
}

// case2 is a command line about the scenario's case 2, under its own project name.
func (s *scenario) case2(command string, more ...string) []string {
	return append([]string{command, "examples/case2.hcl", "-project", s.project}, more...)
}

// From nothing to a nested container that sees the host's files, an empty plan,
// a nested run through the controller's own CLI, and away again but for the volumes.
func TestCase2(t *testing.T) {
	s := newScenario(t)

	s.dindctl(s.case2("validate")...).wants(t, 0)
	s.dindctl(s.case2("plan", "-detailed-exitcode")...).wants(t, 2).
		says(t, "daemon.dind", "controller.control", "job.list", "network.ci", "volume.images", "image.controller")
	s.applyCase2().wants(t, 0).says(t, nestedListing)
	s.wantList("containers", s.containers(), "control", "dind")
	s.wantList("networks", s.networks(), "ci")
	s.wantList("volumes", s.volumes(), "images", "dind-certs")

	s.dindctl(s.case2("plan", "-detailed-exitcode")...).wants(t, 0).says(t, "No changes")

	s.dindctl("exec", "controller.control", "-project", s.project, "--",
		"docker", "run", "--rm", "-v", "/repo:/repo", bashImage, "ls", "/repo").wants(t, 0).says(t, nestedListing)
	s.dindctl("exec", "controller.control", "-project", s.project, "--", "sh", "-c", "exit 7").wants(t, 7)

	s.dindctl(s.case2("destroy", "-auto-approve")...).wants(t, 0).says(t, s.project+"-images", s.project+"-dind-certs")
	s.wantList("containers", s.containers())
	s.wantList("networks", s.networks())
	s.wantList("volumes", s.volumes(), "images", "dind-certs")

	s.applyCase2().wants(t, 0).says(t, nestedListing)
	s.dindctl(s.case2("plan", "-detailed-exitcode")...).wants(t, 0).says(t, "No changes")

	// A bare destroy where there is no configuration: the project is guessed, and
	// its name has to be typed.
	empty := filepath.Join(s.dir, "elsewhere")
	if err := os.Mkdir(empty, 0o755); err != nil {
		t.Fatal(err)
	}
	s.dir = empty
	s.answer("yes\n", "destroy").wants(t, 1)
	s.wantList("containers after a wrong answer", s.containers(), "control", "dind")
	s.dindctl("destroy", "-auto-approve").wants(t, 1)
	s.wantList("containers after no answer", s.containers(), "control", "dind")
	s.answer(s.project+"\n", "destroy").wants(t, 0).says(t, s.project+"-images")
	s.wantList("containers", s.containers())
	s.wantList("networks", s.networks())
	s.wantList("volumes", s.volumes(), "images", "dind-certs")
}

// mountsDocument is what `mounts -json` prints, as far as the test reads it.
type mountsDocument struct {
	FormatVersion string `json:"format_version"`
	Mounts        []struct {
		Address, Kind, Target, Source, Resolve, Daemon, Controller, Verdict, Severity string

		Chain []struct{ View, Path, Object string }
		Fix   []struct {
			Title, File string
			Line        int
			HCL         string
			Replace     bool
		}
	} `json:"mounts"`
}

func (s *scenario) mounts(code int) mountsDocument {
	s.t.Helper()
	r := s.dindctl("mounts", "examples/case2.hcl", "-json").wants(s.t, code)
	var document mountsDocument
	if err := json.Unmarshal([]byte(r.stdout), &document); err != nil {
		s.t.Fatalf("mounts -json: %v\n%s", err, r.stdout)
	}
	return document
}

// A source that the daemon does not have is refused by validate, plan and apply
// before anything is made, and each fix, pasted, makes it visible.
func TestHiddenSourceIsRefusedWithAFixThatWorks(t *testing.T) {
	s := newScenario(t)
	file := filepath.Join(s.dir, "examples/case2.hcl")
	good := readFile(t, file)
	head, job, found := strings.Cut(good, `job "list"`)
	if !found {
		t.Fatal("case2.hcl has no job list")
	}
	broken := head + `job "list"` + strings.Replace(job, `"/repo" `, `"/data" `, 1)
	broken = strings.Replace(broken, `source = "/repo"`, `source = "/data"`, 1)
	s.write("examples/case2.hcl", broken)

	for _, command := range []string{"validate", "plan"} {
		s.dindctl(s.case2(command)...).wants(t, 1).says(t, "/data", "daemon.dind", "case2.hcl", "hidden")
	}
	s.applyCase2().wants(t, 1).says(t, "/data")
	s.wantList("containers", s.containers())
	s.wantList("volumes", s.volumes())

	document := s.mounts(1)
	if len(document.Mounts) != 1 || document.Mounts[0].Verdict != "hidden" || document.Mounts[0].Severity != "error" ||
		len(document.Mounts[0].Fix) == 0 || len(document.Mounts[0].Chain) == 0 {
		t.Fatalf("mounts -json: %+v", document)
	}
	for _, fix := range document.Mounts[0].Fix {
		lines := strings.Split(broken, "\n")
		if fix.Line < 1 || fix.Line > len(lines) || filepath.Base(fix.File) != "case2.hcl" {
			t.Errorf("fix %q is for no line of the file: %s:%d", fix.Title, fix.File, fix.Line)
			continue
		}
		rest := lines[fix.Line-1:]
		if fix.Replace {
			rest = rest[1:]
		}
		pasted := append(append(append([]string{}, lines[:fix.Line-1]...), fix.HCL), rest...)
		s.write("examples/case2.hcl", strings.Join(pasted, "\n"))
		if got := s.mounts(0); got.Mounts[0].Verdict != "visible" {
			t.Errorf("after the fix %q the verdict is %s\n%s", fix.Title, got.Mounts[0].Verdict, fix.HCL)
		}
	}
	s.write("examples/case2.hcl", good)
	if got := s.mounts(0); got.Mounts[0].Verdict != "visible" {
		t.Errorf("the file as it was: %+v", got)
	}
}
