package cli

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	ucli "github.com/urfave/cli/v3"

	"github.com/dindctl/dindctl/internal/runner"
	"github.com/dindctl/dindctl/provider"
)

func engineFlags() []ucli.Flag {
	return []ucli.Flag{
		&ucli.StringFlag{Name: "H", Aliases: []string{"host"}, Usage: "the root engine's `ENDPOINT`; wins over the project's context and DOCKER_HOST", Validator: notEmpty},
		&ucli.StringFlag{Name: "context", Usage: "the docker `CONTEXT` that names the root engine, instead of -H", Validator: notEmpty},
		&ucli.StringFlag{Name: "project", Usage: "the project's `NAME`, where the configuration does not say"},
		noColorFlag(),
	}
}

// notEmpty refuses what a variable that is not set leaves of a flag: it would mean
// another engine than the one that was meant.
func notEmpty(value string) error {
	if strings.TrimSpace(value) == "" {
		return errors.New("it is empty; leave it out for the engine that your docker settings name")
	}
	return nil
}

func noColorFlag() ucli.Flag { return &ucli.BoolFlag{Name: "no-color", Usage: "no colours"} }

func configFlags() []ucli.Flag {
	return []ucli.Flag{
		&ucli.StringSliceFlag{Name: "var", Usage: "a variable, as `NAME=VALUE`; may be repeated", Config: ucli.StringConfig{}},
		&ucli.StringSliceFlag{Name: "var-file", Usage: "a `FILE` of variables; may be repeated"},
		platformFlag(),
	}
}

// partFlags choose a part of a plan.
func partFlags() []ucli.Flag {
	return []ucli.Flag{
		&ucli.StringSliceFlag{Name: "target", Usage: "only this `ADDRESS` and what it needs; may be repeated"},
		&ucli.StringSliceFlag{Name: "exclude", Usage: "all but this `ADDRESS` and what needs it; may be repeated"},
	}
}

func replaceFlag() ucli.Flag {
	return &ucli.StringSliceFlag{Name: "replace", Usage: "make this `ADDRESS` anew although nothing differs; may be repeated"}
}

func parallelismFlag(usage string) ucli.Flag {
	return &ucli.IntFlag{Name: "parallelism", Value: runner.DefaultParallelism, Usage: usage, Validator: func(n int) error {
		if n < 1 {
			return errors.New("less than one")
		}
		return nil
	}}
}

func jsonFlag() ucli.Flag {
	return &ucli.BoolFlag{Name: "json", Usage: "print JSON, for machines"}
}

// arrange puts the flags of a command in front of its other arguments, so that
// they may stand anywhere: `dindctl plan ci.hcl -detailed-exitcode`. What comes
// after "--" is left alone. A last flag without its value is an error: it must not
// take another argument for one.
func (a *app) arrange(root *ucli.Command, args []string) ([]string, error) {
	at := slices.IndexFunc(args, func(s string) bool { return !strings.HasPrefix(s, "-") })
	if at < 0 {
		return args, nil
	}
	command := root
	i := at
	for i < len(args) {
		next := find(command, args[i])
		if next == nil {
			break
		}
		command, i = next, i+1
	}
	var flags, others []string
	rest := split(command, append(slices.Clone(args[:at]), args[i:]...))
	for n := 0; n < len(rest); n++ {
		arg := rest[n]
		switch {
		case arg == "--":
			if command.Name == "run" { // it has to know where its own arguments end; the parser takes one away
				others = append(others, "--")
			}
			others = append(others, rest[n:]...)
			n = len(rest)
		case takesCommand(command) && a.hasAddress(others) && !strings.HasPrefix(arg, "-"):
			others = append(append(others, "--"), rest[n:]...)
			n = len(rest)
		case !strings.HasPrefix(arg, "-") || arg == "-":
			others = append(others, arg)
		default:
			flags = append(flags, arg)
			if !takesValue(command, arg) {
				continue
			}
			if n++; n >= len(rest) || rest[n] == "--" {
				return nil, usageError{command: command, err: errors.New(needsValue + arg)}
			}
			flags = append(flags, rest[n])
		}
	}
	return slices.Concat(args[at:i], flags, others), nil
}

// takesCommand tells whether what follows the first argument is somebody else's
// command line, with flags that are not dindctl's.
func takesCommand(c *ucli.Command) bool { return c.Name == "exec" }

// hasAddress tells whether an address is among the arguments: only a PATH may be before it.
func (a *app) hasAddress(args []string) bool {
	_, addresses := a.configurationFirst(args)
	return len(addresses) == 1
}

// configurationFirst takes the PATH away that stands before addresses.
func (a *app) configurationFirst(args []string) (where string, rest []string) {
	if len(args) > 0 && a.isPath(args[0]) {
		return args[0], args[1:]
	}
	return "", args
}

// isPath tells whether an argument that may be an address or another name is a path: it
// is written as one, or is no address and there is such a file or directory. A file that
// is named like an address is meant where it is written as a path, such as ./container.web.
func (a *app) isPath(arg string) bool {
	return writtenAsPath(arg) || !writtenAsAddress(arg) && a.exists(arg)
}

// writtenAsPath tells whether an argument can be nothing but a path: it has a slash in
// front of any key of an address, or the name of a configuration.
func writtenAsPath(arg string) bool {
	name, _, _ := strings.Cut(arg, "[")
	return strings.ContainsAny(name, `/\`) || name == "." || name == ".." || isConfigurationName(arg)
}

// writtenAsAddress tells whether an argument begins as addresses do: with a kind of object
// or a module, and a dot.
func writtenAsAddress(arg string) bool {
	first, _, dotted := strings.Cut(arg, ".")
	return dotted && (first == "module" || slices.Contains(provider.Kinds(), provider.Kind(first)))
}

// exists tells whether there is such a file or directory.
func (a *app) exists(name string) bool {
	if !filepath.IsAbs(name) {
		name = filepath.Join(a.env.Cwd, name)
	}
	_, err := os.Stat(name)
	return err == nil
}

// split takes -it apart, in front of "--": flags of one letter that take no value,
// behind one dash.
func split(c *ucli.Command, args []string) []string {
	var out []string
	for n, arg := range args {
		letters, single := strings.CutPrefix(arg, "-")
		switch {
		case arg == "--":
			return append(out, args[n:]...)
		case !single || len(letters) < 2 || strings.HasPrefix(letters, "-") || !areSwitches(c, letters):
			out = append(out, arg)
		default:
			for _, letter := range letters {
				out = append(out, "-"+string(letter))
			}
		}
	}
	return out
}

// areSwitches tells whether each letter is a flag without a value, and all of them no flag.
func areSwitches(c *ucli.Command, letters string) bool {
	if flagOf(c, letters) != nil {
		return false
	}
	for _, letter := range letters {
		if _, is := flagOf(c, string(letter)).(*ucli.BoolFlag); !is {
			return false
		}
	}
	return true
}

func find(c *ucli.Command, name string) *ucli.Command {
	for _, sub := range c.Commands {
		if slices.Contains(sub.Names(), name) {
			return sub
		}
	}
	return nil
}

// takesValue tells whether the argument is a flag whose value is the next argument.
func takesValue(c *ucli.Command, arg string) bool {
	name := strings.TrimLeft(arg, "-")
	if strings.Contains(name, "=") {
		return false
	}
	for _, flag := range c.Flags {
		if slices.Contains(flag.Names(), name) {
			_, isBool := flag.(*ucli.BoolFlag)
			return !isBool
		}
	}
	return false
}
