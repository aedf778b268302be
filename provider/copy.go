package provider

import (
	"context"
	"io"
)

// CopyOutRequest asks for a file or directory of an object.
type CopyOutRequest struct {
	Place Place
	ID    string
	// Path is absolute. A link at its end is not followed.
	Path string
	// To takes a tar archive whose names begin with the last component of Path.
	To io.Writer
}

// CopyInRequest puts files into an object.
type CopyInRequest struct {
	Place Place
	ID    string
	// Path is an absolute path of a directory that exists; names are relative to it.
	Path string
	// From is a tar archive.
	From io.Reader
	// Owners keeps the owners that the archive names; else files belong to the
	// user that the engine chooses.
	Owners bool
}

// Copier moves files of objects, whether they run or not. It sees an object's
// declared mounts and its root; what only the object's own processes mounted, it
// does not. A path that is not there is a [*Problem] with code [NotFound].
type Copier interface {
	CopyOut(ctx context.Context, req CopyOutRequest) error
	CopyIn(ctx context.Context, req CopyInRequest) error
}
