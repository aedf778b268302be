package docker

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"strconv"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// fileBlock is a file that is put into a container before its start.
func fileBlock() provider.Block {
	argument := func(name string, fallback, doc string) provider.Attribute {
		return provider.Attribute{Name: name, Type: cty.String, Effect: provider.Replace, Default: fallback, Doc: doc}
	}
	target := argument("path", "", "The absolute path in the container. Directories that are missing are made.")
	content := argument("content", "", "What is in it; file(...) reads one beside the configuration.")
	target.Required, content.Required = true, true
	return provider.Block{Name: "file", Key: "path", Doc: "Puts a file into the container before it starts.", Body: provider.Body{Attributes: []provider.Attribute{
		target, content,
		argument("mode", "0644", "Its permissions, in octal."),
		argument("owner", "0:0", "Its owner: the number of a user, or of a user and a group."),
	}}}
}

// fileSpec is a file as it is wanted, or as it is: then its content is known by
// its hash alone.
type fileSpec struct {
	path     string
	content  []byte
	hash     string // of the content; empty where it is not known
	mode     int64
	uid, gid int
	// touched says of a file as it is that somebody has written it since it was put there.
	touched bool
}

// filesOf reads the files of a declaration, those too that follow from its role.
func filesOf(d values) ([]fileSpec, error) {
	var out []fileSpec
	for _, block := range d.blocks("file") {
		f := fileSpec{path: cleanPath(block.text("path")), mode: 0o644}
		if !strings.HasPrefix(f.path, "/") {
			return nil, fmt.Errorf("the path %q is not absolute", f.path)
		}
		if block.has("content") {
			f.content = []byte(block.text("content"))
			f.hash = hashOf(f.content)
			if len(f.content) > fileMost {
				return nil, fmt.Errorf("the content of %s has %d bytes; at most %d are put into a container like this: mount it, or build it into the image", f.path, len(f.content), fileMost)
			}
			if recorded := block.get("content"); recorded.Type().IsObjectType() {
				f.hash = values{recorded}.text("sha256")
			}
		}
		var err error
		if text := block.text("mode"); text != "" {
			if f.mode, err = strconv.ParseInt(text, 8, 32); err != nil || f.mode < 0 || f.mode > 0o7777 {
				return nil, fmt.Errorf("the mode %q of %s is not one; write it like 0644", text, f.path)
			}
		}
		if f.uid, f.gid, err = ownerNumbers(block.text("owner")); err != nil {
			return nil, fmt.Errorf("the owner of %s: %w", f.path, err)
		}
		out = append(out, f)
	}
	return out, nil
}

// ownerNumbers reads "1000" or "1000:1000"; a group that is left out is the user's number.
func ownerNumbers(text string) (uid, gid int, err error) {
	if text == "" {
		return 0, 0, nil
	}
	user, group, both := strings.Cut(text, ":")
	if !both {
		group = user
	}
	uid, err = strconv.Atoi(user)
	if err == nil {
		gid, err = strconv.Atoi(group)
	}
	if err != nil || uid < 0 || gid < 0 {
		return 0, 0, fmt.Errorf("%q is not the number of a user, or of a user and a group, such as 1000:1000", text)
	}
	return uid, gid, nil
}

func hashOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// putFile puts a file into a container that was never started. It is unpacked in
// the nearest directory that is there, so that none is changed; engines make those between.
func (e *engine) putFile(ctx context.Context, id string, f fileSpec) error {
	dir := path.Dir(f.path)
	for dir != "/" {
		_, err := e.read.ContainerStatPath(ctx, id, dir)
		if err == nil {
			break
		}
		if !errdefs.IsNotFound(err) {
			return err
		}
		dir = path.Dir(dir)
	}
	name := strings.TrimPrefix(strings.TrimPrefix(f.path, dir), "/")
	var packed bytes.Buffer
	w := tar.NewWriter(&packed)
	for i := range name {
		if name[i] == '/' {
			_ = w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: name[:i+1], Mode: 0o755})
		}
	}
	// A buffer takes everything.
	_ = w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: f.mode, Uid: f.uid, Gid: f.gid, Size: int64(len(f.content))})
	_, _ = w.Write(f.content)
	_ = w.Close()
	return e.write.CopyToContainer(ctx, id, dir, &packed, container.CopyToContainerOptions{AllowOverwriteDirWithFile: false, CopyUIDGID: false})
}

// readFile reads what is at a path of a container; nil where nothing, or no file, is there.
func (e *engine) readFile(ctx context.Context, id, at string) (*fileSpec, error) {
	stream, _, err := e.read.CopyFromContainer(ctx, id, at)
	if errdefs.IsNotFound(err) {
		return nil, nil //nolint:nilnil // nothing is there
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = stream.Close() }()
	archive := tar.NewReader(stream)
	header, err := archive.Next()
	if err != nil || header.Typeflag != tar.TypeReg {
		return nil, err
	}
	f := &fileSpec{path: at, mode: header.Mode & 0o7777, uid: header.Uid, gid: header.Gid, touched: rewritten(header.ModTime)}
	if header.Size > fileMost { // none was put there like this: its content is another one, whatever it is
		f.hash = fmt.Sprintf("not read: %d bytes", header.Size)
		return f, nil
	}
	hash := sha256.New()
	if _, err := io.Copy(hash, archive); err != nil {
		return nil, fmt.Errorf("reading %s: %w", at, err)
	}
	f.hash = hex.EncodeToString(hash.Sum(nil))
	return f, nil
}

// fileMost is how large a file may be that is put into a container, in bytes: what is
// larger there was not put there, so that nobody needs to read it. A file with
// holes may be of any size and take no disk.
const fileMost = 16 << 20

// textLimit bounds what is read of a file that is taken apart.
const textLimit = 1 << 20

// readText reads a text file; empty where none is there. What is too large to be one
// is no text that anybody could take apart.
func (e *engine) readText(ctx context.Context, id, at string) (string, error) {
	files, err := e.readTexts(ctx, id, at)
	return files[path.Base(at)].text, err
}

// rewritten tells by when a file was written last whether somebody has written it since
// putFile put it there, which says that it was at the beginning of time.
func rewritten(written time.Time) bool { return written.Unix() != 0 }

// textFile is what is in a file, and when it was written last; see [rewritten].
type textFile struct {
	text    string
	written time.Time
	// odd says that it was not read: it is no regular file, or too large for a text.
	odd bool
}

// textsMost is how many files of a directory are read.
const textsMost = 100

// readTexts reads a text file, or those of a directory, but not of one in it, by their
// names; nil where nothing is there. One GET.
func (e *engine) readTexts(ctx context.Context, id, at string) (map[string]textFile, error) {
	stream, _, err := e.read.CopyFromContainer(ctx, id, at)
	if errdefs.IsNotFound(err) {
		return nil, nil //nolint:nilnil // nothing is there
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = stream.Close() }()
	out := map[string]textFile{}
	archive := tar.NewReader(stream)
	for range textsMost {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err != nil {
			return nil, err
		}
		name := strings.TrimPrefix(path.Clean(header.Name), path.Base(at)+"/")
		file := textFile{written: header.ModTime, odd: header.Typeflag != tar.TypeReg || header.Size > textLimit}
		switch {
		case header.Size > textLimit && name == path.Base(at):
			file.text = fmt.Sprintf("not read: %d bytes", header.Size)
			return map[string]textFile{name: file}, nil
		case header.Size > textLimit: // what is behind it would have to be read through it
			return nil, fmt.Errorf("%s in %s has %d bytes", name, at, header.Size)
		case strings.Contains(name, "/"), header.Typeflag == tar.TypeDir:
			continue
		case file.odd:
			file.text = "not read: it is no regular file"
		default:
			content, err := io.ReadAll(archive)
			if err != nil {
				return nil, err
			}
			file.text = string(content)
		}
		out[name] = file
	}
	return nil, fmt.Errorf("%s has more than %d files", at, textsMost)
}

// withFiles adds to an object what became of the files that it was made with,
// one GET each, and of a daemon's daemon.json. What cannot be read now is left
// out, and is no difference.
func (e *engine) withFiles(ctx context.Context, object provider.Object) provider.Object {
	if object.Kind != provider.Daemon && !recordMentions(object.Owner.Spec, "file") {
		return object
	}
	created := values{createdOf(object.Owner.Spec)}
	files, err := filesOf(created)
	if err != nil {
		return object
	}
	more := map[string]cty.Value{}
	found := map[string]cty.Value{}
	for _, f := range files {
		is, err := e.readFile(ctx, object.ID, f.path)
		switch {
		case err != nil:
		case is == nil:
			found[f.path] = cty.NullVal(seenType())
		default:
			found[f.path] = is.seen()
		}
	}
	if len(found) > 0 {
		more[hiddenFiles] = cty.MapVal(found)
	}
	text, why := e.settingsOf(ctx, object, created)
	if text != "" {
		more[hiddenDaemonJSON] = cty.StringVal(text)
	}
	if why != "" {
		more[hiddenSettingsWhy] = cty.StringVal(why)
	}
	if len(more) == 0 {
		return object
	}
	actual := object.Actual.AsValueMap()
	maps.Copy(actual, more)
	object.Actual = cty.ObjectVal(actual)
	object.Fingerprint = fingerprint(object.Fingerprint, fileTexts(found), text+why)
	return object
}

func fileTexts(found map[string]cty.Value) []string {
	var out []string
	for _, name := range sortedKeys(found) {
		f := values{found[name]}
		out = append(out, name, f.text("sha256"), f.text("mode"), f.text("owner"))
	}
	return out
}

// fileType is a file in the form that is compared.
func fileType() cty.Type {
	return cty.Object(map[string]cty.Type{"sha256": cty.String, "mode": cty.String, "owner": cty.String})
}

// seenType is a file as it was found.
func seenType() cty.Type {
	types := fileType().AttributeTypes()
	types["touched"] = cty.Bool
	return cty.Object(types)
}

func (f fileSpec) seen() cty.Value {
	values := f.value().AsValueMap()
	values["touched"] = cty.BoolVal(f.touched)
	return cty.ObjectVal(values)
}

func (f fileSpec) value() cty.Value {
	return cty.ObjectVal(map[string]cty.Value{
		"sha256": textOrNull(f.hash), "mode": cty.StringVal(fmt.Sprintf("%04o", f.mode)),
		"owner": cty.StringVal(fmt.Sprintf("%d:%d", f.uid, f.gid)),
	})
}

// files compares the files that are and were declared with what is there.
func (c *comparison) files(r row) {
	if !c.declared.get("file").IsWhollyKnown() {
		c.add(r, "file", cty.NullVal(cty.DynamicPseudoType), cty.UnknownVal(cty.DynamicPseudoType), r.effect)
		return
	}
	byPath := func(d values) map[string]values {
		out := map[string]values{}
		files, _ := filesOf(d) // what cannot be read was refused, or is of another version
		for _, f := range files {
			out[f.path] = values{f.value()}
		}
		return out
	}
	want, created, found := byPath(c.declared), byPath(c.created), values{c.actual.get(hiddenFiles)}
	for _, name := range unionKeys(want, created) {
		now, wanted := want[name]
		then, recorded := created[name]
		path := "file[" + quoted(name) + "]"
		switch {
		case !recorded:
			c.addCaused(r, path, cty.NullVal(fileType()), now.v, r.effect, provider.Configured)
			continue
		case !wanted:
			c.addCaused(r, path, then.v, cty.NullVal(fileType()), r.effect, provider.Configured)
			continue
		}
		is := then
		if seen, readable := c.seen(found, name); readable {
			if seen.v.IsNull() {
				c.addCaused(r, path, cty.NullVal(fileType()), now.v, r.effect, provider.Outside)
				continue
			}
			is = seen
		}
		c.file(r, path, now, then, is)
	}
}

// seen is a file as it was found; null for one that is gone.
func (c *comparison) seen(found values, name string) (values, bool) {
	if found.v.IsNull() || found.v.HasIndex(cty.StringVal(name)).False() {
		return values{}, false
	}
	return values{found.v.Index(cty.StringVal(name))}, true
}

func (c *comparison) file(r row, path string, now, then, is values) {
	for _, name := range []string{"sha256", "mode", "owner"} {
		if is.get(name).IsNull() {
			c.uncompared(path+"."+strings.Replace(name, "sha256", "content", 1), unreadNow)
			continue
		}
		if same(now.get(name), is.get(name)) {
			continue
		}
		cause := provider.Both
		switch {
		case same(now.get(name), then.get(name)):
			cause = provider.Outside
		case then.get(name).IsNull() && is.flag("touched", false):
			cause = provider.Outside // it was a secret, and whoever wrote it was not dindctl
		case same(then.get(name), is.get(name)), then.get(name).IsNull():
			cause = provider.Configured
		}
		shown := name
		if name == "sha256" {
			shown = "content"
		}
		c.addCaused(r, path+"."+shown, is.get(name), now.get(name), r.effect, cause)
	}
}
