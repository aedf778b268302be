package cli

import (
	"context"
	"fmt"
	"strings"

	ucli "github.com/urfave/cli/v3"

	errorpages "github.com/dindctl/dindctl/docs/errors"
	"github.com/dindctl/dindctl/internal/diag"
)

func (a *app) explain() *ucli.Command {
	return &ucli.Command{
		Name: "explain", Usage: "what the code of an error or warning means, and what to do", ArgsUsage: "[CODE]",
		Description: "Example: dindctl explain mount-hidden\n\nWithout a code all codes are listed.",
		Action: func(_ context.Context, c *ucli.Command) error {
			args, err := positional(c, 1, "[CODE]")
			if err != nil {
				return err
			}
			if len(args) == 0 {
				a.print(errorpages.Index())
				return nil
			}
			code := strings.Trim(strings.ToLower(args[0]), "[]")
			page, found := errorpages.Page(code)
			if !found {
				return a.fail(diag.Errorf("There is no such code", "dindctl has no code %q.%s `dindctl explain` lists them.",
					args[0], didYouMean(code, codes())), nil)
			}
			a.print(page)
			return nil
		},
	}
}

func codes() []string {
	var out []string
	for _, kind := range diag.Catalogue() {
		out = append(out, kind.Code)
	}
	return out
}

// didYouMean is " Did you mean X?" with the name that is nearest, or nothing.
func didYouMean(given string, names []string) string {
	if like := diag.Nearest(given, names); like != "" {
		return fmt.Sprintf(" Did you mean %s?", like)
	}
	return ""
}
