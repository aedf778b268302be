//go:build unix

package replay

import (
	"errors"
	"os"
	"syscall"
)

// groupOf is the number of a file's group.
func groupOf(name string) (int, error) {
	info, err := os.Stat(name)
	if err != nil {
		return 0, err
	}
	stat, is := info.Sys().(*syscall.Stat_t)
	if !is {
		return 0, errors.New("the system does not say whose a file is")
	}
	return int(stat.Gid), nil
}
