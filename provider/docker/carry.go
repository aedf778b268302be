package docker

import (
	"archive/tar"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/distribution/reference"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/versions"
	"golang.org/x/sync/errgroup"

	"github.com/dindctl/dindctl/provider"
)

// Carry streams an image from one place to another.
func (p *Provider) Carry(ctx context.Context, req provider.CarryRequest, sink provider.Sink) (provider.CarryResponse, error) {
	from, err := p.at(req.From)
	if err != nil {
		return provider.CarryResponse{}, err
	}
	to, err := p.at(req.To)
	if err != nil {
		return provider.CarryResponse{}, err
	}
	defer to.once("image " + req.Reference)()
	id, err := carry(ctx, from, to, req.Reference, newEvents(sink, ""))
	return provider.CarryResponse{ID: id}, err
}

// carry saves an image in one engine and loads it in another, unless it is there.
// Layers that the other engine has already are left out; where it does not have
// them after all, all of it is sent.
func carry(ctx context.Context, from, to *engine, ref string, say events) (string, error) {
	source, err := from.read.ImageInspect(ctx, ref)
	if err != nil {
		return "", from.problem(err, "reading the image", "", ref)
	}
	there, err := to.read.ImageInspect(ctx, ref)
	if errdefs.IsNotFound(err) && byDigest(ref) { // no archive bears a digest: it came under its id alone
		there, err = to.read.ImageInspect(ctx, source.ID)
	}
	if err != nil && !errdefs.IsNotFound(err) {
		return "", to.problem(err, "reading the image", "", ref)
	}
	sameStore := from.facts.Details[detailStore] == to.facts.Details[detailStore]
	if err == nil && (there.ID == source.ID || !sameStore && sameContent(there, source)) {
		return there.ID, nil
	}
	s := shipment{from: from, to: to, ref: ref, source: source, say: say}
	if s.left, err = to.layersThere(ctx, source.RootFS.Layers); err != nil {
		return "", to.problem(err, "reading the layers for", "", ref)
	}
	err = s.send(ctx)
	if err != nil && len(s.left) > 0 && ctx.Err() == nil {
		s.left = nil
		err = s.send(ctx)
	}
	if err != nil {
		return "", err
	}
	id, err := to.imageID(ctx, ref)
	if err == nil && id == "" && byDigest(ref) && s.loaded != "" {
		id, err = to.imageID(ctx, s.loaded)
	}
	if err == nil && id == "" {
		err = errors.New("it is not there after loading")
	}
	return id, to.problem(err, "loading the image", "", ref)
}

// byDigest tells of a reference that names an image by its digest.
func byDigest(ref string) bool {
	named, err := reference.ParseDockerRef(ref)
	if err != nil {
		return false
	}
	_, digested := named.(reference.Digested)
	return digested
}

// contentOfImage tells images apart wherever they are: engines that store them in two
// ways give one image ids of two kinds, the digest of a configuration and of a manifest.
// It is empty where an engine does not say what an image is.
func contentOfImage(i image.InspectResponse) string {
	if i.Config == nil || len(i.RootFS.Layers) == 0 {
		return ""
	}
	return fingerprint(i.Os, i.Architecture, i.RootFS.Layers, i.Config)
}

// sameContent tells whether two engines have one image.
func sameContent(a, b image.InspectResponse) bool {
	content := contentOfImage(a)
	return content != "" && content == contentOfImage(b)
}

// layersThere returns those of an image's layers, from the lowest on, that an image
// of the engine stands on as well: what `docker load` does not read again. A layer
// that occurs once more further up is sent, since an archive may hold it once.
// Engines that keep images in containerd want all of an archive, and get it.
func (e *engine) layersThere(ctx context.Context, layers []string) ([]string, error) {
	if e.facts.Details[detailStore] == storeContainerd || len(layers) == 0 {
		return nil, nil
	}
	list, err := e.read.ImageList(ctx, image.ListOptions{})
	if _, broken := unreadOf(err); err != nil && !broken { // an image that cannot be read is of no use here
		return nil, err
	}
	shared := make([]int, len(list))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(imagesAtOnce)
	for i, summary := range list[:min(len(list), imagesCompared)] {
		g.Go(func() error {
			other, err := e.read.ImageInspect(ctx, summary.ID)
			if err != nil {
				return nil //nolint:nilerr // it has gone meanwhile, and is of no use
			}
			for shared[i] < min(len(layers), len(other.RootFS.Layers)) && layers[shared[i]] == other.RootFS.Layers[shared[i]] {
				shared[i]++
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	most := 0
	for _, n := range shared {
		most = max(most, n)
	}
	return onlyOnce(layers, most), nil
}

const (
	imagesCompared = 200 // the newest of an engine's images: the engine lists them first
	imagesAtOnce   = 4
)

// onlyOnce are the first n layers without those that occur again.
func onlyOnce(layers []string, n int) []string {
	count := map[string]int{}
	for _, layer := range layers {
		count[layer]++
	}
	var out []string
	for _, layer := range layers[:n] {
		if count[layer] == 1 {
			out = append(out, layer)
		}
	}
	return out
}

// shipment is an image on its way from one engine to another.
type shipment struct {
	from, to *engine
	ref      string
	source   image.InspectResponse
	left     []string // layers that are left out
	say      events
	loaded   string // the id that the other engine says it loaded, where no name came along
}

// send streams the image; nothing of it is kept here.
func (s *shipment) send(ctx context.Context) error {
	text := s.ref
	if len(s.left) > 0 {
		text = fmt.Sprintf("%s (%d of %d layers are there already)", s.ref, len(s.left), len(s.source.RootFS.Layers))
	}
	s.say.bytes(provider.PhaseCarry, text, 0, s.source.Size)
	skip, err := s.files(ctx)
	if err != nil {
		return err
	}
	saved, err := s.from.write.ImageSave(ctx, []string{s.ref})
	if err != nil {
		return s.from.problem(err, "saving the image", "", s.ref)
	}
	defer func() { _ = saved.Close() }()
	stream := io.Reader(&countingReader{r: saved, each: func(done int64) { s.say.bytes(provider.PhaseCarry, text, done, s.source.Size) }})
	if len(skip) > 0 {
		reduced, write := io.Pipe()
		go func(whole io.Reader) { write.CloseWithError(withoutFiles(write, whole, skip)) }(stream)
		defer func() { _ = reduced.Close() }()
		stream = reduced
	}
	loaded, err := s.to.write.ImageLoad(ctx, stream)
	if err != nil {
		return s.to.problem(err, "loading the image", "", s.ref)
	}
	defer func() { _ = loaded.Body.Close() }()
	return s.to.problem(readMessages(loaded.Body, func(m message) {
		if id, unnamed := strings.CutPrefix(strings.TrimSpace(m.Stream), "Loaded image ID: "); unnamed {
			s.loaded = id
		}
	}), "loading the image", "", s.ref)
}

// files names the files of the archive that hold the layers which are left out.
// Since API 1.44 (Docker 25) they are blobs under the layers' digests. Before,
// only the manifest at the archive's end tells, and the archive is read twice.
func (s *shipment) files(ctx context.Context) (map[string]bool, error) {
	if len(s.left) == 0 {
		return nil, nil //nolint:nilnil // nothing is left out
	}
	out := map[string]bool{}
	for _, layer := range s.left {
		out["blobs/"+strings.Replace(layer, ":", "/", 1)] = true
	}
	if !versions.LessThan(s.from.facts.API, apiLayoutOCI) {
		return out, nil
	}
	saved, err := s.from.write.ImageSave(ctx, []string{s.ref})
	if err != nil {
		return nil, s.from.problem(err, "saving the image", "", s.ref)
	}
	defer func() { _ = saved.Close() }()
	layers, err := layerFiles(saved)
	if err != nil {
		return nil, s.from.problem(err, "reading the archive of", "", s.ref)
	}
	left := map[string]bool{}
	for _, layer := range s.left {
		left[layer] = true
	}
	for i, file := range layers {
		if i < len(s.source.RootFS.Layers) && left[s.source.RootFS.Layers[i]] {
			out[file] = true
		}
	}
	return out, nil
}

// apiLayoutOCI is the API version from which an archive is an OCI image layout.
const apiLayoutOCI = "1.44"

// manifestMost is more than the manifest of one image has, in bytes: a line for each layer.
const manifestMost = 1 << 20

// layerFiles reads an archive of one image, and returns the files of its layers from
// the lowest on, as its manifest names them.
func layerFiles(archive io.Reader) ([]string, error) {
	for entries := tar.NewReader(archive); ; {
		head, err := entries.Next()
		if err != nil {
			return nil, fmt.Errorf("looking for its manifest: %w", err)
		}
		if path.Clean(head.Name) != "manifest.json" {
			continue
		}
		if head.Size > manifestMost {
			return nil, fmt.Errorf("its manifest has %d bytes; at most %d are read", head.Size, manifestMost)
		}
		var manifest []struct{ Layers []string }
		if err := json.NewDecoder(entries).Decode(&manifest); err != nil || len(manifest) != 1 {
			return nil, fmt.Errorf("its manifest has %d images: %w", len(manifest), err)
		}
		return manifest[0].Layers, nil
	}
}

// withoutFiles copies an archive without some of its files.
func withoutFiles(w io.Writer, archive io.Reader, skip map[string]bool) error {
	entries, out := tar.NewReader(archive), tar.NewWriter(w)
	for {
		head, err := entries.Next()
		if errors.Is(err, io.EOF) {
			return out.Close()
		}
		if err != nil {
			return err
		}
		if skip[path.Clean(head.Name)] {
			continue
		}
		if err := out.WriteHeader(head); err != nil {
			return err
		}
		if _, err := io.Copy(out, entries); err != nil { //nolint:gosec // as long as the engine says
			return err
		}
	}
}

// countingReader tells how much was read, about once a MiB.
type countingReader struct {
	r          io.Reader
	each       func(int64)
	done, told int64
}

func (c *countingReader) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.done += int64(n)
	if c.done-c.told >= 1<<20 || errors.Is(err, io.EOF) {
		c.told = c.done
		c.each(c.done)
	}
	return n, err
}
