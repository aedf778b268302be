//go:build unix

package cli

import (
	"os"
	"syscall"
)

// keepOwner gives a new file the owner of the one that it replaces. Who may not do
// that, and is not the owner, may not replace it either.
func keepOwner(file *os.File, before os.FileInfo) error {
	was, known := before.Sys().(*syscall.Stat_t)
	if !known || int(was.Uid) == os.Geteuid() && int(was.Gid) == os.Getegid() {
		return nil
	}
	return file.Chown(int(was.Uid), int(was.Gid))
}

func ownedByRoot(info os.FileInfo) bool {
	owner, known := info.Sys().(*syscall.Stat_t)
	return known && owner.Uid == 0
}
