package cli

import (
	"maps"
	"slices"
	"strings"

	ucli "github.com/urfave/cli/v3"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/mount"
	"github.com/dindctl/dindctl/internal/plan"
)

func platformFlag() ucli.Flag {
	return &ucli.StringFlag{
		Name: "platform", Usage: "what the root engine runs on, and with it how paths are spelled: `PLATFORM` is one of " + platformWords() + "; found out where it is left out",
	}
}

func platformWords() string {
	var words []string
	for _, p := range mount.Platforms() {
		words = append(words, string(p))
	}
	return strings.Join(words, ", ")
}

// platform is what was said about the root engine's platform; empty where nothing was.
func (s *session) platform() (mount.Platform, diag.List) {
	word := mount.Platform(s.asked.Platform)
	if word != "" && !slices.Contains(mount.Platforms(), word) {
		return "", diag.Errorf("The command line was not understood", "-platform takes one of %s, not %q.", platformWords(), word)
	}
	return word, nil
}

// setPlatform lets what was said win over what the engine says of itself.
func (s *session) setPlatform() diag.List {
	word, problems := s.platform()
	if word == "" {
		return problems
	}
	s.facts.Details = maps.Clone(s.facts.Details)
	if s.facts.Details == nil {
		s.facts.Details = map[string]string{}
	}
	s.facts.Details[plan.PlatformDetail] = string(word)
	return nil
}
