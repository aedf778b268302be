package runner

import (
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/config"
	"github.com/dindctl/dindctl/internal/plan"
	"github.com/dindctl/dindctl/provider"
)

// ObserveRequest says what to look at. [Wanted] makes it from a configuration.
type ObserveRequest struct {
	// Project is whose objects are wanted. Empty: everybody's, in the root engine alone.
	Project string
	// Images are the references whose ids are wanted, in every place.
	Images []string
	// Names are the names that the configuration wants, by the address of the
	// daemon that they are inside (empty for the root) and by kind.
	Names map[string]map[provider.Kind][]string
	// Output are the addresses of jobs whose standard output is wanted.
	Output []string
	// Moves say which addresses are meant by those under which objects were recorded.
	Moves []config.Move
	// Sites say where the configuration's addresses belong; nil without one.
	Sites map[string]plan.Site
	// Daemons are those that the configuration wants, whether they exist or not.
	Daemons []WantedDaemon
	// Elsewhere are engines with an endpoint of their own.
	Elsewhere []config.Elsewhere
}

// WantedDaemon is a daemon of the configuration that runs in a container.
type WantedDaemon struct {
	Address string
	Inside  string // address of the daemon that it is inside; empty for the root
	// Data is the address of the volume that keeps what is inside it.
	Data string
	// Foreign says that the volume is not the project's, so that nothing tells
	// whether it is there.
	Foreign bool
}

// Wanted is what has to be looked at for a configuration; e may be nil.
func Wanted(project string, e *config.Expanded) ObserveRequest {
	req := ObserveRequest{Project: project, Names: map[string]map[provider.Kind][]string{}}
	if e == nil {
		return req
	}
	req.Moves, req.Elsewhere = e.Moves, e.Elsewhere()
	req.Sites = Sites(e)
	for _, address := range e.WantsOutput {
		req.Output = append(req.Output, config.Recorded(e.Moves, address)...)
	}
	byAddress := map[string]config.Instance{}
	for _, in := range e.Instances {
		byAddress[in.Address] = in
	}
	for _, in := range e.Instances {
		if in.Logical {
			continue
		}
		names := req.Names[in.Inside]
		if names == nil {
			names = map[provider.Kind][]string{}
			req.Names[in.Inside] = names
		}
		names[in.Kind] = append(names[in.Kind], in.Name)
		req.Images = append(req.Images, imagesOf(in)...)
		if in.Kind == provider.Daemon {
			req.Daemons = append(req.Daemons, wantedDaemon(in, byAddress))
		}
	}
	slices.Sort(req.Images)
	req.Images = slices.Compact(req.Images)
	return req
}

// Sites say where the addresses of a configuration belong.
func Sites(e *config.Expanded) map[string]plan.Site {
	out := map[string]plan.Site{}
	for _, in := range e.Instances {
		site := plan.Site{Inside: in.Inside, Name: in.Name, Kind: in.Kind, External: isTrue(attribute(in.Declared, "external"))}
		if in.Logical {
			site.Inside = provider.NoPlace
		}
		out[in.Address] = site
	}
	return out
}

// belongings are what tells which objects are the project's.
func (r ObserveRequest) belongings() plan.Belongings {
	b := plan.Belongings{Project: r.Project, Sites: r.Sites, Moves: r.Moves}
	for _, engine := range r.Elsewhere {
		b.Elsewhere = append(b.Elsewhere, engine.Address)
	}
	return b
}

func wantedDaemon(in config.Instance, byAddress map[string]config.Instance) WantedDaemon {
	data := refOf(in.Declared, "data")
	if data == "" {
		data = in.Address + ".data"
	}
	volume, ours := byAddress[data]
	external := ours && isTrue(attribute(volume.Declared, "external"))
	return WantedDaemon{Address: in.Address, Inside: in.Inside, Data: data, Foreign: external}
}

// imagesOf are the references that an instance's image may go by.
func imagesOf(in config.Instance) []string {
	var out []string
	if in.ImageRef != "" {
		out = append(out, in.ImageRef)
	}
	if in.Kind != provider.Image {
		return out
	}
	if from := attribute(in.Declared, "from"); isText(from) {
		return append(out, from.AsString())
	}
	return append(out, in.Name)
}

// attribute is one attribute of an object value, unmarked; null where there is none.
func attribute(object cty.Value, name string) cty.Value {
	object, _ = object.Unmark()
	if object == cty.NilVal || object.IsNull() || !object.IsKnown() || !object.Type().IsObjectType() || !object.Type().HasAttribute(name) {
		return cty.NullVal(cty.DynamicPseudoType)
	}
	value, _ := object.GetAttr(name).Unmark()
	return value
}

// refOf is the address that an attribute refers to, or empty.
func refOf(object cty.Value, name string) string {
	value := attribute(object, name)
	if value.IsNull() || !value.IsKnown() || !provider.IsRef(value.Type()) {
		return ""
	}
	address := attribute(value, "address")
	if !isText(address) {
		return ""
	}
	return address.AsString()
}

func isText(v cty.Value) bool {
	return !v.IsNull() && v.IsKnown() && v.Type() == cty.String
}

func isTrue(v cty.Value) bool {
	return !v.IsNull() && v.IsKnown() && v.Type() == cty.Bool && v.True()
}
