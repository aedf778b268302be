package engineproxy

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// peer is one end of a relay.
type peer interface {
	io.ReadWriteCloser
	// CloseWrite ends what is written and leaves open what is read.
	CloseWrite() error
}

// relayed is one connection of a client and the one to the engine that serves it.
type relayed struct {
	p              *Proxy
	hook           Hook
	client, server peer
	fromClient     *bufio.Reader
	fromServer     *bufio.Reader
	inside         []string
}

func (p *Proxy) relay(hook Hook, client, server peer, inside []string) {
	r := &relayed{
		p: p, hook: hook, client: client, server: server, inside: inside,
		fromClient: bufio.NewReader(client), fromServer: bufio.NewReader(server),
	}
	for r.next() {
	}
}

// next relays one request and its answer, and tells whether another may follow.
func (r *relayed) next() bool {
	req, err := http.ReadRequest(r.fromClient)
	if err != nil {
		return false
	}
	call, err := r.callOf(req)
	if err != nil {
		return false
	}
	if verdict := r.hook.Before(call); verdict != Pass {
		return r.instead(verdict, req)
	}
	gone := r.send(req)
	resp, err := http.ReadResponse(r.fromServer, req)
	if err != nil {
		return false
	}
	defer func() { _ = resp.Body.Close() }()
	if call.Method == http.MethodPost && execCreate.MatchString(call.Path) && opensTunnel(call.Body) {
		if err := r.note(call, resp); err != nil {
			return false
		}
	}
	if r.spoil(call) {
		return false
	}
	if r.hook.Wants(call) {
		if verdict := r.after(call, resp); verdict != Pass {
			return r.instead(verdict, nil)
		}
	}
	if resp.StatusCode == http.StatusSwitchingProtocols {
		r.hijacked(call, resp)
		return false
	}
	if err := resp.Write(r.client); err != nil {
		return false
	}
	<-gone
	return !resp.Close && !req.Close
}

// callOf describes a request. A small body is read and put back.
func (r *relayed) callOf(req *http.Request) (Call, error) {
	call := Call{Number: r.p.calls.Add(1), Method: req.Method, Path: req.URL.Path, Query: req.URL.RawQuery, Inside: r.inside}
	if prefix := version.FindString(call.Path); prefix != "" {
		call.Path = call.Path[len(prefix)-1:]
	}
	const small = 1 << 20
	if req.ContentLength > 0 && req.ContentLength < small {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return Call{}, err
		}
		call.Body = body
		req.Body = io.NopCloser(bytes.NewReader(body))
	}
	switch {
	case call.Method != http.MethodPost:
	case execCreate.MatchString(call.Path):
		call.Tunnel = opensTunnel(call.Body)
	case execStart.MatchString(call.Path):
		_, call.Tunnel = r.p.tunnelOf(execStart.FindStringSubmatch(call.Path)[1])
	}
	return call, nil
}

// send hands the request on. The channel is closed when the client's next request
// comes, or the client is gone; then the engine loses its client, too.
func (r *relayed) send(req *http.Request) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		err := req.Write(r.server)
		if err == nil && req.Header.Get("Upgrade") == "" {
			_, err = r.fromClient.Peek(1)
		}
		if err != nil {
			_ = r.server.Close()
		}
	}()
	return done
}

// note remembers the exec that a tunnel was made with.
func (r *relayed) note(call Call, resp *http.Response) error {
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	resp.Body, resp.ContentLength, resp.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
	var answer struct{ ID string }
	if json.Unmarshal(body, &answer) == nil && answer.ID != "" {
		r.p.noteTunnel(answer.ID, execCreate.FindStringSubmatch(call.Path)[1])
	}
	return nil
}

// after reads the whole answer and asks what becomes of it.
func (r *relayed) after(call Call, resp *http.Response) Verdict {
	if resp.StatusCode != http.StatusSwitchingProtocols {
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			return Drop
		}
		resp.Body, resp.ContentLength, resp.TransferEncoding = io.NopCloser(bytes.NewReader(body)), int64(len(body)), nil
	}
	return r.hook.After(call, resp.StatusCode)
}

// instead does what a verdict says in the place of an answer. Req is the request
// that nobody has read yet, or nil. The connection ends with it.
func (r *relayed) instead(verdict Verdict, req *http.Request) bool {
	switch verdict {
	case Refuse:
		if req != nil {
			_, _ = io.Copy(io.Discard, req.Body)
		}
		const text = `{"message":"the engine broke down (a fault of the test)"}`
		_, _ = fmt.Fprintf(r.client, "HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s", len(text), text)
	case Silence:
		if req != nil {
			_, _ = io.Copy(io.Discard, req.Body)
		}
		_, _ = io.Copy(io.Discard, r.fromClient) // until the client has had enough
	case Pass, Drop:
	}
	return false
}

// spoil answers what no engine would answer, where the hook says so.
func (r *relayed) spoil(call Call) bool {
	spoiler, ok := r.hook.(Spoiler)
	if !ok {
		return false
	}
	answer, ok := spoiler.Spoil(call)
	if !ok {
		return false
	}
	head := "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
	if answer.Length >= 0 {
		head += fmt.Sprintf("Content-Length: %d\r\n", answer.Length)
	}
	if _, err := io.WriteString(r.client, head+"Connection: close\r\n\r\n"); err != nil {
		return true
	}
	for range max(1, answer.Repeat) {
		if _, err := r.client.Write(answer.Body); err != nil {
			return true
		}
	}
	if answer.Hang {
		_, _ = io.Copy(io.Discard, r.fromClient)
	}
	return true
}

// hijacked relays what comes after a change of protocol: a tunnel call by call,
// everything else as bytes.
func (r *relayed) hijacked(call Call, resp *http.Response) {
	head := "HTTP/1.1 101 Switching Protocols\r\n"
	for key, values := range resp.Header {
		head += key + ": " + strings.Join(values, ", ") + "\r\n"
	}
	if _, err := io.WriteString(r.client, head+"\r\n"); err != nil {
		return
	}
	if m := execStart.FindStringSubmatch(call.Path); m != nil {
		if container, ok := r.p.tunnelOf(m[1]); ok {
			r.tunnel(container)
			return
		}
	}
	through(r.client, r.fromClient, r.server, r.fromServer)
}
