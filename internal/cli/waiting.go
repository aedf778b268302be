package cli

import (
	"fmt"
	"time"
)

// waitingTold is how long an engine may take before it is said that it is waited for.
const waitingTold = 5 * time.Second

// waiting says on standard error that something is waited for, once it has taken a
// while, and again after ever longer times, until the returned function is called.
func (s *session) waiting(what string) (done func()) {
	ended := make(chan struct{})
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		begun := time.Now()
		timer := time.NewTimer(waitingTold)
		defer timer.Stop()
		for pause := waitingTold; ; pause *= 2 {
			select {
			case <-ended:
				return
			case <-timer.C:
				s.app.tell(fmt.Sprintf("Waiting for %s, for %s so far.\n", what, time.Since(begun).Round(time.Second)))
				timer.Reset(pause)
			}
		}
	}()
	return func() {
		close(ended)
		<-stopped
	}
}
