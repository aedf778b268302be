package mutants_test

import (
	"bytes"
	"encoding/base64"
	"net/http"
	"strings"
)

// spelled is one way to spoil an answer that is no JSON.
type spelled struct {
	kind   string
	change func(http.Header, []byte) []byte
}

// spellings are the ways to spoil bytes, or the one header that is read.
func spellings(a answer) []spelled {
	if a.header != "" {
		set := func(kind string, values ...string) spelled {
			return spelled{kind, func(h http.Header, body []byte) []byte {
				h[http.CanonicalHeaderKey(a.header)] = values
				return body
			}}
		}
		return []spelled{
			set("missing"), set("an empty text", ""), set("null", "null"), set("a number", "7"), set("another type", "{}"), set("repeated", "1.41", "1.24"),
			set("huge", strings.Repeat("9", 100_000)), set("huge as a number", "1.999999999999999999999"), set("a fraction of nothing", "."), set("negative", "-1.-1"),
		}
	}
	content := func(kind string, change func([]byte) []byte) spelled {
		return spelled{kind, func(_ http.Header, body []byte) []byte { return change(bytes.Clone(body)) }}
	}
	// put writes over bytes, where there are that many.
	put := func(kind string, at int, with string) spelled {
		return content(kind, func(b []byte) []byte {
			if len(b) >= at+len(with) {
				copy(b[at:], with)
			}
			return b
		})
	}
	return []spelled{
		content("missing", func([]byte) []byte { return nil }),
		content("null", func([]byte) []byte { return []byte("null") }),
		content("repeated", func(b []byte) []byte { return append(b, b...) }),
		content("huge", func(b []byte) []byte { return append(b, make([]byte, 8<<20)...) }),
		content("of another type", func([]byte) []byte { return bytes.Repeat([]byte("[1,2]"), 1000) }),
		content("cut after a byte", func(b []byte) []byte { return b[:min(len(b), 1)] }),
		content("cut in its half", func(b []byte) []byte { return b[:len(b)/2] }),
		content("cut before its end", func(b []byte) []byte { return b[:max(len(b)-1, 0)] }),
		put("a frame's length is huge", 4, "\xff\xff\xff\xff"), put("a frame's kind is unknown", 0, "\x07"), put("a frame's length is too large", 4, "\x00\x00\x10\x00"),
		put("a tar's size is huge", 124, "77777777777\x00"), put("a tar's size is binary and huge", 124, "\x80\x00\x00\x00\x7f\xff\xff\xff\xff\xff\xff\xff"),
		put("a tar's size is no number", 124, "null\x00"), put("a tar's kind is a directory", 156, "5"), put("a tar's kind is a link", 156, "2"), put("a tar's kind is unknown", 156, "\xff"),
		put("a tar's name is missing", 0, "\x00"), put("a tar's sum is wrong", 148, "000001\x00 "),
	}
}

// spoil is how a mutation of an answer's JSON is sent.
func (a answer) spoil(m mutation) func(http.Header, []byte) []byte {
	content := a.mutant(m)
	return func(h http.Header, body []byte) []byte {
		if a.header == "" {
			return content
		}
		h.Set(a.header, base64.StdEncoding.EncodeToString(content))
		return body
	}
}

// mutant is the text of the mutated JSON.
func (a answer) mutant(m mutation) []byte {
	var out bytes.Buffer
	a.whole.write(&out, &m)
	return out.Bytes()
}
