package hostile_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/dindctl/dindctl/internal/hostile"
	"github.com/dindctl/dindctl/internal/replay"
)

// What a command may take, whatever an engine answers. Its time is twice the time that
// the engine is given.
const memoryBound = 400 << 20

const recordings = "../upgrade/testdata"

// program is the real dindctl, which is built once.
var program = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "dindctl-hostile-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "dindctl")
	build := exec.Command("go", "build", "-o", path, "github.com/dindctl/dindctl/cmd/dindctl")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return path, fmt.Errorf("building: %w\n%s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := program(); err == nil {
		_ = os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// site serves the recording of an example, changed and with faults around it.
func site(t *testing.T, name string, change func(*replay.Recording), around replay.Around) *replay.Site {
	t.Helper()
	s, r := lay(t, name)
	if change != nil {
		change(r)
	}
	// A command that changes something takes the lock first.
	if _, err := s.Serve(r, hostile.All(hostile.Lock(), around)); err != nil {
		t.Fatal(err)
	}
	if err := s.Configure(); err != nil {
		t.Fatal(err)
	}
	return s
}

func lay(t *testing.T, name string) (*replay.Site, *replay.Recording) {
	t.Helper()
	r, err := replay.Load(filepath.Join(recordings, "ada8b22", "28.5", name+".jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	e, _ := replay.ExampleOf(r)
	s, err := replay.NewSite(e, filepath.Join(recordings, "ada8b22", "files"), filepath.Join(recordings, "certificates"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	return s, r
}

// cost is what a command took, and what it said.
type cost struct {
	exit   int
	said   string
	time   time.Duration
	memory int64 // bytes, of the larger process
	killed string
}

// run runs a command about a site with the time that the engine is given.
func run(t *testing.T, s *replay.Site, limit time.Duration, args ...string) cost {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 4*limit+30*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Dir = s.Dir
	cmd.Env = append(s.Environ, "DINDCTL_ENGINE_TIMEOUT="+limit.String(), "DOCKER_BUILDKIT=0", "NO_COLOR=1")
	cmd.Stdin = strings.NewReader("no\n")
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	began := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	watched := make(chan int64, 1)
	ended := make(chan struct{})
	go func() { watched <- watch(cmd.Process.Pid, ended) }()
	err = cmd.Wait()
	took := time.Since(began)
	close(ended)
	if err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatal(err)
	}
	c := cost{exit: cmd.ProcessState.ExitCode(), said: said.String(), time: took, memory: <-watched}
	if c.memory > 2*memoryBound {
		c.killed = "it took more than twice the memory that it may"
	}
	if ctx.Err() != nil {
		c.killed = "it did not end"
	}
	return c
}

// watch ends a command that takes far more memory than it may, before it takes the
// machine's. It returns the most that one of its processes had. (What the system says
// at their end is no less than what the process of this test had.)
func watch(pid int, ended <-chan struct{}) int64 {
	ticker := time.NewTicker(10 * time.Millisecond)
	defer ticker.Stop()
	var most int64
	for {
		select {
		case <-ended:
			return most
		case <-ticker.C:
		}
		for _, pid := range append(childrenOf(pid), pid) {
			if most = max(most, held(pid)); most > 2*memoryBound {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
	}
}

func childrenOf(pid int) []int {
	var out []int
	files, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/children", pid))
	for _, file := range files {
		content, _ := os.ReadFile(file)
		for _, field := range strings.Fields(string(content)) {
			if child, err := strconv.Atoi(field); err == nil {
				out = append(out, child)
			}
		}
	}
	return out
}

var peak = regexp.MustCompile(`VmHWM:\s+(\d+) kB`)

// held is the most that a process had so far, in bytes.
func held(pid int) int64 {
	status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	match := peak.FindSubmatch(status)
	if match == nil {
		return 0
	}
	kilobytes, _ := strconv.ParseInt(string(match[1]), 10, 64)
	return kilobytes << 10
}

// wants is what is expected of a command.
type wants struct {
	exit []int
	says []string // all of them
	// names are texts of which one has to be said: the object or the place.
	names []string
	never []string
}

var crash = regexp.MustCompile(`panic|goroutine \d|runtime error|fatal error|ended unexpectedly`)

// errSlow is of what a busy machine may be to blame for.
var errSlow = errors.New("it took too long")

func (w wants) of(c cost, limit time.Duration) error {
	var wrong []error
	if c.killed != "" {
		wrong = append(wrong, errors.New(c.killed))
	}
	if found := crash.FindString(c.said); found != "" {
		wrong = append(wrong, fmt.Errorf("it says %q", found))
	}
	if c.memory > memoryBound {
		wrong = append(wrong, fmt.Errorf("it took %d MiB of %d", c.memory>>20, memoryBound>>20))
	}
	if c.time > 2*limit {
		wrong = append(wrong, fmt.Errorf("%w: %s of %s", errSlow, c.time.Round(time.Millisecond), 2*limit))
	}
	exits := false
	for _, code := range w.exit {
		exits = exits || c.exit == code
	}
	if !exits {
		wrong = append(wrong, fmt.Errorf("exit code %d of %v", c.exit, w.exit))
	}
	for _, text := range w.says {
		if !strings.Contains(flat(c.said), text) {
			wrong = append(wrong, fmt.Errorf("it does not say %q", text))
		}
	}
	named := len(w.names) == 0
	for _, text := range w.names {
		named = named || strings.Contains(flat(c.said), text)
	}
	if !named {
		wrong = append(wrong, fmt.Errorf("it says none of %q", w.names))
	}
	for _, text := range w.never {
		if strings.Contains(flat(c.said), text) {
			wrong = append(wrong, fmt.Errorf("it says %q", text))
		}
	}
	if len(wrong) > 0 {
		wrong = append(wrong, fmt.Errorf("said in %s, with %d MiB:\n%.3000s", c.time.Round(time.Millisecond), c.memory>>20, c.said))
	}
	return errors.Join(wrong...)
}

// flat is a text without the ends of its lines.
func flat(text string) string { return strings.Join(strings.Fields(text), " ") }

// check runs a command with a short time limit, and, where a busy machine kept it
// from going as it should, with longer ones. What is wrong fails with each.
func check(t *testing.T, s *replay.Site, w wants, args ...string) error {
	t.Helper()
	var err error
	for _, limit := range []time.Duration{5 * time.Second, time.Minute, 10 * time.Minute} {
		c := run(t, s, limit, args...)
		err = w.of(c, limit)
		if err == nil || !errors.Is(err, errSlow) || c.killed != "" {
			return err
		}
	}
	return err
}
