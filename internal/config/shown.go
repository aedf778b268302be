package config

import (
	"fmt"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// checkShown refuses secrets where every list of the engine shows them: in names,
// in references of images, in labels. Nothing could mask them there.
func checkShown(n *noun) diag.List {
	var problems diag.List
	value, marks := n.value.Unmark()
	if _, secret := marks[provider.Sensitive]; secret || value.IsNull() || !value.IsKnown() {
		return nil
	}
	for _, name := range []string{"name", "alias", "image", "labels"} {
		if !value.Type().HasAttribute(name) {
			continue
		}
		if _, secret := reveal(value.GetAttr(name)); secret {
			problems = append(problems, n.problem("sensitive-value", name, "Sensitive value where it would be shown",
				fmt.Sprintf("The %s of %s would hold something sensitive, and everybody who may list the engine's objects reads it there. Build it from something else.", name, n.address)))
		}
	}
	return problems
}
