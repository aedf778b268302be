package buildkit

import (
	"slices"
	"strings"

	control "github.com/moby/buildkit/api/services/control"
	"google.golang.org/protobuf/proto"
)

// TraceID marks the messages of an engine's progress stream that hold a trace: their
// "aux" is the base64 of what Note takes.
const TraceID = "moby.buildkit.trace"

// Trace turns what BuildKit tells into what a person follows: each step of the
// Dockerfile once, as "[2/3] RUN make", the lines that it prints, and the bytes of
// the images that are fetched. It is used by one goroutine.
type Trace struct {
	line    func(string)
	bytes   func(done, total int64)
	steps   map[string]*step    // by digest
	fetched map[string][2]int64 // by step and layer: done, total
}

type step struct {
	told bool
	rest string // of a line whose end has not come
}

// NewTrace returns a trace that hands on lines without their ends, and the sum over
// all layers whenever it changes.
func NewTrace(line func(string), bytes func(done, total int64)) *Trace {
	return &Trace{line: line, bytes: bytes, steps: map[string]*step{}, fetched: map[string][2]int64{}}
}

// Note takes in one message: a StatusResponse of BuildKit's control API in the wire
// format of protocol buffers. One that cannot be read says nothing, because how the
// build ends is told otherwise.
func (t *Trace) Note(message []byte) {
	var status control.StatusResponse
	if proto.Unmarshal(message, &status) != nil {
		return
	}
	for _, v := range status.GetVertexes() {
		t.begin(v)
	}
	for _, l := range status.GetLogs() {
		s := t.of(l.GetVertex())
		lines := strings.Split(s.rest+string(l.GetMsg()), "\n")
		s.rest = lines[len(lines)-1]
		for _, text := range lines[:len(lines)-1] {
			t.line(strings.TrimSuffix(text, "\r"))
		}
		if len(s.rest) > lineLimit {
			t.rest(s)
		}
	}
	for _, v := range status.GetVertexes() {
		if v.GetCompleted() != nil {
			t.rest(t.of(v.GetDigest()))
		}
	}
	t.fetch(status.GetStatuses())
}

// lineLimit is where a line without end is cut, in bytes.
const lineLimit = 64 << 10

// Close hands on what stands without the end of a line.
func (t *Trace) Close() {
	digests := make([]string, 0, len(t.steps))
	for digest := range t.steps {
		digests = append(digests, digest)
	}
	slices.Sort(digests)
	for _, digest := range digests {
		t.rest(t.steps[digest])
	}
}

func (t *Trace) rest(s *step) {
	if s.rest != "" {
		t.line(strings.TrimSuffix(s.rest, "\r"))
		s.rest = ""
	}
}

func (t *Trace) of(digest string) *step {
	if t.steps[digest] == nil {
		t.steps[digest] = &step{}
	}
	return t.steps[digest]
}

// begin tells a step of the Dockerfile when it begins. What BuildKit does for itself
// has no number in brackets, or "[internal]", and is not told.
func (t *Trace) begin(v *control.Vertex) {
	s := t.of(v.GetDigest())
	own := !strings.HasPrefix(v.GetName(), "[") || strings.HasPrefix(v.GetName(), "[internal]")
	if v.GetStarted() == nil || s.told || own {
		return
	}
	s.told = true
	if v.GetCached() {
		t.line("CACHED " + v.GetName())
		return
	}
	t.line(v.GetName())
}

// fetch adds up the layers that are being fetched.
func (t *Trace) fetch(statuses []*control.VertexStatus) {
	news := false
	for _, s := range statuses {
		layer, now := s.GetVertex()+" "+s.GetID(), [2]int64{s.GetCurrent(), s.GetTotal()}
		if s.GetTotal() > 0 && t.fetched[layer] != now {
			t.fetched[layer], news = now, true
		}
	}
	if !news {
		return
	}
	var done, total int64
	for _, d := range t.fetched {
		done, total = done+d[0], total+d[1]
	}
	t.bytes(done, total)
}
