package providertest

import (
	"context"
	"fmt"
	"sync"

	"github.com/dindctl/dindctl/provider"
)

// Options are what a [Memory] is made with.
type Options struct {
	// File keeps the state in a file that several processes may use at once;
	// empty: the state is in this process alone.
	File string
	// Registry holds the names of images that any engine can pull; nil: those of
	// [DefaultImages].
	Registry []string
	// Images are there on the root engine from the beginning.
	Images []string
	// Facts are the root engine's, where they shall not be the usual ones.
	Facts *provider.Facts
	// Fault, where it is not nil, is asked around every effect on an engine, and an
	// error of it fails the call there. Op is the verb before the effect and its past
	// after it: create/created, start/started, update/updated, delete/deleted,
	// carry/carried, pull/pulled, lock/locked, unlock/unlocked, halt/halted, copy/copied; ready stands alone,
	// before an object is found ready. N counts all questions from 1.
	Fault func(op string, n int) error
}

// DefaultImages are the images that can be pulled unless [Options.Registry] says otherwise.
func DefaultImages() []string {
	return []string{
		"bash", "debian", "docker:28-dind", "docker:28-cli",
		"dindctl.local/bash", "dindctl.local/dind", "dindctl.local/controller",
	}
}

// Memory is a provider without an engine: one connection to a world of objects.
// It implements every power.
//
// Jobs interpret a tiny table of commands: ["echo", "x"], ["exit", "1"],
// ["sleep", "1d"] (until it is stopped), ["cat"], ["true"], ["false"], and
// ["sh", "-c", "…"] with some of these, separated by semicolons and perhaps sent to
// standard error by >&2; every other command prints "ok".
type Memory struct {
	world *world

	hook func(context.Context, Effect) error // nil for none
	once sync.Once
	stop chan struct{} // closed by Stop
}

var (
	_ provider.Provider = (*Memory)(nil)
	_ provider.Dialer   = (*Memory)(nil)
	_ provider.Execer   = (*Memory)(nil)
	_ provider.Logger   = (*Memory)(nil)
	_ provider.Stater   = (*Memory)(nil)
	_ provider.Carrier  = (*Memory)(nil)
	_ provider.Surveyor = (*Memory)(nil)
	_ provider.Prober   = (*Memory)(nil)
	_ provider.Preparer = (*Memory)(nil)
	_ provider.Locker   = (*Memory)(nil)
	_ provider.Halter   = (*Memory)(nil)
	_ provider.Copier   = (*Memory)(nil)
	_ provider.Stocker  = (*Memory)(nil)
)

// NewMemory makes an empty world and a connection to it.
func NewMemory(opts Options) *Memory {
	if opts.Registry == nil {
		opts.Registry = DefaultImages()
	}
	w := &world{opts: opts, schema: MemorySchema(), state: newState(), changed: make(chan struct{})}
	for _, name := range opts.Images {
		w.state.image(rootEngine, name, imageID(name))
	}
	return &Memory{world: w, stop: make(chan struct{})}
}

// Connect returns another connection to the same world, as a second process has one.
func (m *Memory) Connect() *Memory {
	return m.Through(nil)
}

// Mutations counts the effects on engines so far, by verb.
func (m *Memory) Mutations() map[string]int {
	out := map[string]int{}
	_ = m.world.look(func(s *state) {
		for op, n := range s.Counts {
			out[op] = n
		}
	})
	return out
}

// Describe implements [provider.Provider].
func (m *Memory) Describe(context.Context) (provider.Description, error) {
	return provider.Description{
		Name: "memory", Version: "1.0", Schema: m.world.schema,
		Powers: []provider.Power{
			provider.PowerDial, provider.PowerExec, provider.PowerLogs, provider.PowerStat,
			provider.PowerCarry, provider.PowerSurvey, provider.PowerProbe, provider.PowerLock, provider.PowerPrepare,
			provider.PowerHalt, provider.PowerCopy, provider.PowerStock,
		},
	}, nil
}

// Configure implements [provider.Provider]. The endpoint "memory://unreachable" is not reachable.
func (m *Memory) Configure(ctx context.Context, req provider.ConfigureRequest) (provider.ConfigureResponse, error) {
	if err := ctx.Err(); err != nil {
		return provider.ConfigureResponse{}, err
	}
	facts := factsOf(rootEngine)
	facts.Files = provider.FilesShared
	if m.world.opts.Facts != nil {
		facts = *m.world.opts.Facts
	}
	facts.Chosen = "default"
	if req.Endpoint != "" {
		facts.Endpoint, facts.Chosen = req.Endpoint, "-H"
	}
	if facts.Endpoint == "memory://unreachable" {
		return provider.ConfigureResponse{}, &provider.Problem{
			Code: provider.Unreachable, Summary: "The engine does not answer",
			Detail: fmt.Sprintf("%s (chosen by %s) does not answer.", facts.Endpoint, facts.Chosen),
		}
	}
	return provider.ConfigureResponse{Facts: facts}, nil
}

func factsOf(engine string) provider.Facts {
	return provider.Facts{
		ID: "memory-" + engine, Name: engine, Version: "1.0", API: "1.41", OS: "linux", Arch: "amd64",
		Endpoint: "memory://" + engine, Files: provider.FilesUnknown, FilesWhy: "nothing in memory has files",
		Details: map[string]string{"storage_driver": "memory"},
	}
}

// Stop implements [provider.Provider]: jobs that this connection waits for get their stop signal.
func (m *Memory) Stop(context.Context) error {
	m.once.Do(func() { close(m.stop) })
	return nil
}

// Close implements [provider.Provider].
func (m *Memory) Close() error { return nil }
