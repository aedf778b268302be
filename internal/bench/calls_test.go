package bench_test

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/dindctl/dindctl/internal/engineproxy"
)

// recorder is an [engineproxy.Hook] that lets every call pass and writes it down.
type recorder struct {
	mu    sync.Mutex
	calls []engineproxy.Call
}

// Before lets the call pass.
func (r *recorder) Before(c engineproxy.Call) engineproxy.Verdict {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, c)
	return engineproxy.Pass
}

// Wants says no: what the engine answers is the client's.
func (r *recorder) Wants(engineproxy.Call) bool { return false }

// After is never asked.
func (r *recorder) After(engineproxy.Call, int) engineproxy.Verdict { return engineproxy.Pass }

// recorded runs a client and returns all calls that it made, those inside tunnels
// too. The client gets the host of an engine that records.
func recorded(t *testing.T, run func(host string)) []engineproxy.Call {
	t.Helper()
	var seen recorder
	socket := filepath.Join(t.TempDir(), "engine.sock")
	proxy, err := engineproxy.Start(socket, engineSocket(), func(int) engineproxy.Hook { return &seen })
	if err != nil {
		t.Fatal(err)
	}
	run("unix://" + socket)
	if err := proxy.Close(); err != nil {
		t.Fatal(err)
	}
	return seen.calls
}

// counts says how often each kind of call is made: by method and template of the
// path, as in "GET /containers/{id}/json".
type counts map[string]int

func countsOf(calls []engineproxy.Call) counts {
	out := counts{}
	for _, c := range calls {
		out[template(c)]++
	}
	return out
}

// sum adds counts.
func sum(all ...counts) counts {
	out := counts{}
	for _, c := range all {
		for call, n := range c {
			out[call] += n
		}
	}
	return out
}

const insideWord = "inside "

// inside are the same calls one tunnel further.
func (have counts) inside() counts {
	out := counts{}
	for call, n := range have {
		out[insideWord+call] = n
	}
	return out
}

// insideOnly are those of the calls that go through a tunnel.
func (have counts) insideOnly() counts {
	out := maps.Clone(have)
	maps.DeleteFunc(out, func(call string, _ int) bool { return !strings.HasPrefix(call, insideWord) })
	return out
}

// template is what calls of one kind have in common. One that goes through
// tunnels says so first, a word for each.
func template(c engineproxy.Call) string {
	path := c.Path
	for _, form := range pathForms() {
		if form.path.MatchString(path) {
			path = form.path.ReplaceAllString(path, form.template)
			break
		}
	}
	return strings.Repeat(insideWord, len(c.Inside)) + c.Method + " " + path
}

type pathForm struct {
	path     *regexp.Regexp
	template string
}

// pathForms are the paths that name an object. Those that only look so,
// such as /containers/json, come first and stay as they are.
func pathForms() []pathForm {
	return []pathForm{
		{regexp.MustCompile(`^/(containers|networks|images|volumes)/(create|json|load|get|prune)$`), "/$1/$2"},
		{regexp.MustCompile(`^/(containers|networks|exec)/[^/]+`), "/$1/{id}"},
		{regexp.MustCompile(`^/volumes/[^/]+`), "/volumes/{name}"},
		{regexp.MustCompile(`^/images/.+(/[a-z]+)$`), "/images/{name}$1"},
	}
}

// wants compares the whole of the calls with what is expected; a difference is
// told call by call.
func (have counts) wants(t *testing.T, what string, want counts) {
	t.Helper()
	var wrong []string
	all := maps.Clone(have)
	maps.Copy(all, want)
	for _, call := range slices.SortedFunc(maps.Keys(all), compareCalls) {
		if have[call] != want[call] {
			wrong = append(wrong, fmt.Sprintf("  %-50s %4d, want %4d", call, have[call], want[call]))
		}
	}
	if len(wrong) > 0 {
		t.Errorf("%s made other calls than it should:\n%s", what, strings.Join(wrong, "\n"))
	}
}

// compareCalls sorts by path, then by method.
func compareCalls(a, b string) int {
	return cmp.Or(cmp.Compare(pathOf(a), pathOf(b)), cmp.Compare(a, b))
}

func pathOf(call string) string { return call[strings.Index(call, "/"):] }
