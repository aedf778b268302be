package hostile

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/dindctl/dindctl/internal/replay"
)

// Engine is an engine with others inside its containers, also itself.
type Engine struct {
	Holds *replay.Place
	// Inside is what answers inside a container, by its id; nil where nothing does.
	Inside func(id string) *Engine
	// Around may be nil.
	Around replay.Around
}

// ServeHTTP answers one request.
func (e *Engine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var engine http.Handler = replay.Engine{Holds: e.Holds, Inside: func(id string) http.Handler {
		if e.Inside == nil {
			return nil
		}
		if inner := e.Inside(id); inner != nil {
			return inner
		}
		return nil
	}}
	if e.Around != nil {
		engine = e.Around(e.Holds, engine)
	}
	engine.ServeHTTP(w, r)
}

// Copy is an object of which texts are replaced, in what lists and inspects show.
func Copy(o *replay.Object, oldNew ...string) *replay.Object {
	texts := strings.NewReplacer(oldNew...)
	return &replay.Object{
		Summary: json.RawMessage(texts.Replace(string(o.Summary))), Inspect: json.RawMessage(texts.Replace(string(o.Inspect))),
		Logs: o.Logs, Files: o.Files,
	}
}

// ID is an id of 64 digits that begins with a number.
func ID(number int) string { return fmt.Sprintf("%08x%056x", number+0x1000000, number) }

// Relabel sets a label of an object, wherever it is shown.
func Relabel(o *replay.Object, name, value string) {
	for _, shown := range []*json.RawMessage{&o.Summary, &o.Inspect} {
		var fields map[string]any
		if json.Unmarshal(*shown, &fields) != nil {
			continue
		}
		labels, _ := fields["Labels"].(map[string]any)
		if config, ok := fields["Config"].(map[string]any); ok {
			labels, _ = config["Labels"].(map[string]any)
		}
		if labels != nil {
			labels[name] = value
		}
		*shown, _ = json.Marshal(fields) // it was read from such a text
	}
}

// Set sets what an object's inspect has at a path of names.
func Set(o *replay.Object, value string, path ...string) {
	var fields map[string]any
	if json.Unmarshal(o.Inspect, &fields) != nil {
		return
	}
	at := fields
	for _, name := range path[:len(path)-1] {
		next, ok := at[name].(map[string]any)
		if !ok {
			next = map[string]any{}
			at[name] = next
		}
		at = next
	}
	at[path[len(path)-1]] = json.RawMessage(value)
	o.Inspect, _ = json.Marshal(fields) // it was read from such a text
}

// Packed is a record as long ones are written into labels: gzip in base64. The record
// is a text, and a piece that is repeated after it, so that it needs no memory.
func Packed(begin, piece string, times int) string {
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, _ = io.WriteString(w, begin) // a buffer takes everything
	for range times {
		_, _ = io.WriteString(w, piece)
	}
	_ = w.Close()
	return base64.StdEncoding.EncodeToString(out.Bytes())
}
