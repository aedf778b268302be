package docker

import (
	"fmt"
	"reflect"
	"sync"
)

// hole finds what a decoded answer has of nothing where every engine sends
// something: a null among the elements of a list or the values of a map. It returns a clause,
// or empty. (A null in place of a list, a map, or an optional part is none: engines
// send those. The parts that are not optional stand in edge.go, with their types.)
//
// Null in place of an element that is no pointer is decoded as the zero value. What
// that lacks, whoever needs it has to look for.
func hole(answer any) string {
	return holeIn(reflect.ValueOf(answer), "")
}

func holeIn(v reflect.Value, path string) string {
	if !holds(v.Type()) {
		return ""
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			return holeIn(v.Elem(), path)
		}
	case reflect.Struct:
		return holeInFields(v, path)
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			if why := holeAt(v.Index(i), fmt.Sprintf("%s[%d]", path, i)); why != "" {
				return why
			}
		}
	case reflect.Map:
		for entries := v.MapRange(); entries.Next(); {
			if why := holeAt(entries.Value(), fmt.Sprintf("%s[%q]", path, entries.Key())); why != "" {
				return why
			}
		}
	default:
	}
	return ""
}

func holeInFields(v reflect.Value, path string) string {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		inside := path
		if !field.Anonymous {
			inside = join(path, field.Name)
		}
		if why := holeIn(v.Field(i), inside); why != "" {
			return why
		}
	}
	return ""
}

// holeAt looks at an element.
func holeAt(v reflect.Value, path string) string {
	if v.Kind() == reflect.Pointer && v.IsNil() {
		return "its " + path + " is null"
	}
	return holeIn(v, path)
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// holding remembers the answers of holds; there is one for each type of the client.
var holding sync.Map //nolint:gochecknoglobals // it never changes what is answered

// holds tells whether values of a type can have a hole: whether it has a list or a
// map of pointers in it. Texts and numbers are most of an answer.
func holds(t reflect.Type) bool {
	if known, ok := holding.Load(t); ok {
		return known.(bool) //nolint:forcetypeassert // only these are stored
	}
	found := holdsBelow(t, map[reflect.Type]bool{})
	holding.Store(t, found)
	return found
}

func holdsBelow(t reflect.Type, above map[reflect.Type]bool) bool {
	if above[t] {
		return false
	}
	above[t] = true
	switch t.Kind() {
	case reflect.Slice, reflect.Array, reflect.Map:
		return t.Elem().Kind() == reflect.Pointer || holdsBelow(t.Elem(), above)
	case reflect.Pointer:
		return holdsBelow(t.Elem(), above)
	case reflect.Struct:
		for i := range t.NumField() {
			if t.Field(i).IsExported() && holdsBelow(t.Field(i).Type, above) {
				return true
			}
		}
	default: // what is any has no pointers in it: JSON makes none
	}
	return false
}
