package truth_test

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/netip"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	dockerspec "github.com/moby/docker-image-spec/specs-go/v1"
)

// network finds one by id, the beginning of one, or name; nil for none.
func (e *engine) network(name string) *network.Inspect {
	for _, id := range sortedKeys(e.networks) {
		if n := e.networks[id]; id == name || n.Name == name {
			return n
		}
	}
	for _, id := range sortedKeys(e.networks) {
		if len(name) >= 12 && strings.HasPrefix(id, name) {
			return e.networks[id]
		}
	}
	return nil
}

// shown is a network with those that are in it now: what does not run is in none.
func (e *engine) shown(n *network.Inspect) network.Inspect {
	out := *n
	out.Containers = map[string]network.EndpointResource{}
	for id, c := range e.containers {
		for _, at := range c.NetworkSettings.Networks {
			if at.EndpointID != "" && at.NetworkID == n.ID {
				out.Containers[id] = network.EndpointResource{Name: c.Name[1:], EndpointID: at.EndpointID, IPv4Address: at.IPAddress + "/16"}
			}
		}
	}
	if !e.later("1.48") {
		out.EnableIPv4 = false // such an engine does not speak of it
	}
	return out
}

func (e *engine) listNetworks(c *call) (any, *refusal) {
	filters := filtersOf(c)
	out := []network.Inspect{}
	for _, id := range sortedKeys(e.networks) {
		n := e.networks[id]
		if names := filters["name"]; len(names) > 0 && !slices.ContainsFunc(names, func(name string) bool { return strings.Contains(n.Name, name) }) {
			continue
		}
		listed := *n
		listed.Containers = nil
		out = append(out, listed)
	}
	return out, nil
}

// filtersOf reads the filters of a list.
func filtersOf(c *call) map[string][]string {
	raw := map[string]map[string]bool{}
	_ = json.Unmarshal([]byte(c.r.FormValue("filters")), &raw)
	out := map[string][]string{}
	for name, values := range raw {
		out[name] = sortedKeys(values)
	}
	return out
}

func (e *engine) inspectNetwork(c *call) (any, *refusal) {
	n := e.network(c.id())
	if n == nil {
		return nil, refuse(404, "network %s not found", c.id())
	}
	return e.shown(n), nil
}

func (e *engine) createNetwork(c *call) (any, *refusal) {
	var asked network.CreateRequest
	if refused := c.read(&asked); refused != nil {
		return nil, refused
	}
	if e.network(asked.Name) != nil {
		return nil, refuse(409, "network with name %s already exists", asked.Name)
	}
	n := &network.Inspect{
		ID: e.newID(), Name: asked.Name, Created: e.now(), Scope: "local", Driver: asked.Driver, Internal: asked.Internal, Attachable: asked.Attachable,
		Options: orEmpty(asked.Options), Labels: orEmpty(asked.Labels), EnableIPv4: asked.EnableIPv4 == nil || *asked.EnableIPv4,
		EnableIPv6: asked.EnableIPv6 != nil && *asked.EnableIPv6, IPAM: network.IPAM{Driver: "default"},
	}
	if asked.IPAM != nil {
		n.IPAM = *asked.IPAM
		if n.IPAM.Driver == "" {
			n.IPAM.Driver = "default"
		}
	}
	if refused := e.pools(n); refused != nil {
		return nil, refused
	}
	e.networks[n.ID] = n
	e.tell("network", "create", n.ID, n.Name, n.Labels)
	return network.CreateResponse{ID: n.ID}, nil
}

func orEmpty(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}

// pools gives a network its ranges, and refuses those that another one has.
func (e *engine) pools(n *network.Inspect) *refusal {
	for i := range n.IPAM.Config {
		given, err := netip.ParsePrefix(n.IPAM.Config[i].Subnet)
		if err != nil {
			return refuse(400, "invalid subnet %s", n.IPAM.Config[i].Subnet)
		}
		for _, other := range e.networks {
			for _, has := range other.IPAM.Config {
				if taken, err := netip.ParsePrefix(has.Subnet); err == nil && taken.Overlaps(given) {
					return refuse(403, "Pool overlaps with other one on this address space")
				}
			}
		}
		if n.IPAM.Config[i].Gateway == "" {
			n.IPAM.Config[i].Gateway = given.Masked().Addr().Next().String()
		}
	}
	if slices.ContainsFunc(n.IPAM.Config, func(c network.IPAMConfig) bool { return !strings.Contains(c.Subnet, ":") }) {
		return nil
	}
	for second := 18; second < 250; second++ {
		subnet, gateway := fmt.Sprintf("172.%d.0.0/16", second), fmt.Sprintf("172.%d.0.1", second)
		if e.pool.IsValid() {
			at := e.pool.Masked().Addr().As4()
			at[2] = byte(second - 18) //nolint:gosec // below 250
			subnet = netip.PrefixFrom(netip.AddrFrom4(at), 24).String()
			gateway = netip.AddrFrom4(at).Next().String()
		}
		taken := false
		for _, other := range e.networks {
			taken = taken || slices.ContainsFunc(other.IPAM.Config, func(has network.IPAMConfig) bool { return has.Subnet == subnet })
		}
		if !taken {
			n.IPAM.Config = append(n.IPAM.Config, network.IPAMConfig{Subnet: subnet, Gateway: gateway})
			return nil
		}
	}
	return refuse(500, "could not find an available, non-overlapping IPv4 address pool among the defaults to assign to the network")
}

func (e *engine) removeNetwork(c *call) (any, *refusal) {
	n := e.network(c.id())
	switch {
	case n == nil:
		return nil, refuse(404, "network %s not found", c.id())
	case len(e.shown(n).Containers) > 0:
		return nil, refuse(403, "error while removing network: network %s id %s has active endpoints", n.Name, n.ID)
	}
	delete(e.networks, n.ID)
	e.tell("network", "destroy", n.ID, n.Name, n.Labels)
	return nil, nil
}

func (e *engine) connect(c *call) (any, *refusal) {
	var asked network.ConnectOptions
	if refused := c.read(&asked); refused != nil {
		return nil, refused
	}
	n, to := e.network(c.id()), e.container(asked.Container)
	switch {
	case n == nil:
		return nil, refuse(404, "network %s not found", c.id())
	case to == nil:
		return nil, refuse(404, "No such container: %s", asked.Container)
	}
	// updateNetworkSettings in https://github.com/moby/moby/blob/v28.5.2/daemon/container_operations.go
	switch mode := to.HostConfig.NetworkMode; {
	case mode.IsHost() || mode.IsContainer():
		return nil, refuse(403, "container sharing network namespace with another container or host cannot be connected to any other network")
	case n.Name != "none" && to.NetworkSettings.Networks["none"] != nil, n.Name == "none" && len(to.NetworkSettings.Networks) > 0:
		return nil, refuse(403, "container cannot be connected to multiple networks with one of the networks in private (none) mode")
	case n.Name == "host":
		return nil, refuse(403, "container cannot be disconnected from host network or connected to host network")
	}
	if at := to.NetworkSettings.Networks[n.Name]; at != nil && (at.EndpointID != "" || !running(to)) {
		if at.NetworkID == n.ID || at.NetworkID == "" {
			return nil, refuse(403, "endpoint with name %s already exists in network %s", to.Name[1:], n.Name)
		}
	}
	if to.State.Restarting && e.later("1.44") { // measured on 28.5
		return nil, refuse(500, "network sandbox for container %s not found", to.ID)
	}
	at := asked.EndpointConfig
	if at == nil {
		at = &network.EndpointSettings{}
	}
	if !e.later("1.54") {
		at.MacAddress = "" // https://github.com/moby/moby/issues/48192
	}
	at.NetworkID = n.ID
	if running(to) {
		if refused := e.join(to, n, at); refused != nil {
			return nil, refused
		}
	}
	to.NetworkSettings.Networks[n.Name] = at
	e.tell("network", "connect", to.ID, n.Name, to.Config.Labels)
	return nil, nil
}

func (e *engine) disconnect(c *call) (any, *refusal) {
	var asked network.DisconnectOptions
	if refused := c.read(&asked); refused != nil {
		return nil, refused
	}
	n, from := e.network(c.id()), e.container(asked.Container)
	name := c.id()
	if n != nil {
		name = n.Name
	}
	switch {
	case n == nil && !asked.Force:
		return nil, refuse(404, "network %s not found", c.id())
	case from == nil:
		return nil, refuse(404, "No such container: %s", asked.Container)
	case from.State.Restarting: // it counts as running, and has no endpoint; measured on 20.10 and 28.5
		return nil, refuse(500, "container %s is not connected to network %s", from.ID, name)
	case from.NetworkSettings.Networks[name] == nil:
		return nil, refuse(403, "container %s is not connected to network %s", from.ID, name)
	}
	delete(from.NetworkSettings.Networks, name)
	delete(e.asked[from.ID], name)
	e.tell("network", "disconnect", from.ID, name, from.Config.Labels)
	return nil, nil
}

// join gives an endpoint what it has while the container runs.
func (e *engine) join(c *container.InspectResponse, n *network.Inspect, at *network.EndpointSettings) *refusal {
	taken := map[string]bool{}
	for _, pool := range n.IPAM.Config {
		for _, aux := range pool.AuxAddress {
			taken[aux] = true
		}
	}
	for id, other := range e.containers {
		for _, has := range other.NetworkSettings.Networks {
			if has.EndpointID != "" && has.NetworkID == n.ID && (id != c.ID || has != at) {
				taken[has.IPAddress], taken[has.GlobalIPv6Address] = true, true
			}
		}
	}
	var wanted network.EndpointIPAMConfig
	if at.IPAMConfig != nil {
		wanted = *at.IPAMConfig
	}
	v4, v6 := wanted.IPv4Address, wanted.IPv6Address
	for _, address := range []string{v4, v6} {
		if address != "" && taken[address] {
			return refuse(403, "Address already in use")
		}
	}
	for _, pool := range n.IPAM.Config {
		prefix, err := netip.ParsePrefix(pool.Subnet)
		if err != nil {
			continue
		}
		free := prefix.Masked().Addr().Next()
		if part, err := netip.ParsePrefix(pool.IPRange); err == nil {
			free = part.Masked().Addr()
		}
		for taken[free.String()] || free.String() == pool.Gateway {
			free = free.Next()
		}
		switch {
		case prefix.Addr().Is4() && v4 == "" && n.EnableIPv4:
			v4 = free.String()
		case prefix.Addr().Is6() && v6 == "" && n.EnableIPv6:
			v6 = free.String()
		}
	}
	e.serial++
	at.NetworkID, at.EndpointID, at.IPAddress, at.GlobalIPv6Address = n.ID, e.newID(), v4, v6
	// initializeNetworking, and before 25, where a container has one address in its own
	// network, BuildCreateEndpointOptions
	at.MacAddress = e.asked[c.ID][n.Name]
	if mode := c.HostConfig.NetworkMode; !e.later("1.44") && orBridge(mode.NetworkName()) == n.Name {
		at.MacAddress = c.Config.MacAddress //nolint:staticcheck // the only place that these engines take it from
	}
	if at.MacAddress == "" {
		at.MacAddress = fmt.Sprintf("02:42:00:00:%02x:%02x", e.serial/256%256, e.serial%256)
	}
	return nil
}

func (e *engine) listVolumes() any {
	out := []*volume.Volume{}
	for _, name := range sortedKeys(e.volumes) {
		out = append(out, e.volumes[name])
	}
	return map[string]any{"Volumes": out, "Warnings": nil}
}

func (e *engine) inspectVolume(c *call) (any, *refusal) {
	v := e.volumes[c.id()]
	if v == nil {
		return nil, refuse(404, "get %s: no such volume", c.id())
	}
	return v, nil
}

func (e *engine) createVolume(c *call) (any, *refusal) {
	var asked volume.CreateOptions
	if refused := c.read(&asked); refused != nil {
		return nil, refused
	}
	v := e.haveVolume(asked)
	if e.before[v.Name] { // answered without its labels, until it is made anew (measured: 20.10 and 28.5)
		bare := *v
		bare.Labels = nil
		return &bare, nil
	}
	return v, nil
}

// haveVolume makes a volume, unless it is there: then what is asked for is ignored.
func (e *engine) haveVolume(asked volume.CreateOptions) *volume.Volume {
	if asked.Name == "" {
		asked.Name = e.newID()
	}
	if v := e.volumes[asked.Name]; v != nil {
		return v
	}
	driver := asked.Driver
	if driver == "" {
		driver = "local"
	}
	v := &volume.Volume{
		Name: asked.Name, Driver: driver, Options: asked.DriverOpts, Labels: asked.Labels, Scope: "local",
		Mountpoint: "/var/lib/docker/volumes/" + asked.Name + "/_data", CreatedAt: e.now().Format(time.RFC3339Nano),
	}
	e.volumes[v.Name] = v
	e.tell("volume", "create", v.Name, v.Name, v.Labels)
	return v
}

func (e *engine) removeVolume(c *call) (any, *refusal) {
	v := e.volumes[c.id()]
	if v == nil {
		return nil, refuse(404, "get %s: no such volume", c.id())
	}
	for _, id := range sortedKeys(e.containers) {
		for _, m := range e.containers[id].Mounts {
			if m.Name == v.Name {
				return nil, refuse(409, "remove %s: volume is in use - [%s]", v.Name, id)
			}
		}
	}
	delete(e.volumes, v.Name)
	delete(e.before, v.Name)
	e.endData(v.Name)
	e.tell("volume", "destroy", v.Name, v.Name, v.Labels)
	return nil, nil
}

// addImage makes an image of this name; what had it before loses it.
func (e *engine) addImage(tag string, labels map[string]string) *image.InspectResponse {
	e.serial++
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d", tag, e.serial))
	i := &image.InspectResponse{
		ID: "sha256:" + hex.EncodeToString(sum[:]), Os: "linux", Architecture: "amd64", Created: e.now().Format(time.RFC3339Nano),
		Config: &dockerspec.DockerOCIImageConfig{},
	}
	i.Config.Cmd, i.Config.Env, i.Config.Labels = []string{"bash"}, []string{"PATH=/usr/bin:/bin", "FROM=image"}, labels
	e.images[i.ID] = i
	e.tag(i, tag)
	return i
}

// tag gives an image a name.
func (e *engine) tag(i *image.InspectResponse, tag string) {
	if !strings.Contains(path.Base(tag), ":") {
		tag += ":latest"
	}
	for _, other := range e.images {
		other.RepoTags = slices.DeleteFunc(other.RepoTags, func(t string) bool { return t == tag })
	}
	i.RepoTags = append(i.RepoTags, tag)
	e.tell("image", "tag", i.ID, tag, i.Config.Labels)
}

// image finds one by id or name; nil for none.
func (e *engine) image(name string) *image.InspectResponse {
	tag := strings.TrimPrefix(strings.TrimPrefix(name, "docker.io/"), "library/")
	if !strings.Contains(path.Base(tag), ":") {
		tag += ":latest"
	}
	for _, id := range sortedKeys(e.images) {
		if id == name || id == "sha256:"+name || slices.Contains(e.images[id].RepoTags, tag) {
			return e.images[id]
		}
	}
	return nil
}

func (e *engine) listImages(c *call) (any, *refusal) {
	filters := filtersOf(c)
	out := []image.Summary{}
	for _, id := range sortedKeys(e.images) {
		i := e.images[id]
		has := func(label string) bool { _, ok := i.Config.Labels[label]; return ok }
		if labels := filters["label"]; len(labels) == 0 || has(labels[0]) {
			out = append(out, image.Summary{ID: id, RepoTags: slices.Clone(i.RepoTags), Labels: i.Config.Labels})
		}
	}
	return out, nil
}

// oneImage is everything about one image: its name may have slashes.
func (e *engine) oneImage(c *call) (any, *refusal) {
	rest := c.r.PathValue("rest")
	name, inspect := strings.CutSuffix(rest, "/json")
	name, tag := strings.CutSuffix(name, "/tag")
	i := e.image(name)
	switch {
	case i == nil:
		return nil, refuse(404, "No such image: %s", name)
	case inspect && c.r.Method == "GET":
		return i, nil
	case tag && c.r.Method == "POST":
		e.tag(i, c.r.FormValue("repo")+":"+c.r.FormValue("tag"))
		return nil, nil
	case c.r.Method == "DELETE":
		return e.removeImage(i, name, c.r.FormValue("force") == "1")
	}
	return nil, refuse(404, "page not found")
}

// removeImage takes a name away, and the image with its last one, unless it is used;
// by force the last name goes then, too, and the image stays.
func (e *engine) removeImage(i *image.InspectResponse, name string, force bool) (any, *refusal) {
	tag := name
	if !strings.Contains(path.Base(tag), ":") {
		tag += ":latest"
	}
	rest := slices.DeleteFunc(slices.Clone(i.RepoTags), func(t string) bool { return t == tag })
	for _, id := range sortedKeys(e.containers) {
		if len(rest) == 0 && e.containers[id].Image == i.ID {
			if force {
				i.RepoTags = nil
				return []image.DeleteResponse{{Untagged: tag}}, nil
			}
			return nil, refuse(409, "conflict: unable to remove repository reference %q (must force) - container %s is using its referenced image %s", name, id[:12], i.ID[7:19])
		}
	}
	i.RepoTags = rest
	e.tell("image", "untag", i.ID, tag, i.Config.Labels)
	if len(rest) == 0 {
		delete(e.images, i.ID)
		e.tell("image", "delete", i.ID, tag, i.Config.Labels)
	}
	return []any{map[string]string{"Untagged": tag}}, nil
}

// build is the classic builder: of a Dockerfile it knows FROM and LABEL, and that
// another Dockerfile or argument gives another image.
func (e *engine) build(c *call) (any, *refusal) {
	recipe, refused := recipeOf(c)
	if refused != nil {
		return nil, refused
	}
	labels := map[string]string{}
	for line := range strings.Lines(recipe) {
		word, rest, _ := strings.Cut(strings.TrimSpace(line), " ")
		switch word {
		case "FROM":
			base := e.image(rest)
			if base == nil {
				return []byte(fmt.Sprintf(`{"errorDetail":{"message":"pull access denied for %s"},"error":"pull access denied for %s"}`, rest, rest)), nil
			}
			for name, value := range base.Config.Labels {
				labels[name] = value
			}
		case "LABEL":
			name, value, _ := strings.Cut(rest, "=")
			labels[name] = value
		}
	}
	asked := map[string]string{}
	_ = json.Unmarshal([]byte(c.r.FormValue("labels")), &asked)
	for name, value := range asked {
		labels[name] = value
	}
	e.addImage(c.r.FormValue("t"), labels)
	return []byte(`{"stream":"Successfully built\n"}`), nil
}

// recipeOf is the Dockerfile in what a build is sent.
func recipeOf(c *call) (string, *refusal) {
	name := path.Clean(c.r.FormValue("dockerfile"))
	for archive := tar.NewReader(bytes.NewReader(c.body)); ; {
		head, err := archive.Next()
		if err != nil {
			return "", refuse(400, "cannot locate Dockerfile %s: %v", name, err)
		}
		if path.Clean(head.Name) == name {
			content, err := io.ReadAll(archive)
			if err != nil {
				return "", refuse(400, "%v", err)
			}
			return string(content), nil
		}
	}
}
