package buildcontext

import (
	"fmt"
	"io"
	"os"
)

// OpenRegular opens a regular file, through whichever links. Anything else is an error: a
// pipe would wait for somebody to write.
func OpenRegular(name string) (*os.File, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is not a regular file", name)
	}
	return os.Open(name)
}

// Heeding is a reader that ends with an error when the run is asked to end, which is what
// interrupted returns then; nil is not asked. A file may be larger than anybody wants to
// wait for, and a sparse one larger than any disk.
func Heeding(from io.Reader, interrupted func() error) io.Reader {
	if interrupted == nil {
		return from
	}
	return heeding{from, interrupted}
}

type heeding struct {
	io.Reader
	interrupted func() error
}

func (h heeding) Read(p []byte) (int, error) {
	if err := h.interrupted(); err != nil {
		return 0, err
	}
	return h.Reader.Read(p)
}
