package docker

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// deviceRows are a container's devices, its storage and its log.
func deviceRows() []row {
	text, list, mapping := cty.String, cty.List(cty.String), cty.Map(cty.String)
	replace := provider.Replace
	sharing := []provider.Kind{provider.Container, provider.Daemon, provider.Controller, provider.Job, provider.Guard}
	return []row{
		{
			name: "tmpfs", typ: list, effect: replace, layer: layerEngine, form: like(`/[^:]*(:.+)?`, "a path with or without options, such as /run or /run:size=1m"),
			fallback: "none", doc: "Directories in memory: /path or /path:options.",
			codec: codec{put: putTmpfs, read: func(s seen) cty.Value { return stringList(tmpfsTexts(s.h.Tmpfs)) }},
		},
		{
			name: "volumes_from", typ: cty.List(provider.RefType()), refs: sharing, effect: replace, layer: layerEngine,
			fallback: "none", doc: "Objects whose binds and volumes it has, too, at the same paths and as writable as there. What it mounts itself wins. To have one read-only, write a mount block instead.",
			codec: codec{
				put: func(b *builder, name string) {
					for _, v := range b.d.elements(name) {
						if r, ok := refOf(v); ok {
							b.r.host.VolumesFrom = append(b.r.host.VolumesFrom, cmp.Or(r.ID, r.engineName()))
						}
					}
				},
				read: func(s seen) cty.Value { return stringList(s.h.VolumesFrom) },
			},
		},
		{
			name: "storage_opt", typ: mapping, effect: replace, layer: layerEngine, fallback: "none", doc: "Options of the storage driver for this container, such as { size = \"10G\" }. Engines that keep images in containerd do not heed them, and are refused.",
			codec: codec{
				put:  mapAt(func(_ *container.Config, h *container.HostConfig) *map[string]string { return &h.StorageOpt }).put,
				read: func(s seen) cty.Value { return stringMap(spelled(s.h.StorageOpt, storageOption)) },
			},
		},
		{
			name: "device_cgroup_rules", typ: list, effect: replace, layer: layerEngine,
			form:     like(`[acb] ([0-9]+|\*):([0-9]+|\*) [rwm]{1,3}`, "a rule, such as c 1:3 rwm"),
			fallback: "none", doc: "Which devices it may use or make, such as c 1:3 mr.",
			codec: listAt(func(_ *container.Config, h *container.HostConfig) *[]string { return &h.DeviceCgroupRules }),
		},
		{
			name: "devices", effect: replace, layer: layerEngine, core: true,
			codec: codec{put: putDevices, read: readDevices},
		},
		{
			name: "gpus", effect: replace, layer: layerEngine, core: true,
			codec: codec{put: putGPUs, read: readGPUs},
		},
		{
			name: "logging.driver", block: "logging", typ: text, effect: replace, layer: layerEngine, fallback: "the engine's",
			doc: "Log driver. A job's is json-file or local, so that its output can be read.",
			codec: codec{
				put: putLogDriver,
				read: func(s seen) cty.Value {
					return cty.StringVal(cmp.Or(s.h.LogConfig.Type, s.facts.Details[detailLogging]))
				},
			},
		},
		{
			name: "logging.options", block: "logging", typ: mapping, effect: replace, layer: layerEngine, subset: true, fallback: "the engine's",
			doc: "Options of the log driver, such as { max-size = \"10m\" }.",
			codec: codec{
				put: func(b *builder, name string) {
					if options := b.d.mapping(name); len(options) > 0 {
						b.r.host.LogConfig.Config = options
					}
				},
				read: func(s seen) cty.Value { return stringMap(spelled(s.h.LogConfig.Config, logOption)) },
			},
		},
		{
			name: "healthcheck", effect: replace, layer: layerImage, core: true,
		},
	}
}

func putTmpfs(b *builder, name string) {
	for _, entry := range b.d.list(name) {
		if b.r.host.Tmpfs == nil {
			b.r.host.Tmpfs = map[string]string{}
		}
		target, options, _ := strings.Cut(entry, ":")
		b.r.host.Tmpfs[cleanPath(target)] = options
	}
}

func tmpfsTexts(m map[string]string) []string {
	var out []string
	for target, options := range m {
		text := cleanPath(target)
		if options := tmpfsText(options); options != "" {
			text += ":" + options
		}
		out = append(out, text)
	}
	return sorted(out)
}

// deviceName matches a device of the Container Device Interface: vendor.com/class=name.
const deviceName = `^[a-zA-Z0-9][a-zA-Z0-9.-]*\.[a-zA-Z0-9.-]+/[a-zA-Z0-9_.-]+=.+$`

// putDevices sends all three parts: what is left out is kept empty by engines,
// and refused when the container starts.
func putDevices(b *builder, name string) {
	for _, device := range b.d.blocks(name) {
		source := device.text("source")
		if regexp.MustCompile(deviceName).MatchString(source) {
			b.r.host.DeviceRequests = append(b.r.host.DeviceRequests, container.DeviceRequest{Driver: "cdi", DeviceIDs: []string{source}})
			continue
		}
		b.r.host.Devices = append(b.r.host.Devices, container.DeviceMapping{
			PathOnHost:        source,
			PathInContainer:   cmp.Or(device.text("target"), source),
			CgroupPermissions: cmp.Or(device.text("permissions"), "rwm"),
		})
	}
}

func readDevices(s seen) cty.Value {
	var out []string
	for _, d := range s.h.Devices {
		permissions := []byte(cmp.Or(d.CgroupPermissions, "rwm"))
		slices.Sort(permissions)
		out = append(out, cleanPath(d.PathOnHost)+":"+cleanPath(cmp.Or(d.PathInContainer, d.PathOnHost))+":"+string(slices.Compact(permissions)))
	}
	for _, r := range s.h.DeviceRequests {
		if r.Driver == "cdi" {
			out = append(out, r.DeviceIDs...)
		}
	}
	return stringList(sorted(out))
}

func putGPUs(b *builder, name string) {
	for _, gpu := range b.d.blocks(name) {
		request := container.DeviceRequest{
			Driver: gpu.text("driver"), DeviceIDs: gpu.list("device_ids"), Options: gpu.mapping("options"),
			Capabilities: [][]string{append([]string{"gpu"}, slices.DeleteFunc(gpu.list("capabilities"), func(s string) bool { return s == "gpu" })...)},
		}
		switch count := gpu.text("count"); {
		case count == "all", count == "" && len(request.DeviceIDs) == 0:
			request.Count = -1
		case count != "":
			n, err := strconv.Atoi(count)
			if err != nil || n < 1 {
				b.invalid(name, fmt.Errorf("count is a number or all, not %q", count))
			}
			request.Count = n
		}
		b.r.host.DeviceRequests = append(b.r.host.DeviceRequests, request)
	}
}

func readGPUs(s seen) cty.Value {
	var out []string
	for _, r := range s.h.DeviceRequests {
		if r.Driver == "cdi" {
			continue
		}
		var capabilities []string
		for _, list := range r.Capabilities {
			capabilities = append(capabilities, list...)
		}
		options := map[string]string{} // engines show none as nothing, or as empty
		maps.Copy(options, r.Options)
		content, _ := json.Marshal([]any{r.Driver, r.Count, sorted(r.DeviceIDs), sorted(capabilities), options})
		out = append(out, string(content))
	}
	return stringList(sorted(out))
}

// putLogDriver gives a job a log that can be read, whatever the engine's default is.
func putLogDriver(b *builder, name string) {
	driver := b.d.text(name)
	if b.decl.Kind == provider.Job {
		switch driver {
		case "":
			driver = "json-file"
		case "json-file", "local":
		default:
			b.invalid(name, fmt.Errorf("a job's output is read from its log: the driver is json-file or local, not %q", driver))
		}
	}
	b.r.host.LogConfig.Type = driver
}
