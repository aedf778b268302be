package docker

import (
	"cmp"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"os"
	"os/user"
	"path"
	"regexp"
	"runtime"
	"strconv"
	"strings"

	"github.com/docker/docker/api/types/versions"

	"github.com/dindctl/dindctl/provider"
)

// files is what the choice of an endpoint reads of this host.
type files interface {
	read(name string) ([]byte, error)
	isDir(name string) (bool, error) // false where nothing is there
	home() string                    // of whoever runs this process, where no variable says it
}

type osFiles struct{}

func (osFiles) read(name string) ([]byte, error) { return os.ReadFile(name) }

func (osFiles) isDir(name string) (bool, error) {
	info, err := os.Stat(name)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil && info.IsDir(), err
}

func (osFiles) home() string {
	if who, err := user.Current(); err == nil {
		return who.HomeDir
	}
	return ""
}

// settings are a person's own settings of the docker CLI: variables and files. What they
// mean is what they mean to the CLI of Docker 28, or they are refused in a sentence;
// docs/docker-settings.md lists them.
type settings struct {
	env  map[string]string
	host files
}

// The hosts that the docker CLI takes where an address names none.
const (
	defaultSocket   = "unix:///var/run/docker.sock"
	defaultHost     = "localhost"
	defaultPort     = "2375" // also with TLS, where there is an address
	defaultTLSPort  = "2376" // with TLS, where there is no address at all
	defaultContext  = "default"
	byDefaultSocket = "default socket"
)

// chooseEndpoint decides which engine is the root, and how it is spoken to: -H or
// -context, DOCKER_HOST, DOCKER_CONTEXT, the current context, the default socket, in
// this order.
func chooseEndpoint(req provider.ConfigureRequest, host files) (endpoint, error) {
	s := settings{req.Environment, host}
	at, err := s.choose(req)
	if err != nil {
		return endpoint{}, err
	}
	if at.proxy, err = s.proxyTo(at); err != nil {
		return endpoint{}, err
	}
	if at.headers, err = s.headers(); err != nil {
		return endpoint{}, err
	}
	at.api, err = s.api()
	return at, err
}

func (s settings) choose(req provider.ConfigureRequest) (endpoint, error) {
	switch {
	case req.Endpoint != "" && req.Context != "":
		return endpoint{}, &provider.Problem{
			Code: provider.Invalid, Summary: "The engine's address cannot be used",
			Detail: fmt.Sprintf("-H names %s and -context names %q. Either of them says which engine is meant: take one away.", provider.WithoutPassword(req.Endpoint), req.Context),
		}
	case req.Endpoint != "":
		return s.addressed(req.Endpoint, cmp.Or(req.NamedBy, "-H"))
	case req.Context != "":
		return s.context(req.Context, "-context or the project's pin")
	case s.env["DOCKER_HOST"] != "":
		return s.addressed(s.env["DOCKER_HOST"], "DOCKER_HOST")
	case s.env["DOCKER_CONTEXT"] != "":
		return s.context(s.env["DOCKER_CONTEXT"], "DOCKER_CONTEXT")
	}
	current, file, err := s.currentContext()
	if err != nil {
		return endpoint{}, err
	}
	if current != "" && current != defaultContext {
		return s.context(current, "currentContext in "+file)
	}
	return s.addressed("", byDefaultSocket)
}

// context returns the engine of a docker context. The one that is called default is no
// file: it is DOCKER_HOST, or the default socket, with what the variables say.
func (s settings) context(name, by string) (endpoint, error) {
	chosen := fmt.Sprintf("context %q (%s)", name, by)
	if name != defaultContext {
		return s.fromContext(name, chosen)
	}
	if address := s.env["DOCKER_HOST"]; address != "" {
		return s.addressed(address, chosen+", which is DOCKER_HOST")
	}
	return s.addressed("", chosen)
}

// addressed is an engine by its address, with what DOCKER_TLS, DOCKER_TLS_VERIFY and
// DOCKER_CERT_PATH say. DOCKER_CERT_PATH alone encrypts nothing.
func (s settings) addressed(address, chosen string) (endpoint, error) {
	verified := s.env["DOCKER_TLS_VERIFY"] != ""
	secure := verified || s.env["DOCKER_TLS"] != ""
	at := endpoint{chosen: chosen}
	var err error
	if at.url, err = engineURL(address, secure); err != nil {
		at.url = provider.WithoutPassword(strings.TrimSpace(address))
		return endpoint{}, at.invalid(err.Error())
	}
	if !secure {
		return at, nil
	}
	dir := s.env["DOCKER_CERT_PATH"]
	if dir == "" {
		dir = s.configDir()
	}
	found, err := certificatesIn(dir, s.host)
	switch {
	case err != nil:
		return endpoint{}, err
	case found.ca == nil:
		return endpoint{}, &provider.Problem{
			Code: provider.Denied, Summary: "The engine's certificates cannot be used",
			Detail: fmt.Sprintf("DOCKER_TLS or DOCKER_TLS_VERIFY is set, and there is no ca.pem in %s. Name the directory of the certificates with DOCKER_CERT_PATH, or unset both for an engine without TLS.", dir),
		}
	case strings.HasPrefix(at.url, "tcp://"):
		at.tls, err = found.config(!verified)
	}
	return at, err
}

// engineURL is the whole address of what -H and DOCKER_HOST name in one of the short
// forms that the docker CLI takes. User and password of a tcp address are dropped, as
// the CLI does; an error never repeats the address.
func engineURL(text string, secure bool) (string, error) {
	text = strings.TrimSpace(text)
	if text == "" {
		if secure {
			return "tcp://" + net.JoinHostPort(defaultHost, defaultTLSPort), nil
		}
		return defaultSocket, nil
	}
	scheme, rest, written := strings.Cut(text, "://")
	switch {
	case written:
	case strings.HasPrefix(text, "/"), strings.HasPrefix(text, "./"):
		return "", errors.New("a path alone is a socket to some docker CLIs, and a port of localhost to others; write unix:// before it")
	default:
		scheme, rest = "tcp", text
	}
	switch scheme {
	case "unix":
		if rest == "" {
			return defaultSocket, nil
		}
		if strings.Contains(rest, "://") {
			return "", errors.New("it has two schemes")
		}
		return "unix://" + rest, nil
	case "tcp":
		return tcpURL(rest, defaultPort)
	case "ssh":
		return sshURL(text)
	}
	return "", noWay(scheme)
}

// noWay says that a scheme leads to no engine.
func noWay(scheme string) error {
	switch scheme {
	case "http", "https":
		return fmt.Errorf("%s is no way to reach an engine; write tcp, and DOCKER_TLS_VERIFY or a context says that it is encrypted", scheme)
	case "npipe":
		return errors.New("a named pipe leads to an engine of Windows, which dindctl does not drive")
	case "fd":
		return errors.New("fd names a socket that a service manager hands to the engine itself; name the socket's path")
	}
	return fmt.Errorf("%q is no way to reach an engine; unix, tcp and ssh are", provider.WithoutPassword(scheme))
}

// tcpURL is the address of a tcp endpoint, without user, password and path. The port is
// added where there is none, unless that is empty too.
func tcpURL(rest, port string) (string, error) {
	u, err := url.Parse("tcp://" + rest)
	if err != nil {
		return "", errors.New("host and port of it cannot be read")
	}
	if u.Path != "" && u.Path != "/" || u.RawQuery != "" || u.Fragment != "" {
		return "", errors.New("there is a path behind host and port, and dindctl calls engines at / alone")
	}
	name, given := u.Hostname(), u.Port()
	if given != "" {
		port = given
	}
	if name == "" {
		name = defaultHost
	}
	if port == "" {
		return "tcp://" + bracketed(name), nil
	}
	if n, err := strconv.Atoi(port); err != nil || n < 0 || n > 65535 {
		return "", errors.New("its port is none")
	}
	return "tcp://" + net.JoinHostPort(name, port), nil
}

// bracketed is a host as it stands in a URL.
func bracketed(host string) string {
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}

// sshURL checks the address of an endpoint behind ssh.
func sshURL(text string) (string, error) {
	u, err := url.Parse(text)
	if err != nil {
		return "", errors.New("user, host and port of it cannot be read")
	}
	_, secret := u.User.Password()
	switch {
	case secret:
		return "", errors.New("there is a password in it, which ssh does not take; use a key")
	case u.Hostname() == "":
		return "", errors.New("there is no host in it")
	case strings.HasPrefix(u.Hostname(), "-") || strings.HasPrefix(u.User.Username(), "-"):
		return "", errors.New("user and host must not begin with a dash")
	case u.RawQuery != "" || u.Fragment != "":
		return "", errors.New("there is more behind the path of the socket")
	}
	return text, nil
}

// configDir is the docker CLI's directory.
func (s settings) configDir() string {
	if dir := s.env["DOCKER_CONFIG"]; dir != "" {
		return dir
	}
	home := s.env["HOME"]
	if runtime.GOOS == "windows" {
		home = s.env["USERPROFILE"]
	}
	if home == "" {
		home = s.host.home()
	}
	return path.Join(home, ".docker")
}

// cliConfig is what is used of the CLI's config.json, but for logins.
type cliConfig struct {
	CurrentContext string            `json:"currentContext"`
	HTTPHeaders    map[string]string `json:"HttpHeaders"`
}

// config reads the CLI's config.json; the name of the file is returned with every error.
func (s settings) config() (cliConfig, string, error) {
	file := path.Join(s.configDir(), "config.json")
	var config cliConfig
	content, err := s.host.read(file)
	if errors.Is(err, fs.ErrNotExist) {
		return config, file, nil
	}
	mend := "Repair it"
	if err != nil { // which engine it means, nobody knows
		mend = "Let your user read it"
	} else {
		err = json.Unmarshal(content, &config)
	}
	if err != nil {
		return cliConfig{}, file, &provider.Problem{
			Code: provider.Invalid, Summary: "The docker configuration cannot be read",
			Detail: fmt.Sprintf("%s: %v. %s, or name the engine with -H.", file, err, mend),
		}
	}
	return config, file, nil
}

// currentContext reads which context `docker context use` chose, and the file that says so.
func (s settings) currentContext() (name, file string, err error) {
	config, file, err := s.config()
	return config.CurrentContext, file, err
}

// headers are what the CLI sends with every request beside its own: those of
// DOCKER_CUSTOM_HEADERS, else those of config.json. They may be secrets. A file that
// cannot be read has none, as for the CLI.
func (s settings) headers() (map[string]string, error) {
	const variable = "DOCKER_CUSTOM_HEADERS"
	if s.env[variable] == "" {
		config, _, err := s.config()
		if err != nil {
			return nil, nil //nolint:nilerr,nilnil // where the engine is found without the file, it is not needed
		}
		return config.HTTPHeaders, nil
	}
	wrong := &provider.Problem{
		Code: provider.Invalid, Summary: "The docker configuration cannot be read",
		Detail: variable + " is not a list such as name=value,other=value.",
	}
	pairs, err := csv.NewReader(strings.NewReader(s.env[variable])).Read()
	if err != nil {
		return nil, wrong
	}
	out := map[string]string{}
	for _, pair := range pairs {
		name, value, ok := strings.Cut(pair, "=")
		if name = strings.TrimSpace(name); !ok || name == "" {
			return nil, wrong
		}
		out[name] = value
	}
	return out, nil
}

// leastAPI is the oldest version of the API that dindctl speaks.
const leastAPI = "1.40"

// api is the version of the API that DOCKER_API_VERSION asks for; empty for the newest
// that both sides know.
func (s settings) api() (string, error) {
	asked := s.env["DOCKER_API_VERSION"]
	version := strings.TrimPrefix(asked, "v")
	if version == "" {
		return "", nil
	}
	if !regexp.MustCompile(`^[0-9]{1,4}\.[0-9]{1,4}$`).MatchString(version) || versions.LessThan(version, leastAPI) {
		return "", &provider.Problem{
			Code: provider.Invalid, Summary: "The docker configuration cannot be read",
			Detail: fmt.Sprintf("DOCKER_API_VERSION is %q; dindctl speaks versions from %s on. Unset it: then both sides speak the newest that they know.", asked, leastAPI),
		}
	}
	return version, nil
}
