package docker

import (
	"bytes"
	"context"
	"errors"
	"hash/crc64"
	"io"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
)

// A stream that ends does not say whether the job has ended, or something between it and
// dindctl: an engine ends both alike. So the end of what was heard is compared with the
// job's log, whatever the stream ended with, and what the log has more is handed on.

// settling is how long a job may take to end after its stream has, before its log is
// followed instead. It decides only how soon the rest is shown, not whether.
const settling = 5 * time.Second

const (
	seamKept = 64 << 10 // of what was heard, to find it again in a log whose beginning is gone
	sureOf   = 32       // bytes that are no accident
)

// errLost is that a part of a job's output is nowhere any more.
var errLost = errors.New("the stream of its output was cut, and its log, whose beginning was rotated away, " +
	"has no place any more where that was: a part of what it wrote is lost. `dindctl logs` shows what there is; give it a larger max-size, or none")

// spoken is a stream so far.
type spoken struct {
	count int64
	sum   uint64
	tail  []byte
}

func (s *spoken) add(b []byte) {
	s.count += int64(len(b))
	s.sum = crc64.Update(s.sum, crc64.MakeTable(crc64.ECMA), b)
	s.tail = append(s.tail, b[max(0, len(b)-seamKept):]...)
	if len(s.tail) > 2*seamKept {
		s.tail = slices.Clone(s.tail[len(s.tail)-seamKept:])
	}
}

// told is what was heard of a stream, as the log holds it.
type told struct {
	all   spoken
	texts bool   // the log holds texts: of a line, or of a part of a long one, what is no UTF-8 is replaced
	piece []byte // of which more may come
}

func (t *told) hear(b []byte) {
	if !t.texts {
		t.all.add(b)
		return
	}
	for len(b) > 0 {
		n := min(len(b), logPiece-len(t.piece))
		if end := bytes.IndexByte(b[:n], '\n'); end >= 0 {
			n = end + 1
		}
		t.piece = append(t.piece, b[:n]...)
		b = b[n:]
		if len(t.piece) == logPiece || t.piece[len(t.piece)-1] == '\n' {
			t.close()
		}
	}
}

// read takes in what comes from the log itself.
func (t *told) read(b []byte) {
	t.close()
	t.all.add(b)
}

func (t *told) close() {
	t.all.add(asText(t.piece))
	t.piece = t.piece[:0]
}

// now is all of it.
func (t *told) now() spoken {
	now := t.all
	now.tail = slices.Clone(now.tail)
	now.add(asText(t.piece))
	return now
}

// asText is what a log of texts makes of bytes.
func asText(b []byte) []byte {
	if utf8.Valid(b) {
		return b
	}
	var out []byte
	for len(b) > 0 {
		r, size := utf8.DecodeRune(b)
		out = utf8.AppendRune(out, r)
		b = b[size:]
	}
	return out
}

// record compares the log of a stream with what was heard, and hands on what comes after.
type record struct {
	heard   spoken
	read    spoken // without its tail
	differs bool   // the log does not begin with what was heard
	kept    kept
	news    func([]byte) error
}

func (r *record) Write(b []byte) (int, error) {
	_, _ = r.kept.Write(b) // never refuses
	known := b[:min(r.heard.count-r.read.count, int64(len(b)))]
	r.read.count += int64(len(known))
	r.read.sum = crc64.Update(r.read.sum, crc64.MakeTable(crc64.ECMA), known)
	if r.read.count == r.heard.count && r.read.sum != r.heard.sum {
		r.differs = true
	}
	if news := b[len(known):]; len(news) > 0 && !r.differs {
		return len(b), r.news(news)
	}
	return len(b), nil
}

// same tells of a log that has been read that it has what was heard, and nothing else.
func (r *record) same() bool { return !r.rotated() && r.kept.written == r.heard.count }

// rotated tells of a log that has been read that its beginning is gone.
func (r *record) rotated() bool { return r.differs || r.read.count < r.heard.count }

// seam finds the end of what was heard in a log without its beginning.
type seam struct {
	tail  []byte
	links []int  // of the tail, see borders
	state int    // how much of the tail's beginning the log ends with
	count int64  // of the log
	after int64  // the last end of a whole tail; 0 is none
	begin []byte // of the log, as long as the tail
}

func newSeam(heard spoken) *seam {
	tail := heard.tail[max(0, len(heard.tail)-seamKept):]
	return &seam{tail: tail, links: borders(tail)}
}

func (p *seam) Write(b []byte) (int, error) {
	p.begin = append(p.begin, b[:min(len(b), len(p.tail)-len(p.begin))]...)
	for _, c := range b {
		p.count++
		p.state = advance(p.tail, p.links, p.state, c)
		if p.state == len(p.tail) {
			p.after = p.count
		}
	}
	return len(b), nil
}

// known is how much of the log was heard, of so many bytes. Cut says that not all was heard
// for certain: an empty log then says nothing. Where nothing was cut, a log that has less
// than was heard lacks something itself: full disks and logs that do not block leave
// entries out, and nothing is lost to who was heard.
func (p *seam) known(heard int64, cut bool) (int64, error) {
	if !cut && p.count < heard {
		return p.count, nil
	}
	if p.after > 0 || len(p.tail) == 0 || p.count == 0 && !cut {
		return p.after, nil
	}
	links, state := borders(p.begin), 0
	for _, c := range p.tail {
		state = advance(p.begin, links, state, c)
	}
	if int64(state) == p.count && state > 0 || state >= sureOf {
		return int64(state), nil
	}
	return 0, errLost
}

// borders are, for each length of a beginning of the text, the longest shorter one that
// it ends with.
func borders(text []byte) []int {
	links := make([]int, len(text)+1)
	for i := 1; i < len(text); i++ {
		links[i+1] = advance(text[:i], links, links[i], text[i])
	}
	return links
}

// advance is the longest beginning of the text that what ended with state of it ends with
// after one more byte.
func advance(text []byte, links []int, state int, c byte) int {
	if state == len(text) && state > 0 {
		state = links[state]
	}
	for state > 0 && text[state] != c {
		state = links[state]
	}
	if len(text) > state && text[state] == c {
		state++
	}
	return state
}

// beyond hands on what comes after so many bytes.
type beyond struct {
	skip int64
	news func([]byte) error
}

func (b *beyond) Write(piece []byte) (int, error) {
	known := min(b.skip, int64(len(piece)))
	b.skip -= known
	if known == int64(len(piece)) {
		return len(piece), nil
	}
	return len(piece), b.news(piece[known:])
}

// follow hands the output on until the job has ended. Where listening ends before the job
// does, its log goes on, from where that was.
func (w *watch) follow(ctx context.Context, listen func(context.Context) error) error {
	err := w.untilEnd(ctx, listen)
	return errors.Join(err, w.stdout.lines.Flush(), w.stderr.lines.Flush())
}

func (w *watch) untilEnd(ctx context.Context, listen func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	over, alone := &ending{done: make(chan struct{})}, make(chan struct{})
	go func() {
		defer close(over.done)
		over.err = w.awaitEnd(ctx, alone)
	}()
	silent, broken := w.hear(ctx, over, listen)
	close(alone)
	cut := silent || broken != nil
	for pause := settling; ; pause = min(2*pause, longestPause) {
		late := time.NewTimer(pause)
		select {
		case <-over.done:
			late.Stop()
			if over.err != nil {
				return errors.Join(over.err, broken)
			}
			return w.complete(ctx, broken, cut)
		case <-late.C:
		}
		cut = true
		if w.driver() == "none" {
			continue
		}
		began := time.Now()
		_, broken = w.hear(ctx, over, w.followLog)
		if time.Since(began) > pause { // it did go on for a while
			pause = settling / 2 //nolint:mnd // which is doubled
		}
	}
}

// longestPause is how long it may take until a log that cannot be followed is tried again:
// each time it is read from its beginning.
const longestPause = 5 * time.Minute

// ending is the end of a job, once it is done; or why it is not known.
type ending struct {
	done chan struct{}
	err  error
}

// hear listens until that ends. Where the job has ended and nothing has come for a while,
// it is given up, and silent: a stream that was lost may stay open for ever, and what it
// would have said is in the log.
func (w *watch) hear(ctx context.Context, over *ending, listen func(context.Context) error) (silent bool, broken error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	heard := make(chan error, 1)
	go func() { heard <- listen(ctx) }()
	select {
	case err := <-heard:
		return false, err
	case <-over.done:
	}
	look := time.NewTicker(settling)
	defer look.Stop()
	for before := w.pieces.Load(); ; {
		select {
		case err := <-heard:
			return false, err
		case <-look.C:
		}
		now := w.pieces.Load()
		if now == before {
			cancel()
			<-heard
			return true, nil
		}
		before = now
	}
}

// awaitEnd waits for the job's end. While it is heard beside that, a wait that fails is
// begun again: what lies between may end connections over which nothing comes. Alone is
// closed when nothing else tells any more.
func (w *watch) awaitEnd(ctx context.Context, alone <-chan struct{}) error {
	for pause := settling; ; pause = min(2*pause, longestPause) {
		last := isDone(alone)
		err := w.waitOnce(ctx)
		if err == nil || last || ctx.Err() != nil || errdefs.IsNotFound(err) || errdefs.IsConflict(err) {
			return err
		}
		later := time.NewTimer(pause)
		select {
		case <-alone:
		case <-later.C:
		case <-ctx.Done():
		}
		later.Stop()
	}
}

func isDone(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

func (w *watch) waitOnce(ctx context.Context) error {
	ended, failed := w.e.write.ContainerWait(ctx, w.id, container.WaitConditionNotRunning)
	select {
	case <-ended:
		return nil
	case err := <-failed:
		return err
	}
}

// complete hands on what the log of a job that has ended has more than was heard. Cut
// says that not all was heard for certain, and broken why.
func (w *watch) complete(ctx context.Context, broken error, cut bool) error {
	exact := w.driver() == "" || w.driver() == "json-file" || w.driver() == "local"
	if w.driver() == "none" || !exact && !cut { // it need not hold the same bytes
		return broken
	}
	ctx = byName(ctx) // it may be long
	stdout, stderr := w.stdout.record(), w.stderr.record()
	switch err := w.readLog(ctx, false, stdout, stderr); {
	case errdefs.IsNotImplemented(err):
		return broken
	case err != nil:
		return err
	}
	if stdout.rotated() || stderr.rotated() {
		if err := w.completeRotated(ctx, stdout, stderr, cut); err != nil {
			return err
		}
	}
	// What the next run reads is the log: it shall find the same values, and none of what
	// the log has lost.
	whole := w.fromStart && !cut && stdout.same() && stderr.same()
	if whole && mayLack(w.container, &stdout.kept, &stderr.kept) != "" {
		whole = w.e.noteWhole(ctx, w.id) == nil // without a record the next run would not know
	}
	said := outputFrom(w.container, &stdout.kept, &stderr.kept, whole)
	why := rotatedAway
	if rotationOf(w.container).size == 0 {
		why = lacking
	}
	if stdout.rotated() {
		said.withhold("stdout", why)
	}
	if stderr.rotated() {
		said.withhold("stderr", why)
	}
	w.said = &said
	return nil
}

// completeRotated is complete where the log's beginning is gone: by a first look for what
// was heard in it, and a second for what follows.
func (w *watch) completeRotated(ctx context.Context, stdout, stderr *record, cut bool) error {
	out, errs := newSeam(w.stdout.told.now()), newSeam(w.stderr.told.now())
	if err := w.readLog(ctx, false, out, errs); err != nil {
		return err
	}
	more := false
	rest := func(h *hearing, r *record, p *seam) (io.Writer, error) {
		if !r.rotated() {
			return io.Discard, nil
		}
		known, err := p.known(r.heard.count, cut)
		more = more || known < p.count
		return &beyond{known, h.fromLog}, err
	}
	restOut, err := rest(w.stdout, stdout, out)
	restErrs, otherErr := rest(w.stderr, stderr, errs)
	if err := errors.Join(err, otherErr); err != nil || !more {
		return err
	}
	return w.readLog(ctx, false, restOut, restErrs)
}

// record compares the job's log with what was heard until now.
func (h *hearing) record() *record { return &record{heard: h.told.now(), news: h.fromLog} }

// readLog reads the job's log from its beginning.
func (w *watch) readLog(ctx context.Context, follow bool, stdout, stderr io.Writer) error {
	logs, err := w.e.write.ContainerLogs(ctx, w.id, container.LogsOptions{ShowStdout: true, ShowStderr: true, Follow: follow})
	if err != nil {
		return err
	}
	defer func() { _ = logs.Close() }()
	return demultiplex(logs, w.container.Config.Tty, stdout, stderr)
}

// driver is what keeps the job's log; empty where that is not known.
func (w *watch) driver() string {
	if w.container.ContainerJSONBase == nil || w.container.HostConfig == nil {
		return ""
	}
	return w.container.HostConfig.LogConfig.Type
}
