package docker

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/distribution/reference"
	"github.com/docker/docker/api/types/build"
	"github.com/docker/docker/api/types/image"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/buildcontext"
	"github.com/dindctl/dindctl/provider/docker/buildkit"
)

// labelImages says which images of the configuration an image was built with: their
// ids, by address.
const labelImages = labelPrefix + "images"

// imageSource is what an image is made from, as it was found just before.
type imageSource struct {
	block   values                // the build block; the zero value where the image is another one's
	context *buildcontext.Context // nil where nothing but a Dockerfile is sent
	frozen  *buildcontext.Frozen  // likewise
	renamed []byte                // the Dockerfile, where it is not sent as it stands
}

// sourceOf looks at what an image is made from, and writes what it found into the
// record: the plan may have seen other files.
func sourceOf(req *provider.CreateRequest, stopped func() error) (imageSource, error) {
	block, ok := valuesOf(req.Declaration.Declared).block("build")
	s := imageSource{block: block}
	if !ok || block.text("context") == "" {
		return s, nil
	}
	var err error
	s.context, err = buildcontext.Open(buildcontext.Source{
		Dir: block.text("context"), Dockerfile: block.text("dockerfile"), Inline: block.text("dockerfile_inline") != "", Interrupted: stopped,
	})
	if err == nil {
		s.frozen, err = s.context.Freeze()
	}
	if over := stopped(); err != nil && over != nil {
		return s, over
	}
	if err != nil {
		return s, &provider.Problem{
			Code: provider.Invalid, Address: req.Declaration.Address, Path: "build", Summary: "The build's context cannot be read", Detail: err.Error() + ".",
		}
	}
	if planned := block.text("inputs"); planned != "" && planned != s.frozen.Hash {
		req.Owner.Spec, err = withInputs(req.Owner.Spec, s.frozen.Hash)
	}
	return s, err
}

// sourceNow is sourceOf; that the run is to end is told as such.
func (p *Provider) sourceNow(ctx context.Context, req *provider.CreateRequest) (source imageSource, err error) {
	over := p.over(ctx) // also of the walks that come later, when the files are sent
	err = p.untilStopping(ctx, req.Declaration.Address, "Looking at what "+req.Declaration.Name+" is built from", func(context.Context) error {
		source, err = sourceOf(req, over)
		return err
	})
	return source, err
}

// withInputs is a record with another hash of what was sent.
func withInputs(spec []byte, hash string) ([]byte, error) {
	var record, block map[string]json.RawMessage
	if err := json.Unmarshal(spec, &record); err != nil {
		return nil, err
	}
	if err := json.Unmarshal(record["build"], &block); err != nil {
		return nil, err
	}
	var err error
	block["inputs"], _ = json.Marshal(hash) // a text
	if record["build"], err = json.Marshal(block); err != nil {
		return nil, err
	}
	return json.Marshal(record)
}

// recipe is the Dockerfile, and its name among the files that are sent, empty where it
// is none of them.
func (s imageSource) recipe() (text []byte, name string) {
	if s.renamed != nil {
		return s.renamed, ""
	}
	if s.context == nil || s.block.text("dockerfile_inline") != "" {
		return []byte(s.block.text("dockerfile_inline")), ""
	}
	return s.context.Dockerfile()
}

// dockerfileName is the name under which a Dockerfile is sent that is none of the files.
const dockerfileName = ".dindctl.Dockerfile"

// archive streams the files with the Dockerfile, whose name is returned. A Dockerfile
// that is none of them is taken out again by the classic builder before it begins: it
// does so with what .dockerignore names, and with that file itself.
func (s imageSource) archive() (content io.ReadCloser, name string) {
	recipe, name := s.recipe()
	send := s.sendTo
	if name == "" {
		name = dockerfileName
		if s.context != nil && s.context.LeavesItself() != "" {
			name = s.context.LeavesItself()
		}
		send = func(out *tar.Writer) error {
			err := s.sendTo(out)
			if err == nil {
				err = s.sendApart(out, name, recipe)
			}
			return err
		}
	}
	r, w := io.Pipe()
	go func() {
		out := tar.NewWriter(w)
		err := send(out)
		if err == nil {
			err = out.Close()
		}
		w.CloseWithError(err)
	}()
	return r, name
}

// sendTo writes the files; that they are not those that were hashed is an error.
func (s imageSource) sendTo(out *tar.Writer) error {
	if s.context == nil {
		return nil
	}
	hash, err := s.context.Send(out)
	if err == nil && hash != s.frozen.Hash {
		return buildcontext.ErrChanged
	}
	return err
}

// sendApart writes a Dockerfile that is none of the files, and says so to the engine in
// the directory's .dockerignore, which is left alone where it says so by itself.
func (s imageSource) sendApart(out *tar.Writer, name string, recipe []byte) error {
	var ignore []byte
	sent := s.context != nil && s.context.Has(buildcontext.IgnoreFile)
	if s.context != nil && (sent || name != dockerfileName) {
		var err error
		if ignore, err = s.context.Read(buildcontext.IgnoreFile); err != nil {
			return err
		}
	}
	if name == dockerfileName {
		ignore = append(bytes.TrimRight(ignore, "\n"), "\n"+name+"\n"...)
	}
	if !sent {
		ignore = append(bytes.TrimRight(ignore, "\n"), "\n"+buildcontext.IgnoreFile+"\n"...)
	}
	if err := writeFile(out, buildcontext.IgnoreFile, ignore); err != nil {
		return err
	}
	return writeFile(out, name, recipe)
}

// files are what BuildKit asks for one by one; nil for an empty directory.
func (s imageSource) files(sent *watched) buildkit.Files {
	if s.frozen == nil {
		return nil
	}
	return offered{s.frozen, sent}
}

// offered are frozen files as BuildKit asks for them.
type offered struct {
	frozen *buildcontext.Frozen
	sent   *watched
}

// Walk implements [buildkit.Files].
func (o offered) Walk(each func(buildkit.File) error) error {
	return o.sent.noted(o.frozen.Walk(func(e buildcontext.Entry) error {
		return each(buildkit.File{Name: e.Name, Mode: e.Info.Mode(), Size: e.Info.Size(), ModTime: e.Info.ModTime(), Link: e.Link})
	}))
}

// Open implements [buildkit.Files].
func (o offered) Open(name string) io.ReadCloser { return o.sent.watching(o.frozen.Open(name)) }

// watched notes whether something that is sent is not what was looked at before.
type watched struct{ moved atomic.Bool }

func (w *watched) noted(err error) error {
	if errors.Is(err, buildcontext.ErrChanged) {
		w.moved.Store(true)
	}
	return err
}

func (w *watched) watching(r io.ReadCloser) io.ReadCloser { return watchedReader{r, w} }

type watchedReader struct {
	io.ReadCloser
	sent *watched
}

func (r watchedReader) Read(b []byte) (int, error) {
	n, err := r.ReadCloser.Read(b)
	return n, r.sent.noted(err)
}

// relatedImages are the images of the configuration that an image is made with, sorted by
// address. One that is used as it is found, and is not there, will not be made.
func relatedImages(decl provider.Declaration) []provider.Related {
	var out []provider.Related
	for _, address := range sortedKeys(decl.Related) {
		r := decl.Related[address]
		lacking := r.ID == "" && valuesOf(r.Declared).flag("external", false)
		if r.Kind == provider.Image && address != decl.Address && !lacking {
			out = append(out, r)
		}
	}
	return out
}

// madeWith is what labelImages says of an image that is made now.
func madeWith(decl provider.Declaration) string {
	ids := map[string]string{}
	for _, r := range relatedImages(decl) {
		ids[r.Address] = r.ID
	}
	text, _ := json.Marshal(ids) // texts
	return string(text)
}

// madeWithThen reads labelImages; nil where an earlier build did not write it.
func madeWithThen(label string) map[string]string {
	var ids map[string]string
	if json.Unmarshal([]byte(label), &ids) != nil {
		return nil
	}
	return ids
}

// imageLabel is a label of an image that was inspected; empty where it has none.
func imageLabel(i image.InspectResponse, name string) string {
	if i.Config == nil {
		return ""
	}
	return i.Config.Labels[name]
}

// asBefore tells whether an image was made with what it would be made with now.
func asBefore(i image.InspectResponse, decl provider.Declaration) bool {
	then := madeWithThen(imageLabel(i, labelImages))
	for _, r := range relatedImages(decl) {
		if then != nil && then[r.Address] != r.ID {
			return false
		}
	}
	return true
}

// takenFrom are those of the related images that a build takes something from: its
// declaration has their names or ids, or its Dockerfile does. The others are only to be
// made before, or anew with it, and may be out of its engine's reach.
func (s imageSource) takenFrom(decl provider.Declaration) []provider.Related {
	args := s.block.mapping("args")
	recipe, _ := s.recipe()
	words := append(buildkit.Images(recipe, args), valuesOf(decl.Declared).text("from"))
	for _, name := range sortedKeys(args) {
		words = append(words, args[name])
	}
	return slices.DeleteFunc(relatedImages(decl), func(r provider.Related) bool {
		return !slices.ContainsFunc(words, func(word string) bool { return means(word, r) })
	})
}

// means tells whether a word of a build stands for an image.
func means(word string, r provider.Related) bool {
	if word == "" || r.ID != "" && (word == r.ID || word == strings.TrimPrefix(r.ID, "sha256:")) {
		return word != ""
	}
	named, err := reference.ParseDockerRef(word)
	other, otherErr := reference.ParseDockerRef(r.Name)
	return err == nil && otherErr == nil && named.String() == other.String()
}

// takenBy is the source as a builder takes it. BuildKit knows an image of the engine by its
// name, and asks a registry about the id. Only where something is taken from an image stands its
// name then; an id that is data stays one.
func (s imageSource) takenBy(builder build.BuilderVersion, decl provider.Declaration) imageSource {
	if builder != build.BuilderBuildKit {
		return s
	}
	recipe, _ := s.recipe()
	related := relatedImages(decl)
	renamed := buildkit.Renamed(recipe, s.block.mapping("args"), func(word string) string {
		i := slices.IndexFunc(related, func(r provider.Related) bool { return r.ID != "" && r.ID == word })
		if i < 0 {
			return word
		}
		return related[i].Name
	})
	if !bytes.Equal(renamed, recipe) {
		s.renamed = renamed
	}
	return s
}

// images compares what an image was made with: an image that was made anew since
// is another one, under whatever name it is referred to.
func (c *comparison) images() {
	if c.item.Declaration.Kind != provider.Image {
		return
	}
	r := row{name: "build", effect: provider.Replace}
	if c.declared.has("from") {
		r.name = "from"
	}
	then := madeWithThen(c.actual.text(hiddenImages))
	for _, related := range relatedImages(c.item.Declaration) {
		was, recorded := c.madeWith(then, related)
		for _, holder := range c.holders(related, r.name) {
			path := fmt.Sprintf("%s[%s]", holder, quoted(related.Address))
			switch {
			case related.ID == "":
				c.configured(r, path, textOrNull(imageWords(related.Name, was)), cty.UnknownVal(cty.String))
			case recorded && was != related.ID:
				c.configured(r, path, textOrNull(imageWords(related.Name, was)), textOrNull(imageWords(related.Name, related.ID)))
			case then == nil:
				c.uncompared(path, madeBefore)
			}
		}
	}
}

// holders are the paths of the arguments of a build that stand for an image, so that who
// ignores these ignores the image; otherwise, that of the source.
func (c *comparison) holders(related provider.Related, source string) []string {
	declared, _ := c.item.Declaration.Declared.UnmarkDeep()
	block, _ := valuesOf(declared).block("build")
	args := block.mapping("args")
	var out []string
	for _, name := range sortedKeys(args) {
		if means(args[name], related) {
			out = append(out, fmt.Sprintf("build.args[%s]", quoted(name)))
		}
	}
	if len(out) == 0 {
		out = append(out, source)
	}
	return out
}

// madeWith is the id that an image was made with, under the address of a related image or
// under one that it had then: those that are recorded and related no more. Where several
// are, and one of them is the image that is there, it is that one.
func (c *comparison) madeWith(then map[string]string, related provider.Related) (id string, recorded bool) {
	if id, recorded = then[related.Address]; recorded {
		return id, true
	}
	for _, address := range sortedKeys(then) {
		if _, still := c.item.Declaration.Related[address]; still {
			continue
		}
		if id, recorded = then[address], true; id == related.ID {
			break
		}
	}
	return id, recorded
}

func imageWords(name, id string) string {
	if id == "" {
		return ""
	}
	return imageText(name, id)
}

// argsFor are the arguments of a build as its builder takes them.
func argsFor(block values) map[string]*string {
	out := map[string]*string{}
	for name, value := range block.mapping("args") {
		out[name] = &value
	}
	return out
}
