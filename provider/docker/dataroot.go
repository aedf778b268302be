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
	user     string
	// unseen says that some of its settings cannot be seen, or are still to be known.
	unseen bool
}

// launchOf is how the dockerd of a container was started. What its daemon.json holds now
// counts where it could be read, else what was declared and chosen at its creation.
func launchOf(actual, created values) launch {
	l := launch{
		image: actual.text("image"), env: actual.mapping("environment"), user: actual.text("user"),
		words: append(slices.Clone(actual.list("entrypoint")), actual.list("command")...),
	}
	if json.Unmarshal([]byte(actual.text(hiddenDaemonJSON)), &l.settings) == nil {
		return l
	}
	l.unseen = settingsUnseen(created)
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

// settingsUnseen tells whether what is said of daemon.json is not known yet, or a secret,
// of which a record holds no more than that it is one.
func settingsUnseen(d values) bool {
	config := d.get("config")
	if config.IsNull() {
		return false
	}
	t := config.Type()
	return !config.IsWhollyKnown() || t.IsObjectType() && len(t.AttributeTypes()) == 1 && t.HasAttribute("sensitive")
}

// said is where dockerd is told to keep its data, in its container; empty where it is not
// told, as far as that is seen. The old name of the setting counts, too (until Engine 23).
func (l launch) said() string {
	root := cmp.Or(l.flag('g', "data-root", "graph"), l.setting("data-root"), l.setting("graph"))
	switch {
	case root == "":
		return ""
	case !path.IsAbs(root):
		return path.Join("/", root) // it is started in the root directory
	}
	return path.Clean(root)
}

// hides tells whether where its data lie may be said where it is not seen: in a file that a
// flag names, or in a secret.
func (l launch) hides() bool {
	for _, key := range []string{"data-root", "graph"} {
		if _, isText := l.settings[key].(string); l.settings[key] != nil && !isText {
			return true
		}
	}
	return l.unseen || l.flag(0, "config-file") != ""
}

// dataRoot is where dockerd keeps its data, in its container; empty where that is not known.
func (l launch) dataRoot() string {
	switch {
	case l.said() != "":
		return l.said()
	case l.hides():
		return ""
	}
	return l.byDefault()
}

// byDefault is where dockerd keeps its data if nobody says otherwise.
func (l launch) byDefault() string {
	if strings.Contains(l.image, "rootless") || l.user == "rootless" {
		return rootlessDataRoot
	}
	return defaultDataRoot
}

// rootAfter is where a dockerd will keep its data that is started in the place of another,
// which says of itself that it keeps them at own; that is empty where it was not looked into.
// What decided there without being seen, such as a daemon.json of the image, decides again
// with the same image; what it will be with another nobody knows. Empty where that is so.
func (l launch) rootAfter(was launch, own string) string {
	seen := own == was.said() || was.said() == "" && own == was.byDefault()
	switch {
	case l.said() != "" || own == "" || seen && !l.hides():
		return l.dataRoot()
	case l.image == was.image && slices.Equal(l.words, was.words):
		return own
	}
	return ""
}

// viewUnknown is the type of a mount of which it is not known yet what it will be.
const viewUnknown = "unknown"

// dataAt says what the data at a path of a container lie on: in the mount that holds it
// nearest, or in its own files. A daemon that is started as always keeps them on the
// volume that its image declares, if it does; both go with the container. Nothing is said
// where the path is empty, or what is mounted there not known.
func dataAt(root string, views []provider.View, inMemory func(volume string) bool) provider.Data {
	if root == "" {
		return provider.Data{}
	}
	data, v := provider.DataAt(root, views)
	switch {
	case v.Type == viewUnknown:
		return provider.Data{}
	case data.On != provider.DataVolume:
	case anonymous(v.Source):
		return provider.Data{On: provider.DataAnonymous, At: root}
	case inMemory(v.Source):
		return provider.Data{On: provider.DataMemory, At: root, Source: v.Source}
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
		user: config.User, unseen: settingsUnseen(valuesOf(item.Declaration.Declared)),
		words: append(slices.Clone(config.Entrypoint), config.Cmd...),
	}
	var views []provider.View
	for _, m := range r.mounts {
		v := provider.View{Type: string(m.kind), Source: m.source, Target: m.target, Subpath: m.subpath, ReadOnly: m.readOnly}
		if m.unknown {
			v.Type = viewUnknown
		}
		views = append(views, v)
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
	root, was := l.dataRoot(), launch{}
	if !item.Absent {
		was = launchOf(valuesOf(item.Actual), values{createdOf(item.Created)})
		root = l.rootAfter(was, item.Inside.Details[provider.DetailDataRoot])
		if root == "" || was.dataRoot() == "" && item.Inside.Details[provider.DetailDataRoot] == "" {
			hides = "it may be: where its data lie is decided by what cannot be seen"
		}
	}
	data = dataAt(root, views, func(name string) bool {
		for _, related := range item.Declaration.Related {
			d := valuesOf(related.Declared)
			if related.Kind == provider.Volume && related.Name == name && isMemory(d.text("driver"), d.mapping("options")) {
				return true
			}
		}
		return false
	})
	if item.Absent || hides != "" || item.Condition.State == provider.StateCreated { // nothing was ever in that
		return data, hides
	}
	return data, was.hiddenBy(l, item.Inside)
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
	case is != "":
		return fmt.Sprintf("it may be: its storage driver will be %s, and which one it has is not known, for it was not looked into", is)
	case l.driver() == "vfs" || l.driver() == snapshotterDriver && olderThan(inside.Version, snapshotterSince):
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
