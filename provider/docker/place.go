package docker

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"

	"github.com/dindctl/dindctl/provider"
)

// openLimit is how long an engine inside may take to answer its first request.
const openLimit = 15 * time.Second

// Open leads into a daemon's container.
func (p *Provider) Open(ctx context.Context, req provider.OpenRequest) (provider.OpenResponse, error) {
	if req.Endpoint != "" {
		return p.openElsewhere(ctx, req)
	}
	parent, err := p.at(req.Parent)
	if err != nil {
		return provider.OpenResponse{}, err
	}
	dial, id, why, err := door(ctx, parent, req)
	if err != nil || why != "" {
		return provider.OpenResponse{Why: why}, err
	}
	place := provider.Place(string(req.Parent) + "/" + id)

	inside, err := p.enter(place, dial, maxTunnels)
	if err != nil {
		return provider.OpenResponse{}, err
	}
	limited, cancel := context.WithTimeout(ctx, openLimit)
	defer cancel()
	facts, err := inside.connect(limited)
	if err != nil {
		if ctx.Err() != nil {
			return provider.OpenResponse{}, ctx.Err()
		}
		return provider.OpenResponse{Why: "the engine inside does not answer: " + engineWords(err)}, nil
	}
	facts.Endpoint = "exec://" + req.ID + "/var/run/docker.sock"
	facts.Chosen = "the daemon's own socket, through an exec in its container"
	facts.FilesWhy = "the engine runs in a container"

	p.mu.Lock()
	defer p.mu.Unlock()
	if _, ok := p.places[place]; !ok {
		inside.facts = facts
		p.places[place] = inside
	}
	return provider.OpenResponse{Readable: true, Place: place, Facts: facts}, nil
}

// enter returns the place's engine: the one that is known, or a new one. The
// tunnels of an earlier start of the container are dropped as they fail.
func (p *Provider) enter(place provider.Place, dial dialFunc, limit int) (*engine, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if known, ok := p.places[place]; ok {
		return known, nil
	}
	return newEngine(place, dial, limit, p.waits)
}

// door finds the way into the object, or the reason why there is none now.
func door(ctx context.Context, parent *engine, req provider.OpenRequest) (dialFunc, string, string, error) {
	if req.Stream != nil {
		return dialFunc(req.Stream), req.ID, "", nil
	}
	c, err := parent.read.ContainerInspect(ctx, req.ID)
	switch {
	case errdefs.IsNotFound(err):
		return nil, "", "its container is gone", nil
	case err != nil:
		return nil, "", "", parent.problem(err, "reading the container", "", req.ID)
	case !c.State.Running || c.State.Paused || c.State.Restarting:
		return nil, "", closedWhy(c.State), nil
	}
	return func(ctx context.Context) (net.Conn, error) { return parent.tunnel(ctx, c.ID) }, c.ID, "", nil
}

func closedWhy(s *container.State) string {
	switch {
	case s.Paused:
		return "its container is paused"
	case s.Restarting:
		return fmt.Sprintf("its container keeps restarting (exit code %d)", s.ExitCode)
	case s.Status == "created":
		return "its container was never started"
	}
	return fmt.Sprintf("its container is stopped (exit code %d)", s.ExitCode)
}

// Dial opens a byte stream to the engine inside a container.
func (p *Provider) Dial(ctx context.Context, parent provider.Place, id string) (net.Conn, error) {
	e, err := p.at(parent)
	if err != nil {
		return nil, err
	}
	c, err := e.read.ContainerInspect(ctx, id)
	if err != nil {
		return nil, e.problem(err, "reading the container", "", id)
	}
	if !c.State.Running {
		return nil, &provider.Problem{Code: provider.NotReady, Summary: "The daemon cannot be reached", Detail: closedWhy(c.State) + "."}
	}
	return e.tunnel(ctx, c.ID)
}
