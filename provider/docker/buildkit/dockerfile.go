package buildkit

import (
	"bytes"
	"slices"
	"strings"

	"github.com/moby/buildkit/frontend/dockerfile/command"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
	"github.com/moby/buildkit/frontend/dockerfile/shell"
)

// Images are the names of images that a Dockerfile takes something from, as they come out
// with arguments: in FROM, in COPY --from and in RUN --mount=from. One that cannot be read
// names none: whoever builds by it says so.
func Images(dockerfile []byte, args map[string]string) []string {
	var out []string
	Renamed(dockerfile, args, func(name string) string {
		out = append(out, name)
		return name
	})
	return out
}

// Renamed is a Dockerfile that takes something from other images: those that rename returns.
// Nothing else of it changes, least of all the arguments, which may be data elsewhere in it,
// nor do the numbers of its lines.
func Renamed(dockerfile []byte, args map[string]string, rename func(string) string) []byte {
	tree, err := parser.Parse(bytes.NewReader(dockerfile))
	if err != nil {
		return dockerfile
	}
	d := renaming{shell.NewLex(tree.EscapeToken), arguments{}, rename, strings.Split(string(dockerfile), "\n")}
	begun := false
	for _, n := range tree.AST.Children {
		switch {
		case strings.EqualFold(n.Value, command.From):
			begun = true
			d.from(n)
		case strings.EqualFold(n.Value, command.Arg) && !begun:
			d.argument(n, args)
		default:
			d.flags(n)
		}
	}
	return []byte(strings.Join(d.lines, "\n"))
}

type renaming struct {
	shell  *shell.Lex
	known  arguments // those before the first FROM, which alone FROM knows
	rename func(string) string
	lines  []string
}

// argument takes in what ARG declares.
func (d *renaming) argument(n *parser.Node, given map[string]string) {
	for n = n.Next; n != nil; n = n.Next {
		name, text, _ := strings.Cut(n.Value, "=")
		if value, ok := given[name]; ok {
			d.known[name] = value
		} else {
			d.known[name] = d.expanded(text)
		}
	}
}

func (d *renaming) expanded(text string) string {
	out, _, err := d.shell.ProcessWord(text, d.known)
	if err != nil {
		return text
	}
	return out
}

func (d *renaming) from(n *parser.Node) {
	if n.Next == nil {
		return
	}
	name := d.expanded(n.Next.Value)
	to := d.rename(name)
	if to == name {
		return
	}
	words := append(append([]string{"FROM"}, n.Flags...), to)
	for rest := n.Next.Next; rest != nil; rest = rest.Next {
		words = append(words, rest.Value)
	}
	d.lines[n.StartLine-1] = strings.Join(words, " ")
	for i := n.StartLine; i < n.EndLine; i++ {
		d.lines[i] = ""
	}
}

func (d *renaming) flags(n *parser.Node) {
	for _, flag := range n.Flags {
		name, value, _ := strings.Cut(flag, "=")
		switch name {
		case "--from":
			d.flag(n, value)
		case "--mount":
			for _, part := range strings.Split(value, ",") {
				if from, ok := strings.CutPrefix(part, "from="); ok {
					d.flag(n, from)
				}
			}
		}
	}
}

func (d *renaming) flag(n *parser.Node, name string) {
	to := d.rename(name)
	if to == name {
		return
	}
	for i := n.StartLine - 1; i < n.EndLine; i++ {
		d.lines[i] = strings.ReplaceAll(d.lines[i], "from="+name, "from="+to)
	}
}

// arguments are what FROM knows.
type arguments map[string]string

// Get is the value of an argument.
func (a arguments) Get(name string) (string, bool) {
	value, found := a[name]
	return value, found
}

// Keys are the names of the arguments.
func (a arguments) Keys() []string {
	out := make([]string, 0, len(a))
	for name := range a {
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}
