package runner_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/internal/runner"
	"github.com/dindctl/dindctl/provider"
)

// stage is a small world of objects that stop and start as they are told, but for those
// that refuse to ("halt ID", "wake ID"). What is inside a daemon, by the daemon's id, is seen only while it
// runs; nothing in it starts by itself.
type stage struct {
	halter
	mu      sync.Mutex
	objects []*provider.Object
	inside  map[string]string // an object's id -> the id of the daemon that it is inside
	refuses map[string]bool
	boots   map[string]bool // what its daemon's engine starts with itself, as "restart" asks it to
	fades   map[string]bool // what is gone when its daemon starts again
}

func newStage() *stage {
	s := &stage{halter: newHalter(), inside: map[string]string{}, refuses: map[string]bool{}, boots: map[string]bool{}, fades: map[string]bool{}}
	s.before = func(_ context.Context, op, id string) error {
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.refuses[op+" "+id] {
			return errors.New("it does not")
		}
		o := s.find(id)
		o.Condition = provider.Condition{State: provider.StateRunning}
		for inner, daemon := range s.inside {
			if op == "wake" && daemon == id && s.boots[inner] {
				s.find(inner).Condition = provider.Condition{State: provider.StateRunning}
			}
		}
		s.objects = slices.DeleteFunc(s.objects, func(inner *provider.Object) bool {
			return op == "wake" && s.inside[inner.ID] == id && s.fades[inner.ID]
		})
		if op == "halt" {
			o.Condition = provider.Condition{State: provider.StateExited, Requested: true}
			for inner, daemon := range s.inside {
				if c := &s.find(inner).Condition; daemon == id && c.State == provider.StateRunning {
					*c = provider.Condition{State: provider.StateExited}
				}
			}
		}
		return nil
	}
	return s
}

func (s *stage) find(id string) *provider.Object {
	for _, o := range s.objects {
		if o.ID == id {
			return o
		}
	}
	panic("no object " + id)
}

// put adds an object, whose id is the label of its address, with the namespaces of others.
func (s *stage) put(address string, state provider.State, inside string, livesIn ...string) *provider.Object {
	kind, id, _ := strings.Cut(address, ".")
	o := lasting(provider.Kind(kind), address, id, state)
	o.LivesIn, o.Place = livesIn, provider.Root
	if inside != "" {
		s.inside[id], o.Place = inside, provider.Place("/"+inside)
		o.Owner.Deps = []string{"daemon." + inside}
	}
	s.objects = append(s.objects, &o)
	return &o
}

func (s *stage) look(context.Context) (plan.Observed, diag.List) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := plan.Observed{Root: plan.Snapshot{Place: provider.Root, Readable: true}, Inside: map[string]plan.Snapshot{}}
	for _, o := range s.objects {
		if daemon := s.inside[o.ID]; daemon != "" && s.find(daemon).Condition.State != provider.StateRunning {
			continue
		}
		if o.Kind == provider.Daemon && o.Condition.State == provider.StateRunning {
			at := out.Inside[o.Owner.Address]
			at.Place, at.Readable = provider.Place("/"+o.ID), true
			out.Inside[o.Owner.Address] = at
		}
		if o.Place == provider.Root {
			out.Root.Objects = append(out.Root.Objects, *o)
			continue
		}
		at := out.Inside["daemon."+s.inside[o.ID]]
		at.Objects = append(at.Objects, *o)
		out.Inside["daemon."+s.inside[o.ID]] = at
	}
	return out, nil
}

// told runs one of the commands on addresses, one object at a time, and returns what was
// asked of the engine and the problems, by their summaries.
func (s *stage) told(t *testing.T, do func(context.Context, runner.HaltRequest) (runner.HaltResult, diag.List), addresses ...string) []string {
	t.Helper()
	out, _ := s.toldAll(t, do, addresses...)
	return out
}

// toldAll is told, with what was named as not done, and why.
func (s *stage) toldAll(t *testing.T, do func(context.Context, runner.HaltRequest) (runner.HaltResult, diag.List), addresses ...string) (out, skipped []string) {
	t.Helper()
	first, _ := s.look(t.Context())
	_, problems := do(t.Context(), runner.HaltRequest{
		Provider: s.halter, Observed: first, Project: project, Addresses: addresses, Look: s.look, Parallelism: 1, Sink: func(e runner.Event) {
			if e.Kind == runner.Skipped {
				skipped = append(skipped, fmt.Sprintf("%s %s: %s", e.Step.Action, e.Step.Address, e.Text))
			}
		},
	})
	out = s.called()
	for _, problem := range problems {
		out = append(out, fmt.Sprintf("%s: %s", problem.Address, problem.Summary))
	}
	return out, skipped
}

// What is restarted because it shares namespaces is stopped with what is inside it, and
// what shares with that, in order; all of it runs again afterwards. A job inside ends.
func TestWhatIsInsideASharerFollowsToo(t *testing.T) {
	t.Parallel()
	build := func(net provider.State) *stage {
		s := newStage()
		s.put("container.net", net, "")
		s.put("daemon.dind", provider.StateRunning, "", "net")
		s.put("container.beside", provider.StateRunning, "", "dind")
		s.put("container.apart", provider.StateRunning, "")
		s.put("container.inner", provider.StateRunning, "dind")
		s.put("container.near", provider.StateRunning, "dind", "inner")
		s.put("container.off", provider.StateExited, "dind", "inner")
		s.put("job.list", provider.StateRunning, "dind")
		s.put("daemon.deep", provider.StateRunning, "dind")
		s.put("container.bottom", provider.StateRunning, "deep")
		return s
	}
	followers := []string{
		"halt beside", "halt near", "halt bottom", "halt inner", "halt deep", "halt dind",
	}
	again := []string{"wake net", "wake dind", "wake beside", "wake inner", "wake deep", "wake near", "wake bottom"}
	const ends = "job.list: A job ends with its daemon"
	for name, row := range map[string]struct {
		net  provider.State
		do   func(context.Context, runner.HaltRequest) (runner.HaltResult, diag.List)
		halt []string
	}{
		"restart": {provider.StateRunning, runner.Restart, append(append([]string{}, followers...), "halt net")},
		"start":   {provider.StateExited, runner.Wake, followers},
	} {
		got := build(row.net).told(t, row.do, "container.net")
		if diff := cmp.Diff(append(append(row.halt, again...), ends), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// Something that was frozen goes on in its own namespaces: what shares them goes on, too.
func TestWhatSharesWithTheFrozenIsLeftAlone(t *testing.T) {
	t.Parallel()
	s := newStage()
	s.put("container.net", provider.StatePaused, "")
	s.put("container.log", provider.StateRunning, "", "net")
	if diff := cmp.Diff([]string{"wake net"}, s.told(t, runner.Wake, "container.net")); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// What is started because something needs it draws those that share its namespaces, too.
func TestWhatSharesWithWhatIsNeededFollows(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		state provider.State
		do    func(context.Context, runner.HaltRequest) (runner.HaltResult, diag.List)
		want  []string
	}{
		"start":   {provider.StateExited, runner.Wake, []string{"halt log", "halt tail", "wake base", "wake net", "wake tail", "wake log"}},
		"restart": {provider.StateRunning, runner.Restart, []string{"halt log", "halt tail", "halt net", "wake base", "wake net", "wake tail", "wake log"}},
	} {
		s := newStage()
		s.put("container.net", row.state, "")
		s.put("container.log", provider.StateRunning, "", "net").Owner.Deps = []string{"container.base"}
		s.put("container.base", provider.StateExited, "")
		s.put("container.tail", provider.StateRunning, "", "base")
		if diff := cmp.Diff(row.want, s.told(t, row.do, "container.net")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// What cannot be stopped keeps nothing else down: what was to be started starts, what was
// stopped for it runs again, inside daemons, too, and what failed is told once.
func TestASharerThatCannotBeStoppedKeepsNothingDown(t *testing.T) {
	t.Parallel()
	const failed = "container.stubborn: An object could not be stopped"
	for name, row := range map[string]struct {
		net  provider.State
		do   func(context.Context, runner.HaltRequest) (runner.HaltResult, diag.List)
		want []string
	}{
		"start": {provider.StateExited, runner.Wake, []string{
			"halt log", "halt stubborn", "halt inner", "halt dind", "wake net", "wake log", "wake dind", "wake inner", failed,
		}},
		"restart": {provider.StateRunning, runner.Restart, []string{ // net is not stopped before it
			"halt log", "halt stubborn", "halt inner", "halt dind", "wake log", "wake dind", "wake inner", failed,
		}},
	} {
		s := newStage()
		s.put("container.net", row.net, "")
		s.put("container.log", provider.StateRunning, "", "net")
		s.put("container.stubborn", provider.StateRunning, "", "net")
		s.put("daemon.dind", provider.StateRunning, "", "net")
		s.put("container.inner", provider.StateRunning, "dind")
		s.refuses["halt stubborn"] = true
		if diff := cmp.Diff(row.want, s.told(t, row.do, "container.net")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// What does not start keeps down what needs it and what is inside it, at any depth, and
// nothing else; all of that is named.
func TestWhatDoesNotStartKeepsOnlyItsOwnDown(t *testing.T) {
	t.Parallel()
	build := func(state provider.State, refuses ...string) *stage {
		s := newStage()
		s.put("container.alone", state, "")
		s.put("container.needs", state, "").Owner.Deps = []string{"container.alone"}
		s.put("daemon.outer", state, "")
		s.put("container.middle", state, "outer")
		late := s.put("container.late", state, "outer") // which is seen after what it needs
		late.Owner.Deps = append(late.Owner.Deps, "container.alone")
		s.put("daemon.inner", state, "outer")
		s.put("container.deep", state, "inner")
		for _, refused := range refuses {
			s.refuses[refused] = true
		}
		return s
	}
	const failed = ": An object could not be started"
	for name, row := range map[string]struct {
		state       provider.State
		do          func(context.Context, runner.HaltRequest) (runner.HaltResult, diag.List)
		refuses     string
		want, named []string
	}{
		"start, something at the root": {
			provider.StateExited, runner.Wake, "wake alone",
			[]string{"wake alone", "wake outer", "wake middle", "wake inner", "wake deep", "container.alone" + failed},
			[]string{"start container.needs: container.alone failed", "start container.late: container.alone failed"},
		},
		"start, something inside": {
			provider.StateExited, runner.Wake, "wake middle",
			[]string{"wake alone", "wake outer", "wake needs", "wake late", "wake middle", "wake inner", "wake deep", "container.middle" + failed},
			nil,
		},
		"start, a daemon": {
			provider.StateExited, runner.Wake, "wake inner",
			[]string{"wake alone", "wake outer", "wake needs", "wake late", "wake middle", "wake inner", "daemon.inner" + failed},
			nil,
		},
		"restart, something at the root": {
			provider.StateRunning, runner.Restart, "wake alone",
			[]string{
				"halt needs", "halt deep", "halt late", "halt middle", "halt inner", "halt alone", "halt outer",
				"wake alone", "wake outer", "wake middle", "wake inner", "wake deep", "container.alone" + failed,
			},
			[]string{"start container.needs: container.alone failed", "start container.late: container.alone failed"},
		},
		"restart, a daemon inside": {
			provider.StateRunning, runner.Restart, "wake inner",
			[]string{
				"halt needs", "halt deep", "halt late", "halt middle", "halt inner", "halt alone", "halt outer",
				"wake alone", "wake outer", "wake needs", "wake late", "wake middle", "wake inner", "daemon.inner" + failed,
			},
			[]string{"start container.deep: daemon.inner failed"},
		},
		"restart, the outer daemon": {
			provider.StateRunning, runner.Restart, "wake outer",
			[]string{
				"halt needs", "halt deep", "halt late", "halt middle", "halt inner", "halt alone", "halt outer",
				"wake alone", "wake outer", "wake needs", "daemon.outer" + failed,
			},
			[]string{
				"start container.deep: daemon.outer failed", "start container.late: daemon.outer failed",
				"start container.middle: daemon.outer failed", "start daemon.inner: daemon.outer failed",
			},
		},
	} {
		done, named := build(row.state, row.refuses).toldAll(t, row.do)
		if diff := cmp.Diff(row.want, done); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(row.named, named); diff != "" {
			t.Errorf("%s, named (-want +got):\n%s", name, diff)
		}
	}
}

// What its engine starts by itself runs again and counts as started; what is stopped, and
// does not run again though nothing failed, is named, and makes the restart fail.
func TestARestartCountsWhatRunsAgain(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		prepare     func(*stage)
		want, named []string
		result      runner.HaltResult
	}{
		"by the engine": {
			func(s *stage) { s.boots["inner"], s.boots["deep"] = true, true },
			[]string{"halt bottom", "halt inner", "halt deep", "halt dind", "wake dind", "wake bottom"},
			nil,
			runner.HaltResult{
				Stopped: []string{"container.bottom", "container.inner", "daemon.deep", "daemon.dind"},
				Started: []string{"daemon.dind", "container.bottom", "container.inner", "daemon.deep"},
			},
		},
		"one is gone": {
			func(s *stage) { s.fades["inner"] = true },
			[]string{
				"halt bottom", "halt inner", "halt deep", "halt dind", "wake dind", "wake deep", "wake bottom",
				": Something stays stopped: It was stopped, and does not run again: container.inner.",
			},
			[]string{"start container.inner: it was not seen again"},
			runner.HaltResult{
				Stopped: []string{"container.bottom", "container.inner", "daemon.deep", "daemon.dind"},
				Started: []string{"daemon.dind", "daemon.deep", "container.bottom"},
			},
		},
	} {
		s := newStage()
		s.put("daemon.dind", provider.StateRunning, "")
		s.put("container.inner", provider.StateRunning, "dind")
		s.put("daemon.deep", provider.StateRunning, "dind")
		s.put("container.bottom", provider.StateRunning, "deep")
		row.prepare(s)
		first, _ := s.look(t.Context())
		var named []string
		result, problems := runner.Restart(t.Context(), runner.HaltRequest{
			Provider: s.halter, Observed: first, Project: project, Look: s.look, Parallelism: 1, Sink: func(e runner.Event) {
				if e.Kind == runner.Skipped {
					named = append(named, fmt.Sprintf("%s %s: %s", e.Step.Action, e.Step.Address, e.Text))
				}
			},
		})
		got := s.called()
		for _, problem := range problems {
			detail, _, _ := strings.Cut(problem.Detail, " Look ")
			got = append(got, fmt.Sprintf("%s: %s: %s", problem.Address, problem.Summary, detail))
		}
		if diff := cmp.Diff(row.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(row.named, named); diff != "" {
			t.Errorf("%s, named (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff(row.result, result); diff != "" {
			t.Errorf("%s, result (-want +got):\n%s", name, diff)
		}
	}
}

// A restart that is interrupted while it starts names each object that was not started
// once, and no two steps have one number.
func TestAnInterruptedStartIsToldOnce(t *testing.T) {
	t.Parallel()
	s := newStage()
	s.put("container.first", provider.StateRunning, "")
	s.put("container.second", provider.StateRunning, "").Owner.Deps = []string{"container.first"}
	s.put("daemon.dind", provider.StateRunning, "").Owner.Deps = []string{"container.first"}
	s.put("container.inner", provider.StateRunning, "dind")
	stop, act := make(chan struct{}), s.before
	s.before = func(ctx context.Context, op, id string) error {
		if op == "wake" {
			close(stop)
		}
		return act(ctx, op, id)
	}
	first, _ := s.look(t.Context())
	var skipped []string
	numbers := map[int]string{}
	_, problems := runner.Restart(t.Context(), runner.HaltRequest{
		Provider: s.halter, Observed: first, Project: project, Look: s.look, Parallelism: 1, Stop: stop, Sink: func(e runner.Event) {
			if e.Kind == runner.Skipped {
				skipped = append(skipped, fmt.Sprintf("%s %s: %s", e.Step.Action, e.Step.Address, e.Text))
			}
			what := string(e.Step.Action) + " " + e.Step.Address
			if is, known := numbers[e.Step.ID]; known && is != what {
				t.Errorf("%s and %s have the number %d", is, what, e.Step.ID)
			}
			numbers[e.Step.ID] = what
		},
	})
	want := []string{
		"start container.second: the run was interrupted", "start daemon.dind: the run was interrupted", "start container.inner: the run was interrupted",
	}
	if diff := cmp.Diff(want, skipped); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if len(problems) != 1 || problems[0].Code != "interrupted" {
		t.Errorf("problems: %v", problems)
	}
}

// What had ended before it is stopped is recorded as stopped, and counted apart.
func TestWhatHadEndedIsNotStopped(t *testing.T) {
	t.Parallel()
	s := newStage()
	s.put("container.runs", provider.StateRunning, "")
	s.put("container.ended", provider.StateExited, "")
	first, _ := s.look(t.Context())
	result, problems := runner.Halt(t.Context(), runner.HaltRequest{Provider: s.halter, Observed: first, Project: project, Look: s.look, Parallelism: 1})
	want := runner.HaltResult{Stopped: []string{"container.runs"}, Ended: []string{"container.ended"}}
	if diff := cmp.Diff(want, result); diff != "" || len(problems) > 0 {
		t.Errorf("%v (-want +got):\n%s", problems, diff)
	}
	if diff := cmp.Diff([]string{"halt ended", "halt runs"}, s.called()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
