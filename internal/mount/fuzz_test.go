package mount_test

import (
	"path"
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
		if want := path.Clean("/" + written); cleaned != want {
			t.Fatalf("%q is cleaned to %q, want %q", written, cleaned, want)
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

// Where no links are, and engines can mount a part of a volume, what lies below a source that is visible is visible:
// for a controller that has the source in a mount. What is below in its own root is not compared (design, step 5).
// Step 3 comes first: what the daemon's entrypoint mounts over a source is not to be had, though a controller inside
// that daemon has it as well.
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
			n := sourceOf(w, before[i])
			controller := w.Containers[n.Controller]
			if n.Controller != "" && !hasInMount(controller, before[i].Source) {
				continue
			}
			if controller.Engine == n.Daemon && len(w.Containers[n.Daemon].EntryMounts) > 0 {
				continue
			}
			if before[i].Verdict == mount.Visible && e.Verdict != mount.Visible {
				t.Fatalf("%sbelow it:\n%s%s", show(before[i]), show(e), describe(w))
			}
		}
	})
}

// sourceOf is the nested source that an entry is about.
func sourceOf(w *world, e mount.Entry) mount.Nested {
	for _, n := range w.Nested {
		if n.Address == e.Address && n.Target == e.Target && n.Source == e.Source+"/a" {
			return n
		}
	}
	return mount.Nested{}
}

// hasInMount tells whether a path of a container lies in one of its mounts.
func hasInMount(c mount.Container, source string) bool {
	for _, m := range c.Mounts {
		if target := path.Clean(m.Target); path.Clean(source) == target || strings.HasPrefix(path.Clean(source)+"/", target+"/") {
			return true
		}
	}
	return false
}
