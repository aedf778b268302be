package hcl_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dindctl/dindctl/hcl"
)

// What is formatted is aligned and indented, and keeps its comments.
func TestFormat(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ from, to string }{
		"aligned": {
			"job \"a\" {\nimage=\"bash\"\n    command   = [ \"ls\",\"-al\" ]  # all\n// why\n}\n",
			"job \"a\" {\n  image   = \"bash\"\n  command = [\"ls\", \"-al\"] # all\n  // why\n}\n",
		},
		"here document": {
			"locals {\na = <<EOT\n   kept   as is\n  EOT\n}\n",
			"locals {\n  a = <<EOT\n   kept   as is\n  EOT\n}\n",
		},
		"as it should be": {"x = 1\n", "x = 1\n"},
		"nothing":         {"", ""},
		"without the last line's end": {
			"a=1", "a = 1",
		},
		"line ends of Windows": {"a=1\r\nbb=2\r\n", "a  = 1\r\nbb = 2\r\n"},
	} {
		got, _, problems := hcl.Format("main.hcl", []byte(c.from))
		if problems.HasErrors() {
			t.Errorf("%s: %v", name, problems)
		}
		if diff := cmp.Diff(c.to, string(got)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

// A file with errors in its syntax stays as it is, and they are said.
func TestFormatLeavesWhatItDoesNotUnderstand(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"a = ", "job \"a\" {\n", "a=[1,\n", strings.Repeat("a = [", 600)} {
		got, _, problems := hcl.Format("main.hcl", []byte(text))
		if string(got) != text || !problems.HasErrors() {
			t.Errorf("%.20q became %.20q, with %v", text, got, problems)
		}
	}
}

// Whatever is formatted: a second time changes nothing, and what the
// configuration means is what it meant before.
func FuzzFormat(f *testing.F) {
	files, err := filepath.Glob("testdata/spec/*.hcl")
	if err != nil {
		f.Fatal(err)
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	for _, text := range []string{"a=1 # x\nb /* y */=2", "x=<<-EOT\n  a\n    ${b}\n  EOT\n", "a={b=1\n#c\nd=2}", "\ufeffa=1", "a = b ? c : d", "a=[for x in y:x]", "\ta\t=\t1"} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		once, _, problems := hcl.Format("main.hcl", text)
		if problems.HasErrors() {
			if string(once) != string(text) {
				t.Fatalf("%q has errors and became %q", text, once)
			}
			return
		}
		twice, _, problems := hcl.Format("main.hcl", once)
		if problems.HasErrors() || string(twice) != string(once) {
			t.Fatalf("%q became %q and then %q, %v", text, once, twice, problems)
		}
		if diff := cmp.Diff(meaning(t, text), meaning(t, once)); diff != "" {
			t.Fatalf("%q became %q and means something else (-before +after):\n%s", text, once, diff)
		}
	})
}

// meaning is what becomes of a text, without the columns of its problems.
func meaning(t *testing.T, text []byte) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "fixed")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "main.hcl"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	out := render(t, hcl.LoadRequest{Cwd: dir, Path: "main.hcl", MachineID: "m"}, nil)
	var lines []string
	for line := range strings.Lines(strings.ReplaceAll(out, dir, "DIR")) {
		if place, rest, found := strings.Cut(line, " "); found && strings.HasPrefix(place, "main.hcl:") {
			number, _, _ := strings.Cut(place, ",")
			line = number + " " + rest
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "")
}
