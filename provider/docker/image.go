package docker

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/distribution/reference"
	"github.com/docker/docker/api/types/image"

	"github.com/dindctl/dindctl/provider"
)

// imageWish is an image that has to be in an engine.
type imageWish struct {
	reference string
	policy    string           // "missing", "always" or "never"
	from      []provider.Place // where it may be carried from, nearest first
	address   string
	platform  string
	auth      pullAuth
	// built is the id of the image block that is meant; empty where it is not known,
	// or an image is only named. The engine may have an earlier one of that name.
	built string
}

// is tells whether an image with this id is the one that is wished for.
func (w imageWish) is(id string) bool { return id != "" && (w.built == "" || id == w.built) }

// builtAs is the id of the image block that a declaration refers to, or empty.
func builtAs(decl provider.Declaration) string {
	image, _ := valuesOf(decl.Declared).ref("image")
	return image.ID
}

// haveImage brings an image into an engine and returns its id: the engine's own,
// else one of another place, else a registry's. Several callers fetch it once.
func (p *Provider) haveImage(ctx context.Context, e *engine, wish imageWish, say events) (string, error) {
	if wish.reference == "" {
		return "", &provider.Problem{
			Code: provider.Invalid, Address: wish.address, Path: "image", Summary: "An image is missing", Detail: "Say which `image` it is made from.",
		}
	}
	if _, err := reference.ParseAnyReference(wish.reference); err != nil {
		return "", &provider.Problem{
			Code: provider.Invalid, Address: wish.address, Path: "image", Summary: "The image's name is none",
			Detail: fmt.Sprintf("%q: %v.", wish.reference, err),
		}
	}
	defer e.once("image " + wish.reference)()
	tried := []string{"engine " + e.facts.Name}
	id, err := e.imageID(ctx, wish.reference)
	if err != nil {
		return "", e.problem(err, "looking for the image", wish.address, wish.reference)
	}
	if wish.is(id) && (wish.policy != "always" || wish.built != "") {
		return id, nil
	}
	p.renew(ctx, e, wish, say)
	tried, id, err = p.carried(ctx, e, wish, tried, say)
	if id != "" || err != nil {
		return id, err
	}
	if wish.built != "" {
		// What bears the name now, here or in a registry, is somebody else's.
		return "", noImage(wish, tried, fmt.Errorf("what bears its name there is not %s, which was made: that was removed or replaced since, and the next apply makes it again",
			wish.built[:min(19, len(wish.built))]))
	}
	if wish.policy == "never" {
		return "", noImage(wish, tried, errors.New("pull = \"never\" rules a registry out"))
	}
	if wish.auth.host == "" {
		wish.auth = pullAuth{host: registryOf(wish.reference)}
	}
	wish.auth = p.own().forPlace(ctx, e.place, wish.auth)
	err = p.untilStopping(ctx, wish.address, "Pulling "+wish.reference, func(ctx context.Context) error { return e.pull(ctx, wish, say) })
	if err != nil {
		if ctx.Err() != nil {
			return "", ctx.Err()
		}
		return "", noImage(wish, append(tried, "its registry"), err)
	}
	id, err = e.imageID(ctx, wish.reference)
	return id, e.problem(err, "looking for the image", wish.address, wish.reference)
}

// carried brings an image from the first of other engines that has it. An empty id says
// that it has to come from its registry; tried then names those that were asked, too.
func (p *Provider) carried(ctx context.Context, e *engine, wish imageWish, tried []string, say events) (_ []string, id string, err error) {
	for _, place := range wish.from {
		source, err := p.at(place)
		if err != nil || source == e {
			continue
		}
		tried = append(tried, "engine "+source.facts.Name)
		there, err := source.imageID(ctx, wish.reference)
		if err != nil || !wish.is(there) {
			continue
		}
		err = p.untilStopping(ctx, wish.address, "Carrying "+wish.reference, func(ctx context.Context) error {
			id, err = carry(ctx, source, e, wish.reference, say)
			return err
		})
		if err == nil || ctx.Err() != nil || wish.built != "" || wish.policy == "never" || provider.CodeOf(err) == provider.Interrupted {
			return tried, id, err
		}
		say.phase(provider.PhaseMessage, "it could not be carried, and is looked for in its registry: "+engineWords(err))
	}
	return tried, "", nil
}

// renew brings anew, to the engine that it would be carried from, an image that is wanted
// anew each time: by the same way there, at last from its registry, which that engine may
// reach and one inside may not. Where none of them has it, nothing is done: what an engine
// around a daemon has is its user's, and the daemon pulls by itself.
func (p *Provider) renew(ctx context.Context, e *engine, wish imageWish, say events) {
	if wish.policy != "always" || wish.built != "" {
		return
	}
	for i, place := range wish.from {
		source, err := p.at(place)
		if err != nil || source == e {
			continue
		}
		if there, err := source.imageID(ctx, wish.reference); err != nil || there == "" {
			continue
		}
		wish.from = wish.from[i+1:]
		_, err = p.haveImage(ctx, source, wish, say)
		if err != nil && provider.CodeOf(err) != provider.Interrupted && ctx.Err() == nil {
			say.phase(provider.PhaseMessage, fmt.Sprintf("%s could not be pulled anew on the engine %s: %s", wish.reference, source.facts.Name, engineWords(err)))
		}
		return
	}
}

// imageID returns an image's id, or empty where the engine does not have it.
func (e *engine) imageID(ctx context.Context, ref string) (string, error) {
	i, err := e.read.ImageInspect(ctx, ref)
	if errdefs.IsNotFound(err) {
		return "", nil
	}
	return i.ID, err
}

func noImage(wish imageWish, tried []string, err error) error {
	if provider.CodeOf(err) == provider.Interrupted {
		return err
	}
	if refused := refusedLogin(wish, err); refused != nil {
		return refused
	}
	return &provider.Problem{
		Code: provider.NoImage, Address: wish.address, Path: "image", Summary: "The image cannot be had",
		Detail: fmt.Sprintf("%s was looked for in %s: %s. Check its name, log in to its registry (`docker login`), or load it into the engine (`docker load`).",
			wish.reference, strings.Join(tried, ", then "), engineWords(err)),
	}
}

// pull fetches an image from its registry.
func (e *engine) pull(ctx context.Context, wish imageWish, say events) error {
	say.phase(provider.PhasePull, wish.reference)
	body, err := e.write.ImagePull(ctx, wish.reference, image.PullOptions{Platform: wish.platform, RegistryAuth: wish.auth.header})
	if err != nil {
		return err
	}
	defer func() { _ = body.Close() }()
	d := downloads{}
	return readMessages(body, func(m message) {
		if done, total, news := d.note(m); news {
			say.bytes(provider.PhasePull, wish.reference, done, total)
		}
	})
}

// downloads are the layers that a pull fetches, by their short ids, and at most
// layersTold of them. The total grows while the engine finds out what it needs.
type downloads map[string]*download

// More layers than any image has (engines stop at some hundred), and a longer id.
const (
	layersTold = 1000
	layerName  = 256
)

type download struct{ done, total int64 }

// note takes in a message of the engine, and returns the sum over all layers.
func (d downloads) note(m message) (done, total int64, news bool) {
	layer := d[m.ID]
	switch {
	case layer == nil && len(d) >= layersTold || len(m.ID) > layerName:
		return 0, 0, false
	case m.Status == "Downloading" && m.Progress != nil && m.Progress.Total > 0:
		d[m.ID], news = &download{m.Progress.Current, m.Progress.Total}, true
	case m.Status == "Download complete" && layer != nil:
		layer.done, news = layer.total, true
	}
	for _, layer := range d {
		done, total = done+layer.done, total+layer.total
	}
	return done, total, news
}
