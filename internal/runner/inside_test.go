package runner_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/google/go-cmp/cmp"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/internal/runner"
	"github.com/dindctl/dindctl/provider"
)

// replan is a refining planner for tests: what is inside the daemon is created
// where it is not there, and not touched where it is.
func replan(t *testing.T, seen *[]string, more ...string) func(plan.Observed, string) (plan.Refinement, diag.List) {
	t.Helper()
	return func(o plan.Observed, daemon string) (plan.Refinement, diag.List) {
		var there []string
		for _, object := range o.Inside[daemon].Objects {
			there = append(there, object.Owner.Address)
		}
		*seen = append(*seen, fmt.Sprintf("%s: %v", daemon, there))
		var lines []string
		for _, line := range more {
			if fields := strings.Fields(line); !slices.Contains(there, fields[1]) {
				lines = append(lines, line)
			}
		}
		return plan.Refinement{Steps: steps(t, lines...).Steps}, nil
	}
}

// A daemon that is made first is opened when it is ready, and what is inside it
// is made there, its image carried from the places around, nearest first.
func TestStepsInsideADaemonRunInItsPlace(t *testing.T) {
	t.Parallel()
	e := newEngine()
	c := configured("daemon.d", "daemon.e inside=daemon.d", "container.x inside=daemon.e")
	result, problems := apply(t, e, c, steps(t,
		"create daemon.d", "create daemon.e inside=daemon.d needs=1", "create container.x inside=daemon.e needs=2"))
	want(t, "problems", problems, "")
	want(t, "result", account(result), "done create daemon.d\ndone create daemon.e\ndone create container.x")
	want(t, "there", e.listing(), `
/daemon.d running
/daemon.d/daemon.e running
/daemon.d/daemon.e/container.x running`)
	if diff := cmp.Diff([]provider.Place{"/daemon.d", provider.Root}, e.froms["container.x"]); diff != "" {
		t.Errorf("image from (-want +got):\n%s", diff)
	}
}

// An image that is built with another one may have that from where it is made, also from
// inside a daemon.
func TestAnImageIsCarriedFromWhereItIsMade(t *testing.T) {
	t.Parallel()
	e := newEngine()
	c := configured("daemon.d", "image.x inside=daemon.d", "image.app later=image.x", "container.web later=image.x")
	result, problems := apply(t, e, c, steps(t,
		"create daemon.d", "create image.x inside=daemon.d needs=1", "create image.app needs=2", "create container.web needs=2"))
	want(t, "problems", problems, "")
	want(t, "result", account(result), "done create daemon.d\ndone create image.x\ndone create image.app\ndone create container.web")
	got := map[string][]provider.Place{"image.app": e.froms["image.app"], "container.web": e.froms["container.web"]}
	if diff := cmp.Diff(map[string][]provider.Place{"image.app": {"/daemon.d"}, "container.web": nil}, got); diff != "" {
		t.Errorf("image from (-want +got):\n%s", diff)
	}
}

// What is inside a daemon that could not be looked into is planned again when it
// is ready: what is there already is left alone, the rest is made, and whatever
// outside needed the one or the other goes on.
func TestTentativeStepsArePlannedAgain(t *testing.T) {
	t.Parallel()
	e := newEngine()
	daemon := e.put(provider.Daemon, "daemon.d", "", provider.StateExited)
	e.put(provider.Job, "job.kept", "/daemon.d", provider.StateExited)
	c := configured("daemon.d", "job.kept inside=daemon.d", "job.new inside=daemon.d", "container.out")
	var seen []string
	var told []string
	result, problems := apply(t, e, c, steps(t,
		"start daemon.d object="+daemon,
		"create? job.kept inside=daemon.d needs=1",
		"create? job.new inside=daemon.d needs=1,2",
		"create container.out needs=2,3"),
		func(r *runner.ApplyRequest) {
			r.Refine = replan(t, &seen, "create job.kept inside=daemon.d", "create job.new inside=daemon.d needs=1")
			r.Sink = func(ev runner.Event) {
				if ev.Kind != runner.Progress {
					told = append(told, fmt.Sprintf("%s %s %s", ev.Kind, ev.Address, ev.Text))
				}
			}
		})
	want(t, "problems", problems, "")
	want(t, "planned again", strings.Join(seen, "\n"), "daemon.d: [job.kept]")
	want(t, "calls", strings.Join(e.called(), "\n"), "resume daemon.d\ncreate job.new\ncreate container.out")
	want(t, "result", account(result), `
done start daemon.d
done create container.out
done create job.new
dropped create job.kept
dropped create job.new`)
	want(t, "events", strings.ReplaceAll(strings.Join(told, "\n"), " \n", "\n"), `
started daemon.d
finished daemon.d
added job.new
dropped job.kept it is there already
dropped job.new it is planned anew
started job.new
finished job.new
started container.out
finished container.out`)
}

// What a tentative step waits for outside of its daemon, the refined one waits for.
func TestARefinedStepWaitsForWhatIsOutside(t *testing.T) {
	t.Parallel()
	e := newEngine()
	daemon := e.put(provider.Daemon, "daemon.d", "", provider.StateExited)
	refined := make(chan struct{})
	e.before = func(_ context.Context, _, address string) error {
		if address == "volume.slow" {
			<-refined
		}
		return nil
	}
	c := configured("daemon.d", "volume.slow", "container.x inside=daemon.d")
	var seen []string
	result, problems := apply(t, e, c, steps(t,
		"create volume.slow", "start daemon.d object="+daemon, "create? container.x inside=daemon.d needs=1,2"),
		func(r *runner.ApplyRequest) {
			again := replan(t, &seen, "create container.x inside=daemon.d")
			r.Refine = func(o plan.Observed, daemon string) (plan.Refinement, diag.List) {
				defer close(refined)
				return again(o, daemon)
			}
		})
	want(t, "problems", problems, "")
	if len(result.Done) != 3 || !slices.Equal(result.Done[2].Needs, []int{1, 2}) {
		t.Errorf("%s\n%+v", account(result), result.Done)
	}
	if got := e.called(); got[len(got)-1] != "create container.x" {
		t.Errorf("calls %q", got)
	}
}

// What is planned again is planned with things as they are by then, not as they
// were when the run began.
func TestPlanningAgainSeesWhatThisRunMade(t *testing.T) {
	t.Parallel()
	e := newEngine()
	daemon := e.put(provider.Daemon, "daemon.d", "", provider.StateExited)
	old := e.put(provider.Volume, "volume.old", "", "")
	c := configured("daemon.d", "network.n", "image.i", "container.x inside=daemon.d")
	var root []string
	_, problems := apply(t, e, c, steps(t,
		"create network.n", "delete volume.old needs=1 object="+old, "create image.i needs=2", "start daemon.d needs=3 object="+daemon,
		"create? container.x inside=daemon.d needs=4"),
		func(r *runner.ApplyRequest) {
			r.Refine = func(o plan.Observed, _ string) (plan.Refinement, diag.List) {
				for _, object := range o.Root.Objects {
					root = append(root, fmt.Sprintf("%s %s %s", object.ID, object.Owner.Address, object.Condition.State))
				}
				root = append(root, fmt.Sprint(o.Root.Images))
				return plan.Refinement{}, nil
			}
			before := len(r.Observed.Root.Objects)
			t.Cleanup(func() {
				if got := r.Observed.Root.Objects; len(got) != before || got[0].Condition.State != provider.StateExited {
					t.Error("the caller's observation was changed")
				}
			})
		})
	want(t, "problems", problems, "")
	slices.Sort(root)
	want(t, "the root", strings.Join(root, "\n"), "id001 daemon.d running\nid003 network.n \nid004 image.i \nmap[ci-image-i:id004]")
}

// A refined plan that may not be carried out stops what is inside that daemon,
// and nothing else.
func TestARefusedRefinementStopsItsBranchAlone(t *testing.T) {
	t.Parallel()
	e := newEngine()
	daemon := e.put(provider.Daemon, "daemon.d", "", provider.StateExited)
	c := configured("daemon.d", "container.in inside=daemon.d", "container.out")
	result, problems := apply(t, e, c, steps(t,
		"start daemon.d object="+daemon, "create? container.in inside=daemon.d needs=1", "create container.out needs=1"),
		func(r *runner.ApplyRequest) {
			r.Refine = func(plan.Observed, string) (plan.Refinement, diag.List) {
				return plan.Refinement{}, diag.Errorf("A replacement was not shown in the plan", "Run plan again.")
			}
		})
	want(t, "problems", problems, ":0 : A replacement was not shown in the plan: Run plan again.")
	want(t, "result", account(result), `
done start daemon.d
done create container.out
skipped create container.in: what is inside daemon.d cannot be done as planned`)
}

// Something inside whose need outside failed before the daemon was ready is not
// brought back by planning again.
func TestPlanningAgainDoesNotReviveWhatWasSkipped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		e := newEngine()
		daemon := e.put(provider.Daemon, "daemon.d", "", provider.StateExited)
		e.before = func(_ context.Context, op, address string) error {
			if address == "volume.v" {
				return errFault
			}
			if op == "resume" {
				synctest.Wait() // until the volume's failure is taken in
			}
			return nil
		}
		c := configured("daemon.d", "volume.v", "container.a inside=daemon.d", "container.b inside=daemon.d", "container.c inside=daemon.d")
		var seen []string
		result, _ := apply(t, e, c, steps(t,
			"create volume.v", "start daemon.d object="+daemon,
			"create? container.a inside=daemon.d needs=1,2", "create? container.b inside=daemon.d needs=2", "create? container.c inside=daemon.d needs=2"),
			func(r *runner.ApplyRequest) {
				r.Parallelism = 2
				r.Refine = replan(t, &seen, "create container.a inside=daemon.d",
					"create container.b inside=daemon.d needs=1", "create container.c inside=daemon.d")
			})
		if got := e.called(); slices.Contains(got, "create container.a") {
			t.Errorf("calls %q", got)
		}
		if !strings.Contains(account(result), "done create container.c") {
			t.Error(account(result))
		}
	})
}

// What has to leave a daemon before it is replaced is removed in the place that
// was observed; what comes back is made in the new one.
func TestADaemonIsEmptiedBeforeItIsReplaced(t *testing.T) {
	t.Parallel()
	e := newEngine()
	daemon := e.put(provider.Daemon, "daemon.d", "", provider.StateRunning)
	inner := e.put(provider.Container, "container.x", "/daemon.d", provider.StateRunning)
	c := configured("daemon.d", "container.x inside=daemon.d")
	result, problems := apply(t, e, c, steps(t,
		"delete container.x inside=daemon.d object="+inner,
		"delete daemon.d needs=1 object="+daemon,
		"create daemon.d needs=2",
		"create container.x inside=daemon.d needs=3"))
	want(t, "problems", problems, "")
	want(t, "calls", strings.Join(e.called(), "\n"), "delete container.x\ndelete daemon.d\ncreate daemon.d\ncreate container.x")
	want(t, "result", account(result), "done delete container.x\ndone delete daemon.d\ndone create daemon.d\ndone create container.x")
}

// Killed after a container was created and before it was started, the next run
// starts it.
func TestTheNextRunStartsWhatWasCreated(t *testing.T) {
	t.Parallel()
	e := newEngine()
	e.after = func(string, string) error { return errFault }
	c := configured("container.a")
	first, _ := apply(t, e, c, steps(t, "create container.a"))
	e.after = nil
	second, problems := apply(t, e, c, steps(t, "start container.a object="+first.Left[0].ID))
	want(t, "problems", problems, "")
	want(t, "result", account(second), "done start container.a")
	want(t, "there", e.listing(), "/container.a running")
}

// Without a configuration everything can be removed, inner objects first.
func TestDestroyNeedsNoConfiguration(t *testing.T) {
	t.Parallel()
	e := newEngine()
	daemon := e.put(provider.Daemon, "daemon.d", "", provider.StateRunning)
	inner := e.put(provider.Job, "job.j", "/daemon.d", provider.StateExited)
	_, problems := apply(t, e, nil, steps(t, "delete job.j inside=daemon.d object="+inner, "delete daemon.d needs=1 object="+daemon))
	want(t, "problems", problems, "")
	want(t, "there", e.listing(), "")
}

// Observing tells apart what is readable, what is not, and what is known to be
// absent because neither the daemon nor its data is there.
func TestObserveTellsAbsentFromUnreadable(t *testing.T) {
	t.Parallel()
	e := newEngine()
	e.put(provider.Daemon, "daemon.up", "", provider.StateRunning)
	e.put(provider.Daemon, "daemon.deep", "/daemon.up", provider.StateExited)
	e.put(provider.Volume, "volume.images", "", "")
	got := observed(t, e,
		runner.WantedDaemon{Address: "daemon.up", Data: "daemon.up.data"},
		runner.WantedDaemon{Address: "daemon.deep", Inside: "daemon.up", Data: "daemon.deep.data"},
		runner.WantedDaemon{Address: "daemon.below", Inside: "daemon.deep", Data: "daemon.below.data"},
		runner.WantedDaemon{Address: "daemon.kept", Data: "volume.images"},
		runner.WantedDaemon{Address: "daemon.lent", Data: "volume.theirs", Foreign: true},
		runner.WantedDaemon{Address: "daemon.new", Data: "daemon.new.data"},
		runner.WantedDaemon{Address: "daemon.within", Inside: "daemon.new", Data: "daemon.within.data"},
	)
	var lines []string
	for address, s := range got.Inside {
		lines = append(lines, fmt.Sprintf("%s readable=%t absent=%t %s", address, s.Readable, s.Absent, s.Why))
	}
	slices.Sort(lines)
	want(t, "inside", strings.Join(lines, "\n"), strings.TrimSpace(`
daemon.below readable=false absent=false it is inside daemon.deep, which cannot be looked into
daemon.deep readable=false absent=false its container is exited
daemon.kept readable=false absent=false its container is not there, and its data may be
daemon.lent readable=false absent=false its container is not there, and its data may be
daemon.new readable=false absent=true 
daemon.up readable=true absent=false 
daemon.within readable=false absent=true`))
}

// A command runs in the object that an address names, at any depth; what is not
// there, or does not run, is said with what is.
func TestExecFindsItsObject(t *testing.T) {
	t.Parallel()
	e := newEngine()
	e.put(provider.Daemon, "daemon.d", "", provider.StateRunning)
	e.put(provider.Container, "container.x", "/daemon.d", provider.StateRunning)
	e.put(provider.Job, "job.j", "/daemon.d", provider.StateExited)
	e.put(provider.Container, "container.z", "/daemon.d", provider.StatePaused)
	e.put(provider.Network, "network.n", "", "")
	rows := map[string]string{
		"container.x": `id002 ran ls -l in "/daemon.d" (7)`,
		"job.j":       "It does not run: job.j (ci-job-j) is exited. It ran, and ended.",
		"container.z": "It is paused: container.z (ci-container-z) runs, and all its processes are frozen. `dindctl start container.z` has them go on.",
		"network.n":   "Nothing runs there: network.n is a network: it has no processes. Name a container, daemon, controller or job.",
		"container.y": `It is not there: Project "ci" has no container.y. Did you mean container.x? It has container.x, container.z, daemon.d, job.j, network.n.`,
	}
	for address, wanted := range rows {
		var out strings.Builder
		var resp provider.ExecResponse
		object, problems := runner.Running(observed(t, e), project, address)
		if !problems.HasErrors() {
			resp, problems = runner.Exec(t.Context(), e, object, provider.ExecRequest{Command: []string{"ls", "-l"}, Stdout: &out})
		}
		got := fmt.Sprintf("%s (%d)", out.String(), resp.ExitCode)
		if len(problems) > 0 {
			got = problems[0].Summary + ": " + problems[0].Detail
		}
		want(t, address, got, wanted)
	}
}

// What was planned from what was seen inside a daemon is done once: planning again
// what could not be foreseen there does not add it a second time.
func TestPlanningAgainDoesNotRepeatWhatWasPlanned(t *testing.T) {
	t.Parallel()
	e := newEngine()
	daemon := e.put(provider.Daemon, "daemon.d", "", provider.StateRunning)
	e.put(provider.Container, "container.old", "/daemon.d", provider.StateExited)
	c := configured("daemon.d", "container.old inside=daemon.d", "volume.new inside=daemon.d", "container.new inside=daemon.d")
	var seen []string
	result, problems := apply(t, e, c, steps(t,
		"delete daemon.d object="+daemon, "create daemon.d needs=1",
		"start? container.old inside=daemon.d needs=2 object=id002",
		"create volume.new inside=daemon.d needs=2", "create container.new inside=daemon.d needs=2,4"),
		func(r *runner.ApplyRequest) {
			r.Parallelism = 1
			r.Refine = func(plan.Observed, string) (plan.Refinement, diag.List) {
				seen = append(seen, "again")
				return plan.Refinement{Steps: steps(t, "start container.old inside=daemon.d object=id002",
					"create volume.new inside=daemon.d", "create container.new inside=daemon.d needs=1,2").Steps}, nil
			}
		})
	want(t, "problems", problems, "")
	want(t, "planned", strings.Join(seen, " "), "again")
	want(t, "calls", strings.Join(e.called(), "\n"), `
delete daemon.d
create daemon.d
create volume.new
create container.new
resume container.old`)
	want(t, "result", account(result), `
done delete daemon.d
done create daemon.d
done create volume.new
done create container.new
done start container.old
dropped start container.old`)
}

// What needs something that is there after all waits for what that one needs.
func TestADroppedStepHandsItsNeedsOn(t *testing.T) {
	t.Parallel()
	e := newEngine()
	daemon := e.put(provider.Daemon, "daemon.d", "", provider.StateExited)
	e.put(provider.Daemon, "daemon.e", "/daemon.d", provider.StateRunning)
	planned := make(chan struct{})
	e.before = func(_ context.Context, _, address string) error {
		if address == "image.i" {
			<-planned
			return errFault
		}
		return nil
	}
	c := configured("daemon.d", "image.i", "daemon.e inside=daemon.d", "container.x inside=daemon.d")
	var seen []string
	result, _ := apply(t, e, c, steps(t,
		"start daemon.d object="+daemon, "create image.i needs=1",
		"create? daemon.e inside=daemon.d needs=1,2", "create? container.x inside=daemon.d needs=3"),
		func(r *runner.ApplyRequest) {
			again := replan(t, &seen, "create daemon.e inside=daemon.d", "create container.x inside=daemon.d")
			r.Refine = func(o plan.Observed, daemon string) (plan.Refinement, diag.List) {
				defer close(planned)
				return again(o, daemon)
			}
		})
	want(t, "result", account(result), `
done start daemon.d
failed create image.i
skipped create container.x: image.i failed
dropped create daemon.e
dropped create container.x`)
}
