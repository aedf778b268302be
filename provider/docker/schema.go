package docker

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// Schema is what this provider adds to the nouns. It is made from the table of
// attributes that the comparison uses too.
func Schema() provider.Schema {
	running := body(containerRows(), containerBlocks())
	daemon := body(append(containerRows(), daemonRows()...), containerBlocks())
	return provider.Schema{Nouns: map[provider.Kind]provider.Body{
		provider.Image:      {},
		provider.Network:    body(networkRows(), nil),
		provider.Volume:     body(volumeRows(), nil),
		provider.Container:  running,
		provider.Daemon:     daemon,
		provider.Controller: running,
		provider.Job:        running,
		provider.Guard:      running,
	}}
}

func body(rows []row, blocks []provider.Block) provider.Body {
	b := provider.Body{Blocks: blocks}
	for _, r := range rows {
		if !r.core {
			b.Attributes = append(b.Attributes, r.attribute())
		}
	}
	return b
}

func containerBlocks() []provider.Block {
	list := cty.List(cty.String)
	argument := func(name string, t cty.Type, doc string) provider.Attribute {
		return provider.Attribute{Name: name, Type: t, Effect: provider.Replace, Doc: doc}
	}
	ready := func(name string, t cty.Type, doc string) provider.Attribute {
		return provider.Attribute{Name: name, Type: t, Effect: provider.Live, Doc: doc}
	}
	target := argument("target", cty.Number, "The container's port.")
	target.Required = true
	return []provider.Block{
		{Name: "ports", Doc: "Publishes one port of the container on the engine's host.", Body: provider.Body{Attributes: []provider.Attribute{
			target,
			argument("published", cty.Number, "The host's port; the engine chooses a free one where it is left out."),
			argument("protocol", cty.String, "tcp (default), udp or sctp."),
			argument("host_ip", cty.String, "The host's address to listen on; all where it is left out."),
		}}},
		{Name: "healthcheck", Single: true, Doc: "How the engine checks that the container is healthy; what is left out comes from the image.", Body: provider.Body{Attributes: []provider.Attribute{
			argument("test", list, `["CMD", ...], ["CMD-SHELL", "..."] or ["NONE"].`),
			argument("interval", cty.String, "Time between two checks."),
			argument("timeout", cty.String, "Time that one check may take."),
			argument("start_period", cty.String, "Time in which failures do not count."),
			argument("retries", cty.Number, "Failures in a row that make it unhealthy."),
		}}},
		{Name: "ready", Single: true, Doc: "What has to hold before others may rely on it.", Body: provider.Body{Attributes: []provider.Attribute{
			ready("timeout", cty.String, "How long it may take; 2m where it is left out."),
			ready("log", cty.String, "A regular expression that a line of its log has to match."),
			ready("port", cty.Number, "A port of the container that has to accept connections, tried from inside."),
			ready("exec", list, "A command that has to succeed in the container."),
			ready("healthy", cty.Bool, "Its health check has to report healthy."),
		}}},
	}
}
