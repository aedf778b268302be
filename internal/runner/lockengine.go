package runner

import (
	"context"
	"fmt"
	"strings"
	"syscall"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// takeovers bounds how many dead holders of one lock are followed.
const takeovers = 10

// deadHolder is a holder that is known to be dead, and why, in a sentence.
type deadHolder struct {
	provider.Holder
	why string
}

// lockEngine takes the engine's lock. This machine's lock is held already, so that
// a holder whose run would need that one, too, is dead. It returns such a one where
// its lock was to be left where it is.
func lockEngine(ctx context.Context, req LockRequest, w *waiter) (*deadHolder, diag.List) {
	var notes diag.List
	for taken := 0; ; {
		present, ours, err := req.Locker.Lock(ctx, req.Project, req.Holder)
		if err != nil {
			return nil, problemsOf(err, "The engine's lock cannot be taken", "")
		}
		if ours {
			return nil, notes
		}
		why := deadBecause(req, present)
		if why != "" && req.KeepDead {
			return &deadHolder{present, why}, notes
		}
		if why == "" || taken == takeovers { // an engine that shows ever new dead holders
			if !w.again(ctx, present) {
				return nil, locked(ctx, req, present, "in this engine")
			}
			continue
		}
		if err := req.Locker.Unlock(ctx, req.Project, present.Nonce); err != nil {
			return nil, problemsOf(err, "The lock of a dead run cannot be removed", "")
		}
		taken++
		notes = diag.List{{
			Severity: diag.Warning, Code: "lock-taken-over", Summary: "The lock of a dead run was taken over",
			Detail: fmt.Sprintf("Project %q was locked by %s. %s What it left half done is finished by this run.", req.Project, Describe(present), why),
		}}
	}
}

// deadBecause says, in a sentence, why a holder of the engine's lock is known to
// be dead; empty where that is not known.
func deadBecause(req LockRequest, present provider.Holder) string {
	machine, boot, dir := splitBoot(present.Boot)
	ourMachine, ourBoot, ourDir := splitBoot(req.Holder.Boot)
	switch {
	case boot == "" || machine != ourMachine:
		return ""
	case boot == ourBoot && dir == ourDir:
		return "That process is gone."
	case boot != ourBoot && req.EngineHere && present.Who == req.Holder.Who:
		return "This machine was started anew since."
	}
	return ""
}

// bootOf names the surroundings in which a free lock tells that its holder is
// dead: this machine since its last start, and the directory of its locks. A
// container on the same machine has another directory, and another user too.
func bootOf(dir string) string {
	var stat syscall.Stat_t
	place := "?"
	if err := syscall.Stat(dir, &stat); err == nil {
		place = fmt.Sprintf("%d:%d", stat.Dev, stat.Ino)
	}
	return strings.Join([]string{MachineID(), bootID(), place}, " ")
}

func splitBoot(boot string) (machine, id, dir string) {
	parts := strings.SplitN(boot, " ", 3)
	if len(parts) < 3 {
		return "", boot, ""
	}
	return parts[0], parts[1], parts[2]
}

// Holding asks who holds the project's lock in the engine, for unlock; false
// where nobody does. It changes nothing that stays.
func Holding(ctx context.Context, locker provider.Locker, project string) (provider.Holder, bool, diag.List) {
	asker := holderOf(LockRequest{Command: "unlock"})
	present, free, err := locker.Lock(ctx, project, asker)
	if err == nil && free {
		err = locker.Unlock(ctx, project, asker.Nonce)
		present = provider.Holder{}
	}
	return present, !free, problemsOf(err, "The engine's lock cannot be read", "")
}

// Unlock removes the engine's lock that was found by [Holding]. It refuses where
// the run that holds it is alive on this machine. A run that only waits for the
// engine's lock here does not matter: it holds another one.
func Unlock(ctx context.Context, req LockRequest, present provider.Holder) diag.List {
	engine := req.Locker
	req.Locker, req.Hold, req.Command, req.Waiting, req.Timeout = nil, nil, "unlock", nil, 0
	held, problems := Lock(ctx, req)
	switch here := readHolder(lockPath(req)); {
	case held != nil:
		defer held.Release()
	case here.Nonce == present.Nonce:
		return diag.List{{
			Severity: diag.Error, Code: "locked", Summary: "The project is locked",
			Detail: fmt.Sprintf("%s holds the lock, and its process is alive on this machine, so that the lock was left alone. To end that run: kill %d.", Describe(present), present.PID),
		}}
	case here.Nonce == "":
		return problems
	}
	return problemsOf(engine.Unlock(ctx, req.Project, present.Nonce), "The engine's lock cannot be removed", "")
}
