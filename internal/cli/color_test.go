package cli_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/dindctl/dindctl/internal/cli"
)

// Each stream is coloured if it is a terminal itself, and nothing is with
// -no-color or NO_COLOR, wherever the flag stands.
func TestColorsFollowTheirStream(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args             []string
		environ          []string
		stdout, stderr   bool
		colored, escaped bool // what is expected on standard error and output
	}{
		{args: []string{"validate", "nowhere"}, stderr: true, colored: true},
		{args: []string{"validate", "nowhere"}, stdout: true},
		{args: []string{"validate", "nowhere", "-no-color"}, stderr: true},
		{args: []string{"validate", "--no-color", "nowhere"}, stderr: true},
		{args: []string{"validate", "--no-such-flag", "-no-color"}, stderr: true},
		{args: []string{"validate", "nowhere"}, environ: []string{"NO_COLOR=1"}, stderr: true},
		{args: []string{"validate", "nowhere"}, environ: []string{"TERM=dumb"}, stderr: true},
		{args: []string{"mounts", "nowhere"}, stdout: true, stderr: true, colored: true},
	} {
		var stdout, stderr bytes.Buffer
		cli.Run(context.Background(), cli.Env{
			Args: c.args, Environ: c.environ, Stdin: strings.NewReader(""), Stdout: &stdout, Stderr: &stderr, Cwd: t.TempDir(),
			Terminal: c.stdout, StderrTerminal: c.stderr, Stop: make(chan struct{}), Now: time.Now,
		})
		if got := strings.Contains(stderr.String(), "\x1b["); got != c.colored || stderr.Len() == 0 {
			t.Errorf("%q %q: standard error is coloured: %t\n%s", c.args, c.environ, got, stderr.String())
		}
		if got := strings.Contains(stdout.String(), "\x1b["); got != c.escaped {
			t.Errorf("%q: standard output is coloured: %t", c.args, got)
		}
	}
}
