package docker

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// securityRows are what confines a container: capabilities, namespaces, modules.
func securityRows() []row {
	text, list, mapping := cty.String, cty.List(cty.String), cty.Map(cty.String)
	replace := provider.Replace
	sharing := []provider.Kind{provider.Container, provider.Daemon, provider.Controller, provider.Guard}
	return []row{
		{
			name: "privileged", typ: cty.Bool, effect: replace, layer: layerEngine, fallback: "false; true for a daemon", doc: "Takes all confinement away.",
			codec: codec{
				put:  func(b *builder, name string) { b.r.host.Privileged = b.d.flag(name, b.decl.Kind == provider.Daemon) },
				read: func(s seen) cty.Value { return cty.BoolVal(s.h.Privileged) },
			},
		},
		{
			name: "read_only", typ: cty.Bool, effect: replace, layer: layerEngine, fallback: "false", doc: "Makes the container's own root read-only.",
			codec: flagAt(func(_ *container.Config, h *container.HostConfig) *bool { return &h.ReadonlyRootfs }),
		},
		{
			name: "cap_add", typ: list, effect: replace, layer: layerEngine, form: capabilityForm(), fallback: "none", doc: "Capabilities to add, such as NET_ADMIN.",
			codec: codec{
				put:  func(b *builder, name string) { b.r.host.CapAdd = capabilities(b.d.list(name)) },
				read: func(s seen) cty.Value { return stringList(capabilities(s.h.CapAdd)) },
			},
		},
		{
			name: "cap_drop", typ: list, effect: replace, layer: layerEngine, form: capabilityForm(), fallback: "none", doc: "Capabilities to take away, such as ALL.",
			codec: codec{
				put:  func(b *builder, name string) { b.r.host.CapDrop = capabilities(b.d.list(name)) },
				read: func(s seen) cty.Value { return stringList(capabilities(s.h.CapDrop)) },
			},
		},
		{
			name: "security_opt", typ: list, effect: replace, layer: layerEngine,
			form: like(`no-new-privileges([:=](true|false))?|apparmor[:=].+|label[:=].+|seccomp[:=](unconfined|builtin|\s*\{(?s:.*))|systempaths=unconfined|writable-cgroups[:=](true|false)`,
				`an option of a security module, such as no-new-privileges, apparmor=unconfined, label=disable or "seccomp=${file("profile.json")}"`),
			fallback: "none", doc: "Options of the security modules. A seccomp profile is given as its content.",
			codec: codec{put: putSecurity, read: func(s seen) cty.Value { return stringList(securityOptions(s.h)) }},
		},
		{
			name: "group_add", typ: list, effect: replace, layer: layerEngine, fallback: "none", doc: "Further groups of the process, by name or number.",
			codec: codec{
				put:  func(b *builder, name string) { b.r.host.GroupAdd = b.d.list(name) },
				read: func(s seen) cty.Value { return stringList(sorted(s.h.GroupAdd)) },
			},
		},
		{
			name: "userns_mode", typ: text, effect: replace, layer: layerEngine, form: word("host"), fallback: "the engine's", doc: "User namespace: host, where the engine remaps users.",
			codec: textAt(func(_ *container.Config, h *container.HostConfig) *container.UsernsMode { return &h.UsernsMode }),
		},
		{
			name: "uts", typ: text, effect: replace, layer: layerEngine,
			form:     besideAt(word("host"), []string{"host"}, "the host's name is used", "hostname", "domainname"),
			fallback: "its own", doc: "UTS namespace: host.",
			codec: textAt(func(_ *container.Config, h *container.HostConfig) *container.UTSMode { return &h.UTSMode }),
		},
		{
			name: "ipc", typ: cty.DynamicPseudoType, refs: sharing, effect: replace, layer: layerEngine, form: word("private", "shareable", "host", "none"),
			fallback: "the engine's, usually private", doc: "IPC namespace: private, shareable, host, none, or a container whose it shares (there shareable).",
			codec: codec{
				put: func(b *builder, name string) { b.r.host.IpcMode = container.IpcMode(b.sharing(name)) },
				read: func(s seen) cty.Value {
					if s.h.IpcMode == "" {
						return cty.StringVal("private")
					}
					return cty.StringVal(string(s.h.IpcMode))
				},
			},
		},
		{
			name: "pid", typ: cty.DynamicPseudoType, refs: sharing, effect: replace, layer: layerEngine, form: word("host"),
			fallback: "its own", doc: "PID namespace: host, or a container whose it shares.",
			codec: codec{
				put:  func(b *builder, name string) { b.r.host.PidMode = container.PidMode(b.sharing(name)) },
				read: textAt(func(_ *container.Config, h *container.HostConfig) *container.PidMode { return &h.PidMode }).read,
			},
		},
		{
			name: "cgroup", typ: text, effect: replace, layer: layerEngine, form: word("private", "host"), fallback: "the engine's; private with cgroup v2, else host", doc: "Cgroup namespace: private or host.",
			codec: codec{
				put: func(b *builder, name string) { b.r.host.CgroupnsMode = container.CgroupnsMode(b.d.text(name)) },
				read: func(s seen) cty.Value {
					switch {
					case s.h.CgroupnsMode != "":
						return cty.StringVal(string(s.h.CgroupnsMode))
					case s.facts.Details[detailCgroup] == "2":
						return cty.StringVal("private")
					}
					return cty.StringVal("host")
				},
			},
		},
		{
			name: "cgroup_parent", typ: text, effect: replace, layer: layerEngine, fallback: "the engine's", doc: "Cgroup under which that of the container is made.",
			codec: codec{
				put:  textAt(func(_ *container.Config, h *container.HostConfig) *string { return &h.CgroupParent }).put,
				read: func(s seen) cty.Value { return textOrNull(cleanPath(s.h.CgroupParent)) },
			},
		},
		{
			name: "sysctls", typ: mapping, effect: replace, layer: layerEngine, fallback: "none", doc: "Kernel parameters of its namespaces. From API 1.46 on, those of eth0 are given to the interface in the network that the container was made in; those of another one are said in its attach block.",
			codec: mapAt(func(_ *container.Config, h *container.HostConfig) *map[string]string { return &h.Sysctls }),
		},
		{
			name: "ulimits", typ: cty.DynamicPseudoType, effect: replace, layer: layerEngine, subset: true, fallback: "the engine's",
			form:  provider.Form{Kind: provider.FormLimits, Words: ulimitNames()},
			doc:   "Limits of its processes by name: a number, or { soft, hard }; -1 is no limit. Such as { nofile = { soft = 1024, hard = 4096 } }.",
			codec: codec{put: putUlimits, read: readUlimits},
			keys:  func(d values) map[string]string { m, _ := ulimitTexts(d.get("ulimits")); return m },
		},
	}
}

// sharing is a namespace: a word, or that of another container.
func (b *builder) sharing(name string) string {
	if r, ok := b.d.ref(name); ok {
		if r.ID != "" {
			return "container:" + r.ID
		}
		return "container:" + r.engineName()
	}
	return b.d.text(name)
}

const systemPaths = "systempaths=unconfined"

// putSecurity sends what the command line of Docker would: system paths are no
// option of the engine's, but an empty list of what it hides.
func putSecurity(b *builder, name string) {
	for _, option := range b.d.list(name) {
		if option == systemPaths {
			b.r.host.MaskedPaths, b.r.host.ReadonlyPaths = []string{}, []string{}
			continue
		}
		b.r.host.SecurityOpt = append(b.r.host.SecurityOpt, option)
	}
}

// securityOptions leaves out what the engine adds by itself.
func securityOptions(h *container.HostConfig) []string {
	var out []string
	for _, option := range h.SecurityOpt {
		added := option == "label=disable" && (h.Privileged || h.PidMode.IsHost() || h.IpcMode.IsHost())
		if !added {
			module, value, _ := strings.Cut(strings.Replace(option, ":", "=", 1), "=")
			if module == "no-new-privileges" && value == "true" || value == "" {
				out = append(out, module)
				continue
			}
			if module == "seccomp" {
				value = compact(value)
			}
			out = append(out, module+"="+value)
		}
	}
	if h.MaskedPaths != nil && len(h.MaskedPaths) == 0 && len(h.ReadonlyPaths) == 0 && !h.Privileged {
		out = append(out, systemPaths)
	}
	return sorted(out)
}

func putUlimits(b *builder, name string) {
	limits, err := ulimitTexts(b.d.get(name))
	if err != nil {
		b.invalid(name, err)
	}
	for _, limit := range sortedKeys(limits) {
		soft, hard, _ := strings.Cut(limits[limit], ":")
		u := &container.Ulimit{Name: limit}
		u.Soft, _ = strconv.ParseInt(soft, 10, 64)
		u.Hard, _ = strconv.ParseInt(hard, 10, 64)
		b.r.host.Ulimits = append(b.r.host.Ulimits, u)
	}
}

// readUlimits reads limits by name; the engine adds its own.
func readUlimits(s seen) cty.Value {
	out := map[string]string{}
	for _, u := range s.h.Ulimits {
		out[u.Name] = fmt.Sprintf("%d:%d", u.Soft, u.Hard)
	}
	return stringMap(out)
}

// ulimitTexts reads declared limits as "soft:hard" by name.
func ulimitTexts(v cty.Value) (map[string]string, error) {
	out := map[string]string{}
	if v.IsNull() || !v.IsKnown() {
		return nil, nil
	}
	if !v.Type().IsObjectType() && !v.Type().IsMapType() {
		return nil, fmt.Errorf("limits are a map by name, such as { nofile = 1024 }")
	}
	for it := v.ElementIterator(); it.Next(); {
		k, e := it.Element()
		if e.IsNull() || !e.IsWhollyKnown() {
			continue
		}
		name := strings.ToLower(k.AsString())
		text, err := ulimitText(name, e)
		if err != nil {
			return nil, err
		}
		out[name] = text
	}
	return out, nil
}

// ulimitText reads one limit as "soft:hard".
func ulimitText(name string, v cty.Value) (string, error) {
	if !slices.Contains(ulimitNames(), name) {
		return "", fmt.Errorf("%q is no limit; there are %s", name, strings.Join(ulimitNames(), ", "))
	}
	soft, hard := v, v
	if v.Type().IsObjectType() || v.Type().IsMapType() {
		soft, hard = values{v}.get("soft"), values{v}.get("hard")
		if hard.IsNull() {
			hard = soft
		}
	}
	low, lowOK := wholeOf(soft)
	high, highOK := wholeOf(hard)
	switch {
	case !lowOK || !highOK:
		return "", fmt.Errorf("%s takes a whole number, or { soft, hard }", name)
	case high >= 0 && (low > high || low < 0):
		return "", fmt.Errorf("the soft limit of %s is above its hard limit", name)
	}
	return fmt.Sprintf("%d:%d", low, high), nil
}

func ulimitNames() []string {
	return []string{
		"core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss", "rtprio", "rttime", "sigpending", "stack",
	}
}

func wholeOf(v cty.Value) (int64, bool) {
	if v.IsNull() || !v.IsKnown() {
		return 0, false
	}
	if v.Type() == cty.String {
		n, err := strconv.ParseInt(v.AsString(), 10, 64)
		return n, err == nil && n >= -1
	}
	if v.Type() != cty.Number {
		return 0, false
	}
	f := v.AsBigFloat()
	n, _ := f.Int64()
	return n, f.IsInt() && n >= -1
}
