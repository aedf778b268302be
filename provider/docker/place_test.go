package docker_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/dindctl/dindctl/provider"
)

// A container that nothing leads into says why, whatever it is that keeps it closed.
func TestAClosedContainerSaysWhy(t *testing.T) {
	for state, want := range map[string]string{
		`"Status": "paused", "Running": true, "Paused": true`:                        "its container is paused",
		`"Status": "restarting", "Running": true, "Restarting": true, "ExitCode": 3`: "its container keeps restarting (exit code 3)",
		`"Status": "created"`:                  "its container was never started",
		`"Status": "exited", "ExitCode": 7`:    "its container is stopped (exit code 7)",
		`"Status": "running", "Running": true`: "the engine inside does not answer: nothing listens on its socket",
		"":                                     "its container is gone",
	} {
		t.Run(want, func(t *testing.T) {
			endpoint := oddEngine(t, map[string]http.HandlerFunc{
				"POST /containers/c/exec": func(w http.ResponseWriter, _ *http.Request) {
					w.WriteHeader(http.StatusConflict)
					_, _ = io.WriteString(w, `{"message":"container c is not running"}`)
				},
				"GET /containers/c/json": func(w http.ResponseWriter, _ *http.Request) {
					if state == "" {
						w.WriteHeader(http.StatusNotFound)
						return
					}
					_, _ = fmt.Fprintf(w, `{"Id": %q, "Name": "/c", "State": {%s}, "Config": {}, "HostConfig": {}, "NetworkSettings": {}}`, strings.Repeat("c", 64), state)
				},
			})
			p, err := configured(t, endpoint, "10s")
			if err != nil {
				t.Fatal(err)
			}
			resp, err := p.Open(t.Context(), provider.OpenRequest{Parent: provider.Root, ID: "c"})
			if err != nil || resp.Readable || resp.Why != want {
				t.Errorf("%+v, %v, want why %q", resp, err, want)
			}
		})
	}
}
