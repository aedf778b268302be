package ui

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/charmbracelet/x/ansi"
	"github.com/docker/go-units"

	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/internal/runner"
	"github.com/dindctl/dindctl/provider"
)

const (
	// outputShown is how many lines of a running job stand under it.
	outputShown = 5
	// outputKept is how many lines of a job's output are written when it has ended.
	outputKept = 1000
	// barFrom is the width of a window from which bytes are drawn, too; barWidth is
	// how wide they are drawn.
	barFrom, barWidth = 100, 20
)

// Live is what happens during an apply, on a terminal: what is being done is one
// line each at the bottom of the window, with its state and time, and is written
// anew as it goes on; what was done scrolls away above. A job's output stands
// under the job, its last lines while it runs and all of it (up to 1,000 lines)
// when it has ended. It leaves nothing behind that a terminal has to be reset from.
type Live struct {
	w      io.Writer
	window func() (width, height int)
	now    func() time.Time
	o      Options
	title  string
	begun  time.Time

	mu      sync.Mutex
	ending  bool // the run was asked to end
	total   int
	done    int
	running []*doingNow
	drawn   []int // the widths of the lines that stand there
	closed  bool
}

// doingNow is one step that is being carried out.
type doingNow struct {
	id      int
	address string
	verb    string
	text    string
	since   time.Time
	// bytes and of count what is moved, where something is.
	bytes, of int64
	output    []string
	dropped   int // lines of output that were not kept
}

// NewLive draws on w, whose window has the given size (0 where it is not known:
// 80 by 24), under a title such as "Applying"; total is how many steps are planned.
func NewLive(w io.Writer, window func() (width, height int), now func() time.Time, title string, total int, o Options) *Live {
	return &Live{w: w, window: window, now: now, o: o, title: title, begun: now(), total: total}
}

// Event takes what happens; it is a [runner.Sink].
func (l *Live) Event(e runner.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch e.Kind {
	case runner.Started:
		l.running = append(l.running, &doingNow{id: e.Step.ID, address: e.Step.Address, verb: doing(e.Step.Action), since: l.now()})
		l.draw(nil)
	case runner.Progress:
		l.progress(e)
	case runner.Added:
		l.total++
	case runner.Finished, runner.Failed, runner.Skipped, runner.Dropped:
		l.ended(e)
	}
}

// progress only remembers: what changed is drawn with the next tick.
func (l *Live) progress(e runner.Event) {
	i := slices.IndexFunc(l.running, func(d *doingNow) bool { return d.id == e.Step.ID })
	if i < 0 {
		return
	}
	d := l.running[i]
	text := clean(e.Text)
	switch e.Phase {
	case provider.PhaseOutput:
		if d.output = append(d.output, text); len(d.output) > outputKept {
			d.output, d.dropped = d.output[1:], d.dropped+1
		}
		return
	case provider.PhaseMessage:
		l.draw([]string{fmt.Sprintf("%s: %s", l.o.paint(bold, e.Address), text)})
		return
	default:
	}
	d.text, d.bytes, d.of = text, e.Done, e.Total
	if e.Phase != provider.PhaseStart || e.Step.Action != plan.Run { // a job that was started runs
		d.verb = phaseVerb(e.Phase, d.verb)
	} else {
		d.verb = doing(plan.Run)
	}
	if e.Address != d.address {
		d.text = e.Address + ": " + text
	}
}

func (l *Live) ended(e runner.Event) {
	l.done++
	lines := []string{progressLine(e, nil, l.o)}
	if i := slices.IndexFunc(l.running, func(d *doingNow) bool { return d.id == e.Step.ID }); i >= 0 {
		d := l.running[i]
		l.running = slices.Delete(l.running, i, i+1)
		if d.dropped > 0 {
			lines = append(lines, l.o.paint(faint, fmt.Sprintf("  | (%d earlier lines are left out)", d.dropped)))
		}
		for _, text := range d.output {
			lines = append(lines, "  "+l.o.paint(faint, "|")+" "+text)
		}
	}
	l.draw(lines)
}

// Ending says that the run was asked to end: it stays so in the title.
func (l *Live) Ending() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ending = true
	l.draw(nil)
}

// Tick draws anew what is being done: the time goes on, and the window may have
// another size. It is called a few times a second.
func (l *Live) Tick() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.draw(nil)
}

// Close takes away what is drawn; nothing is drawn after it.
func (l *Live) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.running = nil
	l.draw(nil)
	l.closed = true
}

// draw writes lines that stay, and below them what is being done. It is one write:
// each line covers the one that stood there, so that nothing flickers.
func (l *Live) draw(stay []string) {
	if l.closed {
		return
	}
	width, height := l.window()
	width, height = cmp.Or(width, 80), cmp.Or(height, 24)
	var out strings.Builder
	if rows := rowsOf(l.drawn, width); rows > 0 {
		out.WriteString("\r" + ansi.CursorUp(rows))
		if rows > len(l.drawn) { // the window became narrower, and they were broken
			out.WriteString(ansi.EraseScreenBelow)
		}
	}
	for _, line := range stay {
		out.WriteString(line + ansi.EraseLineRight + "\n")
	}
	frame := l.frame(width, height)
	had := len(l.drawn)
	l.drawn = l.drawn[:0]
	for _, line := range frame {
		out.WriteString(line + ansi.EraseLineRight + "\n")
		l.drawn = append(l.drawn, ansi.StringWidth(line))
	}
	if had > 0 {
		out.WriteString(ansi.EraseScreenBelow)
	}
	if out.Len() > 0 {
		_, _ = io.WriteString(l.w, out.String())
	}
}

// rowsOf is how many rows of a window lines take.
func rowsOf(widths []int, window int) int {
	rows := 0
	for _, width := range widths {
		rows += max(1, (width+window-1)/window)
	}
	return rows
}

// frame is what stands at the bottom of a window of that size.
func (l *Live) frame(width, height int) []string {
	if len(l.running) == 0 {
		return nil
	}
	head := fmt.Sprintf("%s: %d of %d done, %d running", l.title, l.done, max(l.total, l.done+len(l.running)), len(l.running))
	if l.ending {
		head = fmt.Sprintf("Ending: %d running; Ctrl-C again ends at once", len(l.running))
	}
	lines := []string{l.o.paint(bold, aligned(head, since(l.now().Sub(l.begun)), width))}
	addresses := 0
	for _, d := range l.running {
		addresses = max(addresses, ansi.StringWidth(d.address))
	}
	addresses = min(addresses, width/2)
	space := max(height-2, 2) // the cursor has a line of its own
	for i, d := range l.running {
		if left := len(l.running) - i; left > 1 && len(lines) >= space-1 {
			return append(lines, l.o.paint(faint, clip(fmt.Sprintf("  and %d more", left), width)))
		}
		lines = append(lines, l.line(d, addresses, width))
		shown := min(outputShown, len(d.output), max(space-len(lines)-(len(l.running)-i-1), 0))
		for _, text := range d.output[len(d.output)-shown:] {
			lines = append(lines, l.o.paint(faint, clip("    | "+text, width)))
		}
	}
	return lines
}

func (l *Live) line(d *doingNow, addresses, width int) string {
	text := d.verb
	switch {
	case d.of > 0:
		text += fmt.Sprintf("  %s of %s", units.HumanSize(float64(d.bytes)), units.HumanSize(float64(d.of)))
		if width >= barFrom {
			full := int(min(d.bytes, d.of) * barWidth / d.of)
			text += "  [" + strings.Repeat("=", full) + strings.Repeat(" ", barWidth-full) + "]"
		}
		text += fmt.Sprintf("  %d %%", min(d.bytes, d.of)*100/d.of)
	case d.bytes > 0:
		text += "  " + units.HumanSize(float64(d.bytes))
	}
	if d.text != "" {
		text += "  " + d.text
	}
	address := clip(d.address, addresses+1)
	pad := strings.Repeat(" ", max(addresses-ansi.StringWidth(address), 0)+2)
	return "  " + l.o.paint(bold, address) + pad + aligned(text, since(l.now().Sub(d.since)), width-addresses-4)
}

// aligned puts a text to the left and another to the right of a line, of which
// the last column stays free: a full line would be broken by some terminals.
func aligned(left, right string, width int) string {
	room := max(width-2-ansi.StringWidth(right), 1)
	left = clip(left, room)
	return left + strings.Repeat(" ", max(room-ansi.StringWidth(left), 0)) + " " + right
}

// clip shortens a text so that it is narrower than width.
func clip(text string, width int) string { return ansi.Truncate(text, max(width-1, 1), "…") }

// since is a time that has gone by, as it changes on a screen.
func since(d time.Duration) string {
	if d < time.Minute {
		return fmt.Sprintf("%.1fs", d.Seconds())
	}
	return d.Truncate(time.Second).String()
}

// phaseVerb is what a phase is called while it lasts.
func phaseVerb(p provider.Phase, otherwise string) string {
	switch p {
	case provider.PhasePull:
		return "pulling"
	case provider.PhaseCarry:
		return "loading"
	case provider.PhaseBuild:
		return "building"
	case provider.PhaseCreate:
		return "creating"
	case provider.PhaseStart:
		return "starting"
	case provider.PhaseWait:
		return "waiting"
	case provider.PhaseProve:
		return "proving"
	case provider.PhaseStop:
		return "stopping"
	case provider.PhaseRemove:
		return "removing"
	case provider.PhaseOutput, provider.PhaseMessage:
	}
	return otherwise
}
