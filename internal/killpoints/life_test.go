package killpoints_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/dindctl/dindctl/internal/engineproxy"
)

// engineLimit is how long a run that meets a silent engine waits for it at first, and
// engineLimitMost at last: on a busy machine an engine that is well takes its time, too.
const (
	engineLimit     = 3 * time.Second
	engineLimitMost = 2 * time.Minute
)

// errImpatient says that a run gave the engine up before its point was reached.
var errImpatient = errors.New("the run took a slow engine for a silent one")

// life is one project from its first apply to its purge, killed on the way.
type life struct {
	engine  *engine
	top     topology
	project string
	dir     string
	trap    *trap
	proxy   *engineproxy.Proxy
	limit   time.Duration // of a run that meets a silent engine
	said    bytes.Buffer  // everything that was run, and printed
	marker  string        // the file in the marked volume
	edition int
}

func newLife(e *engine, top topology, project, dir string) (*life, error) {
	l := &life{engine: e, top: top, project: project, dir: dir, limit: engineLimit, trap: &trap{engine: e}}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	var err error
	l.proxy, err = engineproxy.Start(filepath.Join(dir, "docker.sock"), e.socket, func(int) engineproxy.Hook { return l.trap })
	return l, err
}

func (l *life) end() error {
	return errors.Join(l.proxy.Close(), os.RemoveAll(l.dir))
}

// args is the command line of an operation.
func (l *life) args(o operation, plan bool) []string {
	args := []string{"apply", "-auto-approve", "-parallelism", "1"}
	switch {
	case plan:
		args = []string{"plan", "-detailed-exitcode"}
		if o == destroy || o == purge {
			args = append(args, "-destroy")
		}
	case o == destroy || o == purge:
		args[0] = "destroy"
	}
	if o == purge {
		args = append(args, "-volumes", "-images")
	}
	return append([]string{args[0], filepath.Join(l.dir, "conf"), "-project", l.project}, args[1:]...)
}

// run runs dindctl, with a fault or without, and returns its exit code (-1: a signal).
func (l *life) run(at *point, args []string) (int, error) {
	ctx, cancel := context.WithTimeout(context.Background(), hung)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Getenv("DINDCTL_BIN"), args...)
	cmd.Dir = l.dir
	cmd.Env = append(os.Environ(), "DOCKER_HOST=unix://"+filepath.Join(l.dir, "docker.sock"),
		"XDG_STATE_HOME="+filepath.Join(l.dir, "state"), "XDG_RUNTIME_DIR="+filepath.Join(l.dir, "run"))
	if at != nil && at.fault == timeOut {
		cmd.Env = append(cmd.Env, "DINDCTL_ENGINE_TIMEOUT="+l.limit.String())
	}
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	// What a process leaves behind that was killed holds its output open until it
	// ends, too.
	cmd.WaitDelay = hung
	err := l.trap.start(at, cmd)
	if err == nil {
		err = cmd.Wait()
	}
	fmt.Fprintf(&l.said, "$ dindctl %s\n%s", strings.Join(args, " "), out.String())
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return 0, fmt.Errorf("dindctl %s did not end within %s", args[0], hung)
	case err != nil && !errors.As(err, &exit) && !errors.Is(err, exec.ErrWaitDelay):
		return 0, err
	case strings.Contains(out.String(), "panic:") || strings.Contains(out.String(), "goroutine "):
		return 0, fmt.Errorf("dindctl %s panicked", args[0])
	}
	fmt.Fprintf(&l.said, "(exit %d)\n", cmd.ProcessState.ExitCode())
	return cmd.ProcessState.ExitCode(), nil
}

// do takes one operation, hit at a point or not, then again without a fault until
// nothing is left to do, and checks what is there.
func (l *life) do(o operation, at *point) error {
	l.edition = 1
	if o != apply {
		l.edition = 2
	}
	if err := l.top.write(filepath.Join(l.dir, "conf"), l.edition); err != nil {
		return err
	}
	if at != nil {
		if _, err := l.run(at, l.args(o, false)); err != nil {
			return err
		}
		count, _, hit := l.trap.seen()
		fmt.Fprintf(&l.said, "--- %s: %s\n", *at, hit)
		if hit == "" && at.fault == timeOut && l.limit < engineLimitMost {
			return errImpatient
		}
		if hit == "" {
			return fmt.Errorf("the point was not reached: there were %d calls", count)
		}
	}
	code, err := l.run(nil, l.args(o, false))
	if err != nil || code != 0 {
		return errors.Join(err, fmt.Errorf("the second run ended with exit code %d", code))
	}
	return l.check(o)
}

// check looks at what an operation left.
func (l *life) check(o operation) error {
	if o == purge {
		got, err := l.engine.list(l.project)
		return errors.Join(err, differs("what a purge left", listing{}, got))
	}
	_, operating, _ := l.trap.seen()
	code, err := l.run(nil, l.args(o, true))
	if err != nil || code != 0 {
		return errors.Join(err, fmt.Errorf("the plan afterwards ended with exit code %d (2 is: something is left to do)", code))
	}
	if _, planning, _ := l.trap.seen(); len(planning) > 0 {
		return fmt.Errorf("the plan changed something: %q", planning)
	}
	fmt.Fprintf(&l.said, "the second run called %q\n", operating)
	got, err := l.engine.list(l.project)
	return errors.Join(err, differs("what is there", l.wanted(o), got), l.checkRuns(), l.checkInside(o), l.checkMarker(o))
}

func differs(what string, want, got any) error {
	if d := cmp.Diff(want, got); d != "" {
		return fmt.Errorf("%s (-want +got):\n%s", what, d)
	}
	return nil
}

// wanted is what an undisturbed run leaves.
func (l *life) wanted(o operation) listing {
	named := func(labels ...string) []string {
		for i := range labels {
			labels[i] = l.project + "-" + labels[i]
		}
		slices.Sort(labels)
		return labels
	}
	gone := o == destroy
	switch {
	case l.top.daemon == "" && gone:
		return listing{Volumes: named("data"), Images: named("app:latest")}
	case l.top.daemon == "":
		return listing{
			Containers: named("once exited", "web running"), Networks: named("front", "back"),
			Volumes: named("data"), Images: named("app:latest"),
		}
	case gone:
		return listing{Volumes: named("images", "dind-certs"), Images: named("controller:latest")}
	}
	return listing{
		Containers: named("control running", "dind running"), Networks: named("ci"),
		Volumes: named("images", "dind-certs"), Images: named("controller:latest"),
	}
}

// checkRuns: the job ran once for each edition, and not once more.
func (l *life) checkRuns() error {
	got, err := os.ReadFile(filepath.Join(l.dir, "conf", l.top.runs))
	want := map[int]string{1: "1\n", 2: "1\n2\n"}[l.edition]
	return errors.Join(err, differs("the runs of the job", want, string(got)))
}

// checkInside: what is inside the daemon is there once.
func (l *life) checkInside(o operation) error {
	if l.top.daemon == "" || o == destroy {
		return nil
	}
	got, err := l.engine.insideOf(l.project + "-" + l.top.daemon)
	return errors.Join(err, differs("what is inside the daemon", []string{l.project + "-list exited"}, got))
}

// checkMarker: the marked volume keeps what was written into it after the first apply.
func (l *life) checkMarker(o operation) error {
	mountpoint, err := l.engine.mountpoint(l.project + "-" + l.top.marked)
	if err != nil {
		return err
	}
	l.marker = filepath.Join(mountpoint, "marker")
	if o == apply {
		return os.WriteFile(l.marker, []byte("kept\n"), 0o644)
	}
	if _, err := os.Stat(l.marker); err != nil {
		return fmt.Errorf("the volume lost what was in it: %w", err)
	}
	return nil
}
