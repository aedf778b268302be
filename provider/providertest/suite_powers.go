package providertest

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/dindctl/dindctl/provider"
)

func powerObligations() []obligation {
	return []obligation{
		{name: "of twenty who lock a project one gets it", test: locksOnce, configured: true},
		{name: "a lock is released by its nonce alone", test: unlocksOwn, configured: true},
		{name: "a command in an object has its input, output and exit code", test: executes, configured: true},
		{name: "the output of an object can be read", test: logs, configured: true},
		{name: "what was stopped by request says so until it is started", test: halts, configured: true},
		{name: "a job is neither stopped nor started by request", test: haltsNoJob, configured: true},
		{name: "files go in and come out", test: copies, configured: true},
		{name: "what is stored is listed with what uses it, and swept where nothing does", test: sweeps, configured: true},
	}
}

// power returns the provider as one of its powers, or skips the test.
func power[T any](h *harness, name provider.Power) T {
	h.Helper()
	p, ok := h.p.(T)
	if !ok || !h.has(name) {
		h.Skipf("it does not have the power %q", name)
	}
	return p
}

func locksOnce(h *harness) {
	locker := power[provider.Locker](h, provider.PowerLock)
	const racers = 20
	var winners atomic.Int32
	var nonce atomic.Value
	var all sync.WaitGroup
	holders := make([]string, racers)
	for i := range racers {
		all.Go(func() {
			mine := fmt.Sprintf("%s-racer-%d", h.project, i)
			present, taken, err := locker.Lock(h.ctx, h.project, provider.Holder{Nonce: mine, Who: "conformance@suite", PID: i + 1})
			if err != nil {
				h.Errorf("racer %d: %v", i, err)
			}
			if taken {
				winners.Add(1)
				nonce.Store(mine)
			}
			holders[i] = present.Nonce
		})
	}
	all.Wait()
	winner, _ := nonce.Load().(string)
	defer func() { _ = locker.Unlock(h.ctx, h.project, winner) }()
	if winners.Load() != 1 {
		h.Errorf("%d of %d racers got the lock", winners.Load(), racers)
	}
	for i, holder := range holders {
		if holder != winner {
			h.Errorf("racer %d was told that %q holds it, and %q does", i, holder, winner)
		}
	}
}

func unlocksOwn(h *harness) {
	locker := power[provider.Locker](h, provider.PowerLock)
	first := provider.Holder{Nonce: h.project + "-1", Who: "a@b", Boot: "boot", PID: 7, Since: "2000-01-01T00:00:00Z", Command: "dindctl apply"}
	second := provider.Holder{Nonce: h.project + "-2"}
	if _, taken, err := locker.Lock(h.ctx, h.project, first); err != nil || !taken {
		h.Fatalf("the first: %t, %v", taken, err)
	}
	if err := locker.Unlock(h.ctx, h.project, second.Nonce); err != nil {
		h.Errorf("unlocking another's: %v", err)
	}
	present, taken, err := locker.Lock(h.ctx, h.project, second)
	if err != nil || taken || present != first {
		h.Errorf("the second: %t, held by %+v, %v", taken, present, err)
	}
	if err := locker.Unlock(h.ctx, h.project, first.Nonce); err != nil {
		h.Fatal(err)
	}
	if _, taken, err := locker.Lock(h.ctx, h.project, second); err != nil || !taken {
		h.Errorf("after it was released: %t, %v", taken, err)
	}
	_ = locker.Unlock(h.ctx, h.project, second.Nonce)
}

func executes(h *harness) {
	execer := power[provider.Execer](h, provider.PowerExec)
	id := h.create(h.sleeper("a", nil)).ID
	var stdout, stderr bytes.Buffer
	resp, err := execer.Exec(h.ctx, provider.ExecRequest{
		ID: id, Command: []string{"sh", "-c", "echo out; echo err >&2; exit 3"}, Stdout: &stdout, Stderr: &stderr,
	})
	if got := fmt.Sprintf("%q %q %d %v", stdout.String(), stderr.String(), resp.ExitCode, err); got != `"out\n" "err\n" 3 <nil>` {
		h.Errorf("without input: %s", got)
	}
	stdout.Reset()
	input := strings.Repeat("0123456789abcdef", 8<<10) // more than one message
	resp, err = execer.Exec(h.ctx, provider.ExecRequest{
		ID: id, Command: []string{"cat"}, Stdin: strings.NewReader(input), Stdout: &stdout,
	})
	if err != nil || resp.ExitCode != 0 || stdout.String() != input {
		h.Errorf("%d bytes of input came back as %d, exit code %d, %v", len(input), stdout.Len(), resp.ExitCode, err)
	}
}

func logs(h *harness) {
	logger := power[provider.Logger](h, provider.PowerLogs)
	id := h.create(h.job("talk", "echo one; echo two; echo three >&2")).ID
	var stdout, stderr bytes.Buffer
	err := logger.Logs(h.ctx, provider.LogsRequest{ID: id, Stdout: &stdout, Stderr: &stderr})
	if got := fmt.Sprintf("%q %q %v", stdout.String(), stderr.String(), err); got != `"one\ntwo\n" "three\n" <nil>` {
		h.Errorf("the output is %s", got)
	}
	part := func(what string, req provider.LogsRequest, want string) {
		h.Helper()
		stdout.Reset()
		req.ID, req.Stdout = id, &stdout
		if err := logger.Logs(h.ctx, req); err != nil || stdout.String() != want {
			h.Errorf("%s: %q, %v; want %q", what, stdout.String(), err, want)
		}
	}
	part("none of its lines", provider.LogsRequest{Tail: -1}, "")
	part("what it said from another century on", provider.LogsRequest{Since: "1990-01-01T00:00:00Z"}, "one\ntwo\n")
	part("what it said in the far future", provider.LogsRequest{Since: "2090-01-01T00:00:00Z"}, "")
	stdout.Reset()
	err = logger.Logs(h.ctx, provider.LogsRequest{ID: id, Timestamps: true, Stdout: &stdout})
	stamp, said, _ := strings.Cut(stdout.String(), " ")
	if _, bad := time.Parse(time.RFC3339Nano, stamp); err != nil || bad != nil || !strings.HasPrefix(said, "one\n") {
		h.Errorf("with times it is %q, %v", stdout.String(), err)
	}
}
