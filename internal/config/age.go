package config

import (
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// TooOld says which arguments the engine of an object does not know, or takes and does not
// heed: it would ignore them without a word. Facts are those of an engine, by the address
// of the daemon, empty for the root; without an API where that is not known.
func (x *Expanded) TooOld(facts func(inside string) provider.Facts) diag.List {
	var problems diag.List
	type engine struct {
		kind   provider.Kind
		speaks string
	}
	bodies := map[engine]provider.Body{} // of a few arguments: most are known to every engine
	for _, in := range x.Instances {
		of := facts(in.Inside)
		if of.API == "" || in.Logical {
			continue
		}
		body, done := bodies[engine{in.Kind, of.API}]
		if !done {
			body = laterThan(NounBody(in.Kind, x.schema), of.API)
			bodies[engine{in.Kind, of.API}] = body
		}
		unknown, found := in.unknownTo(body, of.API)
		if !found {
			unknown, found = in.unheededBy(of)
		}
		if found {
			problems = append(problems, unknown)
		}
	}
	return problems
}

// unknownTo is the error about an argument that an engine which speaks an API does not
// know; body are those that every such engine does not.
func (in Instance) unknownTo(body provider.Body, speaks string) (diag.Problem, bool) {
	path, needs := newest(body, in.Declared, "")
	would, advice := "would ignore it", "Upgrade the engine, or leave the argument out."
	for _, l := range laterValues() {
		if path != "" {
			break
		}
		if older(speaks, l.needs) {
			path, needs, would, advice = l.find(in.Declared), l.needs, l.would, l.advice
		}
	}
	return diag.Problem{
		Severity: diag.Error, Code: "engine-too-old", Address: in.Address, Summary: "The engine is too old for this argument",
		Detail:  fmt.Sprintf("%s needs API %s; %s speaks %s and %s. %s", path, needs, engineWord(in.Inside), speaks, would, advice),
		Subject: in.RangeOf(path), Context: in.Header,
	}, path != ""
}

// laterValue is what only some values of an argument need, or what it needs beside others.
type laterValue struct {
	needs         string // the lowest API
	find          func(object cty.Value) (path string)
	would, advice string
}

// laterValues are those that the form of an argument does not tell by itself.
func laterValues() []laterValue {
	return []laterValue{
		{
			"1.44", macOfSeveral, "has one hardware address for a container in one network",
			"Upgrade the engine, take mac away, or join that network alone.",
		},
		{"1.44", namedDevice, "knows devices by their paths alone", "Upgrade the engine, or write the device's path."},
	}
}

// macOfSeveral is the hardware address in one of several networks.
func macOfSeveral(object cty.Value) string {
	joined := map[string]bool{}
	for _, ref := range elements(attribute(object, "networks")) {
		joined[addressOf(ref)] = true
	}
	path := ""
	for i, block := range elements(attribute(object, "attach")) {
		joined[addressOf(attribute(block, "network"))] = true
		if path == "" && given(block, "mac") {
			path = fmt.Sprintf("attach[%d].mac", i)
		}
	}
	if len(joined) < 2 {
		return ""
	}
	return path
}

// namedDevice is a device that is named in the form of the Container Device Interface.
func namedDevice(object cty.Value) string {
	for i, block := range elements(attribute(object, "devices")) {
		if source := text(block, "source"); source != "" && !strings.HasPrefix(source, "/") {
			return fmt.Sprintf("devices[%d].source", i)
		}
	}
	return ""
}

// unheededBy is the error about an argument that an engine takes and does not heed,
// whatever its age, as the engine's provider says.
func (in Instance) unheededBy(of provider.Facts) (diag.Problem, bool) {
	for _, name := range keys(of.Details) {
		argument, is := strings.CutPrefix(name, provider.DetailUnheeded)
		if value := attribute(in.Declared, argument); !is || value.IsNull() || value.IsKnown() && value.CanIterateElements() && value.LengthInt() == 0 {
			continue
		}
		return diag.Problem{
			Severity: diag.Error, Code: "not-applied", Address: in.Address, Summary: "The engine would accept it and not do it",
			Detail: of.Details[name], Subject: in.RangeOf(argument), Context: in.Header,
		}, true
	}
	return diag.Problem{}, false
}

// laterThan are those arguments of a body that need a later revision.
func laterThan(body provider.Body, speaks string) provider.Body {
	var out provider.Body
	for _, a := range body.Attributes {
		if a.MinAPI != "" && older(speaks, a.MinAPI) {
			out.Attributes = append(out.Attributes, a)
		}
	}
	for _, b := range body.Blocks {
		if b.Body = laterThan(b.Body, speaks); len(b.Body.Attributes)+len(b.Body.Blocks) > 0 {
			out.Blocks = append(out.Blocks, b)
		}
	}
	return out
}

// newest finds one of the arguments that is declared.
func newest(body provider.Body, value cty.Value, prefix string) (path, needs string) {
	for _, a := range body.Attributes {
		if given(value, a.Name) {
			return prefix + a.Name, a.MinAPI
		}
	}
	for _, b := range body.Blocks {
		inner := attribute(value, b.Name)
		if b.Single {
			if path, needs := newest(b.Body, inner, prefix+b.Name+"."); path != "" {
				return path, needs
			}
			continue
		}
		for i, element := range elements(inner) {
			if path, needs := newest(b.Body, element, fmt.Sprintf("%s%s[%d].", prefix, b.Name, i)); path != "" {
				return path, needs
			}
		}
	}
	return "", ""
}

// older compares revisions such as "1.41".
func older(a, b string) bool {
	var aMajor, aMinor, bMajor, bMinor int
	if n, _ := fmt.Sscanf(a, "%d.%d", &aMajor, &aMinor); n != 2 { //nolint:mnd // two numbers
		return false
	}
	if n, _ := fmt.Sscanf(b, "%d.%d", &bMajor, &bMinor); n != 2 { //nolint:mnd // two numbers
		return false
	}
	return aMajor < bMajor || aMajor == bMajor && aMinor < bMinor
}
