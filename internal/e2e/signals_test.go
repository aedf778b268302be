package e2e_test

import (
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

const interruptible = `
daemon "dind" {
  image = "dindctl.local/dind"
}

job "long" {
  inside  = daemon.dind
  image   = "dindctl.local/bash"
  command = ["sh", "-c", "trap 'echo it heeds; exit 5' TERM; echo it has $((2 - 1)) beginning; while :; do echo tick; sleep 0.1; done"]
  stop_grace_period = "50s"
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
			p.ends().wants(t, 1)
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
  stop_grace_period = "24h"
}

container "slow" {
  image   = "dindctl.local/bash"
  command = ["sleep", "1000"]
  init    = true
  ready {
    timeout = "24h"
    exec    = ["sh", "-c", "sleep 86400; false"]
  }
}
`

// The first interrupt lets a running call finish, however long that takes; the second
// cuts it off, and gives the lock back all the same. A command that readiness waits
// for is ended by the first. What was begun is found by the next run.
func TestASecondInterruptEndsAtOnce(t *testing.T) {
	t.Parallel()
	s := newNouns(t)
	s.as(deaf)
	p := s.begin(nil, "apply", "nouns", "-project", s.project, "-auto-approve")
	p.prints("container.deaf: created")
	until(t, "no ready.exec runs", func() bool { return len(s.execs()) == 1 })
	p.signal(syscall.SIGINT)
	p.ends().wants(t, 1).says(t, "Waiting was interrupted", "with container.slow", "the command of ready.exec has not ended")
	s.leavesNothing()

	destroy := []string{"destroy", "nouns", "-project", s.project, "-auto-approve", "-target", "container.deaf"}
	interrupted := func() *process {
		p := s.begin(nil, destroy...)
		p.prints("container.deaf: removing")
		p.signal(syscall.SIGINT)
		p.prints("Asked to end")
		return p
	}
	p = interrupted()
	s.docker("kill", s.project+"-deaf") // it would not end for a day; the call goes on then
	p.ends().wants(t, 0).says(t, "container.deaf: removed")
	s.leavesNothing()
	s.wantList("containers", s.containers(), "slow")

	s.dindctl("apply", "nouns", "-project", s.project, "-auto-approve", "-target", "container.deaf").wants(t, 0)
	p = interrupted()
	p.signal(syscall.SIGINT)
	p.ends().wants(t, 130)
	s.wantInspect("container", "deaf", "{{.State.Running}}", "true")
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
		p.ends().wants(t, 130)
		s.leavesNothing()
		hung.release()
		if signal != syscall.SIGINT {
			continue
		}
		for _, address := range []string{"container.after", "container.inner"} {
			p = s.begin(nil, "exec", address, "-project", s.project, "-u", "1000", "--", "sh", "-c", "trap : TERM; sleep 86400 & echo it runs; while :; do sleep 1; done")
			p.prints("it runs")
			p.signal(signal)
			p.ends().wants(t, 130)
			s.leavesNothing()
			name, at := s.project+"-"+strings.TrimPrefix(address, "container."), []string{}
			if address == "container.inner" {
				at = []string{"exec", s.project + "-dind", "docker"}
			}
			until(t, fmt.Sprintf("after %s processes are left in %s", signal, address), func() bool {
				got := strings.Join(s.docker(append(at, "top", name, "-o", "pid,args")...), "\n")
				return !strings.Contains(got, "sleep 86400") && !strings.Contains(got, "trap")
			})
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
	p.ends()
	s.leavesNothing()
	until(t, "the shell outlives its terminal", func() bool {
		return !strings.Contains(strings.Join(s.docker("exec", s.project+"-dind", "docker", "top", s.project+"-inner", "-o", "pid,args"), "\n"), "bash")
	})
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

// silentRegistry is a registry that is there and never answers what it is asked for;
// asked is closed when that happens. One that did not even say that it is there
// would be given up by the engine.
func silentRegistry(t *testing.T) (address string, asked <-chan struct{}) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	waiting := make(chan struct{})
	heard := sync.OnceFunc(func() { close(waiting) })
	server := &http.Server{ReadHeaderTimeout: hung, Handler: http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v2/" {
			return
		}
		heard()
		<-r.Context().Done()
	})}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return listener.Addr().String(), waiting
}

// What would take long and loses nothing is given up at the first interrupt: a pull
// from a registry that does not answer, and a build. It is said that the interrupt
// was heard, and the build's commands go with it.
func TestPullsAndBuildsAreGivenUp(t *testing.T) {
	t.Parallel()
	needEngine(t)
	silent, asked := silentRegistry(t)
	s := newNouns(t)
	s.as(fmt.Sprintf(slowToGet, silent))
	s.write("nouns/slow.Dockerfile", "FROM dindctl.local/bash\nRUN sleep 91730\n")
	p := s.begin(nil, "apply", "nouns", "-project", s.project, "-auto-approve")
	p.prints("pulled: pulling")
	until(t, "the registry is not asked", func() bool { return closed(asked) })
	building := func() bool { // in a container of the engine or of BuildKit: both are processes here
		entries, _ := filepath.Glob("/proc/[0-9]*/cmdline")
		return slices.ContainsFunc(entries, func(entry string) bool {
			line, _ := os.ReadFile(entry)
			return string(line) == "sleep\x0091730\x00"
		})
	}
	until(t, "no build runs", building)
	p.signal(syscall.SIGINT)
	p.ends().wants(t, 1).says(t,
		"Asked to end: nothing new is begun", "Waiting was interrupted",
		"Pulling "+silent+"/silent:1 was given up", "Building "+s.project+"-built was given up")
	until(t, "the build goes on", func() bool { return !building() })
	s.leavesNothing()
}

// Whoever waits for standard input that stays open, at a terminal too, is ended by
// the first of any signal, and the terminal is left as it was.
func TestWaitingForInputEndsAtTheFirstSignal(t *testing.T) {
	t.Parallel()
	s := newNouns(t)
	s.as(idle)
	s.applied()
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		for _, args := range []string{"fmt -", "console -offline nouns", "cp -project " + s.project + " - container.web:/tmp", "exec -project " + s.project + " -i container.web cat"} {
			read, write, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			p := s.begin(func(cmd *exec.Cmd) { cmd.Stdin = read }, strings.Fields(args)...)
			_ = read.Close()
			if _, err := write.WriteString("\n"); err != nil {
				t.Fatal(err)
			}
			until(t, args+" does not read", func() bool { return unreadBytes(t, write) == 0 })
			p.signal(signal)
			p.ends().wants(t, 130)
			_ = write.Close()
			s.leavesNothing()
		}
		if signal == syscall.SIGINT {
			continue // a raw terminal hands Ctrl-C on as a byte
		}
		at := newTerminal(t)
		before := localModes(t, at.process)
		p := s.begin(at.at, "console", "-offline", "nouns")
		go at.shown(p)
		p.prints("> ")
		until(t, "the terminal is not raw", func() bool { return localModes(t, at.process) != before })
		p.signal(signal)
		p.ends().wants(t, 130)
		if after := localModes(t, at.process); after != before {
			t.Errorf("after %s the terminal's local modes are %x, before they were %x", signal, after, before)
		}
	}
}

// unreadBytes are what was written to a pipe and not read yet.
func unreadBytes(t *testing.T, pipe *os.File) int {
	t.Helper()
	n, err := unix.IoctlGetInt(int(pipe.Fd()), unix.TIOCINQ)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// localModes are those of a terminal: whether lines are edited and keys are echoed.
func localModes(t *testing.T, terminal *os.File) uint32 {
	t.Helper()
	modes, err := unix.IoctlGetTermios(int(terminal.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return modes.Lflag
}
