package provider_test

import (
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

func ref(address string) cty.Value {
	values := map[string]cty.Value{}
	for name, t := range provider.RefType().AttributeTypes() {
		values[name] = cty.UnknownVal(t)
	}
	values["address"] = cty.StringVal(address)
	return cty.ObjectVal(values)
}

// A record holds what was declared, and nothing that was not: nulls are left
// out, references are addresses, secrets are never in it.
func TestSpecIsCanonical(t *testing.T) {
	t.Parallel()
	rows := []struct {
		name string
		in   cty.Value
		want string
	}{
		{"nothing declared", cty.NullVal(cty.EmptyObject), `{}`},
		{"keys are sorted and nulls left out", cty.ObjectVal(map[string]cty.Value{
			"b": cty.StringVal("x"), "a": cty.True, "c": cty.NullVal(cty.String),
		}), `{"a":true,"b":"x"}`},
		{"numbers keep their text", cty.ObjectVal(map[string]cty.Value{
			"cpus": cty.MustParseNumberVal("0.5"), "pids": cty.NumberIntVal(100),
		}), `{"cpus":0.5,"pids":100}`},
		{"a reference is its address, whatever else is not known", cty.ObjectVal(map[string]cty.Value{
			"daemon": ref("daemon.dind"),
		}), `{"daemon":{"ref":"daemon.dind"}}`},
		{"a secret is only said to be one", cty.ObjectVal(map[string]cty.Value{
			"environment": cty.MapVal(map[string]cty.Value{"A": cty.StringVal("1")}).Mark(provider.Sensitive),
		}), `{"environment":{"sensitive":true}}`},
		{"of a file's content its hash stays, of a map's entry of that name the text", cty.ObjectVal(map[string]cty.Value{
			"file":   cty.ObjectVal(map[string]cty.Value{"content": cty.StringVal("x")}),
			"labels": cty.MapVal(map[string]cty.Value{"content": cty.StringVal("x")}),
		}), `{"file":{"content":{"sha256":"2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"}},"labels":{"content":"x"}}`},
		{"empty lists stay", cty.ObjectVal(map[string]cty.Value{
			"command": cty.ListValEmpty(cty.String),
		}), `{"command":[]}`},
	}
	for _, row := range rows {
		got, err := provider.Spec(row.in)
		if err != nil || string(got) != row.want {
			t.Errorf("%s: %s, %v; want %s", row.name, got, err, row.want)
		}
	}
}

// What is not known yet cannot be recorded.
func TestSpecRefusesUnknown(t *testing.T) {
	t.Parallel()
	if got, err := provider.Spec(cty.ObjectVal(map[string]cty.Value{"a": cty.UnknownVal(cty.String)})); err == nil {
		t.Errorf("got %s, want an error", got)
	}
}
