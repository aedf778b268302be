package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// single writes a configuration of its own and returns its path.
func (s *scenario) single(hcl string) string {
	s.t.Helper()
	return s.write("conf/main.hcl", hcl)
}

func (s *scenario) on(command, path string, more ...string) result {
	s.t.Helper()
	return s.dindctl(append([]string{command, path, "-project", s.project}, more...)...)
}

const sleeper = `
container "web" {
  image   = "` + bashImage + `"
  command = ["sleep", "1000"]
}
`

// An engine that does not answer is named, with how it was chosen.
func TestEngineNotReachable(t *testing.T) {
	s := newScenario(t)
	path := s.single(sleeper)
	socket := filepath.Join(s.dir, "nobody.sock")
	s.on("plan", path, "-H", "unix://"+socket).wants(t, 1).says(t, "unix://"+socket, "-H")
	s.env = append(s.env, "DOCKER_HOST=unix://"+socket)
	s.on("plan", path).wants(t, 1).says(t, "unix://"+socket, "DOCKER_HOST")
}

// Whoever may not use the socket is told so, and what to do.
func TestPermissionDeniedOnTheSocket(t *testing.T) {
	s := newScenario(t)
	path := s.single(sleeper)
	binary := filepath.Join(t.TempDir(), "dindctl")
	copyFile(t, os.Getenv("DINDCTL_BIN"), binary, 0o755)
	openUp(t, filepath.Dir(binary))
	openUp(t, s.dir)
	socket := closedSocket(t)
	cmd := exec.Command(binary, "plan", path, "-project", s.project, "-H", "unix://"+socket)
	cmd.Dir = s.dir
	cmd.Env = []string{"PATH=/usr/bin:/bin", "HOME=/nonexistent", "TMPDIR=/tmp"}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	capture(t, cmd).wants(t, 1).says(t, socket, "permission")
}

// An image that cannot be had is named, with where it was looked for; what was
// made before stays known, and the next apply with a good image goes on from it.
func TestImageThatCannotBeHad(t *testing.T) {
	s := newScenario(t)
	bad := strings.Replace(sleeper, bashImage, "dindctl.invalid/nothing:1", 1)
	s.on("apply", s.single(bad), "-auto-approve").wants(t, 1).says(t, "dindctl.invalid/nothing:1", "container.web")
	s.on("apply", s.single(sleeper), "-auto-approve").wants(t, 0)
	s.on("plan", s.single(sleeper), "-detailed-exitcode").wants(t, 0)
}

// A name that a foreign container has is a clash that says whose it is; the
// foreign container is not touched.
func TestNameOfAForeignContainer(t *testing.T) {
	s := newScenario(t)
	name := s.project + "-web"
	id := s.docker("run", "-d", "--name", name, bashImage, "sleep", "1000")
	t.Cleanup(func() { _ = exec.Command("docker", "rm", "-f", name).Run() })
	s.on("plan", s.single(sleeper)).wants(t, 1).says(t, name, "container.web")
	s.on("apply", s.single(sleeper), "-auto-approve").wants(t, 1).says(t, name)
	s.on("destroy", s.single(sleeper), "-auto-approve").wants(t, 0)
	if got := s.docker("inspect", "-f", "{{.Id}} {{.State.Running}}", name); got[0] != id[0]+" true" {
		t.Errorf("the foreign container is %v", got)
	}
}

// A port that is taken: the diagnostic names the port, and once it is free the
// next apply goes on without help.
func TestPortTaken(t *testing.T) {
	s := newScenario(t)
	holder := s.project + "-holder"
	s.docker("run", "-d", "--name", holder, "-p", "18080:80", bashImage, "sleep", "1000")
	t.Cleanup(func() { _ = exec.Command("docker", "rm", "-f", holder).Run() })
	path := s.single(strings.Replace(sleeper, "command", "ports {\n    target    = 80\n    published = 18080\n  }\n  command", 1))
	s.on("apply", path, "-auto-approve").wants(t, 1).says(t, "18080", "container.web")
	s.docker("rm", "-f", holder)
	s.on("apply", path, "-auto-approve").wants(t, 0)
	s.on("plan", path, "-detailed-exitcode").wants(t, 0)
}

// A privileged container that the host's engine refuses is explained by the
// capability that the host lacks.
func TestPrivilegedContainerThatTheHostRefuses(t *testing.T) {
	s := newScenario(t)
	if out, err := exec.Command("docker", "run", "--rm", "--privileged", "--runtime", "bare", bashImage, "true").CombinedOutput(); err == nil {
		t.Skip("this host lacks no capability: its engine refuses no privileged container")
	} else if !strings.Contains(string(out), "caps") {
		t.Fatalf("the engine refuses for another reason: %s", out)
	}
	path := s.single(fmt.Sprintf("container \"web\" {\n  image      = %q\n  command    = [\"sleep\", \"1000\"]\n  privileged = true\n  runtime    = \"bare\"\n}\n", bashImage))
	s.on("apply", path, "-auto-approve").wants(t, 1).says(t, "privileged", "capabilit", "container.web")
	s.on("plan", path).wants(t, 0).says(t, "container.web")
}

// A daemon that ends instead of getting ready: its last log lines are shown, and
// the next plan knows what is there.
func TestDaemonThatNeverGetsReady(t *testing.T) {
	s := newScenario(t)
	path := s.single(fmt.Sprintf("daemon \"dind\" {\n  image = %q\n  flags = [\"--no-such-flag\"]\n}\n", dindImage))
	s.on("apply", path, "-auto-approve").wants(t, 1).says(t, "daemon.dind", "unknown flag: --no-such-flag")
	s.on("plan", path, "-detailed-exitcode").wants(t, 2).says(t, "daemon.dind")
	good := s.single(fmt.Sprintf("daemon \"dind\" {\n  image = %q\n}\n", dindImage))
	s.on("apply", good, "-auto-approve").wants(t, 0)
	s.on("plan", good, "-detailed-exitcode").wants(t, 0)
}

// A job that exits 1: its output is shown, its container is kept, the exit code
// is 1, and the next plan runs it again and says why.
func TestJobThatFails(t *testing.T) {
	s := newScenario(t)
	path := s.single(fmt.Sprintf(`
daemon "dind" {
  image = %q
}
job "fails" {
  inside  = daemon.dind
  image   = %q
  command = ["sh", "-c", "echo the reason; exit 1"]
}
`, dindImage, bashImage))
	s.on("apply", path, "-auto-approve").wants(t, 1).says(t, "the reason", "job.fails")
	inner := s.docker("exec", s.project+"-dind", "docker", "ps", "-a", "--format", "{{.Names}} {{.Status}}")
	if len(inner) != 1 || !strings.HasPrefix(inner[0], s.project+"-fails Exited (1)") {
		t.Errorf("inside the daemon: %q", inner)
	}
	s.on("plan", path, "-detailed-exitcode").wants(t, 2).says(t, "job.fails", "exit")
}

// A question that nobody can answer is a no: nothing is changed.
func TestStdinClosedAtTheQuestion(t *testing.T) {
	s := newScenario(t)
	path := s.single(sleeper)
	s.on("apply", path).wants(t, 1).says(t, "-auto-approve")
	s.wantList("containers", s.containers())
	s.answer("no\n", "apply", path, "-project", s.project).wants(t, 1).says(t, "Apply cancelled")
	s.wantList("containers", s.containers())
	s.answer("yes\n", "apply", path, "-project", s.project).wants(t, 0)
	s.wantList("containers", s.containers(), "web")
}

// dindctl killed with -9 between the creation of a container and its start: no
// process of it stays, and the next apply starts the container, without help.
func TestKilledBetweenCreateAndStart(t *testing.T) {
	s := newScenario(t)
	path := s.single(sleeper)
	proxy := newTripwire(t, "/start")
	cmd := exec.Command(os.Getenv("DINDCTL_BIN"), "apply", path, "-project", s.project, "-auto-approve", "-H", "unix://"+proxy.socket)
	cmd.Dir, cmd.Env = s.dir, s.env
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-proxy.tripped
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	proxy.release()
	if got := s.docker("ps", "-a", "--filter", "name="+s.project+"-web", "--format", "{{.State}}"); len(got) != 1 || got[0] != "created" {
		t.Fatalf("after the kill the container is %q, want created", got)
	}
	until(t, "the provider outlives its host", func() bool { return len(s.processes()) == 0 })
	s.on("apply", path, "-auto-approve").wants(t, 0)
	s.wantList("containers", s.containers(), "web")
	s.on("plan", path, "-detailed-exitcode").wants(t, 0)
}

// The daemon's container removed, and stopped, by hand: the plan says so, says
// what it cannot see, and apply brings everything back.
func TestDaemonStoppedAndRemovedByHand(t *testing.T) {
	s := newScenario(t)
	s.applyCase2().wants(t, 0)

	s.docker("stop", s.project+"-dind")
	s.dindctl(s.case2("plan", "-detailed-exitcode")...).wants(t, 2).says(t, "daemon.dind", "stopped")
	s.applyCase2().wants(t, 0)
	s.dindctl(s.case2("plan", "-detailed-exitcode")...).wants(t, 0)

	s.docker("rm", "-f", s.project+"-dind")
	s.dindctl(s.case2("plan", "-detailed-exitcode")...).wants(t, 2).says(t, "daemon.dind", "job.list")
	s.applyCase2().wants(t, 0)
	s.dindctl(s.case2("plan", "-detailed-exitcode")...).wants(t, 0)
	s.dindctl("exec", "controller.control", "-project", s.project, "--",
		"docker", "run", "--rm", "-v", "/repo:/repo", bashImage, "ls", "/repo").wants(t, 0).says(t, nestedListing)
}

// Two configurations whose project names were only derived must not delete each
// other's objects.
func TestDerivedProjectOfAnotherPlace(t *testing.T) {
	s := newScenario(t)
	name := "same" + s.project[:min(8, len(s.project))]
	first := s.write("one/"+name+".hcl", sleeper)
	second := s.write("two/"+name+".hcl", sleeper)
	s.project = name
	s.dindctl("apply", first, "-auto-approve").wants(t, 0)
	s.dindctl("apply", second, "-auto-approve").wants(t, 1).says(t, first, second)
	s.dindctl("destroy", second, "-auto-approve").wants(t, 1).says(t, first)
	s.wantList("containers", s.containers(), "web")
	s.dindctl("destroy", first, "-auto-approve").wants(t, 0)
	s.wantList("containers", s.containers())
}

// An interrupt at the question ends the run at once, with nothing changed and
// nothing locked.
func TestInterruptAtTheQuestion(t *testing.T) {
	s := newScenario(t)
	path := s.single(sleeper)
	person, write, err := os.Pipe() // who says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = write.Close() }()
	p := s.begin(func(cmd *exec.Cmd) { cmd.Stdin = person }, "apply", path, "-project", s.project)
	_ = person.Close()
	p.prints("Enter a value")
	p.signal(syscall.SIGINT)
	p.ends().wants(t, 130)
	s.leavesNothing()
	s.wantList("containers", s.containers())
	s.on("apply", path, "-auto-approve").wants(t, 0)
	s.wantList("containers", s.containers(), "web")
}

// A container that somebody took off its network is put back.
func TestContainerOffItsNetwork(t *testing.T) {
	s := newScenario(t)
	path := s.single(sleeper)
	s.on("apply", path, "-auto-approve").wants(t, 0)
	s.docker("network", "disconnect", s.project+"-default", s.project+"-web")
	s.on("plan", path, "-detailed-exitcode").wants(t, 2).says(t, "networks", "changed outside")
	s.on("apply", path, "-auto-approve").wants(t, 0)
	s.on("plan", path, "-detailed-exitcode").wants(t, 0)
	if got := s.docker("inspect", "-f", "{{range $name, $at := .NetworkSettings.Networks}}{{$name}}{{end}}", s.project+"-web"); got[0] != s.project+"-default" {
		t.Errorf("it is on %q", got)
	}
}
