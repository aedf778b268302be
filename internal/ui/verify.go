package ui

import (
	"encoding/json"
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/runner"
)

// Proofs is a table of what was looked at, with what each container sees under
// each row that is not proved.
func Proofs(proofs []runner.Proof, o Options) string {
	if len(proofs) == 0 {
		return "No nested mounts: nothing here is resolved by a daemon of the configuration.\n"
	}
	var out strings.Builder
	table := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "ADDRESS\tSOURCE\tTARGET\tDAEMON\tVERDICT\tREALITY")
	counts := map[string]int{}
	for _, p := range proofs {
		counts[p.Result]++
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\t%s\t%s\t%s\n", p.Address, clean(p.Source), clean(p.Target), p.Daemon, p.Verdict, reality(p))
	}
	_ = table.Flush()
	for _, p := range proofs {
		color := green
		switch p.Result {
		case runner.Contradicted:
			color = red
		case runner.NotProved:
			color = yellow
		}
		fmt.Fprintf(&out, "\n%s %s\n", o.paint(color+";"+bold, clean(reality(p))), clean(p.Address+" "+p.Target))
		if p.Why != "" {
			for _, line := range wrap(p.Why, o.width()-2) {
				out.WriteString("  " + clean(line) + "\n")
			}
		}
		for _, s := range p.Sides {
			fmt.Fprintf(&out, "  %s\n", clean(fmt.Sprintf("%s  %s  is  %s", s.View, s.Path, s.Sight)))
		}
	}
	fmt.Fprintf(&out, "\n%d proved, %d contradicted, %d not proved.\n", counts[runner.Proved], counts[runner.Contradicted], counts[runner.NotProved])
	return out.String()
}

func reality(p runner.Proof) string {
	text := strings.ReplaceAll(p.Result, "_", " ")
	if p.Canary == "seen" {
		text += ", canary seen"
	}
	return text
}

// ProofsJSON is the document of `verify -json`.
func ProofsJSON(proofs []runner.Proof, problems diag.List, sources Sources) string {
	if proofs == nil {
		proofs = []runner.Proof{}
	}
	text, err := json.MarshalIndent(struct {
		FormatVersion string         `json:"format_version"`
		Mounts        []runner.Proof `json:"mounts"`
		Diagnostics   []JSONValue    `json:"diagnostics"`
	}{"1.0", proofs, DiagnosticsJSON(problems, sources)}, "", "  ")
	if err != nil {
		return ""
	}
	return string(text) + "\n"
}
