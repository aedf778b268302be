//go:build unix

package cli

import (
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// resized tells of changes of the window by the signal that a terminal sends.
func resized() (<-chan struct{}, func()) {
	changed, signals, end := make(chan struct{}, 1), make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(signals, syscall.SIGWINCH)
	go func() {
		for {
			select {
			case <-signals:
				relay(changed)
			case <-end:
				return
			}
		}
	}()
	return changed, sync.OnceFunc(func() {
		signal.Stop(signals)
		close(end)
	})
}
