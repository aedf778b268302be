package provider

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// LeastSecret is the length in bytes from which a secret text is looked for in other
// texts. Shorter ones are hidden where they stand: taken out of everything, they would
// take half of every screen with them.
const LeastSecret = 4

const (
	// leastInPlace is the length in bytes from which a secret text is looked for in places
	// where none can be declared, see [plainPlace]: a shorter one is there by chance.
	leastInPlace = 16

	hiddenText    = "(sensitive)"
	spelledSecret = `{"sensitive":true}`
	// mostLines is how many lines of a longer secret are looked for by themselves: an
	// error quotes one line of a file.
	mostLines = 1000
	// mostSearched is how much of the beginning of a text is looked for at first, in
	// bytes: at each place of what is searched, no more than that is compared.
	mostSearched = 256
	// mostSpelled is the length in bytes up to which a text is looked for in all forms of
	// JSON in JSON. Of a longer one each further layer would cost several times its length.
	mostSpelled = 16 << 10
	mostLayers  = 3
)

// Secrets decides what of one object is secret, by three things: the place where a
// value stands, which is sensitive in the configuration now or was when it was
// recorded; the other places in which the provider shows the same value; and the texts
// of the secrets that are known, wherever they stand. The zero value knows of none.
// It may be used by several goroutines.
type Secrets struct {
	now, then *part
	names     map[string][]string
	texts     []string
	forms     func() [][]string        // the spellings of each text
	search    func() *strings.Replacer // finds whole texts; nil where none is known
	lines     func() *strings.Replacer // finds their lines, too
	long      *Secrets                 // knows the long ones alone; nil where all are
}

// SecretsRequest is what [SecretsOf] goes by; everything in it may be empty.
type SecretsRequest struct {
	// Declared is what is wanted now, with its marks, and Created the record.
	Declared cty.Value
	Created  []byte
	// Actual is the object as it is: at the places that were secret when it was
	// recorded, it still has the old values.
	Actual cty.Value
	// Names are the other places of the values at a place, by the place that is looked
	// at: where a command holds flags, "command": {"flags"}.
	Names map[string][]string
	// Beside are further values: what is marked in them is secret here, too.
	Beside []cty.Value
}

// SecretsOf learns what is secret of an object.
func SecretsOf(r SecretsRequest) Secrets {
	recorded, marked := bytes.Contains(r.Created, []byte(spelledSecret)), HasMarks(r.Declared)
	s := Secrets{names: r.Names}
	if recorded || marked {
		s.now, s.then = partOf(r.Declared), partOfRecord(r.Created)
	}
	take := func(text string) { s.texts = append(s.texts, text) }
	s.now.secrets(take)
	outdated(s.now, s.then, take)
	beside := r.Beside
	if recorded {
		s.still(r.Actual, take)
		beside = append(slices.Clone(beside), r.Actual)
	}
	return s.Known(beside...)
}

// Known adds the texts that are marked in values, such as those that a provider found
// when it compared.
func (s Secrets) Known(values ...cty.Value) Secrets {
	if len(s.texts) == 0 && !slices.ContainsFunc(values, HasMarks) {
		return s
	}
	s.texts = slices.Clone(s.texts)
	for _, v := range values {
		if HasMarks(v) {
			partOf(v).secrets(func(text string) { s.texts = append(s.texts, text) })
		}
	}
	return s.looking()
}

// Texts are the texts of the secrets, for whoever looks for them together with others.
func (s Secrets) Texts() []string { return slices.Clone(s.texts) }

// Together knows the texts of all secrets that some objects have, and no place of any.
func Together(list []Secrets) Secrets {
	var all Secrets
	for _, s := range list {
		all.texts = append(all.texts, s.texts...)
	}
	return all.looking()
}

// Among is s, which looks for the texts of all instead of its own: those of [Together] for
// several objects, s among them. The search is made once for all of them.
func (s Secrets) Among(all Secrets) Secrets {
	s.texts, s.forms, s.search, s.lines, s.long = all.texts, all.forms, all.search, all.lines, all.long
	return s
}

// plainPlace tells of a path that it leads to what a secret is refused in: names, references
// of images, and paths. A word of them that is a short secret, too, is none.
func plainPlace(path string) bool {
	if end := strings.IndexAny(path, ".["); end >= 0 {
		path = path[:end]
	}
	return slices.Contains([]string{"name", "image", "from", "mount", "tmpfs"}, path)
}

// in is s as it looks for texts at a path.
func (s Secrets) in(path string) Secrets {
	if s.long == nil || !plainPlace(path) {
		return s
	}
	return s.Among(*s.long)
}

// looking is s with what it takes to find its texts.
func (s Secrets) looking() Secrets {
	slices.SortFunc(s.texts, longestFirst)
	s.texts = slices.Compact(s.texts)
	s.forms, s.search, s.lines, s.long = nil, nil, nil, nil
	if short := slices.IndexFunc(s.texts, func(text string) bool { return len(text) < leastInPlace }); short >= 0 {
		long := Secrets{texts: slices.Clone(s.texts[:short])}.looking() // the longest come first
		s.long = &long
	}
	if texts := s.texts; len(texts) > 0 {
		forms := sync.OnceValue(func() [][]string {
			out := make([][]string, len(texts))
			for i, text := range texts {
				out[i] = spellings(text)
			}
			return out
		})
		s.forms = forms
		s.search = sync.OnceValue(func() *strings.Replacer { return replacerOf(beginnings(texts)) })
		s.lines = sync.OnceValue(func() *strings.Replacer { return replacerOf(append(linesOf(texts), forms()...)) })
	}
	return s
}

// none tells that nothing of the object is secret.
func (s Secrets) none() bool { return s.now == nil && s.then == nil && s.search == nil }

// Change is a change with its secrets marked, or with [Change.Sensitive] set where
// nothing of it may be shown. Its path stays: see [Secrets.Path].
func (s Secrets) Change(c Change) Change {
	if s.none() {
		return c
	}
	parts, s := s.at(c.Path), s.in(c.Path)
	c.From, c.To, c.Created = s.mark(c.From, parts), s.mark(c.To, parts), s.mark(c.Created, parts)
	c.Sensitive = c.Sensitive || whole(parts)
	return c
}

// Value is the value of an attribute with its secrets marked. The attribute may be one
// of a block: "healthcheck.test".
func (s Secrets) Value(name string, v cty.Value) cty.Value {
	if s.none() {
		return v
	}
	return s.in(name).mark(v, s.at(name))
}

// Object is an object value with the secrets of its attributes marked. What is no object
// stays as it is.
func (s Secrets) Object(v cty.Value) cty.Value {
	if s.none() || v == cty.NilVal || v.IsMarked() || v.IsNull() || !v.IsKnown() || !v.Type().IsObjectType() {
		return v
	}
	attributes := v.AsValueMap()
	for name, value := range attributes {
		attributes[name] = s.Value(name, value)
	}
	if len(attributes) == 0 {
		return v
	}
	return cty.ObjectVal(attributes)
}

// Path is a path as it may be shown: the keys of what is secret as a whole are left out.
func (s Secrets) Path(path string) string {
	if s.none() {
		return path
	}
	end := len(path)
	for _, root := range []*part{s.now, s.then} {
		end = min(end, root.shown(path))
	}
	switch {
	case end == 0 && path != "":
		return hiddenText
	case end < len(path):
		return path[:end] + "." + hiddenText
	}
	if strings.HasPrefix(path, "file[") { // which names the file
		return s.Place(path)
	}
	return s.in(path).Text(path)
}

// Place is a path or the name of something, without the texts of long secrets.
func (s Secrets) Place(text string) string { return s.in("name").Text(text) }

// Text is a text without the texts of secrets, whole or one of their lines.
func (s Secrets) Text(text string) string {
	if s.lines == nil {
		return text
	}
	return s.lines().Replace(text)
}

// Record is a record in which what is secret now stands as such, too.
func (s Secrets) Record(created []byte) []byte {
	if s.none() {
		return created
	}
	decoder := json.NewDecoder(bytes.NewReader(created))
	decoder.UseNumber()
	var tree any
	if decoder.Decode(&tree) != nil {
		return created
	}
	text, err := json.Marshal(s.hiddenRecord(tree))
	if err != nil {
		return created
	}
	return text
}

// Exposed are the places whose values are secret now and stand in the record all the
// same, since they were not when it was written: "environment.TOKEN".
func (s Secrets) Exposed() []string {
	var out []string
	s.now.exposed(s.then, "", func(path string) { out = append(out, path) })
	slices.Sort(out)
	return slices.Compact(out)
}

// holds tells whether a text holds that of a secret, whole.
func (s Secrets) holds(text string) bool {
	if s.search == nil || len(text) < LeastSecret || s.search().Replace(text) == text {
		return false
	}
	return slices.ContainsFunc(s.forms(), func(forms []string) bool {
		return slices.ContainsFunc(forms, func(form string) bool { return strings.Contains(text, form) })
	})
}

// still takes the texts that an object still has where its record has secrets.
func (s Secrets) still(actual cty.Value, take func(string)) {
	if s.then == nil || actual == cty.NilVal {
		return
	}
	actual, _ = actual.UnmarkDeep()
	if actual.IsNull() || !actual.IsKnown() || !actual.Type().IsObjectType() {
		return
	}
	blind := Secrets{then: s.then, names: s.names}
	for name, value := range actual.AsValueMap() {
		parts := blind.at(name)
		if !slices.ContainsFunc(parts, (*part).holdsSecret) {
			continue
		}
		if text, scalar := scalarText(value); scalar && !whole(parts) {
			var is bool
			if value, is = inJSON(text); !is {
				continue // a scalar in place of parts is not what was declared
			}
		}
		partOf(blind.mark(value, parts)).secrets(take)
	}
}

// inJSON is what a text of JSON says that has parts: some objects show several in one text.
func inJSON(text string) (cty.Value, bool) {
	t, err := ctyjson.ImpliedType([]byte(text))
	if err != nil || t.IsPrimitiveType() {
		return cty.NilVal, false
	}
	v, err := ctyjson.Unmarshal([]byte(text), t)
	return v, err == nil
}

// at are what is declared and recorded at a path, also under its other names.
func (s Secrets) at(path string) []*part {
	paths := []string{path}
	for name, others := range s.names {
		if rest, found := below(path, name); found {
			for _, other := range others {
				paths = append(paths, other+rest)
			}
		}
	}
	var out []*part
	for _, path := range paths {
		out = append(out, s.now.find(path)...)
		out = append(out, s.then.find(path)...)
	}
	return out
}

// mark marks what is secret in a value that stands where parts stand.
func (s Secrets) mark(v cty.Value, parts []*part) cty.Value {
	if v == cty.NilVal || v.IsMarked() {
		return v
	}
	if whole(parts) {
		return v.Mark(Sensitive)
	}
	if v.IsNull() || !v.IsKnown() || IsRef(v.Type()) { // addresses and names are shown everywhere
		return v
	}
	switch t := v.Type(); {
	case t.IsObjectType() || t.IsMapType():
		return s.markKeys(v, parts)
	case t.IsListType() || t.IsTupleType() || t.IsSetType():
		return s.markList(v, parts)
	case slices.ContainsFunc(parts, (*part).holdsSecret), t == cty.String && s.holds(v.AsString()):
		return v.Mark(Sensitive)
	}
	return v
}

func (s Secrets) markKeys(v cty.Value, parts []*part) cty.Value {
	elements := v.AsValueMap()
	if len(elements) == 0 {
		return v
	}
	changed := false
	for key, element := range elements {
		if s.holds(key) {
			return v.Mark(Sensitive)
		}
		var children []*part
		for _, p := range parts {
			children = append(children, p.child(key)...)
		}
		elements[key] = s.mark(element, children)
		changed = changed || HasMarks(elements[key]) && !HasMarks(element)
	}
	switch {
	case !changed:
		return v
	case v.Type().IsMapType():
		return cty.MapVal(elements)
	}
	return cty.ObjectVal(elements)
}

// markList marks the elements of a list: those that are none of the plain ones that are
// declared, or, where nothing that is declared is secret, recorded. Their places say
// nothing once somebody put something between them.
func (s Secrets) markList(v cty.Value, parts []*part) cty.Value {
	plain, secret := plainOf(parts)
	var children []*part
	for _, p := range parts {
		if secret && p.list == nil && p.holdsSecret() {
			return v.Mark(Sensitive) // it is declared in another form
		}
		children = append(children, p.list...)
	}
	elements := v.AsValueSlice()
	changed := false
	for i, element := range elements {
		switch text, scalar := scalarText(element); {
		case element.IsMarked():
		case !scalar:
			elements[i] = s.mark(element, alike(orEmpty(partOf(element)), children))
		case secret && !plain[text], s.holds(text):
			elements[i] = element.Mark(Sensitive)
		}
		changed = changed || HasMarks(elements[i]) && !HasMarks(element)
	}
	switch t := v.Type(); {
	case !changed:
		return v
	case t.IsTupleType():
		return cty.TupleVal(elements)
	case t.IsSetType():
		return v.Mark(Sensitive) // sets have no marks within
	case slices.ContainsFunc(elements, func(e cty.Value) bool { return !e.Type().Equals(elements[0].Type()) }):
		return cty.TupleVal(elements)
	}
	return cty.ListVal(elements)
}

// hiddenRecord is a record with what is secret now taken out.
func (s Secrets) hiddenRecord(tree any) any {
	attributes, is := tree.(map[string]any)
	if !is || whole(some(s.now)) {
		return s.hidden(tree, some(s.now))
	}
	for name, value := range attributes {
		var now []*part
		if s.now != nil {
			now = s.now.child(name)
		}
		attributes[name] = s.in(name).hidden(value, now)
	}
	return attributes
}

// hidden is a part of a record with what is secret now taken out.
func (s Secrets) hidden(tree any, now []*part) any {
	secret := map[string]any{"sensitive": true}
	if whole(now) {
		return secret
	}
	switch v := tree.(type) {
	case map[string]any:
		for key, element := range v {
			if s.holds(key) {
				return secret
			}
			var children []*part
			for _, p := range now {
				children = append(children, p.child(key)...)
			}
			v[key] = s.hidden(element, children)
		}
	case []any:
		return s.hiddenList(v, now)
	case string:
		if s.holds(v) {
			return secret
		}
	}
	return tree
}

func (s Secrets) hiddenList(list []any, now []*part) any {
	plain, secret := plainOf(now)
	var children []*part
	for _, p := range now {
		if secret && p.list == nil && p.holdsSecret() {
			return map[string]any{"sensitive": true}
		}
		children = append(children, p.list...)
	}
	for i, element := range list {
		p := partOfJSON(element)
		switch {
		case p.leaf && (secret && !plain[p.text] || s.holds(p.text)):
			list[i] = map[string]any{"sensitive": true}
		case !p.leaf:
			list[i] = s.hidden(element, alike(p, children))
		}
	}
	return list
}

// replacerOf finds texts, the longest first, in one pass over whatever it is given,
// however many they are and however long that is.
func replacerOf(texts [][]string) *strings.Replacer {
	all := slices.Concat(texts...)
	slices.SortFunc(all, longestFirst)
	all = slices.Compact(all)
	pairs := make([]string, 0, 2*len(all))
	for _, text := range all {
		pairs = append(pairs, text, hiddenText)
	}
	return strings.NewReplacer(pairs...)
}

// beginnings are those of the spellings of texts. No more of a text is spelled than can
// stand in them.
func beginnings(texts []string) [][]string {
	var out [][]string
	for _, text := range texts {
		forms := spellings(beginning(text))
		for i, form := range forms {
			forms[i] = form[:min(len(form), mostSearched)]
		}
		out = append(out, forms)
	}
	return out
}

// beginning is that of a text, which does not end within a character: it would be spelled
// in another way than within the text.
func beginning(text string) string {
	if len(text) <= mostSearched {
		return text
	}
	end := mostSearched
	for end > mostSearched-utf8.UTFMax && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end]
}

// linesOf are the spellings of most lines of each text with several.
func linesOf(texts []string) [][]string {
	var out [][]string
	for _, text := range texts {
		lines := strings.SplitN(text, "\n", mostLines+1)
		for _, line := range lines[:min(len(lines), mostLines)] {
			if line = strings.TrimSpace(line); len(lines) > 1 && len(line) >= LeastSecret {
				out = append(out, spellings(line))
			}
		}
	}
	return out
}

// spellings are the forms in which a text stands in JSON in JSON in JSON: what an engine
// says of a record that is one of its labels. A long one is spelled in one layer alone.
func spellings(text string) []string {
	layers := mostLayers
	if len(text) > mostSpelled {
		layers = 1
	}
	out := []string{text}
	for range layers {
		var next []string
		for _, form := range out {
			next = append(next, spelled(form)...)
		}
		slices.Sort(next)
		next = slices.Compact(next)
		if len(next) == 1 {
			return next
		}
		out = next
	}
	return out
}

// spelled are a text as it is, as it stands in JSON, and as Go programs quote it.
func spelled(text string) []string {
	out := []string{text, unquoted(strconv.Quote(text)), unquoted(strconv.QuoteToASCII(text))}
	for _, html := range []bool{true, false} {
		var escaped bytes.Buffer
		encoder := json.NewEncoder(&escaped)
		encoder.SetEscapeHTML(html)
		if encoder.Encode(text) == nil {
			out = append(out, unquoted(strings.TrimSpace(escaped.String())))
		}
	}
	return out
}

// unquoted is a text without the quotes around it.
func unquoted(text string) string { return strings.TrimSuffix(strings.TrimPrefix(text, `"`), `"`) }

func longestFirst(a, b string) int {
	if len(a) != len(b) {
		return len(b) - len(a)
	}
	return strings.Compare(a, b)
}

func whole(parts []*part) bool {
	return slices.ContainsFunc(parts, func(p *part) bool { return p.secret })
}

func orEmpty(p *part) *part {
	if p == nil {
		return &part{}
	}
	return p
}

func some(p *part) []*part {
	if p == nil {
		return nil
	}
	return []*part{p}
}
