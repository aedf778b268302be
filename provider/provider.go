package provider

import (
	"context"
	"slices"

	"github.com/zclconf/go-cty/cty"
)

// Provider realises nouns on one kind of engine. All methods may be called from
// several goroutines at once and return when ctx is done. Describe and Diff are
// pure: they work without an engine and before Configure.
type Provider interface {
	// Describe says who the provider is and which attributes it adds.
	Describe(ctx context.Context) (Description, error)

	// Configure chooses the root engine and reaches it. It is called once, before
	// any other method that needs an engine. A root engine that cannot be reached
	// is a [*Problem] with code [Unreachable] or [Denied] that names the endpoint
	// and how it was chosen.
	Configure(ctx context.Context, req ConfigureRequest) (ConfigureResponse, error)

	// Open leads into a hosting object. An object that cannot be looked into now
	// (stopped, not answering) is no error: [OpenResponse.Readable] is false and
	// Why says so. Opening the same object twice gives the same place. Open, like
	// Observe, changes nothing.
	Open(ctx context.Context, req OpenRequest) (OpenResponse, error)

	// Observe calls each for every object of the project in the place, in no
	// order and never at the same time, and stops at each's first error, which it returns.
	Observe(ctx context.Context, req ObserveRequest, each func(Object) error) (ObserveResponse, error)

	// Diff compares items, each on its own. The answer has one [Difference] an
	// item, in the order of the items. A large batch may arrive in parts, at the same time.
	Diff(ctx context.Context, req DiffRequest) (DiffResponse, error)

	// Create makes an object, starts it where its noun runs, and waits until it
	// is ready, or, for a job, until it has ended. It is idempotent by
	// [Ownership.Run]: an object with the same nonce is taken as made by an
	// earlier, interrupted call. An object of the same project and address is
	// adopted where its spec is equal; else, and where the name belongs to
	// somebody else, the error is a [*Problem] with code [Conflict]. An image of
	// the same address with another spec loses its name to the new one instead, and
	// so does the one that [CreateRequest.Replaces] names, whatever its spec; where
	// exactly the same came out, its id may be the same.
	// [CreateResponse.ID] is set as soon as the engine has the object, also beside an error.
	Create(ctx context.Context, req CreateRequest, sink Sink) (CreateResponse, error)

	// Update applies changes that need no replacement, reads them back, and
	// fails with [NotApplied] where the engine accepted one and did not do it.
	Update(ctx context.Context, req UpdateRequest, sink Sink) (UpdateResponse, error)

	// Resume brings an object that exists to where Create would have left it:
	// started, ready, and for a job ended. A job that runs already is waited
	// for and never started a second time. With [ResumeRequest.Ends] what runs is
	// ended first.
	//
	// Whatever starts an object with namespaces of others (Create, Resume, Wake) sees
	// to its [Condition.Follows].
	Resume(ctx context.Context, req ResumeRequest, sink Sink) (ResumeResponse, error)

	// Delete stops and removes an object. One that is gone already is no error.
	// It refuses an object that bears no ownership, or that of another project.
	Delete(ctx context.Context, req DeleteRequest, sink Sink) (DeleteResponse, error)

	// Stop asks the provider to end what it is doing gracefully: running calls
	// may finish, running jobs get their stop signal. It returns at once.
	Stop(ctx context.Context) error

	// Close releases connections and tunnels. The provider is not used afterwards.
	Close() error
}

// Place names where objects live. It is [Root], or a handle that Open gave out;
// its text has no meaning outside the provider that made it.
type Place string

// Root is the root engine's place.
const Root Place = ""

// Kind is the kind of a noun.
type Kind string

// The nouns of the language.
const (
	Image      Kind = "image"
	Network    Kind = "network"
	Volume     Kind = "volume"
	Container  Kind = "container"
	Daemon     Kind = "daemon"
	Controller Kind = "controller"
	Job        Kind = "job"
	Guard      Kind = "guard"
)

// Kinds lists every noun, in the order of the documentation.
func Kinds() []Kind {
	return []Kind{Image, Network, Volume, Container, Daemon, Controller, Job, Guard}
}

// Runs tells whether objects of the kind have processes.
func (k Kind) Runs() bool {
	switch k {
	case Container, Daemon, Controller, Job, Guard:
		return true
	case Image, Network, Volume:
		return false
	}
	return false
}

// Description is what a provider says of itself.
type Description struct {
	Name    string // "docker", "memory"
	Version string
	Powers  []Power
	Schema  Schema
}

// ConfigureRequest chooses the root engine. Empty fields leave the choice to
// the provider's own surroundings; Environment holds the variables it may read.
type ConfigureRequest struct {
	Endpoint    string            // from -H; wins over everything
	Context     string            // from -context, or the project's pin
	Environment map[string]string // variables of the host process, by name
	NamedBy     string            // who named Endpoint, for people; empty for -H
}

// ConfigureResponse describes the root engine.
type ConfigureResponse struct {
	Facts Facts
}

// Facts are what is known of an engine without looking at its objects.
type Facts struct {
	ID       string // the engine's own lasting identity
	Name     string // the engine's host name
	Version  string // of the engine's software
	API      string // revision of its interface that is spoken, such as "1.41"
	OS       string // "linux"
	Arch     string // "amd64"
	Endpoint string // how the engine is reached, as a URL
	Chosen   string // how that endpoint was chosen, for people: "DOCKER_HOST", "default socket"
	// Files says whether this process sees the engine's files under the same
	// paths: FilesShared, FilesUnknown or FilesContainer; FilesWhy says why not.
	Files    FileSharing
	FilesWhy string
	// Self is the id of the engine's container that this process runs in, or empty.
	Self string
	// Details are defaults of the engine that Diff reads and people may see, such
	// as "storage_driver" or "default_runtime".
	Details map[string]string
}

// DetailUnheeded begins the names in [Facts.Details] of arguments that an engine takes and
// does not heed: the argument follows. The value says why, and what to do instead.
const DetailUnheeded = "unheeded."

// FileSharing says whose files the paths of this process name.
type FileSharing string

// Whether this process's files are the engine's.
const (
	FilesShared    FileSharing = "shared"
	FilesUnknown   FileSharing = "unknown"
	FilesContainer FileSharing = "container" // this process is in a container of that engine
)

// OpenRequest leads from Parent into the object that hosts, named by its id, or,
// where Endpoint is set, to an engine elsewhere. ID is then only a name for messages;
// an engine elsewhere that cannot be reached is a [*Problem], as in Configure.
type OpenRequest struct {
	Parent Place
	ID     string
	// Stream, where it is not nil, opens a byte stream to the engine inside, for
	// an object that another provider realised. ID is then only a name for messages.
	Stream StreamFunc
	// Endpoint is the URL of an engine elsewhere: tcp or ssh. Certificates is the
	// directory of this machine that holds ca.pem, cert.pem and key.pem for it; may be empty.
	Endpoint, Certificates string
}

// OpenResponse is a place with its facts, or the reason why there is none now.
type OpenResponse struct {
	Readable bool
	Why      string // a clause: "its container is stopped"
	Place    Place
	Facts    Facts
}

// ObserveRequest names what to look at.
type ObserveRequest struct {
	Place   Place
	Project string // empty: the objects of every project
	// Images are image references whose ids are wanted.
	Images []string
	// Names are names that the configuration wants, by kind: objects that bear
	// one without being the project's are reported, unowned, so that a clash is seen.
	Names map[Kind][]string
	// Output holds addresses of jobs whose standard output is wanted.
	Output []string
	// Where says where objects count. What does not count in the place is reported
	// as foreign, or as a stray, and nothing is read from within it.
	Where Whereabouts
}

// ObserveResponse closes an observation.
type ObserveResponse struct {
	// Images maps each wanted reference that the place has to its id.
	Images map[string]string
	// Contents are, by id, what the wanted images and the project's own are: equal texts
	// for one image in any place, which may give it different ids. What is not known is
	// not in it.
	Contents map[string]string
	// Projects counts the objects of each project in the place.
	Projects map[string]int
	// Unread are objects that could not be read; all others were handed over.
	Unread []Unread
	// Others are the containers and volumes of the place that are not the project's; of
	// the root place only the containers that run and may write to something mounted.
	Others []Other
}

// Unread is an object of which the engine says what makes no sense. It is there, and
// what it is is not known: it is neither made anew nor removed.
type Unread struct {
	// Problem names the object and says what is wrong. Its Address is that of the
	// object's record, where that could be read.
	Problem *Problem
	// Foreign says that its record could be read, and is nobody's.
	Foreign bool
}

// Object is one thing that exists in a place, as it is.
type Object struct {
	ID    string
	Kind  Kind
	Name  string
	Place Place
	// Owner is what was recorded at creation. It is the zero value for a foreign object.
	Owner Ownership
	// Claim is what a foreign object's record says all the same, and WhyNot why it does
	// not count, a clause: "its record lacks the run". Both are empty for objects of ours
	// and for those without a record.
	Claim  Ownership
	WhyNot string
	// Stray says that the object is the project's, and that its address does not count
	// where it is: it may be removed, and serves for nothing else.
	Stray bool
	// Actual holds the attributes as they are, in the schema's names and types,
	// for Diff and for people. What was secret when it was recorded bears the mark
	// [Sensitive]; names that begin with _ are for Diff alone, and are never shown. The
	// core looks into it for the texts of secrets alone.
	Actual cty.Value
	// Condition is the state of what runs; zero for what does not.
	Condition Condition
	// Values are what references to the object evaluate to.
	Values Values
	// LivesIn are the ids of the objects, in the same place, whose namespaces it has (its
	// network, its processes, its shared memory), sorted. It joins those that are there
	// when it is started, and keeps them also when their owner is started again.
	LivesIn []string
	// Views are the mounts in effect.
	Views []View
	// Data says where what is inside it lies, of what hosts others.
	Data Data
	// Fingerprint changes whenever the object does, other than by its clock.
	Fingerprint string
	// Users are foreign objects that use this one, for people: "container web".
	Users []string
	// Members counts what is in a network, running or not, ours and foreign; Created is
	// when it was made, as a text that sorts by time. Of two networks of one address
	// they decide.
	Members int
	Created string
	// Warnings are sentences about what became of the object's surroundings since
	// it was made, for people.
	Warnings []string
}

// Ownership is what dindctl records on every object that it makes.
type Ownership struct {
	Project string
	Address string
	Kind    Kind
	// Origin is the machine and path that a project name was derived from.
	Origin string
	// Spec is the declared attributes as created, as canonical JSON (see [Spec]).
	Spec []byte
	// Deps are the addresses that the object needs, sorted.
	Deps []string
	// Run is the nonce of the step that made the object.
	Run string
	// Schema is the version of these records; see [OwnershipSchema].
	Schema int
	// Name is the object's name as it was created ([Provider.Create] fills it in), and Place the address of the daemon
	// that it was created in, empty for the root. Records of version 1 have neither;
	// see [Ownership.CreatedName] and [Ownership.RecordedIn].
	Name, Place string
}

// Condition is the state of an object that runs.
type Condition struct {
	State    State
	ExitCode int
	Health   string // "", "starting", "healthy", "unhealthy"
	Started  string // RFC 3339, empty when never
	Ended    string // RFC 3339, empty when never
	Reason   string // why it ended, for people, may be empty
	// Interrupted says that the end was the engine's doing (a restart, a kill), not the process's own.
	Interrupted bool
	// Requested says that it was stopped by [Halter.Halt] and not started since.
	Requested bool
	// Follows are starts of what the object lives in, as their Started says them, that
	// the present run, or an earlier one, came after although the engine's clock says
	// otherwise: it was set back in between. See [Condition.Precedes].
	Follows []string
}

// State is the life stage of an object that runs.
type State string

// The life stages.
const (
	StateNone       State = ""           // the noun does not run
	StateCreated    State = "created"    // never started
	StateRunning    State = "running"    //
	StatePaused     State = "paused"     //
	StateRestarting State = "restarting" // between two starts
	StateExited     State = "exited"     // started and ended
	StateRemoving   State = "removing"   // on its way out; treated as absent after a wait
	StateDead       State = "dead"       // could not be removed
)

// Values are what a reference to an object exports, beyond address, kind and
// name. Nil pointers and maps are values that the noun does not have.
type Values struct {
	ID            string
	Ref           string // what other objects of the engine name it by
	Endpoint      string
	Version       string
	StorageDriver string
	// Addresses are by network name; of a network itself, its gateways by subnet.
	Addresses map[string]string
	Ports     map[string]string // "8080/tcp" -> "0.0.0.0:32768"
	Stdout    *string
	Stderr    *string
	ExitCode  *int
	// Withheld are words that the object has and that cannot be given, each with the reason
	// as a clause: "stdout" -> "it is longer than 1 MiB". A part of a value is none.
	Withheld map[string]string
}

// View is one mount in effect.
type View struct {
	Type     string // "bind", "volume", "tmpfs"
	Source   string // host path of a bind, name of a volume
	Target   string
	Subpath  string
	ReadOnly bool
}

// Declaration is one object as the configuration wants it, fully evaluated.
type Declaration struct {
	Address string
	Kind    Kind
	Name    string
	// Declared is an object value with attributes of the noun's schema; one that is
	// null, or missing, is not declared. References in it are objects of type [RefType]. What is
	// only known after another step is unknown. Sensitive values bear the mark [Sensitive].
	Declared cty.Value
	// Related holds, by address, what Declared refers to, directly or through one
	// more step (a controller's daemon's certificates), as far as it is known.
	Related map[string]Related
}

// Related is another object of the configuration, as the provider may need it.
type Related struct {
	Address  string
	Kind     Kind
	Name     string
	ID       string // empty: not known yet
	Inside   string // address of the hosting object, empty for the root
	Declared cty.Value
}

// DiffRequest is a batch of comparisons.
type DiffRequest struct {
	Items []DiffItem
}

// DiffItem is one comparison: what is wanted, what was created, what is there.
type DiffItem struct {
	// Declaration may leave attributes out that are null.
	Declaration Declaration
	// Absent says that there is no object: Data alone is asked for.
	Absent    bool
	Created   []byte // Ownership.Spec of the object
	Actual    cty.Value
	Condition Condition
	Facts     Facts
	// ImageID is the id of the image that the declaration wants in that place;
	// empty when it is not there (or not known). Where another place has it, ImageContent
	// says what it is, as in [ObserveResponse]; else that is empty.
	ImageID, ImageContent string
	// Inside are facts of the engine inside an object that hosts, where it was looked into.
	Inside Facts
}

// DiffResponse answers a batch, in its order.
type DiffResponse struct {
	Differences []Difference
}

// Difference is what separates one object from its declaration. No changes
// means none.
type Difference struct {
	Changes []Change
	// NotCompared are arguments of which neither the record nor the object tells whether
	// they changed: sensitive ones, and those that were not recorded yet when it was made.
	NotCompared []NotCompared
	// Data says where what is inside will lie, of a declaration of what hosts others.
	Data Data
	// Hides says what keeps what is inside now from being seen, although its data stay: a
	// clause, "its storage driver will be vfs, not overlay2". Empty where nothing does.
	Hides string
}

// NotCompared is an argument that cannot be compared.
type NotCompared struct {
	Path string // "build.secrets"
	Why  string // a clause: "an image does not show it"
}

// Change is one attribute that has to change.
type Change struct {
	Path    string    // "environment.LANG", "mount[\"/repo\"].source"
	From    cty.Value // as it is
	To      cty.Value // as it is wanted; unknown where it is known only after another step
	Created cty.Value // as it was created; null when it was not declared then
	Effect  Effect
	Cause   Cause
	// Default names the layer that To comes from, where the attribute is not
	// declared: "image", "engine", "dindctl" (its own choice); else empty.
	Default string
	// Sensitive says that From, To and Created must not be shown. Where a part of them
	// must not, that part bears the mark [Sensitive].
	Sensitive bool
}

// Effect is how a change is made.
type Effect string

// The two ways in which a change is made.
const (
	Live    Effect = "live"    // on the object as it stands
	Replace Effect = "replace" // by a new object
)

// Cause is why an attribute differs. With desired d, as created l and actual a,
// where a and d differ: l = d is Outside, a = l is Configured, else it is Both.
type Cause string

// The causes of a changed attribute.
const (
	Configured Cause = "configuration"
	Outside    Cause = "changed outside"
	Both       Cause = "both"
	// Expires is for what ends by itself, such as a certificate. It is a warning, too.
	Expires Cause = "expires"
	// LeftOut is for what was asked for and left out for good, such as a limit that a
	// kernel does not have. It is a warning alone: nothing is to be done about it.
	LeftOut Cause = "left out"
)

// CreateRequest asks for one object.
type CreateRequest struct {
	Place       Place
	Declaration Declaration
	Owner       Ownership
	// ImageFrom are places that may hold the image, nearest first, to be carried from.
	ImageFrom []Place
	// Former are other addresses under which an earlier object of the declaration may be
	// recorded, for it was moved since; nil for none.
	Former []string
	// Replaces is the id of an object of the declaration that stands still and gives way
	// to the new one: it is never adopted, whatever its record says. Of what was removed for the
	// new one it is the id, too, where an engine may show it again. Empty for none.
	Replaces string
	// Anew says that somebody asked for another object although nothing differs: it is
	// made from its beginnings, and no result that was kept of an earlier time serves.
	Anew bool
}

// Means tells whether what is recorded with an owner is, or was, the object of the
// request: of the same project and address, or of a former one.
func (r CreateRequest) Means(owner Ownership) bool {
	return owner.Project != "" && owner.Project == r.Owner.Project &&
		(owner.Address == r.Owner.Address || slices.Contains(r.Former, owner.Address))
}

// CreateResponse is the object as it was made.
type CreateResponse struct {
	ID      string
	Adopted bool // it was there already
	Object  Object
}

// UpdateRequest asks for changes that need no replacement.
type UpdateRequest struct {
	Place       Place
	ID          string
	Declaration Declaration
	Changes     []Change
	Project     string
}

// UpdateResponse is the object as it is afterwards.
type UpdateResponse struct {
	Object Object
}

// ResumeRequest asks to bring an existing object to where Create leaves one.
type ResumeRequest struct {
	Place       Place
	ID          string
	Declaration Declaration
	Project     string
	// Ends says that an object that runs is ended first, with its stop signal and its
	// grace period, and then started. A job is not ended: it is a [*Problem] with code [Invalid].
	Ends bool
	// Waits says that nothing is started: an object that does not run by now, or ends
	// meanwhile, is a [*Problem] with code [NotReady]. A provider that does not know of it
	// starts it, at worst.
	Waits bool
}

// ResumeResponse is the object as it is afterwards.
type ResumeResponse struct {
	Object Object
}

// DeleteRequest asks for an object's removal.
type DeleteRequest struct {
	Place   Place
	Kind    Kind
	ID      string
	Project string
}

// DeleteResponse is empty today.
type DeleteResponse struct{}
