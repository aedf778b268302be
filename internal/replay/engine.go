package replay

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Engine is an engine that can be read and nothing else: it holds what a place holds.
// Lists are filtered as an engine filters them, so that a later build may ask in
// other ways.
type Engine struct {
	Holds *Place
	// Inside is what answers inside a container, by the container's id; nil where
	// nothing does.
	Inside func(id string) http.Handler
	// Missing are told of the requests that there is no answer to.
	Missing *Missing
}

// Missing are the requests that an engine has no answer to. It is ready as it is made.
type Missing struct {
	mu       sync.Mutex
	requests []string
}

func (m *Missing) add(text string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.requests = append(m.requests, text)
}

// All are the requests so far, in their order.
func (m *Missing) All() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.requests)
}

// Path is a request's path without the API's version.
func Path(r *http.Request) string {
	return regexp.MustCompile(`^/v[0-9.]+(/|$)`).ReplaceAllString(r.URL.Path, "/")
}

// ServeHTTP answers one request.
func (e Engine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for name, value := range e.Holds.Ping {
		w.Header().Set(name, value)
	}
	r.URL.Path = Path(r)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /_ping", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "OK") })
	mux.HandleFunc("GET /version", func(w http.ResponseWriter, _ *http.Request) { e.answer(w, e.Holds.Version) })
	mux.HandleFunc("GET /info", func(w http.ResponseWriter, _ *http.Request) { e.answer(w, e.Holds.Info) })
	mux.HandleFunc("GET /containers/json", e.list(e.Holds.Containers, func(r *http.Request) bool { return flagged(r.FormValue("all")) }))
	mux.HandleFunc("GET /containers/{id}/json", e.inspect(e.Holds.Containers, "container"))
	mux.HandleFunc("GET /containers/{id}/archive", e.archive)
	mux.HandleFunc("GET /containers/{id}/logs", e.logs)
	mux.HandleFunc("POST /containers/{id}/exec", e.exec)
	mux.HandleFunc("POST /exec/{id}/start", e.tunnel)
	mux.HandleFunc("GET /networks", e.list(e.Holds.Networks, nil))
	mux.HandleFunc("GET /networks/{id}", e.inspect(e.Holds.Networks, "network"))
	mux.HandleFunc("GET /volumes", e.volumes)
	mux.HandleFunc("GET /volumes/{id}", e.inspect(e.Holds.Volumes, "volume"))
	mux.HandleFunc("GET /images/json", e.list(e.Holds.Images, nil))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		name, isImage := strings.CutPrefix(r.URL.Path, "/images/")
		name, isInspect := strings.CutSuffix(name, "/json")
		if !isImage || !isInspect || r.Method != http.MethodGet {
			e.unknown(w, r)
			return
		}
		r.SetPathValue("id", name) // it may have slashes
		e.inspect(e.Holds.Images, "image")(w, r)
	})
	mux.ServeHTTP(w, r)
}

func (e Engine) answer(w http.ResponseWriter, content []byte) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(content)
}

// absent answers as an engine does about what it does not have.
func (e Engine) absent(w http.ResponseWriter, text string) {
	content, _ := json.Marshal(map[string]string{"message": text})
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusNotFound)
	_, _ = w.Write(content)
}

// unknown answers what no recording holds as an engine answers what it does not
// have, and tells the test.
func (e Engine) unknown(w http.ResponseWriter, r *http.Request) {
	where := ""
	for _, id := range e.Holds.Inside {
		where += fmt.Sprintf(" (inside %.12s)", id)
	}
	if e.Missing != nil {
		e.Missing.add(r.Method + " " + r.URL.RequestURI() + where)
	}
	e.absent(w, "not in the recording")
}

// Known is what requests name objects by, and lists filter them by.
type Known struct {
	ID, Id, Name          string //nolint:staticcheck,revive // as engines spell it, for one kind this way and for another that way
	Names                 []string
	RepoTags, RepoDigests []string
	State, Driver         string
	Labels                map[string]string
}

// Key is the object's id; empty for a volume.
func (k Known) Key() string { return k.ID + k.Id } // one of them is empty

// Known reads it of an object's summary.
func (o *Object) Known() Known {
	var k Known
	_ = json.Unmarshal(o.Summary, &k) // where it is of another type, nobody asks for it
	return k
}

// flagged reads a parameter as engines do.
func flagged(text string) bool {
	return text != "" && text != "0" && text != "no" && text != "false" && text != "none"
}

// is tells whether a request for name means the object.
func (o *Object) is(name string) bool {
	k := o.Known()
	id := strings.TrimPrefix(k.Key(), "sha256:")
	short := strings.TrimPrefix(name, "sha256:")
	switch {
	case name == "":
		return false
	case id != "" && len(short) >= 4 && strings.HasPrefix(id, short), k.Name == name:
		return true
	case slices.Contains(k.Names, "/"+strings.TrimPrefix(name, "/")):
		return true
	}
	return o.tagged(name)
}

func (o *Object) tagged(name string) bool {
	k := o.Known()
	name = strings.TrimPrefix(strings.TrimPrefix(name, "docker.io/"), "library/")
	if !strings.Contains(path.Base(name), ":") && !strings.Contains(name, "@") {
		name += ":latest"
	}
	return slices.Contains(k.RepoTags, name) || slices.Contains(k.RepoDigests, name)
}

// Find is the object of a list that a request for name means; nil where none is.
func Find(list []*Object, name string) *Object {
	for _, o := range list {
		if o.is(name) {
			return o
		}
	}
	return nil
}

func (e Engine) inspect(list []*Object, kind string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		o := Find(list, r.PathValue("id"))
		switch {
		case o == nil:
			e.absent(w, "no such "+kind+": "+r.PathValue("id"))
		case o.Inspect == nil:
			e.answer(w, o.Summary)
		default:
			e.answer(w, o.Inspect)
		}
	}
}

// list answers with what passes the filters. Whole, which may be nil, tells
// whether what does not run is asked for, too.
func (e Engine) list(list []*Object, whole func(*http.Request) bool) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		found, ok := filtered(list, r)
		if !ok {
			e.unknown(w, r)
			return
		}
		out := []json.RawMessage{}
		for _, o := range found {
			if whole == nil || whole(r) || o.Known().State == "running" {
				out = append(out, o.Summary)
			}
		}
		content, _ := json.Marshal(out)
		e.answer(w, content)
	}
}

func (e Engine) volumes(w http.ResponseWriter, r *http.Request) {
	found, ok := filtered(e.Holds.Volumes, r)
	if !ok {
		e.unknown(w, r)
		return
	}
	out := struct {
		Volumes  []json.RawMessage
		Warnings []string
	}{Volumes: []json.RawMessage{}}
	for _, o := range found {
		out.Volumes = append(out.Volumes, o.Summary)
	}
	content, _ := json.Marshal(out)
	e.answer(w, content)
}

// filtered applies a request's filters; false where it has one that this engine
// does not know.
func filtered(list []*Object, r *http.Request) ([]*Object, bool) {
	filters := map[string]map[string]bool{}
	if text := r.FormValue("filters"); text != "" {
		if json.Unmarshal([]byte(text), &filters) != nil {
			return nil, false
		}
	}
	var out []*Object
	for _, o := range list {
		passes := true
		for name, values := range filters {
			one, ok := listFilters()[name]
			if !ok {
				return nil, false
			}
			passes = passes && one(o, values)
		}
		if passes {
			out = append(out, o)
		}
	}
	return out, true
}

// listFilters are the filters of lists, by name.
func listFilters() map[string]func(o *Object, values map[string]bool) bool {
	return map[string]func(o *Object, values map[string]bool) bool{
		"label": func(o *Object, values map[string]bool) bool { // all of them
			labels := o.Known().Labels
			for value := range values {
				name, want, exact := strings.Cut(value, "=")
				if have, ok := labels[name]; !ok || exact && have != want {
					return false
				}
			}
			return true
		},
		"name": func(o *Object, values map[string]bool) bool {
			k := o.Known()
			return anyOf(values, func(value string) bool {
				pattern, err := regexp.Compile(value)
				return err == nil && slices.ContainsFunc(append(k.Names, k.Name), pattern.MatchString)
			})
		},
		"id": func(o *Object, values map[string]bool) bool {
			k := o.Known()
			return anyOf(values, func(value string) bool { return strings.HasPrefix(k.Key(), value) })
		},
		"status": func(o *Object, values map[string]bool) bool { return values[o.Known().State] },
		"driver": func(o *Object, values map[string]bool) bool { return values[o.Known().Driver] },
		"type": func(o *Object, values map[string]bool) bool {
			return values["builtin"] && values["custom"] || values["builtin"] == slices.Contains([]string{"bridge", "host", "none"}, o.Known().Name)
		},
		"dangling": func(o *Object, values map[string]bool) bool {
			return anyOf(values, flagged) == (len(o.Known().RepoTags) == 0)
		},
		"reference": func(o *Object, values map[string]bool) bool { return anyOf(values, o.tagged) },
	}
}

func anyOf(values map[string]bool, is func(string) bool) bool {
	for value := range values {
		if is(value) {
			return true
		}
	}
	return false
}

func (e Engine) logs(w http.ResponseWriter, r *http.Request) {
	o := Find(e.Holds.Containers, r.PathValue("id"))
	if o == nil {
		e.absent(w, "No such container: "+r.PathValue("id"))
		return
	}
	if o.Logs == nil {
		e.unknown(w, r)
		return
	}
	_, _ = w.Write(o.Logs)
}

// ServerCertificate is read of every daemon, to renew it before it ends. A
// recording leaves it out: when it ends is a matter of the date.
const ServerCertificate = "/certs/server/cert.pem"

func (e Engine) archive(w http.ResponseWriter, r *http.Request) {
	o := Find(e.Holds.Containers, r.PathValue("id"))
	if o == nil {
		e.absent(w, "No such container: "+r.PathValue("id"))
		return
	}
	name := r.FormValue("path")
	for _, f := range o.Files {
		switch {
		case f.Path != name:
			continue
		case f.Stat == "":
			e.absent(w, "Could not find the file "+name+" in container "+r.PathValue("id"))
			return
		case f.Archive == nil && r.Method != http.MethodHead:
			e.unknown(w, r)
			return
		}
		w.Header().Set("X-Docker-Container-Path-Stat", f.Stat)
		w.Header().Set("Content-Type", "application/x-tar")
		_, _ = w.Write(f.Archive)
		return
	}
	if name != ServerCertificate {
		e.unknown(w, r)
		return
	}
	e.absent(w, "Could not find the file "+name+" in container "+r.PathValue("id"))
}

// exec makes the exec of a tunnel, under its container's id, and no other.
func (e Engine) exec(w http.ResponseWriter, r *http.Request) {
	var asked struct{ Cmd []string }
	o := Find(e.Holds.Containers, r.PathValue("id"))
	if json.NewDecoder(r.Body).Decode(&asked) != nil || o == nil || !slices.Equal(asked.Cmd, []string{"docker", "system", "dial-stdio"}) {
		e.unknown(w, r)
		return
	}
	content, _ := json.Marshal(map[string]string{"Id": o.Known().Key()})
	w.WriteHeader(http.StatusCreated)
	e.answer(w, content)
}

// tunnel leads into the engine inside a container.
func (e Engine) tunnel(w http.ResponseWriter, r *http.Request) {
	var inner http.Handler
	if e.Inside != nil {
		inner = e.Inside(r.PathValue("id"))
	}
	if inner == nil {
		e.unknown(w, r)
		return
	}
	_, _ = io.Copy(io.Discard, r.Body)
	if _, within, err := Tunnel(w); err == nil {
		_ = http.Serve(within, inner) //nolint:gosec // of tests
	}
}

// Tunnel takes the connection of a request over, as engines do for a command's input and
// output. Within is a listener of one connection: the one that the command carries.
func Tunnel(w http.ResponseWriter) (conn net.Conn, within net.Listener, err error) {
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, nil, err
	}
	_, err = io.WriteString(conn, "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
	return conn, &single{conn: &framed{Conn: conn, from: buffered}, ended: make(chan struct{})}, err
}

// framed is a connection through the input and output of a command, as an engine
// frames its output.
type framed struct {
	net.Conn
	from io.Reader
}

func (f *framed) Read(b []byte) (int, error) { return f.from.Read(b) }

func (f *framed) Write(b []byte) (int, error) {
	head := [8]byte{0: 1}
	binary.BigEndian.PutUint32(head[4:], uint32(len(b))) //nolint:gosec // a buffer's length
	if _, err := (&net.Buffers{head[:], bytes.Clone(b)}).WriteTo(f.Conn); err != nil {
		return 0, err
	}
	return len(b), nil
}

// single is a listener of one connection, which ends with it.
type single struct {
	conn  net.Conn
	ended chan struct{}
	once  sync.Once
}

func (s *single) Accept() (net.Conn, error) {
	if conn := s.conn; conn != nil {
		s.conn = nil
		return closing{conn, s}, nil
	}
	<-s.ended
	return nil, net.ErrClosed
}

func (s *single) Close() error   { s.once.Do(func() { close(s.ended) }); return nil }
func (s *single) Addr() net.Addr { return &net.UnixAddr{} }

// closing ends its listener when it is closed.
type closing struct {
	net.Conn
	listener *single
}

func (c closing) Close() error {
	_ = c.listener.Close()
	return c.Conn.Close()
}
