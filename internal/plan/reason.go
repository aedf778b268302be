package plan

import (
	"slices"

	"github.com/dindctl/dindctl/provider"
)

// Reason is why something happens to an address, from a closed set. It is for
// machines; the Cause beside it says the same in words.
type Reason string

// The reasons. Those of changes follow from the causes of the attributes.
const (
	FromConfiguration Reason = "configuration"          // the configuration says otherwise than at the creation
	FromOutside       Reason = "changed_outside"        // somebody else changed it
	FromBoth          Reason = "both"                   // the one and the other
	FromExpiry        Reason = "expires"                // what it was made with ends
	FromAbsence       Reason = "absent"                 // it is not there, and nothing says that it ever was
	FromRemoval       Reason = "removed"                // it was there: something was made with it
	FromUnread        Reason = "not_readable"           // whether it is there is not known
	FromAnother       Reason = "because_of_another"     // something else is replaced, changed, started or removed, or was started by somebody
	FromOrphan        Reason = "orphan"                 // the configuration has it no longer
	FromRequest       Reason = "by_request"             // -replace, destroy, a job run by name
	FromNoRecord      Reason = "no_record"              // nothing says that the job has run
	FromFailure       Reason = "failed_run"             // the job's last run did not succeed
	FromStop          Reason = "stopped"                // it does not run, or does not answer
	FromEarlierRun    Reason = "incomplete_earlier_run" // an earlier run was interrupted
	FromRunning       Reason = "running"                // the job runs: it is waited for
)

// Reasons are all of them.
func Reasons() []Reason {
	return []Reason{
		FromConfiguration, FromOutside, FromBoth, FromExpiry, FromAbsence, FromRemoval, FromUnread, FromAnother,
		FromOrphan, FromRequest, FromNoRecord, FromFailure, FromStop, FromEarlierRun, FromRunning,
	}
}

// decide says what happens to the address, and why.
func (r *Resource) decide(action Action, reason Reason, cause string) {
	r.Action, r.Reason, r.Cause = action, reason, cause
}

// why is a reason with its words; the zero value is none.
type why struct {
	reason Reason
	cause  string
}

// follow is decide with what was found out before.
func (r *Resource) follow(action Action, because why) {
	r.decide(action, because.reason, because.cause)
}

// reasonOf is the reason of changes.
func reasonOf(changes []provider.Change) Reason {
	has := func(cause provider.Cause) bool {
		return slices.ContainsFunc(changes, func(c provider.Change) bool { return c.Cause == cause })
	}
	configured, outside := has(provider.Configured), has(provider.Outside)
	switch {
	case has(provider.Both), configured && outside:
		return FromBoth
	case outside:
		return FromOutside
	case configured:
		return FromConfiguration
	}
	return FromExpiry
}
