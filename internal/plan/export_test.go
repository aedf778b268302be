package plan

import (
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/dindctl/dindctl/internal/graph"
)

// Fields are the fields of the JSON document, by path, in their order, and whether
// each is left out where it is empty; for tests.
func Fields() (paths []string, optional map[string]bool) {
	optional = map[string]bool{}
	var walk func(t reflect.Type, prefix string)
	walk = func(t reflect.Type, prefix string) {
		for i := range t.NumField() {
			f := t.Field(i)
			name, rest, _ := strings.Cut(f.Tag.Get("json"), ",")
			path := prefix + name
			paths = append(paths, path)
			optional[path] = slices.Contains(strings.Split(rest, ","), "omitempty")
			switch ft := f.Type; {
			case ft.Kind() == reflect.Struct:
				walk(ft, path+".")
			case ft.Kind() == reflect.Slice && ft.Elem().Kind() == reflect.Struct:
				walk(ft.Elem(), path+"[].")
			case ft.Kind() == reflect.Map && ft.Elem().Kind() == reflect.Struct:
				walk(ft.Elem(), path+".*.")
			}
		}
	}
	walk(reflect.TypeFor[document](), "")
	return paths, optional
}

// Keeping is what finds what the removals of n objects in one network wait for that are all
// made anew, each with something of its own that has to be made first, or nothing. It
// tells how many edges were added; for tests.
func Keeping(n int, own bool) func() int {
	b := newBuilder(newMaker(Input{}))
	gone := b.add(Step{Action: Delete})
	made := b.add(Step{Action: Create})
	b.removes["network"], b.makes["network"] = []int{gone}, made
	b.need(gone, made)
	for i := range n {
		address := strconv.Itoa(i)
		remove, create := b.add(Step{Action: Delete}), b.add(Step{Action: Create})
		b.removes[address], b.makes[address] = []int{remove}, create
		b.edges = append(b.edges, graph.Edge{From: remove, To: gone}, graph.Edge{From: made, To: create}, graph.Edge{From: remove, To: create})
		if own {
			b.need(b.add(Step{Action: Create}), create)
		}
	}
	return func() int {
		b.keepUntil()
		return len(b.wishes)
	}
}
