package sim_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/providertest"
)

// outcome is what became of a schedule.
type outcome struct {
	violations []violation
	tally      tally
	print      uint64 // of all events in their order
	told       []string
}

// violation is a promise that was broken; what names the promise.
type violation struct{ what, how string }

func (o outcome) broken() bool { return len(o.violations) > 0 }

func (o outcome) first() string {
	if !o.broken() {
		return "nothing"
	}
	return o.violations[0].what + ": " + o.violations[0].how
}

func (o outcome) story() string {
	return "  " + strings.Join(o.told, "\n  ")
}

// world is one simulation. The goroutine of the scheduler owns it while all others
// wait; those of the runs only hand in calls, under mu.
type world struct {
	t     *testing.T
	s     schedule
	m     *providertest.Memory
	dir   string
	tell  bool
	out   outcome
	round int

	mu     sync.Mutex
	parked []*call
	actors []*actor
	late   []lateEffect
	events int
	made   map[string]int // objects by who made them and address
	serial int
	// retagged says that somebody gave an image's name to another image.
	retagged bool
}

// call is an engine call that waits for its turn.
type call struct {
	actor *actor
	ctx   context.Context //nolint:containedctx // it is one call
	effect
	turn   uint64
	answer chan error
}

// effect is what the provider is about to do.
type effect = providertest.Effect

// lateEffect is what the engine does although nobody waits for it any longer.
type lateEffect struct {
	actor *actor
	effect
}

// maxEvents is how many events a round may have: far more than any needs.
const maxEvents = 5000

// simulate runs a schedule, in a time of its own.
func simulate(t *testing.T, s schedule, dir string, tell bool) outcome {
	t.Helper()
	var out outcome
	synctest.Test(t, func(t *testing.T) {
		w := &world{
			t: t, s: s, dir: dir, tell: tell, made: map[string]int{},
			m: providertest.NewMemory(providertest.Options{}), out: outcome{tally: tally{}},
		}
		for i := range s.Rounds {
			w.round = i
			w.play(s.Rounds[i])
			if w.out.broken() {
				break
			}
		}
		if !w.out.broken() {
			w.calm()
		}
		out = w.out
	})
	return out
}

func (w *world) note(format string, args ...any) {
	if w.tell {
		w.out.told = append(w.out.told, fmt.Sprintf("%d.%d ", w.round, w.events)+fmt.Sprintf(format, args...))
	}
}

func (w *world) count(what string) { w.out.tally[what]++ }

func (w *world) violate(what, format string, args ...any) {
	v := violation{what, fmt.Sprintf(format, args...)}
	w.note("BROKEN %s: %s", v.what, v.how)
	w.out.violations = append(w.out.violations, v)
}

// hash is a number that a text gives with the seed, always the same.
func (w *world) hash(parts ...any) uint64 {
	h := fnv.New64a()
	_, _ = fmt.Fprint(h, w.s.Seed, w.round)
	for _, part := range parts {
		_, _ = fmt.Fprint(h, "\x00", part)
	}
	// The low bits of texts that differ at the end alone differ; spread them.
	x := h.Sum64()
	x ^= x >> 31
	x *= 0x9e3779b97f4a7c15
	return x ^ x>>29
}

// play runs one round to its end.
func (w *world) play(r round) {
	w.events, w.actors = 0, nil
	w.begin(r, r.Machine)
	for idle := 0; ; {
		synctest.Wait()
		if w.out.broken() {
			w.abandon()
			return
		}
		if w.over() {
			if r.Rival != nil && len(w.actors) < 2 {
				w.begin(r, r.Rival.Machine)
				continue
			}
			return
		}
		w.events++
		w.count("event")
		if r.Rival != nil && len(w.actors) < 2 && w.events >= r.Rival.At {
			w.begin(r, r.Rival.Machine)
			continue
		}
		verdict := w.befall(r)
		if w.turn(verdict) {
			idle = 0
		} else if idle++; idle > 200 {
			w.violate(anEnd, "nothing happens any more")
		}
		if w.events > maxEvents {
			w.violate(anEnd, "it has not after %d events", w.events)
		}
	}
}

// over tells whether all runs have ended.
func (w *world) over() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return !slices.ContainsFunc(w.actors, func(a *actor) bool { return !a.ended })
}

// abandon ends all runs at once, so that the time of the simulation can end.
func (w *world) abandon() {
	for _, a := range w.actors {
		w.kill(a, errors.New("the simulation is over"))
	}
	synctest.Wait()
	for tries := 0; !w.over(); tries++ {
		if tries > 1000 {
			w.t.Fatalf("seed %d: a run hangs, and cannot be ended: %s", w.s.Seed, w.out.first())
		}
		<-time.After(time.Minute)
		synctest.Wait()
	}
}

// befall lets happen what the round says of this event, and returns the fault that
// the next call is to have.
func (w *world) befall(r round) string {
	for _, o := range r.Outside {
		if o.At == w.events {
			w.outsider(o)
		}
	}
	verdict := ""
	for _, f := range r.Faults {
		if f.At != w.events {
			continue
		}
		switch f.Kind {
		case "error", "reset", "timeout", "late":
			verdict = f.Kind
		case "restart":
			w.count("restart")
			w.note("the engine is restarted")
			w.m.Outside(provider.Root).Restart()
			w.mu.Lock()
			calls := w.parked
			w.parked = nil
			w.mu.Unlock()
			w.sort(calls)
			for _, c := range calls {
				c.answer <- fmt.Errorf("reading the answer: %w", io.ErrUnexpectedEOF)
				synctest.Wait()
			}
		default:
			w.strike(f)
		}
	}
	return verdict
}

// strike is a fault of a run.
func (w *world) strike(f fault) {
	if f.Run >= len(w.actors) || w.actors[f.Run].ended {
		return
	}
	a := w.actors[f.Run]
	w.count(f.Kind)
	w.note("%s: %s", a, f.Kind)
	switch f.Kind {
	case "kill":
		w.kill(a, errDead)
	case "provider":
		w.cut(a, errors.New("the provider's process has ended"))
	case "stop":
		a.stopOnce.Do(func() { close(a.stop) })
	case "cancel":
		a.cancel()
	}
	synctest.Wait()
}

var errDead = errors.New("the process is dead")

// kill ends a process as kill -9 does: it does and hears nothing any more.
func (w *world) kill(a *actor, err error) {
	w.mu.Lock()
	a.dead, a.killed, a.working = err, true, false
	w.mu.Unlock()
	a.cancel()
	w.cut(a, err)
}

// cut ends the provider of a run. What the engine has got by then it may do later.
func (w *world) cut(a *actor, err error) {
	w.mu.Lock()
	a.dead = err
	var own, others []*call
	for _, c := range w.parked {
		if c.actor == a {
			own = append(own, c)
		} else {
			others = append(others, c)
		}
	}
	w.parked = others
	w.mu.Unlock()
	w.sort(own)
	for _, c := range own {
		if c.Do != nil && w.hash("got", c.Op, c.Address)%3 == 0 && lates(c.Op) {
			w.note("%s: the engine has got %s", a, c)
			w.late = append(w.late, lateEffect{a, c.effect})
		}
		c.answer <- err
		synctest.Wait()
	}
}

// lates tells of effects that an engine does although the client is gone. A lock
// is asked for and given back by names of its own, so that it may come late, too.
func lates(op string) bool { return op == "create" || op == "delete" || op == "pull" || op == "carry" }

func (w *world) sort(calls []*call) {
	slices.SortFunc(calls, func(a, b *call) int {
		return cmp.Or(cmp.Compare(a.turn, b.turn), strings.Compare(a.String(), b.String()))
	})
}

func (c *call) String() string {
	side := ""
	if c.After {
		side = " (done)"
	}
	return fmt.Sprintf("%s %s %s%s", c.actor, c.Op, c.Address, side)
}

// park is the hook of a run's connection.
func (w *world) park(ctx context.Context, a *actor, e effect) error {
	if e.Op == "probe" { // several jobs wait for one probe, on a lock
		w.mu.Lock()
		defer w.mu.Unlock()
		return a.dead
	}
	w.mu.Lock()
	looks := e.Op == "observe" || e.Op == "open"
	if a.dead != nil || looks && !w.s.reads(w.round) {
		defer w.mu.Unlock()
		return a.dead
	}
	c := &call{actor: a, ctx: ctx, effect: e, answer: make(chan error, 1)}
	c.turn = w.hash(a.number, e.Op, e.Address, e.After)
	w.parked = append(w.parked, c)
	w.mu.Unlock()
	return <-c.answer
}

func (s schedule) reads(round int) bool { return round < len(s.Rounds) && s.Rounds[round].Reads }

// turn lets one thing happen: a call goes on or fails, a job ends, something comes
// late, or time goes by. It returns false for the latter.
func (w *world) turn(verdict string) bool {
	w.mu.Lock()
	calls := slices.Clone(w.parked)
	w.mu.Unlock()
	w.sort(calls)
	jobs := w.jobs()
	switch {
	case len(w.late) > 0 && w.hash("late", w.events)%8 == 0:
		w.comesLate()
	case len(jobs) > 0 && (len(calls) == 0 || w.hash("job", w.events)%6 == 0):
		w.endJob(jobs[w.hash("which", w.events)%uint64(len(jobs))])
	case len(calls) > 0:
		w.goOn(calls[0], verdict)
	default:
		w.step("time")
		<-time.After(100 * time.Millisecond)
		return false
	}
	return true
}

// step puts an event into the print of the schedule.
func (w *world) step(what string) {
	h := fnv.New64a()
	_, _ = fmt.Fprint(h, w.out.print, what)
	w.out.print = h.Sum64()
}

// jobs are those that run, by id.
func (w *world) jobs() []providertest.Thing {
	if !w.slow() {
		return nil
	}
	var out []providertest.Thing
	for _, o := range sorted(w.m.Things()) {
		if o.Kind == provider.Job && o.Condition.State == provider.StateRunning {
			out = append(out, o)
		}
	}
	return out
}

func (w *world) slow() bool {
	for _, r := range w.s.Rounds {
		if slices.ContainsFunc(r.Blocks, func(b block) bool { return b.Slow }) {
			return true
		}
	}
	return false
}

func sorted(things map[string]providertest.Thing) []providertest.Thing {
	out := make([]providertest.Thing, 0, len(things))
	for _, o := range things {
		out = append(out, o)
	}
	slices.SortFunc(out, func(a, b providertest.Thing) int { return strings.Compare(a.ID, b.ID) })
	return out
}

func (w *world) endJob(o providertest.Thing) {
	code := 0
	if w.round < len(w.s.Rounds) && w.hash("code", o.ID)%8 == 0 {
		code = 3
	}
	w.step("job " + o.ID)
	w.count("job ended")
	w.note("%s ends with %d", o.Owner.Address, code)
	w.m.Outside(provider.Root).Exit(o.ID, code)
}

// comesLate does what was kept back.
func (w *world) comesLate() {
	e := w.late[0]
	w.late = w.late[1:]
	w.step("late " + e.Op + e.Address)
	w.note("%s: %s %s comes late", e.actor, e.Op, e.Address)
	before := w.m.Things()
	_ = e.Do() // nobody hears of it
	w.checkEffect(e.actor, e.effect, before, w.m.Things(), true)
}

// goOn lets a call go on, or fails it.
func (w *world) goOn(c *call, verdict string) {
	w.mu.Lock()
	w.parked = slices.DeleteFunc(w.parked, func(other *call) bool { return other == c })
	w.mu.Unlock()
	var err error
	switch verdict {
	case "error":
		err = &provider.Problem{Code: provider.EngineFailed, Summary: "The engine reports an error", Detail: "500 Internal Server Error."}
	case "reset":
		err = fmt.Errorf("reading the answer: connection reset by peer: %w", io.ErrUnexpectedEOF)
	case "timeout":
		err = fmt.Errorf("waiting for the answer: %w", context.DeadlineExceeded)
	case "late":
		err = fmt.Errorf("waiting for the answer: %w", context.DeadlineExceeded)
		if c.Do == nil || !lates(c.Op) {
			verdict = "timeout"
			break
		}
		w.late = append(w.late, lateEffect{c.actor, c.effect})
	}
	if verdict != "" {
		w.count(verdict)
	}
	if err == nil && c.ctx.Err() != nil && !c.After {
		err = c.ctx.Err()
	}
	w.step(c.String() + verdict)
	w.note("%s %s", c, cmp.Or(verdict, "goes on"))
	if err != nil || c.Do == nil {
		c.answer <- err
		return
	}
	before := w.m.Things()
	w.checkHolder(c)
	c.answer <- nil
	synctest.Wait()
	w.checkEffect(c.actor, c.effect, before, w.m.Things(), false)
}
