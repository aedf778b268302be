package hcl

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/moby/patternmatcher"
	"github.com/moby/patternmatcher/ignorefile"
)

// hashContexts returns a function that hashes build contexts, each once. Interrupted
// may end it with an error in between, which the next call forgets; it may be nil.
func hashContexts(interrupted func() error) func(dir, dockerfile string) (string, error) {
	type result struct {
		hash string
		err  error
	}
	var mu sync.Mutex
	done := map[[2]string]result{}
	return func(dir, dockerfile string) (string, error) {
		mu.Lock()
		defer mu.Unlock()
		key := [2]string{dir, dockerfile}
		r, found := done[key]
		if !found {
			if r.hash, r.err = hashContext(dir, dockerfile, interrupted); interrupted == nil || interrupted() == nil {
				done[key] = r
			}
		}
		return r.hash, r.err
	}
}

// hashContext is the hash of names, modes and contents of what a build can see:
// everything that .dockerignore lets through, and the Dockerfile in any case.
func hashContext(dir, dockerfile string, interrupted func() error) (string, error) {
	if dockerfile == "" {
		dockerfile = "Dockerfile"
	}
	if info, err := os.Stat(dir); err != nil || !info.IsDir() {
		return "", fmt.Errorf("there is no directory %s", dir)
	}
	ignored, err := ignoredIn(dir, inside(dir, dockerfile))
	if err != nil {
		return "", err
	}
	h := sha256.New()
	recipe, err := readBounded(inside(dir, dockerfile))
	if err != nil {
		return "", fmt.Errorf("reading the Dockerfile: %w", err)
	}
	_, _ = fmt.Fprintf(h, "dockerfile %d\n%s\n", len(recipe), recipe)
	walk := func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if interrupted != nil && interrupted() != nil {
			return interrupted()
		}
		name, err := filepath.Rel(dir, path)
		if err != nil || name == "." {
			return err
		}
		skip, err := ignored.MatchesOrParentMatches(filepath.ToSlash(name))
		switch {
		case err != nil:
			return fmt.Errorf("matching %s with .dockerignore: %w", name, err)
		case !skip:
			return hashEntry(h, path, filepath.ToSlash(name), entry, interrupted)
		case entry.IsDir() && !ignored.Exclusions():
			return fs.SkipDir
		}
		return nil
	}
	if err := filepath.WalkDir(dir, walk); err != nil {
		return "", err
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// ignoredIn reads what a build leaves out: the file beside the Dockerfile that is
// for it alone, else that of the directory.
// https://docs.docker.com/build/concepts/context/#filename-and-location
func ignoredIn(dir, dockerfile string) (*patternmatcher.PatternMatcher, error) {
	f, err := open(dockerfile + ".dockerignore")
	if errors.Is(err, os.ErrNotExist) {
		f, err = open(filepath.Join(dir, ".dockerignore"))
	}
	if errors.Is(err, os.ErrNotExist) {
		return patternmatcher.New(nil)
	}
	if err != nil {
		return nil, fmt.Errorf("reading .dockerignore: %w", err)
	}
	defer func() { _ = f.Close() }()
	patterns, err := ignorefile.ReadAll(io.LimitReader(f, maxBytes))
	if err != nil {
		return nil, fmt.Errorf("reading .dockerignore: %w", err)
	}
	for i, p := range patterns {
		patterns[i] = strings.TrimSpace(p)
	}
	return patternmatcher.New(patterns)
}

// heeding is a reader that ends with an error when the run is asked to end: a file
// may be larger than anybody wants to wait for, and a sparse one larger than any disk.
type heeding struct {
	io.Reader
	interrupted func() error // nil: it is not asked
}

func (h heeding) Read(p []byte) (int, error) {
	if h.interrupted != nil {
		if err := h.interrupted(); err != nil {
			return 0, err
		}
	}
	return h.Reader.Read(p)
}

// hashEntry adds one file, directory or link. Times are no part of it.
func hashEntry(h io.Writer, path, name string, entry fs.DirEntry, interrupted func() error) error {
	info, err := entry.Info()
	if err != nil {
		return err
	}
	_, _ = fmt.Fprintf(h, "%q %s ", name, info.Mode())
	switch {
	case info.Mode()&fs.ModeSymlink != 0:
		link, err := os.Readlink(path)
		_, _ = fmt.Fprintf(h, "%q\n", link)
		return err
	case info.Mode().IsRegular():
		_, _ = fmt.Fprintf(h, "%d\n", info.Size())
		f, err := open(path)
		if err != nil {
			return err
		}
		defer func() { _ = f.Close() }()
		_, err = io.Copy(h, heeding{f, interrupted})
		return err
	}
	_, _ = fmt.Fprintln(h)
	return nil
}
