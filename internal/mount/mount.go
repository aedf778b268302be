// Package mount is the rule: which object stands behind a path in a container,
// and whether a nested mount will see the object that its author meant.
//
// It is pure. A [Topology] (engines, containers with their mounts, and the
// nested sources that daemons have to resolve) goes in; one [Entry] for each
// nested source comes out, with its [Verdict], the chain from level to level,
// and fixes that can be pasted. What only a file system can tell is asked of a
// [Look]; tests pass a table. Nothing here knows Docker's API or HCL's syntax,
// so that the package can be lifted out.
package mount

// Type is the type of a mount.
type Type string

// The types of mounts.
const (
	Bind   Type = "bind"
	Volume Type = "volume"
	Tmpfs  Type = "tmpfs"
)

// Resolve says whose path the source of a nested mount is.
type Resolve string

// The ways in which a source is meant; the zero value is ResolveSame.
const (
	ResolveSame      Resolve = "same"      // the daemon's, and it must be the controller's object too
	ResolveTranslate Resolve = "translate" // the controller's; the daemon's is sent
	ResolveDaemon    Resolve = "daemon"    // the daemon's; the controller's view is not compared
)

// Site is a place in a file where a fix can be pasted.
type Site struct {
	File string
	Line int // counted from 1
	// Indent is the white space in front of the arguments there.
	Indent string
}

// Topology is everything that the rule reads.
type Topology struct {
	Engines    map[string]Engine    // by address
	Containers map[string]Container // by address
	Nested     []Nested
}

// Engine resolves sources. It runs on a host or in a container.
type Engine struct {
	Address string
	// Container is the address of the container that the engine runs in; empty
	// for an engine on a host.
	Container string
	// Host names the file system of an engine on a host: engines with one Host
	// see one file system. "root" is the root engine's.
	Host string
	// API is the revision of the engine's interface, such as "1.41"; empty when
	// it is not known.
	API string
	// Platform of an engine on a host; empty is read as Linux.
	Platform Platform
	// Door through which paths are sent to it; empty is HostDoor. The paths of a
	// controller that talks to it by itself go through RawDoor.
	Door Door
	// UnknownBelow are directories of an engine's host that a process on the host
	// sees otherwise (/etc and /run of a rootless engine).
	UnknownBelow []string
	// KnownBelow, where it is not empty, is the only directory of its host that the
	// engine sees as others do ($HOME, of Docker from snap).
	KnownBelow string
	// Unknown, where it is not empty, says why nothing can be known of the
	// engine's files; a clause for people.
	Unknown string
	// Volumes are the volumes that the engine has or will have, by name.
	Volumes map[string]NamedVolume
	// Socket is the path of the engine's own socket in its file system.
	Socket string
}

// NamedVolume is a volume of an engine.
type NamedVolume struct {
	Address string // of the block, empty when it merely exists
	// Device is the directory behind a local volume with o=bind, else empty.
	Device string
	// Mountpoint is where the engine keeps it, empty when not known.
	Mountpoint string
	// Options tells whether it has driver options.
	Options bool
}

// Container has a view.
type Container struct {
	Address string
	Engine  string // address of the engine that runs it
	Mounts  []Mount
	// ImageVolumes are the volumes that the image declares, by target.
	ImageVolumes []string
	// ImageLinks are symbolic links of the image that are known: "/var/run" -> "/run".
	ImageLinks map[string]string
	// ImageKnown says that ImageVolumes and ImageLinks are complete; where they
	// are not, the chain says that the image is taken to declare none.
	ImageKnown bool
	// EntryMounts are targets that the image's entrypoint mounts over at the start.
	EntryMounts []string
	// EntryYields says that the entrypoint leaves alone what is declared at the
	// very target of an entry mount (docker:dind and its /tmp).
	EntryYields bool
	// UnknownBelow are directories below which nothing is known (rootless copy-up).
	UnknownBelow []string
	// Site is where a mount block can be added to the container's block.
	Site Site
}

// Mount is one declared mount of a container.
type Mount struct {
	Type        Type
	Source      string // absolute path in the file system of the container's engine, for Bind
	Volume      string // name on the container's engine, for Volume; empty: anonymous
	Target      string
	Subpath     string
	ReadOnly    bool
	Propagation string
	// Implied says that dindctl adds it, not the user.
	Implied bool
	// Site is the line of the source in a file, for fixes that replace it; it may
	// be empty.
	Site Site
}

// Nested is a source that a daemon has to resolve.
type Nested struct {
	Address string // of the noun that the mount belongs to
	Kind    string // "mount" or "nested_path"
	Type    Type   // Bind or Volume; a nested path is a Bind
	Source  string // as written: a path, or a volume's name
	Target  string
	Subpath string
	Resolve Resolve
	// CreateSource asks the engine to make a source that is missing.
	CreateSource bool
	ReadOnly     bool
	Daemon       string // address of the engine that resolves it
	Controller   string // address of the container whose path it is; may be empty
	// Site is the line of the source, for fixes that replace it.
	Site Site
	// Earlier are host paths that something earlier in the graph mounts writable
	// and that may therefore exist only when its turn comes.
	Earlier []string
}

// Verdict is what the rule finds of a nested source.
type Verdict string

// The verdicts.
const (
	Visible  Verdict = "visible"  // the job sees the object that is meant
	Hidden   Verdict = "hidden"   // the daemon has no such object
	Aliased  Verdict = "aliased"  // the daemon has another object there
	Shadowed Verdict = "shadowed" // something that the daemon's entrypoint mounts covers it
	Partial  Verdict = "partial"  // parts below it are other objects
	Unknown  Verdict = "unknown"  // it cannot be said
)

// Severity is the effect of an entry.
type Severity string

// The severities of entries.
const (
	OK      Severity = "ok"
	Warning Severity = "warning"
	Failure Severity = "error"
)

// Entry is the result for one nested source. Its JSON form is that of `mounts -json`.
type Entry struct {
	Address    string   `json:"address"`
	Kind       string   `json:"kind"`
	Target     string   `json:"target"`
	Source     string   `json:"source"`
	Resolve    Resolve  `json:"resolve"`
	Daemon     string   `json:"daemon"`
	Controller *string  `json:"controller"` // null where there is none
	Verdict    Verdict  `json:"verdict"`
	Severity   Severity `json:"severity"`
	Message    string   `json:"message"`
	// Exists is null where it is not known.
	Exists *bool  `json:"exists"`
	Chain  []Link `json:"chain"`
	Fixes  []Fix  `json:"fix"`
	// Send is the mount to send to the daemon, after translation. It is not part of the JSON form.
	Send Mount `json:"-"`
}

// Link is one level of a chain: in this view, this path is that object.
type Link struct {
	View   string `json:"view"`
	Path   string `json:"path"`
	Object string `json:"object"`
}

// Fix is a change of the configuration that makes the entry visible.
type Fix struct {
	Title string `json:"title"`
	File  string `json:"file"`
	Line  int    `json:"line"`
	HCL   string `json:"hcl"`
	// Replace says that HCL stands in the place of that line; else it goes before it.
	Replace bool `json:"replace"`
}

// Look asks a file system for one path of an object: the target of a symbolic
// link (empty where it is none) and whether it exists. An error says that it
// cannot be known; its text is a clause for people. Object is a HostPath, path its
// path on that host; a Look answers only for hosts that this process shares, and
// never follows the link at path itself. A nil Look knows nothing.
type Look func(object Object, path string) (link string, exists bool, err error)
