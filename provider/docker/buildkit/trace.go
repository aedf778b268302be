package buildkit

import (
	"slices"
	"strings"

	control "github.com/moby/buildkit/api/services/control"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/dindctl/dindctl/provider/lines"
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
	held    int                 // bytes of lines whose ends have not come
}

type step struct {
	told bool
	out  *lines.Splitter
}

// What is kept of a build is bounded, whatever an engine tells: more steps and layers
// than any build has, all that may be kept of lines whose ends have not come, and
// more parts of one message than any has.
const (
	stepsKept  = 10_000
	layersKept = 10_000
	restsKept  = 4 << 20
	partsMost  = 50_000
)

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
	if parts(message) > partsMost || proto.Unmarshal(message, &status) != nil {
		return
	}
	for _, v := range status.GetVertexes() {
		t.begin(v)
	}
	for _, l := range status.GetLogs() {
		out := t.of(l.GetVertex()).out
		before := out.Held()
		_, _ = out.Write(l.GetMsg()) // no line is refused
		if t.held += out.Held() - before; t.held > restsKept {
			t.rests()
		}
	}
	for _, v := range status.GetVertexes() {
		if v.GetCompleted() != nil {
			t.rest(t.of(v.GetDigest()))
		}
	}
	t.fetch(status.GetStatuses())
}

// parts counts what a message is made of, and what those parts are: an empty part
// takes two bytes of it, and a hundred times that once it is read. Further in there is
// text, and nothing that is repeated and large.
func parts(message []byte) int {
	return fields(message, func(part []byte) int { return fields(part, nil) })
}

// fields counts the fields of a message, with what within counts in each that has content.
func fields(message []byte, within func([]byte) int) int {
	n := 0
	for len(message) > 0 && n <= partsMost {
		number, kind, head := protowire.ConsumeTag(message)
		if head < 0 {
			return n
		}
		size := protowire.ConsumeFieldValue(number, kind, message[head:])
		if size < 0 {
			return n
		}
		n++
		if kind == protowire.BytesType && within != nil {
			part, _ := protowire.ConsumeBytes(message[head:])
			n += within(part)
		}
		message = message[head+size:]
	}
	return n
}

// Close hands on what stands without the end of a line.
func (t *Trace) Close() { t.rests() }

// rests hands on what stands without the end of a line, of every step.
func (t *Trace) rests() {
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
	t.held -= s.out.Held()
	_ = s.out.Flush() // no line is refused
}

// of is a step by its digest. Steps beyond stepsKept are one.
func (t *Trace) of(digest string) *step {
	if t.steps[digest] == nil && len(t.steps) >= stepsKept || len(digest) > digestMost {
		digest = ""
	}
	if t.steps[digest] == nil {
		t.steps[digest] = &step{out: lines.New(func(text string, _ bool) error {
			t.line(text)
			return nil
		})}
	}
	return t.steps[digest]
}

// digestMost is longer than any digest.
const digestMost = 256

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
		_, known := t.fetched[layer]
		if len(layer) > 2*digestMost || !known && len(t.fetched) >= layersKept {
			continue
		}
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
