package config

import (
	"fmt"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/diag"
)

// NoDockerfile is a file that every machine has and that holds nothing: the text
// of the Dockerfile stands in the configuration.
const NoDockerfile = "/dev/null"

// maxSecret is how many bytes a secret of a build may have: MaxSecretSize of
// github.com/moby/buildkit/session/secrets/secretsprovider.
const maxSecret = 500 << 10

// checkBuild says what is wrong with a build block by itself.
func checkBuild(n *noun, build cty.Value) diag.List {
	var problems diag.List
	inline := given(build, "dockerfile_inline")
	switch {
	case inline && given(build, "dockerfile"):
		problems = append(problems, n.problem("conflicting-arguments", "build.dockerfile_inline", "Arguments that exclude each other",
			fmt.Sprintf("The build of %s has dockerfile and dockerfile_inline. Only one of them can stand in a block.", n.address)))
	case !inline && !given(build, "context"):
		problems = append(problems, n.problem("missing-argument", "build", "Missing argument",
			fmt.Sprintf("The build of %s needs context, the directory to build from, or dockerfile_inline.", n.address)))
	}
	if network := text(build, "network"); given(build, "secrets") && !slices.Contains([]string{"", "default", "host", "none"}, network) {
		problems = append(problems, n.problem("conflicting-arguments", "build.network", "Arguments that exclude each other",
			fmt.Sprintf("The build of %s has secrets, which are BuildKit's, and the network %q, which BuildKit cannot join. Use host, none or the default network, or do without secrets.", n.address, network)))
	}
	secrets := attribute(build, "secrets")
	if !secrets.IsNull() && secrets.IsKnown() {
		for _, name := range keys(secrets.AsValueMap()) {
			if text, ok := textOf(secrets.Index(cty.StringVal(name))); ok && len(text) > maxSecret {
				problems = append(problems, n.problem("invalid-value", "build.secrets", "Invalid value",
					fmt.Sprintf("Secret %q has %d bytes; BuildKit takes %d at most.", name, len(text), maxSecret)))
			}
		}
	}
	labels := attribute(build, "labels")
	if labels.IsNull() || !labels.IsKnown() {
		return problems
	}
	for _, name := range keys(labels.AsValueMap()) {
		if strings.HasPrefix(name, "dev.dindctl.") {
			problems = append(problems, n.problem("invalid-value", "build.labels", "Invalid value",
				fmt.Sprintf("Labels under dev.dindctl. are dindctl's own; %s is one. Give it another name.", name)))
		}
	}
	return problems
}
