package hostile

import (
	"archive/tar"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"sync/atomic"

	"github.com/dindctl/dindctl/internal/replay"
)

// Where tells of an engine's place whether a fault is there.
type Where func(*replay.Place) bool

// Root is the engine that a command reaches itself.
func Root(p *replay.Place) bool { return len(p.Inside) == 0 && !p.Elsewhere }

// Inside are all engines inside daemons.
func Inside(p *replay.Place) bool { return len(p.Inside) > 0 }

// Instead answers requests in an engine's stead. Calls match a pattern whole:
// a method and a path without the API's version, such as "GET /volumes".
func Instead(where Where, calls string, answer http.HandlerFunc) replay.Around {
	return Over(where, calls, func(w http.ResponseWriter, r *http.Request, _ http.Handler) { answer(w, r) })
}

// Over is [Instead] for answers that are made of the engine's own.
func Over(where Where, calls string, answer func(http.ResponseWriter, *http.Request, http.Handler)) replay.Around {
	pattern := regexp.MustCompile("^(" + calls + ")$")
	return func(p *replay.Place, engine http.Handler) http.Handler {
		if !where(p) {
			return engine
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if pattern.MatchString(r.Method + " " + replay.Path(r)) {
				answer(w, r, engine)
				return
			}
			engine.ServeHTTP(w, r)
		})
	}
}

// All stands several around an engine, the first innermost.
func All(list ...replay.Around) replay.Around {
	return func(p *replay.Place, engine http.Handler) http.Handler {
		for _, around := range list {
			if around != nil {
				engine = around(p, engine)
			}
		}
		return engine
	}
}

// Endless begins with a text and goes on with another one until nobody reads.
// Sent counts its bytes; it may be nil.
func Endless(begin, more string, sent *atomic.Int64) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		block := make([]byte, 0, 64<<10)
		for len(block)+len(more) <= cap(block) {
			block = append(block, more...)
		}
		for part := []byte(begin); ; part = block {
			n, err := w.Write(part)
			if sent != nil {
				sent.Add(int64(n))
			}
			if err != nil {
				return
			}
		}
	}
}

// Trickling sends an engine's own answer a byte at a time. After each it pauses; the
// pause tells whether to go on.
func Trickling(pause func(context.Context) bool) func(http.ResponseWriter, *http.Request, http.Handler) {
	return func(w http.ResponseWriter, r *http.Request, engine http.Handler) {
		body := answerOf(w, r, engine)
		for i := range body {
			if _, err := w.Write(body[i : i+1]); err != nil || http.NewResponseController(w).Flush() != nil {
				return
			}
			if !pause(r.Context()) {
				return
			}
		}
	}
}

// Stopping sends half of an engine's own answer and then nothing.
func Stopping(w http.ResponseWriter, r *http.Request, engine http.Handler) {
	body := answerOf(w, r, engine)
	_, _ = w.Write(body[:len(body)/2])
	_ = http.NewResponseController(w).Flush()
	<-r.Context().Done()
}

// answerOf takes an engine's own answer; its header goes to w.
func answerOf(w http.ResponseWriter, r *http.Request, engine http.Handler) []byte {
	got := httptest.NewRecorder()
	engine.ServeHTTP(got, r)
	for name, values := range got.Header() {
		w.Header()[name] = values
	}
	w.Header().Del("Content-Length")
	w.WriteHeader(got.Code)
	return got.Body.Bytes()
}

// Frame is an answer of one frame, as engines frame the output of containers, that
// announces as many bytes, and has less.
func Frame(announced uint32, content string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		head := [8]byte{0: 1}
		binary.BigEndian.PutUint32(head[4:], announced)
		w.Header().Set("Content-Type", "application/vnd.docker.multiplexed-stream")
		_, _ = w.Write(head[:])
		_, _ = io.WriteString(w, content)
	}
}

// Sparse is an archive of one file of zeros, which lies nowhere. Sent counts the
// bytes of it that are read.
func Sparse(size int64, sent *atomic.Int64) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		stat, _ := json.Marshal(map[string]any{"name": "sparse", "size": size, "mode": 0o644, "mtime": "2026-01-01T00:00:00Z", "linkTarget": ""})
		w.Header().Set("X-Docker-Container-Path-Stat", base64.StdEncoding.EncodeToString(stat))
		w.Header().Set("Content-Type", "application/x-tar")
		if r.Method == http.MethodHead {
			return
		}
		archive := tar.NewWriter(w)
		if archive.WriteHeader(&tar.Header{Name: "sparse", Size: size, Mode: 0o644, Typeflag: tar.TypeReg}) != nil {
			return
		}
		zeros := make([]byte, 64<<10)
		for left := size; left > 0; {
			n, err := archive.Write(zeros[:min(left, int64(len(zeros)))])
			sent.Add(int64(n))
			if err != nil {
				return
			}
			left -= int64(n)
		}
		_ = archive.Close() // who reads no further needs no end
	}
}

// Once is an answer of JSON.
func Once(content string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, content)
	}
}
