package hcl

import (
	"sync"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/provider/buildcontext"
)

// hashContexts returns a function that hashes build contexts, each once. Interrupted
// may end it with an error in between, which the next call forgets; it may be nil.
func hashContexts(interrupted func() error) func(dir, dockerfile string) (string, error) {
	type result struct {
		hash string
		err  error
	}
	var mu sync.Mutex
	done := map[[2]string]result{}
	return func(dir, dockerfile string) (string, error) {
		mu.Lock()
		defer mu.Unlock()
		key := [2]string{dir, dockerfile}
		r, found := done[key]
		if !found {
			if r.hash, r.err = hashContext(dir, dockerfile, interrupted); interrupted == nil || interrupted() == nil {
				done[key] = r
			}
		}
		return r.hash, r.err
	}
}

// hashContext is the hash of what a build is sent.
func hashContext(dir, dockerfile string, interrupted func() error) (string, error) {
	sent, err := buildcontext.Open(buildcontext.Source{
		Dir: dir, Dockerfile: dockerfile, Inline: dockerfile == config.NoDockerfile, Interrupted: interrupted,
	})
	if err != nil {
		return "", err
	}
	return sent.Hash()
}
