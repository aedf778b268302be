package plan

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/provider"
)

// record is what was declared when an object was created. What cannot be read in
// it counts as not declared.
type record map[string]json.RawMessage

func recordOf(o provider.Ownership) record {
	var r record
	if json.Unmarshal(o.Spec, &r) != nil {
		return nil
	}
	return r
}

// ref is the address that an attribute referred to, or empty.
func (r record) ref(name string) string {
	var ref struct {
		Ref string `json:"ref"`
	}
	if json.Unmarshal(r[name], &ref) != nil {
		return ""
	}
	return ref.Ref
}

// text is a string attribute, empty where it was not declared.
func (r record) text(name string) string {
	var text string
	if json.Unmarshal(r[name], &text) != nil {
		return ""
	}
	return text
}

// texts is a map of strings, nil where none was declared.
func (r record) texts(name string) map[string]string {
	var texts map[string]string
	if json.Unmarshal(r[name], &texts) != nil {
		return nil
	}
	return texts
}

// named tells whether a mount at the target was declared with a source.
func (r record) named(target string) bool {
	var mounts []struct{ Source, Target string }
	if json.Unmarshal(r["mount"], &mounts) != nil {
		return false
	}
	for _, m := range mounts {
		if m.Target == target {
			return m.Source != ""
		}
	}
	return false
}

// attribute is one attribute of an object value, unmarked; null where there is none.
func attribute(object cty.Value, name string) cty.Value {
	object, _ = object.Unmark()
	if object == cty.NilVal || object.IsNull() || !object.IsKnown() || !object.Type().IsObjectType() || !object.Type().HasAttribute(name) {
		return cty.NullVal(cty.DynamicPseudoType)
	}
	value, _ := object.GetAttr(name).Unmark()
	return value
}

// refOf is the address that an attribute refers to, or empty.
func refOf(object cty.Value, name string) string {
	value := attribute(object, name)
	if value.IsNull() || !value.IsKnown() || !provider.IsRef(value.Type()) {
		return ""
	}
	return textOf(value, "address")
}

// textOf is a string attribute, empty where it is not there or not known.
func textOf(object cty.Value, name string) string {
	value := attribute(object, name)
	if value.IsNull() || !value.IsKnown() || value.Type() != cty.String {
		return ""
	}
	return value.AsString()
}

func isExternal(in config.Instance) bool {
	external := attribute(in.Declared, "external")
	return !external.IsNull() && external.IsKnown() && external.Type() == cty.Bool && external.True()
}

// asked tells of a job that was asked for by name.
func (m *maker) asked(r *Resource) bool {
	return r.Kind == provider.Job && (selects(m.in.Run, r.Address) || onRequest(r) && slices.ContainsFunc(m.in.Replace, func(word string) bool {
		// A job that runs on request is made anew by running; a module that is named, or all of a daemon, asks for none.
		return word == r.Address || strings.HasPrefix(r.Address, word+"[")
	}))
}

// onRequest tells of a job that runs only when it is asked for.
func onRequest(r *Resource) bool {
	return r.Kind == provider.Job && r.After != nil && textOf(r.After.Declared, "run") == "on_request"
}
