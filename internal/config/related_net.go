package config

import (
	"fmt"
	"math/big"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/diag"
)

// checkNames finds others on a daemon's networks who answer to its names: an
// engine then gives out the address of either.
func (r *related) checkNames() {
	said := map[string]bool{}
	labelled := map[string][]Instance{} // by network and label
	for network, members := range r.members {
		for _, in := range members {
			labelled[network+" "+in.Label] = append(labelled[network+" "+in.Label], in)
		}
	}
	for _, d := range r.daemons {
		for _, network := range addresses(attribute(d.Declared, "networks")) {
			for _, other := range labelled[network+" "+d.names()[0]] {
				r.checkName(d, other, network, said)
			}
		}
	}
}

// checkName compares the alias of a daemon with the label of another member; two
// aliases are compared where they are given out.
func (r *related) checkName(d daemonFacts, other Instance, network string, said map[string]bool) {
	alias := d.names()[0]
	key := d.Address + " " + other.Address
	if other.Address == d.Address || said[key] {
		return
	}
	said[key] = true
	r.say(diag.Error, d.Instance, "duplicate-alias", "alias", "Alias of a daemon that something else answers to",
		fmt.Sprintf("%s has the alias %q, and %s answers to that name on %s as well, since a label is always a name there: controllers would reach either. Give the daemon another alias, such as alias = %q.",
			d.Address, alias, other.Address, network, d.Label+"-api"))
}

// pool is a range of addresses and where it is asked for.
type pool struct {
	netip.Prefix
	what, argument string
}

// pools are the ranges from which a daemon gives addresses to networks inside it.
func (d daemonFacts) pools() []pool {
	var out []pool
	add := func(text, what, argument string) {
		if p, err := netip.ParsePrefix(text); err == nil {
			out = append(out, pool{p.Masked(), what, argument})
		}
	}
	for _, name := range []string{"bip", "fixed-cidr"} {
		if value, argument := d.setting(name); value != "" {
			add(value, name, argument)
		}
	}
	for _, list := range []struct {
		value    cty.Value
		argument string
	}{{attribute(d.Declared, "address_pools"), "address_pools"}, {member(d.config, "default-address-pools"), "config"}} {
		for _, element := range tupleElements(list.value) {
			base, isText := textOf(element)
			if !isText {
				base = configText(element, "base")
			}
			add(base, "default-address-pools", list.argument)
		}
	}
	for _, value := range d.flags["default-address-pool"] {
		for _, part := range strings.Split(value, ",") {
			if base, is := strings.CutPrefix(part, "base="); is {
				add(base, "default-address-pool", "flags")
			}
		}
	}
	return out
}

// tupleElements are the elements of a list or a tuple.
func tupleElements(v cty.Value) []cty.Value {
	v, _ = v.Unmark()
	if v.IsNull() || !v.IsKnown() || !v.CanIterateElements() {
		return nil
	}
	var out []cty.Value
	for it := v.ElementIterator(); it.Next(); {
		_, element := it.Element()
		element, _ = element.Unmark()
		out = append(out, element)
	}
	return out
}

// subnets are the ranges that a network declares, or was given by its engine.
func (r *related) subnets(network Instance) []netip.Prefix {
	var out []netip.Prefix
	if r.x.state != nil && !r.x.state.known[network.Address].Pending {
		for _, subnet := range keys(r.x.state.known[network.Address].Addresses) {
			if p, err := netip.ParsePrefix(subnet); err == nil {
				out = append(out, p.Masked())
			}
		}
	}
	if len(out) > 0 {
		return out
	}
	for _, block := range elements(attribute(attribute(network.Declared, "ipam"), "config")) {
		if p, err := netip.ParsePrefix(text(block, "subnet")); err == nil {
			out = append(out, p.Masked())
		}
	}
	return out
}

// checkPools compares what a daemon gives to networks inside it with the networks
// that it is in itself: of two routes one loses.
func (r *related) checkPools(d daemonFacts) {
	pools := d.pools()
	for _, in := range r.networks[d.Address] {
		for _, subnet := range r.subnets(in) {
			r.comparePool(d, in, pool{subnet, "subnet", "ipam"})
		}
	}
	for _, p := range pools {
		r.comparePool(d, d.Instance, p)
	}
}

func (r *related) comparePool(d daemonFacts, at Instance, p pool) {
	for _, address := range addresses(attribute(d.Declared, "networks")) {
		for _, outer := range r.subnets(r.by[address]) {
			if !outer.Overlaps(p.Prefix) {
				continue
			}
			r.overlap(diag.Error, d, at, p, address, outer)
		}
	}
}

// overlap speaks of two ranges. A pool is given out piece by piece, and dockerd
// leaves out pieces that it has a route to itself.
func (r *related) overlap(severity diag.Severity, d daemonFacts, at Instance, p pool, network string, outer netip.Prefix) {
	effect := fmt.Sprintf("what is inside %s could not reach %s, nor be answered from there", d.Address, network)
	if strings.HasPrefix(p.what, "default-address-pool") {
		severity, effect = diag.Warning, fmt.Sprintf("networks inside %s may get addresses that exist in %s, too, which then cannot be reached", d.Address, network)
	}
	r.say(severity, at, "overlapping-pool", p.argument, "Addresses inside a daemon that overlap a network outside",
		fmt.Sprintf("The %s %s overlaps %s of %s, which %s is on: %s. Choose another range, such as %s.", p.what, p.Prefix, outer, network, d.Address, effect, freeRange(outer, p.Prefix)))
}

// freeRange is a private range that overlaps neither.
func freeRange(taken ...netip.Prefix) string {
	for second := 200; second < 256; second++ {
		candidate := netip.PrefixFrom(netip.AddrFrom4([4]byte{10, byte(second), 0, 0}), 16)
		if !slices.ContainsFunc(taken, candidate.Overlaps) {
			return candidate.String()
		}
	}
	return "192.168.200.0/24"
}

const (
	mtuOption  = "com.docker.network.driver.mtu"
	defaultMTU = 1500
)

// mtuOf is what a network declares; 0 where it does not.
func mtuOf(network Instance) int {
	n, err := strconv.Atoi(plainMap(attribute(network.Declared, "options"))[mtuOption])
	if err != nil {
		return 0
	}
	return n
}

// innerMTU is that of the networks inside a daemon, and where it is said.
func (d daemonFacts) innerMTU() (mtu int, argument string) {
	if declared := attribute(d.Declared, "mtu"); !declared.IsNull() && declared.IsKnown() && declared.Type() == cty.Number {
		if n, accuracy := declared.AsBigFloat().Int64(); accuracy == big.Exact {
			return int(n), "mtu"
		}
	}
	value, argument := d.setting("mtu")
	if n, err := strconv.Atoi(value); err == nil {
		return n, argument
	}
	return defaultMTU, ""
}

// checkMTU compares the size of packets inside with that of the networks which
// they have to pass.
func (r *related) checkMTU(d daemonFacts) {
	inner, argument := d.innerMTU()
	for _, address := range addresses(attribute(d.Declared, "networks")) {
		outer := mtuOf(r.by[address])
		if outer == 0 {
			continue
		}
		if inner > outer && argument != "" { // where nobody says it, it follows the network's
			r.tooLarge(d, d.Instance, argument, fmt.Sprintf("Networks inside %s have an MTU of %d", d.Address, inner), address, outer, fmt.Sprintf("Set mtu = %d in %s", outer, d.Address))
		}
		for _, in := range r.networks[d.Address] {
			if mtuOf(in) > outer {
				r.tooLarge(d, in, "options", fmt.Sprintf("%s has an MTU of %d", in.Address, mtuOf(in)), address, outer, fmt.Sprintf("Set its option %s to %d", mtuOption, outer))
			}
		}
	}
}

func (r *related) tooLarge(d daemonFacts, at Instance, argument, what, network string, outer int, cure string) {
	r.say(diag.Warning, at, "inner-mtu", argument, "Packets inside a daemon that are larger than its network takes",
		fmt.Sprintf("%s, but %s, which %s is on, takes %d: large packets (TLS, downloads) may hang without an error. %s.", what, network, d.Address, outer, cure))
}
