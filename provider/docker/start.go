package docker

import (
	"context"
	"fmt"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"

	"github.com/dindctl/dindctl/provider"
)

// start starts a container, unless it runs.
func (e *engine) start(ctx context.Context, decl provider.Declaration, c container.InspectResponse, say events) error {
	if c.State.Paused {
		return e.problem(e.write.ContainerUnpause(ctx, c.ID), "continuing the container", decl.Address, decl.Name)
	}
	if c.State.Running {
		return nil
	}
	var around []string
	if decl.Kind != provider.Job { // a run that ends is never restarted
		var err error
		if around, err = e.startsAround(ctx, c.HostConfig); err != nil {
			return e.problem(err, "reading whose namespaces it shares:", decl.Address, decl.Name)
		}
	}
	say.phase(provider.PhaseStart, "")
	err := e.write.ContainerStart(ctx, c.ID, container.StartOptions{})
	if err == nil || errdefs.IsNotModified(err) {
		return e.problem(e.noteOrder(ctx, c.ID, around), "recording the start of", decl.Address, decl.Name)
	}
	return startProblem(e, decl, err)
}

// startProblem says why a container did not start, with the port or the mount that it was.
func startProblem(e *engine, decl provider.Declaration, err error) error {
	problem := e.problem(err, "starting the container", decl.Address, decl.Name)
	known, ok := problem.(*provider.Problem) //nolint:errorlint // what problem returns, as it is
	if !ok {
		return problem
	}
	if port := portIn(err.Error()); port != "" && known.Code == provider.Conflict {
		known.Summary = "Port " + port + " is taken"
		known.Path = "ports"
	}
	return known
}

// runtimeWords shortens what an OCI runtime says through several layers.
func runtimeWords(text string) string {
	if i := strings.LastIndex(text, "caused:"); i >= 0 {
		text = text[i+len("caused:"):]
	}
	return strings.TrimSpace(text)
}

// ended describes an end for people.
func ended(s *container.State) string {
	text := fmt.Sprintf("It ended with exit code %d", s.ExitCode)
	switch {
	case s.OOMKilled:
		text += " (killed for want of memory)"
	case s.Error != "":
		text += " (" + runtimeWords(s.Error) + ")"
	}
	return text + "."
}
