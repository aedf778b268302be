package cli

import (
	"context"
	"fmt"

	ucli "github.com/urfave/cli/v3"

	"github.com/dindctl/dindctl/internal/ui"
)

func (a *app) graph() *ucli.Command {
	return &ucli.Command{
		Name: "graph", Usage: "what needs what, as a graph in DOT or Mermaid, without an engine", ArgsUsage: "[PATH]",
		Description: "Example: dindctl graph examples/case2.hcl | dot -Tsvg",
		Flags: append(append(engineFlags()[2:], configFlags()...),
			&ucli.StringFlag{Name: "format", Value: "dot", Usage: "the `LANGUAGE`: dot or mermaid"}),
		Action: func(ctx context.Context, c *ucli.Command) error {
			where, err := path(c)
			if err != nil {
				return err
			}
			format := c.String("format")
			if format != "dot" && format != "mermaid" {
				return fmt.Errorf("-format takes dot or mermaid, not %q", format)
			}
			s := a.session(c)
			problems := s.loadWhole(ctx, where)
			if problems.HasErrors() {
				return a.fail(problems, s.snippets())
			}
			if more := s.offline(ctx); more.HasErrors() {
				return a.fail(more, nil)
			}
			expanded, more := s.expand()
			if problems = append(problems, more...); expanded == nil || problems.HasErrors() {
				return a.fail(problems, s.snippets())
			}
			a.print(ui.Graph(expanded.Instances, format == "mermaid"))
			return nil
		},
	}
}
