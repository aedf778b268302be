package plugin

import (
	"errors"
	"os"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/dindctl/dindctl/provider"
)

// ServeOptions are the surroundings of a provider's process.
type ServeOptions struct {
	// Logger takes what the connection has to say; nil: errors go to standard error,
	// where the host finds them when the provider ends unexpectedly. A logger that
	// writes JSON to standard error is read by the host's.
	Logger hclog.Logger
}

// ErrNotStarted says that the process was not started by dindctl.
var ErrNotStarted = errors.New("this is a provider of dindctl, which starts it itself")

// Serve serves the provider to the process that started this one and returns
// when that says so. When the host is gone without a word, the process ends
// within Serve. It may be called once.
func Serve(p provider.Provider, opts ServeOptions) error {
	if os.Getenv(cookieKey) != cookieValue {
		return ErrNotStarted
	}
	logger := opts.Logger
	if logger == nil {
		logger = hclog.New(&hclog.LoggerOptions{Name: "provider", Level: hclog.Error, Output: os.Stderr, DisableTime: true}) //nolint:forbidigo // the process is this function's
	}
	if err := watchHost(); err != nil {
		return err
	}
	goplugin.Serve(&goplugin.ServeConfig{
		HandshakeConfig:  handshake(),
		VersionedPlugins: versions(p),
		Logger:           logger,
		GRPCServer: func(opts []grpc.ServerOption) *grpc.Server {
			return grpc.NewServer(append(opts, grpc.MaxRecvMsgSize(maxMessage), grpc.MaxSendMsgSize(maxMessage))...)
		},
	})
	return nil
}
