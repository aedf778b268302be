package docker

import (
	"github.com/docker/docker/api/types/container"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// unlimited is how memswap_limit says that there is no limit.
const unlimited = "-1"

// memoryRows are limits of memory. An engine takes 0 in an update for "as it
// is", so that a limit of memory cannot be lifted on a container as it stands.
func memoryRows() []row {
	text := cty.String
	replace, live := provider.Replace, provider.Live
	limits := func(to *container.UpdateConfig, want *container.HostConfig) {
		// Growing one beyond the other is refused, so that both are sent.
		to.Memory, to.MemorySwap = want.Memory, want.MemorySwap
	}
	return []row{
		{
			name: "mem_limit", typ: text, effect: live, unset: replace, kernel: true, layer: layerEngine, always: true, form: size(), fallback: "no limit",
			doc: "Memory limit, such as 512m. Removing it replaces the container.", live: limits,
			codec: codec{
				put: func(b *builder, name string) {
					if b.r.host.Memory = b.size(name); b.r.host.Memory > 0 {
						b.r.host.MemorySwap = 2 * b.r.host.Memory // what the engine makes of it; an update has to send it
					}
				},
				read: sizeAt(func(_ *container.Config, h *container.HostConfig) *int64 { return &h.Memory }).read,
			},
		},
		{
			name: "memswap_limit", typ: text, effect: live, kernel: true, locked: swapUnlimited, layer: layerEngine, always: true,
			form: provider.Form{Kind: provider.FormSize, Words: []string{unlimited}, AtLeast: "mem_limit"}, fallback: "twice mem_limit",
			doc: "Limit of memory and swap together; -1 is no limit of swap, and replaces the container that has one. It needs mem_limit.", live: limits,
			codec: codec{put: putSwap, read: readSwap},
		},
		{
			name: "mem_reservation", typ: text, effect: live, unset: replace, kernel: true, layer: layerEngine, always: true,
			form: provider.Form{Kind: provider.FormSize, AtMost: "mem_limit"}, fallback: "none",
			doc:   "What the container is pressed down to when the host is short of memory. Removing it replaces the container.",
			codec: sizeAt(func(_ *container.Config, h *container.HostConfig) *int64 { return &h.MemoryReservation }),
			live: func(to *container.UpdateConfig, want *container.HostConfig) {
				to.MemoryReservation = want.MemoryReservation
			},
		},
		{
			// No argument: engines before 23 let somebody limit it on a container that is
			// there, later ones leave it out (https://docs.docker.com/engine/deprecated/#kernel-memory-limit).
			name: "kernel_memory", typ: text, effect: replace, layer: layerEngine, always: true, core: true,
			codec: codec{
				put:  func(*builder, string) {},
				read: sizeAt(func(_ *container.Config, h *container.HostConfig) *int64 { return &h.KernelMemory }).read,
			},
		},
		{
			name: "mem_swappiness", typ: cty.Number, effect: replace, kernel: true, layer: layerEngine, form: whole(0, maxSwappy), fallback: "the host's",
			doc: "How willingly the kernel swaps it out, 0 to 100. Hosts with cgroup v2 do not have it.",
			codec: codec{
				put: func(b *builder, name string) {
					if n, ok := b.d.number(name); ok {
						swappiness := int64(n)
						b.r.host.MemorySwappiness = &swappiness
					}
				},
				read: func(s seen) cty.Value {
					if s.h.MemorySwappiness == nil || *s.h.MemorySwappiness < 0 {
						return cty.NullVal(cty.Number)
					}
					return cty.NumberIntVal(*s.h.MemorySwappiness)
				},
			},
		},
		{
			name: "shm_size", typ: text, effect: replace, layer: layerEngine, form: size(), fallback: "64m", doc: "Size of /dev/shm.",
			codec: codec{
				put: func(b *builder, name string) { b.r.host.ShmSize = b.size(name) },
				read: func(s seen) cty.Value {
					if s.h.ShmSize == 0 {
						return cty.StringVal(sizeText(64 << 20))
					}
					return cty.StringVal(sizeText(s.h.ShmSize))
				},
			},
		},
		{
			name: "oom_kill_disable", typ: cty.Bool, effect: replace, kernel: true, layer: layerEngine, fallback: "false",
			doc: "The kernel stops it instead of killing it when memory is short. Hosts with cgroup v2 do not have it.",
			codec: codec{
				put: func(b *builder, name string) {
					if b.d.flag(name, false) {
						yes := true
						b.r.host.OomKillDisable = &yes
					}
				},
				read: func(s seen) cty.Value { return cty.BoolVal(s.h.OomKillDisable != nil && *s.h.OomKillDisable) },
			},
		},
		{
			name: "oom_score_adj", typ: cty.Number, effect: replace, layer: layerEngine, form: whole(-maxAdjust, maxAdjust), fallback: "0",
			doc: "How readily the kernel kills it when memory is short, -1000 to 1000.",
			codec: codec{
				put: func(b *builder, name string) {
					if n, ok := b.d.number(name); ok {
						b.r.host.OomScoreAdj = int(n)
					}
				},
				read: func(s seen) cty.Value { return cty.NumberIntVal(int64(s.h.OomScoreAdj)) },
			},
		},
	}
}

// swapUnlimited is the lock of memswap_limit: engines take -1, show it, and leave the
// kernel's limit; measured on 20.10 and 28.5, and in
// https://github.com/moby/moby/blob/v28.5.2/daemon/update_linux.go.
func swapUnlimited(_ *comparison, want cty.Value) bool {
	return want.IsKnown() && !want.IsNull() && want.AsString() == unlimited
}

func putSwap(b *builder, name string) {
	switch {
	case !b.d.has(name):
	case b.d.text(name) == unlimited:
		b.r.host.MemorySwap = -1
	default:
		b.r.host.MemorySwap = b.size(name)
	}
}

// readSwap takes twice the memory for not declared: it is what engines make of
// nothing. An engine whose kernel does not count swap says -1 whatever was asked.
func readSwap(s seen) cty.Value {
	switch {
	case s.h.MemorySwap == 0, s.h.MemorySwap == 2*s.h.Memory:
	case s.h.MemorySwap == -1 && s.facts.Details[detailSwap] == "false":
	case s.h.MemorySwap < 0:
		return cty.StringVal(unlimited)
	default:
		return cty.StringVal(sizeText(s.h.MemorySwap))
	}
	return cty.NullVal(cty.String)
}
