package e2e_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

const interruptible = `
daemon "dind" {
  image = "dindctl.local/dind"
}

job "long" {
  inside  = daemon.dind
  image   = "dindctl.local/bash"
  command = ["sh", "-c", "trap 'echo it heeds; exit 5' TERM; echo it has $((2 - 1)) beginning; while :; do echo tick; sleep 0.1; done"]
}

container "after" {
  image      = "dindctl.local/bash"
  command    = ["sleep", "1000"]
  init       = true
  depends_on = [job.long]
}
`

// However a run is asked to end (Ctrl-C, SIGTERM, a terminal that goes away, an
// output that nobody reads), it sends the running job its stop signal, begins
// nothing new, gives the lock back, leaves no process, tunnel or command in a
// container, and the next run goes on from there.
func TestARunThatIsAskedToEnd(t *testing.T) {
	t.Parallel()
	s := newNouns(t)
	s.as(interruptible)
	apply := []string{"apply", "nouns", "-project", s.project, "-auto-approve"}
	ways := map[string]func(t *testing.T) *process{}
	for name, signals := range map[string][]syscall.Signal{
		"Ctrl-C": {syscall.SIGINT}, "SIGTERM": {syscall.SIGTERM}, "SIGHUP": {syscall.SIGHUP},
		"SIGHUP from terminal and shell": {syscall.SIGHUP, syscall.SIGHUP, syscall.SIGHUP},
	} {
		ways[name] = func(*testing.T) *process {
			p := s.begin(nil, apply...)
			p.prints("it has 1 beginning")
			p.signal(signals...)
			return p
		}
	}
	ways["a terminal that goes away"] = func(t *testing.T) *process {
		t.Helper()
		at := newTerminal(t)
		p := s.begin(at.at, apply...)
		go at.shown(p)
		p.prints("it has 1 beginning")
		_ = at.process.Close()
		_ = at.person.Close()
		return p
	}
	ways["Ctrl-C on a terminal"] = func(t *testing.T) *process {
		t.Helper()
		at := newTerminal(t)
		p := s.begin(at.at, apply...)
		go at.shown(p)
		p.prints("it has 1 beginning")
		if _, err := at.person.WriteString("\x03"); err != nil {
			t.Fatal(err)
		}
		return p
	}
	ways["an output that nobody reads"] = func(t *testing.T) *process {
		t.Helper()
		read, write, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		p := s.begin(func(cmd *exec.Cmd) { cmd.Stdout, cmd.Stderr = write, write }, apply...)
		_ = write.Close()
		buffer := make([]byte, 4096)
		for !strings.Contains(p.output(), "it has 1 beginning") {
			n, err := read.Read(buffer)
			if _, _ = p.Write(buffer[:n]); err != nil {
				t.Fatalf("%v after\n%s", err, p.output())
			}
		}
		_ = read.Close()
		return p
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			s.t = t
			p := way(t)
			p.t = t
			p.ends(10*time.Second).wants(t, 1)
			s.leavesNothing()
			inside := s.docker("exec", s.project+"-dind", "docker", "ps", "-a", "--format", "{{.Names}} {{.Status}}")
			if len(inside) != 1 || !strings.HasPrefix(inside[0], s.project+"-long Exited (5)") {
				t.Errorf("inside the daemon: %q", inside)
			}
			s.wantList("containers", s.containers(), "dind")
		})
	}
	s.t = t
	s.as(strings.Replace(interruptible, "while :; do echo tick; sleep 0.1; done", "exit 0", 1))
	s.applied()
	s.wantList("containers", s.containers(), "after", "dind")
	fmt.Printf("signals: %d ways to be asked to end; after each, no process, tunnel, command, file or lock left\n", len(ways))
}

const deaf = `
container "deaf" {
  image             = "dindctl.local/bash"
  command           = ["sh", "-c", "trap : TERM; while :; do sleep 0.1; done"]
  stop_grace_period = "5m"
}

container "slow" {
  image   = "dindctl.local/bash"
  command = ["sleep", "1000"]
  init    = true
  ready {
    exec = ["sh", "-c", "sleep 900; false"]
  }
}
`

// The first interrupt lets a running call finish; the second cuts it off at once,
// and gives the lock back all the same. A command that readiness waits for is ended
// by the first. What was begun is found by the next run.
func TestASecondInterruptEndsAtOnce(t *testing.T) {
	t.Parallel()
	s := newNouns(t)
	s.as(deaf)
	p := s.begin(nil, "apply", "nouns", "-project", s.project, "-auto-approve")
	until(t, "no ready.exec runs", func() bool { return len(s.execs()) == 1 })
	p.signal(syscall.SIGINT)
	p.ends(5*time.Second).wants(t, 1).says(t, "Waiting was interrupted", "with container.slow", "the command of ready.exec has not ended")
	s.leavesNothing()

	destroy := []string{"destroy", "nouns", "-project", s.project, "-auto-approve", "-target", "container.deaf"}
	p = s.begin(nil, destroy...)
	p.prints("container.deaf: removing")
	p.signal(syscall.SIGINT)
	select {
	case <-p.ended:
		t.Errorf("the first interrupt cut off a call:\n%s", p.output())
	case <-time.After(300 * time.Millisecond): // it waits for the call, which would take five minutes
	}
	p.signal(syscall.SIGINT)
	p.ends(5*time.Second).wants(t, 130)
	s.leavesNothing()
	s.docker("kill", s.project+"-deaf")
	s.dindctl(destroy...).wants(t, 0)
	s.wantList("containers", s.containers(), "slow")
}

// Whatever only reads ends at the first signal, with nothing left: a plan that
// waits for an engine, a question, a command in a container at any depth.
func TestReadingEndsAtTheFirstSignal(t *testing.T) {
	t.Parallel()
	s := newNouns(t)
	s.as(strings.Replace(interruptible, "while :; do echo tick; sleep 0.1; done", "exit 0", 1) + `
container "inner" {
  inside  = daemon.dind
  image   = "dindctl.local/bash"
  command = ["sleep", "1000"]
  init    = true
}
`)
	s.applied()
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		hung := newTripwire(t, "/exec") // the tunnel into the daemon
		p := s.begin(nil, "plan", "nouns", "-project", s.project, "-H", "unix://"+hung.socket)
		<-hung.tripped
		p.signal(signal)
		p.ends(5*time.Second).wants(t, 130)
		s.leavesNothing()
		hung.release()
		if signal != syscall.SIGINT {
			continue
		}
		for _, address := range []string{"container.after", "container.inner"} {
			p = s.begin(nil, "exec", address, "-project", s.project, "-u", "1000", "--", "sh", "-c", "sleep 700 & echo it runs; trap : TERM; while :; do sleep 1; done")
			p.prints("it runs")
			p.signal(signal)
			p.ends(5*time.Second).wants(t, 130)
			s.leavesNothing()
			name, at := s.project+"-"+strings.TrimPrefix(address, "container."), []string{}
			if address == "container.inner" {
				at = []string{"exec", s.project + "-dind", "docker"}
			}
			if got := strings.Join(s.docker(append(at, "top", name, "-o", "pid,args")...), "\n"); strings.Contains(got, "sleep 700") || strings.Contains(got, "trap") {
				t.Errorf("after %s, in %s: %q", signal, address, got)
			}
		}
	}

	at := newTerminal(t)
	p := s.begin(at.at, "shell", "container.inner", "-project", s.project)
	go at.shown(p)
	if _, err := at.person.WriteString("echo it $((2 - 1)) runs\n"); err != nil {
		t.Fatal(err)
	}
	p.prints("it 1 runs")
	_ = at.process.Close()
	_ = at.person.Close()
	p.ends(10 * time.Second)
	s.leavesNothing()
	if got := strings.Join(s.docker("exec", s.project+"-dind", "docker", "top", s.project+"-inner", "-o", "pid,args"), "\n"); strings.Contains(got, "sh") && strings.Contains(got, "bash") {
		t.Errorf("after the terminal of a shell went away: %q", got)
	}
}

const slowToGet = `
container "pulled" {
  image   = "%s/silent:1"
  command = ["true"]
}

image "built" {
  build {
    context    = "."
    dockerfile = "slow.Dockerfile"
  }
}
`

// What would take long and loses nothing is given up at the first interrupt: a pull
// from a registry that does not answer, and a build. It is said that the interrupt
// was heard, and the build's commands go with it.
func TestPullsAndBuildsAreGivenUp(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = silent.Close() })
	s := newNouns(t)
	s.as(fmt.Sprintf(slowToGet, silent.Addr()))
	s.write("nouns/slow.Dockerfile", "FROM dindctl.local/bash\nRUN sleep 9173\n")
	p := s.begin(nil, "apply", "nouns", "-project", s.project, "-auto-approve")
	p.prints("pulled: pulling")
	building := func() bool { // in a container of the engine or of BuildKit: both are processes here
		entries, _ := filepath.Glob("/proc/[0-9]*/cmdline")
		return slices.ContainsFunc(entries, func(entry string) bool {
			line, _ := os.ReadFile(entry)
			return string(line) == "sleep\x009173\x00"
		})
	}
	until(t, "no build runs", building)
	p.signal(syscall.SIGINT)
	p.ends(5*time.Second).wants(t, 1).says(t,
		"Asked to end: nothing new is begun", "Waiting was interrupted",
		"Pulling "+silent.Addr().String()+"/silent:1 was given up", "Building "+s.project+"-built was given up")
	until(t, "the build goes on", func() bool { return !building() })
	s.leavesNothing()
}
