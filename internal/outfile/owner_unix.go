//go:build unix

package outfile

import (
	"os"
	"syscall"
)

// noFollow opens no link, and waits for nobody at the other end of a pipe.
const noFollow = syscall.O_NOFOLLOW | syscall.O_CLOEXEC | syscall.O_NONBLOCK

// keepOwner gives a new file the owner of the one that it replaces. Who may not do
// that, and is not the owner, may not replace it either.
func keepOwner(file *os.File, before os.FileInfo) error {
	was, known := before.Sys().(*syscall.Stat_t)
	if !known || int(was.Uid) == os.Geteuid() && int(was.Gid) == os.Getegid() {
		return nil
	}
	return file.Chown(int(was.Uid), int(was.Gid))
}
