package config_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dindctl/dindctl/internal/config"
)

// The sensitive values of a configuration are those of its variables and locals, as they
// are before they become parts of other texts; what is plain is not among them.
func TestSensitiveValuesOfAConfiguration(t *testing.T) {
	t.Parallel()
	x, _ := expand(t, `
variable "password" {
  sensitive = true
  default   = "s3cr3tpw"
}
variable "plain" { default = "plain" }
locals {
  key = sensitive("thekey")
  url = "postgres://app:${var.password}@db/x"
}
container "c" {
  image       = "bash"
  environment = { URL = local.url, KEY = "a ${local.key} b", PLAIN = var.plain }
}
`, config.Known{})
	var got []string
	for _, v := range x.Sensitive() {
		bare, _ := v.Unmark()
		got = append(got, bare.AsString())
	}
	if d := cmp.Diff([]string{"thekey", "postgres://app:s3cr3tpw@db/x", "s3cr3tpw"}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}
