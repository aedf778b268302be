package docker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"time"

	"github.com/dindctl/dindctl/provider"
)

// patienceVariable is the variable of the environment that says how long an engine
// may be silent: a duration such as 30s.
const patienceVariable = "DINDCTL_ENGINE_TIMEOUT"

// How long an engine may be silent where nothing else is said. What moves or
// removes much data takes an engine its time: it answers when it is through.
const (
	silenceLimit     = 3 * time.Minute
	silenceLimitSlow = 15 * time.Minute
	silenceTold      = 5 * time.Second // then it is said what is waited for
)

// patience is how long an engine may be silent, for most calls and for slow ones.
type patience struct{ most, slow time.Duration }

func patienceOf(env map[string]string) (patience, error) {
	text := env[patienceVariable]
	if text == "" {
		return patience{silenceLimit, silenceLimitSlow}, nil
	}
	limit, err := time.ParseDuration(text)
	if err != nil || limit <= 0 {
		return patience{}, &provider.Problem{
			Code: provider.Invalid, Summary: "The engine's time limit cannot be read",
			Detail: fmt.Sprintf("%s is %q. Give it a duration above zero, such as 30s or 5m, or leave it out.", patienceVariable, text),
		}
	}
	return patience{limit, limit}, nil
}

// limit is how long an engine may be silent before it answers a request. What it
// was told to wait for (a grace period) comes on top.
func (p patience) limit(req *http.Request) time.Duration {
	limit := p.most
	if req.Method == http.MethodDelete || slowPath().MatchString(req.URL.Path) {
		limit = p.slow
	}
	return limit + graceOf(req.Context())
}

func slowPath() *regexp.Regexp {
	return regexp.MustCompile(`/images/(get|.+/get|create|load)$|/build$|/commit$|/archive$|/stop$`)
}

// streams are the answers that may pause for any time: a job's output, a build's.
func streams(req *http.Request) bool {
	path := req.URL.Path
	return strings.HasSuffix(path, "/wait") || strings.HasSuffix(path, "/build") || strings.HasSuffix(path, "/images/create") ||
		strings.HasSuffix(path, "/images/load") || strings.HasSuffix(path, "/events") ||
		strings.HasSuffix(path, "/logs") && req.URL.Query().Get("follow") != ""
}

type graceKey struct{}

// withGrace tells the calls of ctx that the engine will keep them waiting on purpose.
func withGrace(ctx context.Context, grace time.Duration) context.Context {
	return context.WithValue(ctx, graceKey{}, grace)
}

func graceOf(ctx context.Context) time.Duration {
	grace, _ := ctx.Value(graceKey{}).(time.Duration)
	return grace
}

type voiceKey struct{}

// withVoice lets the calls of ctx say that they are waiting.
func withVoice(ctx context.Context, say events) context.Context {
	return context.WithValue(ctx, voiceKey{}, say)
}

func voiceOf(ctx context.Context) events {
	say, ok := ctx.Value(voiceKey{}).(events)
	if !ok {
		return newEvents(nil, "")
	}
	return say
}

// patient is a transport that ends a call which the engine leaves without a word,
// and says what is waited for while it waits.
type patient struct {
	next http.RoundTripper
	p    patience
}

// RoundTrip sends the request.
func (t patient) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(req.Context())
	w := newWatchdog(ctx, cancel, t.p.limit(req), callName(req))
	sent := req.WithContext(ctx)
	if req.Body != nil && req.Body != http.NoBody {
		sent.Body = &fed{ReadCloser: req.Body, w: w}
	}
	resp, err := t.next.RoundTrip(sent)
	if err != nil {
		w.stop()
		return nil, w.instead(err)
	}
	w.stop()
	if resp.StatusCode == http.StatusSwitchingProtocols {
		return resp, nil // from now on it is a connection
	}
	resp.Body = t.watched(resp.Body, req, w)
	return resp, nil
}

// watched watches the answer's content, too.
func (t patient) watched(body io.ReadCloser, req *http.Request, w *watchdog) io.ReadCloser {
	switch {
	case carriesFiles(req):
		return &answered{ReadCloser: body, w: w, left: math.MaxInt64}
	case !streams(req):
		return &answered{ReadCloser: body, w: w, left: answerLimit}
	}
	// A stream may pause. Whether the engine is still there, a second question tells.
	w.ask = func(ctx context.Context) error {
		ping, err := http.NewRequestWithContext(ctx, http.MethodHead, req.URL.Scheme+"://"+req.URL.Host+"/_ping", nil)
		if err != nil {
			return err
		}
		resp, err := t.next.RoundTrip(ping)
		if err != nil {
			return err
		}
		return resp.Body.Close()
	}
	return &answered{ReadCloser: body, w: w, left: math.MaxInt64}
}

// answerLimit bounds an answer that is read as a whole: ten times the list of
// 10,000 containers.
const answerLimit = 256 << 20

// carriesFiles tells of answers that may be of any size, and are not kept in memory.
func carriesFiles(req *http.Request) bool {
	path := req.URL.Path
	return strings.HasSuffix(path, "/archive") || strings.HasSuffix(path, "/get") || strings.HasSuffix(path, "/export") || strings.HasSuffix(path, "/logs")
}

// callName is a call for people: method and path without the API's version.
func callName(req *http.Request) string {
	path := regexp.MustCompile(`^/v[0-9.]+/`).ReplaceAllString(req.URL.Path, "/")
	path = regexp.MustCompile(`([0-9a-f]{12})[0-9a-f]{52}`).ReplaceAllString(path, "$1")
	return req.Method + " " + path
}

// fed is the content of a request: as long as the engine takes of it, it is not silent.
type fed struct {
	io.ReadCloser
	w *watchdog
}

func (f *fed) Read(b []byte) (int, error) {
	f.w.again()
	return f.ReadCloser.Read(b)
}

// answered is the content of an answer.
type answered struct {
	io.ReadCloser
	w    *watchdog
	left int64 // bytes that may still come
}

func (a *answered) Read(b []byte) (int, error) {
	a.w.again()
	n, err := a.ReadCloser.Read(b)
	a.w.stop()
	if a.left -= int64(n); a.left < 0 {
		return 0, &provider.Problem{
			Code: provider.EngineFailed, Summary: "The engine's answer is too large",
			Detail: fmt.Sprintf("%s: more than %d MiB. Is it a Docker engine that answers there?", a.w.call, answerLimit>>20),
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = a.w.instead(err)
	}
	return n, err
}

func (a *answered) Close() error {
	a.w.stop()
	err := a.ReadCloser.Close()
	a.w.cancel(nil)
	return err
}

// watchdog ends one call when the engine is silent for too long.
type watchdog struct {
	ctx    context.Context //nolint:containedctx // the call's, whose end the watchdog is
	cancel context.CancelCauseFunc
	limit  time.Duration
	call   string
	ask    func(context.Context) error // whether the engine is still there; nil for what may not pause

	mu    sync.Mutex
	since time.Time
	timer *time.Timer // of the next look; nil while nothing is waited for
	pause time.Duration
}

func newWatchdog(ctx context.Context, cancel context.CancelCauseFunc, limit time.Duration, call string) *watchdog {
	w := &watchdog{ctx: ctx, cancel: cancel, limit: limit, call: call}
	w.again()
	return w
}

// again begins to wait anew.
func (w *watchdog) again() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.since, w.pause = time.Now(), min(silenceTold+graceOf(w.ctx), w.limit)
	if w.timer == nil {
		w.timer = time.AfterFunc(w.pause, w.look)
		return
	}
	w.timer.Reset(w.pause)
}

// stop says that nothing is waited for.
func (w *watchdog) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.timer != nil {
		w.timer.Stop()
		w.timer = nil
	}
}

// look says what is waited for, or ends it.
func (w *watchdog) look() {
	w.mu.Lock()
	if w.timer == nil {
		w.mu.Unlock()
		return
	}
	silent := time.Since(w.since)
	over := silent >= w.limit
	w.pause = min(w.pause*2, max(w.limit-silent, time.Millisecond))
	if w.ask != nil {
		w.pause = w.limit
	}
	w.timer.Reset(w.pause)
	ask := w.ask
	w.mu.Unlock()
	switch {
	case over && ask != nil:
		limited, cancel := context.WithTimeout(w.ctx, w.limit)
		defer cancel()
		if ask(limited) != nil {
			w.end()
		}
	case over:
		w.end()
	case ask == nil:
		voiceOf(w.ctx).phase(provider.PhaseWait, fmt.Sprintf("the engine has not answered %s for %s", w.call, silent.Round(time.Second)))
	}
}

func (w *watchdog) end() {
	w.stop()
	w.cancel(&provider.Problem{
		Code: provider.Unreachable, Summary: "The engine does not answer",
		Detail: fmt.Sprintf("%s: not a word for %s. What it was asked to do it may still do: the next run looks. "+
			"Is the engine overloaded or stopped? A slow one can be given more time with %s=10m.", w.call, w.limit, patienceVariable),
	})
}

// instead is the watchdog's own reason, where it has ended the call.
func (w *watchdog) instead(err error) error {
	var problem *provider.Problem
	if errors.As(context.Cause(w.ctx), &problem) {
		return problem
	}
	return err
}

type attachKey struct{}

// attaching begins a call whose connection is taken over. Such a call bypasses the
// transport, so that the connection itself is closed when the engine is silent.
func (p patience) attaching(ctx context.Context, call string) (context.Context, *watchdog) {
	limited, cancel := context.WithCancelCause(ctx)
	limited = context.WithValue(limited, attachKey{}, true)
	return limited, newWatchdog(limited, cancel, p.most, call)
}

// impatient closes a connection with the context of a call that takes it over.
func impatient(ctx context.Context, conn net.Conn) net.Conn {
	if conn != nil && ctx.Value(attachKey{}) != nil {
		context.AfterFunc(ctx, func() { _ = conn.Close() })
	}
	return conn
}
