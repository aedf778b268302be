package runner_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/mount"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/internal/runner"
	"github.com/dindctl/dindctl/provider"
)

// witnesses is a provider in which every path is what a table says, by the
// address of the container. Helpers are "helper".
type witnesses struct {
	provider.Provider // nothing else is called

	boots map[string]string            // kernel of each container; "k" where it is left out
	files map[string]map[string]string // "stat 1 2 41ed", "ls 2", "there"; nothing is missing
	// shells says which containers have none.
	without []string
	// refuses makes the creation of a helper with that source fail.
	refuses map[string]string

	mu    sync.Mutex
	ids   map[string][]string // sources of each helper
	alive map[string]bool
}

func (w *witnesses) Describe(context.Context) (provider.Description, error) {
	return provider.Description{Powers: []provider.Power{provider.PowerExec}}, nil
}

func (w *witnesses) Create(_ context.Context, req provider.CreateRequest, _ provider.Sink) (provider.CreateResponse, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	id := fmt.Sprintf("helper%d", len(w.ids))
	w.alive[id] = true
	for it := req.Declaration.Declared.GetAttr("mount").ElementIterator(); it.Next(); {
		_, m := it.Element()
		source := m.GetAttr("source").AsString()
		w.ids[id] = append(w.ids[id], source)
		if why := w.refuses[source]; why != "" {
			return provider.CreateResponse{ID: id}, &provider.Problem{Code: provider.Invalid, Summary: why}
		}
	}
	if req.Owner.Project != "ci" || req.Owner.Address == "" {
		return provider.CreateResponse{ID: id}, &provider.Problem{Code: provider.Invalid, Summary: "a helper that nobody owns"}
	}
	return provider.CreateResponse{ID: id, Object: provider.Object{ID: id}}, nil
}

func (w *witnesses) Delete(_ context.Context, req provider.DeleteRequest, _ provider.Sink) (provider.DeleteResponse, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.alive, req.ID)
	return provider.DeleteResponse{}, nil
}

func (w *witnesses) Exec(_ context.Context, req provider.ExecRequest) (provider.ExecResponse, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	view, paths := req.ID, req.Command[4:]
	if slices.Contains(w.without, view) {
		return provider.ExecResponse{ExitCode: 127}, nil
	}
	boot := w.boots[view]
	if sources, helper := w.ids[view]; helper {
		boot = w.boots["helper"]
		view, paths = "helper", sources
	}
	if boot == "" {
		boot = "k"
	}
	text := "boot " + boot + "\n"
	for _, p := range paths {
		line := w.files[view][p]
		if line == "" {
			line = "missing"
		}
		text += line + "\n"
	}
	_, err := io.WriteString(req.Stdout, text)
	return provider.ExecResponse{}, err
}

// A verdict is proved where every side shows what it says, contradicted where one
// that can be compared does not, and neither where nothing can be compared. No
// helper stays.
func TestVerifyJudges(t *testing.T) {
	t.Parallel()
	const dir, other = "stat 1 2 41ed", "stat 1 3 41ed"
	all := func(helper, controller, daemon string) map[string]map[string]string {
		return map[string]map[string]string{"helper": {"/p": helper}, "c": {"/p": controller}, "d": {"/p": daemon}}
	}
	for _, test := range []*struct {
		name    string
		verdict mount.Verdict
		w       witnesses
		want    string
	}{
		{"all the same", mount.Visible, witnesses{files: all(dir, dir, dir)}, "proved"},
		{"another object", mount.Visible, witnesses{files: all(other, dir, other)}, "contradicted: A container that mounts it sees a directory, device 1, inode 3, and controller.c has at /p: a directory, device 1, inode 2."},
		{"another device", mount.Visible, witnesses{files: all("stat 9 2 41ed", dir, dir)}, "contradicted: A container that mounts it sees a directory, device 9, inode 2, and controller.c has at /p: a directory, device 1, inode 2."},
		{"nothing there", mount.Visible, witnesses{files: all("", dir, dir)}, "contradicted: A container that mounts it finds nothing there."},
		{"inodes alone", mount.Visible, witnesses{files: all(dir, "ls 2", dir)}, "proved"},
		{"other inodes alone", mount.Visible, witnesses{files: all(dir, "ls 3", dir)}, "contradicted: A container that mounts it sees a directory, device 1, inode 2, and controller.c has at /p: inode 3."},
		{"two kernels", mount.Visible, witnesses{files: all(other, dir, other), boots: map[string]string{"c": "k2"}}, "not_proved: It cannot be compared with controller.c: they run on two kernels, whose numbers are not comparable."},
		{"no numbers", mount.Visible, witnesses{files: all("there", dir, dir)}, "not_proved: It cannot be compared with controller.c: one side has neither stat nor ls."},
		{"no shell", mount.Visible, witnesses{files: all(dir, dir, dir), without: []string{"c"}}, "not_proved: It cannot be compared with controller.c: ci-c has no stat."},
		{"one side differs, another cannot look", mount.Visible, witnesses{files: all(other, dir, dir), without: []string{"c"}}, "contradicted: A container that mounts it sees a directory, device 1, inode 3, and daemon.d has at /p: a directory, device 1, inode 2."},
		{"refused", mount.Visible, witnesses{files: all(dir, dir, dir), refuses: map[string]string{"/p": "No such source"}}, "contradicted: daemon.d did not mount it: No such source."},
		{"hidden and refused", mount.Hidden, witnesses{files: all(dir, dir, dir), refuses: map[string]string{"/p": "No such source"}}, "proved"},
		{"hidden and another", mount.Hidden, witnesses{files: all(other, dir, other)}, "proved"},
		{"hidden and the same", mount.Hidden, witnesses{files: all(dir, dir, dir)}, "contradicted: A container that mounts it sees the same as controller.c has at /p: a directory, device 1, inode 2."},
		{"aliased and the same", mount.Aliased, witnesses{files: all(dir, dir, dir)}, "contradicted: A container that mounts it sees the same as controller.c has at /p: a directory, device 1, inode 2."},
		{"unknown and the same", mount.Unknown, witnesses{files: all(dir, dir, dir)}, "proved"},
		{"unknown and another", mount.Unknown, witnesses{files: all(other, dir, other)}, "not_proved: The rule could not say. A container that mounts it sees a directory, device 1, inode 3, and controller.c has at /p: a directory, device 1, inode 2."},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := &test.w
			w.ids, w.alive = map[string][]string{}, map[string]bool{}
			proofs, problems := runner.Verify(t.Context(), verifyRequest(w, test.verdict))
			if len(proofs) != 1 {
				t.Fatalf("%d proofs: %v", len(proofs), problems)
			}
			got := strings.TrimSuffix(proofs[0].Result+": "+proofs[0].Why, ": ")
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if contradicted := proofs[0].Result == runner.Contradicted; problems.HasErrors() != contradicted {
				t.Errorf("problems: %v", problems)
			}
			if len(w.alive) > 0 {
				t.Errorf("helpers that stay: %v", w.alive)
			}
		})
	}
}

// Of many mounts that one helper has, the one that is refused is found, and the
// others are looked at all the same.
func TestVerifyFindsTheRefusedOne(t *testing.T) {
	t.Parallel()
	dir := map[string]string{"/p": "stat 1 2 41ed", "/p/q": "stat 1 4 41ed"}
	w := &witnesses{
		files: map[string]map[string]string{"helper": dir, "c": dir, "d": dir}, refuses: map[string]string{"/p": "No"},
		ids: map[string][]string{}, alive: map[string]bool{},
	}
	req := verifyRequest(w, mount.Visible)
	second := req.Entries[0]
	second.Source, second.Target, second.Send.Source = "/p/q", "/q", "/p/q"
	req.Entries = append(req.Entries, second)
	proofs, _ := runner.Verify(t.Context(), req)
	var got []string
	for _, p := range proofs {
		got = append(got, p.Target+" "+p.Result)
	}
	if diff := cmp.Diff([]string{"/x contradicted", "/q proved"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// verifyRequest is about one job of a controller c on a daemon d, which both have
// /p in a mount.
func verifyRequest(w *witnesses, verdict mount.Verdict) runner.VerifyRequest {
	object := func(kind provider.Kind, label string) provider.Object {
		return provider.Object{
			ID: label, Kind: kind, Name: "ci-" + label, Owner: provider.Ownership{Project: "ci", Address: string(kind) + "." + label},
			Condition: provider.Condition{State: provider.StateRunning}, Views: []provider.View{{Type: "bind", Source: "/h", Target: "/p"}},
		}
	}
	nowhere := func(string) diag.Range { return diag.Range{} }
	controller := "controller.c"
	return runner.VerifyRequest{
		Provider: w, Project: "ci", Nonce: func() string { return "0123456789abcdef" },
		Observed: plan.Observed{
			Root:   plan.Snapshot{Readable: true, Objects: []provider.Object{object(provider.Daemon, "d"), object(provider.Controller, "c")}},
			Inside: map[string]plan.Snapshot{"daemon.d": {Readable: true, Place: "/d", Images: map[string]string{"bash": "sha256:1"}}},
		},
		Expanded: &config.Expanded{Instances: []config.Instance{
			{Address: "daemon.d", Kind: provider.Daemon, Declared: cty.EmptyObjectVal, RangeOf: nowhere},
			{Address: "job.j", Kind: provider.Job, Inside: "daemon.d", ImageRef: "bash", Declared: cty.EmptyObjectVal, RangeOf: nowhere},
		}},
		Entries: []mount.Entry{{
			Address: "job.j", Kind: "mount", Source: "/p", Target: "/x", Resolve: mount.ResolveSame, Daemon: "daemon.d", Controller: &controller,
			Verdict: verdict, Send: mount.Mount{Type: mount.Bind, Source: "/p", Target: "/x"},
		}},
	}
}

// Verify makes nothing that stays: an engine would make a volume that is missing
// for the helper that mounts it.
func TestVerifyMakesNoVolume(t *testing.T) {
	t.Parallel()
	w := &witnesses{ids: map[string][]string{}, alive: map[string]bool{}}
	req := verifyRequest(w, mount.Visible)
	req.Entries[0].Send = mount.Mount{Type: mount.Volume, Volume: "ci-data", Target: "/x"}
	proofs, _ := runner.Verify(t.Context(), req)
	if len(proofs) != 1 || proofs[0].Result != runner.NotProved || !strings.Contains(proofs[0].Why, "the volume ci-data is not known to be there") {
		t.Errorf("proofs: %+v", proofs)
	}
	if len(w.ids) > 0 {
		t.Errorf("helpers that mount %v", w.ids)
	}
}

// mute is where the command that writes a canary is not answered.
type mute struct {
	*witnesses
	removed []string
}

func (m *mute) Exec(ctx context.Context, req provider.ExecRequest) (provider.ExecResponse, error) {
	switch {
	case req.Command[0] == "rm":
		m.removed = append(m.removed, req.Command[2])
		return provider.ExecResponse{}, nil
	case strings.Contains(req.Command[2], "sleep 30"):
		return provider.ExecResponse{}, context.DeadlineExceeded
	}
	return m.witnesses.Exec(ctx, req)
}

// A canary that may have been written is removed, although nobody knows that it was.
func TestVerifyLeavesNoCanary(t *testing.T) {
	t.Parallel()
	dir := map[string]string{"/p": "stat 1 2 41ed"}
	m := &mute{witnesses: &witnesses{
		files: map[string]map[string]string{"helper": dir, "c": dir, "d": dir}, ids: map[string][]string{}, alive: map[string]bool{},
	}}
	req := verifyRequest(m.witnesses, mount.Visible)
	req.Provider, req.Write = m, true
	runner.Verify(t.Context(), req)
	if diff := cmp.Diff([]string{"/.dindctl-verify/0/.dindctl-verify-01234567"}, m.removed); diff != "" {
		t.Errorf("removed (-want +got):\n%s", diff)
	}
}

// stores is where two engines give one image two ids, and no image has a shell.
type stores struct {
	*witnesses
	images map[string]string // place and id -> name
}

func (s *stores) Create(ctx context.Context, req provider.CreateRequest, sink provider.Sink) (provider.CreateResponse, error) {
	if req.Declaration.Kind == provider.Image {
		s.images[string(req.Place)+" sha256:config"] = req.Declaration.Name
		return provider.CreateResponse{ID: "sha256:config", Object: provider.Object{ID: "sha256:config"}}, nil
	}
	if image := req.Declaration.Declared.GetAttr("image").AsString(); image != "bash" {
		s.images[string(req.Place)+" sha256:manifest"] = image
	} else {
		return provider.CreateResponse{}, &provider.Problem{Code: provider.NotReady, Summary: "There is no shell"}
	}
	return s.witnesses.Create(ctx, req, sink)
}

func (s *stores) Observe(_ context.Context, req provider.ObserveRequest, _ func(provider.Object) error) (provider.ObserveResponse, error) {
	found := map[string]string{}
	for key, name := range s.images {
		if place, id, _ := strings.Cut(key, " "); place == string(req.Place) && slices.Contains(req.Images, name) {
			found[name] = id
		}
	}
	return provider.ObserveResponse{Images: found}, nil
}

func (s *stores) Delete(ctx context.Context, req provider.DeleteRequest, sink provider.Sink) (provider.DeleteResponse, error) {
	delete(s.images, string(req.Place)+" "+req.ID)
	return s.witnesses.Delete(ctx, req, sink)
}

func (s *stores) Exec(context.Context, provider.ExecRequest) (provider.ExecResponse, error) {
	return provider.ExecResponse{ExitCode: 127}, nil
}

// The image that verify builds stays in no engine, also where the one that it was
// carried to knows it by another id.
func TestVerifyLeavesNoImage(t *testing.T) {
	t.Parallel()
	s := &stores{witnesses: &witnesses{ids: map[string][]string{}, alive: map[string]bool{}}, images: map[string]string{}}
	self := filepath.Join(t.TempDir(), "dindctl")
	if err := os.WriteFile(self, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	req := verifyRequest(s.witnesses, mount.Visible)
	req.Provider, req.Self = s, self
	runner.Verify(t.Context(), req)
	if len(s.ids) == 0 {
		t.Fatal("no helper was made from the image")
	}
	if len(s.images) > 0 {
		t.Errorf("images that stay: %v", s.images)
	}
}
