package cli_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dindctl/dindctl/internal/cli"
	"github.com/dindctl/dindctl/provider/providertest"
)

const together = `
project {
  name = "ci"
}
variable "turn" {
  type    = string
  default = "1"
}
volume "keep" {}
container "web" {
  image       = "bash"
  environment = { TURN = var.turn }
  mount {
    source = volume.keep
    target = "/keep"
  }
}
container "off" {
  image = "bash"
}
job "once" {
  image = "bash"
  run   = "on_request"
}
`

// changing are the commands that change something of a project.
func changing() map[string][]string {
	return map[string][]string{
		"apply":   {"apply", "-auto-approve", "-var", "turn=2"},
		"destroy": {"destroy", ".", "-auto-approve"},
		"run":     {"run", "job.once", "-auto-approve"},
		"stop":    {"stop", "container.web"},
		"start":   {"start", "container.off"},
		"restart": {"restart", "container.web"},
		"gc":      {"gc", "-project", "ci", "-auto-approve", "-volumes"},
	}
}

// lines is a stream that is read while it is written.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
	more chan struct{}
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n, err := l.text.Write(p)
	select {
	case l.more <- struct{}{}:
	default:
	}
	return n, err
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// underway is a command that runs beside others.
type underway struct {
	stderr *lines
	code   chan int
}

func begin(engine *providertest.Memory, dir, home string, args ...string) underway {
	u := underway{stderr: &lines{more: make(chan struct{}, 1)}, code: make(chan int, 1)}
	go func() {
		u.code <- cli.Run(context.Background(), cli.Env{
			Args: args, Stdin: strings.NewReader("no\n"), Stdout: &lines{more: make(chan struct{}, 1)}, Stderr: u.stderr, Cwd: dir, Self: "dindctl", Version: "1.2.3",
			Environ:  []string{"XDG_STATE_HOME=" + filepath.Join(home, "state"), "XDG_RUNTIME_DIR=" + filepath.Join(home, "run")},
			Provider: engine, Stop: make(chan struct{}), Now: time.Now,
		})
	}()
	return u
}

// things are the objects of a world, for people.
func things(m *providertest.Memory) []string {
	var out []string
	for _, thing := range m.Things() {
		out = append(out, fmt.Sprintf("%s %s %s", thing.Kind, thing.Name, thing.Condition.State))
	}
	slices.Sort(out)
	return out
}

// Of two commands that change something of one project one works; the other refuses, and
// changes nothing, or waits, and works on what the first has left. Nothing is lost, and
// the next apply finds everything as it should be.
func TestTwoCommandsAtOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	write := func(text string) {
		if err := os.WriteFile(filepath.Join(dir, "main.hcl"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	world := providertest.NewMemory(providertest.Options{})
	setUp := func(args ...string) {
		if e := command(t, world, dir, t.TempDir(), args...); e.code != 0 {
			t.Fatalf("%v: %s", args, e.stderr)
		}
	}
	write(together + "daemon \"old\" {\n  image = \"docker:28-dind\"\n}\n") // whose data gc finds
	setUp("apply", "-auto-approve")
	write(together)
	setUp("apply", "-auto-approve")
	setUp("stop", "container.off")
	for first, one := range changing() {
		for second, other := range changing() {
			t.Run(first+" and "+second, func(t *testing.T) {
				t.Parallel()
				twoAtOnce(t, world.Clone(), dir, first, second, one, other)
			})
		}
	}
}

func twoAtOnce(t *testing.T, world *providertest.Memory, dir, first, second string, one, other []string) {
	t.Helper()
	home := t.TempDir()
	reached, release := make(chan struct{}), make(chan struct{})
	var once sync.Once
	changes := func(e providertest.Effect) bool { return e.Do != nil && e.Op != "lock" && e.Op != "unlock" }
	a := begin(world.Through(func(_ context.Context, e providertest.Effect) error {
		if changes(e) {
			once.Do(func() { close(reached) })
			<-release
		}
		return nil
	}), dir, home, one...)
	select {
	case <-reached:
	case code := <-a.code:
		t.Fatalf("%s changes nothing, and ends with %d: %s", first, code, a.stderr)
	}

	// The second refuses, here and on another machine.
	for _, home := range []string{home, t.TempDir()} {
		refused := command(t, world.Through(func(_ context.Context, e providertest.Effect) error {
			if changes(e) {
				t.Errorf("%s does %s %s while %s works", second, e.Op, e.Address, first)
			}
			return nil
		}), dir, home, other...)
		want := 1
		if second == "gc" { // which leaves the project out
			want = 0
		}
		if refused.code != want || !strings.Contains(refused.stderr, "The project is locked") ||
			!strings.Contains(strings.Join(strings.Fields(refused.stderr), " "), "with `dindctl "+first+"`") {
			t.Errorf("%s while %s works ends with %d: %s", second, first, refused.code, refused.stderr)
		}
	}

	// Or it waits.
	b := begin(world.Connect(), dir, home, append(slices.Clone(other), "-lock-timeout", "24h")...)
	for !strings.Contains(b.stderr.String(), "Waiting for") {
		select {
		case <-b.stderr.more:
		case code := <-b.code:
			t.Fatalf("%s does not wait for %s, and ends with %d: %s", second, first, code, b.stderr)
		}
	}
	close(release)
	if code := <-a.code; code != 0 {
		t.Errorf("%s ends with %d: %s", first, code, a.stderr)
	}
	if code := <-b.code; code != 0 && first != "destroy" { // what it is about may be gone then
		t.Errorf("%s after %s ends with %d: %s", second, first, code, b.stderr)
	}

	kept := strings.Contains(strings.Join(things(world), "\n"), "volume ci-keep ")
	if !kept && (first != "destroy" || second != "gc") { // which was told to remove what destroy kept
		t.Errorf("the volume is lost: %q", things(world))
	}
	if e := command(t, world.Connect(), dir, home, "apply", "-auto-approve", "-volumes"); e.code != 0 {
		t.Errorf("afterwards apply ends with %d: %s", e.code, e.stderr)
	}
	if e := command(t, world.Connect(), dir, home, "plan", "-detailed-exitcode"); e.code != 0 {
		t.Errorf("afterwards plan ends with %d: %s%s", e.code, e.stdout, e.stderr)
	}
	if now := things(world); len(slices.Compact(slices.Clone(now))) != len(now) {
		t.Errorf("something is there twice: %q", now)
	}
}
