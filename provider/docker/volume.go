package docker

import (
	"context"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/volume"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// volumeOptions is what a declared volume is created with.
func volumeOptions(d values) volume.CreateOptions {
	driver := d.text("driver")
	if driver == "" {
		driver = "local"
	}
	return volume.CreateOptions{Driver: driver, DriverOpts: d.mapping("options"), Labels: d.mapping("labels")}
}

func volumeView(o volume.CreateOptions) map[string]cty.Value {
	options := map[string]string{}
	for name := range o.DriverOpts {
		options[name] = volumeOption(o.DriverOpts, name)
	}
	return map[string]cty.Value{
		"driver":  cty.StringVal(o.Driver),
		"options": stringMap(options),
		"labels":  stringMap(foreignLabels(o.Labels)),
	}
}

// createVolume makes a volume, or adopts it. It is looked for first: creating
// one whose name exists succeeds and ignores what was asked for.
func (p *Provider) createVolume(ctx context.Context, e *engine, req provider.CreateRequest, say events) (provider.CreateResponse, error) {
	decl := req.Declaration
	found, err := e.read.VolumeInspect(ctx, decl.Name)
	if err == nil {
		return adoptVolume(e, req, found)
	}
	if !errdefs.IsNotFound(err) {
		return provider.CreateResponse{}, e.problem(err, "looking for the volume", decl.Address, decl.Name)
	}
	say.phase(provider.PhaseCreate, "")
	options := volumeOptions(valuesOf(decl.Declared))
	options.Name = decl.Name
	options.Labels = withOwner(options.Labels, req.Owner)
	created, err := e.write.VolumeCreate(ctx, options)
	if err != nil {
		return provider.CreateResponse{}, e.problem(err, "creating the volume", decl.Address, decl.Name)
	}
	// The answer itself lacks the labels, where the volume existed already when the engine was started.
	v, err := e.read.VolumeInspect(ctx, created.Name)
	if err != nil {
		return provider.CreateResponse{ID: created.Name}, e.problem(err, "reading the volume", decl.Address, decl.Name)
	}
	if v.Labels[labelRun] != req.Owner.Run {
		return adoptVolume(e, req, v) // somebody was faster
	}
	object := placed(e, volumeObject(v, whoseVolume(v)))
	return provider.CreateResponse{ID: v.Name, Object: object}, applied(req, object, e.facts, "")
}

func adoptVolume(e *engine, req provider.CreateRequest, v volume.Volume) (provider.CreateResponse, error) {
	if err := mayAdopt(req, "volume", v.Name, whoseVolume(v)); err != nil {
		return provider.CreateResponse{}, err
	}
	return provider.CreateResponse{ID: v.Name, Adopted: true, Object: placed(e, volumeObject(v, whoseVolume(v)))}, nil
}

func (p *Provider) deleteVolume(ctx context.Context, e *engine, req provider.DeleteRequest, say events) error {
	v, err := e.read.VolumeInspect(ctx, req.ID)
	if errdefs.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return e.problem(err, "reading the volume", "", req.ID)
	}
	if err := mayChange(req.Project, "volume", v.Name, whoseVolume(v)); err != nil {
		return err
	}
	say.phase(provider.PhaseRemove, "")
	err = e.write.VolumeRemove(ctx, v.Name, false)
	switch {
	case err == nil || errdefs.IsNotFound(err):
		return nil
	case errdefs.IsConflict(err):
		l, listErr := e.list(ctx)
		if _, broken := unreadOf(listErr); listErr != nil && !broken { // it may still tell who
			return listErr
		}
		if users := l.foreignMounts(v.Name, ""); len(users) > 0 {
			return inUse("volume", v.Name, v.Labels[labelAddress], users)
		}
	}
	return e.problem(err, "removing the volume", v.Labels[labelAddress], v.Name)
}
