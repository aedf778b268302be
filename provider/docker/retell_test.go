package docker_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// speaker is an engine with a job that writes, whose stream is cut after so many bytes of
// its frames, and whose log has forgotten its first entries.
type speaker struct {
	driver          string
	writes          []spokenPiece
	cut             int // of the frames; negative is not at all
	rotated         int // entries of the log
	goesOn          bool
	started, logged chan struct{}
	once            sync.Once
}

type spokenPiece struct {
	stream byte
	text   string
}

// entries are the records of the log: lines, and parts of long ones. A log in JSON holds
// texts.
func (s *speaker) entries() []spokenPiece {
	var out []spokenPiece
	open := map[byte][]byte{}
	keep := func(stream byte, text string) {
		if s.driver == "json-file" {
			text = string([]rune(text))
		}
		out = append(out, spokenPiece{stream, text})
	}
	for _, w := range s.writes {
		for _, c := range []byte(w.text) {
			open[w.stream] = append(open[w.stream], c)
			if c == '\n' || len(open[w.stream]) == 16<<10 {
				keep(w.stream, string(open[w.stream]))
				open[w.stream] = nil
			}
		}
	}
	for _, stream := range []byte{1, 2} {
		if len(open[stream]) > 0 {
			keep(stream, string(open[stream]))
		}
	}
	return out
}

// of is what one stream has of the pieces.
func of(stream byte, pieces []spokenPiece) string {
	var out strings.Builder
	for _, p := range pieces {
		if p.stream == stream {
			out.WriteString(p.text)
		}
	}
	return out.String()
}

func frames(pieces []spokenPiece) string {
	var out strings.Builder
	for _, p := range pieces {
		out.WriteString(frame(p.stream, p.text))
	}
	return out.String()
}

// run has the job run, and returns what was heard and what became its output.
func (s *speaker) run(t *testing.T) (heard map[string]string, object provider.Object, err error) {
	t.Helper()
	s.started, s.logged = make(chan struct{}), make(chan struct{})
	at := "/containers/" + theID
	all := frames(s.writes)
	p := one(t, map[string]http.HandlerFunc{
		"GET " + at + "/json": func(w http.ResponseWriter, _ *http.Request) {
			state := map[string]any{"Status": "created"}
			select {
			case <-s.started:
				state = map[string]any{"Status": "exited"}
			default:
			}
			_ = json.NewEncoder(w).Encode(map[string]any{
				"Id": theID, "Name": "/p-j", "Image": "sha256:b", "State": state, "NetworkSettings": map[string]any{},
				"HostConfig": map[string]any{"LogConfig": map[string]any{"Type": s.driver}},
				"Config": map[string]any{"Labels": map[string]string{
					"dev.dindctl.project": "p", "dev.dindctl.address": "job.j", "dev.dindctl.kind": "job", "dev.dindctl.schema": "1", "dev.dindctl.spec": "{}",
					"dev.dindctl.origin": "here:/x.hcl", "dev.dindctl.run": "r",
				}},
			})
		},
		"GET /images/sha256:b/json": says(`{"Id":"sha256:b","Config":{}}`),
		"POST " + at + "/start": func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusNoContent)
			close(s.started)
		},
		"POST " + at + "/attach": func(w http.ResponseWriter, r *http.Request) {
			conn := hijacked(w, r)
			defer func() { _ = conn.Close() }()
			<-s.started
			heard := all
			if s.cut >= 0 {
				heard = all[:s.cut]
			}
			_, _ = conn.Write([]byte(heard))
		},
		"POST " + at + "/wait": func(w http.ResponseWriter, _ *http.Request) {
			if s.goesOn { // until somebody looks at its log instead
				<-s.logged
			}
			_, _ = w.Write([]byte(`{"StatusCode":0}`))
		},
		"GET " + at + "/logs": func(w http.ResponseWriter, _ *http.Request) {
			s.once.Do(func() { close(s.logged) })
			_, _ = w.Write([]byte(frames(s.entries()[s.rotated:])))
		},
	})
	heard = map[string]string{}
	decl := provider.Declaration{Address: "job.j", Kind: provider.Job, Name: "p-j", Declared: cty.ObjectVal(map[string]cty.Value{"image": cty.StringVal("x")})}
	resp, err := p.Resume(t.Context(), provider.ResumeRequest{ID: theID, Declaration: decl, Project: "p"}, func(e provider.Event) {
		if e.Phase == provider.PhaseOutput {
			heard[e.Stream] += string(e.Data)
		}
	})
	return heard, resp.Object, err
}

// heardOf is what of a stream comes before the cut.
func (s *speaker) heardOf(stream byte) int {
	if s.cut < 0 {
		return len(of(stream, s.writes))
	}
	heard, left := 0, s.cut
	for _, w := range s.writes {
		part := max(0, min(left-8, len(w.text)))
		if w.stream == stream {
			heard += part
		}
		left -= 8 + len(w.text)
	}
	return heard
}

// atEdge tells that the stream was cut between frames, as it is when a job ends.
func (s *speaker) atEdge() bool {
	left := s.cut
	for _, w := range s.writes {
		if left <= 0 {
			break
		}
		left -= 8 + len(w.text)
	}
	return left == 0
}

func randomSpeech(r *rand.Rand, text bool) []spokenPiece {
	var out []spokenPiece
	for range 1 + r.IntN(12) {
		b := make([]byte, []int{0, 1, 40, 300, 16383, 16384, 16385, 40000}[r.IntN(8)])
		for i := range b {
			if b[i] = byte(r.Uint32()); text {
				b[i] = 32 + b[i]%95
			}
		}
		out = append(out, spokenPiece{byte(1 + r.IntN(2)), string(b) + []string{"\n", "", "\r\n"}[r.IntN(3)]})
	}
	return out
}

// Whatever a job has written is handed on once, byte for byte, wherever its stream was
// cut and whatever its log has forgotten; or it is an error that says so.
func TestAJobsOutputIsWholeOrAnError(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(16, 7)) //nolint:gosec // repeatable
	outcomes := map[string]int{}
	for trial := range 100 {
		s := &speaker{driver: []string{"json-file", "local"}[r.IntN(2)], cut: -1}
		cut := r.IntN(3) > 0
		s.writes = randomSpeech(r, cut && s.driver == "json-file")
		if cut {
			s.cut = r.IntN(len(frames(s.writes)) + 1)
		}
		entries := s.entries()
		if r.IntN(2) == 0 {
			s.rotated = r.IntN(len(entries) + 1)
		}
		heard, object, err := s.run(t)
		name := fmt.Sprintf("trial %d: %s, cut at %d, %d of %d entries gone", trial, s.driver, s.cut, s.rotated, len(entries))
		must, may := true, true // succeed
		for _, stream := range []byte{1, 2} {
			whole, gone := of(stream, s.writes), len(of(stream, entries[:s.rotated]))
			h := s.heardOf(stream)
			must = must && (gone == 0 || gone <= h-32 || h == len(whole) && gone < h)
			if h < len(whole) {
				may = may && (gone <= h || gone == len(whole) && s.atEdge()) // an empty log says nothing of a whole frame
			}
		}
		switch {
		case err == nil && !may, err != nil && must:
			t.Errorf("%s: error %v", name, err)
		case err != nil:
			outcomes["lost"]++
			wantProblem(t, err, provider.EngineFailed, "The engine refused", "a part of what it wrote is lost")
		default:
			outcomes["whole"]++
			want := map[string]string{}
			for stream, text := range map[string]string{"stdout": of(1, s.writes), "stderr": of(2, s.writes)} {
				if text != "" {
					want[stream] = text
				}
			}
			if d := cmp.Diff(lengths(want), lengths(heard)); d != "" || !cmp.Equal(want, heard) {
				t.Errorf("%s: other bytes (-want +got):\n%s", name, d)
			}
			log, got := of(1, entries), object.Values.Stdout // a value is what the next run reads, whole or not at all
			if lost := of(1, entries[:s.rotated]) != ""; lost != (got == nil) || lost != (object.Values.Withheld["stdout"] != "") || !lost && *got != log {
				t.Errorf("%s: the value is not the log's, whole", name)
			}
		}
	}
	if outcomes["lost"] < 10 || outcomes["whole"] < 60 {
		t.Errorf("the trials say little: %v", outcomes)
	}
}

func lengths(streams map[string]string) map[string]int {
	out := map[string]int{}
	for stream, text := range streams {
		out[stream] = len(text)
	}
	return out
}

// A job whose stream was cut while it goes on is heard by its log.
func TestAJobThatGoesOnIsHeardByItsLog(t *testing.T) {
	t.Parallel()
	s := &speaker{driver: "json-file", writes: []spokenPiece{{1, "one\n"}, {2, "two\n"}, {1, "three\n"}}, cut: 8 + 4, goesOn: true}
	heard, _, err := s.run(t)
	if d := cmp.Diff(map[string]string{"stdout": "one\nthree\n", "stderr": "two\n"}, heard); d != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
}

// A job that an engine does not let itself be listened to has not begun: the run ends when
// it is asked to, the first time, and when it is given up.
func TestListeningToAJobIsGivenUp(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(p provider.Provider, cancel context.CancelFunc){
		"asked to end": func(p provider.Provider, _ context.CancelFunc) { _ = p.Stop(t.Context()) },
		"given up":     func(_ provider.Provider, cancel context.CancelFunc) { cancel() },
	} {
		asked := make(chan struct{})
		p := one(t, map[string]http.HandlerFunc{
			"GET /containers/" + theID + "/json": says(strings.Replace(inspectedAs(nil), `"exited"`, `"created"`, 1)),
			"POST /containers/" + theID + "/attach": func(w http.ResponseWriter, r *http.Request) {
				close(asked)
				silent(w, r)
			},
		})
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			<-asked
			end(p, cancel)
		}()
		decl := provider.Declaration{Address: "job.j", Kind: provider.Job, Name: "web", Declared: cty.ObjectVal(map[string]cty.Value{"image": cty.StringVal("x")})}
		if _, err := p.Resume(ctx, provider.ResumeRequest{ID: theID, Declaration: decl, Project: "p"}, nil); err == nil {
			t.Errorf("%s: no error", name)
		}
		cancel()
	}
}
