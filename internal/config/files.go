package config

import (
	"fmt"
	"regexp"
	"strings"

	"github.com/dindctl/dindctl/internal/diag"
)

// checkFiles says what is wrong with file blocks: each path stands once, and a
// file that is put in before the start is there after it.
func checkFiles(n *noun) diag.List {
	var problems diag.List
	seen := map[string]bool{}
	for i, block := range elements(attribute(n.value, "file")) {
		at := fmt.Sprintf("file[%d].", i)
		written, known := textOf(attribute(block, "path"))
		if !known {
			continue
		}
		target := clean(written)
		switch {
		case !strings.HasPrefix(target, "/") || target == "/" || strings.HasSuffix(written, "/"):
			problems = append(problems, n.problem("invalid-path", at+"path", "Path that is not absolute",
				fmt.Sprintf("%q is not the absolute path of a file in the container.", written)))
			continue
		case seen[target]:
			problems = append(problems, n.problem("duplicate-block", at+"path", "File that is put in twice",
				fmt.Sprintf("%s has two file blocks for %s. Keep one of them.", n.address, target)))
		}
		seen[target] = true
		problems = append(problems, checkCovered(n, at+"path", target)...)
		if mode := text(block, "mode"); mode != "" && !regexp.MustCompile(`^[0-7]{3,4}$`).MatchString(mode) {
			problems = append(problems, n.problem("invalid-value", at+"mode", "Invalid value", fmt.Sprintf("%q is not a mode. Write it in octal, like 0644.", mode)))
		}
		if owner := text(block, "owner"); owner != "" && !regexp.MustCompile(`^[0-9]+(:[0-9]+)?$`).MatchString(owner) {
			problems = append(problems, n.problem("invalid-value", at+"owner", "Invalid value",
				fmt.Sprintf("%q is not the number of a user, or of a user and a group. Names are not known before the container runs; write it like 1000 or 1000:1000.", owner)))
		}
	}
	return problems
}

// checkCovered refuses a file that the start of the container would cover, or
// that the engine cannot put in.
func checkCovered(n *noun, at, target string) diag.List {
	below := func(dir string) bool {
		return dir != "" && (target == dir || strings.HasPrefix(target, strings.TrimSuffix(dir, "/")+"/"))
	}
	inMount := false
	for _, m := range elements(attribute(n.value, "mount")) {
		dir := clean(text(m, "target"))
		inMount = inMount || below(dir)
		if below(dir) && text(m, "type") == "tmpfs" {
			return coveredFile(n, at, target, dir)
		}
	}
	for _, entry := range texts(attribute(n.value, "tmpfs")) {
		if dir, _, _ := strings.Cut(entry, ":"); below(clean(dir)) {
			return coveredFile(n, at, target, clean(dir))
		}
	}
	if flag(n.value, "read_only") && !inMount {
		return diag.List{n.problem("conflicting-arguments", at, "Arguments that exclude each other",
			fmt.Sprintf("%s is read_only, so that the engine cannot put %s into it. Mount a volume there, build the file into the image, or take read_only away.", n.address, target))}
	}
	return nil
}

func coveredFile(n *noun, at, target, dir string) diag.List {
	return diag.List{n.problem("covered-file", at, "File that a mount covers",
		fmt.Sprintf("%s is put in before the start, and then the tmpfs on %s is mounted over it. Choose another path, or mount something else there.", target, dir))}
}
