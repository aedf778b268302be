package outfile

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"os"
	"path"
	"path/filepath"

	archive "github.com/moby/go-archive"
)

// Unpack puts an archive at a path as `docker cp` does: into a directory that exists, else
// under the path's name. Neither the path nor anything that an entry of the archive would
// take the place of may be what is not written.
func Unpack(content io.Reader, source archive.CopyInfo, to string) error {
	if err := Check(to); err != nil {
		return err
	}
	info, err := archive.CopyInfoDestinationPath(to)
	if err != nil {
		return err
	}
	directory, prepared, err := archive.PrepareArchiveCopy(content, source, info)
	if err != nil {
		return err
	}
	defer func() { _ = prepared.Close() }()
	checked := checkedEntries(prepared, directory)
	defer func() { _ = checked.Close() }()
	return archive.Untar(checked, directory, &archive.TarOptions{NoLchown: true, NoOverwriteDirNonDir: true})
}

// checkedEntries passes an archive on as it is, byte for byte, and each entry only when it
// is known that nothing stands in its place in a directory that is not written. A link there
// may be replaced: what it leads to stays.
func checkedEntries(content io.Reader, directory string) io.ReadCloser {
	reader, writer := io.Pipe()
	g := &gate{out: writer}
	entries := tar.NewReader(io.TeeReader(content, g))
	go func() {
		for {
			g.open = false
			header, err := entries.Next()
			if err == nil {
				err = mayReplace(filepath.Join(directory, filepath.FromSlash(path.Clean("/"+header.Name))))
			}
			if end := errors.Is(err, io.EOF); err != nil && !end {
				_ = writer.CloseWithError(err)
				return
			} else if released := g.release(); end || released != nil {
				_ = writer.CloseWithError(released) // nil is the end
				return
			}
			if _, err := io.Copy(io.Discard, entries); err != nil {
				_ = writer.CloseWithError(err)
				return
			}
		}
	}()
	return reader
}

func mayReplace(at string) error {
	info, err := os.Lstat(at)
	if err != nil || Writable(info.Mode()) || info.Mode()&os.ModeSymlink != 0 {
		return nil //nolint:nilerr // nothing is there, or whoever unpacks says what is wrong
	}
	return &NotWritableError{Path: at, Mode: info.Mode()}
}

// gate holds back what is written until it is released.
type gate struct {
	out  io.Writer
	open bool
	held bytes.Buffer
}

func (g *gate) Write(p []byte) (int, error) {
	if g.open {
		return g.out.Write(p)
	}
	return g.held.Write(p)
}

func (g *gate) release() error {
	g.open = true
	_, err := g.held.WriteTo(g.out)
	return err
}
