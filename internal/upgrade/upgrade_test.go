package upgrade_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dindctl/dindctl/internal/replay"
)

// engines are those whose answers are kept.
func engines() []string { return []string{"20.10", "28.5", "28.5-containerd"} }

// certificates are those of the engine elsewhere.
const certificates = "testdata/certificates"

// What an earlier build made of any example, on any engine whose answers are kept,
// is planned without a difference, from answers that the recording has.
func TestEarlierObjectsArePlannedEmpty(t *testing.T) {
	t.Parallel()
	recordings, err := filepath.Glob("testdata/*/*/*.jsonl")
	if err != nil || len(recordings) == 0 {
		t.Fatalf("recordings: %q, %v", recordings, err)
	}
	for _, name := range recordings {
		t.Run(strings.TrimSuffix(strings.TrimPrefix(name, "testdata/"), ".jsonl"), func(t *testing.T) {
			t.Parallel()
			r, err := replay.Load(name)
			if err != nil {
				t.Fatal(err)
			}
			planned, missing := planOf(t, name, r)
			for _, request := range missing {
				t.Errorf("the recording has no answer to %s", request)
			}
			planned.wants(t, 0, "No changes")
		})
	}
}

// planOf plans the example of a recording's file against the recording. Missing are
// the requests that it has no answer to.
func planOf(t *testing.T, name string, r *replay.Recording) (planned result, missing []string) {
	t.Helper()
	e, found := replay.ExampleOf(r)
	if !found {
		t.Fatalf("%s is a recording of no example", name)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s := newSite(t, e, filepath.Join(filepath.Dir(filepath.Dir(name)), "files"))
	unanswered, err := s.Serve(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	s.configure()
	s.Environ = append(s.Environ, asDindctl+"=yes")
	planned = s.dindctl(self, "plan", "-detailed-exitcode", "-files", "this")
	return planned, unanswered.All()
}

// A replayed plan sees what is different: an object that is gone, at any depth, and
// one that is not as it was made.
func TestAReplayedPlanSeesADifference(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		spoil func(root, deepest *replay.Place)
		says  string
	}{
		"an object at the bottom is gone": {
			func(_, deepest *replay.Place) { deepest.Containers = nil }, "job.list will be run",
		},
		"an object is not as it was made": {
			func(root, _ *replay.Place) {
				root.Containers[0].Inspect = bytes.Replace(root.Containers[0].Inspect, []byte(`"unless-stopped"`), []byte(`"no"`), 1)
			}, "daemon.outer will be updated",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const of = "testdata/ada8b22/20.10/nested-twice.jsonl"
			r, err := replay.Load(of)
			if err != nil {
				t.Fatal(err)
			}
			c.spoil(r.Places[0], r.Places[len(r.Places)-1])
			planned, _ := planOf(t, of, r)
			planned.wants(t, 2, c.says)
		})
	}
}

// Every example is kept, from every engine, but for those that a build refuses and
// those that the recorded commit did not have.
func TestEveryExampleIsKept(t *testing.T) {
	t.Parallel()
	commits, err := filepath.Glob("testdata/*/files")
	if err != nil || len(commits) == 0 {
		t.Fatalf("commits: %q, %v", commits, err)
	}
	files, err := filepath.Glob("../../examples/*.hcl")
	if err != nil || len(files) == 0 {
		t.Fatalf("examples: %q, %v", files, err)
	}
	for _, commit := range commits {
		commit = filepath.Base(filepath.Dir(commit))
		for _, file := range files {
			name := strings.TrimSuffix(filepath.Base(file), ".hcl")
			if notApplied()[name] != "" || slices.Contains(addedAfter()[commit], name) {
				continue
			}
			for _, engine := range engines() {
				if _, err := os.Stat(filepath.Join("testdata", commit, engine, name+".jsonl")); err != nil {
					t.Errorf("%v: make upgrade-record writes it; where commit %s has no such example, say so in addedAfter()", err, commit)
				}
			}
		}
	}
}

// A recording is written as it was read.
func TestRecordingsAreWrittenAsTheyAreRead(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join("testdata", "*", "*", "*.jsonl"))
	if err != nil || len(files) == 0 {
		t.Fatalf("%d recordings: %v", len(files), err)
	}
	for _, name := range files {
		r, err := replay.Load(name)
		if err != nil {
			t.Fatal(err)
		}
		again := filepath.Join(t.TempDir(), "again.jsonl")
		if err := r.Save(again); err != nil {
			t.Fatal(err)
		}
		was, errWas := os.ReadFile(name)
		is, errIs := os.ReadFile(again)
		if errWas != nil || errIs != nil || !bytes.Equal(was, is) {
			t.Errorf("%s is written otherwise than it was read: %v", name, errors.Join(errWas, errIs))
		}
	}
}

// What the older build applied on a real engine, this one plans without a difference,
// and destroys: nothing remains but the volumes, which go when they are asked for.
func TestUpgrade(t *testing.T) {
	old, now, tree := os.Getenv("DINDCTL_OLD"), os.Getenv("DINDCTL_BIN"), os.Getenv("DINDCTL_OLD_TREE")
	if old == "" {
		t.Skip("no older build: `make upgrade` brings one")
	}
	if os.Getenv("DINDCTL_TEST_ENGINE") == "" || now == "" || tree == "" {
		if os.Getenv("DINDCTL_E2E") == "require" {
			t.Fatal("this test needs the test engine and both builds: run it by `make upgrade`")
		}
		t.Skip("no test engine, or no older build: run it by `make upgrade`")
	}
	for _, e := range replay.Examples() {
		t.Run(e.Name, func(t *testing.T) {
			if _, err := os.Stat(filepath.Join(tree, "examples", e.Name+".hcl")); err != nil {
				t.Skip("the older build does not have it")
			}
			s := newSite(t, e, tree)
			engine := s.realEngine()
			if make := prepare()[e.Name]; make != nil {
				make(s)
			}
			s.configure()
			s.dindctl(old, "apply", "-auto-approve").wants(t, 0)
			if *record {
				engine.record(old, now)
			}
			s.dindctl(now, "plan", "-detailed-exitcode").wants(t, 0, "No changes")
			s.dindctl(now, "destroy", "-auto-approve").wants(t, 0)
			kept := s.left("volume")
			for _, kind := range []string{"container", "network"} {
				if left := s.left(kind); len(left) > 0 {
					t.Errorf("of kind %s there remain %q", kind, left)
				}
			}
			s.dindctl(now, "destroy", "-auto-approve", "-volumes", "-images").wants(t, 0)
			for _, kind := range []string{"volume", "image"} {
				if left := s.left(kind); len(left) > 0 {
					t.Errorf("of kind %s there remain %q", kind, left)
				}
			}
			_, _ = fmt.Fprintf(os.Stdout, "upgrade: %-14s planned without a difference, destroyed; kept until asked for: %s\n", e.Name, strings.Join(kept, " "))
		})
	}
}

// left lists the project's objects of a kind on the root engine.
func (s *site) left(kind string) []string {
	s.t.Helper()
	args := []string{kind, "ls", "-q", "--filter", "label=dev.dindctl.project=" + s.Project}
	if kind == "container" {
		args = append(args, "--all")
	}
	return s.docker(args...)
}
