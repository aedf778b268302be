package ui_test

import (
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/internal/ui"
	"github.com/dindctl/dindctl/provider"
)

// A name of any length, which an engine may have said, is shown as it is, and moves
// nothing else: neither in what is known of an object, nor in a plan, a list, or before a log.
func TestALongNameMovesNoOther(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 3<<20) // wider than package fmt fills
	shown := ui.Show([]ui.Shown{{Object: provider.Object{
		ID: "1", Kind: provider.Network, Name: "n", Owner: provider.Ownership{Address: "network.n"},
		Values: provider.Values{Addresses: map[string]string{long: "10.0.0.1", "b": "10.0.0.2"}},
	}}}, ui.Options{})
	planned := ui.Plan(&plan.Plan{Resources: []plan.Resource{{
		Address: "container.c", Kind: provider.Container, Name: "c", Action: plan.Update, Before: &provider.Object{},
		Changes: []provider.Change{
			{Path: `networks["` + long + `"]`, From: cty.StringVal("x"), To: cty.StringVal("y")},
			{Path: "addresses.b", From: cty.StringVal("x"), To: cty.StringVal("y")},
		},
	}}}, ui.Options{})
	listed := ui.List(ui.Listing{Project: "p", Observed: plan.Observed{Root: plan.Snapshot{Readable: true, Objects: []provider.Object{
		{ID: "1", Kind: provider.Network, Name: "n", Owner: provider.Ownership{Project: "p", Address: "network." + long}},
		{ID: "2", Kind: provider.Network, Name: "m", Owner: provider.Ownership{Project: "p", Address: "addresses.b"}},
	}}}}, ui.Options{})
	logged := ui.LogPrefix([]string{long, "addresses.b"}, ui.Options{})("addresses.b")
	for what, text := range map[string]string{"show": shown, "plan": planned, "ls": listed, "log": logged} {
		if strings.Contains(text, "%!") || strings.Contains(text, strings.Repeat(" ", 600)) || !strings.Contains(text, "addresses.b ") {
			t.Errorf("%s: %d characters: %.200q", what, len(text), strings.ReplaceAll(text, long, "..."))
		}
	}
	for what, text := range map[string]string{"show": shown, "plan": planned, "ls": listed} {
		if !strings.Contains(text, long) {
			t.Errorf("%s: the long name is not there", what)
		}
	}
}
