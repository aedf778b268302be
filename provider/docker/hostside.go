package docker

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/dindctl/dindctl/provider"
)

// hostSide adds what this process can see of the root engine's host and
// controllers with a socket need: the socket's group by number, the docker CLI.
// What cannot be said for certain is left out.
func hostSide(facts provider.Facts, at endpoint) {
	socket, local := strings.CutPrefix(at.url, "unix://")
	if !local || facts.Files == provider.FilesUnknown {
		return
	}
	// Where the engine maps ids, a container sees another number.
	if group, ok := socketGroup(socket); ok && facts.Details[detailLess] != "true" && facts.Details[detailUserns] != "true" {
		facts.Details[provider.DetailSocketGroup] = group
	}
	if facts.Files != provider.FilesShared {
		return
	}
	if cli := dockerCLI(); cli != "" {
		facts.Details[provider.DetailDockerCLI] = cli
	}
	if info, err := os.Stat(provider.DockerConfigTarget); err == nil && info.IsDir() {
		facts.Details[provider.DetailDockerConfig] = provider.DockerConfigTarget
	}
}

// dockerCLI is the path of this host's docker CLI without links in it, or empty.
// One from snap is a link to a launcher that works on this host alone.
func dockerCLI() string {
	found, err := exec.LookPath("docker")
	if err != nil {
		return ""
	}
	resolved, err := filepath.EvalSymlinks(found)
	if err != nil || !filepath.IsAbs(resolved) || filepath.Base(resolved) == "snap" {
		return ""
	}
	return resolved
}
