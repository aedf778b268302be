package docker

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
)

// Without a terminal an engine sends a container's output and errors over one
// stream, in frames: the kind in the first byte, three bytes of zero, the length of
// the content in four bytes, the content.
// https://docs.docker.com/reference/api/engine/version/v1.41/#tag/Container/operation/ContainerAttach
const (
	frameHead = 8

	frameInput  = 0
	frameOutput = 1
	frameErrors = 2
	frameEngine = 3 // what the engine itself says: it cannot go on
)

// frameBuffer is how much of a frame is kept at once, whatever length it announces.
const frameBuffer = 32 << 10

// frameWords bounds what is kept of what the engine itself says.
const frameWords = 4 << 10

// brokenOff is a stream that ended in the middle of something.
type brokenOff struct{ what string }

func (b brokenOff) Error() string {
	return "the engine's stream ended in the middle of " + b.what + ": what came until then is not all of it"
}

// Unwrap makes it the error that package io has for that.
func (b brokenOff) Unwrap() error { return io.ErrUnexpectedEOF }

// nextFrame reads the head of a frame. At the stream's end the error is io.EOF.
func nextFrame(r io.Reader) (kind byte, size uint32, err error) {
	var head [frameHead]byte
	switch _, err := io.ReadFull(r, head[:]); {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return 0, 0, brokenOff{"a frame's head"}
	case err != nil:
		return 0, 0, err
	}
	if head[0] > frameEngine || head[1] != 0 || head[2] != 0 || head[3] != 0 {
		return 0, 0, fmt.Errorf("where a frame of output should begin the engine sent the bytes %x: is it a Docker engine that answers there, and nothing in between that changes what it says?", head)
	}
	return head[0], uint32(head[4])<<24 | uint32(head[5])<<16 | uint32(head[6])<<8 | uint32(head[7]), nil
}

// framed is a writer that wants to know where frames begin.
type framed interface{ frame() }

// demultiplex copies a container's output; with a terminal there is one stream. It
// keeps one frameBuffer of it. A stream that ends in the middle of a frame is an error.
func demultiplex(logs io.Reader, tty bool, stdout, stderr io.Writer) error {
	if tty {
		_, err := io.Copy(stdout, logs)
		return err
	}
	from, buffer := bufio.NewReaderSize(logs, frameBuffer), make([]byte, frameBuffer)
	for {
		kind, size, err := nextFrame(from)
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		}
		switch kind {
		case frameInput, frameOutput:
			err = copyFrame(stdout, from, size, buffer)
		case frameErrors:
			err = copyFrame(stderr, from, size, buffer)
		default:
			err = engineSaid(from, size)
		}
		if err != nil {
			return err
		}
	}
}

// copyFrame hands the content of a frame on as it comes.
func copyFrame(to io.Writer, from io.Reader, size uint32, buffer []byte) error {
	if f, is := to.(framed); is {
		f.frame()
	}
	for left := size; left > 0; {
		n, err := from.Read(buffer[:min(uint64(len(buffer)), uint64(left))])
		left -= uint32(n) //nolint:gosec // n is at most left
		if _, failed := to.Write(buffer[:n]); n > 0 && failed != nil {
			return failed
		}
		switch {
		case left == 0:
		case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
			return brokenOff{fmt.Sprintf("a frame, after %d of its %d bytes", size-left, size)}
		case err != nil:
			return err
		}
	}
	return nil
}

// engineSaid is what the engine itself says in a frame.
func engineSaid(from io.Reader, size uint32) error {
	text, err := io.ReadAll(io.LimitReader(from, int64(min(size, frameWords))))
	if err != nil {
		return err
	}
	return errors.New("the engine cannot go on with it: " + strings.TrimSpace(string(text)))
}
