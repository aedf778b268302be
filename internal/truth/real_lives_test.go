package truth_test

import (
	"context"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/dindctl/dindctl/internal/engineproxy"
)

// What holds of a life on an engine in memory holds of one on a real engine.
//
// A call that goes wrong does so between the provider and the engine: it is answered with
// an error in the engine's stead, before the engine has it or after, or nobody is there any
// more to hear the answer. What cannot be had so is an engine that fails by itself in the
// midst of one call, and leaves half of what it was asked for: engines do not do that when
// they are asked to. Nor is there another process that is killed: what applies is in this
// one, whose calls all end there, as those of a process that is killed; internal/killpoints
// kills real ones.
func TestRealLives(t *testing.T) { //nolint:paralleltest // there is one engine
	r := needEngine(t)
	b := &breakable{real: r, socket: filepath.Join(t.TempDir(), "engine.sock")}
	proxy, err := engineproxy.Start(b.socket, strings.TrimPrefix(r.host(), "unix://"), func(int) engineproxy.Hook { return b })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := proxy.Close(); err != nil {
			t.Error(err)
		}
	})
	proving := r.proving()
	proving.generate, proving.try = generateRealLife, b.try
	wanted := lifeTally()
	wanted["restart of the engine"] = 20
	proving.generated(t, false, wanted)
}

// generateRealLife makes the schedule of a seed as it is gone through on a real engine.
func generateRealLife(seed uint64, outside bool) schedule {
	s := generateLife(seed, outside)
	for i := range s.Rounds {
		s.Rounds[i].Restart = (seed*roundsOf+uint64(i))%restartEvery == restartEvery-1
	}
	return s
}

// breakable is a real engine behind a proxy that does to calls what a fault says.
type breakable struct {
	*real
	socket string

	mu     sync.Mutex
	fault  *fault
	struck int64 // the number of the call whose answer is meant
}

func (b *breakable) host() string { return "unix://" + b.socket }

// try goes through a schedule on the engine.
func (b *breakable) try(ctx context.Context, s schedule, _ bool) outcome {
	if err := b.purge(); err != nil {
		return outcome{broken: harness, how: err.Error()}
	}
	return live(ctx, s, true, b)
}

func (b *breakable) disturb(e edit, kill func()) {
	if e.What == "" {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.fault, b.struck = &fault{how: e.What, after: e.Turn, kill: kill}, 0
}

func (b *breakable) undisturbed() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	f := b.fault
	b.fault, b.struck = nil, 0
	return f != nil && f.hit
}

// Before counts the calls that change something, and strikes the one whose turn it is.
func (b *breakable) Before(c engineproxy.Call) engineproxy.Verdict {
	b.mu.Lock()
	defer b.mu.Unlock()
	f := b.fault
	switch {
	case f == nil:
		return engineproxy.Pass
	case f.dead:
		return engineproxy.Drop // nobody is there who could have called
	case !c.Mutating():
		return engineproxy.Pass
	}
	if f.after--; f.after != 0 {
		return engineproxy.Pass
	}
	f.hit = true
	if f.how == "is done and fails" || f.how == "is the last" {
		b.struck = c.Number
		return engineproxy.Pass
	}
	return f.strike()
}

// Wants asks for the answer of the call that is done before it is struck.
func (b *breakable) Wants(c engineproxy.Call) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.fault != nil && b.struck == c.Number
}

// After strikes the answer.
func (b *breakable) After(engineproxy.Call, int) engineproxy.Verdict {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.fault == nil {
		return engineproxy.Pass
	}
	return b.fault.strike()
}

// strike is what becomes of a call, or of its answer.
func (f *fault) strike() engineproxy.Verdict {
	if f.how == "is never made" || f.how == "is the last" {
		f.dead = true
		f.kill()
		return engineproxy.Drop
	}
	return engineproxy.Refuse
}
