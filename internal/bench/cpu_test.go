//go:build linux

package bench_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// Both are odd, so that a median is one of the values.
const (
	cpuRounds = 9
	cpuPlans  = 3
)

// cpuMeasurements is how many of all rounds there are, at most.
const cpuMeasurements = 3

// cpuBudget is how many times the CPU time of the bare client an operation may
// take: what was measured when it was set, and a fifth. docs/benchmarks.md says when and how.
func cpuBudget(o operation) float64 {
	return map[operation]float64{plan: 6.5, apply: 3.7, destroy: 4.6}[o]
}

// Plan, apply and destroy take no more CPU time than their budgets, as ratios to
// a bare client that makes the same calls in the same run.
//
// CPU time counts what a process does, not how long it waits for its turn, so that
// other work on the machine hardly moves it. Both clients have one processor, wherever
// they run: with more, Go's scheduler spends time on looking for work, the more of it
// the less else the machine has to do, which moves the two apart.
//
// What is above its budget is measured anew, twice at most: a cost stays, and what the
// machine did to one measurement does not.
func TestCPUTime(t *testing.T) {
	needEngine(t)
	var over []string
	for range cpuMeasurements {
		if over = measureCPU(t); len(over) == 0 {
			return
		}
	}
	t.Errorf("%s: in each of %d measurements", strings.Join(over, "\n"), cpuMeasurements)
}

// measureCPU measures once, and says what was above its budget.
func measureCPU(t *testing.T) []string {
	t.Helper()
	m := newMeasurement(t, project{simple: 11, joining: 1}, cpuPlans, "GOMAXPROCS=1")
	for range cpuRounds {
		m.round(t)
	}
	var over []string
	for _, o := range []operation{plan, apply, destroy} {
		ours, bare := medianCPU(m.costs[o].ours), medianCPU(m.costs[o].bare)
		ratio, budget := float64(ours)/float64(bare), cpuBudget(o)
		t.Logf("%-7s of %d containers: %v of CPU time, the bare client %v, ratio %.2f, budget %.2f", o, m.project.objects().containers,
			ours.Round(100*time.Microsecond), bare.Round(100*time.Microsecond), ratio, budget)
		if ratio > budget {
			over = append(over, fmt.Sprintf("%s takes %.2f times the CPU time of the bare client, more than its budget of %.2f", o, ratio, budget))
		}
	}
	return over
}

func medianCPU(of []cost) time.Duration {
	all := sorted(of, func(c cost) time.Duration { return c.cpu })
	return all[len(all)/2]
}
