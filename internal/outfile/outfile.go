// Package outfile is the one door through which dindctl writes files of the machine that
// it runs on. Whoever names a file may name a device, a pipe or a link to one: those are
// never written, replaced or removed, whoever asks. Only directories and regular files are.
package outfile

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// maxLinks bounds how many links to links are followed, as the kernel does.
const maxLinks = 40

// NotWritableError says that a path leads to something that is not written.
type NotWritableError struct {
	Path string
	Mode fs.FileMode
}

// Error says what is there, and what is written.
func (e *NotWritableError) Error() string {
	return fmt.Sprintf("%s is %s: only directories and regular files are written", e.Path, What(e.Mode))
}

// What names a kind of file, for people.
func What(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a directory"
	case mode&fs.ModeDevice != 0:
		return "a device"
	case mode&fs.ModeNamedPipe != 0:
		return "a pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeSymlink != 0:
		return "a link"
	case mode.IsRegular():
		return "a file"
	}
	return "something special"
}

// Writable tells whether a file of a mode is one that may be written, replaced or put
// something into: a directory or a regular file.
func Writable(mode fs.FileMode) bool { return mode.IsDir() || mode.IsRegular() }

// Check is an error where a path leads, through links, to what is not written. What is
// not there may be made.
func Check(path string) error {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case !Writable(info.Mode()):
		return &NotWritableError{Path: path, Mode: info.Mode()}
	}
	return nil
}

// target follows a path's links to the regular file that is written in its stead; info is
// nil where it is not there yet.
func target(path string) (to string, info fs.FileInfo, err error) {
	if err := Check(path); err != nil {
		return "", nil, err
	}
	to = path
	for range maxLinks {
		info, err := os.Lstat(to)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return to, nil, nil
		case err != nil:
			return "", nil, err
		case info.Mode().IsRegular():
			return to, info, nil
		case info.IsDir():
			return "", nil, &fs.PathError{Op: "open", Path: path, Err: syscall.EISDIR}
		case info.Mode()&fs.ModeSymlink == 0:
			return "", nil, &NotWritableError{Path: path, Mode: info.Mode()}
		}
		link, err := os.Readlink(to)
		if err != nil {
			return "", nil, err
		}
		if !filepath.IsAbs(link) {
			link = filepath.Join(filepath.Dir(to), link)
		}
		to = link
	}
	return "", nil, &fs.PathError{Op: "open", Path: path, Err: syscall.ELOOP}
}

// Replace gives a path a file with another content in one step, readable by its owner
// alone: it is there whole or not at all. Where the path is a link, what the link leads
// to is replaced, and a file that is there keeps its mode and its owner: the link is
// somebody's choice, and so is that file.
func Replace(path string, content []byte) error {
	to, info, err := target(path)
	switch {
	case err != nil:
		return err
	case info != nil && to != path:
		return rewrite(to, info, content)
	}
	return replace(to, content, nil)
}

// ReplaceOwn is Replace for a file that dindctl keeps for itself: nobody has a reason to
// put a link there, and none is followed or replaced.
func ReplaceOwn(path string, content []byte) error {
	switch info, err := os.Lstat(path); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return err
	case !info.Mode().IsRegular():
		return &NotWritableError{Path: path, Mode: info.Mode()}
	}
	return replace(path, content, nil)
}

// Rewrite gives a file that is there another content, as Replace does. Its mode and its
// owner stay.
func Rewrite(path string, content []byte) error {
	to, info, err := target(path)
	switch {
	case err != nil:
		return err
	case info == nil:
		return &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
	return rewrite(to, info, content)
}

func rewrite(to string, info fs.FileInfo, content []byte) error {
	if info.Mode().Perm()&0o200 == 0 {
		return fmt.Errorf("%s is write-protected", filepath.Base(to))
	}
	return replace(to, content, func(f *os.File) error {
		return errors.Join(f.Chmod(info.Mode().Perm()), keepOwner(f, info))
	})
}

func replace(to string, content []byte, as func(*os.File) error) (err error) {
	f, err := os.CreateTemp(filepath.Dir(to), "."+filepath.Base(to)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = os.Remove(f.Name())
		}
	}()
	_, err = f.Write(content)
	if as != nil {
		err = cmp.Or(err, as(f))
	}
	err = cmp.Or(err, f.Sync())
	err = cmp.Or(err, f.Close())
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), to)
}

// Create makes a file that is not there yet, for writing. Nothing that has its name is
// touched, and no link followed.
func Create(path string, mode fs.FileMode) (*os.File, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode) //nolint:gosec // the caller's to say
}

// Open opens a file for reading and writing, or makes it. No link is followed, and
// what is there has to be a regular file.
func Open(path string, mode fs.FileMode) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|noFollow, mode) //nolint:gosec // the caller's to say
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &NotWritableError{Path: path, Mode: info.Mode()}
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}
