package buildkit_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	control "github.com/moby/buildkit/api/services/control"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dindctl/dindctl/provider/docker/buildkit"
)

// Each step is told once, its output line by line however it is cut and
// in parts where a line is too long, and the bytes
// of all layers as one sum; what BuildKit does for itself is not told, and what
// nobody can read says nothing.
func TestTraceIsWhatAPersonFollows(t *testing.T) {
	t.Parallel()
	var got []string
	trace := buildkit.NewTrace(func(line string) { got = append(got, line) }, func(done, total int64) { got = append(got, fmt.Sprint(done, " of ", total)) })
	at := timestamppb.Now()
	for _, s := range []*control.StatusResponse{
		{Vertexes: []*control.Vertex{{Digest: "i", Name: "[internal] load metadata", Started: at}, {Digest: "a", Name: "[1/3] FROM base"}}},
		{Vertexes: []*control.Vertex{{Digest: "a", Name: "[1/3] FROM base", Started: at}}, Statuses: []*control.VertexStatus{{ID: "l1", Vertex: "a", Current: 1, Total: 10}, {ID: "done", Vertex: "a"}}},
		{Statuses: []*control.VertexStatus{{ID: "l1", Vertex: "a", Current: 10, Total: 10}, {ID: "l2", Vertex: "a", Current: 2, Total: 5}}},
		{Statuses: []*control.VertexStatus{{ID: "l2", Vertex: "a", Current: 2, Total: 5}}},
		{Vertexes: []*control.Vertex{{Digest: "b", Name: "[2/3] COPY . .", Started: at, Cached: true}, {Digest: "b", Name: "[2/3] COPY . .", Started: at, Cached: true}}},
		{Vertexes: []*control.Vertex{{Digest: "c", Name: "[3/3] RUN make", Started: at}}, Logs: []*control.VertexLog{{Vertex: "c", Msg: []byte("one\r\nt")}}},
		{Logs: []*control.VertexLog{{Vertex: "c", Msg: []byte("wo\nend")}}, Vertexes: []*control.Vertex{{Digest: "c", Name: "[3/3] RUN make", Started: at, Completed: at}}},
		{Vertexes: []*control.Vertex{{Digest: "e", Name: "exporting to image", Started: at}}, Logs: []*control.VertexLog{{Vertex: "x", Msg: []byte("left")}, {Vertex: "y", Msg: []byte(strings.Repeat("y", 65<<10))}}},
	} {
		message, err := proto.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		trace.Note(message)
	}
	trace.Note([]byte("no message"))
	trace.Close()
	want := []string{
		"[1/3] FROM base", "1 of 10", "12 of 15", "CACHED [2/3] COPY . .", "[3/3] RUN make", "one", "two", "end",
		strings.Repeat("y", 64<<10), "left", strings.Repeat("y", 1<<10),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// An engine that opens no session is an error, and nothing goes on after it.
func TestASessionThatCannotBeOpenedIsTheDialsError(t *testing.T) {
	t.Parallel()
	refused := errors.New("received 404")
	_, err := buildkit.Open(t.Context(), func(context.Context, string, map[string][]string) (net.Conn, error) { return nil, refused }, buildkit.Offer{})
	if !errors.Is(err, refused) {
		t.Errorf("%v, want %v", err, refused)
	}
}

// A trace may tell of more steps and layers than there are, of parts that take a hundred
// times their length once they are read, and of lines that never end: what is kept of it
// is bounded, and what can be told is told.
func TestATraceThatIsTooMuch(t *testing.T) {
	told, most := 0, int64(0)
	trace := buildkit.NewTrace(func(line string) {
		if len(line) > 64<<10 {
			t.Errorf("a line of %d bytes", len(line))
		}
		told += len(line)
	}, func(_, total int64) { most = max(most, total) })
	note := func(s *control.StatusResponse) {
		message, err := proto.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		trace.Note(message)
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)

	empty := bytes.Repeat([]byte{0x0a, 0}, 1<<20) // a million steps of nothing
	trace.Note(empty)
	nested := protowire.AppendBytes(protowire.AppendTag(nil, 4, protowire.BytesType), bytes.Repeat([]byte{0x2a, 0}, 1<<20))
	trace.Note(nested) // a warning with a million ranges
	runtime.ReadMemStats(&after)
	if got := (after.TotalAlloc - before.TotalAlloc) >> 20; got > 32 {
		t.Errorf("%d MiB for parts of nothing", got)
	}

	const steps, line = 12_000, 1000
	for i := range steps {
		name := fmt.Sprint("step ", i)
		note(&control.StatusResponse{
			Logs:     []*control.VertexLog{{Vertex: name, Msg: bytes.Repeat([]byte("x"), line)}},
			Statuses: []*control.VertexStatus{{ID: name, Vertex: name, Current: 1, Total: 1}},
		})
	}
	note(&control.StatusResponse{Logs: []*control.VertexLog{{Vertex: "long", Msg: bytes.Repeat([]byte("x"), 1<<20)}}})
	runtime.GC()
	runtime.ReadMemStats(&after)
	if got := (int64(after.HeapAlloc) - int64(before.HeapAlloc)) >> 20; got > 64 {
		t.Errorf("%d MiB are kept", got)
	}
	trace.Close()
	if told != steps*line+1<<20 || most != 10_000 {
		t.Errorf("%d bytes of %d were told, and %d layers", told, steps*line+1<<20, most)
	}
}
