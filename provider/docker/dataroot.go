package docker

import (
	"cmp"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/docker/docker/api/types/volume"

	"github.com/dindctl/dindctl/provider"
)

// Where dockerd keeps its data if nobody says otherwise, and where that of an image
// without root does.
const (
	defaultDataRoot  = "/var/lib/docker"
	rootlessDataRoot = "/home/rootless/.local/share/docker"
)

// launch is how dockerd is started in a container: what decides where its data are, and
// which of several that may lie there it shows.
type launch struct {
	image    string
	words    []string // entry point and command
	env      map[string]string
	settings map[string]any // daemon.json
}

// launchOf is how the dockerd of a container was started. What its daemon.json holds now
// counts where it could be read, else what was declared and chosen at its creation.
func launchOf(actual, created values) launch {
	l := launch{
		image: actual.text("image"), env: actual.mapping("environment"),
		words: append(slices.Clone(actual.list("entrypoint")), actual.list("command")...),
	}
	if json.Unmarshal([]byte(actual.text(hiddenDaemonJSON)), &l.settings) == nil {
		return l
	}
	declared, _ := daemonSettings(created) // what cannot be read says nothing
	l.settings = withChosen(declared, chosenOf(actual.text(hiddenChosen)))
	return l
}

// flag is what a flag of dockerd says, of several the last, in any spelling that dockerd
// takes: --name=x, --name x, -s x, -sx, -s=x, also behind flags of one letter without a
// value, and within a line for a shell. Empty where it is not given.
func (l launch) flag(letter byte, names ...string) string {
	var words []string
	for _, word := range l.words {
		words = append(words, strings.Fields(word)...)
	}
	found := ""
	for i, word := range words {
		next := ""
		if i+1 < len(words) {
			next = words[i+1]
		}
		if long, is := strings.CutPrefix(word, "--"); is {
			name, value, has := strings.Cut(long, "=")
			if !has {
				value = next
			}
			if slices.Contains(names, name) {
				found = unquoted(value)
			}
			continue
		}
		if value, is := shorthand(word, next, letter); is {
			found = unquoted(value)
		}
	}
	return found
}

// shorthand is the value of a flag of one letter in a word such as -Dg=/data.
func shorthand(word, next string, letter byte) (string, bool) {
	rest, is := strings.CutPrefix(word, "-")
	if !is || letter == 0 {
		return "", false
	}
	rest = strings.TrimLeft(rest, "Dv") // dockerd's own that take no value
	if rest == "" || rest[0] != letter {
		return "", false
	}
	return cmp.Or(strings.TrimPrefix(rest[1:], "="), next), true
}

func unquoted(s string) string { return strings.Trim(s, `"'`) }

// setting is a text of daemon.json.
func (l launch) setting(key string) string {
	text, _ := l.settings[key].(string)
	return text
}

// dataRoot is where dockerd keeps its data, in its container; the old name of the setting
// counts, too (until Engine 23).
func (l launch) dataRoot() string {
	byDefault := defaultDataRoot
	if strings.Contains(l.image, "rootless") {
		byDefault = rootlessDataRoot
	}
	root := cmp.Or(l.flag('g', "data-root", "graph"), l.setting("data-root"), l.setting("graph"), byDefault)
	if !path.IsAbs(root) {
		root = path.Join("/", root) // it is started in the root directory
	}
	return path.Clean(root)
}

// dataAt says what the data at a path of a container lie on: in the mount that holds it
// nearest, or in its own files. A daemon that is started as always keeps them on the
// volume that its image declares, if it does; both go with the container.
func dataAt(root string, views []provider.View, inMemory func(volume string) bool) provider.Data {
	data := provider.Data{On: provider.DataOwn, At: root}
	nearest := ""
	for _, v := range views {
		target := cleanPath(v.Target)
		if !within(root, target) || len(target) < len(nearest) {
			continue
		}
		nearest = target
		rest := strings.Trim(strings.TrimPrefix(root, target), "/")
		data = provider.Data{At: root, Source: v.Source, Rest: strings.Trim(path.Join(v.Subpath, rest), "/")}
		switch {
		case v.Type == "tmpfs":
			data = provider.Data{On: provider.DataMemory, At: root}
		case v.Type == "bind":
			data.On = provider.DataPath
		case v.Source == "" || anonymous(v.Source):
			data = provider.Data{On: provider.DataAnonymous, At: root}
		case inMemory(v.Source):
			data = provider.Data{On: provider.DataMemory, At: root, Source: v.Source}
		default:
			data.On = provider.DataVolume
		}
	}
	return data
}

// isMemory tells of a volume of the local driver that it is a tmpfs: it is emptied when
// nobody has it mounted any longer.
func isMemory(driver string, options map[string]string) bool {
	return (driver == "" || driver == "local") && options["type"] == "tmpfs"
}

// memoryAmong tells of a volume in a list whether it is memory.
func memoryAmong(list []*volume.Volume) func(string) bool {
	return func(name string) bool {
		return slices.ContainsFunc(list, func(v *volume.Volume) bool { return v.Name == name && isMemory(v.Driver, v.Options) })
	}
}

// dataOfObject says where what is inside a daemon lies.
func dataOfObject(object provider.Object, volumes []*volume.Volume) provider.Data {
	if object.Kind != provider.Daemon {
		return provider.Data{}
	}
	l := launchOf(values{object.Actual}, values{createdOf(object.Owner.Spec)})
	return dataAt(l.dataRoot(), object.Views, memoryAmong(volumes))
}

// launchOfDeclaration is how a declared daemon will be started, and what it will mount.
// What its image brings is known from what is there, if anything is.
func launchOfDeclaration(item provider.DiffItem) (launch, []provider.View, error) {
	r, err := requestOf(item.Declaration)
	if err != nil {
		return launch{}, nil, err
	}
	var image imageDefaults
	_ = json.Unmarshal([]byte(valuesOf(item.Actual).text(hiddenImage)), &image) // empty where it is not known
	config := merge(r.config, image)
	l := launch{
		image: imageOf(valuesOf(item.Declaration.Declared)), env: environmentMap(config.Env), settings: r.settings,
		words: append(slices.Clone(config.Entrypoint), config.Cmd...),
	}
	var views []provider.View
	for _, m := range r.mounts {
		views = append(views, provider.View{Type: string(m.kind), Source: m.source, Target: m.target, Subpath: m.subpath, ReadOnly: m.readOnly})
	}
	for target := range r.host.Tmpfs {
		views = append(views, provider.View{Type: "tmpfs", Target: target})
	}
	sortViews(views)
	return l, views, nil
}

// dataOfDeclaration says where what is inside a declared daemon will lie, and what will
// keep it from being seen; nothing where that is not known.
func dataOfDeclaration(item provider.DiffItem) (data provider.Data, hides string) {
	if item.Declaration.Kind != provider.Daemon {
		return provider.Data{}, ""
	}
	l, views, err := launchOfDeclaration(item)
	if err != nil {
		return provider.Data{}, "" // the creation says so
	}
	data = dataAt(l.dataRoot(), views, func(name string) bool {
		for _, related := range item.Declaration.Related {
			d := valuesOf(related.Declared)
			if related.Kind == provider.Volume && related.Name == name && isMemory(d.text("driver"), d.mapping("options")) {
				return true
			}
		}
		return false
	})
	if item.Absent {
		return data, ""
	}
	return data, launchOf(valuesOf(item.Actual), values{createdOf(item.Created)}).hiddenBy(l, item.Inside)
}

// hiddenBy says what of another start keeps what is inside now from being seen: a clause,
// empty for nothing. Containers and images belong to the storage driver that they were
// made with; with other users everything lies in a directory of its own.
func (l launch) hiddenBy(now launch, inside provider.Facts) string {
	if was, is := l.users(), now.users(); was != is {
		return fmt.Sprintf("its users will be %s (userns-remap), and are %s now", remapWords(is), remapWords(was))
	}
	was, is := cmp.Or(inside.Details[detailStorage], l.driver()), now.driver()
	switch {
	case was == "" && is == "", was == is:
		return ""
	case is != "" && was != "":
		return fmt.Sprintf("its storage driver will be %s, and not %s", is, was)
	case is == "" && (was == "vfs" || l.driver() == snapshotterDriver && olderThan(inside.Version, snapshotterSince)):
		// Of what it finds, dockerd goes on with anything but these.
		return "its storage driver will be the daemon's own choice, and not " + was
	}
	return ""
}

// The driver of containerd's image store, and the engine that chooses it by itself.
const (
	snapshotterDriver = "overlayfs"
	snapshotterSince  = 29
)

func olderThan(version string, major int) bool {
	number, _, _ := strings.Cut(version, ".")
	n, err := strconv.Atoi(number)
	return err == nil && n < major
}

// driver is the storage driver that is asked for; empty where that is dockerd's own choice.
func (l launch) driver() string {
	asked := cmp.Or(l.env["DOCKER_DRIVER"], l.flag('s', "storage-driver"), l.setting("storage-driver"))
	features, _ := l.settings["features"].(map[string]any)
	if on, _ := features["containerd-snapshotter"].(bool); on && asked == "" {
		return snapshotterDriver
	}
	return asked
}

// users is as whom users inside are remapped; "default" is Docker's own name for a user
// of that purpose.
func (l launch) users() string {
	asked := cmp.Or(l.flag(0, "userns-remap"), l.setting("userns-remap"))
	if asked == "default" {
		return "dockremap"
	}
	return asked
}

func remapWords(users string) string {
	if users == "" {
		return "not remapped"
	}
	return "remapped to " + users
}
