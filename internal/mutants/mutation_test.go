package mutants_test

import (
	"bytes"
	"fmt"
	"strings"
)

// mutation is one change of one answer.
type mutation struct {
	of   place
	kind string
	// replaced writes what stands in the node's stead; nil: the node.
	replaced func(*bytes.Buffer)
	// times is how often the node stands in its parent.
	times int
}

const (
	hugeText = 1 << 20 // bytes
	hugeList = 2000    // items
	deepList = 5000    // brackets
)

// mutations are what can be done to a node: null, another type, huge, missing,
// repeated.
func mutations(of place) []mutation {
	out := []mutation{}
	literal := func(kind, s string) {
		out = append(out, mutation{of: of, kind: kind, times: 1, replaced: func(b *bytes.Buffer) { b.WriteString(s) }})
	}
	for _, other := range others() {
		literal(other.kind, other.text)
	}
	n := of.node
	switch n.form {
	case leaf:
		literal("huge", "1e400")
		literal("huge as a whole number", "9223372036854775807")
	case text, record:
		out = append(out, mutation{of: of, kind: "huge", times: 1, replaced: func(b *bytes.Buffer) { quote(b, strings.Repeat("a", hugeText)) }})
		out = append(out, mutation{of: of, kind: "a name with a slash, a line's end and a space", times: 1, replaced: func(b *bytes.Buffer) { quote(b, "/../a\n b\x1b[31m") }})
	case list, object:
		out = append(out, mutation{of: of, kind: "huge", times: 1, replaced: func(b *bytes.Buffer) { writeHuge(b, n) }})
	}
	if of.parent != nil && of.parent.form != record {
		out = append(out, mutation{of: of, kind: "missing", times: 0}, mutation{of: of, kind: "repeated", times: 2})
	}
	return out
}

// other is a value of another type.
type other struct{ kind, text string }

// others are values of all types, those that are often not expected among them.
func others() []other {
	return []other{
		{"null", "null"},
		{"a text", `"text"`},
		{"an empty text", `""`},
		{"a number", "7"},
		{"a negative number", "-1"},
		{"a fraction", "0.5"},
		{"a truth value", "true"},
		{"an empty list", "[]"},
		{"an empty object", "{}"},
		{"a list of null", "[null]"},
		{"an object with null", `{"a":null}`},
		{"a list of lists", "[[null],[]]"},
		{"a list of objects", `[{"a":null}]`},
		{"a deep list", strings.Repeat("[", deepList) + strings.Repeat("]", deepList)},
	}
}

// writeHuge writes a list or an object with its items again and again, or with
// nulls where it has none.
func writeHuge(b *bytes.Buffer, n *node) {
	brackets := "[]"
	if n.form == object {
		brackets = "{}"
	}
	b.WriteByte(brackets[0])
	for i := range hugeList {
		if i > 0 {
			b.WriteByte(',')
		}
		if n.form == object {
			quote(b, fmt.Sprint("name", i))
			b.WriteByte(':')
		}
		if len(n.items) == 0 || b.Len() > hugeText*8 {
			b.WriteString("null")
			continue
		}
		n.items[i%len(n.items)].write(b, nil)
	}
	b.WriteByte(brackets[1])
}
