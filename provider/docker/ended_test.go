package docker_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// A container that ran whenever its readiness was looked at, and has ended by the time
// that it is read for the answer, is one that ended, and not one that is there.
func TestAContainerThatEndsLastOfAllIsToldOf(t *testing.T) {
	t.Parallel()
	const id = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	var started, looks atomic.Int64
	inspect := func(w http.ResponseWriter, _ *http.Request) {
		state := map[string]any{"Status": "exited", "ExitCode": 3}
		if started.Load() > 0 && looks.Add(1) <= 2 { // readiness looks twice
			state = map[string]any{"Status": "running", "Running": true}
		}
		_ = json.NewEncoder(w).Encode(map[string]any{
			"Id": id, "Name": "/p-web", "Image": "sha256:b", "State": state, "HostConfig": map[string]any{}, "NetworkSettings": map[string]any{},
			"Config": map[string]any{"Labels": map[string]string{
				"dev.dindctl.project": "p", "dev.dindctl.address": "container.web", "dev.dindctl.kind": "container", "dev.dindctl.schema": "1", "dev.dindctl.spec": "{}",
				"dev.dindctl.origin": "here:/x.hcl", "dev.dindctl.run": "r",
			}},
		})
	}
	p, err := configured(t, oddEngine(t, map[string]http.HandlerFunc{
		"GET /containers/" + id + "/json": inspect,
		"POST /containers/" + id + "/start": func(w http.ResponseWriter, _ *http.Request) {
			started.Add(1)
			w.WriteHeader(http.StatusNoContent)
		},
		"GET /images/sha256:b/json":       func(w http.ResponseWriter, _ *http.Request) { _, _ = fmt.Fprint(w, `{"Id":"sha256:b","Config":{}}`) },
		"GET /containers/" + id + "/logs": func(http.ResponseWriter, *http.Request) {},
	}), "10m")
	if err != nil {
		t.Fatal(err)
	}
	decl := provider.Declaration{Address: "container.web", Kind: provider.Container, Name: "p-web", Declared: cty.ObjectVal(map[string]cty.Value{"image": cty.StringVal("x")})}
	resp, err := p.Resume(t.Context(), provider.ResumeRequest{ID: id, Declaration: decl, Project: "p"}, nil)
	wantProblem(t, err, provider.NotReady, "It ended instead of getting ready", "exit code 3")
	if !strings.HasPrefix(resp.Object.ID, "aaaa") || resp.Object.Condition.ExitCode != 3 {
		t.Errorf("the object is %+v", resp.Object)
	}
}

// A command that comes too late is told what became of its container: that it has ended,
// or that it is paused, which is another thing to do something about.
func TestACommandIsToldWhatItsContainerIs(t *testing.T) {
	t.Parallel()
	for state, summary := range map[string]string{`"Status":"paused","Running":true,"Paused":true`: "It is paused", `"Status":"exited"`: "It does not run"} {
		p := one(t, map[string]http.HandlerFunc{
			"GET /containers/" + theID + "/json": says(strings.Replace(inspectedAs(nil), `"Status":"exited"`, state, 1)),
			"POST /containers/" + theID + "/exec": func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusConflict)
				_, _ = fmt.Fprint(w, `{"message":"it is as it is"}`)
			},
		})
		_, err := p.Exec(t.Context(), provider.ExecRequest{ID: theID, Command: []string{"true"}})
		wantProblem(t, err, provider.NotReady, summary, "")
	}
}
