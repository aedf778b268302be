package buildkit_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	control "github.com/moby/buildkit/api/services/control"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/dindctl/dindctl/provider/docker/buildkit"
)

// Each step is told once, its output line by line however it is cut, and the bytes
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
		strings.Repeat("y", 65<<10), "left",
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
