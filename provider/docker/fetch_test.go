package docker_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/docker"
)

// shelf is an engine that has images, by name, digest and id, and notes what changes them.
type shelf struct {
	mu     sync.Mutex
	images map[string]string // what an image is asked for by -> its id
	pulls  string            // the id that its registry gives; empty for none
	loads  bool              // whether it takes archives
	did    []string
}

func (s *shelf) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	w.Header().Set("Api-Version", "1.43")
	_, at, _ := strings.Cut(req.URL.Path, "/v1.43")
	name, isImage := strings.CutPrefix(at, "/images/")
	switch {
	case strings.HasSuffix(req.URL.Path, "/_ping"):
	case at == "/version", at == "/info":
		_, _ = w.Write([]byte(`{"ID":"fake","Name":"fake","ServerVersion":"24.0","Version":"24.0","ApiVersion":"1.43","OSType":"linux","Os":"linux","Arch":"amd64"}`))
	case at == "/images/json":
		_, _ = w.Write([]byte(`[]`))
	case at == "/images/create":
		s.did = append(s.did, "pull")
		if s.pulls == "" {
			http.Error(w, `{"message":"no route to host"}`, http.StatusInternalServerError)
			return
		}
		s.images[req.URL.Query().Get("fromImage")+":"+req.URL.Query().Get("tag")] = s.pulls
		s.images[req.URL.Query().Get("fromImage")+"@"+req.URL.Query().Get("tag")] = s.pulls
	case at == "/images/load":
		content, _ := io.ReadAll(req.Body)
		if !s.loads {
			http.Error(w, `{"message":"no space left on device"}`, http.StatusInternalServerError)
			return
		}
		name, id, _ := strings.Cut(string(content), " ")
		s.did = append(s.did, "load "+id)
		s.images[id] = id
		if strings.Contains(name, "@") {
			_, _ = fmt.Fprintf(w, `{"stream":"Loaded image ID: %s\n"}`, id)
			return
		}
		s.images[name] = id
		_, _ = fmt.Fprintf(w, `{"stream":"Loaded image: %s\n"}`, name)
	case at == "/images/get":
		ref := req.URL.Query().Get("names")
		_, _ = fmt.Fprintf(w, "%s %s", ref, s.images[ref])
	case isImage && path.Base(name) == "json" && s.images[path.Dir(name)] != "":
		_, _ = fmt.Fprintf(w, `{"Id":%q,"RootFS":{"Type":"layers","Layers":["sha256:one"]},"Config":{}}`, s.images[path.Dir(name)])
	default:
		http.Error(w, `{"message":"no such thing"}`, http.StatusNotFound)
	}
}

// What is in a daemon comes from the engine around it: by digest under its id, once; anew
// each time where that is asked for, if that engine has it and can pull it; and from the registry
// that the daemon reaches where it cannot be carried.
func TestWhatIsInsideIsFetched(t *testing.T) {
	t.Parallel()
	const digest = "registry:5000/a@sha256:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	const old, renewed = "sha256:0001", "sha256:0002"
	for _, row := range []struct {
		name, ref, policy string
		outside, inside   *shelf
		want              []string
	}{
		{"by digest", digest, "missing", &shelf{images: map[string]string{digest: old}}, &shelf{images: map[string]string{}, loads: true}, []string{old, "load " + old}},
		{"by digest, and there", digest, "missing", &shelf{images: map[string]string{digest: old}}, &shelf{images: map[string]string{old: old}, loads: true}, []string{old}},
		{"by digest, and not taken", digest, "missing", &shelf{images: map[string]string{digest: old}}, &shelf{images: map[string]string{}, pulls: old}, []string{old, "pull inside"}},
		{"always", "registry:5000/a:1", "always", &shelf{images: map[string]string{"registry:5000/a:1": old}, pulls: renewed}, &shelf{images: map[string]string{"registry:5000/a:1": old}, loads: true}, []string{renewed, "pull", "load " + renewed}},
		{"always, and not outside", "registry:5000/a:1", "always", &shelf{images: map[string]string{}, pulls: renewed}, &shelf{images: map[string]string{"registry:5000/a:1": old}, pulls: renewed, loads: true}, []string{renewed, "pull inside"}},
		{"always, without a registry", "registry:5000/a:1", "always", &shelf{images: map[string]string{"registry:5000/a:1": old}}, &shelf{images: map[string]string{}, loads: true}, []string{old, "pull", "load " + old}},
	} {
		configured := func(s *shelf) provider.Provider {
			engine := httptest.NewServer(s)
			t.Cleanup(engine.Close)
			p := docker.New(nil)
			t.Cleanup(func() { _ = p.Close() })
			if _, err := p.Configure(t.Context(), provider.ConfigureRequest{Endpoint: "tcp://" + engine.Listener.Addr().String()}); err != nil {
				t.Fatal(err)
			}
			return p
		}
		id, err := docker.FetchInside(t.Context(), configured(row.outside), configured(row.inside), row.ref, row.policy)
		for i, did := range row.inside.did {
			if did == "pull" {
				row.inside.did[i] = "pull inside"
			}
		}
		if diff := cmp.Diff(row.want, slices.Concat([]string{id}, row.outside.did, row.inside.did)); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", row.name, err, diff)
		}
	}
}
