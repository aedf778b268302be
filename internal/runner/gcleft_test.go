package runner_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/dindctl/dindctl/internal/runner"
	"github.com/dindctl/dindctl/provider"
)

// stocked is an engine with volumes, by place, and what was swept.
type stocked struct {
	*engine
	stored map[provider.Place][]provider.Stored
	swept  []string
	fails  int // the Stock, counted from 1, that fails
	stocks int
}

func (s *stocked) Describe(context.Context) (provider.Description, error) {
	return provider.Description{Name: "fake", Powers: []provider.Power{provider.PowerStock, provider.PowerLock}}, nil
}

func (s *stocked) Stock(_ context.Context, place provider.Place) (provider.StockResponse, error) {
	if s.stocks++; s.stocks == s.fails {
		return provider.StockResponse{}, errors.New("the engine is busy")
	}
	out := provider.StockResponse{Stored: s.stored[place]}
	if place == provider.Root {
		for name, holder := range s.locks {
			out.Locks = append(out.Locks, provider.HeldLock{Project: name, Holder: holder})
		}
	}
	return out, nil
}

func (s *stocked) Sweep(_ context.Context, _ provider.Place, stored provider.Stored, _ provider.Sink) error {
	s.swept = append(s.swept, stored.Name)
	return nil
}

// volume puts a volume of a project that nobody mounts in a place.
func (s *stocked) volume(of string, place provider.Place) {
	in := strings.TrimPrefix(string(place), string(provider.Root)+"/")
	if i := strings.LastIndex(in, "/"); i >= 0 {
		in = in[i+1:]
	}
	s.stored[place] = append(s.stored[place], provider.Stored{
		Kind: provider.Volume, Name: of, ID: of,
		Owner: provider.Ownership{Project: of, Address: "volume.data", Kind: provider.Volume, Schema: 2, Place: in},
	})
}

// has puts a container or daemon of a project in a place, and returns the place inside it.
func (s *stocked) has(of, address string, place provider.Place, state provider.State) provider.Place {
	kind := provider.Container
	if strings.HasPrefix(address, "daemon.") {
		kind = provider.Daemon
	}
	o := lasting(kind, address, of+address, state)
	o.Owner.Project, o.Place = of, place
	s.objects[o.ID] = o
	return place + "/" + provider.Place(address)
}

// nest is a root engine and two daemons of the project "host", one inside the other.
func nest() (s *stocked, places []provider.Place) {
	s = &stocked{engine: newEngine(), stored: map[provider.Place][]provider.Stored{}}
	d := s.has("host", "daemon.d", provider.Root, provider.StateRunning)
	return s, []provider.Place{provider.Root, d, s.has("host", "daemon.e", d, provider.StateRunning)}
}

func gathered(t *testing.T, s *stocked) string {
	t.Helper()
	found, problems := runner.Gather(t.Context(), runner.GatherRequest{
		Provider: s, EngineID: "root", Dead: func(string, provider.Holder) string { return "" },
	})
	return leftText(found) + text(problems)
}

func leftText(found runner.Gathered) string {
	var lines []string
	for _, l := range found.Left {
		lines = append(lines, fmt.Sprintf("%s in %q: %s", l.Name, l.Inside, l.Why))
	}
	for _, u := range found.Unseen {
		lines = append(lines, fmt.Sprintf("%s of %s in %q is not looked into: %s", u.Address, u.Project, u.Inside, u.Why))
	}
	return strings.Join(lines, "\n")
}

// A volume at any depth is left over only if its project has no container at any depth,
// running or not.
func TestAProjectWithAContainerAtAnyDepthHasNothingLeftOver(t *testing.T) {
	t.Parallel()
	for _, state := range []provider.State{provider.StateRunning, provider.StateExited, provider.StateCreated, provider.StatePaused} {
		for at := range 3 {
			s, places := nest()
			for _, place := range places {
				s.volume("lives", place)
				s.volume("gone", place)
			}
			s.has("lives", "container.web", places[at], state)
			want(t, fmt.Sprintf("%s, %d deep", state, at), gathered(t, s), `gone in "": project gone has no container left
gone in "ci-daemon-d": project gone has no container left
gone in "ci-daemon-e": project gone has no container left`)
		}
	}
}

// The daemon that a volume is inside is enough: others' containers may be all that uses it.
func TestAVolumeInsideADaemonOfTheProjectIsNotLeftOver(t *testing.T) {
	t.Parallel()
	s, places := nest()
	for _, place := range places {
		s.volume("host", place)
	}
	want(t, "found", gathered(t, s), "")
}

// A daemon that was not looked into is named, and nothing inside it is judged.
func TestWhatIsNotLookedIntoIsNamed(t *testing.T) {
	t.Parallel()
	s, places := nest()
	s.has("other", "daemon.stopped", provider.Root, provider.StateExited)
	s.has("other", "daemon.frozen", places[1], provider.StatePaused)
	s.has("other", "daemon.never", places[2], provider.StateCreated)
	deep := places[2]
	for i := range runner.Depth {
		deep = s.has("host", fmt.Sprintf("daemon.n%d", i), deep, provider.StateRunning)
	}
	s.volume("gone", deep)
	want(t, "found", gathered(t, s), `daemon.stopped of other in "" is not looked into: it does not run
daemon.frozen of other in "ci-daemon-d" is not looked into: it does not run
daemon.never of other in "ci-daemon-e" is not looked into: it does not run
daemon.n6 of host in "ci-daemon-n5" is not looked into: it is too deep, or one of too many`)
}

// What is to be removed of a project is looked for while its lock is held, and a project
// on which another run works is named and left out.
func TestWhatIsLeftOverIsLookedForUnderTheLock(t *testing.T) {
	t.Parallel()
	s, _ := nest()
	for _, name := range []string{"free", "held", "elsewhere", "dead", "other"} {
		s.volume(name, provider.Root)
	}
	dir, away := t.TempDir()+"/locks", t.TempDir()+"/away"
	lock := func(dir, name string) runner.LockRequest {
		req := lockRequest(dir, s.engine)
		req.Project = name
		return req
	}
	for name, dir := range map[string]string{"held": dir, "elsewhere": away} {
		held, problems := runner.Lock(t.Context(), lock(dir, name))
		want(t, name, text(problems), "")
		defer held.Release()
	}
	dead := killed(t, dir, s.engine, "dead")
	gather := runner.GatherRequest{Provider: s, EngineID: "root", Dead: func(name string, holder provider.Holder) string {
		return runner.DeadHolder(t.Context(), lock(dir, name), holder)
	}}
	wanted := func(name string) bool { return name != "other" }
	found, locks, problems := runner.GatherLocked(t.Context(), gather, wanted, func(name string) runner.LockRequest { return lock(dir, name) })
	defer locks.Release()
	var names []string
	for _, l := range found.Left {
		names = append(names, l.Name)
	}
	want(t, "left over", strings.Join(names, " "), "dead lock of dead free")
	want(t, "left out", strings.Join(found.LeftOut, " "), "elsewhere held")
	if said := text(problems); problems.HasErrors() || strings.Count(said, "warning: The project is locked") != 2 ||
		!strings.Contains(said, `What is left over of project "held" is left out.`) {
		t.Errorf("it says:\n%s", said)
	}
	if now := s.locks["dead"]; now.Nonce != dead {
		t.Errorf("the lock of the dead run was removed before anybody agreed: %v", now)
	}
	// Nobody else begins meanwhile, here or elsewhere.
	for _, name := range []string{"free", "dead"} {
		for _, dir := range []string{dir, away} {
			if held, _ := runner.Lock(t.Context(), lock(dir, name)); held != nil {
				t.Errorf("%s is locked twice", name)
				held.Release()
			}
		}
	}

	// Somebody takes one of the locks away while the question waits.
	s.mu.Lock()
	delete(s.locks, "free")
	s.mu.Unlock()
	lost := locks.Still(t.Context())
	if len(lost) != 1 || lost[0].Code != "lock-lost" {
		t.Errorf("a lock that is gone: %s", text(lost))
	}
	left := slices.DeleteFunc(found.Left, func(l runner.Leftover) bool { return locks[l.Owner.Project] == nil })
	problems = runner.Discard(t.Context(), s, left, func(runner.Leftover) {})
	want(t, "problems", text(problems), "")
	want(t, "removed", strings.Join(s.swept, " "), "dead")
	locks.Release()
	want(t, "locks", fmt.Sprint(len(s.locks)), "2") // of those who hold them
}

// Where the engine cannot be looked at, before the locks or under them, that is told apart
// from there being nothing.
func TestWhatCannotBeGatheredIsNotNothing(t *testing.T) {
	t.Parallel()
	for fails := range 3 {
		s := &stocked{engine: newEngine(), stored: map[provider.Place][]provider.Stored{}, fails: fails}
		s.volume("gone", provider.Root)
		found, locks, problems := runner.GatherLocked(t.Context(), runner.GatherRequest{
			Provider: s, EngineID: "root", Dead: func(string, provider.Holder) string { return "" },
		}, func(string) bool { return true }, func(name string) runner.LockRequest {
			req := lockRequest(t.TempDir(), s.engine)
			req.Project = name
			return req
		})
		locks.Release()
		if found.Broken != (fails > 0) || problems.HasErrors() != (fails > 0) {
			t.Errorf("look %d fails: broken: %t, problems: %s", fails, found.Broken, text(problems))
		}
	}
}

// killed leaves a lock of a run of this machine that is gone, and returns its nonce.
func killed(t *testing.T, dir string, e *engine, name string) string {
	t.Helper()
	req := lockRequest(dir, e)
	req.Project = name
	held, problems := runner.Lock(t.Context(), req)
	want(t, name, text(problems), "")
	e.mu.Lock()
	holder := e.locks[name]
	e.mu.Unlock()
	held.Release()
	e.mu.Lock()
	defer e.mu.Unlock()
	e.locks[name] = holder
	return holder.Nonce
}

// The lock of a dead run that somebody released meanwhile, or took over, is lost, and
// what is there stays.
func TestADeadLockThatChangedHandsIsLost(t *testing.T) {
	t.Parallel()
	for name, now := range map[string]provider.Holder{"released": {}, "taken": {Nonce: "n", Who: "jo@elsewhere"}} {
		dir, e := t.TempDir()+"/locks", newEngine()
		killed(t, dir, e, project)
		req := lockRequest(dir, e)
		req.KeepDead = true
		held, problems := runner.Lock(t.Context(), req)
		want(t, name, text(problems), "")
		delete(e.locks, project)
		if now.Nonce != "" {
			e.locks[project] = now
		}
		if lost := held.Still(t.Context()); len(lost) != 1 || lost[0].Code != "lock-lost" {
			t.Errorf("%s: %s", name, text(lost))
		}
		held.Release()
		if e.locks[project] != now {
			t.Errorf("%s: afterwards %v holds the lock", name, e.locks[project])
		}
	}
}
