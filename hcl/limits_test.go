package hcl_test

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/dindctl/dindctl/hcl"
	"github.com/dindctl/dindctl/internal/config"
)

// doubling are n locals of which each is made of the one before twice.
func doubling(n int, first, next string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "locals {\n  a0 = %s\n", first)
	for i := range n {
		fmt.Fprintf(&b, "  a%d = %s\n", i+1, strings.ReplaceAll(next, "X", fmt.Sprintf("local.a%d", i)))
	}
	b.WriteString("}\n")
	return b.String()
}

// Whatever an expression would make, it ends with an error, without much work and without much memory.
func TestExpressionsAreBounded(t *testing.T) {
	for name, text := range map[string]string{
		"setproduct":        `locals { a = setproduct(range(1000), range(1000), range(1000)) }`,
		"range":             `locals { a = range(1000000000) }`,
		"format":            `locals { a = format("%2000000000d", 1) }`,
		"precision":         `locals { a = format("%.2000000000f", 1) }`,
		"indent":            `locals { a = indent(2000000000, "a\nb") }`,
		"replace":           `locals { a = replace(join("", [for i in range(1000) : "xxxxxxxxxxxxxxxxxxxx"]), "x", join("", [for i in range(1000) : "yyyyyyyyyyyyyyyyyyyy"])) }`,
		"join":              `locals { a = join(join("", [for i in range(1000) : "xxxxxxxxxxxxxxxxxxxxxxxx"]), range(1000)) }`,
		"loops":             `locals { a = [for a in range(1000) : [for b in range(1000) : [for c in range(1000) : [for d in range(1000) : d]]]] }`,
		"loops in text":     `locals { a = "%{ for a in range(1000) }%{ for b in range(1000) }%{ for c in range(1000) }xxxxxxxxxx%{ endfor }%{ endfor }%{ endfor }" }`,
		"text doubling":     doubling(60, `"xxxxxxxxxx"`, `"${X}${X}"`),
		"lists doubling":    doubling(60, `[1]`, `concat(X, X)`),
		"lists of lists":    doubling(60, `[1]`, `[X, X]`),
		"objects":           doubling(60, `{ a = 1 }`, `{ a = X, b = X }`),
		"json":              doubling(60, `"xxxxxxxxxx"`, `jsonencode([X, X])`),
		"numbers":           doubling(60, `10`, `X * X`),
		"number in text":    `locals { a = "x ${1e99999999} " }`,
		"number as name":    `locals { a = tostring(1e99999999) }`,
		"json text":         `locals { a = jsondecode(join("", [for i in range(1000) : "[[[[[[[[[[[[[[[["])) }`,
		"many instances":    `network "n" { for_each = toset([for p in setproduct(range(300), range(300)) : "${p[0]}-${p[1]}"]) }`,
		"many in count":     `network "n" { count = 1e9 }`,
		"pieces":            `locals { a = regexall("", join("", [for i in range(1000) : join("", range(1000))])) }`,
		"wide text":         `locals { a = "` + strings.Repeat(`${join("", range(1000))}`, 500) + `" }` + "\n" + doubling(20, "local.a", `"${X}${X}${X}"`),
		"dynamic":           "container \"c\" {\n image = \"bash\"\n" + ` dynamic "mount" {` + "\n for_each = [for a in range(1000) : [for b in range(1000) : [for c in range(1000) : c]]]\n content {\n source = \"/a\"\n target = \"/b\"\n }\n }\n}",
		"enabled with many": `network "n" { count = 20000 }` + "\n" + `volume "v" { count = 1 }`,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "main.hcl"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			cfg, _, problems := hcl.Load(hcl.LoadRequest{Cwd: dir, Path: "main.hcl"})
			_, more := config.Expand(cfg, schema(), config.Known{})
			runtime.ReadMemStats(&after)
			problems = append(problems, more...)
			if !problems.HasErrors() {
				t.Error("nothing is wrong with it")
			}
			if len(problems) > 20 {
				t.Errorf("%d problems", len(problems))
			}
			for _, p := range problems {
				if len(p.Detail) > 2000 {
					t.Errorf("a detail of %d bytes: %.200s", len(p.Detail), p.Detail)
				}
			}
			made := (after.TotalAlloc - before.TotalAlloc) >> 20
			t.Logf("%d MiB made in %d pieces, %d MiB kept: %.300s", made, after.Mallocs-before.Mallocs, after.HeapSys>>20, summaries(problems))
			// What is made and thrown away again takes time, on any machine; 935 MiB is the
			// most, 1015 with the race detector.
			if made > 1150 {
				t.Errorf("%d MiB were made", made)
			}
			if mib := after.HeapSys >> 20; mib > 200 {
				t.Errorf("the heap grew to %d MiB", mib)
			}
		})
	}
}
