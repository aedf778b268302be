package runner_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/internal/runner"
	"github.com/dindctl/dindctl/provider"
)

// halter is the engine with what stops and starts objects.
type halter struct{ *engine }

func newHalter() halter {
	e := newEngine()
	e.powers = append(e.powers, provider.PowerHalt)
	return halter{e}
}

func (h halter) Halt(ctx context.Context, req provider.HaltRequest, _ provider.Sink) (provider.HaltResponse, error) {
	return provider.HaltResponse{}, h.call(ctx, "halt", req.ID)
}

func (h halter) Wake(ctx context.Context, req provider.WakeRequest, _ provider.Sink) (provider.WakeResponse, error) {
	return provider.WakeResponse{}, h.call(ctx, "wake", req.ID)
}

// lasting is an object as an engine shows it.
func lasting(kind provider.Kind, address, id string, state provider.State, deps ...string) provider.Object {
	return provider.Object{
		ID: id, Kind: kind, Name: name(address), Condition: provider.Condition{State: state},
		Owner: provider.Ownership{Project: project, Address: address, Kind: kind, Schema: 1, Deps: deps},
	}
}

// closed is the request to end, made already.
func closed() <-chan struct{} {
	out := make(chan struct{})
	close(out)
	return out
}

// What is inside a daemon and says that it is that daemon leads nowhere.
func TestStoppingWhatSaysThatItIsItsOwnDaemonEnds(t *testing.T) {
	t.Parallel()
	h := newHalter()
	within := func(place provider.Place, objects ...provider.Object) plan.Snapshot {
		for i := range objects {
			objects[i].Place = place
		}
		return plan.Snapshot{Place: place, Readable: true, Objects: objects}
	}
	observed := plan.Observed{
		Root: within(provider.Root, lasting(provider.Daemon, "daemon.z", "z", provider.StateRunning)),
		Inside: map[string]plan.Snapshot{
			"daemon.z": within("/z", lasting(provider.Daemon, "daemon.b", "b", provider.StateRunning)),
			"daemon.b": within("/z/b", lasting(provider.Container, "daemon.b", "forged", provider.StateRunning), lasting(provider.Container, "container.web", "web", provider.StateRunning)),
		},
	}
	_, problems := runner.Halt(t.Context(), runner.HaltRequest{
		Provider: h, Observed: observed, Project: project, Addresses: []string{"daemon.z"}, Sink: func(runner.Event) {},
	})
	if len(h.called()) == 0 && !problems.HasErrors() {
		t.Errorf("nothing was stopped, and nothing said: %v", problems)
	}
}

// Where it takes long to see what needs what, a request to end is heard before
// anything is begun.
func TestFindingWhatToStartEndsOnRequest(t *testing.T) {
	t.Parallel()
	const n = 3000 // without asking, 27,000,000,000 comparisons
	var objects []provider.Object
	for i := range n {
		o := lasting(provider.Container, fmt.Sprintf("container.c%04d", i), fmt.Sprintf("%d", i), provider.StateExited)
		if i > 0 {
			o.Owner.Deps = []string{fmt.Sprintf("container.c%04d", i-1)}
		}
		objects = append(objects, o)
	}
	for name, end := range map[string]func(*runner.HaltRequest, context.CancelFunc){
		"first request":  func(req *runner.HaltRequest, _ context.CancelFunc) { req.Stop = closed() },
		"second request": func(_ *runner.HaltRequest, cancel context.CancelFunc) { cancel() },
	} {
		for verb, do := range map[string]func(context.Context, runner.HaltRequest) (runner.HaltResult, diag.List){"start": runner.Wake, "stop": runner.Halt} {
			t.Run(verb+", "+name, func(t *testing.T) {
				t.Parallel()
				h := newHalter()
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				req := runner.HaltRequest{
					Provider: h, Project: project, Sink: func(runner.Event) {},
					Observed: plan.Observed{Root: plan.Snapshot{Place: provider.Root, Readable: true, Objects: append([]provider.Object{}, objects...)}},
				}
				if verb == "start" {
					req.Addresses = []string{fmt.Sprintf("container.c%04d", n-1)}
				} else {
					for i := range req.Observed.Root.Objects {
						req.Observed.Root.Objects[i].Condition.State = provider.StateRunning
					}
				}
				end(&req, cancel)
				_, problems := do(ctx, req)
				if len(problems) != 1 || problems[0].Code != "interrupted" || len(h.called()) > 0 {
					t.Errorf("problems %v, calls %v", problems, h.called())
				}
			})
		}
	}
}

// A daemon in which something else is stopped each time that one looks is given up.
func TestStartingEndsWhereThereIsEverMore(t *testing.T) {
	t.Parallel()
	h := newHalter()
	looks := 0
	look := func(context.Context) (plan.Observed, diag.List) {
		looks++
		return plan.Observed{Root: plan.Snapshot{Place: provider.Root, Readable: true, Objects: []provider.Object{
			lasting(provider.Daemon, "daemon.d", fmt.Sprintf("new%d", looks), provider.StateExited),
		}}}, nil
	}
	first, _ := look(t.Context())
	_, problems := runner.Wake(t.Context(), runner.HaltRequest{Provider: h, Observed: first, Project: project, Look: look, Sink: func(runner.Event) {}})
	if len(problems) != 1 || problems[0].Code != "engine-answer" || looks > 30 {
		t.Errorf("after %d looks: %v", looks, problems)
	}
}

// everDead is an engine whose lock always has another holder, who is always dead.
type everDead struct {
	*engine
	calls int
}

func (e *everDead) Lock(_ context.Context, _ string, holder provider.Holder) (provider.Holder, bool, error) {
	e.calls++
	holder.Nonce, holder.Who = fmt.Sprintf("dead%d", e.calls), "x@y"
	return holder, false, nil
}

func (e *everDead) Unlock(context.Context, string, string) error { return nil }

// Taking over from dead holders ends, where there is always another one.
func TestTakingOverFromTheDeadEnds(t *testing.T) {
	t.Parallel()
	e := &everDead{engine: newEngine()}
	req := lockRequest(t.TempDir()+"/locks", e.engine)
	req.Locker = e
	_, problems := runner.Lock(t.Context(), req)
	if !problems.HasErrors() || problems[0].Code != "locked" || e.calls > 30 {
		t.Errorf("after %d calls: %v", e.calls, problems)
	}
}

// A lock on this machine is not waited for by whoever was asked to end before.
func TestALockIsNotTakenAfterTheEnd(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, problems := runner.Lock(ctx, runner.LockRequest{Dir: t.TempDir() + "/locks", EngineID: "engine", Project: project})
	want(t, "problems", text(problems), "error: Waiting for the project's lock was interrupted: It was interrupted.")
}

// Where planning again what is inside a daemon ends on request, its steps were not
// begun, like all others; it is no failure of the daemon.
func TestPlanningAgainEndsOnRequest(t *testing.T) {
	t.Parallel()
	e := newEngine()
	daemon := e.put(provider.Daemon, "daemon.d", "", provider.StateExited)
	stop := make(chan struct{})
	result, problems := apply(t, e, configured("daemon.d", "job.x inside=daemon.d"),
		steps(t, "start daemon.d object="+daemon, "create? job.x inside=daemon.d needs=1"),
		func(r *runner.ApplyRequest) {
			r.Stop = stop
			r.Refine = func(plan.Observed, string) (plan.Refinement, diag.List) {
				close(stop)
				return plan.Refinement{}, diag.Interrupted("What is inside daemon.d was not planned again.")
			}
		})
	want(t, "result", account(result), "done start daemon.d\nskipped create job.x: the run was interrupted")
	want(t, "problems", problems, ":0 : The run was interrupted: What was begun is finished, and the rest was not begun. Run the command again to go on from here.")
	if calls := strings.Join(e.called(), " "); strings.Contains(calls, "job.x") {
		t.Errorf("calls %s", calls)
	}
}
