package plan_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/provider"
)

// What was recorded before names were, and has moved since, has the name that its old
// address gives: a copy under the name of the new address does not take its place.
func TestTheNameOfWhatMovedIsThatOfItsOldAddress(t *testing.T) {
	t.Parallel()
	moves := []config.Move{{From: "container.a", To: "container.b"}}
	object := func(id, name string) provider.Object {
		return provider.Object{
			ID: id, Kind: provider.Container, Name: name, Condition: provider.Condition{State: provider.StateRunning, Started: id},
			Owner: provider.Ownership{Project: "p", Address: "container.a", Kind: provider.Container, Spec: []byte("{}"), Schema: 1},
		}
	}
	for _, copied := range []string{"p-b", "other"} {
		s := plan.Snapshot{Readable: true, Objects: []provider.Object{object("1", "p-a"), object("2", copied)}}
		s.Move(moves, "p")
		s.Settle(plan.Belongings{Project: "p", Moves: moves})
		if len(s.Stops) != 0 || s.Objects[0].Owner.Address != "container.b" || s.Objects[1].Claim.Address != "container.b" {
			t.Errorf("beside %s: stops %v, %+v, %+v", copied, s.Stops, s.Objects[0].Owner, s.Objects[1].Owner)
		}
	}
}

// Of several that pass for an address in a place where it does not count any longer, the
// one under its recorded name goes and the others are somebody's copies; what was seen to
// use a volume is a foreign user of it then. Nothing there stops the address.
func TestStraysAreSettledLikeTheOthers(t *testing.T) {
	t.Parallel()
	object := func(kind provider.Kind, name string, schema int, recorded string) provider.Object {
		o := provider.Object{
			ID: name, Kind: kind, Name: name, Stray: true,
			Owner: provider.Ownership{Project: "p", Address: string(kind) + ".x", Kind: kind, Spec: []byte("{}"), Schema: schema, Name: recorded},
		}
		if kind.Runs() {
			o.Condition = provider.Condition{State: provider.StateRunning, Started: "1"}
			o.Views = []provider.View{{Type: "volume", Source: "p-data", Target: "/data"}}
		}
		return o
	}
	data := provider.Object{ID: "p-data", Kind: provider.Volume, Name: "p-data", Owner: provider.Ownership{Project: "p", Address: "volume.data", Kind: provider.Volume, Schema: 2, Name: "p-data"}}
	created := object(provider.Container, "left", 2, "p-x")
	created.Condition = provider.Condition{State: provider.StateCreated}
	for _, row := range []struct {
		what    string
		objects []provider.Object
		ours    string
		users   string
	}{
		{"a copy beside it", []provider.Object{object(provider.Container, "p-x", 2, "p-x"), object(provider.Container, "copy", 2, "p-x")}, "p-x", "container copy"},
		{"renamed", []provider.Object{object(provider.Container, "other", 2, "p-x")}, "other", ""},
		{"what an interrupted run left", []provider.Object{object(provider.Container, "p-x", 2, "p-x"), created}, "left p-x", ""},
		{"nothing tells", []provider.Object{object(provider.Container, "one", 2, "one"), object(provider.Container, "two", 2, "two")}, "", "container one container two"},
		{"a network of version 1 under its name", []provider.Object{object(provider.Network, "p-x", 1, "")}, "p-x", ""},
		{"a network of version 1 under another", []provider.Object{object(provider.Network, "somebodys", 1, "")}, "", ""},
		{"a volume of version 1 under another", []provider.Object{object(provider.Volume, "somebodys", 1, "")}, "", ""},
	} {
		s := plan.Snapshot{Readable: true, Objects: append(row.objects, data)}
		for range 2 { // what it leaves, it leaves alone
			s.Settle(plan.Belongings{Project: "p", Sites: map[string]plan.Site{}})
		}
		var ours []string
		for _, o := range s.Objects[:len(row.objects)] {
			if o.Owner.Project != "" {
				ours = append(ours, o.Name)
			}
		}
		slices.Sort(ours)
		users := strings.Join(s.Objects[len(row.objects)].Users, " ")
		if got := strings.Join(ours, " "); got != row.ours || users != row.users || len(s.Stops) != 0 {
			t.Errorf("%s: ours are %q, the volume is used by %q, stops %v", row.what, got, users, s.Stops)
		}
	}
}

// A copy that is recorded under the address which something was moved to, and not under
// the name that such a record gives, takes the address from nothing: what was moved stays
// what it is.
func TestACopyDoesNotKeepWhatMovedFromItsAddress(t *testing.T) {
	t.Parallel()
	moves := []config.Move{{From: "container.a", To: "container.b"}, {From: "volume.a", To: "volume.b"}}
	object := func(kind provider.Kind, label, name, recorded string, schema int) provider.Object {
		o := provider.Object{
			ID: name, Kind: kind, Name: name,
			Owner: provider.Ownership{Project: "p", Address: string(kind) + "." + label, Kind: kind, Spec: []byte("{}"), Schema: schema, Name: recorded},
		}
		if kind.Runs() {
			o.Condition = provider.Condition{State: provider.StateRunning, Started: "1"}
		}
		return o
	}
	for _, row := range []struct {
		what  string
		other provider.Object
		moved bool
	}{
		{"a container under another name", object(provider.Container, "b", "copy", "p-a", 2), true},
		{"a container with a record of version 1", object(provider.Container, "b", "copy", "", 1), true},
		{"a volume with a record of version 1", object(provider.Volume, "b", "copy", "", 1), true},
		{"a container that was made there", object(provider.Container, "b", "p-b", "p-b", 2), false},
		{"a volume that was made there", object(provider.Volume, "b", "p-b", "p-b", 2), false},
		{"a volume that an earlier version made there, under the name before the move", object(provider.Volume, "b", "p-a", "", 1), false},
	} {
		kind := row.other.Kind
		s := plan.Snapshot{Readable: true, Objects: []provider.Object{object(kind, "a", "p-a", "p-a", 2), row.other}}
		s.Move(moves, "p")
		s.Settle(plan.Belongings{Project: "p", Moves: moves, Sites: map[string]plan.Site{string(kind) + ".b": {Name: "p-b", Kind: kind}}})
		if got := s.Objects[0].Owner.Address == string(kind)+".b"; got != row.moved || len(s.Stops) != 0 {
			t.Errorf("%s: it is %q, stops %v", row.what, s.Objects[0].Owner.Address, s.Stops)
		}
	}
}

// Only what is the project's own keeps its name: an object of another project, which was
// looked at because its name is wanted, may have the same address.
func TestNamesOfOtherProjectsAreNotKept(t *testing.T) {
	t.Parallel()
	volume := func(project, name string) provider.Object {
		return provider.Object{ID: name, Kind: provider.Volume, Name: name, Owner: provider.Ownership{
			Project: project, Address: "volume.data", Kind: provider.Volume, Spec: []byte("{}"), Schema: 2, Name: name,
		}}
	}
	seen := plan.Observed{Root: plan.Snapshot{Readable: true, Objects: []provider.Object{volume("b", "b-data"), volume("a", "a-data")}}}
	if got := seen.KeptNames("b", func(string) bool { return false }); len(got) != 1 || got["volume.data"] != "b-data" {
		t.Errorf("kept are %v", got)
	}
}

// A container that dindctl renamed as it ran has its address still, whatever its record
// says that it was called when it was made: nothing moves there in its stead.
func TestWhatWasRenamedKeepsItsAddress(t *testing.T) {
	t.Parallel()
	container := func(address, created, spec, name string) provider.Object {
		return provider.Object{ID: name, Kind: provider.Container, Name: name, Owner: provider.Ownership{
			Project: "p", Address: address, Kind: provider.Container, Spec: []byte(spec), Schema: 2, Name: created,
		}}
	}
	s := plan.Snapshot{Readable: true, Objects: []provider.Object{
		container("container.a", "p-a", `{"name":"other"}`, "other"), container("container.b", "p-b", `{}`, "p-b"),
	}}
	s.Move([]config.Move{{From: "container.b", To: "container.a"}}, "p")
	if got := []string{s.Objects[0].Owner.Address, s.Objects[1].Owner.Address}; !slices.Equal(got, []string{"container.a", "container.b"}) {
		t.Errorf("the addresses are %v", got)
	}
}
