package docker

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"

	"github.com/dindctl/dindctl/provider"
)

// Prepare fetches a container's image and looks whether the engine can do what is
// asked for and has the paths that are mounted, before anything is given up for it.
func (p *Provider) Prepare(ctx context.Context, req provider.PrepareRequest, sink provider.Sink) error {
	e, err := p.at(req.Place)
	if err != nil {
		return err
	}
	decl := req.Declaration
	switch {
	case decl.Kind == provider.Network:
		return refuseNetwork(decl, e.facts)
	case !decl.Kind.Runs():
		return nil
	}
	r, err := requestOf(decl)
	if err != nil {
		return err
	}
	if err := putMounts(&container.HostConfig{}, r.mounts, e.facts.API); err != nil {
		return withAddress(err, decl.Address)
	}
	if err := r.refuseEndpoints(e.facts.API); err != nil {
		return withAddress(err, decl.Address)
	}
	if err := e.lookForSources(decl, r.mounts); err != nil {
		return err
	}
	if image, built := valuesOf(decl.Declared).ref("image"); built && image.ID == "" {
		return nil // it is still to be made
	}
	if r.image == "" {
		return nil // not known yet
	}
	_, err = p.haveImage(ctx, e, imageWish{
		reference: r.image, policy: r.pull, from: req.ImageFrom, address: decl.Address, platform: r.platform,
		auth: pullAuthOf(decl, r.image), built: builtAs(decl),
	}, newEvents(sink, decl.Address))
	return err
}

// lookForSources looks for the paths that are mounted, where this process sees
// the engine's files; what it may not look at is left to the engine.
func (e *engine) lookForSources(decl provider.Declaration, mounts []mountSpec) error {
	if e.place != provider.Root || e.facts.Files != provider.FilesShared {
		return nil
	}
	for _, m := range mounts {
		if m.kind != mount.TypeBind || m.createSource || m.unknown || m.source == "" {
			continue
		}
		if _, err := os.Stat(m.source); errors.Is(err, fs.ErrNotExist) {
			return &provider.Problem{
				Code: provider.Invalid, Address: decl.Address, Path: "mount[" + quoted(m.target) + "].source", Summary: "A mount's source does not exist",
				Detail: fmt.Sprintf("%s is to be mounted on %s, and the engine's host has no %s. Create it there, or say create_source = true.", m.source, m.target, m.source),
			}
		}
	}
	return nil
}
