package docker_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/docker"
)

// The networks inside a daemon get addresses that no network has on any level around
// it: of three daemons inside each other, each reaches all that is further out.
func TestPoolsAreFreeOnEveryLevel(t *testing.T) {
	t.Parallel()
	root := withNetwork(t, "10.202.7.0/24")
	p := docker.New(nil)
	t.Cleanup(func() { _ = p.Close() })
	if _, err := p.Configure(t.Context(), provider.ConfigureRequest{Endpoint: "unix://" + root, Environment: map[string]string{"DOCKER_CONFIG": t.TempDir()}}); err != nil {
		t.Fatal(err)
	}
	places := []provider.Place{provider.Root}
	for i, subnet := range []string{"10.201.0.0/24", "10.203.0.0/24"} {
		socket := withNetwork(t, subnet)
		resp, err := p.Open(t.Context(), provider.OpenRequest{
			Parent: places[i], ID: fmt.Sprintf("level%d", i+1),
			Stream: func(ctx context.Context) (net.Conn, error) { return (&net.Dialer{}).DialContext(ctx, "unix", socket) },
		})
		if err != nil || !resp.Readable {
			t.Fatalf("level %d: %+v, %v", i+1, resp, err)
		}
		places = append(places, resp.Place)
	}
	decl := provider.Declaration{Kind: provider.Daemon, Address: "daemon.d", Declared: cty.EmptyObjectVal}
	var got []string
	for _, place := range places[1:] {
		chosen, err := docker.Chosen(t.Context(), p, place, decl)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, chosen)
	}
	want := `{"default-address-pools":[{"base":"10.203.0.0/16","size":24}]} {"default-address-pools":[{"base":"10.204.0.0/16","size":24}]}`
	if strings.Join(got, " ") != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// withNetwork is the socket of an engine that has one network.
func withNetwork(t *testing.T, subnet string) string {
	t.Helper()
	socket := filepath.Join(t.TempDir(), "s")
	l, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{ReadHeaderTimeout: hung, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Api-Version", "1.41")
		w.Header().Set("Content-Type", "application/json")
		switch {
		case strings.HasSuffix(r.URL.Path, "/networks"):
			_, _ = fmt.Fprintf(w, `[{"Name":"n","Id":"`+strings.Repeat("a", 64)+`","Scope":"local","Driver":"bridge","IPAM":{"Config":[{"Subnet":%q}]}}]`, subnet)
		case strings.HasSuffix(r.URL.Path, "/_ping"):
			_, _ = io.WriteString(w, "OK")
		default:
			_, _ = io.WriteString(w, `{"ID":"engine","OSType":"linux","OperatingSystem":"Docker Desktop"}`)
		}
	})}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	return socket
}

// Where what is around takes all of 10.0.0.0/8, a daemon gets other private addresses;
// where nothing private is left, it is said what is in the way.
func TestPoolsWhereMuchIsTaken(t *testing.T) {
	t.Parallel()
	decl := provider.Declaration{Kind: provider.Daemon, Address: "daemon.d", Declared: cty.EmptyObjectVal}
	for _, row := range []struct{ root, inside, want string }{
		{"10.0.0.0/8", "172.16.9.0/24", `{"default-address-pools":[{"base":"172.17.0.0/16","size":24}]}`},
		{"0.0.0.0/1", "172.16.0.0/12", `{"default-address-pools":[{"base":"192.168.0.0/20","size":24}]}`},
		{"10.0.0.0/8", "128.0.0.0/1", "{}no addresses are free for the networks inside: around it are the network n (10.0.0.0/8), the network n (128.0.0.0/1). Its daemon chooses by itself, and what is inside may not reach them. Give it address_pools"},
	} {
		root, socket := withNetwork(t, row.root), withNetwork(t, row.inside)
		p := docker.New(nil)
		t.Cleanup(func() { _ = p.Close() })
		if _, err := p.Configure(t.Context(), provider.ConfigureRequest{Endpoint: "unix://" + root, Environment: map[string]string{"DOCKER_CONFIG": t.TempDir()}}); err != nil {
			t.Fatal(err)
		}
		resp, err := p.Open(t.Context(), provider.OpenRequest{
			Parent: provider.Root, ID: "inside",
			Stream: func(ctx context.Context) (net.Conn, error) { return (&net.Dialer{}).DialContext(ctx, "unix", socket) },
		})
		if err != nil || !resp.Readable {
			t.Fatalf("%+v, %v", resp, err)
		}
		got, err := docker.Chosen(t.Context(), p, resp.Place, decl)
		if err != nil {
			t.Fatal(err)
		}
		if got != row.want {
			t.Errorf("with %s and %s:\n got %s\nwant %s", row.root, row.inside, got, row.want)
		}
	}
}
