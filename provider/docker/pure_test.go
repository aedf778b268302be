package docker_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/docker"
)

// What was recorded on an object is read back as it was, however long.
func TestLabelsGoRound(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 100, 100_000} {
		want := provider.Ownership{
			Project: "p", Address: `daemon.x["a b"]`, Kind: provider.Daemon, Origin: "host:/a b.hcl",
			Spec: fmt.Appendf(nil, `{"x":%q}`, strings.Repeat("é", size)), Deps: []string{`volume.v["a b"]`, "network.n"}, Run: "r", Schema: 2,
			Name: "p-x-a-b", Place: "daemon.outer",
		}
		labels := docker.Labels(want)
		got, broken := docker.Owner(labels)
		if d := cmp.Diff(want, got); d != "" || broken != "" {
			t.Errorf("size %d: %s", size, d)
		}
		if got := len(labels["dev.dindctl.spec"]); got > 4<<10 {
			t.Errorf("a record of %d characters", got)
		}
	}
}

// A record counts whole or not at all: of one that lacks something, or cannot be
// read, it is said what, and one of a later version is left to that.
func TestARecordCountsWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	whole := provider.Ownership{
		Project: "p", Address: "volume.v", Kind: provider.Volume, Origin: "o", Spec: []byte("{}"), Run: "r", Schema: 2, Name: "p-v", Place: "daemon.d",
	}
	rows := []struct{ label, value, want string }{
		{"schema", "", "its record does not say of which version it is"},
		{"schema", "two", "its record does not say of which version it is"},
		{"schema", "0", "its record does not say of which version it is"},
		{"spec", "H4sIAAAA", "what was declared cannot be read in its record"},
		{"spec", "", "its record lacks what was declared"},
		{"address", "", "its record lacks the address"},
		{"kind", "", "its record lacks the kind"},
		{"origin", "", "its record lacks the origin"},
		{"run", "", "its record lacks the run"},
		{"created-name", "", "its record lacks the name"},
		{"place", "", "its record lacks the place"},
		{"kind", "network", "its record is that of a network at volume.v"},
		{"address", "container.v", "its record is that of a volume at container.v"},
		{"created-name", "p-w", `its record is that of "p-w": the labels were copied`},
		{"schema", "3", ""},
		{"deps", "x", ""},
		{"project", "", ""},
	}
	for _, row := range rows {
		labels := docker.Labels(whole)
		labels["dev.dindctl."+row.label] = row.value
		_, why := docker.Whose(labels, provider.Seen{Kind: provider.Volume, Name: "p-v"}, provider.Whereabouts{Place: "daemon.d"})
		if why != row.want {
			t.Errorf("%s = %q: %q, want %q", row.label, row.value, why, row.want)
		}
	}
}

type answer func(*http.Request) (*http.Response, error)

func (a answer) RoundTrip(r *http.Request) (*http.Response, error) { return a(r) }

// Of everything that a client can send, planning lets reads and the opening of
// a tunnel pass, and nothing else.
func TestPlanningTransportRefusesChanges(t *testing.T) {
	t.Parallel()
	id := strings.Repeat("a", 64)
	tunnel, other := docker.TunnelExec(), docker.TunnelExec()
	other.Cmd = []string{"docker", "system", "prune"}
	moved := docker.TunnelExec()
	moved.Env = append(moved.Env, "DOCKER_HOST=tcp://elsewhere:2375")
	rows := []struct {
		method, path string
		body         any
		passes       bool
	}{
		{"GET", "/v1.41/containers/json", nil, true},
		{"HEAD", "/v1.41/containers/x/archive", nil, true},
		{"POST", "/v1.41/containers/" + id + "/exec", tunnel, true},
		{"POST", "/v1.41/exec/" + id + "/start", struct{}{}, true},
		{"POST", "/v1.41/containers/" + id + "/exec", other, false},
		{"POST", "/v1.41/containers/" + id + "/exec", moved, false},
		{"POST", "/v1.41/containers/" + id + "/exec", nil, false},
		{"POST", "/v1.41/containers/" + id + "/start", nil, false},
		{"POST", "/v1.41/containers/create", tunnel, false},
		{"POST", "/v1.41/volumes/create", nil, false},
		{"PUT", "/v1.41/containers/x/archive", nil, false},
		{"DELETE", "/v1.41/containers/x", nil, false},
	}
	for _, row := range rows {
		sent := ""
		transport := docker.ReadOnly(answer(func(r *http.Request) (*http.Response, error) {
			if r.Body != nil {
				content, _ := io.ReadAll(r.Body)
				sent = string(content)
			}
			return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
		}))
		var body io.Reader
		content, _ := json.Marshal(row.body)
		if row.body != nil {
			body = bytes.NewReader(content)
		}
		req, err := http.NewRequestWithContext(t.Context(), row.method, "http://x"+row.path, body)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := transport.RoundTrip(req)
		if err == nil {
			_ = resp.Body.Close()
		}
		if (err == nil) != row.passes {
			t.Errorf("%s %s %s: %v", row.method, row.path, content, err)
		}
		if row.passes && row.body != nil && sent != string(content) {
			t.Errorf("%s %s: sent %q, want %q", row.method, row.path, sent, content)
		}
	}
}

type stream struct {
	io.Reader
	io.Writer
	closed bool
}

func (s *stream) Close() error { s.closed = true; return nil }

func frame(kind byte, text string) string {
	return string([]byte{kind, 0, 0, 0, 0, 0, byte(len(text) >> 8), byte(len(text))}) + text
}

// A connection over an exec carries the command's output alone, across frames of
// any size; when a command ends with nothing but errors, they are the error.
func TestConnectionOverAnExec(t *testing.T) {
	t.Parallel()
	s := &stream{Reader: strings.NewReader(frame(1, "HTTP") + frame(2, "a warning") + frame(1, "") + frame(1, "/1.1"))}
	conn := docker.ExecConn(s)
	got := make([]byte, 8)
	if _, err := io.ReadFull(conn, got); err != nil || string(got) != "HTTP/1.1" {
		t.Errorf("%q, %v", got, err)
	}
	if _, err := conn.Read(got); !errors.Is(err, io.EOF) { // it has led somewhere
		t.Errorf("at the end: %v", err)
	}
	silent := docker.ExecConn(&stream{Reader: strings.NewReader(frame(2, "no such") + frame(2, " socket\n"))})
	if _, err := silent.Read(got); err == nil || err.Error() != "no such socket" {
		t.Errorf("a command that led nowhere: %v", err)
	}
	if err := conn.Close(); err != nil || !s.closed {
		t.Errorf("closed %v, %v", s.closed, err)
	}
	if _, err := docker.ExecConn(&stream{Reader: strings.NewReader(frame(1, "x")[:5])}).Read(got); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a torn frame: %v", err)
	}
}

// A context that is not there is said to be so, in the directory that holds the others.
func TestMissingContextIsNamed(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	_, err := docker.New(nil).Configure(t.Context(), provider.ConfigureRequest{Context: "nowhere", Environment: map[string]string{"HOME": home}})
	var problem *provider.Problem
	if !errors.As(err, &problem) {
		t.Fatalf("got %v", err)
	}
	want := `context "nowhere" (-context or the project's pin): there is none of this name in ` + home + "/.docker/contexts. `docker context ls` lists those that exist."
	if problem.Detail != want {
		t.Errorf("got  %s\nwant %s", problem.Detail, want)
	}
}

// An engine that does not answer is named, with how it was chosen and what to do.
func TestUnreachableEngineIsNamed(t *testing.T) {
	t.Parallel()
	p := docker.New(nil)
	_, err := p.Configure(t.Context(), provider.ConfigureRequest{Endpoint: "unix://" + t.TempDir() + "/nobody.sock"})
	wantCode(t, err, provider.Unreachable, "nobody.sock", "chosen by -H", "DOCKER_HOST")
	_, err = p.Configure(t.Context(), provider.ConfigureRequest{Endpoint: "gopher://x"})
	wantCode(t, err, provider.Invalid, "gopher://x", "ssh")
	if _, err := p.Open(t.Context(), provider.OpenRequest{ID: "x"}); err == nil {
		t.Error("a provider that is not configured opens something")
	}
}

// The containers that a process runs in are found by the files that engines mount.
func TestOwnContainerIsFound(t *testing.T) {
	t.Parallel()
	id := strings.Repeat("0a", 32)
	mountinfo := "1 2 8:1 /var/lib/docker/containers/" + id + "/resolv.conf /etc/resolv.conf rw - ext4 /dev/sda rw\n" +
		"1 2 8:1 /var/lib/docker/containers/" + id + "/hostname /etc/hostname rw - ext4 /dev/sda rw\n" +
		"1 2 8:1 /var/lib/docker/containers/" + strings.Repeat("b", 64) + "/hostname /srv/hostname rw - ext4 /dev/sda rw\n"
	if d := cmp.Diff([]string{id}, docker.ContainersIn(mountinfo)); d != "" {
		t.Error(d)
	}
}

// A size has one spelling, whatever it was written like.
func TestSizes(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"512m": "512m", "512M": "512m", "0.5g": "512m", "524288k": "512m", "536870912": "512m", "1GiB": "1g", "1gb": "1g", "1000": "1000", "1b": "1",
	} {
		if got, err := docker.Size(in); err != nil || got != want {
			t.Errorf("%s: %s, %v; want %s", in, got, err, want)
		}
	}
	for _, in := range []string{"", "m", "-1m", "1x", "1mm"} {
		if got, err := docker.Size(in); err == nil {
			t.Errorf("%q: %s, want an error", in, got)
		}
	}
}

// What a docker CLI says of a daemon that is starting is said without the calls of
// its program; anything else is left as it is.
func TestTunnelWords(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"failed to open the raw stream connection: dial unix /var/run/docker.sock: connect: no such file or directory": "there is no /var/run/docker.sock yet",
		"dial unix /var/run/docker.sock: connect: connection refused":                                                  "nothing listens on /var/run/docker.sock yet",
		"failed to open the raw stream connection: dial tcp 172.18.0.2:2376: connect: connection refused":              "nothing listens on 172.18.0.2:2376 yet",
		"dial unix /var/run/docker.sock: connect: permission denied":                                                   "dial unix /var/run/docker.sock: connect: permission denied",
		"x509: certificate signed by unknown authority":                                                                "x509: certificate signed by unknown authority",
	} {
		if got := docker.TunnelWords(text); got != want {
			t.Errorf("%q\n is said as %q\n     want %q", text, got, want)
		}
	}
}

// A note of changes speaks of what is changed live, declared at the creation or not,
// and makes nothing else managed.
func TestNotesMakeNothingManaged(t *testing.T) {
	t.Parallel()
	notes := map[string]json.RawMessage{
		"registry_auth": json.RawMessage(`{"sensitive":true}`), "blkio_config": json.RawMessage(`{}`), "mem_limit": json.RawMessage(`"1g"`),
		"networks": json.RawMessage(`[]`), "name": json.RawMessage(`"n"`), "command": json.RawMessage(`["x"]`), "hostname": json.RawMessage(`"h"`), "unheard_of": json.RawMessage(`1`),
	}
	const want = `{"blkio_config":{},"command":["x"],"mem_limit":"1g","name":"n","networks":[],"registry_auth":{"sensitive":true}}`
	if got := docker.Amended(`{"command":["y"]}`, notes); got != want {
		t.Errorf("%s, want %s", got, want)
	}
}
