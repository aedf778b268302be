package ui_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/internal/runner"
	"github.com/dindctl/dindctl/internal/ui"
	"github.com/dindctl/dindctl/provider"
)

// screen is a terminal as far as progress needs one: what is written stands in
// rows, of which the last ones can be written over.
type screen struct {
	width, height int
	rows          []string
	row, column   int
}

func (s *screen) size() (width, height int) { return s.width, s.height }

func (s *screen) Write(text []byte) (int, error) {
	rest := string(text)
	for rest != "" {
		if code, after, found := escape(rest); found {
			s.control(code)
			rest = after
			continue
		}
		r, size := utf8.DecodeRuneInString(rest)
		rest = rest[size:]
		s.put(r)
	}
	return len(text), nil
}

// escape splits a control sequence off the beginning of a text.
func escape(text string) (code, rest string, found bool) {
	if !strings.HasPrefix(text, "\x1b[") {
		return "", text, false
	}
	end := strings.IndexFunc(text[2:], func(r rune) bool { return r >= '@' && r <= '~' })
	return text[2 : end+3], text[end+3:], true
}

func (s *screen) control(code string) {
	s.fill()
	switch last := code[len(code)-1]; last {
	case 'A':
		n := 1
		_, _ = fmt.Sscanf(code, "%dA", &n)
		s.row = max(s.row-n, 0)
	case 'K':
		s.rows[s.row] = cut(s.rows[s.row], s.column)
	case 'J':
		s.rows = append(s.rows[:s.row], cut(s.rows[s.row], s.column))
	case 'm':
	default:
		panic("this terminal does not know " + code)
	}
}

func (s *screen) put(r rune) {
	s.fill()
	switch r {
	case '\r':
		s.column = 0
		return
	case '\n':
		s.row, s.column = s.row+1, 0 // the terminal's driver adds the return
		s.fill()
		return
	}
	if s.column == s.width {
		s.row, s.column = s.row+1, 0
		s.fill()
	}
	line := []rune(s.rows[s.row])
	for len(line) <= s.column {
		line = append(line, ' ')
	}
	line[s.column] = r
	s.rows[s.row] = string(line)
	s.column++
}

func (s *screen) fill() {
	for len(s.rows) <= s.row {
		s.rows = append(s.rows, "")
	}
}

func cut(line string, at int) string {
	runes := []rune(line)
	return string(runes[:min(at, len(runes))])
}

// narrow breaks what stands there, as terminals do when their window shrinks.
func (s *screen) narrow(width int) {
	s.width = width
	var rows []string
	for i, line := range s.rows {
		if i == s.row {
			s.row = len(rows)
		}
		runes := []rune(line)
		for len(runes) > width {
			rows, runes = append(rows, string(runes[:width])), runes[width:]
		}
		rows = append(rows, string(runes))
	}
	s.rows = rows
}

func (s *screen) text() string {
	var lines []string
	for _, line := range s.rows {
		lines = append(lines, strings.TrimRight(line, " "))
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n") + "\n"
}

// run is an apply that is under way: an image is carried, a daemon waited for, a
// job writes.
func run(s *screen, o ui.Options) (live *ui.Live, later func(time.Duration)) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	live = ui.NewLive(s, s.size, func() time.Time { return now }, "Applying", 9, o)
	later = func(d time.Duration) { now = now.Add(d) }
	begin := func(id int, address string, action plan.Action) {
		live.Event(runner.Event{Kind: runner.Started, Step: step(id, address, action), Address: address})
	}
	tell := func(id int, address string, e runner.Event) {
		e.Kind, e.Step = runner.Progress, step(id, address, plan.Create)
		if e.Address == "" {
			e.Address = address
		}
		live.Event(e)
	}
	begin(1, "network.ci", plan.Create)
	later(120 * time.Millisecond)
	live.Event(runner.Event{Kind: runner.Finished, Step: step(1, "network.ci", plan.Create), Address: "network.ci", Took: 120 * time.Millisecond})
	begin(2, "image.controller", plan.Create)
	tell(2, "image.controller", runner.Event{Phase: provider.PhaseCarry, Text: "docker:28-dind", Done: 12_300_000, Total: 45_600_000})
	later(1500 * time.Millisecond)
	begin(3, "daemon.dind", plan.Create)
	tell(3, "daemon.dind", runner.Event{Phase: provider.PhaseWait, Text: "its socket does not answer: failed to open the raw stream connection: cannot connect to the daemon at unix:///var/run/docker.sock\x1b[2J"})
	later(65 * time.Second)
	begin(4, "job.test", plan.Run)
	for i := range 7 {
		tell(4, "job.test", runner.Event{Phase: provider.PhaseOutput, Text: fmt.Sprintf("test %d of 7 passes, and says so in a line that is a good deal longer than a window with eighty columns", i+1)})
	}
	tell(4, "job.test", runner.Event{Phase: provider.PhaseMessage, Text: "tried a second time"})
	live.Tick()
	return live, later
}

func step(id int, address string, action plan.Action) plan.Step {
	return plan.Step{ID: id, Address: address, Action: action}
}

// What is being done stands at the bottom, one line each with state and time, a
// job's last lines below the job; all of it fits the window.
func TestLiveScreens(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]*screen{
		"live-80": {width: 80, height: 24}, "live-200": {width: 200, height: 50}, "live-small": {width: 40, height: 6},
	} {
		_, _ = run(s, ui.Options{})
		golden(t, name, s.text())
		for _, line := range s.rows {
			if len([]rune(line)) > s.width-1 {
				t.Errorf("%s: a line of %d columns: %s", name, len([]rune(line)), line)
			}
		}
	}
}

// A run that was asked to end says so for as long as something is being done, and
// what a second time does; it fits a narrow window.
func TestLiveSaysThatItEnds(t *testing.T) {
	t.Parallel()
	for _, width := range []int{40, 80} {
		s := &screen{width: width, height: 24}
		live, later := run(s, ui.Options{})
		live.Ending()
		later(time.Second)
		live.Tick()
		want := map[int]string{
			40: "Ending: 3 running; Ctrl-C again …  1m7s",
			80: "Ending: 3 running; Ctrl-C again ends at once                               1m7s",
		}[width]
		if !strings.Contains(s.text(), "\n"+want+"\n") || strings.Contains(s.text(), "Applying") {
			t.Errorf("want %q in\n%s", want, s.text())
		}
	}
}

// When a job ends, all that it wrote stands below it, and nothing else is left of
// what was drawn.
func TestLiveLeavesWhatHappened(t *testing.T) {
	t.Parallel()
	s := &screen{width: 200, height: 50}
	live, later := run(s, ui.Options{Color: true})
	later(time.Second)
	live.Event(runner.Event{Kind: runner.Finished, Step: step(4, "job.test", plan.Run), Address: "job.test", Took: time.Second})
	live.Event(runner.Event{Kind: runner.Failed, Step: step(3, "daemon.dind", plan.Create), Address: "daemon.dind", Took: 66 * time.Second})
	live.Close()
	live.Tick()
	golden(t, "live-after", s.text())
}

// Of a job that writes much, the last thousand lines are kept, and it is said how
// many are not.
func TestLiveBoundsOutput(t *testing.T) {
	t.Parallel()
	s := &screen{width: 200, height: 50}
	live := ui.NewLive(s, s.size, func() time.Time { return time.Time{} }, "Applying", 1, ui.Options{})
	job := step(1, "job.loud", plan.Run)
	live.Event(runner.Event{Kind: runner.Started, Step: job, Address: "job.loud"})
	for i := range 1500 {
		live.Event(runner.Event{Kind: runner.Progress, Step: job, Address: "job.loud", Phase: provider.PhaseOutput, Text: fmt.Sprint("line ", i)})
	}
	live.Event(runner.Event{Kind: runner.Finished, Step: job, Address: "job.loud"})
	lines := strings.Split(strings.TrimSpace(s.text()), "\n")
	if got, want := len(lines), 1002; got != want {
		t.Fatalf("%d lines, not %d", got, want)
	}
	if got, want := lines[1], "  | (500 earlier lines are left out)"; got != want {
		t.Errorf("the second line is %q, not %q", got, want)
	}
	if got, want := lines[1001], "  | line 1499"; got != want {
		t.Errorf("the last line is %q, not %q", got, want)
	}
}

// However events, ticks and new sizes of the window follow each other, what
// stays is each ended step once, in order, and nothing of what was drawn.
func TestLiveNeverLeavesItsTraces(t *testing.T) {
	t.Parallel()
	for seed := range uint64(300) {
		random := rand.New(rand.NewPCG(seed, 1))
		s := &screen{width: 60 + random.IntN(100), height: 5 + random.IntN(30)}
		live := ui.NewLive(s, s.size, func() time.Time { return time.Time{} }, "Applying", 20, ui.Options{Color: random.IntN(2) == 0})
		var running []plan.Step
		var want []string
		for i := range 40 {
			switch random.IntN(5) {
			case 0:
				one := step(i, "container.c"+fmt.Sprint(i), plan.Create)
				running = append(running, one)
				live.Event(runner.Event{Kind: runner.Started, Step: one, Address: one.Address})
			case 1:
				if len(running) == 0 {
					continue
				}
				one := running[0]
				running = running[1:]
				live.Event(runner.Event{Kind: runner.Finished, Step: one, Address: one.Address})
				want = append(want, one.Address+": created after 0s")
			case 2:
				if len(running) > 0 {
					live.Event(runner.Event{Kind: runner.Progress, Step: running[0], Phase: provider.PhaseWait, Text: strings.Repeat("wait ", random.IntN(40))})
				}
			case 3:
				if width := 40 + random.IntN(120); width < s.width {
					s.narrow(width)
				} else {
					s.width = width
				}
				live.Tick() // many times a second: sooner than somebody can change the size again
			case 4:
				live.Tick()
			}
		}
		live.Close()
		if got, want := s.text(), strings.Join(want, "\n")+"\n"; got != want {
			t.Fatalf("seed %d: what is left is\n%s\nand not\n%s", seed, got, want)
		}
	}
}
