package plugin_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/plugin"
	"github.com/dindctl/dindctl/provider/providertest"
)

// scripted is a provider whose calls a test writes; what it leaves out is not called.
type scripted struct {
	provider.Provider
	configure func(provider.ConfigureRequest) (provider.ConfigureResponse, error)
	observe   func(provider.ObserveRequest, func(provider.Object) error) (provider.ObserveResponse, error)
	diff      func(provider.DiffRequest) (provider.DiffResponse, error)
	create    func(context.Context, provider.CreateRequest, provider.Sink) (provider.CreateResponse, error)
}

func (s scripted) Configure(_ context.Context, r provider.ConfigureRequest) (provider.ConfigureResponse, error) {
	return s.configure(r)
}

func (s scripted) Observe(
	_ context.Context, r provider.ObserveRequest, each func(provider.Object) error,
) (provider.ObserveResponse, error) {
	return s.observe(r, each)
}

func (s scripted) Diff(_ context.Context, r provider.DiffRequest) (provider.DiffResponse, error) {
	return s.diff(r)
}

func (s scripted) Create(
	ctx context.Context, r provider.CreateRequest, sink provider.Sink,
) (provider.CreateResponse, error) {
	return s.create(ctx, r, sink)
}

func sameValues() cmp.Option {
	return cmp.Comparer(func(a, b cty.Value) bool {
		if a == cty.NilVal || b == cty.NilVal {
			return a == b
		}
		return a.RawEquals(b)
	})
}

func pointer[T any](v T) *T { return &v }

func fullObject() provider.Object {
	return provider.Object{
		ID: "id", Kind: provider.Job, Name: "name", Place: "place",
		Owner: provider.Ownership{
			Project: "p", Address: "job.a", Kind: provider.Job, Origin: "o", Spec: []byte(`{"a":1}`),
			Deps: []string{"network.a"}, Run: "nonce", Schema: 1,
		},
		Actual: cty.ObjectVal(map[string]cty.Value{"a": cty.StringVal("x").Mark(provider.Sensitive), "b": cty.NullVal(cty.Number)}),
		Condition: provider.Condition{
			State: provider.StateExited, ExitCode: 137, Health: "unhealthy", Started: "s", Ended: "e", Reason: "r", Interrupted: true, Requested: true,
			Follows: []string{"m", "n"},
		},
		Values: provider.Values{
			ID: "id", Ref: "ref", Endpoint: "e", Version: "v", StorageDriver: "s",
			Addresses: map[string]string{"n": "a"}, Ports: map[string]string{}, Stdout: pointer(""), Stderr: pointer("err"), ExitCode: pointer(0),
		},
		LivesIn:     []string{"other", "third"},
		Views:       []provider.View{{Type: "bind", Source: "/s", Target: "/t", Subpath: "sub", ReadOnly: true}},
		Fingerprint: "f", Users: []string{"container web"}, Warnings: []string{"it clashes"},
	}
}

func fullDeclaration() provider.Declaration {
	return provider.Declaration{
		Address: "job.a", Kind: provider.Job, Name: "p-a",
		Declared: cty.ObjectVal(map[string]cty.Value{"a": cty.UnknownVal(cty.String), "r": providertest.Ref("daemon.d", provider.Daemon, "p-d")}),
		Related: map[string]provider.Related{"daemon.d": {
			Address: "daemon.d", Kind: provider.Daemon, Name: "p-d", ID: "x", Inside: "daemon.o",
			Declared: cty.ObjectVal(map[string]cty.Value{"tls": cty.True}),
		}},
	}
}

// Requests and answers arrive whole.
func TestMessagesArriveWhole(t *testing.T) {
	t.Parallel()
	var gotCreate provider.CreateRequest
	var gotDiff provider.DiffRequest
	var gotObserve provider.ObserveRequest
	wantObject := fullObject()
	empty := provider.Object{ID: "empty"}
	change := provider.Change{
		Path: "a", From: cty.TupleVal([]cty.Value{cty.StringVal("x"), cty.StringVal("y").Mark(provider.Sensitive)}), To: cty.UnknownVal(cty.String), Created: cty.NullVal(cty.String),
		Effect: provider.Live, Cause: provider.Both, Default: "engine", Sensitive: true,
	}
	difference := provider.Difference{
		Changes:     []provider.Change{change},
		NotCompared: []provider.NotCompared{{Path: "build.secrets", Why: "an image does not show it"}},
	}
	p := plugin.InProcess(t, scripted{
		create: func(_ context.Context, r provider.CreateRequest, sink provider.Sink) (provider.CreateResponse, error) {
			gotCreate = r
			sink(provider.Event{Address: "job.a", Phase: provider.PhaseOutput, Text: "t", Stream: "stderr", Data: []byte("d\xff"), Done: 1, Total: 2})
			return provider.CreateResponse{ID: "id", Adopted: true, Object: wantObject}, nil
		},
		diff: func(r provider.DiffRequest) (provider.DiffResponse, error) {
			gotDiff = r
			return provider.DiffResponse{Differences: []provider.Difference{difference}}, nil
		},
		observe: func(r provider.ObserveRequest, each func(provider.Object) error) (provider.ObserveResponse, error) {
			gotObserve = r
			return provider.ObserveResponse{Images: map[string]string{"a": "b"}, Contents: map[string]string{"b": "c"}, Projects: map[string]int{"p": 2}},
				errors.Join(each(wantObject), each(empty))
		},
	})
	same := func(what string, want, got any) {
		t.Helper()
		if diff := cmp.Diff(want, got, sameValues()); diff != "" {
			t.Errorf("%s (-sent +arrived):\n%s", what, diff)
		}
	}

	create := provider.CreateRequest{
		Place: "place", Declaration: fullDeclaration(), Owner: wantObject.Owner, ImageFrom: []provider.Place{"x", provider.Root},
		Former: []string{"image.old"}, Replaces: "sha256:old", Anew: true,
	}
	var events []provider.Event
	created, err := p.Create(t.Context(), create, func(e provider.Event) { events = append(events, e) })
	if err != nil {
		t.Fatal(err)
	}
	same("create", create, gotCreate)
	same("created", provider.CreateResponse{ID: "id", Adopted: true, Object: wantObject}, created)
	same("events", []provider.Event{{Address: "job.a", Phase: provider.PhaseOutput, Text: "t", Stream: "stderr", Data: []byte("d\xff"), Done: 1, Total: 2}}, events)

	diff := provider.DiffRequest{Items: []provider.DiffItem{{
		Declaration: fullDeclaration(), Created: []byte(`{}`), Actual: wantObject.Actual, Condition: wantObject.Condition,
		Facts: provider.Facts{
			ID: "i", Name: "n", Version: "v", API: "1.41", OS: "linux", Arch: "amd64", Endpoint: "e", Chosen: "c",
			Files: provider.FilesContainer, FilesWhy: "w", Self: "s", Details: map[string]string{"a": "b"},
		},
		ImageID: "sha256:x", ImageContent: "c",
	}}}
	differences, err := p.Diff(t.Context(), diff)
	if err != nil {
		t.Fatal(err)
	}
	same("diff", diff, gotDiff)
	same("differences", []provider.Difference{difference}, differences.Differences)

	observe := provider.ObserveRequest{
		Place: "p", Project: "x", Images: []string{"a"}, Output: []string{"job.a"},
		Names: map[provider.Kind][]string{provider.Volume: {"v", "w"}},
	}
	var objects []provider.Object
	observed, err := p.Observe(t.Context(), observe, func(o provider.Object) error {
		objects = append(objects, o)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	same("observe", observe, gotObserve)
	same("observed", []provider.Object{wantObject, empty}, objects)
	same("closed", provider.ObserveResponse{Images: map[string]string{"a": "b"}, Contents: map[string]string{"b": "c"}, Projects: map[string]int{"p": 2}}, observed)
}

// A description arrives whole, with its types.
func TestDescriptionArrivesWhole(t *testing.T) {
	t.Parallel()
	m := providertest.NewMemory(providertest.Options{})
	want, err := m.Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got, err := plugin.InProcess(t, m).Describe(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	types := cmp.Comparer(func(a, b cty.Type) bool { return a.Equals(b) })
	if diff := cmp.Diff(want, got, types); diff != "" {
		t.Error(diff)
	}
}

// A problem arrives as the problem that it is, with everything that it says, also
// wrapped and beside an answer.
func TestProblemsArriveWhole(t *testing.T) {
	t.Parallel()
	want := &provider.Problem{
		Code: provider.JobFailed, Address: "job.a", Path: "image", Summary: "The job failed", Detail: "It did.",
		Log: []string{"one", "two"}, Holder: "container x",
	}
	var fault error
	p := plugin.InProcess(t, scripted{
		create: func(context.Context, provider.CreateRequest, provider.Sink) (provider.CreateResponse, error) {
			return provider.CreateResponse{ID: "half"}, fault
		},
	})
	for _, fault = range []error{want, fmt.Errorf("creating: %w", want)} {
		resp, err := p.Create(t.Context(), provider.CreateRequest{Declaration: fullDeclaration()}, nil)
		var got *provider.Problem
		if !errors.As(err, &got) {
			t.Fatalf("the error is %#v", err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if err.Error() != fault.Error() || resp.ID != "half" {
			t.Errorf("%q became %q, beside the id %q", fault, err, resp.ID)
		}
	}
	fault = errors.New("a plain error")
	_, err := p.Create(t.Context(), provider.CreateRequest{Declaration: fullDeclaration()}, nil)
	if err == nil || err.Error() != "a plain error" || provider.CodeOf(err) != "" {
		t.Errorf("a plain error became %#v", err)
	}
}

// A cancelled call still answers what it had done by then.
func TestCancelledCallAnswers(t *testing.T) {
	t.Parallel()
	p := plugin.InProcess(t, scripted{
		create: func(ctx context.Context, _ provider.CreateRequest, sink provider.Sink) (provider.CreateResponse, error) {
			sink(provider.Event{Phase: provider.PhaseStart})
			<-ctx.Done()
			return provider.CreateResponse{ID: "half"}, ctx.Err()
		},
	})
	ctx, cancel := context.WithCancel(t.Context())
	resp, err := p.Create(ctx, provider.CreateRequest{Declaration: fullDeclaration()}, func(provider.Event) { cancel() })
	if resp.ID != "half" || !errors.Is(err, context.Canceled) {
		t.Errorf("the id is %q, the error %v", resp.ID, err)
	}
}

// A batch that is larger than a message is split, and answered in its order.
func TestLargeBatchIsSplit(t *testing.T) {
	t.Parallel()
	var calls atomic.Int64 // parts are compared side by side
	p := plugin.InProcess(t, scripted{
		diff: func(r provider.DiffRequest) (provider.DiffResponse, error) {
			calls.Add(1)
			var out provider.DiffResponse
			for _, item := range r.Items {
				out.Differences = append(out.Differences, provider.Difference{
					Changes: []provider.Change{{Path: item.Declaration.Name, From: cty.True, To: cty.False, Created: cty.True}},
				})
			}
			return out, nil
		},
	})
	long := cty.ObjectVal(map[string]cty.Value{"a": cty.StringVal(strings.Repeat("x", 100<<10))})
	const items = 200 // 20 MiB
	var req provider.DiffRequest
	for i := range items {
		req.Items = append(req.Items, provider.DiffItem{Declaration: provider.Declaration{Name: fmt.Sprint(i), Declared: long}})
	}
	resp, err := p.Diff(t.Context(), req)
	if err != nil || len(resp.Differences) != items || calls.Load() < 2 {
		t.Fatalf("%d answers in %d calls, %v", len(resp.Differences), calls.Load(), err)
	}
	for i, d := range resp.Differences {
		if d.Changes[0].Path != fmt.Sprint(i) {
			t.Fatalf("answer %d is that of item %s", i, d.Changes[0].Path)
		}
	}
}

// A power that the provider does not have is refused.
func TestMissingPowersAreRefused(t *testing.T) {
	t.Parallel()
	p := plugin.InProcess(t, scripted{})
	ctx := t.Context()
	_, dial := p.Dial(ctx, provider.Root, "x")
	_, exec := p.Exec(ctx, provider.ExecRequest{Command: []string{"x"}})
	_, stat := p.Stat(ctx, provider.StatRequest{})
	_, carry := p.Carry(ctx, provider.CarryRequest{}, nil)
	_, survey := p.Survey(ctx, provider.Root)
	_, probe := p.Probe(ctx, provider.ProbeRequest{}, nil)
	_, _, lock := p.Lock(ctx, "p", provider.Holder{})
	for name, err := range map[string]error{
		"dial": dial, "exec": exec, "stat": stat, "carry": carry, "survey": survey, "probe": probe, "lock": lock,
		"logs": p.Logs(ctx, provider.LogsRequest{}), "unlock": p.Unlock(ctx, "p", "n"),
	} {
		if provider.CodeOf(err) != provider.Refused {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// daemonIn makes a daemon in memory and returns its id.
func daemonIn(t *testing.T, m *providertest.Memory) string {
	t.Helper()
	return m.Outside(provider.Root).AddForeign(provider.Daemon, "daemon")
}

// The byte stream to a daemon inside carries both directions, and each can end alone.
func TestDialCarriesBytes(t *testing.T) {
	t.Parallel()
	m := providertest.NewMemory(providertest.Options{})
	id := daemonIn(t, m)
	ctx, cancel := context.WithCancel(t.Context())
	c, err := plugin.InProcess(t, m).Dial(ctx, provider.Root, id)
	if err != nil {
		t.Fatal(err)
	}
	cancel() // bounds the opening, not the connection
	greeting := make([]byte, len(id)+1)
	if _, err := io.ReadFull(c, greeting); err != nil || string(greeting) != id+"\n" {
		t.Fatalf("the greeting is %q, %v", greeting, err)
	}
	message := bytes.Repeat([]byte("0123456789abcdef"), 64<<10) // 1 MiB
	writing := make(chan error, 1)
	go func() {
		_, err := c.Write(message)
		writing <- err
	}()
	echo := make([]byte, len(message))
	if _, err := io.ReadFull(c, echo); err != nil || !bytes.Equal(echo, message) {
		t.Errorf("the echo differs, %v", err)
	}
	if err := <-writing; err != nil {
		t.Errorf("writing: %v", err)
	}
	if err := c.Close(); err != nil {
		t.Errorf("closing: %v", err)
	}
	if _, err := c.Read(echo); err == nil {
		t.Error("a closed connection can be read")
	}
}

// halfDialer dials a connection of TCP, which can be closed for writing alone.
type halfDialer struct {
	provider.Provider
	address string
}

func (d halfDialer) Dial(ctx context.Context, _ provider.Place, _ string) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, "tcp", d.address)
}

func TestDialEndsOneDirection(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close() //nolint:errcheck // the test is over
	go func() {
		c, err := listener.Accept()
		if err != nil {
			return
		}
		all, _ := io.ReadAll(c) // until the other end says that it was all
		_, _ = fmt.Fprintf(c, "got %q", all)
		_ = c.Close()
	}()
	c, err := plugin.InProcess(t, halfDialer{address: listener.Addr().String()}).Dial(t.Context(), provider.Root, "x")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // the test is over
	if _, err := io.WriteString(c, "all"); err != nil {
		t.Fatal(err)
	}
	if err := c.(interface{ CloseWrite() error }).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(c)
	if err != nil || string(answer) != `got "all"` {
		t.Errorf("the answer is %q, %v", answer, err)
	}
}

// What was written before a close arrives.
func TestCloseDeliversWhatWasWritten(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close() //nolint:errcheck // the test is over
	got := make(chan string, 1)
	go func() {
		c, err := listener.Accept()
		if err != nil {
			return
		}
		all, _ := io.ReadAll(c)
		got <- string(all)
		_ = c.Close()
	}()
	c, err := plugin.InProcess(t, halfDialer{address: listener.Addr().String()}).Dial(t.Context(), provider.Root, "x")
	if err != nil {
		t.Fatal(err)
	}
	words := strings.Repeat("last words ", 100<<10) // more than any buffer between the two
	if _, err := io.WriteString(c, words); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if arrived := <-got; arrived != words {
		t.Errorf("of %d bytes %d arrived", len(words), len(arrived))
	}
}

// A stream that the host has leads a provider in another process into a daemon.
func TestOpenRelaysAStream(t *testing.T) {
	t.Parallel()
	m := providertest.NewMemory(providertest.Options{})
	id := daemonIn(t, m)
	req := provider.OpenRequest{ID: id, Stream: func(ctx context.Context) (net.Conn, error) {
		return m.Dial(ctx, provider.Root, id)
	}}
	want, err := m.Open(t.Context(), req)
	if err != nil || !want.Readable {
		t.Fatalf("%+v, %v", want, err)
	}
	for name, p := range map[string]provider.Provider{
		"in process": plugin.InProcess(t, m.Connect()), "in a process": start(t, "memory").Provider(),
	} {
		for range 2 { // the same again
			got, err := p.Open(t.Context(), req)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("%s:\n%s", name, diff)
			}
		}
		broken := req
		broken.Stream = func(context.Context) (net.Conn, error) { return nil, errors.New("the line is dead") }
		got, err := p.Open(t.Context(), broken)
		if err != nil || got.Readable || got.Why != "the line is dead" {
			t.Errorf("%s, with a dead line: %+v, %v", name, got, err)
		}
	}
}

// A command in a terminal learns its size and gets signals while it runs.
func TestExecCarriesSizesAndSignals(t *testing.T) {
	t.Parallel()
	m := providertest.NewMemory(providertest.Options{})
	id := m.Outside(provider.Root).AddForeign(provider.Container, "c")
	resize, signals := make(chan provider.Size), make(chan string)
	out, in := io.Pipe()
	type result struct {
		resp provider.ExecResponse
		err  error
	}
	done := make(chan result, 1)
	p := plugin.InProcess(t, m)
	go func() {
		resp, err := p.Exec(t.Context(), provider.ExecRequest{
			ID: id, Command: []string{"watch"}, TTY: true, Width: 80, Height: 25,
			Stdout: in, Resize: resize, Signals: signals,
		})
		_ = in.Close()
		done <- result{resp, err}
	}()
	expect := func(want string) {
		t.Helper()
		got := make([]byte, len(want))
		if _, err := io.ReadFull(out, got); err != nil || string(got) != want {
			t.Fatalf("it said %q, want %q, %v", got, want, err)
		}
	}
	expect("size 80x25\n")
	resize <- provider.Size{Width: 120, Height: 40}
	expect("size 120x40\n")
	signals <- "INT"
	expect("signal INT\n")
	signals <- "TERM"
	if r := <-done; r.err != nil || r.resp.ExitCode != 143 {
		t.Errorf("it ended with %+v", r)
	}
}
