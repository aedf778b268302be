package hcl_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/dindctl/dindctl/hcl"
	"github.com/dindctl/dindctl/internal/config"
)

// BenchmarkLoad reads and expands configurations of n objects: written out, and
// as instances of one block.
func BenchmarkLoad(b *testing.B) {
	for _, n := range []int{100, 1000, 10_000} {
		for name, text := range map[string]string{"blocks": manyBlocks(n), "for_each": manyInstances(n)} {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				dir := b.TempDir()
				if err := os.WriteFile(filepath.Join(dir, "main.hcl"), []byte(text), 0o600); err != nil {
					b.Fatal(err)
				}
				b.ReportAllocs()
				for b.Loop() {
					cfg, _, problems := hcl.Load(hcl.LoadRequest{Cwd: dir, Path: "main.hcl"})
					if problems.HasErrors() {
						b.Fatal(problems)
					}
					if _, problems := config.Expand(cfg, schema(), config.Known{}); problems.HasErrors() {
						b.Fatal(problems)
					}
				}
			})
		}
	}
}

func manyBlocks(n int) string {
	var text strings.Builder
	text.WriteString("variable \"image\" { default = \"bash\" }\n")
	for i := range n {
		if i%100 == 0 {
			fmt.Fprintf(&text, "network \"n%d\" {}\n", i/100)
		}
		fmt.Fprintf(&text, "container \"c%d\" {\n  image    = var.image\n  networks = [network.n%d]\n  environment = {\n    NAME = \"c%d\"\n  }\n  mount {\n    source = \"/srv/%d\"\n    target = \"/srv\"\n  }\n}\n", i, i/100, i, i)
	}
	return text.String()
}

func manyInstances(n int) string {
	return fmt.Sprintf(`
network "n" {}
container "c" {
  for_each    = toset([for p in setproduct(range(%d), range(100)) : "k${p[0]}-${p[1]}"])
  image       = "bash"
  networks    = [network.n]
  environment = { NAME = each.key }
  mount {
    source = "/srv/${each.key}"
    target = "/srv"
  }
}
`, n/100)
}
