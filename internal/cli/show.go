package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	ucli "github.com/urfave/cli/v3"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/runner"
	"github.com/dindctl/dindctl/internal/ui"
)

func (a *app) showObjects() *ucli.Command {
	return &ucli.Command{
		Name: "show", Usage: "what runs, with its attributes, state, networks and mounts; or a plan file", ArgsUsage: "[PATH] [ADDRESS] | PLANFILE",
		Description: "Example: dindctl show -project ci daemon.dind",
		Flags:       append(append(engineFlags(), configFlags()...), jsonFlag()),
		Action: func(ctx context.Context, c *ucli.Command) error {
			where, address, err := a.pathAndWord(c, "[PATH] [ADDRESS]")
			if err != nil {
				return err
			}
			s := a.session(c)
			defer s.close()
			return s.showObjects(ctx, where, address)
		},
	}
}

func (s *session) showObjects(ctx context.Context, where, address string) error {
	if where != "" && address == "" {
		file, problems := s.readPlan(where)
		if problems.HasErrors() {
			return s.app.fail(problems, nil)
		}
		if file != nil {
			s.showPlanFile(file)
			return nil
		}
	}
	project, problems := s.reach(ctx, where)
	if problems.HasErrors() {
		return s.orFile(where, address, problems)
	}
	list := ui.ProjectObjects(s.observed, project)
	if address != "" {
		if list = named(list, address); len(list) == 0 {
			_, problems := runner.Find(s.observed, project, address)
			return s.orFile(where, address, problems)
		}
		if where == "" && s.app.exists(address) {
			s.app.tell(fmt.Sprintf("%s is the object. For the file of that name, write ./%[1]s.\n", address))
		}
	}
	s.app.show(s.observed.Stopped(), s.snippets())
	s.app.show(runner.Unreadable(s.observed, project), s.snippets())
	if s.command.Bool("json") {
		s.app.document(ui.ShowJSON(s.facts, project, list))
		return nil
	}
	if len(list) == 0 {
		return s.app.fail(diag.Errorf("Nothing runs there", "The engine has no object of project %q. `dindctl apply` makes them.%s", project, runner.Elsewhere(s.observed, project)), nil)
	}
	s.app.print(ui.Show(list, s.app.options()))
	return nil
}

// orFile ends a show of an address that names nothing. A plan file of that name is shown;
// of any other file of that name it is said how it is named.
func (s *session) orFile(where, address string, problems diag.List) error {
	if where != "" || address == "" || !s.app.exists(address) {
		return s.app.fail(problems, s.snippets())
	}
	if file, _ := s.readPlan(address); file != nil {
		s.showPlanFile(file)
		return nil
	}
	problems = slices.Clone(problems)
	problems[0].Detail += fmt.Sprintf("\nThere is a file or directory %s here: write ./%[1]s for it.", address)
	return s.app.fail(problems, s.snippets())
}

// named are the objects with an address: all instances of a block, where it is one's.
func named(list []ui.Shown, address string) []ui.Shown {
	return slices.DeleteFunc(slices.Clone(list), func(s ui.Shown) bool {
		own := s.Object.Owner.Address
		return !runner.SameAddress(own, address) && !strings.HasPrefix(own, address+"[")
	})
}
