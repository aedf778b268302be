package e2e_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// process is a run of dindctl that something happens to.
type process struct {
	t     *testing.T
	s     *scenario
	args  []string
	cmd   *exec.Cmd
	mu    sync.Mutex
	said  bytes.Buffer
	ended chan struct{}
}

// begin starts dindctl with its output kept, and nothing on standard input. Set
// changes the command before its start; it may be nil. What this process ignores,
// such as SIGHUP under nohup, is not ignored by the command.
func (s *scenario) begin(set func(*exec.Cmd), args ...string) *process {
	s.t.Helper()
	run := append([]string{"--default-signal=HUP,INT,QUIT,PIPE,TERM", os.Getenv("DINDCTL_BIN")}, args...)
	p := &process{t: s.t, s: s, args: args, ended: make(chan struct{}), cmd: exec.Command("env", run...)}
	p.cmd.Dir, p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = s.dir, append(s.env, "TMPDIR="+s.temp()), p, p
	if set != nil {
		set(p.cmd)
	}
	if err := p.cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait()
		close(p.ended)
	}()
	s.t.Cleanup(func() {
		_ = p.cmd.Process.Kill()
		<-p.ended
		if s.t.Failed() {
			s.t.Logf("$ dindctl %s\n%s", strings.Join(args, " "), p.output())
		}
	})
	return p
}

// temp is a directory for temporary files of the scenario's runs alone; its name
// is short, because sockets are made in it.
func (s *scenario) temp() string {
	dir := filepath.Join(os.TempDir(), fmt.Sprintf("d%d", os.Getpid())+s.project[:min(len(s.project), 20)])
	if err := os.MkdirAll(dir, 0o700); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// Write takes in what the process prints.
func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.said.Write(b)
}

func (p *process) output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.said.String()
}

// until waits until something holds.
func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(hung)
	look := time.NewTicker(10 * time.Millisecond)
	defer look.Stop()
	for !holds() {
		select {
		case <-deadline:
			t.Fatalf("waited too long: %s", what)
		case <-look.C:
		}
	}
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// prints waits until the process has printed a text.
func (p *process) prints(text string) {
	p.t.Helper()
	until(p.t, fmt.Sprintf("it does not print %q", text), func() bool {
		ended := closed(p.ended)
		if strings.Contains(p.output(), text) {
			return true
		}
		if ended {
			p.t.Fatalf("it ended without %q:\n%s", text, p.output())
		}
		return false
	})
}

func (p *process) signal(signals ...syscall.Signal) {
	p.t.Helper()
	for _, s := range signals {
		if err := p.cmd.Process.Signal(s); err != nil {
			p.t.Fatal(err)
		}
	}
}

// ends waits for the end and returns how it was.
func (p *process) ends() result {
	p.t.Helper()
	timer := time.NewTimer(hung)
	defer timer.Stop()
	select {
	case <-p.ended:
	case <-timer.C:
		p.t.Fatalf("it has not ended after %s:\n%s", hung, p.output())
	}
	r := result{command: "dindctl " + strings.Join(p.args, " "), code: p.cmd.ProcessState.ExitCode(), stdout: p.output()}
	p.t.Logf("$ %s\n%s(exit %d)", r.command, r.stdout, r.code)
	return r
}

// leavesNothing demands that no process, temporary file, lock or command in a
// container is left of the scenario's runs.
func (s *scenario) leavesNothing() {
	s.t.Helper()
	until(s.t, "processes are left: "+strings.Join(s.processes(), "; "), func() bool { return len(s.processes()) == 0 })
	if left, _ := filepath.Glob(filepath.Join(s.temp(), "*")); len(left) > 0 {
		s.t.Errorf("temporary files are left: %q", left)
	}
	if left := s.docker("volume", "ls", "-q", "--filter", "label=dev.dindctl.lock="+s.project); len(left) > 0 {
		s.t.Errorf("the lock is left: %q", left)
	}
	until(s.t, fmt.Sprintf("commands in containers are left: %q", s.execs()), func() bool { return len(s.execs()) == 0 })
}

// processes are the command lines of those that were started in the scenario.
func (s *scenario) processes() []string {
	var out []string
	entries, _ := filepath.Glob("/proc/[0-9]*/environ")
	for _, entry := range entries {
		environ, err := os.ReadFile(entry)
		if err != nil || !bytes.Contains(environ, []byte("XDG_STATE_HOME="+filepath.Join(s.dir, "state")+"\x00")) {
			continue
		}
		line, _ := os.ReadFile(filepath.Join(filepath.Dir(entry), "cmdline"))
		out = append(out, strings.ReplaceAll(string(line), "\x00", " "))
	}
	return out
}

// execs are the commands that run in the project's containers beside their own.
func (s *scenario) execs() []string {
	s.t.Helper()
	var out []string
	for _, name := range s.containers() {
		var container struct{ ExecIDs []string }
		s.get("/containers/"+name+"/json", &container) // false: it is being made, or on its way out
		for _, id := range container.ExecIDs {
			var state struct {
				Running       bool
				ProcessConfig struct {
					Entrypoint string
					Arguments  []string
				}
			}
			if s.get("/exec/"+id+"/json", &state) && state.Running {
				out = append(out, name+": "+state.ProcessConfig.Entrypoint+" "+strings.Join(state.ProcessConfig.Arguments, " "))
			}
		}
	}
	return out
}

// get asks the engine; false where it does not have it.
func (s *scenario) get(path string, into any) bool {
	s.t.Helper()
	socket := strings.TrimPrefix(os.Getenv("DOCKER_HOST"), "unix://")
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", socket)
	}}}
	response, err := client.Get("http://engine/v1.41" + path)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode == http.StatusNotFound {
		return false
	}
	if err := json.NewDecoder(response.Body).Decode(into); err != nil {
		s.t.Fatal(err)
	}
	return true
}

// terminal is a pseudo-terminal: what a process has, and what a person sees.
type terminal struct {
	process, person *os.File
}

func newTerminal(t *testing.T) terminal {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	// Not by Fd: a file whose descriptor was handed out cannot be closed while it is read.
	raw, err := person.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	var number int
	var wrong error
	err = raw.Control(func(fd uintptr) {
		number, wrong = unix.IoctlGetInt(int(fd), unix.TIOCGPTN)
		wrong = errors.Join(wrong, unix.IoctlSetPointerInt(int(fd), unix.TIOCSPTLCK, 0))
	})
	if err := errors.Join(err, wrong); err != nil {
		t.Fatal(err)
	}
	process, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY|unix.O_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = person.Close()
		_ = process.Close()
	})
	return terminal{process: process, person: person}
}

// at makes the terminal the one of a command's session.
func (at terminal) at(cmd *exec.Cmd) {
	cmd.Stdin, cmd.Stdout, cmd.Stderr = at.process, at.process, at.process
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
}

// shown copies what is shown on the terminal to a process's output, until it is gone.
func (at terminal) shown(p *process) {
	buffer := make([]byte, 4096)
	for {
		n, err := at.person.Read(buffer)
		_, _ = p.Write(buffer[:n])
		if err != nil {
			return
		}
	}
}
