package providertest

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// Declare makes the declared value of a noun: all attributes of the core and of
// the schema, null except for the given ones. A given value has to be of its
// attribute's type or convert to it without help; one that neither knows is added
// as it is, so that a test may be wrong on purpose.
func Declare(schema provider.Schema, kind provider.Kind, given map[string]cty.Value) cty.Value {
	all := map[string]cty.Value{}
	for name, t := range coreTypes(kind) {
		all[name] = cty.NullVal(t)
	}
	body := schema.Nouns[kind]
	for _, a := range body.Attributes {
		all[a.Name] = cty.NullVal(a.Type)
	}
	for _, b := range body.Blocks {
		all[b.Name] = cty.NullVal(BlockType(b))
	}
	for name, v := range given {
		all[name] = v
	}
	return cty.ObjectVal(all)
}

// BlockType is the type of a nested block in a declared value: an object, or a
// list of objects where it may stand several times.
func BlockType(b provider.Block) cty.Type {
	attributes := map[string]cty.Type{}
	for _, a := range b.Body.Attributes {
		attributes[a.Name] = a.Type
	}
	for _, inner := range b.Body.Blocks {
		attributes[inner.Name] = BlockType(inner)
	}
	if b.Single {
		return cty.Object(attributes)
	}
	return cty.List(cty.Object(attributes))
}

// MountType is the type of one mount in a declared value.
func MountType() cty.Type {
	return cty.Object(map[string]cty.Type{
		"type": cty.String, "source": cty.String, "volume": provider.RefType(), "written": cty.String,
		"target": cty.String, "read_only": cty.Bool, "subpath": cty.String, "propagation": cty.String,
		"create_source": cty.Bool, "resolve": cty.String, "implied": cty.Bool,
	})
}

// Mount makes one mount; null where nothing is given.
func Mount(given map[string]cty.Value) cty.Value {
	all := map[string]cty.Value{}
	for name, t := range MountType().AttributeTypes() {
		all[name] = cty.NullVal(t)
	}
	for name, v := range given {
		all[name] = v
	}
	return cty.ObjectVal(all)
}

// Ref makes a reference to an object that need not exist yet: what is known of it
// before apply is known.
func Ref(address string, kind provider.Kind, name string) cty.Value {
	all := map[string]cty.Value{}
	for attr, t := range provider.RefType().AttributeTypes() {
		all[attr] = cty.UnknownVal(t)
	}
	all["address"] = cty.StringVal(address)
	all["kind"] = cty.StringVal(string(kind))
	all["name"] = cty.StringVal(name)
	return cty.ObjectVal(all)
}

// Made is a reference to something that exists, by its id.
func Made(ref cty.Value, id string) cty.Value {
	all := ref.AsValueMap()
	all["id"] = cty.StringVal(id)
	return cty.ObjectVal(all)
}

// coreTypes are the core's own attributes of a noun.
func coreTypes(kind provider.Kind) map[string]cty.Type {
	ref := provider.RefType()
	out := map[string]cty.Type{"name": cty.String, "inside": ref}
	add := func(more map[string]cty.Type) {
		for name, t := range more {
			out[name] = t
		}
	}
	if kind.Runs() {
		add(map[string]cty.Type{
			"image": cty.DynamicPseudoType, "networks": cty.List(ref), "mount": cty.List(MountType()),
		})
	} else {
		out["external"] = cty.Bool
	}
	switch kind {
	case provider.Image:
		add(map[string]cty.Type{
			"build": cty.Object(map[string]cty.Type{
				"context": cty.String, "dockerfile": cty.String, "args": cty.Map(cty.String), "target": cty.String, "inputs": cty.String,
			}),
			"pull": cty.String, "from": cty.String,
		})
	case provider.Daemon:
		add(map[string]cty.Type{
			"socket": cty.String, "endpoint": cty.String, "tls": cty.Bool, "data": ref, "alias": cty.String,
			"entry_mounts": cty.List(cty.String),
		})
	case provider.Controller:
		add(map[string]cty.Type{"daemon": ref, "nested_paths": cty.List(cty.String)})
	case provider.Job:
		add(map[string]cty.Type{
			"controller": ref, "triggers": cty.Map(cty.String), "timeout": cty.String, "retries": cty.Number, "run": cty.String,
		})
	case provider.Network, provider.Volume, provider.Container, provider.Guard:
	}
	return out
}
