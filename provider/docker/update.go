package docker

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/versions"
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
		return provider.UpdateResponse{}, errors.Join(err, u.giveUp(ctx))
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
	if object.Owner.Spec, err = e.noteChanges(ctx, object, decl, req.Changes); err != nil {
		return provider.UpdateResponse{Object: object}, err
	}
	return provider.UpdateResponse{Object: object}, e.problem(e.unmark(ctx, c.ID), "recording the changes of", decl.Address, decl.Name)
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
	// something else was changed. begun says that a mark of the change was left, and marked
	// that there was one already.
	left                []string
	more, begun, marked bool
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
	if u.marked, err = u.e.mark(ctx, u.c.ID, u.project, u.decl, changes); err != nil {
		return u.e.problem(err, "recording the change of", u.decl.Address, u.decl.Name)
	}
	u.begun = true
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
	return u.calmly(ctx, func() error { return u.place(ctx, rename, networks) })
}

// place changes the name and the endpoints. What was left is put back where that fails.
func (u *update) place(ctx context.Context, rename, networks bool) error {
	if rename {
		if err := u.e.write.ContainerRename(ctx, u.c.ID, u.decl.Name); err != nil {
			return u.e.problem(err, "renaming the container", u.decl.Address, u.decl.Name)
		}
	}
	if err := u.endpoints(ctx, networks); err != nil {
		return errors.Join(err, u.putBack(ctx))
	}
	return nil
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
	// A stop goes on in the engine, whoever waits for it: what is to be started again is
	// waited for, also where nobody wants the change any more.
	lasting := context.WithoutCancel(ctx)
	err := u.e.problem(u.e.write.ContainerStop(withGrace(lasting, stopGrace(u.c)), u.c.ID, container.StopOptions{}), "stopping the container", u.decl.Address, u.decl.Name)
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = u.stopped(ctx, do)
	}
	start := u.e.write.ContainerStart(lasting, u.c.ID, container.StartOptions{})
	return errors.Join(err, u.e.problem(start, "starting the container", u.decl.Address, u.decl.Name))
}

// stopped changes a container that was stopped for it.
func (u *update) stopped(ctx context.Context, do func() error) error {
	c, err := u.e.read.ContainerInspect(ctx, u.c.ID)
	if err != nil {
		return u.e.problem(err, "reading the container", u.decl.Address, u.decl.Name)
	}
	u.c = c
	return do()
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
// endpoints had. What engines answer does not tell whether it is in there by now (403 for an
// endpoint that is there, and for an address that somebody else has): the container does.
func (u *update) putBack(ctx context.Context) error {
	if len(u.left) == 0 {
		return nil
	}
	ctx = context.WithoutCancel(ctx)
	macs := u.macs(ctx)
	failed := map[string]error{}
	for _, name := range u.left {
		at := u.c.NetworkSettings.Networks[name]
		failed[name] = u.e.write.NetworkConnect(ctx, cmp.Or(at.NetworkID, name), u.c.ID, former(u.c.ID, at, macs, u.e.facts.API))
	}
	c, err := u.e.read.ContainerInspect(ctx, u.c.ID)
	if err != nil {
		return u.e.problem(err, "reading the container", u.decl.Address, u.decl.Name)
	}
	var out error
	u.left = slices.DeleteFunc(u.left, func(name string) bool {
		if isIn(c, name) {
			return true
		}
		err := failed[name]
		if err == nil {
			err = errors.New("the engine said that it did, and the container is not in there")
		}
		out = errors.Join(out, u.e.problem(err, "connecting "+u.decl.Name+" again to the network", u.decl.Address, name))
		return false
	})
	return out
}

// isIn tells whether a container has an endpoint in a network, or gets it with its start.
func isIn(c container.InspectResponse, name string) bool {
	if c.NetworkSettings == nil {
		return false
	}
	at, listed := c.NetworkSettings.Networks[name]
	return listed && !onlyNamed(c, at)
}

// giveUp takes the mark of a change away that failed, where all is as it was before it.
// One that an earlier change left stays: that is still to be ended.
func (u *update) giveUp(ctx context.Context) error {
	if !u.begun || u.marked || u.more || len(u.left) > 0 {
		return nil
	}
	return u.e.problem(u.e.unmark(context.WithoutCancel(ctx), u.c.ID), "recording the change of", u.decl.Address, u.decl.Name)
}

// macs are the hardware addresses that are declared, or were when the container was made
// or changed: what engines choose is not asked for again.
func (u *update) macs(ctx context.Context) []string {
	var out []string
	for _, n := range u.r.networks {
		out = append(out, n.mac)
	}
	out = append(out, macText(u.r.config.MacAddress)) //nolint:staticcheck // see networkingRows
	var records []map[string]json.RawMessage
	if u.c.Config != nil {
		claim, _ := claimOf(u.c.Config.Labels)
		records = append(records, partsOf(claim.Spec))
	}
	if note, is, err := u.e.readNote(ctx, changeNotes(), u.c.ID); err == nil && is {
		records = append(records, changesOf(note.Labels))
	}
	for _, record := range records {
		var own string
		_ = json.Unmarshal(record["mac_address"], &own) // what cannot be read asks for none
		var blocks []struct {
			MAC string `json:"mac"`
		}
		_ = json.Unmarshal(record["attach"], &blocks)
		out = append(out, macText(own))
		for _, block := range blocks {
			out = append(out, macText(block.MAC))
		}
	}
	return slices.DeleteFunc(out, func(mac string) bool { return mac == "" })
}

// former is what an endpoint was made with.
func former(id string, at *network.EndpointSettings, macs []string, api string) *network.EndpointSettings {
	aliases := slices.DeleteFunc(slices.Clone(at.Aliases), func(alias string) bool { return len(id) > 12 && alias == id[:12] })
	out := &network.EndpointSettings{
		Aliases: aliases, IPAMConfig: at.IPAMConfig, Links: at.Links, DriverOpts: at.DriverOpts, GwPriority: at.GwPriority,
	}
	if slices.Contains(macs, macText(at.MacAddress)) && !versions.LessThan(api, apiEndpointMAC) { // before, it is the container's own
		out.MacAddress = at.MacAddress
	}
	return out
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
	for _, c := range changes {
		if c.Path == "name" && object.Name != u.decl.Name { // which a diff does not compare
			missing = append(missing, c)
		}
	}
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
