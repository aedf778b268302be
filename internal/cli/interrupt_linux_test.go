package cli_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/dindctl/dindctl/internal/cli"
)

// opened waits until this process has a file open.
func opened(t *testing.T, file string) {
	t.Helper()
	for t.Context().Err() == nil {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Error(err)
			return
		}
		for _, entry := range entries {
			if target, err := os.Readlink("/proc/self/fd/" + entry.Name()); err == nil && target == file {
				return
			}
		}
		time.Sleep(time.Millisecond) // between looks; nothing depends on it
	}
}

// The first request to end is heard while a configuration is read that takes hours:
// the command ends with the usual words and exit code.
func TestLoadingEndsAtTheFirstRequest(t *testing.T) {
	t.Parallel()
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	large := filepath.Join(dir, "large")
	for name, text := range map[string]string{"large": "", "ci.hcl": "output \"sum\" {\n  value = filesha256(\"large\")\n}\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Truncate(large, 1<<42); err != nil {
		t.Fatalf("a sparse file: %v", err)
	}
	stop := make(chan struct{})
	go func() {
		opened(t, large)
		close(stop)
	}()
	var stdout, stderr bytes.Buffer
	code := cli.Run(context.Background(), cli.Env{
		Args: []string{"validate", "ci.hcl"}, Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr,
		Cwd: dir, Self: "dindctl", Stop: stop, Now: time.Now,
	})
	if code != 130 || !strings.Contains(stderr.String(), "The run was interrupted") {
		t.Errorf("exit code %d\n%s%s", code, stdout.String(), stderr.String())
	}
}

// stuck is a stream at whose other end nobody does anything: who reads or writes is
// heard of, and waits until the test has ended.
type stuck struct {
	heard func()
	over  <-chan struct{}
}

func (s stuck) Read([]byte) (int, error) {
	s.heard()
	<-s.over
	return 0, io.EOF
}

func (s stuck) Write([]byte) (int, error) {
	s.heard()
	<-s.over
	return 0, io.ErrClosedPipe
}

// Wherever a command waits that only reads, for input that does not come, for a pipe
// in place of a file, or for somebody who takes its output, it ends at the first
// request, with 130.
func TestWaitingEndsAtTheFirstRequest(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "ci.hcl"), []byte("locals {\n  a = 1\n}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe.hcl"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct {
		args   string
		output bool // its output is not taken; else there is no input
	}{
		{"fmt -", false},
		{"fmt -check -", false},
		{"console -offline ci.hcl", false},
		{"explain data-loss", true},
		{"validate ci.hcl", true},
		{"fmt pipe.hcl", false},
	} {
		t.Run(row.args, func(t *testing.T) {
			t.Parallel()
			stop, over := make(chan struct{}), make(chan struct{})
			defer close(over)
			waits := stuck{sync.OnceFunc(func() { close(stop) }), over}
			if strings.Contains(row.args, "pipe") {
				waits.heard() // nothing tells that a pipe is waited for
			}
			var stdout, stderr bytes.Buffer
			env := cli.Env{
				Args: strings.Fields(row.args), Stdin: waits, Stdout: cli.Watch(&stdout, func() {}), Stderr: &stderr,
				Cwd: dir, Self: "dindctl", Stop: stop, Now: time.Now,
			}
			if row.output {
				env.Stdin, env.Stdout = strings.NewReader(""), cli.Watch(waits, func() {})
			}
			if code := cli.Run(context.Background(), env); code != 130 {
				t.Errorf("exit code %d\n%s%s", code, stdout.String(), stderr.String())
			}
		})
	}
}
