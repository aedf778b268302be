package config_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/dindctl/dindctl/internal/config"
)

// A file of variables is read as Compose reads one; what cannot be is said with its line.
func TestEnvFileSyntax(t *testing.T) {
	t.Parallel()
	got, line, wrong := config.ParseEnvFile(`# a comment
A=1
  export B = two words  # a comment
C='it''s
`, nil)
	if wrong == "" || line != 4 {
		t.Errorf("a quote that is not closed: line %d, %q, %v", line, wrong, got)
	}
	got, _, wrong = config.ParseEnvFile("\ufeffA=1\r\n\n"+`export B = two words  # a comment
C='single $A \n # kept'   # a comment
D="double ${A} \n\t\"q\" \$A"
E="over
two lines"
F=${MISSING:-none}-${A}-$B
G=
H=a#b
I=$$A
J.x-y=ok
K=${OLD}
`, map[string]string{"OLD": "earlier file"})
	want := map[string]string{
		"A": "1", "B": "two words", "C": `single $A \n # kept`, "D": "double 1 \n\t\"q\" $A", "E": "over\ntwo lines", "F": "none-1-two words",
		"G": "", "H": "a#b", "I": "$A", "J.x-y": "ok", "K": "earlier file",
	}
	if d := cmp.Diff(want, got); d != "" || wrong != "" {
		t.Errorf("%s %s", wrong, d)
	}
	for text, at := range map[string]int{"A=1\nB\n": 2, "A=1\n\n=x": 3, "A='x' y": 1, "A=$NOT": 1, "A=1\n-": 2} {
		if _, line, wrong := config.ParseEnvFile(text, nil); wrong == "" || line != at {
			t.Errorf("%q: line %d, %q; want line %d", text, line, wrong, at)
		}
	}
}
