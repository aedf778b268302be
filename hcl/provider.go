package hcl

import (
	"slices"
	"strings"

	version "github.com/hashicorp/go-version"
	hcl2 "github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/diag"
)

// requireVersion refuses a dindctl that the project does not want. A version that
// is no number, as a build from a checkout has, fulfils everything.
func (l *loader) requireVersion(a *hcl2.Attribute) {
	text := l.constantText(a)
	if text == "" {
		return
	}
	wanted, err := version.NewConstraint(text)
	if err != nil {
		l.report(problem("invalid-value", "Invalid version", a.Expr.Range(),
			"%q says no version. Write a number with an operator before it, such as \">= 1.2\" or \"~> 1.4, != 1.4.2\".", text))
		return
	}
	own, err := version.NewVersion(l.req.Version)
	if err != nil || wanted.Check(own.Core()) {
		return
	}
	l.report(problem("wrong-version", "Version that the project does not want", a.Expr.Range(),
		"The project wants dindctl %s, and this is %s. Use another one, or change required_version.", text, l.req.Version))
}

// readProviders reads which engine provider blocks mean. Pinned is the context of
// the project block; it may be nil.
func (l *loader) readProviders(pinned *hcl2.Attribute) {
	names := make([]string, 0, len(l.providers))
	for name := range l.providers {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		block := l.providers[name]
		if name != "docker" {
			l.report(problem("unknown-provider", "Unknown provider", block.LabelRanges[0],
				"There is no provider %q. Objects are made by the provider \"docker\".", name))
			continue
		}
		content, diags := block.Body.Content(&hcl2.BodySchema{Attributes: []hcl2.AttributeSchema{{Name: "host"}, {Name: "context"}}})
		l.report(convertAll(diags)...)
		host, context := content.Attributes["host"], content.Attributes["context"]
		l.cfg.Host = l.engineText(host)
		if text := l.engineText(context); text != "" {
			if pinned != nil && l.cfg.Context != "" && l.cfg.Context != text {
				l.report(conflict(context, "The project block pins the context %q, at %s. Leave one of them out.", l.cfg.Context, at(pinned.Range)))
			}
			l.cfg.Context = text
		}
		if l.cfg.Host != "" && l.cfg.Context != "" {
			l.report(conflict(host, "A host and a context both say which engine is meant. Leave one of them out."))
		}
	}
}

// engineText is what names an engine. An empty text names none: who wrote it does not
// mean the engine that would be called without it.
func (l *loader) engineText(a *hcl2.Attribute) string {
	value := l.constant(a, cty.String)
	if value.IsNull() {
		return ""
	}
	text := value.AsString()
	if strings.TrimSpace(text) == "" {
		l.report(problem("invalid-value", "Invalid value", a.Expr.Range(), "%s is empty, and names no engine. Write which one is meant, or take it away.", a.Name))
	}
	return text
}

func conflict(a *hcl2.Attribute, format string, args ...any) diag.Problem {
	return problem("conflicting-arguments", "Arguments that exclude each other", a.Range, format, args...)
}
