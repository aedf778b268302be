package main

import (
	"slices"
	"strings"
	"testing"
)

// Each way to wait is found, directly and through what the package declares; what
// only looks like it is not.
func TestFind(t *testing.T) {
	t.Parallel()
	got, err := Find("testdata/sample")
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"TestChained", "TestFromOutsideReceives", "TestHandsOverAnEngine", "TestLimitsAContext", "TestReadsTheClock",
		"TestReceives", "TestSelects", "TestSends", "TestSleeps", "TestThroughAHelper", "TestThroughATable",
		"TestThroughThePackage", "TestWaitsForAGroup",
	}
	if !slices.Equal(got, want) {
		t.Errorf("found\n%q\nwant\n%q", got, want)
	}
}

// Tests of dindctl that are known to wait are found: for a signal's effect, for
// another process's end, for a channel; those that only compute are not.
func TestFindInTheRepository(t *testing.T) {
	t.Parallel()
	for dir, tests := range map[string][]string{
		"../../internal/e2e":    {"TestARunThatIsAskedToEnd", "TestJobThatFails", "TestReadiness", "TestReadingEndsAtTheFirstSignal"},
		"../../provider/plugin": {"TestKilledHostLeavesNothing", "TestCancelledCallAnswers", "TestProcessConforms"},
		"../../provider/docker": {"TestSilentEngineIsAProblem"},
		"../../internal/runner": {"TestAKilledProcessHoldsNothing", "TestCancelEndsWhatRuns"},
		"../../internal/plan":   nil,
		"../../internal/graph":  nil,
	} {
		got, err := Find(dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, test := range tests {
			if !slices.Contains(got, test) {
				t.Errorf("%s: %s is not found", dir, test)
			}
		}
		if tests == nil && len(got) > 0 {
			t.Errorf("%s: found %q", dir, got)
		}
	}
}

// The command prints a line for each, and fails at a directory that it cannot read.
func TestRun(t *testing.T) {
	t.Parallel()
	var stdout, stderr strings.Builder
	if exit := run([]string{"testdata/no-such", "testdata/sample"}, &stdout, &stderr); exit != 1 {
		t.Errorf("exit code %d", exit)
	}
	if !strings.Contains(stdout.String(), "testdata/sample\tTestSleeps\n") || !strings.Contains(stderr.String(), "testdata/no-such") {
		t.Errorf("stdout %q, stderr %q", stdout.String(), stderr.String())
	}
}
