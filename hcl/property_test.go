package hcl_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/dindctl/dindctl/hcl"
)

// blocksOf draws a configuration: blocks that refer to each other in one direction.
func blocksOf(t *rapid.T) []string {
	n := rapid.IntRange(2, 8).Draw(t, "blocks")
	out := []string{"variable \"v\" { default = \"x\" }\n", "locals { l = \"${var.v}-l\" }\n"}
	for i := range n {
		kind := rapid.SampledFrom([]string{"network", "volume", "container"}).Draw(t, "kind")
		label := fmt.Sprintf("b%d", i)
		lines := []string{}
		switch repeat := rapid.SampledFrom([]string{"", "for_each = toset([\"p\", \"q\"])", "count = 2", "enabled = false"}).Draw(t, "repeat"); repeat {
		case "":
		default:
			lines = append(lines, repeat)
		}
		if kind == "container" {
			lines = append(lines, "image = \"bash\"", "environment = { A = local.l }")
		}
		if i > 0 && rapid.Bool().Draw(t, "depends") {
			before := rapid.IntRange(0, i-1).Draw(t, "on")
			lines = append(lines, fmt.Sprintf("depends_on = [%s]", strings.Fields(strings.ReplaceAll(out[before+2], "\"", ""))[0]+fmt.Sprintf(".b%d", before)))
		}
		out = append(out, fmt.Sprintf("%s %q {\n  %s\n}\n", kind, label, strings.Join(lines, "\n  ")))
	}
	return out
}

func rendered(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "p")
	write(t, dir, files)
	return withoutLines(render(t, hcl.LoadRequest{Cwd: dir, Project: "p", MachineID: "m"}, nil))
}

// The order of blocks, and which file they stand in, mean nothing.
func TestOrderAndFilesMeanNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		blocks := blocksOf(r)
		want := rendered(t, map[string]string{"main.hcl": strings.Join(blocks, "")})
		seed := rapid.Uint64().Draw(r, "seed")
		random := rand.New(rand.NewPCG(seed, seed)) //nolint:gosec // a shuffle
		random.Shuffle(len(blocks), func(i, j int) { blocks[i], blocks[j] = blocks[j], blocks[i] })
		cut := rapid.IntRange(0, len(blocks)).Draw(r, "cut")
		got := rendered(t, map[string]string{
			"a.hcl": "# one\n" + strings.Join(blocks[:cut], ""), "b.hcl": "# two\n" + strings.Join(blocks[cut:], "\n"),
		})
		if diff := cmp.Diff(want, got); diff != "" {
			r.Fatalf("shuffled and divided (-one file +two):\n%s", diff)
		}
	})
}

// for_each over a set is what the blocks written out are, but for addresses.
func TestForEachIsTheBlocksWrittenOut(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		keys := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z][a-z0-9]{0,5}`), 1, 6, rapid.ID[string]).Draw(r, "keys")
		slices.Sort(keys)
		mounts := rapid.IntRange(0, 3).Draw(r, "mounts")
		body := func(key string) string {
			var b strings.Builder
			fmt.Fprintf(&b, "  image = \"bash\"\n  networks = [network.n]\n  environment = { KEY = %s }\n", key)
			for i := range mounts {
				fmt.Fprintf(&b, "  mount {\n    source = \"/src/${%s}\"\n    target = \"/t%d\"\n  }\n", key, i)
			}
			return b.String()
		}
		quoted := make([]string, len(keys))
		var each, out strings.Builder
		out.WriteString("network \"n\" {}\n")
		for i, key := range keys {
			quoted[i] = fmt.Sprintf("%q", key)
			fmt.Fprintf(&out, "container \"web-%s\" {\n%s}\n", key, body(quoted[i]))
		}
		fmt.Fprintf(&each, "network \"n\" {}\ncontainer \"web\" {\n  for_each = toset([%s])\n%s}\n", strings.Join(quoted, ", "), body("each.key"))
		got := rendered(t, map[string]string{"main.hcl": each.String()})
		want := rendered(t, map[string]string{"main.hcl": out.String()})
		got = regexp.MustCompile(`container\.web\["([a-z0-9]+)"\]`).ReplaceAllString(got, "container.web-$1")
		if diff := cmp.Diff(sortedParts(want), sortedParts(got)); diff != "" {
			r.Fatalf("(-written out +for_each):\n%s", diff)
		}
	})
}

// sortedParts are the objects of a rendered configuration, in the order of their addresses.
func sortedParts(text string) []string {
	parts := strings.Split(strings.ReplaceAll(text, "\n  ", "\x00"), "\n")
	slices.Sort(parts)
	return parts
}

// What is read in parts is read as the parser reads it in one piece, and is never
// deeper than what is allowed.
func TestPartsAreTheWhole(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/spec/*.hcl")
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if err := hcl.CheckParts(text); err != nil {
			t.Errorf("%s: %v", file, err)
		}
	}
	rapid.Check(t, func(r *rapid.T) {
		pieces := []string{
			"a", " ", "\n", "\"", "{", "}", "[", "]", "(", ")", "${", "%{", "#", "//", "/*", "*/", "<<E\n", "E\n", "\\", "=", ",", "?", ":", "-", "!", "x \"y\" {\n", "}\n", "$${", "é", ".", "\r\n", "'",
		}
		var b strings.Builder
		for range rapid.IntRange(0, 60).Draw(r, "n") {
			b.WriteString(rapid.SampledFrom(pieces).Draw(r, "piece"))
		}
		if err := hcl.CheckParts([]byte(b.String())); err != nil {
			r.Fatalf("%q: %v", b.String(), err)
		}
	})
}
