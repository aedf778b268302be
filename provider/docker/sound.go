package docker

import (
	"context"
	"fmt"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/client"

	"github.com/dindctl/dindctl/provider"
)

// sound are the reads of an engine whose answers are looked at before they are
// believed: what stands behind an engine's socket may be a proxy, or broken, and
// everything after this takes for granted that a container has a state and an id.
type sound struct{ *client.Client }

// idLength is the length of an id in hexadecimal.
const idLength = 64

// ContainerInspect reads a container that has all its parts.
func (s sound) ContainerInspect(ctx context.Context, id string) (container.InspectResponse, error) {
	c, err := s.Client.ContainerInspect(ctx, id)
	if err != nil {
		return c, err
	}
	missing := ""
	switch {
	case c.ContainerJSONBase == nil || len(c.ID) != idLength:
		missing = "id"
	case len(c.Name) < 2:
		missing = "name"
	case c.State == nil:
		missing = "state"
	case c.Config == nil || c.HostConfig == nil:
		missing = "configuration"
	case c.NetworkSettings == nil:
		missing = "networks"
	}
	if missing != "" {
		return c, senseless(fmt.Sprintf("The container %s has no %s", id, missing))
	}
	return c, nil
}

// ContainerList lists containers that have an id and a name.
func (s sound) ContainerList(ctx context.Context, options container.ListOptions) ([]container.Summary, error) {
	list, err := s.Client.ContainerList(ctx, options)
	for _, c := range list {
		if len(c.ID) != idLength || len(c.Names) == 0 || len(c.Names[0]) < 2 {
			return nil, senseless("The list of containers has one without an id or a name")
		}
	}
	return list, err
}

// NetworkList lists networks that have an id and a name.
func (s sound) NetworkList(ctx context.Context, options network.ListOptions) ([]network.Summary, error) {
	list, err := s.Client.NetworkList(ctx, options)
	for _, n := range list {
		if n.ID == "" || n.Name == "" {
			return nil, senseless("The list of networks has one without an id or a name")
		}
	}
	return list, err
}

// NetworkInspect reads a network that has an id and a name.
func (s sound) NetworkInspect(ctx context.Context, id string, options network.InspectOptions) (network.Inspect, error) {
	n, err := s.Client.NetworkInspect(ctx, id, options)
	if err == nil && (n.ID == "" || n.Name == "") {
		return n, senseless(fmt.Sprintf("The network %s has no id or no name", id))
	}
	return n, err
}

// senseless is an answer that no engine gives.
func senseless(what string) error {
	return &provider.Problem{
		Code: provider.EngineFailed, Summary: "The engine's answer makes no sense",
		Detail: what + ". Is it a Docker engine that answers there, and nothing in between that changes what it says?",
	}
}
