package hcl

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"sync"
)

// Sources holds the text of every file that was read, under the names that
// ranges use.
type Sources struct {
	files map[string][]byte

	mutex    sync.Mutex
	outlines map[string][]outline // by file, made when they are asked for
}

// Bytes is the text of a file; nil where it was not read.
func (s *Sources) Bytes(file string) []byte {
	if s == nil {
		return nil
	}
	return s.files[file]
}

// Line is one line of a file, counted from 1, without its end; false where there
// is none.
func (s *Sources) Line(file string, number int) (string, bool) {
	rest := s.Bytes(file)
	if rest == nil || number < 1 {
		return "", false
	}
	for ; number > 1; number-- {
		_, after, found := bytes.Cut(rest, []byte("\n"))
		if !found {
			return "", false
		}
		rest = after
	}
	line, _, _ := bytes.Cut(rest, []byte("\n"))
	return string(bytes.TrimSuffix(line, []byte("\r"))), true
}

// Files are the names of all files that were read, sorted.
func (s *Sources) Files() []string {
	if s == nil {
		return nil
	}
	var names []string
	for name := range s.files {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// readPlain reads a file that the configuration names, within the bounds of one of its own.
func readPlain(path string) (content []byte, exists bool, err error) {
	content, err = readBounded(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, false, nil
	}
	return content, err == nil, err
}
