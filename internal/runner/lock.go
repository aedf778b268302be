package runner

import (
	"context"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// Times of locks. They decide nothing about who holds one: how often somebody who
// waits looks again, how long the provider of a run that was killed may take to
// end, and how long a release may take.
const (
	lockPoll       = 50 * time.Millisecond
	lockDying      = 15 * time.Second
	releaseTimeout = 10 * time.Second
)

// LockRequest asks for a project's lock.
type LockRequest struct {
	// Dir is where locked files are kept; see [LockDir]. It is made if it is not there.
	Dir      string
	EngineID string
	Project  string
	// Command is what is run, for whoever finds the lock taken: "apply".
	Command string
	// Timeout is how long to wait for another holder; 0 does not wait.
	Timeout time.Duration
	// Locker is the engine's lock; nil where the provider has none.
	Locker provider.Locker
	// Hold gives the locked file to the provider's process, so that the lock is
	// free only when both processes are gone. It may be nil.
	Hold func(*os.File) error
	// EngineHere says that the engine runs on this machine and is reached by a
	// local socket: then a holder from before the machine's last start is dead.
	EngineHere bool
	// KeepDead leaves the engine's lock of a dead run where it is until [Held.Still]:
	// it keeps everybody else out as well, and nothing is changed before somebody agreed.
	KeepDead bool
	// Waiting is told, once, who is waited for. It may be nil.
	Waiting func(provider.Holder)
	// Holder is who asks; what is empty in it is filled in. Tests set it.
	Holder provider.Holder
}

// Held is a lock that is held.
type Held struct {
	file   *os.File
	locker provider.Locker
	req    LockRequest
	dead   *deadHolder // whose lock in the engine was left where it is
	once   sync.Once
	result diag.List
}

// Lock takes the project's lock: first a locked file on this machine, then the
// engine's own lock. A holder who is known to be dead is taken over at once,
// which is a warning beside the lock. A holder that lives, or of whom nothing is
// known, is waited for and then an error that names it.
func Lock(ctx context.Context, req LockRequest) (*Held, diag.List) {
	req.Holder = holderOf(req)
	w := &waiter{deadline: time.Now().Add(req.Timeout), tell: req.Waiting}
	file, problems := lockHere(ctx, &req, w)
	if problems.HasErrors() {
		return nil, problems
	}
	held := &Held{file: file, req: req}
	if req.Hold != nil {
		if err := req.Hold(file); err != nil {
			held.Release()
			return nil, diag.Errorf("The lock could not be handed to the provider", "Its process did not take the descriptor: %s.", err)
		}
	}
	if req.Locker == nil {
		return held, nil
	}
	dead, notes := lockEngine(ctx, req, w)
	if notes.HasErrors() {
		held.Release()
		return nil, notes
	}
	if held.dead = dead; dead == nil {
		held.locker = req.Locker
	}
	return held, notes
}

// Dead says, in a sentence, why a holder of the engine's lock is known to be dead whose
// lock was left where it is; empty for any other holder.
func (h *Held) Dead(holder provider.Holder) string {
	if h.dead == nil || h.dead.Nonce != holder.Nonce {
		return ""
	}
	return h.dead.why
}

// Still makes sure, before anything is changed, that the engine's lock was not
// taken away since: a person may have released it while this run waited for an
// answer, and another run may have changed what the plan was made from. A lock
// that is gone is an error, also where it could be taken again.
func (h *Held) Still(ctx context.Context) diag.List {
	switch {
	case h.dead != nil:
		return h.takeOver(ctx)
	case h.locker == nil:
		return nil
	}
	again := h.req.Holder
	again.Since = time.Now().UTC().Format("2006-01-02T15:04:05.000000000Z07:00") // tells a lock that is made anew
	present, ours, err := h.locker.Lock(ctx, h.req.Project, again)
	switch {
	case err != nil:
		return problemsOf(err, "The engine's lock cannot be read", "")
	case ours && present.Since == h.req.Holder.Since:
		return nil
	}
	return h.lost(present, ours)
}

// takeOver takes the lock of a dead run that was left where it is.
func (h *Held) takeOver(ctx context.Context) diag.List {
	present, ours, err := h.req.Locker.Lock(ctx, h.req.Project, h.req.Holder)
	if err != nil {
		return problemsOf(err, "The engine's lock cannot be read", "")
	}
	if ours {
		err = h.req.Locker.Unlock(ctx, h.req.Project, h.req.Holder.Nonce)
	}
	if ours || present.Nonce != h.dead.Nonce {
		return append(h.lost(present, ours), problemsOf(err, "The engine's lock cannot be removed", "")...)
	}
	req := h.req
	req.KeepDead = false
	if _, notes := lockEngine(ctx, req, &waiter{}); notes.HasErrors() {
		return notes
	}
	h.locker, h.dead = h.req.Locker, nil
	return nil
}

// lost is the error about a lock that is in other hands, or in none.
func (h *Held) lost(present provider.Holder, free bool) diag.List {
	by := ""
	if !free {
		by = fmt.Sprintf(" It is held by %s now.", Describe(present))
	}
	return diag.List{{
		Severity: diag.Error, Code: "lock-lost", Summary: "The lock was taken away",
		Detail: fmt.Sprintf("While this run held the lock of project %q, somebody released it (`dindctl unlock`, or a removal of unused volumes): "+
			"another run may have changed what the plan was made from, and nothing was done.%s Run the command again.", h.req.Project, by),
	}}
}

// Release gives the lock back, in the reverse order. It works after the end of
// the context that the lock was taken with, and does nothing the second time.
// Its diagnostics are warnings.
func (h *Held) Release() diag.List {
	h.once.Do(func() {
		if h.locker != nil {
			ctx, cancel := context.WithTimeout(context.Background(), releaseTimeout)
			defer cancel()
			if err := h.locker.Unlock(ctx, h.req.Project, h.req.Holder.Nonce); err != nil {
				h.result = diag.List{{
					Severity: diag.Warning, Code: "lock-stays", Summary: "The engine's lock could not be given back",
					Detail: fmt.Sprintf("The lock of project %q stays: %s. The next run on this machine takes it over; anywhere else, run `dindctl unlock -project %s`.",
						h.req.Project, err, h.req.Project),
				}}
			}
		}
		unlockHere(h.file)
	})
	return h.result
}

// waiter waits for other holders until a deadline.
type waiter struct {
	deadline time.Time
	tell     func(provider.Holder)
	told     bool
	dying    bool
}

// grant gives a provider whose run was killed the time to notice it.
func (w *waiter) grant() {
	if soon := time.Now().Add(lockDying); !w.dying && w.deadline.Before(soon) {
		w.deadline = soon
	}
	w.dying = true
}

// again waits a little, and tells whether to look again.
func (w *waiter) again(ctx context.Context, holder provider.Holder) bool {
	left := -time.Since(w.deadline)
	if left <= 0 || ctx.Err() != nil {
		return false
	}
	if !w.told && w.tell != nil {
		w.told = true
		w.tell(holder)
	}
	timer := time.NewTimer(min(left, lockPoll))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}

// locked is the error about a holder that stays.
func locked(ctx context.Context, req LockRequest, holder provider.Holder, where string) diag.List {
	if ctx.Err() != nil {
		return diag.List{{
			Severity: diag.Error, Code: string(provider.Interrupted), Summary: "Waiting for the project's lock was interrupted",
			Detail: fmt.Sprintf("Project %q is locked by %s.", req.Project, Describe(holder)),
		}}
	}
	return diag.List{{
		Severity: diag.Error, Code: "locked", Summary: "The project is locked",
		Detail: fmt.Sprintf("Another run works on project %q %s: %s.\nWait for it with -lock-timeout=5m. If you know that it is dead, run `dindctl unlock -project %s`.",
			req.Project, where, Describe(holder), req.Project),
	}}
}

// Describe names a lock's holder in one line, for people.
func Describe(h provider.Holder) string {
	text := firstOf(h.Who, "somebody")
	if h.Command != "" {
		text += fmt.Sprintf(" with `dindctl %s`", h.Command)
	}
	if h.PID != 0 {
		text += fmt.Sprintf(" (process %d)", h.PID)
	}
	if h.Since != "" {
		text += ", since " + h.Since
	}
	return text
}

func holderOf(req LockRequest) provider.Holder {
	h := req.Holder
	h.Nonce = firstOf(h.Nonce, randomNonce())
	h.Who = firstOf(h.Who, userAtHost())
	h.Since = firstOf(h.Since, time.Now().UTC().Format(time.RFC3339))
	h.Command = firstOf(h.Command, req.Command)
	if h.PID == 0 {
		h.PID = os.Getpid()
	}
	return h
}
