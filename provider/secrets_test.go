package provider_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

func secretText(s string) cty.Value { return cty.StringVal(s).Mark(provider.Sensitive) }

func object(attributes map[string]cty.Value) cty.Value { return cty.ObjectVal(attributes) }

func mapOf(elements map[string]cty.Value) cty.Value { return cty.MapVal(elements) }

// A path is shown without the keys of what is secret as a whole, and without the texts of
// secrets; keys may have dots and brackets in them.
func TestPathsOfSecrets(t *testing.T) {
	t.Parallel()
	s := provider.SecretsOf(provider.SecretsRequest{
		Declared: object(map[string]cty.Value{
			"environment": mapOf(map[string]cty.Value{"hunter2": cty.StringVal("x")}).Mark(provider.Sensitive),
			"options":     mapOf(map[string]cty.Value{"com.example.key": secretText("hunter2"), "a[b].c": cty.StringVal("x")}),
		}),
		Created: []byte(`{"logging":{"options":{"sensitive":true}}}`),
	})
	got := map[string]string{}
	for _, path := range []string{
		"environment", "environment.hunter2", "options.com.example.key", "options.a[b].c", "options.hunter2", "logging.options.tag", "logging.driver", `mount["/x].y"].source`,
	} {
		got[path] = s.Path(path)
	}
	want := map[string]string{
		"environment": "environment", "environment.hunter2": "environment.(sensitive)", "options.com.example.key": "options.com.example.key",
		"options.a[b].c": "options.a[b].c", "options.hunter2": "options.(sensitive)", "logging.options.tag": "logging.options.(sensitive)",
		"logging.driver": "logging.driver", `mount["/x].y"].source`: `mount["/x].y"].source`,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("paths (-want +got):\n%s", d)
	}
}

// A text is free of all secrets that are known, also of one of their lines and as they
// stand in JSON; a short one, a user's name beside a password, and what is plain stay.
func TestTextsOfSecrets(t *testing.T) {
	t.Parallel()
	s := provider.SecretsOf(provider.SecretsRequest{
		Declared: object(map[string]cty.Value{
			"environment": mapOf(map[string]cty.Value{"A": secretText(`new "value"`), "B": secretText("abc"), "C": secretText("first line\nsecond line"), "D": cty.StringVal("plain")}),
			"auth":        mapOf(map[string]cty.Value{"r": object(map[string]cty.Value{"username": cty.StringVal("robert"), "password": cty.StringVal("pass-word")})}).Mark(provider.Sensitive),
		}),
		Created: []byte(`{"environment":{"A":{"sensitive":true},"D":"plain"},"command":["run",{"sensitive":true}]}`),
		Actual: object(map[string]cty.Value{
			"environment": mapOf(map[string]cty.Value{"A": cty.StringVal("old-value"), "D": cty.StringVal("plain")}),
			"command":     cty.ListVal([]cty.Value{cty.StringVal("run"), cty.StringVal("--token=old")}),
		}),
		Beside: []cty.Value{object(map[string]cty.Value{"endpoint": secretText("tcp://beside")})},
	})
	const said = `old-value {"A":"new \"value\""} abc second line run --token=old plain robert pass-word tcp://beside`
	const want = `(sensitive) {"A":"(sensitive)"} abc (sensitive) run (sensitive) plain robert (sensitive) (sensitive)`
	if d := cmp.Diff(want, s.Text(said)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// A record says of what is secret now that it is, and what of it held it openly is told;
// the hash of a file is no value.
func TestRecordsOfSecrets(t *testing.T) {
	t.Parallel()
	const created = `{"command":["run","--token=hunter2","--plain"],"environment":{"A":"hunter2","B":"x hunter2 y","C":"plain"},"file":[{"content":{"sha256":"abc"},"path":"/a"}]}`
	s := provider.SecretsOf(provider.SecretsRequest{
		Declared: object(map[string]cty.Value{
			"command":     cty.ListVal([]cty.Value{cty.StringVal("run"), secretText("--token=hunter2"), cty.StringVal("--plain")}),
			"environment": mapOf(map[string]cty.Value{"A": secretText("hunter2"), "C": cty.StringVal("plain")}),
			"file":        cty.ListVal([]cty.Value{object(map[string]cty.Value{"path": cty.StringVal("/a"), "content": secretText("c")})}),
		}),
		Created: []byte(created),
	})
	const want = `{"command":["run",{"sensitive":true},"--plain"],"environment":{"A":{"sensitive":true},"B":{"sensitive":true},"C":"plain"},"file":[{"content":{"sensitive":true},"path":"/a"}]}`
	if d := cmp.Diff(want, string(s.Record([]byte(created)))); d != "" {
		t.Errorf("record (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"command", "environment.A"}, s.Exposed()); d != "" {
		t.Errorf("exposed (-want +got):\n%s", d)
	}
}

// Many secrets are looked for in a large file in one pass: what a secret and a file have
// in common is compared over a bounded length at each place.
func TestSecretsInLargeTexts(t *testing.T) {
	t.Parallel()
	environment := map[string]cty.Value{"LONG": secretText(strings.Repeat("a", 1<<20) + "b")}
	for i := range 200 {
		environment[strings.Repeat("K", i+1)] = secretText(strings.Repeat("x", i+4) + "!")
	}
	s := provider.SecretsOf(provider.SecretsRequest{Declared: object(map[string]cty.Value{"environment": mapOf(environment)})})
	large := strings.Repeat("a", 1<<20)
	if v := s.Value("note", cty.StringVal(large)); v.IsMarked() {
		t.Error("a text that holds the beginning of a secret is taken for one")
	}
	if v := s.Value("note", cty.StringVal(large+"b"+large)); !v.IsMarked() {
		t.Error("a long secret in a longer text is not found")
	}
}

// A reference stays whole, whatever words a secret shares with a name: whoever shows it
// reads its address.
func TestReferencesAreNoSecrets(t *testing.T) {
	t.Parallel()
	attributes := map[string]cty.Value{}
	for name, of := range provider.RefType().AttributeTypes() {
		attributes[name] = cty.NullVal(of)
	}
	attributes["address"] = cty.StringVal("volume.data")
	ref := cty.ObjectVal(attributes)
	s := provider.SecretsOf(provider.SecretsRequest{Declared: object(map[string]cty.Value{"token": secretText("data")})})
	change := s.Change(provider.Change{Path: "data", From: cty.ListVal([]cty.Value{ref}), To: ref, Created: cty.StringVal("data")})
	if provider.HasMarks(change.From) || provider.HasMarks(change.To) || !change.Created.IsMarked() {
		t.Errorf("%#v", change)
	}
}

// An old secret is known also of an object that shows the parts of a block in one text.
func TestSecretsOfBlocksInOneText(t *testing.T) {
	t.Parallel()
	s := provider.SecretsOf(provider.SecretsRequest{
		Created: []byte(`{"healthcheck":{"test":["CMD","check",{"sensitive":true}]}}`),
		Actual:  object(map[string]cty.Value{"healthcheck": cty.StringVal(`{"test":["CMD","check","hunter2"],"interval":"5s"}`)}),
	})
	if d := cmp.Diff(`["CMD","check","(sensitive)"] every 5s`, s.Text(`["CMD","check","hunter2"] every 5s`)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// A secret is found as Go programs quote it, in an error that is JSON as well.
func TestQuotedSecrets(t *testing.T) {
	t.Parallel()
	const secret = "bell\aé\x00\u00a0\"end"
	s := provider.SecretsOf(provider.SecretsRequest{Declared: object(map[string]cty.Value{"token": secretText(secret)})})
	for _, said := range []string{fmt.Sprintf("invalid value %q", secret), fmt.Sprintf("invalid value %+q", secret)} {
		inJSON, err := json.Marshal(said)
		if err != nil {
			t.Fatal(err)
		}
		got := []string{s.Text(said), s.Text(string(inJSON))}
		want := []string{`invalid value "(sensitive)"`, `"invalid value \"(sensitive)\""`}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", said, d)
		}
	}
}

// What is looked for of a long secret is in proportion to its length, whatever is in it;
// that of its beginning does not grow with it.
func TestLongSecretsAreSpelledInProportion(t *testing.T) {
	t.Parallel()
	most, _ := provider.Spelled(strings.Repeat("\"<é\\\n", 100))
	for _, size := range []int{40 << 10, 4 << 20} {
		text := strings.Repeat("\"<é\\\n", size/6)
		beginning, whole := provider.Spelled(text)
		if beginning > most || whole > 16*len(text) {
			t.Errorf("of %d bytes %d are looked for, and %d of the beginning, which are %d of a short text", len(text), whole, beginning, most)
		}
	}
}

// A long secret is found as it stands in JSON, wherever its searched beginning ends: also
// within a character.
func TestLongSecretsAreFoundInJSON(t *testing.T) {
	t.Parallel()
	for before := range 8 {
		secret := strings.Repeat("a", before) + `"` + strings.Repeat("€", 100)
		s := provider.SecretsOf(provider.SecretsRequest{Declared: object(map[string]cty.Value{"token": secretText(secret)})})
		inJSON, err := json.Marshal(map[string]string{"x": secret})
		if err != nil {
			t.Fatal(err)
		}
		if !s.Value("note", cty.StringVal(string(inJSON))).IsMarked() || s.Text(string(inJSON)) != `{"x":"(sensitive)"}` {
			t.Errorf("a secret with %d bytes before its first other character is not found: %s", before, s.Text(string(inJSON)))
		}
	}
}

// A short secret is not looked for in paths, names and images, where none can be declared:
// what has a word with it in common stays. A long one is no chance.
func TestShortSecretsAreNotLookedForInPaths(t *testing.T) {
	t.Parallel()
	const long = "a-secret-of-some-length"
	s := provider.SecretsOf(provider.SecretsRequest{Declared: object(map[string]cty.Value{
		"environment": mapOf(map[string]cty.Value{"A": secretText("data"), "B": secretText(long)}),
	})})
	shown := func(path, text string) string {
		c := s.Change(provider.Change{Path: path, From: cty.StringVal(text), To: cty.NullVal(cty.String), Created: cty.NullVal(cty.String)})
		return fmt.Sprintf("%s %v", s.Path(path), !c.From.IsMarked())
	}
	for _, row := range []struct{ path, text, want string }{
		{`mount["/srv/data"].source`, "/var/data", `mount["/srv/data"].source true`},
		{`mount["/srv/` + long + `"].source`, "/x", `mount["/srv/(sensitive)"].source true`},
		{"mount", "/srv/" + long, "mount false"},
		{"image", "registry/data:1", "image true"},
		{"image", "registry/" + long, "image false"},
		{`file["/etc/data"].mode`, "0644", `file["/etc/data"].mode true`},
		{"hostname", "data", "hostname false"},
		{"environment.data", "x", "environment.(sensitive) true"},
	} {
		if got := shown(row.path, row.text); got != row.want {
			t.Errorf("%s = %s: %s, want %s", row.path, row.text, got, row.want)
		}
	}
	const record = `{"environment":{"A":"data","C":"x data"},"image":"registry/data:1","mount":[{"source":"/srv/data"},{"source":"/` + long + `"}]}`
	const want = `{"environment":{"A":{"sensitive":true},"C":{"sensitive":true}},"image":"registry/data:1","mount":[{"source":"/srv/data"},{"source":{"sensitive":true}}]}`
	if d := cmp.Diff(want, string(s.Record([]byte(record)))); d != "" {
		t.Errorf("record (-want +got):\n%s", d)
	}
	if got := s.Text("cannot log in with data at " + s.Place("/srv/data")); got != "cannot log in with (sensitive) at /srv/(sensitive)" {
		t.Errorf("what is said: %s", got)
	}
}
