// Package docker realises dindctl's nouns on Docker engines. It is the only
// importer of the Docker client.
//
// Start at [New]. A [Provider] knows the root engine (endpoint.go says how it is
// chosen) and the engines inside of daemon containers, which it reaches through
// tunnels (tunnel.go): each is an engine value (engine.go) under the name of a
// [provider.Place].
//
// Everything that plans uses an engine's reads: an interface without a method
// that changes anything, behind a transport that lets only GET and HEAD pass,
// and the one exec that opens a tunnel (transport.go). Everything that changes
// uses its write client.
//
// What dindctl knows about an object is in its labels (labels.go). What is
// wanted becomes an engine's create request in one pure function
// (request.go); what is there and what is wanted are brought into one form
// (view.go) and compared row by row of one table (table.go, diff.go).
package docker

import (
	"context"
	"errors"
	"sync"

	"github.com/hashicorp/go-hclog"

	"github.com/dindctl/dindctl/provider"
)

// Version is what the provider calls itself in its description.
const Version = "0.1.0"

// Provider implements [provider.Provider] and the optional powers that its
// description names.
type Provider struct {
	log hclog.Logger

	mu     sync.Mutex
	places map[provider.Place]*engine
	env    map[string]string // what Configure may read of the host process
	waits  patience          // with engines that are silent

	stopOnce sync.Once
	stopping chan struct{} // closed by Stop
}

// The powers, checked by the compiler.
var (
	_ provider.Provider = (*Provider)(nil)
	_ provider.Dialer   = (*Provider)(nil)
	_ provider.Execer   = (*Provider)(nil)
	_ provider.Logger   = (*Provider)(nil)
	_ provider.Stater   = (*Provider)(nil)
	_ provider.Carrier  = (*Provider)(nil)
	_ provider.Surveyor = (*Provider)(nil)
	_ provider.Prober   = (*Provider)(nil)
	_ provider.Preparer = (*Provider)(nil)
	_ provider.Locker   = (*Provider)(nil)
	_ provider.Halter   = (*Provider)(nil)
	_ provider.Copier   = (*Provider)(nil)
	_ provider.Stocker  = (*Provider)(nil)
)

// New returns a provider that is not configured yet. The logger may be nil.
func New(log hclog.Logger) provider.Provider {
	if log == nil {
		log = hclog.NewNullLogger()
	}
	return &Provider{log: log, places: map[provider.Place]*engine{}, stopping: make(chan struct{})}
}

// Describe says who the provider is and which attributes it adds.
func (p *Provider) Describe(context.Context) (provider.Description, error) {
	return provider.Description{
		Name:    "docker",
		Version: Version,
		Powers: []provider.Power{
			provider.PowerDial, provider.PowerExec, provider.PowerLogs, provider.PowerStat,
			provider.PowerCarry, provider.PowerSurvey, provider.PowerProbe, provider.PowerLock, provider.PowerPrepare,
			provider.PowerHalt, provider.PowerCopy, provider.PowerStock,
		},
		Schema: Schema(),
	}, nil
}

// Configure chooses the root engine and reaches it.
func (p *Provider) Configure(ctx context.Context, req provider.ConfigureRequest) (provider.ConfigureResponse, error) {
	chosen, err := chooseEndpoint(req, osFiles{})
	if err != nil {
		return provider.ConfigureResponse{}, err
	}
	w, err := chosen.way()
	if err != nil {
		return provider.ConfigureResponse{}, err
	}
	// The kernel lists the mounts of a busy host slowly: the engine is asked meanwhile.
	around := make(chan []string, 1)
	go func() { around <- containersAround(chosen, osFiles{}) }()
	var failed dialFailure
	waits, err := patienceOf(req.Environment)
	if err != nil {
		return provider.ConfigureResponse{}, err
	}
	w = failed.watch(w)
	root, err := newEngine(provider.Root, w, chosen.limit(), waits)
	if err != nil {
		return provider.ConfigureResponse{}, err
	}
	if root.facts, err = root.connect(ctx); err != nil {
		root.close()
		return provider.ConfigureResponse{}, chosen.problem(failed.or(err))
	}
	root.facts.Endpoint, root.facts.Chosen = chosen.url, chosen.chosen
	root.facts.Files, root.facts.FilesWhy, root.facts.Self = fileSharing(ctx, root, chosen, <-around)
	hostSide(root.facts, chosen)

	p.mu.Lock()
	old := p.places[provider.Root]
	p.places[provider.Root] = root
	p.env, p.waits = req.Environment, waits
	p.mu.Unlock()
	if old != nil {
		old.close()
	}
	p.log.Debug("root engine", "endpoint", chosen.url, "chosen", chosen.chosen, "api", root.facts.API)
	return provider.ConfigureResponse{Facts: root.facts}, nil
}

// own are the registry logins of who runs this process.
func (p *Provider) own() ownLogins {
	p.mu.Lock()
	defer p.mu.Unlock()
	return ownLogins{env: p.env, host: osFiles{}, ask: runHelper}
}

// Stop lets running calls finish and sends running jobs their stop signal.
func (p *Provider) Stop(context.Context) error {
	p.stopOnce.Do(func() { close(p.stopping) })
	return nil
}

// Close closes every connection and tunnel, the innermost first.
func (p *Provider) Close() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range byDepth(p.places) {
		e.close()
	}
	p.places = map[provider.Place]*engine{}
	return nil
}

// at returns the engine of a place.
func (p *Provider) at(place provider.Place) (*engine, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if e, ok := p.places[place]; ok {
		return e, nil
	}
	if place == provider.Root {
		return nil, errors.New("the provider is not configured")
	}
	return nil, errors.New("the place " + string(place) + " was not opened")
}
