package docker

import (
	"fmt"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/dindctl/dindctl/provider"
)

// Engines wait longer and longer before they restart a container that ends, and
// begin anew with that once it ran for ten seconds; a start by hand sets the
// count to zero.
const (
	loopRestarts = 2
	loopUptime   = 10 * time.Second
)

// looping says of a container that its engine restarts again and again that it
// is restarting, also where it is looked at during one of its short runs.
func looping(condition provider.Condition, c container.InspectResponse) provider.Condition {
	if condition.State == provider.StateRestarting {
		condition.ExitCode = c.State.ExitCode
	}
	if condition.State != provider.StateRunning || c.RestartCount < loopRestarts {
		return condition
	}
	// The engine's clock is another one, and both may be set anew: a start that lies
	// far in the future says no more than one that lies far back.
	started, err := time.Parse(time.RFC3339Nano, condition.Started)
	if err != nil || time.Since(started).Abs() >= loopUptime {
		return condition
	}
	condition.State = provider.StateRestarting
	condition.Reason = fmt.Sprintf("the engine has restarted it %d times", c.RestartCount)
	return condition
}
