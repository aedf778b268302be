package docker

import (
	"cmp"
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/system"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"

	"github.com/dindctl/dindctl/provider"
)

// dialFunc opens a connection on which an engine speaks plain HTTP; whatever
// encrypts or tunnels is below it.
type dialFunc func(ctx context.Context) (net.Conn, error)

// reads are the calls that change nothing.
type reads interface {
	Ping(ctx context.Context) (types.Ping, error)
	Info(ctx context.Context) (system.Info, error)
	ContainerList(ctx context.Context, options container.ListOptions) ([]container.Summary, error)
	ContainerInspect(ctx context.Context, id string) (container.InspectResponse, error)
	ContainerLogs(ctx context.Context, id string, options container.LogsOptions) (io.ReadCloser, error)
	ContainerDiff(ctx context.Context, id string) ([]container.FilesystemChange, error)
	CopyFromContainer(ctx context.Context, id, path string) (io.ReadCloser, container.PathStat, error)
	ContainerStatPath(ctx context.Context, id, path string) (container.PathStat, error)
	NetworkList(ctx context.Context, options network.ListOptions) ([]network.Summary, error)
	NetworkInspect(ctx context.Context, id string, options network.InspectOptions) (network.Inspect, error)
	VolumeList(ctx context.Context, options volume.ListOptions) (volume.ListResponse, error)
	VolumeInspect(ctx context.Context, id string) (volume.Volume, error)
	ImageList(ctx context.Context, options image.ListOptions) ([]image.Summary, error)
	ImageInspect(ctx context.Context, id string, options ...client.ImageInspectOption) (image.InspectResponse, error)
	DiskUsage(ctx context.Context, options types.DiskUsageOptions) (types.DiskUsage, error)
	ClientVersion() string
	NegotiateAPIVersionPing(ping types.Ping)
}

// engine is one Docker engine, as this process reaches it.
type engine struct {
	place provider.Place
	dial  dialFunc
	read  reads
	write *client.Client
	// tunnels sends the two requests that open a tunnel, through the same
	// transport that refuses all others.
	tunnels    *http.Client
	writing    http.RoundTripper // the way of write, without its watchdogs
	transports []*http.Transport
	facts      provider.Facts
	execs      sync.WaitGroup // commands that were run in containers until they end, and stop signals on their way
	waits      patience

	sources sync.Map // image id -> source; see whose.go
	removed sync.Map // the networks that this process was to remove: id -> network.Inspect, empty where it was not there

	mu      sync.Mutex
	waiting map[string]*sync.Mutex // image references that are being fetched
	helpers int                    // that need the helper's image now; see helperImage
}

// engineHost stands in URLs where an engine's address would; it is never resolved.
const engineHost = "engine.dindctl.invalid"

// maxTunnels bounds the connections that reading opens into one daemon.
const maxTunnels = 4

// way is how an engine is spoken to.
type way struct {
	dial    dialFunc
	host    string            // that its requests name, as the docker CLI's do; empty where nobody looks
	proxy   *url.URL          // that is sent every request that stays one; nil for none
	toProxy dialFunc          // leads to that proxy
	headers map[string]string // of every request, beside its own
	api     string            // the version of the API; empty for the newest that both sides know
}

// newEngine prepares an engine; nothing is dialled yet. Reading uses at most
// limit connections at once; 0 means any number.
func newEngine(place provider.Place, w way, limit int, waits patience) (*engine, error) {
	direct := w.direct()
	reading := newTransport(w, limit)
	streams := newTransport(direct, 0)
	writing := newTransport(w, 0)
	changes := byKind{requests: w.named(writing), streams: direct.named(streams)}
	guard := readOnly{reads: patient{w.named(reading), waits}, tunnels: patient{changes.streams, waits}}

	read, err := newClient(&http.Client{Transport: sieve{guard}, CheckRedirect: client.CheckRedirect}, w)
	if err != nil {
		return nil, err
	}
	// The client takes the way of the connections that it hijacks from this one.
	changing := &http.Client{Transport: streams, CheckRedirect: client.CheckRedirect}
	write, err := newClient(changing, w)
	if err != nil {
		return nil, err
	}
	changing.Transport = patient{changes, waits}
	return &engine{
		place:      place,
		dial:       w.dial,
		read:       edge{read},
		write:      write,
		tunnels:    &http.Client{Transport: guard},
		writing:    changes,
		transports: []*http.Transport{reading, streams, writing},
		waits:      waits,
		waiting:    map[string]*sync.Mutex{},
	}, nil
}

func newTransport(w way, limit int) *http.Transport {
	t := &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			if w.proxy != nil { // every request goes there
				return w.toProxy(ctx)
			}
			conn, err := w.dial(ctx)
			return impatient(ctx, conn), err
		},
		MaxConnsPerHost:        limit,
		MaxIdleConnsPerHost:    max(limit, maxTunnels),
		IdleConnTimeout:        5 * time.Minute,
		DisableCompression:     true,
		MaxResponseHeaderBytes: headLimit,
	}
	if w.proxy != nil {
		t.Proxy = http.ProxyURL(w.proxy)
	}
	return t
}

func newClient(hc *http.Client, w way) (*client.Client, error) {
	return client.NewClientWithOpts(
		client.WithHost("tcp://"+cmp.Or(w.host, engineHost)), // hijacked connections name it
		client.WithHTTPClient(hc),
		client.WithScheme("http"),
		client.WithHTTPHeaders(w.headers),
		client.WithUserAgent("dindctl/"+Version),
		client.WithVersion(w.api),
		client.WithAPIVersionNegotiation(),
	)
}

// direct is the way of what does not stay a request: a proxy for requests takes out what
// asks for a stream. The connection itself is tunnelled by the proxy.
func (w way) direct() way {
	w.proxy = nil
	return w
}

// byKind sends each request by the transport for what it becomes.
type byKind struct {
	requests http.RoundTripper
	streams  http.RoundTripper // for what asks for a stream instead of an answer
}

// RoundTrip sends the request.
func (k byKind) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Header.Get("Upgrade") != "" {
		return k.streams.RoundTrip(req)
	}
	return k.requests.RoundTrip(req)
}

// named sends requests with the engine's own name and with the headers of the way.
func (w way) named(next http.RoundTripper) http.RoundTripper {
	if w.host == "" && len(w.headers) == 0 {
		return next
	}
	return named{next, w}
}

type named struct {
	next http.RoundTripper
	way  way
}

// RoundTrip sends a copy of the request.
func (n named) RoundTrip(req *http.Request) (*http.Response, error) {
	req = req.Clone(req.Context())
	if n.way.host != "" {
		req.Host = n.way.host
		if n.way.proxy != nil {
			req.URL.Host = n.way.host
		}
	}
	for name, value := range n.way.headers {
		if req.Header.Get(name) == "" {
			req.Header.Set(name, value)
		}
	}
	return n.next.RoundTrip(req)
}

// connect reaches the engine and reads its facts, which stay the caller's to keep.
func (e *engine) connect(ctx context.Context) (provider.Facts, error) {
	ping, err := e.read.Ping(ctx)
	if err != nil {
		return provider.Facts{}, err
	}
	e.read.NegotiateAPIVersionPing(ping)
	e.write.NegotiateAPIVersionPing(ping)
	info, err := past(ctx, e.read.Info)
	if err != nil {
		return provider.Facts{}, err
	}
	return factsOf(info, e.read.ClientVersion()), nil
}

// close ends every connection that is idle; the busy ones end with their calls.
func (e *engine) close() {
	e.awaitExecs()
	for _, t := range e.transports {
		t.CloseIdleConnections()
	}
}

// once serialises work on one key, such as fetching one image.
func (e *engine) once(key string) func() {
	e.mu.Lock()
	lock, ok := e.waiting[key]
	if !ok {
		lock = &sync.Mutex{}
		e.waiting[key] = lock
	}
	e.mu.Unlock()
	lock.Lock()
	return lock.Unlock
}

// byDepth lists engines, the innermost first.
func byDepth(places map[provider.Place]*engine) []*engine {
	list := make([]*engine, 0, len(places))
	for _, e := range places {
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b *engine) int {
		return strings.Count(string(b.place), "/") - strings.Count(string(a.place), "/")
	})
	return list
}
