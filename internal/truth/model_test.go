package truth_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/docker/docker/api/types/versions"

	"github.com/dindctl/dindctl/provider"
)

// project is whose configuration is edited.
const project = "truth"

// block is one block of the configuration, as a value: it is written as HCL by
// [configuration.text].
type block struct {
	ID    int // stays, whatever the block is called
	Kind  provider.Kind
	Label string
	Name  string // of an explicit name, empty for none
	Args  map[string]chosen
	// Networks, Volumes and Image are what it refers to, by their IDs; Shares is the
	// container whose network namespace it has. 0 is none.
	Networks, Volumes []int
	Image, Shares     int
	// Inside is the daemon that it lives in, Daemon the one that a controller uses.
	Inside, Daemon int
	// Attach are the options that it has in networks which it joins, by their IDs.
	Attach map[int]map[string]chosen
	// Ignores are the arguments whose changes are to be left alone.
	Ignores []string
}

// chosen is one of an argument's values, in one of its spellings.
type chosen struct{ Value, Spelling int }

func (b block) address() string { return string(b.Kind) + "." + b.Label }

// named is its name in the engine.
func (b block) named() string {
	if b.Name != "" {
		return b.Name
	}
	return project + "-" + b.Label
}

// configuration is what stands in the file.
type configuration struct {
	Blocks []block
	Moved  [][2]string
}

func (c configuration) clone() configuration {
	out := configuration{Moved: slices.Clone(c.Moved)}
	for _, b := range c.Blocks {
		out.Blocks = append(out.Blocks, b.clone())
	}
	return out
}

func (b block) clone() block {
	b.Args, b.Networks, b.Volumes, b.Ignores = maps.Clone(b.Args), slices.Clone(b.Networks), slices.Clone(b.Volumes), slices.Clone(b.Ignores)
	attach := map[int]map[string]chosen{}
	for id, options := range b.Attach {
		attach[id] = maps.Clone(options)
	}
	b.Attach = attach
	return b
}

// has is the first of these arguments that it has; empty for none.
func (c configuration) has(names map[string]string) string {
	for _, b := range c.Blocks {
		for _, name := range sortedKeys(b.Args) {
			if names[name] != "" {
				return name
			}
		}
		for _, options := range b.Attach {
			for _, name := range sortedKeys(options) {
				if names["attach "+name] != "" {
					return "attach " + name
				}
			}
		}
	}
	return ""
}

// late are the arguments that an engine takes from an API on.
var late = map[string]string{"annotations": "1.43", "enable_ipv4": "1.48", "attach priority": "1.48", "attach sysctls": "1.46"}

// tooEarly are those that an engine of an API does not take, by why.
func tooEarly(api string) map[string]string {
	out := map[string]string{}
	for name, from := range late {
		if versions.LessThan(api, from) {
			out[name] = "engines take it from API " + from + " on"
		}
	}
	return out
}

// misplaced tells whether an engine of an API cannot give the hardware addresses where
// they are asked for: before 1.44 there is one, of a container in one network.
func (c configuration) misplaced(api string) bool {
	for _, b := range c.Blocks {
		macs := 0
		if _, own := b.Args["mac_address"]; own {
			macs++
		}
		for _, options := range b.Attach {
			if _, said := options["mac"]; said {
				macs++
			}
		}
		if macs > 1 || macs > 0 && len(b.Networks) > 1 && versions.LessThan(api, "1.44") {
			return true
		}
	}
	return false
}

func (c configuration) byID(id int) *block {
	for i := range c.Blocks {
		if c.Blocks[i].ID == id {
			return &c.Blocks[i]
		}
	}
	return nil
}

func (c configuration) of(kinds ...provider.Kind) []*block {
	var out []*block
	for i := range c.Blocks {
		if slices.Contains(kinds, c.Blocks[i].Kind) {
			out = append(out, &c.Blocks[i])
		}
	}
	return out
}

// text is the configuration as a file.
func (c configuration) text() string {
	var out strings.Builder
	fmt.Fprintf(&out, "project { name = %q }\n", project)
	for _, b := range c.Blocks {
		fmt.Fprintf(&out, "%s %q {\n", b.Kind, b.Label)
		if b.Name != "" {
			fmt.Fprintf(&out, "  name = %q\n", b.Name)
		}
		for _, line := range c.body(b) {
			fmt.Fprintf(&out, "  %s\n", line)
		}
		out.WriteString("}\n")
	}
	for _, m := range c.Moved {
		fmt.Fprintf(&out, "moved {\n  from = %s\n  to = %s\n}\n", m[0], m[1])
	}
	return out.String()
}

func (c configuration) body(b block) []string {
	var out []string
	if b.Inside != 0 {
		out = append(out, "inside = "+c.byID(b.Inside).address())
	}
	switch b.Kind {
	case provider.Daemon:
		out = append(out, "tls = false") // what is inside does not hang on how it is reached
	case provider.Controller:
		out = append(out, "daemon = "+c.byID(b.Daemon).address())
	default:
	}
	if b.Kind.Runs() {
		image := `"base.local/a"`
		if b.Image != 0 {
			image = c.byID(b.Image).address()
		}
		if _, chosen := b.Args["image"]; !chosen || b.Image != 0 {
			out = append(out, "image = "+image)
		}
		if b.Kind == provider.Job {
			out = append(out, `command = ["true"]`)
		} else if b.Kind == provider.Daemon {
			out = append(out, `entrypoint = ["dockerd"]`)
		} else if _, chosen := b.Args["command"]; !chosen {
			out = append(out, `command = ["sleep", "1000"]`)
		}
		if b.Shares != 0 {
			out = append(out, "network_mode = "+c.byID(b.Shares).address())
		} else {
			out = append(out, c.joined(b)...)
		}
		for i, id := range b.Volumes {
			out = append(out, fmt.Sprintf("mount {\n    source = %s\n    target = \"/v%d\"\n  }", c.byID(id).address(), i))
		}
	}
	if _, built := b.Args["build"]; b.Kind == provider.Image && !built {
		out = append(out, "from = \"base.local/a\"")
	}
	for _, name := range slices.Sorted(maps.Keys(b.Args)) {
		if name == "image" && b.Image != 0 {
			continue
		}
		out = append(out, argumentOf(b.Kind, name).text(b.Args[name], b.ID))
	}
	if len(b.Ignores) > 0 {
		out = append(out, "lifecycle {\n    ignore_changes = ["+strings.Join(b.Ignores, ", ")+"]\n  }")
	}
	return out
}

// joined are the networks of a block: those that an attach block says enough of stand
// in no list.
func (c configuration) joined(b block) []string {
	var list, out []string
	for _, id := range b.Networks {
		n := c.byID(id)
		options := b.Attach[id]
		if len(options) == 0 || listed(id) {
			list = append(list, n.address())
		}
		if len(options) == 0 {
			continue
		}
		lines := []string{"network = " + n.address()}
		for _, name := range sortedKeys(options) {
			lines = append(lines, attachOption(name).text(options[name], id, b.ID))
		}
		out = append(out, "attach {\n    "+strings.Join(lines, "\n    ")+"\n  }")
	}
	if len(list) > 0 {
		out = append([]string{"networks = [" + strings.Join(list, ", ") + "]"}, out...)
	}
	return out
}

// listed tells whether a network stands in the list beside an attach block, too: that is
// one thing in two spellings.
func listed(id int) bool { return id%2 == 0 }

// argument is one that is edited, with its values: other values are another thing,
// spellings of one value are the same.
type argument struct {
	name   string
	values [][]string // NUM is the number of what it belongs to, OWN that of the block in an attach block
	block  bool
	whole  bool // the values are all lines, with its name
	// after is the argument that it has to stand beside.
	after string
}

func (a argument) text(c chosen, ids ...int) string {
	value := a.values[c.Value%len(a.values)]
	text := value[c.Spelling%len(value)]
	for i, id := range ids {
		text = strings.ReplaceAll(text, []string{"NUM", "OWN"}[i], strconv.Itoa(10+id)) // two digits, of which the first is none that is left out
	}
	if a.whole {
		return text
	}
	if a.block {
		return a.name + " {\n    " + strings.ReplaceAll(text, "\n", "\n    ") + "\n  }"
	}
	return a.name + " = " + text
}

func one(values ...string) [][]string {
	var out [][]string
	for _, v := range values {
		out = append(out, []string{v})
	}
	return out
}

func argumentOf(kind provider.Kind, name string) argument {
	all := arguments(kind)
	return all[slices.IndexFunc(all, func(a argument) bool { return a.name == name })]
}

// arguments are those of a kind that edits choose from. What is not here is in
// [untried], with the reason.
func arguments(kind provider.Kind) []argument {
	switch kind {
	case provider.Network:
		return networkArguments
	case provider.Volume:
		return volumeArguments
	case provider.Image:
		return imageArguments
	case provider.Job:
		return slices.DeleteFunc(slices.Clone(containerArguments), func(a argument) bool {
			return slices.Contains([]string{"command", "entrypoint", "restart", "logging", "ports"}, a.name)
		})
	case provider.Daemon:
		return daemonArguments
	case provider.Controller:
		return slices.DeleteFunc(slices.Clone(containerArguments), func(a argument) bool { return !slices.Contains(ofControllers, a.name) })
	default:
		return containerArguments
	}
}

// ofControllers are the arguments that are edited of a controller: the others are a
// container's.
var ofControllers = []string{"environment", "user", "restart", "labels", "mem_limit", "hostname", "stop_grace_period", "init", "mac_address"}

var daemonArguments = []argument{
	{name: "labels", values: labelValues},
	{name: "alias", values: one(`"engine"`, `"other"`)},
	{name: "config", values: [][]string{{`{ "max-concurrent-downloads" = 3 }`, `{ max-concurrent-downloads = 3 }`}, {`{ "max-concurrent-downloads" = 4, debug = true }`}}},
	{name: "registry_mirrors", values: one(`["https://a.example"]`, `["https://a.example", "https://b.example"]`)},
	{name: "insecure_registries", values: one(`["a.example:5000"]`)},
	{name: "mtu", values: one("1400", "1300")},
	{name: "flags", values: one(`["--debug"]`)},
	{name: "environment", values: one(`{ A = "1" }`, `{ A = "2" }`)},
	{name: "restart", values: one(`"always"`, `"unless-stopped"`)},
	{name: "mem_limit", values: [][]string{{`"1g"`, `"1024m"`}, {`"2g"`}}},
	{name: "hostname", values: one(`"one"`, `"two"`)},
	{name: "stop_grace_period", values: [][]string{{`"3s"`, `"3000ms"`}, {`"1m"`}}},
}

var labelValues = [][]string{{`{ team = "ci" }`, `{ "team" = "ci" }`}, {`{ team = "qa" }`}, {`{ team = "ci", more = "1" }`}}

var containerArguments = []argument{
	{name: "image", values: [][]string{{`"base.local/a"`, `"base.local/a:latest"`}, {`"base.local/b"`}}},
	{name: "command", values: one(`["sleep", "1000"]`, `["sleep", "2000"]`, `["sleep", "1000", "1"]`)},
	{name: "entrypoint", values: one(`["bash", "-c", "exec sleep 2000"]`, `["bash", "-c", "exec sleep 3000"]`)},
	{name: "environment", values: [][]string{{`{ A = "1" }`, `{ "A" = 1 }`}, {`{ A = "2" }`}, {`{ A = "1", B = "" }`}, {`{ FROM = "file" }`}}},
	{name: "user", values: one(`"1000"`, `"1000:1000"`)},
	{name: "working_dir", values: [][]string{{`"/tmp"`, `"/tmp/"`, `"/srv/../tmp"`}, {`"/srv"`}}},
	{name: "restart", values: one(`"always"`, `"on-failure:3"`, `"no"`, `"unless-stopped"`)},
	{name: "stop_signal", values: [][]string{{`"INT"`, `"SIGINT"`, `"sigint"`}, {`"KILL"`, `"SIGKILL"`, `"9"`}, {`"USR1"`, `"10"`}}},
	{name: "stop_grace_period", values: [][]string{{`"3s"`, `"3000ms"`}, {`"1m"`, `"60s"`, `"1m0s"`}, {`"10s"`}}},
	{name: "init", values: one("true", "false")},
	{name: "tty", values: one("true", "false")},
	{name: "stdin_open", values: one("true", "false")},
	{name: "labels", values: labelValues},
	{name: "cpus", values: [][]string{{"0.5", "0.50"}, {"1.5"}, {"2", "2.0"}}},
	{name: "cpu_shares", values: one("512", "2048", "1024")},
	{name: "cpu_period", values: one("50000", "20000")},
	{name: "cpu_quota", values: one("50000", "20000")},
	{name: "cpuset", values: [][]string{{`"0"`}, {`"0-1"`, `"0,1"`}}},
	{name: "cpuset_mems", values: [][]string{{`"0"`, `"0-0"`, `"0,0"`}}},
	{name: "pids_limit", values: one("100", "200", "-1")},
	{name: "blkio_config", block: true, values: one("weight = 300", "weight = 400")},
	{name: "mem_limit", values: [][]string{{`"64m"`, `"65536k"`, `"67108864"`, `"64mb"`}, {`"1g"`, `"1024m"`}, {`"128m"`}}},
	{name: "memswap_limit", after: "mem_limit", values: [][]string{{`"2g"`, `"2048m"`}, {`"3g"`}, {`"-1"`}}},
	{name: "mem_reservation", values: [][]string{{`"32m"`, `"32768k"`}, {`"48m"`}}},
	{name: "mem_swappiness", values: one("60", "0")},
	{name: "shm_size", values: [][]string{{`"1m"`, `"1024k"`}, {`"64m"`}, {`"2m"`}}},
	{name: "oom_kill_disable", values: one("true", "false")},
	{name: "oom_score_adj", values: one("500", "100")},
	{name: "privileged", values: one("true", "false")},
	{name: "read_only", values: one("true", "false")},
	{name: "cap_add", values: [][]string{{`["net_admin"]`, `["NET_ADMIN"]`, `["CAP_NET_ADMIN"]`}, {`["NET_ADMIN", "SYS_PTRACE"]`, `["SYS_PTRACE", "NET_ADMIN"]`}}},
	{name: "cap_drop", values: [][]string{{`["ALL"]`, `["all"]`}, {`["NET_RAW"]`, `["CAP_NET_RAW"]`}}},
	{name: "security_opt", values: [][]string{{`["no-new-privileges"]`, `["no-new-privileges=true"]`, `["no-new-privileges:true"]`}, {`["seccomp=unconfined"]`, `["seccomp:unconfined"]`}}},
	{name: "group_add", values: [][]string{{`[1234]`, `["1234"]`}, {`["1234", "4321"]`, `["4321", "1234"]`}}},
	{name: "userns_mode", values: one(`"host"`)},
	{name: "uts", values: one(`"host"`)},
	{name: "ipc", values: one(`"shareable"`, `"host"`, `"private"`)},
	{name: "pid", values: one(`"host"`)},
	{name: "cgroup", values: one(`"private"`, `"host"`)},
	{name: "cgroup_parent", values: [][]string{{`"/truth-a"`, `"/truth-a/"`, `"//truth-a"`}, {`"/truth-b"`}}},
	{name: "sysctls", values: [][]string{{`{ "net.ipv4.ip_forward" = 1 }`, `{ "net.ipv4.ip_forward" = "1" }`}, {`{ "net.ipv4.ip_forward" = "0" }`}}},
	{name: "ulimits", values: [][]string{{`{ nofile = 100 }`, `{ nofile = { soft = 100, hard = 100 } }`}, {`{ nofile = 200, nproc = { soft = 10, hard = 20 } }`}}},
	{name: "mac_address", values: [][]string{{`"00:16:3e:01:NUM:0a"`, `"00:16:3E:01:NUM:0A"`}, {`"00:16:3e:01:NUM:0b"`}}},
	{name: "annotations", values: one(`{ a = "1" }`, `{ a = "2", b = "3" }`)},
	{name: "hostname", values: one(`"one"`, `"two"`)},
	{name: "domainname", values: one(`"a.example"`, `"b.example"`)},
	{name: "dns", values: [][]string{{`["10.0.0.1"]`}, {`["10.0.0.1", "FD00::1"]`, `["10.0.0.1", "fd00:0:0::1"]`}}},
	{name: "dns_opt", values: one(`["ndots:2"]`, `["ndots:3"]`)},
	{name: "dns_search", values: one(`["a.example"]`, `["b.example", "a.example"]`)},
	{name: "extra_hosts", values: [][]string{{`{ db = "10.0.0.1" }`}, {`{ db = "host-gateway" }`}, {`{ db = "fd00::1" }`, `{ db = "FD00:0::1" }`}}},
	{name: "expose", values: [][]string{{`["80"]`, `["80/tcp"]`}, {`["80", "53/udp"]`, `["53/udp", "80/tcp"]`}}},
	{name: "tmpfs", values: [][]string{{`["/run"]`, `["/run/"]`}, {`["/run:size=1m,mode=1777"]`, `["/run:mode=1777,size=1m"]`, `["/run:size=2m,mode=01777,noexec,size=0x100000"]`}}},
	{name: "device_cgroup_rules", values: one(`["c 1:3 rwm"]`, `["c 1:3 r"]`)},
	{name: "logging", block: true, values: [][]string{{`driver = "local"`}, {"driver = \"json-file\"\noptions = { max-size = \"1m\" }", "driver = \"json-file\"\noptions = { max-size = \"1000k\" }"}, {"driver = \"json-file\"\noptions = { max-size = \"2m\" }"}}},
	{name: "ports", block: true, values: [][]string{
		{"target = 80", "target = 80\nprotocol = \"tcp\""},
		{"target = 80\nhost_ip = \"0.0.0.0\"", "target = 80\nhost_ip = \"::ffff:0.0.0.0\""},
		{"target = 53\nprotocol = \"udp\""},
		{"target = 80\nhost_ip = \"::1\"", "target = 80\nhost_ip = \"0:0:0:0:0:0:0:1\""},
		{"target = 80\nhost_ip = \"127.0.0.1\""},
	}},
	{name: "healthcheck", block: true, values: [][]string{
		{"test = [\"CMD\", \"true\"]", "test = [\"CMD\", \"true\"]\ninterval = \"30s\"", "test = [\"CMD\", \"true\"]\nretries = 3"}, {"test = [\"CMD\", \"true\"]\ninterval = \"1h\"", "test = [\"CMD\", \"true\"]\ninterval = \"60m\""}, {"disable = true"},
	}},
	{name: "devices", block: true, values: [][]string{
		{`source = "/dev/null"`, `source = "/dev//null"`, "source = \"/dev/null\"\ntarget = \"/dev/null\"\npermissions = \"rwm\"", "source = \"/dev/null\"\npermissions = \"mrw\""}, {"source = \"/dev/null\"\ntarget = \"/dev/truth\"\npermissions = \"rw\""},
	}},
}

var networkArguments = []argument{
	{name: "driver", values: one(`"bridge"`)},
	{name: "internal", values: one("true", "false")},
	{name: "attachable", values: one("true", "false")},
	{name: "options", values: one(`{ "com.docker.network.driver.mtu" = "1400" }`, `{ "com.docker.network.driver.mtu" = "1300" }`)},
	{name: "labels", values: labelValues},
	{name: "enable_ipv4", values: one("true")},
	{name: "ipam", whole: true, values: [][]string{
		{"ipam {\n  " + fourthRange + "  }\n}"},
		{"ipam {\n  " + fourthRange + "    gateway = \"10.NUM.0.254\"\n  }\n}"},
		{"ipam {\n  " + fourthRange + "    ip_range = \"10.NUM.0.64/26\"\n  }\n}", "ipam {\n  driver = \"default\"\n  " + fourthRange + "    ip_range = \"10.NUM.0.65/26\"\n  }\n}"},
		{"ipam {\n  " + fourthRange + "    aux_addresses = { router = \"10.NUM.0.2\" }\n  }\n}"},
		{"ipam {\n  " + fourthRange + "  }\n  " + sixthRange + "}\nenable_ipv6 = true", "ipam {\n  " + strings.Replace(sixthRange, "fd00:NUM:", "FD00:NUM:0:0:", 1) + "  " + fourthRange + "  }\n}\nenable_ipv6 = \"true\""},
		{"ipam {\n  config {\n    subnet = \"10.NUM.0.0/16\"\n  }\n}"},
	}},
}

const (
	fourthRange = "config {\n    subnet = \"10.NUM.0.0/24\"\n"
	sixthRange  = "config {\n    subnet = \"fd00:NUM::/64\"\n  }\n"
)

// attachArguments are the options of a network that a container joins. An address needs
// a network that says its own range; ranges bear the network's number.
var attachArguments = []argument{
	{name: "aliases", values: [][]string{{`["other"]`}, {`["other", "third"]`, `["third", "other"]`}}},
	{name: "ipv4", after: "ipam", values: one(`"10.NUM.0.200"`, `"10.NUM.0.201"`, `"10.NUM.0.202"`)},
	{name: "ipv6", after: "ipam", values: [][]string{{`"fd00:NUM::200"`, `"FD00:NUM:0::200"`}, {`"fd00:NUM::201"`, `"fd00:NUM:0:0:0:0:0:201"`}}},
	{name: "mac", values: [][]string{{`"00:16:3e:00:OWN:0a"`, `"00:16:3E:00:OWN:0A"`, `"00-16-3e-00-OWN-0a"`}, {`"00:16:3e:00:OWN:0b"`}}},
	{name: "priority", values: one("5", "7")},
	{name: "sysctls", values: [][]string{{`{ "net.ipv4.conf.IFNAME.log_martians" = 1 }`, `{ "net.ipv4.conf.IFNAME.log_martians" = "1" }`}, {`{ "net.ipv4.conf.IFNAME.log_martians" = "0" }`}}},
}

func attachOption(name string) argument {
	return attachArguments[slices.IndexFunc(attachArguments, func(a argument) bool { return a.name == name })]
}

// dualStack is the value of ipam with both families of addresses.
const dualStack = 4

var volumeArguments = []argument{
	{name: "driver", values: one(`"local"`)},
	{name: "options", values: one(`{ type = "none", o = "bind", device = "/etc" }`, `{ type = "none", o = "bind", device = "/usr" }`)},
	{name: "labels", values: labelValues},
}

var imageArguments = []argument{
	{name: "build", block: true, values: one("dockerfile_inline = \"FROM base.local/a\\nLABEL from=one\"", "dockerfile_inline = \"FROM base.local/a\\nLABEL from=two\"", "dockerfile_inline = \"FROM base.local/b\\nLABEL from=one\"\nlabels = { more = \"1\" }")},
}
