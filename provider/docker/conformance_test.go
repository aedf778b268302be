package docker_test

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/docker"
	"github.com/dindctl/dindctl/provider/providertest"
)

// The Docker provider keeps on a real engine what the contract promises.
func TestDockerConforms(t *testing.T) {
	r := newRig(t)
	proxy := newCountingProxy(t)
	providertest.Run(t, providertest.Factory{
		New:       func(*testing.T) provider.Provider { return docker.New(nil) },
		Configure: provider.ConfigureRequest{Endpoint: "unix://" + proxy.socket},
		Mutations: func(*testing.T) int { return int(proxy.mutations.Load()) },
		Project:   r.project, Image: bashImage, DaemonImage: dindImage,
		Stop: func(t *testing.T, place provider.Place, id string) {
			t.Helper()
			args := []string{"stop", "-t", "0", id}
			if place != provider.Root {
				hosts := strings.Split(strings.TrimPrefix(string(place), "/"), "/")
				slices.Reverse(hosts)
				for _, host := range hosts {
					args = append([]string{"exec", host, "docker"}, args...)
				}
			}
			if out, err := exec.Command("docker", args...).CombinedOutput(); err != nil {
				t.Errorf("docker %s: %v\n%s", strings.Join(args, " "), err, out)
			}
		},
		Foreign: func(t *testing.T, name string) string {
			t.Helper()
			r.docker("volume", "create", name)
			t.Cleanup(func() { r.docker("volume", "rm", name) })
			return name
		},
	})
}

// countingProxy stands in front of the engine and counts the requests that
// change something.
type countingProxy struct {
	socket    string
	mutations atomic.Int64
}

func newCountingProxy(t *testing.T) *countingProxy {
	t.Helper()
	p := &countingProxy{socket: filepath.Join(t.TempDir(), "s")}
	listener, err := net.Listen("unix", p.socket)
	if err != nil {
		t.Fatal(err)
	}
	engine := strings.TrimPrefix(os.Getenv("DOCKER_HOST"), "unix://")
	forward := &httputil.ReverseProxy{
		Rewrite:       func(r *httputil.ProxyRequest) { r.SetURL(&url.URL{Scheme: "http", Host: "engine"}) },
		FlushInterval: -1,
		Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", engine)
		}},
		ErrorLog: log.New(io.Discard, "", 0),
	}
	server := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			p.mutations.Add(1)
		}
		forward.ServeHTTP(w, r)
	})}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	return p
}
