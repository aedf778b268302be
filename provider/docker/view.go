package docker

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/go-connections/nat"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// Names of actual values that are no attributes: what Diff needs of an object
// beyond them. They begin with an underscore, as no attribute does.
const (
	hiddenImageID      = "_image_id"
	hiddenImageContent = "_image_content"   // what the image is, whatever its id
	hiddenImages       = "_images"          // the images of the configuration that an image was made with, see labelImages
	hiddenImage        = "_image"           // the image's own defaults, as JSON
	hiddenNetworkIDs   = "_network_ids"     // network name -> id
	hiddenOwnNetwork   = "_own_network"     // the network that it was created in, see ownNetwork
	hiddenAttach       = "_attach"          // network name -> options of the endpoint
	hiddenFiles        = "_files"           // path -> the file there, null for none
	hiddenChosen       = "_chosen"          // what was chosen for a daemon at its creation
	hiddenDaemonJSON   = "_daemon_json"     // what is in its daemon.json now; null where that is not known
	hiddenSettingsWhy  = "_daemon_json_why" // why something of it is not compared; null where all is
	hiddenQuota        = "_cpu_quota"       // a quota as a number of CPUs
	hiddenCPUs         = "_cpu_said"        // how its processors were limited before: saidCPUs, saidQuota, or null
	hiddenExpiry       = "_expiry"          // the day on which a daemon's certificates end, where that is soon
	hiddenCertificates = "_certificates"    // what is wrong with the files of a daemon's clients
	hiddenAddress      = "_address"         // the address at its creation, which its own alias comes from
	hiddenSocket       = "_socket_group"    // as it was at creation
	hiddenAuth         = "_registry_auth"   // digest of the registry credentials in its file
)

// containerView brings a container, wanted or there, into the form that is
// compared and shown: defaults of image and engine filled in, one spelling for
// everything, what is random put in order. Of the rows only those are read that
// wanted names; nil names all.
func containerView(c *container.Config, h *container.HostConfig, mounts []mountSpec, networks []string, facts provider.Facts, wanted func(row) bool) map[string]cty.Value {
	v := map[string]cty.Value{
		"image":       cty.StringVal(c.Image),
		"command":     stringList(c.Cmd),
		"entrypoint":  stringList(c.Entrypoint),
		"environment": stringMap(environmentMap(c.Env)),
		"user":        cty.StringVal(c.User),
		"working_dir": cty.StringVal(cleanPath(c.WorkingDir)),
		"stop_signal": cty.StringVal(signalName(c.StopSignal)),
		"labels":      stringMap(foreignLabels(c.Labels)),
		"healthcheck": healthValue(c.Healthcheck),
		"mount":       mountsValue(mounts),
		"networks":    stringList(sorted(networks)),
	}
	grace := 10 * time.Second
	if c.StopTimeout != nil {
		grace = time.Duration(*c.StopTimeout) * time.Second
	}
	v["stop_grace_period"] = cty.StringVal(grace.String())
	v["restart"] = cty.StringVal(restartText(h.RestartPolicy))
	for _, r := range containerRows() {
		if r.read != nil && (wanted == nil || wanted(r)) {
			v[r.name] = r.read(seen{c: c, h: h, facts: facts})
		}
	}
	return v
}

func cpusValue(nano int64) cty.Value {
	return cty.NumberIntVal(nano).Divide(cty.NumberIntVal(1e9))
}

// environmentMap reads KEY=value entries; the last of several wins, one without
// a value counts as not set.
func environmentMap(entries []string) map[string]string {
	out := map[string]string{}
	for _, entry := range entries {
		if name, value, ok := strings.Cut(entry, "="); ok {
			out[name] = value
		}
	}
	return out
}

func foreignLabels(labels map[string]string) map[string]string {
	out := map[string]string{}
	for name, value := range labels {
		if !ourLabel(name) {
			out[name] = value
		}
	}
	return out
}

func sorted(list []string) []string {
	out := slices.Clone(list)
	sort.Strings(out)
	return slices.Compact(out)
}

func portTexts(ports nat.PortMap) []string {
	var out []string
	for port, bindings := range ports {
		for _, b := range bindings {
			text := b.HostPort + "->" + port.Port() + "/" + port.Proto()
			if b.HostIP != "" { // none is all addresses, of IPv6 too; 0.0.0.0 is those of IPv4
				text = address(b.HostIP) + ":" + text
			}
			out = append(out, text)
		}
	}
	return sorted(out)
}

func restartText(p container.RestartPolicy) string {
	name := cmp.Or(string(p.Name), "no")
	if p.MaximumRetryCount > 0 {
		b, _ := json.Marshal(p.MaximumRetryCount)
		return name + ":" + string(b)
	}
	return name
}

func healthValue(h *container.HealthConfig) cty.Value {
	if h == nil || len(h.Test) == 0 {
		return cty.StringVal("none")
	}
	if h.Test[0] == "NONE" {
		return cty.StringVal("none")
	}
	fields := map[string]any{
		"test": h.Test, "interval": cmp.Or(h.Interval, 30*time.Second).String(), "timeout": cmp.Or(h.Timeout, 30*time.Second).String(),
		"start_period": h.StartPeriod.String(), "retries": cmp.Or(h.Retries, 3),
	}
	if h.StartInterval > 0 {
		fields["start_interval"] = h.StartInterval.String()
	}
	content, _ := json.Marshal(fields)
	return cty.StringVal(string(content))
}

// imageDefaults is what a container takes from its image.
type imageDefaults struct {
	Env         []string                `json:",omitempty"`
	Cmd         []string                `json:",omitempty"`
	Entrypoint  []string                `json:",omitempty"`
	User        string                  `json:",omitempty"`
	WorkingDir  string                  `json:",omitempty"`
	StopSignal  string                  `json:",omitempty"`
	Labels      map[string]string       `json:",omitempty"`
	Healthcheck *container.HealthConfig `json:",omitempty"`
	Exposed     []string                `json:",omitempty"`
	Known       bool                    // false: the image is gone
	record      provider.Ownership      // what its labels say of ownership
	content     string                  // what it is, see contentOfImage
}

func defaultsOf(i image.InspectResponse) imageDefaults {
	config := i.Config
	if config == nil {
		return imageDefaults{}
	}
	return imageDefaults{
		Exposed: sortedKeys(config.ExposedPorts),
		Env:     config.Env, Cmd: config.Cmd, Entrypoint: config.Entrypoint, User: config.User, WorkingDir: config.WorkingDir,
		StopSignal: config.StopSignal, Labels: foreignLabels(config.Labels), Healthcheck: config.Healthcheck, Known: true,
	}
}

// merge adds an image's defaults to what a request says, as engines do.
func merge(c container.Config, i imageDefaults) container.Config {
	set := environmentMap(c.Env)
	env := slices.Clone(c.Env)
	for _, entry := range i.Env {
		if name, _, _ := strings.Cut(entry, "="); set[name] == "" {
			if _, declared := set[name]; !declared {
				env = append(env, entry)
			}
		}
	}
	c.Env = env
	// An entrypoint of one's own drops the image's command.
	if len(c.Entrypoint) == 0 {
		if len(c.Cmd) == 0 {
			c.Cmd = i.Cmd
		}
		if c.Entrypoint == nil {
			c.Entrypoint = i.Entrypoint
		}
	}
	c.User = cmp.Or(c.User, i.User)
	c.WorkingDir = cmp.Or(c.WorkingDir, i.WorkingDir)
	c.StopSignal = cmp.Or(c.StopSignal, i.StopSignal)
	labels := map[string]string{}
	for name, value := range i.Labels {
		labels[name] = value
	}
	for name, value := range c.Labels {
		labels[name] = value
	}
	c.Labels = labels
	c.Healthcheck = mergeHealth(c.Healthcheck, i.Healthcheck)
	ports := nat.PortSet{}
	for _, port := range i.Exposed {
		ports[nat.Port(port)] = struct{}{}
	}
	maps.Copy(ports, c.ExposedPorts)
	c.ExposedPorts = ports
	return c
}

func mergeHealth(own, image *container.HealthConfig) *container.HealthConfig {
	if own == nil || image == nil {
		return cmp.Or(own, image)
	}
	merged := *own
	if len(merged.Test) == 0 {
		merged.Test = image.Test
	}
	merged.Interval = cmp.Or(merged.Interval, image.Interval)
	merged.Timeout = cmp.Or(merged.Timeout, image.Timeout)
	merged.StartPeriod = cmp.Or(merged.StartPeriod, image.StartPeriod)
	merged.StartInterval = cmp.Or(merged.StartInterval, image.StartInterval)
	merged.Retries = cmp.Or(merged.Retries, image.Retries)
	return &merged
}

func sortViews(views []provider.View) {
	slices.SortFunc(views, func(a, b provider.View) int { return strings.Compare(a.Target, b.Target) })
}
