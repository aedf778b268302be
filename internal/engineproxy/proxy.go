package engineproxy

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
)

// Proxy listens on a socket of its own in front of an engine's.
type Proxy struct {
	engine   string
	choose   func(pid int) Hook
	listener *net.UnixListener
	calls    atomic.Int64

	mu      sync.Mutex
	conns   map[peer]bool
	tunnels map[string]string // the id of a tunnel's exec to its container
	closed  bool
	serving sync.WaitGroup
}

// Start listens on the socket, in front of the engine on the socket engine.
// Choose says who decides about the calls of a process; where it says nil, the
// connection is relayed as bytes, without a look at them.
func Start(socket, engine string, choose func(pid int) Hook) (*Proxy, error) {
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Net: "unix", Name: socket})
	if err != nil {
		return nil, err
	}
	if err := likeEngine(socket, engine); err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	p := &Proxy{engine: engine, choose: choose, listener: listener, conns: map[peer]bool{}, tunnels: map[string]string{}}
	p.serving.Add(1)
	go p.accept()
	return p, nil
}

// likeEngine gives the socket the mode and the group of the engine's.
func likeEngine(socket, engine string) error {
	info, err := os.Stat(engine)
	if err != nil {
		return err
	}
	if err := chownLike(socket, info); err != nil {
		return err
	}
	return os.Chmod(socket, info.Mode().Perm())
}

// Close ends every connection and waits until nothing is relayed any more.
func (p *Proxy) Close() error {
	err := p.listener.Close()
	p.mu.Lock()
	p.closed = true
	for conn := range p.conns {
		_ = conn.Close()
	}
	p.mu.Unlock()
	p.serving.Wait()
	return err
}

func (p *Proxy) accept() {
	defer p.serving.Done()
	for {
		client, err := p.listener.AcceptUnix()
		if err != nil {
			return
		}
		p.serving.Add(1)
		go func() {
			defer p.serving.Done()
			defer p.keep(client)()
			p.serve(client)
		}()
	}
}

func (p *Proxy) serve(client *net.UnixConn) {
	hook := p.choose(pidOf(client))
	server, err := net.DialUnix("unix", nil, &net.UnixAddr{Net: "unix", Name: p.engine})
	if err != nil {
		return
	}
	defer p.keep(server)()
	if hook == nil {
		through(client, client, server, server)
		return
	}
	p.relay(hook, client, server, nil)
}

// through copies both ways until both have ended.
func through(client peer, fromClient io.Reader, server peer, fromServer io.Reader) {
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, _ = io.Copy(server, fromClient)
		_ = server.CloseWrite()
	}()
	_, _ = io.Copy(client, fromServer)
	_ = client.Close()
	_ = server.Close()
	<-ended
}

// keep notes a connection for Close and returns what ends it.
func (p *Proxy) keep(conn peer) func() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conns[conn] = true
	if p.closed {
		_ = conn.Close()
	}
	return func() {
		_ = conn.Close()
		p.mu.Lock()
		delete(p.conns, conn)
		p.mu.Unlock()
	}
}

// noteTunnel remembers an exec that opens a tunnel; the exec's id is the key.
func (p *Proxy) noteTunnel(exec, container string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tunnels[exec] = container
}

func (p *Proxy) tunnelOf(exec string) (string, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	container, ok := p.tunnels[exec]
	return container, ok
}
