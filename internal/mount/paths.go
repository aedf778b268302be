package mount

import (
	"path"
	"strings"
)

// absolute tells whether a path is an absolute POSIX path: the only form whose
// meaning does not depend on a platform.
func absolute(p string) bool {
	return strings.HasPrefix(p, "/") && !strings.ContainsRune(p, 0)
}

// clean is the lexical form that an engine makes of an absolute path: without
// "..", "." and doubled slashes, before any link is followed.
func clean(p string) string {
	switch {
	case tidy(p):
		return p
	case strings.HasPrefix(p, "/"):
		return path.Clean(p) // what is clean is not copied
	}
	return path.Clean("/" + p)
}

// tidy tells quickly of most clean paths below "/" that they are clean; of one with
// a component that begins with a dot it says nothing.
func tidy(p string) bool {
	if len(p) < 2 || p[0] != '/' {
		return false
	}
	for i := 1; i < len(p); i++ {
		if p[i-1] == '/' && (p[i] == '/' || p[i] == '.') {
			return false
		}
	}
	return p[len(p)-1] != '/'
}

// within tells whether p is dir or lies below it, by component.
func within(p, dir string) bool {
	return dir == "/" || p == dir || strings.HasPrefix(p, dir+"/")
}

// remainder is the path of p inside dir, "/" for dir itself; p lies within dir.
func remainder(p, dir string) string {
	if dir == "/" {
		return p
	}
	return clean(strings.TrimPrefix(p, dir))
}

// join appends a remainder to a clean path.
func join(dir, rest string) string {
	if tidy(dir) && tidy(rest) {
		return dir + rest
	}
	return path.Join(dir, rest)
}

// split returns the components of a path; none for "/".
func split(p string) []string {
	return strings.FieldsFunc(p, func(r rune) bool { return r == '/' })
}

// upwards calls visit with p and each directory above it, the longest first,
// until visit returns true.
func upwards(p string, visit func(dir string) bool) {
	for !visit(p) {
		dir := path.Dir(p)
		if dir == p {
			return
		}
		p = dir
	}
}

// otherName is the other name of a path below /run or /var/run, which are one
// directory nearly everywhere; empty for any other path.
func otherName(p string) string {
	if within(p, "/var/run") {
		return strings.TrimPrefix(p, "/var")
	}
	if within(p, "/run") {
		return "/var" + p
	}
	return ""
}
