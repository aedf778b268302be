package mount_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/dindctl/dindctl/internal/mount"
)

// FuzzClean: a clean path is absolute, has no component that is empty, "." or "..",
// is its own clean form, and is what each directory above it and its remainder make.
func FuzzClean(f *testing.F) {
	for _, p := range []string{"", "/", "//", "/a/../..", "a/./b//", "/..", "/.../x", "/a/b/", `/a\b`, "/\x00/..", "/é/../\xff"} {
		f.Add(p)
	}
	f.Fuzz(func(t *testing.T, written string) {
		cleaned := mount.Clean(written)
		if !strings.HasPrefix(cleaned, "/") || mount.Clean(cleaned) != cleaned {
			t.Fatalf("%q is cleaned to %q, and that to %q", written, cleaned, mount.Clean(cleaned))
		}
		for _, name := range strings.Split(cleaned, "/")[1:] {
			if name == "." || name == ".." || name == "" && cleaned != "/" {
				t.Fatalf("%q is cleaned to %q, which has %q", written, cleaned, name)
			}
		}
		depth := strings.Count(cleaned, "/") + 1
		if cleaned == "/" {
			depth = 1
		}
		again := mount.Rejoin(cleaned)
		if want := slices.Repeat([]string{cleaned}, depth); !slices.Equal(again, want) {
			t.Fatalf("%q is made again as %q", cleaned, again)
		}
	})
}

// What a path leads to on a host leads to itself: no link is left in it.
func TestResolvingTwiceChangesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w, _ := drawWorld(t)
		at, onHost := mount.At(w.Topology, w.look), mount.OnHost(w.Topology, w.look)
		for _, container := range sortedAddresses(w) {
			for _, p := range probes() {
				once, unknown := at(container, p)
				if unknown != "" || once.Kind != mount.HostPath {
					continue
				}
				if twice, why := onHost(once.In, once.Rest); twice != once || why != "" {
					t.Fatalf("%s %s is %v, and that is %v (%s)\n%s", container, p, once, twice, why, describe(w))
				}
			}
		}
	})
}

// Where no links are, and engines can mount a part of a volume, what lies below a source that is visible is visible.
func TestBelowVisibleIsVisible(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w, _ := drawWorld(t)
		for p := range w.files {
			w.files[p] = ""
		}
		for address, e := range w.Engines {
			e.API = "1.45"
			w.Engines[address] = e
		}
		for i := range w.Nested {
			w.Nested[i].CreateSource = true
		}
		before := w.check()
		for i := range w.Nested {
			w.Nested[i].Source += "/a"
		}
		for i, e := range w.check() {
			if before[i].Verdict == mount.Visible && e.Verdict != mount.Visible {
				t.Fatalf("%sbelow it:\n%s%s", show(before[i]), show(e), describe(w))
			}
		}
	})
}
