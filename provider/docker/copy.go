package docker

import (
	"context"
	"fmt"
	"io"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"

	"github.com/dindctl/dindctl/provider"
)

// CopyOut sends a path of a container as a tar archive.
func (p *Provider) CopyOut(ctx context.Context, req provider.CopyOutRequest) error {
	e, err := p.at(req.Place)
	if err != nil {
		return err
	}
	archive, _, err := e.read.CopyFromContainer(byName(ctx), req.ID, req.Path)
	if err != nil {
		return e.copyProblem(ctx, err, req.ID, req.Path)
	}
	defer func() { _ = archive.Close() }()
	_, err = io.Copy(req.To, archive)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// CopyIn puts a tar archive into a directory of a container.
func (p *Provider) CopyIn(ctx context.Context, req provider.CopyInRequest) error {
	e, err := p.at(req.Place)
	if err != nil {
		return err
	}
	err = e.write.CopyToContainer(byName(ctx), req.ID, req.Path, req.From, container.CopyToContainerOptions{CopyUIDGID: req.Owners})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return e.copyProblem(ctx, err, req.ID, req.Path)
}

// copyProblem says what was not there, the container or the path: an engine
// answers both alike.
func (e *engine) copyProblem(ctx context.Context, err error, id, path string) error {
	if err == nil || !errdefs.IsNotFound(err) {
		return e.problem(err, "copying files of", "", id)
	}
	if _, gone := e.read.ContainerInspect(ctx, id); gone != nil {
		return e.problem(gone, "reading the container", "", id)
	}
	return &provider.Problem{
		Code: provider.NotFound, Summary: "The path is not there",
		Detail: fmt.Sprintf("%s is not there, as far as the engine sees: the declared mounts and the root, not what a process inside mounted.", path),
	}
}
