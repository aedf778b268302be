package docker

import (
	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/versions"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// row is one attribute: what it is called, how a change of it is made, where its
// value comes from when it is not declared. Schema, request, comparison and
// reference derive from it. Where it has no codec, request.go writes it and view.go reads it.
type row struct {
	name       string
	block      string // the single block that it stands in; the name is then "block.argument"
	typ        cty.Type
	refs       []provider.Kind
	effect     provider.Effect
	liveSince  string                   // the API from which it is changed live, where engines before it replace; the source stands beside the row
	unset      provider.Effect          // how it is taken back, where that is not how it is changed
	layer      string                   // whose default holds where it is not declared: "image", "engine"
	always     bool                     // managed although not declared, because the engine changes it live
	daemonJSON bool                     // a key of daemon.json; see daemonFile
	recorded   bool                     // compared with the record alone: the object does not show it
	spell      func(text string) string // of a recorded text, its one form; nil where each text is another
	ignored    bool                     // shapes how an object is made or waited for, not the object
	core       bool                     // a block, or the core's: the provider compares it
	subset     bool                     // only the keys that are or were declared count
	sensitive  bool
	form       provider.Form
	minAPI     string
	fallback   string // Default, in words
	doc        string

	codec
	// kernel says that engines leave it out where their kernel does not have it, with a
	// warning in an answer and without an error: see leftOut.
	kernel bool
	// locked tells of a container as it is that an engine refuses this change of it, or
	// takes it and leaves the kernel's: then it is made by a new container.
	locked func(c *comparison, want cty.Value) bool
	// live writes the wanted value into an update of a container.
	live func(to *container.UpdateConfig, want *container.HostConfig)
	// keys are what a row with subset has been declared to, where it is no map of texts.
	keys func(declared values) map[string]string
}

// codec is how an attribute is written into a request and read from a container.
type codec struct {
	// put writes what is declared; name is the row's.
	put func(b *builder, name string)
	// read brings what was asked for, or what is there, into one form.
	read func(s seen) cty.Value
}

// seen is a container, wanted or there.
type seen struct {
	c     *container.Config
	h     *container.HostConfig
	facts provider.Facts
}

func (r row) attribute() provider.Attribute {
	effect := r.effect
	if r.ignored {
		effect = provider.Live
	}
	return provider.Attribute{
		Name: r.argument(), Type: r.typ, Refs: r.refs, Effect: effect, Sensitive: r.sensitive,
		Form: r.form, MinAPI: r.minAPI, Default: r.fallback, Doc: r.doc,
	}
}

// effectAt is how a change is made on an engine that speaks this API.
func (r row) effectAt(api string) provider.Effect {
	if r.liveSince != "" && !versions.LessThan(api, r.liveSince) {
		return provider.Live
	}
	return r.effect
}

// argument is the name within its block.
func (r row) argument() string {
	if r.block == "" {
		return r.name
	}
	return r.name[len(r.block)+1:]
}

const (
	layerImage  = "image"
	layerEngine = "engine"
	layerOwn    = "dindctl" // what dindctl asks for where nobody says anything
)

// A place finds the field that an attribute is.
type place[T any] func(c *container.Config, h *container.HostConfig) *T

// textAt is a text; empty is not declared.
func textAt[T ~string](at place[T]) codec {
	return codec{
		put: func(b *builder, name string) { *at(&b.r.config, &b.r.host) = T(b.d.text(name)) },
		read: func(s seen) cty.Value {
			if text := string(*at(s.c, s.h)); text != "" {
				return cty.StringVal(text)
			}
			return cty.NullVal(cty.String)
		},
	}
}

func flagAt(at place[bool]) codec {
	return codec{
		put:  func(b *builder, name string) { *at(&b.r.config, &b.r.host) = b.d.flag(name, false) },
		read: func(s seen) cty.Value { return cty.BoolVal(*at(s.c, s.h)) },
	}
}

// numberAt is a whole number; none is what stands for not declared, beside 0.
func numberAt(at place[int64], none ...int64) codec {
	return codec{
		put: func(b *builder, name string) {
			if n, ok := b.d.number(name); ok {
				*at(&b.r.config, &b.r.host) = int64(n)
			}
		},
		read: func(s seen) cty.Value {
			n := *at(s.c, s.h)
			if n == 0 {
				return cty.NullVal(cty.Number)
			}
			for _, other := range none {
				if n == other {
					return cty.NullVal(cty.Number)
				}
			}
			return cty.NumberIntVal(n)
		},
	}
}

// sizeAt is a number of bytes; what is not positive is not declared.
func sizeAt(at place[int64]) codec {
	return codec{
		put: func(b *builder, name string) { *at(&b.r.config, &b.r.host) = b.size(name) },
		read: func(s seen) cty.Value {
			if n := *at(s.c, s.h); n > 0 {
				return cty.StringVal(sizeText(n))
			}
			return cty.NullVal(cty.String)
		},
	}
}

// listAt is a list of texts in its order.
func listAt(at place[[]string]) codec {
	return codec{
		put:  func(b *builder, name string) { *at(&b.r.config, &b.r.host) = b.d.list(name) },
		read: func(s seen) cty.Value { return stringList(*at(s.c, s.h)) },
	}
}

func mapAt(at place[map[string]string]) codec {
	return codec{
		put:  func(b *builder, name string) { *at(&b.r.config, &b.r.host) = b.d.mapping(name) },
		read: func(s seen) cty.Value { return stringMap(*at(s.c, s.h)) },
	}
}

// flatten moves the arguments of single blocks that rows stand for up into the
// object, under the rows' names: "logging.driver".
func flatten(v cty.Value, rows []row) cty.Value {
	if v == cty.NilVal {
		return v
	}
	object, marks := v.Unmark()
	if object.IsNull() || !object.IsKnown() || !object.Type().IsObjectType() {
		return v
	}
	var attributes map[string]cty.Value
	for _, r := range rows {
		if r.block == "" || !object.Type().HasAttribute(r.block) || object.GetAttr(r.block).IsNull() {
			continue // what is missing reads as null
		}
		if attributes == nil {
			attributes = object.AsValueMap()
		}
		block, secret := object.GetAttr(r.block).Unmark()
		if argument := (values{block}).get(r.argument()); argument != cty.NilVal {
			attributes[r.name] = argument.WithMarks(secret)
		}
	}
	if attributes == nil {
		return v
	}
	return cty.ObjectVal(attributes).WithMarks(marks)
}
