// Package sim_test runs planner and runner against the provider in memory while
// everything goes wrong that can: processes die, answers are lost, engines restart,
// other people change things, and two machines want to apply at once. A schedule
// of such events follows from a seed and replays exactly.
//
//	make sim                                        # as many as make test runs: 20,000
//	go test ./internal/sim -schedules 100000        # more of them
//	go test ./internal/sim -seed 4711 -schedules 1  # that one, made small and told if it fails
//	go test ./internal/sim -points 5000             # more configurations, each with every fault at every point
package sim_test

import (
	"flag"
	"fmt"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

var (
	scheduleCount = flag.Int("schedules", 0, "how many schedules are simulated; 0: 2,000, or 500 with the race detector")
	firstSeed     = flag.Uint64("seed", 0, "the seed of the first schedule")
	pointCount    = flag.Int("points", 0, "how many configurations get every fault at every point; 0: 100, or 10 with the race detector")
)

func TestMain(m *testing.M) {
	debug.SetGCPercent(400) // small heaps that live for a moment
	m.Run()
}

// orElse is n, or how many there are without a wish: few with the race detector,
// which makes everything several times slower.
func orElse(n, usual, withRace int) int {
	switch {
	case n > 0:
		return n
	case raceDetector:
		return withRace
	}
	return usual
}

// Whatever happens, and in whatever order: nothing is touched that is not ours, no
// data is lost without consent, nothing is done twice, nothing is begun after what
// it needs failed, one run at a time works, and once the faults stop an apply
// makes what the configuration says and leaves nothing to do.
func TestSchedules(t *testing.T) {
	t.Parallel()
	count := orElse(*scheduleCount, 2000, 500)
	var next atomic.Uint64
	var failed atomic.Bool
	var mu sync.Mutex
	total := tally{}
	began := time.Now()
	var group sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		dir := t.TempDir()
		group.Go(func() {
			for !failed.Load() {
				i := next.Add(1) - 1
				if i >= uint64(count) {
					return
				}
				s := generate(*firstSeed + i)
				out := simulate(t, s, dir, false)
				mu.Lock()
				total.add(out.tally)
				mu.Unlock()
				if out.broken() && !failed.Swap(true) {
					report(t, s, out, dir)
				}
			}
		})
	}
	group.Wait()
	t.Logf("%d schedules in %.1f s: %s", count, time.Since(began).Seconds(), total)
	total.check(t, count)
}

// report makes a failing schedule small and tells what happens in it.
func report(t *testing.T, s schedule, out outcome, dir string) {
	t.Helper()
	small := shrink(t, s, out, dir)
	told := simulate(t, small, dir, true)
	t.Errorf("seed %d breaks a promise: %s\nReplay it with: go test ./internal/sim -run TestSchedules -seed %d -schedules 1\n\nMade small:\n%s\nwhat happens:\n%s",
		s.Seed, out.first(), s.Seed, small, told.story())
}

// A seed always gives the same schedule, event by event: what fails once can be
// looked at again.
func TestASeedReplays(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for seed := range uint64(orElse(0, 300, 40)) {
		first, second := simulate(t, generate(seed), dir, false), simulate(t, generate(seed), dir, false)
		if first.print != second.print {
			a, b := simulate(t, generate(seed), dir, true), simulate(t, generate(seed), dir, true)
			t.Fatalf("seed %d does not replay:\n%s\nand then:\n%s", seed, a.story(), b.story())
		}
	}
}

// tally counts what happened, so that a simulation in which nothing happens fails.
type tally map[string]int

func (c tally) add(more tally) {
	for what, n := range more {
		c[what] += n
	}
}

func (c tally) String() string {
	return fmt.Sprintf("%d events, %d faults (%d processes killed, %d providers killed, %d errors, %d resets, %d time-outs, %d late effects, "+
		"%d engine restarts, %d stops, %d cancels), %d changes by others, %d waits for a lock, %d locks taken over, %d plans refused",
		c["event"], c["kill"]+c["provider"]+c["error"]+c["reset"]+c["timeout"]+c["late"]+c["restart"]+c["stop"]+c["cancel"],
		c["kill"], c["provider"], c["error"], c["reset"], c["timeout"], c["late"], c["restart"], c["stop"], c["cancel"],
		c["outside"], c["waits"], c["taken over"], c["refused"])
}

// check fails where something that is to be tried was hardly tried.
func (c tally) check(t *testing.T, schedules int) {
	t.Helper()
	if schedules < 1000 {
		return
	}
	for _, what := range []string{
		"kill", "provider", "error", "reset", "timeout", "late", "restart", "stop", "cancel", "outside", "waits", "taken over",
		"applied", "destroyed", "replaced", "refined", "job ended", "data consented",
	} {
		if c[what] < schedules/100 {
			t.Errorf("in %d schedules %q happened only %d times", schedules, what, c[what])
		}
	}
}
