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
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/build"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/versions"
	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/docker/buildkit"
)

// labelName says which name an image was built under: whatever is built from an
// image inherits its labels, and is not ours.
const labelName = labelPrefix + "name"

// buildLogKept is how many lines of a build are shown when it fails.
const buildLogKept = 40

// createImage builds an image under the object's name, or adopts it. An earlier
// build of the same object loses its name to the new one.
func (p *Provider) createImage(ctx context.Context, e *engine, req provider.CreateRequest, say events) (provider.CreateResponse, error) {
	decl := req.Declaration
	i, err := e.read.ImageInspect(ctx, decl.Name)
	if err != nil && !errdefs.IsNotFound(err) {
		return provider.CreateResponse{}, e.problem(err, "looking for the image", decl.Address, decl.Name)
	}
	if err == nil {
		w := imageOwner(i)
		err := mayAdopt(req, "image", decl.Name, w)
		switch {
		case err == nil:
			return provider.CreateResponse{ID: i.ID, Adopted: true, Object: placed(e, imageObject(i))}, nil
		case !req.Means(w.owner):
			return provider.CreateResponse{}, err
		}
	}
	err = p.buildImage(ctx, e, req, say)
	if cacheGone(err) {
		err = p.buildImage(ctx, e, req, say)
	}
	if err != nil {
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

func (p *Provider) buildImage(ctx context.Context, e *engine, req provider.CreateRequest, say events) error {
	decl := req.Declaration
	d := valuesOf(decl.Declared)
	options := build.ImageBuildOptions{
		Version: build.BuilderV1, Tags: []string{decl.Name}, Remove: true, ForceRemove: true,
		Labels: withOwner(nil, req.Owner), Dockerfile: dockerfileName,
	}
	policy := cmp.Or(d.text("pull"), "missing")
	var content io.ReadCloser
	var secrets map[string]string
	block, ok := d.block("build")
	switch {
	case ok:
		var err error
		if content, options.Dockerfile, err = contentOf(block); err != nil {
			return &provider.Problem{Code: provider.Invalid, Address: decl.Address, Path: "build", Summary: "The build's context cannot be read", Detail: err.Error() + "."}
		}
		options.Target = block.text("target")
		options.BuildArgs = map[string]*string{}
		for name, value := range block.mapping("args") {
			options.BuildArgs[name] = &value
		}
		options.Labels = withOwner(block.mapping("labels"), req.Owner)
		options.Platform, options.NetworkMode = block.text("platform"), block.text("network")
		options.NoCache, options.CacheFrom = block.flag("no_cache", false), block.list("cache_from")
		options.PullParent = policy == "always"
		options.Version, secrets = p.builderFor(e, options.NetworkMode), block.mapping("secrets")
		if len(secrets) > 0 && options.Version != build.BuilderBuildKit {
			_ = content.Close()
			return noBuildSecrets(e, decl)
		}
	case d.text("from") != "":
		from := d.text("from")
		if _, err := p.haveImage(ctx, e, imageWish{reference: from, policy: policy, from: req.ImageFrom, address: decl.Address}, say); err != nil {
			return err
		}
		content = io.NopCloser(oneFile(dockerfileName, "FROM "+from+"\n"))
	default:
		return &provider.Problem{Code: provider.Invalid, Address: decl.Address, Summary: "An image needs a source", Detail: "Say `build { context = ... }`, or `from`."}
	}
	defer func() { _ = content.Close() }()
	options.Labels[labelName] = decl.Name
	return p.untilStopping(ctx, decl.Address, "Building "+decl.Name, func(ctx context.Context) error {
		if options.Version == build.BuilderBuildKit {
			session, err := buildkit.Open(ctx, func(ctx context.Context, protocol string, headers map[string][]string) (net.Conn, error) {
				attaching, watch := e.attaching(ctx, "POST /session")
				conn, err := e.write.DialHijack(attaching, "/session", protocol, headers)
				watch.opened()
				return conn, watch.instead(err)
			}, buildkit.Offer{Secrets: secrets, Login: p.own().forBuilds(e.place)})
			if err != nil {
				return e.problem(err, "opening a session for the build", decl.Address, decl.Name)
			}
			defer session.Close()
			options.SessionID = session.ID()
		}
		return runBuild(ctx, e, decl, content, options, hiding(secrets), say)
	})
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
		if line = hide.Replace(line); strings.TrimSpace(line) != "" {
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

// contentOf is what a build is sent: its directory, or the Dockerfile alone; and
// the Dockerfile's name in it.
func contentOf(block values) (io.ReadCloser, string, error) {
	inline := block.text("dockerfile_inline")
	switch {
	case inline == "":
		return buildContext(block.text("context"), block.text("dockerfile"), nil)
	case block.text("context") == "":
		return io.NopCloser(oneFile(dockerfileName, inline)), dockerfileName, nil
	}
	return buildContext(block.text("context"), "", []byte(inline))
}

// dockerfileName is the Dockerfile's name in the context that is sent; it may lie outside of the directory.
const dockerfileName = ".dindctl.Dockerfile"

// buildContext streams a directory without what its .dockerignore shuts out, and
// the Dockerfile, whose name in it is returned: its text, or where that is nil
// what is in the file. One of the directory's own files stands there already.
func buildContext(dir, dockerfile string, recipe []byte) (io.ReadCloser, string, error) {
	if dockerfile == "" {
		dockerfile = "Dockerfile"
	}
	if !filepath.IsAbs(dockerfile) {
		dockerfile = filepath.Join(dir, dockerfile)
	}
	own := recipe == nil
	if own {
		var err error
		if recipe, err = os.ReadFile(dockerfile); err != nil {
			return nil, "", fmt.Errorf("reading the Dockerfile: %w", err)
		}
	}
	ignored, err := ignoredBy(dir, dockerfile)
	if err != nil {
		return nil, "", err
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return nil, "", fmt.Errorf("%s is not a directory", dir)
	}
	name := dockerfileName
	if within, err := filepath.Rel(dir, dockerfile); own && err == nil && filepath.IsLocal(within) {
		if skip, err := ignored.MatchesOrParentMatches(within); err == nil && !skip {
			name = filepath.ToSlash(within)
		}
	}
	r, w := io.Pipe()
	go func() {
		out := tar.NewWriter(w)
		err := archive(out, dir, ignored)
		if err == nil && name == dockerfileName {
			err = writeFile(out, name, recipe)
		}
		if err == nil {
			err = out.Close()
		}
		w.CloseWithError(err)
	}()
	return r, name, nil
}

// ignoredBy reads what a build leaves out: the file beside the Dockerfile that is
// for it alone, else that of the directory.
// https://docs.docker.com/build/concepts/context/#filename-and-location
func ignoredBy(dir, dockerfile string) (*patternmatcher.PatternMatcher, error) {
	file, err := os.Open(dockerfile + ".dockerignore")
	if errors.Is(err, fs.ErrNotExist) {
		file, err = os.Open(filepath.Join(dir, ".dockerignore"))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return patternmatcher.New(nil)
	}
	if err != nil {
		return nil, fmt.Errorf("reading .dockerignore: %w", err)
	}
	defer func() { _ = file.Close() }()
	patterns, err := ignorefile.ReadAll(file)
	if err != nil {
		return nil, fmt.Errorf("reading .dockerignore: %w", err)
	}
	return patternmatcher.New(patterns)
}

// archive writes the directory's files, owned by root as a build sees them.
func archive(out *tar.Writer, dir string, ignored *patternmatcher.PatternMatcher) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil || name == "." {
			return err
		}
		skip, err := ignored.MatchesOrParentMatches(name)
		switch {
		case err != nil:
			return err
		case skip && entry.IsDir() && !ignored.Exclusions():
			return filepath.SkipDir
		case skip:
			return nil
		}
		return archiveEntry(out, path, filepath.ToSlash(name), entry)
	})
}

func archiveEntry(out *tar.Writer, path, name string, entry fs.DirEntry) error {
	info, err := entry.Info()
	if err != nil {
		return err
	}
	link := ""
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		if link, err = os.Readlink(path); err != nil {
			return err
		}
	case !info.Mode().IsRegular() && !info.IsDir():
		return nil // sockets, pipes and devices are no part of a build
	}
	header, err := tar.FileInfoHeader(info, link)
	if err != nil {
		return err
	}
	header.Name = name
	if info.IsDir() {
		header.Name += "/"
	}
	header.Uid, header.Gid, header.Uname, header.Gname = 0, 0, "", ""
	if err := out.WriteHeader(header); err != nil || !info.Mode().IsRegular() {
		return err
	}
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = file.Close() }()
	_, err = io.Copy(out, file)
	return err
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
