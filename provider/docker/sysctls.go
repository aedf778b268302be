package docker

import (
	"maps"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/versions"
	"github.com/zclconf/go-cty/cty"
)

// endpointSysctls is the driver option of an endpoint that has the parameters of its
// interface, under the name IFNAME, since API 1.46. Engines of API 1.46 and 1.47 move a
// container's parameters of eth0 there themselves; later ones refuse them. See
// "sysctls" in https://docs.docker.com/reference/cli/docker/container/run/ and
// https://github.com/moby/moby/blob/v28.5.2/api/server/router/container/container_routes.go.
const endpointSysctls = "com.docker.network.endpoint.sysctls"

// The name of the first interface in a parameter, and of an endpoint's own.
const (
	firstInterface = ".eth0."
	ownInterface   = ".IFNAME."
)

// putSysctls gives an endpoint parameters of its interface, as far as the engine knows
// them; those that it has already stay.
func putSysctls(at *network.EndpointSettings, sysctls map[string]string, api string) {
	if len(sysctls) == 0 || versions.LessThan(api, apiEndpointSysctls) {
		return
	}
	all := maps.Clone(sysctls)
	maps.Copy(all, sysctlsOf(at))
	var pairs []string
	for _, name := range sortedKeys(all) {
		pairs = append(pairs, name+"="+all[name])
	}
	if at.DriverOpts == nil {
		at.DriverOpts = map[string]string{}
	}
	at.DriverOpts[endpointSysctls] = strings.Join(pairs, ",")
}

// sysctlsOf are the parameters of an endpoint's interface. Docker's command line has
// the name in small letters.
func sysctlsOf(at *network.EndpointSettings) map[string]string {
	var out map[string]string
	for pair := range strings.SplitSeq(at.DriverOpts[endpointSysctls], ",") {
		name, value, found := strings.Cut(pair, "=")
		if !found {
			continue
		}
		if out == nil {
			out = map[string]string{}
		}
		out[strings.Replace(name, ".ifname.", ownInterface, 1)] = value
	}
	return out
}

// splitSysctls are the parameters that a container is created with, and those of its
// first interface, which an engine takes at its network.
func (r request) splitSysctls(api string) (stay, move map[string]string) {
	mode := r.host.NetworkMode
	if versions.LessThan(api, apiEndpointSysctls) || mode.IsNone() || !mode.IsPrivate() {
		return r.host.Sysctls, nil
	}
	stay, move = maps.Clone(r.host.Sysctls), map[string]string{}
	for name, value := range r.host.Sysctls {
		if ofFirst(name) {
			move[strings.Replace(name, firstInterface, ownInterface, 1)] = value
			delete(stay, name)
		}
	}
	return stay, move
}

// ofFirst tells of a parameter of the first interface: net.ipv4.conf.eth0.forwarding.
func ofFirst(name string) bool {
	parts := strings.SplitN(name, ".", 5)
	return len(parts) == 5 && parts[0] == "net" && parts[3] == "eth0"
}

// saidOfFirst are parameters of the first interface that are or were declared of the
// container, and of no network.
func (c *comparison) saidOfFirst() []string {
	var said []string
	for _, d := range []values{c.declared, c.created} {
		for name := range d.mapping("sysctls") {
			if ofFirst(name) {
				said = append(said, name)
			}
		}
	}
	if len(said) == 0 {
		return nil
	}
	own := map[string]bool{}
	for _, a := range slices.Concat(attachmentsOf(c.item.Declaration, c.declared), attachmentsOf(c.item.Declaration, c.created)) {
		for name := range a.sysctls {
			own[name] = true
		}
	}
	return slices.DeleteFunc(said, func(name string) bool { return own[strings.Replace(name, firstInterface, ownInterface, 1)] })
}

// moveSysctls counts parameters of the first interface as the container's again where
// they were said there, in the declaration or in the record, and not at the network.
func (c *comparison) moveSysctls() {
	said := c.saidOfFirst()
	if len(said) == 0 {
		return
	}
	sysctls, endpoints := c.actual.mapping("sysctls"), map[string]cty.Value{}
	for network, at := range c.actual.objects(hiddenAttach) {
		there := at.mapping("sysctls")
		for _, name := range said {
			moved := strings.Replace(name, firstInterface, ownInterface, 1)
			value, found := there[moved]
			if !found {
				continue
			}
			if sysctls == nil {
				sysctls = map[string]string{}
			}
			sysctls[name] = value
			delete(there, moved)
		}
		options := at.v.AsValueMap()
		options["sysctls"] = stringMap(there)
		endpoints[network] = cty.ObjectVal(options)
	}
	if len(endpoints) == 0 {
		return
	}
	all := c.actual.v.AsValueMap()
	all["sysctls"], all[hiddenAttach] = stringMap(sysctls), cty.MapVal(endpoints)
	c.actual = values{cty.ObjectVal(all)}
}
