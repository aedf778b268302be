package docker

import (
	"github.com/docker/docker/api/types/container"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// processRows are what runs in a container, and how it begins and ends. What the
// image decides too is written by request.go and read by view.go.
func processRows() []row {
	text, list, mapping := cty.String, cty.List(cty.String), cty.Map(cty.String)
	replace, live := provider.Replace, provider.Live
	return []row{
		{name: "command", typ: list, effect: replace, layer: layerImage, fallback: "the image's", doc: "The command, or the arguments of the entrypoint."},
		{name: "entrypoint", typ: list, effect: replace, layer: layerImage, fallback: "the image's", doc: "What the command is given to; [] is none. Declaring it drops the image's command."},
		{name: "environment", typ: mapping, effect: replace, layer: layerImage, subset: true, form: provider.Form{Keys: `[^=\x00]+`, KeysSay: "the name of a variable, without ="}, fallback: "the image's", doc: "Environment variables; added to the image's."},
		{name: "user", typ: text, effect: replace, layer: layerImage, form: like(`[^:\s]*(:[^:\s]+)?`, "user or user:group, such as 1000:1000"), fallback: "the image's", doc: "User, or user:group, by name or number."},
		{name: "working_dir", typ: text, effect: replace, layer: layerImage, form: absolutePath(), fallback: "the image's", doc: "Directory that the command starts in."},
		{
			name: "restart", typ: text, effect: live, layer: layerOwn, always: true, fallback: "unless-stopped; no for a job",
			form: like(`no|always|unless-stopped|on-failure(:[0-9]+)?`, "no, always, unless-stopped, on-failure or on-failure:3"),
			doc:  "When the engine starts it again: no, always, unless-stopped, on-failure or on-failure:N.",
			live: func(to *container.UpdateConfig, want *container.HostConfig) { to.RestartPolicy = want.RestartPolicy },
		},
		{name: "stop_signal", typ: text, effect: replace, layer: layerImage, form: signalForm(), fallback: "the image's, else SIGTERM", doc: "Signal that asks the process to end."},
		{name: "stop_grace_period", typ: text, effect: replace, layer: layerEngine, form: duration(), fallback: "10s", doc: "Time between that signal and the end by force."},
		{
			name: "init", typ: cty.Bool, effect: replace, layer: layerEngine, fallback: "the engine's, usually false", doc: "Runs an init process that passes signals on and reaps children.",
			codec: codec{
				put: func(b *builder, name string) {
					if b.d.has(name) {
						init := b.d.flag(name, false)
						b.r.host.Init = &init
					}
				},
				read: func(s seen) cty.Value { return cty.BoolVal(s.h.Init != nil && *s.h.Init) },
			},
		},
		{
			name: "tty", typ: cty.Bool, effect: replace, layer: layerEngine, fallback: "false", doc: "Gives the process a terminal.",
			codec: flagAt(func(c *container.Config, _ *container.HostConfig) *bool { return &c.Tty }),
		},
		{
			name: "stdin_open", typ: cty.Bool, effect: replace, layer: layerEngine, fallback: "false", doc: "Keeps the process's standard input open.",
			codec: flagAt(func(c *container.Config, _ *container.HostConfig) *bool { return &c.OpenStdin }),
		},
		{name: "platform", typ: text, effect: replace, recorded: true, spell: platformText, form: like(`[a-z0-9]+(/[a-z0-9_]+(/[a-z0-9]+)?)?`, "a platform, such as linux/arm64"), fallback: "the engine's", doc: "Platform of the image, such as linux/arm64."},
		{name: "pull_policy", typ: text, ignored: true, form: word("missing", "always", "never"), fallback: "missing", doc: "When an image that is a string is asked of its registry. What is inside a daemon has the image carried from an engine around it that has one of that name, where always renews it first; where none has, the daemon pulls it itself, and the engines around it are left as they are."},
		{
			name: "runtime", typ: text, effect: replace, layer: layerEngine, fallback: "the engine's", doc: "OCI runtime.",
			codec: codec{
				put: func(b *builder, name string) { b.r.host.Runtime = b.d.text(name) },
				read: func(s seen) cty.Value {
					if s.h.Runtime != "" {
						return cty.StringVal(s.h.Runtime)
					}
					return cty.StringVal(s.facts.Details[detailRuntime])
				},
			},
		},
		{name: "labels", typ: mapping, effect: replace, layer: layerImage, subset: true, form: labelsForm(), fallback: "the image's", doc: "Labels; added to the image's."},
		{
			name: "annotations", typ: mapping, effect: replace, layer: layerEngine, minAPI: "1.43", fallback: "none", doc: "Annotations for the OCI runtime.",
			codec: mapAt(func(_ *container.Config, h *container.HostConfig) *map[string]string { return &h.Annotations }),
		},
	}
}
