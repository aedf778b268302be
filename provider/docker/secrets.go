package docker

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// otherNames are the places that show the same values, by the place that is looked at:
// some keys of daemon.json have an argument of their own.
func otherNames(kind provider.Kind) map[string][]string {
	if kind != provider.Daemon {
		return nil
	}
	out := map[string][]string{}
	for argument, key := range daemonKeys() {
		out[argument] = []string{"config." + key}
		out["config."+key] = []string{argument}
	}
	return out
}

// secretsFor decides what is secret of an object that is compared. What it refers to has
// its own secrets, some of which it shows: a controller has the endpoint of its daemon.
func secretsFor(item provider.DiffItem, actual cty.Value) provider.Secrets {
	decl := item.Declaration
	var beside []cty.Value
	for _, address := range sortedKeys(decl.Related) {
		beside = append(beside, decl.Related[address].Declared)
	}
	return provider.SecretsOf(provider.SecretsRequest{
		Declared: decl.Declared, Created: item.Created, Actual: asDeclared(decl.Kind, item.Created, actual), Names: otherNames(decl.Kind), Beside: beside,
	})
}

// asDeclared is an object as it is with the values of a daemon's arguments where they
// were declared: the object has them in its daemon.json and behind its command.
func asDeclared(kind provider.Kind, created []byte, actual cty.Value) cty.Value {
	if kind != provider.Daemon || !bytes.Contains(created, secretText()) {
		return actual
	}
	is := valuesOf(actual)
	more := map[string]cty.Value{}
	var settings map[string]any
	if json.Unmarshal([]byte(is.text(hiddenDaemonJSON)), &settings) == nil && len(settings) > 0 {
		more["config"] = jsonValue(settings)
		for argument, key := range daemonKeys() {
			if value, found := settings[key]; found {
				more[argument] = jsonValue(value)
			}
		}
	}
	flags, command := flagsOf(created), is.list("command")
	if len(flags) > 0 && len(flags) <= len(command) {
		more["flags"] = stringList(command[len(command)-len(flags):])
	}
	if len(more) == 0 {
		return actual
	}
	attributes := is.v.AsValueMap()
	maps.Copy(attributes, more)
	return cty.ObjectVal(attributes)
}

// flagsOf are the flags in a record, each as it was recorded.
func flagsOf(created []byte) []json.RawMessage {
	var record struct{ Flags []json.RawMessage }
	if json.Unmarshal(created, &record) != nil {
		return nil
	}
	return record.Flags
}

// hidden is an object as it is with what was secret when it was recorded marked.
func hidden(o *provider.Object) cty.Value {
	spec := o.Owner.Spec
	if o.Actual == cty.NilVal || !bytes.Contains(spec, secretText()) {
		return o.Actual
	}
	secrets := provider.SecretsOf(provider.SecretsRequest{
		Created: spec, Actual: asDeclared(o.Kind, spec, o.Actual), Names: otherNames(o.Kind),
	})
	attributes := o.Actual.AsValueMap()
	for name, value := range attributes {
		if name[0] != '_' { // what is only compared, and never shown
			attributes[name] = secrets.Value(name, value)
		}
	}
	if command, is := attributes["command"]; is && o.Kind == provider.Daemon {
		attributes["command"] = withoutFlags(command, spec)
	}
	return cty.ObjectVal(attributes)
}

// withoutFlags marks those flags at the end of a daemon's command that were secret. Short
// ones are not found by their text.
func withoutFlags(command cty.Value, created []byte) cty.Value {
	flags := flagsOf(created)
	if !slices.ContainsFunc(flags, secretRaw) || command.IsMarked() || command.IsNull() || command.LengthInt() < len(flags) {
		return command
	}
	elements := command.AsValueSlice()
	for i, flag := range flags {
		if at := len(elements) - len(flags) + i; secretRaw(flag) && !elements[at].IsMarked() {
			elements[at] = elements[at].Mark(provider.Sensitive)
		}
	}
	return cty.ListVal(elements)
}

func secretRaw(record json.RawMessage) bool { return bytes.Equal(record, secretText()) }

// hide marks what is secret in the changes that were found.
func (c *comparison) hide() {
	secrets := secretsFor(c.item, c.actual.v)
	derived := c.secretRole()
	for i, change := range c.changes {
		change = secrets.Change(change)
		key := keyOf("environment", change.Path)
		_, role := derived[key]
		change.Sensitive = change.Sensitive || key != "" && role
		if change.Path == "command" && c.item.Declaration.Kind == provider.Daemon {
			change.From = withoutFlags(change.From, c.item.Created)
			if spec := c.specNow("flags"); spec.text != nil {
				now, _ := json.Marshal(map[string]json.RawMessage{"flags": spec.text})
				change.To = withoutFlags(change.To, now)
			}
		}
		c.changes[i] = change
	}
}

// secretRole are the variables that follow from another object's declaration, where
// that has a secret: which of them held the old one, nothing tells.
func (c *comparison) secretRole() map[string]string {
	for _, related := range c.item.Declaration.Related {
		if endpoint := (values{plainOf(related.Declared)}).get("endpoint"); endpoint.IsMarked() {
			return c.derived(row{name: "environment"})
		}
	}
	return nil
}

func plainOf(v cty.Value) cty.Value {
	if v != cty.NilVal {
		v, _ = v.Unmark()
	}
	return v
}

// Why something is not compared.
const (
	imageHides = "an image does not show it, and a record holds no secret"
	madeBefore = "it was built when no record said with which images"
	unreadNow  = "it cannot be read now, and a record holds no secret"
)

// uncompared notes that nothing tells whether something secret has changed.
func (c *comparison) uncompared(path, why string) {
	c.not = append(c.not, provider.NotCompared{Path: path, Why: why})
}

// hiddenFlags compares the flags of a daemon, some of which are secret and were, with its
// command, which ends with them: their record says no more. It tells whether it did.
func (c *comparison) hiddenFlags() bool {
	if !secretIn(c.record["flags"]) || !c.declared.get("flags").IsWhollyKnown() {
		return false
	}
	if c.compared(row{name: "command"}) {
		return true // a declared command is compared with the flags behind it
	}
	if is, want := c.actual.get("command"), c.want["command"]; !same(want, is) {
		c.configured(row{name: "flags", effect: provider.Replace}, "flags", is, want)
	}
	return true
}
