package config

import (
	"fmt"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/mount"
	"github.com/dindctl/dindctl/provider"
)

// checkShared refuses what two containers of one engine cannot both have, and
// what a container cannot share with one of another engine.
func (s *state) checkShared() diag.List {
	var problems diag.List
	taken := map[string][]published{}
	for _, n := range s.sorted() {
		if !n.kind.Runs() || n.logical {
			continue
		}
		problems = append(problems, s.checkSharing(n)...)
		for i, port := range elements(attribute(n.value, "ports")) {
			p := publishedAt(port)
			if p.port == "" {
				continue
			}
			key := n.inside + " " + p.port
			for _, other := range taken[key] {
				if p.host != "" && other.host != "" && p.host != other.host {
					continue
				}
				problems = append(problems, n.problem("duplicate-port", fmt.Sprintf("ports[%d].published", i), "Port that is published twice",
					fmt.Sprintf("%s publishes port %s of %s already. Publish another one, or leave published out for a free one.", other.by, p.port, engineWord(n.inside))))
				break
			}
			p.by = n.address
			taken[key] = append(taken[key], p)
		}
	}
	return problems
}

// published is a port of an engine's host.
type published struct{ port, host, by string }

func publishedAt(port cty.Value) published {
	number, ok := plainText(attribute(port, "published"))
	if !ok {
		return published{}
	}
	protocol := text(port, "protocol")
	if protocol == "" {
		protocol = "tcp"
	}
	host := text(port, "host_ip")
	if host == "0.0.0.0" || host == "::" {
		host = ""
	}
	return published{port: number + "/" + protocol, host: host}
}

// checkSharing demands that a namespace is shared within one engine.
func (s *state) checkSharing(n *noun) diag.List {
	var problems diag.List
	shared := map[string][]string{volumesFrom: addresses(attribute(n.value, volumesFrom))}
	for _, name := range []string{"network_mode", "pid", "ipc"} {
		shared[name] = []string{addressOf(attribute(n.value, name))}
	}
	for _, name := range keys(shared) {
		problems = append(problems, s.checkSharedWith(n, name, shared[name])...)
	}
	return problems
}

// checkSharedWith looks at what one argument shares with others. Engines up to 28 do
// not create a container with the mounts of one that has a tmpfs among them.
func (s *state) checkSharedWith(n *noun, name string, others []string) diag.List {
	var problems diag.List
	what := "a namespace is"
	if name == volumesFrom {
		what = "volumes are"
	}
	for _, address := range others {
		other := s.nouns[address]
		switch {
		case other == nil:
		case other.logical:
			problems = append(problems, n.problem("wrong-kind", name, "Reference to the wrong kind of block",
				fmt.Sprintf("%s is an engine that dindctl does not start, so that it has no container with which something could be shared.", other.address)))
		case other.inside != n.inside:
			problems = append(problems, n.problem("wrong-engine", name, "Object of another engine",
				fmt.Sprintf("%s is on %s, but %s is on %s, and %s shared within one engine. Put both on one engine.",
					n.address, engineWord(n.inside), other.address, engineWord(other.inside), what)))
		}
		if target := s.tmpfsOf(other); name == volumesFrom && target != "" {
			problems = append(problems, n.problem("conflicting-arguments", name, "Arguments that exclude each other",
				fmt.Sprintf("%s takes the mounts of %s, which has a tmpfs at %s by a mount block, and engines refuse that. Write tmpfs = [%q] in %s instead of that block.",
					n.address, other.address, target, target, other.address)))
		}
	}
	return problems
}

// tmpfsOf is the target of a mount block of type tmpfs; empty without one.
func (s *state) tmpfsOf(n *noun) string {
	if n == nil {
		return ""
	}
	for _, block := range elements(attribute(n.value, "mount")) {
		if text(block, "type") == string(mount.Tmpfs) {
			return text(block, "target")
		}
	}
	return ""
}

// TooOld says which arguments the engine of an object does not know: it would
// ignore them without a word. Api is the revision that an engine speaks, by the
// address of the daemon, empty for the root; empty where that is not known.
func (x *Expanded) TooOld(api func(inside string) string) diag.List {
	var problems diag.List
	type engine struct {
		kind   provider.Kind
		speaks string
	}
	bodies := map[engine]provider.Body{} // of a few arguments: most are known to every engine
	for _, in := range x.Instances {
		speaks := api(in.Inside)
		if speaks == "" || in.Logical {
			continue
		}
		body, done := bodies[engine{in.Kind, speaks}]
		if !done {
			body = laterThan(NounBody(in.Kind, x.schema), speaks)
			bodies[engine{in.Kind, speaks}] = body
		}
		path, needs := newest(body, in.Declared, "")
		if path == "" {
			continue
		}
		problem := diag.Problem{
			Severity: diag.Error, Code: "engine-too-old", Address: in.Address, Summary: "The engine is too old for this argument",
			Detail:  fmt.Sprintf("%s needs API %s; %s speaks %s and would ignore it. Upgrade the engine, or leave the argument out.", path, needs, engineWord(in.Inside), speaks),
			Subject: in.RangeOf(path), Context: in.Header,
		}
		problems = append(problems, problem)
	}
	return problems
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
