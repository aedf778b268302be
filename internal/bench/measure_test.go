//go:build linux

package bench_test

import (
	"errors"
	"os/exec"
	"slices"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// cost is what one run of a client took.
type cost struct{ cpu, wall time.Duration }

// costs are those of both clients in the same rounds.
type costs struct{ ours, bare []cost }

// measurement runs both clients by turns on projects of one size: dindctl's, and
// the bare client's own. Plans of both are of dindctl's.
type measurement struct {
	project, bare project
	file          string
	plans         int      // in a round
	environment   []string // of both clients, besides this process's
	costs         map[operation]*costs
}

func newMeasurement(tb testing.TB, size project, plans int, environment ...string) *measurement {
	tb.Helper()
	// The parent of what a client leaves behind, so that its CPU time is not lost.
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		tb.Fatal(err)
	}
	ours, bare := size, size
	ours.name, bare.name = "bench", "bare"
	return &measurement{
		project: ours, bare: bare, file: ours.write(tb), plans: plans, environment: environment,
		costs: map[operation]*costs{apply: {}, plan: {}, destroy: {}},
	}
}

// round is one life of each project.
func (m *measurement) round(tb testing.TB) {
	tb.Helper()
	ours := func(o operation) {
		m.costs[o].ours = append(m.costs[o].ours, m.run(tb, o.dindctl(m.project, m.file, engineHost())))
	}
	bare := func(o operation, of project) {
		m.costs[o].bare = append(m.costs[o].bare, m.run(tb, o.bare(tb, of, engineHost())))
	}
	bare(apply, m.bare)
	bare(destroy, m.bare)
	ours(apply)
	for range m.plans {
		bare(plan, m.project)
		ours(plan)
	}
	ours(destroy)
}

// run runs a client. Its CPU time is that of its process and of all processes
// below it: those that it waited for are in its own account, the others become ours.
func (m *measurement) run(tb testing.TB, cmd *exec.Cmd) cost {
	tb.Helper()
	cmd.Env = append(cmd.Env, m.environment...)
	start := time.Now()
	run(tb, cmd)
	wall := time.Since(start)
	cpu := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	for {
		var usage syscall.Rusage
		_, err := syscall.Wait4(-1, nil, 0, &usage)
		switch {
		case err == nil:
			cpu += time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
		case errors.Is(err, syscall.ECHILD):
			return cost{cpu: cpu, wall: wall}
		case !errors.Is(err, syscall.EINTR):
			tb.Fatal(err)
		}
	}
}

// sorted are one figure of all costs, the smallest first.
func sorted(all []cost, figure func(cost) time.Duration) []time.Duration {
	out := make([]time.Duration, len(all))
	for i, c := range all {
		out[i] = figure(c)
	}
	slices.Sort(out)
	return out
}
