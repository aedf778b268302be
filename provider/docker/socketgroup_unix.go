//go:build unix

package docker

import (
	"io/fs"
	"os"
	"strconv"
	"syscall"
)

// socketGroup is the number of the group of a socket of this host; false where
// there is no socket.
func socketGroup(path string) (string, bool) {
	info, err := os.Stat(path)
	if err != nil || info.Mode()&fs.ModeSocket == 0 {
		return "", false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return "", false
	}
	return strconv.FormatUint(uint64(stat.Gid), 10), true
}
