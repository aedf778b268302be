package docker

import (
	"fmt"

	"github.com/docker/docker/api/types/versions"

	"github.com/dindctl/dindctl/provider"
)

// tooOld refuses what an engine of this API would not know: it ignores unknown
// fields without a word.
func tooOld(decl provider.Declaration, api string) error {
	path, needs := newest(Schema().Nouns[decl.Kind], valuesOf(decl.Declared), api, "")
	if path == "" {
		return nil
	}
	return &provider.Problem{
		Code: provider.Refused, Address: decl.Address, Path: path, Summary: "The engine is too old for this argument",
		Detail: fmt.Sprintf("%s needs API %s; this engine speaks %s and would ignore it. Upgrade the engine, or leave the argument out.", path, needs, api),
	}
}

// refuseStorage refuses options of the storage where images are kept in containerd:
// engines show them there, and do nothing with them. See createLayer in
// https://github.com/moby/moby/blob/v28.5.2/daemon/containerd/image_snapshot.go and
// https://github.com/moby/moby/pull/49906.
func refuseStorage(decl provider.Declaration, facts provider.Facts) error {
	if facts.Details[detailStore] != storeContainerd || len(valuesOf(decl.Declared).mapping("storage_opt")) == 0 {
		return nil
	}
	return &provider.Problem{
		Code: provider.Refused, Address: decl.Address, Path: "storage_opt", Summary: "The engine would accept it and not do it",
		Detail: unheededStorage(facts.Name),
	}
}

func unheededStorage(engine string) string {
	return "The engine " + engine + " keeps its images in containerd, and takes storage_opt without heeding it. Take it away, or have an engine that uses a storage driver of its own " +
		"(\"containerd-snapshotter\": false in its daemon.json)."
}

// newest finds a declared argument that needs a later API.
func newest(body provider.Body, d values, api, prefix string) (path, needs string) {
	for _, a := range body.Attributes {
		if a.MinAPI != "" && d.has(a.Name) && versions.LessThan(api, a.MinAPI) {
			return prefix + a.Name, a.MinAPI
		}
	}
	for _, block := range body.Blocks {
		given := d.blocks(block.Name)
		if one, ok := d.block(block.Name); ok && block.Single {
			given = []values{one}
		}
		for _, inner := range given {
			if path, needs := newest(block.Body, inner, api, prefix+block.Name+"."); path != "" {
				return path, needs
			}
		}
	}
	for i := range d.blocks("devices") {
		if source := d.blocks("devices")[i].text("source"); prefix == "" && source != "" && source[0] != '/' && versions.LessThan(api, "1.44") {
			return fmt.Sprintf("devices[%d].source", i), "1.44"
		}
	}
	return "", ""
}
