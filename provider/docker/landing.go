package docker

import (
	"context"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"

	"github.com/dindctl/dindctl/provider"
)

// checkLandings refuses to put a file where a link of the image leads it through a
// bind mount, such as below /var/run where /run is one: it would replace what is
// there on the host. Without links the configuration was refused before.
func (e *engine) checkLandings(ctx context.Context, decl provider.Declaration, r request, c container.InspectResponse) error {
	if !slices.ContainsFunc(r.mounts, func(m mountSpec) bool { return m.kind == mount.TypeBind }) {
		return nil
	}
	var targets []string
	for _, f := range r.files {
		targets = append(targets, f.path)
	}
	if decl.Kind == provider.Daemon && mountedOver(r.mounts, daemonJSONPath) == "" {
		targets = append(targets, daemonJSONPath)
	}
	if r.dockerConfig != nil {
		targets = append(targets, authPath(c))
	}
	for _, target := range targets {
		lands, err := e.landing(ctx, c.ID, target)
		if err != nil {
			return e.problem(err, "looking for "+target+" in", decl.Address, decl.Name)
		}
		if at := mountedOver(r.mounts, lands, mount.TypeBind); at != "" {
			return &provider.Problem{
				Code: provider.Invalid, Address: decl.Address, Path: "file", Summary: "File that would be written through a mount",
				Detail: fmt.Sprintf("A link of the image leads %s to %s, which lies below the mount on %s: what is there on the host would be replaced. Choose a path that no mount covers.", target, lands, at),
			}
		}
	}
	return nil
}

// landing is where a file comes to lie: its path with the links of its directories
// followed. The engine tells of a link where it leads to in the end.
func (e *engine) landing(ctx context.Context, id, target string) (string, error) {
	names := strings.Split(strings.Trim(cleanPath(target), "/"), "/")
	at := "/"
	for i, name := range names[:len(names)-1] {
		next := path.Join(at, name)
		stat, err := e.read.ContainerStatPath(ctx, id, next)
		if errdefs.IsNotFound(err) {
			return path.Join(append([]string{at}, names[i:]...)...), nil // it is made
		}
		if err != nil {
			return "", err
		}
		if at = next; stat.LinkTarget != "" {
			at = stat.LinkTarget
		}
	}
	return path.Join(at, names[len(names)-1]), nil
}
