package mask_test

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"
	"pgregory.net/rapid"

	"github.com/dindctl/dindctl/internal/mask"
	"github.com/dindctl/dindctl/provider"
)

func secretsOf(texts ...string) *mask.Secrets {
	s := &mask.Secrets{}
	for _, text := range texts {
		s.Add(cty.StringVal(text).Mark(provider.Sensitive))
	}
	return s
}

func streamed(s *mask.Secrets, parts ...string) string {
	var out bytes.Buffer
	w := s.Writer(&out)
	for _, part := range parts {
		_, _ = io.WriteString(w, part)
	}
	w.Flush()
	return out.String()
}

// A secret is found however it is broken: between words, in the middle of a write, where
// it begins another, and where it overlaps with one.
func TestSecretsAreFound(t *testing.T) {
	t.Parallel()
	s := secretsOf("hunter2", "correct horse battery", "hunter2-and-more", "größe7", "2xyz")
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
		{[]string{"correct\r\nhorse rides\r\n"}, "correct\r\nhorse rides\r\n"},
		{[]string{"hunters hunt..."}, "hunters hunt..."},
		{[]string{"gr\xc3", "\xb6\xc3\x9fe7"}, "(sensitive)"},
		{[]string{"hhunter2hunter2"}, "h(sensitive)(sensitive)"},
		{[]string{"hunter2", "xyz!"}, "(sensitive)!"},
		{nil, ""},
	} {
		if got := streamed(s, c.writes...); got != c.want {
			t.Errorf("%q became %q, want %q", c.writes, got, c.want)
		}
	}
}

// In what is written for people the rest of a secret that was cut off is found, too.
func TestWhatIsCutOff(t *testing.T) {
	t.Parallel()
	s := secretsOf("hunter2", "correct horse battery")
	for text, want := range map[string]string{
		"correct hor…": "(sensitive)…", "hunter...": "(sensitive)...", "hun…": "hun…", "hunters…": "hunters…", "is hunter2…": "is (sensitive)…",
	} {
		if got := s.Text(text); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

// What cannot be the beginning of a secret is written at once: a prompt is seen.
func TestNothingElseIsHeldBack(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	w := secretsOf("hunter2").Writer(&out)
	_, _ = io.WriteString(w, "Password: hu")
	if out.String() != "Password: " {
		t.Errorf("written: %q", out.String())
	}
	w.Flush()
	if out.String() != "Password: hu" {
		t.Errorf("written in the end: %q", out.String())
	}
}

// Of blanks behind the first word of a secret no more is held back than may belong to it,
// however many come: not all of them, to be looked at again with each that comes.
func TestBlanksWithoutAnEndAreNotHeldBack(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	w := secretsOf("correct horse battery").Writer(&out)
	_, _ = io.WriteString(w, "correct")
	blanks, written := strings.Repeat(" ", 1000), len("correct")
	for range 1000 {
		_, _ = io.WriteString(w, blanks)
		if written += len(blanks); written-out.Len() > 10_000 {
			t.Fatalf("%d of %d bytes are held back", written-out.Len(), written)
		}
	}
	_, _ = io.WriteString(w, "horse battery, correct"+strings.Repeat("\n", 4000)+"horse battery")
	w.Flush()
	if want := "horse battery, (sensitive)"; strings.TrimSpace(strings.TrimPrefix(out.String(), "correct")) != want {
		t.Errorf("...%q, want %q", out.String()[max(0, out.Len()-100):], want)
	}
}

// What becomes known while something is written is hidden from then on, also where its
// beginning was held back for another secret.
func TestSecretsThatBecomeKnownLater(t *testing.T) {
	t.Parallel()
	s := secretsOf("hunter2")
	var out bytes.Buffer
	w := s.Writer(&out)
	_, _ = io.WriteString(w, "swordfish, hun")
	s.Add(cty.StringVal("swordfish").Mark(provider.Sensitive))
	s.Add(cty.StringVal("hunting").Mark(provider.Sensitive))
	_, _ = io.WriteString(w, "ting swordfish")
	w.Flush()
	if want := "swordfish, (sensitive) (sensitive)"; out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}

// naive hides what stands at any place of a text, by comparing everything with everything.
func naive(text string, secrets []string) string {
	hidden := make([]int, len(text)+1) // where a hidden part begins and the farthest end
	for i := range text {
		for _, secret := range secrets {
			if strings.HasPrefix(text[i:], secret) {
				hidden[i] = max(hidden[i], len(secret))
			}
		}
	}
	var out strings.Builder
	until := 0
	for i := range len(text) {
		if end := i + hidden[i]; end > max(until, i) {
			if until <= i {
				out.WriteString(mask.Hidden)
			}
			until = end
		}
		if i >= until {
			out.WriteByte(text[i])
		}
	}
	return out.String()
}

// The parts in which a text is written change nothing, and it is what comparing everything
// with everything gives: what belongs to a secret is hidden, and nothing else is changed.
func TestChunksChangeNothing(t *testing.T) {
	t.Parallel()
	letters := rapid.StringOfN(rapid.SampledFrom([]rune("abAB\x00ü")), 4, 9, -1)
	rapid.Check(t, func(t *rapid.T) {
		secrets := rapid.SliceOfN(letters, 1, 5).Draw(t, "secrets")
		s := secretsOf(secrets...)
		text := rapid.StringOf(rapid.SampledFrom([]rune("abAB\x00ü. …\n"))).Draw(t, "text")
		for _, secret := range rapid.SliceOf(rapid.SampledFrom(secrets)).Draw(t, "more") {
			text += secret[rapid.IntRange(0, 2).Draw(t, "from"):]
		}
		whole := streamed(s, text)
		var parts []string
		for rest := text; rest != ""; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "n")
			parts, rest = append(parts, rest[:n]), rest[n:]
		}
		if got := streamed(s, parts...); got != whole {
			t.Fatalf("in parts %q it is %q, as a whole %q", parts, got, whole)
		}
		var all []string
		for _, spelling := range mask.Spellings() {
			for _, secret := range secrets {
				for _, form := range spelling.Of(secret) {
					if !strings.ContainsAny(form, " \n") && len(form) >= mask.Least {
						all = append(all, form)
					}
				}
			}
		}
		if want := naive(text, all); whole != want {
			t.Fatalf("%q without %q is %q, want %q", text, secrets, whole, want)
		}
	})
}

// Whatever a secret consists of, none of its spellings is left of a text that holds them,
// whatever stands around and between them; and what stands there is left as it is.
func TestEverySpellingIsHidden(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringOfN(rapid.OneOf(rapid.RuneFrom([]rune("aZ09+/=&<>\"'`$%{}\\ \t\n\x07!*,~ü😀")), rapid.Rune()), 4, 40, -1).Draw(t, "secret")
		secret = cty.StringVal(secret).AsString() // which composes characters
		if len(strings.TrimSpace(secret)) < mask.Least {
			return
		}
		s := secretsOf(secret)
		for _, spelling := range mask.Spellings() {
			for _, form := range spelling.Of(secret) {
				if len(strings.TrimSpace(form)) < mask.Least {
					continue
				}
				got := streamed(s, "\x01\x02"+form[:len(form)/2], form[len(form)/2:]+"\x03")
				plain := strings.ReplaceAll(got, mask.Hidden, "")
				if strings.Trim(plain, " \t\r\n\x01\x02\x03") != "" {
					t.Errorf("%s: %q became %q", spelling.Name, form, got)
				}
			}
		}
	})
}

// Bytes of all kinds go through as they are.
func TestWhatIsNoSecretIsNotChanged(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // the same bytes in every run
	text := make([]byte, 1<<20)
	for i := range text {
		text[i] = byte(random.UintN(256))
	}
	copy(text[1000:], "\r\n\r\n"+strings.Repeat("x", 100_000)+"\r")
	var out bytes.Buffer
	w := secretsOf("correct horse battery staple", "0123456789abcdef", strings.Repeat("line of a key\n", 30)).Writer(&out)
	for part := range slices.Chunk(text, 777) {
		_, _ = w.Write(part)
	}
	w.Flush()
	if !bytes.Equal(out.Bytes(), text) {
		t.Error("something was changed")
	}
}

// What programs really write of a secret is hidden.
func TestWhatProgramsWrite(t *testing.T) {
	t.Parallel()
	secret := "p4ss+/w=rd <&> \"q\" 'a' $x ${y} \\ü~ und noch mehr, damit es mehr als eine Zeile wird"
	s := secretsOf(secret)
	encoded := func(v any) string {
		out, _ := json.Marshal(v)
		return string(out)
	}
	wrap := func(text string, width int) string {
		var out strings.Builder
		for i := 0; i < len(text); i += width {
			out.WriteString(text[i:min(len(text), i+width)] + "\n")
		}
		return out.String()
	}
	for name, text := range map[string]string{
		"json":            encoded(map[string]any{"a": []string{"x" + secret + "y"}}),
		"json in json":    encoded(encoded(secret)),
		"json, thrice":    encoded(encoded(encoded([]string{secret}))),
		"python's json":   `{"a": "p4ss+/w=rd <&> \"q\" 'a' $x ${y} \\\u00fc~ und noch mehr, damit es mehr als eine Zeile wird"}`,
		"basic auth":      "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("user:"+secret)),
		"basic auth, two": "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("use:"+secret)),
		"basic auth, 3":   "Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte("us:"+secret+"!")),
		"base64":          wrap(base64.StdEncoding.EncodeToString([]byte(secret+"\n")), 76),
		"openssl base64":  wrap(base64.StdEncoding.EncodeToString([]byte(secret)), 64),
		"xxd -p":          wrap(hex.EncodeToString([]byte(secret)), 60),
		"a query":         "https://example/?token=" + url.QueryEscape(secret),
		"a path":          "https://example/" + url.PathEscape(secret),
		"Go":              fmt.Sprintf("%q %+q", secret, secret),
		"set -x":          `+ curl 'p4ss+/w=rd <&> "q" '\''a'\'' $x ${y} \ü~ und noch mehr, damit es mehr als eine Zeile wird'`,
	} {
		got := streamed(s, text)
		for _, left := range []string{"p4ss", "cDRz", "noch", "bm9j", "d0ID", "mehr", "6e6f63", "Zeile"} {
			if strings.Contains(got, left) {
				t.Errorf("%s: %q has %q of it: %q", name, text, left, got)
			}
		}
	}
}

// The lines of a secret of several are hidden by themselves, in all spellings, from four
// bytes on; and so is a number.
func TestLinesAndNumbers(t *testing.T) {
	t.Parallel()
	s := secretsOf("first line\nab12\nxyz\nlast one\n")
	s.Add(cty.ObjectVal(map[string]cty.Value{
		"port": cty.NumberIntVal(54321), "short": cty.NumberIntVal(123), "flag": cty.True, "text": cty.StringVal("true"),
	}).Mark(provider.Sensitive))
	s.Add(cty.TupleVal([]cty.Value{cty.StringVal("plain"), cty.NumberFloatVal(1234.5).Mark(provider.Sensitive)}))
	text := "> first line\n> ab12\n> xyz\n> last one\nYWIxMg== port 54321, 123 true plain 1234.5"
	want := "> (sensitive)\n> (sensitive)\n> xyz\n> (sensitive)\n(sensitive) port (sensitive), 123 true plain (sensitive)"
	if got := streamed(s, text); got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// A user's name beside a password, and what functions made that is shown on purpose, are
// not hidden; a secret is, though it is shown on purpose somewhere.
func TestWhatIsNoSecret(t *testing.T) {
	t.Parallel()
	s := &mask.Secrets{}
	login := func(password string) cty.Value {
		return cty.ObjectVal(map[string]cty.Value{"username": cty.StringVal("jenkins"), "password": cty.StringVal(password)})
	}
	s.Add(cty.MapVal(map[string]cty.Value{"registry": login("hunter2")}).Mark(provider.Sensitive))
	s.Made(cty.StringVal("HUNTER2").Mark(provider.Sensitive))
	s.Made(cty.StringVal("digest").Mark(provider.Sensitive))
	s.Shown(cty.StringVal("digest"))
	s.Shown(cty.StringVal("hunter2"))
	s.Add(cty.StringVal("unmarked"))
	if got, want := streamed(s, "jenkins hunter2 HUNTER2 digest unmarked"), "jenkins (sensitive) (sensitive) digest unmarked"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// A document stays one, with the order of its keys and its white space: also where a
// secret is a word of its format, a number, or a piece of JSON.
func TestDocuments(t *testing.T) {
	t.Parallel()
	s := secretsOf("name", "hunter2", `"":{`, "4711.5")
	s.Add(cty.NumberIntVal(5_000_000).Mark(provider.Sensitive))
	for in, want := range map[string]string{
		`{"name": "hunter2", "a": [1, 5000000, 5e6, 15000000, "5000000"]}`:          `{"name": "(sensitive)", "a": [1, "(sensitive)", "(sensitive)", 15000000, "(sensitive)"]}`,
		"{\n  \"z\": \"x hunter2\\n\",\n  \"a\": {\"TOKEN hunter2\" : null}\n}\n":   "{\n  \"z\": \"x (sensitive)\\n\",\n  \"a\": {\"TOKEN (sensitive)\" : null}\n}\n",
		`{"type":"a"}` + "\n" + `{"type":"its name","n":-4711.5,"m":4711.5}` + "\n": `{"type":"a"}` + "\n" + `{"type":"its (sensitive)","n":-4711.5,"m":"(sensitive)"}` + "\n",
		`{"a":{"b":{"c":1}},"d":"e\"\":{f"}`:                                        `{"a":{"b":{"c":1}},"d":"e(sensitive)f"}`,
		`"hunter2`:                                                                  `"(sensitive)`,
		``:                                                                          ``,
	} {
		if got := string(s.Document([]byte(in))); got != want {
			t.Errorf("%s became %s, want %s", in, got, want)
		}
	}
}

// A value keeps its marks and what is no secret, at every depth.
func TestValues(t *testing.T) {
	t.Parallel()
	s := secretsOf("hunter2")
	s.Add(cty.NumberIntVal(54321).Mark(provider.Sensitive))
	got := s.Value(cty.ObjectVal(map[string]cty.Value{
		"list": cty.ListVal([]cty.Value{cty.StringVal("a"), cty.StringVal("my hunter2...")}), "map": cty.MapVal(map[string]cty.Value{"hunter2": cty.NumberIntVal(1)}),
		"number": cty.NumberIntVal(54321).Mark("x"), "set": cty.SetVal([]cty.Value{cty.StringVal("hunter2")}),
		"unknown": cty.UnknownVal(cty.String), "null": cty.NullVal(cty.String), "true": cty.True, "cut": cty.StringVal("hunt..."),
	}))
	want := cty.ObjectVal(map[string]cty.Value{
		"list": cty.TupleVal([]cty.Value{cty.StringVal("a"), cty.StringVal("my (sensitive)...")}), "map": cty.ObjectVal(map[string]cty.Value{"(sensitive)": cty.NumberIntVal(1)}),
		"number": cty.StringVal(mask.Hidden).Mark("x"), "set": cty.TupleVal([]cty.Value{cty.StringVal(mask.Hidden)}),
		"unknown": cty.UnknownVal(cty.String), "null": cty.NullVal(cty.String), "true": cty.True, "cut": cty.StringVal("hunt..."),
	})
	if !got.RawEquals(want) {
		t.Errorf("%#v, want %#v", got, want)
	}
}

// The page lists what is looked for.
func TestTheListOfSpellingsIsTrue(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/secrets.md")
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for line := range strings.Lines(string(page)) {
		if item, is := strings.CutPrefix(line, "1. "); is {
			listed = append(listed, strings.TrimSpace(item))
		}
	}
	var want []string
	for _, spelling := range mask.Spellings() {
		want = append(want, spelling.Name)
	}
	if !slices.Equal(listed, want) {
		t.Errorf("docs/secrets.md lists\n%s\n, and looked for is\n%s", strings.Join(listed, "\n"), strings.Join(want, "\n"))
	}
}

// A hundred megabytes of a program's output, beside ten secrets and a key of many lines.
func BenchmarkWriter(b *testing.B) {
	random := rand.New(rand.NewPCG(3, 4)) //nolint:gosec // the same bytes in every run
	letters := func(n int) string {
		out := make([]byte, n)
		for i := range out {
			out[i] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/"[random.UintN(64)]
		}
		return string(out)
	}
	var texts []string
	for range 10 {
		texts = append(texts, letters(20))
	}
	var key strings.Builder
	for range 30 {
		key.WriteString(letters(64) + "\n")
	}
	s := secretsOf(append(texts, key.String())...)
	var text strings.Builder
	for text.Len() < 1<<20 {
		text.WriteString("2026-12-01T09:00:00Z level=info msg=\"" + letters(40) + "\" request=" + letters(16) + "\n")
	}
	chunk := []byte(text.String())
	s.Text("warm")
	b.SetBytes(100 << 20)
	for b.Loop() {
		w := s.Writer(io.Discard)
		for range 100 {
			for part := range slices.Chunk(chunk, 32<<10) {
				_, _ = w.Write(part)
			}
		}
		w.Flush()
	}
}

// What it takes to learn of a key of 3 KiB with lines, and ten passwords.
func BenchmarkLearn(b *testing.B) {
	key := strings.Repeat("MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cK\n", 48)
	for b.Loop() {
		s := secretsOf(key, "hunter2", "hunter3", "hunter4", "correct horse")
		s.Text("x")
	}
}

// Keys that are the same without their secrets stay apart, so that nothing is lost.
func TestKeysStayApart(t *testing.T) {
	t.Parallel()
	s := secretsOf("hunter2", "hunter3")
	got := s.Value(cty.ObjectVal(map[string]cty.Value{"hunter2": cty.StringVal("a"), "hunter3": cty.StringVal("b"), "x": cty.StringVal("c")}))
	want := cty.ObjectVal(map[string]cty.Value{"(sensitive)": cty.StringVal("a"), "(sensitive) 2": cty.StringVal("b"), "x": cty.StringVal("c")})
	if !got.RawEquals(want) {
		t.Errorf("%#v, want %#v", got, want)
	}
}
