package docker_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// ownID is the id of the container of these tests.
const ownID = "abababababababababababababababababababababababababababababababab"

// asked are the changes that were asked of an engine, in order.
type asked struct {
	mu  sync.Mutex
	all []string
}

func (a *asked) note(what string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.all = append(a.all, what)
}

func (a *asked) list() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.all)
}

// answering notes a change and answers with a status.
func (a *asked) answering(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		a.note(r.Method + " " + r.URL.Path[strings.Index(r.URL.Path[1:], "/")+1:])
		w.WriteHeader(status)
		_, _ = w.Write([]byte(`{"message":"refused"}`))
	}
}

// ownContainer is what an engine says of a container p-web of project p.
func ownContainer(state map[string]any, mode string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{
			"Id": ownID, "Name": "/p-web", "Image": "sha256:" + strings.Repeat("1", 64), "State": state,
			"Config": map[string]any{"Image": "a", "StopTimeout": 3, "Labels": map[string]string{
				"dev.dindctl.project": "p", "dev.dindctl.address": "container.web", "dev.dindctl.kind": "container", "dev.dindctl.schema": "1",
				"dev.dindctl.spec": "{}", "dev.dindctl.origin": "here:/x.hcl", "dev.dindctl.run": "r",
			}},
			"HostConfig":      map[string]any{"NetworkMode": mode},
			"NetworkSettings": map[string]any{"Networks": map[string]any{}},
		})
	}
}

// What is recorded on a container goes with it. A volume that has the name of such a
// record and is none is somebody's, and stays.
func TestRecordsGoWithTheirContainerAndNothingElse(t *testing.T) {
	t.Parallel()
	records := []string{"dindctl.changed.", "dindctl.follows.", "dindctl.stopped."}
	for _, bears := range []bool{true, false} {
		var got asked
		odd := map[string]http.HandlerFunc{
			"GET /containers/" + ownID + "/json": ownContainer(map[string]any{"Status": "exited"}, "container:"+strings.Repeat("9", 64)),
			"GET /images/sha256:" + strings.Repeat("1", 64) + "/json": func(w http.ResponseWriter, _ *http.Request) {
				_ = json.NewEncoder(w).Encode(map[string]any{"Id": "sha256:" + strings.Repeat("1", 64), "Config": map[string]any{}})
			},
			"DELETE /containers/" + ownID: got.answering(http.StatusNoContent),
		}
		want := []string{"DELETE /containers/" + ownID}
		for _, record := range records {
			name, labels := record+ownID, map[string]string{"com.example": "precious"}
			if bears {
				kind := "dev." + strings.TrimSuffix(record, ".")
				labels = map[string]string{kind: "p", kind + ".id": ownID}
				for _, more := range []string{"address", "run", "spec", "starts"} {
					labels[kind+"."+more] = ""
				}
				want = append(want, "DELETE /volumes/"+name)
			}
			odd["GET /volumes/"+name] = func(w http.ResponseWriter, _ *http.Request) {
				_ = json.NewEncoder(w).Encode(map[string]any{"Name": name, "Labels": labels})
			}
			odd["DELETE /volumes/"+name] = got.answering(http.StatusNoContent)
		}
		p, err := configured(t, oddEngine(t, odd), "10m")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Delete(t.Context(), provider.DeleteRequest{Kind: provider.Container, ID: ownID, Project: "p"}, nil); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got.list()); d != "" {
			t.Errorf("with records that are records: %t: %s", bears, d)
		}
	}
}

// A container that keeps restarting is stopped while its name changes, and
// started again also where the engine refuses the change.
func TestAFailedChangeLeavesNothingStopped(t *testing.T) {
	t.Parallel()
	for _, status := range []int{http.StatusNoContent, http.StatusConflict} {
		var got asked
		p, err := configured(t, oddEngine(t, map[string]http.HandlerFunc{
			"GET /containers/" + ownID + "/json": ownContainer(map[string]any{"Status": "restarting", "Running": true, "Restarting": true}, "none"),
			"GET /images/sha256:" + strings.Repeat("1", 64) + "/json": func(w http.ResponseWriter, _ *http.Request) {
				_ = json.NewEncoder(w).Encode(map[string]any{"Id": "sha256:" + strings.Repeat("1", 64), "Config": map[string]any{}})
			},
			"POST /containers/" + ownID + "/stop":   got.answering(http.StatusNoContent),
			"POST /containers/" + ownID + "/rename": got.answering(status),
			"POST /containers/" + ownID + "/start":  got.answering(http.StatusNoContent),
		}), "10m")
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.Update(t.Context(), provider.UpdateRequest{
			ID: ownID, Project: "p",
			Declaration: provider.Declaration{Address: "container.web", Kind: provider.Container, Name: "p-new", Declared: cty.ObjectVal(attributes{"image": text("a")})},
			Changes:     []provider.Change{{Path: "name", From: text("p-web"), To: text("p-new"), Effect: provider.Live}},
		}, nil)
		if err == nil {
			t.Errorf("rename answered with %d: the name is not the new one, and that is no error", status)
		}
		c := "POST /containers/" + ownID
		if d := cmp.Diff([]string{c + "/stop", c + "/rename", c + "/start"}, got.list()); d != "" {
			t.Errorf("rename answered with %d: %s", status, d)
		}
	}
}
