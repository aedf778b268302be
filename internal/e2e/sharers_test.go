package e2e_test

import (
	"strings"
	"testing"
	"time"
)

// namespaces compares the namespaces of a container's processes with those of another
// one's, as the kernel names them.
func (s nouns) wantShared(label, owner string, kinds ...string) {
	s.t.Helper()
	for _, kind := range kinds {
		mine, its := s.namespace(label, kind), s.namespace(owner, kind)
		if mine != its {
			s.t.Errorf("%s is in %s, and %s in %s", label, mine, owner, its)
		}
	}
}

func (s nouns) namespace(label, kind string) string {
	s.t.Helper()
	return strings.TrimSpace(s.docker("exec", s.project+"-"+label, "readlink", "/proc/self/ns/"+kind))
}

// steps are what a plan does, one line each: address, action, cause.
func (s nouns) wantSteps(when string, want ...string) {
	s.t.Helper()
	var got []string
	for _, r := range s.changes() {
		got = append(got, r)
	}
	s.wantList("the plan "+when, got, want...)
}

// What shares namespaces with something that was started again is in the next plan, with
// that cause, whoever started it, and is in that one's namespaces after the apply.
func TestSharersFollowTheirOwners(t *testing.T) {
	_ = time.Second
}
