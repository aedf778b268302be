package e2e_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

// sample is one file of examples/ in a scenario's directory.
type sample struct {
	*scenario
	file string // "examples/case3.hcl"
}

// newSample copies the example and what it is built from, with a file that lies
// on the host beside it, and gives its variables what this engine can serve.
func newSample(t *testing.T, name string, variables ...string) *sample {
	t.Helper()
	needEngine(t)
	e := &sample{scenario: newScenario(t), file: "examples/" + name + ".hcl"}
	e.write(e.file, readFile(t, "../../"+e.file))
	values := ""
	for _, variable := range variables {
		name, value, _ := strings.Cut(variable, "=")
		values += name + " = \"" + value + "\"\n"
	}
	e.write("examples/local.auto.hclvars", values)
	return e
}

// on is a command about the sample, under the project name of the test.
func (e *sample) on(command string, more ...string) result {
	e.t.Helper()
	return e.dindctl(append([]string{command, e.file, "-project", e.project}, more...)...)
}

// exec runs a command in one of the sample's objects.
func (e *sample) exec(address string, command ...string) result {
	e.t.Helper()
	return e.dindctl(append([]string{"exec", address, "-project", e.project, "--"}, command...)...)
}

// edit replaces one piece of the sample's text, which has to be there once.
func (e *sample) edit(old, now string) {
	e.t.Helper()
	path := filepath.Join(e.dir, e.file)
	text := readFile(e.t, path)
	if strings.Count(text, old) != 1 {
		e.t.Fatalf("%s has %q %d times", e.file, old, strings.Count(text, old))
	}
	e.write(e.file, strings.Replace(text, old, now, 1))
}

// up applies the sample, which has nothing to change afterwards.
func (e *sample) up() result {
	e.t.Helper()
	r := e.on("apply", "-auto-approve").wants(e.t, 0)
	e.on("plan", "-detailed-exitcode").wants(e.t, 0).says(e.t, "No changes")
	return r
}

// down destroys the sample: what remains is the volumes named.
func (e *sample) down(volumes ...string) {
	e.t.Helper()
	e.on("destroy", "-auto-approve").wants(e.t, 0)
	e.wantList("containers", e.containers())
	e.wantList("networks", e.networks())
	e.wantList("volumes", e.volumes(), volumes...)
}

// document is what `mounts -json` says of the sample.
func (e *sample) document(code int) mountsDocument {
	e.t.Helper()
	r := e.on("mounts", "-json").wants(e.t, code)
	var document mountsDocument
	if err := json.Unmarshal([]byte(r.stdout), &document); err != nil {
		e.t.Fatalf("mounts -json: %v\n%s", err, r.stdout)
	}
	return document
}

// pasted returns the sample's text with each fix of each mount pasted, by title.
func (e *sample) pasted(document mountsDocument) map[string]string {
	e.t.Helper()
	lines := strings.Split(readFile(e.t, filepath.Join(e.dir, e.file)), "\n")
	out := map[string]string{}
	for _, m := range document.Mounts {
		for _, fix := range m.Fix {
			rest := lines[fix.Line-1:]
			if fix.Replace {
				rest = rest[1:]
			}
			out[fix.Title] = strings.Join(append(append(append([]string{}, lines[:fix.Line-1]...), fix.HCL), rest...), "\n")
		}
	}
	return out
}

// quoted returns the part of a file's leading comment that is indented by four
// blanks or more, which is where examples show what dindctl says.
func quoted(t *testing.T, file string) string {
	t.Helper()
	var out []string
	for _, line := range strings.Split(readFile(t, file), "\n") {
		if !strings.HasPrefix(line, "#") {
			break
		}
		if text, found := strings.CutPrefix(line, "#    "); found {
			out = append(out, text)
		}
	}
	return strings.Join(out, "\n")
}

// inspect reads one field of a container of the project.
func (e *sample) inspect(label, format string) string {
	e.t.Helper()
	return strings.Join(e.docker("inspect", "--format", format, e.project+"-"+label), "\n")
}
