package docker_test

import (
	"strings"
	"testing"
	"time"

	"github.com/docker/docker/api/types/container"

	"github.com/dindctl/dindctl/provider/docker"
)

// A log is looked through whole, as it comes and in whatever pieces, with line ends of
// either kind, and what matches is known at once: nothing more may come.
func TestALogIsLookedThroughAsItComes(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a line that says nothing\n", 200_000) // 5 MB
	for _, c := range []struct {
		name, pattern string
		pieces        []string
		want          bool
	}{
		{"behind the first MiB", "^ready$", []string{long, "ready\n"}, true},
		{"in two pieces", "^ready$", []string{"x\nre", "ady\n"}, true},
		{"of a terminal", "^ready$", []string{"x\r\nready\r\n"}, true},
		{"of a terminal, cut between its two characters", "^ready$", []string{"ready\r", "\ny"}, true},
		{"with a carriage return of its own", "^ready$", []string{"ready\rx\n"}, false},
		{"in a line without an end", "ready$", []string{strings.Repeat("x", 3<<20), "ready\n"}, true},
		{"a line that only begins so", "^ready$", []string{"ready soon\n"}, false},
		{"seemingly at the beginning of a long line", "^x", []string{"y" + strings.Repeat("x", 3<<20) + "\n"}, false},
		{"nothing", "ready", nil, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if got, atOnce := docker.Matches(c.pattern, c.pieces); got != c.want || atOnce != c.want {
				t.Errorf("%t, at once %t, want %t", got, atOnce, c.want)
			}
		})
	}
}

// A run begins after the end of the one before it and before its own start, as the engine
// notes them; the first one has all of the log.
func TestARunBeginsBetweenTwoRuns(t *testing.T) {
	t.Parallel()
	const never = "0001-01-01T00:00:00Z"
	for _, c := range []struct{ started, ended, want string }{
		{"2026-01-01T10:00:00.5Z", never, never},
		{"2026-01-01T10:00:00.5Z", "2026-01-01T10:00:00.1Z", "2026-01-01T10:00:00.3Z"},
		{"2026-01-01T10:00:00.5Z", "2026-01-01T11:00:00Z", "2026-01-01T10:00:00.5Z"}, // the clock was set back
		{"", "", never},
	} {
		got := docker.BeginOfRun(&container.State{StartedAt: c.started, FinishedAt: c.ended}).Format(time.RFC3339Nano)
		if got != c.want {
			t.Errorf("started %s after %s: %s, want %s", c.started, c.ended, got, c.want)
		}
	}
}

// What a log driver drops, and how much there is at least once it did, follows from its options.
func TestHowMuchOfALogIsKept(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		driver  string
		config  map[string]string
		least   int64
		bounded bool
	}{
		{"json-file", nil, 0, false},
		{"json-file", map[string]string{"max-file": "3"}, 0, false},
		{"json-file", map[string]string{"max-size": "10m"}, 0, true},
		{"json-file", map[string]string{"max-size": "10m", "max-file": "3"}, 20 << 20, true},
		{"local", nil, 80 << 20, true},
		{"local", map[string]string{"max-file": "1"}, 0, true},
		{"json-file", map[string]string{"max-size": "much", "max-file": "3"}, 0, true},
		{"journald", nil, 0, true},
	} {
		least, bounded := docker.KeptOfLog(container.LogConfig{Type: c.driver, Config: c.config})
		if least != c.least || bounded != c.bounded {
			t.Errorf("%s %v: %d, %t", c.driver, c.config, least, bounded)
		}
	}
}

// What listens is found in the tables of a network namespace, whatever pieces they come
// in; a connection to the same port elsewhere, or one that is being closed, is none.
func TestWhatListensInANamespace(t *testing.T) {
	t.Parallel()
	const head = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
	const closing = "   2: 0100007F:1F90 0100007F:87A4 06 00000000:00000000 03:00000286 00000000     0        0 0 3 000000003dc24f5d\n"
	const client = "   3: 0100007F:87A4 0100007F:1F90 01 00000000:00000000 03:00000286 00000000     0        0 0 3 000000003dc24f5d\n"
	const four = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 12509758 1 00000000999161c1 100 0 0 10 0\n"
	const six = "   0: 00000000000000000000000000000000:1F90 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1 1 0 100 0 0 10 0\n"
	for _, c := range []struct {
		text        string
		read, found bool
	}{
		{head + four, true, true},
		{head + closing + client, true, false},
		{head + closing + head + six, true, true},
		{head, true, false},
		{"cat: /proc/net/tcp: Permission denied\n", false, false},
		{"", false, false},
	} {
		for _, piece := range []int{1, 7, 1 << 20} {
			if read, found := docker.Listens(8080, c.text, piece); read != c.read || found != c.found {
				t.Errorf("in pieces of %d: read %t, found %t\n%s", piece, read, found, c.text)
			}
		}
	}
}
