package e2e_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// dayTwo is a project with something that runs at depth 0, 1 and 2.
const dayTwo = `
network "ci" {}
daemon "outer" {
  image    = "` + dindImage + `"
  networks = [network.ci]
  mount {
    source = "."
    target = "/repo"
  }
}
container "near" {
  image   = "` + bashImage + `"
  init    = true
  command = ["bash", "-c", "echo near says; echo near warns >&2; exec sleep infinity"]
}
container "middle" {
  inside  = daemon.outer
  image   = "` + bashImage + `"
  init    = true
  command = ["bash", "-c", "echo middle says; exec sleep infinity"]
}
daemon "inner" {
  inside = daemon.outer
  image  = "` + dindImage + `"
  mount {
    source = "/repo"
    target = "/src"
  }
}
container "deep" {
  inside  = daemon.inner
  image   = "` + bashImage + `"
  init    = true
  command = ["bash", "-c", "echo deep says; exec sleep infinity"]
  ports {
    target    = 80
    published = 8080
  }
}
job "list" {
  inside  = daemon.inner
  image   = "` + bashImage + `"
  command = ["ls", "/work"]
  mount {
    source = "/src"
    target = "/work"
  }
}
job "ask" {
  inside  = daemon.inner
  image   = "` + bashImage + `"
  run     = "on_request"
  command = ["echo", "plain"]
}
`

// From the second day on people look inside, follow, stop and start, at any depth
// and by address alone.
func TestDayTwo(t *testing.T) {
	t.Parallel()
	needEngine(t)
	s := emptyScenario(t)
	s.write("ci.hcl", "project {\n  name = \""+s.project+"\"\n}\n"+dayTwo)
	depths := []string{"container.near", "container.middle", "container.deep"}
	s.dindctl("apply", "-auto-approve").wants(t, 0)
	// A job ran in the course of apply; here its listing says that the file is seen.
	if got := s.dindctl("logs", "job.list").wants(t, 0).stdout; !strings.Contains(got, "ci.hcl") {
		t.Errorf("the job's log is %q", got)
	}

	t.Run("exec has docker's streams and exit codes", func(t *testing.T) {
		content := make([]byte, 300_000)
		for i := range content {
			content[i] = byte(i * 7 >> 3)
		}
		for _, address := range depths {
			through := exec.CommandContext(t.Context(), os.Getenv("DINDCTL_BIN"), "exec", "-i", address, "cat") //nolint:gosec // the binary under test
			through.Dir, through.Env, through.Stdin = s.dir, s.env, bytes.NewReader(content)
			if got, err := through.Output(); err != nil || !bytes.Equal(got, content) {
				t.Errorf("%s: %d bytes came back as %d, %v", address, len(content), len(got), err)
			}
			got := s.dindctl("exec", "-e", "A=b", "-w", "/tmp", address, "sh", "-c", "echo $A; pwd; echo err >&2; exit 7").wants(t, 7)
			if got.stdout != "b\n/tmp\n" || got.stderr != "err\n" {
				t.Errorf("%s: %q, %q", address, got.stdout, got.stderr)
			}
			if got := s.answer("echo in $0\n", "shell", address).wants(t, 0); got.stdout != "in bash\n" {
				t.Errorf("%s: the shell said %q", address, got.stdout)
			}
		}
		s.dindctl("exec", "container.near", "no-such-command").wants(t, 126+exec127(s))
	})

	t.Run("a terminal is one, has the window's size, and is left sane", func(t *testing.T) {
		for _, address := range depths {
			// script(1) is the terminal; what it shows ends lines by both characters.
			command := "stty cols 83 rows 31; " + os.Getenv("DINDCTL_BIN") + " exec -it " + address +
				` bash -c 'tty >/dev/null || exit; until s=$(stty size 2>/dev/null); [[ $s ]]; do sleep 0.1; done; echo $s; exit 5'; echo code $?; ` +
				`stty -a | tr ' ' '\n' | grep -x -e icanon -e echo`
			got := s.run("", "script", "-qec", command, "/dev/null").wants(t, 0)
			if want := "31 83\ncode 5\nicanon\necho\n"; unhurried(strings.NewReplacer("\r", "", "\x00", "", "^@", "").Replace(got.stdout)) != want {
				t.Errorf("%s: the terminal shows %q, want %q", address, got.stdout, want)
			}
		}
	})

	t.Run("logs of one are as they are, of several with addresses, in order", func(t *testing.T) {
		one := s.dindctl("logs", "container.near").wants(t, 0)
		if one.stdout != "near says\n" || one.stderr != "near warns\n" {
			t.Errorf("one: %q, %q", one.stdout, one.stderr)
		}
		several := s.dindctl("logs", "container.deep", "container.middle", "container.near").wants(t, 0)
		if want := "container.near   | near says\ncontainer.middle | middle says\ncontainer.deep   | deep says\n"; several.stdout != want || several.stderr != "container.near   | near warns\n" {
			t.Errorf("several: %q and %q, want %q", several.stdout, several.stderr, want)
		}
		if got := s.dindctl("logs", "-since", "1h", "-tail", "0").wants(t, 0); got.stdout != "" {
			t.Errorf("none of the lines: %q", got.stdout)
		}
		follow := s.begin(nil, "logs", "-f", "-tail", "0", "container.deep")
		until(t, "nothing is followed", func() bool {
			s.dindctl("exec", "container.deep", "sh", "-c", "echo deep goes on >/proc/1/fd/1").wants(t, 0)
			return unhurried(follow.output()) != ""
		})
		s.dindctl("stop", "container.deep").wants(t, 0) // following ends with what is followed
		if got := follow.ends().wants(t, 0).stdout; strings.ReplaceAll(unhurried(got), "deep goes on\n", "") != "" {
			t.Errorf("following shows %q", got)
		}
		s.dindctl("start", "container.deep").wants(t, 0)
	})

	t.Run("files go in and out", func(t *testing.T) {
		s.write("src/a", "one\n")
		if err := os.Symlink("a", filepath.Join(s.dir, "src/link")); err != nil {
			t.Fatal(err)
		}
		for _, address := range depths {
			s.dindctl("exec", address, "sh", "-c", "cd /tmp && mkfifo pipe && ln -s pipe far").wants(t, 0)
			s.dindctl("cp", "src", address+":/tmp").wants(t, 0)
			if got := s.dindctl("exec", address, "sh", "-c", "cd /tmp/src; echo *; readlink link").stdout; got != "a link\na\n" {
				t.Errorf("%s: inside there is %q", address, got)
			}
			s.dindctl("cp", address+":/tmp/src/a", "out").wants(t, 0)
			if got := readFile(t, filepath.Join(s.dir, "out")); got != "one\n" {
				t.Errorf("%s: out came %q", address, got)
			}
			archive := s.dindctl("cp", address+":/tmp/src", "-").wants(t, 0).stdout
			if got := s.run(archive, "tar", "t").stdout; got != "src/\nsrc/a\nsrc/link\n" {
				t.Errorf("%s: the archive holds %q", address, got)
			}
			s.answer(archive, "cp", "-", address+":/var").wants(t, 0)
			if got := s.dindctl("exec", address, "cat", "/var/src/link").stdout; got != "one\n" {
				t.Errorf("%s: from an archive came %q", address, got)
			}
			// Only directories and regular files are written, on either side; a link least of all in place of a device.
			device := filepath.Join(s.dir, "device of "+address)
			s.run("", "mknod", device, "c", "1", "3").wants(t, 0)
			for _, what := range []string{"a", "link"} {
				s.dindctl("cp", address+":/tmp/src/"+what, device).wants(t, 1).says(t, "Files could not be copied", "is a device: only directories")
				s.dindctl("cp", "src/"+what, address+":/tmp/far").wants(t, 1).says(t, "Files could not be copied", "is a pipe: only directories")
			}
			s.run("", "test", "-c", device).wants(t, 0)
			s.dindctl("exec", address, "test", "-p", "/tmp/pipe").wants(t, 0)
			s.dindctl("cp", address+":/no/such", ".").wants(t, 1).says(t, "The path is not there [path-missing]")
		}
	})

	t.Run("a job runs on request, with its own exit code", func(t *testing.T) {
		if got := s.dindctl("run", "job.ask").wants(t, 0); got.all() != "plain\n" {
			t.Errorf("without arguments: %q", got.all())
		}
		if got := s.dindctl("run", "job.ask", "--", "sh", "-c", "echo out; echo err >&2; exit 4").wants(t, 4); got.stdout != "out\n" || got.stderr != "err\n" {
			t.Errorf("with arguments: %q, %q", got.stdout, got.stderr)
		}
		s.dindctl("plan", "-detailed-exitcode").wants(t, 0)
	})

	t.Run("what is stopped is started in order, and nothing is replaced", func(t *testing.T) {
		before := s.ids()
		stopped := s.dindctl("stop").wants(t, 0).stderr
		inOrder(t, stopped, "container.deep: stopped", "daemon.inner: stopped", "daemon.outer: stopped")
		if running := s.docker("ps", "-q", "--filter", "label=dev.dindctl.project="+s.project); len(running) > 0 {
			t.Errorf("after stop these run: %q", running)
		}
		s.dindctl("plan", "-detailed-exitcode").wants(t, 2).
			says(t, "daemon.outer will be started", "(stopped by request)", "container.near will be started")
		s.dindctl("ls").wants(t, 0).says(t, "stopped by request")
		started := s.dindctl("start").wants(t, 0).stderr
		inOrder(t, started, "daemon.outer: started", "daemon.inner: started", "container.deep: started")
		s.dindctl("plan", "-detailed-exitcode").wants(t, 0)

		// A host that went down: all containers are stopped, by nobody's request.
		s.docker(append([]string{"kill"}, s.containers()...)...)
		s.dindctl("plan", "-detailed-exitcode").wants(t, 2).says(t, "0 to destroy")
		s.dindctl("apply", "-auto-approve").wants(t, 0)
		s.dindctl("plan", "-detailed-exitcode").wants(t, 0)
		if after := s.ids(); after != before {
			t.Errorf("something was replaced: before\n%s\nafter\n%s", before, after)
		}
	})

	t.Run("ls shows the tree", func(t *testing.T) {
		got := s.dindctl("ls").wants(t, 0).stdout
		for _, want := range []string{"daemon.outer ", "├─ container.middle ", "│  ├─ container.deep ", "│  └─ job.list ", "daemon.inner:8080->80/tcp", "visible"} {
			if !strings.Contains(got, want) {
				t.Errorf("ls does not show %q:\n%s", want, got)
			}
		}
	})

	t.Run("gc lists what destroy kept and removes it", func(t *testing.T) {
		s.dindctl("gc", "-project", s.project).wants(t, 0).says(t, "Nothing is left over")
		s.dindctl("destroy", "-auto-approve").wants(t, 0)
		if got := s.dindctl("gc", "-project", s.project, "-auto-approve").wants(t, 1); !strings.Contains(got.stdout, s.project+"-outer-data") || !strings.Contains(got.stdout, "daemon.outer is gone") {
			t.Errorf("gc lists:\n%s", got.stdout)
		}
		s.wantList("volumes", s.volumes(), "outer-certs", "outer-data")
		s.answer("yes\n", "gc", "-project", s.project).wants(t, 0).says(t, "2 removed")
		s.wantList("volumes", s.volumes())
		if left := s.docker("volume", "ls", "-q", "--filter", "label=dev.dindctl.stopped="+s.project); len(left) > 0 {
			t.Errorf("records of stops are left: %q", left)
		}
	})
}

// exec127 is what engines since 23 add to the exit code of a command that is not there.
func exec127(s *scenario) int {
	if strings.HasPrefix(s.docker("version", "--format", "{{.Server.Version}}")[0], "20.") {
		return 0
	}
	return 1
}

// ids are the containers of all depths, by id and name.
func (s *scenario) ids() string {
	list := `docker ps -a --no-trunc --format '{{.ID}} {{.Names}}' | sort`
	outer, inner := s.project+"-outer", s.project+"-inner"
	return strings.Join(s.docker("ps", "-a", "--no-trunc", "--filter", "label=dev.dindctl.project="+s.project, "--format", "{{.ID}} {{.Names}}"), "\n") + "\n" +
		strings.Join(s.docker("exec", outer, "sh", "-c", list), "\n") + "\n" +
		strings.Join(s.docker("exec", outer, "docker", "exec", inner, "sh", "-c", list), "\n")
}

// inOrder fails the test unless the texts come one after the other.
func inOrder(t *testing.T, all string, texts ...string) {
	t.Helper()
	rest := all
	for _, text := range texts {
		_, after, found := strings.Cut(rest, text)
		if !found {
			t.Errorf("%q is not there, or too early:\n%s", text, all)
			return
		}
		rest = after
	}
}
