package docker

import (
	"slices"
	"sync"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// containerRows are the arguments of everything that runs, under the names of
// the Compose Specification.
func containerRows() []row { return slices.Clip(containerTable()) }

//nolint:gochecknoglobals // the table, made once because every comparison walks it; it never changes
var containerTable = sync.OnceValue(func() []row {
	return slices.Concat(processRows(), cpuRows(), memoryRows(), securityRows(), networkingRows(), deviceRows(), []row{
		{name: "ready", ignored: true, core: true},
		{name: "networks", effect: provider.Live, always: true, core: true},
		{name: "file", effect: provider.Replace, core: true},
		{name: "mount", effect: provider.Replace, core: true},
		{name: "image", effect: provider.Replace, core: true},
		{name: "triggers", effect: provider.Replace, recorded: true, core: true},
	})
})

// endpointRows are the options of one endpoint, in the order in which they are compared.
func endpointRows() []row {
	live := provider.Live
	return []row{
		{name: "aliases", effect: live},
		{name: "ipv4", effect: live},
		{name: "ipv6", effect: live},
		{name: "priority", effect: live},
		{name: "sysctls", effect: live},
		// No arguments: none is wanted.
		{name: "link_local_ips", effect: live},
		{name: "links", effect: live},
		{name: "driver_opts", effect: live},
		// Before API 1.54, engines take a hardware address at a container's creation alone,
		// and ignore that of an endpoint that is connected:
		// https://github.com/moby/moby/blob/master/api/docs/CHANGELOG.md#v154-api-changes
		// and https://github.com/moby/moby/issues/48192.
		{name: "mac", effect: provider.Replace, liveSince: apiConnectMAC},
	}
}

// daemonRows are what a daemon takes beyond a container's arguments. They end up
// in its daemon.json or its command line, which the object does not show.
func daemonRows() []row {
	list := cty.List(cty.String)
	replace := provider.Replace
	return []row{
		{name: "config", typ: cty.DynamicPseudoType, effect: replace, daemonJSON: true, fallback: "none", doc: "daemon.json, as an object."},
		{name: "registry_mirrors", typ: list, effect: replace, daemonJSON: true, form: like(`https?://[^\s/@?#]+/?`, "the URL of a registry without user and password, such as https://mirror.example.com"), fallback: "none", doc: "Mirrors of the public registry."},
		{name: "insecure_registries", typ: list, effect: replace, daemonJSON: true, form: like(`[^\s/]+(/[0-9]+)?`, "a registry, such as registry.example.com:5000, or addresses by prefix"), fallback: "none", doc: "Registries without (valid) TLS."},
		{name: "flags", typ: list, effect: replace, recorded: true, fallback: "none", doc: "dockerd's flags, for what daemon.json cannot say."},
		{name: "storage_driver", typ: cty.String, effect: replace, daemonJSON: true, fallback: "the daemon's own choice", doc: "Storage driver."},
		{name: "mtu", typ: cty.Number, effect: replace, daemonJSON: true, form: whole(minMTU, maxMTU), fallback: "that of the network around it, as it is at the creation", doc: "MTU of the networks inside."},
		{
			name: "address_pools", typ: cty.List(cty.Object(map[string]cty.Type{"base": cty.String, "size": cty.Number})), effect: replace, daemonJSON: true,
			fallback: "one that no network around it overlaps, chosen at the creation", doc: "Where the networks inside get their addresses: objects with base, such as 10.50.0.0/16, and size, such as 24.",
		},
		{name: "alias", effect: replace, recorded: true, core: true},
	}
}

// clientRows are what a client of registries takes beyond a container's
// arguments. The file that they end up in is read and written as it stands.
func clientRows() []row {
	return []row{{
		name: registryAuth, typ: cty.Map(cty.Object(map[string]cty.Type{"username": cty.String, "password": cty.String})),
		effect: provider.Live, sensitive: true, fallback: "none",
		doc: "Credentials by registry, such as { \"registry.example.com\" = { username = ..., password = ... } }. A file in the container holds them, found by DOCKER_CONFIG; dindctl pulls with them on its daemon. Where none are declared, the root engine pulls with your own `docker login`; other daemons never do.",
	}}
}

func networkRows() []row {
	mapping := cty.Map(cty.String)
	replace := provider.Replace
	return []row{
		{name: "driver", typ: cty.String, effect: replace, layer: layerEngine, fallback: "bridge", doc: "Network driver."},
		{name: "internal", typ: cty.Bool, effect: replace, layer: layerEngine, fallback: "false", doc: "No way out of it."},
		{name: "attachable", typ: cty.Bool, effect: replace, layer: layerEngine, fallback: "false", doc: "Swarm: containers may join by hand."},
		{name: "enable_ipv4", typ: cty.Bool, effect: replace, layer: layerEngine, minAPI: ipv4Switch, fallback: "true", doc: "Gives its members IPv4 addresses."},
		{name: "enable_ipv6", typ: cty.Bool, effect: replace, layer: layerEngine, fallback: "false", doc: "Gives its members IPv6 addresses. Older engines need a subnet for them in ipam."},
		{name: "ipam", effect: replace, layer: layerEngine, core: true},
		{name: "options", typ: mapping, effect: replace, layer: layerEngine, subset: true, fallback: "the engine's", doc: "Options of the driver."},
		{name: "labels", typ: mapping, effect: replace, layer: layerEngine, subset: true, form: labelsForm(), fallback: "none", doc: "Labels."},
	}
}

func volumeRows() []row {
	mapping := cty.Map(cty.String)
	replace := provider.Replace
	return []row{
		{name: "driver", typ: cty.String, effect: replace, layer: layerEngine, fallback: "local", doc: "Volume driver."},
		{name: "options", typ: mapping, effect: replace, layer: layerEngine, subset: true, fallback: "none", doc: "Options of the driver."},
		{name: "labels", typ: mapping, effect: replace, layer: layerEngine, subset: true, form: labelsForm(), fallback: "none", doc: "Labels."},
	}
}

// imageRows are all of the core's; a built image is compared with its record.
func imageRows() []row {
	return []row{
		{name: "build", effect: provider.Replace, recorded: true, core: true},
		{name: "from", effect: provider.Replace, recorded: true, core: true},
	}
}

// rowsOf returns the rows of a noun.
func rowsOf(kind provider.Kind) []row {
	switch kind {
	case provider.Image:
		return imageRows()
	case provider.Network:
		return networkRows()
	case provider.Volume:
		return volumeRows()
	case provider.Daemon:
		return append(containerRows(), daemonRows()...)
	case provider.Controller, provider.Job:
		return append(containerRows(), clientRows()...)
	case provider.Container, provider.Guard:
		return containerRows()
	}
	return nil
}
