package plugin_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/go-hclog"
	"golang.org/x/sys/unix"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/plugin"
)

// hangs is when a test gives up on something that another process does. How fast it
// does it is no matter.
const hangs = 5 * time.Minute

// eventually waits until f says so.
func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(hangs)
	for !f() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("after %s still not: %s", hangs, what)
		}
	}
}

// alive tells whether a process is there and not only waits to be collected.
func alive(pid int) bool {
	stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), "stat"))
	if errors.Is(err, fs.ErrNotExist) {
		return false
	}
	_, rest, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(rest, "Z")
}

func locked(t *testing.T, path string) bool {
	t.Helper()
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // the lock goes with it
	return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) != nil
}

func entries(t *testing.T, dir string) []string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, e := range list {
		out = append(out, e.Name())
	}
	return out
}

// A provider does not outlive its host, not even one that is killed outright, and
// leaves no socket and no lock behind.
func TestKilledHostLeavesNothing(t *testing.T) {
	t.Parallel()
	dir, lock := shortDir(t), filepath.Join(t.TempDir(), "lock")
	host := hostCommand(t, dir, lock)
	stdin, err := host.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	defer stdin.Close() //nolint:errcheck // the host is gone
	stdout, err := host.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := host.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatalf("the host says nothing: %v", err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		t.Fatal(err)
	}
	if !alive(pid) || !locked(t, lock) || len(entries(t, dir)) == 0 {
		t.Fatalf("alive is %t, locked is %t, sockets are %v", alive(pid), locked(t, lock), entries(t, dir))
	}
	if err := host.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = host.Wait()
	eventually(t, "the provider is gone", func() bool { return !alive(pid) })
	eventually(t, "the lock is free", func() bool { return !locked(t, lock) })
	if left := entries(t, dir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// Closing ends the process and removes the directory of the sockets, which nobody
// else can enter.
func TestCloseLeavesNothing(t *testing.T) {
	t.Parallel()
	req := request(t, "memory")
	c, err := plugin.Start(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	plugin.Patient(c)
	if _, err := c.Provider().Describe(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, name := range entries(t, req.TempDir) {
		info, err := os.Stat(filepath.Join(req.TempDir, name))
		if err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s has the mode %v, %v", name, info.Mode(), err)
		}
	}
	pid := c.PID()
	if err := c.Close(); err != nil {
		t.Errorf("closing: %v", err)
	}
	if alive(pid) {
		t.Error("the process is there")
	}
	if left := entries(t, req.TempDir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// A provider that is asked to end does so by itself, without being killed.
func TestAProviderEndsWhenItIsAsked(t *testing.T) {
	t.Parallel()
	how, err := plugin.Shutdown(start(t, "memory"))
	if err != nil || how != "ended" {
		t.Errorf("it %s, %v", how, err)
	}
}

// A held file's lock outlives the host's own descriptor.
func TestHoldKeepsTheLock(t *testing.T) {
	t.Parallel()
	c := start(t, "memory")
	path := filepath.Join(t.TempDir(), "lock")
	for range 3 { // more than one file, one after the other
		f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
			t.Fatalf("locking: %v", err)
		}
		if err := c.Hold(f); err != nil {
			t.Fatalf("holding: %v", err)
		}
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
		if !locked(t, path) {
			t.Fatal("the lock is free, and the provider should hold it")
		}
		path += "+"
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	for strings.HasSuffix(path, "+") {
		path = strings.TrimSuffix(path, "+")
		if locked(t, path) {
			t.Errorf("%s is locked, and the provider is gone", filepath.Base(path))
		}
	}
}

// What a provider said last explains its end. Of a crash that is its cause and the
// first place in our code, and never its stacks.
func TestTheScreenOfACrashShowsItsCause(t *testing.T) {
	t.Parallel()
	for how, want := range map[string][]string{
		"nil":    {"exit status 2", "panic: runtime error: invalid memory address or nil pointer dereference", ", in provider/plugin_test.crashing.Configure (main_test.go:"},
		"stack":  {"exit status 2", ": fatal error: stack overflow, in provider/plugin_test.deeper (main_test.go:"},
		"killed": {"was killed; if that was the kernel, for want of memory, dmesg says so."},
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			_, err := start(t, "crash").Provider().Configure(t.Context(), provider.ConfigureRequest{Endpoint: how})
			p := problemOf(t, err)
			for _, text := range want {
				if p.Code != provider.EngineFailed || !strings.Contains(p.Detail, text) {
					t.Errorf("the problem does not say %q: %s", text, p.Detail)
				}
			}
			if diff := cmp.Diff([]string{"a line before"}, p.Log); diff != "" {
				t.Errorf("what it wrote:\n%s", diff)
			}
			if crash := how != "killed"; crash != strings.Contains(p.Detail, "With DINDCTL_LOG=debug, all that it writes is in the log") {
				t.Errorf("where all of it is: %s", p.Detail)
			}
		})
	}
}

func problemOf(t *testing.T, err error) *provider.Problem {
	t.Helper()
	var p *provider.Problem
	if !errors.As(err, &p) {
		t.Fatalf("the error is %v, want a Problem", err)
	}
	return p
}

// Where the log is asked for, all of a crash is in it.
func TestTheLogOfACrashIsWhole(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	req := request(t, "crash")
	req.Logger = hclog.New(&hclog.LoggerOptions{Level: hclog.Debug, Output: &log, Mutex: &sync.Mutex{}})
	c, err := plugin.Start(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	_, err = plugin.Patient(c).Provider().Configure(t.Context(), provider.ConfigureRequest{Endpoint: "nil"})
	if p := problemOf(t, err); !strings.HasSuffix(p.Detail, "All that it wrote is in the log.") {
		t.Error(p.Detail)
	}
	_ = c.Close() // after which nothing is logged any more
	if text := log.String(); !strings.Contains(text, "goroutine ") || !strings.Contains(text, "plugin_test.crashing.Configure") {
		t.Errorf("the log is %s", text)
	}
}

// A program that crashes before it is a provider says why, too.
func TestACrashAtTheStartShowsItsCause(t *testing.T) {
	t.Parallel()
	_, err := plugin.Start(t.Context(), request(t, "crash at start"))
	p := problemOf(t, err)
	if !strings.Contains(p.Detail, "panic: nothing could be read, in provider/plugin_test.TestMain.func1 (main_test.go:") || len(p.Log) != 1 {
		t.Errorf("the problem is %+v", p)
	}
}

// A provider that writes a line without an end costs no memory.
func TestAnEndlessLineIsNotKept(t *testing.T) { //nolint:paralleltest // it measures memory
	c := start(t, "crash")
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	_, err := c.Provider().Configure(t.Context(), provider.ConfigureRequest{Endpoint: "endless line"})
	runtime.ReadMemStats(&after)
	p := problemOf(t, err)
	if !strings.Contains(p.Detail, "exit status 3") || len(p.Log) != 2 || len(p.Log[1]) > 4<<10 {
		t.Errorf("%s, %d lines", p.Detail, len(p.Log))
	}
	if grown := int64(after.Sys) - int64(before.Sys); grown > 32<<20 { //nolint:gosec // no heap is that large
		t.Errorf("600 MiB in one line took %d MiB", grown>>20)
	}
}

// A program that is no provider is a problem with what it said.
func TestBrokenProgramBecomesAProblem(t *testing.T) {
	t.Parallel()
	req := request(t, "broken")
	_, err := plugin.Start(t.Context(), req)
	var p *provider.Problem
	if !errors.As(err, &p) || !slices.Contains(p.Log, "a program that is no provider") {
		t.Errorf("the error is %#v", err)
	}
	if left := entries(t, req.TempDir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	req.Command = []string{filepath.Join(t.TempDir(), "no-such-program")}
	if _, err := plugin.Start(t.Context(), req); !errors.As(err, &p) {
		t.Errorf("a program that is not there: %#v", err)
	}
	if left := entries(t, req.TempDir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

// A program that never answers is given up with the caller's context, and killed.
func TestStartEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	// The program writes into it when it runs, and has it open until it is gone.
	said := filepath.Join(t.TempDir(), "said")
	if err := unix.Mkfifo(said, 0o600); err != nil {
		t.Fatal(err)
	}
	gone := make(chan error, 1)
	go func() {
		f, err := os.Open(said)
		if err != nil {
			cancel()
			gone <- err
			return
		}
		defer f.Close() //nolint:errcheck // it was only read
		_, err = f.Read(make([]byte, 1))
		cancel()
		_, atEnd := io.Copy(io.Discard, f)
		gone <- errors.Join(err, atEnd)
	}()
	req := request(t, "")
	req.Command = []string{"/bin/sh", "-c", "exec 3>" + said + "; echo x >&3; exec sleep 100000"}
	if _, err := plugin.Start(ctx, req); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
	if err := <-gone; err != nil {
		t.Errorf("waiting for the program: %v", err)
	}
}

// Ctrl-C goes to the terminal's foreground process group: not to the provider.
func TestProviderIsNotInTheHostsGroup(t *testing.T) {
	t.Parallel()
	c := start(t, "memory")
	group, err := syscall.Getpgid(c.PID())
	if err != nil || group == syscall.Getpgrp() {
		t.Errorf("the provider's group is %d and the host's %d, %v", group, syscall.Getpgrp(), err)
	}
	if err := unix.Kill(c.PID(), unix.SIGINT); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Provider().Describe(t.Context()); err != nil {
		t.Errorf("after an interrupt: %v", err)
	}
}

// A foreign program is started with its checksum right, over TLS, and sees little.
func TestForeignProgram(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	// Its role reaches it through a wrapper: the variable would not be handed on.
	wrapper := filepath.Join(dir, "dindctl-provider-memory")
	script := "#!/bin/sh\nexport " + roleVariable + "=memory\nexec " + self + "\n"
	if err := os.WriteFile(wrapper, []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	_, err = plugin.Find("memory", "", dir)
	if provider.CodeOf(err) != provider.Denied {
		t.Fatalf("without a checksum: %v", err)
	}
	words := strings.Fields(strings.TrimSuffix(err.Error(), "."))
	sum := words[len(words)-1]
	if _, err := plugin.Find("memory", strings.Repeat("0", 64), dir); provider.CodeOf(err) != provider.Denied {
		t.Errorf("with another checksum: %v", err)
	}
	if _, err := plugin.Find("absent", sum, dir); provider.CodeOf(err) != provider.NotFound {
		t.Errorf("a provider that is not there: %v", err)
	}
	if _, err := plugin.Find("../memory", sum, dir); provider.CodeOf(err) != provider.Invalid {
		t.Errorf("a name that is a path: %v", err)
	}
	path, err := plugin.Find("memory", strings.ToUpper(sum), dir)
	if err != nil || path != wrapper {
		t.Fatalf("found %q, %v", path, err)
	}
	req := plugin.StartRequest{
		Command: []string{path}, Foreign: true, Checksum: sum, TempDir: shortDir(t), Environment: os.Environ(),
	}
	c, err := plugin.Start(t.Context(), req)
	if err != nil {
		t.Fatalf("starting: %v", err)
	}
	defer c.Close() //nolint:errcheck // the test is over
	if d, err := c.Provider().Describe(t.Context()); err != nil || d.Name != "memory" {
		t.Errorf("described %+v, %v", d.Name, err)
	}
	req.Checksum = strings.Repeat("0", 64)
	if _, err := plugin.Start(t.Context(), req); provider.CodeOf(err) != provider.Denied {
		t.Errorf("started with another checksum: %v", err)
	}
}

// Other people's programs get what every program needs, and no secrets.
func TestForeignEnvironment(t *testing.T) {
	t.Parallel()
	got := plugin.HandedOn(plugin.StartRequest{Foreign: true, Environment: []string{
		"PATH=/bin", "AWS_SECRET_ACCESS_KEY=x", "LC_ALL=C", "DOCKER_HOST=tcp://x", "HOME=/root", "SSH_AUTH_SOCK=/x",
	}})
	if diff := cmp.Diff([]string{"PATH=/bin", "LC_ALL=C", "HOME=/root"}, got); diff != "" {
		t.Error(diff)
	}
}
