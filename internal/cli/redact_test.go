package cli_test

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/dindctl/dindctl/internal/cli"
)

// A secret is found however it is broken: between words, by the end of a screen's
// line, by a cut end, in the middle of a write.
func TestSecretsAreFound(t *testing.T) {
	t.Parallel()
	secrets := []string{"hunter2", "correct horse battery", "hunter2-and-more", "größe7"}
	for _, c := range []struct {
		writes []string
		want   string
	}{
		{[]string{"it is hunter2!"}, "it is (sensitive)!"},
		{[]string{"it is hun", "ter", "2!"}, "it is (sensitive)!"},
		{[]string{"hunter2"}, "(sensitive)"},
		{[]string{"hunter2-and", "-more hunter2-and-less"}, "(sensitive) (sensitive)-and-less"},
		{[]string{"correct\n  horse\tbattery"}, "(sensitive)"},
		{[]string{"correct", "\n", "  ", "horse ", "battery staple"}, "(sensitive) staple"},
		{[]string{"correct hor…"}, "(sensitive)…"},
		{[]string{"hunter..", "."}, "(sensitive)..."},
		{[]string{"hun…"}, "hun…"}, // too little to be told from other words
		{[]string{"hunters hunt"}, "hunters hunt"},
		{[]string{"gr\xc3", "\xb6\xc3\x9fe7"}, "(sensitive)"},
		{[]string{"hhunter2hunter2"}, "h(sensitive)(sensitive)"},
		{nil, ""},
	} {
		var out bytes.Buffer
		r := cli.NewRedactor(&out, secrets)
		for _, text := range c.writes {
			if n, err := r.Write([]byte(text)); n != len(text) || err != nil {
				t.Errorf("Write returned %d, %v", n, err)
			}
		}
		r.Flush()
		if out.String() != c.want {
			t.Errorf("%q became %q, want %q", c.writes, out.String(), c.want)
		}
	}
}

// What cannot be the beginning of a secret is written at once: a prompt is seen.
func TestNothingElseIsHeldBack(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	r := cli.NewRedactor(&out, []string{"hunter2"})
	_, _ = r.Write([]byte("Password: hu"))
	if out.String() != "Password: " {
		t.Errorf("written: %q", out.String())
	}
	r.Flush()
	if out.String() != "Password: hu" {
		t.Errorf("written in the end: %q", out.String())
	}
}

// The parts in which a text is written change nothing.
func TestChunksChangeNothing(t *testing.T) {
	t.Parallel()
	secrets := []string{"abab", "aba bb", "bbbbb", "a…bc"}
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.SampledFrom([]rune("aabb. …\n"))).Draw(t, "text")
		pass := func(parts []string) string {
			var out bytes.Buffer
			r := cli.NewRedactor(&out, secrets)
			for _, part := range parts {
				_, _ = r.Write([]byte(part))
			}
			r.Flush()
			return out.String()
		}
		whole := pass([]string{text})
		var parts []string
		for rest := text; rest != ""; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "n")
			parts, rest = append(parts, rest[:n]), rest[n:]
		}
		if got := pass(parts); got != whole {
			t.Fatalf("in parts %q it is %q, as a whole %q", parts, got, whole)
		}
	})
}

// A secret is found as JSON, quoted, and with its control characters made visible.
func TestSpellings(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	r := cli.NewRedactor(&out, cli.Spellings("a\"b<c>\x07\nd\\e"))
	for _, text := range []string{`a\"b\u003cc\u003e\u0007\nd\\e `, `a\"b<c>\a\nd\\e `, "a\"b<c>\x07\nd\\e ", "a\"b<c>\ufffd d\\e"} {
		_, _ = r.Write([]byte(text))
	}
	r.Flush()
	if want := "(sensitive) (sensitive) (sensitive) (sensitive)"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}

// Of blanks behind the first word of a secret no more is held back than may belong to it,
// however many come: not all of them, to be looked at again with each that comes.
func TestBlanksWithoutAnEndAreNotHeldBack(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	r := cli.NewRedactor(&out, []string{"correct horse battery"})
	_, _ = r.Write([]byte("correct"))
	blanks, written := bytes.Repeat([]byte(" "), 1000), len("correct")
	for range 1000 {
		_, _ = r.Write(blanks)
		if written += len(blanks); written-out.Len() > 10_000 {
			t.Fatalf("%d of %d bytes are held back", written-out.Len(), written)
		}
	}
	_, _ = r.Write([]byte("horse battery, correct" + strings.Repeat("\n", 4000) + "horse battery"))
	r.Flush()
	if want := "horse battery, (sensitive)"; strings.TrimSpace(strings.TrimPrefix(out.String(), "correct")) != want {
		t.Errorf("...%q, want %q", out.String()[max(0, out.Len()-100):], want)
	}
}
