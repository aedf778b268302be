package docker

import (
	"archive/tar"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/build"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/versions"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/buildcontext"
	"github.com/dindctl/dindctl/provider/docker/buildkit"
)

// labelName says which name an image was built under: whatever is built from an
// image inherits its labels, and is not ours.
const labelName = labelPrefix + "name"

// buildLogKept is how many lines of a build are shown when it fails.
const buildLogKept = 40

// buildsTried is how often a build is begun whose files change while they are sent.
const buildsTried = 5

// createImage builds an image under the object's name, or adopts the one of a call that
// was interrupted. An earlier build of the same object loses its name to the new one.
func (p *Provider) createImage(ctx context.Context, e *engine, req provider.CreateRequest, say events) (provider.CreateResponse, error) {
	decl := req.Declaration
	source, err := p.sourceNow(ctx, &req)
	if err != nil {
		return provider.CreateResponse{}, err
	}
	i, err := e.read.ImageInspect(ctx, decl.Name)
	if err != nil && !errdefs.IsNotFound(err) {
		return provider.CreateResponse{}, e.problem(err, "looking for the image", decl.Address, decl.Name)
	}
	if err == nil {
		w := imageOwner(i)
		taken := mayAdopt(req, "image", decl.Name, w)
		switch {
		case !req.Means(w.owner):
			return provider.CreateResponse{}, taken
		case taken == nil && i.ID != req.Replaces && asBefore(i, decl):
			return provider.CreateResponse{ID: i.ID, Adopted: true, Object: placed(e, imageObject(i))}, nil
		case bytes.Equal(w.owner.Spec, req.Owner.Spec) && asBefore(i, decl):
			req.Owner.Run = w.owner.Run // what comes out the same, and bears the same record, has the same id
		}
	}
	if err := p.build(ctx, e, req, source, say); err != nil {
		return provider.CreateResponse{}, err
	}
	i, err = e.read.ImageInspect(ctx, decl.Name)
	if err != nil {
		return provider.CreateResponse{}, e.problem(err, "reading the image", decl.Address, decl.Name)
	}
	object := placed(e, imageObject(i))
	object.Name = decl.Name
	return provider.CreateResponse{ID: i.ID, Object: object}, nil
}

// build builds an image, once more where something was changed under it meanwhile.
func (p *Provider) build(ctx context.Context, e *engine, req provider.CreateRequest, source imageSource, say events) error {
	err := p.buildImage(ctx, e, req, source, say)
	if cacheGone(err) {
		err = p.buildImage(ctx, e, req, source, say)
	}
	for tried := 1; errors.Is(err, buildcontext.ErrChanged); tried++ {
		if tried == buildsTried {
			return &provider.Problem{
				Code: provider.Invalid, Address: req.Declaration.Address, Path: "build.context", Summary: "The build's context does not keep still",
				Detail: fmt.Sprintf("Files of %s changed while they were sent, each time of %d. Let what writes there come to its end, or leave its files out by .dockerignore.", source.block.text("context"), tried),
			}
		}
		if source, err = p.sourceNow(ctx, &req); err == nil {
			err = p.buildImage(ctx, e, req, source, say)
		}
	}
	return err
}

// over tells walks over files whether their call is to end.
func (p *Provider) over(ctx context.Context) func() error {
	return func() error {
		if p.isStopping() {
			return context.Canceled
		}
		return ctx.Err()
	}
}

// cacheGone tells whether a build ended because an intermediate image that it had
// found in the cache was removed under it: by a `docker image prune`, or with an
// image of another build (moby, image/fs.go: the words of a missing digest).
func cacheGone(err error) bool {
	var problem *provider.Problem
	return errors.As(err, &problem) && problem.Code == provider.NoImage && strings.Contains(problem.Detail, "failed to get digest sha256:")
}

// imageOwner judges an image that was inspected.
func imageOwner(i image.InspectResponse) whose {
	if i.Config == nil {
		return whose{}
	}
	return whoseImage(i.Config.Labels, i.RepoTags)
}

// order is what is asked of a builder.
type order struct {
	build.ImageBuildOptions
	secrets map[string]string
	apart   *buildkit.Offer // the files, where the request brings none
}

// orderFor is how an image is asked for.
func (p *Provider) orderFor(e *engine, req provider.CreateRequest, block values) order {
	o := order{ImageBuildOptions: build.ImageBuildOptions{
		Tags: []string{req.Declaration.Name}, Remove: true, ForceRemove: true,
		Labels: withOwner(block.mapping("labels"), req.Owner),
		Target: block.text("target"), Platform: block.text("platform"), NetworkMode: block.text("network"),
		NoCache: block.flag("no_cache", false) || req.Anew, CacheFrom: block.list("cache_from"),
		PullParent: valuesOf(req.Declaration.Declared).text("pull") == "always",
	}, secrets: block.mapping("secrets")}
	o.Labels[labelName] = req.Declaration.Name
	if len(relatedImages(req.Declaration)) > 0 {
		o.Labels[labelImages] = madeWith(req.Declaration)
	}
	o.Version = p.builderFor(e, o.NetworkMode)
	o.BuildArgs = argsFor(block)
	return o
}

// bring brings what an image is made from into the engine: the images of the
// configuration from where they were made, and the one that it only names.
func (p *Provider) bring(ctx context.Context, e *engine, req provider.CreateRequest, source imageSource, say events) error {
	decl := req.Declaration
	from := valuesOf(decl.Declared).text("from")
	for _, r := range source.takenFrom(decl) {
		if r.ID == "" {
			continue
		}
		if _, err := p.haveImage(ctx, e, imageWish{reference: r.Name, built: r.ID, from: req.ImageFrom, address: decl.Address}, say); err != nil {
			return err
		}
		if means(from, r) {
			from = ""
		}
	}
	if from == "" {
		return nil
	}
	policy := cmp.Or(valuesOf(decl.Declared).text("pull"), "missing")
	_, err := p.haveImage(ctx, e, imageWish{reference: from, policy: policy, from: req.ImageFrom, address: decl.Address}, say)
	return err
}

func (p *Provider) buildImage(ctx context.Context, e *engine, req provider.CreateRequest, source imageSource, say events) error {
	decl := req.Declaration
	from := valuesOf(decl.Declared).text("from")
	if source.block.v == cty.NilVal && from == "" {
		return &provider.Problem{Code: provider.Invalid, Address: decl.Address, Summary: "An image needs a source", Detail: "Say `build { context = ... }`, or `from`."}
	}
	o := p.orderFor(e, req, source.block)
	if len(o.secrets) > 0 && o.Version != build.BuilderBuildKit {
		return noBuildSecrets(e, decl)
	}
	source = source.takenBy(o.Version, decl)
	if err := p.bring(ctx, e, req, source, say); err != nil {
		return err
	}
	if source.block.v == cty.NilVal { // nothing that it has would need BuildKit
		o.Version, o.PullParent, o.Dockerfile = build.BuilderV1, false, dockerfileName
	}
	return p.untilStopping(ctx, decl.Address, "Building "+decl.Name, func(ctx context.Context) error {
		sent := &watched{}
		var content io.Reader // none where the builder asks for the files
		if recipe, name := source.recipe(); o.Version == build.BuilderBuildKit && name == "" {
			o.apart = &buildkit.Offer{Dockerfile: recipe, Files: source.files(sent)}
			o.RemoteContext, o.Dockerfile = buildkit.RemoteContext, buildkit.Dockerfile
		} else {
			stream := io.NopCloser(io.Reader(oneFile(dockerfileName, "FROM "+from+"\n")))
			if source.block.v != cty.NilVal {
				stream, o.Dockerfile = source.archive()
			}
			defer func() { _ = stream.Close() }()
			content = sent.watching(stream)
		}
		if o.Version == build.BuilderBuildKit {
			session, err := p.session(ctx, e, decl, o)
			if err != nil {
				return err
			}
			defer session.Close()
			o.SessionID = session.ID()
		}
		err := runBuild(ctx, e, decl, content, o.ImageBuildOptions, hiding(o.secrets), say)
		if err != nil && ctx.Err() == nil && sent.moved.Load() {
			return buildcontext.ErrChanged
		}
		return err
	})
}

// session opens the session of a build by BuildKit, with all that the build may have.
func (p *Provider) session(ctx context.Context, e *engine, decl provider.Declaration, o order) (*buildkit.Session, error) {
	offer := buildkit.Offer{Secrets: o.secrets, Login: p.own().forBuilds(e.place)}
	if o.apart != nil {
		offer.Dockerfile, offer.Files = o.apart.Dockerfile, o.apart.Files
	}
	session, err := buildkit.Open(ctx, func(ctx context.Context, protocol string, headers map[string][]string) (net.Conn, error) {
		attaching, watch := e.attaching(ctx, "POST /session")
		conn, err := e.write.DialHijack(attaching, "/session", protocol, headers)
		watch.opened()
		return conn, watch.instead(err)
	}, offer)
	if err != nil {
		return nil, e.problem(err, "opening a session for the build", decl.Address, decl.Name)
	}
	return session, nil
}

// apiBuildKit is the API since which engines on Linux have BuildKit (Docker 18.09).
// https://docs.docker.com/reference/api/engine/version-history/#v139-api-changes
const apiBuildKit = "1.39"

// builderFor chooses who builds: BuildKit where the engine has it and can do what
// is asked for, else the engine's classic builder. BuildKit knows no networks by
// their names. DOCKER_BUILDKIT=0 chooses the classic one, as for the docker CLI.
func (p *Provider) builderFor(e *engine, network string) build.BuilderVersion {
	named := network != "" && network != "default" && network != "host" && network != "none"
	if named || e.facts.OS != "linux" || versions.LessThan(e.facts.API, apiBuildKit) || p.own().env["DOCKER_BUILDKIT"] == "0" {
		return build.BuilderV1
	}
	return build.BuilderBuildKit
}

// hiding replaces what a build prints of its secrets, line by line.
func hiding(secrets map[string]string) *strings.Replacer {
	var pairs []string
	for _, id := range sortedKeys(secrets) {
		for _, line := range strings.Split(secrets[id], "\n") {
			if line = strings.TrimSpace(line); len(line) >= leastHidden {
				pairs = append(pairs, line, "(sensitive value)")
			}
		}
	}
	return strings.NewReplacer(pairs...)
}

// leastHidden is how long a line of a secret is at least, in bytes: shorter ones
// stand in many words, and hiding them would tell them.
const leastHidden = 4

// noBuildSecrets says that only the classic builder is there, and why.
func noBuildSecrets(e *engine, decl provider.Declaration) error {
	return &provider.Problem{
		Code: provider.Refused, Address: decl.Address, Path: "build.secrets", Summary: "Secrets in a build without BuildKit",
		Detail: fmt.Sprintf("%s is built by the classic builder of %s, which has no secrets: BuildKit needs an engine on Linux, a network that is host, none or the default, and no DOCKER_BUILDKIT=0 in the environment. Nothing was sent.", decl.Name, e.facts.Name),
	}
}

func runBuild(ctx context.Context, e *engine, decl provider.Declaration, content io.Reader, options build.ImageBuildOptions, hide *strings.Replacer, say events) error {
	say.phase(provider.PhaseBuild, decl.Name)
	answer, err := e.write.ImageBuild(ctx, content, options)
	if err != nil {
		return e.problem(err, "building the image", decl.Address, decl.Name)
	}
	defer func() { _ = answer.Body.Close() }()
	last := &lastLines{n: buildLogKept}
	tell := func(line string) {
		if line = hide.Replace(withoutColours(line)); strings.TrimSpace(line) != "" {
			last.add(line)
			say.phase(provider.PhaseBuild, line)
		}
	}
	out := eachLine(tell)
	trace := buildkit.NewTrace(tell, func(done, total int64) { say.bytes(provider.PhaseBuild, decl.Name, done, total) })
	err = readMessages(answer.Body, func(m message) {
		_, _ = io.WriteString(out, m.Stream)
		var part []byte
		if m.ID == buildkit.TraceID && json.Unmarshal(m.Aux, &part) == nil {
			trace.Note(part)
		}
	})
	_ = out.Flush() // no line is refused
	trace.Close()
	if err == nil {
		return nil
	}
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if known := new(provider.Problem); errors.As(err, &known) { // the engine's trouble, not the build's
		return e.problem(err, "building the image", decl.Address, decl.Name)
	}
	return &provider.Problem{
		Code: provider.NoImage, Address: decl.Address, Path: "build", Summary: "The image cannot be built",
		Detail: fmt.Sprintf("Building %s: %s.%s", decl.Name, strings.TrimSuffix(shortened(hide.Replace(err.Error())), "."), builderAdvice(err.Error())), Log: last.kept,
	}
}

// withoutColours is a line without the escape sequences in which the classic builder puts
// what a command says on its standard error: \x1b[91m and \x1b[0m.
func withoutColours(line string) string {
	for {
		before, after, found := strings.Cut(line, "\x1b[")
		end := strings.IndexFunc(after, func(r rune) bool { return r != ';' && (r < '0' || r > '9') })
		if !found || end < 0 || after[end] != 'm' {
			return line
		}
		line = before + after[end+1:]
	}
}

// builderAdvice says what to do about what the builder that built does not know.
func builderAdvice(text string) string {
	switch {
	case strings.Contains(text, "BuildKit") || strings.Contains(text, "Unknown flag: mount") || strings.Contains(text, "unknown instruction: <<"):
		return " The engine's classic builder does not know that; BuildKit does, and builds wherever the engine has it, unless the build's network has a name or DOCKER_BUILDKIT=0 is in the environment."
	case strings.Contains(text, "secret ") && strings.Contains(text, "not found"):
		return " Give the build that secret: `secrets = { ID = ... }`, with a sensitive variable, in its build block."
	case strings.Contains(text, "SSH key") || strings.Contains(text, "ssh-agent"):
		return " dindctl forwards no SSH agent to builds. Give the key as a secret, or build with `docker buildx build --ssh` and name the result by `from`."
	}
	return ""
}

func writeFile(out *tar.Writer, name string, content []byte) error {
	err := out.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644, Size: int64(len(content))})
	if err == nil {
		_, err = out.Write(content)
	}
	return err
}

func oneFile(name, content string) *bytes.Buffer {
	var b bytes.Buffer
	out := tar.NewWriter(&b)
	_ = writeFile(out, name, []byte(content)) // a buffer takes everything
	_ = out.Close()
	return &b
}

// deleteImage takes the object's name off its image, which removes it with its
// last name, unless something uses it.
func (p *Provider) deleteImage(ctx context.Context, e *engine, req provider.DeleteRequest, say events) error {
	i, err := e.read.ImageInspect(ctx, req.ID)
	if errdefs.IsNotFound(err) {
		return nil
	}
	if err != nil {
		return e.problem(err, "reading the image", "", req.ID)
	}
	w := imageOwner(i)
	if err := mayChange(req.Project, "image", req.ID, w); err != nil {
		return err
	}
	say.phase(provider.PhaseRemove, "")
	name := i.Config.Labels[labelName]
	_, err = e.write.ImageRemove(ctx, name, image.RemoveOptions{PruneChildren: true})
	if err == nil || errdefs.IsNotFound(err) {
		return nil
	}
	if errdefs.IsConflict(err) {
		return inUse("image", name, w.owner.Address, []string{engineWords(err)})
	}
	return e.problem(err, "removing the image", w.owner.Address, name)
}
