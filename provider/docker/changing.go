package docker

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/volume"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/dindctl/dindctl/provider"
)

// The labels of a mark: a volume beside the record of changes, of a live change that was
// begun, and not ended. What it says is only ever the cause of a difference: without it,
// what a run leaves behind that is killed would look like somebody else's doing.
const (
	changingPrefix  = "dindctl.changing."
	changingLabel   = labelPrefix + "changing"
	changingAddress = changingLabel + ".address"
	changingID      = changingLabel + ".id"
	changingWhat    = changingLabel + ".what"
	changingNonce   = changingLabel + ".nonce"
)

// changing is the part of a record which says which live changes were begun, and not
// ended: what they concern may be as it was, as it is wanted, or in between.
const changing = "_changing"

// marks are the paths of the changes that were begun, each with what may be there
// then without anybody else's doing: traces, nil for anything.
type marks map[string][]string

// marksOf are those of changes to what is declared. Of secrets there are no traces.
func marksOf(declared cty.Value, changes []provider.Change) marks {
	out := marks{}
	for _, c := range changes {
		from, to := traceOf(c.From), traceOf(c.To)
		if c.Sensitive || secretAt(declared, c.Path) || from == "" || to == "" || aboutNetworks(c.Path) { // which are left one by one
			out[c.Path] = nil
			continue
		}
		out[c.Path] = []string{from, to}
	}
	return out
}

// secretAt tells whether the attribute of a path is declared with a secret.
func secretAt(declared cty.Value, path string) bool {
	name := path
	if end := strings.IndexAny(name, ".["); end >= 0 {
		name = name[:end]
	}
	all, marked := declared.Unmark()
	if len(marked) > 0 {
		return true
	}
	v := (values{all}).get(name)
	return v != cty.NilVal && v.ContainsMarked()
}

// aboutNetworks tells of a path whether it is about the networks that a container is in.
func aboutNetworks(path string) bool {
	name, _, _ := strings.Cut(path, "[")
	return name == "networks" || name == "attach" || name == "network_mode"
}

// and are marks that say what both say.
func (m marks) and(more marks) marks {
	out := marks{}
	for _, from := range []marks{m, more} {
		for path, values := range from {
			was, both := out[path]
			switch {
			case !both:
				out[path] = values
			case was == nil || values == nil:
				out[path] = nil
			default:
				out[path] = sorted(slices.Concat(was, values))
			}
		}
	}
	return out
}

// excuse tells whether what is at a path can come of a change that was begun. Networks are
// joined and left one by one: of any of them it says that the membership may differ.
func (m marks) excuse(path string, is cty.Value) bool {
	if values, begun := m[path]; begun {
		return values == nil || slices.Contains(values, traceOf(is))
	}
	if !aboutNetworks(path) {
		return false
	}
	for begun := range m {
		if aboutNetworks(begun) && (path == "networks" || begun == "networks" || networkIn(path) == networkIn(begun)) {
			return true
		}
	}
	return false
}

// withName are the notes of a container with the name that it bears, where a rename was
// begun that can have given it: as good as recorded, so that it is nobody else's doing,
// whatever name is wanted by now.
func withName(notes map[string]json.RawMessage, is string) map[string]json.RawMessage {
	name, err := json.Marshal(is)
	if err != nil || !marksIn(notes[changing]).excuse("name", cty.StringVal(is)) {
		return notes
	}
	out := maps.Clone(notes)
	out["name"] = name
	return out
}

// networkIn is the part of a path that names a network.
func networkIn(path string) string {
	_, rest, _ := strings.Cut(path, "[")
	name, _, _ := strings.Cut(rest, "]")
	return name
}

// traceOf tells values apart, and does not tell them; empty for what is not known.
func traceOf(v cty.Value) string {
	if v == cty.NilVal {
		v = cty.NullVal(cty.DynamicPseudoType)
	}
	v, _ = v.UnmarkDeep()
	if !v.IsWhollyKnown() {
		return ""
	}
	text, err := ctyjson.Marshal(v, v.Type())
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:8])
}

func (m marks) text() string {
	text, err := json.Marshal(m) // in key order
	if err != nil {
		return "{}"
	}
	return string(text)
}

// marksIn reads marks; what cannot be read says nothing.
func marksIn(text []byte) marks {
	var m marks
	if json.Unmarshal(text, &m) != nil {
		return nil
	}
	return m
}

// mark records that a container is about to be changed as it stands. It tells whether an
// earlier change had left a mark: that one is still to be ended then, whatever comes of this.
func (e *engine) mark(ctx context.Context, id, project string, decl provider.Declaration, changes []provider.Change) (already bool, err error) {
	now := marksOf(decl.Declared, changes)
	labels := map[string]string{
		changingLabel: project, changingAddress: decl.Address, changingID: id, changingWhat: now.text(), changingNonce: rand.Text(),
	}
	v, err := e.write.VolumeCreate(ctx, volume.CreateOptions{Name: changingPrefix + id, Labels: labels})
	if err == nil {
		v, err = e.made(ctx, v)
	}
	if err != nil {
		return false, err
	}
	if changingNotes().about(v) != id {
		return false, nameOfNoteTaken(v.Name, decl.Address, "A record that dindctl keeps")
	}
	if v.Labels[changingNonce] == labels[changingNonce] {
		return false, nil
	}
	if marksIn([]byte(v.Labels[changingWhat])).and(now).text() == v.Labels[changingWhat] {
		return true, nil
	}
	return true, e.note(ctx, moreChangingNotes(), labels, changingWhat)
}

// unmark records that the changes which were begun are ended.
func (e *engine) unmark(ctx context.Context, id string) error {
	_, is, err := e.readNote(ctx, changingNotes(), id)
	if err == nil && is {
		err = errors.Join(e.forget(ctx, moreChangingNotes(), id), e.forget(ctx, changingNotes(), id))
	}
	return err
}
