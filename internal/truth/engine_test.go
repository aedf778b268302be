package truth_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
)

// engine is an engine in memory that works: what is made, changed and removed through
// its API is there, changed and gone afterwards, with the defaults, the refusals and the
// oddities of real ones, as far as a plan depends on them. Where that is measured or read
// in moby's source, it says so beside it.
type engine struct {
	api string
	mux *http.ServeMux

	mu         sync.Mutex
	serial     int
	containers map[string]*container.InspectResponse // by id
	stopped    map[string]bool                       // ids that somebody stopped: a restart of the engine leaves them
	networks   map[string]*network.Inspect           // by id
	volumes    map[string]*volume.Volume             // by name
	images     map[string]*image.InspectResponse     // by id
	files      map[string]map[string]file            // of a container, by its id and their path
	runs       map[string]int                        // how often a container was started, by id
	joined     map[string]map[string]int             // of a container that shares namespaces: whose, and of which run
	asked      map[string]map[string]string          // of a container, by its id and the network: which hardware address
	again      []string                              // ids of what is to be started with the engine
	before     map[string]bool                       // names of the volumes that were there when it was started
	name       string
	pool       netip.Prefix          // of the networks that say no range; the usual ones where it is none
	inner      map[string]*engine    // engines inside, by the volume of their data
	made       int                   // how many engines inside there have been
	tunnels    map[string][]net.Conn // into a container, by its id
	leads      map[string]string     // of the commands that lead inside: the container
	back       time.Duration         // how far the clock was set back
	events     []happening
	fault      *fault
}

// happening is one event of an engine.
type happening struct {
	Type, Action, ID, Name string
	Address                string // of the record that the object bears
}

func (h happening) String() string {
	return fmt.Sprintf("%s %s %.12s %s (%s)", h.Type, h.Action, h.ID, h.Name, h.Address)
}

// Two engines that are tested, by the API that they speak.
const (
	api2010 = "1.41"
	api285  = "1.51"
)

func newEngine(api string) *engine {
	e := &engine{
		api: api, containers: map[string]*container.InspectResponse{}, stopped: map[string]bool{},
		networks: map[string]*network.Inspect{}, volumes: map[string]*volume.Volume{}, images: map[string]*image.InspectResponse{},
		files: map[string]map[string]file{}, runs: map[string]int{}, joined: map[string]map[string]int{}, asked: map[string]map[string]string{},
		before: map[string]bool{}, name: "truth", inner: map[string]*engine{}, tunnels: map[string][]net.Conn{}, leads: map[string]string{},
	}
	e.mux = e.route()
	for i, name := range []string{"bridge", "host", "none"} {
		driver := map[string]string{"bridge": "bridge", "host": "host", "none": "null"}[name]
		n := &network.Inspect{ID: e.newID(), Name: name, Driver: driver, Scope: "local", EnableIPv4: true, Created: e.now()}
		if i == 0 {
			n.IPAM = network.IPAM{Driver: "default", Config: []network.IPAMConfig{{Subnet: "172.17.0.0/16", Gateway: "172.17.0.1"}}}
		}
		e.networks[n.ID] = n
	}
	for _, tag := range []string{"base.local/a", "base.local/b"} {
		e.addImage(tag, nil)
	}
	e.events = nil
	return e
}

// later tells whether the engine speaks an API from that one on.
func (e *engine) later(api string) bool { return len(e.api) == len(api) && e.api >= api }

func (e *engine) now() time.Time {
	e.serial++
	return time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(e.serial)*time.Millisecond - e.back)
}

func (e *engine) newID() string {
	e.serial++
	return fmt.Sprintf("%012x%052x", 0xabc000000000+e.serial*7919, e.serial)
}

func (e *engine) tell(kind, action, id, name string, labels map[string]string) {
	e.events = append(e.events, happening{kind, action, id, strings.TrimPrefix(name, "/"), labels[labelAddress]})
}

// labelAddress is where a record says which address it is of.
const labelAddress = "dev.dindctl.address"

// refusal is an answer that is none of success.
type refusal struct {
	status  int
	message string
}

func (r *refusal) Error() string { return r.message }

func refuse(status int, format string, args ...any) *refusal {
	return &refusal{status, fmt.Sprintf(format, args...)}
}

// call is one request, as the handlers take it.
type call struct {
	r    *http.Request
	body []byte
	w    http.ResponseWriter
}

func (c *call) read(into any) *refusal {
	if err := json.Unmarshal(c.body, into); err != nil {
		return refuse(400, "%v", err)
	}
	return nil
}

func (c *call) id() string { return c.r.PathValue("id") }

var versionPrefix = regexp.MustCompile(`^/v[0-9.]+(/|$)`)

// ServeHTTP answers one request. One at a time: an engine takes no longer for it than a
// test can wait.
func (e *engine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	r.URL.Path = versionPrefix.ReplaceAllString(r.URL.Path, "/")
	w.Header().Set("API-Version", e.api)
	w.Header().Set("Ostype", "linux")
	w.Header().Set("Docker-Experimental", "false")
	r.Body = io.NopCloser(bytes.NewReader(body))
	e.mu.Lock()
	defer e.mu.Unlock()
	e.fault.serve(e.mux, w, r)
}

// takenOver is the answer of a call whose connection was taken over.
type takenOver struct{}

func (e *engine) route() *http.ServeMux {
	mux := http.NewServeMux()
	e.mux = mux
	on := func(pattern string, status int, do func(c *call) (any, *refusal)) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body) // it was read before
			status := status
			answer, refused := do(&call{r: r, body: body, w: w})
			if refused != nil {
				status, answer = refused.status, map[string]string{"message": refused.message}
			}
			if _, is := answer.(takenOver); is {
				return
			}
			if raw, is := answer.([]byte); is {
				w.WriteHeader(status)
				_, _ = w.Write(raw)
				return
			}
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(status)
			if answer != nil {
				_ = json.NewEncoder(w).Encode(answer)
			}
		})
	}
	on("GET /_ping", 200, func(*call) (any, *refusal) { return []byte("OK"), nil })
	on("HEAD /_ping", 200, func(*call) (any, *refusal) { return []byte{}, nil })
	on("GET /info", 200, func(*call) (any, *refusal) { return e.info(), nil })
	e.routeContainers(on)
	e.routeExecs(on)
	on("GET /networks", 200, e.listNetworks)
	on("GET /networks/{id}", 200, e.inspectNetwork)
	on("POST /networks/create", 201, e.createNetwork)
	on("POST /networks/{id}/connect", 200, e.connect)
	on("POST /networks/{id}/disconnect", 200, e.disconnect)
	on("DELETE /networks/{id}", 204, e.removeNetwork)
	on("GET /volumes", 200, func(*call) (any, *refusal) { return e.listVolumes(), nil })
	on("GET /volumes/{id}", 200, e.inspectVolume)
	on("POST /volumes/create", 201, e.createVolume)
	on("DELETE /volumes/{id}", 204, e.removeVolume)
	on("GET /images/json", 200, e.listImages)
	on("POST /images/create", 200, func(c *call) (any, *refusal) {
		return nil, refuse(404, "pull access denied for %s, repository does not exist", c.r.FormValue("fromImage"))
	})
	on("POST /build", 200, e.build)
	on("GET /images/get", 200, e.saveImage)
	on("POST /images/load", 200, e.loadImage)
	on("/images/{rest...}", 200, e.oneImage)
	on("/", 404, func(c *call) (any, *refusal) {
		return nil, refuse(404, "page not found: %s %s", c.r.Method, c.r.URL.Path)
	})
	return mux
}

func (e *engine) info() map[string]any {
	version := map[string]string{api2010: "20.10.24", api285: "28.5.1"}[e.api]
	return map[string]any{
		"ID": strings.ToUpper(e.name), "Name": e.name, "ServerVersion": version, "OSType": "linux", "Architecture": "x86_64", "NCPU": 2, "MemTotal": 8 << 30,
		"Driver": "overlay2", "DefaultRuntime": "runc", "LoggingDriver": "json-file", "CgroupVersion": "2", "CgroupDriver": "systemd",
		"DockerRootDir": "/var/lib/docker", "OperatingSystem": "Debian GNU/Linux 12 (bookworm)", "KernelVersion": "6.1.0",
		"SwapLimit": true, "MemoryLimit": true, "CPUShares": true, "CpuCfsPeriod": true, "CpuCfsQuota": true, "CPUSet": true, "PidsLimit": true, "OomKillDisable": true,
		"SecurityOptions": []string{"name=seccomp,profile=default", "name=cgroupns"},
		"DriverStatus":    [][2]string{{"Backing Filesystem", "extfs"}},
	}
}

// happened hands out the events since the last time.
func (e *engine) happened() []happening {
	e.mu.Lock()
	defer e.mu.Unlock()
	events := e.events
	e.events = nil
	for _, name := range sortedKeys(e.inner) {
		events = append(events, e.inner[name].happened()...)
	}
	return events
}

// sortedKeys are the keys of a map, in order: nothing that an engine does may hang on
// the order of a map.
func sortedKeys[V any](m map[string]V) []string {
	out := make([]string, 0, len(m))
	for key := range m {
		out = append(out, key)
	}
	slices.Sort(out)
	return out
}
