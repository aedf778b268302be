//go:build linux

package bench_test

import (
	"testing"
	"time"
)

// wallPlans is how many plans there are in each round.
const wallPlans = 10

// wallBudget is the wall time that the design allows beside a bare client that
// takes bare: a ratio, and for a plan 40 ms for its two processes.
func wallBudget(o operation, bare time.Duration) time.Duration {
	ratio := map[operation]float64{plan: 1.3, apply: 1.1, destroy: 1.1}[o]
	budget := time.Duration(ratio * float64(bare))
	if o == plan {
		budget += 40 * time.Millisecond
	}
	return budget
}

// BenchmarkWallTimes prints the wall times of plan, apply and destroy of 100
// containers, as ratios to a bare client's in the same run, with their budgets. They
// depend on the machine and what else it does, and gate nothing.
func BenchmarkWallTimes(b *testing.B) {
	needEngine(b)
	m := newMeasurement(b, project{simple: 98, joining: 2}, wallPlans)
	for b.Loop() {
		m.round(b)
	}
	b.ReportMetric(0, "ns/op") // of a whole round, which says nothing
	for _, o := range []operation{plan, apply, destroy} {
		ours, bare := bestWall(m.costs[o].ours), bestWall(m.costs[o].bare)
		budget := wallBudget(o, bare)
		verdict := "within"
		if ours > budget {
			verdict = "above"
		}
		b.Logf("%-7s of %d containers: %v, the bare client %v, ratio %.2f; %s the budget of %v", o, m.project.objects().containers,
			ours.Round(time.Millisecond), bare.Round(time.Millisecond), float64(ours)/float64(bare), verdict, budget.Round(time.Millisecond))
		b.ReportMetric(float64(ours)/float64(bare), string(o)+"/bare")
	}
}

// bestWall is the shortest wall time: whatever else the machine does only adds.
func bestWall(of []cost) time.Duration {
	return sorted(of, func(c cost) time.Duration { return c.wall })[0]
}
