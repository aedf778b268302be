package truth_test

import (
	"archive/tar"
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/google/go-cmp/cmp"

	"github.com/dindctl/dindctl/internal/plan"
)

// cause is a kind of change, and what a plan has to say of it.
type cause struct {
	name string
	// before and after are the configurations; an empty one after is the same.
	before, after string
	// hand is what somebody else does in between.
	hand func(ctx context.Context, u *user) error
	want string
}

const (
	someApp     = "container \"app\" {\n  image = \"base.local/a\"\n}\n"
	someNetwork = "network \"n\" {}\ncontainer \"app\" {\n  image    = \"base.local/a\"\n  networks = [network.n]\n}\n"
	someShare   = "container \"web\" {\n  image = \"base.local/a\"\n}\ncontainer \"app\" {\n  image        = \"base.local/a\"\n  network_mode = container.web\n}\n"
	someVolume  = "volume \"v\" {}\ncontainer \"app\" {\n  image = \"base.local/a\"\n  mount {\n    source = volume.v\n    target = \"/v\"\n  }\n}\n"
	someImage   = "image \"i\" {\n  build {\n    dockerfile_inline = \"FROM base.local/a\"\n  }\n}\ncontainer \"app\" {\n  image = image.i\n}\n"
	someJob     = "job \"app\" {\n  image   = \"base.local/a\"\n  command = [\"true\"]\n}\n"
)

// causes is the table: each kind of change by its cause in words.
func causes() []cause {
	remove := func(name string) func(context.Context, *user) error {
		return func(ctx context.Context, u *user) error {
			return u.hand.ContainerRemove(ctx, project+"-"+name, container.RemoveOptions{Force: true})
		}
	}
	with := func(text, line string) string {
		return strings.Replace(text, "container \"app\" {\n", "container \"app\" {\n  "+line+"\n", 1)
	}
	return []cause{
		{
			name: "an argument is declared otherwise", before: someApp, after: with(someApp, "hostname = \"h\""),
			want: "replace container.app (configuration: hostname: configuration)",
		},
		{
			name: "a limit is changed by hand", before: with(someApp, "mem_limit = \"64m\""), hand: func(ctx context.Context, u *user) error {
				_, err := u.hand.ContainerUpdate(ctx, project+"-app", container.UpdateConfig{Resources: container.Resources{Memory: 128 << 20, MemorySwap: 256 << 20}})
				return err
			},
			want: "update container.app (changed_outside: mem_limit: changed outside)",
		},
		{
			name: "a container is removed", before: someApp, hand: remove("app"),
			want: "create container.app (absent: not there yet)",
		},
		{
			name: "a container is stopped", before: someApp, hand: func(ctx context.Context, u *user) error {
				return u.hand.ContainerStop(ctx, project+"-app", container.StopOptions{})
			},
			want: "start container.app (stopped: it was killed (exit code 137))",
		},
		{
			name: "a container is renamed by hand", before: someApp, hand: func(ctx context.Context, u *user) error {
				return u.hand.ContainerRename(ctx, project+"-app", "else")
			},
			want: "update container.app (changed_outside: name: changed outside)",
		},
		{
			name: "a container is named otherwise", before: someApp, after: with(someApp, "name = \"else\""),
			want: "update container.app (configuration: name: configuration)",
		},
		{
			name: "the owner of a namespace is removed", before: someShare, hand: remove("web"),
			want: "replace container.app (because_of_another: because container.web is no longer there)\n" +
				"create container.web (removed: it is no longer there: container.app was made with it)",
		},
		{
			name: "a secret file is declared otherwise", before: with(someApp, "file {\n    path = \"/k\"\n    content = sensitive(\"old\")\n  }"),
			after: with(someApp, "file {\n    path = \"/k\"\n    content = sensitive(\"new\")\n  }"),
			want:  "replace container.app (configuration: file[\"/k\"].content: configuration)",
		},
		{
			name: "a secret file is written by hand", before: with(someApp, "file {\n    path = \"/k\"\n    content = sensitive(\"old\")\n  }"),
			hand: func(ctx context.Context, u *user) error {
				var packed bytes.Buffer
				w := tar.NewWriter(&packed)
				_ = w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "k", Mode: 0o644, Size: 4, ModTime: time.Now()}) // a buffer takes everything
				_, _ = w.Write([]byte("else"))
				_ = w.Close()
				return u.hand.CopyToContainer(ctx, project+"-app", "/", &packed, container.CopyToContainerOptions{})
			},
			want: "replace container.app (changed_outside: file[\"/k\"].content: changed outside)",
		},
		{
			name: "a network is declared otherwise", before: someNetwork, after: strings.Replace(someNetwork, "\"n\" {}", "\"n\" {\n  internal = true\n}", 1),
			want: "replace container.app (because_of_another: because network.n is replaced)\nreplace network.n (configuration: internal: configuration)",
		},
		{
			name: "a network is named otherwise", before: someNetwork, after: strings.Replace(someNetwork, "\"n\" {}", "\"n\" {\n  name = \"else\"\n}", 1),
			want: "replace container.app (configuration: networks: configuration)\nreplace network.n (configuration: name: configuration)",
		},
		{
			name: "a network is disconnected by hand", before: someNetwork, hand: func(ctx context.Context, u *user) error {
				return u.hand.NetworkDisconnect(ctx, project+"-n", project+"-app", false)
			},
			want: "update container.app (changed_outside: networks: changed outside)",
		},
		{
			name: "a network is made anew by hand", before: someNetwork, hand: func(ctx context.Context, u *user) error {
				n, err := u.hand.NetworkInspect(ctx, project+"-n", network.InspectOptions{})
				if err == nil {
					err = u.hand.NetworkDisconnect(ctx, n.ID, project+"-app", true)
				}
				if err == nil {
					err = u.hand.NetworkRemove(ctx, n.ID)
				}
				if err == nil {
					_, err = u.hand.NetworkCreate(ctx, n.Name, network.CreateOptions{Labels: n.Labels, Options: n.Options, Driver: n.Driver})
				}
				return err
			},
			want: "update container.app (changed_outside: networks: changed outside)",
		},
		{
			name: "a volume is declared otherwise", before: someVolume, after: strings.Replace(someVolume, "\"v\" {}", "\"v\" {\n  labels = { a = \"b\" }\n}", 1),
			want: "replace container.app (because_of_another: because volume.v is replaced)\nreplace volume.v (configuration: labels.a: configuration)",
		},
		{
			name: "an image is built otherwise", before: someImage, after: strings.Replace(someImage, "FROM base.local/a", "FROM base.local/a\\nLABEL x=y", 1),
			want: "replace container.app (because_of_another: because image.i is replaced)\nreplace image.i (configuration: build.dockerfile_inline: configuration)",
		},
		{
			name: "an image that was built loses its name", before: someImage, hand: func(ctx context.Context, u *user) error {
				_, err := u.hand.ImageRemove(ctx, project+"-i", image.RemoveOptions{Force: true})
				return err
			},
			want: "replace container.app (because_of_another: because image.i is no longer there)\n" +
				"create image.i (removed: it is no longer there: container.app was made with it)",
		},
		{
			name: "the name of an image is given to another one", before: someApp, hand: func(ctx context.Context, u *user) error {
				return u.hand.ImageTag(ctx, "base.local/b", "base.local/a")
			},
			want: "replace container.app (changed_outside: image: changed outside)",
		},
		{
			name: "another image is declared", before: someApp, after: strings.Replace(someApp, "base.local/a", "base.local/b", 1),
			want: "replace container.app (configuration: image: configuration)",
		},
		{
			name: "a block is gone", before: someNetwork, after: someApp,
			want: "replace container.app (configuration: networks: configuration)\ncreate network.default (absent: not there yet)\n" +
				"delete network.n (orphan: no longer in the configuration)",
		},
		{
			name: "the record of a job is removed", before: someJob, hand: remove("app"),
			want: "run job.app (no_record: no record of a run)",
		},
		{
			name: "a job is declared otherwise", before: someJob, after: strings.Replace(someJob, "\"true\"", "\"false\"", 1),
			want: "run job.app (configuration: command: configuration)",
		},
	}
}

// Each kind of change has its cause in words, and nothing beside it is in the plan.
func TestCauses(t *testing.T) {
	t.Parallel()
	for _, c := range causes() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			for _, api := range []string{api2010, api285} {
				m, end, err := newMemory(api)
				if err != nil {
					t.Fatal(err)
				}
				defer end()
				if d := cmp.Diff(c.want, c.planned(t, m)); d != "" {
					t.Errorf("API %s (-want +got):\n%s", api, d)
				}
			}
		})
	}
}

// planned applies what was before, and tells what is planned then.
func (c cause) planned(t *testing.T, w world) string {
	t.Helper()
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	u, err := newUser(ctx, w)
	must(err)
	defer u.close()
	head := fmt.Sprintf("project { name = %q }\n", project)
	p, problems := u.planText(ctx, head+c.before)
	if !problems.HasErrors() {
		problems = u.apply(ctx, p)
	}
	if problems.HasErrors() {
		t.Fatal(problemsText(problems))
	}
	if c.hand != nil {
		must(c.hand(ctx, u))
	}
	after := c.after
	if after == "" {
		after = c.before
	}
	if p, problems = u.planText(ctx, head+after); problems.HasErrors() {
		t.Fatal(problemsText(problems))
	}
	var out []string
	for _, res := range p.Resources {
		if res.Action != plan.None {
			out = append(out, fmt.Sprintf("%s %s (%s: %s)", res.Action, res.Address, res.Reason, res.Cause))
		}
	}
	return strings.Join(out, "\n")
}
