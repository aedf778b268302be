package hcl_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/dindctl/dindctl/hcl"
	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/mask"
	"github.com/dindctl/dindctl/provider/docker"
)

// Whoever evaluates a configuration tells of everything that is sensitive, also where it
// is only a part of what becomes an argument, and of what functions make of it; but of
// nothing that is shown on purpose.
func TestEverySecretIsTold(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"tok": "from-a-file", "a.env": "A=from-env-file\n", "tmpl": "made of ${upper(x)}",
		"sub/main.hcl": "variable \"in\" {\n sensitive = true\n}\noutput \"out\" {\n sensitive = true\n value = \"out-of-module\"\n}\nlocals { x = reverse([\"${var.in}\"]) }\n" +
			"network \"n\" { options = { a = local.x[0], b = \"module-arg\" } }\n",
		"main.hcl": `
variable "pw" {
  sensitive = true
  default   = "hunter2"
}
variable "pin" {
  sensitive = true
  default   = 47114711
}
variable "plain" { default = "in the open" }
locals {
  digest = nonsensitive(substr(sha256(var.pw), 0, 8))
  open   = upper(var.plain)
}
module "sub" {
  source = "./sub"
  in     = "into-module"
}
container "c" {
  image       = "bash"
  environment = {
    A = "one ${upper(var.pw)} two", B = "is ${sensitive(file("tok"))}.", C = "${var.pin + 1}", D = "plain text", E = templatefile("tmpl", { x = var.pw }),
    F = local.digest, G = base64encode("x:${var.pw}"), H = module.sub.out, I = local.open,
  }
  env_file = [{ path = "./a.env", sensitive = true }]
}
`,
	} {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	secrets := &mask.Secrets{}
	cfg, _, problems := hcl.Load(hcl.LoadRequest{Cwd: dir, Path: ".", Project: "p", Secrets: secrets})
	if !problems.HasErrors() {
		_, more := config.Expand(cfg, docker.Schema(), config.Known{})
		problems = append(problems, more...)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Summary, p.Detail)
	}
	for text, want := range map[string]string{
		"hunter2": "(sensitive)", "HUNTER2": "(sensitive)", "from-a-file": "(sensitive)", "47114711": "(sensitive)", "47114712": "(sensitive)",
		"made of HUNTER2": "(sensitive)", "eDpodW50ZXIy": "(sensitive)", "from-env-file": "(sensitive)", "out-of-module": "(sensitive)", "into-module": "(sensitive)",
		"f52fbd32": "f52fbd32", "plain text": "plain text", "module-arg": "module-arg", "IN THE OPEN": "IN THE OPEN", "in the open": "in the open",
	} {
		if got := secrets.Text(text); got != want {
			t.Errorf("%q is shown as %q, want %q", text, got, want)
		}
	}
}
