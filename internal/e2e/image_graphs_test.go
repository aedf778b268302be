package e2e_test

import (
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// graph is a random project of images, each made from an earlier one, as a model: what
// is in each follows from the files and the words alone.
type graph struct {
	nouns
	r      *rand.Rand
	images []*graphImage
}

type graphImage struct {
	parent     int // -1 for the image that all begin with
	way        string
	file, word string
	outside    bool // the Dockerfile lies outside of the directory
	picked     bool // .dockerignore says what is sent, not what is left out
}

// images of one graph, and changes to it.
const (
	graphImages  = 4
	graphChanges = 7
)

// After each apply every image holds what a build without a cache would put there, the
// plan is empty, and nothing was built but what changed, what was asked for, and what is
// made from that: random images, random changes, with both builders.
func TestRandomGraphsOfImages(t *testing.T) {
	s := newNouns(t)
	seed := fnv.New64a()
	_, _ = seed.Write([]byte(os.Getenv("DINDCTL_TREE")))
	t.Logf("chosen by tree %s", os.Getenv("DINDCTL_TREE"))
	g := &graph{nouns: s, r: rand.New(rand.NewPCG(seed.Sum64(), 17))} //nolint:gosec // repeatable
	for i := range graphImages {
		g.images = append(g.images, &graphImage{parent: g.r.IntN(i+1) - 1, way: oneOf(g.r, "ref", "name", "id"), file: "f", word: "w", outside: g.r.IntN(2) == 0, picked: g.r.IntN(2) == 0})
	}
	g.store()
	g.applied()
	g.check("at first")
	for n := range graphChanges {
		if g.r.IntN(2) == 0 {
			g.env = append(g.env, "DOCKER_BUILDKIT=0")
		} else {
			g.env = append(g.env, "DOCKER_BUILDKIT=1")
		}
		before := g.ids()
		what, changed, flags := g.change(n)
		g.store()
		g.do("apply", append(flags, "-auto-approve")...).wants(t, 0)
		g.do("plan", "-detailed-exitcode").wants(t, 0).says(t, "No changes")
		g.check(what)
		var built, want []int
		for i, id := range g.ids() {
			if id != before[i] {
				built = append(built, i)
			}
			if g.follows(i, changed) {
				want = append(want, i)
			}
		}
		if diff := cmp.Diff(want, built); diff != "" {
			t.Errorf("%s: built were %v, want %v", what, built, want)
		}
	}
	g.do("destroy", "-auto-approve", "-images").wants(t, 0)
}

// change changes something of one image, and says which image has to be built for it,
// -1 for none.
func (g *graph) change(n int) (what string, changed int, flags []string) {
	i := g.r.IntN(graphImages)
	image := g.images[i]
	switch g.r.IntN(6) {
	case 0:
		image.file = fmt.Sprintf("f%d", n)
		return fmt.Sprintf("change %d: the file of image %d", n, i), i, nil
	case 1:
		image.word = fmt.Sprintf("w%d", n)
		return fmt.Sprintf("change %d: an argument of image %d", n, i), i, nil
	case 2:
		return fmt.Sprintf("change %d: -replace of image %d", n, i), i, []string{"-replace", fmt.Sprintf("image.i%d", i)}
	case 3:
		g.write(fmt.Sprintf("nouns/c%d/x.left", i), fmt.Sprint(n))
		return fmt.Sprintf("change %d: what image %d leaves out", n, i), -1, nil
	case 4:
		if parent := g.r.IntN(i+1) - 1; parent != image.parent {
			image.parent = parent
			return fmt.Sprintf("change %d: image %d is made from %d", n, i, parent), i, nil
		}
	}
	return fmt.Sprintf("change %d: none", n), -1, nil
}

// follows tells whether an image is the changed one, or made from it.
func (g *graph) follows(i, changed int) bool {
	for ; i >= 0; i = g.images[i].parent {
		if i == changed {
			return true
		}
	}
	return false
}

// store writes the configuration and its files.
func (g *graph) store() {
	var file strings.Builder
	for i, image := range g.images {
		base, dockerfile := `"dindctl.local/bash"`, fmt.Sprintf("nouns/c%d/Dockerfile", i)
		if image.parent >= 0 {
			base = fmt.Sprintf("image.i%d.%s", image.parent, image.way)
		}
		fmt.Fprintf(&file, "image \"i%d\" {\n  build {\n    context = \"c%d\"\n", i, i)
		if image.outside {
			dockerfile = fmt.Sprintf("nouns/Dockerfile%d", i)
			fmt.Fprintf(&file, "    dockerfile = \"../Dockerfile%d\"\n", i)
		}
		fmt.Fprintf(&file, "    args = { BASE = %s, WORD = %q }\n  }\n}\n", base, image.word)
		g.write(dockerfile, fmt.Sprintf("ARG BASE\nFROM ${BASE}\nARG WORD\nCOPY . /g/c%d/\nRUN echo $WORD >/g/w%d\n", i, i))
		ignored := "*.left\nDockerfile\n.dockerignore\nd\n"
		if image.picked {
			ignored = "*\n!d/**\n!f\n"
		}
		g.write(fmt.Sprintf("nouns/c%d/.dockerignore", i), ignored)
		g.write(fmt.Sprintf("nouns/c%d/d/f", i), image.file+"\n")
		g.write(fmt.Sprintf("nouns/c%d/f", i), image.file+"\n")
	}
	g.as(file.String())
}

// check compares every image with the model.
func (g *graph) check(what string) {
	g.t.Helper()
	for i := range g.images {
		var want []string
		for at := i; at >= 0; at = g.images[at].parent {
			if g.images[at].picked {
				want = append(want, fmt.Sprintf("/g/c%d/d/f=%s", at, g.images[at].file))
			}
			want = append(want, fmt.Sprintf("/g/c%d/f=%s", at, g.images[at].file), fmt.Sprintf("/g/w%d=%s", at, g.images[at].word))
		}
		slices.Sort(want)
		got := g.docker("run", "--rm", "--network=none", fmt.Sprintf("%s-i%d", g.project, i), "bash", "-c",
			`find /g -type f | while read -r f; do echo "$f=$(cat "$f")"; done`)
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			g.t.Errorf("%s: image %d (-want +got):\n%s", what, i, diff)
		}
	}
}

func (g *graph) ids() []string {
	g.t.Helper()
	args := []string{"image", "inspect", "-f", "{{.Id}}"}
	for i := range g.images {
		args = append(args, fmt.Sprintf("%s-i%d", g.project, i))
	}
	return g.docker(args...)
}
