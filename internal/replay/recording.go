package replay

import (
	"bytes"
	"compress/gzip"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Recording is what engines said of one example that a build had applied.
type Recording struct {
	Commit  string `json:"commit"`
	Engine  string `json:"engine"`
	Example string `json:"example"`

	Places []*Place `json:"-"` // each has its own lines
}

// Place is one engine and what it holds.
type Place struct {
	// Inside are the containers through which a tunnel leads there, the outermost
	// first; empty for the root engine and one elsewhere.
	Inside []string `json:"inside,omitempty"`
	// Elsewhere says that it is the engine with an endpoint of its own.
	Elsewhere bool              `json:"elsewhere,omitempty"`
	Ping      map[string]string `json:"ping"` // headers
	Version   json.RawMessage   `json:"version"`
	Info      json.RawMessage   `json:"info"`

	// What it holds, each in a line of its own.
	Containers, Networks, Volumes, Images []*Object `json:"-"`
}

// line is one line of a recording's file: its head, and then each place with the
// objects in it.
type line struct {
	Recording *Recording `json:"recording,omitempty"`
	Place     *Place     `json:"place,omitempty"`
	Container *Object    `json:"container,omitempty"`
	Network   *Object    `json:"network,omitempty"`
	Volume    *Object    `json:"volume,omitempty"` // without an inspect: the list says all
	Image     *Object    `json:"image,omitempty"`
}

// Object is one object as an engine shows it.
type Object struct {
	Summary json.RawMessage `json:"summary"`
	Inspect json.RawMessage `json:"inspect,omitempty"`
	Logs    []byte          `json:"logs,omitempty"`
	Files   []*File         `json:"files,omitempty"`
}

// File is a path in a container that a plan looked at.
type File struct {
	Path    string `json:"path"`
	Stat    string `json:"stat,omitempty"`    // the header that describes it; empty where it is not there
	Archive []byte `json:"archive,omitempty"` // nil where it was looked at and not read
}

// What differs from machine to machine stands in a recording under these names.
const (
	HereDir = "/@directory@" // of the example and of the engine's socket
	HereGID = "@group@"      // of that socket, by number
	HereFar = "@elsewhere@"  // address and port of the engine elsewhere
	// HereRoot is where engines keep their data; it is never put back.
	HereRoot = "/var/lib/docker"
)

// Load reads a recording from a file.
func Load(name string) (*Recording, error) {
	content, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = content.Close() }()
	var r *Recording
	decoder := json.NewDecoder(content)
	for {
		var l line
		err := decoder.Decode(&l)
		switch {
		case errors.Is(err, io.EOF) && r != nil && len(r.Places) > 0:
			return r, nil
		case err != nil:
			return nil, fmt.Errorf("%s: %w", name, err)
		case l.Recording != nil:
			r = l.Recording
		case l.Place != nil && r != nil:
			r.Places = append(r.Places, l.Place)
		case r == nil || len(r.Places) == 0:
			return nil, fmt.Errorf("%s: objects stand before their engine", name)
		default:
			r.Places[len(r.Places)-1].add(l)
		}
	}
}

func (p *Place) add(l line) {
	for _, kind := range []struct {
		list *[]*Object
		one  *Object
	}{{&p.Containers, l.Container}, {&p.Networks, l.Network}, {&p.Volumes, l.Volume}, {&p.Images, l.Image}} {
		if kind.one != nil {
			*kind.list = append(*kind.list, kind.one)
		}
	}
}

// Save writes a recording into a file.
func (r *Recording) Save(name string) error {
	lines := []line{{Recording: r}}
	for _, p := range r.Places {
		lines = append(lines, line{Place: p})
		for _, o := range p.Containers {
			lines = append(lines, line{Container: o})
		}
		for _, o := range p.Networks {
			lines = append(lines, line{Network: o})
		}
		for _, o := range p.Volumes {
			lines = append(lines, line{Volume: o})
		}
		for _, o := range p.Images {
			lines = append(lines, line{Image: o})
		}
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	for _, l := range lines {
		if err := encoder.Encode(l); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, out.Bytes(), 0o644)
}

// Rewrite replaces texts in all that the engines said, also in records that are
// packed. What was packed is packed again.
func (r *Recording) Rewrite(texts *strings.Replacer) error {
	for _, p := range r.Places {
		for name, value := range p.Ping {
			p.Ping[name] = texts.Replace(value)
		}
		all := []*json.RawMessage{&p.Version, &p.Info}
		for _, list := range [][]*Object{p.Containers, p.Networks, p.Volumes, p.Images} {
			for _, o := range list {
				all = append(all, &o.Summary, &o.Inspect)
			}
		}
		for _, raw := range all {
			if len(*raw) == 0 {
				continue
			}
			var err error
			if *raw, err = rewriteJSON(*raw, texts); err != nil {
				return err
			}
		}
	}
	return nil
}

func rewriteJSON(raw json.RawMessage, texts *strings.Replacer) (json.RawMessage, error) {
	var value any
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(&value); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(rewritten(value, texts)); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

func rewritten(value any, texts *strings.Replacer) any {
	switch value := value.(type) {
	case string:
		if plain, packed := unpack(value); packed {
			return pack(texts.Replace(plain))
		}
		return texts.Replace(value)
	case []any:
		for i := range value {
			value[i] = rewritten(value[i], texts)
		}
	case map[string]any:
		out := make(map[string]any, len(value))
		for key, inner := range value {
			out[texts.Replace(key)] = rewritten(inner, texts)
		}
		return out
	}
	return value
}

// unpack reads base64 of gzip, as long records are written into labels.
func unpack(text string) (string, bool) {
	if !strings.HasPrefix(text, "H4sI") {
		return "", false
	}
	r, err := gzip.NewReader(base64.NewDecoder(base64.StdEncoding, strings.NewReader(text)))
	if err != nil {
		return "", false
	}
	plain, err := io.ReadAll(r)
	return string(plain), err == nil
}

func pack(plain string) string {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = io.WriteString(w, plain) // a buffer takes everything
	_ = w.Close()
	return base64.StdEncoding.EncodeToString(packed.Bytes())
}
