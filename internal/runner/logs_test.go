package runner_test

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/dindctl/dindctl/internal/runner"
	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/lines"
)

// talkers are objects whose output is a function's, by their ids.
type talkers struct {
	provider.Provider // nothing else is called

	say map[string]func(stdout io.Writer) error
}

func (talkers) Describe(context.Context) (provider.Description, error) {
	return provider.Description{Powers: []provider.Power{provider.PowerLogs}}, nil
}

func (s talkers) Logs(_ context.Context, req provider.LogsRequest) error {
	return s.say[req.ID](req.Stdout)
}

// A line without an end comes in parts that make it up, in the order of its time, and
// nothing at the beginning of a part is taken for a time.
func TestALineWithoutAnEndComesInParts(t *testing.T) {
	t.Parallel()
	const early, late = "2026-01-01T00:00:01Z", "2026-01-01T00:00:02Z"
	block := strings.Repeat(late+" ", 1024)
	const blocks = 8 << 20 / (21 << 10)
	objects := []provider.Object{
		{ID: "long", Kind: provider.Container, Owner: provider.Ownership{Address: "container.long"}},
		{ID: "short", Kind: provider.Container, Owner: provider.Ownership{Address: "container.short"}},
	}
	p := talkers{say: map[string]func(io.Writer) error{
		"long": func(stdout io.Writer) error {
			_, err := io.WriteString(stdout, early+" ")
			for i := 0; i < blocks && err == nil; i++ {
				_, err = io.WriteString(stdout, block)
			}
			return err
		},
		"short": func(stdout io.Writer) error {
			_, err := io.WriteString(stdout, late+" one\r\n"+late+" two\n")
			return err
		},
	}}
	for _, follow := range []bool{false, true} {
		length, parts, most, whole := 0, 0, 0, true
		var short []string
		problems := runner.Logs(t.Context(), runner.LogsRequest{
			Provider: p, Objects: objects, Ask: provider.LogsRequest{Follow: follow},
			Line: func(l runner.LogLine) {
				if l.Address == "container.short" {
					short = append(short, l.Text)
					if !follow && length != blocks*len(block) {
						t.Errorf("%q comes after %d bytes of an earlier line", l.Text, length)
					}
					return
				}
				at := length % (len(late) + 1)
				whole = whole && l.Stamp == early && l.At.Format(time.RFC3339) == early && strings.HasPrefix(block[at:]+block, l.Text[:min(len(l.Text), len(block))])
				length, parts, most = length+len(l.Text), parts+1, max(most, len(l.Text))
			},
		})
		if problems.HasErrors() || !whole || length != blocks*len(block) || most > lines.Limit || parts > length/lines.Limit+1 || strings.Join(short, " ") != "one two" {
			t.Errorf("follow %v: %d bytes in %d parts of at most %d, as they were said %v, and %q; %v", follow, length, parts, most, whole, short, problems)
		}
	}
}
