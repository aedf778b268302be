package mount_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// fleet is 100 daemons, each with a controller and an equal part of the jobs; every
// tenth job is hidden if broken is set.
func fleet(tb testing.TB, jobs int, broken bool) *world {
	tb.Helper()
	const daemons = 100
	var text strings.Builder
	for d := range daemons {
		fmt.Fprintf(&text, "engine daemon.d%d in=daemon.d%d\ncontainer daemon.d%d on=daemon.root known yields\nentry /tmp\n", d, d, d)
		fmt.Fprintf(&text, "bind /srv/%d /repo\nvol cache%d /cache\n", d, d)
		fmt.Fprintf(&text, "container controller.c%d on=daemon.root\nbind /srv/%d /repo\nvol cache%d /cache\nbind /srv/own%d /own\n", d, d, d, d)
	}
	for j := range jobs {
		d, source := j%daemons, "/repo"
		if broken && j%10 == 0 {
			source = "/own"
		}
		fmt.Fprintf(&text, "job job.j%d %s/some/where%d /x by=controller.c%d on=daemon.d%d\n", j, source, j, d, d)
	}
	return parse(tb, text.String())
}

// BenchmarkFleet is 10,000 jobs over 100 daemons: verdicts with chains. The time of
// the thread is reported besides, which other work on the machine does not lengthen.
func BenchmarkFleet(b *testing.B) {
	for _, broken := range []bool{false, true} {
		b.Run(fmt.Sprintf("broken=%v", broken), func(b *testing.B) {
			w := fleet(b, 10_000, broken)
			b.ReportAllocs()
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			start, runs := threadTime(b), 0
			for b.Loop() {
				w.check()
				runs++
			}
			b.ReportMetric(float64((threadTime(b)-start).Microseconds())/1000/float64(runs), "cpu-ms/op")
		})
	}
}

// Ten times the jobs take about ten times as long: what is known of a view is
// found once, not for each job.
func TestTimeGrowsWithJobs(t *testing.T) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	few, many := fastest(t, fleet(t, 1000, false)), fastest(t, fleet(t, 10_000, false))
	if ratio := float64(many) / float64(few); ratio > 25 {
		t.Errorf("10,000 jobs take %.1f times as long as 1,000 (%s)", ratio, many)
	}
}

// fastest is the shortest time of the thread in some runs.
func fastest(tb testing.TB, w *world) time.Duration {
	tb.Helper()
	best := time.Hour
	for range 3 {
		start := threadTime(tb)
		w.check()
		best = min(best, threadTime(tb)-start)
	}
	return best
}

// threadTime is what this thread has spent on a processor; other work on the
// machine is not in it.
func threadTime(tb testing.TB) time.Duration {
	tb.Helper()
	var now unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &now); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(now.Nano())
}
