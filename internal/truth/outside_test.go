package truth_test

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"

	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/provider"
)

// change is what somebody else has done, and what the next plan has to say of it.
type change struct {
	what    string // for counting: "mem_limit", "stop"
	address string
	// path is how the path of the attribute begins that the plan has to show as changed
	// outside; reason, where that is no attribute, is the reason of the address. With
	// neither there is nothing to say.
	path   string
	reason plan.Reason
}

// states are what a container is brought into before an edit.
var states = []string{"stopped", "paused", "restarting", "dead", "created", "killed"}

// outsiders are what somebody else does, by name. Each returns no change where there is
// nothing to do it to.
func outsiders() map[string]func(ctx context.Context, u *user, at target) (change, error) {
	return map[string]func(ctx context.Context, u *user, at target) (change, error){
		"update": outsideUpdate, "stop": outsideStop, "kill": outsideKill, "pause": outsidePause, "remove": outsideRemove, "rename": outsideRename,
		"disconnect": outsideDisconnect, "connect": outsideConnect, "alias": outsideAlias, "restart": outsideRestart, "owner": outsideOwner,
		"image": outsideImage, "address": outsideAddress, "foreign": outsideForeign, "network": outsideNetwork, "volume": outsideVolume,
	}
}

// target is what somebody else may take.
type target struct {
	pick       uint64
	turn       int
	config     configuration
	containers []provider.Object // of containers that run and are the project's, by address
	all        []provider.Object
}

func (t target) container() (provider.Object, bool) {
	if len(t.containers) == 0 {
		return provider.Object{}, false
	}
	return t.containers[choose(t.pick, 1, len(t.containers))], true
}

func (t target) block(address string) *block {
	for i := range t.config.Blocks {
		if t.config.Blocks[i].address() == address {
			return &t.config.Blocks[i]
		}
	}
	return nil
}

func outsideUpdate(ctx context.Context, u *user, at target) (change, error) {
	o, ok := at.container()
	if !ok {
		return change{}, nil
	}
	is, err := u.hand.ContainerInspect(ctx, o.ID)
	if err != nil {
		return change{}, err
	}
	all := limitsOutside(*is.HostConfig, int64(choose(at.pick, 3, 50))+7)
	one := all[at.turn%len(all)]
	if one.not {
		return change{}, nil
	}
	_, err = u.hand.ContainerUpdate(ctx, o.ID, one.to)
	return change{what: one.path, address: o.Owner.Address, path: one.path}, err
}

// limit is what `docker update` changes.
type limit struct {
	path string
	to   container.UpdateConfig
	not  bool // the engine refuses it as the container is
}

// limitsOutside are all limits that can be changed on a container as it stands; n makes
// them values that nobody declares.
func limitsOutside(h container.HostConfig, n int64) []limit {
	pids := 300 + n
	of := func(r container.Resources) container.UpdateConfig { return container.UpdateConfig{Resources: r} }
	return []limit{
		{"cpus", of(container.Resources{NanoCPUs: n * 1e7}), h.CPUPeriod > 0 || h.CPUQuota > 0},
		{"cpu_shares", of(container.Resources{CPUShares: 100 + n}), false},
		{"cpu_period", of(container.Resources{CPUPeriod: 30000 + n}), h.NanoCPUs > 0},
		{"cpu_quota", of(container.Resources{CPUQuota: 30000 + n}), h.NanoCPUs > 0},
		{"cpuset", of(container.Resources{CpusetCpus: "1"}), false},
		{"pids_limit", of(container.Resources{PidsLimit: &pids}), false},
		{"blkio_config.weight", of(container.Resources{BlkioWeight: uint16(500 + n)}), false}, //nolint:gosec // n is below 60
		{"mem_limit", of(container.Resources{Memory: (300 + n) << 20, MemorySwap: (4000 + n) << 20}), false},
		{"mem_reservation", of(container.Resources{MemoryReservation: (20 + n) << 18}), false},
		{"restart", container.UpdateConfig{RestartPolicy: container.RestartPolicy{Name: "on-failure", MaximumRetryCount: int(n)}}, false},
	}
}

func outsideStop(ctx context.Context, u *user, at target) (change, error) {
	o, ok := at.container()
	if !ok {
		return change{}, nil
	}
	return change{what: "stop", address: o.Owner.Address, reason: plan.FromStop}, u.hand.ContainerStop(ctx, o.ID, container.StopOptions{})
}

func outsideKill(ctx context.Context, u *user, at target) (change, error) {
	o, ok := at.container()
	if !ok {
		return change{}, nil
	}
	return change{what: "kill", address: o.Owner.Address, reason: plan.FromStop}, u.hand.ContainerKill(ctx, o.ID, "KILL")
}

func outsidePause(ctx context.Context, u *user, at target) (change, error) {
	o, ok := at.container()
	if !ok {
		return change{}, nil
	}
	return change{what: "pause", address: o.Owner.Address, reason: plan.FromOutside}, u.hand.ContainerPause(ctx, o.ID)
}

func outsideRemove(ctx context.Context, u *user, at target) (change, error) {
	o, ok := at.container()
	if !ok {
		return change{}, nil
	}
	return change{what: "remove", address: o.Owner.Address, reason: plan.FromAbsence}, u.hand.ContainerRemove(ctx, o.ID, container.RemoveOptions{Force: true})
}

func outsideRename(ctx context.Context, u *user, at target) (change, error) {
	o, ok := at.container()
	if !ok {
		return change{}, nil
	}
	return change{what: "rename", address: o.Owner.Address, path: "name"}, u.hand.ContainerRename(ctx, o.ID, fmt.Sprintf("else-%d", choose(at.pick, 2, 1e6)))
}

// outsideOwner restarts a container whose network another one has, which then has none.
func outsideOwner(ctx context.Context, u *user, at target) (change, error) {
	for _, b := range at.config.of(provider.Container) {
		if b.Shares == 0 || at.gone(b.address()) {
			continue
		}
		owner := at.config.byID(b.Shares).address()
		for _, o := range at.containers {
			if o.Owner.Address == owner {
				return change{what: "owner", address: b.address(), reason: plan.FromAnother}, u.hand.ContainerRestart(ctx, o.ID, container.StopOptions{})
			}
		}
	}
	return change{}, nil
}

// outsideRestart changes nothing that was declared.
func outsideRestart(ctx context.Context, u *user, at target) (change, error) {
	o, ok := at.container()
	if !ok || slices.ContainsFunc(at.config.Blocks, func(b block) bool { return b.Shares != 0 && at.config.byID(b.Shares).address() == o.Owner.Address }) {
		return change{}, nil
	}
	return change{what: "restart"}, u.hand.ContainerRestart(ctx, o.ID, container.StopOptions{})
}

func outsideDisconnect(ctx context.Context, u *user, at target) (change, error) {
	o, ok := at.container()
	if !ok || at.block(o.Owner.Address).Shares != 0 {
		return change{}, nil
	}
	is, err := u.hand.ContainerInspect(ctx, o.ID)
	if err != nil {
		return change{}, err
	}
	names := sortedKeys(is.NetworkSettings.Networks)
	if len(names) == 0 {
		return change{}, nil
	}
	return change{what: "disconnect", address: o.Owner.Address, path: "networks"}, u.hand.NetworkDisconnect(ctx, names[choose(at.pick, 2, len(names))], o.ID, false)
}

func outsideConnect(ctx context.Context, u *user, at target) (change, error) {
	o, ok := at.container()
	if !ok || at.block(o.Owner.Address).Shares != 0 {
		return change{}, nil
	}
	is, err := u.hand.ContainerInspect(ctx, o.ID)
	if err != nil {
		return change{}, err
	}
	for _, n := range at.all {
		if n.Kind == provider.Network && is.NetworkSettings.Networks[n.Name] == nil {
			return change{what: "connect", address: o.Owner.Address, path: "networks"}, u.hand.NetworkConnect(ctx, n.ID, o.ID, nil)
		}
	}
	return change{}, nil
}

// outsideAlias connects a container anew, under another name.
func outsideAlias(ctx context.Context, u *user, at target) (change, error) {
	o, ok := at.container()
	if !ok || len(at.block(o.Owner.Address).Networks) == 0 || at.block(o.Owner.Address).Shares != 0 {
		return change{}, nil
	}
	b := at.block(o.Owner.Address)
	n := at.config.byID(b.Networks[choose(at.pick, 2, len(b.Networks))]).named()
	if err := u.hand.NetworkDisconnect(ctx, n, o.ID, false); err != nil {
		return change{}, err
	}
	return change{what: "alias", address: o.Owner.Address, path: "attach"}, u.hand.NetworkConnect(ctx, n, o.ID, &network.EndpointSettings{Aliases: []string{b.Label, "stranger"}})
}

// outsideAddress connects a container anew, under another address.
func outsideAddress(ctx context.Context, u *user, at target) (change, error) {
	for _, o := range at.containers {
		b := at.block(o.Owner.Address)
		for _, id := range b.Networks {
			n := at.config.byID(id)
			if _, ranged := n.Args["ipam"]; !ranged || slices.Contains(n.Ignores, "ipam") || b.Shares != 0 {
				continue
			}
			if err := u.hand.NetworkDisconnect(ctx, n.named(), o.ID, false); err != nil {
				return change{}, err
			}
			to := &network.EndpointSettings{Aliases: []string{b.Label}, IPAMConfig: &network.EndpointIPAMConfig{IPv4Address: fmt.Sprintf("10.%d.0.21%d", 10+id, choose(at.pick, 2, 10))}}
			return change{what: "address", address: o.Owner.Address, path: "attach"}, u.hand.NetworkConnect(ctx, n.named(), o.ID, to)
		}
	}
	return change{}, nil
}

// outsideImage gives the name of an image to another one.
func outsideImage(ctx context.Context, u *user, at target) (change, error) {
	for _, b := range at.config.of(provider.Container) {
		if b.Image != 0 || b.Args["image"].Value != 0 || at.gone(b.address()) {
			continue
		}
		is, err := u.hand.ImageInspect(ctx, "base.local/a")
		if err != nil {
			return change{}, err
		}
		other, err := u.hand.ImageInspect(ctx, "base.local/b")
		if err != nil || is.ID == other.ID {
			return change{}, err
		}
		return change{what: "image", address: b.address(), path: "image"}, u.hand.ImageTag(ctx, "base.local/b", "base.local/a")
	}
	return change{}, nil
}

func (t target) gone(address string) bool {
	return !slices.ContainsFunc(t.containers, func(o provider.Object) bool { return o.Owner.Address == address })
}

// outsideForeign makes something that is nobody's, on a network of the project.
func outsideForeign(ctx context.Context, u *user, at target) (change, error) {
	created, err := u.hand.ContainerCreate(ctx, &container.Config{Image: "base.local/b"}, &container.HostConfig{}, nil, nil, fmt.Sprintf("foreign-%d", choose(at.pick, 2, 1e6)))
	if errdefs.IsConflict(err) { // the name is taken
		return change{}, nil
	}
	if err != nil {
		return change{}, err
	}
	return change{what: "foreign"}, u.hand.ContainerStart(ctx, created.ID, container.StartOptions{})
}

// outsideNetwork removes a network, with its members disconnected before.
func outsideNetwork(ctx context.Context, u *user, at target) (change, error) {
	for _, o := range at.all {
		if o.Kind != provider.Network || !at.declares(o.Owner.Address) {
			continue
		}
		n, err := u.hand.NetworkInspect(ctx, o.ID, network.InspectOptions{})
		if err != nil {
			return change{}, err
		}
		for _, id := range sortedKeys(n.Containers) {
			if err := u.hand.NetworkDisconnect(ctx, o.ID, id, true); err != nil {
				return change{}, err
			}
		}
		return change{what: "network", address: o.Owner.Address, reason: plan.FromAbsence}, u.hand.NetworkRemove(ctx, o.ID)
	}
	return change{}, nil
}

func (t target) declares(address string) bool { return t.block(address) != nil }

// outsideVolume removes a volume that nothing mounts.
func outsideVolume(ctx context.Context, u *user, at target) (change, error) {
	for _, o := range at.all {
		if o.Kind == provider.Volume && at.declares(o.Owner.Address) && !strings.HasPrefix(o.Name, "dindctl.") {
			if u.hand.VolumeRemove(ctx, o.ID, false) == nil {
				return change{what: "volume", address: o.Owner.Address, reason: plan.FromAbsence}, nil
			}
		}
	}
	return change{}, nil
}
