package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	ucli "github.com/urfave/cli/v3"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// wantsFiles is the line by which a shell is asked for files as well.
const wantsFiles = ":files"

// complete is the hidden command that the shells' scripts call with the words in
// front of the cursor, the last of them unfinished. It prints one candidate a
// line, with a tab and a description behind it where there is one.
func (a *app) complete() *ucli.Command {
	return &ucli.Command{
		Name: "complete", Hidden: true, SkipFlagParsing: true, Usage: "candidates for the shells' completion",
		Action: func(ctx context.Context, c *ucli.Command) error {
			words := c.Args().Slice()
			if len(words) > 0 && words[0] == "--" {
				words = words[1:]
			}
			if len(words) == 0 {
				words = []string{""}
			}
			for i, word := range words {
				words[i] = strings.NewReplacer(`\`, "", `'`, "").Replace(word)
			}
			k := &completion{app: a, ctx: ctx, root: c.Root(), words: words[:len(words)-1], current: words[len(words)-1]}
			k.candidates()
			a.print(strings.Join(k.lines, ""))
			return nil
		},
	}
}

// completion finds candidates for the current word.
type completion struct {
	app     *app
	ctx     context.Context //nolint:containedctx // it lives as long as one command
	root    *ucli.Command
	words   []string // in front of the current one
	current string
	where   string // the configuration among the words; empty: that of the directory
	lines   []string
}

func (k *completion) add(value, text string) {
	if !strings.HasPrefix(unquoted(value), unquoted(k.current)) {
		return
	}
	if text, _, _ = strings.Cut(strings.ReplaceAll(text, "`", ""), "\n"); text != "" {
		value += "\t" + text
	}
	k.lines = append(k.lines, value+"\n")
}

// unquoted leaves out the quotes of a key, which may not be typed yet.
func unquoted(text string) string { return strings.ReplaceAll(text, `"`, "") }

func (k *completion) files() { k.lines = append(k.lines, wantsFiles+"\n") }

// behindPath completes addresses, in front of which a PATH may stand, or the PATH.
func (k *completion) behindPath(args []string, kinds []provider.Kind) {
	k.where, _ = k.app.configurationFirst(args)
	k.addresses(kinds, "")
	if len(args) == 0 {
		k.files()
	}
}

func (k *completion) candidates() {
	command, args, before := k.parse()
	switch {
	case command == nil:
		k.commands(k.root)
	case before != "":
		k.value(before)
	case strings.HasPrefix(k.current, "-"):
		k.flags(command)
	default:
		k.argument(command, args)
	}
}

// parse finds the command, its arguments so far, and the flag whose value is
// completed, if it is one.
func (k *completion) parse() (command *ucli.Command, args []string, flag string) {
	for i := 0; i < len(k.words); i++ {
		word := k.words[i]
		switch {
		case strings.HasPrefix(word, "-") && len(word) > 1:
			if command != nil && word != "--" && takesValue(command, word) {
				if i+1 == len(k.words) {
					return command, args, strings.TrimLeft(word, "-")
				}
				i++
			}
		case command == nil:
			if command = find(k.root, word); command == nil {
				return k.root, []string{word}, ""
			}
		default:
			args = append(args, word)
		}
	}
	return command, args, ""
}

func (k *completion) commands(of *ucli.Command) {
	for _, c := range of.Commands {
		if !c.Hidden {
			k.add(c.Name, c.Usage)
		}
	}
}

func (k *completion) flags(c *ucli.Command) {
	dashes := "-"
	if strings.HasPrefix(k.current, "--") {
		dashes = "--"
	}
	for _, flag := range c.Flags {
		text := ""
		if described, is := flag.(ucli.DocGenerationFlag); is {
			text = described.GetUsage()
		}
		for _, name := range flag.Names() {
			k.add(dashes+name, text)
		}
	}
}

// value completes what belongs to a flag.
func (k *completion) value(flag string) {
	switch flag {
	case "target", "exclude", "replace":
		k.addresses(nil, "")
	case "var-file", "out":
		k.files()
	case "format":
		k.add("dot", "")
		k.add("mermaid", "")
	}
}

// argument completes what is no flag.
func (k *completion) argument(c *ucli.Command, args []string) {
	lasting := []provider.Kind{provider.Container, provider.Daemon, provider.Controller, provider.Guard}
	runs := append(slices.Clone(lasting), provider.Job)
	switch c.Name {
	case "exec", "shell":
		if _, given := k.app.configurationFirst(args); len(given) == 0 {
			k.behindPath(args, runs)
		}
	case "logs":
		k.behindPath(args, runs)
	case "stop", "start", "restart":
		k.behindPath(args, lasting)
	case "run":
		k.behindPath(args, []provider.Kind{provider.Job})
	case "cp":
		k.addresses(runs, ":")
		k.files()
	case "show", "mounts":
		k.addresses(nil, "")
		k.files()
	case "explain":
		for _, kind := range diag.Catalogue() {
			k.add(kind.Code, kind.Summaries[0])
		}
	case "help":
		k.commands(k.root)
	case "completion":
		k.commands(c)
	case "version", "gc":
	default:
		k.files()
	}
}

// addresses are those of the configuration that is meant, of some
// kinds; of all without any. Where it cannot be evaluated, its blocks' are.
func (k *completion) addresses(kinds []provider.Kind, ending string) {
	if k.where == "" && !hasConfiguration(k.app.env.Cwd) {
		return
	}
	s := &session{app: k.app}
	s.asked.Vars = k.variables()
	problems := s.load(k.ctx, k.where)
	if s.cfg == nil || s.offline(k.ctx).HasErrors() {
		return
	}
	var found []string
	add := func(address string, kind provider.Kind) {
		if kinds == nil || slices.Contains(kinds, kind) {
			found = append(found, address)
		}
	}
	var expanded *config.Expanded
	if !problems.HasErrors() {
		expanded, problems = s.expand()
	}
	if expanded == nil || problems.HasErrors() {
		for _, block := range s.cfg.Blocks {
			add(block.Address(), block.Kind)
		}
	} else {
		for _, in := range expanded.Instances {
			if !in.Logical {
				add(in.Address, in.Kind)
			}
		}
	}
	slices.Sort(found)
	for _, address := range slices.Compact(found) {
		k.add(address+ending, "")
	}
}

// variables are the values of -var among the words.
func (k *completion) variables() []string {
	var out []string
	for i, word := range k.words {
		name := strings.TrimLeft(word, "-")
		if value, is := strings.CutPrefix(name, "var="); is {
			out = append(out, value)
		} else if name == "var" && i+1 < len(k.words) {
			out = append(out, k.words[i+1])
		}
	}
	return out
}

func (a *app) completion() *ucli.Command {
	shell := func(name, script, install string) *ucli.Command {
		return &ucli.Command{
			Name: name, Usage: "print the script for " + name,
			Description: "Example: " + install,
			Action: func(context.Context, *ucli.Command) error {
				a.print(script)
				return nil
			},
		}
	}
	return &ucli.Command{
		Name: "completion", Usage: "print a script that completes commands, flags, addresses", ArgsUsage: "bash|zsh|fish",
		Description: `Example: source <(dindctl completion bash)

Addresses are those of the PATH in front of them, or of the current directory. To have it always:
  bash  echo 'source <(dindctl completion bash)' >> ~/.bashrc
  zsh   echo 'source <(dindctl completion zsh)' >> ~/.zshrc
  fish  dindctl completion fish > ~/.config/fish/completions/dindctl.fish`,
		Commands: []*ucli.Command{
			shell("bash", bashCompletion, "source <(dindctl completion bash)"),
			shell("zsh", zshCompletion, "source <(dindctl completion zsh)"),
			shell("fish", fishCompletion, "dindctl completion fish > ~/.config/fish/completions/dindctl.fish"),
		},
		Action: func(_ context.Context, c *ucli.Command) error {
			if !c.Args().Present() {
				return errors.New("completion takes the name of a shell: bash, zsh or fish")
			}
			return fmt.Errorf("completion takes the name of a shell: bash, zsh or fish, not %q", c.Args().First())
		},
	}
}
