package docker_test

import (
	"io"
	"net/http"
	"strconv"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/docker"
)

// A live change that an engine refuses as the container is, or takes and does not do, is
// a replacement; so is one of which it is not known yet whether it is such a change.
func TestWhatCannotBeDoneLiveIsAReplacement(t *testing.T) {
	t.Parallel()
	number, unknown := cty.NumberIntVal, cty.UnknownVal
	host := func(change func(*container.HostConfig)) func(*container.InspectResponse) {
		return func(c *container.InspectResponse) { change(c.HostConfig) }
	}
	quota := host(func(h *container.HostConfig) { h.CPUQuota, h.CPUPeriod = 50000, 50000 })
	left := host(func(h *container.HostConfig) { h.CPUQuota, h.CPUPeriod = -1, 100000 })
	lifted := host(func(h *container.HostConfig) { h.CPUQuota = -1 })
	cpus := host(func(h *container.HostConfig) { h.NanoCPUs = 5e8 })
	both := attributes{"cpu_quota": number(50000), "cpu_period": number(50000)}
	half := attributes{"cpus": cty.MustParseNumberVal("0.5")}
	for _, row := range []struct {
		name              string
		created, declared attributes
		actual            func(*container.InspectResponse)
		want              string
	}{
		{"cpus in place of a quota and a period", both, half, quota, "cpus replace configuration 1 -> 0.5"},
		{"cpus where a period was, and the kernel's own is left", nil, half, left, "cpus replace configuration nothing -> 0.5"},
		{"cpus where a quota was, and nothing is left", nil, half, lifted, "cpus live configuration nothing -> 0.5"},
		{"cpus where nothing was", nil, half, nil, "cpus live configuration nothing -> 0.5"},
		{"a period in place of cpus", half, attributes{"cpu_period": number(50000)}, cpus, "cpu_period replace configuration nothing -> 50000\ncpus replace configuration 0.5 -> nothing engine"},
		{"cpus that are not known, where a quota is", both, attributes{"cpus": unknown(cty.Number)}, quota, "cpu_period live configuration 50000 -> nothing engine\ncpu_quota live configuration 50000 -> nothing engine\ncpus replace configuration nothing -> ?"},
		{"cpus that are not known, and may come out as none", nil, attributes{"cpus": unknown(cty.Number)}, nil, "cpus live configuration nothing -> ?"},
		{"a quota that is not known, beside no cpus", nil, attributes{"cpu_quota": unknown(cty.Number)}, nil, "cpu_quota live configuration nothing -> ?"},
		{"a quota that is not known, where cpus are", half, attributes{"cpu_quota": unknown(cty.Number)}, cpus, "cpu_quota replace configuration nothing -> ?\ncpus replace configuration 0.5 -> nothing engine"},
		{
			"a limit of swap that is not known, and may come out as none",
			attributes{"mem_limit": text("64m")},
			attributes{"mem_limit": text("64m"), "memswap_limit": unknown(cty.String)},
			host(func(h *container.HostConfig) { h.Memory, h.MemorySwap = 64<<20, 128<<20 }), "memswap_limit live configuration nothing -> ?",
		},
		{"memory that is not known", nil, attributes{"mem_limit": unknown(cty.String)}, nil, "mem_limit live configuration nothing -> ?"},
		{"processes that are not known", nil, attributes{"pids_limit": unknown(cty.Number)}, nil, "pids_limit live configuration nothing -> ?"},
		{"a limit of the kernel's memory, by hand", nil, nil, host(func(h *container.HostConfig) { h.KernelMemory = 64 << 20 }), `kernel_memory replace changed outside "64m" -> nothing engine`},
		{"memory nodes, by hand", nil, nil, host(func(h *container.HostConfig) { h.CpusetMems = "0" }), `cpuset_mems replace changed outside "0" -> nothing engine`},
		{"other memory nodes, by hand", attributes{"cpuset_mems": text("0-1")}, attributes{"cpuset_mems": text("0,1")}, host(func(h *container.HostConfig) { h.CpusetMems = "1" }), `cpuset_mems live changed outside "1" -> "0-1"`},
	} {
		if got := diffText(t, item(t, row.created, row.declared, row.actual, "1.41")); got != row.want {
			t.Errorf("%s:\n got %s\nwant %s", row.name, got, row.want)
		}
	}
}

// What an engine left out because its kernel does not have it is no difference, and
// nobody changed it: it says so of itself, or nobody could have taken it back.
func TestWhatWasLeftOutIsNoDifference(t *testing.T) {
	t.Parallel()
	weight := func(n int64) attributes {
		return attributes{"blkio_config": cty.ObjectVal(attributes{"weight": cty.NumberIntVal(n)})}
	}
	limited := attributes{"blkio_config": cty.ObjectVal(attributes{"device_read_bps": cty.ListVal([]cty.Value{cty.ObjectVal(attributes{"path": text("/dev/sda"), "rate": text("1m")})})})}
	swap := attributes{"mem_limit": text("64m"), "memswap_limit": text("100m")}
	processes := attributes{"pids_limit": cty.NumberIntVal(100)}
	for _, row := range []struct {
		name, api, lacks  string
		created, declared attributes
		actual            func(*container.InspectResponse)
		want              string
	}{
		{"a weight", "1.41", "", weight(300), weight(300), nil, "blkio_config.weight live left out nothing -> 300"},
		{"another weight", "1.41", "", weight(300), weight(400), nil, "blkio_config.weight live left out nothing -> 400"},
		{"a weight that was not asked for before", "1.41", "", nil, weight(300), nil, "blkio_config.weight live configuration nothing -> 300"},
		{"a weight that is there", "1.41", "", weight(300), weight(300), func(c *container.InspectResponse) { c.HostConfig.BlkioWeight = 500 }, "blkio_config.weight live changed outside 500 -> 300"},
		{"a weight, taken away", "1.41", "", weight(300), nil, nil, ""},
		{"a limit of a disk", "1.51", "", limited, limited, nil, `blkio_config.device_read_bps live left out [] -> ["/dev/sda:1048576"]`},
		{"a limit of a disk that somebody can have taken back", "1.55", "", limited, limited, nil, `blkio_config.device_read_bps live changed outside [] -> ["/dev/sda:1048576"]`},
		{"swappiness", "1.41", "", attributes{"mem_swappiness": cty.NumberIntVal(60)}, attributes{"mem_swappiness": cty.NumberIntVal(60)}, nil, "mem_swappiness live left out nothing -> 60"},
		{"the killer switched off", "1.41", "", attributes{"oom_kill_disable": cty.True}, attributes{"oom_kill_disable": cty.True}, nil, "oom_kill_disable live left out false -> true"},
		{"swap that is not counted", "1.41", "memswap_limit", swap, swap, func(c *container.InspectResponse) {
			c.HostConfig.Memory, c.HostConfig.MemorySwap = 64<<20, -1
		}, `memswap_limit live left out nothing -> "100m"`},
		{"memory that the kernel counts since", "1.41", "", attributes{"mem_limit": text("64m")}, attributes{"mem_limit": text("64m")}, nil, `mem_limit live changed outside nothing -> "64m"`},
		{"processes, taken back by somebody", "1.41", "", processes, processes, nil, "pids_limit live changed outside nothing -> 100"},
		{"processes that are not counted", "1.41", "cpu_shares,pids_limit", nil, processes, nil, "pids_limit live left out nothing -> 100"},
	} {
		one := item(t, row.created, row.declared, row.actual, row.api)
		one.Facts.Details["kernel_lacks"] = row.lacks
		if row.lacks == "memswap_limit" {
			one.Facts.Details["swap_limit"] = "false"
			one.Actual = docker.ActualOf(inspected(row.actual), image(), one.Facts)
		}
		if got := diffText(t, one); got != row.want {
			t.Errorf("%s:\n got %s\nwant %s", row.name, got, row.want)
		}
	}
}

// A refusal that is no taken name is not called one, with whichever status it comes; one
// that is has that code in each engine's words.
func TestARefusalIsCalledWhatItIs(t *testing.T) {
	t.Parallel()
	for words, want := range map[string]string{
		"Cannot update container abc: Conflicting options: Nano CPUs cannot be updated as CPU Period has already been set": "The engine refused",
		"Conflict. The container name \"/p-x\" is already in use by container \"abc\".":                                    "Something is in the way",
		"network with name p-x already exists":                                                                             "Something is in the way",
		"create p-x: conflict: volume name must be unique":                                                                 "Something is in the way",
		"You cannot remove a running container abc. Stop the container first":                                              "The engine refused",
	} {
		endpoint := oddEngine(t, map[string]http.HandlerFunc{
			"POST /networks/create": func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusConflict)
				_, _ = io.WriteString(w, `{"message":`+strconv.Quote(words)+`}`)
			},
		})
		p, err := configured(t, endpoint, "5m")
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.Create(t.Context(), provider.CreateRequest{Declaration: provider.Declaration{
			Address: "network.n", Kind: provider.Network, Name: "p-n", Declared: cty.EmptyObjectVal,
		}}, func(provider.Event) {})
		code := provider.EngineFailed
		if want != "The engine refused" {
			code = provider.Conflict
		}
		wantProblem(t, err, code, want, words[:20])
	}
}

// What another object's namespace was and is declared no longer was changed by the
// configuration; what is declared in another spelling, by whoever changed the object.
func TestTheCauseOfASpelling(t *testing.T) {
	t.Parallel()
	sharing := func(c *container.InspectResponse) {
		c.HostConfig.NetworkMode, c.NetworkSettings.Networks = "container:db1", nil
	}
	for _, row := range []struct {
		name              string
		created, declared attributes
		actual            func(*container.InspectResponse)
		want              string
	}{
		{"a shared network, declared no longer", attributes{"network_mode": sharedNetwork("db1")}, nil, sharing, `network_mode replace configuration "container:db1" -> nothing engine`},
		{
			"a size in another spelling, and another size by hand",
			attributes{"shm_size": text("1m")},
			attributes{"shm_size": text("1024k")},
			func(c *container.InspectResponse) { c.HostConfig.ShmSize = 2 << 20 }, `shm_size replace changed outside "2m" -> "1m"`,
		},
		{
			"another size, and a third by hand",
			attributes{"shm_size": text("1m")},
			attributes{"shm_size": text("4m")},
			func(c *container.InspectResponse) { c.HostConfig.ShmSize = 2 << 20 }, `shm_size replace both "2m" -> "4m"`,
		},
		{
			"another size",
			attributes{"shm_size": text("1m")},
			attributes{"shm_size": text("4m")},
			func(c *container.InspectResponse) { c.HostConfig.ShmSize = 1 << 20 }, `shm_size replace configuration "1m" -> "4m"`,
		},
	} {
		if got := diffText(t, item(t, row.created, row.declared, row.actual, "1.41")); got != row.want {
			t.Errorf("%s:\n got %s\nwant %s", row.name, got, row.want)
		}
	}
}
