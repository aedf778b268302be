//go:build unix

package runner_test

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/dindctl/dindctl/internal/mount"
	"github.com/dindctl/dindctl/internal/runner"
	"github.com/dindctl/dindctl/provider"
)

// shared is where every container sees a directory of this machine, in which somebody
// has a hand: what a canary becomes, put says. Commands of containers are run here, and
// ended when they print too much for anybody.
type shared struct {
	*witnesses
	dir string
	put func(t *testing.T, file, token string)
	t   *testing.T
}

func (s *shared) Exec(ctx context.Context, req provider.ExecRequest) (provider.ExecResponse, error) {
	words := strings.Join(req.Command, " ")
	here := func(at int) string { return filepath.Join(s.dir, filepath.Base(req.Command[at])) }
	switch {
	case req.Command[0] == "rm":
		return provider.ExecResponse{}, os.RemoveAll(here(2))
	case strings.Contains(words, "sleep 30"):
		s.put(s.t, here(4), req.Command[5])
		return provider.ExecResponse{}, nil
	case strings.Contains(words, "boot_id"):
		_, err := io.WriteString(req.Stdout, "boot k\nstat 1 2 41ed\n")
		return provider.ExecResponse{}, err
	}
	cmd := exec.CommandContext(ctx, req.Command[0], req.Command[1:]...)
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		return provider.ExecResponse{}, err
	}
	_, err = io.Copy(req.Stdout, io.LimitReader(out, 256<<20))
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
	return provider.ExecResponse{}, err
}

// Whoever sees a directory may put anything in a canary's place, also a file without an
// end. It is told what stands there, by the side that sees it, and none of it is read.
func TestACanaryThatIsSomethingElse(t *testing.T) {
	for name, c := range map[string]struct {
		put  func(t *testing.T, file, token string)
		want string
	}{
		"the canary": {func(t *testing.T, file, token string) {
			t.Helper()
			if err := os.WriteFile(file, []byte(token), 0o600); err != nil {
				t.Fatal(err)
			}
		}, "seen"},
		"a link to a device": {func(t *testing.T, file, _ string) {
			t.Helper()
			if err := os.Symlink("/dev/zero", file); err != nil {
				t.Fatal(err)
			}
		}, " has a symbolic link at DIR/.dindctl-verify-01234567 in its place"},
		"a link to the canary": {func(t *testing.T, file, token string) {
			t.Helper()
			other := filepath.Join(filepath.Dir(file), "other")
			if err := errors.Join(os.WriteFile(other, []byte(token), 0o600), os.Symlink(other, file)); err != nil {
				t.Fatal(err)
			}
		}, " has a symbolic link at DIR/.dindctl-verify-01234567 in its place"},
		"a pipe": {func(t *testing.T, file, _ string) {
			t.Helper()
			if err := syscall.Mkfifo(file, 0o600); err != nil {
				t.Fatal(err)
			}
		}, " has something that is no file at DIR/.dindctl-verify-01234567 in its place"},
		"a file with holes": {func(t *testing.T, file, token string) {
			t.Helper()
			if err := errors.Join(os.WriteFile(file, []byte(token), 0o600), os.Truncate(file, 8<<30)); err != nil {
				t.Fatal(err)
			}
		}, " has a file that is too large at DIR/.dindctl-verify-01234567 in its place"},
		"nothing": {func(*testing.T, string, string) {}, " did not see it at DIR/.dindctl-verify-01234567"},
	} {
		for _, view := range []string{"controller.c", "this machine"} {
			t.Run(name+" for "+view, func(t *testing.T) {
				s := &shared{witnesses: &witnesses{ids: map[string][]string{}, alive: map[string]bool{}}, dir: t.TempDir(), put: c.put, t: t}
				req := verifyRequest(s.witnesses, mount.Visible)
				req.Provider, req.Write = s, true
				req.Entries[0].Source, req.Entries[0].Send.Source = s.dir, s.dir
				req.Observed.Root.Objects[1].Views[0].Target = s.dir
				if view == "this machine" {
					req.Entries[0].Controller = nil
					req.Expanded.Instances[0].Logical = true
					req.Observed.Root.Facts.Files, req.Observed.Root.Images = provider.FilesShared, map[string]string{"bash": "sha256:1"}
				}
				var before, after runtime.MemStats
				runtime.ReadMemStats(&before)
				proofs, problems := runner.Verify(t.Context(), req)
				runtime.ReadMemStats(&after)
				if got := (after.TotalAlloc - before.TotalAlloc) >> 20; got > 16 {
					t.Errorf("%d MiB were allocated", got)
				}
				want := strings.ReplaceAll(c.want, "DIR", s.dir)
				if strings.HasPrefix(want, " ") {
					want = view + want
				}
				if len(proofs) != 1 || !strings.HasPrefix(proofs[0].Canary, want) {
					t.Errorf("%+v, want the canary %q; %v", proofs, want, problems)
				}
			})
		}
	}
}

// endlessOutput is a container in which every command prints without an end.
type endlessOutput struct{ *witnesses }

func (e endlessOutput) Exec(_ context.Context, req provider.ExecRequest) (provider.ExecResponse, error) {
	block := []byte(strings.Repeat("stat 1 2 41ed\n", 1000))
	for range 10_000 {
		if _, err := req.Stdout.Write(block); err != nil {
			return provider.ExecResponse{}, err
		}
	}
	return provider.ExecResponse{}, nil
}

// What a container prints when it is looked into is read up to what a look prints.
func TestALookThatDoesNotEnd(t *testing.T) {
	e := endlessOutput{&witnesses{ids: map[string][]string{}, alive: map[string]bool{}}}
	req := verifyRequest(e.witnesses, mount.Visible)
	req.Provider = e
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	proofs, _ := runner.Verify(t.Context(), req)
	runtime.ReadMemStats(&after)
	if got := (after.TotalAlloc - before.TotalAlloc) >> 20; got > 16 {
		t.Errorf("%d MiB were allocated", got)
	}
	if len(proofs) != 1 || proofs[0].Result != runner.NotProved || !strings.Contains(proofs[0].Why, "it prints more than 64 KiB") {
		t.Errorf("%+v", proofs)
	}
}
