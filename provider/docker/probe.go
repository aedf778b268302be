package docker

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/dindctl/dindctl/provider"
)

// probeLimit is how long a path that is expected to work may take to do so.
const probeLimit = 20 * time.Second

// Probe asks, from inside a controller, the engine that it is meant to call:
// with its own docker CLI, or, where it has none, by a helper in its position.
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
		result, err := e.run(limited, req.ID, []string{"docker", "version", "--format", "{{.Server.Version}}"}, plainCLI())
		switch {
		case err != nil && ctx.Err() != nil:
			return provider.ProbeResponse{}, ctx.Err()
		case err != nil && limited.Err() == nil && !noSuchCommand(err.Error()):
			return provider.ProbeResponse{}, e.problem(err, "running docker version in", req.Declaration.Address, req.Declaration.Name)
		case err != nil && noSuchCommand(err.Error()) || err == nil && (result.code == 126 || result.code == 127) && noSuchCommand(result.output):
			return e.probeBeside(ctx, req, say)
		case err == nil && result.code == 0:
			return provider.ProbeResponse{How: "docker version, run in it", Answer: result.output}, e.sameEngine(limited, req)
		case err == nil:
			last = result.output
		}
		if usesSocket(req.Declaration) { // that engine runs: no time makes it better
			return provider.ProbeResponse{}, e.unproved(ctx, req, "`docker version`, run in "+req.Declaration.Name, last)
		}
		select {
		case <-limited.Done():
			if ctx.Err() != nil {
				return provider.ProbeResponse{}, ctx.Err()
			}
			return provider.ProbeResponse{}, e.unproved(ctx, req, "`docker version`, run in "+req.Declaration.Name, last)
		case <-again.C:
		}
	}
}

// probeBeside calls the controller's engine from a helper that has its network,
// its mounts, its user and its variables.
func (e *engine) probeBeside(ctx context.Context, req provider.ProbeRequest, say events) (provider.ProbeResponse, error) {
	const how = "it has no docker CLI: called from a container in its place"
	say.phase(provider.PhaseProve, how)
	c, err := e.read.ContainerInspect(ctx, req.ID)
	if err != nil {
		return provider.ProbeResponse{}, e.problem(err, "reading the container", req.Declaration.Address, req.Declaration.Name)
	}
	h := e.besideOf(ctx, c)
	h.command = []string{"engine"}
	answer, err := e.runHelper(ctx, h)
	var none noHelper
	switch {
	case errors.As(err, &none):
		return provider.ProbeResponse{How: "not proved: it has no docker CLI, and " + none.why}, nil
	case err != nil && ctx.Err() != nil:
		return provider.ProbeResponse{}, ctx.Err()
	case err != nil:
		return provider.ProbeResponse{}, e.unproved(ctx, req, "The call of its engine, from a container in the place of "+req.Declaration.Name, engineWords(err))
	}
	version, id, _ := strings.Cut(answer, " ")
	if usesSocket(req.Declaration) && e.facts.ID != "" && id != e.facts.ID {
		return provider.ProbeResponse{}, e.otherEngine(ctx, req, id)
	}
	return provider.ProbeResponse{How: how, Answer: version}, nil
}

// sameEngine makes sure, where a socket is meant, that it is the socket's engine
// that answers: a DOCKER_HOST of the image may lead to another.
func (e *engine) sameEngine(ctx context.Context, req provider.ProbeRequest) error {
	if !usesSocket(req.Declaration) || e.facts.ID == "" {
		return nil
	}
	result, err := e.run(ctx, req.ID, []string{"docker", "info", "--format", "{{.ID}}"}, plainCLI())
	if err == nil && result.code == 0 && !strings.Contains(result.output, e.facts.ID) {
		return e.otherEngine(ctx, req, oneLine(result.output))
	}
	return nil // it did answer a moment ago
}

// plainCLI keeps a docker CLI from adding advice to what it is asked for.
func plainCLI() []string { return []string{"DOCKER_CLI_HINTS=false"} }

// usesSocket tells whether a controller's daemon is the engine behind a mounted socket.
func usesSocket(decl provider.Declaration) bool { return boundSocket(decl) != "" }

func (e *engine) otherEngine(ctx context.Context, req provider.ProbeRequest, id string) error {
	return &provider.Problem{
		Code: provider.NotReady, Address: req.Declaration.Address, Path: "daemon", Summary: "Another engine than its daemon answers it",
		Detail: fmt.Sprintf("The socket of engine %s (%s) is mounted into %s, but a docker CLI in it is answered by the engine %s.%s "+
			"Set DOCKER_HOST = \"unix://%s\" in its environment, or declare the daemon that is meant.",
			e.facts.Name, e.facts.ID, req.Declaration.Name, id, e.hostVariable(ctx, req.ID), socketTarget),
	}
}

// hostVariable is a sentence about a container's DOCKER_HOST, with a leading blank, or empty.
func (e *engine) hostVariable(ctx context.Context, id string) string {
	c, err := e.read.ContainerInspect(ctx, id)
	if err != nil {
		return ""
	}
	if host := environmentMap(c.Config.Env)["DOCKER_HOST"]; host != "" {
		return " Its DOCKER_HOST is " + host + "."
	}
	return ""
}

// tellHostVariable warns where a container's image leads its docker CLI past the
// socket that is mounted.
func tellHostVariable(decl provider.Declaration, env []string, say events) {
	host := environmentMap(env)["DOCKER_HOST"]
	if _, own := valuesOf(decl.Declared).mapping("environment")["DOCKER_HOST"]; own || host == "" || !usesSocket(decl) {
		return
	}
	if host != "unix://"+socketTarget && host != "unix:///run/docker.sock" {
		say.phase(provider.PhaseMessage, "its image sets DOCKER_HOST to "+host+": a docker CLI in it uses that, not the socket that is mounted")
	}
}

func noSuchCommand(text string) bool {
	return strings.Contains(text, "executable file not found") || strings.Contains(text, "no such file or directory")
}

func (e *engine) unproved(ctx context.Context, req provider.ProbeRequest, what, said string) error {
	advice := "Check its DOCKER_HOST, its networks and its certificates."
	if usesSocket(req.Declaration) {
		advice = "Check its DOCKER_HOST, its user and the groups of the socket."
	}
	return &provider.Problem{
		Code: provider.NotReady, Address: req.Declaration.Address, Summary: "Its daemon does not answer it",
		Detail: fmt.Sprintf("%s, fails: %s.%s %s", what, oneLine(said), e.hostVariable(ctx, req.ID), advice),
	}
}

// oneLine is output for the middle of a sentence.
func oneLine(text string) string {
	return strings.TrimSuffix(strings.Join(strings.Fields(text), " "), ".")
}
