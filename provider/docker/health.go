package docker

import (
	"encoding/json"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// healthParts notes which parts of a check differ. It returns false, and notes nothing,
// where one of the two is no check.
func (c *comparison) healthParts(r row, want, have cty.Value) bool {
	now, is := healthOf(want), healthOf(have)
	if now == nil || is == nil {
		return false
	}
	then := c.healthBefore(r, is)
	block, _ := c.declared.block(r.name)
	for _, name := range unionKeys(now, is) {
		to, was, from := jsonText(now[name]), jsonText(then[name]), jsonText(is[name])
		if to == from {
			continue
		}
		path := r.name + "." + name
		cause, layer := provider.Both, ""
		switch {
		case c.secretRecord(r, path), was == from:
			cause = provider.Configured
		case to == was:
			cause = provider.Outside
		}
		if !block.has(name) {
			layer = r.layer
		}
		c.changes = append(c.changes, provider.Change{
			Path: path, From: healthPart(is, name), To: healthPart(now, name), Created: cty.NullVal(cty.DynamicPseudoType),
			Effect: r.effectAt(c.item.Facts.API), Cause: cause, Default: layer, Sensitive: r.sensitive,
		})
	}
	return true
}

// healthBefore are the parts of the check that was declared when the object was created. Of
// a test that was secret the record says no more: in its place stands the one that there
// is, since without a test there is no check, and the other parts would have no past.
func (c *comparison) healthBefore(r row, is map[string]any) map[string]any {
	then := healthOf(c.before()[r.name])
	block, found := c.created.block(r.name)
	if !found || !block.has("test") || !c.secretRecord(r, r.name+".test") {
		return then
	}
	check, old := block.v.AsValueMap(), c.declarationBefore()
	check["test"] = jsonValue(is["test"])
	declared := old.Declared.AsValueMap()
	declared[r.name] = cty.ObjectVal(check)
	old.Declared = cty.ObjectVal(declared)
	filled, err := c.view(old, nil)
	if err != nil {
		return then
	}
	return healthOf(filled[r.name])
}

// healthOf are the parts of a check in the form of healthValue; nil where there is none.
func healthOf(v cty.Value) map[string]any {
	var out map[string]any
	if json.Unmarshal([]byte(textOf(v)), &out) != nil {
		return nil
	}
	return out
}

// healthPart is a part that there is, or null.
func healthPart(of map[string]any, name string) cty.Value {
	if part, found := of[name]; found {
		return jsonValue(part)
	}
	return cty.NullVal(cty.DynamicPseudoType)
}
