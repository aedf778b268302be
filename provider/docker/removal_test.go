package docker_test

import (
	"encoding/json"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// An engine that says that a network is removed and keeps it is asked again, three times
// at most; then it is an error, and never a removal that did not happen.
func TestANetworkThatIsRemovedIsGone(t *testing.T) {
	t.Parallel()
	const id = "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
	for _, test := range []struct {
		keeps, removals int64
		gone            bool
	}{{0, 1, true}, {2, 3, true}, {1000, 3, false}} {
		var removals atomic.Int64
		p, err := configured(t, oddEngine(t, map[string]http.HandlerFunc{
			"GET /networks/" + id: func(w http.ResponseWriter, _ *http.Request) {
				if removals.Load() > test.keeps {
					w.WriteHeader(http.StatusNotFound)
					return
				}
				_ = json.NewEncoder(w).Encode(map[string]any{"Id": id, "Name": "p-net", "Driver": "bridge", "Labels": map[string]string{
					"dev.dindctl.project": "p", "dev.dindctl.address": "network.net", "dev.dindctl.kind": "network", "dev.dindctl.schema": "1",
					"dev.dindctl.spec": "{}", "dev.dindctl.origin": "here:/x.hcl", "dev.dindctl.run": "r",
				}})
			},
			"DELETE /networks/" + id: func(w http.ResponseWriter, _ *http.Request) {
				removals.Add(1)
				w.WriteHeader(http.StatusNoContent)
			},
		}), "10m")
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.Delete(t.Context(), provider.DeleteRequest{Kind: provider.Network, ID: id, Project: "p"}, nil)
		switch {
		case test.gone && err != nil:
			t.Errorf("an engine that keeps a network for %d removals: %v", test.keeps, err)
		case !test.gone:
			wantProblem(t, err, provider.NotApplied, "The engine accepted it and did not do it", "The engine said 3 times that the network p-net is removed")
		}
		if removals.Load() != test.removals {
			t.Errorf("it was removed %d times, want %d", removals.Load(), test.removals)
		}
	}
}

// A network that is there again, in lists alone, when another one is to get its name is
// removed again; what nobody removed is left alone.
func TestANetworkThatComesBackIsRemovedAgain(t *testing.T) {
	t.Parallel()
	const id, fresh = "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc", "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"
	labels := func(spec string) map[string]string {
		return map[string]string{
			"dev.dindctl.project": "p", "dev.dindctl.address": "network.net", "dev.dindctl.kind": "network", "dev.dindctl.schema": "1",
			"dev.dindctl.spec": spec, "dev.dindctl.origin": "here:/x.hcl", "dev.dindctl.run": "r",
		}
	}
	for _, removed := range []bool{true, false} {
		var removals atomic.Int64
		p, err := configured(t, oddEngine(t, map[string]http.HandlerFunc{
			"GET /networks/" + id: func(w http.ResponseWriter, _ *http.Request) {
				if removals.Load() > 0 {
					w.WriteHeader(http.StatusNotFound)
					return
				}
				_ = json.NewEncoder(w).Encode(map[string]any{"Id": id, "Name": "p-net", "Driver": "bridge", "Labels": labels(`{"internal":true}`)})
			},
			"GET /networks": func(w http.ResponseWriter, r *http.Request) {
				all := []any{}
				if removals.Load() < 2 && r.URL.Query().Get("filters") != "" {
					all = append(all, map[string]any{"Id": id, "Name": "p-net", "Driver": "bridge", "Labels": labels(`{"internal":true}`)})
				}
				_ = json.NewEncoder(w).Encode(all)
			},
			"DELETE /networks/" + id: func(w http.ResponseWriter, _ *http.Request) {
				removals.Add(1)
				w.WriteHeader(http.StatusNoContent)
			},
			"POST /networks/create": func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusCreated)
				_ = json.NewEncoder(w).Encode(map[string]any{"Id": fresh})
			},
			"GET /networks/" + fresh: func(w http.ResponseWriter, _ *http.Request) {
				_ = json.NewEncoder(w).Encode(map[string]any{"Id": fresh, "Name": "p-net", "Driver": "bridge", "Labels": labels("{}")})
			},
		}), "10m")
		if err != nil {
			t.Fatal(err)
		}
		if removed {
			if _, err := p.Delete(t.Context(), provider.DeleteRequest{Kind: provider.Network, ID: id, Project: "p"}, nil); err != nil {
				t.Fatal(err)
			}
		}
		resp, err := p.Create(t.Context(), provider.CreateRequest{
			Declaration: provider.Declaration{Address: "network.net", Kind: provider.Network, Name: "p-net", Declared: cty.EmptyObjectVal},
			Owner: provider.Ownership{
				Project: "p", Address: "network.net", Kind: provider.Network, Origin: "here:/x.hcl", Spec: []byte("{}"), Run: "s",
				Schema: provider.OwnershipSchema, Name: "p-net", Place: "daemon.root",
			},
		}, nil)
		if removed && (err != nil || resp.ID != fresh || removals.Load() != 2) {
			t.Errorf("after %d removals it is %q: %v", removals.Load(), resp.ID, err)
		}
		if !removed {
			wantProblem(t, err, provider.Conflict, "The name is taken", "it is this object as an earlier configuration had it")
			if removals.Load() > 0 {
				t.Error("what nobody was to remove was removed")
			}
		}
	}
}
