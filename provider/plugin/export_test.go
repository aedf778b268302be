package plugin

import (
	"errors"
	"testing"
	"time"

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
	remote := raw.(*Remote)
	remote.grace = patience
	return remote
}

// patience is a limit that no machine is slow enough to reach.
const patience = time.Hour

// Patient lets a client wait for its provider as long as it takes.
func Patient(c *Client) *Client {
	c.grace, c.remote.grace = patience, patience
	return c
}

// Shutdown asks the provider to end, as Close does, and waits until it has: unlike
// Close, it never kills the process. It says how the process ended.
func Shutdown(c *Client) (string, error) {
	connection, err := c.client.Client()
	if err != nil {
		return "", err
	}
	if err := errors.Join(c.remote.Close(), connection.Close()); err != nil {
		return "", err
	}
	<-c.process.exited
	return c.process.how(), nil
}

// HandedOn is the environment that a program gets.
func HandedOn(req StartRequest) []string { return handedOn(req) }
