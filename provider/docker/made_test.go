package docker_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/volume"
	"github.com/google/go-cmp/cmp"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/docker"
)

// A record counts as written where it is one as a whole. Where the answer to a volume's
// creation has no labels, as that of an engine that was restarted, what is there is looked at.
func TestRecordsOfAnEngineThatWasRestarted(t *testing.T) {
	t.Parallel()
	name := "dindctl.stopped." + ownID
	record := map[string]string{
		"dev.dindctl.stopped": "p", "dev.dindctl.stopped.address": "container.web", "dev.dindctl.stopped.id": ownID, "dev.dindctl.stopped.run": "",
	}
	earlier := maps.Clone(record)
	earlier["dev.dindctl.stopped.run"] = "another"
	create, remove := "POST /volumes/create", "DELETE /volumes/"+name
	for what, row := range map[string]struct {
		there map[string]string
		want  []string
		taken bool
	}{
		"this very record":  {record, []string{create}, false},
		"an earlier record": {earlier, []string{create, remove, create}, false},
		"a foreign volume":  {nil, []string{create, create}, true},
	} {
		var got asked
		there, known := row.there, false // whether the engine knows the volume's labels
		p, err := configured(t, oddEngine(t, map[string]http.HandlerFunc{
			"GET /containers/" + ownID + "/json": ownContainer(map[string]any{"Status": "exited"}, "none"),
			"GET /images/sha256:" + strings.Repeat("1", 64) + "/json": func(w http.ResponseWriter, _ *http.Request) {
				_ = json.NewEncoder(w).Encode(map[string]any{"Id": "sha256:" + strings.Repeat("1", 64), "Config": map[string]any{}})
			},
			create: func(w http.ResponseWriter, r *http.Request) {
				got.note(create)
				v := map[string]any{"Name": name, "Labels": nil}
				if known {
					asked, _ := io.ReadAll(r.Body)
					_ = json.Unmarshal(asked, &v)
				}
				w.WriteHeader(http.StatusCreated)
				_ = json.NewEncoder(w).Encode(v)
			},
			"GET /volumes/" + name: func(w http.ResponseWriter, _ *http.Request) {
				_ = json.NewEncoder(w).Encode(map[string]any{"Name": name, "Labels": there})
			},
			remove: func(w http.ResponseWriter, _ *http.Request) {
				got.note(remove)
				known = true
				w.WriteHeader(http.StatusNoContent)
			},
		}), "10m")
		if err != nil {
			t.Fatal(err)
		}
		halter := p.(provider.Halter) //nolint:forcetypeassert // checked by the compiler elsewhere
		_, err = halter.Halt(t.Context(), provider.HaltRequest{ID: ownID, Project: "p"}, nil)
		if row.taken {
			wantProblem(t, err, provider.Conflict, "The name is taken", name)
		} else if err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if d := cmp.Diff(row.want, got.list()); d != "" {
			t.Errorf("%s: %s", what, d)
		}
	}
}

// Only a whole record tells that a container was stopped by request.
func TestAStopIsRequestedByAWholeRecord(t *testing.T) {
	t.Parallel()
	c := provider.Object{ID: ownID, Condition: provider.Condition{State: provider.StateExited, Started: "then"}}
	whole := map[string]string{
		"dev.dindctl.stopped": "p", "dev.dindctl.stopped.address": "container.web", "dev.dindctl.stopped.id": ownID, "dev.dindctl.stopped.run": "then",
	}
	for left := range whole {
		labels := maps.Clone(whole)
		delete(labels, left)
		if docker.Requested([]*volume.Volume{{Name: "dindctl.stopped." + ownID, Labels: labels}}, c) {
			t.Errorf("a volume without the label %s counts", left)
		}
	}
	if !docker.Requested([]*volume.Volume{{Name: "dindctl.stopped." + ownID, Labels: whole}}, c) {
		t.Error("a whole record does not count")
	}
}
