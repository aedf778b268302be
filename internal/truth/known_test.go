package truth_test

import (
	"slices"

	"github.com/dindctl/dindctl/provider"
)

// known names the fault that an edit would show again, of those that are known and not
// mended; empty for none. What is mended is taken out here, and tried from then on.
func known(applied, next configuration) string {
	for _, b := range next.Blocks {
		was := applied.byID(b.ID)
		if was == nil {
			continue
		}
		moved := slices.ContainsFunc(next.Moved, func(m [2]string) bool { return m[1] == b.address() })
		if b.Kind == provider.Volume && b.Name != "" && b.Name == was.named() && was.address() != b.address() && !moved {
			return "what uses a volume that gets another label under the same name is not in the plan"
		}
	}
	return ""
}
