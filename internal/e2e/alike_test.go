package e2e_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// alikeImages gives the examples' image variables what the test engine has.
func alikeImages() map[string]string {
	return map[string]string{
		"daemon_image": dindImage,
		"job_image":    bashImage, "step_image": bashImage, "base_image": bashImage, "registry_image": bashImage,
		"controller_base": controllerBase, "cli_image": controllerBase, "build_image": controllerBase, "runner_image": controllerBase,
		"dev_image": controllerBase, "agent_image": controllerBase, "jenkins_image": controllerBase,
	}
}

// alike is what one example gives on every engine, before anything of it is there.
type alike struct {
	PlanExit   int             `json:"plan_exit"`
	Plan       json.RawMessage `json:"plan"`
	MountsExit int             `json:"mounts_exit"`
	Mounts     json.RawMessage `json:"mounts"`
}

// Every example has the same plan and the same verdicts on every engine and image
// store that the tests run on: they are compared with one file each, whatever
// engine answers. (-update-pages writes them anew.)
func TestExamplesAreAlikeOnEveryEngine(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../examples/*.hcl")
	if err != nil || len(files) == 0 {
		t.Fatalf("no examples: %v", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".hcl")
		t.Run(name, func(t *testing.T) {
			e := newExample(t, name, nil)
			copyTree(t, "../../docker/controller", filepath.Join(e.dir, "docker/controller"))
			for _, extra := range []string{"jenkins", "registry-app"} {
				copyTree(t, "../../examples/"+extra, filepath.Join(e.dir, "examples", extra))
			}
			e.project = "alike-" + name
			var variables []string
			for _, found := range regexp.MustCompile(`(?m)^variable "(\w+)"`).FindAllStringSubmatch(e.source, -1) {
				if value, ok := alikeImages()[found[1]]; ok {
					variables = append(variables, fmt.Sprintf("-var=%s=%s", found[1], value))
				}
				switch found[1] {
				case "registry_password":
					variables = append(variables, "-var=registry_password=x")
				case "endpoint":
					variables = append(variables, "-var=endpoint=tcp://127.0.0.1:1") // nobody listens there
				}
			}
			e.write("examples/htpasswd", "ci:x\n")
			plan := e.do("plan", append(slices.Clone(variables), "-json", "-detailed-exitcode")...)
			mounts := e.do("mounts", append(slices.Clone(variables), "-json")...)
			got := alike{
				PlanExit: plan.code, Plan: e.neutral(plan.stdout),
				MountsExit: mounts.code, Mounts: e.neutral(mounts.stdout),
			}
			text, err := json.MarshalIndent(got, "", "  ")
			if err != nil {
				t.Fatal(err)
			}
			golden := filepath.Join("testdata", "alike", name+".json")
			if *updatePages {
				if err := os.WriteFile(golden, append(text, '\n'), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			if diff := cmp.Diff(strings.Split(readFile(t, golden), "\n"), strings.Split(string(text)+"\n", "\n")); diff != "" {
				t.Errorf("not as on other engines (-there +here):\n%s", diff)
			}
		})
	}
}

// neutral is a document without what says which engine answered, and where the files
// lie. What is no document comes back as a string.
func (e *example) neutral(text string) json.RawMessage {
	e.t.Helper()
	text = strings.ReplaceAll(text, e.dir, "/DIR")
	for i, fact := range e.docker("info", "--format", "{{.ID}}\n{{.ServerVersion}}\n{{.Driver}}") {
		text = strings.ReplaceAll(text, fmt.Sprintf("%q", fact), []string{`"ID"`, `"VERSION"`, `"DRIVER"`}[i])
	}
	// The group of the engine's socket is a number of this machine.
	text = regexp.MustCompile(`("socket_group": ?)"[0-9]+"`).ReplaceAllString(text, `$1"GROUP"`)
	var document map[string]any
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.UseNumber()
	if err := decoder.Decode(&document); err != nil {
		out, _ := json.Marshal(text)
		return out
	}
	delete(document, "engine")
	out, err := json.Marshal(document)
	if err != nil {
		e.t.Fatal(err)
	}
	return out
}
