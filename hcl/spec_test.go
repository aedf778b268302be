package hcl_test

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dindctl/dindctl/hcl"
	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/docker"
)

var update = flag.Bool("update", false, "rewrite the expected texts")

// Every file of testdata/spec becomes exactly what its .want says: problems with
// their places, or instances, outputs and mounts.
func TestSpec(t *testing.T) {
	t.Parallel()
	cwd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob("testdata/spec/*")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if strings.HasSuffix(file, ".want") || strings.HasSuffix(file, ".hclvars") || filepath.Ext(file) == "" {
			continue
		}
		name, _, _ := strings.Cut(filepath.Base(file), ".")
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req := hcl.LoadRequest{
				Path: file, Cwd: cwd, MachineID: "machine", Version: "1.2.3", Environment: map[string]string{"DINDCTL_VAR_from_environment": "7"},
			}
			given(t, file, &req)
			with := schema()
			if strings.HasPrefix(name, "docker-") {
				with = dockerSchema(t)
			}
			got := renderWith(t, req, nil, with)
			want := filepath.Join(filepath.Dir(file), name+".want")
			if *update {
				if err := os.WriteFile(want, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			expected, err := os.ReadFile(want)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(expected), got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", file, diff)
			}
		})
	}
}

// given reads the flags of a case from its first line: "# flags: -var a=1 -project p".
func given(t *testing.T, file string, req *hcl.LoadRequest) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		return // a case of its own
	}
	line, _, _ := strings.Cut(string(text), "\n")
	words, found := strings.CutPrefix(line, "# flags: ")
	if !found {
		return
	}
	fields := strings.Fields(words)
	for i := 0; i+1 < len(fields); i += 2 {
		switch fields[i] {
		case "-var":
			req.Vars = append(req.Vars, fields[i+1])
		case "-var-file":
			req.VarFiles = append(req.VarFiles, fields[i+1])
		case "-version":
			req.Version = fields[i+1]
		case "-project":
			req.Project = fields[i+1]
		default:
			t.Fatalf("%s: there is no flag %s", file, fields[i])
		}
	}
}

// dockerSchema is the whole schema of the Docker provider.
func dockerSchema(t *testing.T) provider.Schema {
	t.Helper()
	description, err := docker.New(nil).Describe(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return description.Schema
}
