package docker

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"golang.org/x/sync/errgroup"

	"github.com/dindctl/dindctl/provider"
)

// parallel bounds the requests that an observation has under way.
const parallel = 12

// lists is what a place holds, one list a kind. They bear names and labels, so
// that clashes and other projects are seen without further questions.
type lists struct {
	containers []container.Summary
	networks   []network.Summary
	volumes    []*volume.Volume
	images     []image.Summary // those of any project of ours
}

// list asks for everything, one request a kind.
func (e *engine) list(ctx context.Context) (lists, error) {
	var l lists
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		l.containers, err = e.read.ContainerList(ctx, container.ListOptions{All: true})
		return e.problem(err, "listing", "", "containers")
	})
	g.Go(func() (err error) {
		l.networks, err = e.read.NetworkList(ctx, network.ListOptions{})
		return e.problem(err, "listing", "", "networks")
	})
	g.Go(func() error {
		answer, err := e.read.VolumeList(ctx, volume.ListOptions{})
		l.volumes = answer.Volumes
		return e.problem(err, "listing", "", "volumes")
	})
	g.Go(func() (err error) {
		l.images, err = e.read.ImageList(ctx, image.ListOptions{Filters: filters.NewArgs(filters.Arg("label", labelProject))})
		return e.problem(err, "listing", "", "images")
	})
	return l, g.Wait()
}

// Observe streams the project's objects in a place.
func (p *Provider) Observe(ctx context.Context, req provider.ObserveRequest, each func(provider.Object) error) (provider.ObserveResponse, error) {
	e, err := p.at(req.Place)
	if err != nil {
		return provider.ObserveResponse{}, err
	}
	l, err := e.list(ctx)
	if err != nil {
		return provider.ObserveResponse{}, err
	}
	o := &observation{engine: e, lists: l, notes: l.notes(), each: each, resp: provider.ObserveResponse{Images: map[string]string{}, Projects: l.projects()}}
	o.wanted = func(kind provider.Kind, name string, owner provider.Ownership) bool {
		if owner.Project != "" && (req.Project == "" || owner.Project == req.Project) {
			return true
		}
		return slices.Contains(req.Names[nameSpace(kind)], name) || slices.Contains(req.Names[kind], name) || runsUnder(req.Names, kind, name)
	}
	o.output = req.Output
	o.imageNames = slices.Concat(req.Names[provider.Image])
	return o.run(ctx, req.Images)
}

// nameSpace is the kind under which an engine keeps a kind's names.
func nameSpace(kind provider.Kind) provider.Kind {
	if kind.Runs() {
		return provider.Container
	}
	return kind
}

// runsUnder tells whether any kind that runs wants the name: containers of all
// kinds share one name space.
func runsUnder(names map[provider.Kind][]string, kind provider.Kind, name string) bool {
	if !kind.Runs() {
		return false
	}
	for k, list := range names {
		if k.Runs() && slices.Contains(list, name) {
			return true
		}
	}
	return false
}

// projects counts what each project has here.
func (l lists) projects() map[string]int {
	out := map[string]int{}
	count := func(owner provider.Ownership) {
		if owner.Project != "" {
			out[owner.Project]++
		}
	}
	for _, c := range l.containers {
		count(runOwner(c.Labels))
	}
	for _, n := range l.networks {
		count(ownerOf(n.Labels))
	}
	for _, v := range l.volumes {
		count(ownerOf(v.Labels))
	}
	for _, i := range l.images {
		count(ownedImage(i.Labels, i.RepoTags))
	}
	return out
}

// observation is one run over a place.
type observation struct {
	engine     *engine
	lists      lists
	notes      map[string]map[string]json.RawMessage // see noteChanges
	wanted     func(kind provider.Kind, name string, owner provider.Ownership) bool
	output     []string
	imageNames []string

	mu       sync.Mutex // one object at a time reaches each
	each     func(provider.Object) error
	failed   error // each's first error: it is not called again
	resp     provider.ObserveResponse
	defaults sync.Map // image id -> func() (imageDefaults, error)
}

func (o *observation) run(ctx context.Context, images []string) (provider.ObserveResponse, error) {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(parallel)
	for _, c := range o.lists.containers {
		owner := runOwner(c.Labels)
		if o.wanted(kindOr(owner, provider.Container), containerName(c.Names), owner) {
			g.Go(func() error { return o.container(ctx, c.ID) })
		}
	}
	for _, n := range o.lists.networks {
		owner := ownerOf(n.Labels)
		if o.wanted(provider.Network, n.Name, owner) {
			g.Go(func() error { return o.network(ctx, n.ID) })
		}
	}
	for _, v := range o.lists.volumes {
		owner := ownerOf(v.Labels)
		if o.wanted(provider.Volume, v.Name, owner) {
			g.Go(func() error { return o.emit(o.volumeObject(*v)) })
		}
	}
	seen := map[string]bool{}
	for _, i := range o.lists.images {
		if owner := ownedImage(i.Labels, i.RepoTags); o.wanted(provider.Image, "", owner) {
			seen[i.ID] = true
			g.Go(func() error { return o.image(ctx, i.ID, owner) })
		}
	}
	for _, reference := range images {
		g.Go(func() error { return o.imageID(ctx, reference) })
	}
	for _, name := range o.imageNames {
		g.Go(func() error { return o.imageNamed(ctx, name, seen) })
	}
	err := g.Wait()
	return o.resp, err
}

func (o *observation) emit(object provider.Object) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.failed == nil {
		object.Place = o.engine.place
		o.failed = o.each(object)
	}
	return o.failed
}

func (o *observation) container(ctx context.Context, id string) error {
	c, err := o.engine.read.ContainerInspect(ctx, id)
	if errdefs.IsNotFound(err) {
		return nil // gone since the list
	}
	if err != nil {
		return o.engine.problem(err, "reading the container", "", id)
	}
	defaults, err := o.imageDefaults(ctx, c.Image)
	if err != nil {
		return err
	}
	object := o.engine.withFiles(ctx, containerObject(c, defaults, o.engine.facts))
	object.Condition.Requested = o.lists.requested(object)
	object.Owner.Spec = amended(object.Owner.Spec, o.notes[c.ID])
	object = o.engine.withExpiry(ctx, object)
	if object.Kind == provider.Daemon {
		object.Warnings = clashes(chosenOf(c.Config.Labels[labelChosen]), o.lists.networks)
	}
	o.engine.readAuth(ctx, c, &object)
	if slices.Contains(o.output, object.Owner.Address) && object.Condition.State == provider.StateExited {
		if object.Values.Stdout, object.Values.Stderr, err = o.engine.outputOf(ctx, c); err != nil {
			return err
		}
	}
	return o.emit(object)
}

// imageDefaults reads each image once; one that is gone has unknown defaults.
func (o *observation) imageDefaults(ctx context.Context, id string) (imageDefaults, error) {
	read, _ := o.defaults.LoadOrStore(id, sync.OnceValues(func() (imageDefaults, error) {
		return o.engine.imageDefaults(ctx, id)
	}))
	return read.(func() (imageDefaults, error))() //nolint:forcetypeassert // only these are stored
}

func (e *engine) imageDefaults(ctx context.Context, id string) (imageDefaults, error) {
	i, err := e.read.ImageInspect(ctx, id)
	if errdefs.IsNotFound(err) {
		return imageDefaults{}, nil
	}
	if err != nil {
		return imageDefaults{}, e.problem(err, "reading the image", "", id)
	}
	return defaultsOf(i), nil
}

func (o *observation) network(ctx context.Context, id string) error {
	n, err := o.engine.read.NetworkInspect(ctx, id, network.InspectOptions{})
	if errdefs.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return o.engine.problem(err, "reading the network", "", id)
	}
	object := networkObject(n, o.engine.facts)
	object.Users = o.lists.foreignMembers(n.Name, n.ID, object.Owner.Project)
	return o.emit(object)
}

func (o *observation) volumeObject(v volume.Volume) provider.Object {
	object := volumeObject(v)
	object.Users = o.lists.foreignMounts(v.Name, object.Owner.Project)
	return object
}

func (o *observation) image(ctx context.Context, id string, owner provider.Ownership) error {
	i, err := o.engine.read.ImageInspect(ctx, id)
	if errdefs.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return o.engine.problem(err, "reading the image", "", id)
	}
	object := imageObject(i, owner)
	if i.Config != nil {
		object.Name = i.Config.Labels[labelName]
	}
	return o.emit(object)
}

func (o *observation) imageID(ctx context.Context, reference string) error {
	i, err := o.engine.read.ImageInspect(ctx, reference)
	if errdefs.IsNotFound(err) || errdefs.IsInvalidArgument(err) {
		return nil
	}
	if err != nil {
		return o.engine.problem(err, "reading the image", "", reference)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.resp.Images[reference] = i.ID
	return nil
}

// imageNamed reports what bears a wanted name, if it is not among the project's.
func (o *observation) imageNamed(ctx context.Context, name string, seen map[string]bool) error {
	i, err := o.engine.read.ImageInspect(ctx, name)
	if errdefs.IsNotFound(err) || errdefs.IsInvalidArgument(err) {
		return nil
	}
	if err != nil {
		return o.engine.problem(err, "reading the image", "", name)
	}
	if seen[i.ID] {
		return nil
	}
	object := imageObject(i, imageOwner(i))
	object.Name = name
	return o.emit(object)
}

// foreignMembers are containers in a network that are not the project's.
func (l lists) foreignMembers(name, id, project string) []string {
	var out []string
	for _, c := range l.containers {
		if project != "" && runOwner(c.Labels).Project == project || c.NetworkSettings == nil {
			continue
		}
		if at, ok := c.NetworkSettings.Networks[name]; ok && at != nil && (at.NetworkID == "" || at.NetworkID == id) {
			out = append(out, describe(c))
		}
	}
	slices.Sort(out)
	return out
}

// foreignMounts are containers that mount a volume and are not the project's.
func (l lists) foreignMounts(name, project string) []string {
	var out []string
	for _, c := range l.containers {
		if project != "" && runOwner(c.Labels).Project == project {
			continue
		}
		for _, m := range c.Mounts {
			if m.Type == "volume" && m.Name == name {
				out = append(out, describe(c))
				break
			}
		}
	}
	slices.Sort(out)
	return out
}

// describe names a container for people.
func describe(c container.Summary) string {
	if owner := runOwner(c.Labels); owner.Project != "" {
		return fmt.Sprintf("container %s (%s of project %s)", containerName(c.Names), owner.Address, owner.Project)
	}
	return "container " + containerName(c.Names)
}

func kindOr(owner provider.Ownership, otherwise provider.Kind) provider.Kind {
	if owner.Kind != "" {
		return owner.Kind
	}
	return otherwise
}
