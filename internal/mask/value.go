package mask

import (
	"bytes"
	"encoding/json"
	"math/big"
	"regexp"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// Value is a value without secrets: in texts, keys, and numbers that are one. It keeps its
// marks, and may have another type.
func (s *Secrets) Value(v cty.Value) cty.Value {
	if s.matcher() == nil || v == cty.NilVal {
		return v
	}
	return s.value(v)
}

func (s *Secrets) value(v cty.Value) cty.Value {
	plain, marks := v.Unmark()
	if !has(plain) {
		return v
	}
	switch t := plain.Type(); {
	case t == cty.String:
		return cty.StringVal(s.without(plain.AsString(), false)).WithMarks(marks)
	case t == cty.Number:
		if s.is(textOf(plain)) {
			return cty.StringVal(Hidden).WithMarks(marks)
		}
	case t.IsObjectType() || t.IsMapType():
		parts := make(map[string]cty.Value, plain.LengthInt())
		for it := plain.ElementIterator(); it.Next(); {
			key, element := it.Element()
			parts[unused(parts, s.without(key.AsString(), false))] = s.value(element)
		}
		return cty.ObjectVal(parts).WithMarks(marks)
	case plain.CanIterateElements():
		parts := make([]cty.Value, 0, plain.LengthInt())
		for it := plain.ElementIterator(); it.Next(); {
			_, element := it.Element()
			parts = append(parts, s.value(element))
		}
		return cty.TupleVal(parts).WithMarks(marks)
	}
	return v
}

// unused is a key, with a number where another one came out the same.
func unused(parts map[string]cty.Value, key string) string {
	out := key
	for n := 2; parts[out] != cty.NilVal; n++ {
		out = key + " " + strconv.Itoa(n)
	}
	return out
}

// is tells whether a text is a secret as a whole.
func (s *Secrets) is(text string) bool { return searchable(text) && s.without(text, false) == Hidden }

// formatWord is what the keys of our documents look like. They stay, also where a secret
// is the same word: else nobody could read the document.
var formatWord = regexp.MustCompile(`^[@a-z][a-z0-9_]*$`)

// Document is one JSON document, or several, without secrets: in texts, in numbers that
// are one, and in keys but for those that a document's format may have. All else, also
// the order of keys and the white space, stays. A text that is no JSON comes back as a text.
func (s *Secrets) Document(document []byte) []byte {
	if s.matcher() == nil {
		return document
	}
	out := make([]byte, 0, len(document))
	for rest := document; len(rest) > 0; {
		length := tokenLength(rest)
		token := rest[:length]
		rest = rest[length:]
		switch b := token[0]; {
		case b == '"':
			key := bytes.HasPrefix(bytes.TrimLeft(rest, " \t\r\n"), []byte(":"))
			out = append(out, s.literal(token, key)...)
		case b == '-' || b >= '0' && b <= '9':
			out = append(out, s.number(token)...)
		default:
			out = append(out, token...)
		}
	}
	return out
}

// tokenLength is the length of the text, the number, or the other byte that JSON begins with.
func tokenLength(text []byte) int {
	switch b := text[0]; {
	case b == '"':
		for i := 1; i < len(text); i++ {
			switch text[i] {
			case '\\':
				i++
			case '"':
				return i + 1
			}
		}
		return len(text)
	case b == '-' || b >= '0' && b <= '9':
		return len(text) - len(bytes.TrimLeft(text, "+-.eE0123456789"))
	}
	return 1
}

func (s *Secrets) literal(token []byte, key bool) []byte {
	var text string
	if json.Unmarshal(token, &text) != nil {
		return []byte(s.Text(string(token)))
	}
	hidden := s.Text(text)
	if hidden == text || key && formatWord.MatchString(text) {
		return token
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	if encoder.Encode(hidden) != nil {
		return []byte(`"` + Hidden + `"`)
	}
	return bytes.TrimSpace(out.Bytes())
}

func (s *Secrets) number(token []byte) []byte {
	number, _, err := big.ParseFloat(strings.TrimSpace(string(token)), 10, 512, big.ToNearestEven)
	if err != nil || !s.is(number.Text('f', -1)) && !s.is(string(token)) {
		return token
	}
	return []byte(`"` + Hidden + `"`)
}
