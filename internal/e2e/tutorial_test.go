package e2e_test

import (
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"sort"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var updatePages = flag.Bool("update-pages", false, "write what the commands print into the tutorial, and into testdata/alike")

const tutorialPage = "../../docs/tutorial.md"

// Whoever does what the tutorial says sees what the tutorial shows. It is done in
// an engine in which the images that it names are those of the test.
func TestTutorial(t *testing.T) {
	needEngine(t)
	s := emptyScenario(t)
	s.dir = filepath.Join(s.dir, "ci")
	if err := os.Mkdir(s.dir, 0o755); err != nil {
		t.Fatal(err)
	}
	s.project = "ci"
	s.tutorialImages()
	s.env = append(s.env, "PATH="+filepath.Dir(os.Getenv("DINDCTL_BIN"))+":"+os.Getenv("PATH"))

	text := readFile(t, tutorialPage)
	block := regexp.MustCompile("(?ms)^(?:<!-- ([^\n]*) -->\n)?```([a-z]+)\n(.*?)^```\n")
	done := block.ReplaceAllStringFunc(text, func(found string) string {
		parts := block.FindStringSubmatch(found)
		switch order, language, content := parts[1], parts[2], parts[3]; {
		case strings.HasPrefix(order, "file: "):
			s.write(strings.TrimPrefix(order, "file: "), content)
		case strings.HasPrefix(order, "append to "):
			name := strings.TrimPrefix(order, "append to ")
			s.write(name, readFile(t, filepath.Join(s.dir, name))+content)
		case strings.HasPrefix(order, "replace in "):
			name, old, _ := strings.Cut(strings.TrimPrefix(order, "replace in "), ": ")
			before, old := readFile(t, filepath.Join(s.dir, name)), strings.ReplaceAll(old, `\n`, "\n")
			if strings.Count(before, old) != 1 {
				t.Fatalf("%q does not stand in %s once", old, name)
			}
			s.write(name, strings.Replace(before, old, strings.TrimSuffix(content, "\n"), 1))
		case language == "console":
			return "```console\n" + s.console(content) + "```\n"
		}
		return found
	})
	if *updatePages {
		if err := os.WriteFile(tutorialPage, []byte(done), 0o600); err != nil {
			t.Fatal(err)
		}
		return
	}
	if difference := cmp.Diff(inAnyOrder(text), inAnyOrder(done)); difference != "" {
		t.Errorf("the tutorial is not true any more; if what is printed now is right, run `make tutorial` (- tutorial, + printed):\n%s", difference)
	}
}

// tutorialImages gives the names that the tutorial uses to images of the test: what
// stands for Jenkins is what its own test takes.
func (s *scenario) tutorialImages() {
	s.t.Helper()
	e := &sample{scenario: s}
	jenkinsImages(e)
	// It writes its first password at its start and ends when it is asked to, as Jenkins does.
	s.write("first/Dockerfile", `FROM dindctl.local/test-jenkins-base
ENTRYPOINT ["sh", "-c", "trap 'exit 0' TERM; mkdir -p /var/jenkins_home/secrets; echo 0f1e2d3c4b5a69788796a5b4c3d2e1f0 >/var/jenkins_home/secrets/initialAdminPassword; busybox httpd -f -p 8080 -h /usr/share/jenkins & wait"]
`)
	names := map[string]string{
		"docker:28-dind": dindImage, "docker:28-cli": "dindctl.local/test-cli-base", "bash": bashImage,
	}
	for name, image := range names {
		s.docker("tag", image, name)
	}
	s.docker("build", "-q", "-t", "jenkins/jenkins:lts-jdk21", "first")
	for _, dir := range []string{"first", "jenkins-base", "cli-base"} {
		if err := os.RemoveAll(filepath.Join(s.dir, dir)); err != nil {
			s.t.Fatal(err)
		}
	}
	s.t.Cleanup(func() {
		out, err := exec.Command("docker", "rmi", "--no-prune", "jenkins/jenkins:lts-jdk21", "docker:28-dind", "docker:28-cli", "bash").CombinedOutput()
		if err != nil {
			s.t.Errorf("removing the tutorial's names: %v\n%s", err, out)
		}
	})
}

// console does the commands of a block and returns it with what they print.
func (s *scenario) console(block string) string {
	s.t.Helper()
	var out strings.Builder
	for line := range strings.Lines(block) {
		command, found := strings.CutPrefix(line, "$ ")
		if !found {
			continue
		}
		r := s.run("", "bash", "-c", "exec 2>&1; "+command)
		if out.Len() > 0 {
			out.WriteString("\n")
		}
		out.WriteString(line)
		text := strings.Trim(s.stable(unhurried(r.stdout)), "\n")
		if at := strings.Index(text, "\nPlan: "); at > 0 && strings.HasPrefix(command, "dindctl apply") {
			text = "…" + text[at:] // that is what plan shows
		}
		if text != "" {
			out.WriteString(text + "\n")
		}
	}
	return out.String()
}

// stable puts fixed words where each machine and each run has others.
func (s *scenario) stable(text string) string {
	info := s.docker("info", "--format", "{{.Name}} {{.ServerVersion}}")[0]
	name, version, _ := strings.Cut(info, " ")
	for _, rule := range []struct{ pattern, instead string }{
		{`engine ` + regexp.QuoteMeta(name) + ` ` + regexp.QuoteMeta(version), "engine laptop 28.5.2"},
		{regexp.QuoteMeta(s.dir), "/home/you/ci"},
		{`after [0-9.hm]+s`, "after 1s"},
		{`inputs = "[0-9a-f]+…`, `inputs = "198685b2fbe8606badca332c5fbbdadcfa9e789df79a60e9068…`}, // the directory's name has any length
		{`running  (?:[0-9][smh] |[0-9]{2}[smh])`, "running  5s "},
		{`\(DOCKER_HOST\)`, "(default socket)"},
		{`\b[0-9a-f]{12}\b`, "0123456789ab"},
		{`device [0-9]+, inode [0-9]+`, "device 65024, inode 1234"},
		{`docker version, run in it: answered [^\n]*`, "docker version, run in it: answered 28.5.2"},
		{`(?m)^[a-z.]+: its socket does not answer: .*\n`, ""}, // if it is asked too early
		{`(?m)[ \t]+$`, ""},
	} {
		text = regexp.MustCompile(rule.pattern).ReplaceAllString(text, rule.instead)
	}
	return text
}

// inAnyOrder is a page with what an apply does in the order of the alphabet: what does
// not need each other is done at once.
func inAnyOrder(text string) string {
	return regexp.MustCompile(`(?ms)^Plan: .*?complete!`).ReplaceAllStringFunc(text, func(progress string) string {
		lines := strings.Split(progress, "\n")
		sort.Strings(lines[1 : len(lines)-1])
		return strings.Join(lines, "\n")
	})
}
