package docker

import (
	"fmt"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/blkiodev"
	"github.com/docker/docker/api/types/container"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// What an update sends to take a limit back: the kernel's own defaults.
const (
	defaultShares = 1024
	defaultPeriod = 100_000
	noQuota       = -1
)

// cpuRows are limits of processors, processes and disks.
func cpuRows() []row {
	count := cty.Number
	replace, live := provider.Replace, provider.Live
	at := func(field func(r *container.Resources) *int64, none ...int64) codec {
		return numberAt(func(_ *container.Config, h *container.HostConfig) *int64 { return field(&h.Resources) }, none...)
	}
	return []row{
		{
			name: "cpus", typ: count, effect: live, unset: replace, locked: lockedBy(saidQuota), layer: layerEngine, always: true,
			form:     beside(number(0, most), "both say how much time it gets", "cpu_quota", "cpu_period"),
			fallback: "no limit", doc: "CPU limit, such as 1.5. Removing it replaces the container.",
			codec: codec{
				put: func(b *builder, name string) {
					if cpus, ok := b.d.number(name); ok {
						b.r.host.NanoCPUs = nanoCPUs(cpus)
					}
				},
				read: readCPUs,
			},
			live: func(to *container.UpdateConfig, want *container.HostConfig) { to.NanoCPUs = want.NanoCPUs },
		},
		{
			name: "cpu_shares", typ: count, effect: live, kernel: true, layer: layerEngine, always: true, form: whole(2, maxShares), fallback: "1024",
			doc:   "Its weight beside other containers when processors are short.",
			codec: at(func(r *container.Resources) *int64 { return &r.CPUShares }, defaultShares),
			live: func(to *container.UpdateConfig, want *container.HostConfig) {
				to.CPUShares = orElse(want.CPUShares, defaultShares)
			},
		},
		{
			name: "cpu_period", typ: count, effect: live, kernel: true, locked: lockedBy(saidCPUs), layer: layerEngine, always: true, form: whole(minPeriod, maxPeriod), fallback: "100000",
			doc:   "Length of the scheduler's period in microseconds; cpu_quota counts in it.",
			codec: at(func(r *container.Resources) *int64 { return &r.CPUPeriod }, defaultPeriod),
			live: func(to *container.UpdateConfig, want *container.HostConfig) {
				to.CPUPeriod = orElse(want.CPUPeriod, defaultPeriod)
			},
		},
		{
			name: "cpu_quota", typ: count, effect: live, kernel: true, locked: lockedBy(saidCPUs), layer: layerEngine, always: true, form: whole(minPeriod, most), fallback: "no limit",
			doc:   "Microseconds of processor time in each cpu_period.",
			codec: at(func(r *container.Resources) *int64 { return &r.CPUQuota }, noQuota),
			live: func(to *container.UpdateConfig, want *container.HostConfig) {
				to.CPUQuota = orElse(want.CPUQuota, noQuota)
			},
		},
		// Engines take the real-time limits in an update, show them, and leave the kernel's:
		// measured on 20.10 and 28.5, and in
		// https://github.com/moby/moby/blob/v28.5.2/daemon/update_linux.go.
		{
			name: "cpu_rt_period", typ: count, effect: replace, layer: layerEngine, always: true, form: whole(1, most), fallback: "the host's",
			doc:   "Length of the real-time scheduler's period in microseconds. It needs a kernel with CONFIG_RT_GROUP_SCHED and cgroup v1.",
			codec: at(func(r *container.Resources) *int64 { return &r.CPURealtimePeriod }),
		},
		{
			name: "cpu_rt_runtime", typ: count, effect: replace, layer: layerEngine, always: true, form: whole(1, most), fallback: "none",
			doc:   "Microseconds of real-time processor time in each cpu_rt_period.",
			codec: at(func(r *container.Resources) *int64 { return &r.CPURealtimeRuntime }),
		},
		{
			name: "cpuset", typ: cty.String, effect: live, unset: replace, kernel: true, layer: layerEngine, always: true, form: cpusetForm(), fallback: "all",
			doc: "The processors that it may use, such as 0-2 or 0,3. Removing it replaces the container.",
			codec: codec{
				put:  func(b *builder, name string) { b.r.host.CpusetCpus = b.d.text(name) },
				read: func(s seen) cty.Value { return textOrNull(cpuSetText(s.h.CpusetCpus)) },
			},
			live: func(to *container.UpdateConfig, want *container.HostConfig) { to.CpusetCpus = want.CpusetCpus },
		},
		{
			name: "cpuset_mems", typ: cty.String, effect: live, unset: replace, kernel: true, layer: layerEngine, always: true,
			form: like(cpusetPattern, "memory nodes by number, such as 0-1 or 0,3"), fallback: "all",
			doc: "The memory nodes that it may use, such as 0-1 or 0,3. Removing it replaces the container.",
			codec: codec{
				put:  func(b *builder, name string) { b.r.host.CpusetMems = b.d.text(name) },
				read: func(s seen) cty.Value { return textOrNull(cpuSetText(s.h.CpusetMems)) },
			},
			live: func(to *container.UpdateConfig, want *container.HostConfig) { to.CpusetMems = want.CpusetMems },
		},
		{
			name: "pids_limit", typ: count, effect: live, kernel: true, layer: layerEngine, always: true, form: whole(-1, most), fallback: "no limit",
			doc: "How many processes it may have; -1 is no limit.",
			codec: codec{
				put: func(b *builder, name string) {
					if pids, ok := b.d.number(name); ok {
						n := int64(pids)
						b.r.host.PidsLimit = &n
					}
				},
				read: func(s seen) cty.Value {
					if s.h.PidsLimit == nil || *s.h.PidsLimit <= 0 {
						return cty.NullVal(cty.Number)
					}
					return cty.NumberIntVal(*s.h.PidsLimit)
				},
			},
			live: func(to *container.UpdateConfig, want *container.HostConfig) {
				none := int64(-1)
				if to.PidsLimit = &none; want.PidsLimit != nil {
					to.PidsLimit = want.PidsLimit
				}
			},
		},
		{
			name: "blkio_config.weight", block: "blkio_config", typ: count, effect: live, unset: replace, kernel: true, layer: layerEngine, always: true,
			form: whole(minWeight, maxWeight), fallback: "the host's", doc: "Its weight beside other containers when a disk is busy, 10 to 1000. Removing it replaces the container.",
			codec: codec{
				put: func(b *builder, name string) {
					if n, ok := b.d.number(name); ok {
						b.r.host.BlkioWeight = uint16(n)
					}
				},
				read: func(s seen) cty.Value {
					if s.h.BlkioWeight == 0 {
						return cty.NullVal(cty.Number)
					}
					return cty.NumberUIntVal(uint64(s.h.BlkioWeight))
				},
			},
			live: func(to *container.UpdateConfig, want *container.HostConfig) { to.BlkioWeight = want.BlkioWeight },
		},
		{
			name: "blkio_config.weight_device", block: "blkio_config", effect: replace, liveSince: apiDeviceLimits, kernel: true, layer: layerEngine, core: true,
			codec: codec{put: putWeights, read: func(s seen) cty.Value { return stringList(deviceTexts(s.h.BlkioWeightDevice)) }},
			live: func(to *container.UpdateConfig, want *container.HostConfig) {
				to.BlkioWeightDevice = orEmpty(want.BlkioWeightDevice)
			},
		},
		throttle("device_read_bps", bytesOf, func(r *container.Resources) *[]*blkiodev.ThrottleDevice { return &r.BlkioDeviceReadBps }),
		throttle("device_write_bps", bytesOf, func(r *container.Resources) *[]*blkiodev.ThrottleDevice { return &r.BlkioDeviceWriteBps }),
		throttle("device_read_iops", countOf, func(r *container.Resources) *[]*blkiodev.ThrottleDevice { return &r.BlkioDeviceReadIOps }),
		throttle("device_write_iops", countOf, func(r *container.Resources) *[]*blkiodev.ThrottleDevice { return &r.BlkioDeviceWriteIOps }),
	}
}

// apiDeviceLimits is the API from which limits of single devices are updated; before,
// engines take them in an update and ignore them:
// https://github.com/moby/moby/blob/master/api/docs/CHANGELOG.md#v155-api-changes.
const apiDeviceLimits = "1.55"

// orEmpty is a list that takes limits back in an update, where no list leaves them.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

func orElse(n, otherwise int64) int64 {
	if n == 0 {
		return otherwise
	}
	return n
}

func readCPUs(s seen) cty.Value {
	if s.h.NanoCPUs > 0 {
		return cpusValue(s.h.NanoCPUs)
	}
	return cty.NullVal(cty.Number)
}

// quotaCPUs is a quota as a number of CPUs; null without one.
func quotaCPUs(h *container.HostConfig) cty.Value {
	if h.CPUQuota > 0 {
		return cpusValue(h.CPUQuota * 1e9 / orElse(h.CPUPeriod, defaultPeriod))
	}
	return cty.NullVal(cty.Number)
}

// How the processors of a container were limited before. What was once said in one way
// engines refuse in the other, also where the limit is gone since: taking a period back
// leaves the kernel's own in its place (UpdateContainer in
// https://github.com/moby/moby/blob/v28.5.2/container/container_unix.go).
const (
	saidCPUs  = "cpus"
	saidQuota = "quota"
)

func saidOf(h *container.HostConfig) string {
	switch {
	case h.NanoCPUs > 0:
		return saidCPUs
	case h.CPUPeriod > 0 || h.CPUQuota > 0:
		return saidQuota
	}
	return ""
}

// lockedBy is a row's lock where processors were limited in the other way.
func lockedBy(other string) func(*comparison, cty.Value) bool {
	return func(c *comparison, _ cty.Value) bool { return c.actual.text(hiddenCPUs) == other }
}

func putWeights(b *builder, name string) {
	for _, device := range b.d.blocks(name) {
		weight, _ := device.number("weight")
		b.r.host.BlkioWeightDevice = append(b.r.host.BlkioWeightDevice, &blkiodev.WeightDevice{Path: device.text("path"), Weight: uint16(weight)})
	}
}

// throttle is a row of blocks that limit a device.
func throttle(argument string, rate func(string) (int64, error), at func(*container.Resources) *[]*blkiodev.ThrottleDevice) row {
	return row{
		name: "blkio_config." + argument, block: "blkio_config", effect: provider.Replace, liveSince: apiDeviceLimits, kernel: true, layer: layerEngine, core: true,
		live: func(to *container.UpdateConfig, want *container.HostConfig) {
			*at(&to.Resources) = orEmpty(*at(&want.Resources))
		},
		codec: codec{
			put: func(b *builder, name string) {
				for _, device := range b.d.blocks(name) {
					n, err := rate(device.text("rate"))
					if err != nil {
						b.invalid(name, err)
					}
					to := at(&b.r.host.Resources)
					*to = append(*to, &blkiodev.ThrottleDevice{Path: device.text("path"), Rate: uint64(max(n, 0))})
				}
			},
			read: func(s seen) cty.Value { return stringList(deviceTexts(*at(&s.h.Resources))) },
		},
	}
}

func countOf(text string) (int64, error) {
	n, err := bytesOf(text)
	if err != nil {
		return 0, fmt.Errorf("%q is not a number", text)
	}
	return n, nil
}

// deviceTexts are limits of devices as they write themselves, in order, with each
// device's path in one spelling.
func deviceTexts[T fmt.Stringer](list []T) []string {
	var out []string
	for _, element := range list {
		text := strings.TrimSpace(element.String())
		if at := strings.LastIndex(text, ":"); at > 0 {
			text = cleanPath(text[:at]) + text[at:]
		}
		out = append(out, text)
	}
	slices.Sort(out)
	return out
}
