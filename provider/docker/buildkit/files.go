package buildkit

import (
	"bytes"
	"context"
	"io"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/tonistiigi/fsutil"
	"github.com/tonistiigi/fsutil/types"
)

// The directories that an engine asks for in a session, and the name of the file that
// tells, beside a Dockerfile, what is left out.
const (
	dirContext    = "context"
	dirDockerfile = "dockerfile"
	ignoring      = ".dockerignore"
)

// RemoteContext is what a request for a build names as its context where the files come
// through its session, and Dockerfile the name that the Dockerfile has there.
const (
	RemoteContext = "client-session"
	Dockerfile    = "Dockerfile"
)

// File is a file, a directory or a link that a build may have.
type File struct {
	Name    string // with slashes
	Mode    fs.FileMode
	Size    int64
	ModTime time.Time
	Link    string
}

// Files are what a build may have of a directory.
type Files interface {
	// Walk calls each for every file, each directory before what is in it, by name.
	// [fs.SkipDir] leaves out what is in a directory.
	Walk(each func(File) error) error
	// Open opens one of them. Where it is not what Walk said, reading ends with an error.
	Open(name string) io.ReadCloser
}

// nothing is an empty directory.
type nothing struct{}

func (nothing) Walk(func(File) error) error { return nil }
func (nothing) Open(string) io.ReadCloser   { return io.NopCloser(bytes.NewReader(nil)) }

// recipe is the directory of a Dockerfile alone. It says that nothing more is left out:
// what is offered is all to be had.
type recipe []byte

const nothingIgnored = "# What is left out is not sent.\n"

func (r recipe) Walk(each func(File) error) error {
	err := each(File{Name: Dockerfile, Mode: 0o644, Size: int64(len(r))})
	if err == nil {
		err = each(File{Name: Dockerfile + ignoring, Mode: 0o644, Size: int64(len(nothingIgnored))})
	}
	return err
}

func (r recipe) Open(name string) io.ReadCloser {
	if name == Dockerfile {
		return io.NopCloser(bytes.NewReader(r))
	}
	return io.NopCloser(bytes.NewReader([]byte(nothingIgnored)))
}

// directories answer the question for a directory by its name.
type directories map[string]Files

// LookupDir finds one of them.
func (d directories) LookupDir(name string) (fsutil.FS, bool) {
	files, found := d[name]
	return system{files}, found
}

// system is a directory as the session's protocol walks it, owned by root.
type system struct{ files Files }

// Walk goes through what stands under a name, or, for the root, through all of it.
func (s system) Walk(ctx context.Context, target string, each fs.WalkDirFunc) error {
	target = strings.TrimPrefix(path.Clean("/"+filepath.ToSlash(target)), "/")
	return s.files.Walk(func(f File) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if target != "" && f.Name != target && !strings.HasPrefix(f.Name, target+"/") {
			return nil
		}
		stat := &types.Stat{Path: filepath.FromSlash(f.Name), Mode: uint32(f.Mode), ModTime: f.ModTime.UnixNano(), Linkname: f.Link}
		if f.ModTime.IsZero() {
			stat.ModTime = 0
		}
		if !f.Mode.IsDir() {
			stat.Size = f.Size
		}
		return each(stat.GetPath(), &fsutil.DirEntryInfo{Stat: stat}, nil)
	})
}

// Open opens a file. What goes wrong shows when it is read: the protocol takes a file that
// cannot be opened for an empty one.
func (s system) Open(name string) (io.ReadCloser, error) {
	return s.files.Open(filepath.ToSlash(name)), nil
}
