package docker

import (
	"maps"
	"strings"

	"github.com/docker/docker/api/types/container"
)

// endpointSysctls is the driver option of an endpoint that engines since API 1.46
// move the parameters of an interface to, under the name IFNAME; see "sysctls" in
// https://docs.docker.com/reference/cli/docker/container/run/.
const endpointSysctls = "com.docker.network.endpoint.sysctls"

// withSysctls is the host's part of a container with those kernel parameters again
// that its engine moved to an endpoint. Only those of eth0 are moved: the first
// network's.
func withSysctls(c container.InspectResponse) *container.HostConfig {
	if c.NetworkSettings == nil {
		return c.HostConfig
	}
	host := c.HostConfig
	for _, at := range c.NetworkSettings.Networks {
		if at == nil || at.DriverOpts[endpointSysctls] == "" {
			continue
		}
		if host == c.HostConfig {
			changed := *c.HostConfig
			changed.Sysctls = maps.Clone(changed.Sysctls)
			host = &changed
		}
		for _, pair := range strings.Split(at.DriverOpts[endpointSysctls], ",") {
			name, value, _ := strings.Cut(pair, "=")
			if host.Sysctls == nil {
				host.Sysctls = map[string]string{}
			}
			host.Sysctls[strings.Replace(name, ".IFNAME.", ".eth0.", 1)] = value
		}
	}
	return host
}
