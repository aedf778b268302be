package docker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
)

// tunnel opens a byte stream to the engine inside a running container: an exec of
// `docker system dial-stdio`, which ends when the connection is closed.
func (e *engine) tunnel(ctx context.Context, id string) (net.Conn, error) {
	return openExecStream(ctx, e.tunnels, "/v"+e.read.ClientVersion(), id, tunnelExec())
}

// openExecStream creates an exec and turns its attached stream into a connection.
func openExecStream(ctx context.Context, hc *http.Client, base, id string, options container.ExecOptions) (net.Conn, error) {
	created, err := post(ctx, hc, base+"/containers/"+id+"/exec", options, false)
	if err != nil {
		return nil, err
	}
	var answer container.ExecCreateResponse
	err = json.NewDecoder(created.Body).Decode(&answer)
	_ = created.Body.Close()
	if err != nil {
		return nil, fmt.Errorf("reading the answer to an exec: %w", err)
	}
	var below net.Conn
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(got httptrace.GotConnInfo) { below = got.Conn }})
	started, err := post(traced, hc, base+"/exec/"+answer.ID+"/start", container.ExecStartOptions{}, true)
	if err != nil {
		return nil, err
	}
	stream, ok := started.Body.(io.ReadWriteCloser)
	if !ok {
		_ = started.Body.Close()
		return nil, errors.New("the engine did not hand over the stream of an exec")
	}
	return &execConn{stream: stream, below: below}, nil
}

// post sends one request; an answer that is none of success is an error with the
// engine's own words.
func post(ctx context.Context, hc *http.Client, path string, body any, upgrade bool) (*http.Response, error) {
	content, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+engineHost+path, bytes.NewReader(content))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	if upgrade {
		req.Header.Set("Connection", "Upgrade")
		req.Header.Set("Upgrade", "tcp")
	}
	resp, err := hc.Do(req)
	if err != nil {
		return nil, err
	}
	switch {
	case upgrade && resp.StatusCode == http.StatusSwitchingProtocols:
		return resp, nil
	case !upgrade && resp.StatusCode/100 == 2:
		return resp, nil
	}
	defer func() { _ = resp.Body.Close() }()
	var said struct{ Message string }
	text, _ := io.ReadAll(io.LimitReader(resp.Body, 16<<10))
	if json.Unmarshal(text, &said) != nil || said.Message == "" {
		said.Message = strings.TrimSpace(string(text))
	}
	return nil, fmt.Errorf("%s (status %d)", said.Message, resp.StatusCode)
}

// execConn is the attached stream of an exec as a connection: what is written is
// the command's input, what is read its output, which comes in frames.
type execConn struct {
	stream io.ReadWriteCloser
	below  net.Conn // what carries the stream
	left   uint32   // of the output's present frame
	spoke  bool     // it wrote output
	stderr bytes.Buffer
}

const stderrKept = 4 << 10

// Read returns output; the end of a command that wrote errors and nothing else is an error
// with them. One that has written output has led somewhere: what it says at its end may be
// that whoever it led to hung up before its input had come to an end, which is everyday
// (github.com/docker/cli, cli/command/system/dial_stdio.go).
func (c *execConn) Read(b []byte) (int, error) {
	for c.left == 0 {
		if err := c.nextFrame(); err != nil {
			return 0, c.ended(err)
		}
	}
	n, err := c.stream.Read(b[:min(uint64(len(b)), uint64(c.left))])
	c.left -= uint32(n) //nolint:gosec // n is at most left
	switch {
	case n > 0:
		c.spoke = true
		return n, nil
	case errors.Is(err, io.EOF) && (c.spoke || c.stderr.Len() == 0):
		if said := strings.TrimSpace(c.stderr.String()); said != "" {
			return n, fmt.Errorf("%w; it said: %s", brokenOff{"a frame"}, said)
		}
		return n, brokenOff{"a frame"}
	}
	return n, c.ended(err)
}

func (c *execConn) nextFrame() error {
	kind, size, err := nextFrame(c.stream)
	switch {
	case err != nil:
		return err
	case kind == frameEngine:
		return engineSaid(c.stream, size)
	case kind != frameErrors:
		c.left = size
		return nil
	}
	kept := min(int64(size), int64(stderrKept-min(c.stderr.Len(), stderrKept)))
	if _, err := io.CopyN(&c.stderr, c.stream, kept); err != nil {
		return err
	}
	_, err = io.CopyN(io.Discard, c.stream, int64(size)-kept)
	return err
}

func (c *execConn) ended(err error) error {
	if errors.Is(err, io.EOF) && !c.spoke && c.stderr.Len() > 0 {
		return errors.New(strings.TrimSpace(c.stderr.String()))
	}
	return err
}

func (c *execConn) Write(b []byte) (int, error) { return c.stream.Write(b) }

// CloseWrite ends the command's input alone: the command of a tunnel hands the end
// on, so that it reaches whatever reads at the far end, however deep.
func (c *execConn) CloseWrite() error {
	if half, able := c.below.(interface{ CloseWrite() error }); able {
		return half.CloseWrite()
	}
	return nil // the reader goes without an end until the connection is closed
}

// Close ends the command by closing its input.
func (c *execConn) Close() error { return c.stream.Close() }

func (c *execConn) LocalAddr() net.Addr              { return streamAddr{} }
func (c *execConn) RemoteAddr() net.Addr             { return streamAddr{} }
func (c *execConn) SetDeadline(time.Time) error      { return nil }
func (c *execConn) SetReadDeadline(time.Time) error  { return nil }
func (c *execConn) SetWriteDeadline(time.Time) error { return nil }

// streamAddr is the address of what has none.
type streamAddr struct{}

func (streamAddr) Network() string { return "exec" }
func (streamAddr) String() string  { return "exec" }
