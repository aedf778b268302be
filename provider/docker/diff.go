package docker

import (
	"bytes"
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// Diff compares each item on its own. It is pure: no engine is asked.
func (p *Provider) Diff(_ context.Context, req provider.DiffRequest) (provider.DiffResponse, error) {
	resp := provider.DiffResponse{Differences: make([]provider.Difference, 0, len(req.Items))}
	for _, item := range req.Items {
		difference, err := diff(item)
		if err != nil {
			return provider.DiffResponse{}, err
		}
		resp.Differences = append(resp.Differences, difference)
	}
	return resp, nil
}

// diff compares one object with its declaration, row by row.
func diff(item provider.DiffItem) (provider.Difference, error) {
	data, hides := dataOfDeclaration(item)
	if item.Absent {
		return provider.Difference{Data: data}, nil
	}
	c, err := newComparison(item)
	if err != nil {
		return provider.Difference{}, err
	}
	for _, r := range c.rows {
		c.row(r)
	}
	c.images()
	c.expiry()
	c.hide()
	slices.SortStableFunc(c.changes, func(a, b provider.Change) int { return strings.Compare(a.Path, b.Path) })
	return provider.Difference{Changes: c.changes, NotCompared: c.not, Data: data, Hides: hides}, nil
}

// comparison is one object, as it is wanted, as it was created, as it is.
type comparison struct {
	item     provider.DiffItem
	rows     []row
	raw      cty.Value // declared, with its marks
	declared values
	record   map[string]json.RawMessage
	parts    map[string]map[string]json.RawMessage // see recordedParts
	created  values
	want     map[string]cty.Value // wanted, in the form of view.go
	then     map[string]cty.Value // see before
	actual   values
	changes  []provider.Change
	not      []provider.NotCompared
}

func newComparison(item provider.DiffItem) (*comparison, error) {
	rows := rowsOf(item.Declaration.Kind)
	raw := flatten(item.Declaration.Declared, rows)
	c := &comparison{
		item: item, rows: rows, raw: raw, declared: valuesOf(raw),
		record: recordOf(item.Created, rows), created: values{flatten(createdOf(item.Created), rows)}, actual: valuesOf(item.Actual),
	}
	c.moveSysctls()
	var err error
	if c.want, err = c.view(item.Declaration, c.compared); err != nil {
		return nil, err
	}
	return c, nil
}

// before is what was declared when the object was created, in the form of view.go.
// It is needed for causes alone, and most objects have nothing to explain.
func (c *comparison) before() map[string]cty.Value {
	if c.then == nil {
		var err error
		// What was declared then may be refused today; then nothing is known of it.
		if c.then, err = c.view(c.declarationBefore(), nil); err != nil {
			c.then = map[string]cty.Value{}
		}
	}
	return c.then
}

// recordOf reads a record, attribute by attribute; one that cannot be read is no record.
func recordOf(created []byte, rows []row) map[string]json.RawMessage {
	record := map[string]json.RawMessage{}
	_ = json.Unmarshal(created, &record)
	for _, r := range rows {
		var block map[string]json.RawMessage
		if text, found := record[r.block]; r.block == "" || !found || json.Unmarshal(text, &block) != nil {
			continue
		}
		if argument, ok := block[r.argument()]; ok {
			record[r.name] = argument
		}
	}
	return record
}

func (c *comparison) declarationBefore() provider.Declaration {
	old := c.item.Declaration
	old.Declared = c.created.v
	return old
}

// compared tells whether a row is looked at beyond what is declared of it.
func (c *comparison) compared(r row) bool {
	_, recorded := c.record[r.name]
	return recorded || r.subset || !c.declared.get(r.name).IsNull() || c.managed(r)
}

// view is a declaration in the form in which it is compared; of a container with
// the rows that wanted names, nil for all.
func (c *comparison) view(decl provider.Declaration, wanted func(row) bool) (map[string]cty.Value, error) {
	d := valuesOf(decl.Declared)
	switch decl.Kind {
	case provider.Image:
		return map[string]cty.Value{}, nil
	case provider.Network:
		return networkView(networkOptions(d)), nil
	case provider.Volume:
		return volumeView(volumeOptions(d)), nil
	case provider.Container, provider.Daemon, provider.Controller, provider.Job, provider.Guard:
	}
	r, err := requestOf(decl)
	if err != nil {
		return nil, err
	}
	if d.text(provider.AttributeSocketGroup) == provider.SocketGroupAtCreation {
		r.host.GroupAdd = appendNew(r.host.GroupAdd, c.actual.text(hiddenSocket))
	}
	var image imageDefaults
	_ = json.Unmarshal([]byte(c.actual.text(hiddenImage)), &image)
	config := merge(r.config, image)
	return containerView(&config, &r.host, r.mounts, networkNames(r), c.item.Facts, wanted), nil
}

// networkNames lists what a request joins; the engine's default bridge without any.
func networkNames(r request) []string {
	names := []string{}
	if mode := r.host.NetworkMode; mode.IsHost() || mode.IsNone() || mode.IsContainer() {
		return []string{string(mode)}
	}
	for _, n := range r.networks {
		names = append(names, n.name)
	}
	if len(names) == 0 {
		names = append(names, "bridge")
	}
	return names
}

func (c *comparison) row(r row) {
	switch {
	case r.ignored, r.daemonJSON && r.name != "config":
	case r.daemonJSON:
		c.daemonFile()
	case r.recorded:
		c.recorded(r)
	case r.name == registryAuth:
		c.registryAuth(r)
	case r.name == "image":
		c.image()
	case r.name == "mount":
		c.mounts()
	case r.name == "networks":
		c.networks(r)
	case r.name == "file":
		c.files(r)
	case r.name == "ipam":
		c.ipam(r)
	case r.subset:
		c.keys(r)
	default:
		c.single(r)
	}
}

// single compares an attribute as a whole.
func (c *comparison) single(r row) {
	declared := c.declared.get(r.name)
	if unknownFor(r, declared) {
		unknown := cty.UnknownVal(cty.DynamicPseudoType)
		c.add(r, r.name, c.actual.get(r.name), unknown, c.effect(r, unknown))
		return
	}
	if !c.compared(r) {
		return
	}
	want, have := c.want[r.name], c.actual.get(r.name)
	if quota := c.actual.get(hiddenQuota); !quota.IsNull() && c.declared.has("cpus") {
		// A quota and a number of CPUs are two ways to say one thing.
		switch r.name {
		case "cpus":
			have = quota
		case "cpu_quota", "cpu_period":
			return
		}
	}
	if r.name == "mac_address" && have.IsNull() && (c.item.Condition.State != provider.StateRunning || !c.inFirst()) {
		// The engine shows it of what runs alone, in the network that it was made in: what
		// was asked for then tells what the next start gives.
		if then := textOrNull(macText(c.created.text(r.name))); !same(want, then) {
			c.addCaused(r, r.name, then, want, c.effect(r, want), provider.Configured)
		}
		return
	}
	if r.name == "image" || want == cty.NilVal || same(want, have) || r.name == "healthcheck" && c.healthParts(r, want, have) {
		return
	}
	if c.leftOut(r, want, have) {
		c.addCaused(r, r.name, have, want, provider.Live, provider.LeftOut)
		return
	}
	c.add(r, r.name, have, want, c.effect(r, want))
}

// managed tells whether an attribute is compared although it is not declared.
func (c *comparison) managed(r row) bool {
	switch r.name {
	case "privileged":
		return r.always || c.item.Declaration.Kind == provider.Daemon
	case "group_add":
		return r.always || c.declared.has(provider.AttributeSocketGroup) || c.created.has(provider.AttributeSocketGroup)
	}
	return r.always
}

// unknownFor tells whether a declared value says too little yet. Of a reference
// the id alone counts.
func unknownFor(r row, declared cty.Value) bool {
	if len(r.refs) > 0 && declared.IsKnown() && !declared.IsNull() {
		switch t := declared.Type(); {
		case provider.IsRef(t):
			return !declared.GetAttr("id").IsKnown()
		case t.IsListType() && provider.IsRef(t.ElementType()):
			return slices.ContainsFunc(declared.AsValueSlice(), func(e cty.Value) bool { return unknownFor(r, e) })
		}
	}
	return !declared.IsWhollyKnown()
}

// effect is how a change to want is made: the engine takes 0 for "as it is", so
// that some limits cannot be lifted on a container as it stands. What is not known yet
// is a replacement only where every value would be one: a replacement is not undone by a
// value that comes out as it was, and prevent_destroy would refuse it for nothing. What
// comes out as something that takes one is refused at its turn, as a replacement that was
// not shown, and is in the next plan, which knows the value.
func (c *comparison) effect(r row, want cty.Value) provider.Effect {
	switch {
	case want.IsKnown() && want.IsNull() && r.unset != "":
		return r.unset
	case r.locked != nil && r.locked(c, want):
		return provider.Replace
	}
	return r.effectAt(c.item.Facts.API)
}

// leftOut tells of what was asked for and is not there that the engine left it out: it
// says that its kernel does not have it, or it was recorded when the object was made
// and nobody can take it back on a container as it stands. What the engine says that its
// kernel does have can have come since, and is given then.
func (c *comparison) leftOut(r row, want, have cty.Value) bool {
	if !r.kernel || want == cty.NilVal || want.IsNull() || !nothingIn(have) || nothingIn(want) {
		return false
	}
	if slices.Contains(strings.Split(c.item.Facts.Details[detailLacks], ","), r.name) {
		return true
	}
	_, recorded := c.record[r.name]
	has := slices.Contains([]string{"mem_limit", "mem_reservation", "cpuset", "cpuset_mems"}, r.name) // see lackingIn
	return recorded && !has && (r.unset == provider.Replace || r.effectAt(c.item.Facts.API) == provider.Replace)
}

// nothingIn tells whether a value is what an object shows that has no such limit.
func nothingIn(v cty.Value) bool {
	if v == cty.NilVal || v.IsNull() {
		return true
	}
	if !v.IsWhollyKnown() {
		return false
	}
	return v.RawEquals(cty.False) || v.CanIterateElements() && v.LengthInt() == 0
}

// keys compares a map, of which only those keys count that are or were declared
// or follow from the object's role.
func (c *comparison) keys(r row) {
	declared := c.declared.get(r.name)
	if !declared.IsNull() && !declared.IsKnown() {
		c.add(r, r.name, c.actual.get(r.name), cty.UnknownVal(cty.DynamicPseudoType), r.effectAt(c.item.Facts.API))
		return
	}
	want, have := values{c.want[r.name]}, values{c.actual.get(r.name)}
	names := map[string]bool{}
	for _, source := range []map[string]string{r.keysOf(c.declared), r.keysOf(c.created), c.derived(r)} {
		for name := range source {
			names[name] = true
		}
	}
	if r.keys == nil {
		for _, name := range secretKeys(c.record[r.name]) {
			names[name] = true
		}
	}
	for _, name := range r.unknownKeys(declared) {
		delete(names, name)
		c.add(r, r.name+"."+name, have.get(name), cty.UnknownVal(cty.String), r.effectAt(c.item.Facts.API))
	}
	for _, name := range sortedKeys(names) {
		if !same(want.get(name), have.get(name)) {
			c.add(r, r.name+"."+name, have.get(name), want.get(name), r.effectAt(c.item.Facts.API))
		}
	}
}

// keysOf are the keys of a map that are declared, with their values in the form of view.go.
func (r row) keysOf(d values) map[string]string {
	if r.keys != nil {
		return r.keys(d)
	}
	return d.mapping(r.name)
}

func (r row) unknownKeys(declared cty.Value) []string {
	if r.typ.IsListType() {
		return nil
	}
	return unknownKeys(declared)
}

// derived are the variables that an object's role decides, set or not.
func (c *comparison) derived(r row) map[string]string {
	if r.name != "environment" {
		return nil
	}
	out := map[string]string{}
	if c.item.Declaration.Kind == provider.Controller {
		for _, name := range []string{"DOCKER_HOST", "DOCKER_TLS_VERIFY", "DOCKER_CERT_PATH"} {
			out[name] = ""
		}
	}
	maps.Copy(out, derivedEnvironment(c.item.Declaration, c.declared))
	return out
}

func unknownKeys(v cty.Value) []string {
	if v.IsNull() || !v.CanIterateElements() {
		return nil
	}
	var out []string
	for it := v.ElementIterator(); it.Next(); {
		k, e := it.Element()
		if !e.IsWhollyKnown() {
			out = append(out, k.AsString())
		}
	}
	return out
}

// recorded compares with what was recorded at creation; the object does not show
// it, so that only the configuration can have changed it.
func (c *comparison) recorded(r row) {
	switch {
	case r.name == "build":
		c.build(r)
		return
	case r.name == "flags" && c.hiddenFlags():
		return
	}
	now := c.specNow(r.name)
	if now.unknown {
		c.add(r, r.name, c.created.get(r.name), cty.UnknownVal(cty.DynamicPseudoType), r.effect)
		return
	}
	if was, is := c.created.get(r.name), c.declared.get(r.name); r.spell != nil && !was.IsNull() && !is.IsNull() && r.spell(textOf(was)) == r.spell(textOf(is)) {
		return
	}
	if !bytes.Equal(now.text, c.record[r.name]) {
		c.configured(r, r.name, c.created.get(r.name), c.declared.get(r.name))
	}
}

// build compares what decides an image's content: where the context lies does not.
func (c *comparison) build(r row) {
	now, _ := c.declared.block("build")
	then, _ := c.created.block("build")
	if !c.declared.get("build").IsWhollyKnown() {
		c.configured(r, "build", c.created.get("build"), cty.UnknownVal(cty.DynamicPseudoType))
		return
	}
	for _, name := range []string{"inputs", "dockerfile", "dockerfile_inline", "target", "platform", "network"} {
		switch {
		case c.secretBuild(name):
			c.uncompared("build."+name, imageHides)
		case now.text(name) != then.text(name):
			c.partOfBuild(r, then.get(name), now.get(name), name)
		}
	}
	if c.secretBuild("secrets") {
		c.uncompared("build.secrets", imageHides)
	}
	for _, name := range []string{"args", "labels"} {
		pairs, old := now.mapping(name), then.mapping(name)
		for _, key := range secretKeys(c.recordIn("build", name)) {
			if _, still := pairs[key]; !still {
				c.partOfBuild(r, cty.NullVal(cty.String), cty.NullVal(cty.String), name, key)
			}
		}
		for _, key := range unionKeys(pairs, old) {
			is, was := pairs[key], old[key]
			if is != was && !c.secretBuild(name, key) {
				c.partOfBuild(r, cty.StringVal(was), cty.StringVal(is), name, key)
			}
		}
	}
}

// partOfBuild notes a change of one part of a build, which is a secret by itself or
// is none: what stands beside it does not count.
func (c *comparison) partOfBuild(r row, from, to cty.Value, path ...string) {
	path = append([]string{"build"}, path...)
	c.configured(r, strings.Join(path, "."), from, to)
}

// image compares ids where that of the wanted reference is known in the place, or
// in one around it, where the image may have an id of another kind; else the references
// as they were written.
func (c *comparison) image() {
	r := row{name: "image", effect: provider.Replace}
	have, haveID := c.actual.text("image"), c.actual.text(hiddenImageID)
	declared := c.declared.get("image")
	if !declared.IsNull() && provider.IsRef(declared.Type()) && declared.IsKnown() && !declared.GetAttr("id").IsKnown() && c.item.ImageID == "" {
		c.add(r, "image", cty.StringVal(have), cty.UnknownVal(cty.String), provider.Replace)
		return
	}
	wanted := imageOf(c.declared)
	switch {
	case wanted == "":
	case c.item.ImageID != "" && haveID != "":
		haveContent := c.actual.text(hiddenImageContent)
		sameElsewhere := haveContent != "" && haveContent == c.item.ImageContent
		if c.item.ImageID != haveID && !sameElsewhere {
			c.add(r, "image", cty.StringVal(imageText(have, haveID)), cty.StringVal(imageText(wanted, c.item.ImageID)), provider.Replace)
		}
	case familiar(wanted) != familiar(have):
		c.add(r, "image", cty.StringVal(have), cty.StringVal(wanted), provider.Replace)
	}
}

func imageText(reference, id string) string {
	return reference + " (" + provider.ShortID(id) + ")"
}

// mounts compares by target, those too that follow from an object's role. What
// was mounted outside counts, but for volumes that the engine named.
func (c *comparison) mounts() {
	r := row{name: "mount", effect: provider.Replace}
	want, have := map[string]mountSpec{}, map[string]mountSpec{}
	for _, m := range c.declared.blocks("mount") {
		spec := mountOf(m)
		want[spec.target] = spec
	}
	for target, v := range c.actual.objects("mount") {
		have[target] = mountOf(v)
	}
	for _, target := range sortedKeys(want) {
		is, ok := have[target]
		if !ok {
			c.add(r, "mount["+quoted(target)+"]", cty.NullVal(mountType()), mountValue(want[target]), provider.Replace)
			continue
		}
		c.mount(r, want[target], is)
	}
	for _, target := range sortedKeys(have) {
		_, wanted := want[target]
		if !wanted && (have[target].kind != "volume" || !anonymous(have[target].source)) {
			c.add(r, "mount["+quoted(target)+"]", mountValue(have[target]), cty.NullVal(mountType()), provider.Replace)
		}
	}
}

func (c *comparison) mount(r row, want, have mountSpec) {
	path := "mount[" + quoted(want.target) + "]."
	change := func(name string, from, to cty.Value) { c.add(r, path+name, from, to, provider.Replace) }
	if want.kind != have.kind {
		change("type", cty.StringVal(string(have.kind)), cty.StringVal(string(want.kind)))
		return
	}
	switch {
	case want.unknown:
		change("source", cty.StringVal(have.source), cty.UnknownVal(cty.String))
	case want.source == "" && anonymous(have.source):
	case want.source != have.source:
		change("source", cty.StringVal(have.source), cty.StringVal(want.source))
	}
	if want.readOnly != have.readOnly {
		change("read_only", cty.BoolVal(have.readOnly), cty.BoolVal(want.readOnly))
	}
	if cleanPath(want.subpath) != cleanPath(have.subpath) {
		change("subpath", cty.StringVal(have.subpath), cty.StringVal(want.subpath))
	}
	if want.propagation != "" && want.propagation != have.propagation {
		change("propagation", cty.StringVal(have.propagation), cty.StringVal(want.propagation))
	}
}

// objects returns a map's elements.
func (d values) objects(name string) map[string]values {
	out := map[string]values{}
	v := d.get(name)
	if v.IsNull() || !v.IsKnown() || !v.CanIterateElements() {
		return out
	}
	for it := v.ElementIterator(); it.Next(); {
		k, e := it.Element()
		out[k.AsString()] = values{e}
	}
	return out
}

func quoted(s string) string { return strconv.Quote(s) }

// networkMode says which network a stopped container belongs to as long as it
// has joined none.
func networkMode(h *container.HostConfig) string {
	mode := string(h.NetworkMode)
	if mode == "" || mode == "default" {
		return "bridge"
	}
	return mode
}
