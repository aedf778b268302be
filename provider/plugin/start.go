package plugin

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"

	"github.com/dindctl/dindctl/provider"
)

// StartRequest says which provider to start and how.
type StartRequest struct {
	// Command is the program's path and its arguments.
	Command []string
	// Foreign says that the program is not dindctl itself: the connection is
	// encrypted, few variables are handed on, and Checksum is required.
	Foreign bool
	// Checksum is the SHA-256 of the program's file, in hexadecimal; empty: not compared.
	Checksum string
	// Environment is the host's, as KEY=value. A Foreign program gets only what
	// every program needs of it.
	Environment []string
	// Logger takes what the provider logs; nil: nothing is logged.
	Logger hclog.Logger
	// TempDir is where the directory of the sockets is made; empty: the system's.
	TempDir string
	// Timeout bounds the start; 0: 30 seconds.
	Timeout time.Duration
}

// Client is a provider that was started. It must be closed.
type Client struct {
	client  *goplugin.Client
	process *process
	cancel  context.CancelFunc // kills the process
	stderr  tail
	remote  *Remote
	// grace is how long the end of the process may follow the end of its connection.
	grace time.Duration
}

const startTimeout = 30 * time.Second

// Start starts a provider's process and connects to it. A program that does not
// become a provider is a [*provider.Problem] with its last lines. When ctx ends
// before that, the process is killed.
func Start(ctx context.Context, req StartRequest) (*Client, error) {
	if err := check(req); err != nil {
		return nil, err
	}
	life, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stopWatching := context.AfterFunc(ctx, cancel)
	c := &Client{cancel: cancel, grace: exitGrace}
	c.client = goplugin.NewClient(c.config(life, req))
	err := c.connect()
	if !stopWatching() {
		err = ctx.Err()
	}
	if err != nil {
		_ = c.Close()
		return nil, c.startProblem(req, err)
	}
	return c, nil
}

func (c *Client) config(life context.Context, req StartRequest) *goplugin.ClientConfig {
	logger := req.Logger
	if logger == nil {
		logger = hclog.NewNullLogger()
	}
	timeout := req.Timeout
	if timeout == 0 {
		timeout = startTimeout
	}
	return &goplugin.ClientConfig{
		HandshakeConfig:  handshake(),
		VersionedPlugins: versions(nil),
		AllowedProtocols: []goplugin.Protocol{goplugin.ProtocolGRPC},
		// go-plugin's own way to start a process puts the host's sockets in the
		// common temporary directory and gives the terminal away.
		RunnerFunc: func(_ hclog.Logger, cmd *exec.Cmd, _ string) (runner.Runner, error) {
			own := exec.CommandContext(life, req.Command[0], req.Command[1:]...)
			own.Env = append(handedOn(req), cmd.Env...)
			var err error
			c.process, err = newProcess(logger, own)
			return c.process, err
		},
		SkipHostEnv:      true,
		AutoMTLS:         req.Foreign,
		Logger:           logger,
		Stderr:           &c.stderr,
		StartTimeout:     timeout,
		UnixSocketConfig: &goplugin.UnixSocketConfig{TempDir: socketRoot(req.TempDir)},
		GRPCDialOptions: []grpc.DialOption{grpc.WithDefaultCallOptions(
			grpc.MaxCallRecvMsgSize(maxMessage), grpc.MaxCallSendMsgSize(maxMessage))},
	}
}

// socketRoot returns the directory for the directory of the sockets. The name of
// a socket has at most 104 bytes (108 on Linux), of which two numbered names below
// the directory take up to 45: a longer one, or the system's where that is long, is
// replaced by one that every Unix has.
func socketRoot(dir string) string {
	if dir == "" {
		dir = os.TempDir()
	}
	if len(dir) > 104-45 && runtime.GOOS != "windows" {
		return "/tmp"
	}
	return dir
}

func (c *Client) connect() error {
	protocol, err := c.client.Client()
	if err != nil {
		return err
	}
	raw, err := protocol.Dispense(pluginName)
	if err != nil {
		return err
	}
	remote, ok := raw.(*Remote)
	if !ok {
		return fmt.Errorf("the connection made a %T", raw)
	}
	remote.ended = c.ended
	c.remote = remote
	return nil
}

// Provider returns the provider. It also implements the interfaces of all powers;
// see [Remote].
func (c *Client) Provider() provider.Provider { return c.remote }

// Hold makes the provider keep f's open file until it ends, so that a lock on it
// (flock) lives as long as the longer of the two processes. A lock is released
// early by unlocking it (LOCK_UN), not by closing f.
func (c *Client) Hold(f *os.File) error { return c.process.lifeline.hold(f) }

// Close tells the provider to release what it holds, and ends its process.
func (c *Client) Close() error {
	var err error
	if c.remote != nil && !c.client.Exited() {
		err = c.remote.Close()
	}
	c.client.Kill()
	c.cancel()
	return err
}

// exitGrace is the grace of a [Client].
const exitGrace = 2 * time.Second

// ended explains an error of the connection: mostly the process is gone, and its
// last words say why.
func (c *Client) ended(ctx context.Context, err error) error {
	grace, cancel := context.WithTimeout(ctx, c.grace)
	defer cancel()
	select {
	case <-c.process.exited:
	case <-grace.Done():
		return fmt.Errorf("speaking with the provider: %w", err)
	}
	return &provider.Problem{
		Code:    provider.EngineFailed,
		Summary: "The provider ended unexpectedly",
		Detail:  c.crashed(fmt.Sprintf("Its process, %s, %s", c.process.cmd.Path, c.process.how()), c.process.logger),
		Log:     c.stderr.text(),
	}
}

// crashed is what happened, as sentences: with the cause, and where all of it is,
// if the program crashed.
func (c *Client) crashed(what string, logger hclog.Logger) string {
	if cause := c.stderr.cause(); cause != "" {
		return what + ": " + cause + ". " + whole(logger)
	}
	return what + "."
}

func (c *Client) startProblem(req StartRequest, err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return &provider.Problem{
		Code:    provider.EngineFailed,
		Summary: "The provider could not be started",
		Detail:  c.crashed(strings.Join(req.Command, " ")+": "+strings.TrimSpace(err.Error()), req.Logger),
		Log:     c.stderr.text(),
	}
}

// PID is the number of the provider's process.
func (c *Client) PID() int { return c.process.cmd.Process.Pid }
