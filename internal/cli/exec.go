package cli

import (
	"context"
	"fmt"

	ucli "github.com/urfave/cli/v3"

	"github.com/dindctl/dindctl/internal/runner"
	"github.com/dindctl/dindctl/provider"
)

func (a *app) exec() *ucli.Command {
	return &ucli.Command{
		Name: "exec", Usage: "run a command in an object, at any depth", ArgsUsage: "ADDRESS -- COMMAND [ARGUMENT...]",
		Description: "Example: dindctl exec controller.control -- docker ps",
		Flags: append(engineFlags(),
			&ucli.StringFlag{Name: "w", Aliases: []string{"workdir"}, Usage: "the working `DIRECTORY`"},
			&ucli.StringFlag{Name: "u", Aliases: []string{"user"}, Usage: "the `USER`"}),
		Action: func(ctx context.Context, c *ucli.Command) error {
			args := c.Args().Slice()
			if len(args) > 1 && args[1] == "--" {
				args = append(args[:1:1], args[2:]...)
			}
			if len(args) < 2 {
				return fmt.Errorf("exec takes an address and a command: dindctl exec ADDRESS -- COMMAND")
			}
			s := a.session(c)
			defer s.close()
			return s.exec(ctx, args[0], args[1:])
		},
	}
}

func (s *session) exec(ctx context.Context, address string, command []string) error {
	t, problems := s.target(ctx, "")
	if problems.HasErrors() {
		return s.app.fail(problems, nil)
	}
	if problems := s.look(ctx, t.project, nil); problems.HasErrors() {
		return s.app.fail(problems, nil)
	}
	resp, problems := runner.Exec(ctx, runner.ExecRequest{
		Provider: s.provider, Observed: s.observed, Project: t.project, Address: address,
		Exec: provider.ExecRequest{
			Command: command, WorkingDir: s.command.String("w"), User: s.command.String("u"),
			Stdin: s.app.env.Stdin, Stdout: s.app.env.Stdout, Stderr: s.app.env.Stderr,
		},
	})
	if problems.HasErrors() {
		return s.app.fail(problems, nil)
	}
	if resp.ExitCode != 0 {
		return exit(resp.ExitCode)
	}
	return nil
}
