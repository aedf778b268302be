package cli

import (
	"fmt"
	"strings"

	ucli "github.com/urfave/cli/v3"

	"github.com/dindctl/dindctl/internal/ui"
)

// helpful gives a command its help, broken for the window, with flags as the
// documents write them. It is a template of the parser's, without anything to fill in.
func helpful(a *app, c *ucli.Command, name string) string {
	help := ui.Help{Name: name, Summary: c.Usage, Usage: strings.TrimSpace("[options] " + c.ArgsUsage), Description: c.Description}
	for _, flag := range c.Flags {
		help.Options = append(help.Options, flagRow(flag))
	}
	help.Options = append(help.Options, ui.HelpRow{Name: "-h, -help", Text: "show this help"})
	for _, sub := range c.Commands {
		if !sub.Hidden {
			help.Commands = append(help.Commands, ui.HelpRow{Name: sub.Name, Text: sub.Usage})
		}
	}
	return asTemplate(ui.HelpText(help, a.options()))
}

// rootHelp is what dindctl says without a command.
func rootHelp(a *app, root *ucli.Command) string {
	help := ui.Help{
		Name: root.Name, Summary: root.Usage, Usage: "COMMAND [options] [ARGUMENT...]",
		More: "`dindctl help COMMAND` has an example and the options of each. Options stand before or after the arguments, with one dash or two.",
	}
	for _, c := range root.Commands {
		if !c.Hidden {
			help.Commands = append(help.Commands, ui.HelpRow{Name: c.Name, Text: c.Usage})
		}
	}
	help.Commands = append(help.Commands, ui.HelpRow{Name: "help", Text: "this list, or the help of one command"})
	return asTemplate(ui.HelpText(help, a.options()))
}

func asTemplate(text string) string { return strings.ReplaceAll(text, "{{", `{{"{{"}}`) }

// flagRow is one flag: its names, what its value is called, and what it does. In
// the text the value's name is in back quotes.
func flagRow(flag ucli.Flag) ui.HelpRow {
	var names []string
	for _, name := range flag.Names() {
		names = append(names, "-"+name)
	}
	row := ui.HelpRow{Name: strings.Join(names, ", ")}
	described, is := flag.(ucli.DocGenerationFlag)
	if !is {
		return row
	}
	before, rest, found := strings.Cut(described.GetUsage(), "`")
	row.Text = before
	if found {
		word, after, _ := strings.Cut(rest, "`")
		row.Name += " " + word
		row.Text += word + after
	} else if described.TakesValue() {
		row.Name += " VALUE"
	}
	row.Text += standard(flag)
	return row
}

// standard says what holds where a flag is left out, unless it is nothing.
func standard(flag ucli.Flag) string {
	switch flag := flag.(type) {
	case *ucli.StringFlag:
		if flag.Value != "" {
			return fmt.Sprintf(" (default: %s)", flag.Value)
		}
	case *ucli.IntFlag:
		if flag.Value != 0 {
			return fmt.Sprintf(" (default: %d)", flag.Value)
		}
	}
	return ""
}
