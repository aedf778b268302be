package cli

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	ucli "github.com/urfave/cli/v3"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/ui"
)

func (a *app) output() *ucli.Command {
	return &ucli.Command{
		Name: "output", Usage: "the outputs of what runs, or one of them", ArgsUsage: "[PATH] [NAME]",
		Description: "Example: dindctl output examples/case2.hcl listing -raw",
		Flags: append(append(engineFlags(), configFlags()...), jsonFlag(),
			&ucli.BoolFlag{Name: "raw", Usage: "print the text alone, for programs; also of a sensitive output, but never to a terminal"}),
		Action: func(ctx context.Context, c *ucli.Command) error {
			where, name, err := a.pathAndWord(c, "[PATH] [NAME]")
			if err != nil {
				return err
			}
			if c.Bool("raw") && (name == "" || c.Bool("json")) {
				return fmt.Errorf("-raw prints one output: dindctl output [PATH] NAME -raw")
			}
			s := a.session(c)
			defer s.close()
			if name == "" && !writtenAsPath(where) && s.hasOutput(ctx, where) {
				where, name = "", where
			}
			p, problems := s.planned(ctx, where)
			if err := a.fail(problems, s.snippets()); err != nil {
				return err
			}
			a.show(p.Stopped, s.snippets())
			outputs := a.outputs(p.Outputs)
			if name != "" {
				return s.oneOutput(outputs, name)
			}
			if c.Bool("json") {
				a.document(ui.OutputsJSON(outputs))
				return nil
			}
			if len(p.Outputs) == 0 {
				return a.fail(diag.Errorf("There are no outputs", "%s has no output block.", s.cfg.Path), nil)
			}
			a.print(ui.Outputs(outputs, a.options()))
			return nil
		},
	}
}

// hasOutput tells whether the configuration of the current directory has an output of a
// name: it is meant then, also where there is a directory of that name.
func (s *session) hasOutput(ctx context.Context, name string) bool {
	if name == "" || !hasConfiguration(s.app.env.Cwd) {
		return false
	}
	here := s.app.session(s.command)
	defer here.close()
	_ = here.load(ctx, "") // what is wrong with it is told when it is used
	return here.cfg != nil && slices.ContainsFunc(here.cfg.Outputs, func(o config.Output) bool { return o.Name == name })
}

func (s *session) oneOutput(outputs []config.OutputValue, name string) error {
	var names []string
	for _, o := range outputs {
		if names = append(names, o.Name); o.Name != name {
			continue
		}
		switch {
		case s.command.Bool("raw"):
			return s.rawOutput(o)
		case s.command.Bool("json"):
			s.app.document(ui.OutputJSON(o))
		default:
			s.app.print(ui.Output(o))
		}
		return nil
	}
	has := "It has none."
	if len(names) > 0 {
		has = "It has " + strings.Join(names, ", ") + "."
	}
	return s.app.fail(diag.Errorf("There is no such output", "%s has no output %q.%s %s", s.cfg.Path, name, didYouMean(name, names), has), nil)
}

// rawOutput writes a text as it is. A secret goes past what takes secrets out of
// everything else, because a program asked for it; never to a screen.
func (s *session) rawOutput(o config.OutputValue) error {
	text, why := ui.RawOutput(o)
	switch {
	case why != "":
		return s.app.fail(diag.Errorf("The output has no text", "The output %s %s. Use -json, or jsonencode() in its block.", o.Name, why), nil)
	case o.Sensitive && s.app.env.Terminal:
		return s.app.fail(diag.Errorf("A secret is not shown", "The output %s is sensitive, and this is a terminal. Pass it on to a program: dindctl output %s -raw | PROGRAM.", o.Name, o.Name), nil)
	case o.Sensitive:
		_, err := io.WriteString(s.app.stdout, text)
		return err
	}
	_, err := io.WriteString(s.app.env.Stdout, text)
	return err
}

// pathAndWord takes [PATH] [WORD]: what is there as a file, or is written as a
// path, is the path.
func (a *app) pathAndWord(c *ucli.Command, usage string) (where, word string, err error) {
	args, err := positional(c, 2, usage)
	switch {
	case err != nil || len(args) == 0:
		return "", "", err
	case len(args) == 2:
		return args[0], args[1], nil
	case a.isPath(args[0]):
		return args[0], "", nil
	}
	return "", args[0], nil
}

func isConfigurationName(name string) bool {
	return strings.HasSuffix(name, ".hcl") || strings.HasSuffix(name, ".hcl.json")
}

func (a *app) version() *ucli.Command {
	return &ucli.Command{
		Name: "version", Usage: "the version of dindctl", Description: "Example: dindctl version -json", Flags: []ucli.Flag{jsonFlag()},
		Action: func(_ context.Context, c *ucli.Command) error {
			if c.Bool("json") {
				a.print(fmt.Sprintf("{\"version\":%q}\n", a.env.Version))
				return nil
			}
			a.print("dindctl " + a.env.Version + "\n")
			return nil
		},
	}
}
