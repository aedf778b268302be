package config

import "github.com/dindctl/dindctl/provider"

// nameForm is how engines let an object of the kind be called.
func nameForm(kind provider.Kind) provider.Form {
	if kind == provider.Image {
		return imageForm()
	}
	if kind == provider.Network {
		return provider.Form{Kind: provider.FormText, Pattern: `[^\s/]([^/]*[^\s/])?`, Says: "a name without slashes, and without blanks at its ends"}
	}
	return provider.Form{
		Kind: provider.FormText, Pattern: `[a-zA-Z0-9][a-zA-Z0-9_.-]+`,
		Says: "two or more letters, digits, dashes, dots and underscores, the first one a letter or a digit",
	}
}

// imageForm is the reference of an image, as the distribution project writes its
// grammar: a registry, a path in small letters, a tag, a digest. An id is one, too.
func imageForm() provider.Form {
	const (
		part     = `[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?`
		registry = `(?:(?:` + part + `(?:\.` + part + `)*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?/)?`
		piece    = `[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*`
		tag      = `(?::[0-9A-Za-z_][0-9A-Za-z_.-]{0,127})?`
		digest   = `(?:@[a-z][a-z0-9]*(?:[.+_-][a-z][a-z0-9]*)*:[0-9a-f]{32,})?`
	)
	return provider.Form{
		Kind: provider.FormText, Pattern: registry + piece + `(?:/` + piece + `)*` + tag + digest + `|sha256:[0-9a-f]{64}`,
		Says: "the reference of an image, its path in small letters, such as bash:5 or registry.example.com:5000/team/app:1.2",
	}
}

// aliasForm is a name that the engine's name server answers to.
func aliasForm() provider.Form {
	return provider.Form{
		Kind: provider.FormText, Pattern: `[a-zA-Z0-9]([a-zA-Z0-9_.-]*[a-zA-Z0-9])?`,
		Says: "a host name: letters, digits, dashes, dots and underscores",
	}
}
