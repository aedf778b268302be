package docker

import (
	"cmp"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/go-connections/nat"

	"github.com/dindctl/dindctl/provider"
)

// request is what is sent to an engine to make a container, but for its labels
// of ours and its image's id.
type request struct {
	image    string // reference as the engine is asked for it
	config   container.Config
	host     container.HostConfig
	mounts   []mountSpec
	networks []attachment
	platform string
	pull     string // when a registry is asked for the image: "missing", "always" or "never"
	// files are put into the container before its start.
	files []fileSpec
	// settings are the keys of a daemon's daemon.json.
	settings map[string]any
	// dockerConfig is put into the container of a client of registries; nil for none.
	dockerConfig []byte
}

// requestOf turns a declaration into a request. It is pure; what is not known
// yet is left out.
func requestOf(decl provider.Declaration) (request, error) {
	rows := containerRows()
	b := &builder{decl: decl, d: values{flatten(valuesOf(decl.Declared).v, rows)}}
	b.r.image = imageOf(b.d)
	b.basics()
	for _, r := range rows {
		if r.put != nil {
			r.put(b, r.name)
		}
	}
	b.socketGroup()
	b.healthcheck()
	b.connect()
	b.mounts()
	b.environment()
	b.files()
	if decl.Kind == provider.Daemon {
		b.daemon()
	}
	b.registryAuth()
	if b.err != nil {
		return request{}, b.err
	}
	return b.r, nil
}

// imageOf returns the reference of the image that is wanted.
func imageOf(d values) string {
	if r, ok := d.ref("image"); ok {
		return r.engineName()
	}
	return d.text("image")
}

// builder fills a request; the first thing that cannot be sent is kept in err.
type builder struct {
	decl provider.Declaration
	d    values
	r    request
	err  error
}

func (b *builder) invalid(path string, err error) {
	if b.err == nil {
		b.err = &provider.Problem{
			Code: provider.Invalid, Address: b.decl.Address, Path: path,
			Summary: "The declaration cannot be realised", Detail: fmt.Sprintf("%s: %v.", path, err),
		}
	}
}

func (b *builder) size(name string) int64 {
	if !b.d.has(name) {
		return 0
	}
	n, err := bytesOf(b.d.text(name))
	if err != nil {
		b.invalid(name, err)
	}
	return n
}

func (b *builder) basics() {
	c, d := &b.r.config, b.d
	c.Image = b.r.image
	if d.has("command") {
		c.Cmd = d.list("command")
	}
	if d.has("entrypoint") {
		c.Entrypoint = d.list("entrypoint")
	}
	c.User, c.WorkingDir = d.text("user"), d.text("working_dir")
	if d.has("stop_signal") {
		c.StopSignal = signalName(d.text("stop_signal"))
	}
	if d.has("stop_grace_period") {
		grace, err := durationOf(d.text("stop_grace_period"))
		if err != nil {
			b.invalid("stop_grace_period", err)
		}
		whole := seconds(grace)
		c.StopTimeout = &whole
	}
	c.Labels = d.mapping("labels")
	for name := range c.Labels {
		if ourLabel(name) {
			b.invalid("labels", fmt.Errorf("%s: labels under %s are dindctl's own", name, labelPrefix))
		}
	}
	b.r.platform = d.text("platform")
	b.r.pull = cmp.Or(d.text("pull_policy"), "missing")
	b.restart()
}

func (b *builder) restart() {
	text := b.d.text("restart")
	if text == "" {
		text = "unless-stopped"
		if b.decl.Kind == provider.Job {
			text = "no"
		}
	}
	name, count, counted := strings.Cut(text, ":")
	policy := container.RestartPolicy{Name: container.RestartPolicyMode(name)}
	if counted {
		n, err := strconv.Atoi(count)
		if err != nil || n < 0 {
			b.invalid("restart", fmt.Errorf("%q: the number of attempts is not a number", text))
		}
		policy.MaximumRetryCount = n
	}
	if err := container.ValidateRestartPolicy(policy); err != nil {
		b.invalid("restart", err)
	}
	b.r.host.RestartPolicy = policy
}

// socketGroup adds the group of a controller's socket, unless it is not known yet.
func (b *builder) socketGroup() {
	group := b.d.text(provider.AttributeSocketGroup)
	if group != provider.SocketGroupAtCreation {
		b.r.host.GroupAdd = appendNew(b.r.host.GroupAdd, group)
	}
}

func putPorts(b *builder, name string) {
	for _, port := range b.d.blocks(name) {
		target, _ := port.number("target")
		protocol := port.text("protocol")
		if protocol == "" {
			protocol = "tcp"
		}
		of, err := nat.NewPort(protocol, portNumber(int(target)))
		if err != nil || target < 1 || target > 65535 {
			b.invalid(name, fmt.Errorf("%v/%s is not a port", target, protocol))
			continue
		}
		binding := nat.PortBinding{HostIP: port.text("host_ip")}
		if published, ok := port.number("published"); ok && published > 0 {
			binding.HostPort = strconv.Itoa(int(published))
		}
		// Old engines publish only what is exposed too, without a word.
		b.expose(of)
		if b.r.host.PortBindings == nil {
			b.r.host.PortBindings = nat.PortMap{}
		}
		b.r.host.PortBindings[of] = append(b.r.host.PortBindings[of], binding)
	}
}

func portNumber(port int) string { return strconv.Itoa(port) }

func (b *builder) healthcheck() {
	check, ok := b.d.block("healthcheck")
	if !ok {
		return
	}
	h := &container.HealthConfig{Test: check.list("test")}
	for _, field := range []struct {
		name string
		to   *int64
	}{
		{"interval", (*int64)(&h.Interval)},
		{"timeout", (*int64)(&h.Timeout)},
		{"start_period", (*int64)(&h.StartPeriod)},
		{"start_interval", (*int64)(&h.StartInterval)},
	} {
		if !check.has(field.name) {
			continue
		}
		d, err := durationOf(check.text(field.name))
		if err != nil {
			b.invalid("healthcheck."+field.name, err)
		}
		*field.to = int64(d)
	}
	if n, ok := check.number("retries"); ok {
		h.Retries = int(n)
	}
	if check.flag("disable", false) {
		h = &container.HealthConfig{Test: []string{"NONE"}}
	}
	b.r.config.Healthcheck = h
}

// connect lists the networks; the first is the one that the container is created in.
func (b *builder) connect() {
	b.r.networks = attachmentsOf(b.decl, b.d)
	if mode := b.sharing("network_mode"); mode != "" {
		b.r.networks = nil
		b.r.host.NetworkMode = container.NetworkMode(mode)
	}
	if len(b.r.networks) > 0 {
		b.r.host.NetworkMode = container.NetworkMode(b.r.networks[0].name)
	}
}

func (b *builder) mounts() {
	for _, m := range b.d.blocks("mount") {
		spec := mountOf(m)
		if spec.target == "" || !strings.HasPrefix(spec.target, "/") {
			b.invalid("mount", fmt.Errorf("the target %q is not an absolute path", spec.target))
			continue
		}
		b.r.mounts = append(b.r.mounts, spec)
	}
}

// environment is what is derived, under what is declared.
func (b *builder) environment() {
	env := derivedEnvironment(b.decl, b.d)
	for name, value := range b.d.mapping("environment") {
		env[name] = value
	}
	for _, name := range sortedKeys(env) {
		b.r.config.Env = append(b.r.config.Env, name+"="+env[name])
	}
}

func (b *builder) daemon() {
	flags := b.d.list("flags")
	if len(flags) > 0 {
		b.r.config.Cmd = append(append([]string{}, b.r.config.Cmd...), flags...)
	}
	var err error
	if b.r.settings, err = daemonSettings(b.d); err != nil {
		b.invalid("config", err)
	}
}

func (b *builder) files() {
	files, err := filesOf(b.d)
	if err != nil {
		b.invalid("file", err)
	}
	b.r.files = files
}

var instanceKey = regexp.MustCompile(`\[(?:"(?:[^"\\]|\\.)*"|[0-9]+)\]`)

// labelOf returns the label of an address: "dind" of module.x.daemon.dind["a"].
func labelOf(address string) string {
	plain := instanceKey.ReplaceAllString(address, "")
	return plain[strings.LastIndex(plain, ".")+1:]
}

func appendNew(list []string, more ...string) []string {
	for _, s := range more {
		if s != "" && !contains(list, s) {
			list = append(list, s)
		}
	}
	return list
}
