package runner_test

import (
	"context"
	"testing"

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
