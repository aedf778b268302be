package mount

import (
	"cmp"
	"strconv"
	"strings"
)

// question is one nested source on its way through the rule.
type question struct {
	n      Nested
	engine Engine
	// controller is what the source leads to in the controller's view; only
	// where hasController.
	controller    place
	hasController bool
}

// who is the subject of messages: what would see the mount.
func (q question) who() string {
	if q.n.Kind == nestedPath {
		return "a job of " + q.n.Address
	}
	return q.n.Address
}

// nestedPath is the kind of an entry that stands for the mounts of pipelines
// which dindctl does not start.
const nestedPath = "nested_path"

// side is what the daemon would mount: a path that it resolves, or one of its volumes.
type side struct {
	place
	// volume says that the volume itself is mounted, past the daemon's view.
	volume bool
}

// difference is a path below the source at which controller and daemon show
// different objects.
type difference struct {
	rest   string
	c, d   place
	unsure string // why it is not known whether they differ
}

// finding is what the rule says.
type finding struct {
	verdict Verdict
	// message is one or more whole sentences.
	message string
	// warnings are whole sentences about what is visible nevertheless.
	warnings []string
	side     side
	// gets names what the nested container would get; empty: what side says.
	gets        string
	differences []difference
	send        Mount
	// gated says that only the revision of the engine's interface is not known.
	gated bool
}

// gatedFinding is the finding for a part of a volume on an engine of which nobody
// knows yet whether it can mount parts.
func gatedFinding(q question, d side) finding {
	f := unknown(q, "mounting a part of a volume needs API 1.45 (Engine 26), and which one "+q.n.Daemon+" speaks is known only when it is asked, by plan")
	f.gated, f.side = true, d
	return f
}

func unknown(q question, why string) finding {
	return finding{verdict: Unknown, message: "It cannot be said what " + q.who() + " would see at " + q.n.Target + ": " + why + "."}
}

// ask prepares the question of a nested source.
func (r *resolver) question(n Nested) question {
	q := question{n: n, engine: r.t.Engines[n.Daemon]}
	q.engine.API = cmp.Or(q.engine.API, r.t.Engines[r.engineName(n.Daemon)].API)
	if n.Controller != "" {
		q.hasController = true
		if n.Type == Bind && absolute(n.Source) {
			q.controller = r.walk(space{container: n.Controller}, n.Source)
		}
	}
	return q
}

// find applies the rule to one nested source.
func (r *resolver) find(q question) finding {
	if q.n.Type == Volume {
		return r.findVolume(q)
	}
	if _, why := r.asked(q); why != "" {
		f := unknown(q, why)
		f.send = q.asWritten()
		return f
	}
	if q.n.Resolve == ResolveTranslate && q.hasController {
		return r.findTranslated(q)
	}
	f := r.findPath(q)
	f.send = q.asWritten()
	if p, _ := r.asked(q); !absolute(q.n.Source) && p != "" {
		f.send.Source, _ = r.spelled(q.n.Daemon, p)
	}
	return f
}

// findPath is the finding for a path that the daemon resolves as it is written.
func (r *resolver) findPath(q question) finding {
	s, why := r.engineSpace(q.n.Daemon)
	if why = firstOf(why, q.engine.Unknown); why != "" {
		return unknown(q, why)
	}
	source, _ := r.asked(q)
	return r.judge(q, side{place: r.walk(s, source)}, q.n.Resolve != ResolveDaemon)
}

// asWritten is the mount that is sent where nothing is translated.
func (q question) asWritten() Mount {
	source := q.n.Source
	if absolute(source) {
		source = clean(source)
	}
	return Mount{Type: Bind, Source: source, Target: q.n.Target, ReadOnly: q.n.ReadOnly}
}

// judge is the ordered procedure: the first verdict that applies. Compare says
// that the daemon's object must be the controller's.
func (r *resolver) judge(q question, d side, compare bool) finding {
	f, decided := r.judgeDaemon(q, d)
	if !decided && compare && q.hasController {
		f, decided = r.judgeController(q, d)
	}
	if !decided {
		f = finding{verdict: Visible, warnings: r.warnings(q, d, compare)}
		f.message = q.who() + " sees " + d.object.String() + " at " + q.n.Target + q.unlessThere(d) + "."
	}
	f.side = d
	return f
}

// unlessThere is a clause about an object that is not there yet.
func (q question) unlessThere(d side) string {
	switch {
	case !d.missing() || d.volume:
		return ""
	case q.n.CreateSource:
		return "; " + q.n.Daemon + " makes it, an empty directory, because it does not exist yet"
	}
	return ", once it exists: nothing is there yet"
}

// missing tells whether it is known that nothing is there.
func (p place) missing() bool { return p.exists != nil && !*p.exists }

// judgeDaemon is what the daemon alone decides: unknown, hidden, shadowed.
func (r *resolver) judgeDaemon(q question, d side) (finding, bool) {
	switch {
	case d.unknown != "":
		return unknown(q, d.unknown), true
	case d.volume || r.ownSocket(q, d.place):
		return finding{}, false
	case d.space.container == "":
		return r.judgeHost(q, d)
	}
	if covered := r.view(d.space.container).covered(d.path); covered != nil {
		return finding{
			verdict: Shadowed,
			message: d.space.container + " has " + r.describe(covered) + " mounted at " + covered.target +
				", but its entrypoint mounts a tmpfs over " + d.point.target + " afterwards: " + q.who() + " would see that instead.",
		}, true
	}
	if private(d.place) && q.n.Resolve != ResolveDaemon && (!q.n.CreateSource || q.hasController) {
		return finding{verdict: Hidden, message: r.privateMessage(q, d), gets: privateObject(d)}, true
	}
	return finding{}, false
}

// describe names the object behind a point in canonical form.
func (r *resolver) describe(p *point) string {
	if p.unknown != "" {
		return "something"
	}
	return r.canonical(p.object).String()
}

// ownSocket tells whether a place is the socket of the engine that is asked.
func (r *resolver) ownSocket(q question, p place) bool {
	return p.object.Kind == EngineSocket && p.object.In == r.engineName(q.n.Daemon)
}

// private tells whether a place of a container is nobody else's.
func private(p place) bool { return p.point == nil || p.point.private }

func privateObject(d side) string {
	if d.object.Kind == OwnRoot {
		return "an empty directory of " + d.space.container
	}
	return d.object.String()
}

func (r *resolver) privateMessage(q question, d side) string {
	text := "No mount of " + d.space.container + " holds " + d.path
	if d.object.Kind != OwnRoot {
		text = d.path + " is private to " + d.space.container + " (" + d.object.String() + ")"
	}
	text += ", where " + q.n.Daemon + " resolves the source: "
	if q.hasController && q.controller.unknown == "" && q.controller.mounted() {
		return text + q.who() + " would not see " + q.controller.object.String() + ", which " + q.n.Controller + " has there."
	}
	text += q.who() + " would get an empty directory, or not start."
	if q.hasController && q.controller.unknown == "" {
		text += " No mount of " + q.n.Controller + " holds " + q.controller.path + " either."
	}
	return text
}

// judgeHost decides by existence, which is what counts on a host.
func (r *resolver) judgeHost(q question, d side) (finding, bool) {
	switch {
	case q.n.CreateSource:
		return finding{}, false
	case d.exists == nil:
		return unknown(q, d.doubt), true
	case *d.exists:
		return finding{}, false
	}
	for _, earlier := range q.n.Earlier {
		if earlier = clean(earlier); within(d.path, earlier) || within(clean(q.n.Source), earlier) {
			return unknown(q, d.object.String()+" does not exist yet, but something earlier mounts "+earlier+" and may make it"), true
		}
	}
	effect := q.who() + " cannot start"
	if q.n.Kind == nestedPath {
		effect = q.who() + " would see an empty directory"
	}
	text := q.n.Daemon + " resolves the source on its host, where " + d.path + " does not exist: " + effect + "."
	if q.hasController && q.controller.unknown == "" && q.controller.mounted() {
		text += " " + q.n.Controller + " has " + q.controller.object.String() + " at " + clean(q.n.Source) + "."
	}
	return finding{verdict: Hidden, message: text, gets: "nothing: " + d.object.String() + " does not exist"}, true
}

// judgeController is what the comparison with the controller's view decides.
func (r *resolver) judgeController(q question, d side) (finding, bool) {
	c := q.controller
	if c.unknown != "" {
		return unknown(q, c.unknown), true
	}
	if !c.mounted() {
		return finding{}, false
	}
	if same, unsure := sameObject(c, d.place); unsure != "" {
		return unknown(q, unsure), true
	} else if !same {
		return finding{
			verdict: Aliased,
			message: q.who() + " would see " + d.object.String() + ", but " + clean(q.n.Source) + " of " +
				q.n.Controller + " is " + c.object.String() + ".",
		}, true
	}
	return r.judgeBelow(q, d)
}

// judgeBelow compares what lies below the source in both views.
func (r *resolver) judgeBelow(q question, d side) (finding, bool) {
	differences := r.differences(q.controller, d)
	if len(differences) == 0 {
		return finding{}, false
	}
	for _, x := range differences {
		if x.unsure != "" {
			return unknown(q, x.unsure), true
		}
	}
	at := make([]string, len(differences))
	for i, x := range differences {
		at[i] = "at " + x.c.path + " " + q.n.Controller + " has " + x.c.object.String() + ", but " + q.n.Daemon + " has " + x.d.object.String()
	}
	return finding{
		verdict: Partial, differences: differences,
		message: q.who() + " would see parts of " + d.object.String() + " as " + q.n.Daemon + " has them: " + strings.Join(at, "; ") + ".",
	}, true
}

// differences are the paths below c and d at which something is mounted in
// either view and the objects are not the same, in order. A path below one that
// differs is left out when it differs only because of that.
func (r *resolver) differences(c place, d side) []difference {
	var out []difference
	for _, rest := range r.targetsBelow(c, d) {
		x := difference{rest: rest, c: r.here(c.space, join(c.path, rest)), d: r.sideAt(d, rest)}
		if x.c.unknown != "" || x.d.unknown != "" {
			x.unsure = firstOf(x.c.unknown, x.d.unknown)
			out = append(out, x)
			continue
		}
		same, unsure := sameObject(x.c, x.d)
		if x.unsure = unsure; !same || unsure != "" {
			out = append(out, x)
		}
	}
	return out
}

// targetsBelow are the remainders at which something is mounted below either place, sorted.
func (r *resolver) targetsBelow(c place, d side) []string {
	rests := map[string]bool{}
	for _, p := range []place{c, d.place} {
		if p.space.container == "" || p.path == "" {
			continue
		}
		for _, target := range r.view(p.space.container).below(p.path) {
			rests[remainder(target, p.path)] = true
		}
	}
	return sortedKeys(rests)
}

// sideAt is what the daemon has at a path below.
func (r *resolver) sideAt(d side, rest string) place {
	if d.volume {
		return r.canonicalPlace(place{raw: d.raw.join(rest)})
	}
	return r.here(d.space, join(d.path, rest))
}

// sameObject compares two places. Unsure says why it cannot be known.
func sameObject(a, b place) (same bool, unsure string) {
	if a.object == b.object {
		return true, ""
	}
	if a.object.Kind == HostPath && b.object.base() == a.object.base() {
		if why := firstOf(a.doubt, b.doubt); why != "" {
			return false, a.object.String() + " and " + b.object.String() + " may be one through a link (" + why + ")"
		}
	}
	return false, ""
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// apiBelow tells whether a revision of the engine's interface is known and lower than 1.minor.
func apiBelow(api string, minor int) bool {
	_, number, ok := strings.Cut(api, ".")
	n, err := strconv.Atoi(number)
	return ok && err == nil && n < minor
}
