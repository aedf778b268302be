// Package floors_test holds the test of the house's floors: who may import
// whom. The linter says the same with better positions; this test says it
// without the linter.
package floors_test

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/dindctl/dindctl"

// rule says that the packages From may not import, directly or through others
// of this module, anything that begins with one of Never, but for Except.
type rule struct {
	from   string
	never  []string
	except []string
}

func rules() []rule {
	effects := []string{
		"os", "os/exec", "net", "net/http", "log", "syscall",
		"github.com/hashicorp/go-hclog", "github.com/hashicorp/hcl", module + "/hcl", module + "/provider/",
		module + "/internal/runner", module + "/internal/guard", module + "/internal/ui", module + "/internal/cli",
	}
	everything := []string{module + "/internal/", module + "/hcl"}
	return []rule{
		{from: module + "/provider", never: everything},
		{from: module + "/provider/docker", never: append([]string{module + "/provider/plugin"}, everything...)},
		{from: module + "/provider/plugin", never: append([]string{module + "/provider/docker"}, everything...)},
		{from: module + "/provider/providertest", never: everything},
		{from: module + "/internal/diag", never: append([]string{module + "/internal/"}, effects...)},
		{from: module + "/internal/graph", never: append([]string{module + "/internal/"}, effects...)},
		{from: module + "/internal/mask", never: append([]string{module + "/internal/"}, effects...)},
		{from: module + "/internal/mount", never: append([]string{module + "/internal/"}, effects...)},
		{from: module + "/internal/config", never: append([]string{module + "/internal/plan"}, effects...)},
		{from: module + "/internal/plan", never: effects},
		{from: module + "/hcl", never: []string{
			module + "/provider/", module + "/internal/plan", module + "/internal/runner",
			module + "/internal/ui", module + "/internal/cli",
			// What a build is sent is a value beside the contract, and no provider.
		}, except: []string{module + "/provider/buildcontext"}},
		{from: module + "/internal/runner", never: []string{module + "/internal/ui", module + "/internal/cli", module + "/hcl"}},
		// provider/lines is a value beside the contract, and no provider.
		{from: module + "/internal/ui", never: []string{module + "/internal/cli", module + "/provider/"}, except: []string{module + "/provider/lines"}},
	}
}

// Nothing on a floor imports what lies above it.
func TestFloors(t *testing.T) {
	t.Parallel()
	for _, r := range rules() {
		for _, imported := range imports(t, r.from) {
			if forbidden(imported, r.never) && !forbidden(imported, r.except) {
				t.Errorf("%s imports %s, which its floor does not allow", r.from, imported)
			}
		}
	}
}

// Only these packages speak with each foreign world.
func TestForeignWorldsHaveOneDoor(t *testing.T) {
	t.Parallel()
	doors := map[string][]string{
		"github.com/docker/docker":       {module + "/provider/docker"},
		"github.com/hashicorp/hcl":       {module + "/hcl"},
		"github.com/hashicorp/go-plugin": {module + "/provider/plugin"},
		"github.com/moby/buildkit":       {module + "/provider/docker/buildkit"},
		"google.golang.org/grpc":         {module + "/provider/plugin", module + "/provider/docker/buildkit"},
	}
	out, err := exec.Command("go", "list", "-f", `{{.ImportPath}}: {{join .Imports " "}}`, module+"/...").Output()
	if err != nil {
		t.Fatalf("listing the packages: %v", err)
	}
	for line := range strings.Lines(string(out)) {
		from, list, _ := strings.Cut(strings.TrimSpace(line), ": ")
		for _, imported := range strings.Fields(list) {
			for world, doors := range doors {
				through := slices.ContainsFunc(doors, func(door string) bool { return strings.HasPrefix(from, door) })
				if strings.HasPrefix(imported, world) && !through {
					t.Errorf("%s imports %s; only %s may", from, imported, strings.Join(doors, " and "))
				}
			}
		}
	}
}

// imports returns what the package and those of this module below it import directly.
func imports(t *testing.T, pkg string) []string {
	t.Helper()
	out, err := exec.Command("go", "list", "-deps", "-f",
		`{{if .Module}}{{if eq .Module.Path "`+module+`"}}{{.ImportPath}} {{join .Imports " "}}{{end}}{{end}}`, pkg).Output()
	if err != nil {
		t.Fatalf("listing what %s imports: %v", pkg, err)
	}
	var all []string
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		// The contract names streams of package net, and opens none.
		if len(fields) == 0 || (fields[0] == module+"/provider" && pkg != fields[0]) {
			continue
		}
		all = append(all, fields[1:]...)
	}
	return all
}

func forbidden(imported string, list []string) bool {
	for _, f := range list {
		if imported == f || strings.HasSuffix(f, "/") && strings.HasPrefix(imported, f) || strings.HasPrefix(imported, f+"/") && strings.Contains(f, ".") {
			return true
		}
	}
	return false
}
