package docker_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/docker"
)

// What `docker login` stored goes to the registry for which it was stored, in each
// way in which the CLI stores it, on the root engine alone, and only where the
// configuration names no credentials.
func TestOwnLoginIsForTheRootEngine(t *testing.T) {
	const (
		ann    = `"auth": "YW5uOnNlY3JldA=="` // ann:secret
		file   = "/home/ann/.docker/config.json"
		image  = "r.example:5000/team/app:1"
		header = `{"username":"ann","password":"secret","serveraddress":"r.example:5000"}`
	)
	auths := func(host, entry string) string { return fmt.Sprintf(`{"auths": {%q: {%s}}}`, host, entry) }
	inside := provider.Place("daemon.dind")
	declared := attributes{"registry_auth": credentials("r.example:5000", "ci", "declared")}
	for _, c := range []struct {
		name     string
		config   string
		place    provider.Place
		declared attributes
		ref      string
		want     [3]string // header, owner, trouble
	}{
		{name: "a password", config: auths("r.example:5000", ann), want: [3]string{header, file}},
		{name: "written as an address", config: auths("https://r.example:5000/v2/", ann), want: [3]string{header, file}},
		{name: "the public registry", config: auths("https://index.docker.io/v1/", ann), ref: "bash", want: [3]string{
			`{"username":"ann","password":"secret","serveraddress":"https://index.docker.io/v1/"}`, file,
		}},
		{name: "a token", config: auths("r.example:5000", `"identitytoken": "t0ken"`), want: [3]string{
			`{"serveraddress":"r.example:5000","identitytoken":"t0ken"}`, file,
		}},
		{name: "a store", config: `{"auths": {"r.example:5000": {}}, "credsStore": "desktop"}`, want: [3]string{
			`{"username":"desktop","password":"for r.example:5000","serveraddress":"r.example:5000"}`, file,
		}},
		{name: "the public registry's store", config: `{"credsStore": "desktop"}`, ref: "bash", want: [3]string{
			`{"username":"desktop","password":"for https://index.docker.io/v1/","serveraddress":"https://index.docker.io/v1/"}`, file,
		}},
		{name: "a helper before the store", config: `{"credsStore": "desktop", "credHelpers": {"r.example:5000": "token"}}`, want: [3]string{
			`{"serveraddress":"r.example:5000","identitytoken":"t0ken"}`, file,
		}},
		{name: "a store without it", config: `{"credsStore": "empty"}`},
		{name: "a store that is not installed", config: `{"credsStore": "absent"}`, want: [3]string{
			"", "", "asking docker-credential-absent: not found in PATH",
		}},
		{name: "a store outside PATH", config: `{"credsStore": "../../tmp/x"}`, want: [3]string{
			"", "", `"../../tmp/x" is not the name of a credential helper`,
		}},
		{name: "a store that babbles", config: `{"credsStore": "babble"}`, want: [3]string{
			"", "", "asking docker-credential-babble: its answer is not a login",
		}},
		{name: "a broken entry", config: auths("r.example:5000", `"auth": "c2VjcmV0"`), want: [3]string{
			"", "", "reading the login for r.example:5000 in " + file + ": it is not the base64 of a user, a colon and a password",
		}},
		{name: "another registry's", config: auths("other.example", ann)},
		{name: "nobody logged in", config: `{}`},
		{name: "no file"},
		{name: "an engine inside", place: inside, config: auths("r.example:5000", ann)},
		{name: "the configuration's own", declared: declared, config: auths("r.example:5000", ann), want: [3]string{
			`{"username":"ci","password":"declared","serveraddress":"r.example:5000"}`, "container.app",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			decl := provider.Declaration{Address: "container.app", Kind: provider.Container, Declared: cty.ObjectVal(c.declared)}
			if c.ref == "" {
				c.ref = image
			}
			read := func(name string) ([]byte, error) {
				if name != file || c.config == "" {
					return nil, fs.ErrNotExist
				}
				return []byte(c.config), nil
			}
			var got [3]string
			got[0], got[1], got[2] = docker.OwnPull(c.place, decl, c.ref, map[string]string{"HOME": "/home/ann"}, read, fakeHelper)
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("header, owner, trouble (-want +got):\n%s", diff)
			}
		})
	}
}

// fakeHelper are the credential helpers of the test.
func fakeHelper(program, server string) ([]byte, error) {
	switch program {
	case "docker-credential-desktop":
		return fmt.Appendf(nil, `{"ServerURL": %q, "Username": "desktop", "Secret": "for %s"}`, server, server), nil
	case "docker-credential-token":
		return []byte(`{"Username": "<token>", "Secret": "t0ken"}`), nil
	case "docker-credential-empty":
		return []byte("credentials not found in native keychain\n"), errors.New("exit status 1")
	case "docker-credential-babble":
		return []byte("secret"), nil
	}
	return nil, errors.New("not found in PATH")
}

// A pull on a real engine carries the login that a helper program has, and when the
// registry refuses it, the message names the file and not the secret.
func TestOwnLoginReachesTheRegistry(t *testing.T) {
	r := newRig(t)
	var sent atomic.Value
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		if user, password, ok := req.BasicAuth(); ok {
			sent.Store(user + ":" + password)
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="test"`)
		http.Error(w, `{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}`, http.StatusUnauthorized)
	}))
	defer server.Close()
	host := strings.TrimPrefix(server.URL, "http://")

	dir := t.TempDir()
	put := func(name, content string, mode os.FileMode) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), mode); err != nil {
			t.Fatal(err)
		}
	}
	put("config.json", `{"credsStore": "dindctl-test"}`, 0o600)
	put("docker-credential-dindctl-test", "#!/bin/sh\nread -r server\n[ \"$1 $server\" = \"get "+host+"\" ] && echo '{\"Username\": \"ann\", \"Secret\": \"from the store\"}'\n", 0o700)
	t.Setenv("PATH", dir+":"+os.Getenv("PATH"))
	_, err := r.p.Configure(t.Context(), provider.ConfigureRequest{Environment: map[string]string{
		"DOCKER_HOST": os.Getenv("DOCKER_HOST"), "DOCKER_CONFIG": dir,
	}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.p.Create(t.Context(), r.request(provider.Root, r.declaration("container.app", attributes{"image": text(host + "/team/app:1")})), r.sink)
	if got := sent.Load(); got != "ann:from the store" {
		t.Errorf("the registry got %v", got)
	}
	if err == nil || !strings.Contains(err.Error(), "the login that "+filepath.Join(dir, "config.json")+" names") ||
		strings.Contains(err.Error(), "from the store") || strings.Contains(err.Error(), base64.StdEncoding.EncodeToString([]byte("ann:"))) {
		t.Errorf("the message: %v", err)
	}
}
