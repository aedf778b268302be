package hcl_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	source "github.com/dindctl/dindctl/internal/diag/summaries"
)

// unspecified are the problems of hcl and internal/config that no case of the
// specification can show, each with the reason.
func unspecified() map[string]string {
	elsewhere := "it takes more than one file or a bound of megabytes: TestFormatLeavesWhatItDoesNotUnderstand, TestLoadProblems and the fuzzing"
	engine := "it needs what an engine or the machine tells: the tests of internal/config and internal/cli"
	return map[string]string{
		"File that cannot be formatted safely":                            "no text is known for which it happens; it guards against the formatter",
		"File too large":                                                  elsewhere,
		"No configuration":                                                "a case is a file that exists: the scripts of internal/cli",
		"Unknown address":                                                 "a caller's mistake: Declaration is asked for an address of its own plan",
		"Two mounts meet at one place":                                    "mount.Clashes finds it: the tests of internal/mount",
		"Socket of another engine":                                        engine,
		"Socket that is none":                                             engine,
		"The engine is too old for this argument":                         engine,
		"The engine would accept it and not do it":                        engine,
		"An output cannot be had whole":                                   engine,
		"Part of a volume that the engine cannot mount":                   engine,
		"Source that only dindctl's own container has":                    engine,
		"Absolute path that is something else in dindctl's own container": engine,
	}
}

// Every problem that package hcl and the model report is shown by a case of
// testdata/spec, or has a reason not to be.
func TestSpecShowsEveryProblem(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/spec/*.want")
	if err != nil {
		t.Fatal(err)
	}
	var shown strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		shown.Write(text)
	}
	said, err := source.Find("..")
	if err != nil {
		t.Fatal(err)
	}
	reasons, known := unspecified(), map[string]bool{}
	for _, s := range said {
		if name := filepath.ToSlash(s.At); !strings.HasPrefix(name, "../hcl/") && !strings.HasPrefix(name, "../internal/config/") {
			continue
		}
		known[s.Summary] = true
		has := strings.Contains(shown.String(), "] "+s.Summary+": ")
		switch reason := reasons[s.Summary]; {
		case !has && reason == "":
			t.Errorf("%s: no case of testdata/spec shows %q", s.At, s.Summary)
		case has && reason != "":
			t.Errorf("%q is shown, so that it needs no reason (%s)", s.Summary, reason)
		}
	}
	for summary := range reasons {
		if !known[summary] {
			t.Errorf("nothing says %q any more", summary)
		}
	}
}
