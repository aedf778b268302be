package e2e_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

const idle = `
container "web" {
  image   = "dindctl.local/bash"
  command = ["sleep", "1000"]
  init    = true
}
`

// unread is the writing end of a pipe that nobody reads.
func unread(t *testing.T) *os.File {
	t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	_ = read.Close()
	t.Cleanup(func() { _ = write.Close() })
	return write
}

// A reader that goes away ends a command quietly, as it ends other programs: with
// 141, without a message, and no container is made by an apply that nobody looks at. Output that finds no space is an error, also of a plan for machines.
func TestOutputThatIsNotTaken(t *testing.T) {
	t.Parallel()
	needEngine(t)
	s := nouns{emptyScenario(t)}
	s.as(idle)
	for _, row := range []struct{ args, says string }{
		{"plan nouns", ""},
		{"plan nouns -json -detailed-exitcode", ""},
		{"explain data-loss", ""},
		{"version", ""},
		{"apply nouns -auto-approve", "Apply cancelled."},
		{"apply nouns -auto-approve -json", "The run was interrupted"},
	} {
		args := strings.Fields(row.args)
		var stderr bytes.Buffer
		p := s.begin(func(cmd *exec.Cmd) { cmd.Stdout, cmd.Stderr = unread(t), &stderr }, s.inProject(args)...)
		p.ends().wants(t, 141)
		if said := stderr.String(); !strings.Contains(said, row.says) || row.says == "" && said != "" {
			t.Errorf("%s says %q", row.args, said)
		}
		s.leavesNothing()
		s.wantList("containers", s.containers())
	}
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = full.Close() }()
	for _, args := range [][]string{{"plan", "nouns", "-json", "-detailed-exitcode"}, {"mounts", "nouns", "-json"}} {
		p := s.begin(func(cmd *exec.Cmd) { cmd.Stdout = full }, s.inProject(args)...)
		p.ends().wants(t, 1).says(t, "Standard output was not written whole", "no space left on device")
	}
}

func (s nouns) inProject(args []string) []string {
	if args[0] == "plan" || args[0] == "apply" {
		return append(append([]string{}, args...), "-project", s.project)
	}
	return args
}

// smallTmpfs mounts a file system of 64 KiB.
func smallTmpfs(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// fill leaves no space on a file system.
func fill(t *testing.T, dir string) string {
	t.Helper()
	path := filepath.Join(dir, "ballast")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	for err == nil {
		_, err = f.Write(make([]byte, 4096))
	}
	return path
}

// A plan file is written whole or not at all: on a full disk the old one stays as
// it was, nothing else is left beside it, and it is still applied.
func TestAFullDiskLeavesTheOldPlanFileWhole(t *testing.T) {
	t.Parallel()
	needEngine(t)
	s := nouns{emptyScenario(t)}
	s.as(idle)
	dir := smallTmpfs(t)
	file := filepath.Join(dir, "plan")
	s.do("plan", "-out", file).wants(t, 0)
	old := readFile(t, file)
	ballast := fill(t, dir)
	s.as(strings.Replace(idle, `"1000"`, `"2000"`, 1))
	s.do("plan", "-out", file).wants(t, 1).says(t, "The plan was not written", "no space left on device", "A file that was there before is as it was")
	if got := readFile(t, file); got != old {
		t.Errorf("the old plan file is now\n%s", got)
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("beside the plan file: %v %v", entries, err)
	}
	s.as(idle)
	s.dindctl("apply", file).wants(t, 0)
	s.as(strings.Replace(idle, `"1000"`, `"2000"`, 1))
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	s.do("plan", "-out", file).wants(t, 0)
	s.dindctl("apply", file).wants(t, 0)
	s.do("plan", "-detailed-exitcode").wants(t, 0)
	s.leavesNothing()
}

// Without a place for locks nothing is done: no permission, no directory, no space.
func TestWithoutALockNothingIsDone(t *testing.T) {
	needEngine(t)
	s := nouns{emptyScenario(t)}
	s.as(idle)
	binary := filepath.Join(t.TempDir(), "dindctl")
	copyFile(t, os.Getenv("DINDCTL_BIN"), binary, 0o755)
	openUp(t, filepath.Dir(binary))
	openUp(t, filepath.Join(s.dir, "nouns"))
	var socket syscall.Stat_t
	if err := syscall.Stat(strings.TrimPrefix(os.Getenv("DOCKER_HOST"), "unix://"), &socket); err != nil {
		t.Fatal(err)
	}
	closed, full := t.TempDir(), smallTmpfs(t)
	openUp(t, closed)
	fill(t, full)
	if err := os.Chmod(full, 0o777); err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct{ dir, says string }{
		"no permission": {closed, "permission denied"}, "a file": {binary, "not a directory"}, "no space": {full, "no space left on device"},
	} {
		cmd := exec.Command(binary, "apply", "nouns", "-project", s.project, "-auto-approve")
		cmd.Dir, cmd.Env = s.dir, []string{"PATH=/usr/bin:/bin", "HOME=/nonexistent", "DOCKER_HOST=" + os.Getenv("DOCKER_HOST"), "XDG_RUNTIME_DIR=" + row.dir}
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: socket.Gid}}
		r := capture(t, cmd).wants(t, 1).says(t, row.says, row.dir)
		if !strings.Contains(r.all(), "[lock-directory]") {
			t.Errorf("%s: %s", name, r.all())
		}
		s.wantList("containers", s.containers())
	}
	s.leavesNothing()
}
