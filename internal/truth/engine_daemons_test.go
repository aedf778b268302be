package truth_test

import (
	"encoding/json"
	"net/http"
	"net/netip"
	"slices"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"

	"github.com/dindctl/dindctl/internal/replay"
)

// dataRoot is where a daemon keeps what it has: an engine inside lasts as long as the
// volume there.
const dataRoot = "/var/lib/docker"

// routeExecs answers those commands in containers that are known: one leads into the
// engine inside, and all others do nothing, with success.
func (e *engine) routeExecs(on route) {
	on("POST /containers/{id}/exec", 201, func(c *call) (any, *refusal) {
		var asked container.ExecOptions
		if refused := c.read(&asked); refused != nil {
			return nil, refused
		}
		is := e.container(c.id())
		switch {
		case is == nil:
			return nil, refuse(404, "No such container: %s", c.id())
		case !running(is) || is.State.Paused || is.State.Restarting:
			return nil, refuse(409, "Container %s is not running", is.ID)
		}
		id := e.newID()
		if slices.Equal(asked.Cmd, []string{"docker", "system", "dial-stdio"}) {
			e.leads[id] = is.ID
		}
		return map[string]string{"Id": id}, nil
	})
	on("GET /exec/{id}/json", 200, func(c *call) (any, *refusal) {
		return map[string]any{"ID": c.id(), "Running": false, "ExitCode": 0}, nil
	})
	e.mux.HandleFunc("POST /exec/{id}/start", e.startExec)
}

func (e *engine) startExec(w http.ResponseWriter, r *http.Request) {
	id, leads := e.leads[r.PathValue("id")]
	delete(e.leads, r.PathValue("id"))
	conn, within, err := replay.Tunnel(w)
	if err != nil {
		return
	}
	inner := e.inside(id)
	if !leads || inner == nil {
		_ = conn.Close()
		return
	}
	e.tunnels[id] = append(e.tunnels[id], conn)
	server := &http.Server{Handler: inner} //nolint:gosec // of tests
	go func() {
		_ = server.Serve(within)
	}()
}

// inside is the engine inside a container that runs; nil for none.
func (e *engine) inside(id string) *engine {
	is := e.containers[id]
	if is == nil || !running(is) {
		return nil
	}
	for _, m := range is.Mounts {
		if m.Destination != dataRoot {
			continue
		}
		if e.inner[m.Name] == nil {
			e.made++
			inner := newEngine(e.api)
			inner.name, inner.serial = m.Name, e.made*1_000_000
			e.inner[m.Name] = inner
		}
		inner := e.inner[m.Name]
		inner.mu.Lock()
		defer inner.mu.Unlock()
		inner.pool = poolIn(e.files[id][daemonJSON].content)
		return inner
	}
	return nil
}

// daemonJSON is what a daemon reads when it starts.
const daemonJSON = "/etc/docker/daemon.json"

// poolIn is the range from which networks inside get theirs; none where it is not said.
func poolIn(settings []byte) netip.Prefix {
	var said struct {
		Pools []struct{ Base string } `json:"default-address-pools"`
	}
	if json.Unmarshal(settings, &said) != nil || len(said.Pools) == 0 {
		return netip.Prefix{}
	}
	pool, _ := netip.ParsePrefix(said.Pools[0].Base) // what none is, is as good as none
	return pool
}

// endInside ends the tunnels into a container, and what runs in the engine inside.
func (e *engine) endInside(c *container.InspectResponse) {
	for _, conn := range e.tunnels[c.ID] {
		_ = conn.Close()
	}
	delete(e.tunnels, c.ID)
	for _, m := range c.Mounts {
		if inner := e.inner[m.Name]; inner != nil && m.Destination == dataRoot {
			inner.mu.Lock()
			inner.down()
			inner.mu.Unlock()
		}
	}
}

// beginInside lets run again what the engine inside had when it ended.
func (e *engine) beginInside(c *container.InspectResponse) {
	if inner := e.inside(c.ID); inner != nil {
		inner.mu.Lock()
		inner.up()
		inner.mu.Unlock()
	}
}

// saveImage and loadImage carry an image to another engine in memory: its answer to an
// inspect is all that there is of it.
func (e *engine) saveImage(c *call) (any, *refusal) {
	i := e.image(c.r.FormValue("names"))
	if i == nil {
		return nil, refuse(404, "No such image: %s", c.r.FormValue("names"))
	}
	return i, nil
}

func (e *engine) loadImage(c *call) (any, *refusal) {
	loaded := &image.InspectResponse{}
	if refused := c.read(loaded); refused != nil {
		return nil, refused
	}
	tags := loaded.RepoTags
	if has := e.images[loaded.ID]; has != nil {
		loaded = has
	} else {
		loaded.RepoTags = nil
		e.images[loaded.ID] = loaded
	}
	for _, tag := range tags {
		e.tag(loaded, tag)
	}
	return []byte(`{"stream":"Loaded image\n"}`), nil
}

// endData is what a volume with an engine's data takes along: all that is in there.
func (e *engine) endData(volume string) {
	inner := e.inner[volume]
	if inner == nil {
		return
	}
	delete(e.inner, volume)
	inner.mu.Lock()
	defer inner.mu.Unlock()
	for _, id := range sortedKeys(inner.containers) {
		inner.tell("container", "destroy", id, inner.containers[id].Name, inner.containers[id].Config.Labels)
	}
	for _, id := range sortedKeys(inner.networks) {
		if n := inner.networks[id]; len(n.Labels) > 0 {
			inner.tell("network", "destroy", id, n.Name, n.Labels)
		}
	}
	for _, name := range sortedKeys(inner.volumes) {
		inner.tell("volume", "destroy", name, name, inner.volumes[name].Labels)
	}
	e.events = append(e.events, inner.events...)
}
