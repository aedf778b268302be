package docker

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/docker/docker/api/types/container"
	"github.com/docker/docker/api/types/image"
	"github.com/docker/docker/api/types/network"
	"github.com/docker/docker/api/types/volume"
	"github.com/docker/go-connections/nat"
	"github.com/zclconf/go-cty/cty"

	"github.com/dindctl/dindctl/provider"
)

// Labels is ownerLabels, for tests.
func Labels(o provider.Ownership) map[string]string { return ownerLabels(o) }

// AddressesOf is addressesOf, for tests.
func AddressesOf(c container.InspectResponse) map[string]string { return addressesOf(c) }

// Owner is claimOf, for tests.
func Owner(labels map[string]string) (provider.Ownership, string) { return claimOf(labels) }

// Amended is a record with what a note of changes says, for tests.
func Amended(created string, changes map[string]json.RawMessage) string {
	return string(amended([]byte(created), changes))
}

// Anothers is anothers, for tests.
func Anothers(owner, project string) bool { return anothers(owner, project) }

// Whose is judge, for tests.
func Whose(labels map[string]string, seen provider.Seen, at provider.Whereabouts) (provider.Ownership, string) {
	w := judge(labels, seen, at)
	return w.owner, w.whyNot
}

// Choose is chooseEndpoint on a table of files, in words, for tests.
func Choose(req provider.ConfigureRequest, read func(string) ([]byte, error)) (string, error) {
	at, err := chooseEndpoint(req, tableFiles(read))
	text := at.url + " by " + at.chosen
	if at.proxy != nil {
		text += ", through the proxy " + at.proxy.Host
	}
	if at.tls != nil {
		text += " with TLS"
		if at.tls.InsecureSkipVerify {
			text += " unverified"
		}
	}
	if len(at.headers) > 0 {
		text += fmt.Sprintf(", sending %v", at.headers)
	}
	if at.api != "" {
		text += ", in version " + at.api
	}
	return text, err
}

// Chosen is what is chosen for a daemon that would be made in a place, as JSON, for tests.
func Chosen(ctx context.Context, p provider.Provider, place provider.Place, decl provider.Declaration) (string, error) {
	configured, ok := p.(*Provider)
	if !ok {
		return "", fmt.Errorf("%T is another provider", p)
	}
	e, err := configured.at(place)
	if err != nil {
		return "", err
	}
	chosen, warning, err := e.surroundings(ctx, decl, request{}, configured.around(place))
	return jsonText(chosen) + warning, err
}

// PingInside asks the daemon in a container whether it is there, as readiness does, for tests.
func PingInside(ctx context.Context, p *Provider, id string) error {
	e, err := p.at(provider.Root)
	if err != nil {
		return err
	}
	return (&readiness{e: e, id: id}).ping(ctx, tunnelExec())
}

// DialThrough connects to an engine through a proxy, for tests.
func DialThrough(ctx context.Context, proxy, engine string) (net.Conn, error) {
	u, err := url.Parse(proxy)
	if err != nil {
		return nil, err
	}
	dial, err := endpoint{url: engine, proxy: u}.dialer()
	if err != nil {
		return nil, err
	}
	return dial(ctx)
}

// SSHArguments are what ssh is told, for tests.
func SSHArguments(u *url.URL) []string { return sshArguments(u) }

// ElsewhereURL is elsewhereURL, for tests.
func ElsewhereURL(text string, secure bool) (string, error) { return elsewhereURL(text, secure) }

// ClientEnvironment is what leads a docker CLI to a daemon, for tests.
func ClientEnvironment(daemon cty.Value) map[string]string {
	return clientEnvironment(valuesOf(daemon))
}

type tableFiles func(string) ([]byte, error)

func (f tableFiles) read(name string) ([]byte, error) { return f(name) }

// isDir tells whether the table has a file in a directory of this name.
func (f tableFiles) isDir(name string) (bool, error) {
	_, err := f(name + "/")
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

func (f tableFiles) home() string { return "/home/looked-up" }

// ReadOnly is the transport of everything that plans, for tests.
func ReadOnly(next http.RoundTripper) http.RoundTripper { return readOnly{reads: next, tunnels: next} }

// TunnelExec is the one exec that passes it, for tests.
func TunnelExec() container.ExecOptions { return tunnelExec() }

// ExecConn is the connection over an exec's stream, for tests.
func ExecConn(stream io.ReadWriteCloser) net.Conn { return &execConn{stream: stream} }

// ActualOf is an inspected container as Observe reports it, for tests.
func ActualOf(c container.InspectResponse, image *container.Config, facts provider.Facts) cty.Value {
	defaults := imageDefaults{}
	if image != nil {
		defaults = imageDefaults{
			Env: image.Env, Cmd: image.Cmd, Entrypoint: image.Entrypoint, User: image.User, WorkingDir: image.WorkingDir,
			StopSignal: image.StopSignal, Labels: image.Labels, Healthcheck: image.Healthcheck, Known: true,
		}
	}
	return containerActual(c, defaults, facts)
}

// Echo is a container as an engine shows it that keeps everything as it was written.
func Echo(decl provider.Declaration, api string) (container.InspectResponse, error) {
	r, err := requestOf(decl)
	if err != nil {
		return container.InspectResponse{}, err
	}
	endpoints, err := r.putEndpoints(&r.config, &r.host, api)
	if err != nil {
		return container.InspectResponse{}, err
	}
	c := container.InspectResponse{
		ContainerJSONBase: &container.ContainerJSONBase{
			ID: strings.Repeat("e", 64), Name: "/" + decl.Name, State: &container.State{Status: "running", Running: true}, HostConfig: &r.host,
		},
		Config: &r.config, NetworkSettings: &container.NetworkSettings{Networks: endpoints.EndpointsConfig},
	}
	if len(endpoints.EndpointsConfig) == 0 {
		endpoints.EndpointsConfig[bridgeNetwork] = &network.EndpointSettings{}
	}
	for _, at := range endpoints.EndpointsConfig {
		at.EndpointID = "e0"
	}
	for _, m := range decl.Declared.GetAttr("mount").AsValueSlice() {
		c.Mounts = append(c.Mounts, container.MountPoint{
			Type: "bind", Source: m.GetAttr("source").AsString(), Destination: m.GetAttr("target").AsString(), RW: true,
		})
	}
	return c, nil
}

// NetworkOf and VolumeOf are such a network and a volume.
func NetworkOf(declared cty.Value, facts provider.Facts) cty.Value {
	o := networkOptions(valuesOf(declared))
	n := network.Inspect{Driver: o.Driver, Options: o.Options, EnableIPv4: true}
	if o.IPAM != nil {
		n.IPAM = *o.IPAM
	}
	return NetworkActual(n, facts)
}

func VolumeOf(declared cty.Value) cty.Value {
	o := volumeOptions(valuesOf(declared))
	return VolumeActual(volume.Volume{Driver: o.Driver, Options: o.DriverOpts})
}

// SettingText is settingText, for tests.
func SettingText(key string, v any) string { return settingText(key, v) }

// NetworkActual and VolumeActual are networks and volumes as Observe reports them, for tests.
func NetworkActual(n network.Inspect, facts provider.Facts) cty.Value {
	return networkObject(n, whose{}, facts).Actual
}

func VolumeActual(v volume.Volume) cty.Value { return volumeObject(v, whose{}).Actual }

// Size reads and writes a size, for tests.
func Size(text string) (string, error) {
	n, err := bytesOf(text)
	return sizeText(n), err
}

// DockerConfig is the config.json that declared credentials become, for tests.
func DockerConfig(declared cty.Value) (string, error) {
	logins, err := loginsOf(valuesOf(declared))
	return string(configOf(logins)), err
}

// StartHelper makes and starts a helper that runs until it is killed, for tests.
func StartHelper(ctx context.Context, p *Provider, name string, owner provider.Ownership, image string) (string, error) {
	e, err := p.at(provider.Root)
	if err != nil {
		return "", err
	}
	owner.Name = name
	id, err := e.createHelper(ctx, name, &container.Config{Image: image, Cmd: []string{"sleep", "1d"}, StopSignal: "KILL", Labels: ownerLabels(owner)}, &container.HostConfig{})
	if err != nil {
		return "", err
	}
	return id, e.write.ContainerStart(ctx, id, container.StartOptions{})
}

// OwnPull is the X-Registry-Auth header with which an image is pulled in a place for
// an object, decoded, who has the credentials, and why a person's own could not be
// read; for tests. The files and the helpers are the test's.
func OwnPull(place provider.Place, decl provider.Declaration, ref string, env map[string]string,
	read func(string) ([]byte, error), ask func(program, server string) ([]byte, error),
) (header, owner, trouble string) {
	o := ownLogins{env: env, host: tableFiles(read), ask: func(_ context.Context, program, server string) ([]byte, error) { return ask(program, server) }}
	auth := o.forPlace(context.Background(), place, pullAuthOf(decl, ref))
	if auth.ownTrouble != nil {
		trouble = auth.ownTrouble.Error()
	}
	plain, _ := base64.URLEncoding.DecodeString(auth.header)
	return string(plain), auth.owner, trouble
}

// WithoutFiles, LayerFiles and OnlyOnce are what leaves layers out of an image that is carried.
func WithoutFiles(w io.Writer, archive io.Reader, skip map[string]bool) error {
	return withoutFiles(w, archive, skip)
}

// SameContent is sameContent, for tests.
func SameContent(a, b image.InspectResponse) bool { return sameContent(a, b) }

func LayerFiles(archive io.Reader) ([]string, error) { return layerFiles(archive) }
func OnlyOnce(layers []string, shared int) []string  { return onlyOnce(layers, shared) }

// PullSums reads the progress of a pull.
func PullSums(stream io.Reader, each func(done, total int64)) error {
	d := downloads{}
	return readMessages(stream, func(m message) {
		if done, total, news := d.note(m); news {
			each(done, total)
		}
	})
}

// TunnelWords is tunnelWords, for tests.
func TunnelWords(text string) string { return tunnelWords(text) }

// RefuseStorage is refuseStorage, for tests.
func RefuseStorage(decl provider.Declaration, facts provider.Facts) error {
	return refuseStorage(decl, facts)
}

// FollowJob follows the output of a job that runs to the end of both, for tests.
func FollowJob(ctx context.Context, p *Provider, id string) (stdout string, err error) {
	e, err := p.at(provider.Root)
	if err != nil {
		return "", err
	}
	c := container.InspectResponse{ContainerJSONBase: &container.ContainerJSONBase{ID: id}, Config: &container.Config{}}
	w := newWatch(e, provider.Declaration{Declared: cty.EmptyObjectVal}, c, newEvents(nil, ""))
	err = w.follow(ctx, w.followLog)
	return w.stdout.kept.text(), err
}

// Tail is what a failure shows of a container's log, for tests.
func Tail(ctx context.Context, p *Provider, c container.InspectResponse) []string {
	e, err := p.at(provider.Root)
	if err != nil {
		return nil
	}
	return e.tail(ctx, c)
}

// ListPrice is what a list may cost; Price is what an answer costs; for tests.
const ListPrice = listPrice

// Price prices an answer that comes in pieces of n bytes.
func Price(answer []byte, n int) (cost int64, deep bool) {
	var p price
	for len(answer) > 0 {
		piece := answer[:min(n, len(answer))]
		p.note(piece)
		answer = answer[len(piece):]
	}
	return p.cost, p.deep
}

// Elements are the elements of a list as they are read one by one, and how many of
// them were out of bounds, for tests.
func Elements(r io.Reader, bytes, depth, values int) (elements []string, over int, err error) {
	err = jsonStream{bufio.NewReaderSize(r, 16)}.list(bounds{bytes: bytes, depth: depth, values: values}, func(text []byte, broken error) error {
		if broken != nil {
			over++
		} else {
			elements = append(elements, string(text))
		}
		return nil
	})
	return elements, over, err
}

// Remembered is what a record of changes says after a live change of some paths.
func Remembered(then, declared, created map[string]json.RawMessage, paths ...string) map[string]json.RawMessage {
	var changes []provider.Change
	for _, path := range paths {
		changes = append(changes, provider.Change{Path: path})
	}
	return remembered(then, declared, created, changes)
}

// Requested tells of a container whether the volumes record that it was stopped, for tests.
func Requested(volumes []*volume.Volume, c provider.Object) bool {
	return lists{volumes: volumes}.requested(c)
}

// MarksOf is what a mark of changes says.
func MarksOf(declared cty.Value, changes []provider.Change) string {
	return marksOf(declared, changes).text()
}

// MarksAnd is what a mark says that an earlier one is part of.
func MarksAnd(one, other string) string {
	return marksIn([]byte(one)).and(marksIn([]byte(other))).text()
}

// OutputFrom is outputFrom, for tests.
func OutputFrom(c container.InspectResponse, stdout, stderr string, whole bool) (v provider.Values) {
	var out, errs kept
	_, _ = out.Write([]byte(stdout))
	_, _ = errs.Write([]byte(stderr))
	outputFrom(c, &out, &errs, whole).into(&v)
	return v
}

// FetchInside is haveImage in an engine to which images are carried from another, for tests.
func FetchInside(ctx context.Context, outside, inside provider.Provider, ref, policy string) (string, error) {
	from, err := outside.(*Provider).at(provider.Root)
	if err != nil {
		return "", err
	}
	to, err := inside.(*Provider).at(provider.Root)
	if err != nil {
		return "", err
	}
	p := outside.(*Provider)
	p.mu.Lock()
	p.places["inside"] = to
	p.mu.Unlock()
	from.place = provider.Root
	return p.haveImage(ctx, to, imageWish{reference: ref, policy: policy, from: []provider.Place{provider.Root}, address: "container.c"}, newEvents(nil, ""))
}

// Matches tells whether a line matches in a log that is written in pieces, and whether that
// was known without its end, for tests.
func Matches(pattern string, pieces []string) (matches, atOnce bool) {
	m := matching{pattern: regexp.MustCompile("(?m)" + pattern)}
	for _, piece := range pieces {
		if _, err := m.Write([]byte(piece)); err != nil {
			return m.end(), true
		}
	}
	return m.end(), false
}

// BeginOfRun is beginOfRun, for tests.
func BeginOfRun(s *container.State) time.Time { return beginOfRun(s) }

// KeptOfLog is keptOfLog, for tests.
func KeptOfLog(l container.LogConfig) (least int64, bounded bool) { return keptOfLog(l) }

// Listens looks for a port in tables that are written in pieces, for tests.
func Listens(port int, text string, piece int) (read, found bool) {
	l := listeners{port: port}
	for text != "" {
		n := min(piece, len(text))
		_, _ = l.Write([]byte(text[:n]))
		text = text[n:]
	}
	return l.read, l.found
}

// ReachOf is reachOf for a run that began and started at one time, in words, for tests.
func ReachOf(l container.LogConfig, start, oldest time.Time, bytes, lines int64) string {
	return map[reach]string{reaches: "reaches", reachesNot: "does not", reachUnknown: "unknown"}[reachOf(l, start, start, oldest, logScan{bytes: bytes, lines: lines})]
}

// TableRefused is tableRefused, for tests.
func TableRefused(code int, err error) (noCommand bool, _ error) { return tableRefused(code, err) }

// Published are the addresses at which a port would be dialled that is published by an engine, for tests.
func Published(facts provider.Facts, bindings ...string) []string {
	e := &engine{place: provider.Root, facts: facts}
	c := container.InspectResponse{NetworkSettings: &container.NetworkSettings{}}
	for _, ip := range bindings {
		c.NetworkSettings.Ports = nat.PortMap{"80/tcp": append(c.NetworkSettings.Ports["80/tcp"], nat.PortBinding{HostIP: ip, HostPort: "8080"})}
	}
	return e.published(c, "80")
}

// ListensInside is what a helper does, for tests.
func ListensInside(ctx context.Context, port, limit, table string, out io.Writer) error {
	return insideListens(ctx, port, limit, []string{table}, out)
}
