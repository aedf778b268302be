package replay

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Images of the test engine, see docker/base-images.sh.
const (
	BashImage      = "dindctl.local/bash"
	DindImage      = "dindctl.local/dind"
	ControllerBase = "dindctl.local/base-controller"
)

// Example is what the test engine needs to run one file of examples/.
type Example struct {
	Name      string
	Variables map[string]string
	// Elsewhere says that it has an engine with an endpoint of its own.
	Elsewhere bool
}

// Examples are those that are recorded.
func Examples() []Example {
	dind := map[string]string{"daemon_image": DindImage, "job_image": BashImage}
	return []Example{
		{Name: "case1", Variables: dind},
		{Name: "case2", Variables: with(dind, "controller_base", ControllerBase)},
		{Name: "case3", Variables: map[string]string{"controller_base": ControllerBase, "job_image": BashImage, "socket": hereSocket}},
		{Name: "ci-registry", Variables: map[string]string{
			"registry_image": "dindctl.local/test-registry", "daemon_image": DindImage, "cli_image": ControllerBase, "base_image": BashImage,
		}},
		{Name: "devcontainer", Variables: map[string]string{"dev_image": ControllerBase, "job_image": BashImage, "socket": hereSocket}},
		{Name: "github-arc", Variables: map[string]string{"daemon_image": DindImage, "runner_image": ControllerBase, "step_image": BashImage}},
		{Name: "gitlab-runner", Variables: with(dind, "build_image", ControllerBase)},
		{Name: "jenkins", Variables: map[string]string{
			"daemon_image": DindImage, "jenkins_image": "dindctl.local/test-jenkins-base", "cli_image": "dindctl.local/test-cli-base",
		}},
		{Name: "nested-twice", Variables: dind},
		{Name: "remote", Elsewhere: true, Variables: map[string]string{
			"cli_image": ControllerBase, "job_image": BashImage, "endpoint": "tcp://" + HereFar, "certificates": "./certificates",
		}},
		{Name: "sandbox", Variables: with(dind, "agent_image", ControllerBase)},
	}
}

// ExampleOf is the example of a recording; false where it is of none.
func ExampleOf(r *Recording) (Example, bool) {
	all := Examples()
	at := slices.IndexFunc(all, func(e Example) bool { return e.Name == r.Example })
	if at < 0 {
		return Example{}, false
	}
	return all[at], true
}

// hereSocket is where the engine's socket is, for examples that mount it.
const hereSocket = HereDir + "/" + socketName

const socketName = "engine.sock"

func with(variables map[string]string, name, value string) map[string]string {
	out := map[string]string{name: value}
	for name, value := range variables {
		out[name] = value
	}
	return out
}

const (
	registryPassword = "of-the-upgrade-test"
	// registryUser is what htpasswd -B makes of ci and that password.
	registryUser = "ci:$2a$04$N5pecB.hCJH1RDIeSqUlsOHL.e0d.oKhfF9sMQtDOIpAoYY0n9qxO\n"
)

// Site is an example in a directory of its own. It must be closed.
type Site struct {
	Example Example
	Dir     string
	Project string
	Far     string   // address and port of the engine elsewhere
	Environ []string // of commands about it: KEY=value

	certificates string
	close        []func()
}

// NewSite makes the directory from the files of a build. Its path is short, since
// sockets lie in it, and has no link in it. Certificates are the directory of those
// of the engine elsewhere.
func NewSite(e Example, files, certificates string) (*Site, error) {
	dir, err := os.MkdirTemp("", "dindctl-replay-") // the name of a socket may have 108 bytes
	if err != nil {
		return nil, err
	}
	s := &Site{Example: e, Project: "upgrade-" + e.Name, certificates: certificates}
	s.close = append(s.close, func() { _ = os.RemoveAll(dir) })
	if err := s.lay(dir, files); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Site) lay(dir, files string) (err error) {
	if s.Dir, err = filepath.EvalSymlinks(dir); err != nil {
		return err
	}
	s.Environ = append(os.Environ(), "XDG_STATE_HOME="+filepath.Join(s.Dir, "state"), "XDG_RUNTIME_DIR="+filepath.Join(s.Dir, "run"),
		"DINDCTL_VAR_registry_password="+registryPassword, "HOME="+s.Dir,
		"DOCKER_HOST=", "DOCKER_CONTEXT=", // the socket is given
		"PATH="+filepath.Join(s.Dir, "bin"), // a docker CLI of this machine, or none, makes no difference
	)
	for _, name := range []string{"examples", "docker/controller"} {
		if err := s.copy(filepath.Join(files, name), name); err != nil {
			return err
		}
	}
	err = errors.Join(s.Write("examples/marker.txt", "a file that lies on the host\n"), s.Write("examples/htpasswd", registryUser))
	if !s.Example.Elsewhere {
		return err
	}
	for _, name := range []string{"ca.pem", "cert.pem", "key.pem"} {
		content, reading := os.ReadFile(filepath.Join(s.certificates, name))
		err = errors.Join(err, reading, s.Write("examples/certificates/"+name, string(content)))
	}
	return err
}

// Close ends what serves the site and removes its directory.
func (s *Site) Close() {
	for _, f := range slices.Backward(s.close) {
		f()
	}
}

// Socket is the path of the root engine's.
func (s *Site) Socket() string { return filepath.Join(s.Dir, socketName) }

// Configure gives the example's variables their values.
func (s *Site) Configure() error {
	var lines []string
	for name, value := range s.Example.Variables {
		lines = append(lines, fmt.Sprintf("%s = %q\n", name, strings.NewReplacer(HereDir, s.Dir, HereFar, s.Far).Replace(value)))
	}
	slices.Sort(lines)
	return s.Write("examples/local.auto.hclvars", strings.Join(lines, ""))
}

// Args are the arguments of a command about the example.
func (s *Site) Args(command string, more ...string) []string {
	return append([]string{command, "examples/" + s.Example.Name + ".hcl", "-project", s.Project, "-H", "unix://" + s.Socket(), "-no-color"}, more...)
}

// copy copies files with the modes of a checkout, whatever this one's are: they are
// part of what an image is built from.
func (s *Site) copy(from, to string) error {
	return filepath.WalkDir(from, func(name string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || strings.HasSuffix(name, ".auto.hclvars") {
			return err
		}
		rest, err := filepath.Rel(from, name)
		if err != nil {
			return err
		}
		content, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		return s.Write(filepath.Join(to, rest), string(content))
	})
}

// Write writes a file of the site, with the mode of a checkout.
func (s *Site) Write(name, content string) error {
	name = filepath.Join(s.Dir, name)
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	if err := os.Chmod(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	if err := os.WriteFile(name, []byte(content), 0o644); err != nil {
		return err
	}
	return os.Chmod(name, 0o644)
}

// SocketGroup is the group of the socket when a recording is made: a number that
// stands for nothing else in what an engine says.
const SocketGroup = 987654321

// Around is what stands around the engine at a place of a recording, which has the
// containers inside that lead there.
type Around func(place *Place, engine http.Handler) http.Handler

// Serve answers from the recording, as the engine at the site's socket and, where
// there is one, as that elsewhere; around may be nil. The recording is the site's
// from then on.
func (s *Site) Serve(r *Recording, around Around) (*Missing, error) {
	listener, err := net.Listen("unix", s.Socket()) //nolint:noctx // there is nothing to wait for
	if err != nil {
		return nil, err
	}
	_ = os.Chown(s.Socket(), -1, SocketGroup) // only root may; any other group does, too
	var far net.Listener
	if s.Example.Elsewhere {
		if far, err = s.ListenElsewhere("127.0.0.1"); err != nil {
			return nil, err
		}
	}
	group, err := groupOf(s.Socket())
	if err != nil {
		return nil, err
	}
	if err := r.Rewrite(strings.NewReplacer(HereDir, s.Dir, HereGID, strconv.Itoa(group), HereFar, s.Far)); err != nil {
		return nil, err
	}
	missing := new(Missing)
	for _, p := range r.Places {
		on := listener
		switch {
		case len(p.Inside) > 0:
			continue
		case p.Elsewhere:
			on = far
		}
		server := &http.Server{Handler: r.engine(p, missing, around)} //nolint:gosec // of tests
		go func() { _ = server.Serve(on) }()
		s.close = append(s.close, func() { _ = server.Close() })
	}
	return missing, nil
}

// engine is the engine at a place.
func (r *Recording) engine(p *Place, missing *Missing, around Around) http.Handler {
	var e http.Handler = Engine{Holds: p, Missing: missing, Inside: func(id string) http.Handler {
		inside := append(slices.Clone(p.Inside), id)
		at := slices.IndexFunc(r.Places, func(p *Place) bool { return slices.Equal(p.Inside, inside) })
		if at < 0 {
			return nil
		}
		return r.engine(r.Places[at], missing, around)
	}}
	if around != nil {
		e = around(p, e)
	}
	return e
}

// ListenElsewhere listens with TLS at an address of this machine, for the engine
// elsewhere.
func (s *Site) ListenElsewhere(host string) (net.Listener, error) {
	pair, err := tls.LoadX509KeyPair(filepath.Join(s.certificates, "server.pem"), filepath.Join(s.certificates, "server-key.pem"))
	if err != nil {
		return nil, err
	}
	ca, err := os.ReadFile(filepath.Join(s.certificates, "ca.pem"))
	if err != nil {
		return nil, err
	}
	clients := x509.NewCertPool()
	clients.AppendCertsFromPEM(ca)
	listener, err := tls.Listen("tcp", net.JoinHostPort(host, "0"), &tls.Config{
		MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: clients,
	})
	if err != nil {
		return nil, err
	}
	s.close = append(s.close, func() { _ = listener.Close() })
	s.Far = listener.Addr().String()
	return listener, nil
}
