package docker_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/docker"
)

// visible is what may be seen of a value: * stands for what is hidden.
func visible(v cty.Value) string {
	if v == cty.NilVal {
		return "-"
	}
	v, marks := v.Unmark()
	switch {
	case len(marks) > 0:
		return "*"
	case v.IsNull():
		return "-"
	case !v.IsKnown():
		return "?"
	case v.Type() == cty.String:
		return v.AsString()
	case v.Type() == cty.Number:
		return v.AsBigFloat().String()
	case v.Type() == cty.Bool:
		return fmt.Sprint(v.True())
	}
	var parts []string
	for it := v.ElementIterator(); it.Next(); {
		key, element := it.Element()
		text := visible(element)
		if key.Type() == cty.String {
			text = key.AsString() + "=" + text
		}
		parts = append(parts, text)
	}
	return "[" + strings.Join(parts, " ") + "]"
}

func difference(t *testing.T, item provider.DiffItem) (changes, not []string) {
	t.Helper()
	resp, err := docker.New(nil).Diff(t.Context(), provider.DiffRequest{Items: []provider.DiffItem{item}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range resp.Differences[0].Changes {
		from, to := visible(c.From), visible(c.To)
		if c.Sensitive {
			from, to = "*", "*"
		}
		changes = append(changes, fmt.Sprintf("%s: %s -> %s (%s)", c.Path, from, to, c.Cause))
	}
	for _, n := range resp.Differences[0].NotCompared {
		not = append(not, n.Path+": "+n.Why)
	}
	return changes, not
}

// Of the settings and flags of a daemon, of which the engine shows some under another
// name, exactly what is secret is hidden: the old value as well as the new one, of one
// element of a list or of one of several keys. Where nothing tells whether a secret has
// changed, that is said.
func TestSecretsOfDaemons(t *testing.T) {
	t.Parallel()
	secret := func(s string) cty.Value { return text(s).Mark(provider.Sensitive) }
	config := func(elements ...cty.Value) attributes {
		return attributes{"config": cty.ObjectVal(attributes{"labels": cty.TupleVal(elements), "debug": cty.True})}
	}
	together := func(settings attributes) attributes {
		return attributes{"config": cty.ObjectVal(settings).Mark(provider.Sensitive)}
	}
	flags := func(elements ...cty.Value) attributes { return attributes{"flags": cty.ListVal(elements)} }
	mirrors := func(elements ...cty.Value) attributes { return attributes{"registry_mirrors": cty.ListVal(elements)} }
	content := func(v any) attributes {
		file, _ := json.Marshal(v)
		return attributes{"_daemon_json": text(string(file))}
	}
	shown := func(old string) attributes {
		return content(map[string]any{"debug": true, "labels": []string{"token=" + old, "plain"}})
	}
	command := func(list ...string) attributes {
		var elements []cty.Value
		for _, s := range list {
			elements = append(elements, text(s))
		}
		return attributes{"command": cty.ListVal(elements)}
	}
	for name, c := range map[string]struct {
		then, now, is attributes
		changes, not  []string
	}{
		"a label that is rotated": {
			then: config(secret("token=old-token"), text("plain")), now: config(secret("token=new-token"), text("plain")), is: shown("old-token"),
			changes: []string{"config.labels: [* plain] -> [* plain] (configuration)"},
		},
		"a label that is the same": {then: config(secret("token=a"), text("plain")), now: config(secret("token=a"), text("plain")), is: shown("a")},
		"a label that becomes sensitive, and is rotated": {
			then: config(text("token=old"), text("plain")), now: config(secret("token=new"), text("plain")), is: shown("old"),
			changes: []string{"config.labels: [* plain] -> [* plain] (configuration)"},
		},
		"a label that is sensitive no longer": {
			then: config(secret("token=old"), text("plain")), now: config(text("token=new"), text("plain")), is: shown("old"),
			changes: []string{"config.labels: [* plain] -> [token=new plain] (configuration)"},
		},
		"a label that goes": {
			then: config(secret("token=old"), text("plain")), now: config(text("plain")), is: shown("old"),
			changes: []string{"config.labels: [* plain] -> [plain] (configuration)"},
		},
		"a file that cannot be read": {
			then: config(secret("token=old"), text("plain")), now: config(secret("token=new"), text("plain")), is: attributes{},
			not: []string{"config.labels: it cannot be read now, and a record holds no secret"},
		},
		"settings that are a secret together, in a file that cannot be read": {
			then: together(attributes{"labels": text("token=old"), "debug": cty.True}), now: together(attributes{"labels": text("token=new"), "bip": text("10.9.0.1/24")}), is: attributes{},
			not: []string{"config: it cannot be read now, and a record holds no secret"},
		},
		"settings that are a secret together": {
			then: together(attributes{"debug": cty.True}), now: together(attributes{"debug": cty.False}), is: content(map[string]any{"debug": true}),
			changes: []string{"config.debug: * -> * (configuration)"},
		},
		"settings that are a secret together, and go": {
			then: together(attributes{"debug": cty.True}), now: attributes{}, is: attributes{},
			not: []string{"config: it cannot be read now, and a record holds no secret"},
		},
		"a plain setting beside a secret one": {
			then: config(secret("token=old")), now: attributes{"config": cty.ObjectVal(attributes{"labels": cty.TupleVal([]cty.Value{secret("token=old")}), "debug": cty.False})},
			is:      content(map[string]any{"debug": true, "labels": []string{"token=old"}}),
			changes: []string{"config.debug: true -> false (configuration)"},
		},
		"a mirror, under the name of its argument": {
			then: mirrors(secret("https://old.example"), text("https://plain.example")), now: mirrors(secret("https://new.example"), text("https://plain.example")),
			is:      content(map[string]any{"registry-mirrors": []string{"https://old.example", "https://plain.example"}}),
			changes: []string{"registry_mirrors: [* https://plain.example] -> [* https://plain.example] (configuration)"},
		},
		"a mirror that moves from config into its argument": {
			then: attributes{"config": cty.ObjectVal(attributes{"registry-mirrors": cty.TupleVal([]cty.Value{secret("x:1")})})}, now: mirrors(text("https://new.example")),
			is:      content(map[string]any{"registry-mirrors": []string{"x:1"}}),
			changes: []string{"registry_mirrors: [*] -> [https://new.example] (configuration)"},
		},
		"a flag that is rotated": {
			then: flags(text("--plain"), secret("--token=old")), now: flags(text("--plain"), secret("--token=new")), is: command("--plain", "--token=old"),
			changes: []string{"flags: [--plain *] -> [--plain *] (configuration)"},
		},
		"a flag that is the same":           {then: flags(secret("--token=a")), now: flags(secret("--token=a")), is: command("--token=a")},
		"flags that are a secret together":  {then: attributes{"flags": cty.ListVal([]cty.Value{text("--a=old1")}).Mark(provider.Sensitive)}, now: attributes{"flags": cty.ListVal([]cty.Value{text("--b=new1")}).Mark(provider.Sensitive)}, is: command("--a=old1"), changes: []string{"flags: * -> * (configuration)"}},
		"a flag behind a command, as short": {then: attributes{"command": cty.ListVal([]cty.Value{text("dockerd")}), "flags": cty.ListVal([]cty.Value{secret("-x")})}, now: attributes{"command": cty.ListVal([]cty.Value{text("dockerd")}), "flags": cty.ListVal([]cty.Value{secret("-y")})}, is: command("dockerd", "-x"), changes: []string{"command: [dockerd *] -> [dockerd *] (configuration)"}},
	} {
		with := func(a attributes) cty.Value {
			out := attributes{"image": text("dind"), "privileged": cty.True}
			for key, v := range a {
				out[key] = v
			}
			return cty.ObjectVal(out)
		}
		created, err := provider.Spec(with(c.then))
		if err != nil {
			t.Fatal(err)
		}
		actual := attributes{
			"image": text("dind"), "privileged": cty.True, "restart": text("unless-stopped"),
			"environment": cty.MapVal(attributes{"DOCKER_TLS_CERTDIR": text("/certs"), "DOCKER_TLS_SAN": text("DNS:docker,DNS:d")}),
		}
		for key, v := range c.is {
			actual[key] = v
		}
		changes, not := difference(t, provider.DiffItem{
			Declaration: provider.Declaration{Address: "daemon.d", Kind: provider.Daemon, Declared: with(c.now)}, Created: created, Actual: cty.ObjectVal(actual),
			Condition: provider.Condition{State: provider.StateRunning},
		})
		if d := cmp.Diff([][]string{c.changes, c.not}, [][]string{changes, not}); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}

// One secret file hides nothing of the others, and an image says what of its build is not
// compared: what is secret, and stays so.
func TestSecretsHideNoNeighbour(t *testing.T) {
	t.Parallel()
	secret := func(s string) cty.Value { return text(s).Mark(provider.Sensitive) }
	file := func(path string, content cty.Value, mode string) cty.Value {
		return cty.ObjectVal(attributes{"path": text(path), "content": content, "mode": text(mode)})
	}
	then := cty.ObjectVal(attributes{"image": text("i"), "file": cty.ListVal([]cty.Value{file("/a", secret("old-content"), "0644"), file("/b", text("old"), "0644")})})
	now := cty.ObjectVal(attributes{"image": text("i"), "file": cty.ListVal([]cty.Value{file("/a", secret("new-content"), "0600"), file("/b", text("new"), "0600")})})
	created, err := provider.Spec(then)
	if err != nil {
		t.Fatal(err)
	}
	changes, not := difference(t, provider.DiffItem{
		Declaration: provider.Declaration{Kind: provider.Container, Declared: now}, Created: created,
		Actual: cty.ObjectVal(attributes{"image": text("i"), "restart": text("unless-stopped"), "_files": cty.MapVal(attributes{
			"/a": cty.ObjectVal(attributes{"sha256": text("hash-of-old-content"), "mode": text("0644"), "owner": text("0:0")}),
			"/b": cty.ObjectVal(attributes{"sha256": text("hash-of-old"), "mode": text("0644"), "owner": text("0:0")}),
		})}),
	})
	want := []string{
		`file["/a"].content: * -> * (configuration)`, `file["/a"].mode: 0644 -> 0600 (configuration)`,
		`file["/b"].content: hash-of-old -> 11507a0e2f5e69d5dfa40a62a1bd7b6ee57e6bcd85c67c9b8431b36fff21c437 (both)`, `file["/b"].mode: 0644 -> 0600 (configuration)`,
	}
	if d := cmp.Diff([][]string{want, nil}, [][]string{changes, not}); d != "" {
		t.Errorf("files (-want +got):\n%s", d)
	}

	build := func(dockerfile, id cty.Value) cty.Value {
		return cty.ObjectVal(attributes{"build": cty.ObjectVal(attributes{
			"dockerfile_inline": dockerfile, "secrets": cty.MapVal(attributes{"id": id}).Mark(provider.Sensitive), "args": cty.MapVal(attributes{"A": text("1")}),
		})})
	}
	if created, err = provider.Spec(build(secret("FROM old"), text("one"))); err != nil {
		t.Fatal(err)
	}
	changes, not = difference(t, provider.DiffItem{
		Declaration: provider.Declaration{Kind: provider.Image, Declared: build(secret("FROM new"), text("two"))}, Created: created, Actual: cty.EmptyObjectVal,
	})
	want = []string{
		"build.dockerfile_inline: an image does not show it, and a record holds no secret",
		"build.secrets: an image does not show it, and a record holds no secret",
	}
	if d := cmp.Diff([][]string{nil, want}, [][]string{changes, not}); d != "" {
		t.Errorf("a build (-want +got):\n%s", d)
	}
}

// Of a health check with a secret test, each other part has its own cause.
func TestSecretTestsHideNoOtherCause(t *testing.T) {
	t.Parallel()
	secret := func(s string) cty.Value { return text(s).Mark(provider.Sensitive) }
	check := func(test cty.Value, interval string) cty.Value {
		return cty.ObjectVal(attributes{"image": text("i"), "healthcheck": cty.ObjectVal(attributes{"test": test, "interval": text(interval)})})
	}
	some := cty.ListVal([]cty.Value{text("CMD"), secret("token")})
	together := cty.ListVal([]cty.Value{text("CMD"), text("token")}).Mark(provider.Sensitive)
	for name, c := range map[string]struct {
		test      cty.Value
		then, now string
		want      []string
	}{
		"outside":                  {together, "5s", "5s", []string{"healthcheck.interval: 7s -> 5s (changed outside)"}},
		"configured":               {together, "7s", "5s", []string{"healthcheck.interval: 7s -> 5s (configuration)"}},
		"both":                     {together, "6s", "5s", []string{"healthcheck.interval: 7s -> 5s (both)"}},
		"outside, of a list":       {some, "5s", "5s", []string{"healthcheck.interval: 7s -> 5s (changed outside)"}},
		"nothing":                  {together, "7s", "7s", nil},
		"configured, as it is now": {together, "5s", "7s", nil},
	} {
		created, err := provider.Spec(check(c.test, c.then))
		if err != nil {
			t.Fatal(err)
		}
		got, _ := difference(t, provider.DiffItem{
			Declaration: provider.Declaration{Kind: provider.Container, Declared: check(c.test, c.now)}, Created: created,
			Actual: cty.ObjectVal(attributes{"image": text("i"), "restart": text("unless-stopped"), "healthcheck": text(`{"interval":"7s","retries":3,"start_period":"0s","test":["CMD","token"],"timeout":"30s"}`)}),
		})
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
}
