package docker

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/dindctl/dindctl/provider"
)

// The labels of a record of changes: a volume in the engine of the container, of
// what was declared when dindctl changed it as it stands. Labels of containers never
// change: without it, a limit that the configuration raised would look, at the
// next change, like one that somebody raised outside. It bears no project label, and
// is no object of any project.
const (
	changedPrefix  = "dindctl.changed."
	changedLabel   = labelPrefix + "changed"
	changedAddress = changedLabel + ".address"
	changedID      = changedLabel + ".id"
	changedSpec    = changedLabel + ".spec"
)

// addressThen is the part of a record which says at which address a container was when
// its networks were changed: its alias there comes from that. It is there where it is
// another one than at the creation.
const addressThen = "_address"

// noteChanges records what was declared of the attributes that were changed as the
// container stands, beside what was recorded so before. It returns the amended
// record of the object. A record that says no more than the creation's is taken away.
func (e *engine) noteChanges(ctx context.Context, o provider.Object, decl provider.Declaration, changes []provider.Change) ([]byte, error) {
	spec, err := provider.Spec(decl.Declared)
	if err != nil {
		return o.Owner.Spec, err
	}
	old, is, err := e.readNote(ctx, changeNotes(), o.ID)
	if err != nil {
		return o.Owner.Spec, e.problem(err, "reading the record of changes of", o.Owner.Address, o.Name)
	}
	declared := partsOf(spec)
	if name, err := json.Marshal(decl.Name); err == nil {
		declared["name"] = name // also where it follows from the address, which may have moved
	}
	var then map[string]json.RawMessage
	if is {
		then = changesOf(old.Labels)
	}
	if address, err := json.Marshal(decl.Address); err == nil && decl.Address != o.Owner.Address {
		declared[addressThen] = address
	}
	now := remembered(then, declared, partsOf(o.Owner.Spec), changes)
	switch {
	case is && len(now) == 0:
		err = e.forgetChanges(ctx, o.ID)
	case !maps.EqualFunc(then, now, func(a, b json.RawMessage) bool { return bytes.Equal(a, b) }):
		err = e.note(ctx, changeNotes(), map[string]string{
			changedLabel: o.Owner.Project, changedAddress: o.Owner.Address, changedID: o.ID, changedSpec: packSpec(textOfParts(now)),
		}, changedSpec)
	}
	return amended(o.Owner.Spec, now), e.problem(err, "recording the changes of", o.Owner.Address, o.Name)
}

// remembered are the attributes that were changed on the container as it stands,
// with what was declared then: null for what was not. What is as at the creation
// is left out. What became secret since is recorded as such: this record, other than that
// of the creation, can be written anew.
func remembered(then, declared, created map[string]json.RawMessage, changes []provider.Change) map[string]json.RawMessage {
	out := maps.Clone(then)
	if out == nil {
		out = map[string]json.RawMessage{}
	}
	for _, change := range changes {
		name := change.Path
		if end := strings.IndexAny(name, ".["); end >= 0 {
			name = name[:end]
		}
		names := []string{name}
		if name == "attach" || name == "networks" { // they are one thing in two spellings
			names = []string{"attach", "networks", addressThen}
		}
		for _, name := range names {
			out[name] = json.RawMessage("null")
			if value, found := declared[name]; found {
				out[name] = value
			}
		}
	}
	for name := range out {
		if value := declared[name]; secretIn(value) {
			out[name] = value
		}
	}
	maps.DeleteFunc(out, func(name string, value json.RawMessage) bool {
		was, found := created[name]
		return found && bytes.Equal(was, value) || !found && string(value) == "null"
	})
	return out
}

// forgetChanges takes the record of changes away, if there is one.
func (e *engine) forgetChanges(ctx context.Context, id string) error {
	return e.forget(ctx, changeNotes(), id)
}

// changesOf reads a record of changes; what cannot be read is none.
func changesOf(labels map[string]string) map[string]json.RawMessage {
	text, err := unpackSpec(labels[changedSpec])
	if err != nil {
		return nil
	}
	return partsOf(text)
}

func partsOf(spec []byte) map[string]json.RawMessage {
	var parts map[string]json.RawMessage
	if json.Unmarshal(spec, &parts) != nil {
		return nil
	}
	return parts
}

func textOfParts(parts map[string]json.RawMessage) []byte {
	text, err := json.Marshal(parts) // in key order, as records are
	if err != nil {
		return nil
	}
	return text
}

// amended is the record of a creation with what was changed since.
func amended(created []byte, changes map[string]json.RawMessage) []byte {
	parts := partsOf(created)
	if len(changes) == 0 || parts == nil {
		return created
	}
	for name, value := range changes {
		if _, recorded := parts[name]; !recorded && !lasting(name) {
			continue // it makes nothing managed
		}
		if string(value) == "null" {
			delete(parts, name)
			continue
		}
		parts[name] = value
	}
	return textOfParts(parts)
}

// lasting tells whether a record of changes can speak of an attribute that the
// record of the creation does not have: it can be changed live, or is no attribute.
func lasting(name string) bool {
	if name == "name" || name == "attach" || name == "networks" || name == changing || name == addressThen {
		return true
	}
	return slices.ContainsFunc(slices.Concat(containerRows(), clientRows()), func(r row) bool {
		first, _, _ := strings.Cut(r.name, ".")
		return first == name && (r.always || r.effect == provider.Live && !r.ignored || r.liveSince != "")
	})
}

// notes are the records of changes, and of those that were begun, by the id of their
// container.
func (l lists) notes() map[string]map[string]json.RawMessage {
	out := map[string]map[string]json.RawMessage{}
	begun := map[string]marks{}
	for _, v := range l.volumes {
		if v == nil {
			continue
		}
		if id := changeNotes().about(*v); id != "" {
			out[id] = changesOf(v.Labels)
		}
		if id := cmp.Or(changingNotes().about(*v), moreChangingNotes().about(*v)); id != "" {
			begun[id] = begun[id].and(marksIn([]byte(v.Labels[changingWhat]))) // what cannot be read says nothing
		}
	}
	for id, what := range begun {
		if out[id] == nil {
			out[id] = map[string]json.RawMessage{}
		}
		out[id][changing] = []byte(what.text())
	}
	return out
}
