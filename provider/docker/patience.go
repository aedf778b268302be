package docker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
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

// limit is how long an engine may take to answer a request, or, where the answer may
// pause (see mayPause), to begin it, and then to be silent before it is asked whether
// it is still there. What it was told to wait for (a grace period) comes on top.
func (p patience) limit(req *http.Request) time.Duration {
	limit := p.most
	small := isArchive(req) && req.Method != http.MethodPut && !askedByName(req) // dindctl's own look at one file
	if !small && (req.Method == http.MethodDelete || slowPath.MatchString(req.URL.Path)) {
		limit = p.slow
	}
	return limit + graceOf(req.Context())
}

// The paths of requests, compiled once: every request is looked at by each of them.
var (
	slowPath    = regexp.MustCompile(`/images/(get|.+/get|create|load)$|/build$|/commit$|/archive$|/stop$`)
	listPath    = regexp.MustCompile(`^(/v[0-9.]+)?/(containers/json|networks|volumes|images/json|system/df)$`)
	versionPath = regexp.MustCompile(`^/v[0-9.]+/`)
	longID      = regexp.MustCompile(`([0-9a-f]{12})[0-9a-f]{52}`)
)

type byNameKey struct{}

// byName says that somebody asked for the files or the log that the calls of ctx
// bring. Nothing of them is kept here, and they may be of any size and take any time.
func byName(ctx context.Context) context.Context { return context.WithValue(ctx, byNameKey{}, true) }

func askedByName(req *http.Request) bool { return req.Context().Value(byNameKey{}) != nil }

// mayPause tells whether a call may last as long as the engine is there: what it
// brings is handed on as it comes, and may pause for any time. Of every other call
// the answer has to be there, whole, in time.
func mayPause(req *http.Request) bool {
	asked := askedByName(req)
	path := versionPath.ReplaceAllString(req.URL.Path, "/")
	switch {
	case isArchive(req):
		return asked
	case isLog(req):
		return asked || req.URL.Query().Get("follow") != ""
	case strings.HasPrefix(path, "/images/") && strings.HasSuffix(path, "/get"), isWait(req):
		return true
	}
	return path == "/build" || path == "/images/create" || path == "/images/load" || path == "/images/get" || path == "/events"
}

func isWait(req *http.Request) bool {
	return req.Method == http.MethodPost && strings.HasSuffix(req.URL.Path, "/wait")
}

func isLog(req *http.Request) bool {
	return strings.Contains(req.URL.Path, "/containers/") && strings.HasSuffix(req.URL.Path, "/logs")
}

func isArchive(req *http.Request) bool {
	return strings.Contains(req.URL.Path, "/containers/") && strings.HasSuffix(req.URL.Path, "/archive")
}

// priceLimit bounds what an answer may cost, in bytes of memory; 0 stands for what is
// not kept: it is handed on as it comes, or bounded where it is read.
func priceLimit(req *http.Request) int64 {
	if isWait(req) {
		return waitPrice
	}
	if mayPause(req) || req.Method == http.MethodGet && (isArchive(req) || isLog(req)) {
		return 0
	}
	if listPath.MatchString(req.URL.Path) {
		return listPrice
	}
	return answerPrice
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

// RoundTrip sends the request. The answer ends with an error when it costs more
// memory than its kind may, or does not come in time.
func (t patient) RoundTrip(req *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancelCause(req.Context())
	w := &watchdog{ctx: ctx, cancel: cancel, limit: t.p.limit(req), call: callName(req)}
	w.again()
	sent := req.WithContext(ctx)
	if req.Body != nil && req.Body != http.NoBody {
		sent.Body = &fed{ReadCloser: req.Body, w: w}
	}
	resp, err := t.next.RoundTrip(sent)
	if err != nil {
		w.stop()
		err = w.instead(headTooLarge(w.call, err))
		cancel(nil)
		return nil, err
	}
	if resp.StatusCode == http.StatusSwitchingProtocols {
		w.stop()
		return resp, nil // from now on it is a connection
	}
	if coding := resp.Header.Get("Content-Encoding"); coding != "" && coding != "identity" {
		w.stop()
		_ = resp.Body.Close()
		cancel(nil)
		return nil, senseless(fmt.Sprintf("%s: it is compressed (%.20q), which nobody asked for", w.call, coding))
	}
	answer := &answered{ReadCloser: resp.Body, w: w, limit: priceLimit(req), pausing: mayPause(req)}
	if resp.StatusCode >= http.StatusBadRequest { // words about what went wrong, whatever was asked for
		answer.limit, answer.pausing = answerPrice, false
	}
	w.open()
	if answer.pausing {
		w.stop()
		w.pauses(func(ctx context.Context) error { return ping(ctx, t.next) })
	}
	resp.Body = answer
	return resp, nil
}

// ping asks an engine whether it is there: any answer says so.
func ping(ctx context.Context, engine http.RoundTripper) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodHead, "http://"+engineHost+"/_ping", nil)
	if err != nil {
		return err
	}
	resp, err := engine.RoundTrip(req)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// headLimit bounds the head of an answer, in bytes.
const headLimit = 256 << 10

// headTooLarge is the problem that the head of an answer is too large, in the
// place of net/http's words for it, or of readHead's.
func headTooLarge(call string, err error) error {
	if strings.Contains(err.Error(), "server response headers exceeded") {
		return tooMuch(call, "its head", headLimit)
	}
	return err
}

// tooLarge is an answer that takes more than it may.
func tooLarge(detail string) error {
	return &provider.Problem{
		Code: provider.EngineFailed, Summary: "The engine's answer is too large", Detail: detail + ". Is it a Docker engine that answers there?",
	}
}

func tooMuch(call, what string, limit int64) error {
	size := fmt.Sprintf("%d MiB", limit>>20)
	if limit < 1<<20 {
		size = fmt.Sprintf("%d KiB", limit>>10)
	}
	return tooLarge(fmt.Sprintf("%s: %s would take more than %s of memory", call, what, size))
}

// callName is a call for people: method and path without the API's version.
func callName(req *http.Request) string {
	path := versionPath.ReplaceAllString(req.URL.Path, "/")
	path = longID.ReplaceAllString(path, "$1")
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
	w       *watchdog
	pausing bool  // silence counts, and not how long all of it takes
	limit   int64 // of what it may cost; 0 is none
	price   price
}

func (a *answered) Read(b []byte) (int, error) {
	if a.pausing {
		a.w.again()
	}
	n, err := a.ReadCloser.Read(b)
	if a.pausing || err != nil {
		a.w.stop()
	}
	if a.limit > 0 {
		a.price.note(b[:n])
		switch {
		case a.price.cost > a.limit:
			n, err = 0, tooMuch(a.w.call, "it", a.limit)
		case a.price.deep:
			n, err = 0, senseless(fmt.Sprintf("%s: it is nested more than %d times", a.w.call, nestedMost))
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = noted(a.w.ctx, a.w.instead(err))
	}
	return n, err
}

type pastKey struct{}

// past makes a call of whose errors the Docker client keeps the words alone, and
// returns the problem that an answer ended with.
func past[T any](ctx context.Context, call func(context.Context) (T, error)) (T, error) {
	var known atomic.Pointer[provider.Problem]
	answer, err := call(context.WithValue(ctx, pastKey{}, &known))
	if problem := known.Load(); err != nil && problem != nil {
		err = problem
	}
	return answer, err
}

// noted is the error; where it is a problem, past hears of it.
func noted(ctx context.Context, err error) error {
	var problem *provider.Problem
	if known, asked := ctx.Value(pastKey{}).(*atomic.Pointer[provider.Problem]); asked && errors.As(err, &problem) {
		known.Store(problem)
	}
	return err
}

func (a *answered) Close() error {
	a.w.stop()
	err := a.ReadCloser.Close()
	a.w.cancel(nil)
	return err
}

// watchdog ends one call when the engine takes too long.
type watchdog struct {
	ctx    context.Context //nolint:containedctx // the call's, whose end the watchdog is
	cancel context.CancelCauseFunc
	limit  time.Duration
	call   string
	ask    func(context.Context) error // whether the engine is still there; nil for what may not pause

	mu    sync.Mutex
	begun bool // the answer has begun
	since time.Time
	timer *time.Timer // of the next look; nil while nothing is waited for
	pause time.Duration
}

// open says that the answer has begun. All of it has to come in the time that counts
// from the beginning of the call, unless it may pause.
func (w *watchdog) open() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.begun = true
}

func (w *watchdog) isOpen() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.begun
}

// pauses lets the answer pause as long as the engine says, if asked, that it is there.
func (w *watchdog) pauses(ask func(context.Context) error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ask = ask
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
	since, begun, ask := w.since, w.begun, w.ask
	silent := time.Since(since)
	over := silent >= w.limit
	w.pause = max(min(w.pause*2, w.limit-silent), time.Millisecond)
	if over {
		w.pause = w.limit
	}
	w.timer.Reset(w.pause)
	w.mu.Unlock()
	switch {
	case over && begun && ask == nil:
		w.end("its answer was not there, whole, after")
	case over && ask == nil:
		w.end("not a word for")
	case over:
		// The question takes less than the limit, so that all is over within twice that.
		limited, cancel := context.WithTimeout(w.ctx, w.limit*3/4)
		defer cancel()
		if ask(limited) != nil && w.waitsSince(since) {
			w.end("not a word, and none to /_ping, for")
		}
	case begun && ask == nil:
		w.tell("the engine has been answering %s for %s", silent)
	case !begun:
		w.tell("the engine has not answered %s for %s", silent)
	}
}

func (w *watchdog) tell(words string, silent time.Duration) {
	voiceOf(w.ctx).phase(provider.PhaseWait, fmt.Sprintf(words, w.call, silent.Round(time.Second)))
}

// waitsSince tells whether nothing came since then.
func (w *watchdog) waitsSince(then time.Time) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.timer != nil && w.since.Equal(then)
}

func (w *watchdog) end(what string) {
	w.stop()
	w.cancel(&provider.Problem{
		Code: provider.Unreachable, Summary: "The engine does not answer",
		Detail: fmt.Sprintf("%s: %s %s. What it was asked to do it may still do: the next run looks. "+
			"Is the engine overloaded or stopped? A slow one can be given more time with %s=10m.", w.call, what, w.limit, patienceVariable),
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
// Once the connection is there, the watchdog is told by opened.
func (e *engine) attaching(ctx context.Context, call string) (context.Context, *watchdog) {
	limited, cancel := context.WithCancelCause(ctx)
	w := &watchdog{cancel: cancel, limit: e.waits.most, call: call}
	w.ctx = context.WithValue(limited, attachKey{}, w)
	w.again()
	return w.ctx, w
}

// opened ends the waiting for a connection.
func (w *watchdog) opened() {
	w.stop()
	w.open()
}

// heard is what comes over a connection that was taken over. It may pause for as long
// as the engine answers a ping.
type heard struct {
	r io.Reader
	w *watchdog
}

// hear watches what comes over such a connection.
func (e *engine) hear(r io.Reader, w *watchdog) io.Reader {
	w.pauses(func(ctx context.Context) error { return ping(ctx, e.writing) })
	return &heard{r, w}
}

func (h *heard) Read(b []byte) (int, error) {
	h.w.again()
	n, err := h.r.Read(b)
	h.w.stop()
	if err != nil {
		err = h.w.instead(err)
	}
	return n, err
}

// impatient closes a connection with the context of a call that takes it over, and
// bounds the head of the answer that comes over it.
func impatient(ctx context.Context, conn net.Conn) net.Conn {
	w, taken := ctx.Value(attachKey{}).(*watchdog)
	if conn == nil || !taken {
		return conn
	}
	context.AfterFunc(ctx, func() { _ = conn.Close() })
	return &takenOver{Conn: conn, w: w, left: headLimit}
}

// takenOver is a connection whose first answer is read by the Docker client, which
// does not bound its head.
type takenOver struct {
	net.Conn
	w    *watchdog
	left int // bytes that may come before it is open
}

func (t *takenOver) Read(b []byte) (int, error) {
	if t.left <= 0 && !t.w.isOpen() {
		return 0, tooMuch(t.w.call, "its head", headLimit)
	}
	n, err := t.Conn.Read(b)
	t.left = max(0, t.left-n)
	return n, err
}

// CloseWrite ends one half of the connection, where it can be ended alone.
func (t *takenOver) CloseWrite() error {
	if half, able := t.Conn.(interface{ CloseWrite() error }); able {
		return half.CloseWrite()
	}
	return nil
}
