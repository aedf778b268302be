package docker

import (
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/go-connections/nat"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// networkingRows are a container's names and how it is reached.
func networkingRows() []row {
	text, list, mapping := cty.String, cty.List(cty.String), cty.Map(cty.String)
	replace := provider.Replace
	own := []string{"networks", "attach", "ports", "mac_address"}
	mode := besideAt(word("bridge", "host", "none"), []string{"host"}, "the container uses the host's network", own...)
	mode = besideAt(mode, []string{"none"}, "the container has no network", append(own, "expose")...)
	mode = besideAt(mode, []string{"bridge"}, "that is the engine's default bridge alone", "networks", "attach")
	mode = besideAt(mode, []string{"*"}, "the container uses the other one's network and names", append(own, "hostname", "domainname", "dns", "dns_search", "dns_opt", "extra_hosts", "expose")...)
	return []row{
		{
			name: "network_mode", typ: cty.DynamicPseudoType, effect: replace, layer: layerEngine, always: true, form: mode, fallback: "networks of its own",
			refs: []provider.Kind{provider.Container, provider.Daemon, provider.Controller, provider.Guard},
			doc:  "Instead of networks: host, none, bridge (the engine's default one), or a container whose network it shares.",
			codec: codec{
				put:  func(*builder, string) {}, // see connect
				read: readNetworkMode,
			},
		},
		{
			name: "hostname", typ: text, effect: replace, layer: layerEngine, fallback: "the first 12 characters of its id", doc: "The container's host name.",
			form: like(`[A-Za-z0-9]([A-Za-z0-9._-]{0,251}[A-Za-z0-9])?|`, "a host name: letters, digits, dashes and dots"),
			codec: codec{
				put:  func(b *builder, name string) { b.r.config.Hostname = b.d.text(name) },
				read: func(s seen) cty.Value { return cty.StringVal(s.c.Hostname) },
			},
		},
		{
			name: "domainname", typ: text, effect: replace, layer: layerEngine, fallback: "none", doc: "The domain of its host name.",
			codec: textAt(func(c *container.Config, _ *container.HostConfig) *string { return &c.Domainname }),
		},
		{
			name: "mac_address", typ: text, effect: replace, layer: layerEngine, form: macForm(), fallback: "the engine's choice", doc: "MAC address on its first network.",
			codec: codec{
				put: func(b *builder, name string) { b.r.config.MacAddress = macText(b.d.text(name)) }, //nolint:staticcheck // what engines below API 1.44 take; create sends it to the others
				read: func(s seen) cty.Value {
					if mac := macText(s.c.MacAddress); mac != "" { //nolint:staticcheck // see put
						return cty.StringVal(mac)
					}
					return cty.NullVal(cty.String)
				},
			},
		},
		{
			name: "dns", typ: list, effect: replace, layer: layerEngine, form: addressForm(), fallback: "the engine's", doc: "Name servers.",
			codec: codec{
				put:  func(b *builder, name string) { b.r.host.DNS = b.d.list(name) },
				read: func(s seen) cty.Value { return stringList(addresses(s.h.DNS)) },
			},
		},
		{
			name: "dns_opt", typ: list, effect: replace, layer: layerEngine, fallback: "the engine's", doc: "Options of the resolver, such as ndots:2.",
			codec: listAt(func(_ *container.Config, h *container.HostConfig) *[]string { return &h.DNSOptions }),
		},
		{
			name: "dns_search", typ: list, effect: replace, layer: layerEngine, fallback: "the engine's", doc: "Domains in which names are looked up.",
			codec: listAt(func(_ *container.Config, h *container.HostConfig) *[]string { return &h.DNSSearch }),
		},
		{
			name: "extra_hosts", typ: mapping, effect: replace, layer: layerEngine, form: hostsForm(),
			fallback: "none", doc: "Lines of /etc/hosts: name to address. host-gateway is the engine's host.",
			codec: codec{put: putHosts, read: func(s seen) cty.Value { return stringMap(hostsMap(s.h.ExtraHosts)) }},
		},
		{
			name: "expose", typ: list, effect: replace, layer: layerImage, subset: true, form: portForm(), fallback: "the image's", doc: "Ports that it listens on, such as 80 or 53/udp, for those who ask the engine. Nothing is published.",
			codec: codec{put: putExposed, read: readExposed},
			keys:  func(d values) map[string]string { return exposedKeys(d.list("expose")) },
		},
		{
			name: "ports", effect: replace, layer: layerEngine, core: true,
			codec: codec{put: putPorts, read: func(s seen) cty.Value { return stringList(portTexts(s.h.PortBindings)) }},
		},
	}
}

// readNetworkMode knows the modes that are instead of networks; a container that
// has networks is read by them.
func readNetworkMode(s seen) cty.Value {
	if mode := s.h.NetworkMode; mode.IsHost() || mode.IsNone() || mode.IsContainer() {
		return cty.StringVal(string(mode))
	}
	return cty.NullVal(cty.String)
}

func hostsForm() provider.Form {
	f := like(anAddress+`|host-gateway`, "an address, or host-gateway")
	f.Keys, f.KeysSay = `[^\s:=]+`, "the name of a host"
	return f
}

func putHosts(b *builder, name string) {
	hosts := b.d.mapping(name)
	for _, host := range sortedKeys(hosts) {
		b.r.host.ExtraHosts = append(b.r.host.ExtraHosts, host+":"+hosts[host])
	}
}

func hostsMap(entries []string) map[string]string {
	out := map[string]string{}
	for _, entry := range entries {
		if i := strings.IndexAny(entry, ":="); i > 0 {
			out[entry[:i]] = address(entry[i+1:])
		}
	}
	return out
}

// exposed is what a port is shown as; each is there or not.
const exposed = "exposed"

// exposedKeys reads ports with their protocol, ranges one by one.
func exposedKeys(list []string) map[string]string {
	out := map[string]string{}
	for _, text := range list {
		protocol, numbers := nat.SplitProtoPort(text)
		first, last, err := nat.ParsePortRangeToInt(numbers)
		for port := first; err == nil && port <= last; port++ {
			name, _ := nat.NewPort(strings.ToLower(protocol), portNumber(port))
			out[string(name)] = exposed
		}
	}
	return out
}

func putExposed(b *builder, name string) {
	for port := range exposedKeys(b.d.list(name)) {
		b.expose(nat.Port(port))
	}
}

func (b *builder) expose(port nat.Port) {
	if b.r.config.ExposedPorts == nil {
		b.r.config.ExposedPorts = nat.PortSet{}
	}
	b.r.config.ExposedPorts[port] = struct{}{}
}

func readExposed(s seen) cty.Value {
	var list []string
	for port := range s.c.ExposedPorts {
		list = append(list, string(port))
	}
	return stringMap(exposedKeys(list))
}
