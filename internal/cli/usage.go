package cli

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	ucli "github.com/urfave/cli/v3"

	"github.com/dindctl/dindctl/internal/diag"
)

// needsValue is the parser's word for a flag at the end without a value.
const needsValue = "flag needs an argument: "

// usageError is a command line that was not understood; it knows the command.
type usageError struct {
	command *ucli.Command
	err     error
	// inside says that the command itself did not understand it, and no flag was wrong.
	inside bool
}

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

func onUsageError(_ context.Context, c *ucli.Command, err error, _ bool) error {
	return usageError{command: c, err: err}
}

// knowing makes a command's action say whose command line was not understood.
func knowing(action ucli.ActionFunc) ucli.ActionFunc {
	return func(ctx context.Context, c *ucli.Command) error {
		err := action(ctx, c)
		var code exit
		if err == nil || errors.As(err, &code) {
			return err
		}
		return usageError{command: c, err: err, inside: true}
	}
}

// usageProblem says what is wrong with the command line, and what to write instead.
func usageProblem(root *ucli.Command, err error) diag.Problem {
	if topic, is := strings.CutPrefix(err.Error(), "No help topic for '"); is {
		name, _, _ := strings.Cut(topic, "'")
		return unknownCommand(root, name)
	}
	p := diag.Problem{Severity: diag.Error, Summary: "The command line was not understood"}
	command, help := root, "`dindctl help` lists the commands."
	var usage usageError
	if errors.As(err, &usage) && usage.command != root {
		command = usage.command
		help = fmt.Sprintf("`dindctl help %s` lists its flags.", command.Name)
		if usage.inside {
			help = fmt.Sprintf("`dindctl help %s` has an example.", command.Name)
		}
	}
	p.Detail = usageText(command, err.Error()) + " " + help
	return p
}

// usageText is the parser's message in words that help: it names flags as they
// were written, and has no suggestions.
func usageText(c *ucli.Command, message string) string {
	if name, is := strings.CutPrefix(message, "flag provided but not defined: "); is {
		name = strings.TrimLeft(name, "-")
		text := fmt.Sprintf("%s has no flag -%s.", c.Name, name)
		if like := diag.Nearest(name, flagNames(c)); like != "" {
			text += fmt.Sprintf(" Did you mean -%s?", like)
		}
		return text
	}
	if name, is := strings.CutPrefix(message, needsValue); is {
		name = strings.TrimLeft(name, "-")
		return fmt.Sprintf("-%s needs a value: -%s %s.", name, name, placeholder(c, name))
	}
	if m := regexp.MustCompile(`^invalid value "(.*)" for flag -+(\S+): `).FindStringSubmatch(message); m != nil {
		return fmt.Sprintf("-%s takes %s, not %q.", m[2], wanted(c, m[2]), m[1])
	}
	return strings.TrimSuffix(message, ".") + "."
}

func flagNames(c *ucli.Command) []string {
	var out []string
	for _, flag := range c.Flags {
		out = append(out, flag.Names()...)
	}
	return out
}

func flagOf(c *ucli.Command, name string) ucli.Flag {
	i := slices.IndexFunc(c.Flags, func(f ucli.Flag) bool { return slices.Contains(f.Names(), name) })
	if i < 0 {
		return nil
	}
	return c.Flags[i]
}

// placeholder is the word for a flag's value, as its help shows it.
func placeholder(c *ucli.Command, name string) string {
	if flag, is := flagOf(c, name).(ucli.DocGenerationFlag); is {
		if _, rest, found := strings.Cut(flag.GetUsage(), "`"); found {
			word, _, _ := strings.Cut(rest, "`")
			return word
		}
	}
	return "VALUE"
}

// wanted describes the values that a flag takes.
func wanted(c *ucli.Command, name string) string {
	switch flagOf(c, name).(type) {
	case *ucli.IntFlag:
		return "a whole number from 1 on"
	case *ucli.DurationFlag:
		return "a duration, such as 30s or 5m"
	case *ucli.BoolFlag:
		return "true or false"
	}
	return "another value"
}

func unknownCommand(c *ucli.Command, name string) diag.Problem {
	p := diag.Problem{Severity: diag.Error, Code: "unknown-command", Summary: "There is no such command"}
	p.Detail = fmt.Sprintf("dindctl has no command %q. `dindctl help` lists them.", name)
	if like := ucli.SuggestCommand(c.Commands, name); like != "" && diag.Nearest(name, []string{like}) != "" {
		p.Detail = fmt.Sprintf("dindctl has no command %q. Did you mean %q?", name, like)
	}
	return p
}
