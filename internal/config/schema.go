package config

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// MountType is the type of one element of the attribute "mount" in the declared
// value of whatever runs. Source is what is sent to the engine; Written what
// stands in the file; Volume the volume that is meant, null where none is.
func MountType() cty.Type {
	return cty.Object(map[string]cty.Type{
		"type":          cty.String,
		"source":        cty.String,
		"volume":        provider.RefType(),
		"written":       cty.String,
		"target":        cty.String,
		"read_only":     cty.Bool,
		"subpath":       cty.String,
		"propagation":   cty.String,
		"create_source": cty.Bool,
		"resolve":       cty.String,
		"implied":       cty.Bool,
	})
}

// NounBody is everything that a block of the kind may hold: the core's own
// arguments, then those that the provider adds.
func NounBody(kind provider.Kind, schema provider.Schema) provider.Body {
	core, added := CoreBody(kind), schema.Nouns[kind]
	core.Attributes = append(core.Attributes, added.Attributes...)
	core.Blocks = append(core.Blocks, added.Blocks...)
	return core
}

// CoreBody is what the language itself gives to a noun: what rule and graph
// read. A provider never redefines it.
func CoreBody(kind provider.Kind) provider.Body {
	body := provider.Body{Attributes: everyNoun(kind)}
	if kind.Runs() {
		running := runningBody()
		body.Attributes = append(body.Attributes, running.Attributes...)
		body.Blocks = append(body.Blocks, running.Blocks...)
	} else {
		body.Attributes = append(body.Attributes, provider.Attribute{
			Name: "external", Type: cty.Bool, Effect: provider.Replace, Default: "false",
			Doc: "Use what exists under this name and never write to it.",
		})
	}
	own := kindBody(kind)
	body.Attributes = append(body.Attributes, own.Attributes...)
	body.Blocks = append(body.Blocks, own.Blocks...)
	return body
}

func everyNoun(kind provider.Kind) []provider.Attribute {
	return []provider.Attribute{
		{
			Name: "name", Type: cty.String, Effect: provider.Replace, Default: "the project's name, a dash and the label",
			Doc: "The object's name on its engine.", Form: nameForm(kind),
		},
		{
			Name: "inside", Type: provider.RefType(), Refs: []provider.Kind{provider.Daemon}, Effect: provider.Replace,
			Default: "the root engine", Doc: "The daemon that the object lives in.",
		},
		{
			Name: dependsOn, Type: cty.List(provider.RefType()), Refs: provider.Kinds(), Effect: provider.Live,
			Doc: "What has to be there before, where no argument says so.",
		},
	}
}

// dependsOn is read for its references alone and is no part of declared values.
const dependsOn = "depends_on"

func runningBody() provider.Body {
	return provider.Body{
		Attributes: []provider.Attribute{
			{
				Name: "image", Type: cty.DynamicPseudoType, Refs: []provider.Kind{provider.Image}, Effect: provider.Replace,
				Doc: "The image: its reference as a string, or an image block.", Form: imageForm(),
			},
			{
				Name: "networks", Type: cty.List(provider.RefType()), Refs: []provider.Kind{provider.Network}, Effect: provider.Live,
				Default: "the project's own network; for a job, and for what is inside a daemon, the default bridge",
				Doc:     "The networks to join. It is created in the first of them; leaving that one is a replacement.",
			},
			envFileAttribute(),
		},
		Blocks: []provider.Block{{Name: "mount", Key: "target", Doc: "One mount.", Body: mountBody()}, attachBlock()},
	}
}

func mountBody() provider.Body {
	text := func(name, fallback, doc string) provider.Attribute {
		return provider.Attribute{Name: name, Type: cty.String, Effect: provider.Replace, Default: fallback, Doc: doc}
	}
	flag := func(name, doc string) provider.Attribute {
		return provider.Attribute{Name: name, Type: cty.Bool, Effect: provider.Replace, Default: "false", Doc: doc}
	}
	target := text("target", "", "The absolute path in the container.")
	target.Required = true
	subpath := text("subpath", "", "A directory of the volume to mount instead of its root.")
	subpath.MinAPI = "1.45"
	return provider.Body{Attributes: []provider.Attribute{
		text("type", "bind for a path, volume for a volume", "bind, volume or tmpfs."),
		{
			Name: "source", Type: cty.DynamicPseudoType, Refs: []provider.Kind{provider.Volume}, Effect: provider.Replace,
			Doc: "A path, relative to the directory of the configuration, or a volume block. Inside a daemon a path is absolute and the daemon resolves it.",
		},
		target,
		flag("read_only", "Refuse writes. Since API 1.44, and Linux 5.12, also to what the source has mounted below itself."),
		subpath,
		text("propagation", "the engine's", "The propagation of a bind: private, rprivate, shared, rshared, slave or rslave."),
		flag("create_source", "Let the engine make a missing directory."),
		text("resolve", "same", "Whose path the source is: same (the daemon's and the controller's), translate (the controller's; the daemon's is sent) or daemon (the daemon's alone)."),
	}}
}

func kindBody(kind provider.Kind) provider.Body {
	switch kind {
	case provider.Image:
		return imageBody()
	case provider.Daemon:
		return daemonBody()
	case provider.Controller:
		return controllerBody()
	case provider.Job:
		return jobBody()
	case provider.Network, provider.Volume, provider.Container, provider.Guard:
	}
	return provider.Body{}
}

func imageBody() provider.Body {
	return provider.Body{
		Attributes: []provider.Attribute{
			{Name: "from", Type: cty.String, Effect: provider.Replace, Form: imageForm(), Doc: "The image as it is, where nothing is built."},
			{Name: "pull", Type: cty.String, Effect: provider.Live, Form: provider.Form{Kind: provider.FormWord, Words: []string{"missing", "always", "never"}}, Default: "missing", Doc: "When to ask a registry: missing, always or never."},
		},
		Blocks: []provider.Block{{Name: "build", Single: true, Doc: "Builds the image: through BuildKit where the engine has it, else by its classic builder, or always by that with DOCKER_BUILDKIT=0 in the environment.", Body: provider.Body{Attributes: []provider.Attribute{
			{Name: "context", Type: cty.String, Effect: provider.Replace, Default: "none, with dockerfile_inline", Doc: "The directory to build from. What its .dockerignore shuts out is not sent, or DOCKERFILE.dockerignore where that is there. A link is followed; sockets, pipes and devices are never sent. Where the classic builder gets a Dockerfile that is none of the files, a .dockerignore that is sent has one more line there, the name of that Dockerfile."},
			{Name: "dockerfile", Type: cty.String, Effect: provider.Replace, Default: "Dockerfile", Doc: "The Dockerfile, relative to the context."},
			{Name: "dockerfile_inline", Type: cty.String, Effect: provider.Replace, Doc: "The text of the Dockerfile, instead of dockerfile."},
			{Name: "args", Type: cty.Map(cty.String), Effect: provider.Replace, Doc: "Values of the Dockerfile's ARGs. An image that refers to another one of the configuration, here or in any other way, is built anew whenever that one is."},
			{Name: "secrets", Type: cty.Map(cty.String), Effect: provider.Live, Sensitive: true, Default: "none", Doc: "Texts that RUN --mount=type=secret,id=NAME may read, by name. They are in no image, no cache and no record; another text is no reason to build. They need BuildKit."},
			{Name: "target", Type: cty.String, Effect: provider.Replace, Default: "the last stage", Doc: "The stage to build."},
			{Name: "platform", Type: cty.String, Effect: provider.Replace, Default: "the engine's", Doc: "The platform to build for, such as linux/arm64."},
			{Name: "labels", Type: cty.Map(cty.String), Effect: provider.Replace, Default: "the Dockerfile's", Doc: "Labels of the image, added to the Dockerfile's."},
			{Name: "network", Type: cty.String, Effect: provider.Replace, Default: "the engine's default bridge", Doc: "The network of its RUN steps: host, none, or the name of a network, which BuildKit cannot join: the classic builder builds then."},
			{Name: "no_cache", Type: cty.Bool, Effect: provider.Live, Default: "false", Doc: "Builds every step anew. It is no reason to build by itself. What -replace or replace_triggered_by ask for is built so in any case."},
			{Name: "cache_from", Type: cty.List(cty.String), Effect: provider.Live, Default: "none", Doc: "Images whose layers may be used, beside those of earlier builds."},
		}}}},
	}
}

func daemonBody() provider.Body {
	return provider.Body{Attributes: []provider.Attribute{
		{Name: "socket", Type: cty.String, Effect: provider.Replace, Doc: "The root engine itself, by its socket. Instead of image."},
		{Name: "endpoint", Type: cty.String, Effect: provider.Replace, Doc: "An engine that exists elsewhere, by its URL: tcp://HOST:PORT or ssh://USER@HOST. Instead of image. No record on the root engine names it: destroy what is there with the configuration at hand, not by -project alone."},
		{
			Name: "certificates", Type: cty.String, Effect: provider.Replace, Default: "none: no TLS",
			Doc: "Directory of this host with ca.pem, cert.pem and key.pem for an endpoint over tcp. Controllers get it, too.",
		},
		{Name: "tls", Type: cty.Bool, Effect: provider.Replace, Default: "true", Doc: "Serve TLS alone, with certificates made at the start."},
		{
			Name: "data", Type: provider.RefType(), Refs: []provider.Kind{provider.Volume}, Effect: provider.Replace,
			Default: "a volume of its own", Doc: "The volume that keeps what is inside the daemon. One volume serves one daemon.",
		},
		{Name: "alias", Type: cty.String, Effect: provider.Replace, Form: aliasForm(), Default: "docker", Doc: "The name under which controllers reach it."},
		{
			Name: "entry_mounts", Type: cty.List(cty.String), Effect: provider.Replace, Default: "what is known of the image",
			Doc: "Paths that the image's entrypoint mounts over at the start.",
		},
	}}
}

func controllerBody() provider.Body {
	return provider.Body{Attributes: []provider.Attribute{
		{
			Name: "daemon", Type: provider.RefType(), Required: true, Refs: []provider.Kind{provider.Daemon, provider.Guard},
			Effect: provider.Replace, Doc: "The daemon that it calls.",
		},
		{
			Name: "docker_cli", Type: cty.Bool, Effect: provider.Replace, Default: "false",
			Doc: "Bind the docker CLI of the engine's host, and its /etc/docker, into the controller, for an image without one.",
		},
		{
			Name: "nested_paths", Type: cty.List(cty.String), Effect: provider.Live,
			Doc: "Paths of the controller that its own pipelines mount. Each is checked as a job's mount is.",
		},
	}}
}

func jobBody() provider.Body {
	return provider.Body{Attributes: []provider.Attribute{
		{
			Name: "controller", Type: provider.RefType(), Refs: []provider.Kind{provider.Controller}, Effect: provider.Replace,
			Doc: "The controller whose daemon runs the job. Instead of inside.",
		},
		{Name: "triggers", Type: cty.Map(cty.String), Effect: provider.Replace, Doc: "The job runs again when one of these changes."},
		{Name: "timeout", Type: cty.String, Effect: provider.Live, Default: "none", Doc: "How long it may take, such as 10m."},
		{Name: "retries", Type: cty.Number, Effect: provider.Live, Default: "0", Doc: "How often it is tried again."},
		{Name: "run", Type: cty.String, Effect: provider.Live, Default: "on_change", Doc: "on_change, or on_request: only when it is asked for."},
	}}
}
