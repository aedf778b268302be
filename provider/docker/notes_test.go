package docker_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
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
	records := []string{"dindctl.changed.", "dindctl.changing.", "dindctl.follows.", "dindctl.stopped."}
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
				for _, more := range []string{"address", "run", "spec", "starts", "what", "nonce"} {
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

// creating answers with the volume that is asked for, or with the one of its name.
func creating(there map[string]map[string]string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var asked struct {
			Name   string
			Labels map[string]string
		}
		_ = json.NewDecoder(r.Body).Decode(&asked)
		if labels, is := there[asked.Name]; is {
			asked.Labels = labels
		}
		_ = json.NewEncoder(w).Encode(asked)
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
			"POST /volumes/create":                  creating(nil),
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

// A change that is not wanted any more while its container stops for it leaves that one
// started: a stop goes on in the engine, whoever waits for it.
func TestAChangeThatIsBrokenOffLeavesNothingStopped(t *testing.T) {
	t.Parallel()
	var got asked
	ctx, cancel := context.WithCancel(t.Context())
	c := "POST /containers/" + ownID
	p, err := configured(t, oddEngine(t, map[string]http.HandlerFunc{
		"GET /containers/" + ownID + "/json": ownContainer(map[string]any{"Status": "restarting", "Running": true, "Restarting": true}, "none"),
		"GET /images/sha256:" + strings.Repeat("1", 64) + "/json": func(w http.ResponseWriter, _ *http.Request) {
			_ = json.NewEncoder(w).Encode(map[string]any{"Id": "sha256:" + strings.Repeat("1", 64), "Config": map[string]any{}})
		},
		"POST /volumes/create": creating(nil),
		c + "/stop": func(w http.ResponseWriter, r *http.Request) {
			cancel()
			got.answering(http.StatusNoContent)(w, r)
		},
		c + "/rename": got.answering(http.StatusNoContent),
		c + "/start":  got.answering(http.StatusNoContent),
	}), "10m")
	if err != nil {
		t.Fatal(err)
	}
	_, err = p.Update(ctx, provider.UpdateRequest{
		ID: ownID, Project: "p",
		Declaration: provider.Declaration{Address: "container.web", Kind: provider.Container, Name: "p-new", Declared: cty.ObjectVal(attributes{"image": text("a")})},
		Changes:     []provider.Change{{Path: "name", From: text("p-web"), To: text("p-new"), Effect: provider.Live}},
	}, nil)
	if err == nil {
		t.Error("it was broken off, and that is no error")
	}
	if d := cmp.Diff([]string{c + "/stop", c + "/start"}, got.list()); d != "" {
		t.Error(d)
	}
}

// An endpoint that could not be made anew is put back as it was, with the hardware address
// that is declared, before its container is started again. The mark of the change goes only
// where the container is in its network then, and only if this change has left it: 403 is
// what engines answer for an endpoint that is there, and for an address somebody else has.
func TestWhatAFailedChangeLeavesIsPutBack(t *testing.T) {
	t.Parallel()
	const mark = "dindctl.changing." + ownID
	for _, row := range []struct {
		name              string
		restarting        bool
		marked, isInAfter bool
		again             int // the answer where it is put back
		goes              bool
		want              string // of the error
	}{
		{name: "it is put back", again: 200, isInAfter: true, goes: true, want: "in use"},
		{name: "it is there all the same", again: 403, isInAfter: true, goes: true, want: "in use"},
		{name: "somebody else has its address", again: 403, want: "again to the network"},
		{name: "its network is gone", again: 404, want: "again to the network"},
		{name: "an earlier change left a mark", marked: true, again: 200, isInAfter: true, want: "in use"},
		{name: "it keeps restarting", restarting: true, again: 200, isInAfter: true, goes: true, want: "in use"},
	} {
		var got asked
		connects, macs := 0, []string{}
		state := map[string]any{"Status": "running", "Running": true}
		if row.restarting {
			state = map[string]any{"Status": "restarting", "Running": true, "Restarting": true}
		}
		inspect := func(w http.ResponseWriter, _ *http.Request) {
			is := state
			if row.restarting && slices.Contains(got.list(), "stop") && !slices.Contains(got.list(), "start") {
				is = map[string]any{"Status": "exited"}
			}
			networks := map[string]any{"p-n": map[string]any{"NetworkID": "n1", "EndpointID": "e1", "MacAddress": "02:00:00:00:00:07", "IPAMConfig": map[string]any{"IPv4Address": "10.0.0.7"}}}
			if connects > 1 && !row.isInAfter {
				networks = map[string]any{"p-n": map[string]any{"NetworkID": "n1"}}
			}
			recorder := httptest.NewRecorder()
			ownContainer(is, "p-n")(recorder, nil)
			var c map[string]any
			_ = json.Unmarshal(recorder.Body.Bytes(), &c)
			c["NetworkSettings"] = map[string]any{"Networks": networks}
			_ = json.NewEncoder(w).Encode(c)
		}
		there := map[string]map[string]string{}
		label := "dev.dindctl.changing"
		if row.marked {
			there[mark] = map[string]string{label: "p", label + ".address": "container.web", label + ".id": ownID, label + ".what": `{"attach[\"p-n\"].ipv4":null}`, label + ".nonce": "x"}
		}
		noting := func(what string) http.HandlerFunc {
			return func(w http.ResponseWriter, _ *http.Request) { got.note(what); w.WriteHeader(http.StatusNoContent) }
		}
		p, err := configured(t, oddEngineOf(t, "1.51", map[string]http.HandlerFunc{
			"GET /containers/" + ownID + "/json": inspect,
			"GET /images/sha256:" + strings.Repeat("1", 64) + "/json": func(w http.ResponseWriter, _ *http.Request) {
				_ = json.NewEncoder(w).Encode(map[string]any{"Id": "sha256:" + strings.Repeat("1", 64), "Config": map[string]any{}})
			},
			"POST /volumes/create": creating(there),
			"GET /volumes/" + mark: func(w http.ResponseWriter, _ *http.Request) {
				labels := map[string]string{label: "p", label + ".address": "container.web", label + ".id": ownID, label + ".what": "{}", label + ".nonce": "y"}
				_ = json.NewEncoder(w).Encode(map[string]any{"Name": mark, "Labels": labels})
			},
			"DELETE /volumes/" + mark:              noting("unmark"),
			"POST /containers/" + ownID + "/stop":  noting("stop"),
			"POST /containers/" + ownID + "/start": noting("start"),
			"POST /networks/n1/disconnect":         noting("leave"),
			"POST /networks/p-n/disconnect":        noting("leave"),
			"POST /networks/n1/connect": func(w http.ResponseWriter, r *http.Request) {
				var asked struct {
					EndpointConfig struct{ MacAddress string }
				}
				_ = json.NewDecoder(r.Body).Decode(&asked)
				connects++
				macs = append(macs, asked.EndpointConfig.MacAddress)
				got.note("join")
				if connects == 1 {
					w.WriteHeader(http.StatusForbidden)
					_, _ = w.Write([]byte(`{"message":"Address already in use"}`))
					return
				}
				w.WriteHeader(row.again)
				_, _ = w.Write([]byte(`{"message":"refused"}`))
			},
		}), "10m")
		if err != nil {
			t.Fatal(err)
		}
		block := cty.ObjectVal(attributes{"network": existing("network.n", "p-n", "n1"), "ipv4": text("10.0.0.8"), "mac": text("02:00:00:00:00:07")})
		_, err = p.Update(t.Context(), provider.UpdateRequest{
			ID: ownID, Project: "p",
			Declaration: provider.Declaration{
				Address: "container.web", Kind: provider.Container, Name: "p-web",
				Declared: cty.ObjectVal(attributes{"image": text("a"), "attach": cty.ListVal([]cty.Value{block})}),
			},
			Changes: []provider.Change{{Path: `attach["p-n"].ipv4`, From: text("10.0.0.7"), To: text("10.0.0.8"), Effect: provider.Live}},
		}, nil)
		if err == nil || !strings.Contains(fmt.Sprintf("%+v", err), row.want) {
			t.Errorf("%s: %v, want ...%s", row.name, err, row.want)
		}
		want := []string{"leave", "join", "join"}
		if row.restarting {
			want = []string{"stop", "leave", "join", "join", "start"}
		}
		if row.goes {
			want = append(want, "unmark")
		}
		if d := cmp.Diff(want, got.list()); d != "" {
			t.Errorf("%s: %s", row.name, d)
		}
		if d := cmp.Diff([]string{"02:00:00:00:00:07", "02:00:00:00:00:07"}, macs); d != "" {
			t.Errorf("%s: hardware addresses: %s", row.name, d)
		}
	}
}
