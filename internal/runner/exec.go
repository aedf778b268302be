package runner

import (
	"context"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/provider"
)

// Running finds an object by its address, at any depth, in which a command can be run.
func Running(observed plan.Observed, project, address string) (provider.Object, diag.List) {
	object, problems := Find(observed, project, address)
	if problems.HasErrors() {
		return provider.Object{}, problems
	}
	if !object.Kind.Runs() {
		return provider.Object{}, problemAt(address, "Nothing runs there", "%s is a %s: it has no processes. Name a container, daemon, controller or job.", address, object.Kind)
	}
	switch state := object.Condition.State; state {
	case provider.StateRunning:
	case provider.StatePaused:
		return provider.Object{}, problemAt(address, "It is paused", "%s (%s) runs, and all its processes are frozen. `dindctl start %[1]s` has them go on.", address, object.Name)
	default:
		what := "`dindctl start " + address + "` starts it."
		if object.Kind == provider.Job {
			what = "It ran, and ended."
		}
		return provider.Object{}, problemAt(address, "It does not run", "%s (%s) is %s. %s", address, object.Name, state, what)
	}
	return object, nil
}

// Exec runs a command in an object; the request's Place and ID are filled in.
// That the command ends with another code than 0 is no problem.
func Exec(ctx context.Context, p provider.Provider, object provider.Object, req provider.ExecRequest) (provider.ExecResponse, diag.List) {
	execer, able := power[provider.Execer](ctx, p, provider.PowerExec)
	if !able {
		return provider.ExecResponse{}, diag.Errorf("Commands cannot be run here", "The provider cannot run commands in objects.")
	}
	req.Place, req.ID = object.Place, object.ID
	resp, err := execer.Exec(ctx, req)
	return resp, problemsOf(err, "The command could not be run", object.Owner.Address)
}
