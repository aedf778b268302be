package cli_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/dindctl/dindctl/internal/cli"
	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/providertest"
)

// ended is what a command said, and how it ended.
type ended struct {
	stdout, stderr string
	code           int
}

// command runs dindctl in a directory, with the provider in memory; nobody answers.
func command(t *testing.T, engine provider.Provider, dir, home string, args ...string) ended {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := cli.Run(context.Background(), cli.Env{
		Args: args, Stdin: strings.NewReader("no\n"), Stdout: &stdout, Stderr: &stderr, Cwd: dir, Self: "dindctl", Version: "1.2.3",
		Environ:  []string{"XDG_STATE_HOME=" + filepath.Join(home, "state"), "XDG_RUNTIME_DIR=" + filepath.Join(home, "run")},
		Provider: engine, Stop: make(chan struct{}), Now: time.Now,
	})
	return ended{stdout.String(), stderr.String(), code}
}

// errorsIn are the problems that a command told of, without those of a question.
func (e ended) errorsIn() []string {
	out := regexp.MustCompile(`(?m)^.*Error: .*$`).FindAllString(e.stderr, -1)
	slices.Sort(out)
	return slices.Compact(out)
}

// life is a random configuration, and what becomes of it: addresses move, and some of
// what is there then is kept by prevent_destroy.
type life struct {
	before, after string
	addresses     []string        // of after
	kept          map[string]bool // of these, what prevent_destroy keeps
}

func randomLife(r *rand.Rand) life {
	l := life{kept: map[string]bool{}}
	names := []string{"a", "b", "c", "d"}
	r.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	var moves string
	// now is what an object is called later.
	now := func(kind, name string) (string, string) {
		if r.IntN(2) == 0 {
			return name, ""
		}
		moves += fmt.Sprintf("moved {\n  from = %s.%s\n  to = %s.%s_now\n}\n", kind, name, kind, name)
		return name + "_now", name
	}
	lifecycle := func(address string) string {
		if r.IntN(3) > 0 {
			return ""
		}
		l.kept[address] = true
		return "  lifecycle {\n    prevent_destroy = true\n  }\n"
	}
	for _, name := range names[:1+r.IntN(3)] {
		each, key := "", ""
		if r.IntN(3) == 0 {
			each, key = "  for_each = toset([\"x\", \"y\"])\n", `["x"]`
		}
		volume, _ := now("volume", name)
		address := "volume." + volume
		block := lifecycle(address)
		l.addresses = append(l.addresses, address+key)
		l.before += fmt.Sprintf("volume %q {\n%s}\n", name, each)
		l.after += fmt.Sprintf("volume %q {\n%s%s}\n", volume, each, block)
		if r.IntN(4) == 0 {
			continue
		}
		container, _ := now("container", name)
		address = "container." + container
		block = lifecycle(address)
		l.addresses = append(l.addresses, address)
		content := "  image = \"bash\"\n  command = [\"sleep\", \"1d\"]\n  mount {\n    source = volume.%s\n    target = \"/data\"\n  }\n"
		l.before += fmt.Sprintf("container %q {\n"+content+"}\n", name, name+key)
		l.after += fmt.Sprintf("container %q {\n"+content+"%s}\n", container, volume+key, block)
	}
	l.after += moves
	return l
}

// flags are random ones of a removal.
func (l life) flags(r *rand.Rand) []string {
	var out []string
	if r.IntN(2) == 0 {
		out = append(out, "-volumes")
	}
	for _, flag := range []string{"-target", "-exclude"} {
		if r.IntN(3) == 0 {
			out = append(out, flag, l.addresses[r.IntN(len(l.addresses))])
			break
		}
	}
	return out
}

// What `destroy` would do is what `plan -destroy` shows, with the configuration's path,
// and by the project's name beside the configuration; and what prevent_destroy keeps is
// there afterwards, however it is called.
func TestDestroyDoesWhatItsPlanShows(t *testing.T) {
	t.Parallel()
	const lives = 40
	counts := map[string]int{}
	for seed := range uint64(lives) {
		r := rand.New(rand.NewPCG(seed, 31))
		l := randomLife(r)
		dir, home := t.TempDir(), t.TempDir()
		write := func(text string) {
			if err := os.WriteFile(filepath.Join(dir, "main.hcl"), []byte("project {\n  name = \"life\"\n}\n"+text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		engine := providertest.NewMemory(providertest.Options{})
		write(l.before)
		if e := command(t, engine, dir, home, "apply", "-auto-approve"); e.code != 0 {
			t.Fatalf("seed %d: apply: %s", seed, e.stderr)
		}
		write(l.after)
		flags := l.flags(r)
		planned := command(t, engine, dir, home, append([]string{"plan", "-destroy"}, flags...)...)
		for _, way := range [][]string{{"destroy", "."}, {"destroy", "-project", "life"}, {"destroy"}} {
			done := command(t, engine, dir, home, append(way, flags...)...)
			if done.stdout != planned.stdout || !slices.Equal(done.errorsIn(), planned.errorsIn()) {
				t.Fatalf("seed %d: %v %v says\n%s%s\nand plan -destroy says\n%s%s\nof\n%s", seed, way, flags, done.stdout, done.stderr, planned.stdout, planned.stderr, l.after)
			}
		}
		if len(planned.errorsIn()) > 0 {
			counts["refused"]++
		}
		for _, way := range [][]string{{"destroy", "."}, {"destroy", "-project", "life"}} {
			command(t, engine, dir, home, append(way, "-auto-approve", "-volumes")...)
			command(t, engine, dir, home, append(append(way, flags...), "-auto-approve", "-volumes")...)
		}
		left := command(t, engine, dir, home, "show", "-json").stdout
		for address := range l.kept {
			counts["kept"]++
			if !strings.Contains(left, `"`+address+`"`) && !strings.Contains(left, `"`+address+`[`) {
				t.Fatalf("seed %d: %s was removed, which prevent_destroy keeps, in\n%s\nleft is\n%s", seed, address, l.after, left)
			}
		}
		if len(l.kept) == 0 && strings.Contains(left, `"address"`) {
			t.Fatalf("seed %d: nothing is kept, and this is left:\n%s", seed, left)
		}
		if len(l.kept) == 0 {
			counts["gone"]++
		}
		if strings.Contains(l.after, "moved") {
			counts["moved"]++
		}
	}
	t.Logf("of %d lives: %v", lives, counts)
	if counts["gone"] < 5 || counts["refused"] < 10 || counts["kept"] < 20 || counts["moved"] < 25 {
		t.Errorf("too few of %d lives were of use: %v", lives, counts)
	}
}
