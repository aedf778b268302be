package plugin

import (
	"testing"

	goplugin "github.com/hashicorp/go-plugin"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// RoundTrip sends a value over the wire and back.
func RoundTrip(v cty.Value) (cty.Value, error) {
	var near, far codec
	m, err := near.value(v)
	if err != nil {
		return cty.NilVal, err
	}
	return far.readValue(m)
}

// InProcess serves p over real gRPC within this process.
func InProcess(t *testing.T, p provider.Provider) *Remote {
	t.Helper()
	client, _ := goplugin.TestPluginGRPCConn(t, false, goplugin.PluginSet{pluginName: &wire{provider: p}})
	t.Cleanup(func() { _ = client.Close() }) // which stops the server
	raw, err := client.Dispense(pluginName)
	if err != nil {
		t.Fatal(err)
	}
	return raw.(*Remote)
}

// HandedOn is the environment that a program gets.
func HandedOn(req StartRequest) []string { return handedOn(req) }
