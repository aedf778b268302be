package mount

import (
	"path"
	"slices"
	"strings"
)

// kindWarnings are sentences about a file where a directory is meant, or the other
// way round: an engine refuses to mount the one on the other, and makes
// directories alone.
func (r *resolver) kindWarnings(q question, d side) []string {
	if r.file == nil || d.volume || d.raw.Kind != HostPath {
		return nil
	}
	var out []string
	switch above := r.fileAbove(d.place); {
	case above != "":
		out = append(out, above+" is a file, and nothing can ever be below it: "+q.who()+" cannot start.")
	case q.n.CreateSource && d.missing() && looksLikeFile(d.path):
		out = append(out, "What "+q.n.Daemon+" makes is a directory, and "+path.Base(d.path)+" looks like the name of a file: make the file before.")
	}
	if over, is := r.mountedOver(q.n); over != "" && is != r.isFile(d.place) && !d.missing() && d.unknown == "" {
		what := [2]string{"a directory", "a file"}
		if is {
			slices.Reverse(what[:])
		}
		out = append(out, q.n.Target+" is "+what[0]+" in what is mounted at "+over+", and "+d.object.String()+" is "+what[1]+": "+q.who()+" cannot start.")
	}
	return out
}

func (r *resolver) isFile(p place) bool { return p.raw.Kind == HostPath && r.file(p.raw, p.raw.Rest) }

// fileAbove names the file that lies on the way to a place where nothing is.
func (r *resolver) fileAbove(p place) string {
	if p.exists != nil && *p.exists {
		return ""
	}
	object := p.raw
	for object.Rest = path.Dir(p.raw.Rest); object.Rest != "/" && object.Rest != "."; object.Rest = path.Dir(object.Rest) {
		if r.file(object, object.Rest) {
			return r.canonical(object).String()
		}
	}
	return ""
}

// mountedOver finds the mount of the same container in which the target of n lies,
// and tells whether what it has there is a file. Empty: nothing is known to be there.
func (r *resolver) mountedOver(n Nested) (target string, file bool) {
	if r.nested == nil {
		r.nested = map[string][]Nested{}
		for _, other := range r.t.Nested {
			r.nested[other.Address] = append(r.nested[other.Address], other)
		}
	}
	var outer *Nested
	for i, other := range r.nested[n.Address] {
		if other.Kind != nestedPath && other.Type == Bind && other.Target != n.Target &&
			within(n.Target, other.Target) && (outer == nil || within(other.Target, outer.Target)) {
			outer = &r.nested[n.Address][i]
		}
	}
	if outer == nil {
		return "", false
	}
	at := r.find(r.question(*outer)).side.place
	if at.unknown != "" || at.path == "" {
		return "", false
	}
	at = r.walk(at.space, path.Join(at.path, strings.TrimPrefix(n.Target, outer.Target)))
	if at.unknown != "" || at.raw.Kind != HostPath || at.exists == nil || !*at.exists {
		return "", false
	}
	return outer.Target, r.isFile(at)
}

// looksLikeFile tells whether a path ends as the names of configuration files,
// scripts, certificates and sockets do.
func looksLikeFile(p string) bool {
	return slices.Contains([]string{
		".cfg", ".cnf", ".conf", ".crt", ".env", ".ini", ".json", ".key", ".pem", ".properties", ".sh", ".sock", ".toml", ".txt", ".xml", ".yaml", ".yml",
	}, path.Ext(p))
}
