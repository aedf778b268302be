package cli

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"sync/atomic"
	"time"

	ucli "github.com/urfave/cli/v3"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/mask"
	"github.com/dindctl/dindctl/internal/ui"
	"github.com/dindctl/dindctl/provider"
)

// Env is the world of one run.
type Env struct {
	Args           []string // without the program's name
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	Environ        []string // KEY=value
	Cwd            string
	// Terminal says that Stdout is one; Width is its width in columns. StderrTerminal
	// and StderrWidth say the same of Stderr.
	Terminal, StderrTerminal bool
	Width, StderrWidth       int
	// StderrWindow is the size of Stderr's window as it is when it is called: columns
	// and rows, 0 for what is not known. Nil: it has StderrWidth columns.
	StderrWindow func() (width, height int)
	// Console is the terminal behind Stdin, or nil.
	Console Console
	// Self is the path of this program, which is started again as the provider.
	Self    string
	Version string
	// Provider, where it is not nil, is asked instead of a process of its own, and
	// is closed with the command that used it. It is of tests.
	Provider provider.Provider
	// Stop is closed at the first request to end; the context's end is the second.
	Stop <-chan struct{}
	Now  func() time.Time
}

// The exit codes.
const (
	exitOK          = 0
	exitError       = 1
	exitChanges     = 2
	exitUnformatted = 3
	exitInterrupted = 130
	exitUnread      = 141 // nobody reads: as shells show the end by SIGPIPE
)

// exit is the error of a command that has said everything and ends with a code.
type exit int

func (e exit) Error() string { return "exit" }

// Run runs one command and returns its exit code.
func Run(ctx context.Context, env Env) int {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	a := &app{env: env, plain: plain(env), stdout: env.Stdout, stderr: env.Stderr, secrets: &mask.Secrets{}}
	a.masked()
	if env.Stdin != nil {
		a.env.Stdin = newInput(ctx, env.Stdin)
	}
	a.terminal, _ = env.Stdin.(*os.File)
	go a.endAtOnce(ctx, cancel)
	leave := context.AfterFunc(ctx, func() {
		for _, stream := range []io.Writer{env.Stdout, env.Stderr} {
			if watched, is := stream.(*Stream); is {
				watched.Leave()
			}
		}
	})
	defer leave()
	code := a.run(ctx)
	a.flushed()
	return a.written(code)
}

// run runs the command that the arguments name.
func (a *app) run(ctx context.Context) int {
	root := newRoot(a)
	args, err := a.arrange(root, a.env.Args)
	if err == nil {
		err = root.Run(ctx, append([]string{"dindctl"}, args...))
	}
	var code exit
	switch {
	case ctx.Err() != nil:
		return exitInterrupted
	case err == nil:
		return exitOK
	case errors.As(err, &code):
		return int(code)
	}
	a.show(diag.List{usageProblem(root, err)}, nil)
	return exitError
}

// endAtOnce ends what can be ended without harm at the first request already:
// everything but steps that are being carried out.
func (a *app) endAtOnce(ctx context.Context, cancel context.CancelFunc) {
	select {
	case <-a.env.Stop:
		if !a.acting.Load() {
			cancel()
		}
	case <-ctx.Done():
	}
}

// askedToEnd tells whether the run was asked to end.
func (a *app) askedToEnd() bool {
	select {
	case <-a.env.Stop:
		return true
	default:
		return false
	}
}

// asked tells, by an error, whether the run was asked to end, also while steps are
// being carried out.
func (a *app) asked(ctx context.Context) func() error {
	return func() error {
		if a.askedToEnd() {
			return context.Canceled
		}
		return ctx.Err()
	}
}

func newRoot(a *app) *ucli.Command {
	env := a.env
	root := &ucli.Command{
		Name: "dindctl", Usage: "plan and apply Docker-in-Docker, and check that every nested mount is visible",
		Version: env.Version, HideVersion: true, Writer: env.Stdout, ErrWriter: env.Stderr, Reader: env.Stdin,
		Suggest:        true,
		ExitErrHandler: func(context.Context, *ucli.Command, error) {},
		OnUsageError:   onUsageError,
		Commands: []*ucli.Command{
			a.validate(), a.plan(), a.apply(), a.destroy(),
			a.mounts(), a.verify(),
			a.list(), a.showObjects(), a.output(),
			a.exec(), a.shell(), a.logs(), a.runJob(), a.cp(), a.stop(), a.start(), a.restart(),
			a.fmt(), a.console(), a.graph(), a.explain(),
			a.gc(), a.unlock(), a.completion(), a.version(),
			a.provider(), a.probe(), a.complete(),
		},
		Action: func(_ context.Context, c *ucli.Command) error {
			if name := c.Args().First(); name != "" {
				return a.fail(diag.List{unknownCommand(c, name)}, nil)
			}
			return ucli.ShowRootCommandHelp(c)
		},
	}
	for _, c := range root.Commands {
		c.DisableSliceFlagSeparator = true // a variable's value may hold commas
		c.OnUsageError = onUsageError
		if c.Action != nil {
			c.Action = knowing(c.Action)
		}
		c.CustomHelpTemplate = helpful(a, c, root.Name+" "+c.Name)
		for _, sub := range c.Commands {
			sub.CustomHelpTemplate = helpful(a, sub, root.Name+" "+c.Name+" "+sub.Name)
		}
	}
	root.CustomRootCommandHelpTemplate = rootHelp(a, root)
	return root
}

// app makes the commands.
type app struct {
	env Env
	// acting says that steps are being carried out, which end in their own way.
	acting atomic.Bool
	// secrets are taken out of everything that is written. Stdout and stderr are the
	// process's streams past what does so.
	secrets        *mask.Secrets
	stdout, stderr io.Writer
	// terminal is the file that standard input is read from, which may be a terminal; nil
	// where it is none.
	terminal *os.File
	// plain says that nothing is coloured.
	plain bool
	// flush are what writes text that is held back.
	flush []func()
}

// fail shows problems and returns the exit code that they mean.
func (a *app) fail(list diag.List, sources ui.Sources) error {
	a.show(list, sources)
	if list.HasErrors() {
		return exit(exitError)
	}
	return nil
}

func (a *app) show(list diag.List, sources ui.Sources) {
	if len(list) > 0 {
		_, _ = io.WriteString(a.env.Stderr, a.secrets.Text(ui.Diagnostics(a.withoutSecrets(list), sources, a.errorOptions())))
	}
}

func (a *app) print(text string) { _, _ = io.WriteString(a.env.Stdout, a.secrets.Text(text)) }
func (a *app) tell(text string)  { _, _ = io.WriteString(a.env.Stderr, a.secrets.Text(text)) }

// options are those of standard output, errorOptions those of standard error.
func (a *app) options() ui.Options {
	return ui.Options{Width: a.env.Width, Color: a.env.Terminal && !a.plain}
}

func (a *app) errorOptions() ui.Options {
	return ui.Options{Width: a.env.StderrWidth, Color: a.env.StderrTerminal && !a.plain}
}

// plain tells whether colours were refused, by flag or by the environment, or the terminal
// has none. It reads
// the flag itself: errors in other flags obey it too.
func plain(env Env) bool {
	if lookup(env.Environ, "NO_COLOR") != "" || lookup(env.Environ, "TERM") == "dumb" {
		return true
	}
	for _, arg := range env.Args {
		switch strings.TrimLeft(arg, "-") {
		case "":
			if arg == "--" {
				return false
			}
		case "no-color", "no-color=true":
			if strings.HasPrefix(arg, "-") {
				return true
			}
		}
	}
	return false
}

func lookup(environ []string, name string) string {
	for _, entry := range environ {
		if key, value, _ := strings.Cut(entry, "="); key == name {
			return value
		}
	}
	return ""
}

func environment(environ []string) map[string]string {
	out := make(map[string]string, len(environ))
	for _, entry := range environ {
		key, value, _ := strings.Cut(entry, "=")
		out[key] = value
	}
	return out
}
