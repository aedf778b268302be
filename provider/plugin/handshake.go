package plugin

import (
	goplugin "github.com/hashicorp/go-plugin"

	"github.com/dindctl/dindctl/provider"
)

// The versions of the wire that this module speaks. A new one is a new number
// beside the old; within a number the wire only grows.
const wireVersion = 1

const (
	pluginName = "provider"
	// lifelineVariable holds the number of the inherited descriptor in the plugin.
	lifelineVariable = "DINDCTL_PLUGIN_LIFELINE"
	// socketDirVariable is go-plugin's name for the directory of the sockets.
	socketDirVariable = goplugin.EnvUnixSocketDir
	cookieKey         = "DINDCTL_PROVIDER"
	cookieValue       = "5d9be0c8f0f14d5cb1d7e8a7a6c1e8f2"
)

// handshake tells a provider from a program that was started by hand. It is no secret.
func handshake() goplugin.HandshakeConfig {
	return goplugin.HandshakeConfig{MagicCookieKey: cookieKey, MagicCookieValue: cookieValue}
}

func versions(p provider.Provider) map[int]goplugin.PluginSet {
	return map[int]goplugin.PluginSet{wireVersion: {pluginName: &wire{provider: p}}}
}
