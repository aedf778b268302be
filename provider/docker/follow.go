package docker

import (
	"context"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/volume"

	"github.com/dindctl/dindctl/provider"
)

// The labels of a record of order: a volume in the engine of the container, which says
// after which starts of the containers whose namespaces it has it was started. It is
// written only where the times that the engine gives to them say otherwise, because
// its clock was set back: else the next plan would start the container again, and each
// after that. It bears no project label, and is no object of any project.
const (
	followsPrefix  = "dindctl.follows."
	followsLabel   = labelPrefix + "follows"
	followsAddress = followsLabel + ".address"
	followsID      = followsLabel + ".id"
	followsStarts  = followsLabel + ".starts" // separated by spaces
)

// livesIn are the ids of the containers whose namespaces one has, sorted. Engines put
// the id in the place of a name when they create it.
func livesIn(h *container.HostConfig) []string {
	if h == nil {
		return nil
	}
	var out []string
	if h.NetworkMode.IsContainer() {
		out = append(out, h.NetworkMode.ConnectedContainer())
	}
	if h.PidMode.IsContainer() {
		out = append(out, h.PidMode.Container())
	}
	if h.IpcMode.IsContainer() {
		out = append(out, h.IpcMode.Container())
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// startsAround are the starts of the containers whose namespaces one has. What is gone
// has none; that the container cannot start then is for the engine to say.
func (e *engine) startsAround(ctx context.Context, h *container.HostConfig) ([]string, error) {
	var out []string
	for _, id := range livesIn(h) {
		owner, err := e.read.ContainerInspect(ctx, id)
		switch {
		case errdefs.IsNotFound(err):
		case err != nil:
			return nil, err
		case owner.State != nil:
			out = append(out, owner.State.StartedAt)
		}
	}
	return out, nil
}

// noteOrder records that a container was started after the given moments, if its engine
// says otherwise.
func (e *engine) noteOrder(ctx context.Context, id string, starts []string) error {
	if len(starts) == 0 {
		return nil
	}
	c, err := e.read.ContainerInspect(ctx, id)
	if err != nil {
		return err
	}
	against := conditionOf(c.State).Contradicting(starts)
	if len(against) == 0 {
		return nil
	}
	owner := c.Config.Labels
	return e.note(ctx, orderNotes(), map[string]string{
		followsLabel: owner[labelProject], followsAddress: owner[labelAddress], followsID: c.ID, followsStarts: strings.Join(against, " "),
	}, followsStarts)
}

// forgetOrder takes the record of order away, if there is one.
func (e *engine) forgetOrder(ctx context.Context, id string) error {
	return e.forget(ctx, orderNotes(), id)
}

// follows are the starts in all records of order, by the ids of their containers.
func (l lists) follows() map[string][]string {
	out := map[string][]string{}
	for _, v := range l.volumes {
		if starts := startsIn(*v); starts != nil {
			out[v.Labels[followsID]] = starts
		}
	}
	return out
}

// startsIn reads a record of order; any other volume has none.
func startsIn(v volume.Volume) []string {
	id := v.Labels[followsID]
	if id == "" || v.Name != followsPrefix+id {
		return nil
	}
	return strings.Fields(v.Labels[followsStarts])
}

// readOrder adds to an object what its record of order says.
func (e *engine) readOrder(ctx context.Context, o *provider.Object) error {
	if len(o.LivesIn) == 0 {
		return nil
	}
	v, err := e.read.VolumeInspect(ctx, followsPrefix+o.ID)
	if errdefs.IsNotFound(err) {
		return nil
	}
	o.Condition.Follows = startsIn(v)
	return err
}

// end ends a container that runs, so that it can be started again, and reads it anew.
func (e *engine) end(ctx context.Context, decl provider.Declaration, c container.InspectResponse, say events) (container.InspectResponse, error) {
	if decl.Kind == provider.Job {
		return c, &provider.Problem{
			Code: provider.Invalid, Address: decl.Address, Summary: "It cannot be stopped and started",
			Detail: decl.Address + " is a job: it does not keep running.",
		}
	}
	if c.State.Paused { // what is frozen cannot heed a signal
		if err := e.write.ContainerUnpause(ctx, c.ID); err != nil {
			return c, e.problem(err, "continuing the container", decl.Address, decl.Name)
		}
	}
	if c.State.Running || c.State.Restarting {
		say.phase(provider.PhaseStop, "")
		if err := e.write.ContainerStop(withGrace(ctx, stopGrace(c)), c.ID, container.StopOptions{}); err != nil {
			return c, e.problem(err, "stopping the container", decl.Address, decl.Name)
		}
	}
	c, err := e.read.ContainerInspect(ctx, c.ID)
	return c, e.problem(err, "reading the container", decl.Address, decl.Name)
}
