package docker_test

import (
	"maps"
	"testing"

	"github.com/docker/docker/api/types/blkiodev"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/docker"
)

// Whether a change is made live or by replacement is what the engine's API can do:
// what one takes and ignores is planned as a replacement there.
func TestEffectsByAPI(t *testing.T) {
	t.Parallel()
	const own, other = "02:42:ac:11:00:05", "02:42:ac:11:00:06"
	joining := func(label string, options attributes) cty.Value {
		block := attributes{"network": reference("network."+label, "network", "p-"+label), "ipv4": cty.NullVal(cty.String), "mac": cty.NullVal(cty.String)}
		for name, v := range options {
			block[name] = v
		}
		return cty.ObjectVal(block)
	}
	attach := func(blocks ...cty.Value) attributes { return attributes{"attach": cty.ListVal(blocks)} }
	there := func(networks map[string]*network.EndpointSettings) func(*container.InspectResponse) {
		return func(c *container.InspectResponse) {
			c.HostConfig.NetworkMode, c.NetworkSettings.Networks = "p-a", networks
		}
	}
	onA := there(map[string]*network.EndpointSettings{"p-a": {EndpointID: "e0", MacAddress: own, Aliases: []string{"x"}}})
	limited := func(rate string) attributes {
		return attributes{"blkio_config": cty.ObjectVal(attributes{"device_read_bps": cty.ListVal([]cty.Value{cty.ObjectVal(attributes{"path": text("/dev/sda"), "rate": text(rate)})})})}
	}
	slow := func(c *container.InspectResponse) {
		c.HostConfig.BlkioDeviceReadBps = []*blkiodev.ThrottleDevice{{Path: "/dev/sda", Rate: 1000}}
	}
	swapping := func(c *container.InspectResponse) { c.HostConfig.Memory, c.HostConfig.MemorySwap = 64<<20, 100<<20 }
	for _, row := range []struct {
		name              string
		created, declared attributes
		actual            func(*container.InspectResponse)
		want              map[string]string // by the lowest API for which it holds
	}{
		{
			"a hardware address", attach(joining("a", attributes{"mac": text(own)})), attach(joining("a", attributes{"mac": text(other)})), onA,
			map[string]string{"1.41": `attach["p-a"].mac replace configuration "` + own + `" -> "` + other + `"`, "1.54": `attach["p-a"].mac live configuration "` + own + `" -> "` + other + `"`},
		},
		{
			"a hardware address, while it does not run and shows none", attach(joining("a", attributes{"mac": text(own)})), attach(joining("a", attributes{"mac": text(other)})),
			there(map[string]*network.EndpointSettings{"p-a": {EndpointID: "e0", Aliases: []string{"x"}}}),
			map[string]string{"1.41": `attach["p-a"].mac replace configuration "` + own + `" -> "` + other + `"`, "1.54": `attach["p-a"].mac live configuration "` + own + `" -> "` + other + `"`},
		},
		{
			"an address, where the endpoint has a hardware address of its own",
			attach(joining("a", attributes{"mac": text(own)})), attach(joining("a", attributes{"mac": text(own), "ipv4": text("10.0.0.5")})), onA,
			map[string]string{
				"1.41": `attach["p-a"].ipv4 live configuration nothing -> "10.0.0.5"`, "1.44": `attach["p-a"].ipv4 replace configuration nothing -> "10.0.0.5"`,
				"1.54": `attach["p-a"].ipv4 live configuration nothing -> "10.0.0.5"`,
			},
		},
		{
			"an address, where the container has a hardware address",
			both(attach(joining("a", nil)), attributes{"mac_address": text(own)}), both(attach(joining("a", attributes{"ipv4": text("10.0.0.5")})), attributes{"mac_address": text(own)}), onA,
			map[string]string{
				"1.41": `attach["p-a"].ipv4 live configuration nothing -> "10.0.0.5"`, "1.44": `attach["p-a"].ipv4 replace configuration nothing -> "10.0.0.5"`,
				"1.54": `attach["p-a"].ipv4 live configuration nothing -> "10.0.0.5"`,
			},
		},
		{
			"an address, where nothing is said of a hardware address", attach(joining("a", nil)), attach(joining("a", attributes{"ipv4": text("10.0.0.5")})), onA,
			map[string]string{"1.41": `attach["p-a"].ipv4 live configuration nothing -> "10.0.0.5"`},
		},
		{
			"another network, with a hardware address", attach(joining("a", nil)), attach(joining("a", nil), joining("b", attributes{"mac": text(other)})), onA,
			map[string]string{"1.44": `networks replace configuration ["p-a"] -> ["p-a","p-b"]`, "1.54": `networks live configuration ["p-a"] -> ["p-a","p-b"]`},
		},
		{
			"another network, beside one with a hardware address", attach(joining("a", attributes{"mac": text(own)})), attach(joining("a", attributes{"mac": text(own)}), joining("b", nil)), onA,
			map[string]string{"1.44": `networks live configuration ["p-a"] -> ["p-a","p-b"]`},
		},
		{
			"a parameter of an interface", attach(joining("a", nil)), attach(joining("a", attributes{"sysctls": cty.MapVal(attributes{"net.ipv4.conf.IFNAME.forwarding": text("1")})})), onA,
			map[string]string{"1.41": `attach["p-a"].sysctls live configuration {} -> {"net.ipv4.conf.IFNAME.forwarding":"1"}`},
		},
		{
			"a parameter of an interface that nobody declared", attach(joining("a", nil)), attach(joining("a", nil)), there(map[string]*network.EndpointSettings{"p-a": {
				EndpointID: "e0", Aliases: []string{"x"}, DriverOpts: map[string]string{"com.docker.network.endpoint.sysctls": "net.ipv4.conf.IFNAME.forwarding=1"},
			}}),
			map[string]string{"1.46": `attach["p-a"].sysctls live changed outside {"net.ipv4.conf.IFNAME.forwarding":"1"} -> {}`},
		},
		{
			"a limit of a device", limited("1000"), limited("2000"), slow,
			map[string]string{
				"1.41": `blkio_config.device_read_bps replace configuration ["/dev/sda:1000"] -> ["/dev/sda:2000"]`,
				"1.55": `blkio_config.device_read_bps live configuration ["/dev/sda:1000"] -> ["/dev/sda:2000"]`,
			},
		},
		{
			"swap without a limit, which no engine gives to what runs",
			attributes{"mem_limit": text("64m"), "memswap_limit": text("100m")},
			attributes{"mem_limit": text("64m"), "memswap_limit": text("-1")},
			swapping,
			map[string]string{"1.41": `memswap_limit replace configuration "100m" -> "-1"`},
		},
		{
			"another limit of swap",
			attributes{"mem_limit": text("64m"), "memswap_limit": text("100m")},
			attributes{"mem_limit": text("64m"), "memswap_limit": text("200m")},
			swapping,
			map[string]string{"1.41": `memswap_limit live configuration "100m" -> "200m"`},
		},
		{
			"a real-time limit, which no engine gives to what runs",
			attributes{"cpu_rt_period": cty.NumberIntVal(500000)},
			attributes{"cpu_rt_period": cty.NumberIntVal(300000)},
			func(c *container.InspectResponse) { c.HostConfig.CPURealtimePeriod = 500000 },
			map[string]string{"1.41": `cpu_rt_period replace configuration 500000 -> 300000`},
		},
		{
			"a limit of a device, taken away", limited("1000"), nil, slow,
			map[string]string{
				"1.41": `blkio_config.device_read_bps replace configuration ["/dev/sda:1000"] -> [] engine`,
				"1.55": `blkio_config.device_read_bps live configuration ["/dev/sda:1000"] -> [] engine`,
			},
		},
	} {
		want := ""
		for _, api := range []string{"1.41", "1.43", "1.44", "1.45", "1.48", "1.51", "1.53", "1.54", "1.55"} {
			if text, found := row.want[api]; found {
				want = text
			}
			if want == "" {
				continue // this engine refuses it
			}
			if got := diffText(t, item(t, row.created, row.declared, row.actual, api)); got != want {
				t.Errorf("%s, API %s:\n got %s\nwant %s", row.name, api, got, want)
			}
		}
	}
}

// both are the attributes of the two.
func both(a, b attributes) attributes {
	out := attributes{}
	maps.Copy(out, a)
	maps.Copy(out, b)
	return out
}

// item is a container that was created, and what is declared of it now.
func item(t *testing.T, created, declared attributes, actual func(*container.InspectResponse), api string) provider.DiffItem {
	t.Helper()
	img := attributes{"image": text("img")}
	spec, err := provider.Spec(cty.ObjectVal(both(img, created)))
	if err != nil {
		t.Fatal(err)
	}
	facts := provider.Facts{API: api, Details: map[string]string{"default_runtime": "runc", "logging_driver": "json-file"}}
	return provider.DiffItem{
		Declaration: provider.Declaration{Address: "container.x", Kind: provider.Container, Name: "p-x", Declared: cty.ObjectVal(both(img, declared))},
		Created:     spec, Facts: facts, Condition: provider.Condition{State: provider.StateRunning}, Actual: docker.ActualOf(inspected(actual), image(), facts),
	}
}

// Options of the storage are refused where an engine would show them and not heed them.
func TestStorageOptionsWithoutEffect(t *testing.T) {
	t.Parallel()
	declaring := func(a attributes) provider.Declaration {
		return provider.Declaration{Address: "container.x", Kind: provider.Container, Declared: cty.ObjectVal(a)}
	}
	sized := attributes{"storage_opt": cty.MapVal(attributes{"size": text("1G")})}
	containerd := provider.Facts{Name: "host", Details: map[string]string{"image_store": "containerd"}}
	wantCode(t, docker.RefuseStorage(declaring(sized), containerd), provider.Refused, "storage_opt", "containerd-snapshotter")
	for what, err := range map[string]error{
		"without options": docker.RefuseStorage(declaring(attributes{"storage_opt": cty.NullVal(cty.Map(cty.String))}), containerd),
		"another store":   docker.RefuseStorage(declaring(sized), provider.Facts{Details: map[string]string{"image_store": ""}}),
	} {
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}
