package docker

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"

	"github.com/dindctl/dindctl/provider"
)

// whose says whose an object is. Exactly one of owner and claim is set, or neither,
// where an object bears no record.
type whose struct {
	owner  provider.Ownership // it is ours
	stray  bool               // ... and does not count where it is
	claim  provider.Ownership // what a record says that does not count
	whyNot string             // why it does not
}

// judge is the one place that tells ours from what is not: every reading of
// containers, networks, volumes and images goes through it.
func judge(labels map[string]string, seen provider.Seen, at provider.Whereabouts) whose {
	claim, broken := claimOf(labels)
	return judged(claim, broken, seen, at)
}

// glance is judge without what was declared: for lists, of which every record would
// be unpacked again and again.
func glance(labels map[string]string, seen provider.Seen, at provider.Whereabouts) whose {
	claim, broken := headOf(labels)
	return judged(claim, broken, seen, at)
}

func judged(claim provider.Ownership, broken string, seen provider.Seen, at provider.Whereabouts) whose {
	switch {
	case claim.Project == "", claim.Kind == provider.Image && seen.Kind == provider.Container:
		return whose{} // a container that somebody made from an image of ours inherits the image's labels
	case broken != "":
		return whose{claim: claim, whyNot: broken}
	}
	standing, why := claim.Standing(seen, at)
	if standing == provider.Foreign {
		return whose{claim: claim, whyNot: why}
	}
	return whose{owner: claim, stray: standing == provider.Stray, whyNot: why}
}

// on writes the judgement on an object.
func (w whose) on(o *provider.Object) {
	o.Owner, o.Stray, o.Claim, o.WhyNot = w.owner, w.stray, w.claim, w.whyNot
	if w.owner.Kind != "" && w.owner.Kind.Runs() == o.Kind.Runs() {
		o.Kind = w.owner.Kind
	}
}

// project is the project that an object's record names, whether it counts or not.
func (w whose) project() string { return w.owner.Project + w.claim.Project }

// anywhere judges by the object alone: whoever asks by an id has found it in a place.
func anywhere(labels map[string]string) provider.Whereabouts {
	claim, _ := headOf(labels)
	return provider.Whereabouts{Place: claim.Place}
}

// whoseNetwork judges a network by itself.
func whoseNetwork(n network.Inspect) whose {
	return judge(n.Labels, provider.Seen{Kind: provider.Network, Name: n.Name}, anywhere(n.Labels))
}

// whoseVolume judges a volume by itself.
func whoseVolume(v volume.Volume) whose {
	return judge(v.Labels, provider.Seen{Kind: provider.Volume, Name: v.Name}, anywhere(v.Labels))
}

// listedNetwork and listedVolume glance at what a list shows.
func listedNetwork(n network.Inspect) whose {
	return glance(n.Labels, provider.Seen{Kind: provider.Network, Name: n.Name}, anywhere(n.Labels))
}

func listedVolume(v *volume.Volume) whose {
	return glance(v.Labels, provider.Seen{Kind: provider.Volume, Name: v.Name}, anywhere(v.Labels))
}

// whoseImage judges an image. It is ours under the name that it was built under:
// what is built from it inherits its labels, and is somebody else's.
func whoseImage(labels map[string]string, tags []string) whose {
	w := judge(labels, provider.Seen{Kind: provider.Image}, anywhere(labels))
	if w.owner.Project != "" && !slices.Contains(tags, familiar(labels[labelName])) {
		return whose{claim: w.owner, whyNot: "it does not have the name that it was built under"}
	}
	return w
}

// whoseContainer judges a container that was inspected, by itself: a copy of it,
// made from an image of it, inherits its labels.
func (e *engine) whoseContainer(ctx context.Context, c container.InspectResponse) (whose, error) {
	if c.Config == nil {
		return whose{}, nil
	}
	claim, broken := claimOf(c.Config.Labels)
	at := provider.Whereabouts{Place: claim.Place}
	seen := provider.Seen{Kind: provider.Container, Name: plainName(c.Name)}
	if w := judged(claim, broken, seen, at); w.owner.Project == "" {
		return w, nil
	}
	from, err := e.source(ctx, c.Image)
	if err != nil {
		return whose{}, err
	}
	seen.From, seen.FromUnknown = from.record, from.unknown
	w := judged(claim, broken, seen, at)
	if w.owner.Project != "" || !from.unknown {
		return w, nil
	}
	note, is, err := e.readNote(ctx, changeNotes(), c.ID)
	if err != nil {
		return whose{}, e.problem(err, "reading the record of changes of", "", seen.Name)
	}
	if is {
		seen.Renamed = renamedTo(changesOf(note.Labels))
	}
	return judged(claim, broken, seen, at), nil
}

// renamedTo is the name in a record of changes, empty where there is none.
func renamedTo(changes map[string]json.RawMessage) string {
	var name string
	if json.Unmarshal(changes["name"], &name) != nil {
		return ""
	}
	return name
}

// source is what an image says of itself, as far as it tells whose a container is.
type source struct {
	record  provider.Ownership
	unknown bool // the image is gone
}

// source reads an image's record once; what is under an id never changes.
func (e *engine) source(ctx context.Context, id string) (source, error) {
	if known, found := e.sources.Load(id); found {
		return known.(source), nil //nolint:forcetypeassert // only these are stored
	}
	if id == "" {
		return source{unknown: true}, nil // the engine does not say
	}
	i, err := e.read.ImageInspect(ctx, id)
	switch {
	case err == nil:
	case errdefs.IsNotFound(err), errdefs.IsInvalidArgument(err), errdefs.IsInternal(err), errdefs.IsUnknown(err):
		return source{unknown: true}, nil // it cannot be read
	default:
		return source{}, e.problem(err, "reading the image", "", id)
	}
	return e.sourceOf(id, i), nil
}

// sourceOf keeps what an image says of itself.
func (e *engine) sourceOf(id string, i image.InspectResponse) source {
	var s source
	if i.Config != nil {
		s.record, _ = headOf(i.Config.Labels)
	}
	e.sources.Store(id, s)
	return s
}

// mayChangeContainer refuses to change a container that is not the project's.
func (e *engine) mayChangeContainer(ctx context.Context, project string, c container.InspectResponse) (provider.Ownership, error) {
	w, err := e.whoseContainer(ctx, c)
	if err != nil {
		return provider.Ownership{}, err
	}
	return w.owner, mayChange(project, "container", plainName(c.Name), w)
}

// notOurs refuses an object for a project, and says why.
func notOurs(project, kind, name string, w whose) error {
	detail := fmt.Sprintf("The %s %s is nobody's, not project %s's. It is left alone.", kind, name, project)
	switch {
	case w.whyNot != "" && w.claim.Project != "":
		detail = fmt.Sprintf("The %s %s bears a record of project %s, and %s. It is left alone.", kind, name, w.claim.Project, w.whyNot)
	case w.owner.Project != "":
		detail = fmt.Sprintf("The %s %s is project %s's, not project %s's. It is left alone.", kind, name, w.owner.Project, project)
	}
	return &provider.Problem{
		Code: provider.NotOurs, Address: w.owner.Address, Summary: "The object belongs to somebody else", Detail: detail,
	}
}
