package cli

import (
	"encoding/json"
	"os"
	"path/filepath"

	"github.com/dindctl/dindctl/internal/outfile"
)

// What was applied last is kept by the engine's id, so that a bare destroy or
// exec knows which project is meant. It is a convenience: what goes wrong with
// the file is as if it were not there.

func lastAppliedFile(env Env) string {
	dir := lookup(env.Environ, "XDG_STATE_HOME")
	if dir == "" {
		home := lookup(env.Environ, "HOME")
		if home == "" {
			return ""
		}
		dir = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(dir, "dindctl", "last-applied.json")
}

func readLastApplied(env Env) map[string]string {
	out := map[string]string{}
	if name := lastAppliedFile(env); name != "" {
		if content, err := os.ReadFile(name); err == nil {
			_ = json.Unmarshal(content, &out)
		}
	}
	if out == nil { // the file holds null
		out = map[string]string{}
	}
	return out
}

func writeLastApplied(env Env, all map[string]string) {
	name := lastAppliedFile(env)
	if name == "" {
		return
	}
	content, err := json.Marshal(all)
	if err != nil || os.MkdirAll(filepath.Dir(name), 0o700) != nil {
		return
	}
	_ = outfile.ReplaceOwn(name, content) // runs of several projects may end at once
}

func recall(env Env, engine string) string { return readLastApplied(env)[engine] }

func remember(env Env, engine, project string) {
	all := readLastApplied(env)
	if all[engine] != project {
		all[engine] = project
		writeLastApplied(env, all)
	}
}

func forget(env Env, engine, project string) {
	all := readLastApplied(env)
	if all[engine] == project {
		delete(all, engine)
		writeLastApplied(env, all)
	}
}
