package hcl_test

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/hcl"
	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/mount"
	"github.com/dindctl/dindctl/provider"
)

// schema is a provider's schema, small and with all shapes.
func schema() provider.Schema {
	texts := cty.List(cty.String)
	running := provider.Body{
		Attributes: []provider.Attribute{
			{Name: "command", Type: texts},
			{Name: "entrypoint", Type: texts},
			{Name: "environment", Type: cty.Map(cty.String)},
			{Name: "user", Type: cty.String},
			{Name: "cpus", Type: cty.Number},
			{Name: "init", Type: cty.Bool},
			{Name: "read_only", Type: cty.Bool},
			{Name: "tmpfs", Type: texts},
		},
		Blocks: []provider.Block{
			{Name: "ports", Body: provider.Body{Attributes: []provider.Attribute{
				{Name: "target", Type: cty.Number, Required: true}, {Name: "published", Type: cty.Number},
			}}},
			{Name: "ready", Single: true, Body: provider.Body{Attributes: []provider.Attribute{{Name: "timeout", Type: cty.String}}}},
			{Name: "file", Body: provider.Body{Attributes: []provider.Attribute{
				{Name: "path", Type: cty.String, Required: true},
				{Name: "content", Type: cty.String, Required: true},
				{Name: "mode", Type: cty.String},
				{Name: "owner", Type: cty.String},
			}}},
		},
	}
	daemon := running
	daemon.Attributes = append([]provider.Attribute{
		{Name: "config", Type: cty.DynamicPseudoType},
		{Name: "flags", Type: texts},
		{Name: "mtu", Type: cty.Number},
		{Name: "storage_driver", Type: cty.String},
		{Name: "hostname", Type: cty.String},
	}, running.Attributes...)
	options := provider.Body{Attributes: []provider.Attribute{{Name: "driver", Type: cty.String}, {Name: "options", Type: cty.Map(cty.String)}}}
	network := options
	network.Blocks = []provider.Block{{Name: "ipam", Single: true, Body: provider.Body{Blocks: []provider.Block{
		{Name: "config", Body: provider.Body{Attributes: []provider.Attribute{{Name: "subnet", Type: cty.String, Required: true}}}},
	}}}}
	return provider.Schema{Nouns: map[provider.Kind]provider.Body{
		provider.Network: network, provider.Volume: options, provider.Daemon: daemon,
		provider.Container: running, provider.Controller: running, provider.Job: running, provider.Guard: running,
	}}
}

// render writes everything that became of a configuration.
func render(t *testing.T, req hcl.LoadRequest, known config.Known) string {
	t.Helper()
	return renderWith(t, req, known, schema())
}

// renderWith does so with the schema of a provider.
func renderWith(t *testing.T, req hcl.LoadRequest, known config.Known, schema provider.Schema) string {
	t.Helper()
	cfg, sources, problems := hcl.Load(req)
	checkRanges(t, sources, problems)
	var b strings.Builder
	fmt.Fprintf(&b, "project %s", cfg.Project)
	if cfg.Derived {
		b.WriteString(" (derived)")
	}
	b.WriteString("\n")
	x, more := config.Expand(cfg, schema, known)
	checkRanges(t, sources, more)
	problems = append(problems, more...)
	entries := mount.Check(x.Topology(config.TopologyOptions{}), nothingThere)
	problems = append(problems, config.MountProblems(entries, x)...)
	for _, p := range problems {
		if p.PageCode() == "" {
			t.Errorf("%q has no code, and no page that explains it", p.Summary)
		}
	}
	renderProblems(&b, problems)
	if !problems.HasErrors() {
		renderInstances(&b, x)
		for _, o := range x.Outputs {
			fmt.Fprintf(&b, "output %s = %s\n", o.Name, value(o.Value))
		}
	}
	for _, e := range entries {
		controller := "-"
		if e.Controller != nil {
			controller = *e.Controller
		}
		fmt.Fprintf(&b, "mounts: %s %s %s -> %s on %s for %s: %s\n", e.Kind, e.Address, e.Source, e.Target, e.Daemon, controller, e.Verdict)
	}
	// The hash of a context follows the modes of its files, which follow the umask.
	text := regexp.MustCompile(`inputs="[0-9a-f]{64}"`).ReplaceAllString(b.String(), `inputs="HASH"`)
	if cfg.Dir == "" {
		return text
	}
	text = strings.ReplaceAll(text, cfg.Dir, "DIR")
	return strings.ReplaceAll(text, filepath.Dir(cfg.Dir)+"/", "PARENT/")
}

// nothingThere is a host on which every path exists and none is a link.
func nothingThere(mount.Object, string) (string, bool, error) { return "", true, nil }

func renderProblems(b *strings.Builder, problems diag.List) {
	for _, p := range problems.Sorted() {
		where := "-"
		if !p.Subject.Empty() {
			where = fmt.Sprintf("%s:%d,%d-%d", filepath.Base(p.Subject.File), p.Subject.Start.Line, p.Subject.Start.Column, p.Subject.End.Column)
		}
		fmt.Fprintf(b, "%s %s [%s] %s: %s\n", where, p.Severity, p.Code, p.Summary, strings.ReplaceAll(p.Detail, "\n", "\n    "))
		for _, v := range p.Values {
			fmt.Fprintf(b, "    %s is %s\n", v.Traversal, v.Is)
		}
		for _, f := range p.Fixes {
			fmt.Fprintf(b, "    fix %s:%d: %s\n", filepath.Base(f.File), f.Line, strings.ReplaceAll(f.HCL, "\n", "\n      "))
		}
	}
}

func renderInstances(b *strings.Builder, x *config.Expanded) {
	for _, in := range x.Instances {
		if in.Address == "daemon.root" {
			continue
		}
		fmt.Fprintf(b, "%s %q", in.Address, in.Name)
		for _, word := range []struct {
			name string
			is   bool
		}{{"implied", in.Implied}, {"logical", in.Logical}} {
			if word.is {
				b.WriteString(" " + word.name)
			}
		}
		for _, word := range [][2]string{{"inside", in.Inside}, {"image", in.ImageRef + in.ImageAddress}, {"deps", strings.Join(in.Deps, ",")}, {"provides", strings.Join(in.Provides, ",")}} {
			if word[1] != "" {
				fmt.Fprintf(b, " %s=%s", word[0], word[1])
			}
		}
		fmt.Fprintf(b, " @%d-%d\n", in.Header.Start.Line, in.Close.Start.Line)
		renderLifecycle(b, in.Lifecycle)
		for it := in.Declared.ElementIterator(); it.Next(); {
			key, v := it.Element()
			if v.IsNull() {
				continue
			}
			if key.AsString() != "mount" {
				fmt.Fprintf(b, "  %s = %s\n", key.AsString(), value(v))
				continue
			}
			for _, m := range v.AsValueSlice() {
				fmt.Fprintf(b, "  mount %s\n", value(m))
			}
		}
	}
	for _, m := range x.Moves {
		fmt.Fprintf(b, "moved %s to %s\n", m.From, m.To)
	}
	if len(x.WantsOutput) > 0 {
		fmt.Fprintf(b, "wants output of %s\n", strings.Join(x.WantsOutput, ", "))
	}
}

func renderLifecycle(b *strings.Builder, l config.Lifecycle) {
	if l.PreventDestroy {
		fmt.Fprintf(b, "  prevented at line %d\n", l.PreventRange.Start.Line)
	}
	if l.IgnoreAll {
		b.WriteString("  ignores all\n")
	}
	if len(l.IgnoreChanges) > 0 {
		fmt.Fprintf(b, "  ignores %s\n", strings.Join(l.IgnoreChanges, ", "))
	}
	for _, w := range l.ReplacedBy {
		fmt.Fprintf(b, "  replaced by %s %s\n", w.Address, w.Attribute)
	}
}

// value writes a value in short: references by address, nulls left out.
func value(v cty.Value) string {
	v, marks := v.Unmark()
	if len(marks) > 0 {
		return "(sensitive)"
	}
	t := v.Type()
	switch {
	case v.IsNull():
		return "null"
	case !v.IsKnown():
		return "(unknown)"
	case provider.IsRef(t):
		return "<" + v.GetAttr("address").AsString() + ">"
	case t == cty.String:
		return fmt.Sprintf("%q", v.AsString())
	case t == cty.Number:
		return v.AsBigFloat().Text('f', -1)
	case t == cty.Bool:
		return fmt.Sprint(v.True())
	}
	var parts []string
	for it := v.ElementIterator(); it.Next(); {
		key, element := it.Element()
		plain, _ := element.Unmark()
		switch {
		case t.IsObjectType() && plain.IsNull():
		case t.IsObjectType() || t.IsMapType():
			parts = append(parts, key.AsString()+"="+value(element))
		default:
			parts = append(parts, value(element))
		}
	}
	return "{" + strings.Join(parts, " ") + "}"
}

// checkRanges demands that every range lies within its file.
func checkRanges(t *testing.T, sources *hcl.Sources, problems diag.List) {
	t.Helper()
	for _, p := range problems {
		for _, r := range []diag.Range{p.Subject, p.Context} {
			if r.Empty() {
				continue
			}
			text := sources.Bytes(r.File)
			_, there := sources.Line(r.File, r.Start.Line)
			if r.Start.Byte < 0 || r.Start.Byte > r.End.Byte || r.End.Byte > len(text) || !there && len(text) > 0 {
				t.Errorf("the range %v of %q lies outside its file of %d bytes", r, p.Summary, len(text))
			}
		}
	}
}
