package docker

import (
	"context"
	"fmt"
	"os"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"

	"github.com/dindctl/dindctl/provider"
)

// boundCLI is the file of the host that docker_cli binds into a controller, or empty.
func boundCLI(decl provider.Declaration) string {
	d := valuesOf(decl.Declared)
	if decl.Kind != provider.Controller || !d.flag("docker_cli", false) {
		return ""
	}
	for _, m := range d.blocks("mount") {
		if spec := mountOf(m); spec.target == provider.DockerCLITarget {
			return spec.source
		}
	}
	return ""
}

// checkCLI looks, before a controller is started, whether its image has the
// dynamic loader that the host's docker CLI asks for: without it the kernel says
// "no such file" of a file that is there.
func (e *engine) checkCLI(ctx context.Context, decl provider.Declaration, id string) error {
	cli := boundCLI(decl)
	if cli == "" {
		return nil
	}
	program, err := os.Open(cli)
	if err != nil {
		return cliProblem(decl, fmt.Sprintf("docker_cli binds %s, which cannot be read: %v.", cli, err))
	}
	defer func() { _ = program.Close() }()
	loader, err := interpreterOf(program)
	switch {
	case err != nil:
		return cliProblem(decl, fmt.Sprintf("docker_cli binds %s, which is no program for Linux: %v.", cli, err))
	case loader == "":
		return nil
	}
	if _, err = e.read.ContainerStatPath(ctx, id, loader); errdefs.IsNotFound(err) {
		return cliProblem(decl, fmt.Sprintf("docker_cli binds %s, which is linked dynamically and needs %s, and the image of %s has no such file: it has another C library, or none.",
			cli, loader, decl.Address))
	}
	// Where it cannot be looked for, running the CLI says the same later. Debian's 28.5.2
	// looks into no container that mounts below a link that is absolute, such as the
	// image's /var/run: "path escapes from parent".
	return nil
}

// tryCLI runs the bound CLI once: only that shows that the image's libraries suit it.
func (e *engine) tryCLI(ctx context.Context, decl provider.Declaration, id string) error {
	cli := boundCLI(decl)
	if cli == "" {
		return nil
	}
	result, err := e.run(ctx, id, []string{provider.DockerCLITarget, "--version"}, nil)
	switch {
	case err == nil && result.code == 0:
		return nil
	case err != nil && !noSuchCommand(err.Error()):
		return e.problem(err, "running the docker CLI in", decl.Address, decl.Name)
	case err != nil:
		result.output = engineWords(err)
	}
	return cliProblem(decl, fmt.Sprintf("docker_cli binds %s, and it does not run in %s: %s.", cli, decl.Address, oneLine(result.output)))
}

func cliProblem(decl provider.Declaration, why string) error {
	return &provider.Problem{
		Code: provider.Refused, Address: decl.Address, Path: "docker_cli", Summary: "The host's docker CLI cannot run in the controller",
		Detail: why + " Use an image with the C library of the host, or take docker_cli away and use an image with a docker CLI of its own, such as docker:28-cli.",
	}
}

// readyToStart makes sure of what would otherwise only show after the start. A
// container that cannot do its work is not kept.
func (m *making) readyToStart(ctx context.Context, c container.InspectResponse) error {
	err := m.e.checkCLI(ctx, m.req.Declaration, c.ID)
	if err == nil {
		return nil
	}
	if removeErr := m.e.remove(context.WithoutCancel(ctx), c.ID); removeErr != nil {
		return removeErr
	}
	return err
}
