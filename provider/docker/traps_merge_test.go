package docker_test

import (
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/api/types/network"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/docker"
)

// What an engine merges into a container from its image is no difference, what
// overrides the image is none where it is declared, and where the image is gone
// what is declared counts alone.
func TestTrapsOfMerging(t *testing.T) {
	t.Parallel()
	base := &container.Config{
		Env: []string{"PATH=/bin"}, Cmd: []string{"sh"}, Entrypoint: []string{"tini"}, User: "app", WorkingDir: "/srv", StopSignal: "SIGQUIT",
		Labels:      map[string]string{"vendor": "them", "team": "theirs"},
		Healthcheck: &container.HealthConfig{Test: []string{"CMD", "check"}, Interval: 5e9, Retries: 3},
	}
	// merged is what the engine makes of nothing but the image.
	merged := func(c *container.InspectResponse) {
		c.Config.Env, c.Config.Cmd, c.Config.Entrypoint, c.Config.User, c.Config.WorkingDir, c.Config.StopSignal = base.Env, base.Cmd, base.Entrypoint, base.User, base.WorkingDir, base.StopSignal
		c.Config.Labels = map[string]string{"vendor": "them", "team": "theirs", "dev.dindctl.project": "p"}
		c.Config.Healthcheck = base.Healthcheck
	}
	none := cty.ListValEmpty(cty.String)
	rows := []struct {
		name     string
		declared attributes
		actual   func(*container.InspectResponse)
		gone     bool // the image is
		want     string
	}{
		{name: "nothing declared, all of the image's"},
		{
			name: "an empty label over the image's", declared: attributes{"labels": cty.MapVal(attributes{"team": text("")})},
			actual: func(c *container.InspectResponse) { c.Config.Labels["team"] = "" },
		},
		{
			name: "an empty label, lost outside", declared: attributes{"labels": cty.MapVal(attributes{"team": text("")})},
			want: `labels.team replace changed outside "theirs" -> ""`,
		},
		{name: "an empty entrypoint keeps the image's command", declared: attributes{"entrypoint": none}, actual: func(c *container.InspectResponse) { c.Config.Entrypoint = []string{} }},
		{
			name: "an entrypoint that is declared empty and there", declared: attributes{"entrypoint": none},
			want: `entrypoint replace changed outside ["tini"] -> []`,
		},
		{
			name: "one field of a health check keeps the others", declared: attributes{"healthcheck": cty.ObjectVal(attributes{"retries": cty.NumberIntVal(9)})},
			actual: func(c *container.InspectResponse) {
				c.Config.Healthcheck = &container.HealthConfig{Test: []string{"CMD", "check"}, Interval: 5e9, Retries: 9}
			},
		},
		{
			name: "one field of a health check, changed outside", declared: attributes{"healthcheck": cty.ObjectVal(attributes{"retries": cty.NumberIntVal(9)})},
			want: `healthcheck.retries replace changed outside 3 -> 9`,
		},
		{
			name: "root by number over the image's user", declared: attributes{"user": text("0")},
			actual: func(c *container.InspectResponse) { c.Config.User = "0" },
		},
		{name: "root by number, and the image's user there", declared: attributes{"user": text("0")}, want: `user replace changed outside "app" -> "0"`},
		{
			name: "an image that is gone: what is declared is there", gone: true, declared: attributes{"user": text("app"), "environment": cty.MapVal(attributes{"PATH": text("/bin")})},
		},
		{
			name: "an image that is gone: what is declared is not", gone: true, declared: attributes{"user": text("other")},
			want: `user replace changed outside "app" -> "other"`,
		},
		{
			name: "a propagation that the engine chose", declared: attributes{"mount": cty.ListVal([]cty.Value{mountValue("bind", "/var", "/host", false)})},
			actual: func(c *container.InspectResponse) {
				c.Mounts = []container.MountPoint{{Type: mount.TypeBind, Source: "/var", Destination: "/host", RW: true, Mode: "z", Propagation: mount.PropagationRSlave}}
			},
		},
		{
			name: "a parameter of an interface, moved to its endpoint", declared: attributes{"sysctls": cty.MapVal(attributes{"net.ipv4.conf.eth0.forwarding": text("1"), "net.ipv4.ip_forward": text("1")})},
			actual: func(c *container.InspectResponse) {
				c.HostConfig.Sysctls = map[string]string{"net.ipv4.ip_forward": "1"}
				c.NetworkSettings.Networks["bridge"].DriverOpts = map[string]string{"com.docker.network.endpoint.sysctls": "net.ipv4.conf.IFNAME.forwarding=1"}
			},
		},
		{
			name: "parameters of a network's interface, beside those of the container, as docker's command line writes them",
			declared: attributes{
				"sysctls": cty.MapVal(attributes{"net.ipv4.conf.eth0.forwarding": text("1"), "net.ipv4.ip_forward": text("1")}),
				"attach": cty.ListVal([]cty.Value{cty.ObjectVal(attributes{
					"network": reference("network.n", "network", "p-n"), "sysctls": cty.MapVal(attributes{"net.ipv6.conf.IFNAME.accept_ra": text("2")}),
				})}),
			},
			actual: func(c *container.InspectResponse) {
				c.HostConfig.Sysctls = map[string]string{"net.ipv4.ip_forward": "1"}
				c.HostConfig.NetworkMode = "p-n"
				c.NetworkSettings.Networks = map[string]*network.EndpointSettings{"p-n": {
					EndpointID: "e0", Aliases: []string{"x"},
					DriverOpts: map[string]string{"com.docker.network.endpoint.sysctls": "net.ipv4.conf.ifname.forwarding=1,net.ipv6.conf.ifname.accept_ra=2"},
				}}
			},
		},
		{
			name: "the rights and the propagation of a mount", declared: attributes{"mount": cty.ListVal([]cty.Value{with(mountValue("bind", "/var", "/host", true), "propagation", text("rshared"))})},
			actual: func(c *container.InspectResponse) {
				c.Mounts = []container.MountPoint{{Type: mount.TypeBind, Source: "/var", Destination: "/host", RW: true, Propagation: mount.PropagationRPrivate}}
			},
			want: "mount[\"/host\"].propagation replace changed outside \"rprivate\" -> \"rshared\"\n" +
				`mount["/host"].read_only replace changed outside false -> true`,
		},
		{
			name: "a part of a volume", declared: attributes{"mount": cty.ListVal([]cty.Value{with(mountValue("volume", "v", "/data", false), "subpath", text("a"))})},
			actual: func(c *container.InspectResponse) {
				c.Mounts = []container.MountPoint{{Type: mount.TypeVolume, Name: "v", Destination: "/data", RW: true}}
				c.HostConfig.Mounts = []mount.Mount{{Type: mount.TypeVolume, Source: "v", Target: "/data", VolumeOptions: &mount.VolumeOptions{Subpath: "b"}}}
			},
			want: `mount["/data"].subpath replace changed outside "b" -> "a"`,
		},
		{
			name: "a health that is not known yet", declared: attributes{"healthcheck": cty.ObjectVal(attributes{"retries": cty.NumberIntVal(3)})},
			actual: func(c *container.InspectResponse) {
				c.State = &container.State{Status: "running", Running: true, Health: &container.Health{Status: "starting"}}
				c.RestartCount, c.LogPath = 7, "/var/lib/docker/x"
			},
		},
	}
	for _, row := range rows {
		declared := attributes{"image": text("img")}
		for name, v := range row.declared {
			declared[name] = v
		}
		spec, err := provider.Spec(cty.ObjectVal(declared))
		if err != nil {
			t.Fatal(err)
		}
		defaults := base
		if row.gone {
			defaults = nil
		}
		facts := provider.Facts{API: "1.41", Details: map[string]string{"default_runtime": "runc", "logging_driver": "json-file"}}
		got := diffText(t, provider.DiffItem{
			Declaration: provider.Declaration{Address: "container.x", Kind: provider.Container, Name: "p-x", Declared: cty.ObjectVal(declared)},
			Created:     spec, Facts: facts, Condition: provider.Condition{State: provider.StateRunning},
			Actual: docker.ActualOf(inspected(func(c *container.InspectResponse) {
				merged(c)
				if row.actual != nil {
					row.actual(c)
				}
			}), defaults, facts),
		})
		if got != row.want {
			t.Errorf("%s:\n got %s\nwant %s", row.name, got, row.want)
		}
	}
}

// with is an object with another value of one attribute.
func with(object cty.Value, name string, value cty.Value) cty.Value {
	attributes := object.AsValueMap()
	attributes[name] = value
	return cty.ObjectVal(attributes)
}
