package provider

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"unicode"
)

// OwnershipSchema is the version of the ownership records that this module
// writes. Version 2 added the name and the place as created; records of version 1
// are read. An object with a higher one is never changed.
const OwnershipSchema = 2

// RootAddress is the address of the root engine, which is always there.
const RootAddress = "daemon.root"

// NoPlace is where the address of an engine counts that no object stands for. No
// place equals it: what bears such an address is never that engine.
const NoPlace = "-"

// Standing is what an object is to the project that its record names.
type Standing string

// What an object can be.
const (
	// Foreign objects are nobody's that dindctl knows: nothing reads or changes them.
	Foreign Standing = "foreign"
	// Own objects are what their records say.
	Own Standing = "own"
	// Stray objects are the project's, in a place where the address does not count
	// any longer: they may be removed, and serve for nothing else.
	Stray Standing = "stray"
)

// Seen is what was seen of an object, beside its record.
type Seen struct {
	Kind Kind   // Image, Network or Volume; Container for whatever runs
	Name string // as it is called now
	// From is the record on what the object was made from, such as its image; the zero
	// value where that bears none. FromUnknown says that it could not be read.
	From        Ownership
	FromUnknown bool
	// Renamed is the name in a record of changes that is bound to this very object,
	// which no copy has; empty where there is none.
	Renamed string
}

// Whereabouts say where objects count. The zero value is the root engine, with nothing known.
type Whereabouts struct {
	// Place is the address of the daemon whose place is looked at; empty for the root.
	Place string
	// Aliases are further addresses by which records may call that daemon.
	Aliases []string
	// Addresses are where addresses count, by every address under which an object may
	// be recorded: the address of a daemon, empty for the root, or NoPlace.
	Addresses map[string]string
	// Configured says that Addresses are a configuration's. Else they are what was
	// found in the places around this one.
	Configured bool
	// Daemons are the addresses of the daemons that are configured, or were found.
	Daemons map[string]bool
}

// Found returns the whereabouts for a place in which daemons were found, by the
// records of all that is in it: those that say that they were made there.
func (w Whereabouts) Found(project string, records []Ownership) Whereabouts {
	out := w
	out.Daemons = make(map[string]bool, len(w.Daemons))
	for address, found := range w.Daemons {
		out.Daemons[address] = found
	}
	for _, o := range records {
		if o.Kind == Daemon && (project == "" || o.Project == project) && o.RecordedIn(w) {
			out.Daemons[o.Address] = true
		}
	}
	return out
}

// Standing says what an object with this record is, and, where it is not Own, why
// not: a clause for people. It is pure. A record counts whole or not at all, and is
// bound to the object by the object's name and by where it is; labels alone can be
// copied. A network or volume with a record of version 1 may bear another name than
// [Ownership.CreatedName]: whoever knows what was moved decides on that.
func (o Ownership) Standing(seen Seen, at Whereabouts) (Standing, string) {
	if o.Schema > OwnershipSchema { // which may say everything in another way
		if seen.Kind == Image { // no address is stopped for one
			return Foreign, "a later version of dindctl made it"
		}
		if counts, known := at.Addresses[o.Address]; known && counts != at.Place {
			return Foreign, o.Address + " is " + inPlace(counts)
		}
		return Own, ""
	}
	if missing := o.missing(); missing != "" {
		return Foreign, "its record lacks " + missing
	}
	if why := o.notOf(seen); why != "" {
		return Foreign, why
	}
	if o.Kind == Image {
		return Own, "" // images are carried to where they are needed
	}
	return o.In(at)
}

// missing names the first part that a whole record would have.
func (o Ownership) missing() string {
	for _, part := range []struct {
		name    string
		missing bool
	}{
		{"the project", o.Project == ""},
		{"the address", o.Address == ""},
		{"the kind", o.Kind == ""},
		{"the version", o.Schema < 1},
		{"the origin", o.Origin == ""},
		{"the run", o.Run == ""},
		{"what was declared", len(o.Spec) == 0 && !strings.HasSuffix(o.Address, helperSuffix)},
		{"the name", o.Schema == 2 && o.Name == ""},
	} {
		if part.missing {
			return part.name
		}
	}
	return ""
}

// helperSuffix ends the addresses of what a provider makes for a moment, beside an object.
const helperSuffix = ".helper"

// notOf says why a record is not that of the object that bears it; empty where it is.
func (o Ownership) notOf(seen Seen) string {
	name := o.CreatedName()
	switch {
	case o.Address == RootAddress: // what it is worth outside must not be said by what is inside
		return o.Address + " is the engine itself, and no object"
	case !wellFormed(o.Address):
		return fmt.Sprintf("%q is no address that a configuration can have", o.Address)
	case inEngine(o.Kind) != inEngine(seen.Kind), !fits(o.Address, o.Kind):
		return fmt.Sprintf("its record is that of a %s at %s", o.Kind, o.Address)
	case o.Kind == Image:
		return ""
	case !o.Kind.Runs() && o.Schema >= 2 && name != seen.Name:
		return fmt.Sprintf("its record is that of %q: the labels were copied", name)
	case !o.Kind.Runs():
		return ""
	case seen.From.Project == o.Project && seen.From.Address == o.Address && seen.From.Run == o.Run:
		return "it was made from a copy of " + o.Address + ", and inherited its labels"
	case seen.FromUnknown && seen.Name != name && (seen.Renamed == "" || seen.Renamed != seen.Name):
		return fmt.Sprintf("its record is that of %q, and what it was made from is gone: it may be a copy", name)
	}
	return ""
}

// In judges by where an object is alone, as Standing does.
func (o Ownership) In(at Whereabouts) (Standing, string) {
	here := o.RecordedIn(at)
	counts, known := at.Addresses[o.Address]
	switch {
	case known && counts == at.Place:
		return Own, ""
	case known && at.Configured && here:
		return Stray, o.Address + " is " + inPlace(counts) + " now"
	case known:
		return Foreign, o.Address + " is " + inPlace(counts)
	case here, o.Place != "" && !at.Daemons[o.Place]:
		return Own, ""
	}
	return Foreign, "its record says that it was made " + inPlace(o.Place)
}

// RecordedIn tells whether a record names the place that is looked at. Records of
// version 1 name none: that is where the object is found.
func (o Ownership) RecordedIn(at Whereabouts) bool {
	if o.Schema < 2 || o.Place == at.Place {
		return true
	}
	for _, alias := range at.Aliases {
		if o.Place == alias {
			return true
		}
	}
	return false
}

func inPlace(daemon string) string {
	switch daemon {
	case "":
		return "on the root engine"
	case NoPlace:
		return "an engine that dindctl does not make"
	}
	return "inside " + daemon
}

// CreatedName is the name that the object was created with. Records of version 1
// do not say it: it is what was declared, else what follows from the address.
func (o Ownership) CreatedName() string {
	if o.Schema >= 2 {
		return o.Name
	}
	var declared struct {
		Name json.RawMessage `json:"name"`
	}
	var name string
	if json.Unmarshal(o.Spec, &declared) == nil && json.Unmarshal(declared.Name, &name) == nil && name != "" {
		return name
	}
	return DefaultName(o.Project, o.Address, o.Kind)
}

// DefaultName is the name of an object that is declared without one: its project,
// and what tells it from others in its address. It is "ci-dind-data" for the address
// daemon.dind.data of the project ci, "ci-edge-a-web" for module.edge["a"].container.web.
func DefaultName(project, address string, kind Kind) string {
	parts := partsOf(address)
	name := strings.Join(append([]string{project}, parts.words...), "-")
	if kind == Image {
		return strings.ToLower(name) // references to images have no capitals
	}
	return name
}

// KeyWord is the key of an instance as it stands in names; "key" where nothing of it
// can stand there.
func KeyWord(key string) string {
	var out strings.Builder
	dash := false
	for _, r := range key {
		fit := r == '_' || r == '.' || r == '-' || r >= '0' && r <= '9' || r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z'
		if !fit {
			dash = true
			continue
		}
		if dash {
			out.WriteByte('-')
		}
		dash = false
		out.WriteRune(r)
	}
	if fit := strings.Trim(out.String(), "-."); fit != "" {
		return fit
	}
	return "key"
}

// addressParts are what an address is made of: module.edge["a"].daemon.dind.data.
type addressParts struct {
	kind  Kind     // daemon
	words []string // edge, a, dind, data: what tells it from others
	part  string   // data: the part of an object, empty for the object itself
}

func partsOf(address string) addressParts {
	var out addressParts
	word, _, rest := firstPart(address)
	for word == "module" && rest != "" {
		name, key, more := firstPart(rest)
		out.words = append(append(out.words, name), key...)
		word, _, rest = firstPart(more)
	}
	out.kind = Kind(word)
	for first := true; rest != ""; first = false {
		var key []string
		word, key, rest = firstPart(rest)
		out.words = append(append(out.words, word), key...)
		if !first {
			out.part = word
		}
	}
	return out
}

// firstPart takes the first word off an address, with the key that follows it, as
// it stands in names: one word, or none.
func firstPart(address string) (word string, key []string, rest string) {
	end := strings.IndexAny(address, ".[")
	if end < 0 {
		return address, nil, ""
	}
	word, rest = address[:end], address[end:]
	if rest[0] == '[' {
		quoted, err := strconv.QuotedPrefix(rest[1:])
		text, notText := strconv.Unquote(quoted)
		switch closing := strings.IndexByte(rest, ']'); {
		case err == nil && notText == nil:
			key, rest = []string{KeyWord(text)}, strings.TrimPrefix(rest[1+len(quoted):], "]")
		case closing > 0:
			key, rest = []string{KeyWord(rest[1:closing])}, rest[closing+1:]
		default:
			rest = ""
		}
	}
	return word, key, strings.TrimPrefix(rest, ".")
}

// wellFormed tells whether a text is written as addresses are: words between dots, each
// with a key in brackets at most, a number or a quoted text. Whoever types an address may
// leave quotes out, so what bears them elsewhere would be taken for another's.
func wellFormed(address string) bool {
	for rest := address; ; rest = rest[1:] {
		end := strings.IndexAny(rest, ".[")
		if end < 0 {
			end = len(rest)
		}
		if end == 0 || strings.IndexFunc(rest[:end], noPartOfWord) >= 0 {
			return false
		}
		if rest = rest[end:]; strings.HasPrefix(rest, "[") {
			var ok bool
			if rest, ok = afterKey(rest[1:]); !ok {
				return false
			}
		}
		if rest == "" {
			return true
		}
		if rest[0] != '.' {
			return false
		}
	}
}

// noPartOfWord tells of what neither a label nor a keyword can hold, in any language.
func noPartOfWord(r rune) bool {
	return strings.ContainsRune("\"'`\\]{}()<>$/", r) || !unicode.IsPrint(r) || unicode.IsSpace(r)
}

// afterKey is what follows a key and its closing bracket.
func afterKey(text string) (rest string, ok bool) {
	if quoted, err := strconv.QuotedPrefix(text); err == nil && quoted[0] == '"' {
		return strings.CutPrefix(text[len(quoted):], "]")
	}
	rest = strings.TrimLeft(text, "0123456789")
	return strings.TrimPrefix(rest, "]"), len(rest) < len(text) && strings.HasPrefix(rest, "]")
}

// inEngine is what an engine makes of a kind: containers of every kind that runs.
func inEngine(k Kind) Kind {
	if k.Runs() {
		return Container
	}
	return k
}

// fits tells whether an object of the kind can have the address.
func fits(address string, kind Kind) bool {
	parts := partsOf(address)
	if parts.part != "" { // a daemon's data, somebody's helper
		return kind == Volume || kind == Container
	}
	return parts.kind == kind
}

// ShortID is an identity as people see it: of a digest the first 12 digits, without the
// word before them that says how it was made; of what is no digest, such as a name, all.
func ShortID(id string) string {
	how, digits, said := strings.Cut(id, ":")
	if !said {
		how, digits = "sha256", id
	}
	if !strings.HasPrefix(how, "sha") || strings.Trim(digits, "0123456789abcdef") != "" || !said && len(digits) < 64 {
		return id
	}
	return digits[:min(len(digits), 12)]
}
