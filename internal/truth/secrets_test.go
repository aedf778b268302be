package truth_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/internal/runner"
	"github.com/dindctl/dindctl/internal/ui"
	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/docker"
)

// secretForm is one argument with a secret in one shape.
type secretForm struct {
	kind provider.Kind
	// text is what stands in the block: @@ is an expression with the secret in it.
	text string
}

// shapes are expressions whose value is a text with the secret in it.
func shapes() []string {
	return []string{
		`var.token`, `"before ${var.token} after"`, `base64encode(var.token)`, `upper(var.token)`, `jsonencode({ a = [var.token] })`,
		`var.login.password`, `"line one\nkey = ${var.token}\nline three"`, `join(",", ["a", var.token])`, `format("%s-%s", var.token, var.login.user)`,
	}
}

// secretForms are the arguments that hold texts, each with a secret in each shape.
func secretForms() []secretForm {
	var out []secretForm
	all := func(kind provider.Kind, texts ...string) {
		for _, text := range texts {
			if !strings.Contains(text, "@@") {
				out = append(out, secretForm{kind, text})
				continue
			}
			for _, shape := range shapes() {
				out = append(out, secretForm{kind, strings.ReplaceAll(text, "@@", shape)})
			}
		}
	}
	all(
		provider.Container,
		`environment = { TOKEN = @@, "dotted.name" = "plain" }`,
		`environment = { MODE = "plain", (upper("x")) = @@ }`,
		`environment = { for name in ["A", "B"] : name => @@ }`,
		`environment = sensitive({ TOKEN = @@ })`,
		`environment = { (var.token) = "plain" }`,
		`command = ["sleep", "1000", @@]`,
		`command = ["sleep", @@, "1000", "--plain"]`,
		`command = concat(["sleep"], [for x in ["a", "b"] : "${x}=${var.token}"])`,
		`entrypoint = ["bash", "-c", @@]`,
		`hostname = var.token`,
		`user = @@`,
		`working_dir = "/srv/${var.token}"`,
		`extra_hosts = { (var.token) = "10.0.0.1" }`,
		`dns_search = [var.token, "plain.example"]`,
		`group_add = [@@, "1000"]`,
		`sysctls = { "kernel.domainname" = @@ }`,
		"logging {\n driver = \"json-file\"\n options = { tag = @@, \"max-size\" = \"1m\" }\n}",
		"logging {\n driver = \"json-file\"\n options = sensitive({ tag = @@ })\n}",
		"file {\n path = \"/etc/app/token\"\n content = @@\n}\nfile {\n path = \"/etc/app/plain\"\n content = \"plain\"\n}",
		"file {\n path = \"/etc/app/token\"\n content = @@\n mode = \"0600\"\n}",
		`security_opt = ["label=user:${var.token}", "no-new-privileges"]`,
		`storage_opt = { size = @@ }`,
		`annotations = { note = @@ }`,
		`mem_limit = var.size`,
		`pids_limit = var.number`,
		`stop_grace_period = "${var.number}s"`,
		"healthcheck {\n test = [\"CMD\", @@]\n}",
		"healthcheck {\n test = [\"CMD\", \"check\", @@]\n interval = \"${var.number}s\"\n}",
		"healthcheck {\n test = sensitive([\"CMD\", @@])\n}",
		"environment = { TOKEN = @@ }\ncommand = [\"sleep\", @@]\nfile {\n path = \"/etc/x\"\n content = @@\n}",
	)
	all(provider.Network, `options = { "com.example.key" = @@, "com.example.plain" = "plain" }`, `options = sensitive({ "com.example.key" = @@ })`)
	all(provider.Volume, `options = { o = @@, device = "plain" }`, `options = sensitive({ o = @@ })`)
	all(provider.Job, `environment = { TOKEN = @@ }`, "file {\n path = \"/etc/app/token\"\n content = @@\n}", `command = ["true", @@]`)
	return out
}

// secretValues are the values of the variables at one time.
type secretValues struct {
	token, password, user string
	size, number          string
}

// words are what may stand nowhere.
func (v secretValues) words() []string {
	out := []string{v.size, v.number}
	for _, text := range []string{v.token, v.password, v.user} {
		out = append(out, text, strings.ToUpper(text), base64.StdEncoding.EncodeToString([]byte(text)))
	}
	return out
}

// secretConfiguration is a file with all forms, each in a block of its own.
func secretConfiguration(forms []secretForm, v secretValues, secret bool) string {
	var out strings.Builder
	fmt.Fprintf(&out, "project { name = %q }\n", project)
	for _, variable := range [][2]string{
		{"token", fmt.Sprintf("%q", v.token)},
		{"login", fmt.Sprintf("{ user = %q, password = %q }", v.user, v.password)},
		{"size", v.size},
		{"number", v.number},
	} {
		fmt.Fprintf(&out, "variable %q {\n sensitive = %t\n default = %s\n}\n", variable[0], secret, variable[1])
	}
	for i, f := range forms {
		fmt.Fprintf(&out, "%s \"f%d\" {\n", f.kind, i)
		if f.kind.Runs() {
			out.WriteString("image = \"base.local/a\"\n")
			switch {
			case strings.Contains(f.text, "command ="):
			case f.kind == provider.Job:
				out.WriteString("command = [\"true\"]\n")
			default:
				out.WriteString("command = [\"sleep\", \"1000\"]\n")
			}
		}
		out.WriteString(f.text + "\n}\n")
	}
	return out.String()
}

// validForms are those that the configuration takes with both values.
func (u *user) validForms(forms []secretForm, values ...secretValues) []secretForm {
	var out []secretForm
	for _, f := range forms {
		valid := true
		for _, v := range values {
			cfg, problems := u.loadText(secretConfiguration([]secretForm{f}, v, true))
			if !problems.HasErrors() {
				_, problems = config.Expand(cfg, docker.Schema(), config.Known{})
			}
			valid = valid && !problems.HasErrors()
		}
		if valid {
			out = append(out, f)
		}
	}
	return out
}

// oneOf is one of so many forms.
func oneOf(forms []secretForm, many int) []secretForm {
	var out []secretForm
	for i := 0; i < len(forms); i += many {
		out = append(out, forms[i])
	}
	return out
}

// said is all that was written, by where.
type said map[string]string

// secretWorld is an engine that, once told, refuses to make or to remove anything, in
// words that hold all that it was asked, or has of it.
type secretWorld struct {
	*memory
	makes, removes atomic.Bool // whether these are refused
}

func (w *secretWorld) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	var says any
	switch {
	case w.removes.Load() && r.Method == http.MethodDelete:
		w.mu.Lock()
		parts := strings.Split(r.URL.Path, "/")
		says = []any{w.container(parts[len(parts)-1]), w.network(parts[len(parts)-1]), w.volumes[parts[len(parts)-1]]}
	case w.makes.Load() && (strings.HasSuffix(r.URL.Path, "/create") || strings.HasSuffix(r.URL.Path, "/update")):
		body, _ := io.ReadAll(r.Body)
		says = json.RawMessage(body)
		w.mu.Lock()
	default:
		w.engine.ServeHTTP(rw, r)
		return
	}
	words, _ := json.Marshal(says)
	w.mu.Unlock()
	rw.WriteHeader(http.StatusInternalServerError)
	_ = json.NewEncoder(rw).Encode(map[string]string{"message": "cannot do it with " + string(words)})
}

func newSecretUser(t *testing.T) (*user, *secretWorld) {
	t.Helper()
	m, end, err := newMemory(api285)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(end)
	w := &secretWorld{memory: &memory{m.engine, filepath.Join(filepath.Dir(m.socket), "other.sock")}}
	listener, err := net.Listen("unix", w.socket)
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: w, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(func() { _ = server.Close() })
	u, err := newUser(t.Context(), w)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(u.close)
	return u, w
}

// planned plans, and keeps all that a person may see of it.
func (s said) planned(t *testing.T, u *user, at, text string) planned {
	t.Helper()
	p, problems := u.planText(t.Context(), text)
	if problems.HasErrors() {
		t.Fatalf("%s: %s", at, problemsText(problems))
	}
	for _, width := range []int{60, 100_000} {
		s[fmt.Sprintf("%s: the plan, %d wide", at, width)] = ui.Plan(p.Plan, ui.Options{Width: width})
	}
	document, err := p.JSON()
	if err != nil {
		t.Fatal(err)
	}
	s[at+": the plan as JSON"], s[at+": its steps"] = string(document), p.String()
	s[at+": warnings"] = problemsText(problems)
	objects := ui.ProjectObjects(p.in.Observed, project)
	s[at+": show"], s[at+": show -json"] = ui.Show(objects, ui.Options{Width: 100_000}), ui.ShowJSON(u.facts, project, objects)
	s[at+": ls -json"] = ui.ListJSON(u.facts, project, objects, nil, nil)
	return p
}

// keyed are the addresses of forms whose secret is known by its place alone: a key, since
// most keys of what is secret as a whole are none, and what an engine spells in its own
// way, such as a quantity.
func keyed(forms []secretForm) []string {
	var out []string
	for i, f := range forms {
		if strings.Contains(f.text, "(var.token) =") || strings.Contains(f.text, "var.size") || strings.Contains(f.text, "var.number") || strings.Contains(f.text, "security_opt") {
			out = append(out, fmt.Sprintf("%s.f%d", f.kind, i))
		}
	}
	return out
}

// without is the plan without some addresses.
func (p planned) without(t *testing.T, addresses []string) planned {
	t.Helper()
	p.in.Exclude = addresses
	part, problems := plan.Make(p.in)
	if problems.HasErrors() {
		t.Fatal(problemsText(problems))
	}
	p.Plan = part
	return p
}

// applied carries out a plan, and keeps what is told meanwhile.
func (s said) applied(ctx context.Context, u *user, at string, p planned) bool {
	var told strings.Builder
	_, problems := runner.Apply(ctx, runner.ApplyRequest{
		Plan: p.Plan, Provider: u.p, Observed: p.in.Observed, Observe: p.wanted, Differ: p.in.Diff, Expanded: p.Expanded, Refine: runner.Refiner(p.in, p.Plan),
		Sink: func(e runner.Event) {
			fmt.Fprintf(&told, "%s %s %s %s %s\n", e.Kind, e.Step.Address, e.Step.Cause, e.Text, problemsText(e.Problems))
			for _, problem := range e.Problems {
				told.WriteString(strings.Join(append(problem.Log, problem.Chain...), "\n"))
			}
		},
	})
	s[at+": progress"], s[at+": problems"] = told.String(), problemsText(problems)
	return !problems.HasErrors()
}

// holds fails the test for each word that stands anywhere.
func (s said) holds(t *testing.T, words []string) {
	t.Helper()
	for _, where := range sortedKeys(s) {
		for _, word := range words {
			if at := strings.Index(s[where], word); at >= 0 {
				t.Errorf("%s holds %q: …%s…", where, word, s[where][max(0, at-150):min(len(s[where]), at+60)])
				break
			}
		}
	}
}

// What was sensitive when it was recorded, or is now, in any form inside another value, is
// in no plan, no document, no list, no progress and no error: neither the old value nor
// the new one. So it is when a secret is rotated, when a variable becomes sensitive later,
// both at once, when it is one no longer, and when what held it goes.
func TestSecretsAreShownNowhere(t *testing.T) {
	t.Parallel()
	forms := secretForms()
	if len(forms) < 200 {
		t.Errorf("%d forms are tried", len(forms))
	}
	old := secretValues{"Amsel4711alt", "Zeisig0815alt", "Kuckuck22alt", "71303168", "311759"}
	recent := secretValues{"Drossel4712neu", "Stieglitz0816neu", "Wiedehopf23neu", "73400320", "322961"}
	short := secretValues{"§7", "§8", "§9", "74448896", "333167"}
	shorter := secretValues{"¤7", "¤8", "¤9", "75497472", "344371"}
	for name, c := range map[string]struct {
		was, is         secretValues
		then, now, gone bool
		hidden          []secretValues
		silent          bool // of errors, which find no short text
		every           int  // how many forms are tried: one of so many
	}{
		"rotated":                       {was: old, is: recent, then: true, now: true, hidden: []secretValues{old, recent}},
		"sensitive later":               {was: old, is: old, now: true, hidden: []secretValues{old}},
		"sensitive later, and rotated":  {was: old, is: recent, now: true, hidden: []secretValues{old, recent}},
		"sensitive no longer":           {was: old, is: recent, then: true, hidden: []secretValues{old}, every: 2},
		"gone":                          {was: old, is: old, then: true, now: true, gone: true, hidden: []secretValues{old}, every: 2},
		"short, and rotated":            {was: short, is: shorter, then: true, now: true, hidden: []secretValues{short, shorter}, silent: true, every: 3},
		"short, sensitive later, other": {was: short, is: shorter, now: true, hidden: []secretValues{short, shorter}, silent: true, every: 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u, w := newSecretUser(t)
			var words []string
			for _, v := range c.hidden {
				if c.silent {
					words = append(words, v.token, v.password, v.user)
					continue
				}
				words = append(words, v.words()...)
			}
			forms := u.validForms(forms, c.was, c.is)
			if least := 150; len(forms) < least {
				t.Errorf("only %d forms are valid", len(forms))
			}
			forms = oneOf(forms, max(1, c.every))
			first := said{}
			p := first.planned(t, u, "at first", secretConfiguration(forms, c.was, c.then))
			if !first.applied(t.Context(), u, "at first", p) {
				t.Fatalf("the first apply:\n%s", first["at first: problems"])
			}
			after := said{}
			if p := after.planned(t, u, "after the apply", secretConfiguration(forms, c.was, c.then)); !p.Clean {
				t.Fatalf("after the apply the plan is not empty:\n%s", p)
			}
			if c.then {
				first.holds(t, words)
				after.holds(t, words)
			}
			now := secretConfiguration(forms, c.is, c.now)
			if c.gone {
				now = secretConfiguration(nil, c.is, c.now)
			}
			then := said{}
			p = then.planned(t, u, "then", now)
			if c.was == c.is && !c.gone {
				exposed(t, p, forms)
			}
			w.removes.Store(true)
			then.applied(t.Context(), u, "removals refused", p.without(t, keyed(forms)))
			w.removes.Store(false)
			p = then.planned(t, u, "then still", now)
			w.makes.Store(true)
			then.applied(t.Context(), u, "creations refused", p.without(t, keyed(forms)))
			w.makes.Store(false)
			if c.silent {
				for _, at := range []string{"removals refused", "creations refused"} {
					delete(then, at+": progress")
					delete(then, at+": problems")
				}
			}
			p = then.planned(t, u, "then again", now)
			then.applied(t.Context(), u, "in the end", p)
			if !c.then { // a list of objects goes by what is recorded on them
				for _, where := range []string{"then: show", "then: show -json", "then still: show", "then still: show -json", "then again: show", "then again: show -json"} {
					delete(then, where)
				}
			}
			then.holds(t, words)
		})
	}
}

// exposed wants the plan to say of each object what of it holds a value that became
// sensitive later, and nothing to be done about it unasked.
func exposed(t *testing.T, p planned, forms []secretForm) {
	t.Helper()
	for _, r := range p.Resources {
		if r.Kind == provider.Network && r.Address == "network.default" {
			continue
		}
		if r.Action != plan.None {
			t.Errorf("%s: %s (%s), for nothing but a variable that is sensitive now", r.Address, r.Action, r.Cause)
		}
		var i int
		if _, err := fmt.Sscanf(r.Address[strings.Index(r.Address, ".f")+2:], "%d", &i); err == nil && len(r.Exposed) == 0 && !strings.Contains(forms[i].text, "content =") && !strings.Contains(forms[i].text, "sensitive(") {
			t.Errorf("%s holds a value that is sensitive now, and the plan does not say so: %s", r.Address, forms[i].text)
		}
	}
}
