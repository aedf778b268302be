package docker_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/docker"
)

// answers are what an engine says, by path without the API's version.
type answers map[string]any

// answering is an engine that says nothing else, but for one path that a test changes.
type answering struct {
	all map[string][]byte // as JSON

	mu   sync.Mutex
	path string
	with []byte
}

func newAnswering(all answers) *answering {
	out := &answering{all: map[string][]byte{}}
	for path, answer := range all {
		out.all[path], _ = json.Marshal(answer)
	}
	return out
}

func (a *answering) change(path string, with any) {
	content, _ := json.Marshal(with)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.path, a.with = path, content
}

func (a *answering) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("API-Version", "1.51")
	w.Header().Set("Content-Type", "application/json")
	path := regexp.MustCompile(`^/v[0-9.]+`).ReplaceAllString(r.URL.Path, "")
	a.mu.Lock()
	changed, with := a.path == path, a.with
	a.mu.Unlock()
	answer, known := a.all[path]
	switch {
	case path == "/_ping":
		_, _ = io.WriteString(w, "OK")
	case changed:
		_, _ = w.Write(with)
	case known:
		_, _ = w.Write(answer)
	default:
		w.WriteHeader(http.StatusNotFound)
		_, _ = io.WriteString(w, `{"message":"no such thing"}`)
	}
}

// recorded is what a real engine said of one example that was applied there, with
// every part added that an engine can send and that example had no need for.
func recorded(t *testing.T, engine, example string) answers {
	t.Helper()
	content, err := os.ReadFile(filepath.Join("..", "..", "internal", "upgrade", "testdata", "ada8b22", engine, example+".jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	type object struct{ Summary, Inspect map[string]any }
	lists := map[string][]any{}
	out := answers{}
	places := 0
	for decoder := json.NewDecoder(bytes.NewReader(content)); places < 2; {
		var line struct {
			Place                             *struct{ Info map[string]any }
			Container, Network, Volume, Image *object
		}
		if err := decoder.Decode(&line); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		switch {
		case line.Place != nil:
			if places++; places == 1 {
				out["/info"] = line.Place.Info
			}
		case line.Container != nil:
			lists["containers"] = append(lists["containers"], line.Container.Summary)
			out["/containers/"+line.Container.Summary["Id"].(string)+"/json"] = enriched(line.Container.Inspect)
		case line.Network != nil:
			lists["networks"] = append(lists["networks"], line.Network.Summary)
			out["/networks/"+line.Network.Summary["Id"].(string)] = line.Network.Summary
		case line.Volume != nil:
			lists["volumes"] = append(lists["volumes"], line.Volume.Summary)
		case line.Image != nil:
			lists["images"] = append(lists["images"], line.Image.Summary)
			out["/images/"+line.Image.Summary["Id"].(string)+"/json"] = line.Image.Inspect
		}
	}
	lists["images"] = slices.DeleteFunc(lists["images"], func(i any) bool { // as the filter does
		labels, _ := i.(map[string]any)["Labels"].(map[string]any)
		return labels["dev.dindctl.project"] == nil
	})
	out["/containers/json"], out["/networks"], out["/images/json"] = lists["containers"], lists["networks"], lists["images"]
	out["/volumes"] = map[string]any{"Volumes": lists["volumes"], "Warnings": nil}
	out["/system/df"] = map[string]any{"Volumes": lists["volumes"], "Images": lists["images"], "Containers": []any{nil}, "BuildCache": []any{nil}}
	return out
}

func enriched(c map[string]any) map[string]any {
	host := c["HostConfig"].(map[string]any)
	device := []any{map[string]any{"Path": "/dev/sda", "Rate": 1}}
	for name, value := range map[string]any{
		"Ulimits": []any{map[string]any{"Name": "nofile", "Soft": 1, "Hard": 2}}, "BlkioWeightDevice": []any{map[string]any{"Path": "/dev/sda", "Weight": 7}},
		"BlkioDeviceReadBps": device, "BlkioDeviceWriteBps": device, "BlkioDeviceReadIOps": device, "BlkioDeviceWriteIOps": device,
		"Devices": []any{map[string]any{"PathOnHost": "/dev/x"}}, "DeviceRequests": []any{map[string]any{"Driver": "nvidia", "Capabilities": []any{[]any{"gpu"}}}},
		"Mounts": []any{map[string]any{"Type": "volume", "Target": "/x", "VolumeOptions": map[string]any{"Subpath": "y"}}},
	} {
		host[name] = value
	}
	c["State"].(map[string]any)["Health"] = map[string]any{"Status": "healthy", "Log": []any{map[string]any{"Start": "2026-01-01T00:00:00Z", "End": "2026-01-01T00:00:00Z", "ExitCode": 1}}}
	return c
}

// spot is a place in an answer: the keys and numbers that lead there.
type spot []any

func (s spot) String() string { return strings.ReplaceAll(fmt.Sprint([]any(s)), " ", ".") }

// valueAt is what is in a spot.
func valueAt(value any, at spot) any {
	for _, step := range at {
		switch v := value.(type) {
		case map[string]any:
			value = v[step.(string)]
		case []any:
			if value = nil; step.(int) < len(v) {
				value = v[step.(int)]
			}
		}
	}
	return value
}

// otherwise is what an engine may say in place of a value: of the same type, and
// nothing that an engine says, or of another type. Number chooses among those.
func otherwise(value any, number int) []any {
	switch value.(type) {
	case float64:
		return []any{json.Number([]string{"9223372036854775807", "-9223372036854775808", "1.5", "1e300"}[number%4])}
	case string:
		return []any{[]any{"", "other", "/", ":", "a\x00\n\u202e", strings.Repeat("9", 64), 7}[number%7]}
	case map[string]any:
		return []any{[]any{[]any{nil}, "other", []any{map[string]any{}}}[number%3]}
	}
	return []any{[]any{"other", -1, map[string]any{"x": nil}, []any{nil}}[number%4]}
}

// oddKey is a key that no engine has in a map.
const oddKey = "odd:/key"

// spots are all places in an answer, one behind the last of every list, and one under
// a key that no engine has in every map.
func spots(value any, at spot) []spot {
	out := []spot{at}
	switch value := value.(type) {
	case map[string]any:
		out = append(out, append(slices.Clone(at), oddKey))
		for _, key := range slices.Sorted(maps.Keys(value)) {
			out = append(out, spots(value[key], append(slices.Clone(at), key))...)
		}
	case []any:
		for i := range value {
			out = append(out, spots(value[i], append(slices.Clone(at), i))...)
		}
		out = append(out, append(slices.Clone(at), len(value)))
	}
	return out
}

// changedAt is the answer with something else in a spot.
func changedAt(value any, at spot, instead any) any {
	if len(at) == 0 {
		return instead
	}
	switch value := value.(type) {
	case map[string]any:
		out := maps.Clone(value)
		if at[0] == oddKey && instead == nil { // what is known, under a name that is not
			for _, key := range slices.Sorted(maps.Keys(value)) {
				out[oddKey] = value[key]
			}
			return out
		}
		out[at[0].(string)] = changedAt(value[at[0].(string)], at[1:], instead)
		return out
	case []any:
		out := slices.Clone(value)
		if i := at[0].(int); i == len(value) {
			return append(out, instead)
		} else if i < len(value) {
			out[i] = changedAt(value[i], at[1:], instead)
		}
		return out
	}
	return value
}

// looked is what the provider reads of an engine.
type looked struct {
	objects map[string]provider.Object
	unread  []provider.Unread
	err     error
}

// look goes the whole way of reading: observe, compare, and, where lists are at
// stake, survey and stock.
func look(t *testing.T, p provider.Provider, project string, lists bool) looked {
	t.Helper()
	out := looked{objects: map[string]provider.Object{}}
	resp, err := p.Observe(t.Context(), provider.ObserveRequest{Project: project}, func(o provider.Object) error {
		out.objects[string(o.Kind)+" "+o.ID] = o
		return nil
	})
	out.unread, out.err = resp.Unread, err
	for _, o := range out.objects {
		compareWithRecord(t, p, o)
	}
	if !lists {
		return out
	}
	if _, err := p.(provider.Surveyor).Survey(t.Context(), provider.Root); err != nil {
		out.err = errors.Join(out.err, err)
	}
	_, _ = p.(provider.Stocker).Stock(t.Context(), provider.Root) // an error or not: it comes back
	return out
}

// compareWithRecord compares an object with what its record says was declared.
func compareWithRecord(t *testing.T, p provider.Provider, o provider.Object) {
	t.Helper()
	_, _ = p.Diff(t.Context(), provider.DiffRequest{Items: []provider.DiffItem{{
		Declaration: provider.Declaration{Address: o.Owner.Address, Kind: o.Kind, Name: o.Name, Declared: declaredIn(o.Owner.Spec)},
		Created:     o.Owner.Spec, Actual: o.Actual, Condition: o.Condition,
	}}})
}

// declaredIn is what a record says was declared.
func declaredIn(record []byte) cty.Value {
	if implied, err := ctyjson.ImpliedType(record); err == nil && implied.IsObjectType() {
		if v, err := ctyjson.Unmarshal(record, implied); err == nil {
			return v
		}
	}
	return cty.EmptyObjectVal
}

// readyProvider is configured on an engine that says just that.
func readyProvider(t *testing.T, all answers) provider.Provider {
	t.Helper()
	listener := httptest.NewServer(newAnswering(all))
	t.Cleanup(listener.Close)
	p := docker.New(nil)
	t.Cleanup(func() { _ = p.Close() })
	if _, err := p.Configure(t.Context(), provider.ConfigureRequest{Endpoint: "tcp://" + strings.TrimPrefix(listener.URL, "http://")}); err != nil {
		t.Fatal(err)
	}
	return p
}

// Whatever an engine leaves out, or sends as another type, of one object: nothing
// panics, it is at most one problem, which names it, and every other object is read.
// Of several objects of one kind, all of which are read alike, one is broken.
func TestOneBrokenObjectIsOneProblem(t *testing.T) {
	t.Parallel()
	var cases, broken atomic.Int64
	t.Run("engines", func(t *testing.T) {
		for _, engine := range []string{"20.10", "28.5"} {
			t.Run(engine, func(t *testing.T) {
				t.Parallel()
				breakEverything(t, recorded(t, engine, "case1"), engine == "28.5", &cases, &broken)
			})
		}
	})
	t.Logf("%d answers, %d of them with a broken object", cases.Load(), broken.Load())
	if cases.Load() < 1500 || broken.Load() < 150 {
		t.Errorf("%d answers, %d with a broken object: too few to prove anything", cases.Load(), broken.Load())
	}
}

// breakEverything puts null into every spot, and, if types is set, something of
// another type, too.
func breakEverything(t *testing.T, all answers, types bool, cases, broken *atomic.Int64) {
	t.Helper()
	server := newAnswering(all)
	listener := httptest.NewServer(server)
	t.Cleanup(listener.Close)
	p := docker.New(nil)
	t.Cleanup(func() { _ = p.Close() })
	endpoint := provider.ConfigureRequest{Endpoint: "tcp://" + strings.TrimPrefix(listener.URL, "http://")}
	if _, err := p.Configure(t.Context(), endpoint); err != nil {
		t.Fatal(err)
	}
	good := look(t, p, "upgrade-case1", true)
	if good.err != nil || len(good.unread) != 0 || len(good.objects) < 4 {
		t.Fatalf("as recorded: %d objects, unread %v, %v", len(good.objects), good.unread, good.err)
	}
	done := map[string]bool{}
	for _, path := range slices.Sorted(maps.Keys(all)) {
		for i, at := range spots(all[path], nil) {
			if alike := alike(path, at); done[alike] {
				continue
			} else {
				done[alike] = true
			}
			choices := []any{nil}
			if types {
				choices = append(choices, otherwise(valueAt(all[path], at), i)...)
			}
			for _, instead := range choices {
				server.change(path, changedAt(all[path], at, instead))
				if cases.Add(1); path == "/info" {
					_, _ = p.Configure(t.Context(), endpoint)
					continue
				}
				got := look(t, p, "upgrade-case1", path == "/containers/json" || path == "/volumes" || path == "/system/df")
				if len(got.unread) > 0 {
					broken.Add(1)
				}
				if problem := got.against(good, path, at); problem != "" {
					t.Errorf("%s at %s is %v: %s", path, at, instead, problem)
				}
			}
		}
	}
}

// alike is the same for spots in objects of one kind.
func alike(path string, at spot) string {
	text := regexp.MustCompile(`[0-9a-f]{64}`).ReplaceAllString(path, "#")
	for _, step := range at {
		if key, named := step.(string); named {
			text += "." + key
			continue
		}
		text += ".#"
	}
	return text
}

// against says what is wrong with a look at an engine of which one answer was changed.
func (l looked) against(good looked, path string, at spot) string {
	list := path == "/containers/json" || path == "/networks" || path == "/volumes" || path == "/images/json"
	depth := 0 // of an element in its list
	if path == "/volumes" {
		depth = 1
	}
	if list && len(at) <= depth || path == "/system/df" {
		return "" // the whole list is none
	}
	lost := 0
	for name := range good.objects {
		if _, found := l.objects[name]; !found {
			lost++
		}
	}
	switch {
	case l.err != nil:
		return l.err.Error()
	case len(l.unread) > 1:
		return fmt.Sprintf("%d problems", len(l.unread))
	case lost > 1:
		return fmt.Sprintf("%d objects are lost", lost)
	case len(l.unread) == 1 && !strings.Contains(l.unread[0].Problem.Detail, ": "):
		return "the problem does not say which object: " + l.unread[0].Problem.Detail
	}
	return ""
}
