package docker_test

import (
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/go-connections/nat"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/docker"
)

// What engines of any version make of an argument by themselves is no
// difference; what somebody changed is one, in the argument's own name.
func TestTrapsOfReading(t *testing.T) {
	t.Parallel()
	one := func(name string, v cty.Value) attributes { return attributes{name: v} }
	block := func(name string, a attributes) attributes { return one(name, cty.ObjectVal(a)) }
	blocks := func(name string, a attributes) attributes {
		return one(name, cty.ListVal([]cty.Value{cty.ObjectVal(a)}))
	}
	number := cty.NumberIntVal
	host := func(change func(*container.HostConfig)) func(*container.InspectResponse) {
		return func(c *container.InspectResponse) { change(c.HostConfig) }
	}
	const other = "1111111111112222222222223333333333334444444444445555555555556666"
	shared := func(id string) cty.Value {
		values := reference("container.db", "container", "p-db").AsValueMap()
		values["ref"] = text("p-db")
		values["id"] = text(id)
		values["stdout"] = cty.UnknownVal(cty.String)
		return cty.ObjectVal(values)
	}
	pending := func() cty.Value {
		values := reference("container.db", "container", "p-db").AsValueMap()
		values["id"], values["ref"] = cty.UnknownVal(cty.String), cty.UnknownVal(cty.String)
		return cty.ObjectVal(values)
	}
	swappiness, killing, noPids := int64(-1), false, int64(-1)
	rows := []struct {
		name     string
		declared attributes
		created  attributes // nil: as declared
		actual   func(*container.InspectResponse)
		facts    map[string]string
		stopped  bool
		want     string
	}{
		{name: "nothing declared, what engines fill in", actual: host(func(h *container.HostConfig) {
			h.CgroupnsMode, h.MemorySwappiness, h.OomKillDisable, h.PidsLimit = "private", &swappiness, &killing, &noPids
			h.MaskedPaths, h.ReadonlyPaths = []string{"/proc/kcore"}, []string{"/proc/bus"}
			h.LogConfig = container.LogConfig{Type: "json-file", Config: map[string]string{"max-size": "5m"}}
			h.Ulimits = []*container.Ulimit{{Name: "nofile", Soft: 1, Hard: 1}}
			h.DNS, h.DNSOptions, h.Devices, h.GroupAdd = []string{}, nil, nil, []string{}
		})},
		{name: "swap that the kernel does not count", facts: map[string]string{"swap_limit": "false"}, declared: one("mem_limit", text("64m")), actual: host(func(h *container.HostConfig) {
			h.Memory, h.MemorySwap = 64<<20, -1
		})},
		{name: "twice the memory, said", declared: attributes{"mem_limit": text("64m"), "memswap_limit": text("128m")}, actual: host(func(h *container.HostConfig) {
			h.Memory, h.MemorySwap = 64<<20, 128<<20
		})},
		{name: "swap, changed outside", declared: one("mem_limit", text("64m")), actual: host(func(h *container.HostConfig) {
			h.Memory, h.MemorySwap = 64<<20, -1
		}), want: `memswap_limit live changed outside "-1" -> nothing engine`},
		{name: "the kernel's weight", actual: host(func(h *container.HostConfig) { h.CPUShares, h.CPUPeriod, h.CPUQuota = 1024, 100_000, -1 })},
		{name: "a weight, changed outside", actual: host(func(h *container.HostConfig) { h.CPUShares = 512 }), want: `cpu_shares live changed outside 512 -> nothing engine`},
		{name: "a quota instead of CPUs", declared: one("cpu_quota", number(50_000)), actual: host(func(h *container.HostConfig) { h.NanoCPUs = 5e8 }), want: "cpu_quota replace changed outside nothing -> 50000\n" +
			"cpus replace changed outside 0.5 -> nothing engine"},
		{name: "a real-time limit, gone from the configuration", created: one("cpu_rt_runtime", number(9)), actual: host(func(h *container.HostConfig) { h.CPURealtimeRuntime = 9 }), want: `cpu_rt_runtime replace configuration 9 -> nothing engine`},

		{name: "limits beside the daemon's", declared: one("ulimits", cty.ObjectVal(attributes{"nofile": number(100), "core": cty.ObjectVal(attributes{"soft": number(0), "hard": number(-1)})})), actual: host(func(h *container.HostConfig) {
			h.Ulimits = []*container.Ulimit{{Name: "nproc", Soft: 9, Hard: 9}, {Name: "nofile", Soft: 100, Hard: 100}, {Name: "core", Soft: 0, Hard: -1}}
		})},
		{name: "a limit, not declared any more", created: one("ulimits", cty.ObjectVal(attributes{"nofile": number(100)})), actual: host(func(h *container.HostConfig) {
			h.Ulimits = []*container.Ulimit{{Name: "nofile", Soft: 100, Hard: 100}}
		}), want: `ulimits.nofile replace configuration "100:100" -> nothing engine`},

		{name: "system paths, which are no option of the engine's", declared: one("security_opt", list("systempaths=unconfined")), actual: host(func(h *container.HostConfig) {
			h.MaskedPaths, h.ReadonlyPaths = []string{}, []string{}
		})},
		{name: "options in another spelling", declared: one("security_opt", list("label:disable", "no-new-privileges=true")), actual: host(func(h *container.HostConfig) {
			h.SecurityOpt = []string{"no-new-privileges:true", "label=disable"}
		})},
		{name: "an option that a shared PID namespace adds", declared: attributes{"pid": text("host"), "security_opt": cty.ListValEmpty(cty.String)}, actual: host(func(h *container.HostConfig) {
			h.PidMode, h.SecurityOpt = "host", []string{"label=disable"}
		})},
		{name: "groups by number, in another order", declared: one("group_add", list("20", "10")), actual: host(func(h *container.HostConfig) { h.GroupAdd = []string{"10", "20"} })},
		{name: "the cgroup namespace of a host with cgroup v1", declared: one("cgroup", text("host"))},
		{name: "the cgroup namespace of a host with cgroup v2", declared: one("cgroup", text("private")), facts: map[string]string{"cgroup_version": "2"}},

		{name: "a namespace, by the id of its container", declared: one("pid", shared(other)), actual: host(func(h *container.HostConfig) { h.PidMode = "container:" + other })},
		{
			name: "a namespace of a container that was made anew", declared: one("ipc", shared(other)), actual: host(func(h *container.HostConfig) { h.IpcMode = "container:" + containerID }),
			want: `ipc replace configuration "container:` + containerID + `" -> "container:` + other + `"`,
		},
		{
			name: "a namespace of a container that will be made anew", declared: one("pid", pending()), created: one("pid", shared(other)), actual: host(func(h *container.HostConfig) { h.PidMode = "container:" + other }),
			want: `pid replace configuration "container:` + other + `" -> ?`,
		},
		{name: "a network of another container", declared: one("network_mode", shared(other)), actual: func(c *container.InspectResponse) {
			c.HostConfig.NetworkMode = "container:" + other
			c.NetworkSettings.Networks = map[string]*network.EndpointSettings{}
		}},
		{name: "the host's network", declared: one("network_mode", text("host")), actual: func(c *container.InspectResponse) {
			c.HostConfig.NetworkMode, c.Config.Hostname = "host", "vm"
			c.NetworkSettings.Networks = map[string]*network.EndpointSettings{"host": {EndpointID: "e0"}}
		}},
		{
			name: "the host's network, not declared any more", created: one("network_mode", text("host")), actual: func(c *container.InspectResponse) {
				c.HostConfig.NetworkMode = "host"
				c.NetworkSettings.Networks = map[string]*network.EndpointSettings{"host": {EndpointID: "e0"}}
			},
			want: `network_mode replace configuration "host" -> nothing engine`,
		},
		{name: "the default bridge, under either name", declared: one("network_mode", text("bridge"))},

		{name: "addresses as Engine 29 writes them", declared: one("dns", list("2001:DB8::0", "10.0.0.1")), actual: host(func(h *container.HostConfig) { h.DNS = []string{"2001:db8::", "10.0.0.1"} })},
		{name: "a port's address as Engine 29 writes it", declared: blocks("ports", attributes{"target": number(80), "published": number(8080), "protocol": text("tcp"), "host_ip": text("FD00:0::1")}), actual: func(c *container.InspectResponse) {
			c.HostConfig.PortBindings = nat.PortMap{"80/tcp": {{HostIP: "fd00::1", HostPort: "8080"}}}
			c.Config.ExposedPorts = nat.PortSet{"80/tcp": {}}
		}},
		{name: "hosts in another spelling", declared: one("extra_hosts", cty.MapVal(attributes{"a": text("FD00::1"), "b": text("host-gateway")})), actual: host(func(h *container.HostConfig) {
			h.ExtraHosts = []string{"b:host-gateway", "a=fd00::1"}
		})},
		{name: "a MAC address in another spelling", declared: one("mac_address", text("02-42-AC-11-00-09")), actual: func(c *container.InspectResponse) {
			c.NetworkSettings.Networks["bridge"].MacAddress = "02:42:ac:11:00:09"
		}},
		{name: "a MAC address of what does not run", declared: one("mac_address", text("02:42:ac:11:00:09")), stopped: true},
		{
			name: "a MAC address that is declared otherwise while it does not run", declared: one("mac_address", text("02:42:ac:11:00:09")), created: one("mac_address", text("02:42:ac:11:00:08")), stopped: true,
			want: `mac_address replace configuration "02:42:ac:11:00:08" -> "02:42:ac:11:00:09"`,
		},
		{
			name: "a MAC address that is declared while it does not run", declared: one("mac_address", text("02:42:ac:11:00:09")), created: attributes{}, stopped: true,
			want: `mac_address replace configuration nothing -> "02:42:ac:11:00:09"`,
		},
		{name: "ports, exposed by the image and by publishing", declared: one("expose", list("80", "90-91/udp")), actual: func(c *container.InspectResponse) {
			c.Config.ExposedPorts = nat.PortSet{"443/tcp": {}, "90/udp": {}, "80/tcp": {}, "91/udp": {}}
		}},
		{
			name: "a port, not exposed", declared: one("expose", list("80", "81")), actual: func(c *container.InspectResponse) { c.Config.ExposedPorts = nat.PortSet{"80/tcp": {}} },
			want: `expose.81/tcp replace changed outside nothing -> "exposed"`,
		},

		{name: "a device, said in full", declared: blocks("devices", attributes{"source": text("/dev/fuse")}), actual: host(func(h *container.HostConfig) {
			h.Devices = []container.DeviceMapping{{PathOnHost: "/dev/fuse", PathInContainer: "/dev/fuse", CgroupPermissions: "mrw"}}
		})},
		{name: "GPUs", declared: blocks("gpus", attributes{"count": text("all"), "driver": text("nvidia"), "capabilities": list("compute")}), actual: host(func(h *container.HostConfig) {
			h.DeviceRequests = []container.DeviceRequest{{Driver: "nvidia", Count: -1, Capabilities: [][]string{{"compute", "gpu"}}, Options: map[string]string{}}}
		})},
		{name: "a device by its name", declared: blocks("devices", attributes{"source": text("vendor.com/gpu=0")}), actual: host(func(h *container.HostConfig) {
			h.DeviceRequests = []container.DeviceRequest{{Driver: "cdi", DeviceIDs: []string{"vendor.com/gpu=0"}}}
		})},
		{name: "the daemon's options of the log", declared: block("logging", attributes{"driver": text("json-file"), "options": cty.MapVal(attributes{"max-file": text("2")})}), actual: host(func(h *container.HostConfig) {
			h.LogConfig = container.LogConfig{Type: "json-file", Config: map[string]string{"max-size": "5m", "max-file": "2"}}
		})},
		{
			name: "an option of the log, changed in the configuration", declared: block("logging", attributes{"options": cty.MapVal(attributes{"max-file": text("3")})}),
			created: block("logging", attributes{"options": cty.MapVal(attributes{"max-file": text("2")})}), actual: host(func(h *container.HostConfig) {
				h.LogConfig = container.LogConfig{Type: "json-file", Config: map[string]string{"max-size": "5m", "max-file": "2"}}
			}),
			want: `logging.options.max-file replace configuration "2" -> "3"`,
		},
		{
			name: "a weight on disks, gone from the configuration", created: block("blkio_config", attributes{"weight": number(300)}), actual: host(func(h *container.HostConfig) { h.BlkioWeight = 300 }),
			want: `blkio_config.weight replace configuration 300 -> nothing engine`,
		},
		{name: "a check that is off, said otherwise", declared: block("healthcheck", attributes{"disable": cty.True}), actual: func(c *container.InspectResponse) {
			c.Config.Healthcheck = &container.HealthConfig{Test: []string{"NONE"}, Interval: 5e9}
		}},
		{
			name: "a secret option of the log", declared: block("logging", attributes{"options": cty.MapVal(attributes{"token": text("new")}).Mark(provider.Sensitive)}),
			created: attributes{}, actual: host(func(h *container.HostConfig) {
				h.LogConfig = container.LogConfig{Type: "json-file", Config: map[string]string{"token": "old"}}
			}),
			want: `logging.options.token replace both (sensitive)`,
		},
	}
	for _, row := range rows {
		declared, created := attributes{"image": text("img")}, attributes{"image": text("img")}
		for name, v := range row.declared {
			declared[name] = v
		}
		for name, v := range row.created {
			created[name] = v
		}
		if row.created == nil {
			created = declared
		}
		spec, err := provider.Spec(cty.ObjectVal(created))
		if err != nil {
			t.Fatal(err)
		}
		facts := provider.Facts{API: "1.41", Details: map[string]string{"default_runtime": "runc", "logging_driver": "json-file"}}
		for name, v := range row.facts {
			facts.Details[name] = v
		}
		item := provider.DiffItem{
			Declaration: provider.Declaration{Address: "container.x", Kind: provider.Container, Name: "p-x", Declared: cty.ObjectVal(declared)},
			Created:     spec, Actual: docker.ActualOf(inspected(row.actual), image(), facts), Facts: facts,
			Condition: provider.Condition{State: provider.StateRunning},
		}
		if row.stopped {
			item.Condition.State = provider.StateExited
		}
		if got := diffText(t, item); got != row.want {
			t.Errorf("%s:\n got %s\nwant %s", row.name, got, row.want)
		}
	}
}
