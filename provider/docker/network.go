package docker

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/versions"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// networkOptions is what a declared network is created with.
func networkOptions(d values) network.CreateOptions {
	driver := d.text("driver")
	if driver == "" {
		driver = "bridge"
	}
	return network.CreateOptions{
		Driver: driver, Internal: d.flag("internal", false), Attachable: d.flag("attachable", false),
		Options: d.mapping("options"), Labels: d.mapping("labels"), IPAM: ipamOf(d),
		EnableIPv4: d.maybe("enable_ipv4"), EnableIPv6: d.maybe("enable_ipv6"),
	}
}

func networkView(o network.CreateOptions) map[string]cty.Value {
	ipam := network.IPAM{}
	if o.IPAM != nil {
		ipam = *o.IPAM
	}
	return map[string]cty.Value{
		"driver":      cty.StringVal(o.Driver),
		"internal":    cty.BoolVal(o.Internal),
		"attachable":  cty.BoolVal(o.Attachable),
		"enable_ipv4": cty.BoolVal(o.EnableIPv4 == nil || *o.EnableIPv4),
		"enable_ipv6": cty.BoolVal(o.EnableIPv6 != nil && *o.EnableIPv6),
		"ipam":        ipamValue(ipam),
		"options":     stringMap(spelled(o.Options, networkOption)),
		"labels":      stringMap(foreignLabels(o.Labels)),
	}
}

// ipv4Switch is the lowest API with which a network can do without IPv4; before,
// engines neither take nor show it.
const ipv4Switch = "1.48"

// refuseNetwork refuses what the engine would accept and not do.
func refuseNetwork(decl provider.Declaration, facts provider.Facts) error {
	d := valuesOf(decl.Declared)
	if d.flag("enable_ipv4", true) || !versions.LessThan(facts.API, ipv4Switch) {
		return nil
	}
	return &provider.Problem{
		Code: provider.Refused, Address: decl.Address, Path: "enable_ipv4", Summary: "The engine cannot make a network without IPv4",
		Detail: "enable_ipv4 = false needs API " + ipv4Switch + " (Engine 28); this engine speaks " + facts.API + " and would give the network IPv4 addresses all the same. Upgrade it, or take enable_ipv4 away.",
	}
}

// uniqueNetworks is the lowest API with which an engine has one network of a name; see
// https://docs.docker.com/reference/api/engine/version-history/#v144-api-changes.
const uniqueNetworks = "1.44"

// createNetwork makes a network, or adopts it. Engines before [uniqueNetworks] accept a
// second one of the same name, so that names are looked up first.
func (p *Provider) createNetwork(ctx context.Context, e *engine, req provider.CreateRequest, say events) (provider.CreateResponse, error) {
	decl := req.Declaration
	found, err := e.networkNamedAnew(ctx, req)
	if err != nil {
		return provider.CreateResponse{}, err
	}
	if found != nil {
		if err := mayAdopt(req, "network", found.ID, whoseNetwork(*found)); err != nil {
			return provider.CreateResponse{}, err
		}
		return provider.CreateResponse{ID: found.ID, Adopted: true, Object: placed(e, networkObject(*found, whoseNetwork(*found), e.facts))}, nil
	}
	if err := refuseNetwork(decl, e.facts); err != nil {
		return provider.CreateResponse{}, err
	}
	say.phase(provider.PhaseCreate, "")
	options := networkOptions(valuesOf(decl.Declared))
	options.Labels = withOwner(options.Labels, req.Owner)
	created, err := e.write.NetworkCreate(ctx, decl.Name, options)
	if err != nil {
		return provider.CreateResponse{}, e.problem(err, "creating the network", decl.Address, decl.Name)
	}
	n, err := e.read.NetworkInspect(ctx, created.ID, network.InspectOptions{})
	if err != nil {
		return provider.CreateResponse{ID: created.ID}, e.problem(err, "reading the network", decl.Address, decl.Name)
	}
	object := placed(e, networkObject(n, whoseNetwork(n), e.facts))
	return provider.CreateResponse{ID: n.ID, Object: object}, applied(req, object, e.facts, "")
}

// networkNamedAnew finds what has the name of a network that is to be made; nil for
// nothing. What was removed before, or was to be, and is there again, is removed again.
func (e *engine) networkNamedAnew(ctx context.Context, req provider.CreateRequest) (*network.Inspect, error) {
	decl := req.Declaration
	for round := range removalsMost {
		if round > 0 {
			select {
			case <-time.After(readyPause):
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		found, err := e.networkNamed(ctx, decl.Name)
		if err != nil {
			return nil, e.problem(err, "looking for the network", decl.Address, decl.Name)
		}
		if found == nil {
			return nil, nil //nolint:nilnil // nothing has the name
		}
		if found.ID != req.Replaces && !e.cameBack(*found) {
			return found, nil
		}
		if err := e.removeNetwork(ctx, *found); err != nil {
			return nil, err
		}
	}
	return nil, stays(decl.Address, decl.Name)
}

// cameBack tells whether a network is one that was removed before: by this process, or,
// earlier, by another one. The latter is older than one of the same name that this process
// removed: engines have one network of a name, so that the older one was
// gone when the younger was made (engines that make and remove many at once have listed
// such a one again; seen on 28.5).
func (e *engine) cameBack(n network.Inspect) bool {
	if _, removed := e.removed.Load(n.ID); removed {
		return true
	}
	if versions.LessThan(e.facts.API, uniqueNetworks) { // there may be two of one name
		return false
	}
	owner, older := whoseNetwork(n).owner, false
	e.removed.Range(func(_, value any) bool {
		younger, _ := value.(network.Inspect)
		was := whoseNetwork(younger).owner
		older = younger.Name == n.Name && !n.Created.IsZero() && n.Created.Before(younger.Created) && owner.Project != "" &&
			owner.Project == was.Project && owner.Address == was.Address
		return !older
	})
	return older
}

// networkNamed finds a network by its exact name, ours before others'; nil for none.
func (e *engine) networkNamed(ctx context.Context, name string) (*network.Inspect, error) {
	list, err := e.read.NetworkList(ctx, network.ListOptions{Filters: filters.NewArgs(filters.Arg("name", name))})
	if err != nil {
		return nil, err
	}
	var found *network.Inspect
	for i := range list {
		if list[i].Name == name && (found == nil || whoseNetwork(list[i]).owner.Project != "") {
			found = &list[i]
		}
	}
	return found, nil
}

// deleteNetwork removes a network that nothing is in. Nobody is taken out of it: what
// leaves a network does so in a step of its own, which the plan shows.
func (p *Provider) deleteNetwork(ctx context.Context, e *engine, req provider.DeleteRequest, say events) error {
	n, err := e.read.NetworkInspect(ctx, req.ID, network.InspectOptions{})
	if errdefs.IsNotFound(err) {
		e.removed.Store(req.ID, network.Inspect{})
		return nil
	}
	if err != nil {
		return e.problem(err, "reading the network", "", req.ID)
	}
	if err := mayChange(req.Project, "network", n.Name, whoseNetwork(n)); err != nil {
		return err
	}
	l, err := e.list(ctx)
	if err != nil {
		return err
	}
	if users := l.foreignMembers(n.Name, n.ID, req.Project); len(users) > 0 {
		return inUse("network", n.Name, n.Labels[labelAddress], users)
	}
	if members := strings.Join(l.connected(n.Containers), ", "); members != "" {
		return &provider.Problem{
			Code: provider.InUse, Address: n.Labels[labelAddress], Summary: "Something else uses it", Holder: members,
			Detail: fmt.Sprintf("The network %s is used by %s, and the plan does not take that out of it: ignore_changes keeps it there, or it joined meanwhile. "+
				"Disconnect it, or run plan again.", n.Name, members),
		}
	}
	say.phase(provider.PhaseRemove, "")
	for id := range n.Containers { // endpoints of what is no longer there
		if err := e.write.NetworkDisconnect(ctx, n.ID, id, true); err != nil && !errdefs.IsNotFound(err) {
			return e.problem(err, "disconnecting a container from the network", n.Labels[labelAddress], n.Name)
		}
	}
	e.removed.Store(req.ID, n)
	return e.removeNetwork(ctx, n)
}

// removalsMost is how often a network is removed that is there again, or still.
const removalsMost = 3

// removeNetwork removes a network, and looks whether it is gone: engines that make and
// remove many at once have said so of one that stayed (seen on 28.5).
func (e *engine) removeNetwork(ctx context.Context, n network.Inspect) error {
	for range removalsMost {
		if err := e.removeNetworkOnce(ctx, n); err != nil {
			return err
		}
		if _, err := e.read.NetworkInspect(ctx, n.ID, network.InspectOptions{}); errdefs.IsNotFound(err) {
			return nil
		} else if err != nil {
			return e.problem(err, "looking whether the network is gone", n.Labels[labelAddress], n.Name)
		}
	}
	return stays(n.Labels[labelAddress], n.Name)
}

func stays(address, name string) error {
	return &provider.Problem{
		Code: provider.NotApplied, Address: address, Summary: "The engine accepted it and did not do it",
		Detail: fmt.Sprintf("The engine said %d times that the network %s is removed, and it is there. Restart the engine, and run the command again.", removalsMost, name),
	}
}

func (e *engine) removeNetworkOnce(ctx context.Context, n network.Inspect) error {
	if err := e.write.NetworkRemove(ctx, n.ID); err != nil && !errdefs.IsNotFound(err) {
		if after, readErr := e.read.NetworkInspect(ctx, n.ID, network.InspectOptions{}); readErr == nil && len(after.Containers) == 0 && errdefs.IsPermissionDenied(err) {
			return &provider.Problem{
				Code: provider.EngineFailed, Address: n.Labels[labelAddress], Summary: "The engine has lost count of a network's endpoints",
				Detail: fmt.Sprintf("No container is in the network %s, and the engine refuses to remove it: %s. This is a defect of engines that "+
					"start and stop many containers at once. Restart the engine, which counts anew, and run the command again.", n.Name, err),
			}
		}
		return e.problem(err, "removing the network", n.Labels[labelAddress], n.Name)
	}
	return nil
}

// connected are those containers of the list that have an endpoint, for people.
func (l lists) connected(endpoints map[string]network.EndpointResource) []string {
	var out []string
	for i, c := range l.containers {
		if _, has := endpoints[c.ID]; has {
			out = append(out, l.describe(i))
		}
	}
	slices.Sort(out)
	return out
}

func inUse(kind, name, address string, users []string) error {
	return &provider.Problem{
		Code: provider.InUse, Address: address, Summary: "Something else uses it", Holder: strings.Join(users, ", "),
		Detail: fmt.Sprintf("The %s %s is used by %s. Remove or disconnect that first; dindctl does not touch what is not the project's.", kind, name, strings.Join(users, ", ")),
	}
}

// withOwner adds the labels of ownership to declared ones.
func withOwner(labels map[string]string, owner provider.Ownership) map[string]string {
	out := maps.Clone(labels)
	if out == nil {
		out = map[string]string{}
	}
	maps.Copy(out, ownerLabels(owner))
	return out
}

func placed(e *engine, o provider.Object) provider.Object {
	o.Place = e.place
	return o
}
