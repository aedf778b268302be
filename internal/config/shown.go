package config

import (
	"fmt"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/internal/diag"
	"github.com/dindctl/dindctl/provider"
)

// shownPlace is an argument whose value is shown, or stands in what is made, whatever is
// masked elsewhere. Its path leads through blocks; what several blocks hold is looked at
// in each.
type shownPlace struct {
	path []string
	// why says what comes of a secret there, and what to write instead; address stands for %s.
	why string
}

const shownInLists = "The %s of %s would hold something sensitive, and everybody who may list the engine's objects reads it there. Build it from something else."

func shownPlaces() []shownPlace {
	var out []shownPlace
	for _, name := range []string{"name", "alias", "image", "labels", "from"} {
		out = append(out, shownPlace{[]string{name}, shownInLists})
	}
	for _, name := range []string{"subnet", "ip_range", "gateway"} {
		out = append(out, shownPlace{[]string{"ipam", "config", name}, shownInLists})
	}
	return append(out,
		shownPlace{[]string{"file", "path"}, "The %s of %s would hold something sensitive, and plans say by their paths which files change. Put the secret into its content."},
		shownPlace{[]string{"tmpfs"}, "The %s of %s would hold something sensitive. Plans and the listing of mounts print what is mounted. Use a value that is not sensitive here."},
		shownPlace{[]string{"triggers"}, "The %s of %s would hold something sensitive. They are compared with what was recorded, and a record holds no secret: that it changed would go unnoticed. " +
			"Write something that changes with it and is none, such as the number of its version."},
		shownPlace{[]string{"build", "args"}, "The %s of %s would hold something sensitive. An image shows its arguments to everybody who has it, and a record holds no secret: that it changed would go unnoticed. " +
			"Write `secrets = { ID = ... }` in the build block, and `RUN --mount=type=secret,id=ID` in the Dockerfile."},
		shownPlace{[]string{"build", "labels"}, "The %s of %s would hold something sensitive, and an image shows its labels to everybody who has it. " +
			"Write what is none; what a build needs to know in secret goes into `secrets = { ID = ... }` in the build block."},
	)
}

// checkShown refuses secrets where every list of the engine shows them, in names, in
// references of images, in labels, and where a change of them would go unnoticed. Nothing
// could mask them there.
func checkShown(n *noun) diag.List {
	var problems diag.List
	value, marks := n.value.Unmark()
	if _, secret := marks[provider.Sensitive]; secret || value.IsNull() || !value.IsKnown() || !provider.HasMarks(value) {
		return nil
	}
	for _, place := range shownPlaces() {
		for _, at := range secretsAt(value, place.path, "") {
			problems = append(problems, n.problem("sensitive-value", at, "Sensitive value where it would be shown", fmt.Sprintf(place.why, at, n.address)))
		}
	}
	return problems
}

// secretsAt are the places under a path at which something is sensitive: "file[0].path".
func secretsAt(v cty.Value, path []string, at string) []string {
	plain, marks := v.Unmark()
	if _, secret := marks[provider.Sensitive]; secret {
		return []string{at}
	}
	switch {
	case plain.IsNull() || !plain.IsKnown():
		return nil
	case len(path) == 0:
		if _, secret := reveal(plain); secret {
			return []string{at}
		}
		return nil
	case plain.Type().IsObjectType() && plain.Type().HasAttribute(path[0]):
		if at != "" {
			at += "."
		}
		return secretsAt(plain.GetAttr(path[0]), path[1:], at+path[0])
	case plain.Type().IsListType() || plain.Type().IsTupleType():
		var out []string
		for i, element := range plain.AsValueSlice() {
			out = append(out, secretsAt(element, path, fmt.Sprintf("%s[%d]", at, i))...)
		}
		return slices.Compact(out)
	}
	return nil
}
