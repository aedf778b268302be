package providertest

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/dindctl/dindctl/provider"
)

// Diff implements [provider.Provider]: attribute by attribute, three ways.
func (m *Memory) Diff(ctx context.Context, req provider.DiffRequest) (provider.DiffResponse, error) {
	var out provider.DiffResponse
	for _, item := range req.Items {
		if err := ctx.Err(); err != nil {
			return provider.DiffResponse{}, err
		}
		d, err := m.world.diffOne(item)
		if err != nil {
			return provider.DiffResponse{}, err
		}
		out.Differences = append(out.Differences, d)
	}
	return out, nil
}

// notTheObjects tells of core attributes that say nothing of the object itself.
func notTheObjects(name string) bool {
	switch name {
	case "name", "inside", "external", "timeout", "retries", "run", "nested_paths", "entry_mounts", "pull", "ready", "image_id":
		return true
	}
	return false
}

func (w *world) diffOne(item provider.DiffItem) (provider.Difference, error) {
	if item.Absent {
		return provider.Difference{}, nil
	}
	created := map[string]json.RawMessage{}
	if len(item.Created) > 0 {
		if err := json.Unmarshal(item.Created, &created); err != nil {
			return provider.Difference{}, err
		}
	}
	schema := w.schema.Nouns[item.Declaration.Kind]
	declared, _ := item.Declaration.Declared.Unmark()
	var out provider.Difference
	for _, name := range attributesOf(schema, declared, created) {
		if notTheObjects(name) {
			continue
		}
		a, ok := schema.Attribute(name)
		if !ok {
			a = provider.Attribute{Name: name, Type: cty.DynamicPseudoType, Effect: provider.Replace}
		}
		d := cty.NullVal(a.Type)
		if declared.Type().HasAttribute(name) {
			d = declared.GetAttr(name)
		}
		change, differs, err := compare(a, item, d, created[name])
		if err != nil {
			return provider.Difference{}, err
		}
		if differs {
			out.Changes = append(out.Changes, change)
		}
	}
	if change, differs := compareImage(item); differs {
		out.Changes = append(out.Changes, change)
	}
	return out, nil
}

// attributesOf are those that are declared, were declared, or may be changed on the
// object as it stands, sorted. What is missing in a declaration is null.
func attributesOf(schema provider.Body, declared cty.Value, created map[string]json.RawMessage) []string {
	names := map[string]bool{}
	for name := range declared.Type().AttributeTypes() {
		names[name] = true
	}
	for name := range created {
		names[name] = true
	}
	for _, a := range schema.Attributes {
		names[a.Name] = names[a.Name] || a.Effect == provider.Live
	}
	maps.DeleteFunc(names, func(_ string, counts bool) bool { return !counts })
	return slices.Sorted(maps.Keys(names))
}

// compare finds the change of one attribute from what is declared (d), what was
// created (l, JSON, nil where it was not declared) and what is there.
func compare(a provider.Attribute, item provider.DiffItem, d cty.Value, l json.RawMessage) (provider.Change, bool, error) {
	if l == nil && d.IsKnown() && d.IsNull() && a.Effect != provider.Live {
		return provider.Change{}, false, nil // neither declared nor created: not managed
	}
	change := provider.Change{Path: a.Name, Effect: a.Effect, Cause: provider.Configured, To: d, Sensitive: marked(d)}
	change.From = attribute(item.Actual, a.Name)
	if d.IsKnown() && d.IsNull() && a.Effect == provider.Live {
		change.To, change.Default = defaultOf(a.Name, item.Declaration.Kind), "engine"
	}
	declared, known := specText(d)
	if !known || slices.Contains(sharing(), a.Name) && !made(d) {
		var err error
		change.Created, err = readCreated(l)
		return change, true, err
	}
	plain, _ := change.To.UnmarkDeep()
	wanted, _ := specText(plain)
	actual, _ := specText(change.From)
	if wanted == actual {
		return change, false, nil
	}
	switch {
	case declared == string(l):
		change.Cause = provider.Outside
	case actual != string(l) && !change.Sensitive:
		change.Cause = provider.Both
	}
	var err error
	change.Created, err = readCreated(l)
	return change, true, err
}

// compareImage finds out whether the name stands for another image by now.
func compareImage(item provider.DiffItem) (provider.Change, bool) {
	actual := text(item.Actual, "image_id")
	if item.ImageID == "" || actual == "" || item.ImageID == actual {
		return provider.Change{}, false
	}
	return provider.Change{
		Path: "image", From: cty.StringVal(actual), To: cty.StringVal(item.ImageID), Created: cty.StringVal(actual),
		Effect: provider.Replace, Cause: provider.Outside,
	}, true
}

func defaultOf(name string, kind provider.Kind) cty.Value {
	switch {
	case name == "restart" && kind == provider.Job:
		return cty.StringVal("no")
	case name == "restart":
		return cty.StringVal(restartAlways)
	case name == "cpus" || name == "pids_limit":
		return cty.NullVal(cty.Number)
	}
	return cty.NullVal(cty.String)
}

func marked(v cty.Value) bool {
	_, marks := v.UnmarkDeep()
	_, is := marks[provider.Sensitive]
	return is
}

// specText is a value's part of a spec; empty for null. It is not known when any
// part of the value is not.
func specText(v cty.Value) (text string, known bool) {
	if v.IsKnown() && v.IsNull() {
		return "", true
	}
	spec, err := provider.Spec(cty.ObjectVal(map[string]cty.Value{"v": v}))
	if err != nil {
		return "", false
	}
	var tree map[string]json.RawMessage
	if json.Unmarshal(spec, &tree) != nil {
		return "", false
	}
	return string(tree["v"]), true
}

func readCreated(l json.RawMessage) (cty.Value, error) {
	if l == nil {
		return cty.NullVal(cty.DynamicPseudoType), nil
	}
	t, err := ctyjson.ImpliedType(l)
	if err != nil {
		return cty.NilVal, err
	}
	return ctyjson.Unmarshal(l, t)
}
