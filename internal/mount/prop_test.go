package mount_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/dindctl/dindctl/internal/mount"
)

// drawWorld is a random world; its seed is what shrinks.
func drawWorld(t *rapid.T) (*world, *rand.Rand) {
	r := rand.New(rand.NewPCG(rapid.Uint64Range(0, 1<<32).Draw(t, "seed"), 2))
	w := randomWorld(r)
	for address, c := range w.Containers {
		c.Site = mount.Site{File: "main.hcl", Line: len(address), Indent: "  "}
		c.EntryYields = r.IntN(2) == 0
		w.Containers[address] = c
	}
	for i := range w.Nested {
		w.Nested[i].Site = mount.Site{File: "main.hcl", Line: 100 + i, Indent: "  "}
		w.Nested[i].ReadOnly = r.IntN(4) == 0
		w.Nested[i].CreateSource = r.IntN(4) == 0
	}
	return w, r
}

func showAll(entries []mount.Entry) string {
	var b strings.Builder
	for _, e := range entries {
		b.WriteString(show(e))
	}
	return b.String()
}

// Where daemon and controller have the same mounts, and nothing is mounted over
// them, whatever lies in a mount that others can have is visible.
func TestIdenticalViewsSeeTheSame(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w, _ := drawWorld(t)
		c := w.Containers["daemon.d1"]
		c.EntryMounts, c.ImageLinks = nil, nil
		c.Mounts = slices.DeleteFunc(c.Mounts, func(m mount.Mount) bool { return m.Type == mount.Tmpfs })
		w.Containers["daemon.d1"] = c
		c.Address = "controller.c"
		w.Containers["controller.c"] = c
		clashes := mount.Clashes(w.Topology, w.look)
		for i := range w.Nested {
			w.Nested[i].Daemon, w.Nested[i].Resolve = "daemon.d1", mount.ResolveSame
		}
		for _, e := range w.check() {
			at := e.Chain[len(e.Chain)-1].Object
			own := strings.Contains(at, "daemon.d1") && e.Verdict == mount.Hidden
			if e.Verdict != mount.Visible && !own && len(clashes) == 0 && !strings.Contains(e.Message, "symbolic links") {
				t.Fatalf("%s%s", show(e), describe(w))
			}
		}
	})
}

// The names of containers mean nothing to the rule.
func TestRenamingChangesNothing(t *testing.T) {
	t.Parallel()
	rename := strings.NewReplacer("daemon.d1", "daemon.zebra", "daemon.d2", "daemon.ant", "controller.c", "controller.mule")
	rapid.Check(t, func(t *rapid.T) {
		w, _ := drawWorld(t)
		other := &world{Topology: mount.Topology{Engines: map[string]mount.Engine{}, Containers: map[string]mount.Container{}}, files: w.files}
		for address, e := range w.Engines {
			e.Address, e.Container = rename.Replace(e.Address), rename.Replace(e.Container)
			other.Engines[rename.Replace(address)] = e
		}
		for address, c := range w.Containers {
			c.Address, c.Engine = rename.Replace(c.Address), rename.Replace(c.Engine)
			other.Containers[rename.Replace(address)] = c
		}
		for _, n := range w.Nested {
			n.Daemon, n.Controller = rename.Replace(n.Daemon), rename.Replace(n.Controller)
			other.Nested = append(other.Nested, n)
		}
		if diff := cmp.Diff(rename.Replace(showAll(w.check())), showAll(other.check())); diff != "" {
			t.Fatalf("(-named so +named otherwise):\n%s\n%s", diff, describe(w))
		}
	})
}

// The order in which mounts and nested sources are written means nothing.
func TestOrderChangesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w, r := drawWorld(t)
		want := showAll(w.check())
		for address, c := range w.Containers {
			c.Mounts = slices.Clone(c.Mounts)
			r.Shuffle(len(c.Mounts), func(i, j int) { c.Mounts[i], c.Mounts[j] = c.Mounts[j], c.Mounts[i] })
			w.Containers[address] = c
		}
		r.Shuffle(len(w.Nested), func(i, j int) { w.Nested[i], w.Nested[j] = w.Nested[j], w.Nested[i] })
		if diff := cmp.Diff(want, showAll(w.check())); diff != "" {
			t.Fatalf("(-as written +shuffled):\n%s\n%s", diff, describe(w))
		}
	})
}

// What is visible as it is written is visible when translated, as the same object.
func TestTranslatingWhatIsVisible(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w, _ := drawWorld(t)
		for i := range w.Nested {
			w.Nested[i].Resolve = mount.ResolveSame
		}
		same := w.check()
		at := mount.At(w.Topology, w.look)
		for i := range w.Nested {
			w.Nested[i].Resolve = mount.ResolveTranslate
		}
		for i, e := range w.check() {
			before := same[i]
			if o, _ := at("controller.c", e.Source); before.Verdict != mount.Visible || o.Kind == mount.OwnRoot {
				continue
			}
			if e.Verdict != mount.Visible || last(e) != last(before) {
				t.Fatalf("as written:\n%stranslated:\n%s%s", show(before), show(e), describe(w))
			}
		}
	})
}

func last(e mount.Entry) mount.Link { return e.Chain[len(e.Chain)-1] }

// What a controller has from the host and the daemon lacks, where nothing of the
// daemon is in the way, has a fix; but where links go round in circles, no engine
// could make the containers, and a link may lead a mount of the daemon to the place.
func TestErrorsHaveFixes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w, _ := drawWorld(t)
		for address, c := range w.Containers {
			c.EntryMounts, c.ImageLinks = nil, nil
			w.Containers[address] = c
		}
		onHost, links := mount.OnHost(w.Topology, w.look), false
		for p, link := range w.files {
			links = links || link != ""
			if _, circle := onHost("root", p); circle != "" {
				return
			}
		}
		for _, e := range w.check() {
			inTheWay := slices.ContainsFunc(w.Containers["daemon.d1"].Mounts, func(m mount.Mount) bool {
				return links && strings.HasPrefix(m.Target, e.Source+"/")
			})
			if e.Severity == mount.Failure && !inTheWay && len(e.Fixes) == 0 && strings.HasPrefix(e.Message, "No mount of") &&
				strings.Contains(e.Message, "would not see host:") && len(mount.Clashes(w.Topology, w.look)) == 0 &&
				w.Containers["daemon.d1"].Engine == w.Containers["controller.c"].Engine && e.Daemon == "daemon.d1" {
				t.Fatalf("%s%s", show(e), describe(w))
			}
		}
	})
}

// A mount at a place that no source, no target and no link leads to changes nothing
// that is said, but for what fixes there are.
func TestUnrelatedMountChangesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w, _ := drawWorld(t)
		said := func() string {
			entries := w.check()
			for i := range entries {
				entries[i].Fixes = nil
			}
			return showAll(entries)
		}
		want := said()
		for address, c := range w.Containers {
			c.Mounts = append(slices.Clone(c.Mounts), mount.Mount{Type: mount.Bind, Source: "/nobodys/source", Target: "/nobodys/target"})
			w.Containers[address] = c
		}
		for i := range w.Nested {
			if w.Nested[i].Source == "/" {
				t.Skip("everything lies below the root")
			}
		}
		if diff := cmp.Diff(want, said()); diff != "" {
			t.Fatalf("(-without +with):\n%s\n%s", diff, describe(w))
		}
	})
}

// Cleaning a source, as engines do, changes no verdict.
func TestCleaningChangesNoVerdict(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w, _ := drawWorld(t)
		before := w.check()
		for i := range w.Nested {
			w.Nested[i].Source = "/x/..//." + w.Nested[i].Source + "/./"
		}
		for i, e := range w.check() {
			if e.Verdict != before[i].Verdict || last(e) != last(before[i]) {
				t.Fatalf("cleaned:\n%snot cleaned:\n%s%s", show(before[i]), show(e), describe(w))
			}
		}
	})
}

// Two calls give the same bytes, whatever order maps have.
func TestTwiceTheSame(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w, _ := drawWorld(t)
		if diff := cmp.Diff(w.check(), w.check()); diff != "" {
			t.Fatal(diff)
		}
	})
}

// bigWorld has one daemon and one controller with all the mounts, and as many jobs.
func bigWorld(b *testing.B, jobs int, hidden bool) *world {
	b.Helper()
	var text strings.Builder
	text.WriteString("engine daemon.dind in=daemon.dind\ncontainer daemon.dind on=daemon.root known\n")
	mounts := func(root string) {
		for i := range jobs / 10 {
			fmt.Fprintf(&text, "bind /srv/%d %s/%d\n", i, root, i)
		}
	}
	root := "/work"
	if hidden {
		root = "/elsewhere"
	}
	mounts(root)
	text.WriteString("container controller.c on=daemon.root\n")
	mounts("/work")
	for i := range jobs {
		fmt.Fprintf(&text, "job job.%d /work/%d/some/where /x by=controller.c on=daemon.dind\n", i, i%(jobs/10))
	}
	return parse(b, text.String())
}

func BenchmarkCheck(b *testing.B) {
	for _, hidden := range []bool{false, true} {
		b.Run(fmt.Sprintf("jobs=1000/hidden=%v", hidden), func(b *testing.B) {
			w := bigWorld(b, 1000, hidden)
			for b.Loop() {
				w.check()
			}
		})
	}
}
