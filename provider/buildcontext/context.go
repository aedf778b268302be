// Package buildcontext is what the build of an image is sent of this machine's files:
// a directory without what its .dockerignore leaves out, and a Dockerfile. The hash of
// it and the sending of it are one walk, so that one never holds what the other lacks.
package buildcontext

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

// What is read of a Dockerfile and of a .dockerignore, in bytes.
const most = 4 << 20

// The names that Docker gives to files with a meaning.
const (
	DefaultDockerfile = "Dockerfile"
	IgnoreFile        = ".dockerignore"
)

// Source says what a build is made from.
type Source struct {
	// Dir is an absolute path; a link is followed.
	Dir string
	// Dockerfile is a path, absolute or relative to Dir; empty for the default.
	Dockerfile string
	// Inline says that no file holds the Dockerfile.
	Inline bool
	// Interrupted ends a walk early, by an error; it may be nil.
	Interrupted func() error
}

// Context is a directory as a build sees it.
type Context struct {
	root        string // without links
	recipe      []byte
	name        string // of the Dockerfile in the directory; empty where it lies outside
	ignored     *patternmatcher.PatternMatcher
	own         bool // the patterns are those of the directory's own file
	interrupted func() error
}

// Open looks at what a build is made from.
func Open(s Source) (*Context, error) {
	root, err := filepath.EvalSymlinks(s.Dir)
	if err == nil {
		var info fs.FileInfo
		if info, err = os.Stat(root); err == nil && !info.IsDir() {
			err = fs.ErrNotExist
		}
	}
	if err != nil {
		return nil, fmt.Errorf("there is no directory %s", s.Dir)
	}
	c := &Context{root: root, interrupted: s.Interrupted}
	beside := ""
	if !s.Inline {
		file := s.Dockerfile
		if file == "" {
			file = DefaultDockerfile
		}
		if !filepath.IsAbs(file) {
			file = filepath.Join(s.Dir, file)
		}
		beside = file + IgnoreFile
		if c.recipe, err = readBounded(file); err != nil {
			return nil, fmt.Errorf("reading the Dockerfile: %w", err)
		}
		c.name = within(s.Dir, root, file)
	}
	c.ignored, c.own, err = patterns(beside, filepath.Join(root, IgnoreFile))
	if err != nil {
		return nil, fmt.Errorf("reading .dockerignore: %w", err)
	}
	return c, nil
}

// within is a file's name in the directory, with slashes; empty where it lies outside.
func within(dir, root, file string) string {
	parent, err := filepath.EvalSymlinks(filepath.Dir(file))
	if err != nil {
		parent = filepath.Dir(file)
	}
	for _, pair := range [][2]string{{dir, file}, {root, filepath.Join(parent, filepath.Base(file))}} {
		if name, err := filepath.Rel(pair[0], pair[1]); err == nil && filepath.IsLocal(name) {
			return filepath.ToSlash(name)
		}
	}
	return ""
}

// patterns are those of the first of the files that is there, and whether that is the
// last: the one beside the Dockerfile is for it alone.
// https://docs.docker.com/build/concepts/context/#filename-and-location
func patterns(files ...string) (ignored *patternmatcher.PatternMatcher, last bool, err error) {
	for at, name := range files {
		if name == "" {
			continue
		}
		content, err := readBounded(name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return nil, false, err
		}
		list, err := ignorefile.ReadAll(bytes.NewReader(content))
		if err != nil {
			return nil, false, err
		}
		for i, p := range list {
			list[i] = strings.TrimSpace(p)
		}
		ignored, err = patternmatcher.New(list)
		return ignored, at == len(files)-1, err
	}
	ignored, err = patternmatcher.New(nil)
	return ignored, false, err
}

// Dockerfile is its text; empty for an inline one. Name is its name among the files that
// are sent, empty where it is not one of them: it is inline, lies outside of the
// directory, or is left out.
func (c *Context) Dockerfile() (text []byte, name string) {
	if c.name == "" || c.Leaves(c.name) {
		return c.recipe, ""
	}
	return c.recipe, c.name
}

// LeavesItself is the Dockerfile's name where the directory's own .dockerignore leaves
// it out; else empty.
func (c *Context) LeavesItself() string {
	if c.own && c.name != "" && c.Leaves(c.name) {
		return c.name
	}
	return ""
}

// Leaves tells whether a name is left out.
func (c *Context) Leaves(name string) bool {
	skip, err := c.ignored.MatchesOrParentMatches(name)
	return err == nil && skip
}

// Has tells whether a regular file of that name is sent.
func (c *Context) Has(name string) bool {
	info, err := os.Lstat(filepath.Join(c.root, filepath.FromSlash(name)))
	return err == nil && info.Mode().IsRegular() && !c.Leaves(name)
}

// Read is the content of a file of the directory, sent or not.
func (c *Context) Read(name string) ([]byte, error) {
	return readBounded(filepath.Join(c.root, filepath.FromSlash(name)))
}

// Entry is a file, a directory or a link that is sent.
type Entry struct {
	Name string // with slashes, below the directory
	Path string // on this machine
	Info fs.FileInfo
	Link string // what a link leads to
}

// Walk calls each for what is sent, in the order of the names, but for the Dockerfile
// where it is none of it. Sockets, pipes and devices are no part of a build.
func (c *Context) Walk(each func(Entry) error) error {
	return filepath.WalkDir(c.root, func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if c.interrupted != nil && c.interrupted() != nil {
			return c.interrupted()
		}
		name, err := filepath.Rel(c.root, file)
		if err != nil || name == "." {
			return err
		}
		skip, err := c.ignored.MatchesOrParentMatches(filepath.ToSlash(name))
		switch {
		case err != nil:
			return fmt.Errorf("matching %s with .dockerignore: %w", name, err)
		case skip && entry.IsDir() && !c.ignored.Exclusions():
			return fs.SkipDir
		case skip:
			return nil
		}
		return c.visit(file, filepath.ToSlash(name), entry, each)
	})
}

func (c *Context) visit(file, name string, entry fs.DirEntry, each func(Entry) error) error {
	info, err := entry.Info()
	if err != nil {
		return err
	}
	e := Entry{Name: name, Path: file, Info: info}
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		if e.Link, err = os.Readlink(file); err != nil {
			return err
		}
	case !info.Mode().IsRegular() && !info.IsDir():
		return nil
	}
	return each(e)
}

// Hash is the hash of the Dockerfile, and of the names, modes and contents of what is
// sent. Times are no part of it.
func (c *Context) Hash() (string, error) {
	f, err := c.Freeze()
	if err != nil {
		return "", err
	}
	return f.Hash, nil
}

// Frozen is what a walk saw: the hash, and enough to know each part of it again.
type Frozen struct {
	Hash    string
	entries []Entry
	at      map[string]int // by the name
	sums    map[string][sha256.Size]byte
}

// A walk is begun so often where something goes while it looks: what somebody else
// removes is no part of a build, and no reason for not building.
const walks = 5

// Freeze is Hash for files that are asked for one by one.
func (c *Context) Freeze() (*Frozen, error) {
	f, err := c.freeze()
	for walked := 1; walked < walks && errors.Is(err, fs.ErrNotExist); walked++ {
		f, err = c.freeze()
	}
	return f, err
}

func (c *Context) freeze() (*Frozen, error) {
	f := &Frozen{at: map[string]int{}, sums: map[string][sha256.Size]byte{}}
	s := c.summing()
	err := c.Walk(func(e Entry) error {
		content := sha256.New()
		_, err := s.entry(e, content)
		f.within(path.Dir(e.Name))
		f.at[e.Name] = len(f.entries)
		f.entries = append(f.entries, e)
		if e.Info.Mode().IsRegular() {
			f.sums[e.Name] = [sha256.Size]byte(content.Sum(nil))
		}
		return err
	})
	f.Hash = s.end()
	return f, err
}

// within adds a directory that is left out, and those that it is in, before the first of
// what is sent of it: a tar needs none of them, and who takes files one by one takes none
// whose directory it was not told of. They are what they are in what a tar is unpacked to,
// whatever they are on this machine, so that the hash, which has the names of what is in
// them, has all of them.
func (f *Frozen) within(dir string) {
	if _, told := f.at[dir]; told || dir == "." {
		return
	}
	f.within(path.Dir(dir))
	f.at[dir] = len(f.entries)
	f.entries = append(f.entries, Entry{Name: dir, Info: implied(path.Base(dir))})
}

// implied is a directory of which only the name is known.
type implied string

func (i implied) Name() string     { return string(i) }
func (implied) Size() int64        { return 0 }
func (implied) Mode() fs.FileMode  { return fs.ModeDir | 0o755 }
func (implied) ModTime() time.Time { return time.Time{} }
func (implied) IsDir() bool        { return true }
func (implied) Sys() any           { return nil }

// ErrChanged says that something is not what was seen before.
var ErrChanged = errors.New("files changed while they were sent")

// Walk calls each for what was seen, in the same order, and for each directory before what
// is in it, also where .dockerignore leaves out the directory itself. [fs.SkipDir] leaves out what is
// in a directory, or what follows beside another entry.
func (f *Frozen) Walk(each func(Entry) error) error {
	skipped := "/" // nothing begins with it
	for _, e := range f.entries {
		if strings.HasPrefix(e.Name, skipped) {
			continue
		}
		err := each(e)
		switch {
		case errors.Is(err, fs.SkipDir) && e.Info.IsDir():
			skipped = e.Name + "/"
		case errors.Is(err, fs.SkipDir):
			skipped = strings.TrimPrefix(path.Dir(e.Name)+"/", "./")
		case err != nil:
			return err
		}
	}
	return nil
}

// Open opens a file; reading it ends with ErrChanged where it is not what was seen.
func (f *Frozen) Open(name string) io.ReadCloser {
	i, seen := f.at[name]
	if !seen {
		return failing{ErrChanged}
	}
	file, err := OpenRegular(f.entries[i].Path)
	if err != nil {
		return failing{ErrChanged}
	}
	return &checked{file: file, hash: sha256.New(), want: f.sums[name]}
}

// failing is a file that cannot be read.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
func (f failing) Close() error             { return nil }

// checked is a file that has to have a content.
type checked struct {
	file *os.File
	hash hash.Hash
	want [sha256.Size]byte
}

func (c *checked) Read(b []byte) (int, error) {
	n, err := c.file.Read(b)
	_, _ = c.hash.Write(b[:n])
	if errors.Is(err, io.EOF) && [sha256.Size]byte(c.hash.Sum(nil)) != c.want {
		return n, ErrChanged
	}
	return n, err
}

func (c *checked) Close() error { return c.file.Close() }

// Send writes what is sent as files of root, and returns the hash of just that, which is
// another one than Hash was where something changed since. It ends with ErrChanged where
// something changes or goes while it is sent.
func (c *Context) Send(out *tar.Writer) (string, error) {
	s := c.summing()
	err := c.Walk(func(e Entry) error {
		header, err := tar.FileInfoHeader(e.Info, e.Link)
		if err != nil {
			return err
		}
		header.Name = e.Name
		if e.Info.IsDir() {
			header.Name += "/"
		}
		header.Uid, header.Gid, header.Uname, header.Gname = 0, 0, "", ""
		if err := out.WriteHeader(header); err != nil {
			return err
		}
		copied, err := s.entry(e, out)
		if err == nil && e.Info.Mode().IsRegular() && copied != e.Info.Size() {
			return ErrChanged
		}
		return err
	})
	switch {
	case errors.Is(err, fs.ErrNotExist) || errors.Is(err, tar.ErrWriteTooLong):
		return "", ErrChanged
	case err != nil:
		return "", err
	}
	return s.end(), nil
}

// sum is a hash that grows.
type sum struct {
	hash        hash.Hash
	interrupted func() error
}

func (c *Context) summing() sum {
	s := sum{sha256.New(), c.interrupted}
	_, _ = fmt.Fprintf(s.hash, "dockerfile %d\n%s\n", len(c.recipe), c.recipe)
	return s
}

// entry adds one file, directory or link, and copies the content of a file, of which it
// returns the length.
func (s sum) entry(e Entry, copied io.Writer) (int64, error) {
	_, _ = fmt.Fprintf(s.hash, "%q %s ", e.Name, e.Info.Mode())
	switch {
	case e.Info.Mode()&fs.ModeSymlink != 0:
		_, _ = fmt.Fprintf(s.hash, "%q\n", e.Link)
		return 0, nil
	case !e.Info.Mode().IsRegular():
		_, _ = fmt.Fprintln(s.hash)
		return 0, nil
	}
	_, _ = fmt.Fprintf(s.hash, "%d\n", e.Info.Size())
	file, err := OpenRegular(e.Path)
	if err != nil {
		return 0, err
	}
	defer func() { _ = file.Close() }()
	return io.Copy(io.MultiWriter(s.hash, copied), Heeding(file, s.interrupted))
}

func (s sum) end() string { return hex.EncodeToString(s.hash.Sum(nil)) }

// readBounded reads a file of at most so many bytes.
func readBounded(name string) ([]byte, error) {
	file, err := OpenRegular(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	content, err := io.ReadAll(io.LimitReader(file, most+1))
	if err == nil && len(content) > most {
		err = fmt.Errorf("%s has more than %d bytes", name, most)
	}
	return content, err
}
