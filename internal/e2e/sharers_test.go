package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// shares compares the namespaces of two containers' processes, as the kernel names them.
func (s nouns) shares(when, label, kind, owner string) {
	s.t.Helper()
	of := func(label string) string {
		s.t.Helper()
		return strings.Join(s.docker("exec", s.project+"-"+label, "readlink", "/proc/self/ns/"+kind), "\n")
	}
	if mine, its := of(label), of(owner); mine != its {
		s.t.Errorf("%s, %s has %s, and %s %s", when, label, mine, owner, its)
	}
}

// startedAgain waits until a container runs that was started after the given moment.
func (s nouns) startedAgain(label, since string) {
	s.t.Helper()
	s.until(label+" to be started again", func() bool {
		return s.inspect("container", label, "{{.State.Running}} {{.State.Restarting}}") == "true false" && s.started(label) != since
	})
}

func (s nouns) started(label string) string {
	s.t.Helper()
	return s.inspect("container", label, "{{.State.StartedAt}}")
}

// until waits for a condition.
func (s nouns) until(what string, holds func() bool) {
	s.t.Helper()
	deadline := time.After(hung)
	look := time.NewTicker(50 * time.Millisecond)
	defer look.Stop()
	for !holds() {
		select {
		case <-deadline:
			s.t.Fatalf("waiting for %s: not within %s", what, hung)
		case <-look.C:
		}
	}
}

// What shares namespaces with something that was started again is in the next plan, with
// that cause, whoever started it: somebody, its restart policy, the engine, or a step of
// the plan. After the apply it is in the namespaces that are there now, and is not a new
// container. What shares its processes ended with it, and is started.
func TestSharersFollowTheirOwners(t *testing.T) {
	s := newNouns(t)
	s.as(sleepers("web", "  restart = \"always\"\n  ipc = \"shareable\"",
		"net", "  network_mode = container.web\n  ipc = \"shareable\"",
		"chained", "  ipc = container.net",
		"memory", "  ipc = container.web",
		"tree", "  pid = container.web\n  restart = \"no\"",
		"apart", ""))
	s.applied()
	sharers := []string{"net", "chained", "memory", "tree"}
	ids := map[string]string{}
	for _, label := range append(sharers, "web", "apart") {
		ids[label] = s.inspect("container", label, "{{.Id}}")
	}
	apart := s.started("apart")
	follow := func(when string) {
		t.Helper()
		s.applied()
		s.shares(when, "net", "net", "web")
		s.shares(when, "chained", "ipc", "net")
		s.shares(when, "memory", "ipc", "web")
		s.shares(when, "tree", "pid", "web")
		for label, id := range ids {
			s.wantInspect("container", label, "{{.Id}}", id)
		}
	}
	restarts := []string{
		"container.chained: restart (because_of_another)", "container.memory: restart (because_of_another)",
		"container.net: restart (because_of_another)", "container.tree: update (stopped)",
	}

	follow("made")
	s.docker("restart", "-t", "0", s.project+"-web")
	s.wantPlanned("restarted by hand", s.planned(), restarts...)
	s.do("plan").wants(t, 0).says(t, "container.web, whose namespaces it shares, was started again since")
	follow("restarted by hand")

	before := s.started("web")
	pid, err := strconv.Atoi(s.inspect("container", "web", "{{.State.Pid}}"))
	if err != nil || pid <= 1 {
		t.Fatalf("web has the process %d: %v", pid, err)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	s.startedAgain("web", before)
	s.wantPlanned("restarted by its policy", s.planned(), restarts...)
	follow("restarted by its policy")

	s.docker("stop", "-t", "0", s.project+"-web")
	s.wantPlanned("to be started by the plan", s.planned(), append(restarts, "container.web: update (stopped)")...)
	follow("started by the plan")
	s.wantInspect("container", "apart", "{{.State.StartedAt}}", apart)

	before = s.started("web")
	restartEngine(t)
	s.startedAgain("web", before)
	follow("started by the engine")

	if left := s.docker("volume", "ls", "-q", "--filter", "label=dev.dindctl.follows"); len(left) > 0 {
		t.Errorf("no clock was set back, and these say that one was: %v", left)
	}
}

// What shares a daemon's network follows the daemon, and a daemon what it shares the
// network of: with what is inside it, which ends with it, and in turn shares.
func TestSharersOfADaemonFollowIt(t *testing.T) {
	s := newNouns(t)
	inside := "  inside = daemon.dind\n"
	s.as(sleepers("net", "", "beside", "  network_mode = daemon.dind", "inner", inside, "near", inside+"  network_mode = container.inner") +
		"daemon \"dind\" {\n  image        = \"dindctl.local/dind\"\n  network_mode = container.net\n}\n")
	s.applied()
	of := func(label string) string {
		t.Helper()
		return strings.Join(s.docker("exec", s.project+"-dind", "docker", "exec", s.project+"-"+label, "readlink", "/proc/self/ns/net"), "\n")
	}
	follow := func(when string) {
		t.Helper()
		s.applied()
		s.shares(when, "dind", "net", "net")
		s.shares(when, "beside", "net", "dind")
		if mine, its := of("near"), of("inner"); mine != its {
			t.Errorf("%s, near has %s, and inner %s", when, mine, its)
		}
	}
	follow("made")
	s.docker("restart", "-t", "0", s.project+"-net")
	s.wantPlanned("its network's owner restarted", s.planned(),
		"container.beside: restart (because_of_another)", "container.inner: update (because_of_another)",
		"container.near: update (because_of_another)", "daemon.dind: restart (because_of_another)")
	follow("its network's owner restarted")
	s.docker("restart", s.project+"-dind")
	s.wantPlanned("itself restarted", slices.DeleteFunc(s.planned(), func(line string) bool { return !strings.HasPrefix(line, "container.beside") }),
		"container.beside: restart (because_of_another)")
	follow("itself restarted")
}

// restartEngine ends the private engine as an init system does, and starts it again with
// the same arguments. It returns when the engine answers.
func restartEngine(t *testing.T) {
	t.Helper()
	pid := engineProcess(t)
	read := func(file string) []string {
		content, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), file))
		if err != nil {
			t.Fatal(err)
		}
		return strings.Split(strings.TrimSuffix(string(content), "\x00"), "\x00")
	}
	argv, env := read("cmdline"), read("environ")
	program, err := os.Readlink(filepath.Join("/proc", strconv.Itoa(pid), "exe"))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	wait := nouns{&scenario{t: t}}
	wait.until("the engine to end", func() bool { return syscall.Kill(pid, 0) != nil })
	again := &exec.Cmd{Path: program, Args: argv, Env: env, SysProcAttr: &syscall.SysProcAttr{Setsid: true}}
	if err := again.Start(); err != nil {
		t.Fatal(err)
	}
	go func() { _ = again.Wait() }() // or its process would stay, and seem not to end
	wait.until("the engine to answer", func() bool { return exec.Command("docker", "version").Run() == nil })
}

// engineProcess is the private engine's: a child of the first process, or of this one
// where it was started again before.
func engineProcess(t *testing.T) int {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended
		}
		fields := strings.Fields(string(content))
		if len(fields) > 3 && fields[1] == "(dockerd)" && (fields[3] == "1" || fields[3] == strconv.Itoa(os.Getpid())) {
			pid, err := strconv.Atoi(fields[0])
			if err != nil {
				t.Fatal(err)
			}
			return pid
		}
	}
	t.Fatal("the engine's process was not found")
	return 0
}
