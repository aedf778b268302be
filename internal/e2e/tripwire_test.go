package e2e_test

import (
	"bytes"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// tripwire is a relay in front of the engine. At the first POST whose path ends
// as told it says so and holds the request back; released, it drops it.
type tripwire struct {
	socket  string
	tripped chan struct{}
	release func()
}

func newTripwire(t *testing.T, suffix string) tripwire {
	t.Helper()
	dir := t.TempDir()
	listener, err := net.Listen("unix", filepath.Join(dir, "docker.sock"))
	if err != nil {
		t.Fatal(err)
	}
	tripped, released := make(chan struct{}), make(chan struct{})
	var once, stop sync.Once
	release := func() { stop.Do(func() { close(released) }) }
	t.Cleanup(func() {
		release()
		_ = listener.Close()
	})
	engine := strings.TrimPrefix(os.Getenv("DOCKER_HOST"), "unix://")
	hold := func(request []byte) bool {
		line, _, _ := bytes.Cut(request, []byte("\r\n"))
		path, _, _ := strings.Cut(strings.TrimSuffix(string(line), " HTTP/1.1"), "?")
		if !strings.HasPrefix(path, "POST ") || !strings.HasSuffix(path, suffix) {
			return false
		}
		once.Do(func() { close(tripped) })
		<-released
		return true
	}
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go relay(client, engine, hold)
		}
	}()
	return tripwire{socket: filepath.Join(dir, "docker.sock"), tripped: tripped, release: release}
}

// relay copies both ways; each chunk that the client sends is shown to hold
// first, which is enough to see the head of every request.
func relay(client net.Conn, engine string, hold func([]byte) bool) {
	defer func() { _ = client.Close() }()
	server, err := net.Dial("unix", engine)
	if err != nil {
		return
	}
	defer func() { _ = server.Close() }()
	go func() {
		_, _ = io.Copy(client, server)
		_ = client.Close()
	}()
	buffer := make([]byte, 64<<10)
	for {
		n, err := client.Read(buffer)
		if n > 0 && hold(buffer[:n]) {
			return
		}
		if n > 0 {
			if _, err := server.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}

// closedSocket is a socket that only root may use.
func closedSocket(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	openUp(t, dir)
	path := filepath.Join(dir, "docker.sock")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return path
}

// openUp lets everybody into a directory of the test's and those above it.
func openUp(t *testing.T, dir string) {
	t.Helper()
	for ; dir != filepath.Clean(os.TempDir()) && dir != "/"; dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

func copyFile(t *testing.T, from, to string, mode os.FileMode) {
	t.Helper()
	content, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(to, content, mode); err != nil {
		t.Fatal(err)
	}
}
