package e2e_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// proofsDocument is what `verify -json` prints, as far as the tests read it.
type proofsDocument struct {
	FormatVersion string `json:"format_version"`
	Mounts        []struct {
		Address, Source, Daemon, Verdict, Result, Why, Canary string

		Sides []struct {
			View, Path, State string
			Device, Inode     uint64
		}
	} `json:"mounts"`
	Diagnostics []struct{ Summary string } `json:"diagnostics"`
}

func (s *scenario) verify(code int, args ...string) proofsDocument {
	s.t.Helper()
	r := s.dindctl(append(args, "-json")...).wants(s.t, code)
	var document proofsDocument
	if err := json.Unmarshal([]byte(r.stdout), &document); err != nil {
		s.t.Fatalf("verify -json: %v\n%s", err, r.stdout)
	}
	return document
}

// results are address and result of each proof, with what became of the canary.
func (d proofsDocument) results() []string {
	var out []string
	for _, p := range d.Mounts {
		out = append(out, strings.TrimSpace(p.Address+" "+p.Result+" "+p.Canary))
	}
	return out
}

func (s *scenario) wantResults(d proofsDocument, want ...string) {
	s.t.Helper()
	if diff := cmp.Diff(want, d.results()); diff != "" {
		s.t.Errorf("what was proved (-want +got):\n%s\n%+v", diff, d)
	}
}

// What a nested container sees is what the controller sees, a file goes there and
// back, nothing stays behind; and when something is mounted over it behind the
// rule's back, that is an error with the facts of both sides.
func TestVerify(t *testing.T) {
	s := newScenario(t)
	s.applyCase2().wants(t, 0)
	before := s.everything()

	document := s.verify(0, s.case2("verify")...)
	s.wantResults(document, "job.list proved")
	sides := document.Mounts[0].Sides
	var views []string
	for _, side := range sides {
		views = append(views, side.View+" "+side.Path+" "+side.State)
		if side.Device != sides[0].Device || side.Inode != sides[0].Inode || side.Inode == 0 {
			t.Errorf("%s sees device %d, inode %d; %s sees device %d, inode %d", side.View, side.Device, side.Inode, sides[0].View, sides[0].Device, sides[0].Inode)
		}
	}
	if diff := cmp.Diff([]string{"controller.control /repo there", "daemon.dind /repo there", "a container of daemon.dind /repo there"}, views); diff != "" {
		t.Errorf("who looked (-want +got):\n%s", diff)
	}
	s.wantResults(s.verify(0, s.case2("verify", "-write")...), "job.list proved seen")
	s.dindctl(s.case2("verify", "-write")...).wants(t, 0).says(t, "1 proved, 0 contradicted, 0 not proved.", "canary seen")
	if got := s.run("", "find", "examples", "-name", ".dindctl-*").wants(t, 0); got.stdout != "" {
		t.Errorf("canaries stayed behind:\n%s", got.stdout)
	}
	if diff := cmp.Diff(before, s.everything()); diff != "" {
		t.Errorf("what verify left (-before +after):\n%s", diff)
	}
	s.dindctl(s.case2("plan", "-detailed-exitcode")...).wants(t, 0).says(t, "No changes")

	s.docker("exec", s.project+"-dind", "mount", "-t", "tmpfs", "tmpfs", "/repo")
	document = s.verify(1, s.case2("verify")...)
	s.wantResults(document, "job.list contradicted")
	if len(document.Diagnostics) != 1 || document.Diagnostics[0].Summary != "Verdict that reality contradicts" {
		t.Errorf("diagnostics: %+v", document.Diagnostics)
	}
	s.dindctl(s.case2("verify")...).wants(t, 1).says(t, "Verdict that reality contradicts", "controller.control  /repo  is  a directory", "case2.hcl line", "A container that mounts it sees a directory")
	s.docker("exec", s.project+"-dind", "umount", "/repo")
	s.wantResults(s.verify(0, s.case2("verify")...), "job.list proved")
}

// everything is what the root engine and the daemon of case 2 hold, sorted: engines
// list images of one second in any order.
func (s *scenario) everything() []string {
	s.t.Helper()
	out := append(s.docker("ps", "-a", "--format", "{{.Names}}"), s.docker("image", "ls", "--format", "{{.Repository}}")...)
	for _, args := range [][]string{{"ps", "-a", "--format", "{{.Names}}"}, {"image", "ls", "--format", "{{.Repository}}"}} {
		for _, name := range s.docker(append([]string{"exec", s.project + "-dind", "docker"}, args...)...) {
			out = append(out, "inside: "+name)
		}
	}
	slices.Sort(out)
	return out
}

// Where the daemon has no image with a shell, dindctl itself is what looks, in an
// image of its own that does not stay; with a file as a source, too.
func TestVerifyByTheProbe(t *testing.T) {
	s := newScenario(t)
	file := filepath.Join(s.dir, "examples/case2.hcl")
	head, _, _ := strings.Cut(readFile(t, file), `job "list"`)
	s.write("examples/bare/Dockerfile", "FROM scratch\nCOPY Dockerfile /\n")
	s.write("examples/case2.hcl", head+`
image "bare" {
  inside = daemon.dind
  build {
    context = "bare"
  }
}
job "later" {
  controller = controller.control
  image      = image.bare
  command    = ["/nothing"]
  run        = "on_request"
  mount {
    source = "/repo"
    target = "/repo"
  }
  mount {
    source = "/repo/marker.txt"
    target = "/marker"
  }
}
`)
	s.applyCase2().wants(t, 0)
	before := s.everything()
	s.wantResults(s.verify(0, s.case2("verify", "-write")...), "job.later proved not sent", "job.later proved seen")
	if diff := cmp.Diff(before, s.everything()); diff != "" {
		t.Errorf("what verify left (-before +after):\n%s", diff)
	}
}

// A verify that was killed leaves a helper and a canary; the next apply finds the
// helper by its labels, and with it the canary goes.
func TestVerifyKilled(t *testing.T) {
	s := newScenario(t)
	s.applyCase2().wants(t, 0)
	control := s.project + "-control"
	s.docker("exec", "-u", "0", control, "sh", "-c", `cat=$(command -v cat); mv "$cat" "$cat.real"
printf '#!/bin/sh\ncase $1 in /proc/*) exec %s.real "$1";; esac\nsleep 86400\n' "$cat" >"$cat"; chmod 755 "$cat"`)
	killed := exec.Command(os.Getenv("DINDCTL_BIN"), s.case2("verify", "-write")...)
	killed.Dir, killed.Env = s.dir, s.env
	if err := killed.Start(); err != nil {
		t.Fatal(err)
	}
	canaries := func() []string {
		found, err := filepath.Glob(filepath.Join(s.dir, "examples/.dindctl-verify-*"))
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	until(t, "verify makes no canary", func() bool { return len(canaries()) > 0 })
	if err := killed.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = killed.Wait() // it was killed
	until(t, "the provider outlives its host", func() bool { return len(s.processes()) == 0 })
	nested := []string{"exec", s.project + "-dind", "docker", "ps", "-a", "--format", "{{.Names}}"}
	if left := strings.Join(s.docker(nested...), " "); !strings.Contains(left, s.project+"-verify-") {
		t.Fatalf("the test did not kill it in time; there are %q", left)
	}
	s.dindctl(s.case2("plan", "-detailed-exitcode")...).wants(t, 2).says(t, "container.verify-")
	s.applyCase2().wants(t, 0)
	if left := strings.Join(s.docker(nested...), " "); strings.Contains(left, "-verify-") {
		t.Errorf("the helper is still there: %q", left)
	}
	if left := canaries(); len(left) > 0 {
		t.Errorf("the canary is still there: %q", left)
	}
	s.dindctl(s.case2("plan", "-detailed-exitcode")...).wants(t, 0)
}
