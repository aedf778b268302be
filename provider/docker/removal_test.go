package docker_test

import (
	"encoding/json"
	"net/http"
	"strings"
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
// removed again, also where an earlier process removed it: then it is older than the one
// that this process removed, and engines of today have one of a name. What nobody
// removed is left alone.
func TestANetworkThatComesBackIsRemovedAgain(t *testing.T) {
	t.Parallel()
	const id, other = "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc", "eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"
	older, younger := "2026-01-01T10:00:00.25Z", "2026-01-01T10:00:00.75Z"
	for _, test := range []struct {
		name, api, listed, created, address string
		removed, goes                       bool
		replaces                            string
	}{
		{"removed by this process", "1.41", id, older, "network.net", true, true, ""},
		{"older than what this process removed", "1.44", other, older, "network.net", true, true, ""},
		{"older, where there may be two of one name", "1.43", other, older, "network.net", true, false, ""},
		{"younger than what this process removed", "1.44", other, younger, "network.net", true, false, ""},
		{"older, and another object", "1.44", other, older, "network.other", true, false, ""},
		{"removed by nobody", "1.44", id, older, "network.net", false, false, ""},
		{"what the plan replaces", "1.41", other, younger, "network.net", true, true, other},
	} {
		w := &comingBack{t: t, id: id, listed: test.listed, created: test.created, address: test.address}
		p, err := configured(t, w.engine(test.api), "10m")
		if err != nil {
			t.Fatal(err)
		}
		if test.removed {
			if _, err := p.Delete(t.Context(), provider.DeleteRequest{Kind: provider.Network, ID: id, Project: "p"}, nil); err != nil {
				t.Fatal(err)
			}
		}
		resp, err := p.Create(t.Context(), provider.CreateRequest{
			Replaces:    test.replaces,
			Declaration: provider.Declaration{Address: "network.net", Kind: provider.Network, Name: "p-net", Declared: cty.EmptyObjectVal},
			Owner: provider.Ownership{
				Project: "p", Address: "network.net", Kind: provider.Network, Origin: "here:/x.hcl", Spec: []byte("{}"), Run: "s",
				Schema: provider.OwnershipSchema, Name: "p-net", Place: "daemon.root",
			},
		}, nil)
		switch {
		case test.goes:
			if err != nil || resp.ID != freshNetwork || w.again.Load() != 1 {
				t.Errorf("%s: after %d removals of what came back it is %q: %v", test.name, w.again.Load(), resp.ID, err)
			}
		default:
			wantProblem(t, err, provider.Conflict, "The name is taken", "There is a network p-net already (id "+test.listed[:12]+")")
			if w.again.Load() > 0 {
				t.Errorf("%s: what nobody was to remove was removed", test.name)
			}
		}
	}
}

const freshNetwork = "dddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddddd"

// comingBack is an engine with a network p-net that was made between older and younger,
// and that lists another one after its removal, or the same one, until that is removed, too.
type comingBack struct {
	t                            *testing.T
	id, listed, created, address string
	first, again                 atomic.Int64 // removals of id, and of what is listed after
}

func (b *comingBack) network(id, created, address string) map[string]any {
	return map[string]any{"Id": id, "Name": "p-net", "Driver": "bridge", "Created": created, "Labels": map[string]string{
		"dev.dindctl.project": "p", "dev.dindctl.address": address, "dev.dindctl.kind": "network", "dev.dindctl.schema": "1",
		"dev.dindctl.spec": `{"internal":true}`, "dev.dindctl.origin": "here:/x.hcl", "dev.dindctl.run": "r",
	}}
}

func (b *comingBack) engine(api string) string {
	const between = "2026-01-01T10:00:00.5Z"
	show := func(id, created, address string, gone func() bool) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			if gone() {
				w.WriteHeader(http.StatusNotFound)
				return
			}
			_ = json.NewEncoder(w).Encode(b.network(id, created, address))
		}
	}
	remove := func(w http.ResponseWriter, r *http.Request) {
		count := &b.first
		if strings.HasSuffix(r.URL.Path, b.listed) && (b.listed != b.id || b.first.Load() > 0) {
			count = &b.again
		}
		count.Add(1)
		w.WriteHeader(http.StatusNoContent)
	}
	return oddEngineOf(b.t, api, map[string]http.HandlerFunc{
		"GET /networks/" + b.listed:     show(b.listed, b.created, b.address, func() bool { return b.again.Load() > 0 }),
		"GET /networks/" + b.id:         show(b.id, between, "network.net", func() bool { return b.first.Load() > 0 }),
		"GET /networks/" + freshNetwork: show(freshNetwork, "2026-01-01T10:00:01Z", "network.net", func() bool { return false }),
		"DELETE /networks/" + b.id:      remove,
		"DELETE /networks/" + b.listed:  remove,
		"GET /networks": func(w http.ResponseWriter, r *http.Request) {
			all := []any{}
			if b.again.Load() == 0 && r.URL.Query().Get("filters") != "" {
				all = append(all, b.network(b.listed, b.created, b.address))
			}
			_ = json.NewEncoder(w).Encode(all)
		},
		"POST /networks/create": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusCreated)
			_ = json.NewEncoder(w).Encode(map[string]any{"Id": freshNetwork})
		},
	})
}
