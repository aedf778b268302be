package docker_test

import (
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/docker"
)

type arguments = map[string]cty.Value

func words(list ...string) cty.Value {
	var out []cty.Value
	for _, word := range list {
		out = append(out, cty.StringVal(word))
	}
	return cty.ListVal(out)
}

func mountAt(kind, source, target string) cty.Value {
	m := arguments{"type": cty.StringVal(kind), "target": cty.StringVal(target), "source": cty.NullVal(cty.String)}
	if source != "" {
		m["source"] = cty.StringVal(source)
	}
	return cty.ObjectVal(m)
}

func daemonOf(with arguments) provider.Declaration {
	declared := arguments{"image": cty.StringVal("docker:28-dind")}
	for name, value := range with {
		declared[name] = value
	}
	return provider.Declaration{
		Address: "daemon.dind", Kind: provider.Daemon, Name: "p-dind", Declared: cty.ObjectVal(declared),
		Related: map[string]provider.Related{"volume.ram": {
			Address: "volume.ram", Kind: provider.Volume, Name: "p-ram",
			Declared: cty.ObjectVal(arguments{"options": cty.MapVal(arguments{"type": cty.StringVal("tmpfs"), "device": cty.StringVal("tmpfs")})}),
		}},
	}
}

// Where a daemon keeps its data is read from every spelling that dockerd takes, and what
// they lie on from the mount that holds the place nearest.
func TestWhereTheDataOfADaemonLie(t *testing.T) {
	t.Parallel()
	config := func(key, value string) arguments {
		return arguments{"config": cty.ObjectVal(arguments{key: cty.StringVal(value)})}
	}
	flags := func(list ...string) arguments { return arguments{"flags": words(list...)} }
	mounts := func(with arguments, list ...cty.Value) arguments {
		out := arguments{"mount": cty.TupleVal(list)}
		for name, value := range with {
			out[name] = value
		}
		return out
	}
	own := provider.Data{On: provider.DataOwn, At: "/data"}
	on := func(kind provider.DataOn, at, source, rest string) provider.Data {
		return provider.Data{On: kind, At: at, Source: source, Rest: rest}
	}
	volume := mountAt("volume", "p-data", "/var/lib/docker")
	for name, c := range map[string]struct {
		with arguments
		want provider.Data
	}{
		"nothing said":        {nil, on(provider.DataOwn, "/var/lib/docker", "", "")},
		"a volume":            {mounts(nil, volume), on(provider.DataVolume, "/var/lib/docker", "p-data", "")},
		"a volume without it": {mounts(flags("--data-root=/data"), volume), own},
		"config":              {config("data-root", "/data"), own},
		"the old name":        {config("graph", "/data/"), own},
		"two words":           {flags("--data-root", "/data"), own},
		"the old flag":        {flags("--graph=/data"), own},
		"a letter":            {flags("-g", "/data"), own},
		"a letter and =":      {flags("-g=/data"), own},
		"a letter at once":    {flags("-g/data"), own},
		"letters together":    {flags("-Dg", "/data"), own},
		"the last of two":     {flags("-g/other", "--data-root=/data"), own},
		"a command":           {arguments{"command": words("dockerd", "--data-root", "/data")}, own},
		"a line for a shell":  {arguments{"entrypoint": words("sh", "-c"), "command": words("exec dockerd --data-root '/data' -D")}, own},
		"a mount above":       {mounts(flags("-g/srv/a/b"), mountAt("bind", "/host", "/srv")), on(provider.DataPath, "/srv/a/b", "/host", "a/b")},
		"the nearest mount":   {mounts(flags("-g/srv/a/b"), mountAt("bind", "/host", "/srv"), mountAt("volume", "v", "/srv/a")), on(provider.DataVolume, "/srv/a/b", "v", "b")},
		"a mount below":       {mounts(flags("-g/data"), mountAt("bind", "/host", "/data/x")), own},
		"no mount above":      {mounts(flags("-g/data"), mountAt("bind", "/host", "/dat")), own},
		"a tmpfs":             {mounts(nil, mountAt("tmpfs", "", "/var/lib")), on(provider.DataMemory, "/var/lib/docker", "", "")},
		"tmpfs":               {arguments{"tmpfs": words("/var/lib/docker:size=1g")}, on(provider.DataMemory, "/var/lib/docker", "", "")},
		"no name":             {mounts(nil, mountAt("volume", "", "/var/lib/docker")), on(provider.DataAnonymous, "/var/lib/docker", "", "")},
		"not known yet":       {mounts(nil, cty.ObjectVal(arguments{"type": cty.StringVal("bind"), "target": cty.StringVal("/var/lib/docker"), "source": cty.UnknownVal(cty.String)})), provider.Data{}},
		"a file of its own":   {flags("--config-file=/x.json"), provider.Data{}},
		"rootless by user":    {arguments{"image": cty.StringVal("mine:rootless")}, on(provider.DataOwn, "/home/rootless/.local/share/docker", "", "")},
		"memory as a volume":  {mounts(nil, mountAt("volume", "p-ram", "/var/lib/docker")), on(provider.DataMemory, "/var/lib/docker", "p-ram", "")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resp, err := docker.New(nil).Diff(t.Context(), provider.DiffRequest{Items: []provider.DiffItem{{Declaration: daemonOf(c.with), Absent: true, Actual: cty.EmptyObjectVal}}})
			if err != nil {
				t.Fatal(err)
			}
			if got := resp.Differences[0].Data; got != c.want {
				t.Errorf("the data lie %+v, want %+v", got, c.want)
			}
		})
	}
}

// Another storage driver, image store or user namespace hides what is inside; what the
// daemon would use anyway hides nothing.
func TestWhatHidesTheInsideOfADaemon(t *testing.T) {
	t.Parallel()
	config := func(key string, value cty.Value) arguments {
		return arguments{"config": cty.ObjectVal(arguments{key: value})}
	}
	snapshotter := config("features", cty.ObjectVal(arguments{"containerd-snapshotter": cty.True}))
	driver := func(name string) arguments { return arguments{"storage_driver": cty.StringVal(name)} }
	for name, c := range map[string]struct {
		was, is arguments
		driver  string
		version string
		want    string
	}{
		"nothing":                         {driver: "overlay2"},
		"the driver that it has":          {is: driver("overlay2"), driver: "overlay2"},
		"no longer said":                  {was: driver("overlay2"), driver: "overlay2"},
		"another driver":                  {is: driver("vfs"), driver: "overlay2", want: "its storage driver will be vfs, and not overlay2"},
		"back":                            {was: driver("vfs"), driver: "vfs", want: "its storage driver will be the daemon's own choice, and not vfs"},
		"vfs by its own choice":           {driver: "vfs"},
		"never looked into":               {is: driver("vfs"), want: "it may be: its storage driver will be vfs, and which one it has is not known, for it was not looked into"},
		"in config":                       {is: config("storage-driver", cty.StringVal("vfs")), driver: "overlay2", want: "its storage driver will be vfs, and not overlay2"},
		"a flag":                          {is: arguments{"flags": words("-svfs")}, driver: "overlay2", want: "its storage driver will be vfs, and not overlay2"},
		"a variable":                      {is: arguments{"environment": cty.MapVal(arguments{"DOCKER_DRIVER": cty.StringVal("vfs")})}, driver: "overlay2", want: "its storage driver will be vfs, and not overlay2"},
		"containerd's store":              {is: snapshotter, driver: "overlay2", want: "its storage driver will be overlayfs, and not overlay2"},
		"no longer containerd's store":    {was: snapshotter, driver: "overlayfs", version: "28.5.1", want: "its storage driver will be the daemon's own choice, and not overlayfs"},
		"containerd's store by itself":    {was: snapshotter, driver: "overlayfs", version: "29.0.0"},
		"users are remapped":              {is: config("userns-remap", cty.StringVal("default")), driver: "overlay2", want: "its users will be remapped to dockremap (userns-remap), and are not remapped now"},
		"no longer remapped":              {was: arguments{"flags": words("--userns-remap=me")}, driver: "overlay2", want: "its users will be not remapped (userns-remap), and are remapped to me now"},
		"default is a user":               {was: config("userns-remap", cty.StringVal("default")), is: config("userns-remap", cty.StringVal("dockremap")), driver: "overlay2"},
		"not looked into, from what said": {was: driver("vfs"), is: driver("overlay2"), want: "its storage driver will be overlay2, and not vfs"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			was := daemonOf(c.was)
			spec, err := provider.Spec(was.Declared)
			if err != nil {
				t.Fatal(err)
			}
			actual := arguments{}
			for _, attribute := range []string{"environment"} {
				if value, said := c.was[attribute]; said {
					actual[attribute] = value
				}
			}
			if flags, said := c.was["flags"]; said {
				actual["command"] = flags // as a container shows them
			}
			item := provider.DiffItem{Declaration: daemonOf(c.is), Created: spec, Actual: cty.ObjectVal(actual), Inside: provider.Facts{Version: c.version}}
			if c.driver != "" {
				item.Inside.Details = map[string]string{"storage_driver": c.driver}
			}
			resp, err := docker.New(nil).Diff(t.Context(), provider.DiffRequest{Items: []provider.DiffItem{item}})
			if err != nil {
				t.Fatal(err)
			}
			if got := resp.Differences[0].Hides; got != c.want {
				t.Errorf("hidden, because %q; want %q", got, c.want)
			}
		})
	}
}

// A daemon that was looked into says itself where its data lie: what decided that without
// being seen decides again with the same image, and nobody knows with another one.
func TestADaemonSaysItselfWhereItsDataLie(t *testing.T) {
	t.Parallel()
	const image, hidden = "docker:28-dind", "it may be: where its data lie is decided by what cannot be seen"
	own := func(at string) provider.Data { return provider.Data{On: provider.DataOwn, At: at} }
	config := arguments{"config": cty.ObjectVal(arguments{"data-root": cty.StringVal("/told")})}
	secret := arguments{"config": cty.ObjectVal(arguments{"sensitive": cty.True})}
	file := arguments{"flags": words("--config-file=/x.json")}
	type answer struct {
		Data  provider.Data
		Hides string
	}
	for name, c := range map[string]struct {
		was, is    arguments
		image, own string
		want       answer
	}{
		"as always":                 {nil, nil, image, "/var/lib/docker", answer{own("/var/lib/docker"), ""}},
		"the image says it":         {nil, nil, image, "/brought", answer{own("/brought"), ""}},
		"another image said it":     {nil, nil, "other", "/brought", answer{provider.Data{}, hidden}},
		"it will be told":           {nil, config, image, "/brought", answer{own("/told"), ""}},
		"it is no longer told":      {config, nil, image, "/told", answer{own("/var/lib/docker"), ""}},
		"a secret says it":          {secret, nil, image, "/kept", answer{own("/kept"), ""}},
		"a file says it":            {file, file, image, "/kept", answer{own("/kept"), ""}},
		"a file, and no look":       {file, file, image, "", answer{provider.Data{}, hidden}},
		"a secret, and no look":     {secret, nil, image, "", answer{own("/var/lib/docker"), hidden}},
		"no look, and nothing said": {nil, nil, image, "", answer{own("/var/lib/docker"), ""}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			was := daemonOf(c.was)
			spec, err := provider.Spec(was.Declared)
			if err != nil {
				t.Fatal(err)
			}
			actual := arguments{"image": cty.StringVal(c.image)}
			if flags, said := c.was["flags"]; said {
				actual["command"] = flags
			}
			item := provider.DiffItem{Declaration: daemonOf(c.is), Created: spec, Actual: cty.ObjectVal(actual)}
			if c.own != "" {
				item.Inside.Details = map[string]string{provider.DetailDataRoot: c.own}
			}
			resp, err := docker.New(nil).Diff(t.Context(), provider.DiffRequest{Items: []provider.DiffItem{item}})
			if err != nil {
				t.Fatal(err)
			}
			if got := (answer{resp.Differences[0].Data, resp.Differences[0].Hides}); got != c.want {
				t.Errorf("it is %+v, want %+v", got, c.want)
			}
		})
	}
}
