package cli_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/dindctl/dindctl/provider/providertest"
)

// secretLife is a configuration whose jobs print secrets in random shapes.
type secretLife struct {
	files map[string]string
	// words are what may be in nothing that is written; each is within a secret.
	words []string
	jobs  int
}

// word is a word that nothing else has in it.
func word(r *rand.Rand) string {
	out := []byte("Q")
	for range 11 {
		out = append(out, "abcdefghijkmnopqrstuvwxyz23456789"[r.IntN(33)])
	}
	return string(out)
}

// around puts a random surrounding around a word: what has to be escaped somewhere.
func around(r *rand.Rand, word string) string {
	odd := []string{"", "-", "+/=", `"`, "'", `\`, "<&>", " ", "$x", "ü", "%41", "}", "\t", "{"}
	return odd[r.IntN(len(odd))] + word + odd[r.IntN(len(odd))] + odd[r.IntN(len(odd))]
}

func quoted(text string) string {
	out, _ := json.Marshal(text)
	return string(out)
}

func randomSecrets(r *rand.Rand) secretLife {
	l := secretLife{files: map[string]string{}}
	secret := func() string {
		w := word(r)
		l.words = append(l.words, w)
		return around(r, w)
	}
	short, number := secret(), 100_000_000+r.IntN(900_000_000)
	l.words = append(l.words, fmt.Sprint(number))
	lines := secret() + "\n" + secret() + "\nab\n" + secret() + "\n"
	inFile := word(r)
	l.files["tok"], l.files["job.env"], l.words = secret(), "FROM_FILE="+inFile+"\n", append(l.words, inFile)
	shapes := []string{
		`var.text`, `var.longer`, `"before ${var.text} after"`, `tostring(var.number)`, `"${var.number}"`, `var.login.password`, `local.made`,
		`sensitive(file("tok"))`, `"[${sensitive(file("tok"))}]"`, `upper(var.text)`, `"a ${upper(var.text)} b"`, `lower(var.longer)`,
		`base64encode(var.text)`, `base64encode("user:${var.text}")`, `base64encode("x${var.longer}y")`, `jsonencode({ a = [var.text], n = var.number })`,
		`jsonencode(jsonencode(var.text))`, `urlencode(var.text)`, `replace(var.lines, "\n", " ; ")`, `join("|", split("\n", var.lines))`, `strrev(strrev(var.text))`,
		`trimspace(var.lines)`, `format("%s-%d", var.text, var.number)`,
	}
	r.Shuffle(len(shapes), func(i, j int) { shapes[i], shapes[j] = shapes[j], shapes[i] })
	var out strings.Builder
	fmt.Fprintf(&out, `
project { name = "hush" }
variable "text" {
  sensitive = true
  default   = %s
}
variable "longer" {
  sensitive = true
  default   = %s
}
variable "lines" {
  sensitive = true
  default   = %s
}
variable "number" {
  type      = number
  sensitive = true
  default   = %d
}
variable "login" {
  sensitive = true
  default   = { user = "ci", password = %s }
}
locals { made = "${var.text}:${var.login.password}" }
daemon "dind" { image = "docker:28-dind" }
`, hclText(short), hclText(short+secret()), hclText(lines), number, hclText(secret()))
	for l.jobs = range 6 {
		shape := shapes[l.jobs]
		fmt.Fprintf(&out, "job \"j%d\" {\n inside = daemon.dind\n image = \"bash\"\n command = [\"echo\", %s]\n environment = { TOKEN = %s }\n}\n", l.jobs, shape, shapes[l.jobs+6])
		fmt.Fprintf(&out, "output \"said%d\" { value = job.j%[1]d.stdout }\noutput \"list%[1]d\" { value = [for x in split(\"\\n\", trimspace(job.j%[1]d.stdout)) : { (x) = x }] }\n", l.jobs)
		fmt.Fprintf(&out, "output \"kept%d\" {\n value = %s\n sensitive = true\n}\n", l.jobs, shape)
	}
	out.WriteString(`
job "env" {
  inside   = daemon.dind
  image    = "bash"
  command  = ["echo", "it is @@"]
  env_file = [{ path = "./job.env", sensitive = true }]
}
job "number" {
  inside  = daemon.dind
  image   = "bash"
  command = ["echo", tostring(var.number)]
}
output "env" { value = "it says ${job.env.stdout}" }
output "number" { value = tonumber(trimspace(job.number.stdout)) }
`)
	l.files["main.hcl"] = strings.ReplaceAll(out.String(), "@@", inFile)
	return l
}

// hclText is a text as HCL quotes it.
func hclText(text string) string {
	return strings.NewReplacer("${", "$${", "%{", "%%{", `\u003c`, "<", `\u003e`, ">", `\u0026`, "&").Replace(quoted(text))
}

// leaks are the words that stand in a text, as they are, in capital or in small letters,
// in base64 at each of its three places, and in hexadecimal.
func (l secretLife) leaks(text string) []string {
	var out []string
	for _, word := range l.words {
		forms := []string{word, strings.ToUpper(word), strings.ToLower(word), hex.EncodeToString([]byte(word)), strings.ToUpper(hex.EncodeToString([]byte(word)))}
		for before := range 3 {
			encoded := base64.RawStdEncoding.EncodeToString([]byte(strings.Repeat("x", before) + word))
			forms = append(forms, encoded[4:len(encoded)-2])
		}
		for _, form := range forms {
			if at := strings.Index(text, form); at >= 0 {
				out = append(out, fmt.Sprintf("%q: …%s…", form, text[max(0, at-80):min(len(text), at+60)]))
			}
		}
	}
	return out
}

// Secrets in random shapes, which jobs print, are in nothing that any command writes, in
// any format, and in no plan file; and what is JSON stays JSON.
func TestSecretsAreInNothingThatIsWritten(t *testing.T) {
	t.Parallel()
	for seed := range uint64(3) {
		r := rand.New(rand.NewPCG(seed, 16)) //nolint:gosec // the same values in every run
		l := randomSecrets(r)
		dir, home := t.TempDir(), t.TempDir()
		for name, text := range l.files {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		engine := providertest.NewMemory(providertest.Options{})
		hidden := 0
		run := func(args ...string) {
			e := command(t, engine, dir, home, args...)
			if e.code != 0 {
				t.Fatalf("seed %d: %v ends with %d: %s%s\n%s", seed, args, e.code, e.stdout, e.stderr, l.files["main.hcl"])
			}
			for _, leak := range l.leaks(e.stdout + "\n" + e.stderr) {
				t.Errorf("seed %d: %v writes %s\nof\n%s", seed, args, leak, l.files["main.hcl"])
			}
			hidden += strings.Count(e.stdout+e.stderr, "(sensitive")
			documents := json.NewDecoder(strings.NewReader(e.stdout))
			for slices.Contains(args, "-json") && documents.More() {
				var document any
				if err := documents.Decode(&document); err != nil {
					t.Errorf("seed %d: %v writes no JSON: %v\n%s", seed, args, err, e.stdout)
					break
				}
			}
		}
		run("validate")
		run("validate", "-json")
		run("plan")
		run("plan", "-json")
		run("plan", "-out", "first.plan")
		run("show", "first.plan")
		run("show", "first.plan", "-json")
		run("apply", "first.plan", "-progress", "plain")
		run("plan", "-json")
		run("output")
		run("output", "-json")
		run("output", "number", "-json")
		run("output", "said1", "-raw")
		run("output", "list2", "-json")
		run("output", "kept0")
		run("logs")
		run("logs", "-t")
		for i := range l.jobs + 1 {
			run("logs", fmt.Sprintf("job.j%d", i))
			run("run", fmt.Sprintf("job.j%d", i), "-auto-approve")
		}
		run("logs", "job.env")
		run("show")
		run("show", "-json")
		run("ls")
		run("ls", "-json")
		run("show", "job.env")
		run("show", "job.env", "-json")
		run("gc", "-auto-approve")
		run("graph")
		run("mounts", "-json")
		run("destroy", "-auto-approve", "-volumes", "-progress", "json")
		run("apply", "-auto-approve", "-json")
		run("destroy", "-auto-approve", "-volumes")
		run("apply", "-auto-approve", "-progress", "json")
		run("plan", "-destroy", "-out", "last.plan")
		for _, name := range []string{"first.plan", "last.plan"} {
			text, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil || !json.Valid(text) {
				t.Errorf("seed %d: %s: %v", seed, name, err)
			}
			for _, leak := range l.leaks(string(text)) {
				t.Errorf("seed %d: %s holds %s", seed, name, leak)
			}
		}
		if hidden < 100 {
			t.Errorf("seed %d: only %d secrets were hidden", seed, hidden)
		}
	}
}

// Words that a person wrote stay, though they are near a secret: what a function made, and
// nonsensitive() shows, and the name beside a password.
func TestWhatIsShownOnPurpose(t *testing.T) {
	t.Parallel()
	dir, home := t.TempDir(), t.TempDir()
	text := `
project { name = "hush" }
variable "token" {
  sensitive = true
  default   = "hunter2-hunter2"
}
output "digest" { value = nonsensitive(substr(sha256(var.token), 0, 8)) }
output "words" { value = "password... hunter2" }
`
	if err := os.WriteFile(filepath.Join(dir, "main.hcl"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	got := command(t, providertest.NewMemory(providertest.Options{}), dir, home, "output", "-json")
	want := `{"digest":{"sensitive":false,"value":"84ca4458"},"words":{"sensitive":false,"value":"password... hunter2"}}` + "\n"
	if got.stdout != want {
		t.Errorf("%s%s, want %s", got.stdout, got.stderr, want)
	}
}

// Of secrets that begin, hold or overlap one another nothing is left in what a job writes,
// in whichever of them its own one is, by any command that shows it.
func TestSecretsThatOverlapAreHiddenWhole(t *testing.T) {
	t.Parallel()
	const text = `
project { name = "hush" }
variable "own" {
  sensitive = true
  default   = "pa55word"
}
variable "prod" {
  sensitive = true
  default   = "pa55word-prod-9f2a77"
}
variable "within" {
  sensitive = true
  default   = "admin:pa55word@db"
}
variable "across" {
  sensitive = true
  default   = "word/Zeisig90"
}
job "talk" {
  image       = "bash"
  command     = ["sh", "-c", "echo it is pa55word-prod-9f2a77.; echo at admin:pa55word@db. >&2; echo by pa55word/Zeisig90.; exit %d"]
  environment = { TOKEN = var.own }
}
`
	engine := providertest.NewMemory(providertest.Options{})
	dir, home := t.TempDir(), t.TempDir()
	run := func(code int, args ...string) string {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, "main.hcl"), fmt.Appendf(nil, text, code), 0o600); err != nil {
			t.Fatal(err)
		}
		e := command(t, engine, dir, home, args...)
		for _, part := range []string{"pa55", "9f2a77", "-prod", "admin", "@db", "Zeisig"} {
			if strings.Contains(e.stdout+e.stderr, part) {
				t.Errorf("%v shows %q:\n%s%s", args, part, e.stdout, e.stderr)
			}
		}
		return e.stdout + e.stderr
	}
	for _, row := range []struct {
		code int
		args []string
	}{
		{0, []string{"apply", "-auto-approve", "-progress", "plain"}},
		{0, []string{"run", "job.talk"}},
		{0, []string{"apply", "-auto-approve", "-replace=job.talk", "-progress", "json"}},
		{0, []string{"apply", "-auto-approve", "-replace=job.talk", "-json"}},
		{0, []string{"logs", "job.talk"}},
		{0, []string{"logs"}},
		{3, []string{"apply", "-auto-approve", "-progress", "plain"}},
		{3, []string{"run", "job.talk"}},
	} {
		said := run(row.code, row.args...)
		for _, want := range []string{"it is (sensitive).", "at (sensitive).", "by (sensitive)."} {
			if !strings.Contains(said, want) {
				t.Errorf("%v does not say %q:\n%s", row.args, want, said)
			}
		}
	}
}

// A -var that a plan file leaves out, because a secret is in it, has to be given again:
// nothing is applied with another value, silently.
func TestAPlanFileWantsWhatItLeavesOut(t *testing.T) {
	t.Parallel()
	dir, home := t.TempDir(), t.TempDir()
	text := `
project { name = "hush" }
variable "token" {
  sensitive = true
  default   = "hunter2"
}
variable "note" { default = "one" }
job "talk" {
  image   = "bash"
  command = ["echo", var.note]
}
`
	if err := os.WriteFile(filepath.Join(dir, "main.hcl"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	engine := providertest.NewMemory(providertest.Options{})
	if e := command(t, engine, dir, home, "plan", "-out", "p", "-var", "note=at hunter2's"); e.code != 0 {
		t.Fatal(e)
	}
	if e := command(t, engine, dir, home, "apply", "p"); e.code != 1 || !strings.Contains(e.stderr, "-var note=…") || engine.Mutations()["create"] != 0 {
		t.Errorf("without it: %+v, %v", e, engine.Mutations())
	}
	if e := command(t, engine, dir, home, "apply", "p", "-var", "note=at hunter2's"); e.code != 0 {
		t.Errorf("with it: %+v", e)
	}
}

// What can be evaluated is hidden in logs, also where another variable has no value.
func TestLogsHideWhatCanBeEvaluated(t *testing.T) {
	t.Parallel()
	dir, home := t.TempDir(), t.TempDir()
	write := func(more string) {
		text := "project { name = \"hush\" }\njob \"talk\" {\n image = \"bash\"\n command = [\"echo\", sensitive(\"hunter2\")]\n}\n" + more
		if err := os.WriteFile(filepath.Join(dir, "main.hcl"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("")
	engine := providertest.NewMemory(providertest.Options{})
	if e := command(t, engine, dir, home, "apply", "-auto-approve"); e.code != 0 {
		t.Fatal(e)
	}
	write("variable \"missing\" {}\n")
	if e := command(t, engine, dir, home, "logs", "job.talk"); e.code != 0 || e.stdout != "(sensitive)\n" || e.stderr != "" {
		t.Errorf("%+v", e)
	}
	// What nobody knows cannot be hidden: that is said, once, and not among the output.
	write("variable \"missing\" {\n sensitive = true\n}\nvariable \"pin\" {\n sensitive = true\n}\n")
	e := command(t, engine, dir, home, "logs", "job.talk", "-var", "pin=1234")
	if warned := strings.Count(e.stderr, "Secrets that are not known are not hidden"); e.code != 0 || e.stdout != "(sensitive)\n" || warned != 1 ||
		!strings.Contains(e.stderr, "var.missing") || strings.Contains(e.stderr, "var.pin") {
		t.Errorf("%+v", e)
	}
}
