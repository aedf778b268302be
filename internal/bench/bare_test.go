package bench_test

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/filters"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/versions"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/docker/client"
	"golang.org/x/sync/errgroup"
)

// The variables that make a process of this test the bare client.
const (
	bareOperation = "DINDCTL_BENCH_BARE"
	bareProject   = "DINDCTL_BENCH_PROJECT"
)

// parallelism is how many objects are worked on at once, as dindctl does.
const parallelism = 10

// bareClient makes the calls of an operation and nothing else: what an operation
// costs whoever makes it. TestCallsOfAProject holds it to that.
type bareClient struct {
	*client.Client
	project project
}

// bareMain is the process of the bare client.
func bareMain(what string) error {
	p, err := decodedProject(os.Getenv(bareProject))
	if err != nil {
		return fmt.Errorf("reading %s: %w", bareProject, err)
	}
	engine, err := client.NewClientWithOpts(client.WithHost(engineHost()), client.WithHTTPClient(&http.Client{Transport: &http.Transport{
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, "unix", engineSocket())
		},
		MaxIdleConnsPerHost: parallelism,
		DisableCompression:  true,
	}}), client.WithAPIVersionNegotiation())
	if err != nil {
		return err
	}
	b := bareClient{Client: engine, project: p}
	ctx := context.Background()
	ping, err := b.Ping(ctx)
	if err != nil {
		return err
	}
	b.NegotiateAPIVersionPing(ping)
	if _, err := b.Info(ctx); err != nil {
		return err
	}
	switch operation(what) {
	case plan:
		return b.plan(ctx)
	case apply:
		return b.locked(ctx, b.apply)
	case destroy:
		return b.locked(ctx, b.destroy)
	}
	return fmt.Errorf("no operation %q", what)
}

// names of the project's objects, as dindctl gives them.
func (b bareClient) named(kind string, i int) string {
	return fmt.Sprintf("%s-%s%03d", b.project.name, kind, i)
}

// locked does something under a lock on the engine, which is put again before the
// first change.
func (b bareClient) locked(ctx context.Context, do func(context.Context) error) error {
	lock := volume.CreateOptions{Name: "dindctl.lock." + b.project.name}
	if _, err := b.VolumeCreate(ctx, lock); err != nil {
		return err
	}
	if err := do(ctx); err != nil {
		return err
	}
	if _, err := b.VolumeInspect(ctx, lock.Name); err != nil {
		return err
	}
	return b.VolumeRemove(ctx, lock.Name, false)
}

func (b bareClient) relock(ctx context.Context) error {
	_, err := b.VolumeCreate(ctx, volume.CreateOptions{Name: "dindctl.lock." + b.project.name})
	return err
}

// lists is one list a kind, at the same time.
type lists struct {
	containers []container.Summary
	networks   []network.Summary
	volumes    volume.ListResponse
	images     []image.Summary
}

func (b bareClient) list(ctx context.Context) (l lists, err error) {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		l.containers, err = b.ContainerList(ctx, container.ListOptions{All: true})
		return err
	})
	group.Go(func() (err error) {
		l.networks, err = b.NetworkList(ctx, network.ListOptions{})
		return err
	})
	group.Go(func() (err error) {
		l.volumes, err = b.VolumeList(ctx, volume.ListOptions{})
		return err
	})
	group.Go(func() (err error) {
		l.images, err = b.ImageList(ctx, image.ListOptions{Filters: filters.NewArgs(filters.Arg("label", "dev.dindctl.project"))})
		return err
	})
	return l, group.Wait()
}

// observe asks for what a plan has to know: one list a kind, one inspect an
// object. The image is asked for by its name where a configuration says it.
func (b bareClient) observe(ctx context.Context, byName bool) error {
	all, err := b.list(ctx)
	if err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallelism)
	id := ""
	for _, c := range all.containers {
		id = c.ImageID
		group.Go(func() error { return b.inspect(ctx, c.ID) })
	}
	for _, n := range all.networks {
		if builtIn(n.Name) {
			continue
		}
		group.Go(func() error {
			_, err := b.NetworkInspect(ctx, n.ID, network.InspectOptions{})
			return err
		})
	}
	if byName {
		group.Go(func() error { return b.inspectImage(ctx, bashImage) })
	}
	if id != "" {
		group.Go(func() error { return b.inspectImage(ctx, id) })
	}
	return group.Wait()
}

func builtIn(name string) bool { return name == "bridge" || name == "host" || name == "none" }

func (b bareClient) inspect(ctx context.Context, id string) error {
	_, err := b.ContainerInspect(ctx, id)
	return err
}

func (b bareClient) inspectImage(ctx context.Context, name string) error {
	_, err := b.ImageInspect(ctx, name)
	return err
}

func (b bareClient) plan(ctx context.Context) error { return b.observe(ctx, true) }

func (b bareClient) apply(ctx context.Context) error {
	if err := b.observe(ctx, true); err != nil {
		return err
	}
	if err := b.relock(ctx); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallelism)
	for i := range b.project.joining {
		group.Go(func() error { return b.makeJoining(ctx, i) })
	}
	for i := range b.project.simple {
		group.Go(func() error { return b.makeSimple(ctx, i) })
	}
	return group.Wait()
}

func (b bareClient) makeSimple(ctx context.Context, i int) error {
	name := b.named("v", i)
	if _, err := b.VolumeInspect(ctx, name); !errdefs.IsNotFound(err) {
		return fmt.Errorf("volume %s is there: %w", name, err)
	}
	if _, err := b.VolumeCreate(ctx, volume.CreateOptions{Name: name}); err != nil {
		return err
	}
	for range 2 { // the result, and again before it is mounted
		if _, err := b.VolumeInspect(ctx, name); err != nil {
			return err
		}
	}
	return b.makeContainer(ctx, b.named("c", i), container.HostConfig{
		NetworkMode: "bridge", Mounts: []mount.Mount{{Type: mount.TypeVolume, Source: name, Target: "/data"}},
	}, nil)
}

func (b bareClient) makeJoining(ctx context.Context, i int) error {
	names := []string{b.named("m", i), b.named("n", i)}
	for _, name := range names {
		if _, err := b.NetworkList(ctx, network.ListOptions{Filters: filters.NewArgs(filters.Arg("name", name))}); err != nil {
			return err
		}
		made, err := b.NetworkCreate(ctx, name, network.CreateOptions{})
		if err != nil {
			return err
		}
		if _, err := b.NetworkInspect(ctx, made.ID, network.InspectOptions{}); err != nil {
			return err
		}
	}
	return b.makeContainer(ctx, b.named("j", i), container.HostConfig{NetworkMode: container.NetworkMode(names[0])}, names)
}

func (b bareClient) makeContainer(ctx context.Context, name string, host container.HostConfig, networks []string) error {
	init := true
	host.Init = &init
	host.RestartPolicy = container.RestartPolicy{Name: container.RestartPolicyUnlessStopped}
	atOnce, later := networks, []string(nil)
	if versions.LessThan(b.ClientVersion(), apiSeveralNetworks) && len(networks) > 1 {
		atOnce, later = networks[:1], networks[1:]
	}
	endpoints := map[string]*network.EndpointSettings{}
	for _, n := range atOnce {
		endpoints[n] = &network.EndpointSettings{}
	}
	if err := b.inspectImage(ctx, bashImage); err != nil {
		return err
	}
	made, err := b.ContainerCreate(ctx, &container.Config{Image: bashImage, Cmd: []string{"sleep", "1000"}}, &host,
		&network.NetworkingConfig{EndpointsConfig: endpoints}, nil, name)
	if err != nil {
		return err
	}
	if err := b.inspect(ctx, made.ID); err != nil {
		return err
	}
	for _, n := range later {
		if err := b.NetworkConnect(ctx, n, made.ID, nil); err != nil {
			return err
		}
	}
	if err := b.ContainerStart(ctx, made.ID, container.StartOptions{}); err != nil {
		return err
	}
	return b.readBack(ctx, made.ID)
}

// settles is how long after its start a container is looked at again.
const settles = 50 * time.Millisecond

// readBack looks at a container that was started: that it runs, that it still
// does, and what it has become.
func (b bareClient) readBack(ctx context.Context, id string) error {
	if err := b.inspect(ctx, id); err != nil {
		return err
	}
	settled := time.NewTimer(settles)
	defer settled.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-settled.C:
	}
	if err := b.inspect(ctx, id); err != nil {
		return err
	}
	c, err := b.ContainerInspect(ctx, id)
	if err != nil {
		return err
	}
	return b.inspectImage(ctx, c.Image)
}

func (b bareClient) destroy(ctx context.Context) error {
	if err := b.observe(ctx, false); err != nil {
		return err
	}
	if err := b.relock(ctx); err != nil {
		return err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallelism)
	for i := range b.project.joining {
		group.Go(func() error {
			if err := b.removeContainer(ctx, b.named("j", i)); err != nil {
				return err
			}
			for _, kind := range []string{"m", "n"} {
				if err := b.removeNetwork(ctx, b.named(kind, i)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	for i := range b.project.simple {
		group.Go(func() error {
			if err := b.removeContainer(ctx, b.named("c", i)); err != nil {
				return err
			}
			name := b.named("v", i)
			if _, err := b.VolumeInspect(ctx, name); err != nil {
				return err
			}
			return b.VolumeRemove(ctx, name, false)
		})
	}
	return group.Wait()
}

func (b bareClient) removeContainer(ctx context.Context, name string) error {
	c, err := b.ContainerInspect(ctx, name)
	if err != nil {
		return err
	}
	if err := b.ContainerStop(ctx, c.ID, container.StopOptions{}); err != nil {
		return err
	}
	if err := b.ContainerRemove(ctx, c.ID, container.RemoveOptions{RemoveVolumes: true}); err != nil {
		return err
	}
	for _, record := range []string{"dindctl.changed.", "dindctl.changing."} {
		if _, err := b.VolumeInspect(ctx, record+c.ID); !errdefs.IsNotFound(err) {
			return fmt.Errorf("a record of changes of %s is there: %w", name, err)
		}
	}
	return nil
}

// removeNetwork lists first what uses the network.
func (b bareClient) removeNetwork(ctx context.Context, name string) error {
	if _, err := b.NetworkInspect(ctx, name, network.InspectOptions{}); err != nil {
		return err
	}
	if _, err := b.list(ctx); err != nil {
		return err
	}
	if err := b.NetworkRemove(ctx, name); err != nil {
		return err
	}
	_, err := b.NetworkInspect(ctx, name, network.InspectOptions{})
	if errdefs.IsNotFound(err) {
		return nil
	}
	return err
}
