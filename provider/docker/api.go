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
