package docker

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"

	"github.com/dindctl/dindctl/provider"
)

// Prepare fetches a container's image and looks whether the engine can do what is
// asked for and has the paths and volumes that are mounted, before anything is given up for it.
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
	there := slices.DeleteFunc(slices.Clone(r.mounts), func(m mountSpec) bool { return m.planned })
	if err := e.lookForVolumes(ctx, decl, "", there); err != nil {
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

// lookForVolumes looks for the volumes of the configuration that are mounted, again and
// just before the container is made, for a project, which is empty where that is not known: an engine makes a volume that is not there, empty
// and without a record, and nobody would be told that the data are gone. Nor is one used
// that somebody made meanwhile under the name of one of ours. A volume that is only named, and declared nowhere, is the engine's to make.
func (e *engine) lookForVolumes(ctx context.Context, decl provider.Declaration, project string, mounts []mountSpec) error {
	seen := map[string]bool{}
	for _, m := range mounts {
		if m.kind != mount.TypeVolume || m.of == "" || m.source == "" || seen[m.source] {
			continue
		}
		seen[m.source] = true
		v, err := e.read.VolumeInspect(ctx, m.source)
		if errdefs.IsNotFound(err) {
			return goneSince(decl, m)
		}
		if err != nil {
			return e.problem(err, "looking for the volume", decl.Address, m.source)
		}
		of, known := decl.Related[m.of]
		external := known && valuesOf(of.Declared).flag("external", false)
		if known && !external && anothers(whoseVolume(v).owner.Project, project) {
			return remadeSince(decl, m)
		}
	}
	return nil
}

// anothers tells whether what a project owns, or nobody, is not the project's that asks;
// where that is not known, any project's serves.
func anothers(owner, project string) bool { return owner == "" || project != "" && owner != project }

// goneSince is the error about a volume that was there when the plan was made.
func goneSince(decl provider.Declaration, m mountSpec) error {
	return &provider.Problem{
		Code: provider.NotFound, Address: decl.Address, Path: "mount[" + quoted(m.target) + "].source", Summary: "A volume of the plan is gone",
		Detail: fmt.Sprintf("%s (volume %s) is to be mounted on %s. It was there when the plan was made, and somebody removed it since: the engine would make an empty one of its name that is nobody's. "+
			"Nothing was made of %s. If the data can be had back, bring them back first; then run the command again: its plan makes what is missing.", m.of, m.source, m.target, decl.Address),
	}
}

// remadeSince is the error about a volume in whose place somebody made another one.
func remadeSince(decl provider.Declaration, m mountSpec) error {
	return &provider.Problem{
		Code: provider.NotOurs, Address: decl.Address, Path: "mount[" + quoted(m.target) + "].source", Summary: "A volume of the plan is another one now",
		Detail: fmt.Sprintf("%s (volume %s) is to be mounted on %s. What bears that name now is not this project's: somebody removed the volume and made another one since the plan was made. "+
			"Nothing was made of %s. Look at what is in it (`docker volume inspect %[2]s` tells where that is); rename or remove it, and run the command again.", m.of, m.source, m.target, decl.Address),
	}
}
