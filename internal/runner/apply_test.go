package runner_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/internal/runner"
	"github.com/dindctl/dindctl/provider"
)

var errFault = errors.New("the engine hung up")

func apply(t *testing.T, e *engine, c runner.Evaluator, p *plan.Plan, with ...func(*runner.ApplyRequest)) (runner.Result, string) {
	t.Helper()
	req := runner.ApplyRequest{Plan: p, Provider: e, Observed: observed(t, e), Expanded: c, Differ: runner.Differ(t.Context(), e)}
	for _, change := range with {
		change(&req)
	}
	result, problems := runner.Apply(t.Context(), req)
	var text []string
	for _, problem := range problems {
		text = append(text, fmt.Sprintf("%s:%d %s: %s: %s", problem.Subject.File, problem.Subject.Start.Line, problem.Address, problem.Summary, problem.Detail))
	}
	return result, strings.Join(text, "\n")
}

func want(t *testing.T, what, got, wanted string) {
	t.Helper()
	if diff := cmp.Diff(strings.TrimSpace(wanted), strings.TrimSpace(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// Steps that need nothing of each other run at the same time, as many as are
// allowed; a step runs after all that it needs.
func TestStepsRunInParallelAlongTheirNeeds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEngine()
		var together atomic.Int32
		goOn := make(chan struct{})
		e.before = func(context.Context, string, string) error {
			together.Add(1)
			<-goOn
			together.Add(-1)
			return nil
		}
		c := configured("network.n", "container.a", "container.b", "container.c", "container.z")
		p := steps(t, "create network.n", "create container.a needs=1", "create container.b needs=1",
			"create container.c needs=1", "create container.z needs=2,3,4")
		ended := make(chan runner.Result)
		go func() {
			result, _ := apply(t, e, c, p, func(r *runner.ApplyRequest) { r.Parallelism = 2 })
			ended <- result
		}()
		for i, wanted := range []int32{1, 2, 2, 1, 1} {
			synctest.Wait() // until nothing moves any more
			if got := together.Load(); got != wanted {
				t.Errorf("after %d steps %d run at once, want %d", i, got, wanted)
			}
			goOn <- struct{}{}
		}
		result := <-ended
		if got := e.called(); len(result.Done) != 5 || got[0] != "create network.n" || got[4] != "create container.z" {
			t.Errorf("%s\ncalls %q", account(result), got)
		}
	})
}

// A step that needs one that failed is skipped, with everything that needs it;
// what needs nothing of it is done. The problem has the address and its line.
func TestWhatNeedsAFailedStepIsSkipped(t *testing.T) {
	t.Parallel()
	e := newEngine()
	e.before = func(_ context.Context, _, address string) error {
		if address == "container.a" {
			return &provider.Problem{Code: provider.NoImage, Path: "image", Summary: "The image cannot be had", Detail: "nothing:1."}
		}
		return nil
	}
	c := configured("container.a", "container.b", "container.c", "network.n")
	result, problems := apply(t, e, c, steps(t,
		"create container.a", "create container.b needs=1", "create container.c needs=2", "create network.n"))
	want(t, "problems", problems, "ci.hcl#image:0 container.a: The image cannot be had: nothing:1.")
	want(t, "result", account(result), `
done create network.n
failed create container.a
skipped create container.b: container.a failed
skipped create container.c: container.b was skipped`)
}

// What a step learns is used by the steps after it: a value that was not known
// when the plan was made is known when its turn comes.
func TestValuesOfEarlierStepsAreUsed(t *testing.T) {
	t.Parallel()
	e := newEngine()
	c := configured("network.n", "container.a later=network.n")
	result, problems := apply(t, e, c, steps(t, "create network.n", "create container.a needs=1"),
		func(r *runner.ApplyRequest) { r.Nonce = func() string { return "nonce" } })
	want(t, "problems", problems, "")
	want(t, "result", account(result), "done create network.n\ndone create container.a")
	diff := cmp.Diff(provider.Ownership{
		Project: project, Address: "container.a", Kind: provider.Container, Origin: "machine:/ci.hcl",
		Spec: []byte(`{"later":"id001","name":"ci-container-a"}`), Run: "nonce", Schema: 2, Name: "ci-container-a",
	}, e.owners["container.a"])
	if diff != "" {
		t.Errorf("ownership (-want +got):\n%s", diff)
	}
}

// What is still not known when its turn comes is not created.
func TestNothingIsCreatedThatIsNotKnown(t *testing.T) {
	t.Parallel()
	e := newEngine()
	c := configured("network.n", "container.a later=network.n")
	result, problems := apply(t, e, c, steps(t, "create container.a"))
	want(t, "result", account(result), "failed create container.a")
	want(t, "problems", problems,
		"ci.hcl:2 container.a: Something about an object is not known: container.a cannot be made: later: a value of type string is not known yet.")
	want(t, "calls", strings.Join(e.called(), "\n"), "")
}

// An object whose step failed after the engine had it is told beside the failure.
func TestWhatAFailedStepLeavesIsTold(t *testing.T) {
	t.Parallel()
	e := newEngine()
	e.after = func(string, string) error { return errFault }
	result, _ := apply(t, e, configured("container.a"), steps(t, "create container.a"))
	if diff := cmp.Diff([]runner.Left{{Address: "container.a", ID: "id001"}}, result.Left); diff != "" {
		t.Errorf("left (-want +got):\n%s", diff)
	}
	want(t, "there", e.listing(), "/container.a created")
}

// A job is run anew by removing its record first.
func TestARecordIsRemovedBeforeTheNextRun(t *testing.T) {
	t.Parallel()
	e := newEngine()
	old := e.put(provider.Job, "job.j", "", provider.StateExited)
	result, problems := apply(t, e, configured("job.j"), steps(t, "run job.j object="+old))
	want(t, "problems", problems, "")
	want(t, "calls", strings.Join(e.called(), "\n"), "delete job.j\ncreate job.j")
	if got := result.Outputs[0].Value; !got.IsKnown() || got.AsString() != "output of job.j" {
		t.Errorf("output %#v", got)
	}
}

// What an earlier run of a job said is not told as if it were this one's.
func TestOutputsAreOfThisRun(t *testing.T) {
	t.Parallel()
	e := newEngine()
	old := e.put(provider.Job, "job.j", "", provider.StateExited)
	said := "old"
	object := e.objects[old]
	object.Values.Stdout = &said
	e.objects[old] = object
	e.before = func(context.Context, string, string) error { return errFault }
	result, _ := apply(t, e, configured("job.j"), steps(t, "run job.j object="+old))
	if got := result.Outputs[0].Value; got.IsKnown() {
		t.Errorf("output %#v", got)
	}
}

// The first request to stop begins nothing new, lets what runs finish, tells the
// provider, and says what was not begun.
func TestStopFinishesWhatRuns(t *testing.T) {
	t.Parallel()
	e := newEngine()
	stop := make(chan struct{})
	e.before = func(_ context.Context, _, address string) error {
		if address == "container.a" {
			close(stop)
		}
		return nil
	}
	result, problems := apply(t, e, configured("container.a", "container.b"), steps(t, "create container.a", "create container.b needs=1"),
		func(r *runner.ApplyRequest) { r.Stop = stop })
	want(t, "result", account(result), "done create container.a\nskipped create container.b: the run was interrupted")
	want(t, "problems", problems, ":0 : The run was interrupted: What was begun is finished, and the rest was not begun. Run the command again to go on from here.")
	if !result.Interrupted {
		t.Error("the result does not say that it was interrupted")
	}
}

// The end of the context ends the calls that run.
func TestCancelEndsWhatRuns(t *testing.T) {
	t.Parallel()
	e := newEngine()
	ctx, cancel := context.WithCancel(t.Context())
	e.before = func(ctx context.Context, _, _ string) error {
		cancel()
		<-ctx.Done()
		return ctx.Err()
	}
	result, problems := runner.Apply(ctx, runner.ApplyRequest{
		Plan: steps(t, "create container.a", "create container.b needs=1"), Provider: e,
		Expanded: configured("container.a", "container.b"),
	})
	want(t, "result", account(result), "failed create container.a\nskipped create container.b: container.a failed")
	if !problems.HasErrors() || !result.Interrupted {
		t.Errorf("problems %v, interrupted %t", problems, result.Interrupted)
	}
}

// Each step's events come in their order, never two at a time, and each step
// has exactly one end.
func TestEventsOfAStepAreInOrder(t *testing.T) {
	t.Parallel()
	e := newEngine()
	var lines []string
	for i := range 20 {
		lines = append(lines, fmt.Sprintf("create container.c%d", i))
	}
	plan := steps(t, lines...)
	var c []string
	for _, s := range plan.Steps {
		c = append(c, s.Address)
	}
	told := map[string][]string{}
	var busy atomic.Bool
	_, problems := apply(t, e, configured(c...), plan, func(r *runner.ApplyRequest) {
		r.Sink = func(ev runner.Event) {
			if !busy.CompareAndSwap(false, true) {
				t.Error("two events at once")
				return
			}
			told[ev.Address] = append(told[ev.Address], string(ev.Kind)+string(ev.Phase))
			for range 50 {
				runtime.Gosched() // gives others the time to come in
			}
			busy.Store(false)
		}
	})
	want(t, "problems", problems, "")
	for _, address := range c {
		if got := told[address]; !slices.Equal(got, []string{"started", "progresscreate", "progressstart", "finished"}) {
			t.Errorf("%s: %q", address, got)
		}
	}
}

// The controller's path is proved once before its first job; where it does not
// work, no job of it runs, and it is told once.
func TestTheControllersPathIsProvedOnce(t *testing.T) {
	t.Parallel()
	c := configured("controller.c", "job.a controller=controller.c", "job.b controller=controller.c", "job.free")
	lines := []string{"create controller.c", "create job.a needs=1", "create job.b needs=1", "create job.free"}

	e := newEngine()
	_, problems := apply(t, e, c, steps(t, lines...))
	want(t, "problems", problems, "")
	want(t, "probes", strings.Join(e.probes, "\n"), "controller.c")

	e = newEngine()
	e.probe = &provider.Problem{Code: provider.NotReady, Summary: "The controller does not reach its daemon", Detail: "No route."}
	result, problems := apply(t, e, c, steps(t, lines...))
	want(t, "problems", problems, "ci.hcl:1 controller.c: The controller does not reach its daemon: No route.")
	want(t, "result", account(result), "done create controller.c\ndone create job.free\nfailed create job.a\nfailed create job.b")
	want(t, "probes", strings.Join(e.probes, "\n"), "controller.c")
}

// A plan whose steps wait for each other is refused before anything is done.
func TestACircleIsRefused(t *testing.T) {
	t.Parallel()
	e := newEngine()
	_, problems := apply(t, e, configured("container.a", "container.b"), steps(t, "create container.a needs=2", "create container.b needs=1"))
	want(t, "problems", problems, ":0 : The plan cannot be carried out: Its steps wait for each other in a circle; one of them is container.a.")
	want(t, "calls", strings.Join(e.called(), "\n"), "")
}
