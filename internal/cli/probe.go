package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	ucli "github.com/urfave/cli/v3"

	"github.com/dindctl/dindctl/internal/outfile"
	"github.com/dindctl/dindctl/internal/runner"
)

// probe is the hidden command by which dindctl looks around in a container that has
// nothing else.
func (a *app) probe() *ucli.Command {
	return &ucli.Command{
		Name: "probe", Hidden: true, Usage: "look around in a container, for the dindctl that made it",
		Commands: []*ucli.Command{
			{Name: "files", ArgsUsage: "PATH...", Action: func(_ context.Context, c *ucli.Command) error {
				a.print(runner.FilesText(c.Args().Slice()))
				return nil
			}},
			{Name: "wait", ArgsUsage: "SECONDS", Action: func(ctx context.Context, c *ucli.Command) error {
				return a.wait(ctx, c.Args().First())
			}},
			{Name: "canary", ArgsUsage: "FILE TOKEN", Action: func(_ context.Context, c *ucli.Command) error {
				f, err := outfile.Create(c.Args().Get(0), 0o600)
				if err != nil {
					return err
				}
				_, err = f.WriteString(c.Args().Get(1))
				return errors.Join(err, f.Close())
			}},
			{Name: "forget", ArgsUsage: "FILE", Action: func(_ context.Context, c *ucli.Command) error {
				return os.Remove(c.Args().First())
			}},
		},
	}
}

// wait does nothing until it is asked to end, or the time is over. Then it takes
// away the canaries of a run that was killed.
func (a *app) wait(ctx context.Context, seconds string) error {
	limit, err := time.ParseDuration(seconds + "s")
	if err != nil {
		return fmt.Errorf("reading the number of seconds: %w", err)
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
	left, err := filepath.Glob("/.dindctl-verify/*/.dindctl-verify-*")
	for _, file := range left {
		err = errors.Join(err, os.Remove(file))
	}
	return err
}
