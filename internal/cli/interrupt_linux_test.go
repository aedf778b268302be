package cli_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
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
