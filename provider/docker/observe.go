package docker

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/zclconf/go-cty/cty"
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
	whose      []whose         // of the containers, each judged by itself, as far as the lists tell
}

// list asks for everything, one request a kind. A list in which one object makes no
// sense is an error, an [unreadError], beside all the others.
func (e *engine) list(ctx context.Context) (lists, error) {
	var l lists
	var broken [4]error // in the order of the kinds
	note := func(kind int, err error) error {
		if _, only := unreadOf(err); only {
			broken[kind], err = err, nil
		}
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() (err error) {
		l.containers, err = e.read.ContainerList(ctx, container.ListOptions{All: true})
		return note(0, e.problem(err, "listing", "", "containers"))
	})
	g.Go(func() (err error) {
		l.networks, err = e.read.NetworkList(ctx, network.ListOptions{})
		return note(1, e.problem(err, "listing", "", "networks"))
	})
	g.Go(func() error {
		answer, err := e.read.VolumeList(ctx, volume.ListOptions{})
		l.volumes = answer.Volumes
		return note(2, e.problem(err, "listing", "", "volumes"))
	})
	g.Go(func() (err error) {
		l.images, err = e.read.ImageList(ctx, image.ListOptions{Filters: filters.NewArgs(filters.Arg("label", labelProject))})
		return note(3, e.problem(err, "listing", "", "images"))
	})
	if err := g.Wait(); err != nil {
		return l, err
	}
	l.whose = l.judged()
	return l, joined(broken[:]...)
}

// Observe streams the project's objects in a place.
func (p *Provider) Observe(ctx context.Context, req provider.ObserveRequest, each func(provider.Object) error) (provider.ObserveResponse, error) {
	e, err := p.at(req.Place)
	if err != nil {
		return provider.ObserveResponse{}, err
	}
	l, err := e.list(ctx)
	unread, readable := unreadOf(err)
	if err != nil && !readable {
		return provider.ObserveResponse{}, err
	}
	o := &observation{
		engine: e, lists: l, notes: l.notes(), follows: l.follows(), each: each,
		resp: provider.ObserveResponse{Images: map[string]string{}, Contents: map[string]string{}, Projects: l.projects(), Unread: unread},
	}
	records := make([]provider.Ownership, len(l.whose))
	for i, w := range l.whose {
		records[i] = w.owner
	}
	o.where = req.Where.Found(req.Project, records)
	o.lists.whose = l.judgedIn(o.where, req.Project, o.notes)
	o.wanted = func(kind provider.Kind, name string, w whose) bool {
		if project := w.project(); project != "" && (req.Project == "" || project == req.Project) {
			return true
		}
		return slices.Contains(req.Names[nameSpace(kind)], name) || slices.Contains(req.Names[kind], name) || runsUnder(req.Names, kind, name)
	}
	o.output = req.Output
	o.imageNames = slices.Concat(req.Names[provider.Image])
	return o.run(ctx, req.Project, req.Images)
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
	for _, w := range l.whose {
		count(w.owner)
	}
	for _, n := range l.networks {
		count(listedNetwork(n).owner)
	}
	for _, v := range l.volumes {
		count(listedVolume(v).owner)
	}
	for _, i := range l.images {
		count(whoseImage(i.Labels, i.RepoTags).owner)
	}
	return out
}

// observation is one run over a place.
type observation struct {
	engine     *engine
	lists      lists
	notes      map[string]map[string]json.RawMessage // see noteChanges
	follows    map[string][]string                   // see noteOrder
	wanted     func(kind provider.Kind, name string, w whose) bool
	where      provider.Whereabouts
	survey     bool // what is not ours is inspected, too
	output     []string
	imageNames []string

	mu       sync.Mutex // one object at a time reaches each
	each     func(provider.Object) error
	failed   error // each's first error: it is not called again
	resp     provider.ObserveResponse
	defaults sync.Map // image id -> func() (imageDefaults, error)
}

func (o *observation) run(ctx context.Context, project string, images []string) (provider.ObserveResponse, error) {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(parallel)
	for _, c := range o.lists.containers {
		seen := provider.Seen{Kind: provider.Container, Name: containerName(c.Names)}
		if w := glance(c.Labels, seen, o.where); o.wanted(provider.Container, seen.Name, w) {
			g.Go(func() error { return o.broken(o.container(ctx, c, seen), w.owner) })
		}
	}
	for _, n := range o.lists.networks {
		if w := listedNetwork(n); o.wanted(provider.Network, n.Name, w) {
			g.Go(func() error { return o.broken(o.network(ctx, n.ID), w.owner) })
		}
	}
	for _, v := range o.lists.volumes {
		if o.wanted(provider.Volume, v.Name, listedVolume(v)) {
			g.Go(func() error { return o.emit(o.volumeObject(*v)) })
		}
	}
	seen := map[string]bool{}
	for _, i := range o.lists.images {
		if w := whoseImage(i.Labels, i.RepoTags); w.owner.Project != "" && o.wanted(provider.Image, "", w) {
			seen[i.ID] = true
			g.Go(func() error { return o.broken(o.image(ctx, i.ID), w.owner) })
		}
	}
	for _, reference := range images {
		g.Go(func() error { return o.broken(o.imageID(ctx, reference), provider.Ownership{}) })
	}
	for _, name := range o.imageNames {
		g.Go(func() error { return o.broken(o.imageNamed(ctx, name, seen), provider.Ownership{}) })
	}
	err := g.Wait()
	o.resp.Others = o.lists.others(o.engine.place, project)
	slices.SortFunc(o.resp.Unread, func(a, b provider.Unread) int { return strings.Compare(a.Problem.Detail, b.Problem.Detail) })
	return o.resp, err
}

// broken takes note of an object of which the engine says what makes no sense: the
// others are read all the same. Listed is what the list says of whose it is.
func (o *observation) broken(err error, listed provider.Ownership) error {
	unread, only := unreadOf(err)
	if !only {
		return err
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, one := range unread {
		problem := *one.Problem
		if problem.Address == "" {
			problem.Address = listed.Address
		}
		// One image may be that of several containers.
		if !slices.ContainsFunc(o.resp.Unread, func(u provider.Unread) bool { return u.Problem.Detail == problem.Detail }) {
			o.resp.Unread = append(o.resp.Unread, provider.Unread{Problem: &problem}) // wanted, whoever it belongs to
		}
	}
	return nil
}

func (o *observation) emit(object provider.Object) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.failed == nil {
		object.Place = o.engine.place
		object.Actual = hidden(&object)
		o.failed = o.each(object)
	}
	return o.failed
}

// container reads a container of ours. One that is not is reported as it was
// listed: nothing is asked of it, or read from within it.
func (o *observation) container(ctx context.Context, listed container.Summary, seen provider.Seen) error {
	claim, broken := claimOf(listed.Labels)
	w := judged(claim, broken, seen, o.where)
	if w.owner.Project == "" && !o.survey {
		return o.emit(listedContainer(listed, seen.Name, w))
	}
	defaults, err := o.imageDefaults(ctx, listed.ImageID)
	if err != nil {
		return err
	}
	seen.From, seen.FromUnknown, seen.Renamed = defaults.record, !defaults.Known, renamedTo(o.notes[listed.ID])
	if w = judged(claim, broken, seen, o.where); w.owner.Project == "" && !o.survey {
		return o.emit(listedContainer(listed, seen.Name, w))
	}
	c, err := o.engine.read.ContainerInspect(ctx, listed.ID)
	if errdefs.IsNotFound(err) {
		return nil // gone since the list
	}
	if err != nil {
		return o.engine.problem(err, "reading the container", "", listed.ID)
	}
	object := containerObject(c, w, defaults, o.engine.facts)
	object.Condition.Requested = o.lists.requested(object)
	if len(object.LivesIn) > 0 {
		object.Condition.Follows = o.follows[object.ID]
	}
	object.Owner.Spec = amended(object.Owner.Spec, withName(o.notes[c.ID], object.Name))
	if object.Owner.Project == "" || object.Stray || object.Owner.Schema > provider.OwnershipSchema {
		return o.emit(object)
	}
	object = o.engine.withExpiry(ctx, o.engine.withFiles(ctx, object))
	if object.Kind == provider.Daemon {
		object.Data = dataOfObject(object, o.lists.volumes)
		object.Warnings = clashes(chosenOf(c.Config.Labels[labelChosen]), o.lists.networks)
	}
	o.engine.readAuth(ctx, c, &object)
	if slices.Contains(o.output, object.Owner.Address) && object.Condition.State == provider.StateExited {
		out, err := o.engine.recorded(ctx, c, o.lists.heardWhole(c))
		if err != nil {
			return err
		}
		out.into(&object.Values)
	}
	return o.emit(object)
}

// listedContainer is a container of somebody else's, as far as the list tells.
func listedContainer(c container.Summary, name string, w whose) provider.Object {
	object := provider.Object{
		ID: c.ID, Kind: provider.Container, Name: name, Actual: cty.EmptyObjectVal,
		Condition: provider.Condition{State: provider.State(c.State)}, Values: provider.Values{ID: c.ID, Ref: name},
		Fingerprint: fingerprint(c.ID, name, c.State, c.Labels),
	}
	w.on(&object)
	return object
}

// imageDefaults reads each image once; one that is gone has unknown defaults.
func (o *observation) imageDefaults(ctx context.Context, id string) (imageDefaults, error) {
	read, _ := o.defaults.LoadOrStore(id, sync.OnceValues(func() (imageDefaults, error) {
		return o.engine.imageDefaults(ctx, id)
	}))
	return read.(func() (imageDefaults, error))() //nolint:forcetypeassert // only these are stored
}

func (e *engine) imageDefaults(ctx context.Context, id string) (imageDefaults, error) {
	if id == "" {
		return imageDefaults{}, nil // the engine does not say
	}
	i, err := e.read.ImageInspect(ctx, id)
	if errdefs.IsNotFound(err) {
		return imageDefaults{}, nil
	}
	if err != nil {
		return imageDefaults{}, e.problem(err, "reading the image", "", id)
	}
	defaults := defaultsOf(i)
	defaults.content = contentOfImage(i)
	defaults.record = e.sourceOf(id, i).record
	return defaults, nil
}

func (o *observation) network(ctx context.Context, id string) error {
	n, err := o.engine.read.NetworkInspect(ctx, id, network.InspectOptions{})
	if errdefs.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return o.engine.problem(err, "reading the network", "", id)
	}
	object := networkObject(n, judge(n.Labels, provider.Seen{Kind: provider.Network, Name: n.Name}, o.where), o.engine.facts)
	object.Members = max(object.Members, o.lists.members(n.Name, n.ID))
	object.Users = o.lists.foreignMembers(n.Name, n.ID, object.Owner.Project)
	return o.emit(object)
}

func (o *observation) volumeObject(v volume.Volume) provider.Object {
	object := volumeObject(v, judge(v.Labels, provider.Seen{Kind: provider.Volume, Name: v.Name}, o.where))
	object.Users = o.lists.foreignMounts(v.Name, object.Owner.Project)
	return object
}

func (o *observation) image(ctx context.Context, id string) error {
	i, err := o.engine.read.ImageInspect(ctx, id)
	if errdefs.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return o.engine.problem(err, "reading the image", "", id)
	}
	o.mu.Lock()
	o.resp.Contents[i.ID] = contentOfImage(i)
	o.mu.Unlock()
	object := imageObject(i)
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
	o.resp.Contents[i.ID] = contentOfImage(i)
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
	object := imageObject(i)
	object.Name = name
	return o.emit(object)
}

// judged says of every container whose it is, as far as the lists tell.
func (l lists) judged() []whose {
	records := map[string]provider.Ownership{}
	for _, i := range l.images {
		records[i.ID], _ = headOf(i.Labels)
	}
	out := make([]whose, len(l.containers))
	for i, c := range l.containers {
		out[i] = glance(c.Labels, provider.Seen{Kind: provider.Container, Name: containerName(c.Names), From: records[c.ImageID]}, anywhere(c.Labels))
	}
	return out
}

// judgedIn is judged with what is known of where a project's objects count.
func (l lists) judgedIn(where provider.Whereabouts, project string, notes map[string]map[string]json.RawMessage) []whose {
	out := slices.Clone(l.whose)
	for i, c := range l.containers {
		if owner := out[i].owner; owner.Project != "" && owner.Project == project {
			seen := provider.Seen{Kind: provider.Container, Name: containerName(c.Names), Renamed: renamedTo(notes[c.ID])}
			out[i] = glance(c.Labels, seen, where) // what it was made from was judged before
		}
	}
	return out
}

// foreignMembers are containers in a network that are not the project's.
func (l lists) foreignMembers(name, id, project string) []string {
	var out []string
	for i, c := range l.containers {
		if memberOf(c, name, id) && (project == "" || l.whose[i].owner.Project != project) {
			out = append(out, l.describe(i))
		}
	}
	slices.Sort(out)
	return out
}

// members counts the containers of a network, running or not.
func (l lists) members(name, id string) int {
	n := 0
	for _, c := range l.containers {
		if c.NetworkSettings == nil {
			continue
		}
		if at := c.NetworkSettings.Networks[name]; at != nil && at.NetworkID == id {
			n++
		}
	}
	return n
}

// memberOf tells whether a container is in a network.
func memberOf(c container.Summary, name, id string) bool {
	if c.NetworkSettings == nil {
		return false
	}
	at := c.NetworkSettings.Networks[name]
	return at != nil && (at.NetworkID == "" || at.NetworkID == id)
}

// foreignMounts are containers that mount a volume and are not the project's.
func (l lists) foreignMounts(name, project string) []string {
	var out []string
	for i, c := range l.containers {
		mounts := slices.ContainsFunc(c.Mounts, func(m container.MountPoint) bool { return m.Type == "volume" && m.Name == name })
		if mounts && (project == "" || l.whose[i].owner.Project != project) {
			out = append(out, l.describe(i))
		}
	}
	slices.Sort(out)
	return out
}

// describe names a container, by its index, for people.
func (l lists) describe(i int) string {
	name := "container " + containerName(l.containers[i].Names)
	if owner := l.whose[i].owner; owner.Project != "" {
		return fmt.Sprintf("%s (%s of project %s)", name, owner.Address, owner.Project)
	}
	return name
}
