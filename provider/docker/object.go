package docker

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/versions"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/go-connections/nat"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// containerName takes the name of a container out of those by which an engine
// lists it (links add more); it begins with a slash.
func containerName(names []string) string {
	for _, name := range names {
		if plain := strings.TrimPrefix(name, "/"); !strings.Contains(plain, "/") {
			return plain
		}
	}
	return ""
}

// plainName is the name of a container that was inspected: engines put a slash before it.
func plainName(name string) string { return strings.TrimPrefix(name, "/") }

// containerObject is a container as the contract knows objects.
func containerObject(c container.InspectResponse, w whose, image imageDefaults, facts provider.Facts) provider.Object {
	name := plainName(c.Name)
	object := provider.Object{
		ID: c.ID, Kind: provider.Container, Name: name,
		Actual:    containerActual(c, image, facts),
		Condition: looping(conditionOf(c.State), c),
		Views:     viewsOf(c),
		LivesIn:   livesIn(c.HostConfig),
		Values: provider.Values{
			ID: c.ID, Ref: name, Addresses: addressesOf(c), Ports: portsOf(c),
		},
	}
	w.on(&object)
	if object.Kind == provider.Daemon {
		object.Values.Endpoint = endpointOf(values{createdOf(object.Owner.Spec)})
	}
	if object.Condition.State == provider.StateExited {
		code := object.Condition.ExitCode
		object.Values.ExitCode = &code
	}
	object.Fingerprint = containerFingerprint(c, object)
	return object
}

func containerActual(c container.InspectResponse, image imageDefaults, facts provider.Facts) cty.Value {
	config := *c.Config
	if strings.HasPrefix(c.ID, config.Hostname) && len(config.Hostname) == 12 {
		config.Hostname = "" // the engine made it from the id
	}
	names, ids := networksOf(c)
	if config.MacAddress == "" { //nolint:staticcheck // engines before API 1.44 show it here
		config.MacAddress = firstMAC(c) //nolint:staticcheck // the view reads it from here
	}
	v := containerView(&config, c.HostConfig, actualMounts(c), names, facts, nil)
	defaults, _ := json.Marshal(image)
	v[hiddenImage] = cty.StringVal(string(defaults))
	v[hiddenImageID] = cty.StringVal(c.Image)
	v[hiddenImageContent] = textOrNull(image.content)
	v[hiddenNetworkIDs] = stringMap(ids)
	v[hiddenOwnNetwork] = textOrNull(ownNetwork(c))
	v[hiddenChosen] = textOrNull(c.Config.Labels[labelChosen])
	v[hiddenAttach] = actualAttachments(c)
	v[hiddenAddress] = textOrNull(c.Config.Labels[labelAddress])
	v[hiddenSocket] = cty.StringVal(c.Config.Labels[labelSocketGroup])
	v[hiddenQuota] = quotaCPUs(c.HostConfig)
	v[hiddenCPUs] = textOrNull(saidOf(c.HostConfig))
	// Of the many attributes most containers have few: what is missing is null.
	maps.DeleteFunc(v, func(_ string, attribute cty.Value) bool { return attribute.IsNull() })
	return cty.ObjectVal(v)
}

// networksOf returns the networks that a container belongs to, and their ids as
// far as it has joined them. The mode that it was created with counts only where it
// has no network of its own: somebody may have taken it away and connected others, in
// every mode but that of the host.
func networksOf(c container.InspectResponse) ([]string, map[string]string) {
	ids := map[string]string{}
	var names []string
	if c.NetworkSettings != nil {
		for name, at := range c.NetworkSettings.Networks {
			if onlyNamed(c, at) {
				continue
			}
			names = append(names, name)
			if at != nil && at.NetworkID != "" {
				ids[name] = at.NetworkID
			}
		}
	}
	switch mode := c.HostConfig.NetworkMode; {
	case mode.IsContainer():
		names = append(names, string(mode))
	case len(names) == 0 && (mode.IsHost() || mode.IsNone()):
		names = []string{string(mode)}
	}
	return names, ids
}

// onlyNamed tells of a network that a running container lists and is not in: engines
// keep the entry of a connection that failed ("Address already in use"; measured on
// 20.10 and 28.5). What does not run has no endpoint in any network.
func onlyNamed(c container.InspectResponse, at *network.EndpointSettings) bool {
	return joinedNow(c) && (at == nil || at.EndpointID == "")
}

// joinedNow tells whether a container has its endpoints: it has none between two starts.
func joinedNow(c container.InspectResponse) bool {
	return c.State != nil && (c.State.Status == container.StateRunning || c.State.Status == container.StatePaused)
}

// ownNetwork is the network that a container was created in, by the name that it is
// listed under, if it is none that every engine has. Engines from 28 on do not start a
// container whose own network is gone, whatever others it is in (measured on 28.5:
// "could not find a network matching network mode").
func ownNetwork(c container.InspectResponse) string {
	mode := c.HostConfig.NetworkMode
	if !mode.IsUserDefined() {
		return ""
	}
	if c.NetworkSettings != nil {
		for name, at := range c.NetworkSettings.Networks {
			if at != nil && at.NetworkID == string(mode) { // it was created in it by its id
				return name
			}
		}
	}
	return string(mode)
}

// firstMAC is the MAC address on the network that a container was made with;
// one that does not run has none.
func firstMAC(c container.InspectResponse) string {
	if c.NetworkSettings == nil {
		return ""
	}
	if at := c.NetworkSettings.Networks[networkMode(c.HostConfig)]; at != nil {
		return at.MacAddress
	}
	return ""
}

func addressesOf(c container.InspectResponse) map[string]string {
	out := map[string]string{}
	if c.NetworkSettings == nil {
		return out
	}
	for name, at := range c.NetworkSettings.Networks {
		if at == nil {
			continue
		}
		if address := cmp.Or(at.IPAddress, at.GlobalIPv6Address); address != "" {
			out[name] = address
		}
	}
	return out
}

func portsOf(c container.InspectResponse) map[string]string {
	out := map[string]string{}
	if c.NetworkSettings == nil {
		return out
	}
	for port, bindings := range c.NetworkSettings.Ports {
		if len(bindings) > 0 {
			out[string(port)] = firstBinding(bindings)
		}
	}
	return out
}

// firstBinding prefers IPv4: engines list both where a port is published on all addresses.
func firstBinding(bindings []nat.PortBinding) string {
	chosen := bindings[0]
	for _, b := range bindings {
		if !strings.Contains(b.HostIP, ":") {
			chosen = b
			break
		}
	}
	return net.JoinHostPort(chosen.HostIP, chosen.HostPort)
}

func conditionOf(s *container.State) provider.Condition {
	if s == nil {
		return provider.Condition{}
	}
	c := provider.Condition{
		State: provider.State(s.Status), ExitCode: s.ExitCode, Started: stamp(s.StartedAt), Ended: stamp(s.FinishedAt), Reason: s.Error,
	}
	if s.Health != nil && s.Health.Status != "none" {
		c.Health = s.Health.Status
	}
	if c.State != provider.StateExited && c.State != provider.StateDead {
		c.ExitCode = 0
	}
	switch {
	case s.OOMKilled:
		c.Reason = "the kernel killed it for want of memory"
	case c.State == provider.StateExited && s.ExitCode == 255:
		// What ended with its engine is given this code when the engine is back.
		c.Interrupted = true
		c.Reason = "it ended with its engine"
	case c.State == provider.StateExited && s.ExitCode == 137:
		c.Interrupted = true
		c.Reason = "it was killed"
	}
	return c
}

// stamp leaves out the time that stands for never.
func stamp(t string) string {
	if strings.HasPrefix(t, "0001-01-01T") {
		return ""
	}
	return t
}

// containerFingerprint changes with everything but the clock and the health.
func containerFingerprint(c container.InspectResponse, o provider.Object) string {
	return fingerprint(c.ID, o.Name, c.Image, string(o.Condition.State), o.Condition.Started, o.Condition.Ended,
		c.HostConfig, c.Config, o.Values.Addresses, o.Values.Ports)
}

func fingerprint(parts ...any) string {
	content, err := json.Marshal(parts)
	if err != nil {
		content = fmt.Append(nil, parts...)
	}
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:16])
}

// sortable is RFC 3339 with all digits, so that times order as texts do.
const sortable = "2006-01-02T15:04:05.000000000Z07:00"

func networkObject(n network.Inspect, w whose, facts provider.Facts) provider.Object {
	ipv4 := n.EnableIPv4 || versions.LessThan(facts.API, ipv4Switch)
	object := provider.Object{
		ID: n.ID, Kind: provider.Network, Name: n.Name, Created: n.Created.UTC().Format(sortable), Members: len(n.Containers),
		Actual: cty.ObjectVal(networkView(network.CreateOptions{
			Driver: n.Driver, Internal: n.Internal, Attachable: n.Attachable, Options: n.Options, Labels: n.Labels,
			IPAM: &n.IPAM, EnableIPv4: &ipv4, EnableIPv6: &n.EnableIPv6,
		})),
		Values:      provider.Values{ID: n.ID, Ref: n.Name, Addresses: gatewaysOf(n.IPAM)},
		Fingerprint: fingerprint(n.ID, n.Name, n.Labels, n.Options, n.IPAM),
	}
	w.on(&object)
	return object
}

// gatewaysOf are the gateways of a network by subnet; nil where it has no addresses.
func gatewaysOf(i network.IPAM) map[string]string {
	var out map[string]string
	for _, c := range i.Config {
		if out == nil {
			out = map[string]string{}
		}
		out[c.Subnet] = c.Gateway
	}
	return out
}

func volumeObject(v volume.Volume, w whose) provider.Object {
	object := provider.Object{
		ID: v.Name, Kind: provider.Volume, Name: v.Name,
		Actual:      cty.ObjectVal(volumeView(volume.CreateOptions{Driver: v.Driver, DriverOpts: v.Options, Labels: v.Labels})),
		Values:      provider.Values{ID: v.Name, Ref: v.Name},
		Fingerprint: fingerprint(v.Name, v.CreatedAt, v.Driver, v.Options, v.Labels),
	}
	w.on(&object)
	return object
}

func imageObject(i image.InspectResponse) provider.Object {
	name := ""
	if len(i.RepoTags) > 0 {
		name = untagged(i.RepoTags[0])
	}
	object := provider.Object{
		ID: i.ID, Kind: provider.Image, Name: name,
		Actual: cty.ObjectVal(map[string]cty.Value{
			"tags":       stringList(sorted(i.RepoTags)),
			"platform":   cty.StringVal(i.Os + "/" + i.Architecture),
			hiddenImages: textOrNull(imageLabel(i, labelImages)),
		}),
		Values:      provider.Values{ID: i.ID, Ref: name},
		Fingerprint: fingerprint(i.ID, sorted(i.RepoTags)),
	}
	imageOwner(i).on(&object)
	return object
}

// untagged leaves out the tag that stands for none.
func untagged(tag string) string { return strings.TrimSuffix(tag, ":latest") }
