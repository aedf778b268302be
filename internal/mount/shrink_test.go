package mount_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dindctl/dindctl/internal/mount"
)

// randomTopology is the topology of a seed.
func randomTopology(seed uint64) *world { return randomWorld(rand.New(rand.NewPCG(seed, 1))) }

// shrink takes one thing after another from a world for as long as something is
// wrong with what remains, and returns the smallest with what is wrong there.
func shrink(w *world, problem string, wrong func(*world) (string, bool)) (*world, string) {
	for again := true; again; {
		again = false
		for _, smaller := range smallerWorlds(w) {
			if found, ok := wrong(smaller); ok {
				w, problem, again = smaller, found, true
				break
			}
		}
	}
	return w, problem
}

// smallerWorlds are the worlds that have one thing less: a nested source, a
// container's mount, entry mount or link, or a link of the host.
func smallerWorlds(w *world) []*world {
	var out []*world
	for i := range w.Nested {
		smaller := copyWorld(w)
		smaller.Nested = slices.Delete(smaller.Nested, i, i+1)
		out = append(out, smaller)
	}
	for _, address := range sortedAddresses(w) {
		for _, c := range smallerContainers(w.Containers[address]) {
			smaller := copyWorld(w)
			smaller.Containers[address] = c
			out = append(out, smaller)
		}
	}
	for _, p := range slices.Sorted(maps.Keys(w.files)) {
		if w.files[p] != "" {
			smaller := copyWorld(w)
			delete(smaller.files, p)
			out = append(out, smaller)
		}
	}
	return out
}

func smallerContainers(c mount.Container) []mount.Container {
	var out []mount.Container
	for i := range c.Mounts {
		smaller := c
		smaller.Mounts = slices.Delete(slices.Clone(c.Mounts), i, i+1)
		out = append(out, smaller)
	}
	for i := range c.EntryMounts {
		smaller := c
		smaller.EntryMounts = slices.Delete(slices.Clone(c.EntryMounts), i, i+1)
		out = append(out, smaller)
	}
	for _, from := range slices.Sorted(maps.Keys(c.ImageLinks)) {
		smaller := c
		smaller.ImageLinks = maps.Clone(c.ImageLinks)
		delete(smaller.ImageLinks, from)
		out = append(out, smaller)
	}
	return out
}

// copyWorld copies what smallerWorlds changes.
func copyWorld(w *world) *world {
	smaller := *w
	smaller.Nested = slices.Clone(w.Nested)
	smaller.Containers = maps.Clone(w.Containers)
	smaller.files = maps.Clone(w.files)
	return &smaller
}

func sortedAddresses(w *world) []string { return slices.Sorted(maps.Keys(w.Containers)) }

// describe writes a world for the one who has to find out.
func describe(w *world) string {
	var b strings.Builder
	for _, p := range slices.Sorted(maps.Keys(w.files)) {
		if link := w.files[p]; link != "" {
			fmt.Fprintf(&b, "  link %s -> %s\n", p, link)
		}
	}
	for _, address := range sortedAddresses(w) {
		c := w.Containers[address]
		fmt.Fprintf(&b, "  %s on %s, links %v, entry %v\n", address, c.Engine, c.ImageLinks, c.EntryMounts)
		for _, m := range c.Mounts {
			fmt.Fprintf(&b, "    %s %s%s at %s subpath %q\n", m.Type, m.Source, m.Volume, m.Target, m.Subpath)
		}
	}
	return b.String()
}

// What remains of a topology is what is wrong with it, and nothing beside.
func TestShrinkLeavesWhatIsWrong(t *testing.T) {
	t.Parallel()
	w := randomTopology(1)
	d := w.Containers["daemon.d1"]
	d.Mounts = append(d.Mounts, mount.Mount{Type: mount.Tmpfs, Target: "/wrong"})
	w.Containers["daemon.d1"] = d
	before := describe(w)
	small, problem := shrink(w, "", func(w *world) (string, bool) {
		return "found", slices.ContainsFunc(w.Containers["daemon.d1"].Mounts, func(m mount.Mount) bool { return m.Target == "/wrong" })
	})
	want := `  controller.c on daemon.d1, links map[], entry []
  daemon.d1 on daemon.root, links map[], entry []
    tmpfs  at /wrong subpath ""
`
	if diff := cmp.Diff([]string{"found", want}, []string{problem, describe(small)}); diff != "" || len(small.Nested) > 0 {
		t.Errorf("(-what is wrong +what remains, with %d nested sources):\n%s\nof:\n%s", len(small.Nested), diff, before)
	}
}
