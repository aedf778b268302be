package docker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"

	"github.com/dindctl/dindctl/provider"
)

// helperLimit is how long a helper may run before it is taken down.
const helperLimit = 30 * time.Second

// helperSuffix ends the address of every helper.
const helperSuffix = ".helper"

// helper is dindctl, to be run once inside an engine. It is labelled as an object
// of the project that no configuration has: what a killed run leaves, the next
// one removes.
type helper struct {
	owner   provider.Ownership // Project, Address and Origin are used
	name    string
	command []string // of [Inside]
	config  container.Config
	host    container.HostConfig
	limit   time.Duration // how long it may run; 0 for helperLimit
	out     io.Writer     // is written what it says, as it says it; nil for none
}

// runHelper runs a helper, removes it, and returns what it wrote to its standard
// output. An error is a noHelper where dindctl cannot run there at all.
func (e *engine) runHelper(ctx context.Context, h helper) (string, error) {
	out, err := e.runHelperOnce(ctx, h)
	if errdefs.IsNotFound(err) {
		return e.runHelperOnce(ctx, h) // another process has just removed the image
	}
	return out, err
}

func (e *engine) runHelperOnce(ctx context.Context, h helper) (string, error) {
	image, err := e.helperImage(ctx)
	if err != nil {
		return "", err
	}
	after := context.WithoutCancel(ctx)
	defer e.dropHelperImage(after, image)
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(h.limit, helperLimit))
	defer cancel()

	config, host := h.config, h.host
	config.Image, config.Entrypoint, config.Cmd = image, []string{helperBinary, "provider", "inside"}, h.command
	config.Labels = ownerLabels(provider.Ownership{
		Project: h.owner.Project, Address: h.owner.Address + helperSuffix, Kind: provider.Container,
		Origin: h.owner.Origin, Deps: []string{h.owner.Address}, Run: h.owner.Run, Name: h.name, Place: h.owner.Place,
	})
	host.LogConfig = container.LogConfig{Type: "json-file"}
	id, err := e.createHelper(ctx, h.name, &config, &host)
	if err != nil {
		return "", err
	}
	defer func() { _ = e.kill(after, id) }()
	if h.out != nil {
		return "", e.hearHelper(ctx, id, h.out)
	}
	return e.followHelper(ctx, id)
}

// createHelper makes the container, in the place of one that a killed run left.
func (e *engine) createHelper(ctx context.Context, name string, config *container.Config, host *container.HostConfig) (string, error) {
	created, err := e.write.ContainerCreate(ctx, config, host, nil, nil, name)
	if errdefs.IsConflict(err) {
		old, readErr := e.read.ContainerInspect(ctx, name)
		if readErr != nil {
			return "", err
		}
		w, readErr := e.whoseContainer(ctx, old)
		if readErr != nil || w.owner.Address != config.Labels[labelAddress] || w.owner.Project != config.Labels[labelProject] {
			return "", err
		}
		if err := e.kill(ctx, old.ID); err != nil {
			return "", err
		}
		created, err = e.write.ContainerCreate(ctx, config, host, nil, nil, name)
	}
	return created.ID, err
}

// kill removes a helper, also one that still runs: nothing is lost with it.
func (e *engine) kill(ctx context.Context, id string) error {
	err := e.write.ContainerKill(ctx, id, "KILL")
	if err != nil && !errdefs.IsNotFound(err) && !errdefs.IsConflict(err) { // it is gone, or has ended
		return err
	}
	return e.remove(ctx, id)
}

// hearHelper starts the container and hands on what it says until its end.
func (e *engine) hearHelper(ctx context.Context, id string, out io.Writer) error {
	if err := e.write.ContainerStart(ctx, id, container.StartOptions{}); err != nil {
		return err
	}
	logs, err := e.write.ContainerLogs(byName(ctx), id, container.LogsOptions{ShowStdout: true, ShowStderr: true, Follow: true})
	if err != nil {
		return err
	}
	defer func() { _ = logs.Close() }()
	var stderr kept
	if err := demultiplex(logs, false, out, &stderr); err != nil {
		return err
	}
	return errors.New(cmp.Or(strings.TrimSpace(stderr.text()), "the helper has ended"))
}

// followHelper starts the container and waits for its end.
func (e *engine) followHelper(ctx context.Context, id string) (string, error) {
	ended, failed := e.write.ContainerWait(ctx, id, container.WaitConditionNextExit)
	if err := e.write.ContainerStart(ctx, id, container.StartOptions{}); err != nil {
		return "", err
	}
	select {
	case err := <-failed:
		return "", err
	case <-ended:
	}
	c, err := e.read.ContainerInspect(ctx, id)
	if err != nil {
		return "", err
	}
	stdout, stderr, err := e.outputOf(ctx, c)
	if err != nil {
		return "", err
	}
	if c.State.ExitCode != 0 {
		return "", fmt.Errorf("%s", strings.TrimSpace(*stderr))
	}
	return strings.TrimSpace(*stdout), nil
}

// besideOf is a helper in the position of a container: its network, its mounts,
// its user with the groups, and its environment.
func (e *engine) besideOf(ctx context.Context, c container.InspectResponse) helper {
	owner, _ := claimOf(c.Config.Labels) // that it is ours was settled before
	h := helper{
		owner: owner, name: strings.TrimPrefix(c.Name, "/") + "-helper",
		config: container.Config{Env: clientVariables(c.Config.Env), User: e.numericUser(ctx, c)},
		host:   container.HostConfig{VolumesFrom: []string{c.ID}, GroupAdd: c.HostConfig.GroupAdd},
	}
	h.host.NetworkMode = container.NetworkMode("container:" + c.ID)
	h.host.SecurityOpt = c.HostConfig.SecurityOpt
	return h
}

// clientVariables are those of a container that decide which engine a client calls.
func clientVariables(env []string) []string {
	var out []string
	for _, entry := range env {
		if strings.HasPrefix(entry, "DOCKER_") {
			out = append(out, entry)
		}
	}
	return out
}

// numericUser is a container's user by number: the helper's image has no names.
// A name that cannot be looked up counts as root.
func (e *engine) numericUser(ctx context.Context, c container.InspectResponse) string {
	user, group, _ := strings.Cut(c.Config.User, ":")
	if user == "" || strings.Trim(user, "0123456789") == "" && strings.Trim(group, "0123456789") == "" {
		return c.Config.User
	}
	line := e.accountLine(ctx, c.ID, "/etc/passwd", user)
	if len(line) < 4 {
		return ""
	}
	if group == "" {
		return line[2] + ":" + line[3]
	}
	if found := e.accountLine(ctx, c.ID, "/etc/group", group); len(found) > 2 {
		group = found[2]
	}
	return line[2] + ":" + group
}

// accountLine finds a name, or a number in the third field, in a container's
// passwd or group file.
func (e *engine) accountLine(ctx context.Context, id, file, name string) []string {
	content, err := e.fileIn(ctx, id, file)
	if err != nil {
		return nil
	}
	for _, line := range strings.Split(string(content), "\n") {
		fields := strings.Split(line, ":")
		if len(fields) > 2 && (fields[0] == name || fields[2] == name) {
			return fields
		}
	}
	return nil
}

// socketGroupIn reads the group of a path of the engine's host, by a helper that
// has it mounted: nothing is assumed.
func (e *engine) socketGroupIn(ctx context.Context, owner provider.Ownership, name, source string) (string, error) {
	h := helper{owner: owner, name: name + "-helper", command: []string{"group", helperSocket}}
	h.host.NetworkMode = "none"
	h.host.Mounts = []mount.Mount{{Type: mount.TypeBind, Source: source, Target: helperSocket, ReadOnly: true}}
	return e.runHelper(ctx, h)
}

// helperSocket is where a helper has the socket that it looks at.
const helperSocket = "/socket"

// fileIn reads one small file of a container.
func (e *engine) fileIn(ctx context.Context, id, path string) ([]byte, error) {
	archive, _, err := e.write.CopyFromContainer(ctx, id, path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = archive.Close() }()
	return firstFile(archive)
}
