// Package e2e_test runs the real binary against a real Docker engine, as a user
// would. Each test states an intent, takes the steps, and looks at the state of
// the engine with the docker CLI, not at the tool's own words alone.
//
// The engine is the private one of docker/test-engine; `make e2e RUN=Case2` runs
// one scenario. DINDCTL_E2E=require turns a missing engine into a failure.
package e2e_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

// Images of the test engine, see docker/base-images.sh.
const (
	bashImage      = "dindctl.local/bash"
	dindImage      = "dindctl.local/dind"
	controllerBase = "dindctl.local/base-controller"
)

// hung is when a test that waits gives up. It proves nothing and only ends a test
// that would never end: whatever a test waits for may take a busy machine minutes.
// That something is quick, or is not waited for, a test proves by what is still
// going on at its end.
const hung = 10 * time.Minute

// scenario is one project in a directory of its own.
type scenario struct {
	t       *testing.T
	dir     string // holds examples/ and docker/, as the repository does
	project string
	env     []string
	said    strings.Builder // all that was printed so far
}

// result is how one command ended.
type result struct {
	command string
	code    int
	stdout  string
	stderr  string
}

func (r result) all() string { return r.stdout + r.stderr }

// newScenario makes a directory with case 2 and its surroundings, and removes
// everything that bears the project's label when the test ends.
func newScenario(t *testing.T) *scenario {
	t.Helper()
	needEngine(t)
	s := emptyScenario(t)
	copyTree(t, "../../docker/controller", filepath.Join(s.dir, "docker/controller"))
	s.write("examples/case2.hcl", readFile(t, "../../examples/case2.hcl"))
	s.write("examples/marker.txt", "a file that lies on the host\n")
	s.write("examples/local.auto.hclvars", fmt.Sprintf("daemon_image = %q\ncontroller_base = %q\njob_image = %q\n",
		dindImage, controllerBase, bashImage))
	return s
}

// emptyScenario is a project in an empty directory.
func emptyScenario(t *testing.T) *scenario {
	t.Helper()
	s := &scenario{t: t, dir: t.TempDir(), project: projectName(t)}
	s.env = append(os.Environ(), "XDG_STATE_HOME="+filepath.Join(s.dir, "state"), "XDG_RUNTIME_DIR="+filepath.Join(s.dir, "run"))
	t.Cleanup(s.sweep)
	return s
}

func needEngine(t *testing.T) {
	t.Helper()
	if os.Getenv("DINDCTL_TEST_ENGINE") != "" && os.Getenv("DINDCTL_BIN") != "" {
		return
	}
	if os.Getenv("DINDCTL_E2E") == "require" {
		t.Fatal("this test needs the test engine and the binary: run it by `make e2e`")
	}
	t.Skip("no test engine: run it by `make e2e`")
}

func projectName(t *testing.T) string {
	t.Helper()
	name := strings.ToLower(strings.TrimPrefix(t.Name(), "Test"))
	name = regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(name, "-")
	return strings.Trim(name[:min(len(name), 38)], "-")
}

func (s *scenario) write(name, content string) string {
	s.t.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		s.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		s.t.Fatal(err)
	}
	return path
}

// dindctl runs the binary in the scenario's directory with nothing on standard input.
func (s *scenario) dindctl(args ...string) result {
	s.t.Helper()
	return s.run("", os.Getenv("DINDCTL_BIN"), args...)
}

// answer is dindctl with something on standard input.
func (s *scenario) answer(stdin string, args ...string) result {
	s.t.Helper()
	return s.run(stdin, os.Getenv("DINDCTL_BIN"), args...)
}

func (s *scenario) run(stdin, name string, args ...string) result {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(s.t.Context(), hung)
	defer cancel()
	r := s.underProof(name, args, func(env []string) result {
		cmd := exec.CommandContext(ctx, name, args...)
		cmd.Dir, cmd.Env, cmd.Stdin = s.dir, env, strings.NewReader(stdin)
		return capture(s.t, cmd)
	})
	s.said.WriteString(r.all())
	return r
}

func capture(t *testing.T, cmd *exec.Cmd) result {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatalf("running %s: %v", cmd, err)
	}
	r := result{
		command: filepath.Base(cmd.Path) + " " + strings.Join(cmd.Args[1:], " "),
		code:    cmd.ProcessState.ExitCode(), stdout: stdout.String(), stderr: unhurried(stderr.String()),
	}
	t.Logf("$ %s\n%s%s(exit %d, %s)", r.command, shortened(r.stdout), shortened(r.stderr), r.code, cmd.ProcessState.SystemTime()+cmd.ProcessState.UserTime())
	return r
}

// shortened leaves the middle out of a long screen: a test's log is read from its
// end, and what failed must not be lost among the plans of a hundred objects.
func shortened(text string) string {
	const most, head = 60, 15
	lines := strings.SplitAfter(text, "\n")
	if len(lines) <= most {
		return text
	}
	return strings.Join(lines[:head], "") + fmt.Sprintf("[… %d lines …]\n", len(lines)-most) + strings.Join(lines[len(lines)-most+head:], "")
}

// unhurried takes out of what was printed that an engine is slow to answer: dindctl
// says so whenever it waits for more than five seconds, which tells of the machine.
func unhurried(text string) string {
	return regexp.MustCompile(`(?m)^(\S+: the engine has not answered .* for [0-9a-z]+|Waiting for .*, for [0-9a-z]+ so far\.)\n`).ReplaceAllString(text, "")
}

// wants fails the test unless the command ended with the code.
func (r result) wants(t *testing.T, code int) result {
	t.Helper()
	if r.code != code {
		t.Fatalf("%s: exit code %d, want %d\nstdout:\n%s\nstderr:\n%s", r.command, r.code, code, r.stdout, r.stderr)
	}
	return r
}

// says fails the test unless everything that was printed holds each of the texts.
func (r result) says(t *testing.T, texts ...string) result {
	t.Helper()
	folded := fold(r.all())
	for _, text := range texts {
		if !strings.Contains(folded, fold(text)) {
			t.Errorf("%s: does not say %q\nstdout:\n%s\nstderr:\n%s", r.command, text, r.stdout, r.stderr)
		}
	}
	return r
}

// fold makes text comparable whatever width a message was wrapped to.
func fold(s string) string {
	return strings.Join(strings.Fields(strings.NewReplacer("│", " ", "╷", " ", "╵", " ", "  # ", " ").Replace(s)), " ")
}

// docker runs the docker CLI against the test engine and returns its output's lines.
func (s *scenario) docker(args ...string) []string {
	s.t.Helper()
	r := s.run("", "docker", args...).wants(s.t, 0)
	return strings.FieldsFunc(r.stdout, func(c rune) bool { return c == '\n' })
}

// api is the version of the interface that the engine and its command line speak.
func (s *scenario) api() string {
	s.t.Helper()
	return strings.Join(s.docker("version", "--format", "{{.Client.APIVersion}}"), "")
}

// containers, volumes and networks list the project's objects by name, sorted.
func (s *scenario) containers() []string { return s.list("ps", "-a", "--format", "{{.Names}}") }
func (s *scenario) volumes() []string    { return s.list("volume", "ls", "--format", "{{.Name}}") }
func (s *scenario) networks() []string   { return s.list("network", "ls", "--format", "{{.Name}}") }

func (s *scenario) list(args ...string) []string {
	s.t.Helper()
	out := s.docker(append(args, "--filter", "label=dev.dindctl.project="+s.project)...)
	slices.Sort(out)
	return out
}

// sweep removes what a failed test left, so that the next one starts clean.
func (s *scenario) sweep() {
	sweep := func(list, remove string) {
		//nolint:gosec // the label is the test's own
		script := fmt.Sprintf("%s --filter label=dev.dindctl.project=%s | xargs -r %s", list, s.project, remove)
		out, err := exec.Command("bash", "-c", script).CombinedOutput()
		if err != nil {
			s.t.Errorf("sweeping: %v\n%s", err, out)
		}
	}
	sweep("docker ps -aq", "docker rm -fv")
	sweep("docker network ls -q", "docker network rm")
	sweep("docker volume ls -q", "docker volume rm")
	sweep("docker image ls -q", "docker rmi -f")
}

func (s *scenario) wantList(what string, got []string, want ...string) {
	s.t.Helper()
	for i := range want {
		want[i] = s.project + "-" + want[i]
	}
	slices.Sort(want)
	if !slices.Equal(got, want) {
		s.t.Errorf("%s: %q, want %q", what, got, want)
	}
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// copyTree copies a directory. Modes are those of a checkout by anybody, because they
// are part of what a build is made from.
func copyTree(t *testing.T, from, to string) {
	t.Helper()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(to, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		mode := fs.FileMode(0o644)
		if d.IsDir() || info.Mode()&0o100 != 0 {
			mode = 0o755
		}
		return os.Chmod(name, mode)
	})
	if err != nil {
		t.Fatal(err)
	}
}
