// Package killpoints_test hits dindctl at every call by which it changes an
// engine, on both sides of the call, with every fault, and looks whether the next
// run, without help, converges and nothing is lost, doubled or left over.
//
// The engine is the private one of docker/test-engine. `make kill-small` is the
// ring that `make test` runs, `make kill` all of case 2.
package killpoints_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

func needEngine(t *testing.T) *engine {
	t.Helper()
	if os.Getenv("DINDCTL_TEST_ENGINE") == "" || os.Getenv("DINDCTL_BIN") == "" {
		if os.Getenv("DINDCTL_E2E") == "require" {
			t.Fatal("this test needs the test engine and the binary: run it by `make kill-small` or `make kill`")
		}
		t.Skip("no test engine: run it by `make kill-small`")
	}
	e, err := newEngine()
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// ring is a set of lives in one engine.
type ring struct {
	t      *testing.T
	engine *engine
	top    topology
	dir    string
	log    string // directory for the accounts of lives that failed

	mu     sync.Mutex
	next   int
	done   map[operation]map[fault]int
	failed []string
}

func newRing(t *testing.T, top topology) *ring {
	t.Helper()
	r := &ring{t: t, engine: needEngine(t), top: top, dir: t.TempDir(), done: map[operation]map[fault]int{}}
	r.log = os.Getenv("DINDCTL_KILL_LOG")
	return r
}

// lead leads one life through the given points, at most one an operation; another
// one with more patience where the first had too little for this machine.
func (r *ring) lead(points []point) {
	for limit := engineLimit; ; limit *= 4 {
		if err := r.try(points, limit); !errors.Is(err, errImpatient) || limit >= engineLimitMost {
			return
		}
	}
}

// try leads one life. Its error, if it is errImpatient, was not noted as a failure.
func (r *ring) try(points []point, limit time.Duration) error {
	r.mu.Lock()
	r.next++
	number := r.next
	r.mu.Unlock()
	project := fmt.Sprintf("kill-%s-%d", r.top.name, number)
	l, err := newLife(r.engine, r.top, project, filepath.Join(r.dir, project))
	if err != nil {
		r.fail(points, nil, err)
		return err
	}
	l.limit = limit
	var reached []point
	for _, o := range operations() {
		var at *point
		if i := slices.IndexFunc(points, func(p point) bool { return p.operation == o }); i >= 0 {
			at = &points[i]
		}
		if err := l.do(o, at); err != nil {
			if !errors.Is(err, errImpatient) {
				r.fail([]point{{operation: o}}, l, fmt.Errorf("%v: %w", at, err))
			}
			r.clean(l)
			return err
		}
		if at != nil {
			reached = append(reached, *at)
		}
	}
	for _, p := range reached {
		r.count(p)
	}
	if err := l.end(); err != nil {
		r.fail(points, l, err)
	}
	return nil
}

func (r *ring) count(p point) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.log != "" {
		r.t.Logf("%s converged: %s", r.top.name, p)
	}
	if r.done[p.operation] == nil {
		r.done[p.operation] = map[fault]int{}
	}
	r.done[p.operation][p.fault]++
}

// fail notes a life that went wrong, with everything that it printed.
func (r *ring) fail(points []point, l *life, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	text := err.Error()
	r.failed = append(r.failed, text)
	if l == nil {
		return
	}
	if r.log != "" {
		name := fmt.Sprintf("%s-%s-%d.log", l.project, strings.ReplaceAll(string(points[0].operation), " ", ""), os.Getpid())
		_ = os.WriteFile(filepath.Join(r.log, name), []byte(text+"\n"+l.said.String()), 0o644)
	}
	r.t.Errorf("%s\n%s", text, l.said.String())
}

// clean removes what a failed life left, so that it does not count against others.
func (r *ring) clean(l *life) {
	_, err := l.run(nil, l.args(purge, false))
	if err := errors.Join(err, l.end()); err != nil {
		r.t.Log("cleaning up after a failure:", err)
	}
}

// points counts the mutating calls of each operation of an undisturbed life.
func (r *ring) points() map[operation]int {
	r.t.Helper()
	l, err := newLife(r.engine, r.top, "kill-"+r.top.name+"-0", filepath.Join(r.dir, "count"))
	if err != nil {
		r.t.Fatal(err)
	}
	out := map[operation]int{}
	for _, o := range operations() {
		if err := l.top.write(filepath.Join(l.dir, "conf"), map[bool]int{true: 1, false: 2}[o == apply]); err != nil {
			r.t.Fatal(err)
		}
		code, err := l.run(nil, l.args(o, false))
		if err != nil || code != 0 {
			r.t.Fatalf("%s without a fault: exit code %d, %v\n%s", o, code, err, l.said.String())
		}
		count, calls, _ := l.trap.seen()
		out[o] = count
		r.t.Logf("%s of %s: %d points: %s", o, r.top.name, count, strings.Join(calls, ", "))
	}
	if err := l.end(); err != nil {
		r.t.Fatal(err)
	}
	return out
}

// lives spreads all points over as few lives as there can be: a life has one
// point for each of its operations.
func lives(points map[operation]int, chosen []fault, operations []operation) [][]point {
	longest := 0
	for _, o := range operations {
		longest = max(longest, points[o])
	}
	var out [][]point
	for n := 1; n <= longest; n++ {
		for _, f := range chosen {
			for _, after := range []bool{false, true} {
				var one []point
				for _, o := range operations {
					if n <= points[o] {
						one = append(one, point{operation: o, n: n, after: after, fault: f})
					}
				}
				out = append(out, one)
			}
		}
	}
	return out
}

// run leads all lives, some at once, and compares what the engine holds
// afterwards with what it held before.
func (r *ring) run(all [][]point, atOnce int) {
	r.t.Helper()
	before, err := r.engine.list("")
	if err != nil {
		r.t.Fatal(err)
	}
	started := time.Now()
	queue := make(chan []point)
	var workers sync.WaitGroup
	for range atOnce {
		workers.Go(func() {
			for one := range queue {
				r.lead(one)
			}
		})
	}
	for _, one := range all {
		queue <- one
	}
	close(queue)
	workers.Wait()
	after, err := r.engine.list("")
	if err := errors.Join(err, differs("what all lives left in the engine", before, after)); err != nil {
		r.t.Error(err)
	}
	r.account(time.Since(started))
}

// account prints the figures.
func (r *ring) account(took time.Duration) {
	total := 0
	var lines []string
	for _, o := range operations() {
		for _, f := range faults() {
			if n := r.done[o][f]; n > 0 {
				total += n
				lines = append(lines, fmt.Sprintf("  %s, %s: %d", o, f, n))
			}
		}
	}
	r.t.Logf("kill points of %s: %d hit and converged, %d failed, in %s\n%s", r.top.name, total, len(r.failed), took.Round(time.Second), strings.Join(lines, "\n"))
	_, _ = fmt.Fprintf(os.Stdout, "kill points: %s: %d hit and converged, %d failed, %s\n", r.top.name, total, len(r.failed), took.Round(time.Second))
}
