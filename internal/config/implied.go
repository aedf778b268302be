package config

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

const (
	defaultNetwork = "network.default"
	dataTarget     = "/var/lib/docker"
	certsTarget    = "/certs/client"
	socketTarget   = "/var/run/docker.sock"
	defaultAlias   = "docker"
)

// imply adds what the blocks need and nobody wrote: the project's network, and
// the volumes of daemons.
func (s *state) imply() diag.List {
	var problems diag.List
	taken := map[string]string{} // data volume -> daemon
	for _, n := range s.sorted() {
		s.implyNetwork(n)
		if n.kind != provider.Daemon || n.logical {
			continue
		}
		if data := s.target(n.value, "data", provider.Volume); data != nil {
			n.data = data.address
			if other := taken[n.data]; other != "" {
				problems = append(problems, n.problem("shared-data", "data", "Data volume of two daemons",
					fmt.Sprintf("%s keeps the data of %s already, and two daemons on one volume destroy it. Give %s a volume of its own, or take data away.", n.data, other, n.address)))
			}
			taken[n.data] = n.address
		} else if !given(n.value, "data") && !mountsAt(n, dataTarget) {
			n.data = s.implyVolume(n, "data")
		}
		if !given(n.value, "tls") || flag(n.value, "tls") {
			n.certs = s.implyVolume(n, "certs")
		}
	}
	return append(problems, s.checkAliases()...)
}

// implyNetwork joins the project's network. A job does not: without a daemon of
// its own it runs on the default bridge, as `docker run` does.
func (s *state) implyNetwork(n *noun) {
	n.joinsDefault = n.kind.Runs() && n.kind != provider.Job && !n.logical && n.placed == "" &&
		!given(n.value, "networks") && !given(n.value, "attach") && !given(n.value, "network_mode")
	if n.joinsDefault && s.nouns[defaultNetwork] == nil {
		s.nouns[defaultNetwork] = &noun{
			address: defaultNetwork, kind: provider.Network, label: "default", name: s.cfg.Project + "-default",
			owner: n, body: s.bodies[provider.Network], value: cty.EmptyObjectVal,
		}
	}
}

func (s *state) implyVolume(daemon *noun, what string) string {
	label, address := daemon.label+"-"+what, daemon.address+"."+what
	body := s.bodies[provider.Volume]
	n := &noun{
		address: address, kind: provider.Volume, label: label, name: cmp.Or(s.cfg.Names[address], s.cfg.Project+"-"+label),
		owner: daemon, body: body, value: cty.EmptyObjectVal, placed: daemon.placed, inside: daemon.inside,
	}
	s.nouns[n.address] = n
	return n.address
}

// mountsAt tells whether a mount block has the target.
func mountsAt(n *noun, target string) bool {
	return slices.ContainsFunc(elements(attribute(n.value, "mount")), func(m cty.Value) bool {
		return clean(text(m, "target")) == target
	})
}

// networksOf are the addresses of the networks that something joins, each once: one of
// networks may have an attach block, too, that says how it is joined.
func (s *state) networksOf(n *noun) []string {
	if n.joinsDefault {
		return []string{defaultNetwork}
	}
	var out []string
	for _, address := range append(addresses(attribute(n.value, "networks")), attached(n)...) {
		if !slices.Contains(out, address) {
			out = append(out, address)
		}
	}
	return out
}

// checkAliases refuses two daemons under one name on one network.
func (s *state) checkAliases() diag.List {
	var problems diag.List
	taken := map[string]string{}
	for _, n := range s.sorted() {
		if n.kind != provider.Daemon || n.logical {
			continue
		}
		alias := text(n.value, "alias")
		if alias == "" {
			alias = defaultAlias
		}
		for _, network := range s.networksOf(n) {
			key := network + " " + alias
			if other := taken[key]; other != "" {
				problems = append(problems, n.problem("duplicate-alias", "alias", "Alias of two daemons on one network",
					fmt.Sprintf("%s and %s both answer to %q on %s, so that nobody knows which one is reached. Give one of them another alias, such as alias = %q.", other, n.address, alias, network, n.label)))
				continue
			}
			taken[key] = n.address
		}
	}
	return problems
}
