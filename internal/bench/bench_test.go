// Package bench_test watches the promise of speed by what other work on the
// machine cannot move: which calls a plan without changes, an apply and a destroy make
// (counts_test.go), and how much CPU time they take beside a bare client that
// makes the same calls (cpu_test.go). `make bench-check` runs both.
//
// Wall times depend on the machine and gate nothing: `make bench` prints them
// (wall_test.go). docs/benchmarks.md has the figures.
package bench_test

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/docker/docker/client"
)

// Images of the test engine, see docker/base-images.sh.
const (
	bashImage = "dindctl.local/bash"
	dindImage = "dindctl.local/dind"
)

// TestMain runs the tests, or in a process that they started the bare client.
func TestMain(m *testing.M) {
	if operation := os.Getenv(bareOperation); operation != "" {
		if err := bareMain(operation); err != nil {
			_, _ = fmt.Fprintln(os.Stderr, "bare client:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func needEngine(tb testing.TB) {
	tb.Helper()
	if os.Getenv("DINDCTL_TEST_ENGINE") != "" && os.Getenv("DINDCTL_BIN") != "" {
		return
	}
	if os.Getenv("DINDCTL_E2E") == "require" {
		tb.Fatal("this needs the test engine and the binary: run it by `make bench-check` or `make bench`")
	}
	tb.Skip("no test engine: run it by `make bench-check` or `make bench`")
}

// engineHost is the engine as DOCKER_HOST names it, engineSocket its path.
func engineHost() string   { return os.Getenv("DOCKER_HOST") }
func engineSocket() string { return strings.TrimPrefix(engineHost(), "unix://") }

// apiOf is the API that the root engine and dindctl speak.
func apiOf(tb testing.TB) string {
	tb.Helper()
	engine, err := client.NewClientWithOpts(client.FromEnv, client.WithAPIVersionNegotiation())
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = engine.Close() }()
	engine.NegotiateAPIVersion(tb.Context())
	return engine.ClientVersion()
}

// operation is what is counted and measured.
type operation string

const (
	apply   operation = "apply"
	plan    operation = "plan"
	destroy operation = "destroy"
)

// dindctl is the command that carries the operation out on a project, whose plan
// has to be empty.
func (o operation) dindctl(p project, file, host string) *exec.Cmd {
	args := []string{string(o), file, "-project", p.name}
	switch o {
	case apply:
		args = append(args, "-auto-approve")
	case plan:
		args = append(args, "-detailed-exitcode")
	case destroy:
		args = append(args, "-auto-approve", "-volumes")
	}
	cmd := exec.Command(os.Getenv("DINDCTL_BIN"), args...)
	cmd.Env = append(os.Environ(), "DOCKER_HOST="+host)
	return cmd
}

// bare is the command that makes the calls of the same operation as a bare client.
func (o operation) bare(tb testing.TB, p project, host string) *exec.Cmd {
	tb.Helper()
	self, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), "DOCKER_HOST="+host, bareOperation+"="+string(o), bareProject+"="+p.encoded())
	return cmd
}

// run runs a client to its end, which has to be a good one.
func run(tb testing.TB, cmd *exec.Cmd) {
	tb.Helper()
	if out, err := cmd.CombinedOutput(); err != nil {
		tb.Fatalf("%s: %v\n%s", strings.Join(cmd.Args, " "), err, out[max(0, len(out)-4000):])
	}
}
