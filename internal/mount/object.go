package mount

// ObjectKind is the kind of a base that paths stand on.
type ObjectKind string

// The kinds of bases.
const (
	HostPath        ObjectKind = "host"      // the files of a host
	VolumeFiles     ObjectKind = "volume"    // a named volume of one engine
	AnonymousVolume ObjectKind = "anonymous" // a volume without a name, of one container
	TmpfsFiles      ObjectKind = "tmpfs"     // a tmpfs of one container
	OwnRoot         ObjectKind = "root"      // a container's own root
	KernelFiles     ObjectKind = "kernel"    // /proc, /sys and /dev of a container
	EngineFiles     ObjectKind = "engine"    // what the engine puts into a container: /dev/shm, /etc/hosts
	EngineSocket    ObjectKind = "socket"    // the socket of an engine, under any of its names
)

// Object is what stands behind a path: a base and the remainder of the path. Two
// paths are one place if their objects, in canonical form, are equal. The zero
// Object is none.
type Object struct {
	Kind ObjectKind
	// In is the name of the host of a HostPath, the engine's address of a
	// VolumeFiles or EngineSocket, and the container's address of anything else.
	In string
	// Name is the name of a volume, or the place in the container at which a
	// tmpfs, an anonymous volume, or what kernel or engine put there is mounted.
	// It is empty for HostPath, OwnRoot and EngineSocket.
	Name string
	// Rest is the remainder: an absolute, clean path in the base; "/" for the base
	// itself. For a HostPath it is the path on the host.
	Rest string
}

// rootHost is the name of the host of the root engine.
const rootHost = "root"

// String is how chains and messages name the object: "host:/srv/work",
// "volume images (daemon.root):/x", "daemon.dind:/repo (its own root)".
func (o Object) String() string {
	switch o.Kind {
	case HostPath:
		return hostView(o.In) + ":" + o.Rest
	case VolumeFiles:
		return "volume " + o.Name + " (" + o.In + ")" + o.suffix()
	case AnonymousVolume:
		return "anonymous volume of " + o.In + " at " + o.Name + o.suffix()
	case TmpfsFiles:
		return "tmpfs of " + o.In + " at " + o.Name + o.suffix()
	case OwnRoot:
		return o.In + ":" + o.Rest + " (its own root)"
	case KernelFiles:
		return o.In + ":" + join(o.Name, o.Rest) + " (the kernel's)"
	case EngineFiles:
		return o.In + ":" + join(o.Name, o.Rest) + " (made by its engine)"
	case EngineSocket:
		return "socket of " + o.In
	}
	return "nothing"
}

func (o Object) suffix() string {
	if o.Rest == "/" {
		return ""
	}
	return ":" + o.Rest
}

// hostView is the name of a host's view.
func hostView(host string) string {
	if host == rootHost {
		return "host"
	}
	return "host of " + host
}

// join is the object at a path below o.
func (o Object) join(rest string) Object {
	o.Rest = join(o.Rest, rest)
	return o
}

// base is o without its remainder.
func (o Object) base() Object {
	o.Rest = "/"
	return o
}

// holds tells whether p is o or lies below it.
func (o Object) holds(p Object) bool {
	return o.base() == p.base() && within(p.Rest, o.Rest)
}
