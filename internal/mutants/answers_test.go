package mutants_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/system"
	"github.com/docker/docker/api/types/volume"

	"github.com/dindctl/dindctl/internal/replay"
)

// answer is what an engine of a recording answers to one request.
type answer struct {
	key   string // the request, and where the engine is
	class string // the endpoint, and whether the engine is at the root or inside
	// whole is the JSON that it is, nil for bytes; header says that it stands in one.
	whole  *node
	header string
	bytes  []byte
	// into makes what the Docker client decodes it into; nil where that is no JSON.
	into func() any
}

const statHeader = "X-Docker-Container-Path-Stat"

// endpoint is one of those that are read.
type endpoint struct {
	pattern *regexp.Regexp
	class   string
	into    func() any
}

// endpoints are made once: each answer is looked up in them.
var endpoints = sync.OnceValue(func() []endpoint {
	of := func(pattern, class string, into func() any) endpoint {
		return endpoint{regexp.MustCompile("^" + pattern + "$"), class, into}
	}
	return []endpoint{
		of("/info", "info", func() any { return new(system.Info) }),
		of("/containers/json", "containers", func() any { return new([]container.Summary) }),
		of("/containers/[^/]+/json", "container", func() any { return new(container.InspectResponse) }),
		of("/containers/[^/]+/exec", "exec", func() any { return new(container.ExecCreateResponse) }),
		of("/networks", "networks", func() any { return new([]network.Summary) }),
		of("/networks/[^/]+", "network", func() any { return new(network.Inspect) }),
		of("/volumes", "volumes", func() any { return new(volume.ListResponse) }),
		of("/volumes/[^/]+", "volume", func() any { return new(volume.Volume) }),
		of("/images/json", "images", func() any { return new([]image.Summary) }),
		of("/images/.+/json", "image", func() any { return new(image.InspectResponse) }),
		of("/containers/[^/]+/logs", "logs", nil),
		of("/containers/[^/]+/archive", "archive", nil),
		of("/_ping", "ping", nil),
	}
})

// tap stands around the engines of a site. It keeps what they answer, spoils one
// answer, and does or refuses what would change something.
type tap struct {
	mu      sync.Mutex
	answers map[string][]answer // by key; nil: not kept
	spoiled *spoiled            // nil: nothing is
	served  int                 // of the spoiled answer, to its last byte
	sending int                 // how many are sending it
	sent    *sync.Cond          // with mu; none is
	asked   int                 // for the spoiled answer
	act     bool                // changes are done and not refused
	lock    bool                // the lock, too, which counts as none
	changes []change
	gone    map[string]bool // what was removed: place and path
	locks   map[string][]byte
}

func newTap() *tap {
	t := &tap{}
	t.sent = sync.NewCond(&t.mu)
	return t
}

// spoiled is the answer that a mutant is of.
type spoiled struct {
	answer answer
	change func(http.Header, []byte) []byte
}

// change is a call that changes something.
type change struct {
	at     *replay.Place
	method string
	path   string
}

var tunnelPaths = regexp.MustCompile(`^(/containers/[^/]+/exec|/exec/[^/]+/start)$`)

func whereOf(p *replay.Place) string {
	if p.Elsewhere {
		return "elsewhere"
	}
	return strings.Join(p.Inside, "/")
}

func (t *tap) around(p *replay.Place, engine http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := replay.Path(r)
		switch {
		case r.Method == http.MethodPost && strings.HasSuffix(path, "/start") && tunnelPaths.MatchString(path):
			engine.ServeHTTP(w, r)
			return
		case r.Method != http.MethodGet && r.Method != http.MethodHead && !tunnelPaths.MatchString(path):
			t.changing(p, w, r, path)
			return
		}
		key := whereOf(p) + " " + r.Method + " " + path + "?" + r.URL.RawQuery
		method := r.Method
		got := httptest.NewRecorder()
		engine.ServeHTTP(got, r)
		t.send(p, key, method, path, w, got)
	})
}

// send hands an answer on, spoiled where it is to be.
func (t *tap) send(p *replay.Place, key, method, path string, w http.ResponseWriter, got *httptest.ResponseRecorder) {
	body := t.without(p, path, got.Body.Bytes())
	t.mu.Lock()
	if t.answers != nil && got.Code/100 == 2 {
		t.answers[key] = taken(p, key, method, path, got.Header(), body)
	}
	gone := t.gone[whereOf(p)+strings.TrimSuffix(path, "/json")]
	spoil := t.spoiled
	if spoil != nil && spoil.answer.key != key {
		spoil = nil
	}
	if spoil != nil {
		t.asked++
		t.sending++
		defer t.ended()
	}
	if content := t.locks[path]; content != nil {
		got.Code, body = http.StatusOK, content
	}
	t.mu.Unlock()

	header := got.Header()
	header.Del("Content-Length")
	if spoil != nil {
		body = spoil.change(header, body)
	}
	for name, values := range header {
		w.Header()[name] = values
	}
	if gone {
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"message":"no such thing"}`)
		return
	}
	w.WriteHeader(got.Code)
	n, err := w.Write(body)
	if err == nil && spoil != nil && (n == len(body) || method == http.MethodHead) {
		t.mu.Lock()
		t.served++
		t.mu.Unlock()
	}
}

// ended says that one that was sending the spoiled answer is through.
func (t *tap) ended() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sending--
	t.sent.Broadcast()
}

// without leaves out of a list what was removed.
func (t *tap) without(p *replay.Place, path string, body []byte) []byte {
	t.mu.Lock()
	defer t.mu.Unlock()
	kind, isList := strings.CutSuffix(path, "/json")
	if len(t.gone) == 0 || !isList && path != "/networks" && path != "/volumes" || strings.Count(kind, "/") > 1 {
		return body
	}
	left := func(items []json.RawMessage) []json.RawMessage {
		return slices.DeleteFunc(items, func(item json.RawMessage) bool {
			known := (&replay.Object{Summary: item}).Known()
			return t.gone[whereOf(p)+kind+"/"+known.Key()] || t.gone[whereOf(p)+kind+"/"+known.Name]
		})
	}
	var items []json.RawMessage
	var volumes struct{ Volumes []json.RawMessage }
	var out []byte
	switch {
	case json.Unmarshal(body, &items) == nil:
		out, _ = json.Marshal(left(items))
	case json.Unmarshal(body, &volumes) == nil:
		volumes.Volumes = left(volumes.Volumes)
		out, _ = json.Marshal(volumes)
	default:
		return body
	}
	return out
}

// changing does what changes something as an engine would, as far as a destroy
// looks at it afterwards, or refuses it.
func (t *tap) changing(p *replay.Place, w http.ResponseWriter, r *http.Request, path string) {
	content, _ := io.ReadAll(r.Body)
	t.mu.Lock()
	defer t.mu.Unlock()
	lock := len(p.Inside) == 0 && (path == "/volumes/create" || strings.HasPrefix(path, "/volumes/dindctl.lock."))
	if !lock || !t.lock {
		t.changes = append(t.changes, change{p, r.Method, path})
	}
	if !t.act && (!t.lock || !lock) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, `{"message":"nothing may be changed here"}`)
		return
	}
	if r.Method == http.MethodPost && path == "/volumes/create" {
		var asked struct{ Name string }
		_ = json.Unmarshal(content, &asked)
		if t.locks["/volumes/"+asked.Name] == nil {
			t.locks["/volumes/"+asked.Name] = content
		}
		w.WriteHeader(http.StatusCreated)
		_, _ = w.Write(t.locks["/volumes/"+asked.Name])
		return
	}
	if r.Method == http.MethodDelete {
		delete(t.locks, path)
		t.gone[whereOf(p)+path] = true
	}
	if strings.HasPrefix(path, "/images/") && r.Method == http.MethodDelete {
		_, _ = io.WriteString(w, "[]")
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// taken are the answer's parts that can be spoiled.
func taken(p *replay.Place, key, method, path string, header http.Header, body []byte) []answer {
	where := " at the root"
	if len(p.Inside) > 0 {
		where = " inside"
	}
	var out []answer
	for _, e := range endpoints() {
		if !e.pattern.MatchString(path) {
			continue
		}
		a := answer{key: key, class: e.class + where, bytes: bytes.Clone(body), into: e.into}
		switch {
		case e.class == "ping":
			a.header = "Api-Version"
		case e.class == "archive":
			if stat, err := base64.StdEncoding.DecodeString(header.Get(statHeader)); err == nil {
				if whole, ok := parse(stat); ok {
					out = append(out, answer{key: key, class: "stat" + where, whole: whole, header: statHeader, into: func() any { return new(container.PathStat) }})
				}
			}
			if method == http.MethodHead {
				return out
			}
		case e.into != nil:
			whole, ok := parse(body)
			if !ok {
				continue
			}
			a.whole = whole
		}
		return append(out, a)
	}
	return out
}
