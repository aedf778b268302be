package docker

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// row is one attribute: what it is called, how a change of it is made, where its
// value comes from when it is not declared. Schema, comparison and reference
// derive from it; how it is read and brought into one form is in view.go.
type row struct {
	name      string
	typ       cty.Type
	effect    provider.Effect
	layer     string // whose default holds where it is not declared: "image", "engine"
	always    bool   // managed although not declared, because the engine changes it live
	recorded  bool   // compared with the record alone: the object does not show it
	ignored   bool   // shapes how an object is made or waited for, not the object
	core      bool   // the core declares it; the provider compares it
	subset    bool   // only the keys that are or were declared count
	sensitive bool
	minAPI    string
	fallback  string // Default, in words
	doc       string
}

func (r row) attribute() provider.Attribute {
	effect := r.effect
	if r.ignored {
		effect = provider.Live
	}
	return provider.Attribute{
		Name: r.name, Type: r.typ, Effect: effect, Sensitive: r.sensitive, MinAPI: r.minAPI, Default: r.fallback, Doc: r.doc,
	}
}

const (
	layerImage  = "image"
	layerEngine = "engine"
)

// containerRows are the arguments of everything that runs.
func containerRows() []row {
	text, list, mapping := cty.String, cty.List(cty.String), cty.Map(cty.String)
	replace, live := provider.Replace, provider.Live
	return []row{
		{name: "command", typ: list, effect: replace, layer: layerImage, fallback: "the image's", doc: "The command, or the arguments of the entrypoint."},
		{name: "entrypoint", typ: list, effect: replace, layer: layerImage, fallback: "the image's", doc: "What the command is given to; [] is none."},
		{name: "environment", typ: mapping, effect: replace, layer: layerImage, subset: true, fallback: "the image's", doc: "Environment variables; added to the image's."},
		{name: "user", typ: text, effect: replace, layer: layerImage, fallback: "the image's", doc: "User, or user:group, by name or number."},
		{name: "working_dir", typ: text, effect: replace, layer: layerImage, fallback: "the image's", doc: "Directory that the command starts in."},
		{name: "hostname", typ: text, effect: replace, layer: layerEngine, fallback: "the first 12 characters of its id", doc: "The container's host name."},
		{name: "restart", typ: text, effect: live, layer: layerEngine, always: true, fallback: "unless-stopped; no for a job", doc: "no, always, unless-stopped, on-failure or on-failure:N."},
		{name: "stop_signal", typ: text, effect: replace, layer: layerImage, fallback: "the image's, else SIGTERM", doc: "Signal that asks the process to end."},
		{name: "stop_grace_period", typ: text, effect: replace, layer: layerEngine, fallback: "10s", doc: "Time between that signal and the end by force."},
		{name: "runtime", typ: text, effect: replace, layer: layerEngine, fallback: "the engine's", doc: "OCI runtime."},
		{name: "shm_size", typ: text, effect: replace, layer: layerEngine, fallback: "64m", doc: "Size of /dev/shm."},
		{name: "mem_limit", typ: text, effect: live, layer: layerEngine, always: true, fallback: "no limit", doc: "Memory limit, such as 512m. Removing it replaces the container."},
		{name: "ipc", typ: text, effect: replace, layer: layerEngine, fallback: "the engine's, usually private", doc: "IPC namespace: private, shareable, host, none."},
		{name: "pid", typ: text, effect: replace, layer: layerEngine, fallback: "its own", doc: "PID namespace: host or its own."},
		{name: "platform", typ: text, effect: replace, recorded: true, fallback: "the engine's", doc: "Platform of the image, such as linux/arm64."},
		{name: "group_add", typ: list, effect: replace, layer: layerEngine, fallback: "none", doc: "Further groups of the process."},
		{name: "cap_add", typ: list, effect: replace, layer: layerEngine, fallback: "none", doc: "Capabilities to add, such as NET_ADMIN."},
		{name: "cap_drop", typ: list, effect: replace, layer: layerEngine, fallback: "none", doc: "Capabilities to take away, such as ALL."},
		{name: "dns", typ: list, effect: replace, layer: layerEngine, fallback: "the engine's", doc: "Name servers."},
		{name: "tmpfs", typ: list, effect: replace, layer: layerEngine, fallback: "none", doc: "Directories in memory: /path or /path:options."},
		{name: "security_opt", typ: list, effect: replace, layer: layerEngine, fallback: "none", doc: "Options of the security modules."},
		{name: "init", typ: cty.Bool, effect: replace, layer: layerEngine, fallback: "the engine's, usually false", doc: "Runs an init process that passes signals on and reaps children."},
		{name: "tty", typ: cty.Bool, effect: replace, layer: layerEngine, fallback: "false", doc: "Gives the process a terminal."},
		{name: "privileged", typ: cty.Bool, effect: replace, layer: layerEngine, fallback: "false; true for a daemon", doc: "Takes all confinement away."},
		{name: "read_only", typ: cty.Bool, effect: replace, layer: layerEngine, fallback: "false", doc: "Makes the container's own root read-only."},
		{name: "cpus", typ: cty.Number, effect: live, layer: layerEngine, always: true, fallback: "no limit", doc: "CPU limit, such as 1.5. Removing it replaces the container."},
		{name: "pids_limit", typ: cty.Number, effect: live, layer: layerEngine, always: true, fallback: "no limit", doc: "How many processes it may have."},
		{name: "extra_hosts", typ: mapping, effect: replace, layer: layerEngine, fallback: "none", doc: "Lines of /etc/hosts: name to address."},
		{name: "sysctls", typ: mapping, effect: replace, layer: layerEngine, fallback: "none", doc: "Kernel parameters of its namespaces."},
		{name: "labels", typ: mapping, effect: replace, layer: layerImage, subset: true, fallback: "the image's", doc: "Labels; added to the image's."},

		{name: "ports", effect: replace, layer: layerEngine, core: true},
		{name: "healthcheck", effect: replace, layer: layerImage, core: true},
		{name: "ready", ignored: true, core: true},
		{name: "networks", effect: live, always: true, core: true},
		{name: "mount", effect: replace, core: true},
		{name: "image", effect: replace, core: true},
		{name: "triggers", effect: replace, recorded: true, core: true},
	}
}

// daemonRows are what a daemon takes beyond a container's arguments. They end up
// in its daemon.json or its command line, which the object does not show.
func daemonRows() []row {
	list := cty.List(cty.String)
	replace := provider.Replace
	return []row{
		{name: "config", typ: cty.DynamicPseudoType, effect: replace, recorded: true, fallback: "none", doc: "daemon.json, as an object."},
		{name: "registry_mirrors", typ: list, effect: replace, recorded: true, fallback: "none", doc: "Mirrors of the public registry."},
		{name: "insecure_registries", typ: list, effect: replace, recorded: true, fallback: "none", doc: "Registries without (valid) TLS."},
		{name: "flags", typ: list, effect: replace, recorded: true, fallback: "none", doc: "dockerd's flags, for what daemon.json cannot say."},
		{name: "storage_driver", typ: cty.String, effect: replace, recorded: true, fallback: "the daemon's own choice", doc: "Storage driver."},
		{name: "mtu", typ: cty.Number, effect: replace, recorded: true, fallback: "the daemon's own choice", doc: "MTU of the networks inside."},
		{name: "alias", effect: replace, recorded: true, core: true},
	}
}

func networkRows() []row {
	mapping := cty.Map(cty.String)
	replace := provider.Replace
	return []row{
		{name: "driver", typ: cty.String, effect: replace, layer: layerEngine, fallback: "bridge", doc: "Network driver."},
		{name: "internal", typ: cty.Bool, effect: replace, layer: layerEngine, fallback: "false", doc: "No way out of it."},
		{name: "attachable", typ: cty.Bool, effect: replace, layer: layerEngine, fallback: "false", doc: "Swarm: containers may join by hand."},
		{name: "options", typ: mapping, effect: replace, layer: layerEngine, subset: true, fallback: "the engine's", doc: "Options of the driver."},
		{name: "labels", typ: mapping, effect: replace, layer: layerEngine, subset: true, fallback: "none", doc: "Labels."},
	}
}

func volumeRows() []row {
	mapping := cty.Map(cty.String)
	replace := provider.Replace
	return []row{
		{name: "driver", typ: cty.String, effect: replace, layer: layerEngine, fallback: "local", doc: "Volume driver."},
		{name: "options", typ: mapping, effect: replace, layer: layerEngine, subset: true, fallback: "none", doc: "Options of the driver."},
		{name: "labels", typ: mapping, effect: replace, layer: layerEngine, subset: true, fallback: "none", doc: "Labels."},
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
	case provider.Container, provider.Controller, provider.Job, provider.Guard:
		return containerRows()
	}
	return nil
}
