package killpoints_test

import (
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/dindctl/dindctl/internal/engineproxy"
)

// fault is what happens at a point.
type fault string

const (
	killHost   fault = "kill -9 of dindctl"
	killPlugin fault = "kill -9 of the plugin"
	answer500  fault = "answer 500"
	reset      fault = "connection reset"
	timeOut    fault = "time-out"
	restart    fault = "engine restarted"
)

func faults() []fault { return []fault{killHost, killPlugin, answer500, reset, timeOut, restart} }

// chosenFaults are those that DINDCTL_KILL_FAULTS, a pattern, matches; all without it.
func chosenFaults(t *testing.T) []fault {
	t.Helper()
	pattern, err := regexp.Compile(os.Getenv("DINDCTL_KILL_FAULTS"))
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(faults(), func(f fault) bool { return !pattern.MatchString(string(f)) })
}

// point is one mutating call of one operation, hit on one side with one fault.
type point struct {
	operation operation
	n         int  // the n-th mutating call at -parallelism 1, from 1
	after     bool // the engine did it, and its answer is lost; else it never had it
	fault     fault
}

func (p point) String() string {
	side := "before"
	if p.after {
		side = "after"
	}
	return fmt.Sprintf("%s, call %d, %s, %s", p.operation, p.n, side, p.fault)
}

// trap is the hook that hits one point of one run of dindctl; without a point it counts.
type trap struct {
	engine *engine

	mu    sync.Mutex
	at    *point
	host  *os.Process
	count int
	armed int64 // the number of the call whose answer is hit
	hit   string
	calls []string
}

// start starts a run of dindctl; at is nil for one without a fault.
func (t *trap) start(at *point, cmd *exec.Cmd) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.at, t.count, t.armed, t.hit, t.calls = at, 0, 0, "", nil
	err := cmd.Start()
	t.host = cmd.Process
	return err
}

// seen returns how many mutating calls there were, which they were, and the one that was hit.
func (t *trap) seen() (count int, calls []string, hit string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.count, t.calls, t.hit
}

// Before counts the mutating calls and hits the one whose turn it is.
func (t *trap) Before(c engineproxy.Call) engineproxy.Verdict {
	t.mu.Lock()
	defer t.mu.Unlock()
	if !c.Mutating() {
		return engineproxy.Pass
	}
	t.count++
	t.calls = append(t.calls, c.String())
	if t.at == nil || t.count != t.at.n {
		return engineproxy.Pass
	}
	t.hit = c.String()
	if t.at.after {
		t.armed = c.Number
		return engineproxy.Pass
	}
	return t.strike()
}

// Wants asks for the answer of the call that is hit on its far side.
func (t *trap) Wants(c engineproxy.Call) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.armed != 0 && t.armed == c.Number
}

// After hits the answer.
func (t *trap) After(engineproxy.Call, int) engineproxy.Verdict {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.strike()
}

func (t *trap) strike() engineproxy.Verdict {
	switch t.at.fault {
	case killHost:
		_ = t.host.Kill()
	case killPlugin:
		for _, pid := range childrenOf(t.host.Pid) {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	case answer500:
		return engineproxy.Refuse
	case timeOut:
		return engineproxy.Silence
	case restart:
		if err := t.engine.restart(); err != nil {
			t.hit += ": " + err.Error()
		}
	case reset:
	}
	return engineproxy.Drop
}

// childrenOf lists the processes that a process started and that live.
func childrenOf(pid int) []int {
	var out []int
	entries, _ := os.ReadDir("/proc")
	for _, entry := range entries {
		child, err := strconv.Atoi(entry.Name())
		if err == nil && parentOf(child) == pid {
			out = append(out, child)
		}
	}
	return out
}

func parentOf(pid int) int {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	// The name, in brackets, may hold anything; after it: state, parent.
	_, rest, _ := strings.Cut(string(content[strings.LastIndexByte(string(content), ')'):]), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 2 {
		return 0
	}
	parent, _ := strconv.Atoi(fields[1])
	return parent
}
