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
	Exists bool
	Mode   fs.FileMode
	// Target is where it leads to, if it is a link.
	Target string
}

// Look tells what is at a path. A link at its end is not followed, unless the path ends in
// "/" or "/.", which is a path of what the link leads to.
func (f Files) Look(ctx context.Context, at string) (Info, diag.List) {
	s, err := f.stater.Stat(ctx, provider.StatRequest{Place: f.object.Place, ID: f.object.ID, Path: at})
	info := Info{Exists: s.Exists, Mode: fs.FileMode(s.Mode)}
	if s.Exists && info.Mode&fs.ModeSymlink != 0 {
		info.Target = s.Link
		if !path.IsAbs(info.Target) {
			info.Target = path.Join(path.Dir(path.Clean(at)), info.Target)
		}
	}
	return info, f.Problems(err)
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
