package config

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// maxInstances bounds the objects and modules of one configuration.
const maxInstances = 12_000

// instances decides how often a block stands, and with which keys. Off says that
// enabled is false. What is wrong is a problem, and then nothing stands.
func (e *evaluation) instances(f *frame, meta Meta, address string) (list []each, how repeat, off bool, problems diag.List) {
	list, how, problems = e.keys(f, meta)
	on := true
	if meta.Enabled != nil && problems == nil {
		on, problems = e.enabled(f, meta.Enabled)
	}
	if !on {
		list = nil
	}
	if e.s.count+len(list) > maxInstances {
		problems = append(problems, tooMany(meta, address, len(list)))
	}
	if problems != nil {
		return nil, failed, false, within(problems, address)
	}
	e.s.count += len(list)
	return list, how, !on, nil
}

// keys are those of for_each or count.
func (e *evaluation) keys(f *frame, meta Meta) ([]each, repeat, diag.List) {
	switch {
	case meta.ForEach != nil && meta.Count != nil:
		return nil, failed, diag.List{metaProblem(meta.Count, "conflicting-arguments", "Arguments that exclude each other",
			"A block has for_each or count, not both. Take one of them away.")}
	case meta.ForEach != nil:
		list, problems := e.forEach(f, meta.ForEach)
		return list, forEach, problems
	case meta.Count != nil:
		n, problems := e.count(f, meta.Count)
		list := make([]each, n)
		for i := range list {
			list[i] = each{repeat: counted, key: cty.NumberIntVal(int64(i))}
		}
		return list, counted, problems
	}
	return []each{{}}, single, nil
}

func tooMany(meta Meta, address string, n int) diag.Problem {
	p := diag.Problem{
		Severity: diag.Error, Code: "too-many", Summary: "Too many instances",
		Detail: fmt.Sprintf("%s would stand for %d objects, and a configuration can have %d objects and modules in all.", address, n, maxInstances),
	}
	for _, at := range []Expr{meta.ForEach, meta.Count} {
		if at != nil {
			p.Subject = at.Range()
		}
	}
	return p
}

func metaProblem(at Expr, code, summary, detail string) diag.Problem {
	return diag.Problem{Severity: diag.Error, Code: code, Summary: summary, Detail: detail, Subject: at.Range()}
}

// value evaluates one argument of the language.
func (e *evaluation) value(f *frame, of Expr) (cty.Value, diag.List) {
	e.withheld = nil
	v, problems := of.Value(e.scope(f, of.References(), each{}))
	if problems.HasErrors() {
		return cty.DynamicVal, problems
	}
	return v, nil
}

func (e *evaluation) enabled(f *frame, of Expr) (bool, diag.List) {
	v, problems := e.value(f, of)
	if problems != nil {
		return false, problems
	}
	wrong := func(code, summary, detail string) (bool, diag.List) {
		return false, diag.List{metaProblem(of, code, summary, detail)}
	}
	if v.IsMarked() {
		return wrong("sensitive-value", "Sensitive value where it would be shown", "Whether an object is there is shown in every plan. Use a value that is not sensitive in enabled.")
	}
	converted, err := convert.Convert(v, cty.Bool)
	switch {
	case err != nil:
		return wrong("wrong-type", "Wrong type of value", fmt.Sprintf("enabled takes true or false, not %s.", v.Type().FriendlyName()))
	case converted.IsNull():
		return wrong("invalid-value", "Invalid value", "enabled is null. Write true or false.")
	case !converted.IsKnown():
		return false, e.unknown(of, unknownMeta("enabled"))
	}
	return converted.True(), nil
}

// unknown are the problems of an argument of the language that is not known: what it asks
// for and nobody can give, else that it is not known in time.
func (e *evaluation) unknown(of Expr, detail string) diag.List {
	if len(e.withheld) > 0 {
		return slices.Clone(e.withheld)
	}
	return diag.List{metaProblem(of, "unknown-value", "Value that is not known in time", detail)}
}

func unknownMeta(argument string) string {
	return fmt.Sprintf("The plan is made from %s, but its value is known only after something was applied. Use values that are known before.", argument)
}

func (e *evaluation) count(f *frame, of Expr) (int, diag.List) {
	v, problems := e.value(f, of)
	if problems != nil {
		return 0, problems
	}
	wrong := func(code, summary, detail string) (int, diag.List) {
		return 0, diag.List{metaProblem(of, code, summary, detail)}
	}
	if v.IsMarked() {
		return wrong("sensitive-value", "Sensitive value where it would be shown", "The number of objects is shown in every plan. Use a value that is not sensitive in count.")
	}
	converted, err := convert.Convert(v, cty.Number)
	switch {
	case err != nil:
		return wrong("wrong-type", "Wrong type of value", fmt.Sprintf("count takes a number, not %s.", v.Type().FriendlyName()))
	case converted.IsNull():
		return wrong("invalid-value", "Invalid value", "count is null. Write a number.")
	case !converted.IsKnown():
		return 0, e.unknown(of, unknownMeta("count"))
	}
	number := converted.AsBigFloat()
	n, _ := number.Int64()
	switch {
	case !number.IsInt() || number.Sign() < 0:
		return wrong("invalid-value", "Invalid number", fmt.Sprintf("count is %s. It is a whole number, 0 or more.", number.Text('f', -1)))
	case n > maxInstances:
		return wrong("too-many", "Too many instances", fmt.Sprintf("count is %s, and a configuration can have %d objects and modules in all.", number.Text('f', 0), maxInstances))
	}
	return int(n), nil
}

// forEach are the keys and values of a for_each, sorted by key.
func (e *evaluation) forEach(f *frame, of Expr) ([]each, diag.List) {
	v, problems := e.value(f, of)
	if problems != nil {
		return nil, problems
	}
	if p := e.checkForEach(of, v); p != nil {
		return nil, p
	}
	n := v.LengthInt()
	if n > maxInstances {
		return nil, diag.List{metaProblem(of, "too-many", "Too many instances",
			fmt.Sprintf("for_each has %d elements, and a configuration can have %d objects and modules in all.", n, maxInstances))}
	}
	out := make([]each, 0, n)
	for it := v.ElementIterator(); it.Next(); {
		key, value := it.Element()
		if v.Type().IsSetType() {
			key = value
		}
		out = append(out, each{repeat: forEach, key: key, value: value})
	}
	slices.SortFunc(out, func(a, b each) int { return strings.Compare(a.key.AsString(), b.key.AsString()) })
	return out, nil
}

const nullKey = "A key of for_each is null. Every key is a text."

func (e *evaluation) checkForEach(of Expr, v cty.Value) diag.List {
	wrong := func(code, summary, detail string) diag.List {
		return diag.List{metaProblem(of, code, summary, detail)}
	}
	t := v.Type()
	switch {
	case v.IsMarked():
		return wrong("sensitive-value", "Sensitive value where it would be shown",
			"The keys of for_each become parts of addresses and names, which are shown. Use keys that are not sensitive; values may be.")
	case v.IsNull():
		return wrong("invalid-value", "Invalid value", "for_each is null. Write a map or a set of texts; an empty one, {}, makes no object.")
	case t == cty.DynamicPseudoType && !v.IsKnown(), t.IsSetType() && t.ElementType() == cty.DynamicPseudoType && !v.IsWhollyKnown():
		return e.unknown(of, unknownMeta("for_each"))
	case t.IsTupleType(), t.IsListType():
		return wrong("wrong-type", "Wrong type of value",
			"for_each takes a map, an object or a set of texts, not a list: a list has no keys, and what follows an element would change its name with it. Write toset(...) around it.")
	case t.IsSetType() && t.ElementType() == cty.DynamicPseudoType && v.LengthInt() > 0: // nulls alone have no type
		return wrong("invalid-value", "Invalid value", nullKey)
	case t.IsSetType() && !t.ElementType().Equals(cty.String) && (!v.IsKnown() || v.LengthInt() > 0):
		return wrong("wrong-type", "Wrong type of value", fmt.Sprintf("for_each takes a set of texts, not a %s. Use a map with a key for each.", t.FriendlyName()))
	case !t.IsMapType() && !t.IsObjectType() && !t.IsSetType():
		return wrong("wrong-type", "Wrong type of value", fmt.Sprintf("for_each takes a map, an object or a set of texts, not %s.", t.FriendlyName()))
	case !v.IsKnown(), t.IsSetType() && !v.IsWhollyKnown():
		return e.unknown(of,
			"The keys of for_each become parts of addresses, but they are known only after something was applied. Use a map with keys that are known before; its values may be known later.")
	}
	if t.IsSetType() {
		for it := v.ElementIterator(); it.Next(); {
			if _, element := it.Element(); element.IsNull() {
				return wrong("invalid-value", "Invalid value", nullKey)
			}
		}
	}
	return nil
}

// suffix is the key as it stands in an address: `["a"]`, "[0]", or nothing.
func (k each) suffix() string {
	switch {
	case k.key == cty.NilVal:
		return ""
	case k.key.Type() == cty.Number:
		return "[" + k.key.AsBigFloat().Text('f', 0) + "]"
	}
	return "[" + strconv.Quote(k.key.AsString()) + "]"
}

// word is the key as it stands in names, with a dash before it.
func (k each) word() string {
	switch {
	case k.key == cty.NilVal:
		return ""
	case k.key.Type() == cty.Number:
		return "-" + k.key.AsBigFloat().Text('f', 0)
	}
	return "-" + provider.KeyWord(k.key.AsString())
}

// expandCall makes the instances of a module.
func (s *state) expandCall(e *evaluation, n *node) diag.List {
	var problems diag.List
	child := n.module.children[n.call.Name]
	for _, f := range n.module.frames {
		list, how, off, p := e.instances(f, n.call.Meta, join(f.path, "module."+n.call.Name))
		problems = append(problems, p...)
		n.repeat = how
		if off {
			n.turnOff(f)
		}
		for _, k := range list {
			inner := &frame{
				module: child, parent: f, each: k, path: join(f.path, "module."+n.call.Name) + k.suffix(),
				prefix: f.prefix + n.call.Name + k.word() + "-", children: map[string][]*frame{},
			}
			f.children[n.call.Name] = append(f.children[n.call.Name], inner)
			child.frames = append(child.frames, inner)
		}
	}
	return problems
}

func (n *node) turnOff(f *frame) {
	if n.off == nil {
		n.off = map[*frame]bool{}
	}
	n.off[f] = true
}

// expandNoun makes the objects of a block and evaluates them.
func (s *state) expandNoun(e *evaluation, n *node) diag.List {
	var problems diag.List
	n.inFrame = map[*frame][]*noun{}
	for _, f := range n.module.frames {
		problems = append(problems, s.makeNouns(e, n, f)...)
	}
	for i, o := range n.instances {
		if s.over() {
			break
		}
		if s.parts > maxParts && n.block != nil {
			s.drop(n, i)
			if !s.crowded {
				problems = append(problems, tooManyParts(o))
			}
			s.crowded = true
			return problems
		}
		value, places, list := e.decode(o)
		s.withheld = append(s.withheld, of(e.withheld, o.address)...)
		s.parts += parts(value)
		o.value, o.places = value, places
		problems = append(problems, list...)
		problems = append(problems, s.settle(o)...)
		problems = append(problems, s.settleLifecycle(e, o)...)
		// What was evaluated before, in a cycle, took a name that may have changed.
		delete(e.refs, o.address)
	}
	n.ready = true
	return problems
}

// maxParts bounds the elements of all lists, maps and blocks: a thousand objects
// that each refer to a thousand are a million references.
const maxParts = 250_000

// refParts is how many elements a reference counts for: it is looked at as often.
const refParts = 8

// parts are the elements of a value, at every depth.
func parts(v cty.Value) int {
	v, _ = v.Unmark()
	if v == cty.NilVal || v.IsNull() || !v.IsKnown() || !v.CanIterateElements() {
		return 0
	}
	if provider.IsRef(v.Type()) {
		return refParts
	}
	n := 0
	for it := v.ElementIterator(); it.Next(); {
		_, element := it.Element()
		n += 1 + parts(element)
	}
	return n
}

// drop forgets the instances of a block from the i-th on, which were not evaluated.
func (s *state) drop(n *node, i int) {
	gone := map[*noun]bool{}
	for _, o := range n.instances[i:] {
		gone[o] = true
		delete(s.nouns, o.address)
	}
	n.instances = n.instances[:i]
	for f, list := range n.inFrame {
		n.inFrame[f] = slices.DeleteFunc(list, func(o *noun) bool { return gone[o] })
	}
	n.repeat, n.ready, s.inOrder = failed, true, nil
}

func tooManyParts(o *noun) diag.Problem {
	return o.problem("too-many", "", "Too many elements",
		fmt.Sprintf("Lists, maps and blocks of a configuration can have %d elements in all, and there are more up to %s. Divide it over several projects.", maxParts, o.address))
}

func (s *state) makeNouns(e *evaluation, n *node, f *frame) diag.List {
	if n.block == nil {
		root := &noun{node: n, frame: f, address: rootDaemon, kind: "daemon", label: "root", name: "root", logical: true, body: n.body}
		s.nouns[rootDaemon], n.instances, n.inFrame[f] = root, []*noun{root}, []*noun{root}
		return nil
	}
	address := join(f.path, n.block.Address())
	list, how, off, problems := e.instances(f, n.block.Meta, address)
	n.repeat = how
	if off {
		n.turnOff(f)
	}
	n.inFrame[f] = nil
	for _, k := range list {
		o := &noun{
			block: n.block, node: n, frame: f, each: k, address: address + k.suffix(), kind: n.block.Kind,
			label: f.prefix + n.block.Label + k.word(), body: n.body,
		}
		s.nouns[o.address] = o
		n.instances, n.inFrame[f] = append(n.instances, o), append(n.inFrame[f], o)
	}
	if len(list) == 0 {
		problems = append(problems, s.checkNone(e, n, f, address)...)
	}
	return problems
}

// checkNone says what is wrong in a block that stands for nothing.
func (s *state) checkNone(e *evaluation, n *node, f *frame, address string) diag.List {
	o := &noun{block: n.block, node: n, frame: f, address: address, kind: n.block.Kind, body: n.body}
	switch {
	case n.block.Meta.ForEach != nil:
		o.each = each{repeat: forEach, key: cty.UnknownVal(cty.String), value: cty.DynamicVal}
	case n.block.Meta.Count != nil:
		o.each = each{repeat: counted, key: cty.UnknownVal(cty.Number)}
	}
	_, _, problems := e.decode(o)
	return slices.DeleteFunc(problems, func(p diag.Problem) bool { return p.Code == "unknown-value" })
}
