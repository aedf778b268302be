package provider

import (
	"bytes"
	"encoding/json"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// part is one part of what is declared or recorded: a leaf, or keys, or a list. A nil
// part is what is not there.
type part struct {
	secret bool
	marked bool // it bears the mark by itself, not only by what it stands in
	leaf   bool
	text   string // of a leaf
	keys   map[string]*part
	list   []*part
	// recorded says that it is from a record, and not from what is declared.
	recorded bool
}

// partOf takes a value apart. What is not known, or null, is not there.
func partOf(v cty.Value) *part {
	if v == cty.NilVal {
		return nil
	}
	v, marks := v.Unmark()
	_, secret := marks[Sensitive]
	if v.IsNull() || !v.IsKnown() {
		if !secret {
			return nil
		}
		return &part{secret: true, marked: true}
	}
	p := &part{secret: secret, marked: secret}
	if text, scalar := scalarText(v); scalar {
		p.leaf, p.text = true, text
		return p
	}
	if IsRef(v.Type()) {
		p.leaf = true
		if address := v.GetAttr("address"); address.IsKnown() && !address.IsNull() {
			p.text = address.AsString()
		}
		return p
	}
	named := v.Type().IsObjectType() || v.Type().IsMapType()
	for it := v.ElementIterator(); it.Next(); {
		key, element := it.Element()
		switch child := partOf(element); {
		case !named:
			p.list = append(p.list, orEmpty(child))
		case child != nil && p.keys == nil:
			p.keys = map[string]*part{key.AsString(): child}
		case child != nil:
			p.keys[key.AsString()] = child
		}
	}
	return p
}

// scalarText is the text of a value that has no parts.
func scalarText(v cty.Value) (string, bool) {
	v, _ = v.Unmark()
	if v == cty.NilVal || v.IsNull() || !v.IsKnown() {
		return "", false
	}
	switch v.Type() {
	case cty.String:
		return v.AsString(), true
	case cty.Bool:
		return strconv.FormatBool(v.True()), true
	case cty.Number:
		return numberOf(v.AsBigFloat()).String(), true
	}
	return "", false
}

// partOfRecord takes a record apart; nil where it is none.
func partOfRecord(created []byte) *part {
	decoder := json.NewDecoder(bytes.NewReader(created))
	decoder.UseNumber()
	var tree any
	if decoder.Decode(&tree) != nil {
		return nil
	}
	return partOfJSON(tree)
}

func partOfJSON(tree any) *part {
	switch v := tree.(type) {
	case map[string]any:
		if flag, is := v["sensitive"].(bool); is && flag && len(v) == 1 {
			return &part{secret: true, marked: true, recorded: true}
		}
		if ref, is := v["ref"].(string); is && len(v) == 1 {
			return &part{leaf: true, text: ref, recorded: true}
		}
		p := &part{recorded: true, keys: make(map[string]*part, len(v))}
		for key, element := range v {
			p.keys[key] = partOfJSON(element)
		}
		return p
	case []any:
		p := &part{recorded: true, list: make([]*part, 0, len(v))}
		for _, element := range v {
			p.list = append(p.list, partOfJSON(element))
		}
		return p
	case string:
		return &part{leaf: true, text: v, recorded: true}
	case json.Number:
		return &part{leaf: true, text: v.String(), recorded: true}
	case bool:
		return &part{leaf: true, text: strconv.FormatBool(v), recorded: true}
	}
	return &part{recorded: true}
}

// holdsSecret tells whether a part is secret, or something in it.
func (p *part) holdsSecret() bool {
	if p == nil || p.secret {
		return p != nil
	}
	for _, child := range p.keys {
		if child.holdsSecret() {
			return true
		}
	}
	return slices.ContainsFunc(p.list, (*part).holdsSecret)
}

// secrets takes the texts of all that is secret in a part.
func (p *part) secrets(take func(string)) {
	switch {
	case p == nil:
	case p.secret:
		p.leaves(take)
	default:
		for _, child := range p.keys {
			child.secrets(take)
		}
		for _, child := range p.list {
			child.secrets(take)
		}
	}
}

// leaves takes all texts in a part, but for short ones and for a user's name beside a
// password, which is not secret because the password is.
func (p *part) leaves(take func(string)) {
	if p == nil {
		return
	}
	if p.leaf && len(p.text) >= LeastSecret && p.text != "true" && p.text != "false" {
		take(p.text)
	}
	for key, child := range p.keys {
		if key == "username" && p.keys["password"] != nil && !child.marked {
			continue
		}
		child.leaves(take)
	}
	for _, child := range p.list {
		child.leaves(take)
	}
}

// outdated takes the texts that were recorded where something is secret by now.
func outdated(now, then *part, take func(string)) {
	switch {
	case now == nil || then == nil || then.secret:
		return
	case now.secret:
		then.leaves(take)
		return
	}
	for key, child := range now.keys {
		outdated(child, then.keys[key], take)
	}
	if len(now.list) == len(then.list) {
		for i, child := range now.list {
			outdated(child, then.list[i], take)
		}
		return
	}
	plain, secret := plainOf([]*part{now})
	for _, child := range then.list {
		if secret && child.leaf && !plain[child.text] {
			child.leaves(take)
		}
	}
}

// exposed calls each for every place that is secret in p and holds something else in then.
func (p *part) exposed(then *part, at string, each func(string)) {
	switch {
	case p == nil || then == nil || then.secret:
		return
	case p.secret:
		if !then.empty() {
			each(at)
		}
		return
	}
	for key, child := range p.keys {
		child.exposed(then.keys[key], joined(at, key), each)
	}
	if len(p.list) == len(then.list) {
		for i, child := range p.list {
			child.exposed(then.list[i], at, each)
		}
		return
	}
	plain, secret := plainOf([]*part{p})
	if secret && slices.ContainsFunc(then.list, func(child *part) bool { return child.leaf && !plain[child.text] }) {
		each(at)
	}
}

func joined(at, key string) string {
	if at == "" {
		return key
	}
	return at + "." + key
}

// empty tells of a part that it holds nothing, or the hash of a content alone.
func (p *part) empty() bool {
	_, hash := p.keys["sha256"]
	return !p.leaf && len(p.list) == 0 && (len(p.keys) == 0 || hash && len(p.keys) == 1)
}

// child is what stands below a key. A list whose elements have names has them below
// these: an element is named by one of its texts; what none of them names may be any.
func (p *part) child(key string) []*part {
	if p == nil {
		return nil
	}
	if p.keys != nil {
		for _, name := range otherNames(key) {
			if child := p.keys[name]; child != nil {
				return []*part{child}
			}
		}
		return nil
	}
	var named, all []*part
	for _, element := range p.list {
		if element.keys == nil {
			continue
		}
		all = append(all, element)
		if element.called(key) {
			named = append(named, element)
		}
	}
	if len(named) > 0 {
		return named
	}
	return all
}

// otherNames are a key and what else the same thing is called: of a content, [Spec]
// writes the hash.
func otherNames(key string) []string {
	switch key {
	case "sha256":
		return []string{key, contentName}
	case contentName:
		return []string{key, "sha256"}
	}
	return []string{key}
}

// called tells whether one of an element's texts is a name.
func (p *part) called(name string) bool {
	for _, child := range p.keys {
		if child != nil && child.leaf && (child.text == name || strings.HasPrefix(name, "/") && path.Clean(child.text) == name) {
			return true
		}
	}
	return false
}

// find is what stands at a path. Keys are what is there, so that they may have dots and
// brackets in them: of several that fit, the longest.
func (p *part) find(at string) []*part {
	if p == nil {
		return nil
	}
	if at == "" || p.secret {
		return []*part{p}
	}
	if at[0] == '[' {
		key, rest, ok := bracketed(at)
		if !ok {
			return []*part{p}
		}
		var out []*part
		for _, child := range p.child(key) {
			out = append(out, child.find(strings.TrimPrefix(rest, "."))...)
		}
		return out
	}
	if key, rest, found := p.key(at); found {
		return p.keys[key].find(rest)
	}
	if p.keys == nil && len(p.list) > 0 {
		return []*part{p}
	}
	return nil
}

// key is the longest of the keys that a path begins with, and the path within it.
func (p *part) key(at string) (key, rest string, found bool) {
	for name := range p.keys {
		if after, is := below(at, name); is && (!found || len(name) > len(key)) {
			key, rest, found = name, strings.TrimPrefix(after, "."), true
		}
	}
	if !found {
		for _, name := range otherNames(at)[1:] {
			if p.keys[name] != nil {
				return name, "", true
			}
		}
	}
	return key, rest, found
}

// below is what follows a name in a path that begins with it.
func below(at, name string) (rest string, found bool) {
	rest, found = strings.CutPrefix(at, name)
	return rest, found && name != "" && (rest == "" || rest[0] == '.' || rest[0] == '[')
}

// bracketed is the quoted key that a path begins with, and what follows it.
func bracketed(at string) (key, rest string, ok bool) {
	quoted, err := strconv.QuotedPrefix(at[1:])
	if err != nil || !strings.HasPrefix(at[1+len(quoted):], "]") {
		return "", "", false
	}
	key, err = strconv.Unquote(quoted)
	return key, at[len(quoted)+2:], err == nil
}

// shown is the length of the beginning of a path that may be shown: that which does not
// lead into something that is secret as a whole.
func (p *part) shown(at string) int {
	if p == nil || at == "" {
		return len(at)
	}
	if p.secret {
		return 0
	}
	key, rest, found := p.key(at)
	if !found || rest == "" {
		return len(at)
	}
	if child := p.keys[key]; child.secret {
		return len(key)
	}
	return len(at) - len(rest) + p.keys[key].shown(rest)
}

// plainOf are the texts of the plain elements of lists, and whether an element of them
// is secret. Where one that is declared is, what was recorded counts no longer: it may
// be what is secret now.
func plainOf(parts []*part) (plain map[string]bool, secret bool) {
	plain = map[string]bool{}
	declared := false
	for _, p := range parts {
		holds := p.holdsSecret()
		secret, declared = secret || holds, declared || holds && !p.recorded
	}
	for _, p := range parts {
		if p.recorded && declared {
			continue
		}
		for _, element := range p.list {
			if element.leaf && !element.secret {
				plain[element.text] = true
			}
		}
	}
	return plain, secret
}

// alike are the parts that say the same in most places as one that is looked for, as
// far as they are plain; all, where none says anything the same. What is no part of
// anything is left out.
func alike(of *part, parts []*part) []*part {
	var out []*part
	most := 0
	for _, p := range parts {
		if p.leaf && !p.secret {
			continue
		}
		same := 0
		for key, child := range of.keys {
			if other := p.keys[key]; child != nil && other != nil && child.leaf && other.leaf && !other.secret && child.text == other.text {
				same++
			}
		}
		if same > most {
			out, most = nil, same
		}
		if same == most {
			out = append(out, p)
		}
	}
	return out
}
