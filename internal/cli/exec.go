package cli

import (
	"context"
	"errors"
	"fmt"

	ucli "github.com/urfave/cli/v3"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/runner"
	"github.com/dindctl/dindctl/internal/ui"
	"github.com/dindctl/dindctl/provider"
)

func (a *app) exec() *ucli.Command {
	return &ucli.Command{
		Name: "exec", Usage: "run a command in an object, at any depth", ArgsUsage: "[PATH] ADDRESS [--] COMMAND [ARGUMENT...]",
		Description: `Example: dindctl exec controller.control -- docker ps

PATH is the configuration, such as ci.hcl, where it is not the current directory's.
Streams, exit code and terminal are those of docker exec. Standard input is handed on
with -i alone; with -t the command gets a terminal, which follows the window's size.
Without a terminal, Ctrl-C ends the command, too, which docker exec leaves running.`,
		Flags: append(append(addressFlags(), execFlags()...),
			&ucli.BoolFlag{Name: "i", Aliases: []string{"interactive"}, Usage: "hand on standard input"},
			&ucli.BoolFlag{Name: "t", Aliases: []string{"tty"}, Usage: "give the command a terminal"}),
		Action: func(ctx context.Context, c *ucli.Command) error {
			where, args := a.configurationFirst(c.Args().Slice())
			args = withoutDashes(args)
			if len(args) < 2 || args[0] == "--" {
				return fmt.Errorf("exec takes an address and a command: dindctl exec ADDRESS -- COMMAND")
			}
			s := a.session(c)
			defer s.close()
			return s.exec(ctx, commandIn{where, args[0], args[1:]}, c.Bool("i"), c.Bool("t"))
		},
	}
}

// shellCommand starts the best shell that is there.
const shellCommand = `if [ -x /bin/bash ] || command -v bash >/dev/null 2>&1; then exec bash; fi; exec sh`

func (a *app) shell() *ucli.Command {
	return &ucli.Command{
		Name: "shell", Usage: "open a shell in an object, at any depth: bash where there is one, else sh", ArgsUsage: "[PATH] ADDRESS",
		Description: `Example: dindctl shell controller.control

Where standard input is no terminal, the shell reads its commands from there:
  echo 'docker ps' | dindctl shell controller.control`,
		Flags: append(addressFlags(), execFlags()...),
		Action: func(ctx context.Context, c *ucli.Command) error {
			where, args := a.configurationFirst(c.Args().Slice())
			if len(args) == 0 {
				return errors.New("shell takes an address: dindctl shell ADDRESS")
			}
			if len(args) > 1 {
				return fmt.Errorf("%s is one argument too many: a command is run by dindctl exec ADDRESS -- COMMAND", args[1])
			}
			s := a.session(c)
			defer s.close()
			return s.exec(ctx, commandIn{where, args[0], []string{"sh", "-c", shellCommand}}, true, a.env.Console != nil)
		},
	}
}

// addressFlags are those of commands that name objects by their addresses.
func addressFlags() []ucli.Flag { return append(engineFlags(), configFlags()...) }

func execFlags() []ucli.Flag {
	return []ucli.Flag{
		&ucli.StringFlag{Name: "w", Aliases: []string{"workdir"}, Usage: "the working `DIRECTORY`"},
		&ucli.StringFlag{Name: "u", Aliases: []string{"user"}, Usage: "the `USER`"},
		&ucli.StringSliceFlag{Name: "e", Aliases: []string{"env"}, Usage: "a variable for the command, as `NAME=VALUE`; NAME alone takes this process's; may be repeated"},
	}
}

// withoutDashes leaves out the "--" behind the first argument.
func withoutDashes(args []string) []string {
	if len(args) > 1 && args[1] == "--" {
		return append(args[:1:1], args[2:]...)
	}
	return args
}

// commandIn is a command for the object with an address, in the project that the
// configuration at where describes; empty: the one that is at hand.
type commandIn struct {
	where, address string
	command        []string
}

// exec runs a command. Its streams are the process's own, past what takes secrets
// out of screens: they carry any bytes, and what a person asks a shell for is theirs to see.
func (s *session) exec(ctx context.Context, in commandIn, stdin, tty bool) error {
	console := s.app.env.Console
	if stdin && tty && console == nil {
		return s.app.fail(diag.Errorf("Standard input is no terminal", "-t gives the command a terminal, and there is none that it could be. Leave -t out."), nil)
	}
	project, problems := s.reach(ctx, in.where)
	if problems.HasErrors() {
		return s.app.fail(problems, nil)
	}
	req := provider.ExecRequest{
		Command: in.command, WorkingDir: s.command.String("w"), User: s.command.String("u"), TTY: tty,
		Environment: s.variables(s.command.StringSlice("e")), Stdout: s.app.stdout, Stderr: s.app.stderr,
	}
	if stdin {
		req.Stdin = s.app.env.Stdin
	}
	if tty {
		req.Environment = append(terminalName(s.app.env.Environ), req.Environment...)
	}
	object, problems := runner.Running(s.observed, project, in.address)
	if problems.HasErrors() {
		return s.app.fail(problems, nil)
	}
	s.tellPlace(object)
	restore, err := s.attach(ctx, &req)
	if err != nil {
		return s.app.fail(diag.Errorf("The terminal could not be used", "%s.", err), nil)
	}
	resp, problems := runner.Exec(ctx, s.provider, object, req)
	restore()
	switch {
	case s.app.unread():
		return exit(exitUnread)
	case ctx.Err() != nil:
		return exit(exitInterrupted)
	case problems.HasErrors():
		return s.app.fail(problems, nil)
	}
	if resp.ExitCode != 0 {
		return exit(resp.ExitCode)
	}
	return nil
}

// attach ties a command's terminal to that of the user: keys go through as they
// are, and the command learns the window's size. Restore undoes it.
func (s *session) attach(ctx context.Context, req *provider.ExecRequest) (restore func(), err error) {
	console := s.app.env.Console
	if !req.TTY || console == nil {
		return func() {}, nil
	}
	req.Width, req.Height = console.Size()
	changed, stop := console.Resized()
	sizes := make(chan provider.Size)
	following, cancel := context.WithCancel(ctx)
	go func() {
		for {
			select {
			case <-following.Done():
				return
			case <-changed:
			}
			width, height := console.Size()
			select {
			case <-following.Done():
				return
			case sizes <- provider.Size{Width: width, Height: height}:
			}
		}
	}()
	req.Resize = sizes
	unraw := func() {}
	if req.Stdin != nil {
		if unraw, err = console.Raw(); err != nil {
			cancel()
			stop()
			return nil, fmt.Errorf("setting the terminal: %w", err)
		}
	}
	return func() {
		unraw()
		cancel()
		stop()
	}, nil
}

// terminalName hands the terminal's type on: colours and keys depend on it.
func terminalName(environ []string) []string {
	if name := lookup(environ, "TERM"); name != "" {
		return []string{"TERM=" + name}
	}
	return nil
}

// variables fills in those that were named without a value.
func (s *session) variables(given []string) []string {
	var out []string
	own := environment(s.app.env.Environ)
	for _, text := range given {
		if value, set := own[text]; set {
			text += "=" + value
		}
		out = append(out, text)
	}
	return out
}

// tellPlace says, before anything is done to it, inside which daemon an object was
// found, where no configuration says that it belongs there: whoever owns the daemon
// can make a complete forgery inside.
func (s *session) tellPlace(object provider.Object) {
	inside := runner.InsideOf(s.observed, object.Place)
	if s.observed.Sites == nil && inside != "" {
		s.app.tell(fmt.Sprintf("%s was found inside %s (%s).\n", object.Owner.Address, inside, ui.Recorded(object.Name)))
	}
}

// reach finds the project, as target does, and observes it. A configuration that
// cannot be evaluated, such as one with variables that were not given, still says
// which project is meant.
func (s *session) reach(ctx context.Context, where string) (project string, problems diag.List) {
	if where == "" && (s.asked.Project != "" || !hasConfiguration(s.app.env.Cwd)) {
		t, problems := s.target(ctx, "")
		if problems.HasErrors() {
			return "", problems
		}
		s.guessed = t.guessed
		return t.project, s.look(ctx, t.project, nil)
	}
	problems = s.load(ctx, where)
	if s.cfg != nil {
		project = s.cfg.Project
	}
	switch {
	case problems.HasErrors() && project == "":
		return "", problems
	case problems.HasErrors():
		s.ofEngine(s.cfg)
		if !s.cfg.Partial && !s.offline(ctx).HasErrors() {
			_, _ = s.expand() // tells what is secret, as far as it can be evaluated
			s.expanding = nil
		}
		s.cfg = nil
	}
	if problems := s.connect(ctx); problems.HasErrors() {
		return "", problems
	}
	return project, s.look(ctx, project, nil)
}
