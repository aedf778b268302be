package docker

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/dindctl/dindctl/provider"
)

// labelChosen holds what was chosen for a daemon at its creation because of its
// surroundings, as the keys of daemon.json.
const labelChosen = labelPrefix + "chosen"

// The keys of daemon.json that have an argument of their own, by that.
func daemonKeys() map[string]string {
	return map[string]string{
		"registry_mirrors": "registry-mirrors", "insecure_registries": "insecure-registries",
		"storage_driver": "storage-driver", "mtu": "mtu", "address_pools": "default-address-pools",
	}
}

// daemonSettings merges a daemon's own arguments and its config into the keys of
// one daemon.json; empty where neither says anything.
func daemonSettings(d values) (map[string]any, error) {
	merged := map[string]any{}
	if config := d.get("config"); !config.IsNull() && config.IsWhollyKnown() {
		if !config.Type().IsObjectType() && !config.Type().IsMapType() {
			return nil, fmt.Errorf("daemon.json is an object, not a %s", config.Type().FriendlyName())
		}
		plain, err := plainJSON(config)
		if err != nil {
			return nil, err
		}
		merged, _ = plain.(map[string]any)
		maps.DeleteFunc(merged, func(_ string, v any) bool { return v == nil })
	}
	for argument, key := range daemonKeys() {
		own := d.get(argument)
		if own.IsNull() || !own.IsWhollyKnown() {
			continue
		}
		if _, twice := merged[key]; twice {
			return nil, fmt.Errorf("%q is in config and has the argument %s; say it once", key, argument)
		}
		plain, err := plainJSON(own)
		if err != nil {
			return nil, err
		}
		merged[key] = plain
	}
	return merged, nil
}

// plainJSON is a value as encoding/json reads it.
func plainJSON(v cty.Value) (any, error) {
	content, err := ctyjson.Marshal(v, v.Type())
	if err != nil {
		return nil, fmt.Errorf("writing daemon.json: %w", err)
	}
	var plain any
	if err := json.Unmarshal(content, &plain); err != nil {
		return nil, fmt.Errorf("writing daemon.json: %w", err)
	}
	return plain, nil
}

// daemonJSON is the content of daemon.json; nil where there is nothing to say.
func daemonJSON(settings map[string]any) ([]byte, error) {
	if len(settings) == 0 {
		return nil, nil
	}
	return json.MarshalIndent(settings, "", "  ")
}

// withChosen adds what was chosen at the creation, under what is declared.
func withChosen(settings, chosen map[string]any) map[string]any {
	out := maps.Clone(chosen)
	if out == nil {
		out = map[string]any{}
	}
	maps.Copy(out, settings)
	return out
}

func chosenOf(label string) map[string]any {
	var out map[string]any
	_ = json.Unmarshal([]byte(label), &out) // what cannot be read was not chosen
	return out
}

// settingsOf is what a daemon's daemon.json says, as JSON, as far as it is compared;
// empty where it is not, or cannot be read now. Where nothing was declared, the file
// holds what was chosen for the daemon, and what its image brought; as long as nobody
// has written it since, that alone counts which was chosen. Once somebody has, what is in
// it counts and not when it was written: all of it, where the image brought none. Why is
// what else may have changed in it cannot be told, a clause; empty where it can.
func (e *engine) settingsOf(ctx context.Context, object provider.Object, created values) (text, why string) {
	if object.Kind != provider.Daemon || object.Condition.State == provider.StateCreated { // then it may be yet to come
		return "", ""
	}
	chosen := chosenOf(values{object.Actual}.text(hiddenChosen))
	settings, _ := daemonSettings(created)
	covered := slices.ContainsFunc(object.Views, func(v provider.View) bool { return within(daemonJSONPath, v.Target) })
	if len(settings) == 0 && (len(chosen) == 0 || covered || putsSettings(created)) {
		return "", ""
	}
	files, err := e.readTexts(ctx, object.ID, daemonJSONPath)
	if err != nil {
		return "", ""
	}
	file, there := files[path.Base(daemonJSONPath)]
	if len(settings) > 0 {
		return cmp.Or(file.text, "{}"), ""
	}
	own, all := partOfSettings(file.text, chosen)
	switch touched := !there || rewritten(file.written); {
	case touched && !leavesSettings(object):
		if own != jsonText(chosen) {
			return "", entryPointWrites
		}
	case !there || file.text == "":
		return "{}", ""
	case own == "", touched && len(all) > len(chosen) && !e.brought(ctx, object.ID, daemonJSONPath):
		return file.text, ""
	case touched && len(all) > len(chosen):
		return own, imageBrings
	}
	return own, ""
}

// Why something of a generated daemon.json is not compared.
const (
	entryPointWrites = "its entry point is not Docker's and may have written daemon.json, which does not say what was chosen for it"
	imageBrings      = "its image brings a daemon.json, and it was written since: only what was chosen for the daemon is compared in it"
)

// partOfSettings is what a daemon.json says of what was chosen, and all that it says;
// empty where it is no JSON.
func partOfSettings(text string, chosen map[string]any) (own string, all map[string]any) {
	if json.Unmarshal([]byte(text), &all) != nil {
		return "", nil
	}
	part := maps.Clone(all)
	maps.DeleteFunc(part, func(key string, _ any) bool { _, ours := chosen[key]; return !ours })
	return jsonText(part), all
}

// brought tells whether the image of a container brings a file there, or that is not known.
func (e *engine) brought(ctx context.Context, id, at string) bool {
	changes, err := e.read.ContainerDiff(ctx, id)
	return err != nil || !slices.ContainsFunc(changes, func(c container.FilesystemChange) bool {
		return c.Path == at && c.Kind == container.ChangeAdd
	})
}

// putsSettings tells whether a file block is the daemon.json: it is compared as a file,
// and what would be chosen for the daemon is its to say.
func putsSettings(d values) bool {
	files, _ := filesOf(d) // what cannot be read was refused
	return slices.ContainsFunc(files, func(f fileSpec) bool { return f.path == daemonJSONPath })
}

// leavesSettings tells of an entry point that is known not to write daemon.json: that
// of Docker's own image (docker-library/docker, dockerd-entrypoint.sh), ours, which has
// its name, and dockerd itself.
func leavesSettings(object provider.Object) bool {
	entry := values{object.Actual}.list("entrypoint")
	return len(entry) == 1 && slices.Contains([]string{"dockerd-entrypoint.sh", "dockerd"}, path.Base(entry[0]))
}

// within tells whether a path is a directory or below it.
func within(at, directory string) bool {
	return strings.HasPrefix(cleanPath(at)+"/", strings.TrimSuffix(cleanPath(directory), "/")+"/")
}

// daemonFile compares daemon.json key by key: what is and was declared, or was chosen,
// and what was found in the container. Where there is neither, it is the image's own.
func (c *comparison) daemonFile() {
	if c.unknownSetting() {
		return
	}
	chosen := chosenOf(c.actual.text(hiddenChosen))
	declared, err := daemonSettings(c.declared)
	if err != nil {
		return // the creation says so
	}
	created, err := daemonSettings(c.created)
	if err != nil {
		created = map[string]any{}
	}
	if why := c.actual.text(hiddenSettingsWhy); why != "" {
		c.uncompared("config", why)
	}
	unread := c.actual.get(hiddenDaemonJSON).IsNull()
	if len(declared) == 0 && len(created) == 0 && unread {
		return
	}
	together := bytes.Equal(c.record["config"], secretText())
	if together { // the mark is no setting
		delete(created, "sensitive")
	}
	want, then := withChosen(declared, chosen), withChosen(created, chosen)
	have := then
	if text := c.actual.get(hiddenDaemonJSON); !text.IsNull() {
		have = map[string]any{}
		if json.Unmarshal([]byte(text.AsString()), &have) != nil {
			c.addCaused(row{name: "config"}, "config", cty.StringVal("not JSON"), jsonValue(want), provider.Replace, provider.Outside)
			return
		}
	}
	if unread && together {
		c.uncompared("config", unreadNow)
	}
	for _, key := range unionKeys(want, then, have) {
		switch {
		case !unread || !c.secretSetting(key):
			c.setting(key, want[key], then[key], have[key])
		case !together:
			c.uncompared("config."+key, unreadNow)
		}
	}
}

// secretSetting tells of a key of daemon.json that its record says no more than that it
// holds a secret.
func (c *comparison) secretSetting(key string) bool {
	for argument, own := range daemonKeys() {
		if own == key && secretIn(c.record[argument]) {
			return true
		}
	}
	return secretIn(c.recordIn("config", key))
}

func (c *comparison) setting(key string, want, then, have any) {
	to, was, is := settingText(key, want), settingText(key, then), settingText(key, have)
	if to == is {
		return
	}
	cause := provider.Both
	switch {
	case to == was:
		cause = provider.Outside
	case was == is, c.secretSetting(key):
		cause = provider.Configured
	}
	path, name := "config."+key, "config"
	for argument, own := range daemonKeys() {
		if own == key && (c.declared.has(argument) || c.created.has(argument) || !c.declared.has("config") && !c.created.has("config")) {
			path, name = argument, argument
		}
	}
	c.addCaused(row{name: name}, path, jsonValue(have), jsonValue(want), provider.Replace, cause)
}

// unknownSetting notes the settings that are known only after another step.
func (c *comparison) unknownSetting() bool {
	unknown := false
	for _, name := range append(sortedKeys(daemonKeys()), "config") {
		if v := c.declared.get(name); !v.IsWhollyKnown() {
			c.addCaused(row{name: name}, name, c.created.get(name), cty.UnknownVal(cty.DynamicPseudoType), provider.Replace, provider.Configured)
			unknown = true
		}
	}
	return unknown
}

func jsonText(v any) string {
	content, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(content)
}

// jsonValue is a part of daemon.json for people; null for what is not there.
func jsonValue(v any) cty.Value {
	if v == nil {
		return cty.NullVal(cty.DynamicPseudoType)
	}
	content := []byte(jsonText(v))
	t, err := ctyjson.ImpliedType(content)
	if err != nil {
		return cty.StringVal(string(content))
	}
	value, err := ctyjson.Unmarshal(content, t)
	if err != nil {
		return cty.StringVal(string(content))
	}
	return value
}

// saysPools tells whether a daemon's networks are settled by somebody else.
func saysPools(d values, settings map[string]any) bool {
	for _, key := range []string{"default-address-pools", "bip", "bridge", "fixed-cidr"} {
		if _, said := settings[key]; said {
			return true
		}
	}
	return mentions(d, "default-address-pool", "bip", "bridge", "fixed-cidr")
}

func saysMTU(d values, settings map[string]any) bool {
	_, said := settings["mtu"]
	return said || mentions(d, "mtu")
}

// mentions tells whether a flag of dockerd is given on the command line.
func mentions(d values, flags ...string) bool {
	for _, argument := range append(d.list("flags"), d.list("command")...) {
		name, _, _ := strings.Cut(strings.TrimLeft(argument, "-"), "=")
		if argument != name && contains(flags, name) {
			return true
		}
	}
	return false
}
