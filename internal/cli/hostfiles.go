package cli

import (
	"errors"
	"fmt"
	"io"
	"os"
	gopath "path"
	"strings"
	"syscall"

	"github.com/dindctl/dindctl/internal/mount"
)

// hostFiles asks this machine's file system.
func hostFiles() mount.Checker { return mount.Checker{Look: look, Empty: leftOver, File: noDirectory} }

// files asks the file system of the engine's host: directly, or through the mounts of
// the container that this process runs in.
func (s *session) files() mount.Checker {
	if s.cfg == nil || s.cfg.Self == nil || !s.cfg.Self.Inspected {
		return hostFiles()
	}
	self := s.cfg.Self
	shown := func(p string) (string, bool) {
		here, found := "", false
		longest := -1
		for _, m := range self.Mounts {
			rest, inside := strings.CutPrefix(p+"/", strings.TrimSuffix(m.Source, "/")+"/")
			if m.Type == mount.Bind && m.Source != "" && inside && len(m.Source) > longest {
				here, found, longest = gopath.Join(m.Target, rest), true, len(m.Source)
			}
		}
		held, _, under := self.Under(here)
		return here, found && under && held.Type == mount.Bind && len(held.Source) == longest
	}
	return mount.Checker{
		Look: func(object mount.Object, p string) (string, bool, error) {
			here, is := shown(p)
			if !is {
				return "", false, fmt.Errorf("no mount of the container that dindctl runs in shows it")
			}
			return look(object, here)
		},
		Empty: func(object mount.Object, p string) bool { here, is := shown(p); return is && leftOver(object, here) },
		File:  func(object mount.Object, p string) bool { here, is := shown(p); return is && noDirectory(object, here) },
	}
}

// look asks this machine's file system; it never follows a link at the path itself.
func look(object mount.Object, path string) (link string, exists bool, err error) {
	if object.In != "root" {
		return "", false, fmt.Errorf("it is on another machine")
	}
	info, err := os.Lstat(path)
	switch {
	case os.IsNotExist(err), errors.Is(err, syscall.ENOTDIR):
		return "", false, nil
	case err != nil:
		return "", false, err
	case info.Mode()&os.ModeSymlink == 0:
		return "", true, nil
	}
	link, err = os.Readlink(path)
	return link, true, err
}

// noDirectory tells whether what this machine has at a path is no directory.
func noDirectory(object mount.Object, path string) bool {
	info, err := os.Stat(path)
	return object.In == "root" && err == nil && !info.IsDir()
}

// leftOver tells whether a directory of this machine is empty and belongs to root.
// Where this process is root itself, such a one says nothing.
func leftOver(object mount.Object, path string) bool {
	info, err := os.Lstat(path)
	if object.In != "root" || err != nil || !info.IsDir() || os.Geteuid() == 0 {
		return false
	}
	if !ownedByRoot(info) {
		return false
	}
	dir, err := os.Open(path)
	if err != nil {
		return false
	}
	defer func() { _ = dir.Close() }()
	_, err = dir.Readdirnames(1)
	return errors.Is(err, io.EOF)
}
