package engineproxy

// Verdict is what becomes of a call.
type Verdict int

// What a hook may say.
const (
	// Pass lets the call through, or its answer.
	Pass Verdict = iota
	// Refuse answers 500 in the engine's stead.
	Refuse
	// Drop ends the connection without an answer.
	Drop
	// Silence never answers: the connection stays until the client ends it.
	Silence
)

// Hook decides about calls. Its methods are called from many goroutines, and may
// take their time: the call waits.
type Hook interface {
	// Before decides whether the engine gets the call.
	Before(c Call) Verdict
	// Wants tells whether After is to be called. The whole answer is read first,
	// so that the engine is through with the call when After is asked.
	Wants(c Call) bool
	// After decides whether the client gets the answer.
	After(c Call, status int) Verdict
}

// Spoiler is a [Hook] that may also change what an engine answers.
type Spoiler interface {
	Hook
	// Spoil returns the bytes that the client gets, after the head with a status of
	// 200, instead of the engine's answer; ok is false to leave the answer alone.
	// Then the connection ends, or stays without another byte where hang is true.
	Spoil(c Call) (body Spoiled, ok bool)
}

// Spoiled is an answer that an engine would not give.
type Spoiled struct {
	Body []byte
	// Length is what the head announces; -1 announces nothing.
	Length int64
	// Repeat is how often Body is sent; 0 is once.
	Repeat int
	// Hang keeps the connection open after the body, without another byte.
	Hang bool
}
