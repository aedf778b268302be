package docker

import (
	"cmp"
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

// ownNetwork is the network whose endpoint has the parameters of the first interface: that
// which the container was created in.
func (c *comparison) ownNetwork() string {
	return cmp.Or(c.actual.text(hiddenOwnNetwork), bridgeNetwork)
}

// saidOfFirst are parameters of the first interface that are or were declared of the
// container, and not of its own network.
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
	wanted := attachmentsOf(c.item.Declaration, c.declared)
	for i, before := range c.attachedBefore(wanted) {
		if wanted[i].name != c.ownNetwork() {
			continue
		}
		for _, a := range []attachment{wanted[i], before} {
			for name := range a.sysctls {
				own[name] = true
			}
		}
	}
	return slices.DeleteFunc(said, func(name string) bool { return own[strings.Replace(name, firstInterface, ownInterface, 1)] })
}

// moveSysctls counts parameters of the first interface as the container's again where
// they were said there, in the declaration or in the record, and not at the network.
func (c *comparison) moveSysctls() {
	said, network := c.saidOfFirst(), c.ownNetwork()
	endpoints := c.actual.objects(hiddenAttach)
	at, joined := endpoints[network]
	if len(said) == 0 || !joined {
		return
	}
	sysctls, there := c.actual.mapping("sysctls"), at.mapping("sysctls")
	if sysctls == nil {
		sysctls = map[string]string{}
	}
	for _, name := range said {
		moved := strings.Replace(name, firstInterface, ownInterface, 1)
		if value, found := there[moved]; found {
			sysctls[name] = value
			delete(there, moved)
		}
	}
	options := at.v.AsValueMap()
	options["sysctls"] = stringMap(there)
	all := c.actual.v.AsValueMap()
	all["sysctls"], all[hiddenAttach] = stringMap(sysctls), withElement(endpoints, network, cty.ObjectVal(options))
	c.actual = values{cty.ObjectVal(all)}
}

// withElement is a map of objects with another value for one name.
func withElement(objects map[string]values, name string, value cty.Value) cty.Value {
	all := make(map[string]cty.Value, len(objects))
	for key, object := range objects {
		all[key] = object.v
	}
	all[name] = value
	return cty.MapVal(all)
}
