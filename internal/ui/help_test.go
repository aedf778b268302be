package ui_test

import (
	"testing"

	"github.com/dindctl/dindctl/internal/ui"
)

// Paragraphs are broken anew; examples stay whole; a name that is too long for the
// column of names stands on a line of its own.
func TestHelpText(t *testing.T) {
	t.Parallel()
	got := ui.HelpText(ui.Help{
		Name: "tool do", Summary: "do it", Usage: "[options] WHAT",
		Description: "Example: tool do something that is much longer than the window is wide\n\nA paragraph that was\nbroken elsewhere.\n  kept as it is, whatever the window is like",
		Options: []ui.HelpRow{
			{Name: "-a", Text: "all"},
			{Name: "-a-name-that-takes-all-the-room VALUE", Text: "what it does, in words that take two lines"},
		},
		More: "The end.",
	}, ui.Options{Width: 44})
	want := `NAME:
   tool do - do it

USAGE:
   tool do [options] WHAT

DESCRIPTION:
   Example: tool do something that is much longer than the window is wide

   A paragraph that was broken elsewhere.
     kept as it is, whatever the window is like

OPTIONS:
   -a  all
   -a-name-that-takes-all-the-room VALUE
       what it does, in words that take two
       lines

The end.
`
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
