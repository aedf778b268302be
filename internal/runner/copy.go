package runner

import (
	"context"
	"io"
	"io/fs"
	"path"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// Files are the files of one object, for copying.
type Files struct {
	object provider.Object
	copier provider.Copier
	stater provider.Stater
}

// FilesOf returns the files of an object, which need not run.
func FilesOf(ctx context.Context, p provider.Provider, object provider.Object) (Files, diag.List) {
	copier, copies := power[provider.Copier](ctx, p, provider.PowerCopy)
	stater, stats := power[provider.Stater](ctx, p, provider.PowerStat)
	if !copies || !stats {
		return Files{}, diag.Errorf("Files cannot be copied here", "The provider cannot copy files of objects.")
	}
	if !object.Kind.Runs() {
		return Files{}, problemAt(object.Owner.Address, "Nothing runs there", "%s is a %s: it has no files of its own. Name a container, daemon, controller or job.", object.Owner.Address, object.Kind)
	}
	return Files{object, copier, stater}, nil
}

// Info is what is at a path of an object.
type Info struct {
	// Path is where it is: another one than was asked for where a link was followed.
	Path   string
	Exists bool
	Mode   fs.FileMode
}

// Look tells what is at a path. A link at its end is followed once where that is asked for.
func (f Files) Look(ctx context.Context, at string, follow bool) (Info, diag.List) {
	s, err := f.stat(ctx, at)
	if err == nil && follow && s.Exists && s.Link != "" {
		target := s.Link
		if !path.IsAbs(target) {
			target = path.Join(path.Dir(path.Clean(at)), target)
		}
		at = target
		s, err = f.stat(ctx, at)
	}
	return Info{Path: at, Exists: s.Exists, Mode: fs.FileMode(s.Mode)}, f.Problems(err)
}

func (f Files) stat(ctx context.Context, at string) (provider.StatResponse, error) {
	return f.stater.Stat(ctx, provider.StatRequest{Place: f.object.Place, ID: f.object.ID, Path: path.Clean(at)})
}

// Out writes what is at a path as a tar archive. An error of the writer comes back as it is.
func (f Files) Out(ctx context.Context, at string, to io.Writer) error {
	return f.copier.CopyOut(ctx, provider.CopyOutRequest{Place: f.object.Place, ID: f.object.ID, Path: at, To: to})
}

// In unpacks a tar archive in a directory; owners keeps those that it names.
func (f Files) In(ctx context.Context, directory string, from io.Reader, owners bool) diag.List {
	return f.Problems(f.copier.CopyIn(ctx, provider.CopyInRequest{
		Place: f.object.Place, ID: f.object.ID, Path: directory, From: from, Owners: owners,
	}))
}

// Problems says of an error that it is about these files.
func (f Files) Problems(err error) diag.List {
	return problemsOf(err, "Files could not be copied", f.object.Owner.Address)
}
