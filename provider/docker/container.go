package docker

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"

	"github.com/dindctl/dindctl/provider"
)

// making is the work on one container, from its declaration to its readiness.
type making struct {
	p       *Provider
	e       *engine
	req     provider.CreateRequest
	request request
	say     events
	imageID string
}

// createContainer makes everything that runs.
func (p *Provider) createContainer(ctx context.Context, e *engine, req provider.CreateRequest, say events) (provider.CreateResponse, error) {
	r, err := requestOf(req.Declaration)
	if err != nil {
		return provider.CreateResponse{}, err
	}
	if err := tooOld(req.Declaration, e.facts.API); err != nil {
		return provider.CreateResponse{}, err
	}
	if err := refuseStorage(req.Declaration, e.facts); err != nil {
		return provider.CreateResponse{}, err
	}
	if err := e.giveSocketGroup(ctx, req, &r, say); err != nil {
		return provider.CreateResponse{}, err
	}
	m := &making{p: p, e: e, req: req, request: r, say: say}
	if m.imageID, err = p.haveImage(ctx, e, imageWish{
		reference: r.image, policy: r.pull, from: req.ImageFrom, address: req.Declaration.Address, platform: r.platform,
		auth: pullAuthOf(req.Declaration, r.image), built: builtAs(req.Declaration),
	}, say); err != nil {
		return provider.CreateResponse{}, err
	}
	retries := 0
	if n, ok := valuesOf(req.Declaration.Declared).number("retries"); ok && req.Declaration.Kind == provider.Job {
		retries = int(n)
	}
	resp, err := m.once(ctx)
	for ; retries > 0 && provider.CodeOf(err) == provider.JobFailed && ctx.Err() == nil && !p.isStopping(); retries-- {
		say.phase(provider.PhaseMessage, fmt.Sprintf("failed; %d more attempts", retries))
		if err := m.e.remove(ctx, resp.ID); err != nil {
			return resp, err
		}
		resp, err = m.once(ctx)
	}
	return resp, err
}

// once creates the container, or adopts the one that is there, and brings it to its end state.
func (m *making) once(ctx context.Context) (provider.CreateResponse, error) {
	id, adopted, err := m.create(ctx)
	resp := provider.CreateResponse{ID: id, Adopted: adopted}
	if err != nil {
		return resp, err
	}
	c, err := m.e.read.ContainerInspect(ctx, id)
	if err != nil {
		return resp, m.e.problem(err, "reading the container", m.req.Declaration.Address, m.req.Declaration.Name)
	}
	if c.State.Status == "created" {
		if err := m.readyToStart(ctx, c); err != nil {
			return provider.CreateResponse{}, err
		}
		if err := m.prepare(ctx, c); err != nil {
			return resp, err
		}
	}
	object, err := m.p.finish(ctx, m.e, m.req.Declaration, c, m.say)
	resp.Object = object
	if err == nil && object.ID != "" {
		err = applied(m.req, object, m.e.facts, m.imageID)
	}
	return resp, err
}

// create asks the engine for the container.
func (m *making) create(ctx context.Context) (id string, adopted bool, err error) {
	decl := m.req.Declaration
	config, host := m.request.config, m.request.host
	config.Labels = withOwner(config.Labels, m.req.Owner)
	if byDigest(config.Image) {
		// What was carried has no digest where it came to: it is meant by its id.
		known, err := m.e.imageID(ctx, config.Image)
		if err != nil {
			return "", false, m.e.problem(err, "looking for the image", decl.Address, config.Image)
		}
		if known == "" {
			config.Image = m.imageID
		}
	}
	if decl.Kind == provider.Daemon {
		chosen, warning, err := m.e.surroundings(ctx, decl, m.request, m.p.around(m.e.place))
		if err != nil {
			return "", false, err
		}
		if warning != "" {
			m.say.phase(provider.PhaseMessage, warning)
		}
		config.Labels[labelChosen] = jsonText(chosen)
	}
	if err := putMounts(&host, m.request.mounts, m.e.facts.API); err != nil {
		return "", false, withAddress(err, decl.Address)
	}
	endpoints, err := m.request.putEndpoints(&config, &host, m.e.facts.API)
	if err != nil {
		return "", false, withAddress(err, decl.Address)
	}
	if err := m.e.lookForVolumes(ctx, decl, m.req.Owner.Project, m.request.mounts); err != nil {
		return "", false, err
	}
	m.say.phase(provider.PhaseCreate, "")
	created, err := m.e.write.ContainerCreate(ctx, &config, &host, endpoints, platformOf(m.request.platform), decl.Name)
	if err == nil {
		return created.ID, false, nil
	}
	if errdefs.IsConflict(err) {
		return m.adopt(ctx, err)
	}
	return "", false, m.e.problem(err, "creating the container", decl.Address, decl.Name)
}

// adopt takes over the container that has the name already.
func (m *making) adopt(ctx context.Context, conflict error) (string, bool, error) {
	decl := m.req.Declaration
	c, err := m.e.read.ContainerInspect(ctx, decl.Name)
	if errdefs.IsNotFound(err) {
		return "", false, m.e.problem(conflict, "creating the container", decl.Address, decl.Name)
	}
	if err != nil {
		return "", false, m.e.problem(err, "reading the container", decl.Address, decl.Name)
	}
	if c.State.Status == "removing" {
		if err := m.e.waitGone(ctx, c.ID); err != nil {
			return "", false, err
		}
		return m.create(ctx)
	}
	w, err := m.e.whoseContainer(ctx, c)
	if err != nil {
		return "", false, err
	}
	if err := mayAdopt(m.req, "container", c.ID, w); err != nil {
		return "", false, err
	}
	return c.ID, true, nil
}

// prepare does to a container that was never started what has to be done before
// its start: further networks, a daemon's configuration. It may be done again.
func (m *making) prepare(ctx context.Context, c container.InspectResponse) error {
	return prepare(ctx, m.e, m.req.Declaration, m.request, c)
}

func prepare(ctx context.Context, e *engine, decl provider.Declaration, r request, c container.InspectResponse) error {
	for _, n := range r.networks {
		if _, joined := c.NetworkSettings.Networks[n.name]; joined {
			continue
		}
		if err := e.write.NetworkConnect(ctx, n.name, c.ID, n.settings(e.facts.API)); err != nil {
			return e.problem(err, "connecting "+decl.Name+" to the network", decl.Address, n.name)
		}
	}
	if err := e.checkLandings(ctx, decl, r, c); err != nil {
		return err
	}
	if decl.Kind == provider.Daemon {
		if err := e.putSettings(ctx, decl, r, c); err != nil {
			return err
		}
		if err := e.emptySpoiledKey(ctx, decl, c); err != nil {
			return err
		}
	}
	if r.dockerConfig != nil {
		if err := e.putAuth(ctx, c, r.dockerConfig); err != nil {
			return e.problem(err, "putting registry credentials into", decl.Address, decl.Name)
		}
	}
	for _, f := range r.files {
		if err := e.putFile(ctx, c.ID, f); err != nil {
			return e.problem(err, "putting "+f.path+" into", decl.Address, decl.Name)
		}
	}
	return nil
}

// putSettings puts daemon.json into a daemon's container. One that the image
// brings is added to where nothing is declared, and replaced where something is.
// One behind a mount is somebody's own, and stays as it is: what would be chosen
// for the daemon is then theirs to say.
func (e *engine) putSettings(ctx context.Context, decl provider.Declaration, r request, c container.InspectResponse) error {
	chosen := chosenOf(c.Config.Labels[labelChosen])
	if len(r.settings) == 0 && (mountedOver(r.mounts, daemonJSONPath) != "" || putsSettings(valuesOf(decl.Declared))) {
		return nil
	}
	if len(r.settings) == 0 && len(chosen) > 0 {
		text, err := e.readText(ctx, c.ID, daemonJSONPath)
		if err != nil {
			return e.problem(err, "reading daemon.json in", decl.Address, decl.Name)
		}
		chosen = withChosen(chosenOf(text), chosen)
	}
	content, err := daemonJSON(withChosen(r.settings, chosen))
	if err != nil || content == nil {
		return err
	}
	err = e.putFile(ctx, c.ID, fileSpec{path: daemonJSONPath, content: content, mode: 0o644})
	return e.problem(err, "putting daemon.json into", decl.Address, decl.Name)
}

func platformOf(text string) *ocispec.Platform {
	if text == "" {
		return nil
	}
	var p ocispec.Platform
	parts := bytes.SplitN([]byte(text), []byte("/"), 3)
	fields := []*string{&p.OS, &p.Architecture, &p.Variant}
	if len(parts) == 1 {
		p.OS, p.Architecture = "linux", text
		return &p
	}
	for i, part := range parts {
		*fields[i] = string(part)
	}
	return &p
}

func withAddress(err error, address string) error {
	if p, ok := err.(*provider.Problem); ok { //nolint:errorlint // made a line above
		p.Address = address
	}
	return err
}

// Resume brings an existing container to where Create would have left it.
func (p *Provider) Resume(ctx context.Context, req provider.ResumeRequest, sink provider.Sink) (provider.ResumeResponse, error) {
	e, err := p.at(req.Place)
	if err != nil {
		return provider.ResumeResponse{}, err
	}
	decl := req.Declaration
	if !decl.Kind.Runs() {
		return provider.ResumeResponse{}, &provider.Problem{
			Code: provider.Invalid, Address: decl.Address, Summary: "It does not run", Detail: fmt.Sprintf("A %s cannot be started.", decl.Kind),
		}
	}
	c, err := e.read.ContainerInspect(ctx, req.ID)
	if err != nil {
		return provider.ResumeResponse{}, e.problem(err, "reading the container", decl.Address, decl.Name)
	}
	if _, err := e.mayChangeContainer(ctx, req.Project, c); err != nil {
		return provider.ResumeResponse{}, err
	}
	say := newEvents(sink, decl.Address)
	ctx = withVoice(ctx, say)
	if req.Waits {
		object, err := p.await(ctx, e, decl, c, say)
		return provider.ResumeResponse{Object: object}, err
	}
	if req.Ends {
		if c, err = e.end(ctx, decl, c, say); err != nil {
			return provider.ResumeResponse{}, err
		}
	}
	if c.State.Status == "created" {
		r, err := requestOf(decl)
		if err != nil {
			return provider.ResumeResponse{}, err
		}
		if err := prepare(ctx, e, decl, r, c); err != nil {
			return provider.ResumeResponse{}, err
		}
	}
	object, err := p.finish(ctx, e, decl, c, say)
	if c.State.Status == "exited" && decl.Kind != provider.Job && object.Condition.State == provider.StateRunning {
		err = errors.Join(err, e.problem(e.forgetStop(ctx, c.ID), "removing the record of a stop of", decl.Address, decl.Name))
	}
	return provider.ResumeResponse{Object: object}, err
}

// finish starts a container that does not run and waits: for a job's end, for
// the readiness of everything else. The object is as it is then, also beside an error.
func (p *Provider) finish(ctx context.Context, e *engine, decl provider.Declaration, c container.InspectResponse, say events) (provider.Object, error) {
	var err error
	var out output
	if decl.Kind == provider.Job {
		out, err = p.runJob(ctx, e, decl, c, say)
	} else {
		tellHostVariable(decl, c.Config.Env, say)
		if err = p.startAndWait(ctx, e, decl, c, say); err == nil {
			err = e.tryCLI(ctx, decl, c.ID)
		}
	}
	object, readErr := e.object(context.WithoutCancel(ctx), c.ID)
	if decl.Kind == provider.Daemon && err == nil && readErr == nil {
		p.tellInside(ctx, e, &object)
	}
	if decl.Kind == provider.Job {
		out.into(&object.Values)
	}
	switch {
	case err != nil:
	case readErr != nil:
		err = e.problem(readErr, "reading the container", decl.Address, decl.Name)
	case decl.Kind != provider.Job && over(object.Condition.State):
		err = newReadiness(p, e, decl, c, say).ended(ctx)
	}
	return object, err
}

// over tells that a container which is to stay has ended, though it may be started again.
func over(state provider.State) bool {
	return state == provider.StateExited || state == provider.StateRestarting || state == provider.StateDead
}

// tellInside adds what only the engine inside a daemon can tell. It has just
// answered; where it does not any more, whoever looks into it next says so.
func (p *Provider) tellInside(ctx context.Context, e *engine, object *provider.Object) {
	inside, err := p.Open(ctx, provider.OpenRequest{Parent: e.place, ID: object.ID})
	if err == nil && inside.Readable {
		object.Values.Version, object.Values.StorageDriver = inside.Facts.Version, inside.Facts.Details[detailStorage]
	}
}

// object reads a container.
func (e *engine) object(ctx context.Context, id string) (provider.Object, error) {
	c, err := e.read.ContainerInspect(ctx, id)
	if err != nil {
		return provider.Object{}, err
	}
	defaults, err := e.imageDefaults(ctx, c.Image)
	if err != nil {
		return provider.Object{}, err
	}
	w, err := e.whoseContainer(ctx, c)
	if err != nil {
		return provider.Object{}, err
	}
	object := placed(e, e.withFiles(ctx, containerObject(c, w, defaults, e.facts)))
	e.readAuth(ctx, c, &object)
	return object, e.readOrder(ctx, &object)
}
