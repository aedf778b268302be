package provider_test

import (
	"strings"
	"testing"

	"github.com/dindctl/dindctl/provider"
)

// The name of an object that says none follows from its address: modules, keys and
// parts stand in it, what cannot stand in a name does not.
func TestDefaultNames(t *testing.T) {
	t.Parallel()
	rows := []struct {
		address string
		kind    provider.Kind
		want    string
	}{
		{"container.web", provider.Container, "p-web"},
		{"network.default", provider.Network, "p-default"},
		{"daemon.dind.data", provider.Volume, "p-dind-data"},
		{`daemon.dind["a"].certs`, provider.Volume, "p-dind-a-certs"},
		{"job.j[0]", provider.Job, "p-j-0"},
		{`module.edge["é b"].module.in.volume.volume["x.y"]`, provider.Volume, "p-edge-b-in-volume-x.y"},
		{`volume.v["]\".["]`, provider.Volume, "p-v-key"},
		{"image.Big", provider.Image, "p-big"},
		{"module.module.container.module", provider.Container, "p-module-module"},
		{"", provider.Container, "p"},
		{"volume.", provider.Volume, "p"},
		{`volume.v["`, provider.Volume, "p-v"},
	}
	for _, row := range rows {
		if got := provider.DefaultName("p", row.address, row.kind); got != row.want {
			t.Errorf("%s: %q, want %q", row.address, got, row.want)
		}
	}
}

// Whether an object is ours follows from its record, its name, what it was made
// from and where it is, and from nothing else.
func TestStanding(t *testing.T) {
	t.Parallel()
	container := provider.Ownership{
		Project: "p", Address: "controller.c", Kind: provider.Controller, Origin: "o", Spec: []byte("{}"), Run: "1", Schema: 2, Name: "p-c",
	}
	volume := provider.Ownership{
		Project: "p", Address: "volume.v", Kind: provider.Volume, Origin: "o", Spec: []byte("{}"), Run: "2", Schema: 2, Name: "p-v", Place: "daemon.d",
	}
	engine := container
	engine.Address, engine.Kind, engine.Name = "daemon.e", provider.Daemon, "p-e"
	old := container
	old.Schema, old.Name = 1, ""
	image := container
	image.Address, image.Kind, image.Place = "image.i", provider.Image, "daemon.gone"
	with := func(o provider.Ownership, change func(*provider.Ownership)) provider.Ownership {
		change(&o)
		return o
	}
	seen := provider.Seen{Kind: provider.Container, Name: "p-c"}
	seenEngine := provider.Seen{Kind: provider.Container, Name: "p-e"}
	seenVolume := provider.Seen{Kind: provider.Volume, Name: "p-v"}
	configured := map[string]string{"controller.c": "", "volume.v": "daemon.d", "daemon.e": provider.NoPlace}
	root := provider.Whereabouts{Addresses: configured, Configured: true}
	inside := provider.Whereabouts{Place: "daemon.d", Addresses: configured, Configured: true, Daemons: map[string]bool{"daemon.d": true}}
	bare := provider.Whereabouts{Place: "daemon.d", Aliases: []string{"daemon.was"}, Daemons: map[string]bool{"daemon.d": true, "daemon.e": true}}
	rows := []struct {
		what   string
		record provider.Ownership
		seen   provider.Seen
		at     provider.Whereabouts
		want   provider.Standing
		why    string
	}{
		{"where the configuration has it", container, seen, root, provider.Own, ""},
		{"under another name", container, provider.Seen{Kind: provider.Container, Name: "x"}, root, provider.Own, ""},
		{"a copy from an image of it", container, provider.Seen{Kind: provider.Container, Name: "p-c", From: container}, root, provider.Foreign, "it was made from a copy of controller.c, and inherited its labels"},
		{"from an image of an earlier run", container, provider.Seen{Kind: provider.Container, Name: "p-c", From: with(container, func(o *provider.Ownership) { o.Run = "0" })}, root, provider.Own, ""},
		{"from an image that is gone", container, provider.Seen{Kind: provider.Container, Name: "p-c", FromUnknown: true}, root, provider.Own, ""},
		{"from an image that is gone, under another name", container, provider.Seen{Kind: provider.Container, Name: "x", FromUnknown: true}, root, provider.Foreign, `its record is that of "p-c", and what it was made from is gone: it may be a copy`},
		{"from an image that is gone, renamed", container, provider.Seen{Kind: provider.Container, Name: "x", FromUnknown: true, Renamed: "x"}, root, provider.Own, ""},
		{"inside, while the configuration has it outside", container, seen, inside, provider.Foreign, "controller.c is on the root engine"},
		{"its record is of the inside, the configuration is not", with(container, func(o *provider.Ownership) { o.Place = "daemon.d" }), seen, inside, provider.Stray, "controller.c is on the root engine now"},
		{"of version 1, inside, while it is wanted outside", old, seen, inside, provider.Stray, "controller.c is on the root engine now"},
		{"of version 1", old, seen, root, provider.Own, ""},
		{"whatever place it records, where the configuration has it", with(container, func(o *provider.Ownership) { o.Place = "daemon.x" }), seen, root, provider.Own, ""},
		{"of an engine that is not made here, elsewhere", with(engine, func(o *provider.Ownership) { o.Place = "daemon.d" }), seenEngine, inside, provider.Stray, "daemon.e is an engine that dindctl does not make now"},
		{"of an engine that is not made here, copied", engine, seenEngine, inside, provider.Foreign, "daemon.e is an engine that dindctl does not make"},
		{"a volume where it is", volume, seenVolume, inside, provider.Own, ""},
		{"a volume under another name", volume, provider.Seen{Kind: provider.Volume, Name: "a"}, inside, provider.Foreign, `its record is that of "p-v": the labels were copied`},
		{"a volume outside", volume, seenVolume, root, provider.Foreign, "volume.v is inside daemon.d"},
		{"an orphan in its place", volume, seenVolume, bare, provider.Own, ""},
		{"an orphan in its place, which was moved", with(volume, func(o *provider.Ownership) { o.Place = "daemon.was" }), seenVolume, bare, provider.Own, ""},
		{"an orphan of another daemon", with(volume, func(o *provider.Ownership) { o.Place = "daemon.e" }), seenVolume, bare, provider.Foreign, "its record says that it was made inside daemon.e"},
		{"an orphan of a daemon that is nowhere", with(volume, func(o *provider.Ownership) { o.Place = "daemon.gone" }), seenVolume, bare, provider.Own, ""},
		{"an orphan of the root engine, inside", with(volume, func(o *provider.Ownership) { o.Place = "" }), seenVolume, bare, provider.Foreign, "its record says that it was made on the root engine"},
		{"found further out already", volume, seenVolume, provider.Whereabouts{Place: "daemon.d", Addresses: map[string]string{"volume.v": ""}}, provider.Foreign, "volume.v is on the root engine"},
		{"an image anywhere", image, provider.Seen{Kind: provider.Image, Name: "whatever"}, root, provider.Own, ""},
		{"a network that says it is a volume", volume, provider.Seen{Kind: provider.Network, Name: "p-v"}, inside, provider.Foreign, "its record is that of a volume at volume.v"},
		{"a container at a volume's address", with(container, func(o *provider.Ownership) { o.Address = "volume.v" }), seen, inside, provider.Foreign, "its record is that of a controller at volume.v"},
		{"a container that says it is a container at a daemon's address", with(container, func(o *provider.Ownership) { o.Address = "daemon.d" }), seen, bare, provider.Foreign, "its record is that of a controller at daemon.d"},
		{"a container that says it is the root engine", with(container, func(o *provider.Ownership) {
			o.Address, o.Kind, o.Place = "daemon.root", provider.Daemon, "daemon.d"
		}), seen, bare, provider.Foreign, "daemon.root is the engine itself, and no object"},
		{"an address that is only typed like another", with(container, func(o *provider.Ownership) { o.Address = `controller."c"` }), seen, bare, provider.Foreign, `"controller.\"c\"" is no address that a configuration can have`},
		{"an address with a key that is no text and no number", with(container, func(o *provider.Ownership) { o.Address = "controller.c[a]" }), seen, bare, provider.Foreign, `"controller.c[a]" is no address that a configuration can have`},
		{"an address with keys", with(container, func(o *provider.Ownership) {
			o.Address, o.Place = `module.m["a.b]\"c"].controller.späti-1[0]`, "daemon.d"
		}), seen, bare, provider.Own, ""},
		{"of a later version", with(container, func(o *provider.Ownership) { o.Schema, o.Run = 3, "" }), seen, root, provider.Own, ""},
		{"of a later version, elsewhere", with(container, func(o *provider.Ownership) { o.Schema = 3 }), seen, inside, provider.Foreign, "controller.c is on the root engine"},
		{"an image of a later version", with(image, func(o *provider.Ownership) { o.Schema = 3 }), provider.Seen{Kind: provider.Image}, root, provider.Foreign, "a later version of dindctl made it"},
		{"without a spec", with(container, func(o *provider.Ownership) { o.Spec = nil }), seen, root, provider.Foreign, "its record lacks what was declared"},
		{"a helper without a spec", with(container, func(o *provider.Ownership) {
			o.Spec, o.Address, o.Kind = nil, "controller.c.helper", provider.Container
		}), seen, provider.Whereabouts{}, provider.Own, ""},
	}
	for _, row := range rows {
		got, why := row.record.Standing(row.seen, row.at)
		if got != row.want || why != row.why {
			t.Errorf("%s: %s (%s), want %s (%s)", row.what, got, why, row.want, row.why)
		}
	}
}

// Of a digest people see the first 12 digits, whichever way it was made; a name stays whole.
func TestShortID(t *testing.T) {
	t.Parallel()
	digest := strings.Repeat("44cdc19ab0dd84f2", 4)
	for id, want := range map[string]string{
		digest: "44cdc19ab0dd", "sha256:" + digest: "44cdc19ab0dd", "sha512:" + digest + digest: "44cdc19ab0dd",
		"p-a-volume-with-a-long-name": "p-a-volume-with-a-long-name", "44cdc19ab0dd84f2": "44cdc19ab0dd84f2", "": "", "sha256:1111": "1111", "a:b": "a:b",
	} {
		if got := provider.ShortID(id); got != want {
			t.Errorf("%q is shown as %q, want %q", id, got, want)
		}
	}
}
