package runner_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/runner"
	"github.com/dindctl/dindctl/provider"
)

// holderVariable makes the test's own binary a process that takes a lock in the
// directory of its value and waits to be killed.
const holderVariable = "DINDCTL_TEST_HOLD"

func TestMain(m *testing.M) {
	if dir := os.Getenv(holderVariable); dir != "" {
		_, problems := runner.Lock(context.Background(), runner.LockRequest{Dir: dir, EngineID: "engine", Project: project, Command: "apply"})
		_, _ = fmt.Fprintf(os.Stdout, "held %t\n", len(problems) == 0)
		select {}
	}
	os.Exit(m.Run())
}

func lockRequest(dir string, e *engine) runner.LockRequest {
	return runner.LockRequest{Dir: dir, EngineID: "engine", Project: project, Command: "apply", Locker: e}
}

func text(list diag.List) string {
	var lines []string
	for _, p := range list {
		lines = append(lines, fmt.Sprintf("%s: %s: %s", p.Severity, p.Summary, p.Detail))
	}
	return strings.Join(lines, "\n")
}

// Of many who want the lock at once, one at a time has it, and all get it: by
// this machine's lock alone, by the engine's alone, and by both.
func TestOneHolderAtATime(t *testing.T) {
	t.Parallel()
	for name, engineLock := range map[string]bool{"here": false, "both": true} {
		dir, e := t.TempDir()+"/locks", newEngine()
		race(t, name, func(int) runner.LockRequest {
			req := lockRequest(dir, e)
			if !engineLock {
				req.Locker = nil
			}
			return req
		})
		if len(e.locks) != 0 {
			t.Errorf("%s: left %v", name, e.locks)
		}
	}
	temp, e := t.TempDir(), newEngine()
	race(t, "engine", func(i int) runner.LockRequest { return lockRequest(fmt.Sprintf("%s/%d", temp, i), e) })
}

// race lets 20 want the lock at once.
func race(t *testing.T, name string, request func(i int) runner.LockRequest) {
	t.Helper()
	var inside, rounds int
	var mu sync.Mutex
	var group sync.WaitGroup
	count := func(by int) {
		mu.Lock()
		defer mu.Unlock()
		if inside += by; by > 0 {
			rounds++
		}
		if inside > 1 {
			t.Errorf("%s: %d hold the lock", name, inside)
		}
	}
	for i := range 20 {
		group.Go(func() {
			req := request(i)
			req.Timeout = time.Hour // only ends what hangs
			held, problems := runner.Lock(context.Background(), req)
			if len(problems) > 0 {
				t.Errorf("%s: %s", name, text(problems))
				return
			}
			count(1)
			runtime.Gosched()
			count(-1)
			if problems := held.Release(); len(problems) > 0 {
				t.Errorf("%s: %s", name, text(problems))
			}
		})
	}
	group.Wait()
	if rounds != 20 {
		t.Errorf("%s: %d had the lock", name, rounds)
	}
}

// Who does not wait is told who holds the lock, with what, and since when.
func TestALockThatIsTakenIsAnErrorThatNamesItsHolder(t *testing.T) {
	t.Parallel()
	dir, e := t.TempDir()+"/locks", newEngine()
	req := lockRequest(dir, e)
	req.Holder = provider.Holder{Who: "jo@build", Since: "2026-11-22T20:00:00Z"}
	held, problems := runner.Lock(t.Context(), req)
	want(t, "problems", text(problems), "")
	_, problems = runner.Lock(t.Context(), lockRequest(dir, e))
	want(t, "second", text(problems), fmt.Sprintf(`error: The project is locked: Another run works on project "ci" on this machine: jo@build with %s (process %d), since 2026-11-22T20:00:00Z.
Wait for it with -lock-timeout=5m. If you know that it is dead, run %s.`, "`dindctl apply`", os.Getpid(), "`dindctl unlock -project ci`"))
	held.Release()
	held.Release() // twice is once
	again, problems := runner.Lock(t.Context(), lockRequest(dir, e))
	want(t, "after the release", text(problems), "")
	again.Release()
}

// Another project of the same engine has a lock of its own.
func TestLocksAreOfAProject(t *testing.T) {
	t.Parallel()
	dir, e := t.TempDir()+"/locks", newEngine()
	for _, name := range []string{"ci", "other"} {
		req := lockRequest(dir, e)
		req.Project = name
		held, problems := runner.Lock(t.Context(), req)
		want(t, name, text(problems), "")
		defer held.Release()
	}
}

// A holder of this machine whose process is gone is taken over at once, and said.
func TestADeadHolderIsTakenOver(t *testing.T) {
	t.Parallel()
	dir, e := t.TempDir()+"/locks", newEngine()
	req := lockRequest(dir, e)
	req.Holder = provider.Holder{Nonce: "dead", Who: "jo@build", PID: 12}
	held, _ := runner.Lock(t.Context(), req)
	left := e.locks[project]
	held.Release()
	e.locks[project] = left // as a kill leaves it: the file free, the engine's lock there

	again, problems := runner.Lock(t.Context(), lockRequest(dir, e))
	want(t, "note", text(problems), `warning: The lock of a dead run was taken over: Project "ci" was locked by jo@build with `+"`dindctl apply`"+
		` (process 12), since `+left.Since+`. That process is gone. What it left half done is finished by this run.`)
	again.Release()
	if len(e.locks) != 0 {
		t.Errorf("left: %v", e.locks)
	}
}

// A holder of whom this machine knows nothing keeps its lock, however old it is.
func TestAHolderElsewhereIsNeverTakenOver(t *testing.T) {
	t.Parallel()
	dir := t.TempDir() + "/locks"
	self := newEngine()
	held, _ := runner.Lock(t.Context(), lockRequest(dir, self))
	here := self.locks[project]
	held.Release()
	parts := strings.SplitN(here.Boot, " ", 3)
	rows := map[string]struct {
		boot, who  string
		engineHere bool
		dead       bool
	}{
		"another machine":                       {"other " + parts[1] + " " + parts[2], here.Who, true, false},
		"another directory on this machine":     {parts[0] + " " + parts[1] + " 0:1", here.Who, true, false},
		"nothing is known":                      {"", here.Who, true, false},
		"before a restart, remote engine":       {parts[0] + " before " + parts[2], here.Who, false, false},
		"before a restart, somebody else":       {parts[0] + " before " + parts[2], "x@y", true, false},
		"before a restart, engine here as well": {parts[0] + " before " + parts[2], here.Who, true, true},
		"this machine, this directory":          {here.Boot, here.Who, false, true},
	}
	for name, row := range rows {
		e := newEngine()
		e.locks[project] = provider.Holder{Nonce: "n", Who: row.who, Boot: row.boot, Since: "2001-01-01T00:00:00Z", Command: "apply", PID: 7}
		req := lockRequest(dir, e)
		req.EngineHere = row.engineHere
		held, problems := runner.Lock(t.Context(), req)
		if (held != nil) != row.dead {
			t.Errorf("%s: %s", name, text(problems))
		}
		if held != nil {
			held.Release()
			continue
		}
		if got := text(problems); !strings.Contains(got, "in this engine: "+row.who+" with `dindctl apply` (process 7), since 2001-01-01T00:00:00Z.") {
			t.Errorf("%s: %s", name, got)
		}
		if e.locks[project].Nonce != "n" {
			t.Errorf("%s: the lock is %v", name, e.locks[project])
		}
	}
}

// Who waits gets the lock when it is given back, and is told once whom for.
func TestWaitingForALock(t *testing.T) {
	t.Parallel()
	dir, e := t.TempDir()+"/locks", newEngine()
	first, _ := runner.Lock(t.Context(), lockRequest(dir, e))
	req := lockRequest(dir, e)
	req.Timeout = time.Hour
	told := 0
	req.Waiting = func(provider.Holder) {
		told++
		first.Release()
	}
	held, problems := runner.Lock(t.Context(), req)
	want(t, "problems", text(problems), "")
	held.Release()
	if told != 1 {
		t.Errorf("told %d times", told)
	}
}

// An interrupted wait ends at once, and leaves nothing locked.
func TestAnInterruptedWaitEnds(t *testing.T) {
	t.Parallel()
	dir, e := t.TempDir()+"/locks", newEngine()
	e.locks[project] = provider.Holder{Nonce: "n", Who: "x@y"}
	ctx, cancel := context.WithCancel(t.Context())
	req := lockRequest(dir, e)
	req.Timeout = time.Hour
	req.Waiting = func(provider.Holder) { cancel() }
	_, problems := runner.Lock(ctx, req)
	want(t, "problems", text(problems), `error: Waiting for the project's lock was interrupted: Project "ci" is locked by x@y.`)
	delete(e.locks, project)
	held, problems := runner.Lock(t.Context(), lockRequest(dir, e))
	want(t, "afterwards", text(problems), "")
	held.Release()
}

// The lock is free when the process that holds it is killed.
func TestAKilledProcessHoldsNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir() + "/locks"
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), binary)
	cmd.Env = append(os.Environ(), holderVariable+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, _ := bufio.NewReader(out).ReadString('\n')
	want(t, "the other process", line, "held true")
	req := runner.LockRequest{Dir: dir, EngineID: "engine", Project: project}
	_, problems := runner.Lock(t.Context(), req)
	if !strings.Contains(text(problems), fmt.Sprintf("(process %d)", cmd.Process.Pid)) {
		t.Errorf("while it lives: %s", text(problems))
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	held, problems := runner.Lock(t.Context(), req)
	want(t, "after the kill", text(problems), "")
	held.Release()
}

// A directory that others can write in is refused, with the directory's name.
func TestADirectoryForEverybodyIsRefused(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "open")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	_, problems := runner.Lock(t.Context(), runner.LockRequest{Dir: dir, EngineID: "engine", Project: project})
	want(t, "problems", text(problems), "error: The directory for locks cannot be used: Locks are kept in "+dir+
		": others may write in it (mode 777). Make it writable for you alone, or set XDG_RUNTIME_DIR to a directory that is.")
}

// A provider that does not take the descriptor leaves nothing locked.
func TestADescriptorThatIsNotTakenFreesTheLock(t *testing.T) {
	t.Parallel()
	dir, e := t.TempDir()+"/locks", newEngine()
	req := lockRequest(dir, e)
	req.Hold = func(*os.File) error { return errFault }
	_, problems := runner.Lock(t.Context(), req)
	want(t, "problems", text(problems), "error: The lock could not be handed to the provider: Its process did not take the descriptor: the engine hung up.")
	held, problems := runner.Lock(t.Context(), lockRequest(dir, e))
	want(t, "afterwards", text(problems), "")
	held.Release()
}

// Unlock removes what a dead run elsewhere left, and refuses while one here lives.
func TestUnlock(t *testing.T) {
	t.Parallel()
	dir, e := t.TempDir()+"/locks", newEngine()
	if _, taken, problems := runner.Holding(t.Context(), e, project); taken || len(problems) > 0 || len(e.locks) > 0 {
		t.Fatal("a lock that nobody holds is held:", text(problems), e.locks)
	}
	e.locks[project] = provider.Holder{Nonce: "n", Who: "x@y"}
	present, taken, _ := runner.Holding(t.Context(), e, project)
	if !taken || present.Who != "x@y" {
		t.Fatalf("holder %v", present)
	}
	want(t, "unlocking", text(runner.Unlock(t.Context(), lockRequest(dir, e), present)), "")
	held, problems := runner.Lock(t.Context(), lockRequest(dir, e))
	want(t, "afterwards", text(problems), "")
	if got := text(runner.Unlock(t.Context(), lockRequest(dir, e), e.locks[project])); !strings.Contains(got, "its process is alive on this machine") {
		t.Errorf("while it is held here: %s", got)
	}
	held.Release()

	// A run here that waits for a holder elsewhere keeps nobody from releasing that one's lock.
	e.locks[project] = provider.Holder{Nonce: "n", Who: "x@y"}
	waits, unlocked := lockRequest(dir, e), ""
	waits.Timeout = time.Hour
	waits.Waiting = func(h provider.Holder) { unlocked = text(runner.Unlock(t.Context(), lockRequest(dir, e), h)) }
	held, problems = runner.Lock(t.Context(), waits)
	want(t, "unlocking beside a run that waits", unlocked+text(problems), "")
	held.Release()
}

// A lock that somebody released while it was held is an error before anything is
// done: when it is free, and when another run has it.
func TestALockThatWasTakenAway(t *testing.T) {
	t.Parallel()
	const took = "error: The lock was taken away: While this run held the lock of project \"ci\", somebody released it (`dindctl unlock`, or a removal of unused volumes): " +
		"another run may have changed what the plan was made from, and nothing was done.%s Run the command again."
	e := newEngine()
	held, _ := runner.Lock(t.Context(), lockRequest(t.TempDir()+"/locks", e))
	want(t, "while it is held", text(held.Still(t.Context())), "")
	want(t, "and once more", text(held.Still(t.Context())), "")

	delete(e.locks, project)
	want(t, "when it is free", text(held.Still(t.Context())), fmt.Sprintf(took, ""))
	held.Release()
	if len(e.locks) != 0 {
		t.Errorf("left: %v", e.locks)
	}

	held, _ = runner.Lock(t.Context(), lockRequest(t.TempDir()+"/locks", e))
	e.locks[project] = provider.Holder{Nonce: "n", Who: "x@y"}
	want(t, "when another run has it", text(held.Still(t.Context())), fmt.Sprintf(took, " It is held by x@y now."))
	held.Release()
	if e.locks[project].Nonce != "n" {
		t.Errorf("the other run's lock is %v", e.locks[project])
	}
}
