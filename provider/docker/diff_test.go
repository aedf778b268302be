package docker_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/mount"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/go-connections/nat"
	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/docker"
)

const containerID = "8b7e4d0dad12aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

// inspected is a container as engines show one for which nothing but an image was asked.
func inspected(change func(*container.InspectResponse)) container.InspectResponse {
	pids := int64(0)
	c := container.InspectResponse{
		ContainerJSONBase: &container.ContainerJSONBase{
			ID: containerID, Name: "/p-x", Image: "sha256:1111", State: &container.State{Status: "running", Running: true},
			HostConfig: &container.HostConfig{
				RestartPolicy: container.RestartPolicy{Name: "unless-stopped"}, NetworkMode: "default", IpcMode: "private",
				ShmSize: 64 << 20, Runtime: "runc", Resources: container.Resources{PidsLimit: &pids},
			},
		},
		Config: &container.Config{
			Image: "img", Hostname: containerID[:12], Env: []string{"PATH=/bin", "LANG=C"}, Cmd: []string{"sh"}, StopSignal: "SIGTERM",
			Labels: map[string]string{"of": "image", "dev.dindctl.project": "p"},
		},
		NetworkSettings: &container.NetworkSettings{Networks: map[string]*network.EndpointSettings{"bridge": {NetworkID: "n0", EndpointID: "e0"}}},
	}
	if change != nil {
		change(&c)
	}
	return c
}

func image() *container.Config {
	return &container.Config{Env: []string{"PATH=/bin", "LANG=C"}, Cmd: []string{"sh"}, Labels: map[string]string{"of": "image"}}
}

// The table of what separates a container from its declaration: an engine's own
// spelling and defaults are no difference; a difference has its cause.
func TestDiffOfContainers(t *testing.T) {
	t.Parallel()
	one := func(name string, v cty.Value) attributes { return attributes{name: v} }
	mem := func(n int64) func(*container.InspectResponse) {
		return func(c *container.InspectResponse) { c.HostConfig.Memory = n }
	}
	env := func(entries ...string) func(*container.InspectResponse) {
		return func(c *container.InspectResponse) { c.Config.Env = entries }
	}
	environment := func(pairs ...string) attributes {
		m := map[string]cty.Value{}
		for i := 0; i < len(pairs); i += 2 {
			m[pairs[i]] = text(pairs[i+1])
		}
		return one("environment", cty.MapVal(m))
	}
	mounts := func(list ...cty.Value) attributes { return one("mount", cty.ListVal(list)) }
	mounted := func(points ...container.MountPoint) func(*container.InspectResponse) {
		return func(c *container.InspectResponse) { c.Mounts = points }
	}
	rows := []struct {
		name     string
		declared attributes
		created  attributes // nil: as declared
		actual   func(*container.InspectResponse)
		want     string
	}{
		{name: "nothing but an image"},
		{name: "the engine's defaults, said", declared: attributes{
			"ipc": text("private"), "shm_size": text("64m"), "runtime": text("runc"), "stop_signal": text("TERM"), "stop_grace_period": text("10s"),
			"tty": cty.False, "init": cty.False, "privileged": cty.False, "restart": text("unless-stopped"), "cap_add": cty.ListValEmpty(cty.String),
		}},
		{name: "the image's command, said", declared: one("command", list("sh"))},
		{name: "another command", declared: one("command", list("sh", "-x")), want: `command replace changed outside ["sh"] -> ["sh","-x"]`},
		{
			name: "another command, in the configuration", declared: one("command", list("b")), created: one("command", list("a")),
			actual: func(c *container.InspectResponse) { c.Config.Cmd = []string{"a"} }, want: `command replace configuration ["a"] -> ["b"]`,
		},
		{
			name: "another command, on both sides", declared: one("command", list("b")), created: one("command", list("a")),
			want: `command replace both ["sh"] -> ["b"]`,
		},
		{
			name: "a command that is not declared any more", created: one("command", list("a")),
			actual: func(c *container.InspectResponse) { c.Config.Cmd = []string{"a"} }, want: `command replace configuration ["a"] -> ["sh"] image`,
		},
		{
			name: "an entrypoint drops the image's command", declared: one("entrypoint", list("e")),
			actual: func(c *container.InspectResponse) { c.Config.Entrypoint, c.Config.Cmd = []string{"e"}, nil },
		},
		{
			name: "an entrypoint without the command that it had", declared: one("entrypoint", list("e")),
			created: attributes{"entrypoint": list("e"), "command": list("a")},
			actual:  func(c *container.InspectResponse) { c.Config.Entrypoint, c.Config.Cmd = []string{"e"}, []string{"a"} },
			want:    `command replace configuration ["a"] -> [] image`,
		},
		{name: "what is neither declared nor recorded is not managed", actual: func(c *container.InspectResponse) { c.Config.User, c.HostConfig.ReadonlyRootfs = "1", true }},
		{name: "the host name that the engine made", declared: one("hostname", text("")), actual: nil},
		{name: "another host name", declared: one("hostname", text("h")), want: `hostname replace changed outside "" -> "h"`},
		{name: "a directory as the engine cleans it", declared: one("working_dir", text("/x/../y/")), actual: func(c *container.InspectResponse) { c.Config.WorkingDir = "/y" }},

		{name: "variables in another order, one twice", declared: environment("A", "2", "B", "b"), actual: env("B=b", "A=1", "A=2", "PATH=/bin", "LANG=C")},
		{name: "an empty variable", declared: environment("PATH", ""), actual: env("PATH=", "LANG=C")},
		{name: "a variable, changed", declared: environment("A", "2"), created: environment("A", "1"), actual: env("A=1"), want: `environment.A replace configuration "1" -> "2"`},
		{name: "a variable that is not declared any more", created: environment("LANG", "de"), actual: env("LANG=de"), want: `environment.LANG replace configuration "de" -> "C" image`},
		{
			name: "a variable that is not known yet", declared: one("environment", cty.MapVal(attributes{"A": cty.UnknownVal(cty.String)})),
			created: environment("A", "1"), actual: env("A=1"), want: `environment.A replace configuration "1" -> ?`,
		},

		{name: "a limit, written otherwise", declared: one("mem_limit", text("0.5g")), actual: mem(512 << 20)},
		{name: "a limit, raised outside", declared: one("mem_limit", text("512m")), actual: mem(1 << 30), want: `mem_limit live changed outside "1g" -> "512m"`},
		{name: "a limit that nobody declared", actual: mem(1 << 30), want: `mem_limit replace changed outside "1g" -> nothing engine`},
		{
			name: "a limit, taken out of the configuration", created: one("mem_limit", text("1g")), actual: mem(1 << 30),
			want: `mem_limit replace configuration "1g" -> nothing engine`,
		},
		{name: "processors, written otherwise", declared: one("cpuset", text("3,0,1,2,5-6,6")), actual: func(c *container.InspectResponse) { c.HostConfig.CpusetCpus = "0-3,5,6" }},
		{
			name: "processors, others outside", declared: one("cpuset", text("0,1")), actual: func(c *container.InspectResponse) { c.HostConfig.CpusetCpus = "1,0,3" },
			want: `cpuset live changed outside "0-1,3" -> "0-1"`,
		},
		{name: "a part of a CPU", declared: one("cpus", cty.MustParseNumberVal("0.1")), actual: func(c *container.InspectResponse) { c.HostConfig.NanoCPUs = 100_000_000 }},
		{
			name: "a CPU limit that is a quota", declared: one("cpus", cty.MustParseNumberVal("2")),
			actual: func(c *container.InspectResponse) { c.HostConfig.CPUQuota, c.HostConfig.CPUPeriod = 50_000, 100_000 }, want: `cpus replace changed outside 0.5 -> 2`,
		},
		{name: "a restart policy, changed outside", actual: func(c *container.InspectResponse) { c.HostConfig.RestartPolicy.Name = "always" }, want: `restart live changed outside "always" -> "unless-stopped" dindctl`},
		{name: "no restart policy", declared: one("restart", text("no")), actual: func(c *container.InspectResponse) { c.HostConfig.RestartPolicy.Name = "" }},
		{name: "attempts", declared: one("restart", text("on-failure:3")), actual: func(c *container.InspectResponse) {
			c.HostConfig.RestartPolicy = container.RestartPolicy{Name: "on-failure", MaximumRetryCount: 3}
		}},

		{name: "capabilities, written otherwise", declared: one("cap_add", list("net_admin", "ALL")), actual: func(c *container.InspectResponse) {
			c.HostConfig.CapAdd = []string{"all", "CAP_NET_ADMIN", "NET_ADMIN"}
		}},
		{name: "an option that privileged adds", declared: attributes{"privileged": cty.True, "security_opt": list("no-new-privileges")}, actual: func(c *container.InspectResponse) {
			c.HostConfig.Privileged, c.HostConfig.SecurityOpt = true, []string{"label=disable", "no-new-privileges:true"}
		}},
		{name: "ports in another order, on all addresses", declared: one("ports", cty.ListVal([]cty.Value{
			cty.ObjectVal(attributes{"target": cty.NumberIntVal(80), "published": cty.NumberIntVal(8080), "protocol": cty.NullVal(cty.String), "host_ip": cty.NullVal(cty.String)}),
			cty.ObjectVal(attributes{"target": cty.NumberIntVal(53), "published": cty.NullVal(cty.Number), "protocol": text("udp"), "host_ip": cty.NullVal(cty.String)}),
		})), actual: func(c *container.InspectResponse) {
			c.HostConfig.PortBindings = nat.PortMap{"53/udp": {{}}, "80/tcp": {{HostPort: "8080"}}}
		}},
		{name: "all addresses of IPv4 alone", declared: one("ports", cty.ListVal([]cty.Value{
			cty.ObjectVal(attributes{"target": cty.NumberIntVal(80), "published": cty.NumberIntVal(8080), "protocol": cty.NullVal(cty.String), "host_ip": text("0.0.0.0")}),
		})), actual: func(c *container.InspectResponse) {
			c.HostConfig.PortBindings = nat.PortMap{"80/tcp": {{HostPort: "8080"}}}
		}, want: `ports replace changed outside ["8080-\u003e80/tcp"] -> ["0.0.0.0:8080-\u003e80/tcp"]`},
		{name: "a health check that is off", declared: one("healthcheck", cty.ObjectVal(attributes{"test": list("NONE")})), actual: func(c *container.InspectResponse) {
			c.Config.Healthcheck = &container.HealthConfig{Test: []string{"NONE"}, Interval: 5e9, Retries: 7}
		}},

		{name: "another image under the same name", want: "image replace changed outside \"img (1111)\" -> \"img (2222)\"", declared: attributes{"image": text("img")}, created: attributes{"image": text("img")}},
		{name: "another image in the configuration", declared: attributes{"image": text("other")}, created: attributes{"image": text("img")}, want: `image replace configuration "img" -> "other"`},
		{name: "an image's name in full", declared: attributes{"image": text("docker.io/library/img:latest")}},

		{name: "mounts in another order, as the engine shows them", declared: mounts(mountValue("bind", "/host/", "/in/", true), mountValue("volume", "v", "/data", false)), actual: mounted(
			container.MountPoint{Type: mount.TypeVolume, Name: "v", Source: "/var/lib/docker/volumes/v/_data", Destination: "/data", RW: true, Mode: "z"},
			container.MountPoint{Type: mount.TypeBind, Source: "/host", Destination: "/in", Propagation: "rprivate"},
		)},
		{name: "an anonymous volume of the image", actual: mounted(container.MountPoint{Type: mount.TypeVolume, Name: strings.Repeat("f", 64), Destination: "/var/lib/x", RW: true})},
		{
			name: "another source", declared: mounts(mountValue("bind", "/b", "/in", false)), created: mounts(mountValue("bind", "/a", "/in", false)),
			actual: mounted(container.MountPoint{Type: mount.TypeBind, Source: "/a", Destination: "/in", RW: true}), want: `mount["/in"].source replace configuration "/a" -> "/b"`,
		},
		{
			name: "a mount that is not declared any more", created: mounts(mountValue("volume", "v", "/in", false)),
			actual: mounted(container.MountPoint{Type: mount.TypeVolume, Name: "v", Destination: "/in", RW: true}),
			want:   `mount["/in"] replace configuration {"propagation":"","read_only":false,"source":"v","subpath":"","target":"/in","type":"volume"} -> nothing`,
		},

		{
			name: "a network, left outside", declared: one("networks", cty.ListVal([]cty.Value{reference("network.n", "network", "p-n")})),
			want: `networks live changed outside ["bridge"] -> ["p-n"]`,
		},
		{
			name: "triggers", declared: one("triggers", cty.MapVal(attributes{"at": text("2")})), created: one("triggers", cty.MapVal(attributes{"at": text("1")})),
			want: `triggers replace configuration {"at":"1"} -> {"at":"2"}`,
		},
		{name: "what only shapes the waiting", declared: one("ready", cty.ObjectVal(attributes{"timeout": text("5m")})), created: attributes{}},
	}
	for _, row := range rows {
		if row.declared == nil {
			row.declared = attributes{}
		}
		if row.created == nil {
			row.created = row.declared
			if strings.Contains(row.want, "?") || len(row.declared) == 0 {
				row.created = attributes{}
			}
		}
		withImage := func(a attributes) attributes {
			out := attributes{"image": text("img")}
			for name, v := range a {
				out[name] = v
			}
			return out
		}
		facts := provider.Facts{API: "1.41", Details: map[string]string{"default_runtime": "runc"}}
		item := provider.DiffItem{
			Declaration: provider.Declaration{Address: "container.x", Kind: provider.Container, Name: "p-x", Declared: cty.ObjectVal(withImage(row.declared))},
			Actual:      docker.ActualOf(inspected(row.actual), image(), facts), Facts: facts,
		}
		if strings.Contains(row.name, "same name") {
			item.ImageID = "sha256:2222"
		}
		var err error
		if item.Created, err = provider.Spec(cty.ObjectVal(withImage(row.created))); err != nil {
			t.Fatal(err)
		}
		if got := diffText(t, item); got != row.want {
			t.Errorf("%s:\n got %s\nwant %s", row.name, got, row.want)
		}
	}
}

func diffText(t *testing.T, items ...provider.DiffItem) string {
	t.Helper()
	resp, err := docker.New(nil).Diff(context.Background(), provider.DiffRequest{Items: items})
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, d := range resp.Differences {
		for _, c := range d.Changes {
			line := fmt.Sprintf("%s %s %s %s -> %s", c.Path, c.Effect, c.Cause, show(c.From), show(c.To))
			if c.Sensitive {
				line = fmt.Sprintf("%s %s %s (sensitive)", c.Path, c.Effect, c.Cause)
			}
			if c.Default != "" {
				line += " " + c.Default
			}
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

func show(v cty.Value) string {
	if v.IsNull() {
		return "nothing"
	}
	if !v.IsWhollyKnown() {
		return "?"
	}
	content, err := ctyjson.Marshal(v, v.Type())
	if err != nil {
		return err.Error()
	}
	return string(content)
}

// A secret that changed is a change that nobody may look at.
func TestSecretsStaySecret(t *testing.T) {
	t.Parallel()
	declared := func(v string) cty.Value {
		return cty.ObjectVal(attributes{"image": text("img"), "environment": cty.MapVal(attributes{"TOKEN": text(v)}).Mark(provider.Sensitive)})
	}
	spec, err := provider.Spec(declared("old"))
	if err != nil {
		t.Fatal(err)
	}
	item := provider.DiffItem{
		Declaration: provider.Declaration{Kind: provider.Container, Declared: declared("new")}, Created: spec,
		Actual: docker.ActualOf(inspected(func(c *container.InspectResponse) { c.Config.Env = []string{"TOKEN=old"} }), nil, provider.Facts{}),
	}
	if got := diffText(t, item); got != "environment.TOKEN replace configuration (sensitive)" {
		t.Error(got)
	}
}

// One secret in a map hides its own key alone, also where it was one only when
// the object was made.
func TestOneSecretHidesOneKey(t *testing.T) {
	t.Parallel()
	declared := func(environment attributes) cty.Value {
		return cty.ObjectVal(attributes{"image": text("img"), "environment": cty.MapVal(environment)})
	}
	secret := func(v string) cty.Value { return text(v).Mark(provider.Sensitive) }
	spec, err := provider.Spec(declared(attributes{"TOKEN": secret("old"), "MODE": text("a"), "WAS": secret("x"), "PORT": text("1")}))
	if err != nil {
		t.Fatal(err)
	}
	item := provider.DiffItem{
		Declaration: provider.Declaration{Kind: provider.Container, Declared: declared(attributes{
			"TOKEN": secret("new"), "MODE": text("b"), "WAS": text("y"), "PORT": text("1"),
		})},
		Created: spec,
		Actual: docker.ActualOf(inspected(func(c *container.InspectResponse) {
			c.Config.Env = []string{"TOKEN=old", "MODE=a", "WAS=x", "PORT=2"}
		}), nil, provider.Facts{}),
	}
	want := `environment.MODE replace configuration "a" -> "b"
environment.PORT replace changed outside "2" -> "1"
environment.TOKEN replace configuration (sensitive)
environment.WAS replace configuration (sensitive)`
	if got := diffText(t, item); got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// What follows from an object's role is compared too: a controller whose daemon
// gave up TLS is replaced.
func TestRolesAreCompared(t *testing.T) {
	t.Parallel()
	declared := cty.ObjectVal(attributes{"image": text("img"), "daemon": reference("daemon.d", "daemon", "p-d")})
	spec, err := provider.Spec(declared)
	if err != nil {
		t.Fatal(err)
	}
	item := provider.DiffItem{
		Declaration: provider.Declaration{
			Address: "controller.c", Kind: provider.Controller, Declared: declared,
			Related: map[string]provider.Related{"daemon.d": {Kind: provider.Daemon, Declared: cty.ObjectVal(attributes{"image": text("dind"), "tls": cty.False})}},
		},
		Created: spec,
		Actual: docker.ActualOf(inspected(func(c *container.InspectResponse) {
			c.Config.Env = []string{"DOCKER_HOST=tcp://docker:2376", "DOCKER_TLS_VERIFY=1"}
		}), nil, provider.Facts{}),
	}
	want := `environment.DOCKER_HOST replace configuration "tcp://docker:2376" -> "tcp://docker:2375"
environment.DOCKER_TLS_VERIFY replace configuration "1" -> nothing`
	if got := diffText(t, item); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

// An image changes with what it is built from, not with where that lies.
func TestDiffOfImages(t *testing.T) {
	t.Parallel()
	build := func(context, inputs, arg string) cty.Value {
		return cty.ObjectVal(attributes{"build": cty.ObjectVal(attributes{
			"context": text(context), "inputs": text(inputs), "args": cty.MapVal(attributes{"A": text(arg)}),
		})})
	}
	spec, err := provider.Spec(build("/a", "one", "x"))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, now := range []cty.Value{build("/b", "one", "x"), build("/a", "two", "x"), build("/a", "one", "y")} {
		got = append(got, diffText(t, provider.DiffItem{Declaration: provider.Declaration{Kind: provider.Image, Declared: now}, Created: spec, Actual: cty.EmptyObjectVal}))
	}
	want := []string{"", `build.inputs replace configuration "one" -> "two"`, `build.args.A replace configuration "x" -> "y"`}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// An image that was built with another one of the configuration changes with it, under
// whatever name it refers to it. Of one that an earlier build of dindctl made, nothing
// tells what it was built with.
func TestDiffOfImagesThatAreMadeFromOthers(t *testing.T) {
	t.Parallel()
	declared := cty.ObjectVal(attributes{"build": cty.ObjectVal(attributes{"inputs": text("one")})})
	spec, err := provider.Spec(declared)
	if err != nil {
		t.Fatal(err)
	}
	now := func(id string) map[string]provider.Related {
		return map[string]provider.Related{
			"image.base":    {Address: "image.base", Kind: provider.Image, Name: "p-base", ID: id},
			"container.not": {Address: "container.not", Kind: provider.Container, Name: "p-not"},
			"image.lacking": {Address: "image.lacking", Kind: provider.Image, Name: "lacking", Declared: cty.ObjectVal(attributes{"external": cty.True})},
		}
	}
	recorded := cty.ObjectVal(attributes{"_images": text(`{"image.base":"sha256:0123456789abcdef"}`)})
	var got []string
	for _, c := range []struct {
		id     string
		actual cty.Value
	}{
		{"sha256:0123456789abcdef", recorded},
		{"sha256:fedcba9876543210", recorded},
		{"", recorded},
		{"sha256:fedcba9876543210", cty.EmptyObjectVal},
		{"", cty.EmptyObjectVal},
	} {
		got = append(got, diffText(t, provider.DiffItem{
			Declaration: provider.Declaration{Kind: provider.Image, Address: "image.app", Declared: declared, Related: now(c.id)}, Created: spec, Actual: c.actual,
		}))
	}
	want := []string{
		"", `build["image.base"] replace configuration "p-base (0123456789ab)" -> "p-base (fedcba987654)"`,
		`build["image.base"] replace configuration "p-base (0123456789ab)" -> ?`, "", `build["image.base"] replace configuration nothing -> ?`,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// The schema adds to the nouns what the design says, each attribute once, and
// redefines nothing of the core's.
func TestSchema(t *testing.T) {
	t.Parallel()
	core := strings.Fields("name inside depends_on external image networks mount build pull from daemon controller triggers socket endpoint tls data alias entry_mounts nested_paths timeout retries run")
	for kind, body := range docker.Schema().Nouns {
		seen := map[string]bool{}
		for _, a := range body.Attributes {
			if seen[a.Name] || a.Doc == "" || a.Default == "" || a.Effect == "" || a.Type == cty.NilType {
				t.Errorf("%s.%s is said twice or not in full: %+v", kind, a.Name, a)
			}
			seen[a.Name] = true
		}
		for _, name := range core {
			if seen[name] {
				t.Errorf("%s.%s is the core's", kind, name)
			}
		}
	}
	if len(docker.Schema().Nouns) != len(provider.Kinds()) {
		t.Errorf("%d nouns", len(docker.Schema().Nouns))
	}
}

// A secret that is declared no longer is taken away, although its record does not
// tell its value; one that is a build's argument still is no difference by itself.
func TestSecretsThatAreTakenAway(t *testing.T) {
	t.Parallel()
	secret := text("hunter2").Mark(provider.Sensitive)
	spec := func(v cty.Value) []byte {
		record, err := provider.Spec(v)
		if err != nil {
			t.Fatal(err)
		}
		return record
	}
	build := func(args attributes) cty.Value {
		return cty.ObjectVal(attributes{"build": cty.ObjectVal(attributes{"inputs": text("one"), "args": cty.MapVal(args)})})
	}
	environment := cty.ObjectVal(attributes{"image": text("bash"), "environment": cty.MapVal(attributes{"A": text("x"), "TOKEN": secret})})
	for name, c := range map[string]struct {
		item provider.DiffItem
		want string
	}{
		"environment": {provider.DiffItem{
			Declaration: provider.Declaration{Kind: provider.Container, Declared: cty.ObjectVal(attributes{"image": text("bash"), "environment": cty.MapVal(attributes{"A": text("x")})})},
			Created:     spec(environment), Actual: cty.ObjectVal(attributes{
				"image": text("bash"), "restart": text("unless-stopped"), "environment": cty.MapVal(attributes{"A": text("x"), "TOKEN": text("hunter2")}),
			}),
		}, "environment.TOKEN replace configuration (sensitive)"},
		"a build argument that stays": {provider.DiffItem{
			Declaration: provider.Declaration{Kind: provider.Image, Declared: build(attributes{"A": text("x"), "TOKEN": secret})},
			Created:     spec(build(attributes{"A": text("x"), "TOKEN": secret})), Actual: cty.EmptyObjectVal,
		}, ""},
		"a build argument that goes": {provider.DiffItem{
			Declaration: provider.Declaration{Kind: provider.Image, Declared: build(attributes{"A": text("x")})},
			Created:     spec(build(attributes{"A": text("x"), "TOKEN": secret})), Actual: cty.EmptyObjectVal,
		}, "build.args.TOKEN replace configuration (sensitive)"},
	} {
		resp, err := docker.New(nil).Diff(t.Context(), provider.DiffRequest{Items: []provider.DiffItem{c.item}})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, change := range resp.Differences[0].Changes {
			line := change.Path + " " + string(change.Effect) + " " + string(change.Cause)
			if change.Sensitive {
				line += " (sensitive)"
			}
			got = append(got, line)
		}
		if d := cmp.Diff(c.want, strings.Join(got, "; ")); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}
