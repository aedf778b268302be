package docker_test

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"
	"pgregory.net/rapid"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/docker"
)

// spelled is one value in two spellings, and another value.
type spelled struct{ one, two, other string }

// The kinds of values that have several spellings, as generators of them.

func ipv4s(t *rapid.T) spelled {
	a := netip.AddrFrom4([4]byte{10, rapid.Byte().Draw(t, "b"), rapid.Byte().Draw(t, "c"), rapid.ByteRange(1, 200).Draw(t, "d")})
	return spelled{a.String(), "::ffff:" + a.String(), a.Next().String()}
}

func ipv6s(t *rapid.T) spelled {
	var b [16]byte
	copy(b[:], rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "address"))
	b[0] = 0xfd
	if rapid.Bool().Draw(t, "zeros") {
		clear(b[2:14])
	}
	a := netip.AddrFrom16(b)
	groups := strings.Split(a.StringExpanded(), ":")
	for i := range groups {
		if rapid.Bool().Draw(t, "short") {
			groups[i] = strings.TrimLeft(groups[i][:3], "0") + groups[i][3:]
		}
	}
	text := strings.Join(groups, ":")
	if rapid.Bool().Draw(t, "upper") {
		text = strings.ToUpper(text)
	}
	return spelled{a.String(), text, a.Next().String()}
}

func addressesOfEither(t *rapid.T) spelled {
	if rapid.Bool().Draw(t, "IPv4") {
		return ipv4s(t)
	}
	return ipv6s(t)
}

func macs(t *rapid.T) spelled {
	b := rapid.SliceOfN(rapid.Byte(), 5, 5).Draw(t, "mac")
	text := fmt.Sprintf("02:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3], b[4])
	return spelled{text, strings.ToUpper(strings.ReplaceAll(text, ":", "-")), fmt.Sprintf("06%s", text[2:])}
}

func durations(t *rapid.T) spelled {
	n := rapid.IntRange(1, 10_000).Draw(t, "seconds")
	return spelled{
		strconv.Itoa(n), rapid.SampledFrom([]string{
			fmt.Sprintf("%dms", n*1000), fmt.Sprintf("%ds", n), fmt.Sprintf("%dh%dm%ds", n/3600, n/60%60, n%60), fmt.Sprintf("%d.0s", n), fmt.Sprintf("0%d", n),
		}).Draw(t, "duration"), strconv.Itoa(n + 1),
	}
}

func sizes(t *rapid.T) spelled {
	n := rapid.IntRange(8, 4000).Draw(t, "mebibytes")
	return spelled{
		fmt.Sprintf("%dm", n), rapid.SampledFrom([]string{
			fmt.Sprintf("%dM", n), fmt.Sprintf("%dmb", n), fmt.Sprintf("%dMiB", n), fmt.Sprintf("%dk", n<<10), strconv.Itoa(n << 20), fmt.Sprintf("0%d.0m", n),
			strconv.FormatFloat(float64(n)/1024, 'f', -1, 64) + "g",
		}).Draw(t, "size"), fmt.Sprintf("%dm", n+1),
	}
}

// logSizes have a thousand bytes in a kilobyte.
func logSizes(t *rapid.T) spelled {
	n := rapid.IntRange(1, 4000).Draw(t, "megabytes")
	return spelled{
		fmt.Sprintf("%dm", n), rapid.SampledFrom([]string{fmt.Sprintf("%dM", n), fmt.Sprintf("%dmb", n), fmt.Sprintf("%dk", n*1000), strconv.Itoa(n * 1_000_000)}).Draw(t, "size"),
		fmt.Sprintf("%dk", n*1024),
	}
}

func paths(t *rapid.T) spelled {
	names := rapid.SliceOfN(rapid.StringMatching(`[a-z]{1,4}`), 1, 4).Draw(t, "path")
	text, other := "", ""
	for _, name := range names {
		text += "/" + name
		other += rapid.SampledFrom([]string{"/", "//", "/./", "/x/../"}).Draw(t, "separator") + name
	}
	return spelled{text, other + rapid.SampledFrom([]string{"", "/", "//"}).Draw(t, "end"), text + "/y"}
}

func sets(t *rapid.T) spelled {
	first := rapid.IntRange(0, 50).Draw(t, "first")
	return spelled{
		fmt.Sprintf("%d-%d,%d", first, first+3, first+9), rapid.SampledFrom([]string{
			fmt.Sprintf("%[4]d,%[1]d,%[2]d,%[3]d-%[5]d", first, first+1, first+2, first+9, first+3),
			fmt.Sprintf("%d-%d,%d-%d,%d-%d", first, first+2, first+1, first+3, first+9, first+9),
		}).Draw(t, "set"), fmt.Sprintf("%d-%d", first, first+3),
	}
}

func signals(t *rapid.T) spelled {
	return rapid.SampledFrom([]spelled{
		{"SIGTERM", "15", "INT"},
		{"SIGUSR1", "10", "USR2"},
		{"CLD", "chld", "HUP"},
		{"SIGIOT", "6", "7"},
		{"poll", "SIGIO", "PWR"},
		{"SIGWINCH", "28", "27"},
		{"RTMIN+3", "37", "38"},
		{"SIGRTMAX-14", "50", "RTMAX-13"},
		{"RTMIN", "34", "RTMIN+1"},
		{"RTMIN+20", "RTMAX-10", "RTMAX"},
		{"sigquit", "3", "SIGABRT"},
	}).Draw(t, "signal")
}

func tmpfses(t *rapid.T) spelled {
	at := paths(t)
	n, mode := rapid.IntRange(1, 4000).Draw(t, "mebibytes"), rapid.IntRange(0, 0o7777).Draw(t, "mode")
	size := rapid.SampledFrom([]string{
		fmt.Sprintf("size=%dM", n), fmt.Sprintf("size=%dk", n<<10), fmt.Sprintf("size=%d", n<<20), fmt.Sprintf("size=%#x", n<<20), fmt.Sprintf("size=%#o", n<<20),
		fmt.Sprintf("size=%#om", n), fmt.Sprintf("size=%dg,size=%dm", n, n),
	}).Draw(t, "size")
	more := rapid.SampledFrom([]string{"", ",noexec", ",rw", ",exec,noexec", ",defaults", ",nosuid,nodev"}).Draw(t, "more")
	options := []string{size + more, fmt.Sprintf("mode=0%o", mode), "uid=0x10"}
	options = rapid.Permutation(options).Draw(t, "order")
	one := fmt.Sprintf("size=%dm,mode=%o,uid=16", n, mode)
	return spelled{
		at.one + ":" + one, at.two + ":" + strings.Join(options, ","),
		at.one + ":" + rapid.SampledFrom([]string{one + ",exec", one + ",ro", fmt.Sprintf("%s,size=%dm", one, n+1), fmt.Sprintf("size=%dm,size=%dm,mode=%o,uid=16", n, n+1, mode), one + ",uid=10"}).Draw(t, "another"),
	}
}

func ports(t *rapid.T) spelled {
	n := rapid.IntRange(1, 60000).Draw(t, "port")
	return spelled{strconv.Itoa(n), fmt.Sprintf("%d/tcp", n), strconv.Itoa(n + 1)}
}

func capabilities(t *rapid.T) spelled {
	name := rapid.SampledFrom([]string{"NET_ADMIN", "SYS_PTRACE", "CHOWN"}).Draw(t, "capability")
	return spelled{name, rapid.SampledFrom([]string{"CAP_" + name, strings.ToLower(name), "cap_" + strings.ToLower(name)}).Draw(t, "spelling"), "MKNOD"}
}

// place is an argument: how its values are made, and how it is declared with one.
type place struct {
	name    string
	kind    provider.Kind
	values  func(*rapid.T) spelled
	declare func(string) cty.Value
}

func places() []place {
	one := func(s string) cty.Value { return list(s) }
	field := func(block, argument string, more attributes) func(string) cty.Value {
		return func(s string) cty.Value {
			return cty.ListVal([]cty.Value{cty.ObjectVal(both(more, attributes{argument: text(s)}))})
		}
	}
	single := func(argument string, more attributes) func(string) cty.Value {
		return func(s string) cty.Value { return cty.ObjectVal(both(more, attributes{argument: text(s)})) }
	}
	within := func(key string) func(string) cty.Value {
		return func(s string) cty.Value { return cty.MapVal(attributes{key: text(s)}) }
	}
	port := attributes{"target": cty.NumberIntVal(80), "published": cty.NumberIntVal(8080), "protocol": cty.NullVal(cty.String)}
	check := attributes{"test": list("CMD", "true")}
	network := attributes{"network": reference("network.n", "network", "n")}
	device := attributes{"source": text("/dev/null"), "target": text("/dev/x"), "permissions": text("rwm")}
	throttle := func(s string) cty.Value {
		return cty.ObjectVal(attributes{"device_read_bps": cty.ListVal([]cty.Value{cty.ObjectVal(attributes{"path": text("/dev/sda"), "rate": text(s)})})})
	}
	disk := func(s string) cty.Value {
		return cty.ObjectVal(attributes{"device_read_iops": cty.ListVal([]cty.Value{cty.ObjectVal(attributes{"path": text(s), "rate": text("7")})})})
	}
	mount := func(source, target string) cty.Value {
		return cty.ListVal([]cty.Value{mountValue("bind", source, target, false)})
	}
	ipam := func(argument string, subnet string) func(string) cty.Value {
		return func(s string) cty.Value {
			config := attributes{"subnet": text(subnet), "ip_range": cty.NullVal(cty.String), "gateway": cty.NullVal(cty.String), "aux_addresses": cty.NullVal(cty.Map(cty.String))}
			config[argument] = text(s)
			if argument == "aux_addresses" {
				config[argument] = cty.MapVal(attributes{"a": text(s)})
			}
			return cty.ObjectVal(attributes{"config": cty.ListVal([]cty.Value{cty.ObjectVal(config)})})
		}
	}
	prefixes := func(t *rapid.T) spelled {
		s := ipv6s(t)
		return spelled{s.one + "/64", s.two + "/64", "fc00::/64"}
	}
	container := []place{
		{name: "dns", values: addressesOfEither, declare: one},
		{name: "extra_hosts", values: addressesOfEither, declare: within("db")},
		{name: "ports", values: addressesOfEither, declare: field("ports", "host_ip", port)},
		{name: "attach", values: ipv6s, declare: field("attach", "ipv6", network)},
		{name: "attach", values: ipv4s, declare: field("attach", "ipv4", network)},
		{name: "attach", values: macs, declare: field("attach", "mac", network)},
		{name: "mac_address", values: macs, declare: text},
		{name: "stop_grace_period", values: durations, declare: text},
		{name: "healthcheck", values: durations, declare: single("interval", check)},
		{name: "healthcheck", values: durations, declare: single("timeout", check)},
		{name: "healthcheck", values: durations, declare: single("start_period", check)},
		{name: "healthcheck", values: durations, declare: single("start_interval", check)},
		{name: "mem_limit", values: sizes, declare: text},
		{name: "mem_reservation", values: sizes, declare: text},
		{name: "shm_size", values: sizes, declare: text},
		{name: "blkio_config", values: sizes, declare: throttle},
		{name: "blkio_config", values: paths, declare: disk},
		{name: "storage_opt", values: sizes, declare: within("size")},
		{name: "logging", values: logSizes, declare: func(s string) cty.Value { return cty.ObjectVal(attributes{"options": within("max-size")(s)}) }},
		{name: "working_dir", values: paths, declare: text},
		{name: "cgroup_parent", values: paths, declare: text},
		{name: "tmpfs", values: tmpfses, declare: one},
		{name: "mount", values: paths, declare: func(s string) cty.Value { return mount(s, "/in") }},
		{name: "mount", values: paths, declare: func(s string) cty.Value { return mount("/host", s) }},
		{name: "devices", values: paths, declare: field("devices", "source", device)},
		{name: "devices", values: paths, declare: field("devices", "target", device)},
		{name: "cpuset", values: sets, declare: text},
		{name: "cpuset_mems", values: sets, declare: text},
		{name: "stop_signal", values: signals, declare: text},
		{name: "expose", values: ports, declare: one},
		{name: "cap_add", values: capabilities, declare: one},
		{name: "cap_drop", values: capabilities, declare: one},
	}
	for i := range container {
		container[i].kind = provider.Container
	}
	return append(container,
		place{name: "ipam", kind: provider.Network, values: prefixes, declare: ipam("subnet", "")},
		place{name: "ipam", kind: provider.Network, values: prefixes, declare: ipam("ip_range", "fd00::/8")},
		place{name: "ipam", kind: provider.Network, values: ipv6s, declare: ipam("gateway", "fd00::/8")},
		place{name: "ipam", kind: provider.Network, values: ipv6s, declare: ipam("aux_addresses", "fd00::/8")},
		place{name: "options", kind: provider.Network, values: addressesOfEither, declare: within("com.docker.network.bridge.host_binding_ipv4")},
		place{name: "options", kind: provider.Volume, values: paths, declare: within("device")},
	)
}

// Whatever the value: declared in one spelling and created in another, each way round, it
// is no difference; another value is one, of that argument alone.
func TestTwoSpellingsOfOneValueAreNoDifference(t *testing.T) {
	t.Parallel()
	facts := provider.Facts{API: "1.54", Details: map[string]string{"logging_driver": "json-file", "default_runtime": "runc"}}
	for i, p := range places() {
		t.Run(fmt.Sprintf("%s %s %d", p.kind, p.name, i), func(t *testing.T) {
			t.Parallel()
			declaration := func(s string) provider.Declaration {
				declared := attributes{p.name: p.declare(s)}
				if p.kind == provider.Container {
					declared = both(attributes{"image": text("img"), "mount": cty.ListValEmpty(cty.EmptyObject)}, declared)
				}
				return provider.Declaration{Address: string(p.kind) + ".x", Kind: p.kind, Name: "p-x", Declared: cty.ObjectVal(declared)}
			}
			differences := func(t *rapid.T, created, declared string) []provider.Change {
				was, is := declaration(created), declaration(declared)
				item := provider.DiffItem{Declaration: is, Facts: facts, Condition: provider.Condition{State: provider.StateRunning}}
				var err error
				if item.Created, err = provider.Spec(was.Declared); err != nil {
					t.Fatal(err)
				}
				switch p.kind {
				case provider.Network:
					item.Actual = docker.NetworkOf(was.Declared, facts)
				case provider.Volume:
					item.Actual = docker.VolumeOf(was.Declared)
				default:
					there, err := docker.Echo(was, facts.API)
					if err != nil {
						t.Fatal(err)
					}
					item.Actual = docker.ActualOf(there, image(), facts)
				}
				resp, err := docker.New(nil).Diff(t.Context(), provider.DiffRequest{Items: []provider.DiffItem{item}})
				if err != nil {
					t.Fatal(err)
				}
				return resp.Differences[0].Changes
			}
			rapid.Check(t, func(t *rapid.T) {
				s := p.values(t)
				for _, pair := range [][2]string{{s.one, s.two}, {s.two, s.one}, {s.one, s.one}} {
					for _, c := range differences(t, pair[0], pair[1]) {
						t.Errorf("created as %q and declared as %q: %s: %#v -> %#v", pair[0], pair[1], c.Path, c.From, c.To)
					}
				}
				changes := differences(t, s.two, s.other)
				if len(changes) == 0 {
					t.Errorf("created as %q and declared as %q, another value: no difference", s.two, s.other)
				}
				for _, c := range changes {
					if !strings.HasPrefix(c.Path, p.name) {
						t.Errorf("created as %q and declared as %q: %s differs", s.two, s.other, c.Path)
					}
				}
			})
		})
	}
}

// A daemon's settings have one form, too, and lose nothing by it.
func TestSettingsInTwoSpellings(t *testing.T) {
	t.Parallel()
	type pool = map[string]any
	for _, row := range []struct {
		key        string
		one, other any
		want       string
	}{
		{"default-address-pools", []any{pool{"base": "FD00:0::/48", "size": 64, "more": true}}, []pool{{"base": "fd00::/48", "size": 64.0, "more": true}}, `[{"base":"fd00::/48","more":true,"size":64}]`},
		{"registry-mirrors", []string{"https://m.example/"}, []any{"https://m.example"}, `["https://m.example"]`},
		{"dns", []string{"FD00::0:1"}, []any{"fd00::1"}, `["fd00::1"]`},
		{"hosts", []string{"FD00::0:1/"}, []any{"FD00::0:1/"}, `["FD00::0:1/"]`},
		{"debug", true, true, "true"},
		{"mtu", 1400, 1400.0, "1400"},
		{"labels", nil, nil, "null"},
	} {
		if a, b := docker.SettingText(row.key, row.one), docker.SettingText(row.key, row.other); a != row.want || b != row.want {
			t.Errorf("%s: %s and %s, want %s", row.key, a, b, row.want)
		}
	}
}
