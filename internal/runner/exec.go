package runner

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/provider"
)

// ExecRequest runs a command in an object of a project.
type ExecRequest struct {
	Provider provider.Provider
	Observed plan.Observed
	Project  string
	Address  string
	// Exec is what to run and with which streams; its Place and ID are filled in.
	Exec provider.ExecRequest
}

// Exec finds the object by its address, at any depth, and runs the command in
// it. That the command ends with another code than 0 is no problem.
func Exec(ctx context.Context, req ExecRequest) (provider.ExecResponse, diag.List) {
	execer, able := power[provider.Execer](ctx, req.Provider, provider.PowerExec)
	if !able {
		return provider.ExecResponse{}, diag.Errorf("Commands cannot be run here", "The provider cannot run commands in objects.")
	}
	object, problems := Find(req.Observed, req.Project, req.Address)
	if problems.HasErrors() {
		return provider.ExecResponse{}, problems
	}
	if !object.Kind.Runs() {
		return provider.ExecResponse{}, problemAt(req.Address, "Nothing runs there", "%s is a %s: it has no processes. Name a container, daemon, controller or job.", req.Address, object.Kind)
	}
	if state := object.Condition.State; state != provider.StateRunning {
		return provider.ExecResponse{}, problemAt(req.Address, "It does not run", "%s (%s) is %s. Run apply to start it.", req.Address, object.Name, state)
	}
	req.Exec.Place, req.Exec.ID = object.Place, object.ID
	resp, err := execer.Exec(ctx, req.Exec)
	return resp, problemsOf(err, "The command could not be run", req.Address)
}

// Find returns the project's object with an address, from whichever place it is in.
func Find(observed plan.Observed, project, address string) (provider.Object, diag.List) {
	var there []string
	snapshots := []plan.Snapshot{observed.Root}
	for _, daemon := range slices.Sorted(maps.Keys(observed.Inside)) {
		snapshots = append(snapshots, observed.Inside[daemon])
	}
	var found *provider.Object
	for _, snapshot := range snapshots {
		for _, object := range snapshot.Objects {
			if object.Owner.Project != project {
				continue
			}
			there = append(there, object.Owner.Address)
			if object.Owner.Address == address && (found == nil || object.Condition.State == provider.StateRunning) {
				object.Place = snapshot.Place
				found = &object
			}
		}
	}
	if found != nil {
		return *found, nil
	}
	return provider.Object{}, problemAt(address, "It is not there", "Project %q has no %s. %s", project, address, whatIsThere(observed, there))
}

func whatIsThere(observed plan.Observed, there []string) string {
	text := "It has no objects; run apply."
	if len(there) > 0 {
		slices.Sort(there)
		text = "It has " + strings.Join(slices.Compact(there), ", ") + "."
	}
	for _, daemon := range slices.Sorted(maps.Keys(observed.Inside)) {
		if s := observed.Inside[daemon]; !s.Readable && !s.Absent {
			text += fmt.Sprintf(" What is inside %s is not known: %s.", daemon, s.Why)
		}
	}
	return text
}

// problemAt is one error about an address.
func problemAt(address, summary, format string, args ...any) diag.List {
	list := diag.Errorf(summary, format, args...)
	list[0].Address = address
	return list
}
