package sim_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/providertest"
)

// project is the project of all configurations.
const project = "sim"

// block is one object of a configuration; what it refers to are addresses.
type block struct {
	Address, Name     string
	Inside            string
	Networks, Volumes []string
	Data              string // of a daemon
	Daemon            string // of a controller
	Controller        string // of a job
	Image             string
	Shares            string   // the container whose network it has
	After             []string // depends_on
	// Rev is what changes only with a new object, Cpus what changes live.
	Rev, Cpus int
	// Fails and Slow are a job's: it ends with code 1; it takes until it is told to end.
	Fails, Slow bool
}

func (b block) kind() provider.Kind {
	kind, _, _ := strings.Cut(b.Address, ".")
	return provider.Kind(kind)
}

// refs are the addresses that a block needs, sorted.
func (b block) refs() []string {
	out := slices.Concat(b.Networks, b.Volumes, b.After)
	for _, one := range []string{b.Inside, b.Data, b.Daemon, b.Controller, b.Image, b.Shares} {
		if one != "" {
			out = append(out, one)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// uses are those of refs that the block's arguments name.
func (b block) uses() []string {
	b.After = nil
	return append([]string{}, b.refs()...)
}

func (b block) String() string {
	out := fmt.Sprintf("%s %q", b.Address, b.Name)
	for _, part := range []struct{ name, value string }{
		{"inside", b.Inside},
		{"networks", strings.Join(b.Networks, ",")},
		{"volumes", strings.Join(b.Volumes, ",")},
		{"data", b.Data},
		{"daemon", b.Daemon},
		{"controller", b.Controller},
		{"image", b.Image},
		{"shares", b.Shares},
		{"depends_on", strings.Join(b.After, ",")},
	} {
		if part.value != "" {
			out += " " + part.name + "=" + part.value
		}
	}
	out += fmt.Sprintf(" rev=%d cpus=%d", b.Rev, b.Cpus)
	if b.Fails {
		out += " fails"
	}
	if b.Slow {
		out += " slow"
	}
	return out
}

// draw makes a random configuration of up to n blocks, in topological order. Names
// and addresses come from small pools, so that one configuration changes, moves and
// takes over what another one made.
func draw(random *rand.Rand, n int, slow bool) []block {
	d := &drawing{random: random, slow: slow, names: map[string]bool{}}
	places := []string{""}
	for range n {
		inside := places[random.IntN(len(places))]
		kind := []provider.Kind{
			provider.Network, provider.Volume, provider.Container, provider.Daemon, provider.Job,
			provider.Controller, provider.Image, provider.Job, provider.Container, provider.Daemon,
		}[random.IntN(10)]
		if d.add(kind, inside) && kind == provider.Daemon {
			places = append(places, d.out[len(d.out)-1].Address)
		}
	}
	return d.out
}

type drawing struct {
	random *rand.Rand
	slow   bool
	out    []block
	names  map[string]bool
}

func (d *drawing) has(address string) bool {
	return slices.ContainsFunc(d.out, func(b block) bool { return b.Address == address })
}

// some are addresses of a kind in a place.
func (d *drawing) some(kind provider.Kind, inside string) []string {
	var out []string
	for _, b := range d.out {
		if b.kind() == kind && b.Inside == inside && d.random.IntN(3) == 0 {
			out = append(out, b.Address)
		}
	}
	return out
}

// name gives a block a name that is free in its place.
func (d *drawing) name(b *block) {
	space := string(b.kind())
	if b.kind().Runs() {
		space = "container"
	}
	for {
		b.Name = fmt.Sprintf("x%d", d.random.IntN(12))
		if key := b.Inside + " " + space + " " + b.Name; !d.names[key] {
			d.names[key] = true
			return
		}
	}
}

// add adds a block of a kind; false where its address is taken or it cannot be.
func (d *drawing) add(kind provider.Kind, inside string) bool {
	r := d.random
	b := block{Address: fmt.Sprintf("%s.n%d", kind, r.IntN(5)), Inside: inside, Rev: r.IntN(5) / 4, Cpus: r.IntN(3) / 2}
	if d.has(b.Address) {
		return false
	}
	switch kind {
	case provider.Image:
		b.Inside, b.Cpus = "", 0
	case provider.Network, provider.Volume:
		b.Cpus = 0
	case provider.Daemon:
		b.Data = d.data(b, inside)
	case provider.Controller:
		if !d.controller(&b) {
			return false
		}
	case provider.Job:
		d.job(&b)
	case provider.Container:
		if owners := d.some(provider.Container, b.Inside); len(owners) > 0 {
			b.Shares = owners[0]
		}
	case provider.Guard:
	}
	if kind.Runs() {
		b.Networks, b.Volumes = d.some(provider.Network, b.Inside), d.some(provider.Volume, b.Inside)
		b.Volumes = slices.DeleteFunc(b.Volumes, d.sealed)
		if b.Shares != "" {
			b.Networks = nil
		}
		if images := d.some(provider.Image, ""); len(images) > 0 {
			b.Image = images[0]
		}
		if r.IntN(3) == 0 && len(d.out) > 0 {
			b.After = []string{d.out[r.IntN(len(d.out))].Address}
		}
	}
	d.name(&b)
	d.out = append(d.out, b)
	return true
}

// sealed tells of a volume that is a daemon's data, which nothing else mounts.
func (d *drawing) sealed(address string) bool {
	return slices.ContainsFunc(d.out, func(b block) bool { return b.Data == address })
}

// data is a volume for a daemon: one that is free, or a new one.
func (d *drawing) data(b block, inside string) string {
	for _, v := range d.out {
		used := slices.ContainsFunc(d.out, func(o block) bool { return o.Data == v.Address || slices.Contains(o.Volumes, v.Address) })
		if v.kind() == provider.Volume && v.Inside == inside && !used && d.random.IntN(2) == 0 {
			return v.Address
		}
	}
	v := block{Address: "volume." + strings.ReplaceAll(b.Address, ".", "-"), Inside: inside}
	d.name(&v)
	d.out = append(d.out, v)
	return v.Address
}

// controller gives a controller its daemon, beside which it lives.
func (d *drawing) controller(b *block) bool {
	for _, o := range d.out {
		if o.kind() == provider.Daemon && d.random.IntN(2) == 0 {
			b.Daemon, b.Inside = o.Address, o.Inside
			return true
		}
	}
	return false
}

// job gives some jobs a controller, on whose daemon they run.
func (d *drawing) job(b *block) {
	b.Fails, b.Slow = d.random.IntN(12) == 0, d.slow && d.random.IntN(4) == 0
	for _, o := range d.out {
		if o.kind() == provider.Controller && d.random.IntN(2) == 0 {
			b.Controller, b.Inside = o.Address, o.Daemon
			return
		}
	}
}

// edit changes a few things of a configuration, as a person does between two runs.
func edit(random *rand.Rand, blocks []block) []block {
	out := slices.Clone(blocks)
	for range 1 + random.IntN(3) {
		if len(out) == 0 {
			return out
		}
		i := random.IntN(len(out))
		switch b := &out[i]; random.IntN(6) {
		case 0:
			out = without(out, b.Address)
		case 1, 2:
			b.Rev++
		case 3:
			if b.kind().Runs() {
				b.Cpus = 1 - b.Cpus
			}
		case 4:
			b.Fails = false
		case 5:
			if len(b.Networks) > 0 {
				b.Networks = nil
			}
		}
	}
	return out
}

// without leaves out a block and everything that cannot be without it.
func without(blocks []block, address string) []block {
	gone := map[string]bool{address: true}
	var out []block
	for _, b := range blocks {
		b.After = except(b.After, gone)
		b.Networks = except(b.Networks, gone)
		b.Volumes = except(b.Volumes, gone)
		if gone[b.Image] {
			b.Image = ""
		}
		if gone[b.Address] || slices.ContainsFunc(b.refs(), func(ref string) bool { return gone[ref] }) {
			gone[b.Address] = true
			continue
		}
		out = append(out, b)
	}
	return out
}

func except(addresses []string, gone map[string]bool) []string {
	return slices.DeleteFunc(slices.Clone(addresses), func(a string) bool { return gone[a] })
}

// evaluator evaluates blocks again with what is known by then.
type evaluator struct {
	*config.Expanded
	blocks []block
}

// Declaration is an object as it is declared by now: an image may be known.
func (e evaluator) Declaration(address string, known config.Known) (provider.Declaration, diag.List) {
	d, problems := e.Expanded.Declaration(address, nil)
	for _, b := range e.blocks {
		if b.Address == address && b.Image+b.Shares != "" {
			d.Declared = b.instance(evaluation{namesOf(e.blocks), known}).Declared
		}
	}
	return d, problems
}

// expanded evaluates blocks, which come in topological order, with what is known:
// of an image that is the id.
func expanded(blocks []block, known config.Known) *config.Expanded {
	x := &config.Expanded{Config: &config.Config{Project: project}}
	e := evaluation{namesOf(blocks), known}
	for _, b := range blocks {
		in := b.instance(e)
		if in.Kind == provider.Job {
			x.WantsOutput = append(x.WantsOutput, in.Address)
		}
		x.Instances = append(x.Instances, in)
	}
	return x
}

func namesOf(blocks []block) map[string]string {
	names := map[string]string{}
	for _, b := range blocks {
		names[b.Address] = b.Name
	}
	return names
}

// evaluation is what a block is evaluated with.
type evaluation struct {
	names map[string]string
	known config.Known
}

// ref is a reference to an address.
func (e evaluation) ref(address string) cty.Value {
	kind, _, _ := strings.Cut(address, ".")
	value := providertest.Ref(address, provider.Kind(kind), e.names[address])
	if k, found := e.known[address]; found && !k.Pending && (provider.Kind(kind) == provider.Image || provider.Kind(kind) == provider.Container) {
		attributes := value.AsValueMap()
		attributes["id"] = cty.StringVal(k.ID)
		value = cty.ObjectVal(attributes)
	}
	return value
}

var schema = sync.OnceValue(providertest.MemorySchema)

// instance evaluates one block.
func (b block) instance(e evaluation) config.Instance {
	_, label, _ := strings.Cut(b.Address, ".")
	in := config.Instance{
		Address: b.Address, Kind: b.kind(), Label: label, Name: b.Name, Inside: b.Inside, Deps: b.refs(), Uses: b.uses(),
		ImageAddress: b.Image, RangeOf: func(string) diag.Range { return diag.Range{} },
	}
	given := b.given(e)
	if in.Kind.Runs() && b.Image == "" {
		in.ImageRef = given["image"].AsString()
	}
	in.Declared = providertest.Declare(schema(), in.Kind, given)
	return in
}

// given are the arguments of a block.
func (b block) given(e evaluation) map[string]cty.Value {
	given := map[string]cty.Value{"name": cty.StringVal(b.Name)}
	for name, address := range map[string]string{"inside": b.Inside, "data": b.Data, "daemon": b.Daemon, "controller": b.Controller} {
		if address != "" {
			given[name] = e.ref(address)
		}
	}
	switch kind := b.kind(); {
	case kind == provider.Image:
		given["build"] = cty.ObjectVal(map[string]cty.Value{
			"context": cty.StringVal("/src"), "dockerfile": cty.NullVal(cty.String), "args": cty.NullVal(cty.Map(cty.String)),
			"target": cty.NullVal(cty.String), "inputs": cty.StringVal(fmt.Sprint(b.Rev)),
		})
	case !kind.Runs():
		given["labels"] = cty.MapVal(map[string]cty.Value{"rev": cty.StringVal(fmt.Sprint(b.Rev))})
	default:
		b.run(given, e)
	}
	return given
}

// run adds the arguments of what runs.
func (b block) run(given map[string]cty.Value, e evaluation) {
	given["image"] = cty.StringVal("bash")
	if b.Image != "" {
		given["image"] = e.ref(b.Image)
	}
	command := []cty.Value{cty.StringVal("echo"), cty.StringVal(fmt.Sprint(b.Rev))}
	switch {
	case b.Fails:
		command = []cty.Value{cty.StringVal("exit"), cty.StringVal("1")}
	case b.Slow:
		command = []cty.Value{cty.StringVal("sleep"), cty.StringVal(fmt.Sprint(b.Rev))}
	}
	given["command"] = cty.ListVal(command)
	if b.Shares != "" {
		given["network_mode"] = e.ref(b.Shares)
	}
	if b.Cpus > 0 {
		given["cpus"] = cty.NumberIntVal(int64(b.Cpus))
	}
	var networks, mounts []cty.Value
	for _, address := range b.Networks {
		networks = append(networks, e.ref(address))
	}
	mounted := b.Volumes
	if b.Data != "" {
		mounted = append(slices.Clone(mounted), b.Data)
	}
	for _, address := range mounted {
		mounts = append(mounts, providertest.Mount(map[string]cty.Value{
			"type": cty.StringVal("volume"), "source": cty.StringVal(e.names[address]), "volume": e.ref(address), "target": cty.StringVal("/" + address),
		}))
	}
	if len(networks) > 0 {
		given["networks"] = cty.ListVal(networks)
	}
	if len(mounts) > 0 {
		given["mount"] = cty.ListVal(mounts)
	}
}
