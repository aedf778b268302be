package mask

import (
	"encoding/base32"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// mostSpelled is the length in bytes up to which a text is looked for in all
	// spellings; of a longer one, its lines are, and it as a whole in the usual ones.
	mostSpelled = 16 << 10
	// mostLines is how many lines of a text are looked for by themselves.
	mostLines = 10_000
	// leastPiece is the length of what is looked for of an encoding that depends on what
	// stands beside the secret, and leastLine that of one line of an encoding.
	leastPiece, leastLine = 6, 8
)

// Spelling is one way to write a text.
type Spelling struct {
	// Name is how docs/secrets.md calls it.
	Name string
	// Of are the texts that are looked for.
	Of func(text string) []string
	// usual says that texts of any length are looked for in it.
	usual bool
	// escapes says that it writes letters and digits as they are.
	escapes bool
}

// Spellings are the ways to write a text that are looked for. Each is looked for as a whole,
// and so is each line of a text of several.
func Spellings() []Spelling {
	one := func(f func(string) string) func(string) []string {
		return func(text string) []string { return []string{f(text)} }
	}
	const usual, rare, escapes, encodes = true, false, true, false
	return []Spelling{
		{"as it is, with any white space where it has some", one(func(text string) string { return text }), usual, encodes},
		{"with control characters made visible", one(visible), rare, escapes},
		{"JSON, as Go writes it (`\\u003c`)", one(jsonHTML), usual, escapes},
		{"JSON with `<`, `>` and `&` as they are", one(jsonPlain), usual, escapes},
		{"JSON in ASCII alone (`\\u00fc`, `\\u00FC`)", jsonASCII, rare, escapes},
		{"JSON with `\\/`", one(func(text string) string { return strings.ReplaceAll(jsonPlain(text), "/", `\/`) }), rare, escapes},
		{"JSON in JSON, and that in JSON", nested, rare, escapes},
		{"quoted by Go", goQuoted, rare, escapes},
		{"quoted by HCL (`$${`)", one(hclQuoted), rare, escapes},
		{"quoted by a shell: `'\\''`, `'\"'\"'`, `\\$` in double quotes", shellQuoted, rare, escapes},
		{"escaped for a shell, as `printf %q` does: `\\ `, `$'…'`", shellEscaped, rare, escapes},
		{"quotes doubled, as in YAML, SQL and CSV", doubled, rare, escapes},
		{"HTML and XML (`&lt;`, `&#39;`, `&apos;`)", markup, rare, escapes},
		{"URL, query (`+`)", query, rare, escapes},
		{"URL, path (`%20`), also with small letters (`%2f`)", pathEscaped, rare, escapes},
		{"URL, every byte (`%61`)", everyByte, rare, encodes},
		{"base64, padded or not", func(text string) []string { return base64Of(base64.StdEncoding, text) }, usual, encodes},
		{"base64 of URLs, padded or not", func(text string) []string { return base64Of(base64.URLEncoding, text) }, usual, encodes},
		{"base64 of something that the secret stands in, at each of its three places", aligned, usual, encodes},
		{"base64 in lines of 76 or 64", wrapped, usual, encodes},
		{"base64 escaped for a URL (`%2B`)", one(func(text string) string { return url.QueryEscape(base64.StdEncoding.EncodeToString([]byte(text))) }), rare, encodes},
		{"base32", one(func(text string) string {
			return strings.TrimRight(base32.StdEncoding.EncodeToString([]byte(text)), "=")
		}), rare, encodes},
		{"hexadecimal, small letters, also in lines of 60", hexOf, usual, encodes},
		{"hexadecimal, capital letters", one(func(text string) string { return strings.ToUpper(hex.EncodeToString([]byte(text))) }), rare, encodes},
	}
}

// patterns are what is looked for of texts.
func patterns(texts []string) []string {
	all, seen := Spellings(), map[string]bool{}
	for _, text := range texts {
		spell(seen, all, text)
		trimmed := strings.TrimSpace(text)
		if trimmed != text {
			spell(seen, all, trimmed)
		}
		if !strings.Contains(trimmed, "\n") {
			continue
		}
		lines := strings.SplitN(trimmed, "\n", mostLines+1)
		for _, line := range lines[:min(len(lines), mostLines)] {
			if line = strings.TrimSpace(line); searchable(line) {
				spell(seen, all, line)
			}
		}
	}
	out := make([]string, 0, len(seen))
	for text := range seen {
		if len(text) >= Least {
			out = append(out, text)
		}
	}
	slices.Sort(out)
	return out
}

// spell adds the spellings of a text, as they are compared.
func spell(seen map[string]bool, all []Spelling, text string) {
	plain := strings.IndexFunc(text, func(r rune) bool { return r >= utf8.RuneSelf || !unicode.IsLetter(r) && !unicode.IsDigit(r) }) < 0
	for _, s := range all {
		if len(text) > mostSpelled && !s.usual || plain && s.escapes {
			continue
		}
		for _, form := range s.Of(text) {
			seen[folded(form)] = true
		}
	}
}

// folded is a text with one blank for each run of white space, and none at its ends.
func folded(text string) string {
	if !strings.ContainsAny(text, " \t\n\r") {
		return text
	}
	var out strings.Builder
	blank := false
	for i := range len(text) {
		if isSpace(text[i]) {
			blank = out.Len() > 0
			continue
		}
		if blank {
			out.WriteByte(' ')
			blank = false
		}
		out.WriteByte(text[i])
	}
	return out.String()
}

func visible(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && !unicode.IsSpace(r) {
			return utf8.RuneError
		}
		return r
	}, text)
}

// unquoted is a text without the quotes around it.
func unquoted(text string) string { return strings.TrimSuffix(strings.TrimPrefix(text, `"`), `"`) }

func jsonHTML(text string) string {
	out, err := json.Marshal(text)
	if err != nil {
		return text
	}
	return unquoted(string(out))
}

func jsonPlain(text string) string {
	var out strings.Builder
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if encoder.Encode(text) != nil {
		return text
	}
	return unquoted(strings.TrimSuffix(out.String(), "\n"))
}

func jsonASCII(text string) []string {
	plain := jsonPlain(text)
	return []string{ascii(plain, `\u%04x`), ascii(plain, `\u%04X`)}
}

// ascii writes what is not ASCII in units of UTF-16.
func ascii(text, format string) string {
	var out strings.Builder
	for _, r := range text {
		switch {
		case r < utf8.RuneSelf:
			out.WriteRune(r)
		case r > 0xffff:
			r -= 0x10000
			fmt.Fprintf(&out, format+format, 0xd800+r>>10, 0xdc00+r&0x3ff)
		default:
			fmt.Fprintf(&out, format, r)
		}
	}
	return out.String()
}

func nested(text string) []string {
	html, plain := jsonHTML(text), jsonPlain(text)
	out := []string{jsonHTML(html), jsonPlain(html), jsonHTML(plain), jsonPlain(plain)}
	for _, twice := range out[:4] {
		out = append(out, jsonHTML(twice), jsonPlain(twice))
	}
	return out
}

func goQuoted(text string) []string {
	return []string{unquoted(strconv.Quote(text)), unquoted(strconv.QuoteToASCII(text))}
}

func hclQuoted(text string) string {
	return strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "${", "$${", "%{", "%%{").Replace(text)
}

func shellQuoted(text string) []string {
	return []string{
		strings.ReplaceAll(text, "'", `'\''`), strings.ReplaceAll(text, "'", `'"'"'`),
		strings.NewReplacer(`\`, `\\`, `"`, `\"`, "$", `\$`, "`", "\\`").Replace(text),
	}
}

func shellEscaped(text string) []string {
	var plain strings.Builder
	for _, r := range text {
		if r < utf8.RuneSelf && !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("_-./:@%+=,", r) {
			plain.WriteByte('\\')
		}
		plain.WriteRune(r)
	}
	return []string{
		plain.String(), strings.ReplaceAll(plain.String(), "=", `\=`), strings.ReplaceAll(plain.String(), `\,`, ","), strings.ReplaceAll(plain.String(), ",", `\,`),
		strings.NewReplacer(`\`, `\\`, "'", `\'`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "\a", `\a`, "\x1b", `\E`).Replace(text),
		strings.NewReplacer(`\`, `\\`, "'", `\'`, "\n", `\n`, "\r", `\r`, "\t", `\t`, "\a", `\a`, "\x1b", `\e`).Replace(text),
	}
}

func doubled(text string) []string {
	return []string{strings.ReplaceAll(text, "'", "''"), strings.ReplaceAll(text, `"`, `""`)}
}

func markup(text string) []string {
	return []string{
		html.EscapeString(text),
		strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;").Replace(text),
		strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&apos;").Replace(text),
		strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#x27;").Replace(text),
		strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text),
	}
}

func query(text string) []string {
	escaped := url.QueryEscape(text)
	return []string{escaped, lowered(escaped)}
}

// pathEscaped are the forms of those who leave different characters as they are: Go,
// encodeURIComponent of JavaScript, encodeURI, and quote of Python.
func pathEscaped(text string) []string {
	var out []string
	for _, kept := range []string{"", "/", "!'()*", ";/?:@&=+$,#!'()*"} {
		escaped := percent(text, func(b byte) bool { return strings.IndexByte("-_.~"+kept, b) >= 0 })
		out = append(out, escaped, lowered(escaped))
	}
	escaped := url.PathEscape(text)
	return append(out, escaped, lowered(escaped))
}

func everyByte(text string) []string {
	var out strings.Builder
	for i := range len(text) {
		fmt.Fprintf(&out, "%%%02X", text[i])
	}
	return []string{out.String(), strings.ToLower(out.String())}
}

func percent(text string, kept func(byte) bool) string {
	var out strings.Builder
	for i := range len(text) {
		b := text[i]
		if b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || kept(b) {
			out.WriteByte(b)
			continue
		}
		fmt.Fprintf(&out, "%%%02X", b)
	}
	return out.String()
}

// lowered has small letters in what is escaped by percent signs.
func lowered(text string) string {
	out := []byte(text)
	for i := 0; i+2 < len(out); i++ {
		if out[i] == '%' {
			copy(out[i+1:], strings.ToLower(string(out[i+1:i+3])))
			i += 2
		}
	}
	return string(out)
}

func base64Of(encoding *base64.Encoding, text string) []string {
	var out []string
	for _, end := range []string{"", "\n"} { // what a shell's echo puts behind it
		padded := encoding.EncodeToString([]byte(text + end))
		out = append(out, padded, strings.TrimRight(padded, "="))
	}
	return out
}

// aligned are the characters of base64 that a text decides alone, whatever stands before
// and behind it, for each of the three ways to fall on groups of three bytes.
func aligned(text string) []string {
	var out []string
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for before := range 3 {
			whole := encoding.EncodeToString([]byte(strings.Repeat("\x00", before) + text))
			piece := whole[(8*before+5)/6 : 8*(before+len(text))/6]
			if len(piece) >= leastPiece {
				out = append(out, piece)
			}
		}
	}
	return out
}

func wrapped(text string) []string {
	var out []string
	for _, end := range []string{"", "\n"} {
		encoded := base64.StdEncoding.EncodeToString([]byte(text + end))
		out = append(out, lines(encoded, 76)...)
		out = append(out, lines(encoded, 64)...)
	}
	return out
}

func hexOf(text string) []string {
	encoded := hex.EncodeToString([]byte(text))
	return append(lines(encoded, 60), encoded)
}

// lines are a text in lines of a width, as a whole and each by itself; nothing of what
// fits into one.
func lines(text string, width int) []string {
	if len(text) <= width {
		return nil
	}
	var all []string
	for len(text) > width {
		all, text = append(all, text[:width]), text[width:]
	}
	if text != "" {
		all = append(all, text)
	}
	whole := strings.Join(all, "\n")
	if len(text) < leastLine {
		all = all[:len(all)-1]
	}
	return append(all, whole)
}
