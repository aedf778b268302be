package plan

import (
	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/mount"
)

// Mounts applies the rule to what was observed, whatever else a plan would say.
// The configuration is evaluated with what is there; it is nil where that fails.
func Mounts(in Input) (*config.Expanded, []mount.Entry, diag.List) {
	m := newMaker(in)
	expanded, problems := in.Expand(m.known())
	if problems.HasErrors() {
		return nil, nil, problems
	}
	entries, more := expanded.CheckMounts(m.places(), m.files())
	if in.over() {
		return nil, nil, interrupted()
	}
	return expanded, entries, append(problems, more...)
}

// files is what can be asked of file systems, until the run is asked to end.
func (m *maker) files() mount.Checker {
	files := m.in.Files
	if files.Interrupted == nil {
		files.Interrupted = m.in.Interrupted
	}
	return files
}
