package docker

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/docker/docker/api/types/network"

	"github.com/dindctl/dindctl/provider"
)

// optionMTU is the option of a bridge network that sets the MTU of its members.
const optionMTU = "com.docker.network.driver.mtu"

// usualMTU is what an engine takes where nobody says anything.
const usualMTU = 1500

// The pools that a daemon gets where none are declared: the first that no
// network around it overlaps, cut into networks of 254 addresses.
const (
	poolsFrom = 201 // 10.201.0.0/16
	poolsTo   = 254
	poolBits  = 16
	poolSize  = 24
)

// surroundings chooses for a daemon what depends on the networks around it: the
// MTU of those that it joins, and address pools that no network overlaps of the engine
// and of those that it is inside of, so that what is inside can reach what is outside,
// on every level.
func (e *engine) surroundings(ctx context.Context, decl provider.Declaration, r request, around []*engine) (map[string]any, error) {
	d := valuesOf(decl.Declared)
	settings, err := daemonSettings(d)
	if err != nil {
		return nil, err
	}
	networks, err := e.read.NetworkList(ctx, network.ListOptions{})
	if err != nil {
		return nil, e.problem(err, "listing", decl.Address, "networks")
	}
	chosen := map[string]any{}
	if mtu := outerMTU(networks, r); mtu > 0 && !saysMTU(d, settings) {
		chosen["mtu"] = mtu
	}
	if saysPools(d, settings) {
		return chosen, nil
	}
	used := outerSubnets(networks, e.facts)
	for _, outer := range around {
		theirs, err := outer.read.NetworkList(ctx, network.ListOptions{})
		if err != nil {
			return nil, outer.problem(err, "listing", decl.Address, "the networks around it")
		}
		used = append(used, outerSubnets(theirs, outer.facts)...)
	}
	if pool := freePool(used); pool.IsValid() {
		chosen["default-address-pools"] = []map[string]any{{"base": pool.String(), "size": poolSize}}
	}
	return chosen, nil
}

// around are the engines that the one of a place is inside of, the innermost first.
func (p *Provider) around(place provider.Place) []*engine {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []*engine
	for end := strings.LastIndex(string(place), "/"); end >= 0; end = strings.LastIndex(string(place[:end]), "/") {
		if e, known := p.places[place[:end]]; known {
			out = append(out, e)
		}
	}
	return out
}

// outerMTU is the lowest MTU of the networks that a container joins; 0 for the usual one.
func outerMTU(networks []network.Summary, r request) int {
	lowest := 0
	for _, n := range networks {
		for _, joined := range r.networks {
			if joined.name != n.Name {
				continue
			}
			if mtu, err := strconv.Atoi(n.Options[optionMTU]); err == nil && mtu > 0 && mtu < usualMTU && (lowest == 0 || mtu < lowest) {
				lowest = mtu
			}
		}
	}
	return lowest
}

// outerSubnets are the addresses that are in use around a daemon: those of the
// engine's networks, and of its host's interfaces where this process sees them.
func outerSubnets(networks []network.Summary, facts provider.Facts) []netip.Prefix {
	var out []netip.Prefix
	add := func(text string) {
		if p, err := netip.ParsePrefix(text); err == nil {
			out = append(out, p.Masked())
		}
	}
	for _, n := range networks {
		for _, c := range n.IPAM.Config {
			add(c.Subnet)
		}
	}
	if facts.Files != provider.FilesShared {
		return out
	}
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		return out
	}
	for _, a := range addresses {
		add(a.String())
	}
	return out
}

// freePool is the first pool that nothing overlaps; the zero prefix where there is none.
func freePool(used []netip.Prefix) netip.Prefix {
	for n := poolsFrom; n <= poolsTo; n++ {
		pool := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(n), 0, 0}), poolBits)
		if len(overlapping(pool, used)) == 0 {
			return pool
		}
	}
	return netip.Prefix{}
}

func overlapping(pool netip.Prefix, used []netip.Prefix) []netip.Prefix {
	var out []netip.Prefix
	for _, p := range used {
		if pool.Overlaps(p) {
			out = append(out, p)
		}
	}
	return out
}

// clashes says which networks of the engine overlap what was chosen for a daemon
// inside it, at a time when they were not there.
func clashes(chosen map[string]any, networks []network.Summary) []string {
	pools, _ := chosen["default-address-pools"].([]any)
	var out []string
	for _, entry := range pools {
		fields, _ := entry.(map[string]any)
		base, _ := fields["base"].(string)
		pool, err := netip.ParsePrefix(base)
		if err != nil {
			continue
		}
		for _, n := range networks {
			for _, subnet := range outerSubnets([]network.Summary{n}, provider.Facts{}) {
				if pool.Overlaps(subnet) {
					out = append(out, fmt.Sprintf("The networks inside take their addresses from %s, and the network %s around it has %s meanwhile: what is inside cannot reach that network. Give the daemon other address_pools.", base, n.Name, subnet))
				}
			}
		}
	}
	return out
}
