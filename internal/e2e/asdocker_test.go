package e2e_test

import (
	"archive/tar"
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var (
	asDockerTrials = flag.Int("as-docker", 60, "how many random trials of exec, run, logs and cp each are compared with docker's own")
	asDockerSeed   = flag.Uint64("as-docker-seed", 1, "which ones")
)

// spoken is a project with a container and a job at depth 0, 1 and 2.
const spoken = dayTwo + `
job "askhere" {
  image   = "` + bashImage + `"
  run     = "on_request"
  command = ["true"]
}
job "askmiddle" {
  inside  = daemon.outer
  image   = "` + bashImage + `"
  run     = "on_request"
  command = ["true"]
}
`

// depth is one place: what dindctl calls a container and a job there, and the arguments
// by which the docker CLI reaches its engine.
type depth struct {
	container, job string
	host           []string
}

// asDocker is a project whose commands are compared with docker's own, which gives the
// expectation.
type asDocker struct {
	*scenario
	r *rand.Rand
}

// reached is a socket of the engine inside, for the docker CLI: each connection is a
// `docker system dial-stdio` there.
func (s asDocker) reached(leads ...string) []string {
	s.t.Helper()
	socket := filepath.Join(s.temp(), fmt.Sprintf("d%d", len(leads)))
	listener, err := net.Listen("unix", socket)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			file, err := conn.(*net.UnixConn).File() //nolint:forcetypeassert // it listens on such a socket
			_ = conn.Close()
			if err != nil {
				return
			}
			cmd := exec.Command("docker", append(append([]string{}, leads...), "docker", "system", "dial-stdio")...)
			cmd.Stdin, cmd.Stdout = file, file // the command's alone: its end is the connection's
			err = cmd.Start()
			_ = file.Close()
			if err == nil {
				go func() { _ = cmd.Wait() }() // how it ended is seen at the other end
			}
		}
	}()
	return []string{"-H", "unix://" + socket}
}

// bytesOf runs a command with exact input and returns its exact output.
func (s asDocker) bytesOf(stdin []byte, name string, args ...string) result {
	s.t.Helper()
	cmd := exec.CommandContext(s.t.Context(), name, args...)
	cmd.Dir, cmd.Env, cmd.Stdin = s.dir, s.env, bytes.NewReader(stdin)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		s.t.Fatal(err)
	}
	s.t.Logf("$ %s %.150q (exit %d)", filepath.Base(name), args, cmd.ProcessState.ExitCode())
	return result{command: name + " " + fmt.Sprintf("%.200q", args), code: cmd.ProcessState.ExitCode(), stdout: stdout.String(), stderr: unhurried(stderr.String())}
}

// same demands the same exit code and the same bytes on both streams.
func (s asDocker) same(ours, docker result) {
	s.t.Helper()
	if ours.code == docker.code && ours.stdout == docker.stdout && ours.stderr == docker.stderr {
		return
	}
	tail := func(text string) string { return text[max(0, len(text)-300):] }
	s.t.Errorf("%s: exit code %d, %d and %d bytes; docker's: %d, %d and %d\nstdout ends in %q\ndocker's %q\nstderr ends in %q\ndocker's %q",
		ours.command, ours.code, len(ours.stdout), len(ours.stderr), docker.code, len(docker.stdout), len(docker.stderr),
		tail(ours.stdout), tail(docker.stdout), tail(ours.stderr), tail(docker.stderr))
}

// speech is a script of some random things that are written to both streams, each a
// trial, and a random end. Text alone may be asked for: a log in JSON holds no other.
func (s asDocker) speech(trials int, text bool) string {
	var script strings.Builder
	for range trials {
		to := oneOf(s.r, "", " >&2")
		switch s.r.IntN(8) {
		case 0: // a line, or what has no end, longer than whatever is read at once
			n := oneOf(s.r, 16383, 16384, 16385, 65536, 65537, 100000)
			fmt.Fprintf(&script, "head -c %d /dev/zero | tr '\\0' %c%s\n", n, rune('a'+s.r.IntN(26)), to)
		case 1:
			fmt.Fprintf(&script, "printf '%s'%s\n", oneOf(s.r, `\n`, `\r\n`, `\r`, `\n\n`, `x`, `a\rb\n`, `\342\202\254\n`, `2026-12-01T08:00:00.000000000Z x\n`), to)
		default:
			script.WriteString("printf '")
			for range s.r.IntN(60) {
				c := s.r.IntN(256)
				if text {
					c = oneOf(s.r, '\n', '\r', '\t', 0, 1, 0x1b, 32+s.r.IntN(95))
				}
				fmt.Fprintf(&script, "\\%03o", c)
			}
			fmt.Fprintf(&script, "'%s\n", to)
		}
	}
	fmt.Fprintf(&script, "exit %d\n", oneOf(s.r, 0, 1, 2, 3, 126, 127, 128, 130, 137, 141, 143, 254, 255))
	return script.String()
}

// What exec, run, logs and cp do is what docker's own do, byte for byte and with the same
// exit codes, at the root, inside a daemon, and twice inside.
func TestAsDockerItself(t *testing.T) {
	t.Parallel()
	needEngine(t)
	s := asDocker{emptyScenario(t), rand.New(rand.NewPCG(*asDockerSeed, 16))} //nolint:gosec // repeatable
	s.write("ci.hcl", "project {\n  name = \""+s.project+"\"\n}\n"+spoken)
	s.dindctl("apply", "-auto-approve").wants(t, 0)
	outer, inner := s.project+"-outer", s.project+"-inner"
	depths := []depth{
		{"near", "askhere", nil},
		{"middle", "askmiddle", s.reached("exec", "-i", outer)},
		{"deep", "ask", s.reached("exec", "-i", outer, "docker", "exec", "-i", inner)},
	}
	begun := time.Now()
	for _, at := range depths {
		s.compareExec(at)
		s.compareRunAndLogs(at)
		s.compareTrees(at)
	}
	fmt.Printf("as docker: %d trials of exec, run, logs and cp each at three depths, in %s\n", *asDockerTrials, time.Since(begun).Round(time.Second))
}

// Where cp puts things, whatever form the paths have, and what it refuses, is docker's, and
// so is how cp and exec end when nobody reads what they write.
func TestCopiesLandWhereDockersDo(t *testing.T) {
	t.Parallel()
	needEngine(t)
	s := asDocker{emptyScenario(t), rand.New(rand.NewPCG(*asDockerSeed, 12))} //nolint:gosec // repeatable
	s.write("ci.hcl", "project {\n  name = \""+s.project+"\"\n}\n"+spoken)
	s.dindctl("apply", "-auto-approve").wants(t, 0)
	near, middle := depth{container: "near"}, depth{container: "middle", host: s.reached("exec", "-i", s.project+"-outer")}
	s.comparePaths(near)
	s.comparePaths(middle)
	s.compareUnread(near)
	s.compareUnread(middle)
}

// compareUnread has what is written read by somebody who goes away early.
func (s asDocker) compareUnread(at depth) {
	s.t.Helper()
	name := s.project + "-" + at.container
	for _, row := range []struct{ ours, docker []string }{
		{[]string{"exec", "container." + at.container, "--", "seq", "300000"}, []string{"exec", name, "seq", "300000"}},
		{[]string{"exec", "-i", "container." + at.container, "--", "seq", "300000"}, []string{"exec", "-i", name, "seq", "300000"}},
		{[]string{"cp", "container." + at.container + ":/usr", "-"}, []string{"cp", name + ":/usr", "-"}},
	} {
		const script = `"$0" "$@" | head -c 50; exit ${PIPESTATUS[0]}`
		ours := s.bytesOf(nil, "bash", append([]string{"-c", script, s.ours()}, row.ours...)...)
		s.same(ours, s.bytesOf(nil, "bash", append(append([]string{"-c", script, "docker"}, at.host...), row.docker...)...))
	}
}

const speechTrials = 25

func (s asDocker) ours() string { return os.Getenv("DINDCTL_BIN") }

func (s asDocker) docker2(at depth, stdin []byte, args ...string) result {
	return s.bytesOf(stdin, "docker", append(append([]string{}, at.host...), args...)...)
}

func (s asDocker) compareExec(at depth) {
	s.t.Helper()
	for range *asDockerTrials/speechTrials/3 + 1 {
		flags := oneOf(s.r, []string{}, []string{"-e", "A=b c"}, []string{"-w", "/tmp"}, []string{"-u", "1000"}, []string{"-i"})
		var stdin []byte
		script := s.speech(speechTrials, false)
		if len(flags) > 0 && flags[0] == "-i" {
			stdin = make([]byte, oneOf(s.r, 0, 1, 100_000, 3_000_000))
			for i := range stdin {
				stdin[i] = byte(s.r.Uint32())
			}
			// All of it is read, or a part, or nothing.
			script = oneOf(s.r, "cat\n", "head -c 5\n", "", "id -u; pwd; echo $A\n") + script
		}
		ours := s.bytesOf(stdin, s.ours(), append(append([]string{"exec"}, flags...), "container."+at.container, "--", "bash", "-c", script)...)
		s.same(ours, s.docker2(at, stdin, append(append([]string{"exec"}, flags...), s.project+"-"+at.container, "bash", "-c", script)...))
	}
}

func (s asDocker) compareRunAndLogs(at depth) {
	s.t.Helper()
	for i := range *asDockerTrials/speechTrials/6 + 2 {
		script := s.speech(2*speechTrials, i%2 == 1)
		ours := s.bytesOf(nil, s.ours(), "run", "job."+at.job, "--", "bash", "-c", script)
		s.same(ours, s.docker2(at, nil, "run", "--rm", bashImage, "bash", "-c", script))
		for _, flags := range [][]string{{}, {"--tail", fmt.Sprint(s.r.IntN(8))}, {"--since", "1h"}} {
			ours := s.bytesOf(nil, s.ours(), append(append([]string{"logs"}, flags...), "job."+at.job)...)
			s.same(ours, s.docker2(at, nil, append(append([]string{"logs"}, flags...), s.project+"-"+at.job)...))
		}
	}
}

// tree makes random files, directories and links below a directory of this machine.
func (s asDocker) tree(name string, n int) string {
	s.t.Helper()
	root := filepath.Join(s.dir, name)
	must := func(err error) {
		s.t.Helper()
		if err != nil {
			s.t.Fatal(err)
		}
	}
	must(os.MkdirAll(root, 0o755))
	dirs, files := []string{root}, []string{}
	for i := range n {
		at := filepath.Join(oneOf(s.r, dirs...), fmt.Sprintf("%s%d", oneOf(s.r, "f", "é ", "-x", ".h", strings.Repeat("l", 120)), i))
		switch kind := s.r.IntN(8); {
		case kind == 0 && len(at) < 900:
			must(os.Mkdir(at, 0o755))
			dirs = append(dirs, at)
		case kind == 1:
			must(os.Symlink(oneOf(s.r, "nowhere", "../f", "/etc", "."), at))
		case kind == 2 && len(files) > 0:
			must(os.Link(oneOf(s.r, files...), at))
		default:
			content := make([]byte, oneOf(s.r, 0, 1, 511, 512, 513, 5000))
			for j := range content {
				content[j] = byte(s.r.Uint32())
			}
			must(os.WriteFile(at, content, 0o600))
			files = append(files, at)
		}
		must(os.Lchown(at, oneOf(s.r, 0, 1000, 65534), oneOf(s.r, 0, 100)))
	}
	for _, at := range append(files, dirs...) {
		must(os.Chmod(at, oneOf(s.r, fs.FileMode(0o644), 0o755, 0o600, 0o711, 0o755|fs.ModeSticky, 0o755|fs.ModeSetgid)))
		when := time.Unix(1_600_000_000+s.r.Int64N(1e8), s.r.Int64N(1e9))
		must(os.Chtimes(at, when, when))
	}
	return root
}

// moment is a time of modification. Those after a time are all one: of two copies, each
// changes a directory at another moment. The zero time is after all.
func moment(is, made time.Time) string {
	if !made.IsZero() && is.After(made) {
		return "now"
	}
	return fmt.Sprint(is.UnixNano())
}

// entries are what an archive holds, one line each; made is for [moment].
func entries(t *testing.T, archive string, made time.Time) []string {
	t.Helper()
	var out []string
	for in := tar.NewReader(strings.NewReader(archive)); ; {
		h, err := in.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Errorf("an archive: %v", err)
			return out
		}
		content, _ := io.ReadAll(in)
		out = append(out, fmt.Sprintf("%s %c %o %d:%d %s %q %x", h.Name, h.Typeflag, h.Mode, h.Uid, h.Gid, moment(h.ModTime, made), h.Linkname, content))
	}
}

// found are what lies below a directory of this machine, one line each; made is for [moment].
func found(t *testing.T, root string, made time.Time) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(root, func(name string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := os.Lstat(name)
		if err != nil {
			return err
		}
		is := info.Sys().(*syscall.Stat_t) //nolint:forcetypeassert // on Linux
		text := fmt.Sprintf("%s %s %d:%d %d", strings.TrimPrefix(name, root), info.Mode(), is.Uid, is.Gid, is.Nlink)
		switch {
		case info.Mode().IsRegular():
			content, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			text += fmt.Sprintf(" %s %x", moment(info.ModTime(), made), content)
		case info.Mode()&fs.ModeSymlink != 0:
			target, _ := os.Readlink(name)
			text += " -> " + target
		default:
			text += " " + moment(info.ModTime(), made)
		}
		out = append(out, text)
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	return out
}

// compareTrees copies a random tree in, out, and as an archive.
func (s asDocker) compareTrees(at depth) {
	s.t.Helper()
	source, target := s.tree("tree-"+at.container, *asDockerTrials/3), s.project+"-"+at.container
	ok := func(r result) result { return r.wants(s.t, 0) }
	for i, flags := range [][]string{{}, {"-a"}} {
		at1, at2 := fmt.Sprintf("/var/ours%d/x", i), fmt.Sprintf("/var/theirs%d/x", i)
		ok(s.docker2(at, nil, "exec", target, "mkdir", filepath.Dir(at1), filepath.Dir(at2)))
		ok(s.bytesOf(nil, s.ours(), append(append([]string{"cp"}, flags...), source, "container."+at.container+":"+at1)...))
		ok(s.docker2(at, nil, append(append([]string{"cp"}, flags...), source, target+":"+at2)...))
		ours, theirs := ok(s.docker2(at, nil, "cp", target+":"+at1, "-")), ok(s.docker2(at, nil, "cp", target+":"+at2, "-"))
		if d := cmp.Diff(entries(s.t, theirs.stdout, time.Time{}), entries(s.t, ours.stdout, time.Time{})); d != "" {
			s.t.Errorf("%s: a tree that is copied in with %q (-docker +dindctl):\n%s", at.container, flags, d)
		}
		again := ok(s.bytesOf(nil, s.ours(), "cp", "container."+at.container+":"+at2, "-"))
		if again.stdout != theirs.stdout {
			s.t.Errorf("%s: the archive of %s has other bytes: %d, docker's %d", at.container, at2, len(again.stdout), len(theirs.stdout))
		}
		out1, out2 := filepath.Join(s.dir, at.container+"-ours")+fmt.Sprint(i), filepath.Join(s.dir, at.container+"-theirs")+fmt.Sprint(i)
		ok(s.bytesOf(nil, s.ours(), "cp", "container."+at.container+":"+at2, out1))
		ok(s.docker2(at, nil, "cp", target+":"+at2, out2))
		if d := cmp.Diff(found(s.t, out2, time.Time{}), found(s.t, out1, time.Time{})); d != "" {
			s.t.Errorf("%s: a tree that is copied out (-docker +dindctl):\n%s", at.container, d)
		}
	}
}

// comparePaths copies between paths of random form: what lands where, or is refused.
func (s asDocker) comparePaths(at depth) {
	s.t.Helper()
	trials, target := max(*asDockerTrials/10, 1), s.project+"-"+at.container
	// No link leads out of what is copied: docker 28 refuses those, later ones do not.
	const corner = `mkdir -p %[1]s/d %[1]s/e; echo F of %[2]s >%[1]s/F; echo y of %[2]s >%[1]s/d/y; ln -s d %[1]s/link; ln -s F %[1]s/flink; ln -s nowhere %[1]s/broken; ln -s link %[1]s/twice
chmod 640 %[1]s/F; chown -h %[3]d:100 %[1]s/F %[1]s/d %[1]s/link; find %[1]s -exec touch -h -d @16%08[3]d {} +`
	begun := time.Now()
	make2 := func(run func(script string), root, of string, owner int) {
		var script strings.Builder
		for i := range trials {
			for _, whose := range []string{"ours", "docker"} {
				fmt.Fprintf(&script, corner+"\n", fmt.Sprintf("%s/%s/%d", root, whose, i), of, owner+i)
			}
		}
		run(script.String())
	}
	make2(func(script string) { s.bytesOf([]byte(script), "bash").wants(s.t, 0) }, filepath.Join(s.dir, "p-"+at.container), "here", 1000)
	make2(func(script string) {
		s.docker2(at, []byte(script), "exec", "-i", target, "bash").wants(s.t, 0)
	}, "/p", "there", 2000)
	paths := []string{"F", "F/", "F/.", "d", "d/", "d/.", "e", "link", "link/", "link/.", "flink", "flink/", "broken", "broken/", "twice", "twice/", "new", "new/", "new/.", "no/new", "d/../F", "./d//", "."}
	for i := range trials {
		from, to, out := oneOf(s.r, paths...), oneOf(s.r, paths...), s.r.IntN(2) == 0
		flags := oneOf(s.r, []string{}, []string{}, []string{"-L"}, []string{"-a"})
		// The library of docker 28 takes the link for the place of what is in a directory, and
		// refuses; later ones, as dindctl's, copy it to where the link leads.
		for out && strings.HasSuffix(from, ".") && strings.Contains("link/. twice/", to) {
			to = oneOf(s.r, paths...)
		}
		stream := out && s.r.IntN(5) == 0
		args := func(whose, name string) []string {
			here, there := filepath.Join(s.dir, "p-"+at.container, whose, fmt.Sprint(i))+"/", fmt.Sprintf("%s:/p/%s/%d/", name, whose, i)
			pair := []string{here + from, there + to}
			if out {
				pair = []string{there + from, here + to}
			}
			if stream {
				pair[1] = "-"
			}
			return append(append([]string{"cp"}, flags...), pair...)
		}
		ours := s.bytesOf(nil, s.ours(), args("ours", "container."+at.container)...)
		theirs := s.docker2(at, nil, args("docker", target)...)
		if (ours.code == 0) != (theirs.code == 0) {
			s.t.Errorf("cp %q %s %s (out %v): exit code %d, docker's %d\n%s%s", flags, from, to, out, ours.code, theirs.code, ours.stderr, theirs.stderr)
		}
		if stream && ours.code == 0 {
			if d := cmp.Diff(entries(s.t, theirs.stdout, begun), entries(s.t, ours.stdout, begun)); d != "" {
				s.t.Errorf("cp %q %s - (-docker +dindctl):\n%s", flags, from, d)
			}
		}
	}
	for i := range trials {
		here := func(whose string) []string {
			return found(s.t, filepath.Join(s.dir, "p-"+at.container, whose, fmt.Sprint(i)), begun)
		}
		if d := cmp.Diff(here("docker"), here("ours")); d != "" {
			s.t.Errorf("trial %d of paths, on this machine (-docker +dindctl):\n%s", i, d)
		}
	}
	inside := func(whose string) []string {
		return entries(s.t, s.docker2(at, nil, "cp", target+":/p/"+whose+"/.", "-").wants(s.t, 0).stdout, begun)
	}
	if d := cmp.Diff(inside("docker"), inside("ours")); d != "" {
		s.t.Errorf("what the copies made in the container (-docker +dindctl):\n%s", d)
	}
}
