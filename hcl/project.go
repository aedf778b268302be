package hcl

import (
	"path/filepath"
	"regexp"
	"strings"

	hcl2 "github.com/hashicorp/hcl/v2"

	"github.com/dindctl/dindctl/internal/diag"
)

const maxProject = 40

// validProject tells whether a name can be a project's.
func validProject(name string) bool {
	return projectName.MatchString(name)
}

var projectName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,39}$`)

const projectRule = "A project's name begins with a small letter or a digit, and has small letters, digits and dashes alone, 40 at most."

// project finds out the project's name, and what else its block says.
func (l *loader) project() {
	var named, pinned *hcl2.Attribute
	if l.projectBlock != nil {
		content, diags := l.projectBlock.Body.Content(&hcl2.BodySchema{Attributes: []hcl2.AttributeSchema{
			{Name: "name"}, {Name: "required_version"}, {Name: "context"},
		}})
		l.report(convertAll(diags)...)
		named, pinned = content.Attributes["name"], content.Attributes["context"]
		l.cfg.Context = l.engineText(pinned)
		l.requireVersion(content.Attributes["required_version"])
	}
	l.readProviders(pinned)
	l.cfg.Project = l.constantText(named)
	switch given := l.req.Project; {
	case named != nil && l.cfg.Project != "" && !validProject(l.cfg.Project):
		l.report(problem("invalid-name", "Invalid name of a project", named.Expr.Range(), "%q is no project's name. %s", l.cfg.Project, projectRule))
	case l.cfg.Project != "" && given != "" && given != l.cfg.Project:
		l.report(problem("conflicting-arguments", "Two names of one project", named.Expr.Range(),
			"The project block says %q and -project says %q. Leave one of them out.", l.cfg.Project, given))
	case l.cfg.Project != "":
	case given != "" && !validProject(given):
		l.report(diag.Errorf("Invalid name of a project", "-project says %q. %s", given, projectRule)...)
	case given != "":
		l.cfg.Project = given
	default:
		l.cfg.Project, l.cfg.Derived = fitProject(l.cfg.Path), true
	}
}

// fitProject makes a project's name from a path.
func fitProject(path string) string {
	name := strings.ToLower(filepath.Base(path))
	name = strings.TrimSuffix(strings.TrimSuffix(name, ".json"), ".hcl")
	name = strings.Trim(regexp.MustCompile(`[^a-z0-9]+`).ReplaceAllString(name, "-"), "-")
	if len(name) > maxProject {
		name = strings.TrimRight(name[:maxProject], "-")
	}
	if name == "" {
		return "project"
	}
	return name
}
