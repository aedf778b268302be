package e2e_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// insider runs dindctl in a container of the engine that has the engine's socket
// mounted, with the scenario's directory at another path than on the host.
type insider struct {
	*scenario
	name string
}

const insiderDir = "/work"

func (s *scenario) inside(options ...string) insider {
	s.t.Helper()
	i := insider{s, s.project + "-tool"}
	args := []string{
		"run", "-d", "--rm", "--name", i.name, "-v", "/var/run/docker.sock:/var/run/docker.sock",
		"-v", os.Getenv("DINDCTL_BIN") + ":/usr/local/bin/dindctl:ro", "--tmpfs", "/scratch", "-w", insiderDir,
	}
	args = append(append(args, options...), "dindctl.local/controller", "sleep", "1h")
	s.docker(args...)
	s.t.Cleanup(func() {
		if out, err := exec.Command("docker", "rm", "-f", i.name).CombinedOutput(); err != nil { //nolint:gosec // the test's own
			s.t.Errorf("removing %s: %v\n%s", i.name, err, out)
		}
	})
	return i
}

func (i insider) dindctl(args ...string) result {
	i.t.Helper()
	return i.run("", "docker", append([]string{"exec", i.name, "dindctl"}, args...)...)
}

// Run from a container with the socket mounted, case 2 mounts the host's
// directories that its own mounts lead to, and everything else is as from the host.
func TestInContainer(t *testing.T) {
	s := newScenario(t)
	i := s.inside("-v", s.dir+":"+insiderDir)

	i.dindctl(s.case2("validate")...).wants(t, 0)
	i.dindctl(s.case2("plan", "-detailed-exitcode")...).wants(t, 2).says(t, s.dir+"/examples", "daemon.dind")
	i.dindctl(s.case2("apply", "-auto-approve")...).wants(t, 0).says(t, nestedListing)
	i.dindctl(s.case2("plan", "-detailed-exitcode")...).wants(t, 0).says(t, "No changes")
	for _, name := range []string{"dind", "control"} {
		mounts := s.docker("inspect", "-f", `{{range .Mounts}}{{if eq .Destination "/repo"}}{{.Source}}{{end}}{{end}}`, s.project+"-"+name)
		if diff := cmp.Diff([]string{s.dir + "/examples"}, mounts); diff != "" {
			t.Errorf("what %s mounts at /repo (-want +got):\n%s", name, diff)
		}
	}
	var document proofsDocument
	r := i.dindctl(s.case2("verify", "-write", "-json")...).wants(t, 0)
	if err := json.Unmarshal([]byte(r.stdout), &document); err != nil {
		t.Fatal(err)
	}
	s.wantResults(document, "job.list proved seen")
	i.dindctl(s.case2("destroy", "-auto-approve")...).wants(t, 0)
	s.wantList("containers", s.containers())
}

// What lies in the container's own root is refused before anything is made, with
// chain and fix: offline, because the socket is mounted, and by the plan, which
// finds its own container among the engine's; a tmpfs is no better. What -files
// says wins.
func TestInContainerOwnRoot(t *testing.T) {
	s := newScenario(t)
	i := s.inside()
	for _, dir := range []string{"/own", "/scratch"} {
		s.run("", "docker", "exec", i.name, "mkdir", "-p", dir).wants(t, 0)
		for _, name := range []string{"examples", "docker"} {
			pack := "tar -C " + s.dir + " -c " + name + " | docker exec -i " + i.name + " tar -x -C " + dir
			s.run("", "bash", "-c", pack).wants(t, 0)
		}
		file := filepath.Join(dir, "examples/case2.hcl")
		for _, command := range []string{"validate", "plan", "apply"} {
			i.dindctl(command, file, "-project", s.project).wants(t, 1).
				says(t, "Source that only dindctl's own container has", dir+"/examples", "dindctl's own container", "Start that container with the directory mounted", "line 51")
		}
		s.wantList("containers", s.containers())
	}
	i.dindctl("plan", "/own/examples/case2.hcl", "-project", s.project, "-files", "this").wants(t, 0)
	i.dindctl("plan", "/own/examples/case2.hcl", "-project", s.project, "-files", "container="+i.name).wants(t, 1)
	i.dindctl("plan", "/own/examples/case2.hcl", "-project", s.project, "-files", "container=nobody").wants(t, 1).says(t, "The container of dindctl is not there")
	if left := strings.Join(s.containers(), " "); left != "" {
		t.Errorf("there are containers: %s", left)
	}
}
