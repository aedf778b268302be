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
	"github.com/dindctl/dindctl/provider/docker"
)

// speaker is an engine with a job that writes, whose stream is cut after so many bytes of
// its frames, and whose log has forgotten its first entries.
type speaker struct {
	driver          string
	options         map[string]string // of the driver
	tty             bool
	writes          []spokenPiece
	cut             int // of the frames; negative is not at all
	rotated         int // entries of the log
	lacks           int // the last entries of the log
	goesOn          bool
	open            bool // the stream stays open after the end
	exit            int
	gone            int  // after the start: what the engine answers of its log
	missing         bool // and the container is not there at all
	mu              sync.Mutex
	volumes         []map[string]any
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

// stream is what comes over the connection.
func (s *speaker) stream(pieces []spokenPiece) string {
	if s.tty {
		return of(1, pieces)
	}
	return frames(pieces)
}

func (s *speaker) labels() map[string]string {
	return map[string]string{
		"dev.dindctl.project": "p", "dev.dindctl.address": "job.j", "dev.dindctl.kind": "job", "dev.dindctl.schema": "1", "dev.dindctl.spec": "{}",
		"dev.dindctl.origin": "here:/x.hcl", "dev.dindctl.run": "r",
	}
}

func (s *speaker) inspect(w http.ResponseWriter, _ *http.Request) {
	state := map[string]any{"Status": "created"}
	if isClosed(s.started) {
		state = map[string]any{"Status": "exited", "ExitCode": s.exit, "StartedAt": "2026-12-01T11:00:00Z", "FinishedAt": "2026-12-01T11:00:01Z"}
		if s.missing {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		if s.gone != 0 {
			state["Status"] = "removing"
		}
	}
	_ = json.NewEncoder(w).Encode(map[string]any{
		"Id": theID, "Name": "/p-j", "Image": "sha256:b", "State": state, "NetworkSettings": map[string]any{},
		"HostConfig": map[string]any{"LogConfig": map[string]any{"Type": s.driver, "Config": s.options}},
		"Config":     map[string]any{"Labels": s.labels(), "Tty": s.tty},
	})
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// engine is one that has the job, which was not started yet.
func (s *speaker) engine(t *testing.T) *docker.Provider {
	t.Helper()
	s.started, s.logged = make(chan struct{}), make(chan struct{})
	at := "/containers/" + theID
	all := s.stream(s.writes)
	return one(t, map[string]http.HandlerFunc{
		"GET " + at + "/json":       s.inspect,
		"GET /images/sha256:b/json": says(`{"Id":"sha256:b","Config":{}}`),
		"PUT " + at + "/archive":    says(""),
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
			if s.open {
				_, _ = conn.Read(make([]byte, 1))
			}
		},
		"POST " + at + "/wait": func(w http.ResponseWriter, _ *http.Request) {
			if s.goesOn { // until somebody looks at its log instead
				<-s.logged
			}
			_, _ = w.Write([]byte(`{"StatusCode":0}`))
		},
		"GET " + at + "/logs": func(w http.ResponseWriter, _ *http.Request) {
			if s.gone != 0 {
				w.WriteHeader(s.gone)
				_, _ = w.Write([]byte(`{"message":"can not get logs from container which is dead or marked for removal"}`))
				return
			}
			s.once.Do(func() { close(s.logged) })
			entries := s.entries()
			_, _ = w.Write([]byte(s.stream(entries[s.rotated : len(entries)-s.lacks])))
		},
		"GET /containers/json": func(w http.ResponseWriter, _ *http.Request) {
			_ = json.NewEncoder(w).Encode([]map[string]any{{"Id": theID, "Names": []string{"/p-j"}, "ImageID": "sha256:b", "State": "exited", "Labels": s.labels()}})
		},
		"GET /volumes": func(w http.ResponseWriter, _ *http.Request) {
			s.mu.Lock()
			defer s.mu.Unlock()
			_ = json.NewEncoder(w).Encode(map[string]any{"Volumes": s.volumes})
		},
		"GET /volumes/dindctl.whole." + theID: func(w http.ResponseWriter, _ *http.Request) {
			s.mu.Lock()
			defer s.mu.Unlock()
			if len(s.volumes) == 0 {
				w.WriteHeader(http.StatusNotFound)
				return
			}
			_ = json.NewEncoder(w).Encode(s.volumes[0])
		},
		"DELETE /volumes/dindctl.whole." + theID: func(w http.ResponseWriter, _ *http.Request) {
			s.mu.Lock()
			s.volumes = nil
			s.mu.Unlock()
			w.WriteHeader(http.StatusNoContent)
		},
		"DELETE " + at: func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
		"POST /volumes/create": func(w http.ResponseWriter, r *http.Request) {
			made := map[string]any{"Driver": "local"}
			_ = json.NewDecoder(r.Body).Decode(&made)
			s.mu.Lock()
			s.volumes = append(s.volumes, made)
			s.mu.Unlock()
			_ = json.NewEncoder(w).Encode(made)
		},
	})
}

// run has the job run, and returns what was heard and what became its output.
func (s *speaker) run(t *testing.T) (heard map[string]string, object provider.Object, err error) {
	t.Helper()
	return s.runIn(t, s.engine(t))
}

func (s *speaker) runIn(t *testing.T, p *docker.Provider) (heard map[string]string, object provider.Object, err error) {
	t.Helper()
	heard = map[string]string{}
	decl := provider.Declaration{Address: "job.j", Kind: provider.Job, Name: "p-j", Declared: cty.ObjectVal(map[string]cty.Value{"image": cty.StringVal("x")})}
	resp, err := p.Resume(t.Context(), provider.ResumeRequest{ID: theID, Declaration: decl, Project: "p"}, func(e provider.Event) {
		if e.Phase == provider.PhaseOutput {
			heard[e.Stream] += string(e.Data)
		}
	})
	return heard, resp.Object, err
}

// outputs are those of a job that are values.
type outputs struct {
	Stdout, Stderr *string
	Withheld       map[string]string
}

func outputsOf(o provider.Object) outputs {
	return outputs{o.Values.Stdout, o.Values.Stderr, o.Values.Withheld}
}

// nextRun is what the next run finds as the job's output.
func nextRun(t *testing.T, p *docker.Provider) outputs {
	t.Helper()
	var found outputs
	_, err := p.Observe(t.Context(), provider.ObserveRequest{Project: "p", Output: []string{"job.j"}}, func(o provider.Object) error {
		found = outputsOf(o)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// heardOf is what of a stream comes before the cut.
func (s *speaker) heardOf(stream byte) int {
	if s.cut < 0 {
		return len(of(stream, s.writes))
	}
	heard, left := 0, s.cut
	for _, w := range s.writes {
		part := max(0, min(left-s.head(), len(w.text)))
		if w.stream == stream {
			heard += part
		}
		left -= s.head() + len(w.text)
	}
	return heard
}

// head is how much comes in front of a piece.
func (s *speaker) head() int {
	if s.tty {
		return 0
	}
	return 8
}

// atEdge tells that the stream was cut between frames, as it is when a job ends.
func (s *speaker) atEdge() bool {
	if s.tty {
		return true
	}
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
		s.tty = r.IntN(4) == 0
		s.writes = randomSpeech(r, cut && s.driver == "json-file")
		if s.tty { // there is one stream
			for i := range s.writes {
				s.writes[i].stream = 1
			}
		}
		if cut {
			s.cut = r.IntN(len(s.stream(s.writes)) + 1)
		}
		entries := s.entries()
		if r.IntN(2) == 0 {
			s.rotated = r.IntN(len(entries) + 1)
		}
		heard, object, err := s.run(t)
		name := fmt.Sprintf("trial %d: %s, cut at %d, %d of %d entries gone", trial, s.driver, s.cut, s.rotated, len(entries))
		must, may, unseen := true, true, false // succeed; unseen: the log is no longer than what was heard, to a place where a job may end
		for _, stream := range []byte{1, 2} {
			whole, gone := of(stream, s.writes), len(of(stream, entries[:s.rotated]))
			h := s.heardOf(stream)
			short := (s.cut < 0 || s.atEdge()) && gone > 0 && len(whole)-gone < h
			must = must && (gone == 0 || gone <= h-32 && !short || h == len(whole) && gone < h || short)
			unseen = unseen || short && h < len(whole)
			if h < len(whole) && !short {
				may = may && (gone <= h || gone == len(whole) && s.atEdge()) // an empty log says nothing of a whole frame
			}
		}
		switch {
		case err == nil && unseen:
			outcomes["unseen"]++
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

// What a job writes to a terminal is shown as it comes, and counted, whatever keeps its log.
func TestATerminalsOutputIsHeard(t *testing.T) {
	t.Parallel()
	for _, driver := range []string{"none", "json-file"} {
		s := &speaker{driver: driver, tty: true, cut: -1, writes: []spokenPiece{{1, "one\r\n"}, {1, strings.Repeat("x", 1<<20)}}}
		heard, object, err := s.run(t)
		if d := cmp.Diff(map[string]int{"stdout": 5 + 1<<20}, lengths(heard)); d != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", driver, err, d)
		}
		want := map[string]string{"stdout": "it has 1048581 bytes, and a value has at most 1 MiB"}
		if d := cmp.Diff(want, object.Values.Withheld); d != "" {
			t.Errorf("%s: withheld (-want +got):\n%s", driver, d)
		}
	}
}

// A job whose container is removed while it runs has failed, and that is what is said.
func TestAJobThatIsRemovedWhileItRuns(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]*speaker{
		"being removed": {gone: http.StatusConflict},
		"not there":     {gone: http.StatusNotFound, missing: true},
	} {
		s.driver, s.cut, s.writes = "json-file", -1, []spokenPiece{{1, "one\n"}}
		_, _, err := s.run(t)
		if wrong := compareProblem(err, provider.JobFailed, "The job failed", "was removed while it ran"); wrong != nil {
			t.Errorf("%s: %v", name, wrong)
		}
	}
}

// A log that lacks what was heard takes the values away, and nothing else: neither does a
// job that was heard to its end fail, nor is how it ended hidden.
func TestALogThatLacksEntriesWithholdsTheValues(t *testing.T) {
	t.Parallel()
	for exit, want := range map[int]string{0: "", 3: "with exit code 3"} {
		s := &speaker{driver: "json-file", cut: -1, exit: exit, writes: []spokenPiece{{1, "one\n"}, {1, "two\n"}, {1, "three\n"}}, lacks: 2}
		heard, object, err := s.run(t)
		if want == "" && err != nil || want != "" && compareProblem(err, provider.JobFailed, "The job failed", want) != nil {
			t.Errorf("exit %d: %v", exit, err)
		}
		if d := cmp.Diff(map[string]string{"stdout": "one\ntwo\nthree\n"}, heard); d != "" {
			t.Errorf("exit %d: heard (-want +got):\n%s", exit, d)
		}
		if d := cmp.Diff(map[string]string{"stdout": "its log lacks a part of it"}, object.Values.Withheld); exit == 0 && d != "" {
			t.Errorf("exit %d: withheld (-want +got):\n%s", exit, d)
		}
	}
}

// Where a part of what a job wrote is lost, how it ended is said all the same.
func TestALossDoesNotHideHowAJobEnded(t *testing.T) {
	t.Parallel()
	s := &speaker{driver: "json-file", cut: 8 + 2, exit: 3, writes: []spokenPiece{{1, "one\n"}, {1, "two\n"}}, rotated: 1}
	_, _, err := s.run(t)
	wantProblem(t, err, provider.JobFailed, "The job failed", "with exit code 3")
	wantProblem(t, err, provider.JobFailed, "The job failed", "a part of what it wrote is lost")
}

// A stream that stays open although the job has ended does not keep anybody waiting, and
// what it did not say is in the log.
func TestAStreamThatStaysOpenAfterTheEnd(t *testing.T) {
	t.Parallel()
	s := &speaker{driver: "json-file", writes: []spokenPiece{{1, "one\n"}, {1, "two\n"}}, cut: 8 + 4, open: true}
	heard, _, err := s.run(t)
	if d := cmp.Diff(map[string]string{"stdout": "one\ntwo\n"}, heard); d != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, d)
	}
}

// The next run finds the output that the one which ran the job found: all of it, or none.
// Of a log of one file, and of one that may leave something out, the run that heard it
// records that it is whole.
func TestTheNextRunFindsTheSameOutput(t *testing.T) {
	t.Parallel()
	const rotated = "its log was rotated, and its beginning is lost"
	const oneFile = "its log is bounded to one file, of which nothing tells whether its beginning is lost: give it max-file = 2 or more"
	whole, empty := "one\ntwo\n", ""
	all := outputs{Stdout: &whole, Stderr: &empty}
	none := func(why string) outputs {
		return outputs{Withheld: map[string]string{"stdout": why, "stderr": why}}
	}
	for _, row := range []struct {
		name        string
		options     map[string]string
		cut         int
		rotated     int
		first, next outputs
		records     int
	}{
		{"no bound", nil, -1, 0, all, all, 0},
		{"one file", map[string]string{"max-size": "10m"}, -1, 0, all, all, 1},
		{"one file that was begun anew", map[string]string{"max-size": "10m"}, -1, 1, none(oneFile).but("stdout", rotated), none(oneFile), 0},
		{"one file, cut", map[string]string{"max-size": "10m"}, 8 + 4, 0, none(oneFile), none(oneFile), 0},
		{"nearly full", map[string]string{"max-size": "200", "max-file": "2"}, -1, 0, all, all, 1},
		{"not blocking", map[string]string{"mode": "non-blocking"}, -1, 0, all, all, 1},
	} {
		s := &speaker{driver: "json-file", options: row.options, writes: []spokenPiece{{1, "one\n"}, {1, "two\n"}}, cut: row.cut, rotated: row.rotated}
		p := s.engine(t)
		_, object, err := s.runIn(t, p)
		if d := cmp.Diff(row.first, outputsOf(object)); d != "" || err != nil {
			t.Errorf("%s: the first run: %v (-want +got):\n%s", row.name, err, d)
		}
		if d := cmp.Diff(row.next, nextRun(t, p)); d != "" {
			t.Errorf("%s: the next run (-want +got):\n%s", row.name, d)
		}
		if len(s.volumes) != row.records {
			t.Errorf("%s: %d records, want %d", row.name, len(s.volumes), row.records)
		}
		_, err = p.Delete(t.Context(), provider.DeleteRequest{Kind: provider.Job, ID: theID, Project: "p"}, nil)
		if len(s.volumes) > 0 || err != nil {
			t.Errorf("%s: the record stays without its job: %v", row.name, err)
		}
	}
}

// but has another reason for a stream.
func (o outputs) but(stream, why string) outputs {
	o.Withheld[stream] = why
	return o
}
