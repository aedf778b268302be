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

// pools are those that a daemon gets one of where none are declared: the first that no
// network around it overlaps, cut into networks of 254 addresses.
func pools() []netip.Prefix {
	var out []netip.Prefix
	add := func(a, b, c byte, bits int) {
		out = append(out, netip.PrefixFrom(netip.AddrFrom4([4]byte{a, b, c, 0}), bits))
	}
	for n := 201; n <= 254; n++ {
		add(10, byte(n), 0, 16)
	}
	for n := 16; n <= 31; n++ {
		add(172, byte(n), 0, 16)
	}
	for n := 0; n <= 240; n += 16 { // routers have some of it, seldom all
		add(192, 168, byte(n), 20)
	}
	return out
}

const poolSize = 24

// surroundings chooses for a daemon what depends on the networks around it: the
// MTU of those that it joins, and address pools that no network overlaps of the engine
// and of those that it is inside of, so that what is inside can reach what is outside,
// on every level. Where there are none, warning says so.
func (e *engine) surroundings(ctx context.Context, decl provider.Declaration, r request, around []*engine) (chosen map[string]any, warning string, err error) {
	d := valuesOf(decl.Declared)
	settings, err := daemonSettings(d)
	if err != nil {
		return nil, "", err
	}
	networks, err := e.read.NetworkList(ctx, network.ListOptions{})
	if err != nil {
		return nil, "", e.problem(err, "listing", decl.Address, "networks")
	}
	chosen = map[string]any{}
	if mtu := outerMTU(networks, r); mtu > 0 && !saysMTU(d, settings) {
		chosen["mtu"] = mtu
	}
	if saysPools(d, settings) {
		return chosen, "", nil
	}
	used := outerSubnets(networks, e.facts)
	for _, outer := range around {
		theirs, err := outer.read.NetworkList(ctx, network.ListOptions{})
		if err != nil {
			return nil, "", outer.problem(err, "listing", decl.Address, "the networks around it")
		}
		used = append(used, outerSubnets(theirs, outer.facts)...)
	}
	pool, inTheWay := freePool(used)
	if !pool.IsValid() {
		return chosen, fmt.Sprintf("no addresses are free for the networks inside: around it are %s. Its daemon chooses by itself, and what is inside may not reach them. Give it address_pools", strings.Join(inTheWay, ", ")), nil
	}
	chosen["default-address-pools"] = []map[string]any{{"base": pool.String(), "size": poolSize}}
	return chosen, "", nil
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

// outerSubnet are addresses that are in use around a daemon.
type outerSubnet struct {
	netip.Prefix
	whose string // for people
}

// outerSubnets are the addresses that are in use around a daemon: those of the
// engine's networks, and of its host's interfaces where this process sees them.
func outerSubnets(networks []network.Summary, facts provider.Facts) []outerSubnet {
	var out []outerSubnet
	add := func(text, whose string) {
		if p, err := netip.ParsePrefix(text); err == nil {
			out = append(out, outerSubnet{p.Masked(), whose})
		}
	}
	for _, n := range networks {
		for _, c := range n.IPAM.Config {
			add(c.Subnet, "the network "+n.Name)
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
		add(a.String(), "an interface of the host")
	}
	return out
}

// freePool is the first pool that nothing overlaps. Where there is none it is the zero
// prefix, and what is in the way is said.
func freePool(used []outerSubnet) (free netip.Prefix, inTheWay []string) {
	for _, pool := range pools() {
		isFree := true
		for _, u := range used {
			if pool.Overlaps(u.Prefix) {
				isFree = false
				inTheWay = appendNew(inTheWay, fmt.Sprintf("%s (%s)", u.whose, u.Prefix))
			}
		}
		if isFree {
			return pool, nil
		}
	}
	return netip.Prefix{}, inTheWay
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
				if pool.Overlaps(subnet.Prefix) {
					out = append(out, fmt.Sprintf("The networks inside take their addresses from %s, and the network %s around it has %s meanwhile: what is inside cannot reach that network. Give the daemon other address_pools.", base, n.Name, subnet.Prefix))
				}
			}
		}
	}
	return out
}
