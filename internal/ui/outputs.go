package ui

import (
	"fmt"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/dindctl/dindctl/internal/config"
)

// Outputs is the text of outputs; text of several lines is shown as it is.
func Outputs(list []config.OutputValue, o Options) string {
	if len(list) == 0 {
		return ""
	}
	var out strings.Builder
	out.WriteString(o.paint(bold, "Outputs:") + "\n\n")
	for _, v := range list {
		if !v.Sensitive && v.Value.IsKnown() && !v.Value.IsNull() && v.Value.Type() == cty.String && strings.Contains(v.Value.AsString(), "\n") {
			fmt.Fprintf(&out, "%s =\n", v.Name)
			for _, line := range strings.Split(strings.TrimSuffix(v.Value.AsString(), "\n"), "\n") {
				out.WriteString("  " + clean(line) + "\n")
			}
			continue
		}
		fmt.Fprintf(&out, "%s = %s\n", v.Name, short(v.Value, v.Sensitive))
	}
	return out.String()
}

// Output is the value of one output, in one line.
func Output(v config.OutputValue) string {
	if v.Sensitive {
		return "(sensitive value)\n"
	}
	return Value(v.Value) + "\n"
}

// RawOutput is the text of an output that is text, number or bool; else why there is none.
func RawOutput(v config.OutputValue) (text, why string) {
	value, _ := v.Value.Unmark()
	switch {
	case !value.IsKnown():
		return "", "is known only after apply"
	case value.IsNull():
		return "", "is null"
	}
	converted, err := convert.Convert(value, cty.String)
	if err != nil {
		return "", "is a " + value.Type().FriendlyName()
	}
	return converted.AsString(), ""
}
