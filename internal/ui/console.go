package ui

import (
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// Value is a value in one line, whole, as `console` shows it. A reference that
// stands alone is shown with what it evaluates to; within something else by its address.
func Value(v cty.Value) string {
	if v == cty.NilVal {
		return "null"
	}
	plain, marks := v.Unmark()
	if _, secret := marks[provider.Sensitive]; !secret && plain.IsKnown() && !plain.IsNull() && provider.IsRef(plain.Type()) {
		return clean(renderMany(plain, false))
	}
	return clean(strings.ReplaceAll(render(v, true), "\n", "\\n"))
}
