package provider

import "context"

// HaltRequest asks that an object be stopped and kept, with its data.
type HaltRequest struct {
	Place   Place
	ID      string
	Project string
}

// HaltResponse is the object as it is afterwards.
type HaltResponse struct {
	Object Object
}

// WakeRequest asks that an object which was stopped run again, as the record of
// its creation says: no configuration is at hand.
type WakeRequest struct {
	Place   Place
	ID      string
	Project string
}

// WakeResponse is the object as it is afterwards.
type WakeResponse struct {
	Object Object
}

// Halter stops objects without removing them, and starts them again.
type Halter interface {
	// Halt sends the stop signal, kills after the grace period, and records that it
	// was asked for: [Condition.Requested] is true until the object is started
	// again, by whomever. An object that does not run is no error, and is recorded
	// likewise. A job, or what never runs, is a [*Problem] with code [Invalid].
	Halt(ctx context.Context, req HaltRequest, sink Sink) (HaltResponse, error)
	// Wake starts the object and waits until it is ready, as Create does. One that
	// runs is waited for. A job, or what never runs, is a [*Problem] with code [Invalid].
	Wake(ctx context.Context, req WakeRequest, sink Sink) (WakeResponse, error)
}
