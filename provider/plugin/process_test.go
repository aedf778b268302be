package plugin_test

import (
	"bufio"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/plugin"
)

// soon bounds the wait for something that another process does.
const soon = 5 * time.Second

// eventually waits until f says so.
func eventually(t *testing.T, what string, f func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(soon)
	for !f() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("after %s still not: %s", soon, what)
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
	began := time.Now()
	c, err := plugin.Start(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Provider().Describe(t.Context()); err != nil {
		t.Fatal(err)
	}
	started := time.Since(began)
	for _, name := range entries(t, req.TempDir) {
		info, err := os.Stat(filepath.Join(req.TempDir, name))
		if err != nil || info.Mode().Perm() != 0o700 {
			t.Errorf("%s has the mode %v, %v", name, info.Mode(), err)
		}
	}
	pid := c.PID()
	began = time.Now()
	if err := c.Close(); err != nil {
		t.Errorf("closing: %v", err)
	}
	ended := time.Since(began)
	if alive(pid) {
		t.Error("the process is there")
	}
	if left := entries(t, req.TempDir); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
	t.Logf("started and described in %s, closed in %s", started, ended)
	if ended > time.Second {
		t.Errorf("closing took %s: the process was killed instead of ending", ended)
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

// What a provider said last explains its end.
func TestPanicBecomesAProblem(t *testing.T) {
	t.Parallel()
	c := start(t, "panic")
	_, err := c.Provider().Configure(t.Context(), provider.ConfigureRequest{})
	var p *provider.Problem
	if !errors.As(err, &p) {
		t.Fatalf("the error is %v, want a Problem", err)
	}
	log := strings.Join(p.Log, "\n")
	if p.Code != provider.EngineFailed || !strings.Contains(p.Detail, "exit status 2") ||
		!strings.Contains(log, "panic: something is very wrong") {
		t.Errorf("the problem is %+v", p)
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

// A program that never answers is given up with the caller's context.
func TestStartEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(100*time.Millisecond, cancel)
	req := request(t, "")
	req.Command = []string{"/bin/sleep", "60"}
	began := time.Now()
	if _, err := plugin.Start(ctx, req); !errors.Is(err, context.Canceled) {
		t.Errorf("the error is %v", err)
	}
	if took := time.Since(began); took > soon {
		t.Errorf("it took %s", took)
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
