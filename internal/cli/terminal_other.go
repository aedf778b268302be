//go:build !unix

package cli

import (
	"sync"
	"time"
)

// resizePoll is how often the window's size is looked at where no signal tells.
const resizePoll = 250 * time.Millisecond

// resized says again and again that the size may have changed.
func resized() (<-chan struct{}, func()) {
	changed, end := make(chan struct{}, 1), make(chan struct{})
	look := time.NewTicker(resizePoll)
	go func() {
		defer look.Stop()
		for {
			select {
			case <-look.C:
				relay(changed)
			case <-end:
				return
			}
		}
	}()
	return changed, sync.OnceFunc(func() { close(end) })
}
