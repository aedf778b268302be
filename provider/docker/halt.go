package docker

import (
	"context"
	"fmt"

	"github.com/docker/docker/api/types/container"

	"github.com/dindctl/dindctl/provider"
)

// The labels of a stop record: a volume in the engine of the container, because
// an engine tells of a container that it ended, but not that somebody asked for
// it, and labels of containers never change. It bears no project label, and is no
// object of any project. It holds for one run of the container: the one that
// began at the time in it.
const (
	stoppedPrefix  = "dindctl.stopped."
	stoppedLabel   = labelPrefix + "stopped"
	stoppedAddress = stoppedLabel + ".address"
	stoppedID      = stoppedLabel + ".id"
	stoppedRun     = stoppedLabel + ".run"
)

// Halt stops a container and keeps it.
func (p *Provider) Halt(ctx context.Context, req provider.HaltRequest, sink provider.Sink) (provider.HaltResponse, error) {
	e, c, owner, err := p.lasting(ctx, req.Place, req.ID, req.Project)
	if err != nil {
		return provider.HaltResponse{}, err
	}
	name := c.Name[1:]
	if c.State.Paused { // what is frozen cannot heed a signal
		if err := e.write.ContainerUnpause(ctx, c.ID); err != nil {
			return provider.HaltResponse{}, e.problem(err, "continuing the container", owner.Address, name)
		}
	}
	if c.State.Running || c.State.Restarting {
		newEvents(sink, owner.Address).phase(provider.PhaseStop, "")
		if err := e.write.ContainerStop(ctx, c.ID, container.StopOptions{}); err != nil {
			return provider.HaltResponse{}, e.problem(err, "stopping the container", owner.Address, name)
		}
	}
	object, err := e.object(ctx, c.ID)
	if err != nil {
		return provider.HaltResponse{}, e.problem(err, "reading the container", owner.Address, name)
	}
	if object.Condition.State == provider.StateExited {
		err = e.noteStop(ctx, object)
		object.Condition.Requested = err == nil
	}
	return provider.HaltResponse{Object: object}, err
}

// Wake starts a container that was stopped, from the record of its creation.
func (p *Provider) Wake(ctx context.Context, req provider.WakeRequest, sink provider.Sink) (provider.WakeResponse, error) {
	_, c, owner, err := p.lasting(ctx, req.Place, req.ID, req.Project)
	if err != nil {
		return provider.WakeResponse{}, err
	}
	if c.State.Status == "created" {
		return provider.WakeResponse{}, &provider.Problem{
			Code: provider.Invalid, Address: owner.Address, Summary: "It was never started",
			Detail: fmt.Sprintf("An earlier run was interrupted before it started %s. `dindctl apply` goes on from there.", owner.Address),
		}
	}
	resp, err := p.Resume(ctx, provider.ResumeRequest{
		Place: req.Place, ID: c.ID, Project: req.Project,
		Declaration: provider.Declaration{Address: owner.Address, Kind: owner.Kind, Name: c.Name[1:], Declared: createdOf(owner.Spec)},
	}, sink)
	return provider.WakeResponse(resp), err
}

// lasting reads a container of the project that keeps running.
func (p *Provider) lasting(ctx context.Context, place provider.Place, id, project string) (*engine, container.InspectResponse, provider.Ownership, error) {
	e, err := p.at(place)
	if err != nil {
		return nil, container.InspectResponse{}, provider.Ownership{}, err
	}
	c, err := e.read.ContainerInspect(ctx, id)
	if err != nil {
		return nil, c, provider.Ownership{}, e.problem(err, "reading the container", "", id)
	}
	owner, err := e.mayChangeContainer(ctx, project, c)
	if err != nil {
		return nil, c, owner, err
	}
	if owner.Kind == provider.Job {
		return nil, c, owner, &provider.Problem{
			Code: provider.Invalid, Address: owner.Address, Summary: "It cannot be stopped and started",
			Detail: fmt.Sprintf("%s is a job: it does not keep running.", owner.Address),
		}
	}
	return e, c, owner, nil
}

// noteStop records that a container was stopped by request.
func (e *engine) noteStop(ctx context.Context, o provider.Object) error {
	err := e.note(ctx, stopNotes(), map[string]string{
		stoppedLabel: o.Owner.Project, stoppedAddress: o.Owner.Address, stoppedID: o.ID, stoppedRun: o.Condition.Started,
	}, stoppedRun)
	return e.problem(err, "recording the stop of", o.Owner.Address, o.Name)
}

// forgetStop takes the record of a stop away, if there is one.
func (e *engine) forgetStop(ctx context.Context, id string) error {
	return e.forget(ctx, stopNotes(), id)
}

// requested tells whether a container's last run was ended by request.
func (l lists) requested(c provider.Object) bool {
	if c.Condition.State != provider.StateExited {
		return false
	}
	for _, v := range l.volumes {
		if stopNotes().about(*v) == c.ID && v.Labels[stoppedRun] == c.Condition.Started {
			return true
		}
	}
	return false
}
