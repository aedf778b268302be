package truth_test

import (
	"context"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/docker/docker/client"
	"github.com/google/go-cmp/cmp"

	"github.com/dindctl/dindctl/hcl"
	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/internal/runner"
	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/docker"
)

// world is an engine, and whoever else uses it. The generators know nothing else of
// it, so that they can be let loose on a real one.
type world interface {
	// host is how a client reaches it.
	host() string
	// happened are the events since it was last asked.
	happened() []happening
	// restart ends the engine and starts it again.
	restart()
	// put brings a container into a state by other means than its API; false where it
	// cannot.
	put(id, state string) bool
	// bereft are the names of what runs in namespaces of a run that is over.
	bereft() []string
	// another is a world with nothing in it, which ends with the function that is
	// returned: what became of edits is compared with what is made there.
	another() (world, func(), error)
}

// memory is an engine in memory, behind a socket.
type memory struct {
	*engine
	socket string
}

func (m *memory) host() string { return "unix://" + m.socket }

func (m *memory) another() (world, func(), error) {
	other, end, err := newMemory(m.api)
	return other, end, err
}

// put writes the states that a container gets into by itself.
func (m *memory) put(id, state string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.containers[id]
	if c == nil {
		return false
	}
	switch state {
	case "running":
		if c.State.Restarting {
			c.State.Running, c.State.Restarting = false, false
			return m.start(c) == nil
		}
	case "restarting":
		if !running(c) || c.State.Paused {
			return false
		}
		m.release(c)
		c.State.Status, c.State.Restarting, c.State.ExitCode = "restarting", true, 1
	case "dead":
		if running(c) {
			m.end(c, 137)
		}
		c.State.Status, c.State.Dead = "dead", true
	case "created":
		if running(c) {
			m.end(c, 137)
		}
		c.State.Status, c.State.StartedAt, c.State.FinishedAt, c.State.ExitCode = "created", never, never, 0
	default:
		return false
	}
	return true
}

// newMemory starts an engine in memory; it ends with the function that is returned.
func newMemory(api string) (*memory, func(), error) {
	dir, err := os.MkdirTemp("", "truth-") // the name of a socket may have 108 bytes
	if err != nil {
		return nil, nil, err
	}
	m := &memory{newEngine(api), filepath.Join(dir, "engine.sock")}
	listener, err := net.Listen("unix", m.socket)
	if err != nil {
		return nil, nil, err
	}
	server := &http.Server{Handler: m.engine, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }()
	return m, func() {
		_ = server.Close()
		_ = os.RemoveAll(dir)
	}, nil
}

// user is dindctl, in this process, and the hands of somebody else at one engine.
type user struct {
	world
	dir   string
	p     provider.Provider
	facts provider.Facts
	hand  *client.Client
}

func newUser(ctx context.Context, w world) (*user, error) {
	dir, err := os.MkdirTemp("", "truth-files-")
	if err != nil {
		return nil, err
	}
	hand, err := client.NewClientWithOpts(client.WithHost(w.host()), client.WithAPIVersionNegotiation())
	if err != nil {
		return nil, err
	}
	u := &user{world: w, dir: dir, hand: hand}
	return u, u.connect(ctx)
}

// connect reaches the engine, again after it was restarted.
func (u *user) connect(ctx context.Context) error {
	if u.p != nil {
		_ = u.p.Close()
	}
	u.p = docker.New(nil)
	resp, err := u.p.Configure(ctx, provider.ConfigureRequest{Environment: map[string]string{"DOCKER_HOST": u.host(), "DOCKER_BUILDKIT": "0"}})
	u.facts = resp.Facts
	return err
}

func (u *user) close() {
	_ = u.p.Close()
	_ = u.hand.Close()
	_ = os.RemoveAll(u.dir)
}

// planned is a plan with what it was made from.
type planned struct {
	*plan.Plan
	in     plan.Input
	wanted runner.ObserveRequest
}

// valid tells whether a configuration is one.
func (u *user) valid(c configuration) diag.List {
	cfg, problems := u.load(c)
	if problems.HasErrors() {
		return problems
	}
	_, problems = config.Expand(cfg, docker.Schema(), config.Known{})
	return problems
}

func (u *user) load(c configuration) (*config.Config, diag.List) { return u.loadText(c.text()) }

func (u *user) loadText(text string) (*config.Config, diag.List) {
	if err := os.WriteFile(filepath.Join(u.dir, "main.hcl"), []byte(text), 0o600); err != nil {
		return nil, diag.Errorf("No file", "%v", err)
	}
	cfg, _, problems := hcl.Load(hcl.LoadRequest{Path: "main.hcl", Cwd: u.dir, MachineID: "truth"})
	return cfg, problems
}

// plan plans as the command does.
func (u *user) plan(ctx context.Context, c configuration) (planned, diag.List) {
	return u.planText(ctx, c.text())
}

// planText plans what stands in a file.
func (u *user) planText(ctx context.Context, text string) (planned, diag.List) {
	cfg, problems := u.loadText(text)
	if problems.HasErrors() {
		return planned{}, problems
	}
	schema := docker.Schema()
	expanded, problems := config.Expand(cfg, schema, config.Known{})
	if problems.HasErrors() {
		return planned{}, problems
	}
	wanted := runner.Wanted(cfg.Project, expanded)
	observed, problems := runner.Observe(ctx, u.p, u.facts, wanted)
	if problems.HasErrors() {
		return planned{}, problems
	}
	cfg.Names = observed.KeptNames(cfg.Project, cfg.KeepsName)
	in := plan.Input{
		Project: cfg.Project, Origin: cfg.Origin, Observed: observed, Diff: runner.Differ(ctx, u.p), DataLoss: true, Volumes: true, Images: true,
		Expand: func(known config.Known) (*config.Expanded, diag.List) { return config.Expand(cfg, schema, known) },
	}
	p, problems := plan.Make(in)
	return planned{p, in, wanted}, problems
}

// apply carries a plan out.
func (u *user) apply(ctx context.Context, p planned) diag.List {
	_, problems := runner.Apply(ctx, runner.ApplyRequest{
		Plan: p.Plan, Provider: u.p, Observed: p.in.Observed, Observe: p.wanted, Differ: p.in.Diff, Expanded: p.Expanded,
		Refine: runner.Refiner(p.in, p.Plan),
	})
	return problems
}

// The engine in memory does what it is asked for, and tells of it: what is made of each
// kind is announced by one event, is there, and is planned without a difference.
func TestTheEngineInMemory(t *testing.T) {
	t.Parallel()
	for _, api := range []string{api2010, api285} {
		m, end, err := newMemory(api)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(end)
		u, err := newUser(t.Context(), m)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(u.close)
		c := configuration{Blocks: []block{
			{ID: 1, Kind: provider.Network, Label: "n"},
			{ID: 2, Kind: provider.Volume, Label: "v"},
			{ID: 3, Kind: provider.Image, Label: "i"},
			{ID: 4, Kind: provider.Container, Label: "c", Networks: []int{1}, Volumes: []int{2}, Image: 3},
			{ID: 5, Kind: provider.Job, Label: "j"},
		}}
		p, problems := u.plan(t.Context(), c)
		if problems.HasErrors() {
			t.Fatalf("API %s: %s", api, problemsText(problems))
		}
		if problems := u.apply(t.Context(), p); problems.HasErrors() {
			t.Fatalf("API %s: %s", api, problemsText(problems))
		}
		made := map[string]int{}
		for _, e := range u.happened() {
			if e.Action == "create" || e.Action == "tag" {
				made[e.Type+" "+e.Name+" "+e.Address]++
			}
		}
		want := map[string]int{
			"network truth-n network.n": 1, "volume truth-v volume.v": 1, "image truth-i:latest image.i": 1,
			"container truth-c container.c": 1, "container truth-j job.j": 1,
		}
		if d := cmp.Diff(want, made); d != "" {
			t.Errorf("API %s: events (-want +got):\n%s", api, d)
		}
		if p, problems = u.plan(t.Context(), c); problems.HasErrors() || !p.Clean {
			t.Errorf("API %s: the plan after the apply: %s %s", api, p.Plan, problemsText(problems))
		}
	}
}
