package truth_test

import (
	"archive/tar"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/go-connections/nat"
)

// file is one file that was put into a container.
type file struct {
	content []byte
	mode    int64
	written time.Time
}

func running(c *container.InspectResponse) bool { return c.State.Running }

// container finds one by id, the beginning of one, or name; nil for none.
func (e *engine) container(name string) *container.InspectResponse {
	for _, id := range sortedKeys(e.containers) {
		if id == name || e.containers[id].Name == "/"+strings.TrimPrefix(name, "/") || len(name) >= 12 && strings.HasPrefix(id, name) {
			return e.containers[id]
		}
	}
	return nil
}

// route is how a handler is put at a pattern.
type route = func(pattern string, status int, do func(c *call) (any, *refusal))

func (e *engine) routeContainers(on route) {
	one := func(pattern string, status int, do func(c *call, is *container.InspectResponse) (any, *refusal)) {
		on(pattern, status, func(c *call) (any, *refusal) {
			is := e.container(c.id())
			if is == nil {
				return nil, refuse(404, "No such container: %s", c.id())
			}
			return do(c, is)
		})
	}
	act := func(do func(is *container.InspectResponse) *refusal) func(*call, *container.InspectResponse) (any, *refusal) {
		return func(_ *call, is *container.InspectResponse) (any, *refusal) { return nil, do(is) }
	}
	on("GET /containers/json", 200, func(*call) (any, *refusal) { return e.listContainers(), nil })
	on("POST /containers/create", 201, e.createContainer)
	one("GET /containers/{id}/json", 200, func(_ *call, is *container.InspectResponse) (any, *refusal) { return is, nil })
	one("POST /containers/{id}/start", 204, act(e.start))
	one("POST /containers/{id}/stop", 204, act(func(is *container.InspectResponse) *refusal {
		e.stopped[is.ID] = true
		if !running(is) {
			return refuse(304, "")
		}
		e.end(is, 137)
		e.tell("container", "stop", is.ID, is.Name, is.Config.Labels)
		return nil
	}))
	one("POST /containers/{id}/kill", 204, act(func(is *container.InspectResponse) *refusal {
		if !running(is) {
			return refuse(409, "cannot kill container: %s: container %s is not running", is.Name[1:], is.ID)
		}
		e.stopped[is.ID] = true
		e.end(is, 137)
		return nil
	}))
	one("POST /containers/{id}/restart", 204, act(func(is *container.InspectResponse) *refusal {
		if running(is) {
			e.end(is, 137)
		}
		return e.start(is)
	}))
	one("POST /containers/{id}/pause", 204, act(func(is *container.InspectResponse) *refusal {
		if !running(is) || is.State.Paused || is.State.Restarting {
			return refuse(409, "container %s is not running", is.ID)
		}
		is.State.Paused, is.State.Status = true, "paused"
		e.tell("container", "pause", is.ID, is.Name, is.Config.Labels)
		return nil
	}))
	one("POST /containers/{id}/unpause", 204, act(func(is *container.InspectResponse) *refusal {
		if !is.State.Paused {
			return refuse(500, "container %s is not paused", is.ID)
		}
		is.State.Paused, is.State.Status = false, "running"
		e.tell("container", "unpause", is.ID, is.Name, is.Config.Labels)
		return nil
	}))
	one("POST /containers/{id}/rename", 204, e.rename)
	one("POST /containers/{id}/update", 200, e.update)
	one("POST /containers/{id}/wait", 200, func(_ *call, is *container.InspectResponse) (any, *refusal) {
		return map[string]any{"StatusCode": is.State.ExitCode}, nil
	})
	one("GET /containers/{id}/logs", 200, func(*call, *container.InspectResponse) (any, *refusal) { return []byte{}, nil })
	one("POST /containers/{id}/attach", 101, func(c *call, _ *container.InspectResponse) (any, *refusal) {
		conn, _, err := http.NewResponseController(c.w).Hijack()
		if err == nil { // what its process writes, which is nothing
			_, err = io.WriteString(conn, "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
			err = errors.Join(err, conn.Close())
		}
		if err != nil {
			return nil, refuse(500, "the stream: %v", err)
		}
		return takenOver{}, nil
	})
	one("DELETE /containers/{id}", 204, e.removeContainer)
	one("HEAD /containers/{id}/archive", 200, e.archive)
	one("GET /containers/{id}/archive", 200, e.archive)
	one("PUT /containers/{id}/archive", 200, e.unpack)
}

func (e *engine) listContainers() []container.Summary {
	out := []container.Summary{}
	for _, id := range sortedKeys(e.containers) {
		c := e.containers[id]
		listed := container.Summary{
			ID: id, Names: []string{c.Name}, Image: c.Config.Image, ImageID: c.Image, Labels: c.Config.Labels, State: c.State.Status,
			Mounts: c.Mounts, NetworkSettings: &container.NetworkSettingsSummary{Networks: c.NetworkSettings.Networks},
		}
		listed.HostConfig.NetworkMode = string(c.HostConfig.NetworkMode)
		out = append(out, listed)
	}
	return out
}

func (e *engine) createContainer(c *call) (any, *refusal) {
	asked := container.CreateRequest{Config: &container.Config{}}
	if refused := c.read(&asked); refused != nil {
		return nil, refused
	}
	name := c.r.FormValue("name")
	if other := e.container(name); other != nil && other.Name == "/"+name {
		return nil, refuse(409, "Conflict. The container name %q is already in use by container %q. You have to remove (or rename) that container to be able to reuse that name.", "/"+name, other.ID)
	}
	from := e.image(asked.Image)
	if from == nil {
		return nil, refuse(404, "No such image: %s", asked.Image)
	}
	host := asked.HostConfig
	if refused := limits(host.Resources); refused != nil {
		return nil, refused
	}
	is := &container.InspectResponse{
		ContainerJSONBase: &container.ContainerJSONBase{
			ID: e.newID(), Created: e.now().Format(time.RFC3339Nano), Name: "/" + name, Image: from.ID, HostConfig: host, Platform: "linux", Driver: "overlay2",
			State: &container.State{Status: "created", StartedAt: never, FinishedAt: never},
		},
		Config: asked.Config, NetworkSettings: &container.NetworkSettings{Networks: map[string]*network.EndpointSettings{}},
	}
	withImage(asked.Config, from.Config.Env, from.Config.Cmd, from.Config.Labels)
	if refused := e.withDefaults(is); refused != nil {
		return nil, refused
	}
	if refused := e.endpoints(is, asked.NetworkingConfig); refused != nil {
		return nil, refused
	}
	e.mounts(is)
	e.containers[is.ID], e.files[is.ID] = is, map[string]file{}
	e.tell("container", "create", is.ID, is.Name, is.Config.Labels)
	return container.CreateResponse{ID: is.ID, Warnings: []string{}}, nil
}

const never = "0001-01-01T00:00:00Z"

// withImage adds what a container takes from its image.
func withImage(c *container.Config, env, cmd []string, labels map[string]string) {
	for _, entry := range env {
		name, _, _ := strings.Cut(entry, "=")
		if !slices.ContainsFunc(c.Env, func(has string) bool { return strings.HasPrefix(has, name+"=") }) {
			c.Env = append(c.Env, entry)
		}
	}
	if len(c.Entrypoint) == 0 && len(c.Cmd) == 0 {
		c.Cmd = cmd
	}
	if c.Labels == nil {
		c.Labels = map[string]string{}
	}
	for name, value := range labels {
		if _, own := c.Labels[name]; !own {
			c.Labels[name] = value
		}
	}
}

// limits refuses what verifyPlatformContainerResources refuses, see
// https://github.com/moby/moby/blob/v28.5.2/daemon/daemon_unix.go
func limits(r container.Resources) *refusal {
	switch {
	case r.Memory > 0 && r.Memory < 6<<20:
		return refuse(400, "Minimum memory limit allowed is 6MB")
	case r.Memory > 0 && r.MemorySwap > 0 && r.MemorySwap < r.Memory:
		return refuse(400, "Minimum memoryswap limit should be larger than memory limit, see usage")
	case r.Memory == 0 && r.MemorySwap > 0:
		return refuse(400, "You should always set the Memory limit when using Memoryswap limit, see usage")
	case r.Memory > 0 && r.MemoryReservation > 0 && r.Memory < r.MemoryReservation:
		return refuse(400, "Minimum memory limit can not be less than memory reservation limit, see usage")
	case r.NanoCPUs > 0 && r.CPUPeriod > 0:
		return refuse(400, "Conflicting options: Nano CPUs and CPU Period cannot both be set")
	case r.NanoCPUs > 0 && r.CPUQuota > 0:
		return refuse(400, "Conflicting options: Nano CPUs and CPU Quota cannot both be set")
	case r.NanoCPUs < 0 || r.NanoCPUs > 2e9:
		return refuse(400, "range of CPUs is from 0.01 to 2.00, as there are only 2 CPUs available")
	}
	return nil
}

// withDefaults fills in what an engine shows where nothing is asked for.
func (e *engine) withDefaults(c *container.InspectResponse) *refusal {
	h := c.HostConfig
	set := func(at *string, value string) {
		if *at == "" {
			*at = value
		}
	}
	if h.NetworkMode == "" {
		h.NetworkMode = "default"
	}
	if h.NetworkMode.IsDefault() && e.later("1.48") {
		h.NetworkMode = "bridge"
	}
	set((*string)(&h.RestartPolicy.Name), "no")
	set((*string)(&h.IpcMode), "private")
	set((*string)(&h.CgroupnsMode), "private")
	set(&h.LogConfig.Type, "json-file")
	set(&h.Runtime, "runc")
	if h.LogConfig.Config == nil {
		h.LogConfig.Config = map[string]string{}
	}
	if h.ShmSize == 0 && !h.IpcMode.IsHost() && !h.IpcMode.IsContainer() {
		h.ShmSize = 64 << 20
	}
	if h.Memory > 0 && h.MemorySwap == 0 {
		h.MemorySwap = 2 * h.Memory
	}
	if h.PidsLimit != nil && *h.PidsLimit <= 0 {
		h.PidsLimit = nil
	}
	if h.MaskedPaths == nil && !h.Privileged {
		h.MaskedPaths, h.ReadonlyPaths = []string{"/proc/kcore"}, []string{"/proc/sys"}
	}
	if h.Privileged || h.PidMode.IsHost() || h.IpcMode.IsHost() {
		if !slices.Contains(h.SecurityOpt, "label=disable") {
			h.SecurityOpt = append(h.SecurityOpt, "label=disable")
		}
	}
	for _, mode := range []string{string(h.NetworkMode), string(h.IpcMode), string(h.PidMode)} {
		if other, shares := strings.CutPrefix(mode, "container:"); shares && e.container(other) == nil {
			return refuse(404, "No such container: %s", other)
		}
	}
	switch {
	case h.NetworkMode.IsHost():
		set(&c.Config.Hostname, "truth")
	case !h.NetworkMode.IsContainer():
		set(&c.Config.Hostname, c.ID[:12])
	}
	for port := range h.PortBindings {
		if c.Config.ExposedPorts == nil {
			c.Config.ExposedPorts = nat.PortSet{}
		}
		c.Config.ExposedPorts[port] = struct{}{}
	}
	return nil
}

// endpoints are the networks that a container is created in.
func (e *engine) endpoints(c *container.InspectResponse, asked *network.NetworkingConfig) *refusal {
	mode := c.HostConfig.NetworkMode
	if mode.IsContainer() {
		return nil
	}
	all := map[string]*network.EndpointSettings{}
	if asked != nil {
		all = asked.EndpointsConfig
	}
	if len(all) > 1 && !e.later("1.44") {
		return refuse(400, "Container cannot be connected to network endpoints: %s", strings.Join(sortedKeys(all), ", "))
	}
	for _, name := range sortedKeys(all) {
		n, at := e.network(name), all[name]
		if n == nil && !e.later("1.44") {
			n = nil // it is looked for at the start
		}
		if at == nil {
			at = &network.EndpointSettings{}
		}
		if n != nil {
			name = n.Name
		}
		if !e.later("1.44") {
			at.MacAddress = ""
			if n != nil && n.Name != "bridge" {
				at.Aliases = append(at.Aliases, c.ID[:12])
			}
		}
		c.NetworkSettings.Networks[name] = at
		if e.asked[c.ID] == nil {
			e.asked[c.ID] = map[string]string{}
		}
		e.asked[c.ID][name] = at.MacAddress
	}
	if first := c.HostConfig.NetworkMode.NetworkName(); c.NetworkSettings.Networks[orBridge(first)] == nil {
		c.NetworkSettings.Networks[orBridge(first)] = &network.EndpointSettings{}
	}
	return nil
}

func orBridge(name string) string {
	if name == "" || name == "default" {
		return "bridge"
	}
	return name
}

// mounts makes the volumes that a container mounts, and lists all mounts.
func (e *engine) mounts(c *container.InspectResponse) {
	add := func(m container.MountPoint) {
		if m.Type == mount.TypeVolume {
			v := e.haveVolume(volume.CreateOptions{Name: m.Name})
			m.Name, m.Driver, m.Source, m.Mode = v.Name, v.Driver, v.Mountpoint, "z"
		}
		c.Mounts = append(c.Mounts, m)
	}
	for _, text := range c.HostConfig.Binds {
		parts := strings.SplitN(text, ":", 3)
		m := container.MountPoint{Type: mount.TypeBind, Source: parts[0], Destination: path.Clean(parts[1]), RW: true, Propagation: mount.PropagationRPrivate}
		if !strings.HasPrefix(parts[0], "/") {
			m.Type, m.Name, m.Source, m.Propagation = mount.TypeVolume, parts[0], "", ""
		}
		for _, option := range strings.Split(strings.Join(parts[2:], ""), ",") {
			m.RW = m.RW && option != "ro"
			if strings.HasSuffix(option, "shared") || strings.HasSuffix(option, "slave") || strings.HasSuffix(option, "private") {
				m.Propagation = mount.Propagation(option)
			}
		}
		add(m)
	}
	for _, asked := range c.HostConfig.Mounts {
		m := container.MountPoint{Type: asked.Type, Source: asked.Source, Destination: path.Clean(asked.Target), RW: !asked.ReadOnly}
		if asked.Type == mount.TypeVolume {
			m.Name = asked.Source
		}
		if asked.Type == mount.TypeBind {
			m.Propagation = mount.PropagationRPrivate
			if asked.BindOptions != nil && asked.BindOptions.Propagation != "" {
				m.Propagation = asked.BindOptions.Propagation
			}
		}
		add(m)
	}
	for _, from := range c.HostConfig.VolumesFrom {
		name, _, _ := strings.Cut(from, ":")
		if other := e.container(name); other != nil {
			for _, m := range other.Mounts {
				if !slices.ContainsFunc(c.Mounts, func(own container.MountPoint) bool { return own.Destination == m.Destination }) {
					add(m)
				}
			}
		}
	}
}

// start runs a container. What has run to its end says so at once: a command that is
// "true" or "false".
func (e *engine) start(c *container.InspectResponse) *refusal {
	switch {
	case c.State.Paused:
		return refuse(409, "cannot start a paused container, try unpause instead")
	case running(c):
		return refuse(304, "")
	case c.State.Status == "dead":
		return refuse(409, "container is marked for removal and cannot be started")
	}
	if refused := e.allocate(c); refused != nil {
		e.release(c)
		c.State.Error = refused.message
		c.State.ExitCode = 128
		if c.State.Status != "created" {
			c.State.FinishedAt = e.now().Format(time.RFC3339Nano)
		}
		return refused
	}
	delete(e.stopped, c.ID)
	e.runs[c.ID]++
	*c.State = container.State{Status: "running", Running: true, Pid: 1, StartedAt: e.now().Format(time.RFC3339Nano), FinishedAt: c.State.FinishedAt}
	e.tell("container", "start", c.ID, c.Name, c.Config.Labels)
	e.beginInside(c)
	if len(c.Config.Cmd) > 0 && c.Config.Cmd[0] == "true" {
		e.end(c, 0)
	}
	return nil
}

// allocate gives a container its networks, its ports and the namespaces that it shares.
func (e *engine) allocate(c *container.InspectResponse) *refusal {
	h := c.HostConfig
	joined := map[string]int{}
	for _, mode := range []string{string(h.NetworkMode), string(h.IpcMode), string(h.PidMode)} {
		name, shares := strings.CutPrefix(mode, "container:")
		if !shares {
			continue
		}
		switch other := e.container(name); {
		case other == nil:
			return refuse(404, "No such container: %s", name)
		case !running(other):
			return refuse(409, "cannot join network of a non running container: %s", other.ID)
		default:
			joined[other.ID] = e.runs[other.ID]
		}
	}
	e.joined[c.ID] = joined
	if h.NetworkMode.IsContainer() {
		return nil
	}
	if refused := e.ports(c); refused != nil {
		return refused
	}
	// initializeNetworking; from 28 on the network at creation has to be there, whatever
	// the container was connected to since.
	if h.NetworkMode.IsUserDefined() && e.later("1.48") && e.network(string(h.NetworkMode)) == nil {
		return refuse(404, "could not find a network matching network mode %s: network %s not found", h.NetworkMode, h.NetworkMode)
	}
	if len(c.NetworkSettings.Networks) == 0 {
		c.NetworkSettings.Networks[orBridge(h.NetworkMode.NetworkName())] = &network.EndpointSettings{}
	}
	for _, name := range sortedKeys(c.NetworkSettings.Networks) {
		at := c.NetworkSettings.Networks[name]
		n := e.network(name)
		if at.NetworkID != "" {
			n = e.network(at.NetworkID)
			name = at.NetworkID
		}
		if n == nil {
			return refuse(404, "network %s not found", name)
		}
		if refused := e.join(c, n, at); refused != nil {
			return refused
		}
	}
	return nil
}

func (e *engine) ports(c *container.InspectResponse) *refusal {
	c.NetworkSettings.Ports = nat.PortMap{}
	for port, bindings := range c.HostConfig.PortBindings {
		for _, b := range bindings {
			for id, other := range e.containers {
				for taken, has := range other.NetworkSettings.Ports {
					same := taken.Proto() == port.Proto() && slices.ContainsFunc(has, func(o nat.PortBinding) bool { return o.HostPort == b.HostPort && b.HostPort != "" })
					if id != c.ID && running(other) && same {
						return refuse(500, "driver failed programming external connectivity on endpoint %s: Bind for 0.0.0.0:%s failed: port is already allocated", c.Name[1:], b.HostPort)
					}
				}
			}
			if b.HostIP == "" {
				b.HostIP = "0.0.0.0"
			}
			c.NetworkSettings.Ports[port] = append(c.NetworkSettings.Ports[port], b)
		}
	}
	return nil
}

// release takes away what a container has only while it runs.
func (e *engine) release(c *container.InspectResponse) {
	c.NetworkSettings.Ports = nat.PortMap{}
	for _, at := range c.NetworkSettings.Networks {
		at.EndpointID, at.IPAddress, at.GlobalIPv6Address, at.Gateway, at.MacAddress = "", "", "", "", ""
	}
}

// end is what happens when a container's process ends.
func (e *engine) end(c *container.InspectResponse, code int) {
	e.release(c)
	e.endInside(c)
	c.State.Running, c.State.Paused, c.State.Restarting, c.State.Pid = false, false, false, 0
	c.State.Status, c.State.ExitCode, c.State.FinishedAt = "exited", code, e.now().Format(time.RFC3339Nano)
	e.tell("container", "die", c.ID, c.Name, c.Config.Labels)
}

func (e *engine) rename(c *call, is *container.InspectResponse) (any, *refusal) {
	name := strings.TrimPrefix(c.r.FormValue("name"), "/")
	if other := e.container(name); other != nil && other.Name == "/"+name {
		return nil, refuse(409, "Conflict. The container name %q is already in use by container %q.", "/"+name, other.ID)
	}
	if is.State.Restarting && !e.later("1.44") { // it counts as running, and has no sandbox; measured on 20.10
		return nil, refuse(404, "sandbox %s not found", is.ID)
	}
	is.Name = "/" + name
	e.tell("container", "rename", is.ID, is.Name, is.Config.Labels)
	return nil, nil
}

// update changes limits, with the refusals of UpdateContainer in
// https://github.com/moby/moby/blob/v28.5.2/container/container_unix.go
func (e *engine) update(c *call, is *container.InspectResponse) (any, *refusal) {
	var to container.UpdateConfig
	if refused := c.read(&to); refused != nil {
		return nil, refused
	}
	if refused := limits(to.Resources); refused != nil && (to.Memory != 0 || to.MemorySwap <= 0) {
		return nil, refused
	}
	if is.State.Status == "dead" || is.State.Status == "removing" {
		return nil, refuse(409, "Container is marked for removal and cannot be \"update\".")
	}
	has := &is.HostConfig.Resources
	conflict := func(what, is string) *refusal {
		return refuse(400, "Conflicting options: %s cannot be updated as %s has already been set", what, is)
	}
	switch {
	case to.NanoCPUs > 0 && has.CPUPeriod > 0:
		return nil, conflict("Nano CPUs", "CPU Period")
	case to.NanoCPUs > 0 && has.CPUQuota > 0:
		return nil, conflict("Nano CPUs", "CPU Quota")
	case to.CPUPeriod > 0 && has.NanoCPUs > 0:
		return nil, conflict("CPU Period", "NanoCPUs")
	case to.CPUQuota > 0 && has.NanoCPUs > 0:
		return nil, conflict("CPU Quota", "NanoCPUs")
	case to.Memory > has.MemorySwap && to.MemorySwap == 0 && has.MemorySwap != -1:
		return nil, refuse(400, "Memory limit should be smaller than already set memoryswap limit, update the memoryswap at the same time")
	}
	for _, number := range []struct{ at, to *int64 }{
		{&has.NanoCPUs, &to.NanoCPUs},
		{&has.CPUPeriod, &to.CPUPeriod},
		{&has.CPUQuota, &to.CPUQuota},
		{&has.CPUShares, &to.CPUShares},
		{&has.Memory, &to.Memory},
		{&has.MemorySwap, &to.MemorySwap},
		{&has.MemoryReservation, &to.MemoryReservation},
		{&has.CPURealtimePeriod, &to.CPURealtimePeriod},
		{&has.CPURealtimeRuntime, &to.CPURealtimeRuntime},
	} {
		if *number.to != 0 {
			*number.at = *number.to
		}
	}
	if to.CpusetCpus != "" {
		has.CpusetCpus = to.CpusetCpus
	}
	if to.CpusetMems != "" {
		has.CpusetMems = to.CpusetMems
	}
	if to.BlkioWeight != 0 {
		has.BlkioWeight = to.BlkioWeight
	}
	if to.PidsLimit != nil {
		has.PidsLimit = to.PidsLimit
	}
	if to.RestartPolicy.Name != "" {
		is.HostConfig.RestartPolicy = to.RestartPolicy
	}
	e.tell("container", "update", is.ID, is.Name, is.Config.Labels)
	return map[string]any{"Warnings": nil}, nil
}

func (e *engine) removeContainer(c *call, is *container.InspectResponse) (any, *refusal) {
	if running(is) {
		if c.r.FormValue("force") != "1" {
			return nil, refuse(409, "cannot remove container %q: container is running: stop the container before removing or force remove", is.Name)
		}
		e.end(is, 137)
	}
	delete(e.containers, is.ID)
	delete(e.files, is.ID)
	e.tell("container", "destroy", is.ID, is.Name, is.Config.Labels)
	return nil, nil
}

// archive reads a file of a container: of all that an image has it knows the root alone.
func (e *engine) archive(c *call, is *container.InspectResponse) (any, *refusal) {
	name := path.Clean("/" + c.r.FormValue("path"))
	f, there := e.files[is.ID][name]
	mode := f.mode
	switch {
	case name == "/":
		mode = int64(1<<31 | 0o755)
	case !there:
		return nil, refuse(404, "Could not find the file %s in container %s", name, is.ID)
	}
	stat, _ := json.Marshal(container.PathStat{Name: path.Base(name), Size: int64(len(f.content)), Mtime: f.written})
	stat = bytes.Replace(stat, []byte(`"mode":0`), append([]byte(`"mode":`), number(mode)...), 1)
	c.w.Header().Set("X-Docker-Container-Path-Stat", base64.StdEncoding.EncodeToString(stat))
	c.w.Header().Set("Content-Type", "application/x-tar")
	if c.r.Method == "HEAD" {
		return []byte{}, nil
	}
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	_ = w.WriteHeader(&tar.Header{Name: path.Base(name), Mode: f.mode, Size: int64(len(f.content)), Typeflag: tar.TypeReg, ModTime: f.written})
	_, _ = w.Write(f.content)
	_ = w.Close()
	return out.Bytes(), nil
}

func number(n int64) []byte { content, _ := json.Marshal(n); return content }

func (e *engine) unpack(c *call, is *container.InspectResponse) (any, *refusal) {
	archive := tar.NewReader(bytes.NewReader(c.body))
	for head, err := archive.Next(); err == nil; head, err = archive.Next() {
		content, _ := io.ReadAll(archive) // of what is in memory
		if head.Typeflag == tar.TypeReg {
			e.files[is.ID][path.Join("/", c.r.FormValue("path"), head.Name)] = file{content, head.Mode, head.ModTime}
		}
	}
	return nil, nil
}

// restart ends the engine and starts it again: what ran ends with it, and runs again
// where its policy says so and nobody had stopped it, sharers after whose namespace
// they share.
func (e *engine) restart() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.down()
	e.up()
}

// down ends everything, and notes what is to run again.
func (e *engine) down() {
	var again []string
	for _, id := range sortedKeys(e.containers) {
		c := e.containers[id]
		was := running(c)
		if was {
			e.end(c, 137)
		}
		policy := c.HostConfig.RestartPolicy
		if policy.IsAlways() || policy.IsUnlessStopped() && !e.stopped[id] && (was || c.State.Status == "exited") {
			if c.State.Status != "created" {
				again = append(again, id)
			}
		}
	}
	slices.SortStableFunc(again, func(a, b string) int { return shares(e.containers[a]) - shares(e.containers[b]) })
	e.again = again
	for name := range e.volumes {
		e.before[name] = true
	}
}

// up starts what was noted when the engine ended.
func (e *engine) up() {
	for _, id := range e.again {
		_ = e.start(e.containers[id]) // what cannot start is exited, and says why
	}
	e.again = nil
}

func shares(c *container.InspectResponse) int {
	h := c.HostConfig
	if h.NetworkMode.IsContainer() || h.IpcMode.IsContainer() || h.PidMode.IsContainer() {
		return 1
	}
	return 0
}

// bereft are the names of the containers that run in namespaces of a run that is over.
func (e *engine) bereft() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var out []string
	for _, id := range sortedKeys(e.containers) {
		c := e.containers[id]
		for _, owner := range sortedKeys(e.joined[id]) {
			if other := e.containers[owner]; running(c) && (other == nil || !running(other) || e.runs[owner] != e.joined[id][owner]) {
				out = append(out, c.Name)
			}
		}
	}
	return out
}
