package e2e_test

import (
	"runtime"

	"github.com/dindctl/dindctl/provider"
)

// daemonLabel is the one daemon of the matrix, which takes all arguments of a daemon.
const daemonLabel = "dind"

// besides is what the examples refer to.
const besides = `
network "outer" {}
network "joined" {
  enable_ipv6 = true
  ipam {
    config { subnet = "10.97.0.0/24" }
    config { subnet = "fd00:97::/64" }
  }
}
volume "a" {}
volume "b" {}
`

// common are the arguments of each object of a kind.
func common(kind provider.Kind) map[string]string {
	switch kind {
	case provider.Container:
		return map[string]string{"image": `"` + bashImage + `"`, "command": `["sleep", "1000"]`, "stop_signal": `"KILL"`, "network_mode": `"bridge"`}
	case provider.Daemon:
		return map[string]string{"image": `"` + dindImage + `"`, "networks": "[network.outer]", "stop_signal": `"KILL"`}
	case provider.Image, provider.Network, provider.Volume, provider.Controller, provider.Job, provider.Guard:
	}
	return nil
}

// allExamples are the examples by kind: of a container those of the provider's
// table and of the language itself.
func allExamples() map[provider.Kind]map[string]trial {
	container := examples()
	for name, e := range coreExamples() {
		container[name] = e
	}
	return map[provider.Kind]map[string]trial{
		provider.Container: container, provider.Network: networkExamples(), provider.Volume: volumeExamples(),
		provider.Image: imageExamples(), provider.Daemon: daemonExamples(),
	}
}

// coreExamples are the arguments that the language gives to a container.
func coreExamples() map[string]trial {
	return map[string]trial{
		"name":       {first: `"matrix-one"`, second: `"matrix-two"`, path: "Name", shows: `"/matrix-one"`, then: `"/matrix-two"`, lifted: `"/matrix-name"`, outside: "rename matrix-one matrix-three", live: true},
		"inside":     {exempt: notShown},
		"depends_on": {exempt: notShown},
		"image": {
			first: `"matrix.local/a"`, second: `"matrix.local/b"`, without: "image", with: "", path: "Config.Image",
			shows: `"matrix.local/a"`, then: `"matrix.local/b"`, outside: "tag " + controllerBase + " matrix.local/a",
		},
		"networks": {
			first: `[network.outer]`, second: `[network.outer, network.joined]`, without: "network_mode", path: "NetworkSettings.Networks.@keys",
			shows: `["matrix-outer"]`, then: `["matrix-joined","matrix-outer"]`, lifted: `["matrix-default"]`,
			outside: "network connect matrix-joined matrix-networks",
		},
		"env_file": {first: `["./a.env"]`, second: `["./b.env"]`, path: "Config.Env.0", shows: `"FROM=a"`, then: `"FROM=b"`, changes: []string{"environment.FROM"}},
		"mount": {
			first:  "type = \"bind\"\nsource = \"./mount/a\"\ntarget = \"/m\"\nread_only = true\npropagation = \"private\"",
			second: "type = \"volume\"\nsource = volume.a\ntarget = \"/m\"", path: "Mounts.0.Type", shows: `"bind"`, then: `"volume"`,
		},
		"mount.subpath":       {exempt: notShown},
		"mount.create_source": {exempt: notShown},
		"mount.resolve":       {exempt: notShown},
		"attach": {
			first: "network = network.joined\naliases = [\"db\"]\nipv4 = \"10.97.0.50\"\nipv6 = \"fd00:97::50\"", second: "network = network.joined\naliases = [\"db\"]\nipv4 = \"10.97.0.51\"",
			without: "network_mode", path: "NetworkSettings.Networks.matrix-joined.IPAddress", shows: `"10.97.0.50"`, then: `"10.97.0.51"`, live: true,
			outside: "network disconnect matrix-joined matrix-attach", changes: []string{"attach", "networks"},
		},
		"attach.mac": {
			first: "network = network.outer\nmac = \"02:42:ac:11:aa:03\"", second: "network = network.outer\nmac = \"02:42:ac:11:aa:04\"", without: "network_mode",
			path: "NetworkSettings.Networks.matrix-outer.MacAddress", shows: `"02:42:ac:11:aa:03"`, then: `"02:42:ac:11:aa:04"`, lifted: "null", changes: []string{"attach", "networks"},
		},
		"attach.sysctls": {
			first: "network = network.outer\nsysctls = { \"net.ipv4.conf.IFNAME.forwarding\" = 1 }", second: "network = network.outer\nsysctls = { \"net.ipv4.conf.IFNAME.forwarding\" = 0 }", without: "network_mode",
			path: "NetworkSettings.Networks.matrix-outer.DriverOpts", shows: `{"com.docker.network.endpoint.sysctls":"net.ipv4.conf.IFNAME.forwarding=1"}`,
			then: `{"com.docker.network.endpoint.sysctls":"net.ipv4.conf.IFNAME.forwarding=0"}`, lifted: "null", live: true, changes: []string{"attach", "networks"},
		},
		"attach.priority": {
			first: "network = network.outer\npriority = 5", second: "network = network.outer\npriority = 6", without: "network_mode",
			path: "NetworkSettings.Networks.matrix-outer.GwPriority", shows: `5`, then: `6`, lifted: "null", changes: []string{"attach", "networks"},
		},
	}
}

func networkExamples() map[string]trial {
	const six = "ipam {\nconfig {\nsubnet = \"10.98.0.0/24\"\n}\nconfig {\nsubnet = \"fd00:98::/64\"\n}\n}"
	const sixAlone = "ipam {\nconfig {\nsubnet = \"fd00:96::/64\"\n}\n}" // no two networks have one range
	return map[string]trial{
		"name":        {first: `"matrix-net-one"`, second: `"matrix-net-two"`, path: "Name", shows: `"matrix-net-one"`, then: `"matrix-net-two"`, lifted: `"matrix-name"`},
		"inside":      {exempt: notShown},
		"depends_on":  {exempt: notShown},
		"external":    {exempt: notShown},
		"driver":      {first: `"macvlan"`, second: `"ipvlan"`, path: "Driver", shows: `"macvlan"`, then: `"ipvlan"`, outside: "-d ipvlan", probe: "macvlan"},
		"internal":    {first: `true`, second: `false`, path: "Internal", shows: `true`, then: `false`, outside: "-d bridge"},
		"attachable":  {first: `true`, second: `false`, path: "Attachable", shows: `true`, then: `false`, outside: "-d bridge"},
		"enable_ipv4": {first: `false`, second: `true`, path: "EnableIPv4", shows: `false`, then: `true`, with: "enable_ipv6 = true\n" + sixAlone},
		"enable_ipv6": {first: `true`, second: `null`, path: "EnableIPv6", shows: `true`, then: `false`, with: six, outside: "--subnet 10.98.0.0/24 --subnet fd00:98::/64"},
		"options": {
			first: `{ "com.docker.network.driver.mtu" = "1400" }`, second: `{ "com.docker.network.driver.mtu" = "1300" }`, path: "Options",
			shows: `{"com.docker.network.driver.mtu":"1400"}`, then: `{"com.docker.network.driver.mtu":"1300"}`, outside: "-o com.docker.network.driver.mtu=1200",
		},
		"labels": {first: `{ team = "ci" }`, second: `{ team = "qa" }`, path: "Labels.team", shows: `"ci"`, then: `"qa"`, outside: "--label team=other"},
		"ipam": {
			first:  "driver = \"default\"\noptions = { a = \"b\" }\nconfig {\nsubnet = \"10.99.0.0/24\"\nip_range = \"10.99.0.128/25\"\ngateway = \"10.99.0.2\"\naux_addresses = { router = \"10.99.0.3\" }\n}",
			second: "config {\nsubnet = \"10.99.0.0/24\"\ngateway = \"10.99.0.4\"\n}",
			path:   "IPAM.Config", shows: `[{"Subnet":"10.99.0.0/24","IPRange":"10.99.0.128/25","Gateway":"10.99.0.2","AuxiliaryAddresses":{"router":"10.99.0.3"}}]`,
			then: `[{"Subnet":"10.99.0.0/24","Gateway":"10.99.0.4"}]`, lifted: "@any",
			outside: "--ipam-opt a=b --subnet 10.99.0.0/24 --ip-range 10.99.0.128/25 --gateway 10.99.0.5 --aux-address router=10.99.0.3",
		},
	}
}

func volumeExamples() map[string]trial {
	return map[string]trial{
		"name":       {first: `"matrix-vol-one"`, second: `"matrix-vol-two"`, path: "Name", shows: `"matrix-vol-one"`, then: `"matrix-vol-two"`, lifted: `"matrix-name"`},
		"inside":     {exempt: notShown},
		"depends_on": {exempt: notShown},
		"external":   {exempt: notShown},
		"driver":     {first: `"local"`, second: `null`, path: "Driver", shows: `"local"`, then: `"local"`},
		"options": {
			first: `{ type = "none", o = "bind", device = "/etc" }`, second: `{ type = "none", o = "bind", device = "/usr" }`, path: "Options.device", shows: `"/etc"`, then: `"/usr"`,
			outside: "-o type=none -o o=bind -o device=/var",
		},
		"labels": {first: `{ team = "ci" }`, second: `{ team = "qa" }`, path: "Labels.team", shows: `"ci"`, then: `"qa"`, outside: "--label team=other"},
	}
}

// imageExamples: an example is the whole body of a block, since one image has one
// way to be made.
func imageExamples() map[string]trial {
	build := func(name, first, second string) trial {
		return trial{
			first: "build {\n" + first + "\n}", second: "build {\n" + second + "\n}", path: "Config.Labels.from", shows: `"` + name + `"`, then: `"` + name + `2"`, changes: []string{"build"},
			lifted: "null",
		}
	}
	stages := "dockerfile_inline = \"FROM " + bashImage + " AS target\\nLABEL from=target\\nFROM " + bashImage + " AS target2\\nLABEL from=target2\"\n"
	args := "dockerfile_inline = \"FROM " + bashImage + "\\nARG V\\nLABEL from=$V\"\n"
	inline := "dockerfile_inline = \"FROM " + bashImage + "\\nLABEL from=inline\"\n"
	platform := build("", inline+"platform = \"linux/"+runtime.GOARCH+"\"", inline)
	platform.path, platform.shows, platform.then, platform.lifted = "Os", `"linux"`, `"linux"`, `"linux"`
	context := build("", "context = \"./a\"", "context = \"./b\"")
	context.shows, context.then = `"a"`, `"b"`
	file := build("", "context = \"./c\"\ndockerfile = \"One\"", "context = \"./c\"\ndockerfile = \"Two\"")
	file.shows, file.then = `"one"`, `"two"`
	name := build("", inline, inline)
	name.first += "\nname = \"matrix.local/one\""
	name.second += "\nname = \"matrix.local/two\""
	name.path, name.shows, name.then, name.lifted = "RepoTags.0", `"matrix.local/one:latest"`, `"matrix.local/two:latest"`, `"matrix-name:latest"`
	name.changes = []string{"name", "build"}
	return map[string]trial{
		"name":       name,
		"inside":     {exempt: notShown},
		"depends_on": {exempt: notShown},
		"external":   {exempt: notShown},
		"from":       {exempt: notShown},
		"pull":       {exempt: notShown},

		"build.context":           context,
		"build.dockerfile":        file,
		"build.dockerfile_inline": build("inline", inline, "dockerfile_inline = \"FROM "+bashImage+"\\nLABEL from=inline2\""),
		"build.args":              build("args", args+"args = { V = \"args\" }", args+"args = { V = \"args2\" }"),
		"build.target":            build("target", stages+"target = \"target\"", stages+"target = \"target2\""),
		"build.platform":          platform,
		"build.labels":            build("labels", inline+"labels = { from = \"labels\" }", inline+"labels = { from = \"labels2\" }"),
		"build.network":           {exempt: notShown},
		"build.no_cache":          {exempt: notShown},
		"build.secrets":           {exempt: notShown},
		"build.cache_from":        {exempt: notShown},
	}
}

// daemonExamples are arguments of one daemon: what of daemon.json is declared is
// read back from its file, and shown by dockerd.
func daemonExamples() map[string]trial {
	on := func(e trial) trial { e.on = daemonLabel; return e }
	edit := func(from, to string) string { return "sed -i 's|" + from + "|" + to + "|' /etc/docker/daemon.json" }
	return map[string]trial{
		"config": on(trial{
			first: `{ "log-level" = "warn", "labels" = ["a=b"] }`, second: `{ "log-level" = "error", "labels" = ["a=c"] }`, path: "Info.Labels", shows: `["a=b"]`, then: `["a=c"]`, lifted: `[]`,
			outside: edit("a=b", "a=z"), changes: []string{"config.labels", "config.log-level"},
		}),
		"registry_mirrors": on(trial{
			first: `["https://one.example/"]`, second: `["https://two.example/"]`, path: "Info.RegistryConfig.Mirrors", shows: `["https://one.example/"]`, then: `["https://two.example/"]`, lifted: `[]`,
			outside: edit("one.example", "three.example"),
		}),
		"insecure_registries": on(trial{
			first: `["one.example:5000"]`, second: `["two.example:5000"]`, path: "File.insecure-registries", shows: `["one.example:5000"]`, then: `["two.example:5000"]`, lifted: `null`,
			outside: edit("one.example:5000", "three.example:5000"),
		}),
		"storage_driver": on(trial{first: `"vfs"`, second: `"overlay2"`, path: "Info.Driver", shows: `"vfs"`, then: `"overlay2"`, lifted: `"overlay2"`, outside: edit(`"vfs"`, `"overlay"`)}),
		"mtu":            on(trial{first: `1400`, second: `1300`, path: "File.mtu", shows: `1400`, then: `1300`, lifted: `null`, outside: edit("1400", "1200")}),
		"address_pools": on(trial{
			first: `[{ base = "10.44.0.0/16", size = 26 }]`, second: `[{ base = "10.45.0.0/16", size = 24 }]`, path: "Info.DefaultAddressPools",
			shows: `[{"Base":"10.44.0.0/16","Size":26}]`, then: `[{"Base":"10.45.0.0/16","Size":24}]`, lifted: `[{"Base":"10.201.0.0/16","Size":24}]`,
			outside: edit("10.44", "10.46"), changes: []string{"address_pools", "config.default-address-pools"},
		}),
		"flags":        on(trial{first: `["--max-concurrent-downloads=2"]`, second: `["--max-concurrent-downloads=4"]`, path: "Args.@last", shows: `"--max-concurrent-downloads=2"`, then: `"--max-concurrent-downloads=4"`, lifted: "@any"}),
		"alias":        on(trial{first: `"one"`, second: `"two"`, path: "NetworkSettings.Networks.matrix-outer.Aliases", shows: "@any", then: "@any", lifted: "@any", changes: []string{"alias", "attach"}}),
		"tls":          on(trial{first: `false`, second: `true`, path: "Config.Env", shows: "@any", then: "@any", lifted: "@any", changes: []string{"environment"}}),
		"data":         on(trial{first: `volume.a`, second: `volume.b`, path: "Mounts.Destination=/var/lib/docker.Name", shows: `"matrix-a"`, then: `"matrix-b"`, lifted: `"matrix-dind-data"`, changes: []string{"mount"}}),
		"entry_mounts": {exempt: notShown},
		"socket":       {exempt: notShown},
		"endpoint":     {exempt: notShown},
		"certificates": {exempt: notShown},
	}
}
