package plan_test

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/provider"
)

const documentPage = "../../docs/plan-json.md"

// The page about the JSON document names each field, reason and cause that it can
// have, in order, and no other: a field that is renamed or taken away is seen here.
func TestTheDocumentIsAsItsPageSays(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(documentPage)
	if err != nil {
		t.Fatal(err)
	}
	page := string(content)
	paths, optional := plan.Fields()
	var fields []string
	for _, path := range paths {
		if optional[path] {
			path += " optional"
		}
		fields = append(fields, path)
	}
	var told []string
	for _, row := range rowsAfter(t, page, "<!-- fields -->") {
		if strings.Contains(row[1], "optional") {
			row[0] += " optional"
		}
		told = append(told, row[0])
	}
	compareLists(t, "fields", told, fields)

	var reasons, causes []string
	for _, reason := range plan.Reasons() {
		reasons = append(reasons, string(reason))
	}
	for _, cause := range []provider.Cause{provider.Configured, provider.Outside, provider.Both, provider.Expires} {
		causes = append(causes, string(cause))
	}
	compareLists(t, "reasons", firsts(rowsAfter(t, page, "<!-- reasons -->")), reasons)
	compareLists(t, "causes", firsts(rowsAfter(t, page, "<!-- causes -->")), causes)
}

// The example on the page is what the program prints.
func TestTheExampleOfTheDocument(t *testing.T) {
	t.Parallel()
	object := func(attributes map[string]cty.Value) *config.Instance {
		return &config.Instance{Declared: cty.ObjectVal(attributes)}
	}
	text, none := cty.StringVal, cty.NullVal(cty.String)
	p := &plan.Plan{
		Project: "shop",
		Engine:  provider.Facts{ID: "7TLZ:VKJM", Name: "build-1", Endpoint: "unix:///var/run/docker.sock", Chosen: "default socket"},
		Resources: []plan.Resource{
			{
				Address: "container.web", Kind: provider.Container, Name: "shop-web", Action: plan.Replace,
				Cause: "environment.TOKEN, mem_limit: changed outside and configuration", Reason: plan.FromBoth,
				Before: &provider.Object{ID: "4f5c0d9e", Owner: provider.Ownership{Spec: []byte(`{"environment":{"TOKEN":{"sensitive":true}},"mem_limit":"64m","name":"shop-web"}`)}},
				After: object(map[string]cty.Value{
					"name": text("shop-web"), "mem_limit": text("64m"), "environment": cty.MapVal(map[string]cty.Value{"TOKEN": text("hunter2").Mark(provider.Sensitive)}),
				}),
				Changes: []provider.Change{
					{Path: "environment.TOKEN", From: text("old"), To: text("hunter2"), Created: none, Effect: provider.Replace, Cause: provider.Configured, Sensitive: true},
					{Path: "mem_limit", From: text("128m"), To: text("64m"), Created: text("64m"), Effect: provider.Live, Cause: provider.Outside},
				},
			},
			{
				Address: "job.test", Kind: provider.Job, Name: "shop-test", Inside: "daemon.dind", Action: plan.Run, Tentative: true, Reason: plan.FromUnread,
				Cause: "whether it has run is not known: daemon.dind cannot be looked into", After: object(map[string]cty.Value{"name": text("shop-test"), "image": cty.UnknownVal(cty.String)}),
			},
			{
				Address: "network.old", Kind: provider.Network, Name: "shop-old", Action: plan.Delete, Cause: "no longer in the configuration", Reason: plan.FromOrphan,
				Before: &provider.Object{ID: "a9d1", Users: []string{"container theirs"}, Owner: provider.Ownership{Spec: []byte(`{"name":"shop-old"}`)}},
			},
		},
		Outputs: []config.OutputValue{{Name: "url", Value: text("http://localhost:8080")}, {Name: "log", Value: cty.UnknownVal(cty.String)}},
		Kept:    []plan.Kept{{Address: "volume.data", Name: "shop-data", Kind: provider.Volume, Why: "volumes are kept without -volumes"}},
		Unread:  []plan.Unread{{Address: "daemon.dind", Why: "its container is stopped"}},
	}
	got, err := p.JSON()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(got), "hunter2") {
		t.Errorf("a secret is in\n%s", got)
	}
	content, err := os.ReadFile(documentPage)
	if err != nil {
		t.Fatal(err)
	}
	example := regexp.MustCompile("(?s)<!-- example -->\n```json\n.*?```")
	want := "<!-- example -->\n```json\n" + string(got) + "\n```"
	if *update {
		if err := os.WriteFile(documentPage, []byte(example.ReplaceAllLiteralString(string(content), want)), 0o644); err != nil { //nolint:gosec // a page for everybody
			t.Fatal(err)
		}
		return
	}
	if d := cmp.Diff(example.FindString(string(content)), want); d != "" {
		t.Errorf("the page and the program (-page +program):\n%s", d)
	}
}

// rowsAfter are the cells of the table after a mark, without its head and backquotes.
func rowsAfter(t *testing.T, page, mark string) [][]string {
	t.Helper()
	_, rest, found := strings.Cut(page, mark+"\n")
	if !found {
		t.Fatalf("the page has no %s", mark)
	}
	var out [][]string
	for i, line := range strings.Split(rest, "\n") {
		if !strings.HasPrefix(line, "|") {
			break
		}
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		if i < 2 {
			continue
		}
		cells[0] = strings.Trim(cells[0], "`")
		out = append(out, cells)
	}
	return out
}

func firsts(rows [][]string) []string {
	var out []string
	for _, row := range rows {
		out = append(out, row[0])
	}
	return out
}

func compareLists(t *testing.T, what string, page, program []string) {
	t.Helper()
	if d := cmp.Diff(page, program); d != "" {
		t.Errorf("%s (-page +program):\n%s", what, d)
	}
}

// The document says of which secrets nothing tells whether they changed, what holds one
// openly that became sensitive later, and by which flag each is mended; and of what was
// recorded it has nothing that is secret by now.
func TestTheDocumentSaysWhatOfSecretsIsLeft(t *testing.T) {
	t.Parallel()
	declared := cty.ObjectVal(map[string]cty.Value{"environment": cty.MapVal(map[string]cty.Value{"TOKEN": cty.StringVal("hunter2").Mark(provider.Sensitive)})})
	created := []byte(`{"command":["run","--token=hunter2"],"environment":{"TOKEN":"hunter2"}}`)
	secrets := provider.SecretsOf(provider.SecretsRequest{Declared: declared, Created: created})
	p := &plan.Plan{Resources: []plan.Resource{{
		Address: "container.web", Kind: provider.Container, Name: "web", Action: plan.None, Secrets: secrets, Exposed: secrets.Exposed(),
		NotCompared: []provider.NotCompared{{Path: "flags", Why: "nothing shows it"}},
		Before:      &provider.Object{ID: "4f", Owner: provider.Ownership{Spec: created}}, After: &config.Instance{Declared: declared},
	}}}
	text, err := p.JSON()
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		NotCompared     []map[string]string `json:"not_compared"`
		Exposed         []map[string]string `json:"exposed"`
		ResourceChanges []struct {
			Change struct{ Before any } `json:"change"`
		} `json:"resource_changes"`
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	hidden := map[string]any{"sensitive": true}
	for _, c := range []struct{ want, got any }{
		{[]map[string]string{{"address": "container.web", "path": "flags", "why": "nothing shows it", "advice": "-replace=container.web"}}, got.NotCompared},
		{[]map[string]string{{"address": "container.web", "path": "environment.TOKEN", "where": "the record on the object", "advice": "-replace=container.web"}}, got.Exposed},
		{any(map[string]any{"command": []any{"run", hidden}, "environment": map[string]any{"TOKEN": hidden}}), got.ResourceChanges[0].Change.Before},
	} {
		if d := cmp.Diff(c.want, c.got); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
	}
}
