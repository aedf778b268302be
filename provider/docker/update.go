package docker

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// Update applies changes to a container as it stands, reads them back, and records
// what they were made to.
func (p *Provider) Update(ctx context.Context, req provider.UpdateRequest, _ provider.Sink) (provider.UpdateResponse, error) {
	e, err := p.at(req.Place)
	if err != nil {
		return provider.UpdateResponse{}, err
	}
	decl := req.Declaration
	c, err := e.read.ContainerInspect(ctx, req.ID)
	if err != nil {
		return provider.UpdateResponse{}, e.problem(err, "reading the container", decl.Address, decl.Name)
	}
	if _, err := e.mayChangeContainer(ctx, req.Project, c); err != nil {
		return provider.UpdateResponse{}, err
	}
	r, err := requestOf(decl)
	if err != nil {
		return provider.UpdateResponse{}, err
	}
	u := &update{e: e, decl: decl, r: r, c: c, project: req.Project}
	if err := u.apply(ctx, req.Changes); err != nil {
		return provider.UpdateResponse{}, errors.Join(err, u.putBack(ctx))
	}
	object, err := e.object(ctx, c.ID)
	if err != nil {
		return provider.UpdateResponse{}, e.problem(err, "reading the container", decl.Address, decl.Name)
	}
	if err := u.check(object, req.Changes); err != nil {
		return provider.UpdateResponse{Object: object}, err
	}
	if len(u.parts) > 0 { // it is in the middle of a change, and that is what its record says
		return provider.UpdateResponse{Object: object}, nil
	}
	object.Owner.Spec, err = e.noteChanges(ctx, object, decl, req.Changes)
	return provider.UpdateResponse{Object: object}, err
}

// update is the change of one container.
type update struct {
	e    *engine
	decl provider.Declaration
	r    request
	c    container.InspectResponse
	anew []string // paths of endpoints that have to be made anew
	// members says that the networks as a whole are to be others; else no network is
	// joined or left but those of anew: the rest may be ignored.
	members bool
	// parts are paths of networks that are only left for now: somebody else waits for
	// the address there.
	parts []string

	project string
	// left are the networks that were left and are not joined anew yet, and more says that
	// something else was changed. begun is the record of changes as it was before them.
	left  []string
	more  bool
	begun *begun
}

func (u *update) apply(ctx context.Context, changes []provider.Change) error {
	if err := u.r.refuseEndpoints(u.e.facts.API); err != nil {
		return withAddress(err, u.decl.Address)
	}
	limits, networks, rename, auth := false, false, false, false
	live := liveRows()
	var config container.UpdateConfig
	for _, change := range changes {
		name, _, _ := strings.Cut(change.Path, "[")
		r, known := live[name]
		switch {
		case name == "networks" && change.To != cty.NilVal && change.To.IsNull():
			u.parts = append(u.parts, change.Path)
		case change.Path == "networks":
			networks, u.members = true, true
		case name == "networks", name == "attach":
			networks = true
			u.anew = append(u.anew, change.Path)
		case name == "name":
			rename = true
		case known:
			limits = true
			r.live(&config, &u.r.host)
		case name == registryAuth:
			auth = true
		default:
			return &provider.Problem{
				Code: provider.Refused, Address: u.decl.Address, Path: change.Path, Summary: "It cannot be changed in place",
				Detail: change.Path + " changes by replacement only.",
			}
		}
	}
	var err error
	if u.begun, err = u.e.beginChanges(ctx, u.c.ID, u.project, u.decl.Address); err != nil {
		return u.e.problem(err, "recording the change of", u.decl.Address, u.decl.Name)
	}
	u.more = limits || auth || rename
	if limits {
		if _, err := u.e.write.ContainerUpdate(ctx, u.c.ID, config); err != nil {
			return u.e.problem(err, "updating the container", u.decl.Address, u.decl.Name)
		}
	}
	if auth {
		if err := u.e.putAuth(ctx, u.c, u.r.dockerConfig); err != nil {
			return u.e.problem(err, "putting registry credentials into", u.decl.Address, u.decl.Name)
		}
	}
	if !rename && !networks && len(u.parts) == 0 {
		return nil
	}
	return u.calmly(ctx, func() error {
		if rename {
			if err := u.e.write.ContainerRename(ctx, u.c.ID, u.decl.Name); err != nil {
				return u.e.problem(err, "renaming the container", u.decl.Address, u.decl.Name)
			}
		}
		return u.endpoints(ctx, networks)
	})
}

// calmly changes the name or the endpoints of a container. One that its engine starts
// again and again counts as running between two starts, too, when it has no endpoints:
// engines then refuse to disconnect it, those from 28 on to connect it, and 20.10 to
// rename it (measured: "is not connected to network", "network sandbox ... not found",
// "sandbox ... not found"). Such a one is stopped meanwhile, and then started again, also
// where the change failed: that it keeps restarting is told by whoever waits for it.
func (u *update) calmly(ctx context.Context, do func() error) error {
	if looping(conditionOf(u.c.State), u.c).State != provider.StateRestarting {
		return do()
	}
	if err := u.e.write.ContainerStop(withGrace(ctx, stopGrace(u.c)), u.c.ID, container.StopOptions{}); err != nil {
		return u.e.problem(err, "stopping the container", u.decl.Address, u.decl.Name)
	}
	c, err := u.e.read.ContainerInspect(ctx, u.c.ID)
	if err != nil {
		err = u.e.problem(err, "reading the container", u.decl.Address, u.decl.Name)
	} else {
		u.c = c
		err = do()
	}
	start := u.e.write.ContainerStart(context.WithoutCancel(ctx), u.c.ID, container.StartOptions{})
	return errors.Join(err, u.e.problem(start, "starting the container", u.decl.Address, u.decl.Name))
}

// endpoints leaves what is only left for now, and with networks becomes a member of what
// is wanted.
func (u *update) endpoints(ctx context.Context, networks bool) error {
	for _, name := range sortedKeys(u.c.NetworkSettings.Networks) {
		if !slices.Contains(u.parts, "networks["+quoted(name)+"]") {
			continue
		}
		if err := u.leave(ctx, name); err != nil {
			return err
		}
	}
	if networks {
		return u.membership(ctx)
	}
	return nil
}

// liveRows are the attributes that an update of the container changes, by name.
func liveRows() map[string]row {
	out := map[string]row{}
	for _, r := range containerRows() {
		if r.live != nil {
			out[r.name] = r
		}
	}
	return out
}

// membership joins what is wanted, then leaves what is not, so that a container
// is never without a network that it needs.
func (u *update) membership(ctx context.Context) error {
	networks := u.r.networks
	mode := u.r.host.NetworkMode
	switch {
	case mode.IsHost(), mode.IsContainer(): // it joins none, whatever is there
	case mode.IsNone(): // the engine lets nobody join it who is in another
		if err := u.leaveOthers(ctx, []attachment{{name: string(mode)}}); err != nil {
			return err
		}
		return u.join(ctx, attachment{name: string(mode)})
	case len(networks) == 0:
		networks = []attachment{{name: "bridge"}}
	}
	for _, n := range networks {
		if !u.members && !u.isAnew(n) {
			continue
		}
		if err := u.join(ctx, n); err != nil {
			return err
		}
	}
	if !u.members {
		return nil
	}
	return u.leaveOthers(ctx, networks)
}

// isAnew tells whether the endpoint in a network has to be made anew.
func (u *update) isAnew(n attachment) bool {
	return slices.ContainsFunc(u.anew, func(path string) bool {
		return path == "networks["+quoted(n.name)+"]" || strings.HasPrefix(path, "attach["+quoted(n.name)+"].")
	})
}

// leaveOthers leaves what is not wanted.
func (u *update) leaveOthers(ctx context.Context, wanted []attachment) error {
	for _, name := range sortedKeys(u.c.NetworkSettings.Networks) {
		if slices.ContainsFunc(wanted, func(n attachment) bool { return n.name == name }) {
			continue
		}
		if err := u.leave(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// join connects to a network, unless the container is in that very one.
func (u *update) join(ctx context.Context, n attachment) error {
	_, ids := networksOf(u.c)
	at, joined := u.c.NetworkSettings.Networks[n.name]
	joined = joined && !onlyNamed(u.c, at)
	stale := joined && n.id != "" && ids[n.name] != "" && ids[n.name] != n.id
	stale = stale || joined && u.isAnew(n)
	if joined && !stale {
		return nil
	}
	if stale {
		if err := u.leave(ctx, n.name); err != nil {
			return err
		}
	}
	settings := n.settings(u.e.facts.API)
	if n.name == networkMode(u.c.HostConfig) { // its own network, also where another one is declared first by now
		_, moved := u.r.splitSysctls(u.e.facts.API)
		putSysctls(settings, moved, u.e.facts.API)
	}
	err := u.e.write.NetworkConnect(ctx, cmp.Or(n.id, n.name), u.c.ID, settings)
	if err == nil {
		u.left = slices.DeleteFunc(u.left, func(left string) bool { return left == n.name })
	}
	return u.e.problem(err, "connecting "+u.decl.Name+" to the network", u.decl.Address, n.name)
}

// leave disconnects from a network. What runs leaves the very one that it is in; of
// what does not run engines forget the entry under the network's name, also where no
// such network is there any more (by the id of one that is gone they do not; measured
// on 20.10 and 28.5).
func (u *update) leave(ctx context.Context, name string) error {
	at := u.c.NetworkSettings.Networks[name]
	if onlyNamed(u.c, at) {
		return nil
	}
	u.left = append(u.left, name)
	from := name
	if joinedNow(u.c) {
		from = cmp.Or(at.NetworkID, name)
	}
	err := u.e.write.NetworkDisconnect(ctx, from, u.c.ID, true)
	if err == nil || errdefs.IsNotFound(err) {
		return nil
	}
	return u.e.problem(err, "disconnecting "+u.decl.Name+" from the network", u.decl.Address, name)
}

// putBack joins again what a change that failed had left, with the options that the
// endpoints had. A network that is gone cannot be joined. Where nothing else was changed,
// all is as it was then; else the record goes on saying that a change was begun.
func (u *update) putBack(ctx context.Context) error {
	ctx = context.WithoutCancel(ctx)
	var out error
	for _, name := range u.left {
		at := u.c.NetworkSettings.Networks[name]
		err := u.e.write.NetworkConnect(ctx, cmp.Or(at.NetworkID, name), u.c.ID, former(u.c.ID, at))
		if err == nil || errdefs.IsNotFound(err) || errdefs.IsPermissionDenied(err) { // it is in there
			continue
		}
		out = errors.Join(out, u.e.problem(err, "connecting "+u.decl.Name+" again to the network", u.decl.Address, name))
	}
	if out == nil && u.begun != nil && !u.more {
		out = u.e.problem(u.e.endChanges(ctx, u.c.ID, *u.begun), "recording the change of", u.decl.Address, u.decl.Name)
	}
	return out
}

// former is what an endpoint was made with.
func former(id string, at *network.EndpointSettings) *network.EndpointSettings {
	aliases := slices.DeleteFunc(slices.Clone(at.Aliases), func(alias string) bool { return len(id) > 12 && alias == id[:12] })
	return &network.EndpointSettings{
		Aliases: aliases, IPAMConfig: at.IPAMConfig, Links: at.Links, DriverOpts: at.DriverOpts, GwPriority: at.GwPriority,
	}
}

// check reads the changed attributes back.
func (u *update) check(object provider.Object, changes []provider.Change) error {
	left, err := diff(provider.DiffItem{
		Declaration: u.decl, Created: object.Owner.Spec, Actual: object.Actual, Condition: object.Condition, Facts: u.e.facts,
	})
	if err != nil {
		return err
	}
	asked := map[string]bool{}
	for _, c := range changes {
		asked[c.Path] = true
	}
	var missing []provider.Change
	live := liveRows()
	for _, c := range toDo(left.Changes) {
		leftOut := live[c.Path].kernel && nothingIn(c.From) // it is not recorded yet, see there
		if asked[c.Path] && !leftOut {
			missing = append(missing, c)
		}
	}
	if len(missing) > 0 {
		return notApplied(u.decl.Address, missing)
	}
	return nil
}
