package reference

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

const opening = `
<!-- Made by "make docs" from the program's own tables; edit those, or the examples in docs/language. -->

# The language

A configuration is a file, or the ` + "`*.hcl` and `*.hcl.json`" + ` files of a directory, merged. The syntax is HCL, as in
Terraform: blocks, arguments, expressions. The order of blocks means nothing. Relative paths are relative to the
directory of the file or directory that was given.

The tables say for each argument what it takes, what holds without it, and what a change of it does: a *live* one
is made on the object as it stands, any other *replaces* the object. Where a table names an API, older engines do
not know the argument, and the plan says so.
`

const everyBlock = `
The arguments of this section stand in every block of an object; all but ` + "`lifecycle`" + ` also in a module block.
A block inside another can be made from a collection by ` + "`dynamic`" + `, as in Terraform.
`

const referenceText = `
The kind and label of a block name its object: ` + "`daemon.dind`, `container.worker[\"a\"]`, `module.ci.network`" + `. What refers to
an object waits until it is there and ready. All references have one type, so that conditionals, lists, maps and
for-expressions take them; a word that a kind of block does not have is an error.
` + "`stdout` and `stderr`" + ` of a job are its whole output, of at most 1 MiB each; of a longer one, or where the job's log
was rotated, there is no value, and whoever refers to it is stopped. Of some logs nothing tells whether they have all
of it: of one that is bounded to one file (` + "`max-size`" + ` without ` + "`max-file`" + `, or ` + "`max-file`" + ` 1), of one that has about as
much as its bounds allow, and of one that does not block (` + "`mode = \"non-blocking\"`" + `). Their output is a value only where
one run has heard the job from its start to its end and found all of it in the log; it records that in a volume
` + "`dindctl.whole.ID`" + `, which goes with the job. A log of two files or more needs no record while it is small.
`

const objects = `
A ` + "`container`" + ` keeps running; a ` + "`job`" + ` runs and ends. ` + "`daemon`, `controller` and `guard`" + ` are containers with a role and
take every argument of a container.
`

const composeOpening = `
Arguments of containers bear the names of the Compose Specification, with HCL's types: maps and blocks where
Compose splits strings. [Ten services](language/compose/docker-compose.yml) read [like this](language/compose/shop.hcl).
These arguments are said otherwise, or not at all:
`

// nouns introduce the kinds of objects.
func nouns() map[provider.Kind]string {
	return map[provider.Kind]string{
		provider.Image:      "An image that is built here, or one that several blocks share. Any engine may use it: dindctl carries it there.",
		provider.Network:    "A network.",
		provider.Volume:     "A volume. `destroy` keeps it unless `-volumes` is given.",
		provider.Container:  "A container that keeps running. It is started again after a reboot, unless `restart` says otherwise.",
		provider.Daemon:     "A Docker daemon that controllers use and that objects live inside of: a container that runs dockerd (`image`), the root engine (`socket`), or an engine elsewhere (`endpoint`). `daemon.root` is the root engine, without a block. It takes all arguments of a container, and:",
		provider.Controller: "A container whose processes call a daemon: a docker CLI, a CI server or runner. It gets to that daemon by itself: address and certificates, or the socket with its group. It takes all arguments of a container, and:",
		provider.Job:        "A container that runs and ends. It runs again when something about it changes, or when it failed. It takes all arguments of a container, and:",
		provider.Guard:      "A filter between a controller and a daemon. It takes all arguments of a container, and:",
	}
}

func text(name, fallback, doc string) provider.Attribute {
	return provider.Attribute{Name: name, Type: cty.String, Default: fallback, Doc: doc}
}

func flag(name, fallback, doc string) provider.Attribute {
	return provider.Attribute{Name: name, Type: cty.Bool, Default: fallback, Doc: doc}
}

func value(name, fallback, doc string) provider.Attribute {
	return provider.Attribute{Name: name, Type: cty.DynamicPseudoType, Default: fallback, Doc: doc}
}

func required(a provider.Attribute) provider.Attribute {
	a.Required = true
	return a
}

func rule(name, doc string) provider.Block {
	return provider.Block{Name: name, Doc: doc, Body: provider.Body{Attributes: []provider.Attribute{
		required(flag("condition", "", "What has to hold.")),
		required(text("error_message", "", "What is said where it does not.")),
	}}}
}

// around are the blocks that stand for no object. A test finds each of their
// arguments in the example of the section, which the loader accepts.
func around() []section {
	refs := provider.Kinds()
	return []section{
		{name: "project", text: "Names the project: everything that belongs to it bears the name. Without the block the name is that of the file or directory.", body: provider.Body{Attributes: []provider.Attribute{
			text("name", "the name of the file or directory", "Lower-case letters, digits and dashes; 40 at most."),
			text("required_version", "any", "Versions of dindctl that may be used, such as \">= 0.1\"."),
			text("context", "the current one", "The docker context that the project belongs to."),
		}}},
		{name: "variable", text: "An input. Its value comes from the default, `*.auto.hclvars`, `-var-file`, `DINDCTL_VAR_name` and `-var`; of several the later wins.", body: provider.Body{
			Attributes: []provider.Attribute{
				value("type", "any", "A type, as in Terraform: string, number, bool, list(...), map(...), object({...})."),
				value("default", "none: a value has to be given", "The value without another one."),
				text("description", "", "What it is for."),
				flag("sensitive", "false", "Keeps the value off every screen, log, plan file and label."),
				flag("nullable", "true", "Whether it may be null."),
			},
			Blocks: []provider.Block{rule("validation", "Refuses values.")},
		}},
		{name: "locals", text: "Names for expressions, used as `local.NAME`. Any name may stand in the block."},
		{name: "output", text: "A result that apply prints, and that `dindctl output` prints later.", body: provider.Body{Attributes: []provider.Attribute{
			required(value("value", "", "The result.")),
			text("description", "", "What it is."),
			flag("sensitive", "false", "Prints it only where it is asked for by name."),
			{Name: "depends_on", Type: cty.List(provider.RefType()), Refs: refs, Doc: "What has to be there before."},
		}}},
		{name: "check", text: "Says after plan and apply whether something holds. A check that does not is a warning.", body: provider.Body{
			Blocks: []provider.Block{rule("assert", "One condition.")},
		}},
		{name: "module", text: "A directory of configuration as one block. Its variables are arguments here, its outputs `module.LABEL.OUTPUT`.", body: provider.Body{Attributes: []provider.Attribute{
			required(text("source", "", "The directory, relative to this file, beginning with ./ or ../.")),
		}}},
		{name: "moved", text: "Says that an object has another address now, so that it is not made anew. It stays in the file until the object's next replacement.", body: provider.Body{Attributes: []provider.Attribute{
			required(value("from", "", "The address that it had, without quotes.")),
			required(value("to", "", "The address that it has.")),
		}}},
	}
}

func metaArguments() []section {
	refs := provider.Kinds()
	return []section{
		{name: "several objects", text: "`for_each` makes one object for each element, `count` a number of them, and `enabled` one or none. Only one of them can stand in a block.", body: provider.Body{Attributes: []provider.Attribute{
			value("for_each", "", "A map, or a set of texts. In the block, each.key and each.value are the element; the object is LABEL[\"KEY\"]."),
			{Name: "count", Type: cty.Number, Doc: "How many. In the block, count.index is the number, from 0; the object is LABEL[NUMBER]."},
			flag("enabled", "true", "Whether there is one at all. A reference to one that is not enabled is null."),
		}}},
		{name: "order and life", text: "Order follows from references; what is destroyed goes in the opposite order.", body: provider.Body{
			Attributes: []provider.Attribute{
				{Name: "depends_on", Type: cty.List(provider.RefType()), Refs: refs, Doc: "What has to be there before, where no argument says so."},
			},
			Blocks: []provider.Block{{Name: "lifecycle", Single: true, Doc: "What may become of the object.", Body: provider.Body{Attributes: []provider.Attribute{
				flag("prevent_destroy", "false", "Refuses every plan that would remove it."),
				value("ignore_changes", "none", "Arguments whose changes are left alone, without quotes, or parts of them as a plan names them: mount[\"/data\"].read_only, environment.LANG; all is every one. With name, an object keeps the name that it has; what an object goes on using that way is kept, too."),
				value("replace_triggered_by", "none", "Objects, or their arguments, whose change replaces this one too."),
			}}}},
		}},
	}
}

// composeNames are Compose's arguments of services that are no arguments here.
func composeNames() [][2]string {
	return [][2]string{
		{"attach, scale, deploy, profiles, develop", "`count`, `for_each` and `enabled`; dindctl follows nothing after apply. Limits are `cpus` and `mem_limit`."},
		{"build", "An `image` block with `build`, and `image = image.LABEL`."},
		{"configs, secrets", "`file` blocks; a sensitive variable keeps the content off every screen."},
		{"container_name", "`name`."},
		{"cpu_count, cpu_percent, isolation, credential_spec", "Windows containers alone have them; dindctl makes Linux containers."},
		{"depends_on with conditions", "A reference, or `depends_on`: it waits until the other is ready, as its own `ready` block says; for a job, until it is done."},
		{"extends, YAML anchors", "`locals`, `for_each` and modules."},
		{"kernel_memory", "Kernels and engines have dropped it."},
		{"links, external_links", "Names on a common network: the label of a block is always one."},
		{"network_mode: service:NAME", "`network_mode = container.NAME`; likewise `pid` and `ipc`."},
		{"post_start, pre_stop, provider, models", "Not a matter of the engine."},
		{"use_api_socket", "A `controller` block: it gets to its daemon by itself."},
		{"volume_driver", "`driver` of a `volume` block."},
		{"volumes", "`mount` blocks."},
	}
}
