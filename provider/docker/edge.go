package docker

import (
	"context"
	"fmt"
	"io"
	"regexp"
	"time"

	"github.com/docker/docker/api/types"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/system"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"

	"github.com/dindctl/dindctl/provider"
)

// edge are the reads of an engine, whose answers are looked at before they are
// believed: what stands behind an engine's socket may be a proxy, or broken, or
// somebody's own. This is the one place where that is done, for every type that an
// engine sends; everything after it takes for granted that a container has a state
// and an id, that no list has a null in it, and that records keep within bounds.
//
// An object that does not pass is named in an [unreadError]; lists come with what
// else they hold beside it.
type edge struct{ client *client.Client }

// idLength is the length of an id in hexadecimal.
const idLength = 64

// Ping asks which API the engine speaks.
func (e edge) Ping(ctx context.Context) (types.Ping, error) {
	ping, err := e.client.Ping(ctx)
	if err == nil && ping.APIVersion != "" && !regexp.MustCompile(`^[0-9]{1,3}\.[0-9]{1,3}$`).MatchString(ping.APIVersion) {
		return ping, senseless(fmt.Sprintf("The engine says that it speaks the API %.40q", ping.APIVersion))
	}
	return ping, err
}

// ClientVersion is the API that is spoken.
func (e edge) ClientVersion() string { return e.client.ClientVersion() }

// NegotiateAPIVersionPing settles on an API.
func (e edge) NegotiateAPIVersionPing(ping types.Ping) { e.client.NegotiateAPIVersionPing(ping) }

// Info reads what the engine says of itself.
func (e edge) Info(ctx context.Context) (system.Info, error) {
	kind := kindOfAnswer[system.Info]{noun: "engine", missing: func(i *system.Info) string {
		if i.ID == "" {
			return "it has no id"
		}
		return ""
	}}
	return oneOf(ctx, kind, "itself", func(ctx context.Context) error {
		_, err := e.client.Info(ctx)
		return err
	})
}

// ContainerList lists containers that have an id and a name.
func (e edge) ContainerList(ctx context.Context, options container.ListOptions) ([]container.Summary, error) {
	kind := kindOfAnswer[container.Summary]{
		noun: "container", id: func(c *container.Summary) string { return c.ID },
		labels: func(c *container.Summary) *map[string]string { return &c.Labels },
		missing: func(c *container.Summary) string {
			switch {
			case !isID(c.ID):
				return noID
			case containerName(c.Names) == "":
				return noName
			}
			return ""
		},
	}
	return listOf(ctx, kind, "", func(ctx context.Context) error {
		_, err := e.client.ContainerList(ctx, options)
		return err
	})
}

// What an object may lack, in a clause.
const (
	noID   = "it has no id"
	noName = "it has no name"
)

func isID(text string) bool {
	if len(text) != idLength {
		return false
	}
	for _, b := range []byte(text) {
		if (b < '0' || b > '9') && (b < 'a' || b > 'f') {
			return false
		}
	}
	return true
}

// ContainerInspect reads a container that has all its parts.
func (e edge) ContainerInspect(ctx context.Context, id string) (container.InspectResponse, error) {
	kind := kindOfAnswer[container.InspectResponse]{
		noun: "container", labels: func(c *container.InspectResponse) *map[string]string { return &c.Config.Labels },
		missing: func(c *container.InspectResponse) string { return partsOfContainer(c, id) },
	}
	return oneOf(ctx, kind, id, func(ctx context.Context) error {
		_, err := e.client.ContainerInspect(ctx, id)
		return err
	})
}

func partsOfContainer(c *container.InspectResponse, asked string) string {
	switch {
	case c.ContainerJSONBase == nil || !isID(c.ID):
		return noID
	case isID(asked) && c.ID != asked:
		return "the engine answers with another one"
	case len(c.Name) < 2:
		return noName
	case c.State == nil:
		return "it has no state"
	case c.Config == nil || c.HostConfig == nil:
		return "it has no configuration"
	case c.NetworkSettings == nil:
		return "it has no networks"
	}
	return stateOfContainer(c.State)
}

func stateOfContainer(s *container.State) string {
	if container.ValidateContainerState(s.Status) != nil {
		return fmt.Sprintf("its state is %.40q", s.Status)
	}
	for _, stamp := range []string{s.StartedAt, s.FinishedAt} {
		if _, err := time.Parse(time.RFC3339Nano, stamp); err != nil && stamp != "" {
			return fmt.Sprintf("a time of its state is %.40q", stamp)
		}
	}
	return ""
}

// ContainerLogs reads what a container wrote; whoever reads it bounds it.
func (e edge) ContainerLogs(ctx context.Context, id string, options container.LogsOptions) (io.ReadCloser, error) {
	return e.client.ContainerLogs(ctx, id, options)
}

// CopyFromContainer reads an archive; whoever reads it bounds it.
func (e edge) CopyFromContainer(ctx context.Context, id, path string) (io.ReadCloser, container.PathStat, error) {
	return e.client.CopyFromContainer(ctx, id, path)
}

// ContainerStatPath looks at a path of a container.
func (e edge) ContainerStatPath(ctx context.Context, id, path string) (container.PathStat, error) {
	return e.client.ContainerStatPath(ctx, id, path)
}

// ContainerDiff reads what is other in a container than in its image: nobody takes more from
// that than whether a path is among it.
func (e edge) ContainerDiff(ctx context.Context, id string) ([]container.FilesystemChange, error) {
	return e.client.ContainerDiff(ctx, id)
}

func networkAnswer(asked string) kindOfAnswer[network.Inspect] {
	return kindOfAnswer[network.Inspect]{
		noun: "network", id: func(n *network.Inspect) string { return n.ID },
		labels: func(n *network.Inspect) *map[string]string { return &n.Labels },
		missing: func(n *network.Inspect) string {
			switch {
			case n.ID == "":
				return noID
			case n.Name == "":
				return noName
			case isID(asked) && n.ID != asked:
				return "the engine answers with another one"
			}
			return ""
		},
	}
}

// NetworkList lists networks that have an id and a name.
func (e edge) NetworkList(ctx context.Context, options network.ListOptions) ([]network.Summary, error) {
	return listOf(ctx, networkAnswer(""), "", func(ctx context.Context) error {
		_, err := e.client.NetworkList(ctx, options)
		return err
	})
}

// NetworkInspect reads a network that has an id and a name.
func (e edge) NetworkInspect(ctx context.Context, id string, options network.InspectOptions) (network.Inspect, error) {
	return oneOf(ctx, networkAnswer(id), id, func(ctx context.Context) error {
		_, err := e.client.NetworkInspect(ctx, id, options)
		return err
	})
}

func volumeAnswer(asked string) kindOfAnswer[volume.Volume] {
	return kindOfAnswer[volume.Volume]{
		noun: "volume", id: func(v *volume.Volume) string { return v.Name },
		labels: func(v *volume.Volume) *map[string]string { return &v.Labels },
		missing: func(v *volume.Volume) string {
			switch {
			case v.Name == "":
				return noName
			case asked != "" && v.Name != asked:
				return "the engine answers with another one"
			}
			return ""
		},
	}
}

// VolumeList lists volumes that have a name.
func (e edge) VolumeList(ctx context.Context, options volume.ListOptions) (volume.ListResponse, error) {
	list, err := listOf(ctx, volumeAnswer(""), "Volumes", func(ctx context.Context) error {
		_, err := e.client.VolumeList(ctx, options)
		return err
	})
	return volume.ListResponse{Volumes: pointers(list)}, err
}

func pointers[T any](list []T) []*T {
	out := make([]*T, len(list))
	for i := range list {
		out[i] = &list[i]
	}
	return out
}

// VolumeInspect reads a volume that has the name that was asked for.
func (e edge) VolumeInspect(ctx context.Context, id string) (volume.Volume, error) {
	return oneOf(ctx, volumeAnswer(id), id, func(ctx context.Context) error {
		_, err := e.client.VolumeInspect(ctx, id)
		return err
	})
}

func imageSummary() kindOfAnswer[image.Summary] {
	return kindOfAnswer[image.Summary]{
		noun:   "image",
		labels: func(i *image.Summary) *map[string]string { return &i.Labels },
		missing: func(i *image.Summary) string {
			if i.ID == "" {
				return noID
			}
			return ""
		},
	}
}

// ImageList lists images that have an id.
func (e edge) ImageList(ctx context.Context, options image.ListOptions) ([]image.Summary, error) {
	return listOf(ctx, imageSummary(), "", func(ctx context.Context) error {
		_, err := e.client.ImageList(ctx, options)
		return err
	})
}

// ImageInspect reads an image that has an id.
func (e edge) ImageInspect(ctx context.Context, id string, options ...client.ImageInspectOption) (image.InspectResponse, error) {
	kind := kindOfAnswer[image.InspectResponse]{
		noun: "image",
		labels: func(i *image.InspectResponse) *map[string]string {
			if i.Config == nil {
				return nil
			}
			return &i.Config.Labels
		},
		missing: func(i *image.InspectResponse) string {
			if i.ID == "" {
				return noID
			}
			return ""
		},
	}
	return oneOf(ctx, kind, id, func(ctx context.Context) error {
		_, err := e.client.ImageInspect(ctx, id, options...)
		return err
	})
}

// DiskUsage reads the volumes and images of an engine with their sizes.
func (e edge) DiskUsage(ctx context.Context, options types.DiskUsageOptions) (types.DiskUsage, error) {
	records := newRecordReader()
	volumes, images := newListing(volumeAnswer(""), records), newListing(imageSummary(), records)
	call := func(ctx context.Context) error {
		_, err := e.client.DiskUsage(ctx, options)
		return err
	}
	err := read(ctx, call, func(j jsonStream) error {
		return j.members(func(name string) (func(jsonStream) error, bool) {
			switch name {
			case "Volumes":
				return func(j jsonStream) error { return j.list(objectBounds(), volumes.add) }, true
			case "Images":
				return func(j jsonStream) error { return j.list(objectBounds(), images.add) }, true
			}
			return nil, false
		})
	})
	out := types.DiskUsage{Volumes: pointers(volumes.objects), Images: pointers(images.objects)}
	if err == nil {
		err = joined(volumes.error(nil), images.error(nil))
	}
	return out, err
}

// joined are the broken objects of several lists; an error of another kind stays alone.
func joined(errs ...error) error {
	var all []provider.Unread
	for _, err := range errs {
		list, only := unreadOf(err)
		if err != nil && !only {
			return err
		}
		all = append(all, list...)
	}
	if len(all) == 0 {
		return nil
	}
	return &unreadError{all}
}
