package docker_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	cryptorand "crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"maps"
	"math/big"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/dindctl/dindctl/provider"
	"github.com/dindctl/dindctl/provider/docker"
)

var (
	settingsTrials = flag.Int("settings", 200, "how many random surroundings are compared with the docker CLI")
	settingsSeed   = flag.Uint64("settings-seed", 1, "which ones")
)

// hush is the password in every address and header; nothing may print it.
const hush = "hush-hush"

// cliWorld is the world of the trials: engines of every kind, a proxy, and the files of a
// person who has docker contexts. What reaches an engine is written down.
type cliWorld struct {
	t   *testing.T
	dir string

	mu   sync.Mutex
	came map[string][]string // by the program that came
}

// note writes down one request: which engine, in which version, by which name, who the
// client says it is, and what it bears.
func (c *cliWorld) note(engine string, r *http.Request) {
	if !strings.HasSuffix(r.URL.Path, "/info") {
		return
	}
	text := engine + " " + r.URL.Path + " token=" + r.Header.Get("X-Token")
	if engine != "unix" {
		text += " host=" + r.Host
	}
	if r.TLS != nil {
		text += " by="
		for _, cert := range r.TLS.PeerCertificates {
			text += cert.Subject.CommonName
		}
	}
	c.add(r.UserAgent(), text)
}

func (c *cliWorld) add(agent, text string) {
	who := "dindctl"
	if strings.HasPrefix(agent, "Docker-Client") {
		who = "docker"
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.came[who] = append(c.came[who], text)
}

// engine answers as an engine that knows what `docker info` asks.
func (c *cliWorld) engine(name string) *http.Server {
	return &http.Server{
		ErrorLog: log.New(io.Discard, "", 0), ReadHeaderTimeout: hung,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c.note(name, r)
			w.Header().Set("Api-Version", "1.41")
			w.Header().Set("Content-Type", "application/json")
			switch {
			case strings.HasSuffix(r.URL.Path, "/_ping"):
				_, _ = io.WriteString(w, "OK")
			case strings.HasSuffix(r.URL.Path, "/info"):
				_, _ = fmt.Fprintf(w, `{"ID":%q,"ServerVersion":"20.10.24","OSType":"linux","Architecture":"x86_64"}`, name)
			default:
				http.Error(w, `{"message":"no such thing"}`, http.StatusNotFound)
			}
		}),
	}
}

func (c *cliWorld) serve(name, network, address string, secure *tls.Config) {
	c.t.Helper()
	l, err := net.Listen(network, address)
	if err != nil {
		c.t.Fatal(err)
	}
	if secure != nil {
		l = tls.NewListener(l, secure)
	}
	server := c.engine(name)
	go func() { _ = server.Serve(l) }()
	c.t.Cleanup(func() { _ = server.Close() })
}

// proxy is an HTTP proxy that connects, and forwards, to wherever it is asked.
func (c *cliWorld) proxy() string {
	c.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:3128")
	if err != nil {
		c.t.Fatal(err)
	}
	handler := func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Proxy-Authorization") == "" {
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		if r.Method == http.MethodConnect {
			c.tunnel(w, r)
			return
		}
		r.RequestURI = ""
		if strings.HasSuffix(r.URL.Path, "/info") {
			c.add(r.UserAgent(), "through the proxy")
		}
		resp, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(r)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		defer func() { _ = resp.Body.Close() }()
		maps.Copy(w.Header(), resp.Header)
		w.WriteHeader(resp.StatusCode)
		_, _ = io.Copy(w, resp.Body)
	}
	server := &http.Server{Handler: http.HandlerFunc(handler), ReadHeaderTimeout: hung}
	go func() { _ = server.Serve(l) }()
	c.t.Cleanup(func() { _ = server.Close() })
	return "u:" + hush + "@127.0.0.1:3128"
}

// tunnel connects a client of the proxy. Who it is, only the engine behind can see: it
// comes by a name that the proxy gives it.
func (c *cliWorld) tunnel(w http.ResponseWriter, r *http.Request) {
	there, err := net.Dial("tcp", r.Host)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	here, pending, err := http.NewResponseController(w).Hijack()
	if err != nil {
		c.t.Error(err)
		return
	}
	_, _ = io.WriteString(here, "HTTP/1.1 200 OK\r\n\r\n")
	c.mu.Lock()
	c.came["tunnels"] = append(c.came["tunnels"], r.Host)
	c.mu.Unlock()
	go func() {
		_, _ = io.Copy(there, pending)
		_ = there.Close()
	}()
	go func() {
		_, _ = io.Copy(here, there)
		_ = here.Close()
	}()
}

// authority makes certificates.
type authority struct {
	t    *testing.T
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T, name string) authority {
	t.Helper()
	a := authority{t: t}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(hung * 6),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	a.cert, a.key = template, nil
	var der []byte
	der, a.key = a.sign(template)
	var err error
	if a.cert, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	return a
}

func (a authority) sign(template *x509.Certificate) ([]byte, *ecdsa.PrivateKey) {
	a.t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), cryptorand.Reader)
	if err != nil {
		a.t.Fatal(err)
	}
	signer := a.key
	if signer == nil {
		signer = key
	}
	der, err := x509.CreateCertificate(cryptorand.Reader, template, a.cert, key.Public(), signer)
	if err != nil {
		a.t.Fatal(err)
	}
	return der, key
}

func (a authority) pem() []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw})
}

// leaf is a certificate for a name, with its key, as files.
func (a authority) leaf(name string) (cert, key []byte) {
	a.t.Helper()
	der, private := a.sign(&x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(hung * 6),
		DNSNames: []string{"localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1), net.IPv4zero},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	})
	raw, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		a.t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: raw})
}

func (a authority) server(clients *x509.CertPool) *tls.Config {
	a.t.Helper()
	cert, key := a.leaf("engine")
	pair, err := tls.X509KeyPair(cert, key)
	if err != nil {
		a.t.Fatal(err)
	}
	config := &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12}
	if clients != nil {
		config.ClientAuth, config.ClientCAs = tls.RequireAndVerifyClientCert, clients
	}
	return config
}

func (c *cliWorld) write(name string, content []byte) {
	c.t.Helper()
	file := filepath.Join(c.dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		c.t.Fatal(err)
	}
	if err := os.WriteFile(file, content, 0o644); err != nil {
		c.t.Fatal(err)
	}
}

// newCLIWorld makes the world. The namespace of the test engine is its own: the ports
// that docker takes by itself are free.
func newCLIWorld(t *testing.T) *cliWorld {
	t.Helper()
	c := &cliWorld{t: t, dir: t.TempDir(), came: map[string][]string{}}
	known, other := newAuthority(t, "known"), newAuthority(t, "other")
	clients := x509.NewCertPool()
	clients.AddCert(known.cert)
	for _, port := range []string{"2375", "80"} {
		c.serve("plain"+port, "tcp", "127.0.0.1:"+port, nil)
	}
	for _, port := range []string{"2376", "443"} {
		c.serve("tls"+port, "tcp", "127.0.0.1:"+port, known.server(nil))
	}
	c.serve("mutual", "tcp", "127.0.0.1:2400", known.server(clients))
	c.serve("impostor", "tcp", "127.0.0.1:2401", other.server(nil))
	c.serve("unix", "unix", filepath.Join(c.dir, "s"), nil)

	cert, key := known.leaf("client")
	strange, strangeKey := other.leaf("stranger")
	ca := known.pem()
	bundles := map[string]map[string][]byte{
		"whole":    {"ca.pem": ca, "cert.pem": cert, "key.pem": key},
		"ca":       {"ca.pem": ca},
		"noca":     {"cert.pem": cert, "key.pem": key},
		"nokey":    {"ca.pem": ca, "cert.pem": cert},
		"keyalone": {"ca.pem": ca, "key.pem": key},
		"mixed":    {"ca.pem": ca, "cert.pem": cert, "key.pem": strangeKey},
		"stranger": {"ca.pem": ca, "cert.pem": strange, "key.pem": strangeKey},
		"other":    {"ca.pem": other.pem(), "cert.pem": cert, "key.pem": key},
		"bad":      {"ca.pem": []byte("none\n")},
	}
	for _, config := range []string{"plain", "current", "broken", "headers"} {
		for name, bundle := range bundles {
			for file, content := range bundle {
				c.write(filepath.Join("certs", name, file), content)
			}
		}
		c.contexts(config, bundles)
	}
	c.write("plain/config.json", []byte(`{}`))
	c.write("current/config.json", []byte(`{"currentContext":"plain"}`))
	c.write("broken/config.json", []byte(`{`))
	c.write("headers/config.json", []byte(`{"HttpHeaders":{"X-Token":"`+hush+`","User-Agent":"me"},"currentContext":"default"}`))
	c.write("bin/ssh", []byte("#!/bin/sh\nprintf '%s\\n' \"$*\" >> '"+c.dir+"/calls'\nexit 1\n"))
	if err := os.Chmod(filepath.Join(c.dir, "bin/ssh"), 0o755); err != nil { //nolint:gosec // it is run
		t.Fatal(err)
	}
	return c
}

// contextNames are those of the world; "-skip" does not verify, what follows a + are
// its certificates.
func contextNames() []string {
	return []string{
		"plain", "unix", "tls+whole", "tls+none", "tls+ca", "tls+bad", "tls-skip", "tls+keyalone", "mutual+whole", "mutual+nokey", "mutual+stranger",
		"impostor+whole", "impostor-skip", "bare", "bare+ca", "empty+empty", "http", "password", "nothing", "relative", "unix+bad", "path",
	}
}

func (c *cliWorld) contexts(config string, bundles map[string]map[string][]byte) {
	hosts := map[string]string{
		"plain": "tcp://127.0.0.1:2375", "unix": "unix://" + c.dir + "/s", "tls": "tcp://127.0.0.1:2376", "mutual": "tcp://127.0.0.1:2400",
		"impostor": "tcp://127.0.0.1:2401", "bare": "tcp://127.0.0.1", "empty": "tcp://127.0.0.1:2376", "http": "http://127.0.0.1:2375",
		"password": "tcp://u:" + hush + "@127.0.0.1:2375", "nothing": "unix://", "relative": "127.0.0.1:2375", "path": "tcp://127.0.0.1:2375/",
	}
	for _, name := range contextNames() {
		kind, bundle, _ := strings.Cut(name, "+")
		kind, skip := strings.CutSuffix(kind, "-skip")
		sum := sha256.Sum256([]byte(name))
		id := hex.EncodeToString(sum[:])
		c.write(filepath.Join(config, "contexts/meta", id, "meta.json"),
			fmt.Appendf(nil, `{"Name":%q,"Metadata":{},"Endpoints":{"docker":{"Host":%q,"SkipTLSVerify":%t}}}`, name, hosts[kind], skip))
		if bundle == "empty" {
			if err := os.MkdirAll(filepath.Join(c.dir, config, "contexts/tls", id, "docker"), 0o755); err != nil {
				c.t.Fatal(err)
			}
		}
		for file, content := range bundles[bundle] {
			c.write(filepath.Join(config, "contexts/tls", id, "docker", file), content)
		}
	}
}

// surroundings are one trial.
type surroundings struct {
	endpoint, context string // -H, -context
	env               map[string]string
}

func (s surroundings) String() string {
	var out []string
	for _, name := range slices.Sorted(maps.Keys(s.env)) {
		out = append(out, fmt.Sprintf("%s=%q", name, s.env[name]))
	}
	return fmt.Sprintf("-H %q -context %q %s", s.endpoint, s.context, strings.Join(out, " "))
}

// addresses are what -H and DOCKER_HOST may say.
func (c *cliWorld) addresses() []string {
	socket := c.dir + "/s"
	return []string{
		"unix://" + socket, socket, "unix://", "tcp://", "tcp://127.0.0.1", "127.0.0.1", "tcp://127.0.0.1:2375", "tcp://127.0.0.1:2376", "127.0.0.1:2376",
		"tcp://127.0.0.1:2400", "tcp://127.0.0.1:2401", "tcp://0.0.0.0:2375", "tcp://0.0.0.0:2376", "tcp://0.0.0.0", "tcp://0.0.0.0:2400", " tcp://127.0.0.1:2375 ",
		"tcp://u:" + hush + "@127.0.0.1:2375", "u:" + hush + "@127.0.0.1", "tcp://u:" + hush + "@127.0.0.1:x", "tcp://u:" + hush + "@h:99999",
		"http://127.0.0.1:2375", "https://127.0.0.1:2376", "ssh://u@h", "ssh://u:" + hush + "@h", "ssh://h:22/run/docker.sock", "ssh://h/run/x/", "ssh://", "ssh://h?x=1",
		"fd://3", "npipe:////./pipe/x", "ftp://h", "tcp://127.0.0.1:2375/", "tcp://:2375", "tcp://127.0.0.1:", "./none", "unix://" + c.dir + "/none",
		"tcp://127.0.0.1:2399", "tcp://unix:///x", "tcp://[::ffff:127.0.0.1]:2375",
	}
}

// draw makes a trial at random. Most settings are left out most of the time: many at
// once only fail.
func (c *cliWorld) draw(r *rand.Rand, proxy string) surroundings {
	s := surroundings{env: map[string]string{"PATH": c.dir + "/bin:" + os.Getenv("PATH"), "HOME": c.dir + "/home"}}
	pick := func(of ...string) string { return of[r.IntN(len(of))] }
	maybe := func(n int, name string, of ...string) {
		if r.IntN(n) == 0 {
			s.env[name] = pick(of...)
		}
	}
	maybe(2, "DOCKER_HOST", c.addresses()...)
	if r.IntN(5) == 0 {
		s.endpoint = pick(c.addresses()...)
	}
	if r.IntN(5) == 0 {
		s.context = pick(append(contextNames(), "default", "default", "missing")...)
	}
	maybe(4, "DOCKER_CONTEXT", append(contextNames(), "default", "missing", "")...)
	maybe(2, "DOCKER_CONFIG", c.dir+"/plain", c.dir+"/current", c.dir+"/broken", c.dir+"/headers", c.dir+"/none")
	if s.context != "" || s.env["DOCKER_CONTEXT"] != "" {
		s.env["DOCKER_CONFIG"] = c.dir + pick("/plain", "/current", "/headers")
	}
	maybe(4, "DOCKER_TLS", "1", "0", "")
	maybe(3, "DOCKER_TLS_VERIFY", "1", "0", "")
	maybe(2, "DOCKER_CERT_PATH", c.dir+"/certs/whole", c.dir+"/certs/whole", c.dir+"/certs/"+pick("ca", "noca", "nokey", "keyalone", "mixed", "stranger", "other", "bad", "missing"), "")
	maybe(6, "DOCKER_API_VERSION", "1.40", "v1.41", "1.30", "banana", "")
	maybe(8, "DOCKER_CUSTOM_HEADERS", "x-token="+hush, "X-Token=a,b=c=d", "="+hush, hush, `"x-token=a,b"`)
	for _, name := range []string{"HTTP_PROXY", "https_proxy", "http_proxy", "HTTPS_PROXY", "ALL_PROXY"} {
		maybe(6, name, "http://"+proxy, proxy, "http://127.0.0.1:3128", "socks5://u:"+hush+"@127.0.0.1:1", "http://u:%zz"+hush+"@h", "ftp://"+proxy)
	}
	maybe(8, "NO_PROXY", "0.0.0.0", "0.0.0.0:2376", "0.0.0.0/8", "*", "other")
	return s
}

// outcome is what came of a trial: what reached engines, and which engine answered.
type outcome struct {
	engine string   // its id; empty where none was reached
	came   []string // what the engines saw
	ssh    []string // what ssh was told
	said   string
}

// docker runs the CLI.
func (c *cliWorld) docker(s surroundings) outcome {
	c.t.Helper()
	var args []string
	if s.endpoint != "" {
		args = append(args, "-H", s.endpoint)
	}
	if s.context != "" {
		args = append(args, "--context", s.context)
	}
	cmd := exec.CommandContext(c.t.Context(), "docker", append(args, "info", "--format", "{{.ID}}")...)
	for name, value := range s.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	var out, said strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &said
	_ = cmd.Run() // what was reached says more than its code
	return c.taken("docker", strings.TrimSpace(out.String()), said.String())
}

// dindctl configures the provider.
func (c *cliWorld) dindctl(s surroundings) (outcome, error) {
	c.t.Helper()
	var said strings.Builder
	p := docker.New(nil)
	defer func() { _ = p.Close() }()
	resp, err := p.Configure(c.t.Context(), provider.ConfigureRequest{Endpoint: s.endpoint, Context: s.context, Environment: s.env})
	fmt.Fprintf(&said, "%v %+v", err, resp)
	return c.taken("dindctl", resp.Facts.ID, said.String()), err
}

// taken is the outcome for one program. Both read the files of ssh's stand-in, and run
// one after the other.
func (c *cliWorld) taken(who, engine, said string) outcome {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	came := slices.Compact(c.came[who])
	for _, to := range slices.Compact(c.came["tunnels"]) {
		came = append(came, "through a tunnel to "+to)
	}
	c.came = map[string][]string{}
	file := filepath.Join(c.dir, "calls")
	calls, err := os.ReadFile(file)
	if err == nil {
		err = os.Remove(file)
	}
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		c.t.Fatal(err)
	}
	var ssh []string
	for line := range strings.Lines(string(calls)) {
		if _, told, ok := strings.Cut(strings.TrimSpace(line), " -- "); ok {
			user := regexp.MustCompile(`-[lp] \S+`).FindAllString(line, -1)
			ssh = append(ssh, strings.Join(append(user, told), " "))
		}
	}
	return outcome{engine, came, slices.Compact(ssh), said}
}

// stricter are the sentences of dindctl where the CLI goes on.
func stricter() []string {
	return []string{
		"The docker configuration cannot be read",      // the CLI warns of a broken config.json; a version of the API that dindctl does not speak
		"http is no way to reach an engine",            // a context of the scheme http, which the CLI takes half the way
		"a path alone is a socket to some docker CLIs", // to that of 28.2 a port of localhost, to later ones a socket
		"REQUEST_METHOD", "the proxy that leads there has", // Go's own sentences otherwise
	}
}

// Whatever a person's surroundings are, dindctl reaches the engine that docker reaches,
// in the same way: encrypted or not, verified or not, with the same certificate, through
// the same proxy, under the same name, in the same version, with the same headers. Or it
// reaches none, and says why. A password is never repeated.
func TestSettingsAreThoseOfTheDockerCLI(t *testing.T) {
	if os.Getenv("DINDCTL_TEST_ENGINE") == "" {
		if os.Getenv("DINDCTL_E2E") == "require" {
			t.Fatal("DINDCTL_TEST_ENGINE is not set; run under docker/test-engine")
		}
		t.Skip("needs ports that are docker's own: run under docker/test-engine")
	}
	c := newCLIWorld(t)
	t.Setenv("PATH", c.dir+"/bin:"+os.Getenv("PATH"))
	proxy := c.proxy()
	r := rand.New(rand.NewPCG(*settingsSeed, 9))
	tally := map[string]int{}
	for n := range *settingsTrials {
		s := c.draw(r, proxy)
		want := c.docker(s)
		got, err := c.dindctl(s)
		what := differs(want, got, err)
		if what == "" && strings.Contains(got.said, hush) {
			what = "a password is repeated"
		}
		if what != "" {
			t.Errorf("trial %d of seed %d: %s\n%s\n docker  %+v\n dindctl %+v", n, *settingsSeed, what, s, want, got)
		}
		tally[fmt.Sprintf("docker reached %t, dindctl %t", want.engine != "", got.engine != "")]++
	}
	t.Log(tally)
}

// differs says what of the two outcomes is not as it must be; empty for nothing.
func differs(want, got outcome, err error) string {
	strict := err != nil && slices.ContainsFunc(stricter(), func(words string) bool { return strings.Contains(err.Error()+got.said, words) })
	switch {
	case want.engine == "" && got.engine != "":
		return "dindctl reaches an engine, and docker none"
	case got.engine == "" && want.engine != "" && !strict:
		return "docker reaches an engine, and dindctl none"
	case got.engine != "" && (want.engine != got.engine || !slices.Equal(want.came, got.came)):
		return "they do not reach the same engine in the same way"
	case want.engine == "" && got.engine == "" && !strict && !slices.Equal(want.came, got.came):
		return "they do not come to the same engines before they give up"
	case got.engine == "" && !slices.Equal(want.ssh, got.ssh) && !strict:
		return "they do not call the same host"
	}
	if where := regexp.MustCompile(`daemon at (\S+)\. Is`).FindStringSubmatch(want.said); where != nil && !strict && !strings.Contains(got.said, where[1]) {
		return "they do not call the same address"
	}
	return ""
}
