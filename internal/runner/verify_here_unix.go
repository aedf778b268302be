//go:build unix

package runner

import (
	"errors"
	"io/fs"
	"os"
	"strings"
	"syscall"
)

// lookHere looks at this machine's files.
func lookHere(paths []string) []Sight {
	boot, _ := os.ReadFile("/proc/sys/kernel/random/boot_id") // not there but on Linux
	out := make([]Sight, len(paths))
	for i, path := range paths {
		out[i] = lookAt(path)
		out[i].Boot = strings.TrimSpace(string(boot))
	}
	return out
}

func lookAt(path string) Sight {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Sight{State: missing}
	case err != nil:
		return Sight{State: hidden, Why: err.Error()}
	}
	stat, is := info.Sys().(*syscall.Stat_t)
	if !is {
		return Sight{State: there}
	}
	return Sight{State: there, Device: uint64(stat.Dev), Inode: stat.Ino, Mode: uint32(stat.Mode)} //nolint:gosec,unconvert // types differ between systems
}

// FilesText prints what stands at paths of this machine, in the form that Verify
// reads from the probe.
func FilesText(paths []string) string { return sightsText(lookHere(paths)) }

// openFile opens a file to be read. It follows no link at the end of the path, and does
// not wait for anybody at the other end of a pipe.
func openFile(name string) (*os.File, error) {
	return os.OpenFile(name, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0) //nolint:gosec // a path of the configuration
}
