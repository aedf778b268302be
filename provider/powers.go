package provider

import (
	"context"
	"io"
	"net"
)

// Power is the name of something that a provider can do beyond the contract.
// A provider that names one in its [Description] implements its interface.
type Power string

// The powers and the interfaces behind them.
const (
	PowerDial    Power = "dial"    // Dialer
	PowerExec    Power = "exec"    // Execer
	PowerLogs    Power = "logs"    // Logger
	PowerStat    Power = "stat"    // Stater
	PowerCarry   Power = "carry"   // Carrier
	PowerSurvey  Power = "survey"  // Surveyor
	PowerProbe   Power = "probe"   // Prober
	PowerPrepare Power = "prepare" // Preparer
	PowerLock    Power = "lock"    // Locker
	PowerHalt    Power = "halt"    // Halter
	PowerCopy    Power = "copy"    // Copier
	PowerStock   Power = "stock"   // Stocker
)

// StreamFunc opens a byte stream.
type StreamFunc func(ctx context.Context) (net.Conn, error)

// Dialer offers a byte stream to the engine inside a hosting object, so that
// another provider can speak with it.
type Dialer interface {
	Dial(ctx context.Context, parent Place, id string) (net.Conn, error)
}

// ExecRequest runs a command in an object that runs.
type ExecRequest struct {
	Place       Place
	ID          string
	Command     []string
	Environment []string // KEY=value
	WorkingDir  string
	User        string
	TTY         bool
	Width       int // of the terminal, in columns, with TTY
	Height      int
	// Stdin may be nil. With TTY, stderr is not used.
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// Resize delivers the terminal's size as it changes; it may be nil.
	Resize <-chan Size
	// Signals delivers signals by name ("INT") for the command; it may be nil. A
	// provider whose engine cannot send one drops it.
	Signals <-chan string
}

// Size is a terminal's size in character cells.
type Size struct{ Width, Height int }

// ExecResponse tells how the command ended.
type ExecResponse struct {
	ExitCode int
}

// Execer runs commands in objects.
type Execer interface {
	Exec(ctx context.Context, req ExecRequest) (ExecResponse, error)
}

// LogsRequest asks for an object's output.
type LogsRequest struct {
	Place          Place
	ID             string
	Follow         bool
	Tail           int    // last lines; 0: everything, below 0: none of what is there
	Since          string // RFC 3339 or empty
	Timestamps     bool   // each line begins with its time as RFC 3339 and a space
	Stdout, Stderr io.Writer
}

// Logger reads the output of objects.
type Logger interface {
	Logs(ctx context.Context, req LogsRequest) error
}

// StatRequest asks what a path is in an object's declared mounts and root.
type StatRequest struct {
	Place Place
	ID    string // empty: the engine's own host, where that can be looked at
	// Path is absolute. One that ends in "/" or "/." names what a link at its end leads
	// to, and is not there, or an error, where that is no directory.
	Path string
}

// StatResponse is what is at a path, without following a link at its end.
type StatResponse struct {
	Exists bool
	Mode   uint32 // bits as in io/fs.FileMode
	Size   int64
	Link   string // target of a symbolic link, else empty
}

// Stater looks at files of objects.
type Stater interface {
	Stat(ctx context.Context, req StatRequest) (StatResponse, error)
}

// CarryRequest streams an image from one place to another.
type CarryRequest struct {
	From, To  Place
	Reference string
}

// CarryResponse is the image's id in the place that it was carried to.
type CarryResponse struct {
	ID string
}

// Carrier moves images between places without a registry.
type Carrier interface {
	Carry(ctx context.Context, req CarryRequest, sink Sink) (CarryResponse, error)
}

// SurveyResponse lists what a place holds, ours or not.
type SurveyResponse struct {
	Objects []Object
	Unread  []Unread // as in [ObserveResponse]
}

// Surveyor looks at everything in a place.
type Surveyor interface {
	Survey(ctx context.Context, place Place) (SurveyResponse, error)
}

// ProbeRequest asks whether, from inside an object that runs, the engine that it
// is meant to call answers.
type ProbeRequest struct {
	Place       Place
	ID          string
	Declaration Declaration
}

// ProbeResponse says how it was tried and what answered.
type ProbeResponse struct {
	How    string // for people: "docker version, run in it"
	Answer string // the version that answered
}

// Prober tries a path from inside an object. A path that does not work is a
// [*Problem] with code [NotReady].
type Prober interface {
	Probe(ctx context.Context, req ProbeRequest, sink Sink) (ProbeResponse, error)
}

// PrepareRequest names an object that is to be made later. What is not known yet
// in its declaration is left out.
type PrepareRequest struct {
	Place       Place
	Declaration Declaration
	// ImageFrom are places that may hold the image, nearest first, to be carried from.
	ImageFrom []Place
}

// Preparer does beforehand what would make the creation of an object fail: it
// fetches the image and looks whether what the object needs is there, so that
// nothing that runs is given up for something that cannot be made. It makes
// nothing of the object itself. The errors are those of [Provider.Create].
type Preparer interface {
	Prepare(ctx context.Context, req PrepareRequest, sink Sink) error
}

// Holder is who holds a lock.
type Holder struct {
	Nonce   string
	Who     string // user@host
	Boot    string // boot id of the machine, so that a pid means something
	PID     int
	Since   string // RFC 3339
	Command string
}

// Locker keeps one run at a time on a project in an engine, across machines.
type Locker interface {
	// Lock takes the project's lock, or returns its present holder and false.
	// It is atomic: of several callers exactly one gets true.
	Lock(ctx context.Context, project string, holder Holder) (Holder, bool, error)
	// Unlock releases the lock that the nonce holds; another's stays, and is no
	// error. It is the caller's to know that a foreign nonce's holder is dead.
	Unlock(ctx context.Context, project, nonce string) error
}
