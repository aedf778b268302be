package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// Site is where an address of the configuration belongs, and under which name.
type Site struct {
	Inside string // the address of a daemon; empty for the root; provider.NoPlace where no object stands for it
	Name   string
	Kind   provider.Kind
	// External says that it is used as it is found, under its name.
	External bool
}

// Belongings are what tells which objects are a project's, beside their records.
type Belongings struct {
	Project string
	// Sites are those of the configuration, by address; nil without one.
	Sites map[string]Site
	// Moves say which addresses are meant by those under which objects were recorded.
	Moves []config.Move
	// Elsewhere are the addresses of daemons that are engines with an endpoint.
	Elsewhere []string
}

// Configured tells whether there is a configuration, which says where addresses belong.
func (b Belongings) Configured() bool { return b.Sites != nil }

// At says where objects count, for whoever looks at a place. Without a
// configuration an address counts where it was found furthest out: outer are those
// places, by address. Found are the daemons that were found so far.
func (b Belongings) At(place string, outer map[string]string, found []string) provider.Whereabouts {
	at := provider.Whereabouts{
		Place: place, Aliases: config.Recorded(b.Moves, place), Addresses: outer, Configured: b.Configured(), Daemons: map[string]bool{},
	}
	daemon := func(address string) {
		for _, recorded := range config.Recorded(b.Moves, address) {
			at.Daemons[recorded] = true
		}
	}
	for _, address := range slices.Concat(b.Elsewhere, found) {
		daemon(address)
	}
	if !at.Configured {
		return at
	}
	at.Addresses = make(map[string]string, len(b.Sites))
	for address, site := range b.Sites {
		for _, recorded := range config.Recorded(b.Moves, address) {
			at.Addresses[recorded] = site.Inside
		}
		if site.Kind == provider.Daemon && site.Inside != provider.NoPlace {
			daemon(address)
		}
	}
	return at
}

// Settle decides on the objects of one place that pass for one address, after
// [Snapshot.Move]. Of several, those that do not count lose their owner and keep
// their claim; where nothing tells which one counts, the address is stopped. A pure
// function of the snapshot: what it leaves, it leaves alone when it is called again.
func (s *Snapshot) Settle(b Belongings) {
	s.Stops = nil
	byAddress, strays := map[string][]int{}, map[string][]int{}
	for i, o := range s.Objects {
		switch {
		case o.Owner.Project != b.Project || b.Project == "" || o.Kind == provider.Image || o.Condition.State == provider.StateRemoving:
		case o.Stray:
			strays[o.Owner.Address] = append(strays[o.Owner.Address], i)
		default:
			byAddress[o.Owner.Address] = append(byAddress[o.Owner.Address], i)
		}
	}
	for _, address := range sortedKeys(strays) {
		s.settleStrays(b, address, strays[address])
	}
	for _, address := range sortedKeys(byAddress) {
		list := slices.DeleteFunc(byAddress[address], func(i int) bool { return !s.named(b, i) })
		if s.refuseLater(address, list) || len(list) < 2 {
			continue
		}
		switch kind := s.Objects[list[0]].Kind; {
		case kind.Runs():
			s.settleRunning(b, address, list)
		case kind == provider.Network:
			s.settleNetworks(address, list)
		default:
			s.stop(address, list, "Remove or rename the one that is not meant; dindctl chooses none where data is at stake.")
		}
	}
}

// settleStrays decides which objects that pass for one address, in a place where it
// does not count any longer, are the project's and may go. Where nothing tells, none
// is: that stops no address, for the place may be inside a daemon, whose owner
// says nothing about what is outside.
func (s *Snapshot) settleStrays(b Belongings, address string, list []int) {
	var ran, right []int
	for _, i := range s.thatRan(list) {
		switch o := s.Objects[i]; {
		case !s.fitsName(b, i):
			s.disown(i, fmt.Sprintf("its record is that of %q", s.createdName(i)))
		case o.Kind.Runs() && o.Name == s.createdName(i):
			ran, right = append(ran, i), append(right, i)
		case o.Kind.Runs():
			ran = append(ran, i)
		}
	}
	if len(ran) < 2 {
		return
	}
	for _, i := range ran {
		switch {
		case len(right) != 1:
			s.disown(i, fmt.Sprintf("several objects pass for %s there, and nothing tells which is meant", address))
		case i != right[0]:
			s.disown(i, fmt.Sprintf("%s passes for %s already, under its own name", s.Objects[right[0]].Name, address))
		}
	}
}

// Disown takes back what counted only because the daemon that its record names had
// not been found: found are the daemons of all places.
func (s *Snapshot) Disown(project string, at provider.Whereabouts, found []string) {
	for i, o := range s.Objects {
		_, known := at.Addresses[o.Owner.Address]
		if o.Owner.Project == project && o.Kind != provider.Image && !known && !o.Owner.RecordedIn(at) && slices.Contains(found, o.Owner.Place) {
			s.disown(i, "its record says that it was made inside "+o.Owner.Place)
		}
	}
}

// Leave makes an object of the snapshot a foreign one; why is a clause.
func (s *Snapshot) Leave(id, why string) {
	for i, o := range s.Objects {
		if o.ID == id && o.Owner.Project != "" {
			s.disown(i, why)
		}
	}
}

// named settles the name that a record of version 1 does not say, and tells whether
// the object is still ours. Such a network or volume passes under the name that its
// record gives, or that the address gave which it was moved from. Else it is a copy,
// where the object of that name is there; or stops its address: earlier versions made
// such names.
func (s *Snapshot) named(b Belongings, i int) bool {
	o := &s.Objects[i]
	record := o.Owner
	name := s.createdName(i)
	if s.fitsName(b, i) {
		return true
	}
	for _, other := range s.Objects {
		if other.Name == name && other.Kind == o.Kind {
			s.disown(i, fmt.Sprintf("its record is that of %q: the labels were copied", name))
			return false
		}
	}
	s.Stops = append(s.Stops, diag.Problem{
		Severity: diag.Error, Code: "unclear-name", Address: record.Address, Summary: "A record does not say whether an object is meant",
		Detail: fmt.Sprintf("The %s %q bears the record of %s, whose name would be %q, and nothing has that name. An earlier version of dindctl made it "+
			"after the address was moved, or somebody copied the labels. If it is meant, put the moved block back that led to %[3]s, or remove it with docker "+
			"%[1]s rm once nothing needs it; if it is not, make it anew without the labels dev.dindctl.*.", o.Kind, o.Name, record.Address, name),
	})
	return true
}

// fitsName tells whether a network or volume bears the name that its record of version
// 1 gives, or that the address gave which it was moved from.
func (s *Snapshot) fitsName(b Belongings, i int) bool {
	o := s.Objects[i]
	return o.Kind.Runs() || fitsName(b.Moves, o, s.createdName(i))
}

// fitsName tells whether an object bears the name that its record gives, or, where that
// is of version 1, that the address gave which it was moved from.
func fitsName(moves []config.Move, o provider.Object, created string) bool {
	return o.Name == created || o.Owner.Schema == 1 && slices.ContainsFunc(config.Recorded(moves, o.Owner.Address), func(from string) bool {
		return o.Name == provider.DefaultName(o.Owner.Project, from, o.Owner.Kind)
	})
}

// refuseLater stops an address whose records are of a later version, and tells
// whether it did.
func (s *Snapshot) refuseLater(address string, list []int) bool {
	for _, i := range list {
		if o := s.Objects[i]; o.Owner.Schema > provider.OwnershipSchema {
			s.Stops = append(s.Stops, diag.Problem{
				Severity: diag.Error, Code: "later-records", Address: address, Summary: "An object was made by a later dindctl",
				Detail: fmt.Sprintf("%s (%s) bears records of version %d; this dindctl knows up to version %d and does not touch it. Use the later one; "+
					"or, if somebody copied the labels, make it anew without the labels dev.dindctl.*.",
					o.Name, address, o.Owner.Schema, provider.OwnershipSchema),
			})
			return true
		}
	}
	return false
}

// settleRunning chooses among what runs. What never ran beside what did is what an
// interrupted run left, and goes. Of the others the one counts that has the recorded
// or the declared name; the others are copies.
func (s *Snapshot) settleRunning(b Belongings, address string, list []int) {
	ran := s.thatRan(list)
	if len(ran) < 2 {
		return
	}
	var right []int
	for _, i := range ran {
		o := s.Objects[i]
		if site, configured := b.Sites[address]; o.Name == s.createdName(i) || configured && o.Name == site.Name {
			right = append(right, i)
		}
	}
	if len(right) != 1 {
		s.stop(address, ran, "Remove the one that is not meant, or give it back its name.")
		return
	}
	for _, i := range ran {
		if i != right[0] {
			s.disown(i, fmt.Sprintf("%s passes for %s already, under its own name", s.Objects[right[0]].Name, address))
		}
	}
}

// createdName is the name that an object was made with, as its record says or
// leads one to expect: by the address under which it was recorded.
func (s *Snapshot) createdName(i int) string {
	record := s.Objects[i].Owner
	if was := s.Moved[record.Address]; was != "" {
		record.Address = was
	}
	return record.CreatedName()
}

// thatRan are those of a list but what an interrupted run left beside one that ran.
func (s *Snapshot) thatRan(list []int) []int {
	ran := slices.DeleteFunc(slices.Clone(list), func(i int) bool { return s.Objects[i].Kind.Runs() && s.neverRan(i) })
	if len(ran) == 0 {
		return list
	}
	return ran
}

func (s *Snapshot) neverRan(i int) bool {
	c := s.Objects[i].Condition
	return c.Started == "" && (c.State == provider.StateCreated || c.State == provider.StateNone)
}

// settleNetworks stops an address of which several networks have members. Else the
// one that has some counts, or the oldest; see [better].
func (s *Snapshot) settleNetworks(address string, list []int) {
	used := slices.DeleteFunc(slices.Clone(list), func(i int) bool { return s.Objects[i].Members == 0 })
	if len(used) > 1 {
		s.stop(address, used, "Disconnect the members of the one that is not meant; it goes then.")
	}
}

// disown makes an object a foreign one, and a foreign user of what it uses.
func (s *Snapshot) disown(i int, why string) {
	o := &s.Objects[i]
	for _, used := range usedBy(*o, "") {
		if !o.Kind.Runs() {
			break
		}
		for j := range s.Objects {
			if other := &s.Objects[j]; nameOf("", *other) == used && other.Owner.Project != "" {
				other.Users = append(slices.Clip(other.Users), fmt.Sprintf("%s %s", provider.Container, o.Name))
				slices.Sort(other.Users)
			}
		}
	}
	o.Claim, o.Owner, o.WhyNot, o.Stray = o.Owner, provider.Ownership{}, why, false
}

// stop makes an error of several objects that pass for one address.
func (s *Snapshot) stop(address string, list []int, advice string) {
	var names []string
	for _, i := range list {
		names = append(names, fmt.Sprintf("%s (%s)", s.Objects[i].Name, provider.ShortID(s.Objects[i].ID)))
	}
	slices.Sort(names)
	s.Stops = append(s.Stops, diag.Problem{
		Severity: diag.Error, Code: "two-of-one-address", Address: address, Summary: "Several objects pass for one address",
		Detail: fmt.Sprintf("%s pass for %s: each bears its whole record, and nothing tells which is meant. Neither is touched. %s",
			strings.Join(names, " and "), address, advice),
	})
}

// Counting are the project's objects of a place that count there, the best of each
// address alone. Of an address that is stopped there is none. Images come as they are.
func (s *Snapshot) Counting(project string) []provider.Object {
	best, stopped := map[string]int{}, map[string]bool{}
	for _, problem := range s.Stops {
		stopped[problem.Address] = true
	}
	var out []provider.Object
	for i, o := range s.Objects {
		switch address := o.Owner.Address; {
		case o.Owner.Project != project || o.Stray || stopped[address] || o.Condition.State == provider.StateRemoving:
		case o.Kind == provider.Image:
			out = append(out, o)
		default:
			if at, found := best[address]; !found || better(placed{Object: o}, placed{Object: s.Objects[at]}) < 0 {
				best[address] = i
			}
		}
	}
	for _, address := range sortedKeys(best) {
		out = append(out, s.Objects[best[address]])
	}
	return out
}

// Stopped are the errors that each stop one address, and what needs it.
func (o Observed) Stopped() diag.List {
	var out diag.List
	for _, inside := range o.places() {
		for _, problem := range o.snapshot(inside).Stops {
			if inside != "" {
				problem.Detail = "Inside " + inside + ": " + problem.Detail
			}
			out = append(out, problem)
		}
	}
	slices.SortStableFunc(out, func(a, b diag.Problem) int { return cmp.Compare(a.Address, b.Address) })
	return out
}

// Foreign is an object that bears the project's labels and is not the project's.
type Foreign struct {
	Address, Name, ID string // the address that its labels claim
	Kind              provider.Kind
	Inside            string // the daemon that it was found in; empty for the root
	Why               string // why it does not count, a clause
}

// Foreign are the objects that claim to be the project's and are not, by place and address.
func (o Observed) Foreign(project string) []Foreign {
	var out []Foreign
	for _, inside := range o.places() {
		for _, object := range o.snapshot(inside).Objects {
			if project != "" && object.Claim.Project == project {
				out = append(out, Foreign{
					Address: object.Claim.Address, Name: object.Name, ID: object.ID, Kind: object.Kind, Inside: inside, Why: object.WhyNot,
				})
			}
		}
	}
	slices.SortFunc(out, func(a, b Foreign) int {
		return cmp.Or(cmp.Compare(a.Inside, b.Inside), cmp.Compare(a.Address, b.Address), cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return out
}
