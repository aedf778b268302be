package docker_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/docker"
)

// A helper that a killed run left makes way for the next one also while it still
// runs; one of another project is left alone.
func TestHelperOfAKilledRun(t *testing.T) {
	r := newRig(t)
	name := r.project + "-helper"
	start := func(project string) (string, error) {
		return docker.StartHelper(t.Context(), r.p.(*docker.Provider), name, provider.Ownership{
			Project: project, Address: "controller.c.helper", Kind: provider.Container, Origin: "here", Run: nonce(),
		}, bashImage)
	}
	first, err := start(r.project)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := start(r.project + "x"); err == nil {
		t.Error("another project took the name over")
	}
	if got := r.docker("inspect", "-f", "{{.Id}} {{.State.Running}}", name); got != first+" true" {
		t.Errorf("the helper is %s, not %s", got, first)
	}
	second, err := start(r.project)
	if err != nil || second == first {
		t.Fatalf("the helper in the way stayed: %s, %v", second, err)
	}
}

// What is to be replaced fetches its new image with the credentials that are
// declared, as what is created does.
func TestReplacementsArePulledWithCredentials(t *testing.T) {
	var sent []string
	engine := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		w.Header().Set("Api-Version", "1.43")
		switch {
		case strings.HasSuffix(req.URL.Path, "/_ping"):
		case strings.HasSuffix(req.URL.Path, "/images/create"):
			sent = append(sent, req.Header.Get("X-Registry-Auth"))
			http.Error(w, `{"message":"unauthorized"}`, http.StatusInternalServerError)
		case strings.HasSuffix(req.URL.Path, "/version"), strings.HasSuffix(req.URL.Path, "/info"):
			_, _ = w.Write([]byte(`{"ID":"fake","Name":"fake","ServerVersion":"24.0","Version":"24.0","ApiVersion":"1.43","OSType":"linux","Os":"linux","Arch":"amd64"}`))
		default:
			http.Error(w, `{"message":"no such thing"}`, http.StatusNotFound)
		}
	}))
	defer engine.Close()
	p := docker.New(nil)
	if _, err := p.Configure(t.Context(), provider.ConfigureRequest{Endpoint: "tcp://" + engine.Listener.Addr().String()}); err != nil {
		t.Fatal(err)
	}
	err := p.(provider.Preparer).Prepare(t.Context(), provider.PrepareRequest{Place: provider.Root, Declaration: provider.Declaration{
		Address: "job.a", Kind: provider.Job, Name: "p-a", Related: map[string]provider.Related{},
		Declared: cty.ObjectVal(map[string]cty.Value{
			"image": text("registry:5000/a:1"), "registry_auth": credentials("registry:5000", "ci", "top secret"),
		}),
	}}, func(provider.Event) {})
	if err == nil || len(sent) == 0 || sent[0] == "" {
		t.Errorf("the registry was asked with the credentials %q: %v", sent, err)
	}
}
