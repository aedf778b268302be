package hcl_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dindctl/dindctl/hcl"
	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/mount"
)

// Where dindctl runs in a container, relative sources are sent as what its mounts
// make of them, what lies in its own root is refused with chain and fix, and an
// absolute path is the engine's, with a warning where it is something else here.
func TestOwnContainer(t *testing.T) {
	t.Parallel()
	cwd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(cwd, "testdata/self")
	bind := func(source, target string) mount.Mount {
		return mount.Mount{Type: mount.Bind, Source: source, Target: target}
	}
	volume := func(name, target string) mount.Mount {
		return mount.Mount{Type: mount.Volume, Volume: name, Target: target}
	}
	same, memory := bind("/srv/same", "/srv/same"), mount.Mount{Type: mount.Tmpfs, Target: "/memory"}
	for name, test := range map[string]struct {
		self *config.Self
		want string
	}{
		"bind": {
			&config.Self{Container: "tool", Inspected: true, Mounts: []mount.Mount{bind("/home/me/ci", dir), bind("/home/me/other", dir+"/part"), memory, same}},
			`error own-root mount[2].source
  dindctl's own container (tool)  PARENT/outside  is  its own root, which no mount of it holds
  daemon.root  PARENT/outside  is  a path of the engine's host, not that directory
  fix: Start that container with the directory mounted, such as docker run -v DIRECTORY:PARENT/outside, where DIRECTORY is it on the engine's host
  fix: Write the path that the directory has on the engine's host, as an absolute one
warning own-path mount[3].source
  dindctl's own container (tool)  /memory/x  is  a directory of its own
  daemon.root  /memory/x  is  /memory/x of its host
bind /home/me/ci  /relative
bind /home/me/other  /part
bind PARENT/outside  /outside
bind /memory/x  /memory
bind /srv/same  /same
bind /host/only  /host
volume own-cache  /cache
`,
		},
		"volume": {
			&config.Self{Container: "tool", Inspected: true, Parts: true, Mounts: []mount.Mount{volume("work", filepath.Dir(dir))}},
			`volume work self /relative
volume work self/part /part
volume work outside /outside
bind /memory/x  /memory
bind /srv/same  /same
bind /host/only  /host
volume own-cache  /cache
`,
		},
		"volume on an old engine": {
			&config.Self{Container: "tool", Inspected: true, Mounts: []mount.Mount{volume("work", dir), bind("/up", filepath.Dir(dir))}},
			`error own-volume mount[1].source
  dindctl's own container (tool)  PARENT/self/part  is  part of the volume work
volume work  /relative
bind PARENT/self/part  /part
bind /up/outside  /outside
bind /memory/x  /memory
bind /srv/same  /same
bind /host/only  /host
volume own-cache  /cache
`,
		},
		"only the targets are known": {
			&config.Self{Container: "tool", Mounts: []mount.Mount{bind("", filepath.Dir(dir))}},
			`bind PARENT/self  /relative
bind PARENT/self/part  /part
bind PARENT/outside  /outside
bind /memory/x  /memory
bind /srv/same  /same
bind /host/only  /host
volume own-cache  /cache
`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg, _, problems := hcl.Load(hcl.LoadRequest{Path: dir, Cwd: cwd, MachineID: "machine", Project: "own"})
			if len(problems) > 0 {
				t.Fatal(problems)
			}
			cfg.Self = test.self
			x, problems := config.Expand(cfg, schema(), nil)
			var out strings.Builder
			for _, p := range problems {
				path := ""
				for i := range 7 {
					in, _ := x.Instance("daemon.dind")
					if candidate := fmt.Sprintf("mount[%d].source", i); in.RangeOf(candidate) == p.Subject {
						path = candidate
					}
				}
				fmt.Fprintf(&out, "%s %s %s\n", p.Severity, p.Code, path)
				for _, line := range p.Chain {
					fmt.Fprintf(&out, "  %s\n", line)
				}
				for _, fix := range p.Fixes {
					fmt.Fprintf(&out, "  fix: %s\n", fix.Title)
				}
			}
			for _, m := range x.Topology(config.TopologyOptions{}).Containers["daemon.dind"].Mounts {
				if !m.Implied {
					fmt.Fprintf(&out, "%s %s %s %s\n", m.Type, m.Source+m.Volume, m.Subpath, m.Target)
				}
			}
			got := strings.ReplaceAll(out.String(), filepath.Dir(dir), "PARENT")
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
