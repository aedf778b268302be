package mutants_test

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// node is one value of an answer: JSON with its order, and records in labels taken
// apart. A node is never changed: a mutant is the text that is written of it.
type node struct {
	form  form
	text  string   // of a leaf: what is written; of a string: the string
	names []string // of an object's members
	items []*node  // of a list, an object, and of a record the one value in it
	// packed says that a record is written as gzip in base64.
	packed bool
}

type form int

const (
	leaf   form = iota // a number, a truth value or null
	text               // a string
	list               //
	object             //
	record             // a string that holds JSON
)

// parse reads JSON; false where it is none.
func parse(content []byte) (*node, bool) {
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.UseNumber()
	n, err := parseValue(decoder)
	if err != nil {
		return nil, false
	}
	_, err = decoder.Token()
	return n, err == io.EOF //nolint:errorlint // as it is returned
}

func parseValue(decoder *json.Decoder) (*node, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	switch token := token.(type) {
	case json.Delim:
		n := &node{form: list}
		if token == '{' {
			n.form = object
		}
		for decoder.More() {
			if n.form == object {
				name, err := decoder.Token()
				if err != nil {
					return nil, err
				}
				n.names = append(n.names, fmt.Sprint(name))
			}
			item, err := parseValue(decoder)
			if err != nil {
				return nil, err
			}
			n.items = append(n.items, item)
		}
		_, err := decoder.Token()
		return n, err
	case string:
		return parseText(token), nil
	case nil:
		return &node{text: "null"}, nil
	}
	return &node{text: fmt.Sprint(token)}, nil
}

// parseText is a string, or the record in it.
func parseText(s string) *node {
	n := &node{form: text, text: s}
	plain, packed := s, false
	if strings.HasPrefix(s, "H4sI") {
		r, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(s)))
		if err != nil {
			return n
		}
		content, err := io.ReadAll(r)
		if err != nil {
			return n
		}
		plain, packed = string(content), true
	}
	if !strings.HasPrefix(plain, "{") {
		return n
	}
	inner, ok := parse([]byte(plain))
	if !ok {
		return n
	}
	return &node{form: record, items: []*node{inner}, packed: packed}
}

// place is where a node is in its answer.
type place struct {
	// path names it in the way that all its likes have in common: list items are [],
	// and so are members whose names are values (labels, networks).
	path string
	node *node
	// parent is nil for the whole answer.
	parent *node
	at     int // in the parent
}

// places are all nodes of an answer.
func places(n *node) []place {
	out := []place{{path: "$", node: n}}
	for i := 0; i < len(out); i++ {
		p := out[i]
		for at, item := range p.node.items {
			step := "[]"
			switch {
			case p.node.form == record:
				step = "!"
			case p.node.form == object && wordy(p.path, p.node.names[at]):
				step = "." + p.node.names[at]
			}
			out = append(out, place{path: p.path + step, node: item, parent: p.node, at: at})
		}
	}
	return out
}

// wordy tells whether a member's name is a word of the format and no value.
func wordy(path, name string) bool {
	switch path[strings.LastIndex(path, ".")+1:] {
	case "Labels":
		return strings.HasPrefix(name, "dev.dindctl.")
	case "Networks", "Ports", "PortBindings", "ExposedPorts", "Volumes", "Containers", "Options", "Sysctls", "Tmpfs", "DriverOpts", "IndexConfigs":
		return false
	}
	return true
}

// write writes a node with the mutation in it, which may be nil.
func (n *node) write(out *bytes.Buffer, m *mutation) {
	if m != nil && m.of.node == n && m.replaced != nil {
		m.replaced(out)
		return
	}
	switch n.form {
	case leaf:
		out.WriteString(n.text)
	case text:
		quote(out, n.text)
	case record:
		var inner bytes.Buffer
		n.items[0].write(&inner, m)
		plain := strings.TrimSpace(inner.String())
		if n.packed {
			plain = pack(plain)
		}
		quote(out, plain)
	case list, object:
		n.writeItems(out, m)
	}
}

func (n *node) writeItems(out *bytes.Buffer, m *mutation) {
	brackets := "[]"
	if n.form == object {
		brackets = "{}"
	}
	out.WriteByte(brackets[0])
	first := true
	for i, item := range n.items {
		times := 1
		if m != nil && m.of.parent == n && m.of.at == i {
			times = m.times
		}
		for range times {
			if !first {
				out.WriteByte(',')
			}
			first = false
			if n.form == object {
				quote(out, n.names[i])
				out.WriteByte(':')
			}
			item.write(out, m)
		}
	}
	out.WriteByte(brackets[1])
}

func quote(out *bytes.Buffer, s string) {
	content, _ := json.Marshal(s) // a string has no other form
	out.Write(content)
}

func pack(plain string) string {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = io.WriteString(w, plain) // a buffer takes everything
	_ = w.Close()
	return base64.StdEncoding.EncodeToString(packed.Bytes())
}
