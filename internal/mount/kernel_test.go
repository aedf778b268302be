package mount_test

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/dindctl/dindctl/internal/mount"
)

var (
	kernelCount = flag.Int("kernel", 2000, "how many random topologies are compared with the kernel")
	seed        = flag.Uint64("seed", 0, "the one topology to compare with the kernel (0: all, from 1)")
)

// The model says of random topologies what the kernel shows of them, path by
// path, and the verdict on a nested mount says what the job will really see.
func TestModelIsWhatTheKernelDoes(t *testing.T) {
	failures, dir := make(chan string), t.TempDir()
	go func() {
		defer close(failures)
		// The thread gets a mount namespace of its own and ends with the test.
		runtime.LockOSThread()
		if err := ownNamespace(); err != nil {
			failures <- "skip: " + err.Error()
			return
		}
		first, last := uint64(1), uint64(*kernelCount)
		if *seed != 0 {
			first, last = *seed, *seed
		}
		tally := map[mount.Verdict]int{}
		for s := first; s <= last; s++ {
			w := randomTopology(s)
			problem, disagrees := compareWithKernel(dir, w, tally)
			if disagrees {
				w, problem = shrink(w, problem, func(w *world) (string, bool) { return compareWithKernel(dir, w, map[mount.Verdict]int{}) })
			}
			if problem != "" {
				failures <- fmt.Sprintf("seed %d, made as small as it stays wrong: %s\n%s", s, problem, describe(w))
			}
		}
		if *seed == 0 && *kernelCount >= 200 {
			for _, v := range []mount.Verdict{mount.Visible, mount.Hidden, mount.Aliased, mount.Shadowed, mount.Partial} {
				if tally[v] == 0 {
					failures <- fmt.Sprintf("no topology has the verdict %s: the test says nothing about it", v)
				}
			}
		}
		failures <- fmt.Sprintf("note: %v", tally)
	}()
	seen := 0
	for f := range failures {
		why, skip := strings.CutPrefix(f, "skip: ")
		switch {
		case skip && os.Getenv("DINDCTL_E2E") == "require":
			t.Errorf("a mount namespace of its own is refused: %s; run this as root", why)
		case skip:
			t.Skipf("a mount namespace of its own is refused: %s", why)
		case strings.HasPrefix(f, "note: "):
			t.Log(f)
		case seen < 5:
			t.Error(f + "\n(replay it with -run " + t.Name() + " -seed N)")
			seen++
		default:
			t.Fail()
		}
	}
}

func ownNamespace() error {
	if os.Geteuid() != 0 {
		return errors.New("only root may mount")
	}
	if err := unix.Unshare(unix.CLONE_NEWNS); err != nil {
		return fmt.Errorf("unsharing mounts: %w", err)
	}
	return os.NewSyscallError("mount", unix.Mount("none", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""))
}

// sandbox is a topology built of real mounts below dir: "host" is the host's
// root, "bare" holds what else stands behind paths, one directory each, and
// "view" the root of each container with everything mounted.
type sandbox struct {
	dir   string
	world *world
	bare  map[mount.Object]string
	err   error
	loop  bool // a link leads to itself: no engine starts such a container
}

// compareWithKernel returns what is wrong with a topology, if anything is.
// Disagrees says that it is the model, and not the test's own file systems.
func compareWithKernel(dir string, w *world, tally map[mount.Verdict]int) (problem string, disagrees bool) {
	box := &sandbox{dir: dir, world: w, bare: map[mount.Object]string{}}
	if err := unix.Mount("none", dir, "tmpfs", 0, ""); err != nil {
		return err.Error(), false
	}
	defer func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			problem, disagrees = err.Error(), false
		}
	}()
	box.build()
	if box.loop {
		return "", false
	}
	if box.err != nil {
		return box.err.Error(), false
	}
	at := mount.At(w.Topology, w.look)
	for _, container := range sortedAddresses(w) {
		for _, p := range probes() {
			if problem := box.comparePath(at, container, p); problem != "" {
				return problem, true
			}
		}
	}
	for _, e := range w.check() {
		tally[e.Verdict]++
		if problem := box.compareVerdict(at, e); problem != "" {
			return problem + "\n" + show(e), true
		}
	}
	return "", false
}

func (b *sandbox) view(container string) string { return filepath.Join(b.dir, "view", container) }
func (b *sandbox) host() string                 { return filepath.Join(b.dir, "host") }

// do remembers the first error.
func (b *sandbox) do(err error) {
	if b.err == nil && err != nil {
		b.err = err
	}
}

// build makes the host's files, then the containers, outer ones first.
func (b *sandbox) build() {
	b.do(os.MkdirAll(b.host(), 0o755))
	paths := make([]string, 0, len(b.world.files))
	for p := range b.world.files {
		paths = append(paths, p)
	}
	slices.Sort(paths)
	for _, p := range paths {
		if link := b.world.files[p]; link != "" {
			b.do(os.Symlink(link, b.host()+p))
		} else {
			b.do(os.MkdirAll(b.host()+p, 0o755))
		}
	}
	for _, address := range []string{"daemon.d1", "daemon.d2", "controller.c"} {
		if c, ok := b.world.Containers[address]; ok {
			b.container(c)
		}
	}
}

func (b *sandbox) container(c mount.Container) {
	bare := b.store(mount.Object{Kind: mount.OwnRoot, In: c.Address, Rest: "/"})
	for from, to := range c.ImageLinks {
		b.do(os.MkdirAll(filepath.Dir(bare+from), 0o755))
		b.do(os.Symlink(to, bare+from))
	}
	b.do(os.MkdirAll(b.view(c.Address), 0o755))
	b.do(bind(bare, b.view(c.Address), 0))
	mounts := slices.Clone(c.Mounts)
	slices.SortStableFunc(mounts, func(x, y mount.Mount) int {
		if d := strings.Count(x.Target, "/") - strings.Count(y.Target, "/"); d != 0 {
			return d
		}
		return strings.Compare(x.Target, y.Target)
	})
	for _, m := range mounts {
		source, flags := b.source(c, m)
		b.do(bind(source, b.make(b.view(c.Address), m.Target), flags))
	}
	for _, target := range c.EntryMounts {
		at := b.make(b.view(c.Address), target)
		resolved := "/" + strings.TrimPrefix(strings.TrimPrefix(at, b.view(c.Address)), "/")
		store := b.store(mount.Object{Kind: mount.TmpfsFiles, In: c.Address, Name: resolved, Rest: "/"})
		b.do(bind(store, at, 0))
	}
}

// source returns the directory that an engine would mount.
func (b *sandbox) source(c mount.Container, m mount.Mount) (dir string, flags uintptr) {
	switch m.Type {
	case mount.Tmpfs:
		return b.store(mount.Object{Kind: mount.TmpfsFiles, In: c.Address, Name: m.Target, Rest: "/"}), 0
	case mount.Volume:
		store := b.store(mount.Object{Kind: mount.VolumeFiles, In: c.Engine, Name: m.Volume, Rest: "/"})
		b.do(os.MkdirAll(filepath.Join(store, m.Subpath), 0o755))
		return filepath.Join(store, m.Subpath), 0
	case mount.Bind:
	}
	root := b.host()
	if in := b.world.Engines[c.Engine].Container; in != "" {
		root = b.view(in)
	}
	return b.make(root, m.Source), unix.MS_REC
}

// store returns the directory that holds an object's files.
func (b *sandbox) store(o mount.Object) string {
	if dir, ok := b.bare[o]; ok {
		return dir
	}
	dir := filepath.Join(b.dir, "bare", fmt.Sprint(len(b.bare)))
	b.do(os.MkdirAll(dir, 0o755))
	b.bare[o] = dir
	return dir
}

// make resolves a path inside a root, making what is missing, and returns the
// resolved path: no link is left in it.
func (b *sandbox) make(root, p string) string {
	at, rest := "/", strings.FieldsFunc(path.Clean(p), func(r rune) bool { return r == '/' })
	for links := 0; len(rest) > 0; {
		name := rest[0]
		rest = rest[1:]
		next := path.Join(at, name)
		link, err := os.Readlink(root + next)
		switch {
		case err == nil && links == 40:
			b.loop = true
			return root
		case err == nil:
			links++
			if path.IsAbs(link) {
				at = "/"
			}
			rest = append(strings.Split(strings.Trim(link, "/"), "/"), rest...)
		case errors.Is(err, fs.ErrNotExist):
			b.do(os.Mkdir(root+next, 0o755))
			at = next
		default:
			at = next
		}
	}
	return root + at
}

func bind(from, to string, flags uintptr) error {
	if err := unix.Mount(from, to, "", unix.MS_BIND|flags, ""); err != nil {
		return fmt.Errorf("binding %s to %s: %w", from, to, err)
	}
	return nil
}

// inode identifies what the kernel shows at a path in a root; ok is false where
// there is nothing.
func inode(root, p string, flags uint64) (id [2]uint64, ok bool) {
	dir, err := unix.Open(root, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return id, false
	}
	defer closeFile(dir)
	return inodeAt(dir, p, flags)
}

// inodeAt is inode in a root that is open.
func inodeAt(dir int, p string, flags uint64) (id [2]uint64, ok bool) {
	fd, err := unix.Openat2(dir, p, &unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: unix.RESOLVE_IN_ROOT | flags})
	if err != nil {
		return id, false
	}
	defer closeFile(fd)
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		return id, false
	}
	return [2]uint64{stat.Dev, stat.Ino}, true
}

// closeFile ends the use of a descriptor that nothing was written through.
func closeFile(fd int) { _ = unix.Close(fd) }

// comparePath compares what the model says of one path with what the kernel shows.
func (b *sandbox) comparePath(at func(string, string) (mount.Object, string), container, p string) string {
	// The engine cleans paths before the kernel sees them.
	real, ok := inode(b.view(container), path.Clean(p), 0)
	o, unknown := at(container, p)
	if unknown != "" {
		return ""
	}
	root := b.host()
	if o.Kind != mount.HostPath {
		base := o
		base.Rest = "/"
		store, there := b.bare[base]
		if !there && !ok {
			return ""
		}
		if !there {
			return fmt.Sprintf("%s %s: the model says %v, which is nowhere", container, p, o)
		}
		root = store
	}
	said, there := inode(root, o.Rest, unix.RESOLVE_NO_SYMLINKS)
	if !ok && there {
		return fmt.Sprintf("%s %s: the model says %v, which is there, and the kernel shows nothing", container, p, o)
	}
	if said != real {
		return fmt.Sprintf("%s %s: the model says %v, the kernel shows another directory", container, p, o)
	}
	return ""
}

// compareVerdict compares a verdict with what is really there in both views.
func (b *sandbox) compareVerdict(at func(string, string) (mount.Object, string), e mount.Entry) string {
	daemon := b.view(b.world.Engines[e.Daemon].Container)
	controller := b.view(*e.Controller)
	source := e.Source
	if e.Resolve == mount.ResolveTranslate {
		if e.Verdict != mount.Visible && e.Verdict != mount.Partial {
			return ""
		}
		if source = e.Send.Source; e.Send.Type == mount.Volume {
			// The volume of the daemon itself is mounted, past its view.
			daemon = b.store(mount.Object{Kind: mount.VolumeFiles, In: e.Daemon, Name: e.Send.Volume, Rest: "/"})
			source = "/" + e.Send.Subpath
		}
	}
	d, dOK := inode(daemon, source, 0)
	c, cOK := inode(controller, e.Source, 0)
	co, _ := at(*e.Controller, e.Source)
	if !dOK || !cOK || co.Kind == mount.OwnRoot {
		return ""
	}
	switch e.Verdict {
	case mount.Visible, mount.Partial:
		if d != c {
			return "the daemon shows another directory"
		}
		differs := b.differsBelow(daemon, source, controller, e.Source)
		if differs != "" && e.Verdict == mount.Visible {
			return "daemon and controller differ below, at " + differs
		}
		if differs == "" && e.Verdict == mount.Partial {
			return "daemon and controller do not differ below"
		}
	case mount.Aliased, mount.Shadowed:
		// What covers a mount of the daemon is what a container inside it may mount.
		inside := b.world.Containers[*e.Controller].Engine != "daemon.root"
		if d == c && (!inside || e.Verdict != mount.Shadowed) {
			return "daemon and controller show the same directory"
		}
	case mount.Hidden, mount.Unknown:
	}
	return ""
}

// differsBelow returns a path below a source at which daemon and controller
// differ. Of the way only the source may be reached through links: a nested
// mount binds what the source leads to.
func (b *sandbox) differsBelow(daemon, dSource, controller, cSource string) string {
	d, dOK := openIn(daemon, dSource)
	c, cOK := openIn(controller, cSource)
	if dOK {
		defer closeFile(d)
	}
	if cOK {
		defer closeFile(c)
	}
	if !dOK || !cOK {
		return ""
	}
	return differs(d, c, "", 5)
}

// differs goes down only where one of the two has something.
func differs(d, c int, at string, depth int) string {
	for _, name := range names() {
		rest := at + "/" + name
		dID, dOK := inodeAt(d, rest[1:], unix.RESOLVE_NO_SYMLINKS)
		cID, cOK := inodeAt(c, rest[1:], unix.RESOLVE_NO_SYMLINKS)
		if dID != cID || dOK != cOK {
			return rest
		}
		if !dOK || depth == 1 {
			continue
		}
		if found := differs(d, c, rest, depth-1); found != "" {
			return found
		}
	}
	return ""
}

// openIn opens what a path in a root leads to.
func openIn(root, p string) (fd int, ok bool) {
	dir, err := unix.Open(root, unix.O_PATH|unix.O_CLOEXEC, 0)
	if err != nil {
		return 0, false
	}
	defer closeFile(dir)
	fd, err = unix.Openat2(dir, p, &unix.OpenHow{Flags: unix.O_PATH | unix.O_CLOEXEC, Resolve: unix.RESOLVE_IN_ROOT})
	return fd, err == nil
}

func names() []string { return []string{"a", "b", "k"} }

// below are all the paths of up to a number of names.
func below(depth int) []string {
	var out []string
	level := []string{""}
	for range depth {
		var next []string
		for _, dir := range level {
			for _, name := range names() {
				next = append(next, dir+"/"+name)
			}
		}
		out, level = append(out, next...), next
	}
	return out
}

func probes() []string {
	return append(below(3), "/", "/a/../b", "//a//b/", "/tmp", "/tmp/a", "/tmp/a/b")
}

func pick[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// randomPath is a short path, mostly of names that mean something elsewhere too.
func randomPath(r *rand.Rand) string {
	p := ""
	for range 1 + r.IntN(3) {
		p += "/" + pick(r, names()...)
	}
	if r.IntN(8) == 0 {
		p = "/tmp" + p
	}
	return p
}

// randomWorld has a daemon, often a second one inside, and a controller beside
// or inside the first.
func randomWorld(r *rand.Rand) *world {
	w := &world{
		Topology: mount.Topology{
			Engines: map[string]mount.Engine{
				"daemon.root": {Address: "daemon.root", Host: "root"},
				"daemon.d1":   {Address: "daemon.d1", Container: "daemon.d1"},
			},
			Containers: map[string]mount.Container{},
		},
		files: map[string]string{"/": ""},
	}
	for range 6 {
		w.exists(randomPath(r), "")
	}
	for range r.IntN(4) {
		w.randomLink(r)
	}
	w.randomContainer(r, "daemon.d1", "daemon.root", nil)
	daemon := "daemon.d1"
	if r.IntN(2) == 0 {
		w.Engines["daemon.d2"] = mount.Engine{Address: "daemon.d2", Container: "daemon.d2"}
		w.randomContainer(r, "daemon.d2", "daemon.d1", nil)
		daemon = pick(r, "daemon.d1", "daemon.d2")
	}
	w.randomContainer(r, "controller.c", pick(r, "daemon.root", "daemon.root", "daemon.d1"), w.Containers[daemon].Mounts)
	for i := range 12 {
		w.Nested = append(w.Nested, mount.Nested{
			Address: fmt.Sprintf("job.%d", i), Kind: "mount", Type: mount.Bind, Source: randomSource(r, w.Containers["controller.c"].Mounts), Target: "/x",
			Daemon: daemon, Controller: "controller.c", Resolve: pick(r, mount.ResolveSame, mount.ResolveSame, mount.ResolveTranslate),
		})
	}
	return w
}

// randomSource lies in one of the mounts, mostly.
func randomSource(r *rand.Rand, mounts []mount.Mount) string {
	if len(mounts) == 0 || r.IntN(3) == 0 {
		return randomPath(r)
	}
	return mounts[r.IntN(len(mounts))].Target + pick(r, "", "", "/"+pick(r, names()...))
}

// randomLink puts a link where nothing is.
func (w *world) randomLink(r *rand.Rand) {
	p := randomPath(r)
	for dir := p; dir != "/"; dir = path.Dir(dir) {
		if link := w.files[dir]; link != "" {
			return
		}
	}
	if _, there := w.files[p]; !there {
		w.exists(p, pick(r, randomPath(r), pick(r, names()...), "../"+pick(r, names()...), "../.."+randomPath(r), "."))
	}
}

// randomContainer is made with some of the mounts that another has.
func (w *world) randomContainer(r *rand.Rand, address, engine string, like []mount.Mount) {
	c := mount.Container{Address: address, Engine: engine, ImageKnown: true}
	if r.IntN(3) == 0 {
		c.ImageLinks = map[string]string{"/" + pick(r, names()...): randomPath(r)}
	}
	if r.IntN(3) == 0 {
		c.EntryMounts = []string{pick(r, "/tmp", randomPath(r))}
	}
	targets := map[string]bool{}
	for _, m := range like {
		if r.IntN(3) > 0 && !slices.Contains(c.EntryMounts, m.Target) {
			targets[m.Target] = true
			c.Mounts = append(c.Mounts, m)
		}
	}
	for range r.IntN(5) {
		m := mount.Mount{Type: mount.Bind, Source: randomPath(r), Target: randomPath(r)}
		if r.IntN(2) == 0 {
			m.Target = m.Source
		}
		switch r.IntN(8) {
		case 0:
			m = mount.Mount{Type: mount.Tmpfs, Target: m.Target}
		case 1, 2:
			m = mount.Mount{Type: mount.Volume, Volume: pick(r, "v", "w"), Target: m.Target, Subpath: pick(r, "", "a", "a/b")}
		}
		if !targets[m.Target] && !slices.Contains(c.EntryMounts, m.Target) {
			targets[m.Target] = true
			c.Mounts = append(c.Mounts, m)
		}
	}
	w.Containers[address] = c
}
