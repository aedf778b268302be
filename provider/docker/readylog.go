package docker

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/go-units"

	"github.com/dindctl/dindctl/provider"
)

// logWatch looks for something in what one run of a container writes to its log: from the
// beginning of that run on and as it is written, however much it is. Nothing of it is kept.
type logWatch struct {
	cancel context.CancelFunc
	state  atomic.Pointer[logState]
	wake   chan<- struct{} // is told of every new state
}

// logState is what came out so far.
type logState struct {
	met    bool
	doubt  *keptLog // whether the log reaches back is not known; nil where it is
	beyond bool     // it does not, so that nothing tells
	err    error    // it cannot be read now
}

// end gives a watch up; there may be none.
func (w *logWatch) end() {
	if w != nil {
		w.cancel()
	}
}

// log looks whether a line of the run's log matches.
func (r *readiness) log(ctx context.Context, c container.InspectResponse) (string, error) {
	if r.pattern == nil {
		return "", nil
	}
	if r.watch == nil {
		ctx, cancel := context.WithCancel(ctx)
		r.watch = &logWatch{cancel: cancel, wake: r.wake}
		go r.watch.follow(ctx, r.e, c, r.pattern, r.found)
		if r.found { // what it wrote until now is soon read
			r.pause(ctx, readySoon)
		}
	}
	state := r.watch.state.Load()
	switch {
	case state == nil:
	case state.met:
		return "", nil
	case state.beyond || state.doubt != nil && r.e.hasDropped(ctx, c, *state.doubt):
		if !r.toldBeyond {
			r.say.phase(provider.PhaseMessage, "its log no longer reaches back to its start: ready.log counts as met, for it runs")
		}
		r.toldBeyond = true
		return "", nil
	case state.err != nil && strings.Contains(state.err.Error(), "does not support reading"):
		return "", r.never("log", fmt.Sprintf("The log of container %s cannot be read: its logging driver, %s, keeps none. Choose another one, or wait for something else: "+
			"`port`, `healthy`, `http` or `exec`.", r.decl.Name, c.HostConfig.LogConfig.Type))
	case state.err != nil:
		return "its log cannot be read: " + engineWords(state.err), nil //nolint:nilerr // as it is said
	}
	missing := fmt.Sprintf("no line of its log matches %q yet", r.ready.text("log"))
	if state != nil && state.doubt != nil {
		missing += "; its log is kept in part, and may have lost what it began with: if it has, start it anew (`dindctl restart`)"
	}
	return missing, nil
}

// pause waits until there is something to look at, or the time is over.
func (r *readiness) pause(ctx context.Context, limit time.Duration) {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-r.wake:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// tell says how it stands.
func (w *logWatch) tell(s logState) {
	w.state.Store(&s)
	select {
	case w.wake <- struct{}{}:
	default: // it is told already
	}
}

// follow looks until it is known. With found the container ran before it was looked at: its
// log may have lost what it began with.
func (w *logWatch) follow(ctx context.Context, e *engine, c container.InspectResponse, pattern *regexp.Regexp, found bool) {
	since := beginOfRun(c.State)
	var now logState
	if found {
		scan, err := e.scanLog(ctx, c, since, false, pattern)
		if err == nil && !scan.found {
			kept := e.keptNow(ctx, c, since, scan)
			now.beyond = kept.reach == reachesNot
			if kept.reach == reachUnknown {
				now.doubt = &kept
			}
		}
		if now.met = scan.found; now != (logState{}) {
			w.tell(now)
		}
		if now.met || now.beyond {
			return
		}
	}
	again := time.NewTicker(readyPause)
	defer again.Stop()
	for {
		healthy := w.healthyAgain(now)
		scan, err := e.scanLog(ctx, c, since, true, pattern)
		healthy.Stop()
		if scan.found {
			w.tell(logState{met: true})
			return
		}
		if err != nil && ctx.Err() == nil {
			w.tell(logState{doubt: now.doubt, err: err})
		}
		select { // it ended, or the engine gave up
		case <-ctx.Done():
			return
		case <-again.C:
		}
	}
}

// healthyAgain takes back that the log cannot be read, once it was read for a while without
// an error.
func (w *logWatch) healthyAgain(now logState) *time.Timer {
	broken := w.state.Load()
	return time.AfterFunc(readySoon, func() {
		if broken != nil && broken.err != nil {
			w.state.CompareAndSwap(broken, &now) // unless there is a newer error
		}
	})
}

// beginOfRun is a moment between the run of a container and the one before it; zero for the
// first one. What a process writes at once may bear a time before the one that the engine
// notes for its start, and the last words of the run before one after its end: half way
// between that end and this start neither is met.
func beginOfRun(s *container.State) time.Time {
	started, err := time.Parse(time.RFC3339Nano, s.StartedAt)
	if err != nil {
		return time.Time{}
	}
	ended, err := time.Parse(time.RFC3339Nano, s.FinishedAt)
	switch {
	case err != nil || ended.Year() <= 1:
		return time.Time{}
	case ended.Before(started):
		return ended.Add(started.Sub(ended) / 2) //nolint:mnd // half way
	}
	return started // the clock was set back
}

// logScan is what was found in a log, and how much was read.
type logScan struct {
	found        bool
	bytes, lines int64
}

// scanLog reads the log of a container until something matches or the log ends, which one
// that is followed does with its container.
func (e *engine) scanLog(ctx context.Context, c container.InspectResponse, since time.Time, follow bool, pattern *regexp.Regexp) (logScan, error) {
	options := container.LogsOptions{ShowStdout: true, ShowStderr: true, Follow: follow}
	if !since.IsZero() {
		options.Since = since.UTC().Format(time.RFC3339Nano)
	}
	read := e.read.ContainerLogs
	if follow { // it lasts, and the connections for reading are few
		read = e.write.ContainerLogs
	}
	logs, err := read(byName(ctx), c.ID, options)
	if err != nil {
		return logScan{}, err
	}
	defer func() { _ = logs.Close() }()
	stdout, stderr := &matching{pattern: pattern}, &matching{pattern: pattern}
	err = demultiplex(logs, c.Config.Tty, stdout, stderr)
	if err == nil { // else the last line may go on
		stdout.end()
		stderr.end()
	}
	scan := logScan{found: stdout.found || stderr.found, bytes: stdout.bytes + stderr.bytes, lines: stdout.lines + stderr.lines}
	if scan.found { // that ended the reading
		err = nil
	}
	return scan, err
}

// matching looks for a line that matches in what is written to it, in whatever pieces, and
// keeps no more than the line that is not ended. A line ends with a line feed, and where a
// terminal made it, with a carriage return before that.
type matching struct {
	pattern      *regexp.Regexp
	found        bool
	line         []byte
	bytes, lines int64
}

// Of a line that is longer than lineMost its end is looked at alone: lineKept bytes of it
// behind a byte that stands for the rest, so that it does not seem to begin there.
const (
	lineMost = 2 * lineKept
	lineKept = 512 << 10
)

// errMatched ends the reading: there may be nothing more to read for a long time.
var errMatched = errors.New("it matches")

// Write returns errMatched once a line matches.
func (m *matching) Write(b []byte) (int, error) {
	m.bytes += int64(len(b))
	for rest := b; !m.found && len(rest) > 0; {
		end := bytes.IndexByte(rest, '\n')
		if end < 0 {
			m.take(rest)
			break
		}
		m.take(rest[:end])
		m.lines++
		m.look()
		rest = rest[end+1:]
	}
	if m.found {
		return 0, errMatched
	}
	return len(b), nil
}

func (m *matching) take(part []byte) {
	m.line = append(m.line, part...)
	if len(m.line) > lineMost {
		m.line = append(m.line[:1], m.line[len(m.line)-lineKept:]...)
		m.line[0] = 0
	}
}

// look looks at a line that has ended.
func (m *matching) look() {
	m.found = m.found || m.pattern.Match(bytes.TrimSuffix(m.line, []byte{'\r'}))
	m.line = m.line[:0]
}

// end looks at what is there of a line that does not end, and tells whether a line matched.
func (m *matching) end() bool {
	if len(m.line) > 0 {
		m.look()
	}
	return m.found
}

// How far a log reaches back.
const (
	// logSilence is within which time of its start a container that says anything has
	// begun to. A log that begins later may have lost its beginning; it alone proves nothing.
	logSilence = 30 * time.Second
	// logLine is more than what a log driver adds to a line, and logEscape how much longer
	// a text can be in its file; logLineLeast is less than what json-file adds, and
	// logLineLocal less than what local does.
	logLine, logEscape         = 1 << 10, 6
	logLineLeast, logLineLocal = 60, 20
)

// reach tells whether a log has all that was written since the beginning of a run. Log
// drivers that keep a part alone drop the oldest.
type reach int

const (
	reaches reach = iota
	reachesNot
	reachUnknown
)

// keptLog is what is there of a log at one moment.
type keptLog struct {
	oldest time.Time // of its oldest line; zero for an empty log
	reach  reach
}

// keptNow tells how far a log reaches back that was just read from the beginning of a run on.
func (e *engine) keptNow(ctx context.Context, c container.InspectResponse, since time.Time, scan logScan) keptLog {
	if _, bounded := keptOfLog(c.HostConfig.LogConfig); !bounded {
		return keptLog{}
	}
	oldest, err := e.oldestLine(ctx, c)
	if err != nil {
		return keptLog{} // nothing can be compared with it
	}
	started, err := time.Parse(time.RFC3339Nano, c.State.StartedAt)
	if err != nil {
		return keptLog{}
	}
	return keptLog{oldest: oldest, reach: reachOf(c.HostConfig.LogConfig, since, started, oldest, scan)}
}

// reachOf decides by what is there of a log: since is the beginning of the run, and started
// the engine's time of it. That something was dropped is evident only where there is as much
// as is kept after that, or where what was read a moment ago is gone. A container may be
// silent for long, so that a log that begins late proves nothing.
func reachOf(l container.LogConfig, since, started, oldest time.Time, scan logScan) reach {
	kept, bounded := keptOfLog(l)
	switch {
	case !bounded:
		return reaches
	case scan.bytes == 0: // it said nothing
		return reaches
	case oldest.IsZero(): // what was just read is gone
		return reachesNot
	case oldest.Before(since) || oldest.Before(started.Add(logSilence)):
		return reaches
	case logEscape*scan.bytes+logLine*scan.lines < kept:
		return reaches
	case kept > 0 && scan.bytes+leastOfLine(l)*scan.lines >= kept:
		return reachesNot
	}
	return reachUnknown
}

func leastOfLine(l container.LogConfig) int64 {
	if l.Type == "json-file" {
		return logLineLeast
	}
	return logLineLocal
}

// hasDropped tells whether a log that begins late has lost what was its oldest line when the
// waiting began: one that drops by now is taken to have done so before.
func (e *engine) hasDropped(ctx context.Context, c container.InspectResponse, before keptLog) bool {
	oldest, err := e.oldestLine(ctx, c)
	return err == nil && (oldest.IsZero() || oldest.After(before.oldest))
}

// keptOfLog is how many bytes of a log are there at least once something was dropped, and
// whether anything is ever dropped.
func keptOfLog(l container.LogConfig) (least int64, bounded bool) {
	size, files := l.Config["max-size"], l.Config["max-file"]
	switch l.Type {
	case "json-file":
		if size == "" || size == "-1" {
			return 0, false
		}
		files = cmp.Or(files, "1")
	case "local":
		size, files = cmp.Or(size, "20m"), cmp.Or(files, "5")
	default: // nothing is known of it
		return 0, true
	}
	each, err := units.RAMInBytes(size)
	count, wrong := strconv.ParseInt(files, 10, 64)
	if err != nil || wrong != nil || count < 1 {
		return 0, true
	}
	return each * (count - 1), true
}

// oldestLine is the time of the oldest line that is there; zero for an empty log.
func (e *engine) oldestLine(ctx context.Context, c container.InspectResponse) (time.Time, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	logs, err := e.read.ContainerLogs(byName(ctx), c.ID, container.LogsOptions{ShowStdout: true, ShowStderr: true, Timestamps: true})
	if err != nil {
		return time.Time{}, err
	}
	defer func() { _ = logs.Close() }()
	var first firstWord
	err = demultiplex(logs, c.Config.Tty, &first, &first) // it is ended by the end of the word
	if err == nil && len(first.word) == 0 {
		return time.Time{}, nil
	}
	return time.Parse(time.RFC3339Nano, string(first.word))
}

// firstWord keeps what is written to it up to a space, and takes no more.
type firstWord struct{ word []byte }

// Write is [io.Writer]'s.
func (f *firstWord) Write(b []byte) (int, error) {
	const most = 64 // longer than a time
	for _, one := range b {
		if one == ' ' || len(f.word) > most {
			return 0, io.ErrShortWrite
		}
		f.word = append(f.word, one)
	}
	return len(b), nil
}
