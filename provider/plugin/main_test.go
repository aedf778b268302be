package plugin_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/debug"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/plugin"
	"github.com/dindctl/dindctl/provider/providertest"
)

// roleVariable makes this test's program something else than a test.
const roleVariable = "DINDCTL_PLUGIN_TEST_ROLE"

func TestMain(m *testing.M) {
	var err error
	switch role := os.Getenv(roleVariable); role {
	case "":
		os.Exit(m.Run())
	case "memory":
		fmt.Println("a provider that prints before it serves")
		err = plugin.Serve(providertest.NewMemory(providertest.Options{}), plugin.ServeOptions{})
	case "file":
		err = plugin.Serve(providertest.NewMemory(providertest.Options{File: os.Getenv("STATE")}), plugin.ServeOptions{})
	case "large":
		err = plugin.Serve(oversized(), plugin.ServeOptions{})
	case "crash":
		err = plugin.Serve(crashing{Provider: providertest.NewMemory(providertest.Options{})}, plugin.ServeOptions{})
	case "crash at start":
		fmt.Fprintln(os.Stderr, "a line before")
		go func() { panic("nothing could be read") }()
		select {}
	case "broken":
		err = fmt.Errorf("a program that is no provider")
	case "host":
		err = host()
	default:
		err = fmt.Errorf("no role %q", role)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// start starts this program in a role.
func start(t *testing.T, role string, more ...string) *plugin.Client {
	t.Helper()
	c, err := plugin.Start(t.Context(), request(t, role, more...))
	if err != nil {
		t.Fatalf("starting: %v", err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return plugin.Patient(c)
}

func request(t *testing.T, role string, more ...string) plugin.StartRequest {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return plugin.StartRequest{
		Command: []string{self}, TempDir: shortDir(t), Timeout: hangs,
		// A program with the race detector takes a second to end, unless told otherwise.
		Environment: append(append(os.Environ(), roleVariable+"="+role, "GORACE=atexit_sleep_ms=0"), more...),
	}
}

// shortDir is a temporary directory whose name leaves room for that of a socket.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "dp") //nolint:usetesting // its names are too long for sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// crashing is a provider that ends in the way that the endpoint of its engine says.
type crashing struct{ provider.Provider }

func (crashing) Configure(_ context.Context, req provider.ConfigureRequest) (provider.ConfigureResponse, error) {
	// os.Stderr and os.Stdout lead to the host through the connection now; what ends a
	// program is written beside them.
	_, _ = unix.Write(2, []byte("a line before\n"))
	for range 200 { // whose stacks the program would write, too
		go func() { select {} }()
	}
	switch req.Endpoint {
	case "nil":
		var facts *provider.Facts
		return provider.ConfigureResponse{Facts: *facts}, nil
	case "stack":
		debug.SetMaxStack(8 << 20) // the limit of 1 GB takes its time
		return provider.ConfigureResponse{}, fmt.Errorf("%d", deeper(0))
	case "endless line":
		block := bytes.Repeat([]byte("x"), 1<<20)
		for range 300 {
			_, _ = unix.Write(2, block)
			_, _ = unix.Write(1, block)
		}
		os.Exit(3)
	case "killed":
		_ = unix.Kill(os.Getpid(), unix.SIGKILL)
		select {}
	}
	return provider.ConfigureResponse{}, nil
}

// deeper does not return before the stack is full.
func deeper(n int) int {
	if n < 0 {
		return n
	}
	return deeper(n+1) + n
}

// host is a host that starts a provider, hands it a locked file, says the
// provider's process number and directory, and then waits to be killed.
func host() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	dir := os.Getenv("HOST_DIR")
	c, err := plugin.Start(context.Background(), plugin.StartRequest{
		Command: []string{self}, TempDir: dir, Environment: append(os.Environ(), roleVariable+"=memory"),
	})
	if err != nil {
		return err
	}
	lock, err := os.OpenFile(os.Getenv("HOST_LOCK"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if err := unix.Flock(int(lock.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return err
	}
	if err := c.Hold(lock); err != nil {
		return err
	}
	fmt.Println(c.PID())
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// hostCommand is a process of its own in the role of a host.
func hostCommand(t *testing.T, dir, lock string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), roleVariable+"=host", "HOST_DIR="+dir, "HOST_LOCK="+lock)
	cmd.Stderr = os.Stderr
	return cmd
}
