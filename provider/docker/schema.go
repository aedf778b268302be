package docker

import (
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// Schema is what this provider adds to the nouns. It is made from the table of
// attributes that the comparison uses too.
func Schema() provider.Schema {
	running := body(containerRows(), containerBlocks())
	client := body(append(containerRows(), clientRows()...), containerBlocks())
	job := body(append(containerRows(), clientRows()...), slices.DeleteFunc(containerBlocks(), func(b provider.Block) bool {
		return b.Name == "ready" // it is done when it has ended
	}))
	daemon := body(append(containerRows(), daemonRows()...), containerBlocks())
	return provider.Schema{Nouns: map[provider.Kind]provider.Body{
		provider.Image:      {},
		provider.Network:    body(networkRows(), []provider.Block{ipamBlock()}),
		provider.Volume:     body(volumeRows(), nil),
		provider.Container:  running,
		provider.Daemon:     daemon,
		provider.Controller: client,
		provider.Job:        job,
		provider.Guard:      running,
	}}
}

func body(rows []row, blocks []provider.Block) provider.Body {
	b := provider.Body{Blocks: blocks}
	for _, r := range rows {
		switch {
		case r.core:
		case r.block != "":
			i := slices.IndexFunc(blocks, func(block provider.Block) bool { return block.Name == r.block })
			b.Blocks[i].Body.Attributes = append(b.Blocks[i].Body.Attributes, r.attribute())
		default:
			b.Attributes = append(b.Attributes, r.attribute())
		}
	}
	return b
}

func containerBlocks() []provider.Block {
	list := cty.List(cty.String)
	ready := func(name string, t cty.Type, form provider.Form, doc string) provider.Attribute {
		return provider.Attribute{Name: name, Type: t, Effect: provider.Live, Form: form, Doc: doc}
	}
	return []provider.Block{
		portsBlock(),
		healthBlock(),
		devicesBlock(),
		gpusBlock(),
		{Name: "logging", Single: true, Doc: "Where the log goes."},
		blkioBlock(),
		{Name: "ready", Single: true, Doc: "What has to hold before others may rely on it, all of it in the present run of the container. Every apply waits for that, whether it starts the container or not; a plan only says so.", Body: provider.Body{Attributes: []provider.Attribute{
			ready("timeout", cty.String, duration(), "How long it may take; 2m where it is left out."),
			ready("log", cty.String, provider.Form{Kind: provider.FormRegexp}, "A regular expression that a line of its log since its start has to match. Where the log was seen to have lost its beginning, that counts as met, which apply says."),
			ready("port", cty.Number, whole(1, ports), "A port of the container on which something has to listen in it. With network_mode = \"host\" it is any program of the host that may listen there."),
			ready("exec", list, provider.Form{}, "A command that has to succeed in the container. What it wrote last stands in the error."),
			ready("healthy", cty.Bool, provider.Form{}, "Its health check has to report healthy; without one that is an error."),
		}, Blocks: []provider.Block{
			{Name: "http", Single: true, Doc: "A request over HTTP that the container has to answer.", Body: provider.Body{Attributes: []provider.Attribute{
				readyDefaulted(ready("port", cty.Number, whole(1, ports), "The container's port."), "80"),
				readyDefaulted(ready("path", cty.String, provider.Form{}, "The path that is asked for."), "/"),
				readyDefaulted(ready("status", cty.Number, whole(100, maxStatus), "The status of a good answer."), "200 to 399"),
			}}},
		}}},
		fileBlock(),
	}
}

// readyDefaulted adds what holds where an argument is left out.
func readyDefaulted(a provider.Attribute, fallback string) provider.Attribute {
	a.Default = fallback
	return a
}
