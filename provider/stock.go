package provider

import "context"

// Stored is one thing that takes space in a place, or is in somebody's way there.
type Stored struct {
	// Kind is Volume or Image; of a Record, empty.
	Kind     Kind
	ID, Name string    // the name of an image is empty where no tag leads to it
	Owner    Ownership // without Spec and Deps
	Bytes    int64     // -1: not known
	Created  string    // RFC 3339, or empty
	// Users are all objects that use it, of this project or not, for people.
	Users []string
	// Record says that it is a note of the provider's own, about an object that is
	// not there any more.
	Record bool
}

// HeldLock is a project's lock in an engine, and who holds it.
type HeldLock struct {
	Project string
	Holder  Holder
}

// StockResponse lists what dindctl left in a place, of all projects.
type StockResponse struct {
	Stored []Stored
	// Locks are those of [Locker]; only the root place has some.
	Locks []HeldLock
}

// Stocker takes stock of volumes, images and records that dindctl made, in a place.
type Stocker interface {
	// Stock changes nothing.
	Stock(ctx context.Context, place Place) (StockResponse, error)
	// Sweep removes one thing that Stock listed. What is used meanwhile is a
	// [*Problem] with code [InUse]; what is gone is no error.
	Sweep(ctx context.Context, place Place, stored Stored, sink Sink) error
}
