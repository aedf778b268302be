package docker

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"

	"github.com/dindctl/dindctl/provider"
)

// Delete stops and removes an object of the project.
func (p *Provider) Delete(ctx context.Context, req provider.DeleteRequest, sink provider.Sink) (provider.DeleteResponse, error) {
	e, err := p.at(req.Place)
	if err != nil {
		return provider.DeleteResponse{}, err
	}
	say := newEvents(sink, "")
	switch req.Kind {
	case provider.Network:
		return provider.DeleteResponse{}, p.deleteNetwork(ctx, e, req, say)
	case provider.Volume:
		return provider.DeleteResponse{}, p.deleteVolume(ctx, e, req, say)
	case provider.Image:
		return provider.DeleteResponse{}, p.deleteImage(ctx, e, req, say)
	case provider.Container, provider.Daemon, provider.Controller, provider.Job, provider.Guard:
	}
	return provider.DeleteResponse{}, p.deleteContainer(ctx, e, req, say)
}

func (p *Provider) deleteContainer(ctx context.Context, e *engine, req provider.DeleteRequest, say events) error {
	c, err := e.read.ContainerInspect(ctx, req.ID)
	if errdefs.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return e.problem(err, "reading the container", "", req.ID)
	}
	owner, err := e.mayChangeContainer(ctx, req.Project, c)
	if err != nil {
		return err
	}
	say.address = owner.Address
	ctx = withVoice(ctx, say)
	if c.State.Status != "removing" && (c.State.Running || c.State.Restarting) {
		say.phase(provider.PhaseStop, "")
		if err := e.write.ContainerStop(withGrace(ctx, stopGrace(c)), c.ID, container.StopOptions{}); err != nil && !errdefs.IsNotFound(err) {
			return e.problem(err, "stopping the container", owner.Address, c.Name[1:])
		}
	}
	say.phase(provider.PhaseRemove, "")
	if err := e.remove(ctx, c.ID); err != nil {
		return err
	}
	if err := errors.Join(e.forgetChanges(ctx, c.ID), e.unmark(ctx, c.ID)); err != nil {
		return e.problem(err, "removing the record of changes of", owner.Address, c.Name[1:])
	}
	if len(livesIn(c.HostConfig)) > 0 {
		if err := e.forgetOrder(ctx, c.ID); err != nil {
			return e.problem(err, "removing the record of the order of", owner.Address, c.Name[1:])
		}
	}
	if err := e.forgetWhole(ctx, owner.Kind, c); err != nil {
		return e.problem(err, "removing the record of the output of", owner.Address, c.Name[1:])
	}
	if c.State.Status != "exited" || owner.Kind == provider.Job {
		return nil
	}
	return e.problem(e.forgetStop(ctx, c.ID), "removing the record of a stop of", owner.Address, c.Name[1:])
}

// stopGrace is how long the engine may take to stop a container before it kills it.
func stopGrace(c container.InspectResponse) time.Duration {
	if c.Config != nil && c.Config.StopTimeout != nil {
		return time.Duration(max(0, *c.Config.StopTimeout)) * time.Second
	}
	return 10 * time.Second // the engine's default
}

// remove removes a container and its anonymous volumes, and waits until it is gone.
func (e *engine) remove(ctx context.Context, id string) error {
	err := e.write.ContainerRemove(ctx, id, container.RemoveOptions{RemoveVolumes: true})
	switch {
	case err == nil || errdefs.IsNotFound(err):
		return nil
	case errdefs.IsConflict(err):
		// Somebody else is at it, or it was started again.
		if c, readErr := e.read.ContainerInspect(ctx, id); readErr == nil && c.State.Status != "removing" {
			return e.problem(err, "removing the container", "", id)
		}
		return e.waitGone(ctx, id)
	}
	return e.problem(err, "removing the container", "", id)
}

// goneLimit is how long a removal that is under way may take.
const goneLimit = time.Minute

// waitGone waits until a container that is being removed is gone.
func (e *engine) waitGone(ctx context.Context, id string) error {
	limited, cancel := context.WithTimeout(ctx, goneLimit)
	defer cancel()
	look := time.NewTicker(100 * time.Millisecond)
	defer look.Stop()
	for {
		_, err := e.read.ContainerInspect(limited, id)
		if errdefs.IsNotFound(err) {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-limited.Done():
			return &provider.Problem{
				Code: provider.EngineFailed, Summary: "A container is not removed",
				Detail: fmt.Sprintf("The engine has been removing container %s for more than %s. `docker rm -f` may help, or a restart of the engine.", id, goneLimit),
			}
		case <-look.C:
		}
	}
}

func decimal(n int) string { return strconv.Itoa(n) }
