package cli_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"time"
)

// What a hostile file may cost the real program, and what ten thousand objects may.
// Processor time is compared with what the same program takes for something else,
// just before: how fast the machine is, and what else it does, slows both down.
const (
	hostileShare  = 1.0 // of what an honest file of a megabyte takes; at most a third was measured
	hostileMemory = 200 << 20
	largeGrowth   = 100.0 // from 500 objects to 10,000: 50 was measured, as Go collects more often near its limit of memory; squares grow by 400
	largeMemory   = 400 << 20
	tries         = 4 // even so, other programs take a processor's cache
	shownAtMost   = 512 << 10
	hangs         = 10 * time.Minute
)

// built is the real program, as it is shipped: without what tests add to it.
func built(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "dindctl")
	build := exec.Command("go", "build", "-o", program, "github.com/dindctl/dindctl/cmd/dindctl")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	return program
}

// cost is what one run took, and what it said.
type cost struct {
	cpu            time.Duration
	memory         int64 // bytes
	exit           int
	stdout, stderr string
}

func measure(t *testing.T, program, dir string, arguments ...string) cost {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), hangs)
	defer cancel()
	run := exec.CommandContext(ctx, program, arguments...)
	run.Dir = dir
	var stdout, stderr bytes.Buffer
	run.Stdout, run.Stderr = &stdout, &stderr
	forgetPeak()
	if err := run.Run(); err != nil && !errors.As(err, new(*exec.ExitError)) {
		t.Fatal(err)
	}
	usage, is := run.ProcessState.SysUsage().(*syscall.Rusage)
	if !is {
		t.Fatal("the system does not say what a process used")
	}
	return cost{
		cpu: run.ProcessState.UserTime() + run.ProcessState.SystemTime(), memory: usage.Maxrss << 10,
		exit: run.ProcessState.ExitCode(), stdout: stdout.String(), stderr: stderr.String(),
	}
}

// forgetPeak gives memory back, and makes the system forget how much it was: a child
// begins with the peak of its parent.
func forgetPeak() {
	debug.FreeOSMemory()
	_ = os.WriteFile("/proc/self/clear_refs", []byte("5"), 0o600) // else the child's figure is too large
}

func repeated(n int, format string) string {
	var out strings.Builder
	for i := range n {
		out.WriteString(strings.ReplaceAll(strings.ReplaceAll(format, "#+", fmt.Sprint(i+1)), "#", fmt.Sprint(i)))
	}
	return out.String()
}

// hostile are files that cost much to read, to evaluate or to show, for their size.
func hostile() map[string]string {
	megabyte := func(text string) string { return strings.Repeat(text, (1<<20)/len(text)) }
	lines := func(text string) string { return strings.ReplaceAll(text, "; ", "\n") }
	return map[string]string{
		"zeros.hcl":             strings.Repeat("\x00", 1<<20),
		"signs.hcl":             "locals { a = " + megabyte("!") + "true }\n",
		"parentheses.hcl":       "locals { a = " + strings.Repeat("(", 100_000) + "1" + strings.Repeat(")", 100_000) + " }\n",
		"sums.hcl":              "locals { a = 1" + megabyte(" + 1") + " }\n",
		"steps.hcl":             "locals { a = x" + megabyte("[0]") + " }\n",
		"conditions.hcl":        "locals { a = " + megabyte("true ? 1 : ") + "1 }\n",
		"templates.hcl":         "locals { a = " + strings.Repeat(`"${`, 100_000) + "1" + strings.Repeat(`}"`, 100_000) + " }\n",
		"directives.hcl":        `locals { a = "` + strings.Repeat("%{ if true }", 50_000) + "\" }\n",
		"blocks.hcl":            strings.Repeat("a {\n", 100_000),
		"open-heredoc.hcl":      "locals { a = <<E\n" + megabyte("x\n"),
		"heredoc.hcl":           "locals {\na = <<E\n" + megabyte("${x}\n") + "E\n}\n",
		"heredocs.hcl":          "locals {\n" + repeated(40_000, "a# = <<E\nE\n") + "}\n",
		"open-text.hcl":         `locals { a = "` + megabyte("x\n"),
		"comments.hcl":          megabyte("/*"),
		"digits.hcl":            "locals { a = 1" + megabyte("0") + " }\n",
		"digits-in-text.hcl":    `locals { a = 1 + "1` + megabyte("0") + "\" }\n",
		"long-label.hcl":        `network "` + megabyte("a") + `" {}` + "\n",
		"long-name.hcl":         "output \"x\" { value = network." + megabyte("a") + " }\n",
		"many-mistakes.hcl":     megabyte("a = = \n"),
		"many-arguments.hcl":    "network \"n\" {\n" + repeated(40_000, "a# = 1\n") + "}\n",
		"many-elements.hcl":     "locals { a = {" + repeated(200_000, "k#=#,") + "} }\n",
		"many-references.hcl":   "network \"n\" {}\ncontainer \"c\" {\n image = \"b\"\n networks = [" + megabyte("network.n,") + "]\n}\n",
		"one-kind-of-error.hcl": repeated(60_000, "network \"n#\" { x = 1 }\n"),
		"undeclared.hcl":        repeated(5500, "network \"n#\" {}\nvolume \"v#\" {\n name = network.n#x.name\n}\n"),
		"circle.hcl":            repeated(5000, "container \"c#\" {\n image = \"b\"\n depends_on = [container.c#+]\n}\n") + "container \"c5000\" {\n image = \"b\"\n depends_on = [container.c0]\n}\n",
		"locals.hcl":            "locals {\n" + repeated(30_000, "a# = local.a#+\n") + "}\n",
		"moved.hcl":             repeated(11_000, "moved {\n from = container.a#\n to = container.a#+\n}\n"),
		"checks.hcl":            repeated(13_000, "check \"c#\" {\n assert {\n condition = true\n error_message = \"x\"\n }\n}\n"),
		"edges.hcl":             lines(`volume "v" { count = 5000 }; container "c" {; count = 5000; image = "b"; user = volume.v[count.index].name; }; `),
		"lists.hcl":             lines(`network "n" { count = 5000 }; container "c" {; count = 5000; image = "b"; networks = network.n; }; `),
		"mounts.hcl":            lines(`container "c" {; count = 5000; image = "b"; dynamic "mount" {; for_each = range(1000); content {; source = "/a${mount.value}"; target = "/b${mount.value}"; }; }; }; `),
		"count.hcl":             "network \"n\" { count = 1e9 }\n",
		"modules.hcl":           "module \"m\" { source = \".\" }\n",
		"range.hcl":             "locals { a = range(1000000) }\n",
		"loops.hcl":             `locals { a = [for a in range(1000) : [for b in range(1000) : [for c in range(1000) : c]]] }` + "\n",
		"set.hcl":               `locals { a = toset(flatten([for i in range(200) : [for j in range(500) : "${i}-${j}"]])) }` + "\n",
		"distinct.hcl":          `locals { a = distinct(flatten([for i in range(200) : [for j in range(100) : "${i}-${j}"]])) }` + "\n",
		"doubling.hcl":          "locals {\na0 = \"xxxxxxxxxx\"\n" + repeated(60, "a#+ = \"${local.a#}${local.a#}\"\n") + "}\n",
		"pattern.hcl":           `locals { a = regex("` + strings.Repeat("(a|b)*", 5000) + `", "a") }` + "\n",
		"repeats.hcl":           `locals { a = regex("((((a{100}){100}){100}){100})", "a") }` + "\n",
		"width.hcl":             `locals { a = format("%999999999d", 1) }` + "\n",
		"power.hcl":             "locals { a = 1e99999999 }\noutput \"a\" { value = local.a }\n",
		"wide.hcl":              "\xff\xfen\x00e\x00t\x00",
		"brackets.hcl.json":     strings.Repeat("[", 1<<20),
		"objects.hcl.json":      strings.Repeat(`{"a":`, 200_000),
		"number.hcl.json":       `{"locals":{"a":1` + megabyte("0") + `}}`,
		"texts.hcl.json":        `{"locals":{"a":"` + strings.Repeat("${", 100_000) + `"}}`,
	}
}

// honest are n containers, each written out.
func honest(n int) string {
	return repeated(n, "container \"c#\" {\n  image       = \"bash\"\n  environment = { NAME = \"c#\" }\n  mount {\n    source = \"/srv/#\"\n    target = \"/srv\"\n  }\n}\n")
}

// validated measures the reading of a configuration that is right.
func validated(t *testing.T, program, text string) cost {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "main.hcl"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	took := measure(t, program, dir, "validate", "-no-color", "-files", "unknown")
	if took.exit != 0 {
		t.Fatalf("exit code %d: %.2000s", took.exit, took.stderr)
	}
	return took
}

// A hostile file is an error that says where, for less work than an honest file of
// its size, and within 200 MiB; never a crash, never success, and never more than a
// screen can take.
func TestHostileFilesAreErrorsSoon(t *testing.T) {
	program := built(t)
	megabyte := honest(1000)
	megabyte = honest(1000 * (1 << 20) / len(megabyte))
	usual := validated(t, program, megabyte).cpu
	for name, text := range hostile() {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			var took cost
			var share float64
			for range tries {
				took = measure(t, program, dir, "validate", "-no-color", name)
				if share = took.cpu.Seconds() / usual.Seconds(); share <= hostileShare {
					break
				}
				usual = validated(t, program, megabyte).cpu
			}
			t.Logf("%v, %.2f of an honest file's, %d MiB: %.100q", took.cpu, share, took.memory>>20, took.stderr)
			if took.exit != 1 || !strings.HasPrefix(took.stderr, "Error: ") && !strings.HasPrefix(took.stderr, "Warning: ") {
				t.Errorf("exit code %d: %.2000s", took.exit, took.stderr)
			}
			if !strings.Contains(took.stderr, "on "+name+" line ") {
				t.Errorf("it does not say where: %.2000s", took.stderr)
			}
			for _, crash := range []string{"panic", "goroutine ", "runtime error"} {
				if strings.Contains(took.stderr, crash) {
					t.Errorf("%.2000s", took.stderr)
				}
			}
			if share > hostileShare || took.memory > hostileMemory || len(took.stderr) > shownAtMost {
				t.Errorf("it took %v, %.2f of an honest file's; %d MiB of %d, and wrote %d bytes", took.cpu, share, took.memory>>20, hostileMemory>>20, len(took.stderr))
			}
		})
	}
}

// What a machine reads of a hostile file is one document, and as small.
func TestHostileFilesAreOneDocument(t *testing.T) {
	program := built(t)
	for _, name := range []string{"one-kind-of-error.hcl", "undeclared.hcl", "long-name.hcl", "many-mistakes.hcl"} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(hostile()[name]), 0o600); err != nil {
			t.Fatal(err)
		}
		took := measure(t, program, dir, "validate", "-json", name)
		var document struct {
			Valid       bool             `json:"valid"`
			ErrorCount  int              `json:"error_count"`
			Diagnostics []map[string]any `json:"diagnostics"`
		}
		if err := json.Unmarshal([]byte(took.stdout), &document); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if document.Valid || document.ErrorCount == 0 || len(document.Diagnostics) == 0 || took.exit != 1 || len(took.stdout) > 2*shownAtMost {
			t.Errorf("%s: exit code %d, %d errors, %d diagnostics, %d bytes", name, took.exit, document.ErrorCount, len(document.Diagnostics), len(took.stdout))
		}
	}
}

// Ten thousand objects, written out or made by one block, are read, expanded and
// checked for work that does not grow with their square, and within a bound of memory.
func TestTenThousandObjectsStayWithinTheirBound(t *testing.T) {
	program := built(t)
	made := func(n int) string {
		return fmt.Sprintf("container \"c\" {\n  for_each    = toset([for p in setproduct(range(100), range(%d)) : \"k${p[0]}-${p[1]}\"])\n", n/100) +
			"  image       = \"bash\"\n  environment = { NAME = each.key }\n  mount {\n    source = \"/srv/${each.key}\"\n    target = \"/srv\"\n  }\n}\n"
	}
	for name, text := range map[string]func(int) string{"blocks": honest, "for_each": made} {
		const fewRuns = 5 // each is short
		var few, many cost
		var growth float64
		for range tries {
			few.cpu = 0
			for range fewRuns {
				few.cpu += validated(t, program, text(500)).cpu / fewRuns
			}
			many = validated(t, program, text(10_000))
			if growth = many.cpu.Seconds() / few.cpu.Seconds(); growth <= largeGrowth {
				break
			}
		}
		t.Logf("%s: %v, %.1f times %v, %d MiB", name, many.cpu, growth, few.cpu, many.memory>>20)
		if growth > largeGrowth || many.memory > largeMemory {
			t.Errorf("%s: %v, %.1f times %v, and %d MiB of %d", name, many.cpu, growth, few.cpu, many.memory>>20, largeMemory>>20)
		}
	}
}
