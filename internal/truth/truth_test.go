// Package truth_test lets generators loose on dindctl: random edits of a configuration,
// over all kinds and arguments, with containers in random states; random changes by
// somebody else; restarts of the engine in between. Nothing is trusted to say of itself
// that it is right. What an apply did is taken from the engine's events and compared with
// what the plan announced, the plan after it has to be empty, what somebody else did has
// to be in the next plan with its cause and to be mended, and what became of all edits
// has to be what the same configuration becomes where nothing was before.
//
//	go test ./internal/truth                                    # 500 cases of each
//	go test ./internal/truth -cases 5000 -seed 7                # more of them
//	go test ./internal/truth -run TestEdits -seed 4711 -cases 1 # one schedule, made small and told if it fails
//	go test ./internal/truth -cases 5000 -go-on                 # every failure in short
//	make truth-real ENGINE=forky                                # on a real engine
//
// The generators drive the loader, planner and runner with the real Docker provider, and
// that an engine in memory (engine_test.go) which works: what is created, changed and
// removed through its API is there, changed and gone, with the defaults and refusals of
// Engine 20.10 or 28.5. The provider in memory of package providertest would be simpler
// and faster, and would try next to nothing of what was wrong: the table of attributes,
// the normal forms, the causes and the requests are the Docker provider's own. Of the
// engine, all that a generator knows is a [world], whose changes and looks go through the
// API: an engine in memory is one world, a real one another ([real]).
package truth_test

import (
	"context"
	"flag"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/dindctl/dindctl/provider"
)

var (
	caseCount = flag.Int("cases", 0, "how many cases of edits, and how many of changes outside; 0: 500, or 40 with the race detector")
	goOn      = flag.Bool("go-on", false, "tell every failure in short, instead of making the first one small")
	firstSeed = flag.Uint64("seed", 1, "the seed of the first schedule")
)

func TestMain(m *testing.M) {
	debug.SetGCPercent(400) // small heaps that live for a moment
	m.Run()
}

// Whatever is edited, and in whichever state containers are: the plan can be done, what
// is done is what it announced, the plan after it is empty, another spelling is no
// difference, and in the end there is what the configuration makes where nothing was.
func TestEdits(t *testing.T) {
	t.Parallel()
	wanted := tally{}
	for _, turn := range turns() {
		wanted[string(turn.kind)+" "+turn.name] = 1
	}
	for _, state := range states {
		wanted["state "+state] = 10
	}
	for _, kind := range []provider.Kind{provider.Container, provider.Network, provider.Volume, provider.Image, provider.Job} {
		wanted["moved "+string(kind)] = 5
		wanted["relabel "+string(kind)] = 1
		wanted["remove "+string(kind)] = 1
	}
	for _, what := range []string{"moved beside another change", "networks", "mount", "share", "image", "restart of the engine", "a sharer is restarted"} {
		wanted[what] = 20
	}
	for _, a := range attachArguments {
		wanted["attach "+a.name] = 3
	}
	for _, what := range []string{"add daemon", "add controller", "inside container", "addresses exchanged", "ignore container", "ignore network", "ignore volume", "ignore image", "heed again"} {
		wanted[what] = 1
	}
	inMemory().generated(t, false, wanted)
}

// Whatever somebody else does: the next plan has it, at its address and with its cause,
// and after its apply everything is as it was.
func TestOutside(t *testing.T) {
	t.Parallel()
	wanted := tally{"restart of the engine": 20}
	for _, limit := range limitsOutside(container.HostConfig{}, 0) {
		wanted["outside "+limit.path] = 1
	}
	for _, what := range sortedKeys(outsiders()) {
		if what != "update" {
			wanted["outside "+what] = 3
		}
	}
	inMemory().generated(t, true, wanted)
}

// tally counts what was tried, so that a generator that tries nothing fails.
type tally map[string]int

// missing says what was not tried as often as is wanted.
func (c tally) missing(wanted tally) []string {
	var out []string
	for _, what := range sortedKeys(wanted) {
		if c[what] < wanted[what] {
			out = append(out, fmt.Sprintf("%q was tried %d times, want at least %d", what, c[what], wanted[what]))
		}
	}
	return out
}

// wholeCases is from how many cases on everything has to have been tried.
const wholeCases = 500

// proving is how schedules are gone through.
type proving struct {
	generate func(seed uint64, outside bool) schedule
	try      trial
	atOnce   int           // how many schedules
	small    time.Duration // for how long one that fails is made small
	replay   string        // the command that a replay is asked for by
}

func inMemory() proving {
	// What a start waits for is no work.
	return proving{generate, simulate, 4 * runtime.GOMAXPROCS(0), 30 * time.Second, "go test ./internal/truth"}
}

// generated goes through as many schedules as have so many cases, and on, up to three
// times as many, until all that is wanted was tried. With fewer than wholeCases nothing is.
func (p proving) generated(t *testing.T, outside bool, wanted tally) {
	t.Helper()
	began, cases := time.Now(), *caseCount
	if cases == 0 {
		cases = wholeCases
		if raceDetector {
			cases = 40
		}
	}
	schedules := uint64((cases+roundsOf-1)/roundsOf + cases/100) // in a few rounds there is nothing to do
	wanted["cases"] = cases
	if cases < wholeCases {
		wanted = nil
	}
	var next atomic.Uint64
	var failed atomic.Bool
	var mu sync.Mutex
	total := tally{}
	enough := func(i uint64) bool {
		mu.Lock()
		defer mu.Unlock()
		return i >= 3*schedules || i >= schedules && len(total.missing(wanted)) == 0
	}
	var group sync.WaitGroup
	for range p.atOnce {
		group.Go(func() {
			for !failed.Load() {
				i := next.Add(1) - 1
				if enough(i) {
					return
				}
				s := p.generate(*firstSeed+i, outside)
				begun := time.Now()
				out := p.try(t.Context(), s, false)
				if p.atOnce == 1 {
					t.Logf("seed %d: %d cases in %.0f s: %s", s.Seed, out.tally["cases"], time.Since(begun).Seconds(), out.spent)
				}
				mu.Lock()
				total["schedules"]++
				for what, n := range out.tally {
					total[what] += n
				}
				mu.Unlock()
				if out.broken != "" && *goOn {
					t.Errorf("seed %d: %s\n%s\n%s", s.Seed, out.broken, out.how, strings.Join(out.story, "\n  "))
				} else if out.broken != "" && !failed.Swap(true) {
					p.report(t, s, out)
				}
			}
		})
	}
	group.Wait()
	t.Logf("%d cases in %d schedules from seed %d in %.1f s: %s", total["cases"], total["schedules"], *firstSeed, time.Since(began).Seconds(), total)
	if missing := total.missing(wanted); len(missing) > 0 && !t.Failed() {
		t.Error(strings.Join(missing, "\n"))
	}
}

func (c tally) String() string {
	var out []string
	for _, what := range sortedKeys(c) {
		out = append(out, fmt.Sprintf("%s %d", what, c[what]))
	}
	return strings.Join(out, ", ")
}

// report makes a failing schedule small and tells what happens in it.
func (p proving) report(t *testing.T, s schedule, out outcome) {
	t.Helper()
	small := p.shrink(t.Context(), s, out)
	told := p.try(t.Context(), small, true)
	t.Errorf("seed %d breaks a promise: %s\n%s\nReplay it with: %s -run %s -seed %d -cases 1\n\nMade small:\n%s\n%s\n%s\nwhat happens:\n  %s",
		s.Seed, out.broken, out.how, p.replay, t.Name(), s.Seed, small, told.broken, told.how, strings.Join(told.story, "\n  "))
}

// shrink makes a schedule as small as it can while the same promise is broken.
func (p proving) shrink(ctx context.Context, s schedule, out outcome) schedule {
	began := time.Now()
	for smaller := true; smaller; {
		smaller = false
		for _, next := range s.smaller() {
			if time.Since(began) > p.small {
				return s
			}
			if o := p.try(ctx, next, false); o.broken == out.broken {
				s, smaller = next, true
				break
			}
		}
	}
	return s
}
