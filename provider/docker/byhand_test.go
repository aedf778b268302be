package docker_test

import (
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/zclconf/go-cty/cty"
)

// How somebody else connected a container is a difference of that endpoint, on the
// default bridge too. What the engine itself moved there of what was declared is none.
func TestEndpointsByHandAreDifferences(t *testing.T) {
	t.Parallel()
	const sysctls = "com.docker.network.endpoint.sysctls"
	at := func(name string, e network.EndpointSettings) func(*container.InspectResponse) {
		return func(c *container.InspectResponse) {
			e.EndpointID, e.NetworkID = "e0", "n0"
			c.HostConfig.NetworkMode = container.NetworkMode(name)
			c.NetworkSettings.Networks = map[string]*network.EndpointSettings{name: &e}
		}
	}
	options := func(pairs map[string]string) network.EndpointSettings {
		return network.EndpointSettings{DriverOpts: pairs, Aliases: []string{"x"}}
	}
	none := attributes{}
	joined := attributes{"networks": cty.ListVal([]cty.Value{existing("network.n", "p-n", "n0")})}
	declared := attributes{"sysctls": cty.MapVal(attributes{"net.ipv4.conf.eth0.forwarding": text("1"), "net.ipv4.conf.eth0.log_martians": text("1")})}
	moved := map[string]string{sysctls: "net.ipv4.conf.IFNAME.log_martians=1,net.ipv4.conf.IFNAME.forwarding=1"}
	for _, row := range []struct {
		name     string
		declared attributes
		actual   func(*container.InspectResponse)
		want     string
	}{
		{"the default bridge, as it is", none, at("bridge", network.EndpointSettings{IPAMConfig: &network.EndpointIPAMConfig{}, DriverOpts: map[string]string{}}), ""},
		{
			"an address of the link, on the default bridge", none, at("bridge", network.EndpointSettings{IPAMConfig: &network.EndpointIPAMConfig{LinkLocalIPs: []string{"169.254.1.5"}}}),
			`attach["bridge"].link_local_ips live changed outside ["169.254.1.5"] -> []`,
		},
		{"a link, on the default bridge", none, at("bridge", network.EndpointSettings{Links: []string{"db:x"}}), `attach["bridge"].links live changed outside ["db:x"] -> []`},
		{"another priority, on the default bridge", none, at("bridge", network.EndpointSettings{GwPriority: 5}), `attach["bridge"].priority live changed outside 5 -> 0`},
		{
			"the name of an interface", joined, at("p-n", options(map[string]string{"com.docker.network.endpoint.ifname": "foo0"})),
			`attach["p-n"].driver_opts live changed outside {"com.docker.network.endpoint.ifname":"foo0"} -> {}`,
		},
		{"parameters of an interface, in order", joined, at("p-n", options(moved)), `attach["p-n"].sysctls live changed outside {"net.ipv4.conf.IFNAME.forwarding":"1","net.ipv4.conf.IFNAME.log_martians":"1"} -> {}`},
		{"parameters that were declared, and moved by the engine", both(joined, declared), at("p-n", options(moved)), ""},
		{"the same on the default bridge", declared, at("bridge", network.EndpointSettings{DriverOpts: moved}), ""},
		{
			"another than was declared", both(joined, declared), at("p-n", options(map[string]string{sysctls: "net.ipv4.conf.IFNAME.forwarding=1"})),
			`sysctls replace changed outside {"net.ipv4.conf.eth0.forwarding":"1"} -> {"net.ipv4.conf.eth0.forwarding":"1","net.ipv4.conf.eth0.log_martians":"1"}`,
		},
	} {
		if got := diffText(t, item(t, row.declared, row.declared, row.actual, "1.47")); got != row.want {
			t.Errorf("%s:\n got %s\nwant %s", row.name, got, row.want)
		}
	}
}

// The parameters of the first interface are those of the network that a container was
// created in; the interface of another network has its own.
func TestParametersOfTheFirstInterfaceAreThoseOfItsOwnNetwork(t *testing.T) {
	t.Parallel()
	const forwarding = "net.ipv4.conf.IFNAME.forwarding="
	networks := attributes{"networks": cty.ListVal([]cty.Value{existing("network.n", "p-n", "n0"), existing("network.m", "p-m", "m0")})}
	first := attributes{"sysctls": cty.MapVal(attributes{"net.ipv4.conf.eth0.forwarding": text("1")})}
	second := attributes{"attach": cty.ListVal([]cty.Value{cty.ObjectVal(attributes{
		"network": existing("network.m", "p-m", "m0"), "sysctls": cty.MapVal(attributes{"net.ipv4.conf.IFNAME.forwarding": text("0")}),
	})})}
	in := func(mode, atN, atM string) func(*container.InspectResponse) {
		endpoint := func(id, parameters string) *network.EndpointSettings {
			e := &network.EndpointSettings{EndpointID: "e-" + id, NetworkID: id, Aliases: []string{"x"}}
			if parameters != "" {
				e.DriverOpts = map[string]string{"com.docker.network.endpoint.sysctls": parameters}
			}
			return e
		}
		return func(c *container.InspectResponse) {
			c.HostConfig.NetworkMode = container.NetworkMode(mode)
			c.NetworkSettings.Networks = map[string]*network.EndpointSettings{"p-n": endpoint("n0", atN), "p-m": endpoint("m0", atM)}
		}
	}
	const (
		gone  = `sysctls replace changed outside {} -> {"net.ipv4.conf.eth0.forwarding":"1"}`
		there = ` live changed outside {"net.ipv4.conf.IFNAME.forwarding":"1"} -> {}`
	)
	for _, row := range []struct {
		name     string
		declared attributes
		actual   func(*container.InspectResponse)
		want     string
	}{
		{"each its own", both(both(networks, first), second), in("p-n", forwarding+"1", forwarding+"0"), ""},
		{"the first alone", both(networks, first), in("p-n", forwarding+"1", ""), ""},
		{"the first, as the other has it too", both(networks, first), in("p-n", forwarding+"1", forwarding+"1"), `attach["p-m"].sysctls` + there},
		{"the other alone", both(networks, first), in("p-n", "", forwarding+"1"), `attach["p-m"].sysctls` + there + "\n" + gone},
		{"the one that it was created in, which is not the first that is listed", both(networks, first), in("p-m", "", forwarding+"1"), ""},
	} {
		for range 8 { // the order of networks is another each time
			if got := diffText(t, item(t, row.declared, row.declared, row.actual, "1.47")); got != row.want {
				t.Errorf("%s:\n got %s\nwant %s", row.name, got, row.want)
				break
			}
		}
	}
}
