package docker

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/versions"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// The lowest APIs that know an endpoint's own hardware address, at the creation of
// a container and when a network is connected later, which endpoint leads outside, and
// kernel parameters of an interface.
const (
	apiEndpointMAC      = "1.44"
	apiConnectMAC       = "1.54"
	apiEndpointPriority = "1.48"
	apiEndpointSysctls  = "1.46"
)

// attachment is one network that a container joins.
type attachment struct {
	address    string // of the network in the configuration
	name, id   string // id is empty where it is not known
	pending    bool   // the network will be made: its id will be another than any that is there
	aliases    []string
	ipv4, ipv6 string
	mac        string
	priority   int
	sysctls    map[string]string
	unknown    []string // the options of which not everything is known yet
	// What no argument asks for; somebody else can have connected the container so.
	linkLocal []string
	links     []string
	options   map[string]string // of the driver, such as the name of the interface
}

// attachmentsOf merges the list of networks and the attach blocks, in their
// order; a network that stands in both has the block's options. It reads records
// too, which know a network's address alone.
func attachmentsOf(decl provider.Declaration, d values) []attachment {
	aliases := []string{labelOf(decl.Address)}
	if decl.Kind == provider.Daemon {
		aliases = appendNew(aliases, aliasOf(d))
	}
	var out []attachment
	at := func(v cty.Value) *attachment {
		r := values{v}
		address := cmp.Or(r.text("address"), r.text("ref"))
		for i := range out {
			if out[i].address == address {
				return &out[i]
			}
		}
		joined := attachment{address: address, name: cmp.Or(r.text("ref"), r.text("name")), id: r.text("id"), pending: !r.get("id").IsKnown(), aliases: aliases}
		if builtIn(joined.name) {
			joined.aliases = nil // engines take none there
		}
		out = append(out, joined)
		return &out[len(out)-1]
	}
	for _, v := range d.elements("networks") {
		if isReference(v) {
			at(v)
		}
	}
	for _, block := range d.blocks("attach") {
		v := block.get("network")
		if !isReference(v) {
			continue
		}
		joined := at(v)
		joined.aliases = appendNew(slices.Clone(joined.aliases), block.list("aliases")...)
		joined.ipv4, joined.ipv6 = addressText(block.text("ipv4")), addressText(block.text("ipv6"))
		joined.mac = macText(block.text("mac"))
		joined.sysctls = block.mapping("sysctls")
		if n, ok := block.number("priority"); ok {
			joined.priority = int(n)
		}
		joined.unknown = unknownOptions(block)
	}
	return out
}

// unknownOptions are the options of an attach block of which not everything is known yet.
func unknownOptions(block values) []string {
	var out []string
	for _, option := range endpointRows() {
		if !block.get(option.name).IsWhollyKnown() {
			out = append(out, option.name)
		}
	}
	return out
}

// isReference tells whether a value is a reference, or what a record keeps of one.
func isReference(v cty.Value) bool {
	if v.IsNull() || !v.IsKnown() {
		return false
	}
	return provider.IsRef(v.Type()) || v.Type().IsObjectType() && v.Type().HasAttribute("ref")
}

// bridgeNetwork is where engines put a container that joins no network.
const bridgeNetwork = "bridge"

// builtIn tells of the networks that every engine has.
func builtIn(name string) bool { return name == "bridge" || name == "host" || name == "none" }

// settings is what an engine is asked for to join the network.
func (a attachment) settings(api string) *network.EndpointSettings {
	out := &network.EndpointSettings{Aliases: a.aliases}
	if a.ipv4 != "" || a.ipv6 != "" {
		out.IPAMConfig = &network.EndpointIPAMConfig{IPv4Address: a.ipv4, IPv6Address: a.ipv6}
	}
	if !versions.LessThan(api, apiEndpointMAC) {
		out.MacAddress = a.mac
	}
	if !versions.LessThan(api, apiEndpointPriority) {
		out.GwPriority = a.priority
	}
	putSysctls(out, a.sysctls, api)
	return out
}

// putEndpoints adds what a container's creation takes of its networks: all of
// them, or before API 1.44 the first, and the hardware address as the container's own.
// Kernel parameters of the first interface go from the host's part to its network.
func (r request) putEndpoints(config *container.Config, host *container.HostConfig, api string) (*network.NetworkingConfig, error) {
	if err := r.refuseEndpoints(api); err != nil {
		return nil, err
	}
	out := &network.NetworkingConfig{EndpointsConfig: map[string]*network.EndpointSettings{}}
	for i, n := range r.networks {
		if versions.LessThan(api, apiEndpointMAC) {
			if i > 0 {
				break
			}
			if n.mac != "" {
				config.MacAddress = n.mac //nolint:staticcheck // the only place that these engines take it from
			}
		}
		out.EndpointsConfig[n.name] = n.settings(api)
	}
	if mac := config.MacAddress; mac != "" && !versions.LessThan(api, apiEndpointMAC) { //nolint:staticcheck // see networkingRows
		name := networkMode(&r.host)
		if out.EndpointsConfig[name] == nil {
			out.EndpointsConfig[name] = &network.EndpointSettings{}
		}
		out.EndpointsConfig[name].MacAddress = cmp.Or(out.EndpointsConfig[name].MacAddress, mac)
	}
	var moved map[string]string
	if host.Sysctls, moved = r.splitSysctls(api); len(moved) > 0 {
		name := networkMode(&r.host)
		if out.EndpointsConfig[name] == nil {
			out.EndpointsConfig[name] = &network.EndpointSettings{}
		}
		putSysctls(out.EndpointsConfig[name], moved, api)
	}
	return out, nil
}

// refuseEndpoints refuses what this engine would accept and not do.
func (r request) refuseEndpoints(api string) error {
	for _, n := range r.networks {
		path := "attach[" + quoted(n.name) + "]."
		switch {
		case n.mac != "" && versions.LessThan(api, apiEndpointMAC) && len(r.networks) > 1:
			return &provider.Problem{
				Code: provider.Refused, Path: path + "mac", Summary: "The engine cannot give one of several networks a hardware address",
				Detail: "mac beside a second network needs API " + apiEndpointMAC + " (Engine 25); this engine speaks " + api + ". Upgrade it, take mac away, or join that network alone.",
			}
		}
	}
	return nil
}

// attachType is an endpoint's options in the form that is compared.
func attachType() cty.Type {
	return cty.Object(map[string]cty.Type{
		"aliases": cty.List(cty.String), "ipv4": cty.String, "ipv6": cty.String, "mac": cty.String, "priority": cty.Number,
		"sysctls":        cty.Map(cty.String),
		"link_local_ips": cty.List(cty.String), "links": cty.List(cty.String), "driver_opts": cty.Map(cty.String),
	})
}

func (a attachment) value() cty.Value {
	return cty.ObjectVal(map[string]cty.Value{
		"aliases": stringList(sorted(a.aliases)), "ipv4": textOrNull(a.ipv4), "ipv6": textOrNull(a.ipv6), "mac": textOrNull(a.mac),
		"priority": cty.NumberIntVal(int64(a.priority)), "sysctls": stringMap(a.sysctls),
		"link_local_ips": stringList(sorted(addresses(a.linkLocal))), "links": stringList(sorted(a.links)),
		"driver_opts": stringMap(a.options),
	})
}

func textOrNull(text string) cty.Value {
	if text == "" {
		return cty.NullVal(cty.String)
	}
	return cty.StringVal(text)
}

// actualAttachments are the endpoints of a container, by the network's name.
// Before API 1.45 engines add the short id to its aliases, and some its names.
func actualAttachments(c container.InspectResponse) cty.Value {
	if c.NetworkSettings == nil || len(c.NetworkSettings.Networks) == 0 {
		return cty.MapValEmpty(attachType())
	}
	out := map[string]cty.Value{}
	for name, at := range c.NetworkSettings.Networks {
		if at == nil || onlyNamed(c, at) {
			continue
		}
		a := attachment{mac: macText(at.MacAddress), priority: at.GwPriority, sysctls: sysctlsOf(at), links: at.Links, options: maps.Clone(at.DriverOpts)}
		delete(a.options, endpointSysctls) // which are sysctls
		for _, alias := range at.Aliases {
			if alias != c.ID[:12] {
				a.aliases = appendNew(a.aliases, alias)
			}
		}
		if at.IPAMConfig != nil {
			a.ipv4, a.ipv6 = addressText(at.IPAMConfig.IPv4Address), addressText(at.IPAMConfig.IPv6Address)
			a.linkLocal = at.IPAMConfig.LinkLocalIPs
		}
		if a.mac == "" && len(c.NetworkSettings.Networks) == 1 {
			a.mac = macText(c.Config.MacAddress) //nolint:staticcheck // where these engines keep it while the container is stopped
		}
		out[name] = a.value()
	}
	if len(out) == 0 {
		return cty.MapValEmpty(attachType())
	}
	return cty.MapVal(out)
}

// networks compares membership: which networks by name, whether each is still the
// one that bears the name, and the options of each endpoint. The network that the
// container was created in cannot be left as it stands, see ownNetwork.
func (c *comparison) networks(r row) {
	if !same(c.want["network_mode"], c.actual.get("network_mode")) || unknownFor(row{refs: provider.Kinds()}, c.declared.get("network_mode")) {
		return // that row says so
	}
	want, have := c.want["networks"], c.actual.get("networks")
	joined, endpoints := values{c.actual.get(hiddenNetworkIDs)}, c.actual.objects(hiddenAttach)
	wanted := attachmentsOf(c.item.Declaration, c.declared)
	if len(wanted) == 0 && c.want["network_mode"].IsNull() {
		wanted = []attachment{{name: bridgeNetwork}} // which engines put it into
	}
	created := c.attachedBefore(wanted)
	loses := c.losingMAC(wanted, created)
	own := c.actual.text(hiddenOwnNetwork)
	left := own != "" && !contains(values{cty.ObjectVal(c.want)}.list("networks"), own)
	switch {
	case !have.IsNull() && !same(want, have):
		effect := connecting(provider.Live, left)
		for i, n := range wanted {
			effect = connecting(effect, loses[i] && !contains(c.actual.list("networks"), n.name))
		}
		c.addCaused(r, "networks", have, want, effect, c.causeOfMembership())
	case left:
		c.addCaused(r, "network_mode", cty.StringVal(own), cty.StringVal(networkMode(&container.HostConfig{NetworkMode: firstMode(wanted)})), provider.Replace, provider.Configured)
	}
	for i, n := range wanted {
		if is := joined.text(n.name); is != "" && (n.pending || n.id != "" && n.id != is) {
			c.addCaused(r, "networks["+quoted(n.name)+"]", cty.StringVal(is), n.idValue(), connecting(provider.Live, loses[i]), causeOfOther(n, created[i]))
			continue
		}
		if endpoint, ok := endpoints[n.name]; ok {
			c.endpoint(r, n, created[i], endpoint, loses[i])
		}
	}
}

// causeOfOther is why a container's endpoint names another network than the one that
// bears the name: the configuration means another, or somebody made it anew.
func causeOfOther(now, then attachment) provider.Cause {
	if now.address != then.address {
		return provider.Configured
	}
	return provider.Outside
}

// idValue is the network's id; unknown where it will be made.
func (a attachment) idValue() cty.Value {
	if a.pending {
		return cty.UnknownVal(cty.String)
	}
	return cty.StringVal(a.id)
}

// firstMode is the mode of a container that is created in the first of its networks.
func firstMode(networks []attachment) container.NetworkMode {
	if len(networks) == 0 {
		return ""
	}
	return container.NetworkMode(networks[0].name)
}

// inFirst tells whether a container is in the first of its networks.
func (c *comparison) inFirst() bool {
	return contains(c.actual.list("networks"), networkMode(&container.HostConfig{NetworkMode: firstMode(attachmentsOf(c.item.Declaration, c.declared))}))
}

// losingMAC tells of each endpoint whether it would be without its hardware address
// once it was connected anew, also of one that is not asked for any more: that change may
// be ignored. Before API 1.44 the address is the container's, and stays with the network
// that it was made in; from then on see endpointRows.
func (c *comparison) losingMAC(wanted, created []attachment) []bool {
	out := make([]bool, len(wanted))
	for i, n := range wanted {
		now, then := n.mac, created[i].mac
		if i == 0 { // the first has the container's own
			now = cmp.Or(now, macText(c.declared.text("mac_address")))
			then = cmp.Or(then, macText(c.created.text("mac_address")))
		}
		api := c.item.Facts.API
		kept := versions.LessThan(api, apiEndpointMAC) && (now == then || now == "") && n.address == created[i].address
		out[i] = cmp.Or(now, then) != "" && versions.LessThan(api, apiConnectMAC) && !kept
	}
	return out
}

// connecting is how a change is made for which an endpoint is connected anew.
func connecting(effect provider.Effect, losesMAC bool) provider.Effect {
	if losesMAC {
		return provider.Replace
	}
	return effect
}

// attachedBefore are the attachments that were recorded, for each that is wanted.
// Records name addresses of their time: what moved since is found by its position.
func (c *comparison) attachedBefore(wanted []attachment) []attachment {
	before := c.item.Declaration
	var then string
	_ = json.Unmarshal(c.record[addressThen], &then) // empty where it says nothing
	before.Address = cmp.Or(then, c.actual.text(hiddenAddress), before.Address)
	recorded := attachmentsOf(before, c.created)
	out := make([]attachment, len(wanted))
	for i, n := range wanted {
		at := slices.IndexFunc(recorded, func(a attachment) bool { return a.address == n.address })
		switch {
		case at >= 0:
			out[i] = recorded[at]
		case len(recorded) == len(wanted):
			out[i] = recorded[i]
		}
	}
	return out
}

// endpoint compares the options of one endpoint. Its addresses are always
// managed; its hardware address is one of the engine's where none is declared.
func (c *comparison) endpoint(r row, want, created attachment, have values, losesMAC bool) {
	own := []string{c.item.Declaration.Name, c.actual.text("hostname")}
	named := func(list []string) []string {
		var out []string
		for _, alias := range list {
			if !contains(own, alias) {
				out = append(out, alias)
			}
		}
		return sorted(out)
	}
	differs := func(name string, now, then, is cty.Value, effect provider.Effect) {
		if same(now, is) {
			return
		}
		cause := provider.Both
		switch {
		case same(now, then):
			cause = provider.Outside
		case same(then, is):
			cause = provider.Configured
		}
		c.addCaused(r, "attach["+quoted(want.name)+"]."+name, is, now, effect, cause)
	}
	now, then := values{want.value()}, values{created.value()}
	for _, option := range endpointRows() {
		name, unknown := option.name, contains(want.unknown, option.name)
		to, was, is := now.get(name), then.get(name), have.get(name)
		if name == "aliases" {
			to, was, is = stringList(named(want.aliases)), stringList(named(created.aliases)), stringList(named(have.list(name)))
		}
		switch {
		case name == "aliases" && builtIn(want.name): // engines take none there
			continue
		case unknown:
			to = cty.UnknownVal(cty.DynamicPseudoType)
		case name == "mac" && have.text(name) == "": // it does not run: what was asked for tells what the next start gives
			if want.mac != created.mac {
				c.addCaused(r, "attach["+quoted(want.name)+"]."+name, then.get(name), now.get(name), connecting(option.effectAt(c.item.Facts.API), losesMAC), provider.Configured)
			}
			continue
		case name == "mac" && want.mac == "" && created.mac != have.text(name):
			continue
		}
		differs(name, to, was, is, connecting(option.effectAt(c.item.Facts.API), losesMAC))
	}
}

// causeOfMembership: a record knows addresses, not names, so that it is compared
// by those with what is declared now, and by names with what is there.
func (c *comparison) causeOfMembership() provider.Cause {
	now := attachmentsOf(c.item.Declaration, c.declared)
	then := attachmentsOf(c.item.Declaration, c.created)
	if c.unconnected(now, then) {
		return provider.Configured
	}
	byAddress := func(list []attachment) []string {
		var out []string
		for _, a := range list {
			out = append(out, a.address)
		}
		return sorted(out)
	}
	if slices.Equal(byAddress(now), byAddress(then)) {
		return provider.Outside
	}
	have := c.actual.list("networks")
	known := map[string]string{}
	for _, a := range now {
		known[a.address] = a.name
	}
	if len(have) != max(len(then), 1) {
		return provider.Both
	}
	for _, a := range then {
		if name, ok := known[a.address]; ok && !contains(have, name) {
			return provider.Both
		}
	}
	return provider.Configured
}

// unconnected tells of a container that a run of dindctl made and was killed before it had
// connected it to all of its networks: before API 1.44 it is created in one of them. It was
// never started then, and is in no network but those that it was made for, and not in all.
// Of a network whose block is gone the name is not known any more: one of another name
// counts for each of these.
func (c *comparison) unconnected(now, then []attachment) bool {
	if c.item.Condition.State != provider.StateCreated || !versions.LessThan(c.item.Facts.API, apiEndpointMAC) {
		return false
	}
	known := map[string]string{}
	for _, a := range now {
		known[a.address] = a.name
	}
	var its []string
	gone := 0
	for _, a := range then {
		if name, is := known[a.address]; is {
			its = append(its, name)
		} else {
			gone++
		}
	}
	have := c.actual.list("networks")
	for _, name := range have {
		if !contains(its, name) {
			gone--
		}
	}
	return gone >= 0 && len(have) < len(then)
}

// addCaused notes a change whose cause is known, but for what a live change left that was
// begun.
func (c *comparison) addCaused(r row, path string, from, to cty.Value, effect provider.Effect, cause provider.Cause) {
	c.changes = append(c.changes, provider.Change{
		Path: path, From: from, To: to, Created: cty.NullVal(cty.DynamicPseudoType), Effect: effect, Cause: c.own(path, from, cause),
		Sensitive: r.sensitive,
	})
}
