package cli

import (
	"errors"
	"io/fs"
	"os"
)

// socketKind says what is at a path of this host where a socket should be: a
// clause, or empty for a socket and for what cannot be looked at.
func socketKind(path string) string {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "does not exist on this machine"
	case err != nil:
		return ""
	case info.IsDir():
		return "is a directory: Docker makes an empty one where a mounted socket is missing, so that an earlier start may have left it"
	case info.Mode()&fs.ModeSocket == 0:
		return "is a file, not a socket"
	}
	return ""
}
