package docker_test

import (
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/docker"
)

// existing is a reference to a network with this id.
func existing(address, name, id string) cty.Value {
	values := reference(address, "network", name).AsValueMap()
	values["id"] = text(id)
	return cty.ObjectVal(values)
}

// future is a reference to a network that will be made.
func future(address, name string) cty.Value {
	values := reference(address, "network", name).AsValueMap()
	values["id"] = cty.UnknownVal(cty.String)
	return cty.ObjectVal(values)
}

// sharedNetwork is a reference to a container with this id.
func sharedNetwork(id string) cty.Value {
	values := reference("container.db", "container", "p-db").AsValueMap()
	values["id"], values["ref"] = text(id), text("p-db")
	return cty.ObjectVal(values)
}

// In which networks a container is, and in which it should be: what it only lists, what
// was made anew under the name, what it was created in, and what it shares.
func TestMembershipIsWhatTheContainerIsIn(t *testing.T) {
	t.Parallel()
	in := func(list ...cty.Value) attributes { return attributes{"networks": cty.ListVal(list)} }
	endpoint := func(id string) *network.EndpointSettings {
		e := &network.EndpointSettings{NetworkID: id, Aliases: []string{"x", containerID[:12]}}
		if id != "" {
			e.EndpointID = "e-" + id
		}
		return e
	}
	type endpoints = map[string]*network.EndpointSettings
	at := func(mode string, networks endpoints) func(*container.InspectResponse) {
		return func(c *container.InspectResponse) {
			c.HostConfig.NetworkMode, c.NetworkSettings.Networks = container.NetworkMode(mode), networks
		}
	}
	stopped := func(change func(*container.InspectResponse)) func(*container.InspectResponse) {
		return func(c *container.InspectResponse) {
			change(c)
			c.State = &container.State{Status: "exited"}
			for _, e := range c.NetworkSettings.Networks {
				e.EndpointID = ""
			}
		}
	}
	n := existing("network.n", "p-n", "n1")
	for _, row := range []struct {
		name              string
		created, declared attributes // created nil: as declared
		actual            func(*container.InspectResponse)
		want              string
	}{
		{name: "its network, with the names that engines add", declared: in(n), actual: at("p-n", endpoints{"p-n": endpoint("n1")})},
		{name: "its network, as it does not run", declared: in(n), actual: stopped(at("p-n", endpoints{"p-n": endpoint("n1")}))},
		{name: "its network, as it was never started", declared: in(n), actual: stopped(at("p-n", endpoints{"p-n": endpoint("")}))},
		{
			name: "a network that it lists and is not in", declared: in(n), actual: at("p-n", endpoints{"p-n": endpoint("")}),
			want: `networks live changed outside [] -> ["p-n"]`,
		},
		{
			name: "a network that was made anew", declared: in(n), actual: at("p-n", endpoints{"p-n": endpoint("n0")}),
			want: `networks["p-n"] live changed outside "n0" -> "n1"`,
		},
		{
			name: "a network that was made anew while it was stopped", declared: in(n), actual: stopped(at("p-n", endpoints{"p-n": endpoint("n0")})),
			want: `networks["p-n"] live changed outside "n0" -> "n1"`,
		},
		{
			name: "a network that is gone and will be made anew", declared: in(future("network.n", "p-n")), actual: stopped(at("p-n", endpoints{"p-n": endpoint("n0")})),
			want: `networks["p-n"] live changed outside "n0" -> ?`,
		},
		{
			name: "a network that is gone, of what was never in it", declared: in(future("network.n", "p-n")), actual: stopped(at("p-n", endpoints{"p-n": endpoint("")})),
		},
		{
			name: "another block's network of the same name", created: in(n), declared: in(future("network.m", "p-n")), actual: at("p-n", endpoints{"p-n": endpoint("n1")}),
			want: `networks["p-n"] live configuration "n1" -> ?`,
		},
		{
			name: "a network that somebody connected", declared: in(n), actual: at("p-n", endpoints{"p-n": endpoint("n1"), "other": endpoint("o")}),
			want: `networks live changed outside ["other","p-n"] -> ["p-n"]`,
		},

		{
			name: "another network than that of its creation", created: in(n), declared: in(existing("network.m", "p-m", "m1")), actual: at("p-n", endpoints{"p-n": endpoint("n1")}),
			want: `networks replace configuration ["p-n"] -> ["p-m"]`,
		},
		{
			name: "one network less, which is not that of its creation", created: in(n, existing("network.m", "p-m", "m1")), declared: in(n), actual: at("p-n", endpoints{"p-n": endpoint("n1"), "p-m": endpoint("m1")}),
			want: `networks live configuration ["p-m","p-n"] -> ["p-n"]`,
		},
		{
			name: "moved off the network of its creation by an earlier build", declared: in(n), actual: at("p-default", endpoints{"p-n": endpoint("n1")}),
			want: `network_mode replace configuration "p-default" -> "p-n"`,
		},
		{
			name: "created in its network by that one's id", declared: in(n), actual: at("n1", endpoints{"p-n": endpoint("n1")}),
		},
		{
			name: "the engine's default bridge, which is always there, is left as it runs", created: attributes{}, declared: in(n), actual: at("default", endpoints{"bridge": endpoint("b")}),
			want: `networks live configuration ["bridge"] -> ["p-n"]`,
		},

		{name: "no network", declared: attributes{"network_mode": text("none")}, actual: at("none", endpoints{"none": endpoint("0")})},
		{name: "no network, and no entry of it", declared: attributes{"network_mode": text("none")}, actual: at("none", endpoints{})},
		{
			name: "no network, and somebody connected one", declared: attributes{"network_mode": text("none")}, actual: at("none", endpoints{"other": endpoint("o")}),
			want: `networks live changed outside ["other"] -> ["none"]`,
		},
		{name: "the host's network", declared: attributes{"network_mode": text("host")}, actual: at("host", endpoints{"host": endpoint("h")})},
		{name: "the host's network, as it does not run", declared: attributes{"network_mode": text("host")}, actual: stopped(at("host", endpoints{"host": endpoint("h")}))},
		{
			name: "the engine's default bridge, and somebody connected another", declared: attributes{"network_mode": text("bridge")}, actual: at("bridge", endpoints{"bridge": endpoint("b"), "other": endpoint("o")}),
			want: `networks live changed outside ["bridge","other"] -> ["bridge"]`,
		},
		{
			name: "another container's network, and somebody connected one while it was stopped", declared: attributes{"network_mode": sharedNetwork("cc")},
			actual: stopped(at("container:cc", endpoints{"other": endpoint("")})),
			want:   `networks live changed outside ["container:cc","other"] -> ["container:cc"]`,
		},
		{
			name: "another container's network, and an entry that has no effect as it runs", declared: attributes{"network_mode": sharedNetwork("cc")},
			actual: at("container:cc", endpoints{"other": endpoint("")}),
		},
	} {
		created := row.created
		if created == nil {
			created = row.declared
		}
		for _, api := range []string{"1.41", "1.51"} {
			if got := diffText(t, item(t, created, row.declared, row.actual, api)); got != row.want {
				t.Errorf("%s, API %s:\n got %s\nwant %s", row.name, api, got, row.want)
			}
		}
	}
}

// A container that has an address of IPv6 alone uses that network as any other.
func TestAddressesOfEitherFamily(t *testing.T) {
	t.Parallel()
	c := inspected(func(c *container.InspectResponse) {
		c.NetworkSettings.Networks = map[string]*network.EndpointSettings{
			"both": {EndpointID: "a", IPAddress: "10.0.0.5", GlobalIPv6Address: "fd00::5"}, "six": {EndpointID: "b", GlobalIPv6Address: "fd01::5"}, "none": {EndpointID: "c"},
		}
	})
	got := docker.AddressesOf(c)
	if len(got) != 2 || got["both"] != "10.0.0.5" || got["six"] != "fd01::5" {
		t.Errorf("addresses %v", got)
	}
}

// What is not known yet of an endpoint is said to be so: it is no other address, and none
// taken away.
func TestWhatIsNotKnownYetOfAnEndpoint(t *testing.T) {
	t.Parallel()
	attach := func(options attributes) attributes {
		return attributes{"attach": cty.ListVal([]cty.Value{cty.ObjectVal(both(attributes{"network": existing("network.n", "p-n", "n1")}, options))})}
	}
	actual := func(c *container.InspectResponse) {
		c.HostConfig.NetworkMode = "p-n"
		c.NetworkSettings.Networks = map[string]*network.EndpointSettings{
			"p-n": {NetworkID: "n1", EndpointID: "e1", Aliases: []string{"x"}, IPAMConfig: &network.EndpointIPAMConfig{IPv4Address: "10.0.0.7"}},
		}
	}
	known := attributes{"ipv4": text("10.0.0.7")}
	for _, row := range []struct {
		name    string
		options attributes
		want    string
	}{
		{"an address", attributes{"ipv4": cty.UnknownVal(cty.String)}, `attach["p-n"].ipv4 live configuration "10.0.0.7" -> ?`},
		{"one of the aliases", both(known, attributes{"aliases": cty.ListVal([]cty.Value{text("a"), cty.UnknownVal(cty.String)})}), `attach["p-n"].aliases live configuration ["x"] -> ?`},
		{"a hardware address", both(known, attributes{"mac": cty.UnknownVal(cty.String)}), `attach["p-n"].mac replace configuration nothing -> ?`},
	} {
		if got := diffText(t, item(t, attach(known), attach(row.options), actual, "1.51")); got != row.want {
			t.Errorf("%s:\n got %s\nwant %s", row.name, got, row.want)
		}
	}
}

// Before API 1.44 a container is created in one network, and connected to the others
// afterwards: what a run leaves that is killed in between is its own doing, as long as the
// container was never started. Everything else is somebody else's.
func TestWhatIsNotConnectedYet(t *testing.T) {
	t.Parallel()
	n, m, o := existing("network.n", "p-n", "n1"), existing("network.m", "p-m", "m1"), existing("network.o", "p-o", "o1")
	in := func(list ...cty.Value) attributes { return attributes{"networks": cty.ListVal(list)} }
	at := func(names ...string) func(*container.InspectResponse) {
		return func(c *container.InspectResponse) {
			c.State = &container.State{Status: "exited"} // or created: it does not run
			c.HostConfig.NetworkMode = "p-n"
			c.NetworkSettings.Networks = map[string]*network.EndpointSettings{}
			for _, name := range names {
				c.NetworkSettings.Networks[name] = &network.EndpointSettings{Aliases: []string{"x"}}
			}
		}
	}
	for _, row := range []struct {
		name              string
		created, declared attributes
		state             provider.State
		actual            func(*container.InspectResponse)
		api, want         string
	}{
		{"created in the first", in(n, m, o), in(n, m, o), provider.StateCreated, at("p-n"), "1.41", `networks live configuration ["p-n"] -> ["p-m","p-n","p-o"]`},
		{"connected to some", in(n, m, o), in(n, m, o), provider.StateCreated, at("p-m", "p-n"), "1.43", `networks live configuration ["p-m","p-n"] -> ["p-m","p-n","p-o"]`},
		{"and the configuration says otherwise by now", in(n, m), in(n, o), provider.StateCreated, at("p-n"), "1.41", `networks live configuration ["p-n"] -> ["p-n","p-o"]`},
		{"and a network of it is declared no longer", in(n, m, o), in(n, o), provider.StateCreated, at("p-m", "p-n"), "1.41", `networks live configuration ["p-m","p-n"] -> ["p-n","p-o"]`},
		{"connected to one that it was not made for", in(n, m, o), in(n, m, o), provider.StateCreated, at("other", "p-n"), "1.41", `networks live changed outside ["other","p-n"] -> ["p-m","p-n","p-o"]`},
		{"connected to one more", in(n), in(n), provider.StateCreated, at("p-m", "p-n"), "1.41", `networks live changed outside ["p-m","p-n"] -> ["p-n"]`},
		{"of what was started", in(n, m), in(n, m), provider.StateExited, at("p-n"), "1.41", `networks live changed outside ["p-n"] -> ["p-m","p-n"]`},
		{"where it is created in all of them", in(n, m), in(n, m), provider.StateCreated, at("p-n"), "1.44", `networks live changed outside ["p-n"] -> ["p-m","p-n"]`},
	} {
		one := item(t, row.created, row.declared, row.actual, row.api)
		one.Condition.State = row.state
		if got := diffText(t, one); got != row.want {
			t.Errorf("%s:\n got %s\nwant %s", row.name, got, row.want)
		}
	}
}

// An endpoint that is connected anew keeps the hardware address that it was made with, or
// is replaced, also where the address is declared no longer: that change may be ignored.
func TestAHardwareAddressThatIsDeclaredNoLonger(t *testing.T) {
	t.Parallel()
	const mac = "02:00:00:00:00:01"
	attach := func(options attributes) attributes {
		return attributes{"attach": cty.ListVal([]cty.Value{cty.ObjectVal(both(attributes{"network": existing("network.n", "p-n", "n1")}, options))})}
	}
	actual := func(c *container.InspectResponse) {
		c.HostConfig.NetworkMode = "p-n"
		c.NetworkSettings.Networks = map[string]*network.EndpointSettings{
			"p-n": {NetworkID: "n1", EndpointID: "e1", Aliases: []string{"x"}, MacAddress: mac, IPAMConfig: &network.EndpointIPAMConfig{IPv4Address: "10.0.0.7"}},
		}
	}
	with := attach(attributes{"ipv4": text("10.0.0.7"), "mac": text(mac)})
	without := attach(attributes{"ipv4": text("10.0.0.8")})
	for api, effect := range map[string]string{"1.41": "live", "1.51": "replace", "1.54": "live"} {
		want := `attach["p-n"].ipv4 ` + effect + ` configuration "10.0.0.7" -> "10.0.0.8"`
		if got := diffText(t, item(t, with, without, actual, api)); !strings.HasPrefix(got, want) {
			t.Errorf("API %s:\n got %s\nwant %s", api, got, want)
		}
	}
}
