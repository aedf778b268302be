package engineproxy

import (
	"bufio"
	"encoding/binary"
	"io"
	"slices"
)

// The streams of an attached command, as an engine frames them.
const (
	streamOut = 1
	streamErr = 2
)

// tunnel takes the stream of a tunnel apart: towards the client it is the command
// (input as it is, output in frames), towards the engine inside it is its client.
func (r *relayed) tunnel(container string) {
	client := &framedClient{peer: r.client, from: r.fromClient}
	server := &framedServer{peer: r.server, from: r.fromServer, stderr: func(text []byte) { _ = client.frame(streamErr, text) }}
	r.p.relay(r.hook, client, server, append(slices.Clone(r.inside), container))
	_ = r.client.Close()
	_ = r.server.Close()
}

// framedClient is the client of a tunnel: what is written to it is framed as a
// command's output.
type framedClient struct {
	peer
	from *bufio.Reader
}

func (c *framedClient) Read(b []byte) (int, error) { return c.from.Read(b) }

func (c *framedClient) Write(b []byte) (int, error) {
	if err := c.frame(streamOut, b); err != nil {
		return 0, err
	}
	return len(b), nil
}

func (c *framedClient) frame(stream byte, b []byte) error {
	head := [8]byte{0: stream}
	binary.BigEndian.PutUint32(head[4:], uint32(len(b))) //nolint:gosec // a buffer's length
	_, err := c.peer.Write(append(head[:], b...))
	return err
}

// framedServer is the engine behind a tunnel: what is read from it was a
// command's output.
type framedServer struct {
	peer
	from   *bufio.Reader
	left   int64
	stderr func([]byte)
}

func (s *framedServer) Read(b []byte) (int, error) {
	for s.left == 0 {
		var head [8]byte
		if _, err := io.ReadFull(s.from, head[:]); err != nil {
			return 0, err
		}
		size := int64(binary.BigEndian.Uint32(head[4:]))
		if head[0] != streamErr {
			s.left = size
			continue
		}
		text := make([]byte, size)
		if _, err := io.ReadFull(s.from, text); err != nil {
			return 0, err
		}
		s.stderr(text)
	}
	n, err := s.from.Read(b[:min(int64(len(b)), s.left)])
	s.left -= int64(n)
	return n, err
}
