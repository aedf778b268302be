package docker

import (
	"context"

	"github.com/docker/docker/api/types/container"

	"github.com/dindctl/dindctl/provider"
)

// The labels of a record of an output: a volume in the engine of a job, which says that its
// log has all that the job wrote. The run that heard the job from its start on knows that,
// and of some logs nothing tells later runs: of one that is bounded to one file, one that
// has about as much as it may, and one that does not block. Only then it is written. It
// bears no project label, and is no object of any project.
const (
	wholePrefix  = "dindctl.whole."
	wholeLabel   = labelPrefix + "whole"
	wholeAddress = wholeLabel + ".address"
	wholeID      = wholeLabel + ".id"
	wholeEnd     = wholeLabel + ".end" // of the run that is meant
)

func wholeNotes() noteKind {
	return noteKind{wholePrefix, wholeID, []string{wholeLabel, wholeAddress, wholeEnd}}
}

// noteWhole records that the log of a job that has ended has all that it wrote.
func (e *engine) noteWhole(ctx context.Context, id string) error {
	c, err := e.read.ContainerInspect(ctx, id)
	if err != nil {
		return err
	}
	owner := c.Config.Labels
	return e.note(ctx, wholeNotes(), map[string]string{
		wholeLabel: owner[labelProject], wholeAddress: owner[labelAddress], wholeID: c.ID, wholeEnd: c.State.FinishedAt,
	}, wholeEnd)
}

// forgetWhole takes the record of a job's output away, if there may be one.
func (e *engine) forgetWhole(ctx context.Context, kind provider.Kind, c container.InspectResponse) error {
	if kind != provider.Job || rotationOf(c).size == 0 && !leavesOut(c) {
		return nil
	}
	return e.forget(ctx, wholeNotes(), c.ID)
}

// heardWhole tells whether a record says that the log of a container has all of its last run.
func (l lists) heardWhole(c container.InspectResponse) bool {
	for _, v := range l.volumes {
		if wholeNotes().about(*v) == c.ID && v.Labels[wholeEnd] == c.State.FinishedAt {
			return true
		}
	}
	return false
}
