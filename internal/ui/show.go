package ui

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/dindctl/dindctl/internal/mount"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/provider"
)

// Shown is an object that was observed, and the daemon that it is inside; empty
// for the root engine.
type Shown struct {
	Object provider.Object
	Inside string
}

// ProjectObjects are the objects of a project over all places, by address.
func ProjectObjects(o plan.Observed, project string) []Shown {
	var out []Shown
	take := func(s plan.Snapshot, inside string) {
		for _, object := range s.Objects {
			if object.Owner.Project == project {
				out = append(out, Shown{object, inside})
			}
		}
	}
	take(o.Root, "")
	for _, daemon := range slices.Sorted(maps.Keys(o.Inside)) {
		take(o.Inside[daemon], daemon)
	}
	slices.SortStableFunc(out, func(a, b Shown) int {
		return strings.Compare(a.Object.Owner.Address+"\x00"+a.Object.ID, b.Object.Owner.Address+"\x00"+b.Object.ID)
	})
	return out
}

// ForeignObjects are the objects that bear the project's labels and are not the
// project's, in the order of [plan.Observed.Foreign].
func ForeignObjects(o plan.Observed, project string) []Shown {
	var out []Shown
	for _, f := range o.Foreign(project) {
		snapshot := o.Root
		if f.Inside != "" {
			snapshot = o.Inside[f.Inside]
		}
		for _, object := range snapshot.Objects {
			if object.ID == f.ID && object.Kind == f.Kind {
				out = append(out, Shown{object, f.Inside})
			}
		}
	}
	return out
}

// Show is the text of objects, with everything that is known of each.
func Show(list []Shown, o Options) string {
	var out strings.Builder
	for i, s := range list {
		if i > 0 {
			out.WriteByte('\n')
		}
		out.WriteString(showOne(s, o))
	}
	return out.String()
}

// showLine is one argument of an object, as it is shown.
type showLine struct{ name, text string }

func showOne(s Shown, o Options) string {
	object := s.Object
	lines := []showLine{{"id", fmt.Sprintf("%q", object.ID)}}
	add := func(name, text string) {
		if text != "" {
			lines = append(lines, showLine{name, text})
		}
	}
	add("inside", s.Inside)
	if object.Condition.State != provider.StateNone {
		add("state", fmt.Sprintf("%q", stateText(object.Condition)))
		if object.Condition.Requested {
			add("stopped", `"by request"`)
		}
		add("started", quoted(object.Condition.Started))
		add("ended", quoted(object.Condition.Ended))
	}
	for _, name := range slices.Sorted(maps.Keys(object.Values.Addresses)) {
		add("addresses."+word(name), quoted(object.Values.Addresses[name]))
	}
	for _, name := range slices.Sorted(maps.Keys(object.Values.Ports)) {
		add("published."+name, quoted(object.Values.Ports[name]))
	}
	add("endpoint", quoted(object.Values.Endpoint))
	add("version", quoted(object.Values.Version))
	add("needs", strings.Join(object.Owner.Deps, ", "))
	for _, a := range shownAttributes(object) {
		add(a.name, short(a.value, a.secret))
	}
	for _, user := range object.Users {
		add("used by", clean(user))
	}
	names := make([]string, len(lines))
	for i, l := range lines {
		names[i] = l.name
	}
	width := columnOf(names)
	var out strings.Builder
	fmt.Fprintf(&out, "# %s\n%s %q {\n", o.paint(bold, object.Owner.Address), object.Kind, clean(object.Name))
	for _, l := range lines {
		fmt.Fprintf(&out, "  %s = %s\n", inColumn(l.name, width), clean(l.text))
	}
	for _, v := range shownViews(object) {
		fmt.Fprintf(&out, "  mount %s\n", viewText(v))
	}
	out.WriteString("}\n")
	return out.String()
}

func quoted(text string) string {
	if text == "" {
		return ""
	}
	return fmt.Sprintf("%q", text)
}

func viewText(v provider.View) string {
	source := v.Source
	if v.Subpath != "" {
		source += "/" + strings.TrimPrefix(v.Subpath, "/")
	}
	text := fmt.Sprintf("%s %q -> %q", v.Type, clean(source), clean(v.Target))
	if source == "" {
		text = fmt.Sprintf("%s -> %q", v.Type, clean(v.Target))
	}
	if v.ReadOnly {
		text += " (read-only)"
	}
	return text
}

// shownAttribute is one attribute of an object as it is.
type shownAttribute struct {
	name   string
	value  cty.Value
	secret bool
}

// shownViews are an object's mounts without the secrets that it was declared with.
func shownViews(object provider.Object) []provider.View {
	secrets := provider.SecretsOf(provider.SecretsRequest{Created: object.Owner.Spec, Actual: object.Actual})
	out := slices.Clone(object.Views)
	for i, v := range out {
		out[i].Source, out[i].Target, out[i].Subpath = secrets.Place(v.Source), secrets.Place(v.Target), secrets.Place(v.Subpath)
	}
	return out
}

// shownAttributes are the attributes that hold something. What was recorded as a
// secret is one; of a map, the keys that were.
func shownAttributes(object provider.Object) []shownAttribute {
	actual := object.Actual
	if actual == cty.NilVal || actual.IsMarked() || actual.IsNull() || !actual.IsKnown() || !actual.Type().IsObjectType() {
		return nil
	}
	secrets := provider.SecretsOf(provider.SecretsRequest{Created: object.Owner.Spec, Actual: actual})
	var out []shownAttribute
	for _, name := range slices.Sorted(maps.Keys(actual.Type().AttributeTypes())) {
		value := actual.GetAttr(name)
		if strings.HasPrefix(name, "_") || name == "mount" || empty(value) {
			continue
		}
		value = secrets.Value(name, value)
		out = append(out, shownAttribute{name: name, value: value, secret: value.IsMarked()})
	}
	return out
}

// ShowJSON is the document of `show -json`.
func ShowJSON(f provider.Facts, project string, list []Shown) string {
	objects := []JSONValue{}
	for _, s := range list {
		objects = append(objects, shownJSON(s, true))
	}
	return line(objectsJSON(f, project, objects))
}

// ListJSON is the document of `ls -json`: objects without their attributes, with
// the verdicts of their nested mounts where a configuration is at hand; and apart
// from them, those that only bear the project's labels.
func ListJSON(f provider.Facts, project string, list, foreign []Shown, entries []mount.Entry) string {
	verdicts := Listing{Entries: entries}.verdicts()
	objects := []JSONValue{}
	for _, s := range list {
		v := shownJSON(s, false)
		if s.Object.Kind.Runs() {
			v["ports"] = orEmpty(s.Object.Values.Ports)
		}
		if entries != nil {
			of := []JSONValue{}
			for _, e := range verdicts[s.Object.Owner.Address] {
				of = append(of, JSONValue{"source": e.Source, "target": e.Target, "verdict": e.Verdict, "severity": e.Severity})
			}
			v["nested_mounts"] = of
		}
		objects = append(objects, v)
	}
	others := []JSONValue{}
	for _, s := range foreign {
		others = append(others, shownJSON(s, false))
	}
	out := objectsJSON(f, project, objects)
	out["foreign"] = others
	return line(out)
}

func objectsJSON(f provider.Facts, project string, objects []JSONValue) JSONValue {
	return JSONValue{
		"format_version": "1.0", "project": project,
		"engine":  JSONValue{"id": f.ID, "name": f.Name, "endpoint": f.Endpoint, "version": f.Version},
		"objects": objects,
	}
}

func shownJSON(s Shown, attributes bool) JSONValue {
	object, c := s.Object, s.Object.Condition
	v := JSONValue{
		"address": cmp.Or(object.Owner.Address, object.Claim.Address), "kind": object.Kind, "name": object.Name, "id": object.ID, "inside": nil, "state": nil,
	}
	if s.Inside != "" {
		v["inside"] = s.Inside
	}
	if object.WhyNot != "" {
		v["ours"], v["why_not"] = object.Stray, object.WhyNot
	}
	if c.State != provider.StateNone {
		v["state"] = c.State
		for name, text := range map[string]string{"health": c.Health, "started": c.Started, "ended": c.Ended, "reason": c.Reason} {
			if text != "" {
				v[name] = text
			}
		}
		if c.State == provider.StateExited {
			v["exit_code"], v["stopped_by_request"] = c.ExitCode, c.Requested
		}
	}
	if !attributes {
		return v
	}
	values := JSONValue{}
	for _, a := range shownAttributes(object) {
		values[a.name] = valueJSON(a)
	}
	mounts := []JSONValue{}
	for _, m := range shownViews(object) {
		mounts = append(mounts, JSONValue{"type": m.Type, "source": m.Source, "target": m.Target, "subpath": m.Subpath, "read_only": m.ReadOnly})
	}
	v["attributes"], v["mounts"], v["depends_on"] = values, mounts, append([]string{}, object.Owner.Deps...)
	v["addresses"], v["ports"], v["users"] = orEmpty(object.Values.Addresses), orEmpty(object.Values.Ports), append([]string{}, object.Users...)
	if object.Values.Endpoint != "" {
		v["endpoint"] = object.Values.Endpoint
	}
	return v
}

func orEmpty(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

// valueJSON is a value; a secret is null.
func valueJSON(a shownAttribute) any {
	if a.secret {
		return nil
	}
	plain, err := cty.Transform(a.value, func(_ cty.Path, v cty.Value) (cty.Value, error) {
		if v.HasMark(provider.Sensitive) {
			return cty.NullVal(v.Type()), nil
		}
		return v, nil
	})
	if err != nil || !plain.IsWhollyKnown() {
		return nil
	}
	text, err := ctyjson.Marshal(plain, plain.Type())
	if err != nil {
		return nil
	}
	return json.RawMessage(text)
}
