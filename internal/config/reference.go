package config

import (
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// rootDaemon is the address of the root engine, which is there without a block.
const rootDaemon = "daemon.root"

// exports are the words that a reference to an object of the kind has beyond
// address, kind, name, id and ref; everything else is null.
func exports(kind provider.Kind) []string {
	running := []string{"addresses", "ports"}
	switch kind {
	case provider.Image, provider.Network, provider.Volume:
		return nil
	case provider.Daemon, provider.Guard:
		return append(running, "endpoint", "version", "storage_driver")
	case provider.Job:
		return append(running, "stdout", "stderr", "exit_code")
	case provider.Container, provider.Controller:
	}
	return running
}

func everyKindExports() []string { return []string{"address", "kind", "name", "id", "ref"} }

// exported tells whether objects of the kind have the word at all.
func exported(kind provider.Kind, word string) bool {
	return slices.Contains(everyKindExports(), word) || slices.Contains(exports(kind), word)
}

// Exports tells whether references to objects of the kind have the word.
func Exports(kind provider.Kind, word string) bool { return exported(kind, word) }

// reference is what the name of an object evaluates to: address, kind and name
// are known, null is what the noun does not have, and the rest is known as far
// as the object is.
func reference(kind provider.Kind, address, name string, known Known) cty.Value {
	k, found := known[address]
	sure := found && !k.Pending
	attributes := map[string]cty.Value{
		"address": cty.StringVal(address), "kind": cty.StringVal(string(kind)), "name": cty.StringVal(name),
		"id": stringValue(k.ID, sure), "ref": stringValue(k.Ref, sure),
		"endpoint": stringValue(k.Endpoint, sure), "version": stringValue(k.Version, sure),
		"storage_driver": stringValue(k.StorageDriver, sure),
		"addresses":      mapValue(k.Addresses, sure), "ports": mapValue(k.Ports, sure),
		"stdout": pointerValue(k.Stdout, sure), "stderr": pointerValue(k.Stderr, sure),
		"exit_code": cty.UnknownVal(cty.Number),
	}
	if sure && k.ExitCode != nil {
		attributes["exit_code"] = cty.NumberIntVal(int64(*k.ExitCode))
	}
	for word, value := range attributes {
		if !exported(kind, word) {
			attributes[word] = cty.NullVal(value.Type())
		}
	}
	return cty.ObjectVal(attributes)
}

func stringValue(s string, sure bool) cty.Value {
	if !sure || s == "" {
		return cty.UnknownVal(cty.String)
	}
	return cty.StringVal(s)
}

func pointerValue(s *string, sure bool) cty.Value {
	if !sure || s == nil {
		return cty.UnknownVal(cty.String)
	}
	return cty.StringVal(*s)
}

func mapValue(m map[string]string, sure bool) cty.Value {
	if !sure || m == nil {
		return cty.UnknownVal(cty.Map(cty.String))
	}
	if len(m) == 0 {
		return cty.MapValEmpty(cty.String)
	}
	out := make(map[string]cty.Value, len(m))
	for key, value := range m {
		out[key] = cty.StringVal(value)
	}
	return cty.MapVal(out)
}
