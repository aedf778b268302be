package e2e_test

import (
	"encoding/base64"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
)

const secretsFile = `
variable "token" {
  type      = string
  sensitive = true
}
variable "login" {
  type      = object({ user = string, password = string })
  sensitive = true
}
variable "note" {
  type    = string
  default = "one"
}

image "tool" {
  build {
    dockerfile_inline = "FROM dindctl.local/bash\nARG NOTE\nRUN test -n \"$NOTE\"\n"
    args              = { NOTE = var.note }
  }
}

daemon "dind" {
  image  = "dindctl.local/dind"
  config = { labels = ["token=${var.login.password}", "plain=neighbour7"] }
}

container "app" {
  image       = image.tool
  command     = ["bash", "-c", "exec sleep 1000", "--token=${var.token}", "--plain=neighbour7"]
  stop_signal = "KILL"
  healthcheck {
    test     = ["CMD", "test", "-n", var.token]
    interval = "1s"
  }
  environment = { TOKEN = var.token, URL = "https://ci:${var.login.password}@example/", NOTE = var.note }
  file {
    path    = "/etc/app/token"
    content = "first line\ntoken = ${var.token}\nlast line\n"
  }
}

controller "control" {
  image         = "dindctl.local/controller"
  daemon        = daemon.dind
  registry_auth = { "registry.example" = { username = var.login.user, password = var.login.password } }
}

job "talk" {
  controller  = controller.control
  image       = "dindctl.local/bash"
  command     = ["bash", "-c", "echo it is $TOKEN; echo $TOKEN | base64 -w0 >/dev/null; printf %s \"$TOKEN\" | fold -w 7"]
  environment = { TOKEN = var.token }
  triggers    = { note = var.note }
}

output "said" {
  value     = job.talk.stdout
  sensitive = true
}
output "masked" {
  value     = upper(var.token)
  sensitive = true
}
`

// Nothing that dindctl writes in a whole life cycle holds a secret in any form:
// screens, logs, JSON, progress, plan files, its own files, labels, and what the
// engine says of what was done.
func TestSecretsLeaveNoTrace(t *testing.T) {
	needEngine(t)
	s := emptyScenario(t)
	s.env = append(s.env, "DINDCTL_LOG=trace", "COLUMNS=60")
	s.write("main.hcl", secretsFile)
	first, second := "Kolibri7f3a one \"two\" three\\four and more words that a screen has to break", "Nachtigall55e1 \"new\""
	password := "Zeisig90bb2d+/=&<word"
	fragments := []string{"Kolibri7f3a", "KOLIBRI7F3A", "Nachtigall55e1", "Zeisig90bb2d", "Gimpel17aa4c"}
	since := strings.TrimSpace(s.run("", "date", "+%s").wants(t, 0).stdout)
	s.said.Reset()
	given := func(token string, args ...string) result {
		return s.dindctl(append(args, "-project", s.project, "-var", "token="+token, "-var", `login={ user = "ci", password = "`+password+`" }`)...)
	}

	given(first, "validate").wants(t, 0)
	given(first, "plan").wants(t, 0).says(t, "(sensitive value)")
	given(first, "plan", "-json").wants(t, 0)
	given(first, "plan", "-out", "first.plan").wants(t, 0)
	s.dindctl("show", "first.plan").wants(t, 0)
	s.dindctl("show", "first.plan", "-json").wants(t, 0)
	s.dindctl("apply", "first.plan", "-auto-approve", "-progress", "plain", "-var", "token="+first, "-var", `login={ user = "ci", password = "`+password+`" }`).wants(t, 0)
	given(first, "plan", "-detailed-exitcode").wants(t, 0)
	given(first, "output").wants(t, 0)
	s.dindctl("ls", "-project", s.project).wants(t, 0)
	for _, address := range []string{"container.app", "controller.control", "job.talk", "image.tool"} {
		given(first, "show", address).wants(t, 0)
		given(first, "show", address, "-json").wants(t, 0)
	}
	s.labels(fragments)

	// Changed outside: the file with the secret, and the secret's neighbours.
	s.docker("exec", s.project+"-app", "bash", "-c", "echo other >/etc/app/token")
	s.docker("update", "--memory", "64m", "--memory-swap", "64m", s.project+"-app")
	given(first, "plan").wants(t, 0).says(t, "container.app")
	given(first, "plan", "-json").wants(t, 0)

	// A new secret: the old one is in no variable any longer, only in what is there.
	given(second, "plan").wants(t, 0).says(t, "environment.TOKEN", "(sensitive value)", "--plain=neighbour7", "healthcheck", "content")
	given(second, "plan", "-json").wants(t, 0)
	given(second, "plan", "-out", "second.plan").wants(t, 0)
	password = "Gimpel17aa4c+/=&<word" // the daemon has it in its daemon.json, and in no variable
	given(second, "plan").wants(t, 0).says(t, "config.labels", "(sensitive value)", "plain=neighbour7")
	given(second, "plan", "-json").wants(t, 0)
	given(second, "plan", "-out", "second.plan").wants(t, 0)
	given(second, "show", "daemon.dind").wants(t, 0)
	given(second, "show", "container.app").wants(t, 0).says(t, "--plain=neighbour7")
	given(second, "apply", "-auto-approve", "-progress", "json").wants(t, 0)
	given(second, "plan", "-detailed-exitcode").wants(t, 0)
	given(second, "apply", "-auto-approve", "-json", "-var", "note=two").wants(t, 0)
	s.labels(fragments)

	// Without the variables: what is there is known to be a secret by its record.
	s.write("main.hcl", strings.NewReplacer("TOKEN = var.token, URL = \"https://ci:${var.login.password}@example/\", ", "",
		"token = ${var.token}", "none", ", \"--token=${var.token}\"", "", "\"-n\", var.token", "\"-n\", \"x\"", "\"token=${var.login.password}\", ", "",
		"variable \"token\" {\n  type      = string\n", "variable \"token\" {\n  type      = string\n  default = \"xxxxxx\"\n",
		"sensitive = true\n}\nvariable \"note\"", "sensitive = true\n  default = { user = \"ci\", password = \"yyyyyy\" }\n}\nvariable \"note\"").Replace(secretsFile))
	s.dindctl("plan", "-project", s.project).wants(t, 0).says(t, "environment.TOKEN", "environment.URL", "config.labels")
	s.dindctl("plan", "-json", "-project", s.project).wants(t, 0)
	s.dindctl("plan", "-out", "last.plan", "-project", s.project).wants(t, 0)

	s.dindctl("plan", "-destroy", "-project", s.project).wants(t, 0)
	s.dindctl("destroy", "-auto-approve", "-volumes", "-images", "-progress", "json", "-project", s.project).wants(t, 0)

	search(t, "what was printed", s.said.String(), fragments)
	for _, dir := range []string{"state", "run"} {
		s.files(filepath.Join(s.dir, dir), fragments)
	}
	for _, file := range []string{"first.plan", "second.plan", "last.plan"} {
		search(t, file, readFile(t, filepath.Join(s.dir, file)), fragments)
	}
	events, err := exec.Command("docker", "events", "--since", since, "--until", "0s", "--filter", "label=dev.dindctl.project="+s.project).Output()
	if err != nil || !strings.Contains(string(events), "container create") {
		t.Errorf("the engine's events: %v: %.200s", err, events)
	}
	var told []string
	for _, line := range strings.Split(string(events), "\n") {
		if !strings.Contains(line, " exec_") { // an engine tells each health check with its command
			told = append(told, line)
		}
	}
	search(t, "the engine's events", strings.Join(told, "\n"), fragments)
}

// labels searches what the engine shows of the labels of the project's objects.
func (s *scenario) labels(secrets []string) {
	s.t.Helper()
	for _, kind := range []string{"container", "network", "volume", "image"} {
		list := []string{kind, "ls", "-q", "--filter", "label=dev.dindctl.project=" + s.project}
		format := "{{json .Labels}}"
		if kind == "container" || kind == "image" {
			format = "{{json .Config.Labels}}"
		}
		if kind == "container" {
			list = append(list, "-a")
		}
		ids, err := exec.Command("docker", list...).Output()
		if err != nil {
			s.t.Fatal(err)
		}
		if len(ids) == 0 {
			continue
		}
		out, err := exec.Command("docker", append([]string{kind, "inspect", "-f", format}, strings.Fields(string(ids))...)...).Output()
		if err != nil || len(out) == 0 {
			s.t.Fatalf("%s inspect: %v", kind, err)
		}
		search(s.t, "the labels of a "+kind, string(out), secrets)
	}
}

func (s *scenario) files(dir string, secrets []string) {
	s.t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if os.IsNotExist(err) {
			return nil
		}
		if err == nil && entry.Type().IsRegular() {
			search(s.t, path, readFile(s.t, path), secrets)
		}
		return err
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// search looks for words of secrets in a text, as they are, however the text was
// broken, and in base64 at each of the three places of a byte in its groups.
func search(t *testing.T, where, text string, secrets []string) {
	t.Helper()
	joined := strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || strings.ContainsRune("│╷╵|\\\"", r) {
			return -1
		}
		return r
	}, text)
	for _, secret := range secrets {
		forms := []string{secret}
		for shift := range 3 {
			encoded := base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", shift) + secret))
			// The groups at both ends hold bytes of what stands beside it.
			forms = append(forms, strings.TrimRight(encoded, "=")[4:len(strings.TrimRight(encoded, "="))-4])
		}
		for _, form := range forms {
			if at := strings.Index(joined, form); at >= 0 {
				t.Errorf("%s holds %q: …%s…", where, form, joined[max(0, at-200):min(len(joined), at+100)])
			}
		}
	}
}

const spelledFile = `
variable "token" {
  type      = string
  sensitive = true
}
variable "short" {
  sensitive = true
  default   = "pa55word7c1e"
}
variable "long" {
  sensitive = true
  default   = "pa55word7c1e-Fasan9f2a77"
}
variable "around" {
  sensitive = true
  default   = "Reiher44c:pa55word7c1e@Dohle71b20"
}
variable "pin" {
  type      = number
  sensitive = true
}
container "app" {
  image    = "dindctl.local/bash"
  command  = ["bash", "-c", "printf '%s\n' \"$TOKEN\"; printf %s \"$TOKEN\" | base64; printf 'user:%s' \"$TOKEN\" | base64 -w0; echo; echo \"$FROM_FILE and $PIN\" >&2; for i in 1 2 3 4; do printf %s \"$${TOKEN:$((i*5-5)):5}\"; sleep 0.1; done; echo; exec sleep 1000"]
  environment = { TOKEN = var.token, PIN = var.pin }
  env_file    = [{ path = "./app.env", sensitive = true }]
  stop_signal = "KILL"
}
job "talk" {
  image       = "dindctl.local/bash"
  command     = ["bash", "-c", "cat /etc/tok; echo \"$UPPER\"; printf %s \"$PIN\" | od -An -tx1 | tr -d ' \\n'; printf %s \"$TOKEN\" | od -An -v -tx1 | tr -d ' \\n'; printf '\\r\\n'; printf '{\"token\": \"%s\"}' \"$UPPER\"; printf '%q' \"$TOKEN\" >&2"]
  environment = { TOKEN = var.token, PIN = var.pin, UPPER = "a ${upper(var.token)} b" }
  file {
    path    = "/etc/tok"
    content = "one\n${sensitive(file("tok"))}\ntwo\n"
  }
}
job "nest" {
  image       = "dindctl.local/bash"
  command     = ["bash", "-c", "for to in 1 2; do echo \"$SHORT-Fasan$REST\" >&$to; printf '%s44c:%s@%s71b20\\n' $LEFT $SHORT $RIGHT >&$to; done; exit $CODE"]
  environment = { SHORT = var.short, REST = "9f2a77", LEFT = "Reiher", RIGHT = "Dohle", CODE = var.code }
}
variable "code" { default = "0" }
output "said" { value = job.talk.stdout }
output "lines" { value = { for line in split("\n", job.talk.stdout) : line => line... } }
`

// What real programs make of secrets in their own ways is in no output, no log, no run, no
// document and no plan file; and their other bytes are as they were.
func TestSecretsInEverySpelling(t *testing.T) {
	needEngine(t)
	s := emptyScenario(t)
	token, pin, tok, fromFile := "Kolibri7f3a/x+y <1>", "918273645", "Zeisig90bb2d", "Gimpel17aa4c"
	fragments := []string{"Kolibri7f3a", "KOLIBRI7F3A", pin, tok, fromFile, "4b6f6c69627269", "393138323733", "S29saWJya", "pa55word7c1e", "Fasan9f2a77", "Reiher44c", "Dohle71b20"}
	s.write("main.hcl", spelledFile)
	s.write("tok", tok+"\n")
	s.write("app.env", "FROM_FILE="+fromFile+"\n")
	s.said.Reset()
	given := func(args ...string) result {
		return s.dindctl(append(args, "-project", s.project, "-var", "token="+token, "-var", "pin="+pin)...)
	}
	given("plan").wants(t, 0).says(t, "(sensitive value)")
	given("plan", "-json").wants(t, 0)
	given("plan", "-out", "spelled.plan").wants(t, 0)
	s.dindctl("apply", "spelled.plan", "-var", "token="+token, "-var", "pin="+pin).wants(t, 0)
	given("plan", "-json").wants(t, 0)
	given("output").wants(t, 0).says(t, "(sensitive)")
	given("output", "-json").wants(t, 0).says(t, `"(sensitive)"`)
	given("output", "said", "-raw").wants(t, 0).says(t, "(sensitive)(sensitive)")
	until(t, "the container has said all", func() bool {
		return strings.Count(given("logs", "container.app").wants(t, 0).stdout, "(sensitive)") == 4
	})
	given("logs", "job.talk").wants(t, 0).says(t, "(sensitive)")
	given("logs").wants(t, 0).says(t, "(sensitive) and (sensitive)")
	given("run", "job.talk").wants(t, 0).says(t, "(sensitive)(sensitive)")
	// Its own secret begins another one, and lies inside a third.
	const nest = "(sensitive)\n(sensitive)\n"
	for _, args := range [][]string{{"run", "job.nest"}, {"logs", "job.nest"}} {
		if got := given(args...).wants(t, 0); got.stdout != nest || got.stderr != nest {
			t.Errorf("%s says %q and %q, want each %q", args, got.stdout, got.stderr, nest)
		}
	}
	given("apply", "-auto-approve", "-replace=job.nest").wants(t, 0)
	given("apply", "-auto-approve", "-var", "code=3").wants(t, 1).says(t, "(sensitive)\n")
	given("show", "-json").wants(t, 0)
	given("apply", "-replace=job.talk", "-auto-approve", "-json").wants(t, 0).says(t, `(sensitive)`)
	given("destroy", "-auto-approve", "-volumes").wants(t, 0)
	search(t, "what was printed", s.said.String(), fragments)
	search(t, "the plan file", readFile(t, filepath.Join(s.dir, "spelled.plan")), fragments)
}
