package provider

import "errors"

// Code says what kind of trouble a [Problem] is, for code that reacts to it.
type Code string

// The codes of problems.
const (
	Unreachable  Code = "unreachable"  // the engine does not answer
	Denied       Code = "denied"       // no permission on the engine
	NotFound     Code = "not_found"    // the object is not there
	Conflict     Code = "conflict"     // name or port belongs to something else
	InUse        Code = "in_use"       // something else uses the object
	NoImage      Code = "no_image"     // the image cannot be had
	Refused      Code = "refused"      // the engine does not do that
	NotReady     Code = "not_ready"    // it never became ready
	JobFailed    Code = "job_failed"   // a job ended with another code than 0
	NotApplied   Code = "not_applied"  // accepted by the engine and not done
	Invalid      Code = "invalid"      // the declaration cannot be realised
	NotOurs      Code = "not_ours"     // the object belongs to nobody or to another project
	Interrupted  Code = "interrupted"  // stopped by request
	EngineFailed Code = "engine_error" // anything else that an engine answered
)

// Problem is an error for a person: what happened, why, and what to do.
type Problem struct {
	Code    Code
	Address string // of the object that it is about, may be empty
	Path    string // of the attribute that it is about, may be empty
	Summary string // a fixed sentence fragment without full stop
	Detail  string // sentences: the names, the engine's own words, what to do
	// Log holds the last lines of output where they explain the problem, as they were
	// written: as of [Event.Data], whoever shows them hides the secrets in them.
	Log []string
	// Holder describes the object in the way, for Conflict and InUse.
	Holder string
}

// Error returns summary and detail in one line.
func (p *Problem) Error() string {
	if p.Detail == "" {
		return p.Summary
	}
	return p.Summary + ": " + p.Detail
}

// Is makes errors.Is(err, &Problem{Code: c}) true for problems of that code.
func (p *Problem) Is(target error) bool {
	t, ok := target.(*Problem)
	return ok && t.Code == p.Code && t.Summary == ""
}

// CodeOf returns the code of the first Problem in err's chain, or empty.
func CodeOf(err error) Code {
	var p *Problem
	if errors.As(err, &p) {
		return p.Code
	}
	return ""
}
