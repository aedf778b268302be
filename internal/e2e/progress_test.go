package e2e_test

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const progressFile = `
volume "v" {}
job "j" {
  image   = "dindctl.local/bash"
  command = ["echo", "hello from the job"]
  depends_on = [volume.v]
}
`

// What is done is shown in the way that was asked for: for logs, for machines,
// not at all, or drawn on a terminal, where only what happened is left.
func TestProgress(t *testing.T) {
	s := newNouns(t)
	s.as(progressFile)
	took := regexp.MustCompile(`after [0-9.hm]+s`)
	again := func(mode string) result {
		s.do("destroy", "-auto-approve", "-volumes").wants(t, 0)
		return s.do("apply", "-auto-approve", "-progress", mode).wants(t, 0)
	}
	plain := took.ReplaceAllString(again("plain").stderr, "after TIME")
	if difference := cmp.Diff(`volume.v: creating...
volume.v: created after TIME
job.j: running...
job.j | hello from the job
job.j: ran after TIME

Apply complete! 1 created, 1 run, 0 changed, 0 removed.
`, plain); difference != "" {
		t.Errorf("plain (- want, + got):\n%s", difference)
	}
	if quiet := again("quiet"); quiet.stderr != "" {
		t.Errorf("quiet is not: %s", quiet.stderr)
	}
	var kinds []string
	for line := range strings.Lines(again("json").stderr) {
		var event struct{ Type, Address string }
		if err := json.Unmarshal([]byte(line), &event); err != nil {
			t.Errorf("json says %q: %v", line, err)
		}
		kinds = append(kinds, event.Address+" "+event.Type)
	}
	if text := strings.Join(kinds, "\n"); !strings.Contains(text, "job.j") || !strings.Contains(text, "volume.v") {
		t.Errorf("json says %q", text)
	}

	s.do("destroy", "-auto-approve", "-volumes").wants(t, 0)
	s.env = append(s.env, "TERM=xterm")
	drawn := s.run("", "script", "-qfec",
		os.Getenv("DINDCTL_BIN")+" apply nouns -project "+s.project+" -auto-approve >plan.txt", "/dev/null").wants(t, 0).stdout
	if !strings.Contains(drawn, "Applying: ") || !strings.Contains(drawn, "\x1b[J") {
		t.Errorf("nothing was drawn: %q", drawn)
	}
	last := drawn[strings.LastIndex(drawn, "Applying: "):]
	if !strings.Contains(last, "A\x1b[1mjob.j\x1b[0m: ran after") || !strings.Contains(last, "\x1b[K\r\n  \x1b[2m|\x1b[0m hello from the job") || !strings.HasSuffix(last, "1 created, 1 run, 0 changed, 0 removed.\r\n") {
		t.Errorf("what is left after the last drawing is %q", last)
	}
	s.do("apply", "-auto-approve", "-progress", "loud").wants(t, 1).says(t, `-progress takes one of auto, tty, plain, json, quiet, not "loud"`)
}
