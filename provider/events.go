package provider

// Event is one thing that happened while an object was being changed. Events
// are the only way in which a provider reaches a screen.
type Event struct {
	Address string
	Phase   Phase
	// Text is for people: what is waited for.
	Text string
	// Stream is "stdout" or "stderr" for PhaseOutput, and Data a piece of what the job
	// wrote there, byte for byte, wherever it was cut. Secrets are in it, also those of
	// other objects: whoever shows it knows them all, and hides them.
	Stream string
	Data   []byte
	// Done and Total count bytes; Total is 0 where it is not known.
	Done, Total int64
}

// Phase says what an event is about.
type Phase string

// The phases of a change.
const (
	PhasePull    Phase = "pull"    // an image is fetched from a registry
	PhaseCarry   Phase = "carry"   // an image is streamed from another place
	PhaseBuild   Phase = "build"   // an image is built
	PhaseCreate  Phase = "create"  // the engine is asked for the object
	PhaseStart   Phase = "start"   // its process is started
	PhaseWait    Phase = "wait"    // it is not ready yet
	PhaseProve   Phase = "prove"   // a path is tried before it is relied on
	PhaseOutput  Phase = "output"  // a piece of a job's output
	PhaseStop    Phase = "stop"    // its process is told to end
	PhaseRemove  Phase = "remove"  // the engine is asked to remove it
	PhaseMessage Phase = "message" // anything else worth knowing
)

// Sink takes events, in order, one at a time for each call. It never blocks for long.
type Sink func(Event)
