package cli_test

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/dindctl/dindctl/internal/cli"
)

// ran is what one command printed and returned.
func ran(t *testing.T, dir string, args ...string) (text string, code int) {
	t.Helper()
	var out bytes.Buffer
	code = cli.Run(t.Context(), cli.Env{
		Args: args, Stdin: strings.NewReader(""), Stdout: &out, Stderr: &out, Cwd: dir, Version: "1", Stop: make(chan struct{}), Now: time.Now,
	})
	return out.String(), code
}

// The help of every command has an example that begins with the command, and that
// uses no flag which the command does not have.
func TestEveryCommandHasAnExample(t *testing.T) {
	t.Parallel()
	text, _ := ran(t, t.TempDir(), "help")
	_, list, _ := strings.Cut(text, "COMMANDS:\n")
	list, _, _ = strings.Cut(list, "\n\n")
	names := regexp.MustCompile(`(?m)^   ([a-z]+)`).FindAllStringSubmatch(list, -1)
	if len(names) < 25 {
		t.Fatalf("help lists %d commands:\n%s", len(names), text)
	}
	for _, name := range names {
		help, code := ran(t, t.TempDir(), "help", name[1])
		example := regexp.MustCompile(`Example: .*\bdindctl ` + name[1] + `\b(.*)`).FindStringSubmatch(help)
		if name[1] == "help" {
			continue
		}
		if code != 0 || example == nil {
			t.Errorf("the help of %s has no example:\n%s", name[1], help)
			continue
		}
		options, _, _ := strings.Cut(example[1], " -- ")
		for _, flag := range regexp.MustCompile(` (-[a-z][a-z-]*)`).FindAllStringSubmatch(options, -1) {
			if !strings.Contains(help, " -"+strings.TrimLeft(flag[1], "-")) {
				t.Errorf("the example of %s uses %s, which its help does not list:\n%s", name[1], flag[1], help)
			}
		}
	}
}
