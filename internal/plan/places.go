package plan

import (
	"strings"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/mount"
	"github.com/dindctl/dindctl/provider"
)

// places is what the observation adds to what the rule reads.
func (m *maker) places() config.TopologyOptions {
	options := config.TopologyOptions{
		Host: hostOf(m.in.Observed.Root.Facts), HostWhy: m.in.Observed.Root.Facts.FilesWhy,
		Socket: strings.TrimPrefix(m.socket(), "unix://"), API: map[string]string{}, Volumes: map[string]map[string]mount.NamedVolume{},
	}
	options.Platform = platformOf(m.in.Observed.Root.Facts)
	if m.in.Observed.Root.Facts.Files == provider.FilesContainer {
		options.Door = mount.RawDoor
	}
	for _, inside := range m.in.Observed.places() {
		s := m.in.Observed.snapshot(inside)
		engine := inside
		if engine == "" {
			engine = rootDaemon
		}
		if s.Facts.API != "" {
			options.API[engine] = s.Facts.API
		}
		for _, o := range s.Objects {
			if o.Kind != provider.Volume {
				continue
			}
			if options.Volumes[engine] == nil {
				options.Volumes[engine] = map[string]mount.NamedVolume{}
			}
			address := o.Owner.Address
			if o.Stray {
				address = ""
			}
			options.Volumes[engine][o.Name] = mount.NamedVolume{Address: address}
		}
	}
	return options
}

// socket is the root engine's endpoint where that is a socket, else empty.
func (m *maker) socket() string {
	if endpoint := m.in.Observed.Root.Facts.Endpoint; strings.HasPrefix(endpoint, "unix://") {
		return endpoint
	}
	return ""
}

func hostOf(facts provider.Facts) string {
	switch facts.Files {
	case provider.FilesShared:
		return "this"
	case provider.FilesContainer:
		return "container=" + facts.Self
	case provider.FilesUnknown:
	}
	return "unknown"
}

// PlatformDetail is the name of a platform that was said, in [provider.Facts.Details].
const PlatformDetail = "platform"

// platformOf tells the root engine's platform: as it was said, else from what the
// engine says of itself.
func platformOf(facts provider.Facts) mount.Platform {
	if said := facts.Details[PlatformDetail]; said != "" {
		return mount.Platform(said)
	}
	return mount.Detect(mount.EngineFacts{
		System: facts.Details["operating_system"], Name: facts.Name, Kernel: facts.Details["kernel"],
		RootDir: facts.Details["root_dir"], Rootless: facts.Details["rootless"] == "true",
	})
}
