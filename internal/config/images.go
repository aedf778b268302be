package config

import (
	"slices"
	"strings"

	"github.com/dindctl/dindctl/internal/mount"
	"github.com/dindctl/dindctl/provider"
)

// imageFacts is what is known of an image without asking an engine.
type imageFacts struct {
	volumes []string
	links   map[string]string
	entries []string // mounted by the entrypoint over what is declared
	rebuilt []string // nothing is known below
	known   bool
}

// factsOf is the table of images, by repository and tag.
func factsOf(reference string) imageFacts {
	repository, tag := splitImage(reference)
	daemon := imageFacts{
		volumes: []string{dataTarget}, links: map[string]string{"/var/run": "/run"}, entries: []string{"/tmp"}, known: true,
	}
	dind := repository == "docker" && slices.Contains(strings.Split(tag, "-"), "dind")
	switch {
	case repository == "dindctl.local/dind":
		return daemon
	case dind && strings.Contains(tag, "rootless"):
		// Its entrypoint copies /etc and /run into directories of its own.
		return imageFacts{rebuilt: []string{"/etc", "/run"}}
	case dind:
		return daemon
	}
	return imageFacts{}
}

// splitImage takes an image reference apart; official images lose their prefix.
func splitImage(reference string) (repository, tag string) {
	reference, _, _ = strings.Cut(reference, "@")
	if colon := strings.LastIndex(reference, ":"); colon > strings.LastIndex(reference, "/") {
		reference, tag = reference[:colon], reference[colon+1:]
	}
	for _, prefix := range []string{"index.docker.io/", "docker.io/", "library/"} {
		reference = strings.TrimPrefix(reference, prefix)
	}
	return reference, tag
}

// imageOf is the image reference behind an object, as far as it is known.
func (s *state) imageOf(n *noun) string {
	if image := s.target(n.value, "image", provider.Image); image != nil {
		return text(image.value, "from")
	}
	reference, _ := textOf(attribute(n.value, "image"))
	return reference
}

// addImage tells a container what its image brings.
func (s *state) addImage(n *noun, c *mount.Container) {
	facts := factsOf(s.imageOf(n))
	c.ImageVolumes, c.ImageLinks, c.ImageKnown = facts.volumes, facts.links, facts.known
	if n.kind != provider.Daemon {
		return
	}
	declared := attribute(n.value, "entry_mounts")
	if !declared.IsNull() {
		for _, target := range texts(declared) {
			c.EntryMounts = append(c.EntryMounts, clean(target))
		}
		return
	}
	if !given(n.value, "user") && !given(n.value, "entrypoint") {
		c.EntryMounts, c.EntryYields, c.UnknownBelow = facts.entries, true, facts.rebuilt
	}
}
