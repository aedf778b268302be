package config

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// attachBlock joins one network with options; networks is the short form.
func attachBlock() provider.Block {
	argument := func(name string, t cty.Type, fallback, doc string) provider.Attribute {
		return provider.Attribute{Name: name, Type: t, Effect: provider.Live, Default: fallback, Doc: doc}
	}
	return provider.Block{Name: "attach", Key: "network", Doc: "Joins one network, where a name in networks does not say enough.", Body: provider.Body{Attributes: []provider.Attribute{
		{
			Name: "network", Type: provider.RefType(), Required: true, Refs: []provider.Kind{provider.Network}, Effect: provider.Live,
			Doc: "The network to join. It may stand in networks too.",
		},
		argument("aliases", cty.List(cty.String), "the label alone", "Further names in that network. The label is always one."),
		argument("ipv4", cty.String, "the engine's choice", "The IPv4 address there. The network needs a subnet of its own (ipam)."),
		argument("ipv6", cty.String, "the engine's choice", "The IPv6 address there. The network needs such a subnet of its own (ipam)."),
		{
			Name: "mac", Type: cty.String, Effect: provider.Replace, Default: "the engine's choice",
			Doc: "The hardware address there. Engines before API 1.44 take one for a single network alone. Since API 1.54 they change it live; before, whatever connects an endpoint anew that has one replaces the container.",
		},
		{
			Name: "priority", Type: cty.Number, Effect: provider.Live, MinAPI: "1.48", Default: "0",
			Doc: "The network with the highest priority leads outside.",
		},
		{
			Name: "sysctls", Type: cty.Map(cty.String), Effect: provider.Live, MinAPI: "1.46", Default: "none",
			Form: provider.Form{
				Keys: `net\.(ipv4|ipv6|mpls)\.[a-z0-9_]+\.IFNAME\.[A-Za-z0-9_./-]+`, KeysSay: "a kernel parameter of an interface with IFNAME for its name, such as net.ipv4.conf.IFNAME.forwarding",
				Kind: provider.FormText, Pattern: `[^,]+`, Says: "text without commas",
			},
			Doc: `Kernel parameters of the interface there, IFNAME for its name: { "net.ipv4.conf.IFNAME.forwarding" = 1 }.`,
		},
	}}}
}

// attached are the addresses of the networks of attach blocks.
func attached(n *noun) []string {
	var out []string
	for _, block := range elements(attribute(n.value, "attach")) {
		if address := addressOf(attribute(block, "network")); address != "" {
			out = append(out, address)
		}
	}
	return out
}

// checkAttach says what is wrong with attach blocks.
func (s *state) checkAttach(n *noun) diag.List {
	var problems diag.List
	seen := map[string]bool{}
	for i, block := range elements(attribute(n.value, "attach")) {
		path := fmt.Sprintf("attach[%d].", i)
		address := addressOf(attribute(block, "network"))
		if address == "" {
			problems = append(problems, n.problem("unknown-value", path+"network", "Value that is not known in time",
				fmt.Sprintf("The plan is made from the networks of %s, but this one is known only after something was applied. Use values that are known before.", n.address)))
			continue
		}
		if seen[address] {
			problems = append(problems, n.problem("duplicate-block", path+"network", "Network that is joined twice",
				fmt.Sprintf("%s has two attach blocks for %s. Put everything into one.", n.address, address)))
		}
		seen[address] = true
		problems = append(problems, s.checkEndpoint(n, path, block, s.nouns[address])...)
		if first := s.networksOf(n); first[0] == address {
			problems = append(problems, checkFirstInterface(n, path+"sysctls", block, address)...)
		}
	}
	return problems
}

// checkFirstInterface refuses a kernel parameter of eth0, which is the interface in the
// first network, beside the same in the block of that network: one would undo the other.
func checkFirstInterface(n *noun, path string, block cty.Value, network string) diag.List {
	var problems diag.List
	own := parameters(n.value)
	for _, name := range parameters(block) {
		there := strings.Replace(name, ".IFNAME.", ".eth0.", 1)
		if !slices.Contains(own, there) {
			continue
		}
		problems = append(problems, n.problem("conflicting-arguments", path, "Arguments that exclude each other",
			fmt.Sprintf("%s says %s in its sysctls, and %s in the attach block of %s. That is the first network that it joins, so both mean one interface. "+
				"Take %[2]s out of its sysctls, and leave what the block says.", n.address, there, name, network)))
	}
	return problems
}

// apiEndpointParameters is the API from which engines take the kernel parameters of an
// interface at its network, and refuse those of a later interface than the first among a
// container's own.
const apiEndpointParameters = "1.46"

// RefusedParameters are the kernel parameters in an object's sysctls that an engine which
// speaks this API refuses when it makes the object, sorted: those of eth1 and above. Nobody
// says any longer which network has that interface.
func (in Instance) RefusedParameters(speaks string) []string {
	if !in.Kind.Runs() || speaks == "" || older(speaks, apiEndpointParameters) || !attribute(in.Declared, "network_mode").IsNull() {
		return nil
	}
	return slices.DeleteFunc(parameters(in.Declared), func(name string) bool {
		parts := strings.SplitN(name, ".", mostParts)
		return len(parts) < mostParts || parts[0] != "net" || !strings.HasPrefix(parts[3], "eth") || parts[3] == "eth0"
	})
}

// mostParts is how many parts the name of an interface's parameter has at least:
// net.ipv4.conf.eth1.forwarding.
const mostParts = 5

// parameters are the names in an object's sysctls, sorted; none where they are not known.
func parameters(object cty.Value) []string {
	sysctls := attribute(object, "sysctls")
	if sysctls.IsNull() || !sysctls.IsKnown() || !sysctls.Type().IsMapType() && !sysctls.Type().IsObjectType() {
		return nil
	}
	return keys(sysctls.AsValueMap())
}

func (s *state) checkEndpoint(n *noun, path string, block cty.Value, network *noun) diag.List {
	var problems diag.List
	for _, family := range []struct {
		name, words string
		fits        func(netip.Addr) bool
	}{{"ipv4", "an IPv4 address", netip.Addr.Is4}, {"ipv6", "an IPv6 address", netip.Addr.Is6}} {
		written := text(block, family.name)
		if written == "" {
			continue
		}
		address, err := netip.ParseAddr(written)
		if err != nil || !family.fits(address) {
			problems = append(problems, n.problem("invalid-value", path+family.name, "Invalid value", fmt.Sprintf("%q is not %s.", written, family.words)))
			continue
		}
		problems = append(problems, checkInSubnet(n, path+family.name, address, network)...)
	}
	if mac := text(block, "mac"); mac != "" {
		if !regexp.MustCompile(`^([0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}$`).MatchString(mac) {
			problems = append(problems, n.problem("invalid-value", path+"mac", "Invalid value", fmt.Sprintf("%q is not a hardware address. Write it like 02:42:ac:11:00:05.", mac)))
		}
	}
	return problems
}

// checkInSubnet demands of an address that its network has it. Nothing is known
// of a network that exists already, nor of subnets that are not known yet.
func checkInSubnet(n *noun, path string, address netip.Addr, network *noun) diag.List {
	if network == nil || network.kind != provider.Network || flag(network.value, "external") {
		return nil
	}
	var subnets []string
	for _, c := range elements(attribute(attribute(network.value, "ipam"), "config")) {
		written, known := textOf(attribute(c, "subnet"))
		prefix, err := netip.ParsePrefix(written)
		if !known || err != nil || prefix.Contains(address) {
			return nil
		}
		subnets = append(subnets, written)
	}
	if ipam := attribute(network.value, "ipam"); !ipam.IsNull() && !ipam.IsKnown() {
		return nil
	}
	detail := fmt.Sprintf("%s asks for %s on %s, ", n.address, address, network.address)
	for _, f := range families() {
		if f.has(address) && f.off(network) {
			return diag.List{n.problem("address-outside", path, "Address that the network does not have",
				detail+fmt.Sprintf("which has no %s addresses: %s = false. Take the address away, or that.", f.name, f.enable))}
		}
	}
	if len(subnets) == 0 {
		return diag.List{n.problem("address-outside", path, "Address that the network does not have",
			detail+fmt.Sprintf("whose addresses the engine chooses. Give that network a subnet: ipam { config { subnet = %q } }.", exampleSubnet(address)))}
	}
	slices.Sort(subnets)
	return diag.List{n.problem("address-outside", path, "Address that the network does not have",
		detail+fmt.Sprintf("which has %s. Choose an address in there.", joinWords(subnets)))}
}

// exampleSubnet is a subnet of the usual size that has the address.
func exampleSubnet(address netip.Addr) string {
	bits := 24
	if address.Is6() {
		bits = 64
	}
	prefix, err := address.Prefix(bits)
	if err != nil {
		return ""
	}
	return prefix.String()
}

func joinWords(words []string) string {
	switch len(words) {
	case 0:
		return ""
	case 1:
		return words[0]
	}
	out := words[0]
	for _, word := range words[1 : len(words)-1] {
		out += ", " + word
	}
	return out + " and " + words[len(words)-1]
}
