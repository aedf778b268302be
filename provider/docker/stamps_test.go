package docker_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	"github.com/dindctl/dindctl/provider"
)

// Each line has one time, in front, however many records the engine keeps it in: with
// frames around them, and without, as a terminal's are.
func TestALineHasOneTime(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(16, 9)) //nolint:gosec // repeatable
	stamp := func(i int) string { return fmt.Sprintf("2026-11-01T10:00:%02d.%09dZ ", i%60, r.IntN(1e9)) }
	for _, tty := range []bool{false, true} {
		for trial := range 40 {
			var log, want strings.Builder
			for i := range 1 + r.IntN(5) {
				line := strings.Repeat(string(rune('a'+i))+" ", []int{0, 3, 8191, 8192, 8193, 20000, 32768}[r.IntN(7)])
				if r.IntN(3) == 0 { // what only looks like a time is a part of the line
					line = stamp(i) + line
				}
				line += "\n"
				first := stamp(i)
				want.WriteString(first + line)
				for at := 0; at < len(line); at += 16 << 10 {
					record := line[at:min(len(line), at+16<<10)]
					if at > 0 {
						first = stamp(i + 7)
					}
					if tty {
						log.WriteString(first + record)
					} else {
						log.WriteString(frame(1, first+record))
					}
				}
			}
			p := one(t, map[string]http.HandlerFunc{
				"GET /containers/" + theID + "/json": says(strings.Replace(inspectedAs(nil), `"Image":"i"`, fmt.Sprintf(`"Image":"i","Tty":%v`, tty), 1)),
				"GET /containers/" + theID + "/logs": says(log.String()),
			})
			var out bytes.Buffer
			err := p.Logs(t.Context(), provider.LogsRequest{ID: theID, Timestamps: true, Stdout: &out, Stderr: &out})
			if err != nil || out.String() != want.String() {
				t.Fatalf("terminal %v, trial %d: %v\n%d bytes, want %d", tty, trial, err, out.Len(), want.Len())
			}
		}
	}
}
