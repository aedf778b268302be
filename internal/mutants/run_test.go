package mutants_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/dindctl/dindctl/internal/cli"
	"github.com/dindctl/dindctl/internal/replay"
	"github.com/dindctl/dindctl/provider/docker"
)

// command is one way to run a command.
type command struct {
	name string // of the command
	args []string
	// bare says that the project is named, and no configuration.
	bare  bool
	stdin string
	// act says that what changes something is done.
	act bool
	// volumes and images say that these may be removed, too.
	volumes, images bool
}

func (c command) String() string {
	words := slices.Concat([]string{c.name}, c.args)
	if c.bare {
		words = append(words, "-project")
	}
	return strings.Join(words, " ")
}

func commands() []command {
	return []command{
		{name: "plan", args: []string{"-files", "this"}},
		{name: "plan", args: []string{"-files", "this", "-json"}},
		{name: "ls"},
		{name: "ls", args: []string{"-json"}, bare: true},
		{name: "show"},
		{name: "show", args: []string{"-json"}, bare: true},
		{name: "destroy", stdin: "no\n"},
		{name: "destroy", args: []string{"-auto-approve"}, stdin: "yes\n", act: true},
		{name: "destroy", args: []string{"-auto-approve", "-volumes", "-images"}, act: true, volumes: true, images: true},
		{name: "destroy", args: []string{"-auto-approve", "-volumes"}, bare: true, act: true, volumes: true},
	}
}

// patience is what an engine is given to answer. Here it answers at once: the
// limit only has to be long enough for a busy machine.
const patience = time.Minute

// site is a recording that is served, and the commands about it.
type site struct {
	*replay.Site
	recording *replay.Recording
	tap       *tap
	honest    map[string]baseline // by command
}

// baseline is what a command does where nothing is spoiled.
type baseline struct {
	answers []answer
	outcome outcome
}

// outcome is how a command ended.
type outcome struct {
	code    int
	said    string
	changes []change
}

const recordings = "../upgrade/testdata"

// newSite serves a recording, with objects that are not the project's beside each
// that is.
func newSite(name string) (*site, error) {
	r, err := replay.Load(filepath.Join(recordings, name+".jsonl"))
	if err != nil {
		return nil, err
	}
	e, found := replay.ExampleOf(r)
	if !found {
		return nil, fmt.Errorf("%s is a recording of no example", name)
	}
	commit, _, _ := strings.Cut(name, "/")
	at, err := replay.NewSite(e, filepath.Join(recordings, commit, "files"), filepath.Join(recordings, "certificates"))
	if err != nil {
		return nil, err
	}
	s := &site{Site: at, recording: r, tap: newTap(), honest: map[string]baseline{}}
	addForeign(r)
	addNetworks(r)
	if _, err := s.Serve(r, s.tap.around); err != nil {
		return nil, err
	}
	return s, s.Configure()
}

// run runs a command in this process.
func (s *site) run(c command, spoil *spoiled, keep bool) (outcome, *tap) {
	t := s.tap
	t.mu.Lock()
	t.answers, t.spoiled, t.served, t.asked, t.act, t.lock, t.changes = nil, spoil, 0, 0, c.act, c.name == "destroy", nil
	t.gone, t.locks = map[string]bool{}, map[string][]byte{}
	if keep {
		t.answers = map[string][]answer{}
	}
	t.mu.Unlock()

	args := s.Args(c.name, c.args...)
	if c.bare {
		args = slices.Delete(args, 1, 2)
	}
	var said output
	code := cli.Run(context.Background(), cli.Env{
		Args: args, Stdin: strings.NewReader(c.stdin), Stdout: &said, Stderr: &said,
		Environ: once(append(s.Environ, "DINDCTL_ENGINE_TIMEOUT="+patience.String())), Cwd: s.Dir, Self: "/nowhere", Version: "mutants-test", Provider: docker.New(nil),
		Stop: make(chan struct{}), Now: func() time.Time { return time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC) },
	})
	t.mu.Lock()
	defer t.mu.Unlock()
	for t.sending > 0 {
		t.sent.Wait()
	}
	return outcome{code, said.sorted(), slices.Clone(t.changes)}, t
}

// once leaves of each variable the last value, as processes see them.
func once(environ []string) []string {
	values := map[string]string{}
	for _, entry := range environ {
		name, value, _ := strings.Cut(entry, "=")
		values[name] = value
	}
	var out []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		out = append(out, name+"="+values[name])
	}
	return out
}

// output is what a command says, on both streams.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(b)
}

// sorted are its lines, whatever went on at the same time.
func (o *output) sorted() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	lines := strings.Split(o.text.String(), "\n")
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// baselineOf runs a command with nothing spoiled, once.
func (s *site) baselineOf(c command) (baseline, error) {
	if b, known := s.honest[c.String()]; known {
		return b, nil
	}
	honest, t := s.run(c, nil, true)
	if honest.code != 0 && (c.stdin != "no\n" || honest.code != 1) {
		return baseline{}, fmt.Errorf("%s of %s: exit code %d\n%s", c, s.recording.Example, honest.code, honest.said)
	}
	b := baseline{outcome: honest}
	t.mu.Lock()
	for _, key := range slices.Sorted(maps.Keys(t.answers)) {
		b.answers = append(b.answers, t.answers[key]...)
	}
	t.mu.Unlock()
	s.honest[c.String()] = b
	return b, s.onlyOurs(c, honest.changes)
}

// onlyOurs is an error where a change is made that this command may not make,
// whatever the engine says: any by what only looks, and by destroy one of what is not
// the project's, or of data that is kept.
func (s *site) onlyOurs(c command, changes []change) error {
	for _, change := range changes {
		if !c.act {
			return fmt.Errorf("%s changes something: %s %s in %q", c, change.method, change.path, whereOf(change.at))
		}
		if o, kind := objectOf(change); o != nil && !s.ours(c, o, kind) {
			return fmt.Errorf("%s touches what is not the project's, or is to be kept: %s %s in %q", c, change.method, change.path, whereOf(change.at))
		}
	}
	return nil
}

var changedPath = regexp.MustCompile(`^/(containers|networks|volumes|images)/(.+?)(/(stop|kill|rename|update|start|connect|disconnect|wait|restart))?$`)

// objectOf is the object that a change is about, as the recording has it; nil where
// it has none.
func objectOf(c change) (*replay.Object, string) {
	match := changedPath.FindStringSubmatch(c.path)
	if match == nil {
		return nil, ""
	}
	list := map[string][]*replay.Object{
		"containers": c.at.Containers, "networks": c.at.Networks, "volumes": c.at.Volumes, "images": c.at.Images,
	}[match[1]]
	return replay.Find(list, match[2]), match[1]
}

func (s *site) ours(c command, o *replay.Object, kind string) bool {
	labels := o.Known().Labels
	runs := labels["dev.dindctl.kind"] != "image" && labels["dev.dindctl.kind"] != "network" && labels["dev.dindctl.kind"] != "volume"
	switch {
	case labels["dev.dindctl.project"] != s.Project, o.Known().Labels["foreign"] != "":
		return false
	case kind == "containers":
		return runs
	case kind == "volumes":
		return c.volumes
	case kind == "images":
		return c.images
	}
	return true
}

// foreignDigit begins the ids of what is not the project's.
const foreignDigit = "f0e1"

// addForeign puts beside each object of the project one that is not: without labels,
// of another project, or a container with the labels of an image.
func addForeign(r *replay.Recording) {
	for _, p := range r.Places {
		for _, list := range []*[]*replay.Object{&p.Containers, &p.Networks, &p.Volumes} {
			for i, o := range slices.Clone(*list) {
				if o.Known().Labels["dev.dindctl.project"] == "" {
					continue
				}
				if foreign := foreignOf(o, i); foreign != nil {
					*list = append(*list, foreign)
				}
			}
		}
	}
}

// foreignOf is a copy of an object that somebody else has made; nil for one that is
// not shown as an object.
func foreignOf(o *replay.Object, number int) *replay.Object {
	k := o.Known()
	other := func(content json.RawMessage) json.RawMessage {
		var fields map[string]any
		if json.Unmarshal(content, &fields) != nil {
			return nil
		}
		labels := []map[string]any{{}, {"dev.dindctl.project": "another", "dev.dindctl.address": "network.n", "dev.dindctl.kind": "network"}, {"dev.dindctl.project": k.Labels["dev.dindctl.project"], "dev.dindctl.kind": "image"}}[number%3]
		if _, network := fields["Driver"]; network && number%3 == 2 {
			labels = map[string]any{"somebody": "else"}
		}
		labels["foreign"] = "yes"
		fields["Labels"] = labels
		if config, ok := fields["Config"].(map[string]any); ok {
			delete(fields, "Labels")
			config["Labels"] = labels
		}
		for _, name := range []string{"Id", "ID"} {
			if id, ok := fields[name].(string); ok {
				fields[name] = foreignDigit + id[4:]
			}
		}
		if name, ok := fields["Name"].(string); ok {
			fields["Name"] = name + "-foreign"
		}
		if names, ok := fields["Names"].([]any); ok {
			fields["Names"] = []any{fmt.Sprint(names[0], "-foreign")}
		}
		for _, name := range []string{"NetworkSettings", "Mounts", "Ports", "Containers"} {
			switch fields[name].(type) {
			case map[string]any:
				fields[name] = map[string]any{}
			case []any:
				fields[name] = []any{}
			}
		}
		out, _ := json.Marshal(fields)
		return out
	}
	foreign := &replay.Object{Summary: other(o.Summary)}
	if o.Inspect != nil {
		foreign.Inspect = other(o.Inspect)
	}
	if foreign.Summary == nil {
		return nil
	}
	return foreign
}

// addNetworks puts a network of the project inside each daemon that has something:
// no example has one there.
func addNetworks(r *replay.Recording) {
	at := slices.IndexFunc(r.Places[0].Networks, func(o *replay.Object) bool {
		labels := o.Known().Labels
		return labels["dev.dindctl.project"] != "" && labels["foreign"] == ""
	})
	if at < 0 {
		return
	}
	of := r.Places[0].Networks[at]
	labels := of.Known().Labels
	_, name, _ := strings.Cut(labels["dev.dindctl.address"], ".")
	texts := strings.NewReplacer(`"network.`+name+`"`, `"network.extra"`, `"`+of.Known().Name+`"`, `"`+labels["dev.dindctl.project"]+`-extra"`, `"Id":"`+of.Known().Key()[:4], `"Id":"abcd`)
	for _, p := range r.Places {
		owned := func(o *replay.Object) bool { return o.Known().Labels["dev.dindctl.project"] != "" }
		if len(p.Inside) > 0 && slices.ContainsFunc(p.Containers, owned) {
			p.Networks = append(p.Networks, &replay.Object{
				Summary: json.RawMessage(texts.Replace(string(of.Summary))), Inspect: json.RawMessage(texts.Replace(string(of.Inspect))),
			})
		}
	}
}

// names are the recordings, without the directory and the ending.
func names() ([]string, error) {
	files, err := filepath.Glob(filepath.Join(recordings, "*", "*", "*.jsonl"))
	if err == nil && len(files) == 0 {
		err = os.ErrNotExist
	}
	for i := range files {
		files[i] = strings.TrimSuffix(strings.TrimPrefix(files[i], recordings+"/"), ".jsonl")
	}
	return files, err
}
