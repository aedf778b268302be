package docker

import (
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/api/types/versions"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// mountSpec is one mount in the form in which declared and actual ones are compared.
type mountSpec struct {
	kind         mount.Type
	source       string // empty: tmpfs, or a volume without a name
	target       string
	readOnly     bool
	subpath      string
	propagation  string
	createSource bool
	unknown      bool   // the source is not known yet
	of           string // the address of the volume that is the source
	planned      bool   // that volume is still to be made
}

// mountOf reads one mount of a declaration.
func mountOf(m values) mountSpec {
	spec := mountSpec{
		kind:         mount.Type(m.text("type")),
		source:       m.text("source"),
		target:       cleanPath(m.text("target")),
		readOnly:     m.flag("read_only", false),
		subpath:      m.text("subpath"),
		propagation:  m.text("propagation"),
		createSource: m.flag("create_source", false),
		unknown:      !m.get("source").IsKnown(),
	}
	if spec.kind == "" {
		spec.kind = mount.TypeVolume
		if strings.HasPrefix(spec.source, "/") {
			spec.kind = mount.TypeBind
		}
	}
	if volume, ok := m.ref("volume"); ok && spec.kind == mount.TypeVolume {
		spec.of, spec.planned = volume.Address, volume.ID == ""
		if spec.source == "" {
			spec.source, spec.unknown = volume.engineName(), false
		}
	}
	if spec.kind == mount.TypeBind {
		spec.source = cleanPath(spec.source)
	}
	return spec
}

// putMounts adds the mounts to a request as this engine takes them. A bind is
// sent as a mount, so that a missing source fails loudly, unless it is to be created.
func putMounts(h *container.HostConfig, mounts []mountSpec, api string) error {
	for _, m := range mounts {
		if m.subpath != "" && versions.LessThan(api, "1.45") {
			return &provider.Problem{
				Code: provider.Refused, Path: "mount[" + quoted(m.target) + "].subpath", Summary: "The engine cannot mount a part of a volume",
				Detail: "subpath needs API 1.45 (Engine 26); this engine speaks " + api + " and would mount the whole volume. Upgrade it, or mount the whole volume at another target.",
			}
		}
		if m.kind == mount.TypeBind && m.createSource && versions.LessThan(api, "1.42") {
			h.Binds = append(h.Binds, bindText(m))
			continue
		}
		out := mount.Mount{Type: m.kind, Source: m.source, Target: m.target, ReadOnly: m.readOnly}
		switch m.kind {
		case mount.TypeBind:
			if m.propagation != "" || m.createSource {
				out.BindOptions = &mount.BindOptions{Propagation: mount.Propagation(m.propagation), CreateMountpoint: m.createSource}
			}
		case mount.TypeVolume:
			if m.subpath != "" {
				out.VolumeOptions = &mount.VolumeOptions{Subpath: m.subpath}
			}
		case mount.TypeTmpfs:
			out.Source = ""
		default: // sent as it is; the engine says what it thinks of it
		}
		h.Mounts = append(h.Mounts, out)
	}
	return nil
}

func bindText(m mountSpec) string {
	var options []string
	if m.readOnly {
		options = append(options, "ro")
	}
	if m.propagation != "" {
		options = append(options, m.propagation)
	}
	text := m.source + ":" + m.target
	if len(options) > 0 {
		text += ":" + strings.Join(options, ",")
	}
	return text
}

// actualMounts reads a container's mounts in effect. Their order in the engine's
// answer is random.
func actualMounts(c container.InspectResponse) []mountSpec {
	subpaths := map[string]string{}
	if c.HostConfig != nil {
		for _, m := range c.HostConfig.Mounts {
			if m.VolumeOptions != nil {
				subpaths[cleanPath(m.Target)] = m.VolumeOptions.Subpath
			}
		}
	}
	var out []mountSpec
	for _, m := range c.Mounts {
		spec := mountSpec{
			kind: m.Type, source: m.Source, target: cleanPath(m.Destination), readOnly: !m.RW,
			propagation: string(m.Propagation), subpath: subpaths[cleanPath(m.Destination)],
		}
		switch m.Type {
		case mount.TypeVolume:
			spec.source, spec.propagation = m.Name, ""
		case mount.TypeTmpfs:
			spec.source = ""
		default: // binds as they are
		}
		out = append(out, spec)
	}
	return out
}

// anonymous tells whether a volume's name is one that the engine made up.
func anonymous(name string) bool {
	return len(name) == 64 && strings.Trim(name, "0123456789abcdef") == ""
}

// mountValue is a mount as an attribute.
func mountValue(m mountSpec) cty.Value {
	source := cty.StringVal(m.source)
	if m.unknown {
		source = cty.UnknownVal(cty.String)
	}
	return cty.ObjectVal(map[string]cty.Value{
		"type":        cty.StringVal(string(m.kind)),
		"source":      source,
		"target":      cty.StringVal(m.target),
		"read_only":   cty.BoolVal(m.readOnly),
		"subpath":     cty.StringVal(m.subpath),
		"propagation": cty.StringVal(m.propagation),
	})
}

func mountType() cty.Type {
	return cty.Object(map[string]cty.Type{
		"type": cty.String, "source": cty.String, "target": cty.String,
		"read_only": cty.Bool, "subpath": cty.String, "propagation": cty.String,
	})
}

// mountsValue is mounts by target.
func mountsValue(mounts []mountSpec) cty.Value {
	if len(mounts) == 0 {
		return cty.MapValEmpty(mountType())
	}
	out := map[string]cty.Value{}
	for _, m := range mounts {
		out[m.target] = mountValue(m)
	}
	return cty.MapVal(out)
}

// viewsOf are the mounts in effect for the rule.
func viewsOf(c container.InspectResponse) []provider.View {
	var out []provider.View
	for _, m := range actualMounts(c) {
		out = append(out, provider.View{
			Type: string(m.kind), Source: m.source, Target: m.target, Subpath: m.subpath, ReadOnly: m.readOnly,
		})
	}
	if c.HostConfig != nil {
		for _, target := range sortedKeys(c.HostConfig.Tmpfs) {
			out = append(out, provider.View{Type: "tmpfs", Target: cleanPath(target)})
		}
	}
	sortViews(out)
	return out
}
