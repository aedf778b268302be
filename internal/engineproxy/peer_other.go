//go:build !linux

package engineproxy

import (
	"io/fs"
	"net"
)

// pidOf is not known here: engines run on Linux, and so do their tests.
func pidOf(*net.UnixConn) int { return 0 }

func chownLike(string, fs.FileInfo) error { return nil }
