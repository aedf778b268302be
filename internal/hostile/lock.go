package hostile

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/dindctl/dindctl/internal/replay"
)

// Lock lets the root engine keep the volume that is a project's lock, and take it
// away again: a command that changes something has to come that far.
func Lock() replay.Around {
	var mu sync.Mutex
	held := map[string][]byte{}
	return func(p *replay.Place, engine http.Handler) http.Handler {
		if !Root(p) {
			return engine
		}
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			mu.Lock()
			defer mu.Unlock()
			name, isVolume := strings.CutPrefix(replay.Path(r), "/volumes/")
			switch {
			case r.Method == http.MethodPost && name == "create":
				content, _ := io.ReadAll(r.Body)
				var asked struct{ Name string }
				_ = json.Unmarshal(content, &asked)
				if held[asked.Name] == nil {
					held[asked.Name] = content
				}
				w.WriteHeader(http.StatusCreated)
				_, _ = w.Write(held[asked.Name])
			case isVolume && r.Method == http.MethodGet && held[name] != nil:
				_, _ = w.Write(held[name])
			case isVolume && r.Method == http.MethodDelete && held[name] != nil:
				delete(held, name)
				w.WriteHeader(http.StatusNoContent)
			default:
				mu.Unlock()
				engine.ServeHTTP(w, r)
				mu.Lock()
			}
		})
	}
}
