package cli

import (
	"context"

	"github.com/hashicorp/go-hclog"
	ucli "github.com/urfave/cli/v3"

	"github.com/dindctl/dindctl/provider/docker"
	"github.com/dindctl/dindctl/provider/plugin"
)

// provider is the hidden command by which dindctl starts itself as a provider.
func (a *app) provider() *ucli.Command {
	return &ucli.Command{
		Name: "provider", Hidden: true, Usage: "serve a provider to the dindctl that started this process", ArgsUsage: "docker",
		Commands: []*ucli.Command{{
			Name: "docker",
			Action: func(context.Context, *ucli.Command) error {
				log := hclog.New(&hclog.LoggerOptions{Name: "docker", Level: level(a.env), Output: a.env.Stderr, JSONFormat: true})
				return plugin.Serve(docker.New(log), plugin.ServeOptions{Logger: log})
			},
		}, {
			Name: "inside", SkipFlagParsing: true,
			Action: func(ctx context.Context, c *ucli.Command) error {
				return docker.Inside(ctx, c.Args().Slice(), environment(a.env.Environ), a.env.Stdout)
			},
		}},
	}
}

// logger is the host's, silent unless DINDCTL_LOG asks.
func logger(env Env) hclog.Logger {
	return hclog.New(&hclog.LoggerOptions{Name: "dindctl", Level: level(env), Output: env.Stderr})
}

func level(env Env) hclog.Level {
	name := lookup(env.Environ, "DINDCTL_LOG")
	if name == "" {
		return hclog.Off
	}
	if l := hclog.LevelFromString(name); l != hclog.NoLevel {
		return l
	}
	return hclog.Info
}
