package plan

import (
	"reflect"
	"slices"
	"strings"
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
