package docker

import (
	"bytes"
	"encoding/json"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// add notes a change with its cause.
func (c *comparison) add(r row, path string, from, to cty.Value, effect provider.Effect) {
	c.changes = append(c.changes, provider.Change{
		Path: path, From: from, To: to, Created: c.createdAt(r, path), Effect: effect,
		Cause: c.own(path, from, c.cause(r, path)), Default: c.layer(r, path), Sensitive: r.sensitive,
	})
}

// configured notes a change that only the configuration can have made.
func (c *comparison) configured(r row, path string, from, to cty.Value) {
	c.changes = append(c.changes, provider.Change{
		Path: path, From: from, To: to, Created: from, Effect: r.effect,
		Cause: provider.Configured, Sensitive: r.sensitive,
	})
}

// layer names where the wanted value comes from, where it is not declared.
func (c *comparison) layer(r row, path string) string {
	declared := c.declared.get(r.name)
	if key := keyOf(r.name, path); r.subset && key != "" {
		declared = c.keyIn(r, c.declared, key)
		if _, role := c.derived(r)[key]; role {
			return ""
		}
	}
	if r.name == "group_add" && c.declared.has(provider.AttributeSocketGroup) {
		return "" // it is the socket's
	}
	if !declared.IsNull() || r.name == "mount" || r.name == "image" {
		return ""
	}
	return r.layer
}

// secretRecord tells whether the record of what lies at a path says only that it
// was a secret.
func (c *comparison) secretRecord(r row, path string) bool {
	record := c.record[r.name]
	if !secretIn(record) {
		return false
	}
	var keys map[string]json.RawMessage
	key := keyOf(r.name, path)
	if key == "" || json.Unmarshal(record, &keys) != nil || bytes.Equal(record, secretText()) {
		return true
	}
	return secretIn(keys[key])
}

// secretBuild tells of a part of a build that it is a secret and was one: its
// record says no more, and the image does not show it, so that nothing can be said
// of a change.
func (c *comparison) secretBuild(path ...string) bool {
	return bytes.Equal(c.recordIn(append([]string{"build"}, path...)...), secretText()) &&
		markedAt(c.raw, append([]string{"build"}, path...))
}

// secretText is what a record has in place of a secret.
func secretText() []byte { return []byte(`{"sensitive":true}`) }

// recordIn is what was recorded at a path; of what lies in a secret, that it is one.
func (c *comparison) recordIn(path ...string) json.RawMessage {
	at := c.record[path[0]]
	for i, name := range path[1:] {
		if bytes.Equal(at, secretText()) {
			break
		}
		parts := c.recordedParts(strings.Join(path[:i+1], "\x00"), at)
		if parts == nil {
			return nil
		}
		at = parts[name]
	}
	return at
}

// recordedParts are those of what was recorded at a path; nil where it has none. Each
// is decoded once, however many parts are asked for.
func (c *comparison) recordedParts(path string, record json.RawMessage) map[string]json.RawMessage {
	parts, known := c.parts[path]
	if known {
		return parts
	}
	if json.Unmarshal(record, &parts) != nil {
		parts = nil
	}
	if c.parts == nil {
		c.parts = map[string]map[string]json.RawMessage{}
	}
	c.parts[path] = parts
	return parts
}

// secretKeys are the keys of a recorded map that held secrets.
func secretKeys(record json.RawMessage) []string {
	var keys map[string]json.RawMessage
	if bytes.Equal(record, secretText()) || json.Unmarshal(record, &keys) != nil {
		return nil
	}
	var out []string
	for _, key := range sortedKeys(keys) {
		if bytes.Equal(keys[key], secretText()) {
			out = append(out, key)
		}
	}
	return out
}

// markedAt tells whether a value, or one that it stands in, is marked as a secret.
func markedAt(v cty.Value, path []string) bool {
	for {
		plain, marks := v.Unmark()
		if _, secret := marks[provider.Sensitive]; secret {
			return true
		}
		if len(path) == 0 {
			return false
		}
		v = (values{plain}).get(path[0])
		path = path[1:]
		if v == cty.NilVal || v.IsNull() && !v.IsMarked() {
			return false
		}
	}
}

// cause compares desired, created and actual. A secret's record tells nothing
// but that it was one; what cannot change on an object, changed in the configuration.
func (c *comparison) cause(r row, path string) provider.Cause {
	name := r.name
	desired, created := c.specNow(name), c.record[name]
	// Nobody changes volumes_from on a container that is there, nor the flags behind its command.
	if c.secretRecord(r, path) || name == "volumes_from" || name == "command" && secretIn(c.record["flags"]) {
		return provider.Configured
	}
	if key := keyOf(name, path); key != "" {
		return c.causeOfKey(r, key)
	}
	if name == "mount" {
		return c.causeOfMount(path)
	}
	if name == "image" {
		return c.causeOfImage(desired)
	}
	if !desired.unknown && bytes.Equal(desired.text, created) {
		if name == "environment" || provider.IsRef(c.declared.get(name).Type()) || name == "networks" && strings.Contains(path, "[") {
			return provider.Configured // derived from another object's declaration
		}
		return provider.Outside
	}
	if c.respelled(r, desired) {
		return provider.Outside
	}
	shared := len(r.refs) > 0 && bytes.HasPrefix(created, []byte(`{"ref":`)) && strings.HasPrefix(c.actual.text(name), "container:")
	if shared || same(c.before()[name], c.actual.get(name)) {
		return provider.Configured // of a reference the record has the address alone
	}
	return provider.Both
}

// own is the cause of a difference: what a run of dindctl left in the middle of a live
// change is its own doing.
func (c *comparison) own(path string, is cty.Value, cause provider.Cause) provider.Cause {
	text, begun := c.record[changing]
	if begun && (cause == provider.Outside || cause == provider.Both) && marksIn(text).excuse(path, is) {
		return provider.Configured
	}
	return cause
}

// respelled tells of an attribute that differs that its declaration says the same as the
// recorded one, in other words. Of a reference a record has the address alone.
func (c *comparison) respelled(r row, desired spec) bool {
	if desired.unknown || len(desired.text) == 0 || len(c.record[r.name]) == 0 || len(r.refs) > 0 || c.want[r.name] == cty.NilVal {
		return false
	}
	before := c.before()[r.name]
	return same(c.want[r.name], before) && !same(before, c.actual.get(r.name))
}

// keyOf returns the key of a path into a map attribute.
func keyOf(name, path string) string {
	if key, ok := strings.CutPrefix(path, name+"."); ok {
		return key
	}
	return ""
}

// keyIn is the value of a key where it is declared, or null.
func (c *comparison) keyIn(r row, d values, key string) cty.Value {
	if r.keys == nil {
		return values{d.get(r.name)}.get(key)
	}
	if value, ok := r.keys(d)[key]; ok {
		return cty.StringVal(value)
	}
	return cty.NullVal(cty.String)
}

func (c *comparison) causeOfKey(r row, key string) provider.Cause {
	name := r.name
	then, was := r.keysOf(c.created)[key]
	desired := c.keyIn(r, c.declared, key)
	now, declared := textOf(desired), !desired.IsNull()
	switch {
	case !was && !declared:
		return provider.Configured // follows from another object's declaration
	case was && declared && now == then:
		return provider.Outside
	case values{c.before()[name]}.text(key) == values{c.actual.get(name)}.text(key):
		return provider.Configured
	}
	return provider.Both
}

// causeOfMount looks at the one mount: targets are unique.
func (c *comparison) causeOfMount(path string) provider.Cause {
	find := func(d values) (mountSpec, bool) {
		for _, m := range d.blocks("mount") {
			if spec := mountOf(m); strings.HasPrefix(path, "mount["+quoted(spec.target)+"]") {
				spec.createSource = false
				return spec, true
			}
		}
		return mountSpec{}, false
	}
	desired, wanted := find(c.declared)
	created, was := find(c.created)
	if wanted == was && desired == created {
		return provider.Outside
	}
	for target, v := range c.actual.objects("mount") {
		if !strings.HasPrefix(path, "mount["+quoted(target)+"]") {
			continue
		}
		actual := mountOf(v)
		if was && actual.source == created.source && actual.readOnly == created.readOnly && actual.kind == created.kind {
			return provider.Configured
		}
		return provider.Both
	}
	if !was {
		return provider.Configured
	}
	return provider.Both
}

// causeOfImage: the same reference with another id is an image that was built or
// pulled anew; that is the configuration's doing where it is built from it.
func (c *comparison) causeOfImage(desired spec) provider.Cause {
	if _, built := c.declared.ref("image"); built || !bytes.Equal(desired.text, c.record["image"]) {
		return provider.Configured
	}
	return provider.Outside
}

// createdAt is the recorded value at a path, or null.
func (c *comparison) createdAt(r row, path string) cty.Value {
	if c.secretRecord(r, path) {
		return cty.NullVal(cty.DynamicPseudoType)
	}
	if key := keyOf(r.name, path); key != "" {
		return c.keyIn(r, c.created, key)
	}
	if path != r.name { // one of several
		return cty.NullVal(cty.DynamicPseudoType)
	}
	return c.created.get(r.name)
}

// spec is an attribute's canonical record.
type spec struct {
	text    json.RawMessage
	unknown bool
}

// specNow is what would be recorded of an attribute today.
func (c *comparison) specNow(name string) spec {
	raw, marks := c.raw, cty.ValueMarks(nil)
	if raw != cty.NilVal {
		raw, marks = raw.Unmark()
	}
	if raw == cty.NilVal || raw.IsNull() || !raw.IsKnown() || !raw.Type().IsObjectType() || !raw.Type().HasAttribute(name) {
		return spec{}
	}
	text, err := provider.Spec(cty.ObjectVal(map[string]cty.Value{name: raw.GetAttr(name).WithMarks(marks)}))
	if err != nil {
		return spec{unknown: true}
	}
	var one map[string]json.RawMessage
	if json.Unmarshal(text, &one) != nil {
		return spec{}
	}
	return spec{text: one[name]}
}

func secretIn(record json.RawMessage) bool {
	return bytes.Contains(record, secretText())
}

// same compares two values of possibly different but like types.
func same(a, b cty.Value) bool {
	if a == cty.NilVal {
		a = cty.NullVal(cty.DynamicPseudoType)
	}
	if b == cty.NilVal {
		b = cty.NullVal(cty.DynamicPseudoType)
	}
	if a.IsNull() || b.IsNull() {
		return a.IsNull() && b.IsNull()
	}
	if !a.IsWhollyKnown() || !b.IsWhollyKnown() {
		return false
	}
	return a.RawEquals(b)
}
