package e2e_test

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/dindctl/dindctl/internal/mount"
)

var (
	differentialSeed  = flag.Uint64("seed", 1, "the random topologies that are compared with Docker")
	differentialOnly  = flag.Int("only", -1, "the one topology of -seed to compare, by its number")
	differentialCount = flag.Int("differential", 200, "how many random topologies are compared with Docker")
)

// topology is a daemon, a controller, and what a job of that controller mounts.
type topology struct {
	number             int
	daemon, controller string
	source             string
	resolve            mount.Resolve
}

// differ is a set of random containers on the engine, and what is behind their paths.
type differ struct {
	t    *testing.T
	s    *scenario
	r    *rand.Rand
	host string // a directory of the host
	// objects names what a device and inode are, for everything that is not some
	// container's own.
	objects map[fileID]string
	mounts  map[string][]mount.Mount // by address
	dockerd map[string]bool          // addresses of daemons that are real
	seen    map[string]map[string]seen
	tally   map[mount.Verdict]int
}

type fileID struct{ device, inode uint64 }

// seen is what a process in a container finds at a path.
type seen struct {
	there bool
	fileID
}

func newDiffer(t *testing.T) *differ {
	t.Helper()
	d := &differ{
		t: t, s: newScenario(t), r: rand.New(rand.NewPCG(*differentialSeed, 7)), //nolint:gosec // repeatable
		objects: map[fileID]string{}, mounts: map[string][]mount.Mount{}, dockerd: map[string]bool{}, seen: map[string]map[string]seen{}, tally: map[mount.Verdict]int{},
	}
	d.host = filepath.Join(d.s.dir, "host")
	d.tree(d.host)
	for _, name := range d.volumes() {
		d.s.docker("volume", "create", "--label", "dev.dindctl.project="+d.s.project, name)
		d.tree(d.mountpoint(name))
	}
	return d
}

// tree makes directories and links that lead from one to another.
func (d *differ) tree(root string) {
	d.t.Helper()
	for _, dir := range []string{"a/b", "a/c", "b/a", "c"} {
		if err := os.MkdirAll(filepath.Join(root, dir), 0o755); err != nil {
			d.t.Fatal(err)
		}
	}
	for name, to := range map[string]string{"l": "a", "a/up": "../b", "abs": "/m/a"} {
		if err := os.Symlink(to, filepath.Join(root, name)); err != nil {
			d.t.Fatal(err)
		}
	}
}

func (d *differ) volumes() []string { return []string{d.s.project + "-v1", d.s.project + "-v2"} }

func (d *differ) mountpoint(volume string) string {
	return d.s.docker("volume", "inspect", "-f", "{{.Mountpoint}}", volume)[0]
}

func oneOf[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

// targets of mounts; /tmp is what a real daemon's entrypoint mounts over.
func (d *differ) targets(real bool) []string {
	out := []string{"/m", "/m/a", "/m/b", "/m/a/b", "/n", "/n/c", "/n/c/d"}
	if real {
		out = append(out, "/tmp/x", "/tmp/x", "/run/x")
	}
	return out
}

// randomMounts are mounts of which no two meet.
func (d *differ) randomMounts(like []mount.Mount, real bool) []mount.Mount {
	taken := map[string]bool{}
	var out []mount.Mount
	for range 1 + d.r.IntN(5) {
		m := mount.Mount{Target: oneOf(d.r, d.targets(real)...)}
		switch d.r.IntN(8) {
		case 0:
			m.Type = mount.Tmpfs
		case 1:
			m.Type = mount.Volume // without a name
		case 2, 3:
			m.Type, m.Volume = mount.Volume, oneOf(d.r, d.volumes()...)
		default:
			m.Type, m.Source = mount.Bind, filepath.Join(d.host, oneOf(d.r, "", "a", "b", "a/b", "l", "l/c"))
		}
		if len(like) > 0 && d.r.IntN(4) > 0 { // daemons and controllers often have the same
			m = oneOf(d.r, like...)
		}
		if !taken[m.Target] {
			taken[m.Target] = true
			out = append(out, m)
		}
	}
	return out
}

// randomSource is a path that mostly one of both has in a mount.
func (d *differ) randomSource(daemon, controller []mount.Mount) string {
	if d.r.IntN(5) == 0 {
		return oneOf(d.r, sources(false)...)
	}
	below := oneOf(d.r, "", "", "", "a", "b", "a/b", "c", "l", "a/up", "abs")
	p := path.Join(oneOf(d.r, append(slices.Clone(daemon), controller...)...).Target, below)
	if up := path.Dir(p); up != "/" && d.r.IntN(3) == 0 {
		return up
	}
	return p
}

// container makes one container with its mounts in random order.
func (d *differ) container(address string, mounts []mount.Mount, image string, options ...string) {
	d.t.Helper()
	d.mounts[address] = mounts
	args := append([]string{"run", "-d", "--name", d.name(address), "--label", "dev.dindctl.project=" + d.s.project}, options...)
	order := slices.Clone(mounts)
	d.r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	for _, m := range order {
		text := "type=" + string(m.Type) + ",target=" + m.Target
		if source := m.Source + m.Volume; source != "" {
			text += ",source=" + source
		}
		args = append(args, "--mount", text)
	}
	args = append(args, image)
	if image == bashImage {
		args = append(args, "sleep", "1h")
	}
	d.s.docker(args...)
}

func (d *differ) name(address string) string {
	return d.s.project + "-" + strings.ReplaceAll(address, ".", "-")
}

// model is what the rule reads.
func (d *differ) model(topologies []topology) mount.Topology {
	root := mount.Engine{Address: "daemon.root", Host: "root", API: "1.41", Socket: "/var/run/docker.sock", Volumes: map[string]mount.NamedVolume{}}
	for _, name := range d.volumes() {
		root.Volumes[name] = mount.NamedVolume{Mountpoint: d.mountpoint(name)}
	}
	m := mount.Topology{Engines: map[string]mount.Engine{root.Address: root}, Containers: map[string]mount.Container{}}
	for address, mounts := range d.mounts {
		c := mount.Container{Address: address, Engine: root.Address, Mounts: mounts, ImageKnown: true}
		if d.dockerd[address] {
			c.ImageVolumes, c.ImageLinks = []string{"/var/lib/docker"}, map[string]string{"/var/run": "/run"}
			c.EntryMounts, c.EntryYields = []string{"/tmp"}, true
		}
		m.Containers[address] = c
		if strings.HasPrefix(address, "daemon.") {
			m.Engines[address] = mount.Engine{Address: address, Container: address, API: "1.41", Socket: "/var/run/docker.sock"}
		}
	}
	for _, t := range topologies {
		m.Nested = append(m.Nested, mount.Nested{
			Address: fmt.Sprintf("job.j%04d", t.number), Kind: "mount", Type: mount.Bind, Source: t.source, Target: "/x",
			Resolve: t.resolve, Daemon: t.daemon, Controller: t.controller,
		})
	}
	return m
}

// lookAtHost is the engine's host, which the test shares.
func lookAtHost(_ mount.Object, p string) (link string, exists bool, err error) {
	info, err := os.Lstat(p)
	if err != nil {
		return "", false, nil //nolint:nilerr // what cannot be read is not there
	}
	if info.Mode()&os.ModeSymlink != 0 {
		link, err = os.Readlink(p)
	}
	return link, true, err
}

// know notes everything that is not a container's own. It is called when all
// containers run: engines make directories for mounts below mounts.
func (d *differ) know() {
	d.t.Helper()
	for _, root := range append([]string{d.host}, d.mountpoint(d.volumes()[0]), d.mountpoint(d.volumes()[1])) {
		err := filepath.WalkDir(root, func(p string, _ os.DirEntry, err error) error {
			info, statErr := os.Stat(p)
			if err != nil || statErr != nil {
				return err //nolint:wrapcheck // a test; a link to nowhere is no object
			}
			if stat, is := info.Sys().(*syscall.Stat_t); is {
				id := fileID{stat.Dev, stat.Ino}
				if d.objects[id] == "" {
					d.objects[id] = p
				}
			}
			return nil
		})
		if err != nil {
			d.t.Fatal(err)
		}
	}
}

// look asks a container for all paths by one command.
func (d *differ) look(address string, paths []string) map[string]seen {
	d.t.Helper()
	out := map[string]seen{}
	args := append([]string{"exec", d.name(address), "sh", "-c", `stat -L -c '%d %i %n' -- "$@" 2>/dev/null || :`, "sh"}, paths...)
	cmd := exec.Command("docker", args...) //nolint:gosec // the test's own
	text, err := cmd.Output()
	if err != nil {
		d.t.Errorf("looking into %s: %v", address, err)
	}
	for _, line := range strings.Split(string(text), "\n") {
		var s seen
		var name string
		if n, _ := fmt.Sscanf(line, "%d %d %s", &s.device, &s.inode, &name); n == 3 {
			s.there = true
			out[name] = s
		}
	}
	return out
}

// sources are the paths of questions.
func sources(real bool) []string {
	var out []string
	for _, root := range []string{"/m", "/n"} {
		for _, rest := range []string{"", "a", "b", "a/b", "a/c", "c", "c/d", "l", "l/b", "a/up", "a/up/a", "abs", "abs/b", "none"} {
			out = append(out, path.Join(root, rest))
		}
	}
	out = append(out, "/", "/etc", "/o")
	if real {
		out = append(out, "/tmp/x", "/tmp/x/a", "/tmp/y", "/run/x", "/var/run/x", "/var/run/x/a")
	}
	return out
}

// belows are what is compared below a source.
func belows() []string { return []string{"a", "b", "c", "d", "a/b", "a/c", "b/a", "c/d"} }

// everyPath is what each container is asked for.
func everyPath(real bool) []string {
	out := sources(real)
	for _, p := range sources(real) {
		for _, rest := range belows() {
			out = append(out, path.Join(p, rest))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// at is what a container has at a path; for one that is not there, what its
// nearest ancestor is, and what is missing below that.
func (d *differ) at(address, p string) (s seen, missing string) {
	for {
		if s = d.seen[address][p]; s.there || p == "/" {
			return s, missing
		}
		p, missing = path.Dir(p), path.Join(path.Base(p), missing)
	}
}

// public names the object at a path, where others can have it: a host's or a volume's.
func (d *differ) public(address, p string) string {
	s, missing := d.at(address, p)
	if name := d.objects[s.fileID]; name != "" {
		return path.Join(name, missing)
	}
	return ""
}

// same tells whether two containers have one object at their paths.
func (d *differ) same(a, p, b, q string) bool {
	as, am := d.at(a, p)
	bs, bm := d.at(b, q)
	return as == bs && am == bm
}

// dangles tells whether a path leads through a link to nowhere: nobody can say
// from outside where that would be.
func dangles(seen map[string]seen, p string) bool {
	return !seen[p].there && strings.Contains(p+"/", "/abs/") || !seen[p].there && strings.Contains(p+"/", "/up/") || !seen[p].there && strings.Contains(p+"/", "/l/")
}

// inMount tells whether the controller has a path in a mount, by what is there:
// its own root has one device for all that is not a mount.
func (d *differ) inMount(address, p string) bool {
	s, _ := d.at(address, p)
	return s.device != d.seen[address]["/"].device
}

// compare says what is wrong with an entry of the rule; empty where nothing is.
func (d *differ) compare(t topology, e mount.Entry) string {
	D, C := t.daemon, t.controller
	if dangles(d.seen[D], t.source) || dangles(d.seen[C], t.source) {
		return ""
	}
	d.tally[e.Verdict]++
	if t.resolve == mount.ResolveTranslate {
		return d.compareTranslated(t, e)
	}
	public, held := d.public(D, t.source) != "", d.inMount(C, t.source)
	compared := held && t.resolve == mount.ResolveSame
	same := d.same(D, t.source, C, t.source)
	var below []string
	for _, rest := range belows() {
		if p := path.Join(t.source, rest); compared && same && (d.seen[D][p].there || d.seen[C][p].there) && !d.same(D, p, C, p) {
			below = append(below, p)
		}
	}
	facts := fmt.Sprintf("public %v, in a mount of the controller %v, same %v, other below %q", public, held, same, below)
	var want mount.Verdict
	switch {
	case !public && t.resolve == mount.ResolveSame:
		want = mount.Hidden
	case compared && !same:
		want = mount.Aliased
	case len(below) > 0:
		want = mount.Partial
	default:
		want = mount.Visible
	}
	if e.Verdict == mount.Shadowed && want == mount.Hidden && d.dockerd[D] || e.Verdict == want {
		return ""
	}
	return fmt.Sprintf("the rule says %s (%s), reality is %s: %s", e.Verdict, e.Message, want, facts)
}

// compareTranslated looks whether what is sent is what the controller has, and
// whether nothing could have been sent where the rule found nothing.
func (d *differ) compareTranslated(t topology, e mount.Entry) string {
	object := d.public(t.controller, t.source)
	switch e.Verdict {
	case mount.Visible, mount.Partial:
		if e.Send.Type == mount.Bind && !d.same(t.daemon, e.Send.Source, t.controller, t.source) {
			return fmt.Sprintf("%s is sent for %s, which is another object", e.Send.Source, t.source)
		}
	case mount.Hidden, mount.Shadowed:
		for _, p := range sources(d.dockerd[t.daemon]) {
			if object != "" && d.inMount(t.controller, t.source) && d.same(t.daemon, p, t.controller, t.source) {
				return fmt.Sprintf("the rule says %s, but the daemon has the controller's %s at %s", e.Verdict, t.source, p)
			}
		}
	case mount.Aliased, mount.Unknown:
		return "the rule says " + string(e.Verdict) + " of a translated source: " + e.Message
	}
	return ""
}

// run compares all topologies; what does not fit is told with what replays it.
func (d *differ) run(topologies []topology) {
	d.t.Helper()
	d.know()
	entries := mount.Check(d.model(topologies), lookAtHost)
	if len(entries) != len(topologies) {
		d.t.Fatalf("%d entries for %d topologies", len(entries), len(topologies))
	}
	wanted := map[string][]string{}
	for address := range d.mounts {
		wanted[address] = everyPath(d.dockerd[address])
	}
	for _, t := range topologies {
		for _, rest := range append(belows(), "") {
			for p := path.Join(t.source, rest); p != "/"; p = path.Dir(p) {
				wanted[t.daemon], wanted[t.controller] = append(wanted[t.daemon], p), append(wanted[t.controller], p)
			}
		}
	}
	for i, e := range entries { // in the order of addresses, which is that of the numbers
		if e.Send.Type == mount.Bind {
			wanted[topologies[i].daemon] = append(wanted[topologies[i].daemon], e.Send.Source)
		}
	}
	var mu sync.Mutex
	var group errgroup.Group
	group.SetLimit(4)
	for address, paths := range wanted {
		group.Go(func() error {
			slices.Sort(paths)
			seen := d.look(address, slices.Compact(paths))
			mu.Lock()
			defer mu.Unlock()
			d.seen[address] = seen
			return nil
		})
	}
	_ = group.Wait() // nothing fails
	for i, e := range entries {
		t := topologies[i]
		if problem := d.compare(t, e); problem != "" {
			d.t.Errorf("topology %d: %s mounts %s (%s) for %s: %s\n  %s has %+v\n  %s has %+v\n(replay it with -run %s -seed %d -only %d)",
				t.number, t.daemon, t.source, t.resolve, t.controller, problem, t.daemon, d.mounts[t.daemon], t.controller, d.mounts[t.controller],
				d.t.Name(), *differentialSeed, t.number)
		}
	}
	d.t.Logf("%d topologies: %v", len(topologies), d.tally)
}

// The rule says of random daemons, controllers and jobs what Docker shows of them.
// Plain containers stand for the daemons: only what they see counts.
func TestRuleIsWhatDockerDoes(t *testing.T) {
	d := newDiffer(t)
	const side = 14 // daemons, and as many controllers; a pair is a topology
	var topologies []topology
	planned := map[string][]mount.Mount{}
	pool := slices.Concat(d.randomMounts(nil, false), d.randomMounts(nil, false))
	for i := range side {
		daemon := fmt.Sprintf("daemon.d%02d", i)
		planned[daemon] = d.randomMounts(pool, false)
		planned[fmt.Sprintf("controller.c%02d", i)] = d.randomMounts(pool, false)
	}
	for n := range *differentialCount {
		daemon, controller := fmt.Sprintf("daemon.d%02d", n%side), fmt.Sprintf("controller.c%02d", (n+n/side)%side)
		topologies = append(topologies, topology{
			number: n, daemon: daemon, controller: controller,
			source:  d.randomSource(planned[daemon], planned[controller]),
			resolve: oneOf(d.r, mount.ResolveSame, mount.ResolveSame, mount.ResolveTranslate, mount.ResolveDaemon),
		})
	}
	if *differentialOnly >= 0 {
		topologies = topologies[*differentialOnly : *differentialOnly+1]
	}
	for _, address := range slices.Sorted(maps.Keys(planned)) {
		if slices.ContainsFunc(topologies, func(t topology) bool { return t.daemon == address || t.controller == address }) {
			d.container(address, planned[address], bashImage)
		}
	}
	d.run(topologies)
	if *differentialOnly < 0 {
		for _, v := range []mount.Verdict{mount.Visible, mount.Hidden, mount.Aliased, mount.Partial} {
			if d.tally[v] == 0 {
				t.Errorf("no topology has the verdict %s: the test says nothing about it", v)
			}
		}
	}
}
