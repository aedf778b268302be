//go:build unix

package cli

import (
	"os"
	"syscall"
)

func ownedByRoot(info os.FileInfo) bool {
	owner, known := info.Sys().(*syscall.Stat_t)
	return known && owner.Uid == 0
}
