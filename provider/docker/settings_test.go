package docker_test

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/docker"
)

// contextID is the directory of a docker context called prod: the SHA-256 of its name.
const contextID = "6754af9632a2745e85c293e5aac0863370d9bd3330b9938c00cadfd215227d77"

func settingsFiles() map[string]string {
	prod := func(host, more string) string {
		return `{"Name":"prod","Endpoints":{"docker":{"Host":"` + host + `"` + more + `}}}`
	}
	return map[string]string{
		"/home/u/.docker/config.json":                               `{"currentContext":"prod"}`,
		"/home/u/.docker/contexts/meta/" + contextID + "/meta.json": prod("tcp://prod:2376", `,"SkipTLSVerify":true`),
		"/bare/contexts/meta/" + contextID + "/meta.json":           prod("tcp://u:hush@prod", ""),
		"/empty/contexts/meta/" + contextID + "/meta.json":          prod("tcp://prod", ""),
		"/empty/contexts/tls/" + contextID + "/docker/":             "",
		"/web/contexts/meta/" + contextID + "/meta.json":            prod("https://u:hush@prod", ""),
		"/ssh/contexts/meta/" + contextID + "/meta.json":            prod("ssh://u:hush@prod", ""),
		"/short/contexts/meta/" + contextID + "/meta.json":          prod("unix://", ""),
		"/home/looked-up/.docker/config.json":                       `{"currentContext":"nowhere"}`,
		"/plain/config.json":                                        `{"auths":{},"HttpHeaders":{"X-Who":"me"}}`,
		"/broken/config.json":                                       `{`,
	}
}

// What leads to the root engine is what leads the docker CLI to it: -H or -context,
// DOCKER_HOST, DOCKER_CONTEXT, the current context, the default socket, in this order;
// it is said by which, and a password is never repeated.
func TestEndpointIsChosenInOrder(t *testing.T) {
	t.Parallel()
	files := settingsFiles()
	read := func(name string) ([]byte, error) {
		if content, ok := files[name]; ok {
			return []byte(content), nil
		}
		return nil, fs.ErrNotExist
	}
	const cannot = "The engine's address cannot be used: "
	for _, row := range []struct{ flags, env, want string }{
		{"-H /x.sock", "HOME=/home/u", cannot + "/x.sock (chosen by -H): a path alone is a socket to some docker CLIs, and a port of localhost to others; write unix:// before it."},
		{"-H unix://./x.sock", "HOME=/home/u", "unix://./x.sock by -H"},
		{"-H h:2375", "HOME=/home/u", "tcp://h:2375 by -H"},
		{"-H unix:///x -context prod", "HOME=/home/u", cannot + `-H names unix:///x and -context names "prod". Either of them says which engine is meant: take one away.`},
		{"-context prod", "HOME=/home/u DOCKER_HOST=tcp://h", `tcp://prod:2376 by context "prod" (-context or the project's pin) with TLS unverified`},
		{"", "HOME=/home/u DOCKER_HOST=tcp://h DOCKER_CONTEXT=prod", "tcp://h:2375 by DOCKER_HOST"},
		{"", "HOME=/home/u DOCKER_HOST=unix:// DOCKER_CERT_PATH=/c", "unix:///var/run/docker.sock by DOCKER_HOST"},
		{"", "HOME=/home/u DOCKER_HOST=tcp://h:2376 DOCKER_CERT_PATH=/c", "tcp://h:2376 by DOCKER_HOST"},
		{"", "HOME=/home/u DOCKER_HOST=tcp://h DOCKER_TLS=1", "The engine's certificates cannot be used: DOCKER_TLS or DOCKER_TLS_VERIFY is set, and there is no ca.pem in /home/u/.docker. Name the directory of the certificates with DOCKER_CERT_PATH, or unset both for an engine without TLS."},
		{"", "DOCKER_CONFIG=/none DOCKER_TLS_VERIFY=1 DOCKER_CERT_PATH=/c", "The engine's certificates cannot be used: DOCKER_TLS or DOCKER_TLS_VERIFY is set, and there is no ca.pem in /c. Name the directory of the certificates with DOCKER_CERT_PATH, or unset both for an engine without TLS."},
		{"", "HOME=/home/u DOCKER_CONTEXT=prod", `tcp://prod:2376 by context "prod" (DOCKER_CONTEXT) with TLS unverified`},
		{"", "HOME=/home/u", `tcp://prod:2376 by context "prod" (currentContext in /home/u/.docker/config.json) with TLS unverified`},
		{"", "", "There is no such docker context: " + `context "nowhere" (currentContext in /home/looked-up/.docker/config.json): there is none of this name in /home/looked-up/.docker/contexts. ` + "`docker context ls` lists those that exist."},
		{"-context default", "HOME=/home/u", `unix:///var/run/docker.sock by context "default" (-context or the project's pin)`},
		{"-context default", "HOME=/home/u DOCKER_HOST=unix:///run/user/1000/docker.sock", `unix:///run/user/1000/docker.sock by context "default" (-context or the project's pin), which is DOCKER_HOST`},
		{"", "DOCKER_CONFIG=/plain", "unix:///var/run/docker.sock by default socket, sending map[X-Who:me]"},
		{"", "DOCKER_CONFIG=/plain DOCKER_CUSTOM_HEADERS=a=b,c=d=e", "unix:///var/run/docker.sock by default socket, sending map[a:b c:d=e]"},
		{"", "DOCKER_CONFIG=/plain DOCKER_CUSTOM_HEADERS=hush", "The docker configuration cannot be read: DOCKER_CUSTOM_HEADERS is not a list such as name=value,other=value."},
		{"", "DOCKER_CONFIG=/none DOCKER_API_VERSION=v1.41", "unix:///var/run/docker.sock by default socket, in version 1.41"},
		{"", "DOCKER_CONFIG=/none DOCKER_API_VERSION=1.24", `The docker configuration cannot be read: DOCKER_API_VERSION is "1.24"; dindctl speaks versions from 1.40 on. Unset it: then both sides speak the newest that they know.`},
		{"", "DOCKER_CONFIG=/bare DOCKER_CONTEXT=prod", `tcp://prod by context "prod" (DOCKER_CONTEXT)`},
		{"", "DOCKER_CONFIG=/bare DOCKER_CONTEXT=prod http_proxy=http://u:hush@proxy:3128", `tcp://prod by context "prod" (DOCKER_CONTEXT), through the proxy proxy:3128`},
		{"", "DOCKER_CONFIG=/bare DOCKER_CONTEXT=prod HTTPS_PROXY=http://proxy ALL_PROXY=http://proxy", `tcp://prod by context "prod" (DOCKER_CONTEXT)`},
		{"", "DOCKER_CONFIG=/empty DOCKER_CONTEXT=prod HTTPS_PROXY=socks5://proxy HTTP_PROXY=http://no", `tcp://prod by context "prod" (DOCKER_CONTEXT), through the proxy proxy with TLS`},
		{"", "DOCKER_CONFIG=/empty DOCKER_CONTEXT=prod HTTPS_PROXY=http://proxy NO_PROXY=prod", `tcp://prod by context "prod" (DOCKER_CONTEXT) with TLS`},
		{"", "DOCKER_CONFIG=/empty DOCKER_HOST=tcp://h HTTP_PROXY=ftp://u:hush@proxy", cannot + `tcp://h:2375 (chosen by DOCKER_HOST): the proxy that leads there has the scheme "ftp"; http, https and socks5 are known.`},
		{"", "DOCKER_CONFIG=/web DOCKER_CONTEXT=prod", cannot + `https://u:***@prod (chosen by context "prod" (DOCKER_CONTEXT)): https is no way to reach an engine; write tcp, and DOCKER_TLS_VERIFY or a context says that it is encrypted.`},
		{"", "DOCKER_CONFIG=/ssh DOCKER_CONTEXT=prod", cannot + `ssh://u:***@prod (chosen by context "prod" (DOCKER_CONTEXT)): there is a password in it, which ssh does not take; use a key.`},
		{"", "DOCKER_CONFIG=/short DOCKER_CONTEXT=prod", cannot + `unix:// (chosen by context "prod" (DOCKER_CONTEXT)): there is nothing behind its scheme.`},
		{"-H tcp://u:hush@h:99", "DOCKER_CONFIG=/none", "tcp://h:99 by -H"},
		{"-H tcp://u:hu@sh@h:x", "DOCKER_CONFIG=/none", cannot + "tcp://u:***@h:x (chosen by -H): host and port of it cannot be read."},
		{"-H u:hush@h:99999", "DOCKER_CONFIG=/none", cannot + "u:***@h:99999 (chosen by -H): its port is none."},
		{"-H tcp://u:hu/sh@h", "DOCKER_CONFIG=/none", cannot + "tcp://u:***@h (chosen by -H): host and port of it cannot be read."},
		{"-H tcp://h:1/base", "DOCKER_CONFIG=/none", cannot + "tcp://h:1/base (chosen by -H): there is a path behind host and port, and dindctl calls engines at / alone."},
		{"-H ssh://-oProxyCommand=x/", "DOCKER_CONFIG=/none", cannot + "ssh://-oProxyCommand=x/ (chosen by -H): user and host must not begin with a dash."},
		{"-H ssh://h?x=1", "DOCKER_CONFIG=/none", cannot + "ssh://h?x=1 (chosen by -H): there is more behind the path of the socket."},
		{"-H fd://3", "DOCKER_CONFIG=/none", cannot + "fd://3 (chosen by -H): fd names a socket that a service manager hands to the engine itself; name the socket's path."},
		{"-H npipe://", "DOCKER_CONFIG=/none", cannot + "npipe:// (chosen by -H): a named pipe leads to an engine of Windows, which dindctl does not drive."},
		{"-H tcp://[::1]", "DOCKER_CONFIG=/none", "tcp://[::1]:2375 by -H"},
		{"-H tcp://", "DOCKER_CONFIG=/none", "tcp://localhost:2375 by -H"},
		{"-H unix:///x", "DOCKER_CONFIG=/broken", "unix:///x by -H"},
		{"", "DOCKER_CONFIG=/broken", "The docker configuration cannot be read: /broken/config.json: unexpected end of JSON input. Repair it, or name the engine with -H."},
	} {
		req := provider.ConfigureRequest{Environment: variables(strings.Fields(row.env))}
		flags := variables(strings.Fields(strings.NewReplacer("-H ", "-H=", "-context ", "-context=").Replace(row.flags)))
		req.Endpoint, req.Context = flags["-H"], flags["-context"]
		got, err := docker.Choose(req, read)
		var problem *provider.Problem
		if errors.As(err, &problem) {
			got = problem.Summary + ": " + problem.Detail
		} else if err != nil {
			got = err.Error()
		}
		if got != row.want || strings.Contains(got, "hush") {
			t.Errorf("%s with %s:\n got %s\nwant %s", row.flags, row.env, got, row.want)
		}
	}
}

// variables reads NAME=VALUE.
func variables(pairs []string) map[string]string {
	out := map[string]string{}
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		out[name] = value
	}
	return out
}

// A password is taken out of whatever somebody takes for an address.
func TestAddressesAreShownWithoutPasswords(t *testing.T) {
	t.Parallel()
	got := map[string]string{}
	for _, address := range []string{"tcp://h:1", "tcp://u@h:1", "tcp://u:p@h", "u:p@h", "tcp://u:p@w@h", "tcp://u:p/w@h/x", "unix:///a@b", ""} {
		got[address] = provider.WithoutPassword(address)
	}
	want := map[string]string{
		"tcp://h:1": "tcp://h:1", "tcp://u@h:1": "tcp://u@h:1", "tcp://u:p@h": "tcp://u:***@h", "u:p@h": "u:***@h",
		"tcp://u:p@w@h": "tcp://u:***@h", "tcp://u:p/w@h/x": "tcp://u:***@h/x", "unix:///a@b": "unix:///a@b", "": "",
	}
	if !maps.Equal(got, want) {
		t.Errorf("got  %s\nwant %s", fmt.Sprint(got), fmt.Sprint(want))
	}
}

// The path of a socket behind ssh reaches the docker command there as it was written:
// the shell there runs nothing of it. Slashes alone are no path.
func TestThePathOfASocketIsNothingToTheShellBehindSSH(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"": "", "/": "", "//": "",
		"/run/docker.sock": "unix:///run/docker.sock",
		"/a b":             "unix:///a b",
		"/$(echo x)":       "unix:///$(echo x)",
		"/it's;`echo x`":   "unix:///it's;`echo x`",
		"/a/*":             "unix:///a/*",
	} {
		args := docker.SSHArguments(&url.URL{Scheme: "ssh", Host: "h", Path: path})
		at := slices.Index(args, "--")
		if at < 0 || args[at+1] != "h" || args[at+2] != "docker" {
			t.Fatalf("%q: %q", path, args)
		}
		// The shell there is given the words after the host, joined by spaces.
		shell := exec.CommandContext(t.Context(), "sh", "-c", `docker() { printf '%s\n' "$@"; }; `+strings.Join(args[at+2:], " ")) //nolint:gosec // what it is given is what is tested
		out, err := shell.CombinedOutput()
		told := []string{"system", "dial-stdio"}
		if want != "" {
			told = append([]string{"--host", want}, told...)
		}
		if got := strings.Split(strings.TrimSpace(string(out)), "\n"); err != nil || !slices.Equal(got, told) {
			t.Errorf("%q: docker is told %q, %v; want %q", path, got, err, told)
		}
	}
}

// What cannot be looked at says nothing about which engine is meant, or whether it is
// encrypted: no other engine is taken for it, and none in plain text. Where the engine is
// named, only the headers of the file are missed, as the docker CLI does without them.
func TestAddressIsNotGuessedWhereSettingsCannotBeRead(t *testing.T) {
	t.Parallel()
	const tls = "/bare/contexts/tls/" + contextID + "/docker"
	for _, row := range []struct{ locked, endpoint, env, want string }{
		{"/plain/config.json", "", "DOCKER_CONFIG=/plain", "The docker configuration cannot be read: /plain/config.json: permission denied. Let your user read it, or name the engine with -H."},
		{"/plain/config.json", "unix:///x", "DOCKER_CONFIG=/plain", "unix:///x by -H"},
		{tls + "/", "", "DOCKER_CONFIG=/bare DOCKER_CONTEXT=prod", `The docker context cannot be used: context "prod" (DOCKER_CONTEXT): whether it is encrypted says the directory ` + tls + `, which cannot be looked for: permission denied. Let your user read it, or name the engine with -H.`},
	} {
		files := settingsFiles()
		read := func(name string) ([]byte, error) {
			if name == row.locked {
				return nil, fs.ErrPermission
			}
			if content, ok := files[name]; ok {
				return []byte(content), nil
			}
			return nil, fs.ErrNotExist
		}
		got, err := docker.Choose(provider.ConfigureRequest{Endpoint: row.endpoint, Environment: variables(strings.Fields(row.env))}, read)
		var problem *provider.Problem
		if errors.As(err, &problem) {
			got = problem.Summary + ": " + problem.Detail
		}
		if got != row.want {
			t.Errorf("%s with %s locked:\n got %s, %v\nwant %s", row.env, row.locked, got, err, row.want)
		}
	}
}

// An engine elsewhere whose endpoint names no port is called at one port by all: by
// dindctl, and by the docker CLIs of its controllers.
func TestAddressElsewhereIsOneTextForAll(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ endpoint, certificates, want string }{
		{"tcp://build", "/c", "tcp://build:2376"},
		{"tcp://build", "", "tcp://build:2375"},
		{"tcp://build:99", "/c", "tcp://build:99"},
		{"ssh://u@build", "", "ssh://u@build"},
	} {
		ours, err := docker.ElsewhereURL(row.endpoint, row.certificates != "")
		daemon := cty.ObjectVal(map[string]cty.Value{"endpoint": cty.StringVal(row.endpoint), "certificates": cty.StringVal(row.certificates)})
		theirs := docker.ClientEnvironment(daemon)["DOCKER_HOST"]
		if err != nil || ours != row.want || theirs != row.want {
			t.Errorf("%s with certificates %q: dindctl calls %s (%v), and a controller %s; want %s", row.endpoint, row.certificates, ours, err, theirs, row.want)
		}
	}
}

// Whoever named an address that cannot be used is said.
func TestAddressSaysWhoNamedIt(t *testing.T) {
	t.Parallel()
	_, err := docker.Choose(provider.ConfigureRequest{Endpoint: "fd://3", NamedBy: `host of provider "docker"`}, func(string) ([]byte, error) { return nil, fs.ErrNotExist })
	var problem *provider.Problem
	if !errors.As(err, &problem) || !strings.HasPrefix(problem.Detail, `fd://3 (chosen by host of provider "docker"): `) {
		t.Errorf("%v", err)
	}
}
