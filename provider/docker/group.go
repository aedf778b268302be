package docker

import (
	"context"
	"errors"
	"fmt"

	"github.com/docker/docker/api/types/mount"

	"github.com/dindctl/dindctl/provider"
)

// socketTarget is where a controller has its daemon's socket.
const socketTarget = "/var/run/docker.sock"

// labelSocketGroup keeps the number that a socket's group had at creation, for
// plans that cannot read it.
const labelSocketGroup = labelPrefix + "socket-group"

// boundSocket is the path, on the controller's engine, of the socket that was
// mounted for it; empty without one.
func boundSocket(decl provider.Declaration) string {
	if decl.Kind != provider.Controller {
		return ""
	}
	for _, m := range valuesOf(decl.Declared).blocks("mount") {
		if spec := mountOf(m); spec.target == socketTarget && spec.kind == mount.TypeBind && m.flag("implied", false) {
			return spec.source
		}
	}
	return ""
}

// giveSocketGroup puts the group of a controller's socket into its request; one
// that is not known yet is read from the socket by a helper.
func (e *engine) giveSocketGroup(ctx context.Context, req provider.CreateRequest, r *request, say events) error {
	decl := req.Declaration
	group := valuesOf(decl.Declared).text(provider.AttributeSocketGroup)
	socket := boundSocket(decl)
	if group == "" || socket == "" {
		return nil
	}
	if group == provider.SocketGroupAtCreation {
		say.phase(provider.PhaseMessage, "reading the group of "+socket)
		var err error
		group, err = e.socketGroupIn(ctx, req.Owner, decl.Name, socket)
		var none noHelper
		switch {
		case errors.As(err, &none):
			say.phase(provider.PhaseMessage, "the group of "+socket+" cannot be read ("+none.why+"); unless it runs as root, it needs it in group_add")
			return nil
		case err != nil && ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			return &provider.Problem{
				Code: provider.Invalid, Address: decl.Address, Path: "daemon", Summary: "The daemon's socket cannot be used",
				Detail: fmt.Sprintf("%s on the engine %s is to be mounted into %s: %s. Write the path of the socket on which that engine listens.", socket, e.facts.Name, decl.Address, engineWords(err)),
			}
		}
	}
	if r.config.Labels == nil {
		r.config.Labels = map[string]string{}
	}
	r.config.Labels[labelSocketGroup] = group
	r.host.GroupAdd = appendNew(r.host.GroupAdd, group)
	return nil
}
