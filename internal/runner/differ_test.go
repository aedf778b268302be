package runner_test

import (
	"context"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/runner"
	"github.com/dindctl/dindctl/provider"
)

// short answers at most 500 comparisons, and one too few where it is told to.
type short struct {
	provider.Provider
	sizes []int
	lose  bool
}

func (s *short) Diff(_ context.Context, req provider.DiffRequest) (provider.DiffResponse, error) {
	s.sizes = append(s.sizes, len(req.Items))
	n := len(req.Items)
	if s.lose {
		n--
	}
	return provider.DiffResponse{Differences: make([]provider.Difference, n)}, nil
}

// Comparisons go in batches that stay below the size of a message, and an
// answer that is not complete is an error.
func TestComparisonsAreAskedInBatches(t *testing.T) {
	t.Parallel()
	p := &short{}
	got, err := runner.Differ(t.Context(), p)(make([]provider.DiffItem, 1201))
	if err != nil || len(got) != 1201 || len(p.sizes) != 3 {
		t.Errorf("%d differences in batches of %v, %v", len(got), p.sizes, err)
	}
	if _, err := runner.Differ(t.Context(), &short{lose: true})(make([]provider.DiffItem, 2)); err == nil {
		t.Error("an answer that lacks one is no error")
	}
}

// What was left out for good is no change either once everything is known, whatever it
// would take: what really differs is changed, and nothing else is asked of the provider.
func TestWhatWasLeftOutIsNoChangeWhenAllIsKnown(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		beside []provider.Change
		want   []string
	}{
		"nothing else":  {nil, nil},
		"a live change": {[]provider.Change{{Path: "cpus", Effect: provider.Live, Cause: provider.Configured}}, []string{"update container.a"}},
	} {
		e := newEngine()
		id := e.put(provider.Container, "container.a", provider.Root, provider.StateRunning)
		p := steps(t, "update container.a object="+id)
		p.Steps[0].Changes = []provider.Change{{Path: "environment", To: cty.UnknownVal(cty.String), Effect: provider.Live, Cause: provider.Configured}}
		left := provider.Change{Path: "blkio_config.weight", Effect: provider.Replace, Cause: provider.LeftOut}
		_, problems := apply(t, e, configured("container.a"), p, func(req *runner.ApplyRequest) {
			req.Differ = func([]provider.DiffItem) ([]provider.Difference, error) {
				return []provider.Difference{{Changes: append([]provider.Change{left}, c.beside...)}}, nil
			}
		})
		if d := cmp.Diff(c.want, e.called(), cmpopts.EquateEmpty()); d != "" || problems != "" {
			t.Errorf("%s: %s (-want +got):\n%s", name, problems, d)
		}
	}
}

// Locks are kept where the system keeps what belongs to a user's session, else
// in a directory of the user's own.
func TestWhereLocksAreKept(t *testing.T) {
	t.Parallel()
	want(t, "set", runner.LockDir(map[string]string{"XDG_RUNTIME_DIR": "/run/user/7"}), "/run/user/7/dindctl")
	relative := runner.LockDir(map[string]string{"XDG_RUNTIME_DIR": "x", "TMPDIR": "/var/tmp"})
	unset := runner.LockDir(map[string]string{"TMPDIR": "/var/tmp"})
	if relative != unset || len(unset) <= len("/var/tmp/dindctl-") {
		t.Errorf("%q, %q", relative, unset)
	}
}

// A machine is always called something, and always the same.
func TestAMachineHasAName(t *testing.T) {
	t.Parallel()
	if a, b := runner.MachineID(), runner.MachineID(); a == "" || a != b {
		t.Errorf("%q, %q", a, b)
	}
}
