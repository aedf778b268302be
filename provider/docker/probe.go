package docker

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/dindctl/dindctl/provider"
)

// probeLimit is how long a path that is expected to work may take to do so.
const probeLimit = 20 * time.Second

// Probe asks, from inside a controller, the engine that it is meant to call.
func (p *Provider) Probe(ctx context.Context, req provider.ProbeRequest, sink provider.Sink) (provider.ProbeResponse, error) {
	e, err := p.at(req.Place)
	if err != nil {
		return provider.ProbeResponse{}, err
	}
	say := newEvents(sink, req.Declaration.Address)
	say.phase(provider.PhaseProve, "docker version, run in it")
	limited, cancel := context.WithTimeout(ctx, probeLimit)
	defer cancel()
	again := time.NewTicker(500 * time.Millisecond)
	defer again.Stop()
	last := "it took too long"
	for {
		result, err := e.run(limited, req.ID, []string{"docker", "version", "--format", "{{.Server.Version}}"}, nil)
		switch {
		case err != nil && ctx.Err() != nil:
			return provider.ProbeResponse{}, ctx.Err()
		case err != nil && limited.Err() == nil && !noSuchCommand(err.Error()):
			return provider.ProbeResponse{}, e.problem(err, "running docker version in", req.Declaration.Address, req.Declaration.Name)
		case err != nil && noSuchCommand(err.Error()) || err == nil && (result.code == 126 || result.code == 127) && noSuchCommand(result.output):
			return provider.ProbeResponse{How: "not proved: it has no docker CLI"}, nil
		case err == nil && result.code == 0:
			return provider.ProbeResponse{How: "docker version, run in it", Answer: result.output}, nil
		case err == nil:
			last = result.output
		}
		select {
		case <-limited.Done():
			if ctx.Err() != nil {
				return provider.ProbeResponse{}, ctx.Err()
			}
			return provider.ProbeResponse{}, unproved(req, last)
		case <-again.C:
		}
	}
}

func noSuchCommand(text string) bool {
	return strings.Contains(text, "executable file not found") || strings.Contains(text, "no such file or directory")
}

func unproved(req provider.ProbeRequest, said string) error {
	return &provider.Problem{
		Code: provider.NotReady, Address: req.Declaration.Address, Summary: "Its daemon does not answer it",
		Detail: fmt.Sprintf("`docker version`, run in %s, fails: %s. Check its DOCKER_HOST, its networks and its certificates.",
			req.Declaration.Name, strings.TrimSuffix(strings.ReplaceAll(said, "\n", " "), ".")),
	}
}
