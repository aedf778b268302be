package docker

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/volume"

	"github.com/dindctl/dindctl/provider"
)

// Stock lists the volumes, images and records of ours in an engine. Sizes are what
// the engine answers at GET /system/df; before API 1.42 that cannot be limited to kinds.
func (p *Provider) Stock(ctx context.Context, place provider.Place) (provider.StockResponse, error) {
	e, err := p.at(place)
	if err != nil {
		return provider.StockResponse{}, err
	}
	l, err := e.list(ctx)
	if err = unlessForeign(err); err != nil {
		return provider.StockResponse{}, err
	}
	used, err := past(ctx, func(ctx context.Context) (types.DiskUsage, error) {
		return e.read.DiskUsage(ctx, types.DiskUsageOptions{Types: []types.DiskUsageObject{types.VolumeObject, types.ImageObject}})
	})
	if err = unlessForeign(err); err != nil {
		return provider.StockResponse{}, e.problem(err, "asking for the disk usage of", "", "the engine")
	}
	var out provider.StockResponse
	for _, v := range used.Volumes {
		noted, _ := noteOn(*v)
		switch {
		case lockNotes().about(*v) != "" && place == provider.Root:
			out.Locks = append(out.Locks, provider.HeldLock{Project: v.Labels[lockLabel], Holder: holderOf(v.Labels)})
		case noted != "":
			if !l.hasContainer(noted) {
				out.Stored = append(out.Stored, provider.Stored{
					ID: v.Name, Name: v.Name, Bytes: volumeBytes(v), Created: v.CreatedAt, Record: true,
					Owner: provider.Ownership{
						Project: cmp.Or(v.Labels[stoppedLabel], v.Labels[changedLabel], v.Labels[changingLabel], v.Labels[followsLabel]),
						Address: cmp.Or(v.Labels[stoppedAddress], v.Labels[changedAddress], v.Labels[changingAddress], v.Labels[followsAddress]),
					},
				})
			}
		default:
			if owner := withoutSpec(namedVolume(v)); owner.Project != "" {
				out.Stored = append(out.Stored, provider.Stored{
					Kind: provider.Volume, ID: v.Name, Name: v.Name, Owner: owner, Bytes: volumeBytes(v),
					Created: v.CreatedAt, Users: l.foreignMounts(v.Name, ""),
				})
			}
		}
	}
	builds := map[string]int{} // images by the run that built them
	for _, i := range used.Images {
		builds[untaggedOwner(i.Labels).Run]++
	}
	for _, i := range used.Images {
		if stored, ours := l.storedImage(*i); ours && (stored.Name != "" || builds[stored.Owner.Run] == 1) {
			out.Stored = append(out.Stored, stored)
		}
	}
	return out, nil
}

// namedVolume is whose a volume is that bears the name that its record gives. One with a
// record of version 1 may have been moved since, or be a copy: a configuration tells, and
// there is none.
func namedVolume(v *volume.Volume) provider.Ownership {
	owner := listedVolume(v).owner
	if owner.Schema == 1 && whoseVolume(*v).owner.CreatedName() != v.Name {
		return provider.Ownership{}
	}
	return owner
}

// withoutSpec is whose something is, and not what was declared of it: all that is in
// a place is told in one message.
func withoutSpec(o provider.Ownership) provider.Ownership {
	o.Spec, o.Deps = nil, nil
	return o
}

// volumeBytes is a volume's size; -1 where its driver cannot say.
func volumeBytes(v *volume.Volume) int64 {
	if v.UsageData == nil {
		return -1
	}
	return v.UsageData.Size
}

// storedImage is an image that dindctl built. One with labels of ours and a name of
// somebody else's was built from ours, and is foreign; so may be one without a name
// where several bear the labels of one run, which builds one image.
func (l lists) storedImage(i image.Summary) (provider.Stored, bool) {
	owner := withoutSpec(untaggedOwner(i.Labels))
	tags := slices.DeleteFunc(slices.Clone(i.RepoTags), func(tag string) bool { return tag == "<none>:<none>" })
	if owner.Project == "" || len(tags) > 0 && whoseImage(i.Labels, tags).owner.Project == "" {
		return provider.Stored{}, false
	}
	stored := provider.Stored{
		Kind: provider.Image, ID: i.ID, Owner: owner, Bytes: i.Size, Created: time.Unix(i.Created, 0).UTC().Format(time.RFC3339),
	}
	if i.SharedSize > 0 {
		stored.Bytes -= i.SharedSize // what other images need stays
	}
	if len(tags) > 0 {
		stored.Name = i.Labels[labelName]
	}
	for at, c := range l.containers {
		if c.ImageID == i.ID {
			stored.Users = append(stored.Users, l.describe(at))
		}
	}
	return stored, true
}

// untaggedOwner judges an image by its labels alone: one that a later build took the
// name from has nothing else.
func untaggedOwner(labels map[string]string) provider.Ownership {
	return judge(labels, provider.Seen{Kind: provider.Image}, anywhere(labels)).owner
}

func (l lists) hasContainer(id string) bool {
	for _, c := range l.containers {
		if c.ID == id {
			return true
		}
	}
	return false
}

// Sweep removes one thing that Stock listed.
func (p *Provider) Sweep(ctx context.Context, place provider.Place, stored provider.Stored, sink provider.Sink) error {
	e, err := p.at(place)
	if err != nil {
		return err
	}
	switch {
	case stored.Record:
		return e.sweepRecord(ctx, stored)
	case stored.Kind == provider.Image && stored.Name == "":
		return e.sweepUntagged(ctx, stored, newEvents(sink, stored.Owner.Address))
	}
	_, err = p.Delete(ctx, provider.DeleteRequest{Place: place, Kind: stored.Kind, ID: stored.ID, Project: stored.Owner.Project}, sink)
	return err
}

// noteOn is the id of the container that a record (of a stop, of changes, of one that was begun, of order, of an output) is about,
// and the kind of record; empty for every other volume.
func noteOn(v volume.Volume) (string, noteKind) {
	for _, kind := range []noteKind{stopNotes(), changeNotes(), changingNotes(), moreChangingNotes(), orderNotes(), wholeNotes()} {
		if id := kind.about(v); id != "" {
			return id, kind
		}
	}
	return "", noteKind{}
}

// sweepRecord removes such a record, and nothing else.
func (e *engine) sweepRecord(ctx context.Context, stored provider.Stored) error {
	v, err := e.read.VolumeInspect(ctx, stored.ID)
	if errdefs.IsNotFound(err) {
		return nil
	}
	if err == nil {
		id, kind := noteOn(v)
		if id == "" {
			return mayChange(stored.Owner.Project, "volume", v.Name, whoseVolume(v))
		}
		err = e.forget(ctx, kind, id)
	}
	return e.problem(err, "removing the record", stored.Owner.Address, stored.ID)
}

// sweepUntagged removes an image of ours that has no name any more.
func (e *engine) sweepUntagged(ctx context.Context, stored provider.Stored, say events) error {
	i, err := e.read.ImageInspect(ctx, stored.ID)
	if errdefs.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return e.problem(err, "reading the image", stored.Owner.Address, stored.ID)
	}
	if i.Config == nil || untaggedOwner(i.Config.Labels).Project != stored.Owner.Project || len(i.RepoTags) > 0 {
		return mayChange(stored.Owner.Project, "image", stored.ID, imageOwner(i))
	}
	say.phase(provider.PhaseRemove, "")
	_, err = e.write.ImageRemove(ctx, stored.ID, image.RemoveOptions{PruneChildren: true})
	switch {
	case errdefs.IsNotFound(err):
		return nil
	case errdefs.IsConflict(err):
		return inUse("image", stored.ID, stored.Owner.Address, []string{engineWords(err)})
	}
	return e.problem(err, "removing the image", stored.Owner.Address, stored.ID)
}
