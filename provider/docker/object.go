package docker

import (
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

// containerObject is a container as the contract knows objects.
func containerObject(c container.InspectResponse, image imageDefaults, facts provider.Facts) provider.Object {
	owner := runOwner(c.Config.Labels)
	name := strings.TrimPrefix(c.Name, "/")
	object := provider.Object{
		ID: c.ID, Kind: kindOr(owner, provider.Container), Name: name, Owner: owner,
		Actual:    containerActual(c, image, facts),
		Condition: looping(conditionOf(c.State), c),
		Views:     viewsOf(c),
		Values: provider.Values{
			ID: c.ID, Ref: name, Addresses: addressesOf(c), Ports: portsOf(c),
		},
	}
	if object.Kind == provider.Daemon {
		object.Values.Endpoint = endpointOf(values{createdOf(owner.Spec)})
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
	v := containerView(&config, withSysctls(c), actualMounts(c), names, facts, nil)
	defaults, _ := json.Marshal(image)
	v[hiddenImage] = cty.StringVal(string(defaults))
	v[hiddenImageID] = cty.StringVal(c.Image)
	v[hiddenNetworkIDs] = stringMap(ids)
	v[hiddenChosen] = textOrNull(c.Config.Labels[labelChosen])
	v[hiddenAttach] = actualAttachments(c)
	v[hiddenAddress] = textOrNull(c.Config.Labels[labelAddress])
	v[hiddenSocket] = cty.StringVal(c.Config.Labels[labelSocketGroup])
	v[hiddenQuota] = quotaCPUs(c.HostConfig)
	// Of the many attributes most containers have few: what is missing is null.
	maps.DeleteFunc(v, func(_ string, attribute cty.Value) bool { return attribute.IsNull() })
	return cty.ObjectVal(v)
}

// networksOf returns the networks that a container belongs to, and their ids as
// far as it has joined them. The mode that it was created with says so only where
// it has no network of its own: after a disconnect it still names the network.
func networksOf(c container.InspectResponse) ([]string, map[string]string) {
	ids := map[string]string{}
	if mode := c.HostConfig.NetworkMode; mode.IsHost() || mode.IsNone() || mode.IsContainer() {
		return []string{networkMode(c.HostConfig)}, ids
	}
	if c.NetworkSettings == nil {
		return nil, ids
	}
	var names []string
	for name, at := range c.NetworkSettings.Networks {
		names = append(names, name)
		if at != nil && at.NetworkID != "" {
			ids[name] = at.NetworkID
		}
	}
	return names, ids
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
		if at != nil && at.IPAddress != "" {
			out[name] = at.IPAddress
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

func networkObject(n network.Inspect, facts provider.Facts) provider.Object {
	ipv4 := n.EnableIPv4 || versions.LessThan(facts.API, ipv4Switch)
	return provider.Object{
		ID: n.ID, Kind: provider.Network, Name: n.Name, Owner: ownerOf(n.Labels),
		Actual: cty.ObjectVal(networkView(network.CreateOptions{
			Driver: n.Driver, Internal: n.Internal, Attachable: n.Attachable, Options: n.Options, Labels: n.Labels,
			IPAM: &n.IPAM, EnableIPv4: &ipv4, EnableIPv6: &n.EnableIPv6,
		})),
		Values:      provider.Values{ID: n.ID, Ref: n.Name, Addresses: gatewaysOf(n.IPAM)},
		Fingerprint: fingerprint(n.ID, n.Name, n.Labels, n.Options, n.IPAM),
	}
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

func volumeObject(v volume.Volume) provider.Object {
	return provider.Object{
		ID: v.Name, Kind: provider.Volume, Name: v.Name, Owner: ownerOf(v.Labels),
		Actual:      cty.ObjectVal(volumeView(volume.CreateOptions{Driver: v.Driver, DriverOpts: v.Options, Labels: v.Labels})),
		Values:      provider.Values{ID: v.Name, Ref: v.Name},
		Fingerprint: fingerprint(v.Name, v.CreatedAt, v.Driver, v.Options, v.Labels),
	}
}

func imageObject(i image.InspectResponse, owner provider.Ownership) provider.Object {
	name := ""
	if len(i.RepoTags) > 0 {
		name = untagged(i.RepoTags[0])
	}
	return provider.Object{
		ID: i.ID, Kind: provider.Image, Name: name, Owner: owner,
		Actual: cty.ObjectVal(map[string]cty.Value{
			"tags":     stringList(sorted(i.RepoTags)),
			"platform": cty.StringVal(i.Os + "/" + i.Architecture),
		}),
		Values:      provider.Values{ID: i.ID, Ref: name},
		Fingerprint: fingerprint(i.ID, sorted(i.RepoTags)),
	}
}

// untagged leaves out the tag that stands for none.
func untagged(tag string) string { return strings.TrimSuffix(tag, ":latest") }
