package cli

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/ui"
)

// projects counts the objects of each project on the root engine.
func (s *session) projects(ctx context.Context) (map[string]int, diag.List) {
	if problems := s.look(ctx, "", nil); problems.HasErrors() {
		return nil, problems
	}
	return s.observed.Root.Projects, nil
}

func listProjects(projects map[string]int, what string) string {
	if len(projects) == 0 {
		return "The engine has no project of dindctl's."
	}
	lines := []string{what}
	for _, name := range slices.Sorted(maps.Keys(projects)) {
		lines = append(lines, fmt.Sprintf("  %s (%d objects)", name, projects[name]))
	}
	return strings.Join(lines, "\n")
}

// nothingHere is what plan and apply say where there is no configuration.
func (s *session) nothingHere(ctx context.Context) error {
	if problems := s.connect(ctx); problems.HasErrors() {
		return s.app.fail(problems, nil)
	}
	projects, problems := s.projects(ctx)
	if problems.HasErrors() {
		return s.app.fail(problems, nil)
	}
	s.app.print(ui.Engine(s.facts, "(none)", s.app.options()))
	return s.app.fail(diag.Errorf("There is no configuration here",
		"%s holds no *.hcl file. Name a file or directory: dindctl %s PATH.\n%s",
		s.app.env.Cwd, s.command.Name, listProjects(projects, "The engine has these projects; `dindctl ls -project NAME` shows one:")), nil)
}
