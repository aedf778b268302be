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
	place := provider.Place(string(req.Parent) + "/" + req.ID)
	dial, why, err := p.door(ctx, parent, req, place)
	if err != nil || why != "" {
		return provider.OpenResponse{Why: why}, err
	}

	inside, err := p.enter(place, way{dial: dial}, maxTunnels)
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
		return parent.unanswered(ctx, req, err)
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
func (p *Provider) enter(place provider.Place, w way, limit int) (*engine, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if known, ok := p.places[place]; ok {
		return known, nil
	}
	return newEngine(place, w, limit, p.waits)
}

// door finds the way into the object, or the reason why there is none now. An
// object that nobody was in yet is not looked at first: where its container does not
// run, the tunnel fails at once, and only then it is asked why. Into a paused one an
// earlier tunnel may still lead, through which nothing would answer.
func (p *Provider) door(ctx context.Context, parent *engine, req provider.OpenRequest, place provider.Place) (dial dialFunc, why string, err error) {
	if req.Stream != nil {
		return dialFunc(req.Stream), "", nil
	}
	if p.knows(place) {
		if why, err := parent.closed(ctx, req.ID); err != nil || why != "" {
			return nil, why, err
		}
	}
	return func(ctx context.Context) (net.Conn, error) { return parent.tunnel(ctx, req.ID) }, "", nil
}

func (p *Provider) knows(place provider.Place) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	_, ok := p.places[place]
	return ok
}

// unanswered says why the engine inside an object did not answer.
func (e *engine) unanswered(ctx context.Context, req provider.OpenRequest, answer error) (provider.OpenResponse, error) {
	if req.Stream == nil {
		if why, err := e.closed(ctx, req.ID); err != nil || why != "" {
			return provider.OpenResponse{Why: why}, err
		}
	}
	return provider.OpenResponse{Why: "the engine inside does not answer: " + engineWords(answer)}, nil
}

// closed says why nothing leads into a container now; empty where it runs.
func (e *engine) closed(ctx context.Context, id string) (string, error) {
	c, err := e.read.ContainerInspect(ctx, id)
	switch {
	case errdefs.IsNotFound(err):
		return "its container is gone", nil
	case err != nil:
		return "", e.problem(err, "reading the container", "", id)
	case !c.State.Running || c.State.Paused || c.State.Restarting:
		return closedWhy(c.State), nil
	}
	return "", nil
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
