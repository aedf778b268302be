package docker_test

import (
	"archive/tar"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/docker/docker/api/types/container"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/docker"
)

// theID is the id of the one container of an odd engine.
var theID = strings.Repeat("c", 64)

// inspected is that container, with labels.
func inspectedAs(labels map[string]string) string {
	text, _ := json.Marshal(map[string]any{
		"Id": theID, "Name": "/web", "State": map[string]any{"Status": "exited"}, "HostConfig": map[string]any{"NetworkMode": "none"},
		"Config": map[string]any{"Image": "i", "Labels": labels}, "NetworkSettings": map[string]any{},
	})
	return string(text)
}

// says answers with a text, in one piece.
func says(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, body) }
}

// endless answers with a beginning and one block again and again: as much as the test's
// machine has memory for, and then some. It counts what is taken.
func endless(begin, block string, taken *atomic.Int64) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, begin)
		for range (4 << 30) / len(block) {
			n, err := io.WriteString(w, block)
			if err != nil {
				return
			}
			taken.Add(int64(n))
		}
	}
}

// one is the configured provider of an odd engine that is never too slow.
func one(t *testing.T, odd map[string]http.HandlerFunc) *docker.Provider {
	t.Helper()
	if odd["GET /containers/"+theID+"/json"] == nil {
		odd["GET /containers/"+theID+"/json"] = says(inspectedAs(nil))
	}
	p, err := configured(t, oddEngine(t, odd), hung.String())
	if err != nil {
		t.Fatal(err)
	}
	return p.(*docker.Provider) //nolint:forcetypeassert // New makes it
}

// allocates fails where do allocates more than so many MiB in all, also what is freed
// again. It is for tests that are not parallel: they run alone.
func allocates(t *testing.T, most uint64, do func()) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	do()
	runtime.ReadMemStats(&after)
	if got := (after.TotalAlloc - before.TotalAlloc) >> 20; got > most {
		t.Errorf("%d MiB were allocated, more than %d", got, most)
	}
}

func head(kind byte, size uint32) string {
	return string(binary.BigEndian.AppendUint32([]byte{kind, 0, 0, 0}, size))
}

// What an announced length costs is one buffer, and what is not there is missed: a log
// that ends in the middle of a frame is an error, and never a shorter log.
func TestALogIsReadThroughOneBuffer(t *testing.T) {
	big := strings.Repeat("x", 1<<20)
	for name, c := range map[string]struct {
		log, wants, stdout, stderr string
	}{
		"whole":             {frame(1, "out") + frame(2, "err") + frame(0, "in") + frame(1, ""), "", "outin", "err"},
		"a large frame":     {head(1, 1<<20) + big, "", big, ""},
		"4 GiB announced":   {frame(2, "e") + head(1, 0xffffffff) + "abc", "ended in the middle of a frame, after 3 of its 4294967295 bytes", "abc", "e"},
		"nothing came":      {head(2, 7), "ended in the middle of a frame, after 0 of its 7 bytes", "", ""},
		"cut in a head":     {frame(1, "out") + "\x01\x00\x00", "ended in the middle of a frame's head", "out", ""},
		"an unknown kind":   {frame(1, "out") + frame(9, "x"), "should begin the engine sent the bytes 0900000000000001", "out", ""},
		"no frames":         {"hello, world", "should begin the engine sent the bytes 68656c6c6f2c2077", "", ""},
		"the engine's word": {frame(1, "out") + frame(3, "no such driver"), "the engine cannot go on with it: no such driver", "out", ""},
	} {
		t.Run(name, func(t *testing.T) {
			p := one(t, map[string]http.HandlerFunc{"GET /containers/" + theID + "/logs": says(c.log)})
			var stdout, stderr bytes.Buffer
			allocates(t, 64, func() {
				err := p.Logs(t.Context(), provider.LogsRequest{ID: theID, Stdout: &stdout, Stderr: &stderr})
				if c.wants == "" && err != nil || c.wants != "" && (provider.CodeOf(err) != provider.EngineFailed || !strings.Contains(err.Error(), c.wants)) {
					t.Errorf("%v, want %q", err, c.wants)
				}
			})
			if stdout.String() != c.stdout || stderr.String() != c.stderr {
				t.Errorf("stdout of %d bytes and %q, want %d and %q", stdout.Len(), stderr.String(), len(c.stdout), c.stderr)
			}
		})
	}
}

// A job whose output did not come whole was not seen to succeed, and no more of it is
// kept than may become a value.
func TestAJobWithoutAllOfItsOutput(t *testing.T) {
	wait := says(`{"StatusCode":0}`)
	follow := func(log string, wait http.HandlerFunc) (string, error) {
		p := one(t, map[string]http.HandlerFunc{
			"GET /containers/" + theID + "/logs": says(log), "POST /containers/" + theID + "/wait": wait,
		})
		return docker.FollowJob(t.Context(), p, theID)
	}
	if out, err := follow(frame(1, "done\n"), wait); out != "done\n" || err != nil {
		t.Errorf("%q, %v", out, err)
	}
	if _, err := follow(head(1, 7)+"do", wait); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("a log that was cut: %v", err)
	}
	line := strings.Repeat("x", 40<<10)
	if out, err := follow(strings.Repeat(frame(1, line), 100), wait); len(out) != 1<<20 || err != nil {
		t.Errorf("%d bytes, %v", len(out), err)
	}
	var taken atomic.Int64
	allocates(t, 64, func() {
		_, err := follow(frame(1, "done\n"), endless(`{"StatusCode":0,"Error":{"Message":"`, strings.Repeat("a", 32<<10), &taken))
		wantProblem(t, err, provider.EngineFailed, "The engine's answer is too large", "POST /containers/cccccccccccc/wait: it would take more than 1 MiB")
	})
}

// The end of a log that explains a failure is kept, and not all of it.
func TestTheEndOfALog(t *testing.T) {
	p := one(t, map[string]http.HandlerFunc{
		"GET /containers/" + theID + "/logs": func(w http.ResponseWriter, _ *http.Request) {
			block := frame(1, strings.Repeat("x", 32<<10))
			for range 16 << 5 {
				_, _ = io.WriteString(w, block)
			}
			_, _ = io.WriteString(w, frame(2, "\nthe cause\n"))
		},
	})
	allocates(t, 32, func() {
		c := container.InspectResponse{ContainerJSONBase: &container.ContainerJSONBase{ID: theID}, Config: &container.Config{}}
		if got := docker.Tail(t.Context(), p, c); len(got) == 0 || got[len(got)-1] != "the cause" {
			t.Errorf("%d lines", len(got))
		}
	})
}

// A tunnel ends with an error where its stream is cut or is none.
func TestATunnelThatIsCut(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		head(1, 9) + "HTTP":          "ended in the middle of a frame",
		"\x01\x00":                   "ended in the middle of a frame's head",
		frame(7, "x"):                "should begin the engine sent",
		"HTTP/1.1 200 OK\r\n\r\n":    "should begin the engine sent",
		frame(3, "gone away"):        "the engine cannot go on with it: gone away",
		frame(1, "x") + frame(3, ""): "the engine cannot go on with it",
	} {
		content, err := io.ReadAll(docker.ExecConn(&stream{Reader: strings.NewReader(text)}))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %q, %v", text, content, err)
		}
	}
}

// repeated is a reader of one block without an end.
type repeated struct {
	block string
	at    int
}

func (r *repeated) Read(b []byte) (int, error) {
	n := copy(b, r.block[r.at:])
	r.at = (r.at + n) % len(r.block)
	return n, nil
}

// One message of a pull, a build or a load has its bound; their number has none.
func TestAMessageWithoutAnEnd(t *testing.T) {
	block := strings.Repeat("a", 1<<16)
	for name, begin := range map[string]string{
		"a text": `{"status":"`, "a trace": `{"id":"moby.buildkit.trace","aux":"`, "an unknown field": `{"novelty":["`, "nothing": "", "blanks": " ",
	} {
		t.Run(name, func(t *testing.T) {
			text := io.MultiReader(strings.NewReader(begin), &repeated{block: block})
			if strings.TrimSpace(begin) == "" {
				text = &repeated{block: strings.Repeat(" ", 1<<16)}
			}
			allocates(t, 64, func() {
				err := docker.PullSums(text, func(int64, int64) {})
				wantProblem(t, err, provider.EngineFailed, "The engine's answer is too large", "One message about progress has more than 4 MiB")
			})
		})
	}
	many := strings.Repeat(`{"status":"Downloading","id":"l","progressDetail":{"current":1,"total":2}}`+"\r\n", 1<<16)
	told := 0
	if err := docker.PullSums(strings.NewReader(many), func(int64, int64) { told++ }); err != nil || told != 1<<16 {
		t.Errorf("%d messages of %d bytes: %v", told, len(many), err)
	}
	if err := docker.PullSums(strings.NewReader(`{"status":"x"}{"sta`), func(int64, int64) {}); !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), "in the middle of a message") {
		t.Errorf("a stream that was cut: %v", err)
	}
	for _, text := range []string{"<html>", `7`, `["a"]`} {
		wantProblem(t, docker.PullSums(strings.NewReader(text), func(int64, int64) {}), provider.EngineFailed, "The engine's answer makes no sense", "a message about progress")
	}
}

// Layers that no image has are not remembered.
func TestAPullOfMoreLayersThanThereAre(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	for i := range 5_000 {
		fmt.Fprintf(&text, `{"status":"Downloading","id":"%d","progressDetail":{"current":1,"total":1}}`, i)
	}
	most := int64(0)
	if err := docker.PullSums(strings.NewReader(text.String()), func(_, total int64) { most = max(most, total) }); err != nil || most != 1000 {
		t.Errorf("%d layers, %v", most, err)
	}
}

// foreign is a container in a list, as engines send it, with a record, two mounts and
// two ports.
func foreign(i int) string {
	id := fmt.Sprintf("%064x", i)
	return `{"Id":"` + id + `","Names":["/project-container-` + id[56:] + `"],"Image":"registry.example/some/image:tag","ImageID":"sha256:` + id +
		`","Command":"/usr/local/bin/entry --flag=value --other=value","Created":1700000000,"Ports":[{"IP":"0.0.0.0","PrivatePort":80,"PublicPort":8080,"Type":"tcp"},{"IP":"::","PrivatePort":80,"PublicPort":8080,"Type":"tcp"}],` +
		`"Labels":{"org.one":"1","org.two":"2","org.three":"3","org.four":"4","org.five":"5","org.six":"6","org.seven":"7","org.eight":"` + strings.Repeat("s", 900) + `"},"State":"running","Status":"Up 3 hours","HostConfig":{"NetworkMode":"n"},` +
		`"NetworkSettings":{"Networks":{"n":{"IPAMConfig":{},"Links":null,"Aliases":null,"MacAddress":"02:42:ac:11:00:02","DriverOpts":null,"NetworkID":"` + id + `","EndpointID":"` + id +
		`","Gateway":"172.17.0.1","IPAddress":"172.17.0.2","IPPrefixLen":16,"IPv6Gateway":"","GlobalIPv6Address":"","GlobalIPv6PrefixLen":0,"DNSNames":null}}},` +
		`"Mounts":[{"Type":"volume","Name":"p-data","Source":"/var/lib/docker/volumes/p-data/_data","Destination":"/data","Driver":"local","Mode":"z","RW":true,"Propagation":""},{"Type":"bind","Source":"/srv/somewhere","Destination":"/srv","Mode":"","RW":true,"Propagation":"rprivate"}]}`
}

// An engine with 10,000 containers is read; that takes two thirds of what a list may cost.
func TestTenThousandContainersAreRead(t *testing.T) {
	t.Parallel()
	var list strings.Builder
	for i := range 10_000 {
		list.WriteString(map[bool]string{true: "[", false: ","}[i == 0] + foreign(i))
	}
	list.WriteString("]")
	p := one(t, map[string]http.HandlerFunc{"GET /containers/json": says(list.String())})
	if err := observeAll(t.Context(), p); err != nil {
		t.Error(err)
	}
	cost, deep := docker.Price([]byte(list.String()), 1000)
	t.Logf("%d MB of text cost %d MB", list.Len()/1e6, cost/1e6)
	if cost > docker.ListPrice*2/3 || deep {
		t.Errorf("it costs %d, deep %v", cost, deep)
	}
	for _, text := range []string{foreign(7), `{"a\\":"\"\\",`, strings.Repeat(`\`, 999), `"` + strings.Repeat("x", 255) + `\"` + strings.Repeat("x", 255) + `",[[,`} {
		whole, _ := docker.Price([]byte(text), len(text))
		for n := range 9 {
			if parts, _ := docker.Price([]byte(text), n+1); parts != whole {
				t.Errorf("in pieces of %d it costs %d, as a whole %d: %s", n+1, parts, whole, text)
			}
		}
	}
}

// An answer may be short and take a hundred times its length once it is decoded. It is
// given up before it does.
func TestAnAnswerThatGrows(t *testing.T) {
	var taken atomic.Int64
	for name, c := range map[string]struct{ path, begin, block string }{
		"empty containers": {"GET /containers/json", "[{}", ",{}"},
		"numbers":          {"GET /containers/json", "[0", ",0"},
		"nulls":            {"GET /containers/json", "[null", ",null"},
		"mounts":           {"GET /containers/json", `[{"Mounts":[0`, ",0"},
		"ports":            {"GET /containers/json", `[{"Ports":[{}`, ",{}"},
		"names":            {"GET /containers/json", `[{"Names":["a"`, `,"a"`},
		"a text":           {"GET /containers/" + theID + "/json", `{"Image":"`, "a"},
		"an escaped text":  {"GET /containers/" + theID + "/json", `{"Image":"`, `\"`},
		"networks":         {"GET /networks", "[{}", ",{}"},
		"volumes":          {"GET /volumes", `{"Volumes":[{}`, ",{}"},
		"images":           {"GET /images/json", "[{}", ",{}"},
		"warnings":         {"GET /info", `{"Warnings":["a"`, `,"a"`},
		"health of one":    {"GET /containers/" + theID + "/json", `{"State":{"Health":{"Log":[{}`, ",{}"},
	} {
		t.Run(name, func(t *testing.T) {
			odd := map[string]http.HandlerFunc{c.path: endless(c.begin, strings.Repeat(c.block, (32<<10)/len(c.block)), &taken)}
			endpoint := oddEngine(t, odd)
			// Lists grow by a half and more while they are read, and all that counts here.
			allocates(t, 1024, func() {
				p, err := configured(t, endpoint, hung.String())
				if err == nil {
					err = observeAll(t.Context(), p)
				}
				if err == nil {
					_, err = p.(provider.Stater).Stat(t.Context(), provider.StatRequest{ID: theID, Path: "/x"}) //nolint:forcetypeassert // the compiler checks it elsewhere
				}
				var problem *provider.Problem
				if !errors.As(err, &problem) || problem.Code != provider.EngineFailed ||
					problem.Summary != "The engine's answer is too large" && problem.Summary != "The engine's answer makes no sense" {
					t.Errorf("%v", err)
				}
			})
		})
	}
}

// What comes before and beside an answer is bounded, too.
func TestWhatIsNoAnswer(t *testing.T) {
	long := strings.Repeat("h", 1<<20)
	for name, c := range map[string]struct {
		handler         http.HandlerFunc
		summary, detail string
	}{
		"a head of 1 MiB": {func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("X-Docker-Container-Path-Stat", long) }, "The engine's answer is too large", "GET /containers/json: its head would take more than 256 KiB"},
		"compressed": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = io.WriteString(w, "\x1f\x8b")
		}, "The engine's answer makes no sense", `GET /containers/json: it is compressed ("gzip")`},
		"nested": {says(strings.Repeat(`[{"a":`, 200_000)), "The engine's answer makes no sense", "nested more than 100"},
		"a long refusal": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusTeapot)
			_, _ = io.WriteString(w, "no, "+long[:100<<10])
		}, "The engine refused", "(and 94"},
	} {
		t.Run(name, func(t *testing.T) {
			p := one(t, map[string]http.HandlerFunc{"GET /containers/json": c.handler})
			allocates(t, 64, func() { wantProblem(t, observeAll(t.Context(), p), provider.EngineFailed, c.summary, c.detail) })
		})
	}
}

// A file with holes costs nobody's time: what is larger than anything that was put
// there is another file, and is not read.
func TestAFileWithHoles(t *testing.T) {
	t.Parallel()
	var taken atomic.Int64
	odd := withFile(t)
	odd["GET /containers/"+theID+"/archive"] = func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Docker-Container-Path-Stat", "e30=")
		_ = tar.NewWriter(w).WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "app.conf", Size: 8 << 30, Mode: 0o644})
		endless("", strings.Repeat("\x00", 64<<10), &taken)(w, r)
	}
	p := one(t, odd)
	var got []provider.Object
	if _, err := p.Observe(t.Context(), provider.ObserveRequest{Project: "p"}, func(o provider.Object) error { got = append(got, o); return nil }); err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || taken.Load() > 64<<20 {
		t.Fatalf("%d objects; %d MiB of the file were read", len(got), taken.Load()>>20)
	}
	file := got[0].Actual.GetAttr("_files").AsValueMap()["/etc/app.conf"]
	if is := file.GetAttr("sha256").AsString(); is != "not read: 8589934592 bytes" {
		t.Errorf("its content is %q", is)
	}
}

// What somebody asked for by name is of any size, and nothing of it is kept.
func TestACopyMayBeLarge(t *testing.T) {
	const blocks = 2 << 10
	p := one(t, map[string]http.HandlerFunc{
		"GET /containers/" + theID + "/archive": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Docker-Container-Path-Stat", "e30=")
			block := strings.Repeat("{", 64<<10)
			for range blocks {
				_, _ = io.WriteString(w, block)
			}
		},
	})
	var taken counter
	allocates(t, 64, func() {
		if err := p.CopyOut(t.Context(), provider.CopyOutRequest{ID: theID, Path: "/x", To: &taken}); err != nil || taken != blocks*64<<10 {
			t.Errorf("%d bytes, %v", taken, err)
		}
	})
}

type counter int64

func (c *counter) Write(b []byte) (int, error) { *c += counter(len(b)); return len(b), nil }

// The manifest of an image that is carried has its bound; what it lies among is streamed.
func TestAManifestThatIsTooLarge(t *testing.T) {
	var begin bytes.Buffer
	_ = tar.NewWriter(&begin).WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "manifest.json", Size: 1 << 30, Mode: 0o644})
	begin.WriteString(`[{"Layers":["`)
	allocates(t, 64, func() {
		_, err := docker.LayerFiles(io.MultiReader(&begin, &repeated{block: strings.Repeat("a", 1<<16)}))
		if err == nil || !strings.Contains(err.Error(), "its manifest has 1073741824 bytes; at most 1048576 are read") {
			t.Error(err)
		}
	})
}
