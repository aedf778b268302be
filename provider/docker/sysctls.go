package docker

import (
	"cmp"
	"maps"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/versions"
)

// endpointSysctls is the driver option of an endpoint that engines since API 1.46
// move the parameters of an interface to, under the name IFNAME; see "sysctls" in
// https://docs.docker.com/reference/cli/docker/container/run/.
const (
	endpointSysctls    = "com.docker.network.endpoint.sysctls"
	apiEndpointSysctls = "1.46"
)

// withSysctls is the host's part of a container with those kernel parameters again
// that its engine moved to an endpoint. Only those of eth0 are moved: those of the
// container's own network.
func withSysctls(c container.InspectResponse) *container.HostConfig {
	if c.NetworkSettings == nil {
		return c.HostConfig
	}
	at := c.NetworkSettings.Networks[cmp.Or(ownNetwork(c), networkMode(c.HostConfig))]
	if at == nil || at.DriverOpts[endpointSysctls] == "" {
		return c.HostConfig
	}
	host := *c.HostConfig
	host.Sysctls = maps.Clone(host.Sysctls)
	if host.Sysctls == nil {
		host.Sysctls = map[string]string{}
	}
	for pair := range strings.SplitSeq(at.DriverOpts[endpointSysctls], ",") {
		name, value, _ := strings.Cut(pair, "=")
		host.Sysctls[strings.Replace(name, "."+anyInterface+".", "."+firstInterface+".", 1)] = value
	}
	return &host
}

// What engines call the interface of an endpoint in its option, and the first one of a
// container.
const (
	anyInterface   = "IFNAME"
	firstInterface = "eth0"
)

// interfaceSysctls are those kernel parameters of a container's first interface that
// have to be asked for again when its own network is connected anew; empty for none.
// Engines before API 1.46 apply them once, when the container starts.
func interfaceSysctls(h *container.HostConfig, api string) string {
	if versions.LessThan(api, apiEndpointSysctls) {
		return ""
	}
	var out []string
	for _, name := range sortedKeys(h.Sysctls) {
		if strings.Contains(name, "."+firstInterface+".") {
			out = append(out, strings.Replace(name, "."+firstInterface+".", "."+anyInterface+".", 1)+"="+h.Sysctls[name])
		}
	}
	return strings.Join(out, ",")
}
