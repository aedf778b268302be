package providertest

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// restartAlways is the restart policy of what keeps running.
const restartAlways = "unless-stopped"

// MemorySchema is what [Memory] adds to the nouns: a subset of what an engine knows,
// under the same names.
func MemorySchema() provider.Schema {
	running := provider.Body{Attributes: runningAttributes(), Blocks: runningBlocks()}
	daemon := provider.Body{
		Attributes: append(runningAttributes(),
			replaced("config", cty.DynamicPseudoType, "The daemon's configuration."),
			replaced("flags", cty.List(cty.String), "The daemon's flags."),
			replaced("storage_driver", cty.String, "The daemon's storage driver."),
			replaced("mtu", cty.Number, "The daemon's MTU."),
		),
		Blocks: runningBlocks(),
	}
	return provider.Schema{Nouns: map[provider.Kind]provider.Body{
		provider.Image: {},
		provider.Network: {Attributes: []provider.Attribute{
			replaced("driver", cty.String, "The network's driver."),
			replaced("internal", cty.Bool, "Whether nothing leads outside."),
			replaced("attachable", cty.Bool, "Whether anything may join."),
			replaced("options", cty.Map(cty.String), "Options of the driver."),
			replaced("labels", cty.Map(cty.String), "Labels."),
		}},
		provider.Volume: {Attributes: []provider.Attribute{
			replaced("driver", cty.String, "The volume's driver."),
			replaced("options", cty.Map(cty.String), "Options of the driver."),
			replaced("labels", cty.Map(cty.String), "Labels."),
		}},
		provider.Container: running, provider.Daemon: daemon, provider.Controller: running,
		provider.Job: running, provider.Guard: running,
	}}
}

func replaced(name string, t cty.Type, doc string) provider.Attribute {
	return provider.Attribute{Name: name, Type: t, Effect: provider.Replace, Doc: doc}
}

// joining is an attribute that names another object, whose namespace is shared.
func joining(name, what string) provider.Attribute {
	a := replaced(name, cty.DynamicPseudoType, "The object whose "+what+" it shares.")
	a.Refs = []provider.Kind{provider.Container, provider.Daemon, provider.Controller, provider.Guard}
	return a
}

func live(name string, t cty.Type, byDefault, doc string) provider.Attribute {
	return provider.Attribute{Name: name, Type: t, Effect: provider.Live, Default: byDefault, Doc: doc}
}

func runningAttributes() []provider.Attribute {
	return []provider.Attribute{
		replaced("command", cty.List(cty.String), "The command; see Memory for those that do something."),
		replaced("entrypoint", cty.List(cty.String), "What comes before the command."),
		replaced("environment", cty.Map(cty.String), "Variables of the environment."),
		replaced("user", cty.String, "Who runs it."),
		replaced("working_dir", cty.String, "Where it runs."),
		replaced("hostname", cty.String, "Its host name."),
		live("restart", cty.String, restartAlways+"; no for a job", "What happens when it ends."),
		live("mem_limit", cty.String, "no limit", "The most memory that it may have."),
		live("cpus", cty.Number, "no limit", "The most processors that it may have."),
		live("pids_limit", cty.Number, "no limit", "The most processes that it may have."),
		replaced("init", cty.Bool, "Whether a small init comes first."),
		replaced("tty", cty.Bool, "Whether it has a terminal."),
		replaced("privileged", cty.Bool, "Whether it may do anything."),
		replaced("read_only", cty.Bool, "Whether its own files cannot be written."),
		replaced("labels", cty.Map(cty.String), "Labels."),
		replaced("extra_hosts", cty.Map(cty.String), "Names of other hosts."),
		replaced("group_add", cty.List(cty.String), "More groups."),
		joining("network_mode", "network"), joining("pid", "processes"), joining("ipc", "shared memory"),
	}
}

func runningBlocks() []provider.Block {
	return []provider.Block{
		{Name: "ports", Doc: "Publishes a port.", Body: provider.Body{Attributes: []provider.Attribute{
			replaced("target", cty.Number, "The object's port."),
			replaced("published", cty.Number, "The host's port."),
			replaced("protocol", cty.String, "tcp or udp."),
			replaced("host_ip", cty.String, "The host's address."),
		}}},
		{Name: "ready", Single: true, Doc: "What is waited for.", Body: provider.Body{Attributes: []provider.Attribute{
			live("timeout", cty.String, "2m", "How long."),
			live("log", cty.String, "", "A line of its log."),
			live("port", cty.Number, "", "A port that answers."),
			live("exec", cty.List(cty.String), "", "A command that succeeds."),
			live("healthy", cty.Bool, "", "A good health check."),
		}}},
	}
}
