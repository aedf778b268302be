package docker

import (
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/dindctl/dindctl/provider"
)

// plainText is a value for messages.
func plainText(v cty.Value) string {
	switch {
	case provider.HasMarks(v):
		return "something sensitive"
	case v == cty.NilVal || v.IsNull():
		return "nothing"
	case !v.IsWhollyKnown():
		return "not known yet"
	}
	content, err := ctyjson.Marshal(v, v.Type())
	if err != nil {
		return v.Type().FriendlyName()
	}
	return string(content)
}
