package provider_test

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// What is masked while it streams is what is masked as a whole, wherever it is cut, and
// all else comes byte for byte.
func TestAStreamIsMaskedWhereverItIsCut(t *testing.T) {
	t.Parallel()
	secrets := provider.SecretsOf(provider.SecretsRequest{Declared: cty.ObjectVal(map[string]cty.Value{
		"a": cty.StringVal("abab-secret").Mark(provider.Sensitive),
		"b": cty.StringVal("bab-s").Mark(provider.Sensitive),
		"c": cty.StringVal("first line\nsecond \"line\"\n").Mark(provider.Sensitive),
	})})
	parts := []string{"abab-secret", "bab-s", "abab", "first line", `second "line"`, `second \"line\"`, "\n", "\r\n", "\xff\x00", "a", "secret", "é", " "}
	r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // repeatable
	for range 2000 {
		var whole strings.Builder
		for range 1 + r.IntN(12) {
			whole.WriteString(parts[r.IntN(len(parts))])
		}
		var out bytes.Buffer
		masked := secrets.Mask(&out)
		for rest := whole.String(); rest != ""; {
			n := 1 + r.IntN(len(rest))
			if _, err := masked.Write([]byte(rest[:n])); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		if err := masked.Flush(); err != nil {
			t.Fatal(err)
		}
		if want := secrets.Text(whole.String()); out.String() != want {
			t.Fatalf("%q is shown as %q, want %q", whole.String(), out.String(), want)
		}
	}
}
