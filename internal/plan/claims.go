package plan

import (
	"encoding/json"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// claim is what only one object of a place can have at a time: a range of addresses,
// an address in a network, a published port, a device. Names are another; see takeOver.
type claim struct {
	space
	// at are the addresses; the zero value stands for all.
	at netip.Prefix
}

// space is where claims can meet: they do where their addresses overlap.
type space struct {
	inside string
	// of is subnets, ports, "network " and the name of one, or "option " and what it says.
	of       string
	port     int
	protocol string
}

// What a space is of.
const (
	subnets = "subnets"
	ports   = "ports"
)

func (c claim) meets(other claim) bool {
	return c.space == other.space && (!c.at.IsValid() || !other.at.IsValid() || c.at.Overlaps(other.at))
}

// host is a claim to one address; false where the text is none.
func host(where space, text string) (claim, bool) {
	address, err := netip.ParseAddr(text)
	if err != nil {
		return claim{}, false
	}
	return claim{where, netip.PrefixFrom(address, address.BitLen())}, true
}

// published is a claim to a port of a host.
func published(inside, address string, port int, protocol string) claim {
	if protocol == "" {
		protocol = "tcp"
	}
	where := space{inside: inside, of: ports, port: port, protocol: protocol}
	c, one := host(where, address)
	if !one || c.at.Addr().IsUnspecified() {
		return claim{space: where}
	}
	return c
}

// device is the claim of a network's option that names a device, of which no two
// networks can have the same; an option that says how it works, such as its mode, is
// none. The options are those of
// https://docs.docker.com/engine/network/drivers/bridge/#options,
// https://docs.docker.com/engine/network/drivers/macvlan/ and ipvlan.
func device(inside, option, value string) []claim {
	if value == "" || option != "parent" && option != "com.docker.network.bridge.name" {
		return nil
	}
	return []claim{{space: space{inside: inside, of: "option " + option + "=" + value}}}
}

func network(inside, name string) space { return space{inside: inside, of: "network " + name} }

// held is what an object has, as it was seen, and of what runs as it was recorded. An
// engine keeps neither addresses nor ports for what does not run.
func (m *maker) held(o placed) []claim {
	switch state := o.Condition.State; {
	case o.Kind == provider.Network:
		return heldByNetwork(o)
	case o.Kind.Runs() && (state == provider.StateRunning || state == provider.StatePaused || state == provider.StateRestarting):
		return append(m.addressesOf(o), portsOf(o)...)
	}
	return nil
}

func heldByNetwork(o placed) []claim {
	var out []claim
	for _, subnet := range sortedKeys(o.Values.Addresses) {
		if prefix, err := netip.ParsePrefix(subnet); err == nil {
			out = append(out, claim{space{inside: o.inside, of: subnets}, prefix})
		}
	}
	options := recordOf(o.Owner).texts("options")
	for _, name := range sortedKeys(options) {
		out = append(out, device(o.inside, name, options[name])...)
	}
	return out
}

func (m *maker) addressesOf(o placed) []claim {
	var out []claim
	for _, name := range sortedKeys(o.Values.Addresses) {
		if c, ok := host(network(o.inside, name), o.Values.Addresses[name]); ok {
			out = append(out, c)
		}
	}
	return append(out, m.recordedAddresses(o)...)
}

// recordedAddresses are those that an object was made with.
func (m *maker) recordedAddresses(o placed) []claim {
	var out []claim
	for _, a := range recordOf(o.Owner).attached() {
		for _, text := range []string{a.IPv4, a.IPv6} {
			if c, ok := host(network(o.inside, m.named(a.Network.Ref)), text); ok {
				out = append(out, c)
			}
		}
	}
	return out
}

func portsOf(o placed) []claim {
	var out []claim
	for _, target := range sortedKeys(o.Values.Ports) {
		_, protocol, _ := strings.Cut(target, "/")
		if at, err := netip.ParseAddrPort(o.Values.Ports[target]); err == nil {
			out = append(out, published(o.inside, at.Addr().String(), int(at.Port()), protocol))
		}
	}
	return out
}

// attachment is what a record says of a network that something joined.
type attachment struct {
	Network    struct{ Ref string }
	IPv4, IPv6 string
}

// networks are the addresses of the networks that something joined, as its record says.
func (r record) networks() []string {
	var listed []struct{ Ref string }
	_ = json.Unmarshal(r["networks"], &listed)
	var out []string
	for _, network := range listed {
		out = append(out, network.Ref)
	}
	for _, a := range r.attached() {
		out = append(out, a.Network.Ref)
	}
	return out
}

func (r record) attached() []attachment {
	var out []attachment
	if json.Unmarshal(r["attach"], &out) != nil {
		return nil
	}
	return out
}

// wanted is what an object will have, as far as it is declared: its addresses, and
// beside them its ports.
func wanted(r *Resource) (addresses, ports []claim) {
	switch {
	case r.Kind == provider.Network:
		return wantedByNetwork(r), nil
	case r.Kind.Runs():
		return wantedAddresses(r), wantedPorts(r)
	}
	return nil, nil
}

func wantedByNetwork(r *Resource) []claim {
	var out []claim
	for _, c := range elementsOf(attribute(attribute(r.After.Declared, "ipam"), "config")) {
		if prefix, err := netip.ParsePrefix(textOf(c, "subnet")); err == nil {
			out = append(out, claim{space{inside: r.Inside, of: subnets}, prefix.Masked()})
		}
	}
	options := attribute(r.After.Declared, "options")
	for _, name := range sortedKeys(mapOf(options)) {
		if v := mapOf(options)[name]; !v.IsNull() && v.IsKnown() && v.Type() == cty.String {
			out = append(out, device(r.Inside, name, v.AsString())...)
		}
	}
	return out
}

func wantedAddresses(r *Resource) []claim {
	var out []claim
	for _, a := range elementsOf(attribute(r.After.Declared, "attach")) {
		where := network(r.Inside, textOf(attribute(a, "network"), "name"))
		for _, family := range []string{"ipv4", "ipv6"} {
			if c, ok := host(where, textOf(a, family)); ok {
				out = append(out, c)
			}
		}
	}
	return out
}

func wantedPorts(r *Resource) []claim {
	var out []claim
	for _, p := range elementsOf(attribute(r.After.Declared, "ports")) {
		number := attribute(p, "published")
		if number.IsNull() || !number.IsKnown() || number.Type() != cty.Number {
			continue
		}
		if port, _ := number.AsBigFloat().Int64(); port > 0 {
			out = append(out, published(r.Inside, textOf(p, "host_ip"), int(port), textOf(p, "protocol")))
		}
	}
	return out
}

func elementsOf(list cty.Value) []cty.Value {
	if list.IsNull() || !list.IsKnown() || !list.CanIterateElements() {
		return nil
	}
	list, _ = list.UnmarkDeep()
	var out []cty.Value
	for it := list.ElementIterator(); it.Next(); {
		_, v := it.Element()
		out = append(out, v)
	}
	return out
}

// freed is what a step gives back.
type freed struct {
	claim
	address string
	step    int
}

// giveBack makes what takes an address or a port wait for what gives it back: a
// removal, or a live change that leaves it.
func (b *builder) giveBack() {
	free := b.freed()
	if len(free) == 0 {
		return
	}
	for _, address := range sortedKeys(b.makes) {
		if b.m.in.over() {
			return
		}
		r := b.m.resources[address]
		if r.Action == None { // it is only waited for, and has what it has
			continue
		}
		addresses, ports := wanted(r)
		at, changed := b.updates[address]
		if !changed {
			at = b.makes[address]
		}
		b.take(free, address, at, addresses)
		if r.Action != Update {
			b.take(free, address, b.makes[address], ports)
		}
	}
}

func (b *builder) take(free map[space][]freed, address string, at int, claims []claim) {
	for _, c := range claims {
		for _, f := range free[c.space] {
			if f.address != address && f.meets(c) {
				b.need(f.step, at)
			}
		}
	}
}

// freed is what all steps give back, by where it is.
func (b *builder) freed() map[space][]freed {
	out := map[space][]freed{}
	for _, i := range b.removals() {
		for _, c := range b.m.held(b.objects[i]) {
			out[c.space] = append(out[c.space], freed{c, b.steps[i].Address, i})
		}
	}
	for _, address := range sortedKeys(b.updates) {
		at := b.updates[address]
		if first, parted := b.parts[address]; parted {
			at = first
		}
		for _, c := range b.m.leaves(b.m.resources[address]) {
			out[c.space] = append(out[c.space], freed{c, address, at})
		}
	}
	return out
}

// leaves are the addresses that a live change gives back: those in the networks that it
// leaves, or leaves and joins anew. In the others an object stays as it is, also with an
// address that the engine chose.
func (m *maker) leaves(r *Resource) []claim {
	disconnects := disconnecting(r)
	if disconnects == nil {
		return nil
	}
	keeps, _ := wanted(r)
	return slices.DeleteFunc(m.held(placed{*r.Before, r.Inside}), func(c claim) bool {
		name, at := strings.CutPrefix(c.of, network(r.Inside, "").of)
		return !at || !disconnects(name) || slices.Contains(keeps, c)
	})
}

// disconnecting tells of the name of a network whether an object leaves it in its live
// change, if only to join it anew; nil where it leaves none.
func disconnecting(r *Resource) func(name string) bool {
	leavesOthers, anew := false, map[string]bool{}
	for _, c := range r.Changes {
		if c.Path == "networks" {
			leavesOthers = true
			continue
		}
		for _, attribute := range []string{"networks[", "attach["} {
			if quoted, at := strings.CutPrefix(c.Path, attribute); at {
				anew[unquoted(quoted)] = true
			}
		}
	}
	if !leavesOthers && len(anew) == 0 {
		return nil
	}
	joined := joinedNetworks(r)
	return func(name string) bool { return anew[name] || leavesOthers && !joined[name] }
}

// unquoted is the text whose quoted form something begins with; empty where there is none.
func unquoted(text string) string {
	quoted, err := strconv.QuotedPrefix(text)
	if err != nil {
		return ""
	}
	name, _ := strconv.Unquote(quoted)
	return name
}

// joinedNetworks are the names of the networks that an object is to be in.
func joinedNetworks(r *Resource) map[string]bool {
	out := map[string]bool{}
	for _, ref := range elementsOf(attribute(r.After.Declared, "networks")) {
		out[textOf(ref, "name")] = true
	}
	for _, a := range elementsOf(attribute(r.After.Declared, "attach")) {
		out[textOf(attribute(a, "network"), "name")] = true
	}
	return out
}

// partings are the changes of a step that only leaves the networks in which an object
// gives addresses back: one that is to have them can take them then.
func (m *maker) partings(r *Resource) []provider.Change {
	leaves := m.leaves(r)
	var out []provider.Change
	for _, name := range sortedKeys(r.Before.Values.Addresses) {
		if slices.ContainsFunc(leaves, func(c claim) bool { return c.space == network(r.Inside, name) }) {
			out = append(out, provider.Change{
				Path: "networks[" + strconv.Quote(name) + "]", From: cty.StringVal(r.Before.Values.Addresses[name]), To: cty.NullVal(cty.String),
				Created: cty.NullVal(cty.String), Effect: provider.Live, Cause: provider.Configured,
			})
		}
	}
	return out
}

// mapOf are the elements of a map that is known.
func mapOf(v cty.Value) map[string]cty.Value {
	if v.IsNull() || !v.IsKnown() || !v.CanIterateElements() {
		return nil
	}
	v, _ = v.UnmarkDeep()
	return v.AsValueMap()
}
