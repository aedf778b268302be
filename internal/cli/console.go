package cli

import (
	"bufio"
	"context"
	"errors"
	"io"
	"os"
	"strings"

	ucli "github.com/urfave/cli/v3"
	"golang.org/x/term"

	"github.com/dindctl/dindctl/hcl"
	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/internal/ui"
)

func (a *app) console() *ucli.Command {
	return &ucli.Command{
		Name: "console", Usage: "evaluate expressions with the names of a configuration", ArgsUsage: "[PATH]",
		Description: "Reads expressions from the terminal, or one a line from standard input, and prints their values.\n" +
			"What is known only of objects that run is taken from the engine, where it answers. exit, or Ctrl-D, ends it.\n" +
			"Example: echo 'var.workspace' | dindctl console examples/case2.hcl",
		Flags: append(append(engineFlags(), configFlags()...), &ucli.BoolFlag{Name: "offline", Usage: "ask no engine"}),
		Action: func(ctx context.Context, c *ucli.Command) error {
			where, err := path(c)
			if err != nil {
				return err
			}
			s := a.session(c)
			defer s.close()
			return s.console(ctx, where)
		},
	}
}

func (s *session) console(ctx context.Context, where string) error {
	problems := s.loadWhole(ctx, where)
	if problems.HasErrors() {
		return s.app.fail(problems, s.snippets())
	}
	if more := s.offline(ctx); more.HasErrors() {
		return s.app.fail(more, nil)
	}
	expanded, more := s.expand()
	if problems = append(problems, more...); expanded == nil || problems.HasErrors() {
		return s.app.fail(problems, s.snippets())
	}
	s.app.show(problems, s.snippets())
	e := &evaluator{session: s, expanded: expanded, console: hcl.NewConsole(s.cfg.Dir, s.sources), known: config.Known{}}
	if !s.command.Bool("offline") {
		e.known = s.running(ctx, expanded)
	}
	if f := s.app.terminal; f != nil && term.IsTerminal(int(f.Fd())) {
		return e.converse(ctx, f)
	}
	return e.pipe(ctx)
}

// running is what is known of the objects that run; nothing, and why, where the
// engine does not answer.
func (s *session) running(ctx context.Context, expanded *config.Expanded) config.Known {
	problems := s.connect(ctx)
	if !problems.HasErrors() {
		problems = s.look(ctx, s.cfg.Project, expanded)
	}
	if problems.HasErrors() {
		for i := range problems {
			problems[i].Severity = diag.Warning
		}
		s.app.show(problems, nil)
		return config.Known{}
	}
	known := config.Known{}
	learn := func(snapshot plan.Snapshot) {
		for _, o := range snapshot.Objects {
			if o.Owner.Project == s.cfg.Project && !o.Stray {
				known[o.Owner.Address] = config.Knowledge{Values: o.Values}
			}
		}
	}
	learn(s.observed.Root)
	for _, inside := range s.observed.Inside {
		learn(inside)
	}
	for _, problem := range s.observed.Stopped() { // nothing tells whose values they are
		known[problem.Address] = config.Knowledge{Pending: true}
	}
	return known
}

// evaluator answers expressions.
type evaluator struct {
	session  *session
	expanded *config.Expanded
	console  *hcl.Console
	known    config.Known
}

// answer prints the value of an expression, or what is wrong with it.
func (e *evaluator) answer(text string) (ok bool) {
	if text = strings.TrimSpace(text); text == "" || strings.HasPrefix(text, "#") {
		return true
	}
	expr, problems := e.console.Parse(text)
	if expr != nil {
		value, more := e.expanded.Evaluate(expr, e.known)
		problems = append(problems, more...)
		if !problems.HasErrors() {
			e.session.app.print(ui.Value(value) + "\n")
		}
	}
	e.session.app.show(problems, e.session.snippets())
	return !problems.HasErrors()
}

// pipe answers the lines of standard input; an expression may have several. It
// goes on after an error, and fails in the end.
func (e *evaluator) pipe(ctx context.Context) error {
	lines := bufio.NewScanner(e.session.app.env.Stdin)
	lines.Buffer(nil, 4<<20)
	failed, text := false, ""
	for lines.Scan() && ctx.Err() == nil {
		text += lines.Text() + "\n"
		if e.console.Incomplete(text) {
			continue
		}
		if strings.TrimSpace(text) == "exit" {
			text = ""
			break
		}
		failed = !e.answer(text) || failed
		text = ""
	}
	if ctx.Err() != nil {
		return exit(exitInterrupted)
	}
	failed = !e.answer(text) || failed
	if err := lines.Err(); err != nil {
		return e.session.app.fail(unreadable("standard input", err), nil)
	}
	if failed {
		return exit(exitError)
	}
	return nil
}

// converse asks on a terminal, with line editing and a history. The terminal is in
// its raw state only while a line is typed, so that everything else is written as ever.
func (e *evaluator) converse(ctx context.Context, in *os.File) error {
	terminal := term.NewTerminal(struct {
		io.Reader
		io.Writer
	}{shown{e.session.app, e.session.app.env.Stdin}, e.session.app.env.Stdout}, "> ")
	text := ""
	for ctx.Err() == nil {
		line, err := readLine(terminal, in)
		if ctx.Err() != nil {
			break
		}
		if errors.Is(err, io.EOF) || strings.TrimSpace(text+line) == "exit" {
			if err != nil {
				e.session.app.print("\n")
			}
			return nil
		}
		if err != nil {
			return e.session.app.fail(unreadable("the terminal", err), nil)
		}
		text += line + "\n"
		if e.console.Incomplete(text) {
			terminal.SetPrompt(": ")
			continue
		}
		terminal.SetPrompt("> ")
		e.answer(text)
		text = ""
	}
	e.session.app.print("\n") // behind the prompt
	return exit(exitInterrupted)
}

// shown is a terminal's input: what was written so far is shown before a key is waited for,
// also where it may begin a secret.
type shown struct {
	*app
	from io.Reader
}

func (s shown) Read(b []byte) (int, error) {
	s.flushed()
	return s.from.Read(b)
}

func readLine(terminal *term.Terminal, in *os.File) (string, error) {
	before, err := term.MakeRaw(int(in.Fd()))
	if err != nil {
		return "", err
	}
	defer func() { _ = term.Restore(int(in.Fd()), before) }()
	if width, height, err := term.GetSize(int(in.Fd())); err == nil && width > 0 {
		_ = terminal.SetSize(width, height)
	}
	return terminal.ReadLine()
}
