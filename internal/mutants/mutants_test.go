// Package mutants_test holds the promise that nothing which an engine answers crashes
// a command, makes it take memory or time without end, or makes it change what it
// may not: every field of every answer that real engines gave (see package replay) is
// null, of another type, huge, missing or repeated, at the root and inside daemons,
// under plan, ls, show and destroy.
//
// A mutant is one command with one answer spoiled, and a seed names it: -seed N
// -mutants 1 tries it again. The mutants run in this program, started again as a worker:
// what no test survives (a stack that overflows) ends a worker, and is the failure
// of the mutant that it was at.
package mutants_test

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

var (
	mutantCount = flag.Int("mutants", 0, "how many mutants are tried; 0: 2,000, or 200 with the race detector")
	firstSeed   = flag.Uint64("seed", 1, "the first mutant's seed; the others follow")
)

func TestMain(m *testing.M) {
	if os.Getenv(asWorker) != "" {
		os.Exit(worker())
	}
	os.Exit(m.Run())
}

// What mutants may take.
const (
	workers     = 2
	memoryBound = 400 << 20
	timeBound   = 2 * patience
)

// count is how many mutants there are without a wish: few with the race detector,
// under which a process needs many times the memory and the time.
func count() int {
	switch {
	case *mutantCount > 0:
		return *mutantCount
	case raceDetector:
		return 200
	}
	return 2000
}

// No spoiled answer crashes a command, or makes it take more than its bounds, or
// change what it may not; and each is one that the command reads.
func TestMutants(t *testing.T) {
	t.Parallel()
	recordings, err := names()
	if err != nil {
		t.Fatal(err)
	}
	n := count()
	seeds := make([]uint64, n)
	for i := range seeds {
		seeds[i] = *firstSeed + uint64(i)
	}
	// What is of one recording stands together: it is served once.
	slices.SortStableFunc(seeds, func(a, b uint64) int {
		left, leftCommand, _ := choice(a, recordings)
		right, rightCommand, _ := choice(b, recordings)
		return cmp.Or(strings.Compare(left, right), strings.Compare(leftCommand.String(), rightCommand.String()))
	})
	var mu sync.Mutex
	var all []result
	var group sync.WaitGroup
	for w := range workers {
		part := seeds[n*w/workers : n*(w+1)/workers]
		group.Go(func() {
			for len(part) > 0 {
				results, began, ended := shift(t, part)
				mu.Lock()
				all = append(all, results...)
				mu.Unlock()
				part = part[len(results):]
				if ended == nil {
					continue
				}
				t.Errorf("%s\nthe process ended: %v", began, ended)
				part = part[min(1, len(part)):]
			}
		})
	}
	group.Wait()
	judge(t, n, all)
}

// judge looks at what came of the mutants.
func judge(t *testing.T, n int, all []result) {
	t.Helper()
	reached, classes, fields, noticed := map[string]int{}, map[string]int{}, map[string]bool{}, 0
	var most int64
	for _, r := range all {
		if r.Problem != "" {
			t.Errorf("%s\n%s", r.mutant, r.Problem)
		}
		if most = max(most, r.Memory); !raceDetector && r.Memory > memoryBound {
			t.Errorf("%s\nit took %d MiB of %d", r.mutant, r.Memory>>20, memoryBound>>20)
		}
		if r.Asked > 0 {
			word, _, _ := strings.Cut(r.Command, " ")
			reached[word]++
			classes[r.Class]++
			fields[r.Class+" "+r.Field] = true
		}
		if r.Noticed {
			noticed++
		}
	}
	for _, class := range slices.Sorted(maps.Keys(classes)) {
		t.Logf("%-24s %d mutants", class, classes[class])
	}
	t.Logf("%d mutants of %d fields, at most %d MiB; %d changed what the command said; reached: %v", len(all), len(fields), most>>20, noticed, reached)
	total := 0
	for _, c := range []string{"plan", "ls", "show", "destroy"} {
		if total += reached[c]; n >= 200 && reached[c] < n/10 {
			t.Errorf("%s has read %d of %d spoiled answers", c, reached[c], n)
		}
	}
	if n >= 200 && noticed < n/2 {
		t.Errorf("%d of %d mutants changed what a command said: are the fields read?", noticed, n)
	}
	if total != n {
		t.Errorf("%d of %d mutants were tried and read", total, n)
	}
	for _, e := range endpoints() {
		root, inside := classes[e.class+" at the root"], classes[e.class+" inside"]
		// Few of the recorded projects ask some of them inside: that takes more mutants.
		if n >= 2000 && root+inside == 0 || n >= 20_000 && (root == 0 || inside == 0) {
			t.Errorf("of %s, %d mutants at the root and %d inside were read", e.class, root, inside)
		}
	}
}

// shift is one worker's: results are those of the first seeds; ended says why it
// stopped before the last, at the mutant that it began with.
func shift(t *testing.T, seeds []uint64) (results []result, began mutant, ended error) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), asWorker+"=yes")
	var input bytes.Buffer
	for _, seed := range seeds {
		fmt.Fprintln(&input, seed)
	}
	cmd.Stdin = &input
	said := &ends{}
	cmd.Stderr = said
	events, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	// Nothing is heard of a mutant that does not end.
	hangs := time.AfterFunc(timeBound, func() { _ = cmd.Process.Kill() })
	defer hangs.Stop()
	lines := bufio.NewReader(events)
	for {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			break
		}
		hung := !hangs.Reset(timeBound)
		var e event
		if err := json.Unmarshal(line, &e); err != nil {
			said.add(string(line)) // of a crash, or printed by chance
			continue
		}
		switch {
		case e.Begin != nil:
			began = *e.Begin
		case e.Result != nil && !hung:
			results = append(results, *e.Result)
		}
	}
	_, _ = io.Copy(io.Discard, lines)
	if err := cmd.Wait(); err != nil {
		return results, began, fmt.Errorf("%w (killed after %s, if it is by that)\n%s", err, timeBound, said)
	}
	if len(results) < len(seeds) {
		return results, began, fmt.Errorf("it tried %d of %d\n%s", len(results), len(seeds), said)
	}
	return results, began, nil
}

// ends keeps the beginning of a text and drops what follows: of a crash the cause.
type ends struct{ text bytes.Buffer }

const kept = 8 << 10

func (e *ends) Write(b []byte) (int, error) {
	e.text.Write(b[:min(len(b), max(0, kept-e.text.Len()))])
	return len(b), nil
}

func (e *ends) add(s string)   { _, _ = io.WriteString(e, s) }
func (e *ends) String() string { return e.text.String() }
