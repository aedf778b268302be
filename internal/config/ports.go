package config

import (
	"fmt"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/mount"
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
