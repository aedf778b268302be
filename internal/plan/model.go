// Package plan decides. From a configuration, what was observed, and a pure
// comparison, it makes a [Plan]: a value with ordered [Step]s, each with its
// cause, that can be printed, compared, saved and carried out by package
// runner. It asks no engine, reads no clock and no file.
package plan

import (
	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/internal/mount"
	"github.com/dindctl/dindctl/provider"
)

// Observed is what was seen of a project.
type Observed struct {
	Root Snapshot
	// Inside holds the places inside daemons, by the daemon's address.
	Inside map[string]Snapshot
	// Sites say where the configuration's addresses belong; nil without one.
	Sites map[string]Site
}

// Snapshot is one place.
type Snapshot struct {
	Place provider.Place
	Facts provider.Facts
	// Readable is false where nothing could be seen; Why says why. Absent says
	// that it is known that nothing is there: the daemon and its data are absent.
	Readable, Absent bool
	Why              string
	Objects          []provider.Object
	Others           []provider.Other  // what is not the project's; see [provider.ObserveResponse]
	Images           map[string]string // wanted image reference -> id
	Contents         map[string]string // id of an image -> what it is; see [provider.ObserveResponse]
	Projects         map[string]int
	// Moved are the addresses under which moved objects were recorded, by the
	// addresses that are meant now.
	Moved map[string]string
	// Stops are errors about addresses of which nothing tells which object is theirs;
	// see [Snapshot.Settle].
	Stops diag.List
}

// Differ is the provider's pure comparison.
type Differ func([]provider.DiffItem) ([]provider.Difference, error)

// Input is everything that a plan is made from.
type Input struct {
	Project string
	Origin  string
	// Derived says that the project's name was derived; see design, names.
	Derived bool
	// Expand evaluates the configuration with what is known. It is nil for a
	// destroy without configuration.
	Expand   func(config.Known) (*config.Expanded, diag.List)
	Observed Observed
	Diff     Differ
	Files    mount.Checker
	// Destroy plans the removal of everything; Volumes and Images extend it.
	Destroy, Volumes, Images bool
	// Target limits the plan to these addresses and what they need; Exclude leaves
	// these out and what needs them. A block's address means all its instances.
	Target, Exclude []string
	// Replace are addresses to make anew although nothing differs.
	Replace []string
	// Run are addresses of jobs to run whatever their records say, also on_request ones.
	Run []string
	// DataLoss lets a plan lose data: that was consented to, or will be asked about;
	// see [Plan.Losses]. Without it such a plan is an error.
	DataLoss bool
	// Prevented tells of an address whether prevent_destroy keeps it, and where
	// that stands. It may be nil.
	Prevented func(address string) (diag.Range, bool)
	// Declared are the instances of a configuration that is destroyed, as far as
	// they are known. It may be nil.
	Declared []config.Instance
	// Interrupted tells whether the run was asked to end, by an error, as the method
	// Err of a context does. It is asked in every loop that what was observed or
	// configured makes long; there is no plan then. It may be nil.
	Interrupted func() error
}

// over tells whether the run was asked to end.
func (in Input) over() bool { return in.Interrupted != nil && in.Interrupted() != nil }

// Action is what happens to one address.
type Action string

// The actions. A replacement is a Delete step and a Create step of one address. What
// runs and has a ready block has a Wait step, after its Update step where there is one: what
// makes or starts something waits itself. A
// start with changes is an Update step and a Start step; a restart likewise. A run whose old record
// is in the way of something else is a Delete step and a Run step.
const (
	None    Action = "no-op"
	Create  Action = "create"
	Update  Action = "update"  // live
	Replace Action = "replace" // of a Resource: delete, then create
	Start   Action = "start"   // an existing object is started, or waited for
	Restart Action = "restart" // an object that runs is ended and started again
	Run     Action = "run"     // a job without a good record: an old record is deleted first
	Delete  Action = "delete"
	Wait    Action = "wait" // of a Step alone: what runs, and is not started by the plan, has to be ready
	Stop    Action = "stop" // in no plan: an object is stopped by request, and kept
)

// Plan is what has to happen, in order.
type Plan struct {
	Project string
	Origin  string
	Engine  provider.Facts
	Destroy bool
	// Steps are in topological order; the same input gives the same steps.
	Steps []Step
	// Resources has one entry for each address, by address, also those without changes.
	Resources []Resource
	// Kept are objects of the project that stay although nothing wants them any longer.
	Kept []Kept
	// Unread are the daemons that could not be looked into.
	Unread []Unread
	// Foreign are objects that bear the project's labels and are not the project's.
	Foreign []Foreign
	// Stopped are errors that each stop one address, and with it what needs it. The
	// rest of the plan can be carried out.
	Stopped diag.List
	// Left are the addresses that nothing is done about because of Stopped: those, what
	// needs them, and what would have had to wait for them; sorted.
	Left    []string
	Outputs []config.OutputValue
	Mounts  []mount.Entry
	// Partial says that Target or Exclude left something out, or might have.
	Partial bool
	// Clean says that nothing has to change. There may be Wait steps all the same.
	Clean bool
	// Secrets knows the texts of all secrets of the objects, so that nothing that is said of
	// one of them shows those of another.
	Secrets provider.Secrets
	// Expanded is the configuration as the steps were made from it: with what was
	// known of the engine, and with translated sources as they are sent. Nil where
	// everything goes.
	Expanded *config.Expanded
}

// Step is one call of the provider.
type Step struct {
	ID      int // counted from 1
	Action  Action
	Address string
	Kind    provider.Kind
	Name    string
	// Inside is the address of the daemon in whose place it happens; empty for the root.
	Inside string
	// Object is the id of the existing object, for all but Create.
	Object string
	// Cause is a clause for people: "not there yet", "no record of a run"; Reason the
	// same for machines.
	Cause   string
	Reason  Reason
	Changes []provider.Change
	// Needs are the ids of steps that must have succeeded before.
	Needs []int
	// Tentative says that the place could not be looked into: "create, unless
	// already there". It is planned again when the daemon is ready.
	Tentative bool
	// DataLoss describes data that goes with it, empty for none.
	DataLoss string
	// Replaces is the id of the object that stands until this one is made and takes its
	// name over, or, of a network, that an earlier step removes; empty for none. Anew says that this was asked for although nothing differs.
	Replaces string
	Anew     bool
	// Hinges are the addresses of images that are made anew before, sorted, because of
	// which alone the step is there: where each comes out under the id that it has, what
	// stands is right, and the step is not needed.
	Hinges []string
}

// Resource is what becomes of one address.
type Resource struct {
	Address   string
	Kind      provider.Kind
	Name      string
	Inside    string
	Action    Action
	Cause     string
	Reason    Reason
	Changes   []provider.Change
	Tentative bool
	DataLoss  string
	// NotCompared are arguments of which nothing tells whether they changed (sensitive ones,
	// and what was not recorded yet when the object was made), and Exposed the places whose values became sensitive after they were recorded. Both are
	// empty where the object is made anew, or goes.
	NotCompared []provider.NotCompared
	Exposed     []string
	// Inner says what becomes of what is inside a daemon that goes down.
	Inner Inner
	// Loses describes the data that would be lost if an object with one of these were made
	// anew to mend it; empty for none.
	Loses string
	// MovedFrom is the address under which the object was recorded, where a moved
	// block says that this one is meant. Its records stay until it is made anew.
	MovedFrom string
	// Before is the observed object, nil where there is none; After what is
	// wanted, nil for a deletion.
	Before *provider.Object
	After  *config.Instance
	// Secrets decides what of Before, After and Changes may be shown.
	Secrets provider.Secrets
}

// Kept is an object that is left.
type Kept struct {
	Address, Name string
	Kind          provider.Kind
	Inside        string // address of the daemon that it is in; empty for the root
	Why           string // a clause: "volumes are kept without -volumes"
}

// Unread is a daemon whose inside is not readable now.
type Unread struct {
	Address string
	Why     string
	// Goes says that what is inside goes with the daemon.
	Goes bool
}
