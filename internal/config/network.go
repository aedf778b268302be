package config

import (
	"fmt"
	"net/netip"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// checkNetworks refuses what one engine cannot give to an object of another: its
// networks, and for a daemon the volume of its data.
func (s *state) checkNetworks() diag.List {
	var problems diag.List
	wrong := func(n, other *noun, path, what string) {
		problems = append(problems, n.problem("wrong-engine", path, "Object of another engine",
			fmt.Sprintf("%s is on %s, but %s is on %s, which has no such %s. Put both on one engine.",
				n.address, engineWord(n.inside), other.address, engineWord(other.inside), what)))
	}
	for _, n := range s.sorted() {
		if !n.kind.Runs() || n.logical {
			continue
		}
		for _, address := range s.networksOf(n) {
			if network := s.nouns[address]; network != nil && network.kind == provider.Network && network.inside != n.inside {
				wrong(n, network, "networks", "network")
			}
		}
		if data := s.nouns[n.data]; data != nil && data.inside != n.inside {
			wrong(n, data, "data", "volume")
		}
	}
	return problems
}

// family is a kind of addresses that a network can have switched off.
type family struct {
	name, enable string
	has          func(netip.Addr) bool
}

func families() []family {
	return []family{{"IPv4", "enable_ipv4", netip.Addr.Is4}, {"IPv6", "enable_ipv6", netip.Addr.Is6}}
}

// off tells whether a network is declared not to have the family.
func (f family) off(network *noun) bool {
	v := attribute(network.value, f.enable)
	return !v.IsNull() && v.IsKnown() && v.Type() == cty.Bool && v.False()
}

// checkFamilies refuses ranges of addresses that the network has switched off:
// engines take them, show them, and give nobody an address of them.
func checkFamilies(n *noun) diag.List {
	var problems diag.List
	for _, f := range families() {
		if !f.off(n) {
			continue
		}
		for i, c := range elements(attribute(attribute(n.value, "ipam"), "config")) {
			written := text(c, "subnet")
			if prefix, err := netip.ParsePrefix(written); err == nil && f.has(prefix.Addr()) {
				problems = append(problems, n.problem("address-family", fmt.Sprintf("ipam.config[%d].subnet", i), "Addresses that the network has switched off",
					fmt.Sprintf("%s has the range %s, but %s = false: the engine would take the range and give nobody an address of it. Take the range away, or %s.",
						n.address, written, f.enable, f.enable)))
			}
		}
	}
	return problems
}
