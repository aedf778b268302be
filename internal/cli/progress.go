package cli

import (
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hashicorp/go-hclog"
	ucli "github.com/urfave/cli/v3"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/internal/runner"
	"github.com/dindctl/dindctl/internal/ui"
)

// The words for how it is shown what an apply does, which are Compose's.
const (
	progressAuto  = "auto"  // tty on a terminal, else plain
	progressTTY   = "tty"   // one line for each thing, drawn anew as it goes on
	progressPlain = "plain" // a line for each thing that happens, for logs
	progressJSON  = "json"  // the same for machines
	progressQuiet = "quiet" // nothing but problems and results
)

// ticks is how often what is being done is drawn anew.
const ticks = 100 * time.Millisecond

func progressModes() []string {
	return []string{progressAuto, progressTTY, progressPlain, progressJSON, progressQuiet}
}

func progressFlag() ucli.Flag {
	return &ucli.StringFlag{
		Name: "progress", Value: progressAuto,
		Usage: "how it is shown on standard error what is done: `MODE` is one of " + strings.Join(progressModes(), ", "),
	}
}

// checkProgress refuses another word than the modes.
func (s *session) checkProgress() diag.List {
	if mode := s.command.String("progress"); !slices.Contains(progressModes(), mode) {
		return diag.Errorf("The command line was not understood", "-progress takes one of %s, not %q.", strings.Join(progressModes(), ", "), mode)
	}
	return nil
}

// progress shows what becomes of a plan until it is closed.
func (s *session) progress(p *plan.Plan) (sink runner.Sink, closed func()) {
	nothing := func() {}
	if s.command.Bool("json") {
		return ui.ProgressJSON(s.app.jsonTo(false)), nothing
	}
	switch s.progressMode() {
	case progressQuiet:
		return func(runner.Event) {}, nothing
	case progressJSON:
		return ui.ProgressJSON(s.app.jsonTo(true)), nothing
	case progressTTY:
		return s.live(p)
	}
	return s.lines()
}

// lines shows a line for each thing that happens, and one when the run is asked to end.
func (s *session) lines() (sink runner.Sink, closed func()) {
	var mu sync.Mutex
	show := s.app.hiding(ui.Progress(s.app.env.Stderr, s.app.errorOptions()))
	closed = s.app.whenAskedToEnd(func() {
		mu.Lock()
		defer mu.Unlock()
		s.app.tell(ui.Ending)
	})
	return func(e runner.Event) {
		mu.Lock()
		defer mu.Unlock()
		show(e)
	}, closed
}

// whenAskedToEnd calls do once when the run is asked to end, until the function that
// it returns is called: it is not running then any longer.
func (a *app) whenAskedToEnd(do func()) (over func()) {
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		select {
		case <-a.env.Stop:
			do()
		case <-end:
		}
	}()
	return func() {
		close(end)
		<-ended
	}
}

// progressMode is what was asked for. What is drawn needs a terminal that can
// move its cursor, and nobody else who writes there: a log would break it.
func (s *session) progressMode() string {
	mode := s.command.String("progress")
	if mode != progressAuto {
		return mode
	}
	if s.app.env.StderrTerminal && lookup(s.app.env.Environ, "TERM") != "dumb" && level(s.app.env) == hclog.Off {
		return progressTTY
	}
	return progressPlain
}

func (s *session) live(p *plan.Plan) (sink runner.Sink, closed func()) {
	env, title := s.app.env, "Applying"
	if p.Destroy {
		title = "Destroying"
	}
	window := env.StderrWindow
	if window == nil {
		window = func() (int, int) { return env.StderrWidth, 0 }
	}
	screen := ui.NewLive(env.Stderr, window, s.now, title, len(p.Steps), s.app.errorOptions())
	ticker, end, ended := time.NewTicker(ticks), make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-ticker.C:
				screen.Tick()
			case <-end:
				return
			}
		}
	}()
	heard := s.app.whenAskedToEnd(screen.Ending)
	return s.app.hiding(screen.Event), func() {
		heard()
		ticker.Stop()
		close(end)
		<-ended
		screen.Close()
		flush(env.Stderr)
	}
}

// flush writes what a writer holds back, if it does.
func flush(w io.Writer) {
	if held, is := w.(interface{ Flush() }); is {
		held.Flush()
	}
}
