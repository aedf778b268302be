package providertest

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/dindctl/dindctl/provider"
)

// rootEngine is the key of the root engine. The engine inside a daemon bears the
// id of the daemon's data volume, so that its contents live as long as that; or
// the daemon's own id where there is none.
const rootEngine = "root"

// state is everything that exists. It has a JSON form.
type state struct {
	Serial  int                          // of ids
	Clock   int                          // of events, in place of a time
	Objects map[string]*record           // by id
	Images  map[string]map[string]string // ids of images by engine and name
	Locks   map[string]provider.Holder   // by project
	Counts  map[string]int               // of effects, by operation
}

// record is one object.
type record struct {
	ID, Engine, Name string
	Kind             provider.Kind
	Owner            provider.Ownership // as its record says
	// From is the record on what it was made from: of a copy, that of the original.
	From           provider.Ownership
	Actual         stored
	Condition      provider.Condition
	Stdout, Stderr string
	// Files are what was copied in, by path.
	Files map[string]file `json:",omitempty"`
	// Data is the key of the engine inside a daemon.
	Data string
	// Joined are the ids of the objects whose namespaces it has, by the attribute that
	// says so, as they were at its creation.
	Joined map[string]string `json:",omitempty"`
	// Follows are starts of those that it came after, against the clock.
	Follows []string `json:",omitempty"`
	// Revision counts the changes of the object, Starts how often it was started.
	Revision, Starts int
	// Back says that it ran when its daemon was stopped and starts with that again.
	Back bool
}

// stored is a value with its type beside it in JSON.
type stored struct{ cty.Value }

type storedJSON struct{ Type, Value json.RawMessage }

// MarshalJSON writes type and value.
func (s stored) MarshalJSON() ([]byte, error) {
	t, err := ctyjson.MarshalType(s.Type())
	if err != nil {
		return nil, err
	}
	v, err := ctyjson.Marshal(s.Value, s.Type())
	if err != nil {
		return nil, err
	}
	return json.Marshal(storedJSON{Type: t, Value: v})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (s *stored) UnmarshalJSON(text []byte) error {
	var raw storedJSON
	if err := json.Unmarshal(text, &raw); err != nil {
		return err
	}
	t, err := ctyjson.UnmarshalType(raw.Type)
	if err != nil {
		return err
	}
	s.Value, err = ctyjson.Unmarshal(raw.Value, t)
	return err
}

func newState() *state {
	return &state{
		Objects: map[string]*record{}, Images: map[string]map[string]string{},
		Locks: map[string]provider.Holder{}, Counts: map[string]int{},
	}
}

// now is the next moment of a clock that only events move.
func (s *state) now() string {
	s.Clock++
	return time.Date(2000, time.January, 1, 0, 0, s.Clock, 0, time.UTC).Format(time.RFC3339)
}

func (s *state) add(r *record) {
	s.Serial++
	r.ID = fmt.Sprintf("m%06d", s.Serial)
	s.Objects[r.ID] = r
}

// all returns the objects of an engine, by id.
func (s *state) all(engine string) []*record {
	var out []*record
	for _, id := range slices.Sorted(maps.Keys(s.Objects)) {
		if r := s.Objects[id]; r.Engine == engine {
			out = append(out, r)
		}
	}
	return out
}

// space is the name space of a kind: what runs shares one.
func space(kind provider.Kind) provider.Kind {
	if kind.Runs() {
		return provider.Container
	}
	return kind
}

// named returns the object that bears a name in an engine, or nil.
func (s *state) named(engine string, kind provider.Kind, name string) *record {
	for _, r := range s.all(engine) {
		if space(r.Kind) == space(kind) && r.Name == name {
			return r
		}
	}
	return nil
}

// remove takes an object away and, with the last of its data, what was inside it.
func (s *state) remove(r *record) {
	s.stop(r, 137)
	delete(s.Objects, r.ID)
	if r.Kind == provider.Image {
		delete(s.Images[r.Engine], tagged(r.Name))
	}
	for _, inner := range s.all(r.ID) {
		s.remove(inner)
	}
	delete(s.Images, r.ID)
}

// start makes an object run, and with a daemon what ran in it before.
func (s *state) start(r *record) {
	r.Condition = provider.Condition{State: provider.StateRunning, Started: s.now()}
	r.Revision++
	r.Starts++
	r.Back = false
	if r.Kind == provider.Daemon {
		s.up(r.Data)
	}
}

// up starts what ran on an engine when it went down. As with Docker nothing starts
// before what it lives in, and what cannot start stays down.
func (s *state) up(engine string) {
	for again := true; again; {
		again = false
		for _, r := range s.all(engine) {
			if r.Back && s.alone(r) == nil {
				s.start(r)
				again = true
			}
		}
	}
}

// stop ends an object that runs, and with a daemon what runs in it.
func (s *state) stop(r *record, code int) {
	if r.Condition.State != provider.StateRunning {
		return
	}
	r.Condition = provider.Condition{
		State: provider.StateExited, ExitCode: code, Started: r.Condition.Started, Ended: s.now(),
	}
	r.Revision++
	for _, other := range s.all(r.Engine) {
		if other.Joined["pid"] == r.ID { // its processes end with the first one of their namespace
			s.stop(other, 137)
		}
	}
	if r.Kind == provider.Daemon {
		s.down(r.Data)
	}
}

// down ends everything that runs on an engine.
func (s *state) down(engine string) {
	running := slices.DeleteFunc(s.all(engine), func(r *record) bool { return r.Condition.State != provider.StateRunning })
	for _, r := range running {
		s.stop(r, 137) // unless it ended with another one
		r.Condition.Interrupted = true
		r.Condition.Reason = "its engine was stopped"
		r.Back = text(r.Actual.Value, "restart") == restartAlways
	}
}

// users are the objects that use one, for people; foreign leaves out those of projects.
func (s *state) users(r *record, foreign bool) []string {
	var out []string
	for _, other := range s.all(r.Engine) {
		if other == r || (foreign && other.owner().Project != "") || !s.uses(other, r) {
			continue
		}
		out = append(out, string(space(other.Kind))+" "+other.Name)
	}
	return out
}

// uses tells whether an object stands in the way of removing another. As with
// Docker, a network is used by what runs, a volume and an image by what exists.
func (s *state) uses(user, used *record) bool {
	switch used.Kind {
	case provider.Network:
		return user.Condition.State == provider.StateRunning && slices.Contains(refNames(user.Actual.Value, "networks"), used.Name)
	case provider.Volume:
		return user.Data == used.ID || slices.Contains(refNames(user.Actual.Value, "data"), used.Name) ||
			slices.ContainsFunc(viewsOf(user.Actual.Value), func(v provider.View) bool {
				return v.Type == "volume" && v.Source == used.Name
			})
	case provider.Image:
		return user.Kind.Runs() && text(user.Actual.Value, "image_id") == s.Images[used.Engine][tagged(used.Name)]
	default:
		return false
	}
}

// image notes that an engine has an image.
func (s *state) image(engine, name, id string) {
	if s.Images[engine] == nil {
		s.Images[engine] = map[string]string{}
	}
	s.Images[engine][tagged(name)] = id
}

// tagged is an image's name with its tag.
func tagged(name string) string {
	if strings.Contains(name[strings.LastIndex(name, "/")+1:], ":") {
		return name
	}
	return name + ":latest"
}
