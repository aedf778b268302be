package docker

import (
	"cmp"
	"slices"

	"github.com/docker/docker/api/types/network"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// ipamBlock is how a network gets its addresses.
func ipamBlock() provider.Block {
	subnet := argument("subnet", cty.String, subnetForm(), "", "The addresses of the network, such as 10.20.0.0/24.")
	subnet.Required = true
	return provider.Block{Name: "ipam", Single: true, Doc: "Where the network's addresses come from; the engine chooses where it is left out.", Body: provider.Body{
		Attributes: []provider.Attribute{
			argument("driver", cty.String, provider.Form{}, "default", "The driver that hands addresses out."),
			argument("options", cty.Map(cty.String), provider.Form{}, "none", "Options of that driver."),
		},
		Blocks: []provider.Block{{Name: "config", Key: "subnet", Doc: "One range of addresses; at most one each of IPv4 and IPv6 where the driver is the default one.", Body: provider.Body{
			Attributes: []provider.Attribute{
				subnet,
				argument("ip_range", cty.String, subnetForm(), "the whole subnet", "The part of the subnet that containers get addresses from."),
				argument("gateway", cty.String, like(anAddress, "an address, such as 10.20.0.1"), "the first address of the subnet", "The address of the engine's host in it."),
				argument("aux_addresses", cty.Map(cty.String), like(anAddress, "an address, such as 10.20.0.9"), "none", "Addresses that are in use by others, by a name of their own."),
			},
		}}},
	}}
}

// ipamOf is the address management that a declaration asks for; nil where it leaves it to the engine.
func ipamOf(d values) *network.IPAM {
	block, ok := d.block("ipam")
	if !ok {
		return nil
	}
	out := &network.IPAM{Driver: cmp.Or(block.text("driver"), "default"), Options: block.mapping("options")}
	for _, c := range block.blocks("config") {
		out.Config = append(out.Config, network.IPAMConfig{
			Subnet: c.text("subnet"), IPRange: c.text("ip_range"), Gateway: c.text("gateway"), AuxAddress: c.mapping("aux_addresses"),
		})
	}
	return out
}

// ipamValue is address management in the form that is compared: ranges by their
// subnet, every address in one spelling. What the engine chose is in it too.
func ipamValue(i network.IPAM) cty.Value {
	configs := cty.MapValEmpty(ipamConfigType())
	if len(i.Config) > 0 {
		byRange := map[string]cty.Value{}
		for _, c := range i.Config {
			byRange[prefixText(c.Subnet)] = ipamConfigValue(c)
		}
		configs = cty.MapVal(byRange)
	}
	return cty.ObjectVal(map[string]cty.Value{
		"driver": cty.StringVal(cmp.Or(i.Driver, "default")), "options": stringMap(i.Options), "config": configs,
	})
}

func ipamConfigType() cty.Type {
	return cty.Object(map[string]cty.Type{
		"subnet": cty.String, "ip_range": cty.String, "gateway": cty.String, "aux_addresses": cty.Map(cty.String),
	})
}

func ipamConfigValue(c network.IPAMConfig) cty.Value {
	aux := map[string]string{}
	for name, address := range c.AuxAddress {
		aux[name] = addressText(address)
	}
	return cty.ObjectVal(map[string]cty.Value{
		"subnet": cty.StringVal(prefixText(c.Subnet)), "ip_range": cty.StringVal(prefixText(c.IPRange)),
		"gateway": cty.StringVal(addressText(c.Gateway)), "aux_addresses": stringMap(aux),
	})
}

// ipam compares what is declared of a network's addresses, and what was; what the
// engine chose by itself is no difference.
func (c *comparison) ipam(r row) {
	wholly := c.declared.get("ipam")
	if !wholly.IsWhollyKnown() {
		c.add(r, "ipam", c.actual.get("ipam"), cty.UnknownVal(cty.DynamicPseudoType), r.effect)
		return
	}
	now, _ := c.declared.block("ipam")
	then, _ := c.created.block("ipam")
	want, have := values{c.want["ipam"]}, values{c.actual.get("ipam")}
	change := func(path string, from, to cty.Value) { c.ipamChange(r, "ipam."+path, from, to) }
	if now.has("driver") || then.has("driver") {
		from, to := have.text("driver"), cmp.Or(want.text("driver"), "default")
		if from != to {
			change("driver", cty.StringVal(from), cty.StringVal(to))
		}
	}
	for _, name := range unionKeys(now.mapping("options"), then.mapping("options")) {
		from, to := values{have.get("options")}.get(name), values{want.get("options")}.get(name)
		if !same(from, to) {
			change("options."+name, from, to)
		}
	}
	c.ipamRanges(now, then, have, change)
}

func (c *comparison) ipamRanges(now, then, have values, change func(string, cty.Value, cty.Value)) {
	ranges := func(d values) map[string]values {
		out := map[string]values{}
		for _, block := range d.blocks("config") {
			out[prefixText(block.text("subnet"))] = block
		}
		return out
	}
	wanted, created, actual := ranges(now), ranges(then), have.objects("config")
	for _, subnet := range unionKeys(wanted, created, actual) {
		path := "config[" + quoted(subnet) + "]"
		is, there := actual[subnet]
		want, declared := wanted[subnet]
		was, recorded := created[subnet]
		switch {
		case declared && !there:
			change(path, cty.NullVal(ipamConfigType()), ipamConfigValue(ipamConfigOf(want)))
		case recorded && there && !declared:
			change(path, is.v, cty.NullVal(ipamConfigType()))
		case declared && there:
			c.ipamRange(path, want, was, is, change)
		}
	}
}

// ipamRange compares what is or was declared of one range.
func (c *comparison) ipamRange(path string, want, was, is values, change func(string, cty.Value, cty.Value)) {
	wanted := values{ipamConfigValue(ipamConfigOf(want))}
	for _, name := range []string{"ip_range", "gateway", "aux_addresses"} {
		if !want.has(name) && !was.has(name) {
			continue
		}
		from, to := is.get(name), wanted.get(name)
		if !want.has(name) {
			// What was declared then is what is there: the engine is to choose again.
			if before := (values{ipamConfigValue(ipamConfigOf(was))}); !same(before.get(name), from) {
				continue
			}
			to = cty.NullVal(from.Type())
		}
		if !same(from, to) {
			change(path+"."+name, from, to)
		}
	}
}

func ipamConfigOf(d values) network.IPAMConfig {
	return network.IPAMConfig{
		Subnet: d.text("subnet"), IPRange: d.text("ip_range"), Gateway: d.text("gateway"), AuxAddress: d.mapping("aux_addresses"),
	}
}

// ipamChange notes a change. Engines never change a network's addresses: the same
// declaration over another network means that somebody made that one anew.
func (c *comparison) ipamChange(r row, path string, from, to cty.Value) {
	cause := provider.Configured
	if now := c.specNow("ipam"); !now.unknown && string(now.text) == string(c.record["ipam"]) {
		cause = provider.Outside
	}
	layer := ""
	if to.IsNull() {
		layer = r.layer
	}
	c.changes = append(c.changes, provider.Change{
		Path: path, From: from, To: to, Created: cty.NullVal(cty.DynamicPseudoType), Effect: r.effect, Cause: cause,
		Default: layer,
	})
}

// unionKeys are the keys of all maps, sorted, each once.
func unionKeys[V any](maps ...map[string]V) []string {
	var out []string
	for _, m := range maps {
		out = append(out, sortedKeys(m)...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}
